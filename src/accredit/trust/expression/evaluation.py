"""Yes or no for an expression and the claims of a token, and the same again clause by clause.

Rule 1: fail closed. A clause whose claim is absent, not a string, too long or beyond the budget is false.
Rule 2: nothing raises, and no clause is negative: fewer claims never turn a no into a yes.
Rule 3: ``evaluate`` and ``trace`` ask the same ``judge``; the trace only adds words to its answers.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import NoneType
from typing import Any, Final

import msgspec

from accredit.trust.expression import glob
from accredit.trust.expression.glob import Glob, Miss
from accredit.trust.expression.tree import Clause, Equals, Expression, Matches

LONGEST_VALUE = 4096  # characters of a claim that are looked at; a longer value fits nothing
ABSENT: Final = object()
JSON_TYPES = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
    NoneType: "null",
}


class Cause(StrEnum):
    """Why a clause came out as it did."""

    OK = "ok"
    DIFFERS = "differs"
    CASE = "case"  # would hold if case did not count
    MISSING = "missing"
    TYPE = "type"  # present, but not a string
    TOO_LONG = "too_long"
    GLOB_SEGMENT = "glob_segment"  # the pattern stopped at a segment
    BUDGET = "budget"


class Budget(msgspec.Struct, gc=False):
    """The work that one request may cause over all its expressions. Mutable: a request makes one and passes it on."""

    atoms: int = 10_000  # clauses left to look at
    characters: int = 100_000  # characters of claims left to send through patterns
    spent: bool = False  # once more was asked for than was left, everything after is refused

    def take(self, *, atoms: int = 0, characters: int = 0) -> bool:
        """Take some work from what is left, or none and be spent."""
        self.spent = self.spent or atoms > self.atoms or characters > self.characters
        if not self.spent:
            self.atoms -= atoms
            self.characters -= characters
        return not self.spent


class Step(msgspec.Struct, frozen=True, gc=False):
    """One clause in a trace. ``observed`` is the raw claim: whoever stores or shows it redacts it first."""

    claim: str
    operator: str
    operand: str
    observed: Any
    observed_type: str | None  # the JSON type; None: there is no such claim, and ``observed`` says nothing
    result: bool
    cause: Cause
    start: int  # the clause is text[start:end] of its expression
    end: int
    miss: Miss | None = None  # for a pattern that does not fit: where it stopped


class Trace(msgspec.Struct, frozen=True, gc=False):
    """The verdict and every clause behind it, in the order of the text."""

    result: bool
    clauses: tuple[Step, ...]


def evaluate(expression: Expression, claims: Mapping[str, Any], budget: Budget | None = None) -> bool:
    """Whether every clause holds; stops at the first that does not. Without a budget the default one, for this call."""
    budget = Budget() if budget is None else budget
    return not budget.spent and all(judge(clause, claims, budget) is Cause.OK for clause in expression.clauses)


def trace(expression: Expression, claims: Mapping[str, Any], budget: Budget | None = None) -> Trace:
    """Every clause with its cause. From an equal budget the result is that of ``evaluate``."""
    budget = Budget() if budget is None else budget
    steps = tuple(_step(clause, claims, judge(clause, claims, budget)) for clause in expression.clauses)
    return Trace(all(step.result for step in steps), steps)


def judge(clause: Clause, claims: Mapping[str, Any], budget: Budget) -> Cause:
    """Compare one clause with the claims."""
    if not budget.take(atoms=1):
        return Cause.BUDGET
    value = claims.get(clause.claim, ABSENT)
    if value is ABSENT:
        return Cause.MISSING
    if not isinstance(value, str):
        return Cause.TYPE
    if len(value) > LONGEST_VALUE:
        return Cause.TOO_LONG
    if isinstance(clause, Equals):
        return Cause.OK if value == clause.operand else Cause.DIFFERS
    return _fit(clause.glob, value, budget)


def _fit(pattern: Glob, value: str, budget: Budget) -> Cause:
    if not budget.take(characters=len(value)):
        return Cause.BUDGET
    return Cause.OK if pattern.matches(value) else Cause.GLOB_SEGMENT


def _step(clause: Clause, claims: Mapping[str, Any], cause: Cause) -> Step:
    observed: Any = claims.get(clause.claim)
    miss = None
    if cause is Cause.GLOB_SEGMENT and isinstance(clause, Matches):
        miss = clause.glob.miss(observed)
    if cause in {Cause.GLOB_SEGMENT, Cause.DIFFERS} and _differs_by_case(clause, observed):
        cause = Cause.CASE
    return Step(
        claim=clause.claim,
        operator=clause.operator,
        operand=clause.operand,
        observed=observed,
        observed_type=JSON_TYPES.get(type(observed), type(observed).__name__) if clause.claim in claims else None,
        result=cause is Cause.OK,
        cause=cause,
        start=clause.start,
        end=clause.end,
        miss=miss,
    )


def _differs_by_case(clause: Clause, observed: str) -> bool:
    operand, value = clause.operand.casefold(), observed.casefold()
    return operand == value if isinstance(clause, Equals) else glob.parse(operand).matches(value)
