"""Why a token could not even be read: what it lacks, or how it was signed, and what its platform can do about that."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from accredit import errors
from accredit.assertions import ENTRA
from accredit.explain.causes import Cause
from accredit.explain.instance import LEGACY, LEGACY_ISSUER, PROJECTED
from accredit.explain.model import Edit
from accredit.issuers import base64url, strictjson

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.errors import Refused

_LONGEST: Final = 65_536  # characters of a token that are looked at
_DEPTH: Final = 16
_MEMBERS: Final = 2_000
_NAMES: Final = {"aud": "audience", "sub": "subject", "iss": "issuer", "exp": "time of expiry"}
_NOTHING: Final[tuple[object, ...]] = (None, "", [])
_ENTRA: Final = ",".join(ENTRA.algorithms)
_COGNITO: Final = "https://cognito-idp."
_AWS: Final = re.compile(r"https://[0-9a-f-]{36}\.tokens\.sts\.global\.api\.aws")


def why(refused: Refused, token: str) -> Cause:
    """Name the reason why ``token`` could not be read. What it claims is looked at as far as it can be."""
    claims = _glimpse(token)
    if refused.row is errors.CLAIM_MISSING:
        return _missing(refused.fields["claim"], claims)
    if refused.row is errors.ALGORITHM_NOT_ALLOWED:
        return _algorithm(refused, claims)
    if refused.row is errors.KEY_REFERENCE_MISSING:
        return Cause("KID_MISSING", "The token does not say which key signed it; this tenant demands that it does.")
    if refused.row is errors.TYPE_NOT_ALLOWED:
        return Cause("TYP", f"A token of this type is not accepted: {refused.detail}.")
    return Cause("MALFORMED", f"The token cannot be read: {refused.detail}.")


def _missing(claim: str, claims: Mapping[str, Any]) -> Cause:
    name, issuer = _NAMES.get(claim, claim), claims.get("iss")
    if issuer == LEGACY_ISSUER:
        return Cause("LEGACY_TOKEN", LEGACY, (PROJECTED,))
    if claim in claims and claims[claim] not in _NOTHING:
        return Cause(f"TYPE({claim})", f"The token's {name} is of a type, or of a form, that it must not have.")
    more = "."
    if claim == "aud" and isinstance(issuer, str) and issuer.startswith(_COGNITO):
        more = "; Cognito access tokens never have one. Exchange the ID token of the user pool instead."
    return Cause(f"CLAIM_MISSING({claim})", f"The token has no {name}{more}")


def _algorithm(refused: Refused, claims: Mapping[str, Any]) -> Cause:
    alg, allowed = refused.fields["alg"], refused.fields["allowed"].replace(",", ", ")
    entra = "what Entra ID accepts, " if refused.fields["allowed"] == _ENTRA else ""
    text = f"The token is signed with {alg}; this tenant accepts {entra}{allowed}."
    if not isinstance(issuer := claims.get("iss"), str) or not _AWS.fullmatch(issuer):
        return Cause("ALG", text, (_renew(allowed, f"have the platform sign with {allowed}"),))
    how = "request it with SigningAlgorithm RS256"
    return Cause("ALG", f"{text[:-1]}, so {how}.", (_renew("RS256", how),))


def _renew(after: str, text: str) -> Edit:
    return Edit(target="workload", kind="renew", what="alg", after=after, text=text)


def _glimpse(token: str) -> Mapping[str, Any]:
    """Return what a token claims, unproven and unchecked; nothing where that cannot be told."""
    parts = token.strip().split(".") if len(token) <= _LONGEST else []
    if len(parts) < 2:  # noqa: PLR2004  a header and a payload
        return {}
    try:
        found = strictjson.loads(base64url.decode(parts[1]), depth=_DEPTH, members=_MEMBERS)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
