"""What happened: the event that is kept of one attempt to sign in.

Rule 1: no assertion, no signature, no secret, no access token is ever part of an event; an assertion leaves its hash.
Rule 2: what a stranger said stays marked by ``proof``: only a proven event may argue for a change of trust.
Rule 3: values from outside are cut to 600 characters; control characters become visible.
"""

from __future__ import annotations

import re
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

import msgspec

from accredit.errors import SHORTEST_JWT, masked
from accredit.tokens import uti

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accredit.trust import Verdict

ProofState = Literal["proven", "unproven", "unknown"]
Evidence = Literal["none", "clientSecret", "clientAssertion", "federatedIdentityCredential", "certificate"]
"""``clientCredentialType`` of Microsoft Graph's signIn."""

LONGEST: Final = 600  # characters kept of a value from outside
LONGEST_AGENT: Final = 256
_LOOKED_AT: Final = 4  # times as many characters as are kept: tokens in them are masked
MOST_CLAIMS: Final = 2_048  # characters kept of the values of all claims of an event
MOST_VERDICTS: Final = 5  # the nearest ones; the rest can be computed again from the directory
PERSON: Final = "(not kept)"  # stands for who a person is
PERSONAL: Final = frozenset(
    (
        *("actor", "actor_id"),  # GitHub
        *("user_id", "user_login", "user_email", "user_identities"),  # GitLab
        *("email", "family_name", "given_name", "name", "nickname", "phone_number", "preferred_username"),  # OpenID
        *("scm_user_name", "upn", "unique_name"),
        *("aap_controller_launched_by_id", "aap_controller_launched_by_name", "requesting_user_email"),
    )
)
"""Claims that say which person started a workload: they prove nothing about it, and nobody needs to keep them."""
_WITHIN: Final = PERSONAL - {"name"}  # of objects: that of a service account, or of a node, is nobody's
_STEP: Final = re.compile(r"\['([^']*)'\]")  # of a path, as ``trust.match_set.written`` has it
_HASHED: Final = "sha256:"
_SHA256: Final = re.compile(r"sha256:[0-9a-f]{64}")  # as it was read from Graph


class ClaimSet(msgspec.Struct, frozen=True, array_like=True):
    """What many events have in common, and is stored once: the claims that are kept, and the expression that held."""

    claims: tuple[tuple[str, str], ...] = ()
    clause: str = ""
    kinds: str = ""
    lacking: tuple[str, ...] = ()


class CheckKept(msgspec.Struct, frozen=True, array_like=True):
    """One comparison as it is kept: claim, what was expected, what was presented, whether it passed."""

    claim: str
    expected: str
    presented: str
    passed: bool


class VerdictKept(msgspec.Struct, frozen=True, array_like=True):
    """One credential's comparison as it is kept with a refusal."""

    credential_id: UUID
    name: str
    checks: tuple[CheckKept, ...]


class Event(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One sign-in attempt of an application. ``code`` 0 is a grant; else the number of the refusal.

    It is kept without the names of its members: new ones come last and have a default, none is ever taken out.
    """

    id: UUID  # the request's trace id
    at: datetime
    tenant_id: UUID
    app_id: UUID
    app_name: str
    principal_id: UUID
    correlation_id: UUID
    address: str
    user_agent: str = ""
    code: int = 0
    failure: str = ""  # the text the caller got, without ids
    detail: str = ""  # what only administrators may know
    evidence: Evidence = "none"
    proof: ProofState = "unknown"
    credential_id: UUID | None = None
    credential_name: str = ""
    key_id: UUID | None = None  # of the secret or certificate
    issuer_id: UUID | None = None
    issuer: str = ""
    subject: str | None = None
    audiences: tuple[str, ...] = ()
    algorithm: str = ""
    kid: str | None = None
    token_id: str | None = None  # jti
    digest: str = ""  # SHA-256 of the assertion, hex
    issued: float | None = None  # iat, epoch seconds
    expires: float | None = None  # exp, epoch seconds
    keys_stale: float = 0.0  # seconds since the keys that judged it ceased to be fresh; 0: they were fresh
    wanted: str = ""
    resource_app_id: UUID | None = None
    resource_principal_id: UUID | None = None
    resource_name: str = ""
    roles: tuple[str, ...] = ()
    verdicts: tuple[VerdictKept, ...] = ()
    duration: float = 0.0  # milliseconds to the decision, from when the tenant and the application were found
    count: int = 1  # more than one: an aggregate of unproven refusals beyond the quota
    last_at: datetime | None = None  # of an aggregate
    last_id: UUID | None = None  # of an aggregate: the request counted last; ``id`` is the one counted first
    subjects: tuple[str, ...] = ()  # of an aggregate: up to ten distinct ones
    claims: tuple[tuple[str, str], ...] = ()  # what is matched or could be, but iss, sub, aud: accredit.trust.match_set
    clause: str = ""  # the expression that held; "" where the subject itself is what was equal
    nearest: str = ""  # of a refusal: the first difference, in words, from ``verdicts[0]`` or from the credential
    thumbprint: str = ""  # SHA-1 of the certificate, upper-case hex
    policies: tuple[str, ...] = ()  # of the tenant, or ``replay``: what refused it, or would if it were enforced
    reused: int = 0  # how many tokens the same assertion was used for before; 0 too where nobody looked
    first_address: str = ""  # from where the first of these was asked for
    claim_kinds: str = ""  # what each of the claims was in JSON: accredit.signins.claim_set; "": nobody took note
    claims_lacking: tuple[str, ...] = ()  # what was looked for and not there

    @property
    def uti(self) -> str:
        """The token's identifier, which is the event's in another spelling; ``""`` when none was issued."""
        return "" if self.code else uti(self.id)


def kept(value: str, longest: int = LONGEST) -> str:
    """Return a value from outside as it is kept: what moves a cursor or hides text is escaped, then it is cut."""
    more = len(value) > _LOOKED_AT * longest
    if len(value) >= SHORTEST_JWT:
        value = masked(value[: _LOOKED_AT * longest])  # what is cut off needs no look
    if not value.isprintable():
        cut = value[: longest + 1]
        value = "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in cut)
    return value[:longest] + "…" if more or len(value) > longest else value


def hashed(token_id: str | None) -> str | None:
    """Return the hash by which somebody who has a token finds where it was used, and nobody else learns its id."""
    if token_id is None or _SHA256.fullmatch(token_id):
        return token_id
    return _HASHED + sha256(token_id.encode()).hexdigest()


def is_personal(name: str) -> bool:
    """Whether a claim says who a person is. ``name``: its own, or the path to it as an event has it."""
    return name in PERSONAL or (name.startswith("claims['") and not _WITHIN.isdisjoint(_STEP.findall(name)))


def claim_kept(name: str, value: object) -> str:
    """Return a claim as it is kept: of what is nested, and of persons, without the value."""
    if is_personal(name):
        return PERSON
    if isinstance(value, str):
        return kept(value)
    if value is None or isinstance(value, bool | int | float):
        return kept(msgspec.json.encode(value).decode())
    return "[…]" if isinstance(value, list) else "{…}"


def keep_verdicts(verdicts: Sequence[Verdict]) -> tuple[VerdictKept, ...]:
    """Return the verdicts as they are kept: those that got furthest, among equals in the order that they have."""
    nearest = sorted(verdicts, key=lambda each: -each.reached)[:MOST_VERDICTS]
    return tuple(
        VerdictKept(
            verdict.credential.id,
            verdict.credential.name,
            tuple(
                CheckKept(each.claim, kept(each.expected), kept(each.presented), each.passed) for each in verdict.checks
            ),
        )
        for verdict in nearest
    )


__all__ = [
    "PERSON",
    "PERSONAL",
    "CheckKept",
    "ClaimSet",
    "Event",
    "Evidence",
    "ProofState",
    "VerdictKept",
    "claim_kept",
    "hashed",
    "is_personal",
    "keep_verdicts",
    "kept",
]
