"""FIC-EXPR-QUOTE: a doubled quote in an expression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-EXPR-QUOTE",
    level="info",
    title="A quote within a value",
    why="How Entra ID writes a quote within a value is one sentence of its documentation that can be read in two"
    " ways. Here two quotes are one; there the same text may be refused or may mean another value.",
    remedy="Do without quotes in what is compared, where the expression must also hold in Entra ID.",
    before="claims['sub'] matches 'repo:o/r:environment:it''s'",
    after="claims['sub'] matches 'repo:o/r:environment:it?s'",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Tell the first place; version 2 of the language is ours, and its rule is clear."""
    expression = linted.expression
    if expression is None or expression.language_version != 1:
        return
    for atom in expression.atoms:
        if isinstance(atom.operand, str) and "'" in atom.operand:
            said = f"{atom.operand} has a quote in it, written as two."
            yield RULE.finding(linted, "claimsMatchingExpression", said, at=(atom.start, atom.end))
            return
