"""The form of one attempt to sign in, filled in while it is judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from accredit.assertions import SelfProven
from accredit.directory import KnownSecret
from accredit.signins.claim_set import match_set
from accredit.signins.event import Event, keep_verdicts, kept

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from accredit.assertions import Once, Presented
    from accredit.directory import Client, Resource, Tenant
    from accredit.errors import Refused
    from accredit.signins.event import Evidence, ProofState
    from accredit.signins.sender import Sender
    from accredit.tokens import Proof
    from accredit.trust import FederatedCredential, Match, Trusted

_UNPROVEN: Final = frozenset({700027, 7000272, 7000215})  # it was tried with the registered keys, and failed
_PROVEN: Final = frozenset({700024, 70023, 7000222})  # looked at only after the signature (or the secret) held


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
    once: Once | None = None  # what is used up when a token is issued
    policies: tuple[str, ...] = ()  # as in the event, and so is what follows
    reused: int = 0
    first_address: str = ""

    def event(self, refused: Refused | None, duration: float) -> Event:
        """Return what is kept of this attempt. ``duration``: milliseconds. ``refused`` is ``None`` for a grant."""
        presented, credential, resource = self.presented, self.credential, self.resource
        key_id = _key_id(self.proof) if refused is None else _key_id(self.proof) or refused.about
        known = _of_refusal(refused, self.matched) if refused is not None else {}
        if presented is not None:
            known.update(_of_assertion(presented))
            if self.trusted is not None:
                found = match_set(self.trusted.wanted(presented.issuer), presented.claims)
                known["claims"], known["claim_kinds"], known["claims_lacking"] = (
                    found.claims,
                    found.kinds,
                    found.lacking,
                )
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
            policies=self.policies,
            reused=self.reused,
            first_address=self.first_address,
            **known,
        )

    def _thumbprint(self, key_id: UUID | None) -> str:
        return next((each.x5t.hex().upper() for each in self.client.keys if each.key_id == key_id), "")

    def _proof_state(self, refused: Refused | None) -> ProofState:
        code = None if refused is None else refused.row.code
        if self.proof is not None or code in _PROVEN:
            return "proven"
        return "unproven" if code in _UNPROVEN else self.proof_state


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


def _key_id(proof: Proof | None) -> UUID | None:
    """Return the id of the secret or certificate that proved it."""
    if isinstance(proof, KnownSecret):
        return proof.key_id
    return proof.key.key_id if isinstance(proof, SelfProven) else None
