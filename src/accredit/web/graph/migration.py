"""Where credentials stand on the way to GitHub's subjects with ids, in beta. What is to be done, ordinary calls do.

Rule 1: a page looks at so many applications and no more; one that comes to that end says where to go on.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from accredit.directory import read_guid
from accredit.explain import migrating
from accredit.explain.migration_written import write
from accredit.interop.graph import migration
from accredit.query import Query
from accredit.web.graph.answers import collection
from accredit.web.graph.listing import named_app, refuse_other, refuse_unknown
from accredit.web.graph.pages import Rows, next_link
from accredit.web.graph.route import in_beta

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accredit.directory import Application
    from accredit.ports import Transaction
    from accredit.web.graph.answers import Answer
    from accredit.web.graph.call import Call

MIGRATION: Final = "accredit.migration"
LOOKED_AT: Final = 200  # applications for one page, unless $top says fewer
AT_ONCE: Final = 20  # applications, between which others have their turn
ASKED: Final = ("appId",)


async def listed(call: Call) -> Answer:
    """List what names a repository by its names, of the caller's tenant or of the one application in the filter."""
    refuse_other(call, migration.KIND, "orderby", "expand", "search", "count")
    refuse_unknown(call, migration.KIND, ASKED)
    rows, looked, after, where = Rows(call), 0, call.options.skiptoken, _where(call)
    most = min(call.options.top or LOOKED_AT, LOOKED_AT)
    async with call.by.registry.reading() as store:
        while looked < most and not rows.full:
            query = Query(after=after, limit=min(AT_ONCE, most - looked))
            page = await store.applications.search(query, tenant_id=call.caller.tenant.id, **where)
            await rows.add(page.things, lambda some: _written(call, store, some))
            looked, after = looked + len(page.things), page.after
            if after is None:
                break
            await asyncio.sleep(0)
    return collection(call, MIGRATION, rows.written, next=None if after is None else next_link(call, after))


def _where(call: Call) -> dict[str, Any]:
    if call.options.condition is None:
        return {}
    wanted = named_app(call)
    return {"app_id": None if wanted is None else read_guid(wanted)}


async def _written(call: Call, store: Transaction, some: Sequence[Application]) -> list[dict[str, Any]]:
    tenant, now = call.caller.tenant, call.by.clock()
    found = [(of, await migrating.of_application(store, call.log, tenant, of, now)) for of in some]
    return [write(each, of) for of, several in found for each in several]


ROUTES: Final = (in_beta("GET", MIGRATION, listed),)
