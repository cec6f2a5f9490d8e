"""Enterprise apps: the service principals of a tenant, its own applications' and Microsoft's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from accredit.query import Order, Query
from accredit.web.portal.pages.named import begins
from accredit.web.portal.route import Route

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.responses import Response

    from accredit.directory import ServicePrincipal
    from accredit.web.portal.visit import Visit

PAGE: Final = 25
_BY_NAME: Final = Order("displayName")


class Row(NamedTuple):
    """One service principal of the list."""

    principal: ServicePrincipal
    last_at: datetime | None


async def listed(visit: Visit) -> Response:
    """Show a page of those whose names begin as asked, or the one that has an id."""
    name = visit.query("name")
    query = Query(condition=begins(name), order=_BY_NAME, after=visit.after(_BY_NAME), limit=PAGE)
    async with visit.reading() as store:
        page = await store.principals.search(query, tenant_id=visit.tenant.id)
    used = await visit.portal.log.uses(visit.tenant.id, {each.app_id for each in page.things})
    rows = []
    for each in page.things:
        uses = used.get(each.app_id, {}).values()
        rows.append(Row(each, max((use.last_at for use in uses if use.last_at is not None), default=None)))
    following = visit.following(page.after, _BY_NAME)
    return await visit.page("enterprise_apps.html", rows=rows, name=name, following=following)


ROUTES: Final = (Route("GET", "/{tenant}/enterprise-apps", listed, "reader"),)
