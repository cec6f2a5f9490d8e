"""One page of a collection, the same for all: what the options ask, from the shelf that holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from accredit.ports import Shelf, V
    from accredit.web.graph.answers import Answer
    from accredit.web.graph.call import Call


async def page(
    call: Call,
    context: str,
    shelf: Callable[[Any], Shelf[V]],
    write: Callable[[V], dict[str, Any]],
    *,
    on_request: frozenset[str] = frozenset(),
    **where: object,
) -> Answer:
    """Answer a collection: $filter, $orderby, $top, $skiptoken and $count, of the things whose members equal ``where``.

    ``shelf`` takes it out of the open store: ``lambda store: store.applications``.
    """
    raise NotImplementedError
