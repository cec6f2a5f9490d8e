"""The first page: the person's tenant, or a choice of tenants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.query import Query
from accredit.web.portal.route import Route
from accredit.web.portal.visit import address, tenant_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from accredit.directory import Tenant
    from accredit.web.portal.visit import Visit

PAGE: Final = 50


async def first(visit: Visit) -> Response:
    """Lead to the tenant where there is only one; else to the choice."""
    found, following = await _tenants(visit)
    if len(found) == 1 and following is None:
        return visit.go(address(tenant_name(found[0])))
    return visit.go(address("tenants"))


async def tenants(visit: Visit) -> Response:
    """Show the tenants in which the person has a role."""
    found, following = await _tenants(visit)
    rows = [(each, address(tenant_name(each)), visit.access.role(each.id)) for each in found]
    return await visit.page("tenants.html", rows=rows, following=following)


async def _tenants(visit: Visit) -> tuple[Sequence[Tenant], str | None]:
    """Return a page of the tenants that the person may see, and the address of the next one."""
    async with visit.reading() as store:
        if visit.access.everywhere:
            page = await store.tenants.search(Query(after=visit.after(None), limit=PAGE))
            return page.things, visit.following(page.after, None)
        return [await store.tenants.get(each) for each in visit.access.roles], None


ROUTES: Final = (
    Route("GET", "", first, "session"),
    Route("GET", "/", first, "session"),
    Route("GET", "/tenants", tenants, "session"),
)
