"""A credential that a policy of its tenant refuses, or would: an extension of this authority."""

from __future__ import annotations

from typing import Literal
from uuid import UUID  # noqa: TC003  msgspec reads the annotations

from accredit.interop.graph.parts import Instant, Wire
from accredit.policy import Name  # noqa: TC001  msgspec reads the annotations

KIND = "PolicyFinding"


class PolicyFinding(Wire, frozen=True, kw_only=True):
    """One policy that one credential breaks."""

    app_id: UUID
    app_display_name: str
    federated_credential_id: UUID
    federated_credential_name: str
    is_enabled: bool  # the credential; one that is not signs nobody in
    issuer: str
    policy: Name | Literal["replay", "lint"]  # lint: the credential stays as it is, a change of it is refused
    is_enforced: bool  # the policy; else it is only noted
    reason: str
    last_sign_in_date_time: Instant | None = None  # that was granted; None: none that is known
    is_noted: bool = False  # the event of that sign-in names the policy
