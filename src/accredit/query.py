"""What may be asked of a store: a condition on named properties, an order, and where to go on.

Rule 1: a condition is either true or false. A property without a value equals ``None``, is not equal to anything else,
begins with nothing and is neither greater nor less; ``Not`` turns that round (SQL's third truth value is never seen).
Rule 2: text is compared without regard to case, as Microsoft Graph does on directory objects (assumed): ``fold`` is the
only place that says how.
Rule 3: names are Microsoft Graph's. Which of them a kind of thing can be asked for is the store's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final, Generic, Literal, TypeAlias, TypeVar

import msgspec

Scalar: TypeAlias = str | int | bool | datetime | None
"""A value of a property. Ids are their dashed text."""
Read: TypeAlias = Callable[[str], "Scalar | Sequence[Scalar]"]
"""Returns a property of one thing by its name: one value, or those of a collection."""
Cursor: TypeAlias = tuple[Scalar, str]
"""Where a page ended: the value that things are ordered by, ``None`` without an order, and the key of the last one."""
Operator = Literal["eq", "ne", "gt", "ge", "lt", "le"]

V = TypeVar("V")

ITSELF: Final = ""
"""The name, inside ``Any``, of the element of the collection itself."""


class Compare(msgspec.Struct, frozen=True, tag=True):
    """``name eq 'value'``; order is defined for texts, numbers and times."""

    name: str
    operator: Operator
    value: Scalar


class OneOf(msgspec.Struct, frozen=True, tag=True):
    """``name in ('a','b')``."""

    name: str
    values: tuple[Scalar, ...]


class StartsWith(msgspec.Struct, frozen=True, tag=True):
    """``startswith(name,'prefix')``."""

    name: str
    prefix: str


class Any(msgspec.Struct, frozen=True, tag=True):
    """``name/any(x:condition)``; without a condition: the collection is not empty."""

    name: str
    condition: Condition | None = None


class Not(msgspec.Struct, frozen=True, tag=True):
    """``not(term)``."""

    term: Condition


class And(msgspec.Struct, frozen=True, tag=True):
    """All of ``terms``, at least two."""

    terms: tuple[Condition, ...]


class Or(msgspec.Struct, frozen=True, tag=True):
    """At least one of ``terms``, which are at least two."""

    terms: tuple[Condition, ...]


Condition: TypeAlias = Compare | OneOf | StartsWith | Any | Not | And | Or


class Order(msgspec.Struct, frozen=True):
    """By which property to order. Nothing comes before every value; what is equal is ordered by key.

    Descending turns the whole order round.
    """

    name: str
    descending: bool = False


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """One page of what meets ``condition``, after the place where another one ended."""

    condition: Condition | None = None
    order: Order | None = None  # None: by key
    after: Cursor | None = None
    limit: int
    counted: bool = False  # tell how many meet the condition, on whatever page


class Page(msgspec.Struct, Generic[V], frozen=True):
    """Some of what was asked for, in order."""

    things: Sequence[V]
    after: Cursor | None = None  # where to go on; None: nothing follows
    count: int | None = None  # of all that meet the condition, if that was asked


def fold(text: str) -> str:
    """Return the form under which two texts that differ in case only are equal."""
    return text.casefold()


def matches(condition: Condition, read: Read) -> bool:  # noqa: PLR0911  one line for each form of a condition
    """Whether one thing meets a condition."""
    match condition:
        case And(terms):
            return all(matches(each, read) for each in terms)
        case Or(terms):
            return any(matches(each, read) for each in terms)
        case Not(term):
            return not matches(term, read)
        case Any(name, inner):
            return any(inner is None or matches(inner, _element(each)) for each in _many(read(name)))
        case OneOf(name, values):
            return comparable(_one(read(name))) in [comparable(each) for each in values]
        case StartsWith(name, prefix):
            value = _one(read(name))
            return isinstance(value, str) and fold(value).startswith(fold(prefix))
        case _:
            return _holds(condition.operator, comparable(_one(read(condition.name))), comparable(condition.value))


def conjuncts(condition: Condition | None) -> Iterator[Condition]:
    """Yield what must hold, all of it; nothing where there is no condition."""
    if isinstance(condition, And):
        for each in condition.terms:
            yield from conjuncts(each)
    elif condition is not None:
        yield condition


def comparable(value: Scalar) -> Scalar:
    """Return a value as it is compared and ordered."""
    return fold(value) if isinstance(value, str) else value


def _holds(operator: Operator, value: Scalar, wanted: Scalar) -> bool:
    if operator in ("eq", "ne"):
        return (value == wanted) is (operator == "eq")
    if isinstance(value, str) and isinstance(wanted, str):
        return _ordered(operator, value < wanted, value == wanted)
    if isinstance(value, datetime) and isinstance(wanted, datetime):
        return _ordered(operator, value < wanted, value == wanted)
    if isinstance(value, int) and isinstance(wanted, int):
        return _ordered(operator, value < wanted, value == wanted)
    return False


def _ordered(operator: Operator, less: bool, equal: bool) -> bool:  # noqa: FBT001  the two outcomes of a comparison
    return {"gt": not less and not equal, "ge": not less, "lt": less, "le": less or equal}[operator]


def _element(value: Scalar) -> Read:
    def read(name: str) -> Scalar:
        if name != ITSELF:
            raise KeyError(name)
        return value

    return read


def _one(value: Scalar | Sequence[Scalar]) -> Scalar:
    if isinstance(value, str) or not isinstance(value, Sequence):
        return value
    raise TypeError("a collection is asked with any()")


def _many(value: Scalar | Sequence[Scalar]) -> Sequence[Scalar]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise TypeError("any() is asked of collections")
    return value
