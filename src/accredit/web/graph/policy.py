"""What a tenant's policies would refuse, before they do: an extension of this authority, in beta.

Rule 1: a page looks at so many credentials and no more; one that comes to that end says where to go on, with the same
body.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from accredit.administer import tenants
from accredit.administer.preview import broken, errors
from accredit.interop.graph import organization, parts, preview
from accredit.interop.graph.parts import invalid, written
from accredit.query import Compare, Query
from accredit.web.graph.accredit import TENANT
from accredit.web.graph.answers import collection
from accredit.web.graph.listing import refuse_other
from accredit.web.graph.pages import Rows, next_link
from accredit.web.graph.route import in_beta

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from accredit.directory import Application, Tenant
    from accredit.ports import Transaction
    from accredit.signins import Event
    from accredit.trust import FederatedCredential
    from accredit.web.graph.answers import Answer
    from accredit.web.graph.call import Call

PREVIEW: Final = f"{TENANT}/preview"
LOOKED_AT: Final = 500  # credentials for one page, unless $top says fewer
AT_ONCE: Final = 25  # credentials, between which others have their turn


async def previewed(call: Call) -> Answer:
    """List what the caller's tenant would refuse with the policies of the body; with ``{}``, with those that it has."""
    refuse_other(call, preview.KIND, "filter", "orderby", "expand", "search", "count")
    would = await _proposed(call)
    rows, looked, after = Rows(call), 0, call.options.skiptoken
    most = min(call.options.top or LOOKED_AT, LOOKED_AT)
    async with call.by.registry.reading() as store:
        while looked < most and not rows.full:
            query = Query(after=after, limit=min(AT_ONCE, most - looked))
            page = await store.credentials.search(query, tenant_id=would.id)
            held = [(each, await store.applications.get(each.application_id)) for each in page.things]
            await rows.add(await _findings(call, store, would, held), _written)
            looked, after = looked + len(page.things), page.after
            if after is None:
                break
            await asyncio.sleep(0)
    return collection(call, PREVIEW, rows.written, next=None if after is None else next_link(call, after))


async def _proposed(call: Call) -> Tenant:
    tenant = call.caller.tenant
    told = organization.changes(call.body, tenant, emulator=call.by.emulator)
    shown = parts.members(organization.Written)
    if wrong := sorted(name for name, each in shown.items() if each.name in told.keys() - {*organization.POLICIES}):
        raise invalid(wrong[0], organization.KIND, "it is no policy, and nothing is previewed of it")
    return await tenants.proposed(call.by, tenant.id, **told)  # type: ignore[misc]  # policies are left of the changes


async def _findings(
    call: Call, store: Transaction, would: Tenant, held: Sequence[tuple[FederatedCredential, Application]]
) -> list[preview.PolicyFinding]:
    used = await call.log.uses(would.id, {of.app_id for _, of in held})
    found: list[preview.PolicyFinding] = []
    for credential, application in held:
        use = used.get(application.app_id, {}).get(credential.id)
        last = None if use is None or use.last_id is None else await _event(call, use.last_id)
        wrong = await errors(call.by, store, would, credential)
        found += broken(would, application, credential, None if use is None else use.last_at, last, wrong)
        await asyncio.sleep(0)  # a hostile expression takes lint a while
    return found


async def _event(call: Call, id_: UUID) -> Event | None:
    query = Query(condition=Compare("id", "eq", str(id_)), limit=1)
    found = (await call.log.search(query, tenant_id=call.caller.tenant.id)).things
    return found[0] if found else None


async def _written(some: Sequence[preview.PolicyFinding]) -> list[dict[str, Any]]:
    return [written(each) for each in some]


ROUTES: Final = (in_beta("POST", PREVIEW, previewed),)
