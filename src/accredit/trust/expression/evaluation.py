"""Yes or no for an expression and the claims of a token.

Rule 1: fail closed. An atom whose claim is absent, of another type, too long or beyond the budget is false.
Rule 2: nothing raises, and nothing turns a no around: ``ne`` and ``not in`` are false, too, where there is no claim.
Fewer claims never turn a no into a yes.
Rule 3: types are those of JSON, exactly: true is not 1, and 1.0 is not 1. Nothing equals null, or a number that is
written with a fraction or an exponent.
Rule 4: ``evaluate`` and ``trace`` ask the same ``judge``; the trace only adds words to its answers.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import msgspec

from accredit.trust.expression.tree import Atom

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from accredit.trust.expression.tree import Expression, Node, Operand, Operator

LONGEST_VALUE = 4096  # characters of a claim that are looked at; a longer value fits nothing
ABSENT: Final = object()  # there is no such claim, or no such member of an object
NO_OBJECT: Final = object()  # what the path goes into has no members
_SCALARS: Final = frozenset({str, int, bool})


class Cause(StrEnum):
    """Why an atom came out as it did."""

    OK = "ok"
    DIFFERS = "differs"
    CASE = "case"  # would hold if case did not count
    EXCLUDED = "excluded"  # the value is one that ``ne`` or ``not in`` shuts out
    MISSING = "missing"
    TYPE = "type"  # present, but not of the type that is asked for
    TOO_LONG = "too_long"
    NOT_ELEMENT = "not_element"
    GLOB_SEGMENT = "glob_segment"  # the pattern stopped at a segment
    GLOB_DELIMITER = "glob_delimiter"  # the pattern stopped at a delimiter that ``**`` would take
    BUDGET = "budget"


class Budget(msgspec.Struct, gc=False):
    """The work that one request may cause over all its expressions. Mutable: a request makes one and passes it on."""

    atoms: int = 10_000  # atoms left to look at
    characters: int = 100_000  # characters of claims left to send through patterns, and elements of lists to look at
    spent: bool = False  # once more was asked for than was left, everything after is refused

    def take(self, *, atoms: int = 0, characters: int = 0) -> bool:
        """Take some work from what is left, or none and be spent."""
        self.spent = self.spent or atoms > self.atoms or characters > self.characters
        if not self.spent:
            self.atoms -= atoms
            self.characters -= characters
        return not self.spent


def evaluate(expression: Expression, claims: Mapping[str, Any], budget: Budget | None = None) -> bool:
    """Whether the expression holds; stops as soon as that is known. Without a budget the default one, for this call."""
    budget = Budget() if budget is None else budget
    return not budget.spent and _holds(expression.root, claims, budget)


def judge(atom: Atom, claims: Mapping[str, Any], budget: Budget) -> Cause:
    """Compare one atom with the claims."""
    if not budget.take(atoms=1):
        return Cause.BUDGET
    path = atom.path
    value = claims.get(path[0], ABSENT)
    if len(path) > 1:
        value = _member(value, path)
    if value is ABSENT:
        return Cause.MISSING
    return compare(atom, value, budget)


def compare(atom: Atom, value: Any, budget: Budget) -> Cause:
    """Compare one atom with the value of its claim."""
    if isinstance(value, str) and len(value) > LONGEST_VALUE:
        return Cause.TOO_LONG
    return _COMPARISONS[atom.operator](atom, value, budget)


def find(path: tuple[str, ...], claims: Mapping[str, Any]) -> Any:
    """Return the value at a path, ABSENT or NO_OBJECT."""
    return _member(claims.get(path[0], ABSENT), path)


def same(one: Any, other: Any) -> bool:
    """Whether two values of JSON are equal, type and all."""
    return type(one) is type(other) and one == other


def _holds(node: Node, claims: Mapping[str, Any], budget: Budget) -> bool:
    if isinstance(node, Atom):
        return judge(node, claims, budget) is Cause.OK
    enough = node.kind == "or"
    for part in node.parts:  # a loop, and not any() or all(): this is asked for each token
        holds = judge(part, claims, budget) is Cause.OK if isinstance(part, Atom) else _holds(part, claims, budget)
        if holds is enough:
            return enough
    return not enough


def _member(value: Any, path: tuple[str, ...]) -> Any:
    for name in path[1:]:
        if value is ABSENT:
            return ABSENT
        if not isinstance(value, dict):
            return NO_OBJECT
        value = value.get(name, ABSENT)
    return value


def _eq(atom: Atom, value: Any, _: Budget) -> Cause:
    if type(value) is not type(atom.operand):
        return Cause.TYPE
    return Cause.OK if value == atom.operand else Cause.DIFFERS


def _ne(atom: Atom, value: Any, _: Budget) -> Cause:
    if type(value) is not type(atom.operand):
        return Cause.TYPE
    return Cause.EXCLUDED if value == atom.operand else Cause.OK


def _in(atom: Atom, value: Any, _: Budget) -> Cause:
    return Cause.OK if _among(value, atom.operand) else Cause.NOT_ELEMENT


def _not_in(atom: Atom, value: Any, _: Budget) -> Cause:
    if not isinstance(atom.operand, tuple) or type(value) not in set(map(type, atom.operand)):
        return Cause.TYPE
    return Cause.EXCLUDED if _among(value, atom.operand) else Cause.OK


def _contains(atom: Atom, value: Any, budget: Budget) -> Cause:
    if not isinstance(value, list):
        return Cause.TYPE
    if not budget.take(characters=len(value)):
        return Cause.BUDGET
    return Cause.OK if _among(atom.operand, value) else Cause.NOT_ELEMENT


def _matches(atom: Atom, value: Any, budget: Budget) -> Cause:
    if not isinstance(value, str) or atom.glob is None:
        return Cause.TYPE
    if not budget.take(characters=len(value)):
        return Cause.BUDGET
    return Cause.OK if atom.glob.matches(value) else Cause.GLOB_SEGMENT


def _exists(_: Atom, value: Any, __: Budget) -> Cause:
    if value is NO_OBJECT:
        return Cause.TYPE
    return Cause.MISSING if value is None else Cause.OK


def _among(value: Any, values: list[Any] | Operand) -> bool:
    """Whether a scalar is one of several, type and all."""
    if type(value) not in _SCALARS or not isinstance(values, list | tuple):
        return False
    return value in values and any(same(value, each) for each in values)  # the first half is fast, and takes 1 for true


_COMPARISONS: Final[Mapping[Operator, Callable[[Atom, Any, Budget], Cause]]] = {
    "eq": _eq,
    "ne": _ne,
    "in": _in,
    "not in": _not_in,
    "matches": _matches,
    "contains": _contains,
    "exists": _exists,
}
