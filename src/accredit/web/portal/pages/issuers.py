"""Issuers: the list, with how their keys stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from accredit.query import Query
from accredit.web.portal.pages import issuer_parts as parts
from accredit.web.portal.route import Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from accredit.issuers import Issuer
    from accredit.issuers.watching import KeyState
    from accredit.ports import Transaction
    from accredit.query import Cursor
    from accredit.web.portal.visit import Visit

PAGE: Final = 50


class Row(NamedTuple):
    """One issuer of the list."""

    issuer: Issuer
    credentials: int
    state: KeyState


async def issuers(visit: Visit) -> Response:
    """Show a page of the issuers, or the records of one URL."""
    wanted = visit.query("url")
    async with visit.reading() as store:
        found, after = await _found(visit, store, wanted)
        named = [await parts.held(store, each) for each in found]
    rows = [Row(each, count, parts.state(visit, each)) for each, count in zip(found, named, strict=True)]
    return await visit.page(
        "issuers.html",
        rows=rows,
        url=wanted,
        following=visit.following(after, None),
        sources=parts.SOURCES,
        health=parts.HEALTH,
    )


async def _found(visit: Visit, store: Transaction, url: str) -> tuple[Sequence[Issuer], Cursor | None]:
    if url:
        return await store.issuers.find(tenant_id=visit.tenant.id, url=url), None
    page = await store.issuers.search(Query(after=visit.after(None), limit=PAGE), tenant_id=visit.tenant.id)
    return page.things, page.after


ROUTES: Final = (Route("GET", "/{tenant}/issuers", issuers, "reader"),)
