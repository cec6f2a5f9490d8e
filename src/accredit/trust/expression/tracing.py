"""Why an expression holds or does not: every node of it with its answer, and every atom with what it saw.

Rule 1: from an equal budget the root is the verdict of ``evaluate``. What that spares itself is looked at all the same,
and costs nothing of the budget that is shared: it could change no answer.
Rule 2: the same expression, claims and budget give the same trace. It is JSON when the claims are.
"""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from accredit.trust.expression import glob
from accredit.trust.expression.evaluation import ABSENT, NO_OBJECT, Budget, Cause, find, judge, same
from accredit.trust.expression.glob import Miss
from accredit.trust.expression.tree import Atom, Operand

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from accredit.trust.expression.tree import Expression, Group, Node

LONGEST_FREED: Final = 600  # characters of a value for which other patterns are tried: there may be 17 of them
JSON_TYPES: Final = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
    NoneType: "null",
}


class Step(msgspec.Struct, frozen=True, gc=False):
    """One atom in a trace. ``observed`` is the raw claim: whoever stores or shows it redacts it first."""

    claim: str
    operator: str
    operand: Operand
    observed: Any  # where the path goes into something that is no object: that
    observed_type: str | None  # the JSON type; None: there is no such claim, and ``observed`` says nothing
    result: bool
    cause: Cause
    start: int  # the atom is text[start:end] of its expression
    end: int
    miss: Miss | None = None  # for a pattern that does not fit: where it stopped
    path: tuple[str, ...] = ()
    freed: str | None = None  # for GLOB_DELIMITER: the pattern that would fit

    @property
    def children(self) -> tuple[Told, ...]:
        """Nothing is below an atom."""
        return ()


class Joint(msgspec.Struct, frozen=True, gc=False):
    """Several nodes joined by ``and`` or ``or`` in a trace."""

    kind: Literal["and", "or"]
    result: bool
    cause: Cause  # that of the first child that does not hold, unless this holds
    start: int
    end: int
    children: tuple[Told, ...]


Told = Step | Joint


class Trace(msgspec.Struct, frozen=True, gc=False):
    """The verdict and every atom behind it, in the order of the text; and the same as a tree."""

    result: bool
    clauses: tuple[Step, ...]
    root: Told


def trace(expression: Expression, claims: Mapping[str, Any], budget: Budget | None = None) -> Trace:
    """Every atom with its cause, the whole tree. From an equal budget the result is that of ``evaluate``."""
    budget = Budget() if budget is None else budget
    root = _tell(expression.root, claims, budget, Budget(spent=budget.spent))
    return Trace(root.result, tuple(_steps(root)), root)


def _tell(node: Node, claims: Mapping[str, Any], budget: Budget, aside: Budget) -> Told:
    """``aside`` pays for what cannot change the answer any more."""
    if isinstance(node, Atom):
        return _step(node, claims, judge(node, claims, budget))
    return _joint(node, claims, budget, aside)


def _joint(group: Group, claims: Mapping[str, Any], budget: Budget, aside: Budget) -> Joint:
    enough, known, children = group.kind == "or", False, []
    for part in group.parts:
        child = _tell(part, claims, aside if known else budget, aside)
        children.append(child)
        if child.result is enough and not known:
            known = True
            aside.spent = aside.spent or budget.spent  # who has nothing left is told so, and not that the rest was free
    result = known is enough
    cause = Cause.OK if result else next(child.cause for child in children if not child.result)
    return Joint(group.kind, result, cause, group.start, group.end, tuple(children))


def _steps(told: Told) -> Iterator[Step]:
    if isinstance(told, Step):
        yield told
        return
    for child in told.children:
        yield from _steps(child)


def _step(atom: Atom, claims: Mapping[str, Any], cause: Cause) -> Step:
    observed = find(atom.path, claims)
    miss, freed = None, None
    if cause is Cause.GLOB_SEGMENT and atom.glob is not None:
        miss = atom.glob.miss(observed)
        freed = atom.glob.freed(observed) if len(observed) <= LONGEST_FREED else None
    if freed is not None:
        cause = Cause.GLOB_DELIMITER
    elif _differs_by_case(atom, observed, cause):
        cause = Cause.CASE
    seen = _last(atom.path, claims) if observed is NO_OBJECT else observed
    return Step(
        claim=atom.claim,
        operator=atom.operator,
        operand=atom.operand,
        observed=None if seen is ABSENT else seen,
        observed_type=None if seen is ABSENT else JSON_TYPES.get(type(seen), type(seen).__name__),
        result=cause is Cause.OK,
        cause=cause,
        start=atom.start,
        end=atom.end,
        miss=miss,
        path=atom.path,
        freed=freed,
    )


def _last(path: tuple[str, ...], claims: Mapping[str, Any]) -> Any:
    """Return what a path would have to go into, but cannot."""
    return next(each for end in range(1, len(path)) if not isinstance(each := find(path[:end], claims), dict))


def _differs_by_case(atom: Atom, observed: Any, cause: Cause) -> bool:
    if cause is Cause.GLOB_SEGMENT and atom.glob is not None:
        return glob.parse(atom.glob.pattern.casefold(), atom.glob.language_version).matches(observed.casefold())
    if cause in {Cause.DIFFERS, Cause.NOT_ELEMENT}:
        wanted = atom.operand if isinstance(atom.operand, tuple) else (atom.operand,)
        found = observed if atom.operator == "contains" else [observed]
        folded = [_folded(each) for each in found]
        return any(same(_folded(each), other) for each in wanted for other in folded)
    return False


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
