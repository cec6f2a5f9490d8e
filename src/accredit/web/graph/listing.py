"""Collections that no shelf holds: a few rows that are at hand, or none at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accredit.errors import QUERY_UNSUPPORTED, Refused
from accredit.query import And, Compare, Not, Or, conjuncts, fold, matches
from accredit.web.graph.answers import collection, number
from accredit.web.graph.pages import PAGE, next_link

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from accredit.query import Condition, Scalar
    from accredit.web.graph.answers import Answer
    from accredit.web.graph.call import Call


def number_of(call: Call, kind: str, rows: Sequence[dict[str, Any]]) -> Answer:
    """Say how many rows of a collection of which all is at hand meet the filter."""
    return number(sum(meets(call, kind, each) for each in rows))


def few(
    call: Call,
    context: str,
    kind: str,
    rows: Sequence[dict[str, Any]],
    read: Callable[[dict[str, Any]], Mapping[str, Any]] = dict,
) -> Answer:
    """Answer a collection of which all is at hand, each with an ``id``: $filter, $top, $skiptoken and $count.

    ``read``: a row's values as they are compared, where they are written in another way.
    """
    refuse_other(call, kind, "orderby", "expand")
    asked = call.options
    found = [each for each in rows if meets(call, kind, read(each))]
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


def refuse_unknown(call: Call, kind: str, names: Collection[str]) -> None:
    """Refuse a filter that names other properties than these, whatever there is to filter."""
    known = set(map(fold, names))
    for each in _named(call.options.condition):
        if fold(each) not in known:
            raise Refused(QUERY_UNSUPPORTED, property=each, kind=kind)


def named_app(call: Call) -> str | None:
    """Return the appId that the filter names, if all that meets it has the same one."""
    for each in conjuncts(call.options.condition):
        if isinstance(each, Compare) and fold(each.name) == "appid" and each.operator == "eq":
            return each.value if isinstance(each.value, str) else None
    return None


def _named(condition: Condition | None) -> Iterator[str]:
    match condition:
        case None:
            return
        case And(terms) | Or(terms):
            for each in terms:
                yield from _named(each)
        case Not(term):
            yield from _named(term)
        case _:
            yield condition.name


def meets(call: Call, kind: str, row: Mapping[str, Any]) -> bool:
    """Whether a row meets the filter. It is refused where it asks for what the row has not."""

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
