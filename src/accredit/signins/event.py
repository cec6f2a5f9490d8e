"""What happened: a form filled in while a request is judged, and the event that is kept of it.

Rule 1: no assertion, no signature, no secret, no access token is ever part of an event; an assertion leaves its hash.
Rule 2: what a stranger said stays marked by ``proof``: only a proven event may argue for a change of trust.
Rule 3: values from outside are cut to 600 characters; control characters become visible.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID

import msgspec

from accredit.assertions import SelfProven
from accredit.directory import KnownSecret
from accredit.errors import SHORTEST_JWT, masked
from accredit.tokens import uti

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accredit.assertions import Presented
    from accredit.directory import Client, Resource, Tenant
    from accredit.errors import Refused
    from accredit.signins.sender import Sender
    from accredit.tokens import Proof
    from accredit.trust import FederatedCredential, Match, Trusted, Verdict

ProofState = Literal["proven", "unproven", "unknown"]
Evidence = Literal["none", "clientSecret", "clientAssertion", "federatedIdentityCredential", "certificate"]
"""``clientCredentialType`` of Microsoft Graph's signIn."""

LONGEST: Final = 600  # characters kept of a value from outside
LONGEST_AGENT: Final = 256
MOST_CLAIMS: Final = 2_048  # characters kept of the values of all claims of an event
MOST_VERDICTS: Final = 5  # the nearest ones; the rest can be computed again from the directory
PERSON: Final = "(not kept)"  # stands for who a person is
PERSONAL: Final = frozenset(
    (
        *("actor", "actor_id"),  # GitHub
        *("user_id", "user_login", "user_email", "user_identities"),  # GitLab
        *("email", "family_name", "given_name", "name", "nickname", "phone_number", "preferred_username"),  # OpenID
        *("scm_user_name", "upn", "unique_name"),
    )
)
"""Claims that say which person started a workload: they prove nothing about it, and nobody needs to keep them."""
_HASHED: Final = "sha256:"
_SHA256: Final = re.compile(r"sha256:[0-9a-f]{64}")  # as it was read from Graph
_UNPROVEN: Final = frozenset({700027, 7000272, 7000215})  # it was tried with the registered keys, and failed
_PROVEN: Final = frozenset({700024, 70023, 7000222})  # looked at only after the signature (or the secret) held


class ClaimSet(msgspec.Struct, frozen=True, array_like=True):
    """What many events have in common, and is stored once: the claims that are kept, and the expression that held."""

    claims: tuple[tuple[str, str], ...] = ()
    clause: str = ""


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
    claims: tuple[tuple[str, str], ...] = ()  # those that expressions of the application name, but iss, sub, aud
    clause: str = ""  # the expression that held; "" where the subject itself is what was equal
    nearest: str = ""  # of a refusal: the first difference, in words, from ``verdicts[0]`` or from the credential
    thumbprint: str = ""  # SHA-1 of the certificate, upper-case hex

    @property
    def uti(self) -> str:
        """The token's identifier, which is the event's in another spelling; ``""`` when none was issued."""
        return "" if self.code else uti(self.id)


@dataclass(slots=True)
class SignIn:
    """The form of one attempt: filled in as we learn, turned into an ``Event`` when the attempt ends."""

    at: datetime
    sender: Sender
    tenant: Tenant
    client: Client
    version: int = 0  # of the directory, when the attempt began
    wanted: str = ""
    evidence: Evidence = "none"
    presented: Presented | None = None
    trusted: Trusted | None = None
    matched: Match | None = None
    credential: FederatedCredential | None = None
    proof: Proof | None = None
    proof_state: ProofState = "unknown"
    keys_stale: float = 0.0  # as in the event
    resource: Resource | None = None
    roles: tuple[str, ...] = ()

    def event(self, refused: Refused | None, duration: float) -> Event:
        """Return what is kept of this attempt. ``duration``: milliseconds. ``refused`` is ``None`` for a grant."""
        presented, credential, resource = self.presented, self.credential, self.resource
        key_id = _key_id(self.proof) if refused is None else _key_id(self.proof) or refused.about
        known = _of_refusal(refused, self.matched) if refused is not None else {}
        if presented is not None:
            known.update(_of_assertion(presented))
            if self.trusted is not None and self.trusted.named:
                known["claims"] = _claims(presented, self.trusted.named)
        if credential is not None and credential.expression is not None:
            known["clause"] = credential.expression.text
        return Event(
            id=self.sender.trace,
            at=self.at,
            tenant_id=self.tenant.id,
            app_id=self.client.application.app_id,
            app_name=self.client.application.display_name,
            principal_id=self.client.principal.id,
            correlation_id=self.sender.correlation,
            address=self.sender.address,
            user_agent=self.sender.user_agent,
            evidence=self.evidence,
            proof=self._proof_state(refused),
            credential_id=credential.id if credential else None,
            credential_name=credential.name if credential else "",
            key_id=key_id,
            thumbprint=self._thumbprint(key_id) if self.evidence == "certificate" else "",
            issuer_id=credential.issuer.id if credential else None,
            keys_stale=self.keys_stale,
            wanted=kept(self.wanted),
            resource_app_id=resource.app_id if resource else None,
            resource_principal_id=resource.principal_id if resource else None,
            resource_name=resource.display_name if resource else "",
            roles=self.roles,
            duration=duration,
            **known,
        )

    def _thumbprint(self, key_id: UUID | None) -> str:
        return next((each.x5t.hex().upper() for each in self.client.keys if each.key_id == key_id), "")

    def _proof_state(self, refused: Refused | None) -> ProofState:
        code = None if refused is None else refused.row.code
        if self.proof is not None or code in _PROVEN:
            return "proven"
        return "unproven" if code in _UNPROVEN else self.proof_state


def kept(value: str, longest: int = LONGEST) -> str:
    """Return a value from outside as it is kept: what moves a cursor or hides text is escaped, then it is cut."""
    if len(value) >= SHORTEST_JWT:
        value = masked(value)
    if not value.isprintable():
        cut = value[: longest + 1]
        value = "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in cut)
    return value if len(value) <= longest else value[:longest] + "…"


def hashed(token_id: str | None) -> str | None:
    """Return the hash by which somebody who has a token finds where it was used, and nobody else learns its id."""
    if token_id is None or _SHA256.fullmatch(token_id):
        return token_id
    return _HASHED + sha256(token_id.encode()).hexdigest()


def _of_assertion(presented: Presented) -> dict[str, Any]:
    return {
        "issuer": kept(presented.issuer),
        "subject": None if presented.subject is None else kept(presented.subject),
        "audiences": tuple(map(kept, presented.audiences)),
        "algorithm": presented.key.alg,
        "kid": None if presented.key.kid is None else kept(presented.key.kid),
        "token_id": None if presented.token_id is None else kept(presented.token_id),
        "digest": presented.digest,
        "issued": presented.issued_at,
        "expires": presented.expires,
    }


def _of_refusal(refused: Refused, matched: Match | None) -> dict[str, Any]:
    code = int(str(refused.row.code).removeprefix("ACC"))
    verdicts = keep_verdicts(matched.verdicts) if matched else ()
    return {"code": code, "failure": refused.message, "detail": kept(refused.detail), "verdicts": verdicts}


def _claims(presented: Presented, named: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return the named claims that the assertion has; where the characters for all are used up, ``…``."""
    found, left = list[tuple[str, str]](), MOST_CLAIMS
    for name in (each for each in named if each in presented.claims):
        found.append((name, kept(claim_kept(name, presented.claims[name]), left)))
        left = max(left - len(found[-1][1]), 0)
    return tuple(found)


def claim_kept(name: str, value: object) -> str:
    """Return a claim as it is kept: of what is nested, and of persons, without the value."""
    if name in PERSONAL:
        return PERSON
    if isinstance(value, str):
        return kept(value)
    if value is None or isinstance(value, bool | int | float):
        return kept(msgspec.json.encode(value).decode())
    return "[…]" if isinstance(value, list) else "{…}"


def _key_id(proof: Proof | None) -> UUID | None:
    """Return the id of the secret or certificate that proved it."""
    if isinstance(proof, KnownSecret):
        return proof.key_id
    return proof.key.key_id if isinstance(proof, SelfProven) else None


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
    "SignIn",
    "VerdictKept",
    "claim_kept",
    "hashed",
    "keep_verdicts",
    "kept",
]
