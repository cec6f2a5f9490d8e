"""Who would break when a tenant demands more: every credential that its policies refuse, judged before they do.

Rule 1: of a credential all is known but the tokens that it will be used with. For those the one stands that it was
used with last, as its event has it; of a credential that was never used nothing is said that only a token tells.
What lint calls an error stays in use: where the tenant takes none, it is a change that is refused.
Rule 2: what was noted is told beside what would be refused: the newest sign-in names the policies in audit mode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accredit import policy
from accredit.administer import linting
from accredit.interop.graph.preview import PolicyFinding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from accredit.administer.administrator import Administrator
    from accredit.directory import Application, Tenant
    from accredit.ports import Transaction
    from accredit.signins import Event
    from accredit.trust import FederatedCredential
    from accredit.trust.lint import Finding


async def errors(
    by: Administrator, store: Transaction, tenant: Tenant, credential: FederatedCredential
) -> tuple[Finding, ...]:
    """Return why a credential could not be saved as it is; nothing where the tenant takes what lint calls an error."""
    if tenant.lint != "block":
        return ()
    found = await linting.findings(store, credential, own=by.own_issuers, emulator=by.emulator)
    return tuple(each for each in found if each.level == "error")


def broken(
    tenant: Tenant,
    application: Application,
    credential: FederatedCredential,
    last_at: datetime | None = None,
    last: Event | None = None,
    found: Sequence[Finding] = (),
) -> Iterator[PolicyFinding]:
    """Yield the policies of ``tenant``, as it is or as it would be, that a credential breaks.

    ``last_at``: when it was last granted a token; ``last``: the event of that, where the log still has it.
    ``found``: the ``errors`` of the credential.
    """
    common: dict[str, Any] = {
        "app_id": application.app_id,
        "app_display_name": application.display_name,
        "federated_credential_id": credential.id,
        "federated_credential_name": credential.name,
        "is_enabled": credential.enabled,
        "issuer": credential.issuer.url,
        "last_sign_in_date_time": last_at,
    }
    for each in policy.judged(tenant, credential.issuer.url, credential, _shown(last)):
        yield PolicyFinding(
            **common,
            policy=each.policy,
            is_enforced=each.enforced,
            reason=each.refused.detail,
            is_noted=last is not None and each.policy in last.policies,
        )
    if found:
        said = " ".join(f"{each.rule}: {each.message}" for each in found)
        yield PolicyFinding(**common, policy="lint", is_enforced=True, reason=said)
    if last is not None and last.reused:
        times = "once before" if last.reused == 1 else f"{last.reused} times before"
        yield PolicyFinding(
            **common,
            policy="replay",
            is_enforced=credential.issuer.replay == "enforce",
            reason=f"the assertion of its newest sign-in was used {times}, first from {last.first_address}",
            is_noted=True,
        )


def _shown(last: Event | None) -> policy.Shown | None:
    if last is None:
        return None
    life = None if last.issued is None or last.expires is None else last.expires - last.issued
    return policy.Shown(last.algorithm, life)
