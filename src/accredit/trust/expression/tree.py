"""What a parsed expression is made of. Values only: how they read is the grammar's, what they mean the evaluator's."""

from typing import ClassVar

import msgspec

from accredit.trust.expression.glob import Glob


class Equals(msgspec.Struct, frozen=True, gc=False):
    """``claims['claim'] eq 'operand'``: the same characters, no folding of case or form."""

    operator: ClassVar[str] = "eq"
    claim: str
    operand: str  # quotes undoubled
    start: int  # the clause is text[start:end] of its expression
    end: int


class Matches(msgspec.Struct, frozen=True, gc=False):
    """``claims['claim'] matches 'operand'``: the whole value fits the pattern."""

    operator: ClassVar[str] = "matches"
    claim: str
    glob: Glob
    start: int  # the clause is text[start:end] of its expression
    end: int

    @property
    def operand(self) -> str:
        """The pattern as a value, quotes undoubled."""
        return self.glob.pattern


Clause = Equals | Matches


class Expression(msgspec.Struct, frozen=True, gc=False):
    """Clauses that must all hold; at least one. Only ``parse`` makes it; ``text`` is what is stored and sent back."""

    text: str
    language_version: int
    clauses: tuple[Clause, ...]


def names(expression: Expression) -> frozenset[str]:
    """Name the claims that the expression looks at."""
    return frozenset(clause.claim for clause in expression.clauses)
