"""One page of a collection, the same for all: what the options ask, from the shelf that holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode

from accredit.interop.odata import write_skiptoken
from accredit.query import Query
from accredit.web.graph.answers import collection, link, number

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from accredit.interop.odata import Cursor
    from accredit.ports import Shelf, Transaction, V
    from accredit.web.graph.answers import Answer
    from accredit.web.graph.call import Call

PAGE: Final = 100  # things, where the caller does not say how many


async def page(
    call: Call,
    context: str,
    shelf: Callable[[Transaction], Shelf[V]],
    write: Callable[[V], dict[str, Any]],
    *,
    on_request: frozenset[str] = frozenset(),
    **where: object,
) -> Answer:
    """Answer a collection: $filter, $orderby, $top, $skiptoken and $count, of the things whose members equal ``where``.

    ``shelf`` takes it out of the open store: ``lambda store: store.applications``.
    """

    async def each(_: Transaction, shown: Sequence[V]) -> list[dict[str, Any]]:
        return [write(one) for one in shown]

    return await page_with(call, context, shelf, each, on_request=on_request, **where)


async def page_with(
    call: Call,
    context: str,
    shelf: Callable[[Transaction], Shelf[V]],
    write: Callable[[Transaction, Sequence[V]], Awaitable[list[dict[str, Any]]]],
    *,
    on_request: frozenset[str] = frozenset(),
    **where: object,
) -> Answer:
    """Answer a collection as ``page`` does, of things that are written with the help of others: all of them at once."""
    asked = call.options
    query = Query(
        condition=asked.condition,
        order=asked.orderby,
        after=asked.skiptoken,
        limit=asked.top or PAGE,
        counted=bool(asked.count),
    )
    async with call.by.registry.reading() as store:
        found = await shelf(store).search(query, **_mine(call, where))
        rows = await write(store, found.things)
    following = None if found.after is None else next_link(call, found.after)
    return collection(call, context, rows, next=following, count=found.count, on_request=on_request)


async def counted(call: Call, shelf: Callable[[Transaction], Shelf[Any]], **where: object) -> Answer:
    """Answer ``…/$count``."""
    query = Query(condition=call.options.condition, limit=0, counted=True)
    async with call.by.registry.reading() as store:
        found = await shelf(store).search(query, **_mine(call, where))
    return number(found.count or 0)


def _mine(call: Call, where: Mapping[str, object]) -> dict[str, object]:
    """Return what is asked for within the caller's tenant: all indexes begin with it."""
    return {"tenant_id": call.caller.tenant.id, **where}


def next_link(call: Call, last: Cursor) -> str:
    """Return the address of what follows ``last``: the options of this call, and where to go on."""
    said = parse_qsl(call.query, keep_blank_values=True)
    kept = [(name, value) for name, value in said if name.lower().removeprefix("$") != "skiptoken"]
    return link(call, f"{call.path}?{urlencode([*kept, ('$skiptoken', write_skiptoken(last, call.options.orderby))])}")
