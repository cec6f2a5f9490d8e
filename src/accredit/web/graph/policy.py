"""What a tenant's policies would refuse, before they do: an extension of this authority, in beta.

Rule 1: a page looks at so many credentials and no more; one that comes to that end says where to go on, with the same
body.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from accredit.administer import tenants
from accredit.interop.graph import organization, parts, preview
from accredit.interop.graph.parts import invalid, written
from accredit.query import Query
from accredit.web.graph.accredit import TENANT
from accredit.web.graph.answers import collection
from accredit.web.graph.listing import refuse_other
from accredit.web.graph.pages import Rows, next_link
from accredit.web.graph.route import in_beta
from accredit.web.previewing import findings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accredit.directory import Tenant
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
            await rows.add(await findings(call.by, call.log, store, would, held), _written)
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


async def _written(some: Sequence[preview.PolicyFinding]) -> list[dict[str, Any]]:
    return [written(each) for each in some]


ROUTES: Final = (in_beta("POST", PREVIEW, previewed),)
