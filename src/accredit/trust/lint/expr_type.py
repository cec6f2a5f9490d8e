"""FIC-EXPR-TYPE: a comparison with a value of another type than the claim has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.expression import Atom
    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-EXPR-TYPE",
    level="error",
    title="A value of another type",
    why="Types are compared exactly: the text '1' is not the number 1, and true is not 'true'. The clause is never"
    " true.",
    remedy="Write the value as the platform does: texts in quotes, numbers, true and false without, lists with"
    " contains.",
    before="claims['runner_id'] eq '1'",
    after="claims['runner_id'] eq 1 (language version 2)",
)
_TYPES: Final = {bool: "boolean", int: "integer", str: "string"}  # of an operand
_ARTICLES: Final = {"integer": "an integer", "object": "an object"}


def check(linted: Linted) -> Iterator[Finding]:
    """Tell each clause that the ledger of the platform's claims contradicts."""
    preset, expression = linted.preset, linted.expression
    if preset is None or expression is None:
        return
    for atom in expression.atoms:
        claim = preset.claim(atom.path)
        if claim is not None and (asked := _asked(atom, claim.type)):
            said = f"{'.'.join(atom.path)} is {_some(claim.type)} in tokens; the clause asks for {asked}."
            yield RULE.finding(linted, "claimsMatchingExpression", said, at=(atom.start, atom.end))


def _asked(atom: Atom, sent: str) -> str:
    """Say what a clause asks for that a claim of type ``sent`` never is; empty when it can be."""
    if atom.operator == "exists":
        return ""
    if atom.operator == "contains":
        return "" if sent == "list" else "a list"
    if atom.operator == "matches":
        return "" if sent == "string" else "a string"
    operands = atom.operand if isinstance(atom.operand, tuple) else (atom.operand,)
    types = {_TYPES[type(each)] for each in operands if each is not None}
    return "" if sent in types else " or ".join(_some(each) for each in sorted(types))


def _some(kind: str) -> str:
    return _ARTICLES.get(kind, f"a {kind}")
