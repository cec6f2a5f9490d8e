"""OpenID Connect as a client: what we ask of the organisation's provider, and what we believe of its answers.

Rule 1: an ID token is read and proven as any assertion here is, with the keys of the configured issuer only.
Rule 2: the tenant of a provider is pinned by its issuer: a token of another one is another issuer's.
Rule 3: every answer is tied to the question: state, nonce, PKCE, and the issuer where the provider says it (RFC 9207).
Rule 4: nothing that a provider said in a refusal is shown to anybody but whoever reads the journal.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn, Protocol
from urllib.parse import quote_plus, urlencode

from accredit.assertions import EXTENDED, Policy, parse, verify
from accredit.directory.people import Person
from accredit.errors import ASSERTION_MALFORMED, ISSUER_UNREACHABLE, Refused, shown
from accredit.issuers import discovery, strictjson, url
from accredit.signins import kept

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from accredit.issuers import Issuer, KeyReference, KeySet
    from accredit.web.portal.handshake import Handshake

POLICY: Final = Policy(algorithms=EXTENDED.algorithms, types=None, key_reference_required=False)
LARGEST: Final = 256 * 1_024  # octets of a token endpoint's answer
LONGEST_SUBJECT: Final = 255  # characters (OpenID Connect Core, section 2)
LONGEST_NAME: Final = 120  # characters
_DEPTH: Final = 16
_MEMBERS: Final = 2_000
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Client:
    """What the provider knows us as."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]


class Endpoints(NamedTuple):
    """What the provider's discovery document says, as far as it matters here."""

    authorization: str
    token: str
    says_issuer: bool = False  # its answers name it: then they have to
    basic: bool = True  # a client's secret goes into the header; else into the form


class Provider(Protocol):
    """The organisation's provider, from here."""

    name: str  # what its button says
    record: Issuer
    client: Client

    async def endpoints(self) -> Endpoints:
        """Return where it is asked. 90061."""

    async def keys(self, wanted: KeyReference) -> KeySet:
        """Return its keys, after at most one fetch. 90061."""

    async def redeem(self, endpoints: Endpoints, code: str, verifier: str) -> str:
        """Return the ID token for a code. 90061."""


class Identified(NamedTuple):
    """Somebody whom the provider vouches for, and everything it says about them."""

    person: Person
    claims: Mapping[str, Any]


def read_endpoints(document: bytes, issuer: Issuer) -> Endpoints:
    """Read a discovery document, which has to be the issuer's own. 90061."""
    discovery.parse(document, issuer)
    said = strictjson.loads(document, depth=_DEPTH, members=discovery.MAX_MEMBERS)
    assert isinstance(said, dict)  # noqa: S101  else the line above the last one had refused it
    methods = said.get("token_endpoint_auth_methods_supported")
    return Endpoints(
        _address(said, "authorization_endpoint", issuer),
        _address(said, "token_endpoint", issuer),
        said.get("authorization_response_iss_parameter_supported") is True,
        not isinstance(methods, list) or "client_secret_basic" in methods,
    )


def question(client: Client, endpoints: Endpoints, handshake: Handshake) -> str:
    """Return the address at which somebody signs in (RFC 6749 section 4.1.1, RFC 7636 section 4.3)."""
    asked = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "scope": " ".join(dict.fromkeys(("openid", *client.scopes))),
        "state": handshake.state,
        "nonce": handshake.nonce,
        "code_challenge": handshake.challenge,
        "code_challenge_method": "S256",
    }
    return f"{endpoints.authorization}{'&' if '?' in endpoints.authorization else '?'}{urlencode(asked)}"


def redemption(client: Client, endpoints: Endpoints, secret: str, code: str, verifier: str) -> tuple[bytes, str]:
    """Return the form that redeems a code, and its ``Authorization`` (RFC 6749 sections 2.3.1 and 4.1.3)."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": verifier,
    }
    if secret and endpoints.basic:
        pair = f"{quote_plus(client.client_id)}:{quote_plus(secret)}"
        return urlencode(form).encode(), f"Basic {b64encode(pair.encode()).decode()}"
    form["client_id"] = client.client_id
    if secret:
        form["client_secret"] = secret
    return urlencode(form).encode(), ""


def read_answer(status: int, body: bytes) -> str:
    """Return the ID token of a token endpoint's answer. 90061, with what the provider says is wrong as detail."""
    try:
        said = strictjson.loads(body[: LARGEST + 1], depth=_DEPTH, members=_MEMBERS)
    except ValueError as error:
        raise _unlike(f"status {status}, {error}") from error
    if not isinstance(said, dict):
        raise _unlike(f"status {status}, not a JSON object")
    if status != _OK or "error" in said:
        told = (said.get("error"), said.get("error_description"))
        raise _unlike(
            f"status {status}: {', '.join(shown(each[:LONGEST_SUBJECT]) for each in told if isinstance(each, str))}"
        )
    token = said.get("id_token")
    if not isinstance(token, str):
        raise _unlike("no id_token: the scope has no openid, or this is no OpenID provider")
    return token


async def identify(provider: Provider, token: str, nonce: str, now: datetime) -> Identified:
    """Prove an ID token (OpenID Connect Core, section 3.1.3.7): signature and times as any assertion, then the rest."""
    presented = parse(token, POLICY)
    if presented.issuer != provider.record.url:
        _refuse(f"iss is '{shown(presented.issuer)}', not the configured issuer")
    proven = verify(presented, provider.record, await provider.keys(presented.key), now)
    claims, client_id = proven.presented.claims, provider.client.client_id
    if client_id not in presented.audiences:
        _refuse("aud does not name this client")
    if claims.get("azp", client_id if len(presented.audiences) == 1 else None) != client_id:
        _refuse("azp is another client")
    said = claims.get("nonce")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
        _refuse("nonce is not the one that was sent")
    if presented.issued_at is None:
        _refuse("iat is missing")
    subject = presented.subject or ""
    if not 0 < len(subject) <= LONGEST_SUBJECT:
        _refuse("sub is missing or too long")
    return Identified(Person(name=_name(claims, subject), issuer=provider.record.url, subject=subject), claims)


def _name(claims: Mapping[str, Any], subject: str) -> str:
    said = (claims.get(each) for each in ("name", "preferred_username", "email"))
    found = next((each for each in said if isinstance(each, str) and each.strip()), subject)
    return kept(found.strip(), LONGEST_NAME)


def _address(said: Mapping[str, Any], name: str, issuer: Issuer) -> str:
    found = said.get(name)
    if not isinstance(found, str):
        raise _unlike(f"discovery has no {name}")
    try:
        parts = url.split(found)
    except ValueError as error:
        raise _unlike(f"{name}: {error}") from error
    if parts.scheme != "https" and not issuer.url.startswith("http://"):
        raise _unlike(f"{name} is not https")
    return found


def _unlike(what: str) -> Refused:
    return Refused(ISSUER_UNREACHABLE, detail=f"the portal's provider: {what}")


def _refuse(what: str) -> NoReturn:
    raise Refused(ASSERTION_MALFORMED, detail=f"the ID token of the portal's provider: {what}")
