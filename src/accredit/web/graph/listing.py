"""Collections that no shelf holds: a few rows that are at hand, or none at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accredit.errors import QUERY_UNSUPPORTED, Refused
from accredit.query import fold, matches
from accredit.web.graph.answers import collection, number
from accredit.web.graph.pages import PAGE, next_link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accredit.query import Scalar
    from accredit.web.graph.answers import Answer
    from accredit.web.graph.call import Call


def number_of(call: Call, kind: str, rows: Sequence[dict[str, Any]]) -> Answer:
    """Say how many rows of a collection of which all is at hand meet the filter."""
    return number(sum(_meets(call, kind, each) for each in rows))


def few(call: Call, context: str, kind: str, rows: Sequence[dict[str, Any]]) -> Answer:
    """Answer a collection of which all is at hand, each with an ``id``: $filter, $top, $skiptoken and $count."""
    refuse_other(call, kind, "orderby", "expand")
    asked = call.options
    found = [each for each in rows if _meets(call, kind, each)]
    ids = [str(each["id"]) for each in found]
    after = asked.skiptoken
    begin = ids.index(after[1]) + 1 if after is not None and after[1] in ids else 0
    shown = found[begin : begin + (asked.top or PAGE)]
    following = next_link(call, (None, str(shown[-1]["id"]))) if begin + len(shown) < len(found) else None
    return collection(call, context, shown, next=following, count=len(found) if asked.count else None)


def none(call: Call, context: str) -> Answer:
    """Answer a collection of a kind that there is nothing of here, whatever is asked of it."""
    return collection(call, context, (), count=0 if call.options.count else None)


def refuse_other(call: Call, kind: str, *options: str) -> None:
    """Refuse options that a collection does not know: they are never ignored."""
    for each in options:
        if getattr(call.options, each):
            raise Refused(QUERY_UNSUPPORTED, property=f"${each}", kind=kind)


def _meets(call: Call, kind: str, row: dict[str, Any]) -> bool:
    def read(name: str) -> Scalar:
        found = [value for each, value in row.items() if fold(each) == fold(name)]
        if not found or isinstance(found[0], list | dict):
            raise Refused(QUERY_UNSUPPORTED, property=name, kind=kind)
        scalar: Scalar = found[0]
        return scalar

    condition = call.options.condition
    try:
        return condition is None or matches(condition, read)
    except TypeError:  # a value that is asked as if it were a collection
        raise Refused(QUERY_UNSUPPORTED, property="$filter", kind=kind) from None
