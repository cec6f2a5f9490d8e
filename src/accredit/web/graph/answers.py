"""What handlers answer: one object, a collection, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from accredit.query import fold

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accredit.web.graph.call import Call


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: JSON of ``body``, or the text that its bytes are (``…/$count``)."""

    status: int
    body: dict[str, Any] | bytes | None = None
    location: str | None = None  # absolute, of what was made
    findings: str = ""  # of lint, in what was saved: FIC-NAME-ONLY;level=warn, …


NOTHING: Final = Answer(204)


def entity(
    call: Call,
    context: str,
    value: dict[str, Any],
    *,
    status: int = 200,
    location: str | None = None,
    on_request: frozenset[str] = frozenset(),
) -> Answer:
    """Answer one object. ``context``: ``applications/$entity``. ``on_request``: members that only $select shows."""
    return Answer(
        status, {"@odata.context": link(call, f"$metadata#{context}"), **_shown(call, value, on_request)}, location
    )


def collection(
    call: Call,
    context: str,
    rows: Iterable[dict[str, Any] | msgspec.Raw],
    *,
    next: str | None = None,  # noqa: A002  the annotation's name
    count: int | None = None,
    on_request: frozenset[str] = frozenset(),
) -> Answer:
    """Answer some of a collection. ``next``: the link to the rest; ``count``: how many there are, if $count asks.

    A row may be the JSON that ``row`` made of it.
    """
    body: dict[str, Any] = {"@odata.context": link(call, f"$metadata#{context}")}
    if count is not None:
        body["@odata.count"] = count
    if next is not None:
        body["@odata.nextLink"] = next
    body["value"] = [each if isinstance(each, msgspec.Raw) else _shown(call, each, on_request) for each in rows]
    return Answer(200, body)


def row(call: Call, value: dict[str, Any], on_request: frozenset[str] = frozenset()) -> msgspec.Raw:
    """Return what a collection shows of one thing, as JSON."""
    return msgspec.Raw(msgspec.json.encode(_shown(call, value, on_request)))


def number(count: int) -> Answer:
    """Answer ``…/$count``: a number as plain text."""
    return Answer(200, str(count).encode())


def link(call: Call, rest: str) -> str:
    """Return an absolute address in the version that was asked."""
    return f"{call.graph}/{call.version}/{rest}"


def _shown(call: Call, value: dict[str, Any], on_request: frozenset[str]) -> dict[str, Any]:
    """Return the members that the caller wants to see; annotations and what it expanded stay."""
    wanted = call.options.select
    if not wanted:
        return {name: each for name, each in value.items() if name not in on_request} if on_request else value
    names = {fold(each) for each in (*wanted, *call.options.expand)}
    return {name: each for name, each in value.items() if fold(name) in names or "@odata." in name}
