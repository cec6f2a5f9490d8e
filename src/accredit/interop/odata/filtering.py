"""``$filter``: text to a condition.

Served are the comparisons of ``accredit.query``, ``startswith``, ``any``, ``and``, ``or`` and ``not``. What OData knows
beyond them, and parses, is refused by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NoReturn, cast

from accredit.errors import QUERY_SYNTAX, QUERY_UNSUPPORTED, Refused
from accredit.query import ITSELF, And, Any, Compare, Condition, Not, OneOf, Operator, Or, Scalar, StartsWith

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lark import Token, Tree

    from accredit.interop.odata.parsing import Node

_EQUALITY: Final = frozenset({"eq", "ne"})
_OPERATORS: Final = frozenset({"eq", "ne", "gt", "ge", "lt", "le"})
_INT64: Final = 2**63  # the range of Edm.Int64, and of the databases


def read_filter(text: str, *, kind: str) -> Condition:
    """Read the value of ``$filter`` for things of ``kind`` (``Application``).

    Keywords and ``startswith`` are read in any case, names of properties as they are written. A GUID without quotes is
    its text, a date without a time its midnight in UTC (assumed). Raises ``Refused(QUERY_SYNTAX)`` with the reason and
    the number of the character, or ``Refused(QUERY_UNSUPPORTED)`` with the property.
    """
    # lark and its tables take 50 ms to load: a server that is asked no such query starts without them.
    from accredit.interop.odata import parsing  # noqa: PLC0415

    return _Reading(kind).condition(parsing.parse(text, "filter"))


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way down the tree. Inside ``any`` the variable is known, and the collection that it runs through.

    Where one member of the elements is asked for (``targetResources/any(t:t/id eq 'x')``), the collection is that of
    the member's values (``targetResources/id``), and the variable the way to one of them.
    """

    kind: str
    variable: str | None = None
    collection: str = ""

    def condition(self, node: Node) -> Condition:
        tree = cast("Tree[Token]", node)  # the grammar makes no condition of a bare token
        return _CONDITIONS[tree.data](self, tree.children)

    def disjunction(self, terms: list[Node]) -> Condition:
        return Or(tuple(self.condition(each) for each in terms))

    def conjunction(self, terms: list[Node]) -> Condition:
        return And(tuple(self.condition(each) for each in terms))

    def negation(self, terms: list[Node]) -> Condition:
        return Not(self.condition(terms[0]))

    def comparison(self, parts: list[Node]) -> Condition:
        name, operator, value = self.name(parts[0]), str(parts[1]).casefold(), _scalar(parts[2])
        if operator not in _OPERATORS or (operator not in _EQUALITY and (value is None or isinstance(value, bool))):
            self.refuse(name)  # nothing is greater than true, or than nothing
        return Compare(name, cast("Operator", operator), value)

    def membership(self, parts: list[Node]) -> Condition:
        return OneOf(self.name(parts[0]), tuple(_scalar(each) for each in parts[1:]))

    def some(self, parts: list[Node]) -> Condition:
        name = self.name(parts[0])
        if self.variable is not None:
            self.refuse(name)
        if len(parts) == 1:
            return Any(name)
        variable = str(parts[1])
        member = _member(parts[2], variable)
        return Any(name + member, _Reading(self.kind, variable + member, name + member).condition(parts[2]))

    def every(self, parts: list[Node]) -> Condition:
        return self.refuse(self.name(parts[0]))

    def call(self, parts: list[Node]) -> Condition:
        function, *arguments = parts
        if str(function).casefold() != "startswith":
            self.refuse(_property(parts))
        if [_terminal(each) for each in arguments] != ["PATH", "TEXT"]:
            raise Refused(QUERY_SYNTAX, option="filter", reason="startswith takes a property and a text in quotes")
        return StartsWith(self.name(arguments[0]), _text(str(arguments[1])))

    def name(self, node: Node) -> str:
        """The property that is asked for; inside ``any`` it must be the element itself."""
        if _terminal(node) != "PATH":
            self.refuse(_property([node]))
        if self.variable is None:
            return str(node)
        if node != self.variable:
            self.refuse(str(node))
        return ITSELF

    def refuse(self, name: str) -> NoReturn:
        """Refuse what is asked of a property; an element is named by its collection."""
        element = self.variable
        if element is not None and (name in (ITSELF, element) or name.startswith(f"{element}/")):
            name = self.collection + name.removeprefix(element)
        raise Refused(QUERY_UNSUPPORTED, property=name, kind=self.kind)


_CONDITIONS: Final[Mapping[str, Callable[[_Reading, list[Node]], Condition]]] = {
    "disjunction": _Reading.disjunction,
    "conjunction": _Reading.conjunction,
    "negation": _Reading.negation,
    "comparison": _Reading.comparison,
    "membership": _Reading.membership,
    "some": _Reading.some,
    "every": _Reading.every,
    "call": _Reading.call,
}


def _member(condition: Node, variable: str) -> str:
    """Return the member that a condition asks of elements, such as ``/id``, if it asks for one and nothing else."""
    tree = cast("Tree[Token]", condition)
    paths = {str(each) for each in tree.scan_values(lambda token: _terminal(token) == "PATH")}
    path = paths.pop() if len(paths) == 1 else ""
    return path.removeprefix(variable) if path.startswith(f"{variable}/") else ""


def _terminal(node: Node) -> str:
    return str(getattr(node, "type", ""))  # a tree, here a call inside a call, has none


def _property(nodes: list[Node]) -> str:
    """The first property that stands in a call, or, without one, the first function."""
    todo, first = list(reversed(nodes)), dict[str, str]()
    while todo:
        node = todo.pop()
        todo.extend(reversed(getattr(node, "children", ())))
        first.setdefault(_terminal(node), str(node))
    return first.get("PATH") or first["FUNCTION"]


def _scalar(node: Node) -> Scalar:
    return _SCALARS[_terminal(node)](str(node))


def _text(literal: str) -> str:
    return literal[1:-1].replace("''", "'")


def _number(literal: str) -> int:
    value = int(literal)
    if not -_INT64 <= value < _INT64:
        raise Refused(QUERY_SYNTAX, option="filter", reason=f"{literal} is not a number of 64 bits")
    return value


def _time(literal: str) -> datetime:
    """Read a time as RFC 3339 writes it, the seconds optional; what is finer than a microsecond is cut off."""
    try:
        read = datetime.fromisoformat(literal.upper())
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):  # 30 February, or the year 0 after its offset is taken off
        pass
    raise Refused(QUERY_SYNTAX, option="filter", reason=f"{literal} is not a time")


_SCALARS: Final[Mapping[str, Callable[[str], Scalar]]] = {
    "TEXT": _text,
    "GUID": str.lower,
    "TIME": _time,
    "DATE": _time,
    "NUMBER": _number,
    "TRUE": lambda _: True,
    "FALSE": lambda _: False,
    "NULL": lambda _: None,
}
