"""What a tenant's policies would refuse of some credentials: what every face that previews policies asks alike."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from accredit.administer.preview import broken, errors
from accredit.query import Compare, Query

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from accredit.administer import Administrator
    from accredit.directory import Application, Tenant
    from accredit.interop.graph.preview import PolicyFinding
    from accredit.ports import Transaction
    from accredit.signins import Event
    from accredit.trust import FederatedCredential
    from accredit.web.signin_log import SignInLog


async def findings(
    by: Administrator,
    log: SignInLog,
    store: Transaction,
    would: Tenant,
    held: Sequence[tuple[FederatedCredential, Application]],
) -> list[PolicyFinding]:
    """Return the policies of ``would`` that each credential breaks, as far as the token used last tells."""
    used = await log.uses(would.id, {of.app_id for _, of in held})
    found: list[PolicyFinding] = []
    for credential, application in held:
        use = used.get(application.app_id, {}).get(credential.id)
        last = None if use is None or use.last_id is None else await _event(log, would.id, use.last_id)
        wrong = await errors(by, store, would, credential)
        found += broken(would, application, credential, None if use is None else use.last_at, last, wrong)
        await asyncio.sleep(0)  # a hostile expression takes lint a while
    return found


async def _event(log: SignInLog, tenant_id: UUID, id_: UUID) -> Event | None:
    query = Query(condition=Compare("id", "eq", str(id_)), limit=1)
    found = (await log.search(query, tenant_id=tenant_id)).things
    return found[0] if found else None
