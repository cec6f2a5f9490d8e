"""What a tenant demands of a token that is trusted and true, step by step; and what only the sign-in log can tell.

Rule 1: a policy that is only noted fails no step: it says what would be refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit import policy
from accredit.explain.model import Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from accredit.assertions import Presented
    from accredit.directory import Tenant
    from accredit.errors import Refused
    from accredit.issuers import Issuer
    from accredit.trust import FederatedCredential

LABELS: Final[Mapping[policy.Name, str]] = {
    "allowedIssuers": "Allowed issuer",
    "allowedAlgorithms": "Allowed algorithm",
    "maxAssertionLifetime": "Allowed lifetime",
    "immutableIds": "Named by ids",
}


def demanded(
    presented: Presented, tenant: Tenant | None, credential: FederatedCredential | None, now: datetime
) -> Iterator[tuple[Step, Refused | None]]:
    """Yield a step for every policy of the tenant. ``credential``: which matches or comes nearest; maybe none."""
    if tenant is None or not tenant.judges_tokens:
        return
    shown = policy.Shown.of(presented, now)
    broken = {each.policy: each for each in policy.judged(tenant, presented.issuer, credential, shown)}
    for name in policy.RULES:
        if policy.mode_of(tenant, name) == "off":
            continue
        label, breach = LABELS[name], broken.get(name)
        if breach is None:
            yield Step(id="policy", label=label, status="pass"), None
        elif breach.enforced:
            refused = breach.refused
            yield Step(id="policy", label=label, status="fail", detail=refused.detail, code=refused.row.label), refused
        else:
            detail = f"would be refused, and is only noted: {breach.refused.detail}"
            yield Step(id="policy", label=label, status="pass", detail=detail), None


def used_once(record: Issuer | None) -> Iterator[tuple[Step, Refused | None]]:
    """Yield the step that asks whether the token was used before, where the issuer's record wants that asked."""
    if record is None or record.replay == "off":
        return
    if record.replay == "observe":
        detail = "a second use would be noted, not refused"
        yield Step(id="replay", label="Not used before", status="pass", detail=detail), None
        return
    detail = "not looked up: the sign-in log knows, when the token is presented"
    yield Step(id="replay", label="Not used before", status="skip", detail=detail), None
