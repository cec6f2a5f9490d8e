"""One page of a collection, the same for all: what the options ask, from the shelf that holds it.

Rule 1: a page is read and written some things at a time, and others have their turn in between. (A thread would not
do: it hands over the interpreter every five milliseconds only.)
Rule 2: a page ends early when the answer weighs enough; its link leads to the rest.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode

from msgspec.structs import replace

from accredit.interop.odata import write_skiptoken
from accredit.query import Query
from accredit.web.graph.answers import collection, link, number, row

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    import msgspec

    from accredit.interop.odata import Cursor
    from accredit.ports import Searched, Transaction, V
    from accredit.query import Page
    from accredit.web.graph.answers import Answer
    from accredit.web.graph.call import Call

PAGE: Final = 100  # things, where the caller does not say how many, and at most where each brings others along
WRITTEN_AT_ONCE: Final = 10  # things
READ_AT_ONCE: Final = 250  # things
READ_FIRST: Final = 10  # things, before it is known how large they are; one, where each brings others along
LARGEST_READ: Final = 262_144  # bytes of JSON, about


async def page(
    call: Call,
    context: str,
    shelf: Callable[[Transaction], Searched[V]],
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
    shelf: Callable[[Transaction], Searched[V]],
    write: Callable[[Transaction, Sequence[V]], Awaitable[list[dict[str, Any]]]],
    *,
    on_request: frozenset[str] = frozenset(),
    **where: object,
) -> Answer:
    """Answer a collection as ``page`` does, of things that are written with the help of others: some at a time."""
    asked, found, rows = call.options, None, Rows(call, on_request)
    most = min(asked.top or PAGE, PAGE) if asked.expand else asked.top or PAGE
    query = Query(
        condition=asked.condition,
        order=asked.orderby,
        after=asked.skiptoken,
        limit=1 if asked.expand else min(most, READ_FIRST),
        counted=bool(asked.count),
    )
    count = None
    async with call.by.registry.reading() as store:
        while query.limit:
            found = await shelf(store).search(query, **_mine(call, where))
            count = found.count if query.counted else count
            await rows.add(found.things, lambda some: write(store, some))
            query = _following(query, found, rows, most)
    following = None if found is None or found.after is None else next_link(call, found.after)
    return collection(call, context, rows.written, next=following, count=count, on_request=on_request)


async def counted(call: Call, shelf: Callable[[Transaction], Searched[Any]], **where: object) -> Answer:
    """Answer ``…/$count``."""
    query = Query(condition=call.options.condition, limit=0, counted=True)
    async with call.by.registry.reading() as store:
        found = await shelf(store).search(query, **_mine(call, where))
    return number(found.count or 0)


@dataclass(slots=True)
class Rows:
    """What a collection shows, as JSON. ``add`` lets others have their turn."""

    call: Call
    on_request: frozenset[str] = frozenset()
    written: list[msgspec.Raw] = field(default_factory=list)
    size: int = 0  # bytes

    @property
    def full(self) -> bool:
        """Whether the answer weighs enough."""
        return self.size >= self.call.budget.left

    async def add(
        self, things: Sequence[V], write: Callable[[Sequence[V]], Awaitable[Iterable[dict[str, Any]]]]
    ) -> None:
        """Add rows for some things."""
        for start in range(0, len(things), WRITTEN_AT_ONCE):
            for each in await write(things[start : start + WRITTEN_AT_ONCE]):
                shown = row(self.call, each, self.on_request)
                self.written.append(shown)
                self.size += len(memoryview(shown))
            await asyncio.sleep(0)


def _following(query: Query, found: Page[V], rows: Rows, most: int) -> Query:
    """Return what to ask next; ``limit`` is 0 when there is no more to ask."""
    got = len(rows.written)
    if found.after is None or rows.full or got >= most:
        return replace(query, limit=0)
    by_size = min(LARGEST_READ, rows.call.budget.left - rows.size) * got // max(rows.size, 1)
    limit = max(1, min(most - got, by_size, READ_AT_ONCE))
    return replace(query, after=found.after, limit=limit, counted=False)


def _mine(call: Call, where: Mapping[str, object]) -> dict[str, object]:
    """Return what is asked for within the caller's tenant: all indexes begin with it."""
    return {"tenant_id": call.caller.tenant.id, **where}


def next_link(call: Call, last: Cursor) -> str:
    """Return the address of what follows ``last``: the options of this call, and where to go on."""
    said = parse_qsl(call.query, keep_blank_values=True)
    kept = [(name, value) for name, value in said if name.lower().removeprefix("$") != "skiptoken"]
    return link(call, f"{call.path}?{urlencode([*kept, ('$skiptoken', write_skiptoken(last, call.options.orderby))])}")
