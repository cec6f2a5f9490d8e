"""Which properties a kind may be asked for, as data, and what every store does with a question before it looks.

Rule 1: names are Microsoft Graph's. What stands here in no row is refused, never ignored: QUERY_UNSUPPORTED.
Rule 2: a question is judged before anything is read (``Questions.known``), so that every store refuses the same ones.
Rule 3: names are read in any case, as Microsoft Graph reads them; beyond that door they stand as they are written here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeAlias, TypeVar, cast

import msgspec

from accredit import query as asked
from accredit.errors import QUERY_UNSUPPORTED, Refused
from accredit.query import ITSELF, Condition, Page, Query, Scalar
from accredit.stores.encoding import guid, micros

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from accredit.query import Cursor, Order, Read

V = TypeVar("V")

Type = Literal["text", "id", "flag", "number", "time"]

_EQUALITY: Final = frozenset({"eq", "ne", "in"})
_ORDER: Final = _EQUALITY | {"gt", "ge", "lt", "le"}
_OPERATORS: Final[Mapping[Type, frozenset[str]]] = {
    "text": _ORDER | {"startswith"},
    "id": _EQUALITY,
    "flag": _EQUALITY,
    "number": _ORDER,
    "time": _ORDER,
}
_VALUES: Final[Mapping[Type, type]] = {"text": str, "id": str, "flag": bool, "number": int, "time": datetime}


@dataclass(frozen=True, slots=True)
class Property(Generic[V]):
    """One value of a thing. Its column holds what ``stored`` makes of it."""

    read: Callable[[V], Scalar]
    type: Type
    column: str
    optional: bool = False  # there may be no value
    through: tuple[str, str] | None = None  # the column stands in that table, in the row that this member refers to

    def stored(self, value: Scalar) -> Any:  # noqa: ANN401  what stands in a column of any type
        """Return a value as it stands in the column: text folded, a time in microseconds, ``None`` for no id."""
        if self.type == "id" and isinstance(value, str):
            found = guid(asked.fold(value))
            return None if found is None else str(found)
        return micros(value) if isinstance(value, datetime) else asked.comparable(value)


@dataclass(frozen=True, slots=True)
class Constant:
    """A text that all things of a kind have in common."""

    value: str


@dataclass(frozen=True, slots=True)
class Follows:
    """A collection of another thing, the one in ``table`` that ``member`` refers to, as it is now."""

    member: str
    table: str
    property: str
    read: Callable[[Any], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Collection(Generic[V]):
    """Texts of a thing, each in a row of the kind's table of elements."""

    read: Callable[[V], Sequence[str]]
    follows: Follows | None = None
    names: bool = False  # each text names one thing: no other has it


Follow: TypeAlias = Callable[[str, "UUID | None"], Any]
Asked: TypeAlias = Property[Any] | Constant | Collection[Any]


ELEMENT: Final[Property[str]] = Property(str, "text", "folded")


@dataclass(frozen=True, slots=True)
class Questions:
    """What things of one kind may be asked. ``kind``: their name in Microsoft Graph."""

    kind: str = ""
    properties: Mapping[str, Asked] = field(default_factory=dict)
    within: str = ""  # the collection whose elements are asked

    def known(self, query: Query) -> Query:
        """Return a query with the names of properties as they stand here.

        Raises ``Refused(QUERY_UNSUPPORTED)`` for a condition or an order that nobody here knows an answer to.
        """
        order = query.order and msgspec.structs.replace(query.order, name=self._name(query.order.name))
        read = msgspec.structs.replace(query, condition=query.condition and self._named(query.condition), order=order)
        self._refuse(read)
        return read

    def _name(self, name: str) -> str:
        """Return the name that stands here for one that may differ from it in case; another one as it is."""
        if name in self.properties:
            return name
        return next((each for each in self.properties if asked.fold(each) == asked.fold(name)), name)

    def _named(self, condition: Condition) -> Condition:
        match condition:
            case asked.And(terms):
                return asked.And(tuple(map(self._named, terms)))
            case asked.Or(terms):
                return asked.Or(tuple(map(self._named, terms)))
            case asked.Not(term):
                return asked.Not(self._named(term))
        return msgspec.structs.replace(condition, name=self._name(condition.name))

    def _refuse(self, query: Query) -> None:
        self._refuse_condition(query.condition)
        order = query.order and self.properties.get(query.order.name)
        if query.order and not (isinstance(order, Property) and order.type != "flag"):
            raise self.refused(query.order.name)
        if query.after is None:
            return
        value, key = query.after
        typed = value is None or (
            isinstance(order, Property) and _of_type(order.type, value) and order.stored(value) is not None
        )
        if not typed or ("id" in self.properties and str(guid(key)) != key):
            raise self.refused(query.order.name if query.order else "id")

    def _refuse_condition(self, condition: Condition | None) -> None:
        """Raise ``Refused(QUERY_UNSUPPORTED)`` for a property, an operator or a type of value that is not known."""
        match condition:
            case asked.And(terms) | asked.Or(terms):
                for each in terms:
                    self._refuse_condition(each)
            case asked.Not(term):
                self._refuse_condition(term)
            case asked.Any(name, inner):
                if not isinstance(self.properties.get(name), Collection):
                    raise self.refused(name)
                Questions(self.kind, {ITSELF: ELEMENT}, name)._refuse_condition(inner)  # noqa: SLF001  its own kind
            case asked.Compare() | asked.OneOf() | asked.StartsWith():
                self._refuse_comparison(condition)

    def _refuse_comparison(self, comparison: asked.Compare | asked.OneOf | asked.StartsWith) -> None:
        match comparison:
            case asked.Compare(name, operator, value):
                self._refuse_values(name, operator, (value,))
            case asked.OneOf(name, values):
                self._refuse_values(name, "in", values)
            case asked.StartsWith(name, prefix):
                self._refuse_values(name, "startswith", (prefix,))

    def reader(self, value: Any, follow: Follow) -> Read:  # noqa: ANN401  a thing of the kind
        """Return how a thing's properties are read. ``follow`` finds another thing by its table and key."""

        def read(name: str) -> Scalar | Sequence[Scalar]:
            match self.properties[name]:
                case Constant(constant):
                    return constant
                case Collection(of, follows):
                    other = follows and follow(follows.table, getattr(value, follows.member))
                    return (*of(value), *(follows.read(other) if follows and other else ()))
                case Property(of):
                    return of(value)

        return read

    def refused(self, name: str) -> Refused:
        """Return what is said of a property that is not known, or not in that way."""
        return Refused(QUERY_UNSUPPORTED, property=name or self.within, kind=self.kind)

    def _refuse_values(self, name: str, operator: str, values: Iterable[Scalar]) -> None:
        found = self.properties.get(name)
        if found is None or isinstance(found, Collection):
            raise self.refused(name)
        kind: Type = found.type if isinstance(found, Property) else "text"
        right = all(_of_type(kind, each) or (each is None and operator in _EQUALITY) for each in values)
        if operator not in _OPERATORS[kind] or not right:
            raise self.refused(name)


def nothing(_table: str, _key: UUID | None) -> None:
    """Follow nothing: these things stand alone."""


def _of_type(kind: Type, value: Scalar) -> bool:
    if isinstance(value, datetime) and value.tzinfo is None:
        return False
    if isinstance(value, bool):  # which Python takes for a number
        return kind == "flag"
    return isinstance(value, _VALUES[kind])


def paged(query: Query, found: Sequence[V], place: Callable[[V, Order | None], Cursor], count: int | None) -> Page[V]:
    """Return the page that was ``found``: what ``query`` asks for, and one more where more follows."""
    shown = found[: query.limit]
    return Page(shown, place(shown[-1], query.order) if 0 < query.limit < len(found) else None, count)


def page(query: Query, things: Iterable[tuple[str, Read, V]], place: Callable[[V, Order | None], Cursor]) -> Page[V]:
    """Return the page that ``query`` means, from all ``things``: each with its key and how its properties are read."""

    def rank(value: Scalar, key: str) -> tuple[bool, Any, str]:
        return value is not None, asked.comparable(value), key

    order, after = query.order, query.after and rank(*query.after)
    ranked = [
        (rank(cast("Scalar", read(order.name)) if order else None, key), value)  # no collection is ordered by
        for key, read, value in things
        if query.condition is None or asked.matches(query.condition, read)
    ]
    down = order is not None and order.descending
    ranked.sort(key=lambda each: each[0], reverse=down)
    rest = (value for at, value in ranked if after is None or (at < after if down else at > after))
    return paged(query, list(islice(rest, query.limit + 1)), place, len(ranked) if query.counted else None)
