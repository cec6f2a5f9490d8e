"""One page of a collection, the same for all: what the options ask, from the shelf that holds it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from accredit.interop.odata import write_skiptoken
from accredit.query import Query
from accredit.web.graph.answers import collection, link, number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from accredit.interop.odata import Cursor
    from accredit.ports import Shelf, Transaction, V
    from accredit.query import Scalar
    from accredit.web.graph.answers import Answer
    from accredit.web.graph.call import Call

PAGE: Final = 100  # things, where the caller does not say how many
_CAPITAL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_MEMBERS: Final[Mapping[str, str]] = {"createdDateTime": "created_at"}  # whose names here are not Graph's


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
    asked = call.options
    most = asked.top or PAGE
    query = Query(condition=asked.condition, order=asked.orderby, after=asked.skiptoken, limit=most + 1)
    async with call.by.registry.reading() as store:
        found = await shelf(store).search(query, **where)
        count = await shelf(store).count(asked.condition, **where) if asked.count else None
    shown, more = found[:most], len(found) > most
    following = next_link(call, _place(call, shown[-1])) if more else None
    rows = [write(each) for each in shown]
    return collection(call, context, rows, next=following, count=count, on_request=on_request)


async def counted(call: Call, shelf: Callable[[Transaction], Shelf[Any]], **where: object) -> Answer:
    """Answer ``…/$count``."""
    async with call.by.registry.reading() as store:
        return number(await shelf(store).count(call.options.condition, **where))


def next_link(call: Call, last: Cursor) -> str:
    """Return the address of what follows ``last``: the options of this call, and where to go on."""
    said = parse_qsl(call.query, keep_blank_values=True)
    kept = [(name, value) for name, value in said if name.lower().removeprefix("$") != "skiptoken"]
    return link(call, f"{call.path}?{urlencode([*kept, ('$skiptoken', write_skiptoken(last, call.options.orderby))])}")


def _place(call: Call, value: Any) -> Cursor:  # noqa: ANN401  a thing of any kind
    order = call.options.orderby
    return (_property(value, order.name) if order else None), str(value.id)


def _property(value: Any, name: str) -> Scalar:  # noqa: ANN401  a thing of any kind
    """Return a property by Microsoft Graph's name."""
    member = _MEMBERS.get(name) or _CAPITAL.sub("_", name).lower()
    found = getattr(value if hasattr(value, member) else value.registration, member)
    return str(found) if isinstance(found, UUID) else found
