"""Whether Entra ID can hold an expression, and what is written there.

Rule 1: what is written there takes no token that is not taken here, unless whoever asks allows it to.
Rule 2: an expression that holds if one of several conditions does becomes as many credentials as it has branches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.errors import INPUT_INVALID, Refused
from accredit.trust.expression import glob
from accredit.trust.expression.allowed import objections
from accredit.trust.expression.writing import condition, place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.expression.tree import Atom, Branch, Expression

MOST: Final = 20  # credentials of one application in Entra ID
_OPERATORS: Final = ("eq", "matches")
_SPELT: Final = {glob.FREE: "*", glob.RUN: "*", glob.ONE: "?"}


def not_portable(expression: Expression, issuer: str) -> tuple[str, ...]:
    """Return a sentence for everything that keeps the expression from Entra ID; nothing: ``to_entra`` writes it."""
    return _unique(_reasons(expression, issuer, allow_widening=False))


def to_entra(expression: Expression, issuer: str, *, allow_widening: bool = False) -> tuple[str, ...]:
    """Write the expression in version 1, a text for each credential that it takes. INPUT_INVALID: not portable.

    With ``allow_widening`` a wildcard that stops at delimiters is written as one that does not.
    """
    if reasons := _unique(_reasons(expression, issuer, allow_widening=allow_widening)):
        raise Refused(INPUT_INVALID, what="As an expression of Entra ID, this one", reason="; ".join(reasons))
    if expression.language_version == 1:
        return (expression.text,)
    return _unique(" and ".join(map(_written, branch)) for branch in expression.branches())


def _reasons(expression: Expression, issuer: str, *, allow_widening: bool) -> Iterator[str]:
    if expression.language_version == 1:
        yield from objections(expression.atoms, issuer)
        return
    branches = expression.branches()
    if len(branches) > MOST:
        yield f"it would be {len(branches)} credentials there; an application has at most {MOST}"
    for branch in branches:
        yield from _of_branch(branch, issuer, allow_widening=allow_widening)


def _of_branch(branch: Branch, issuer: str, *, allow_widening: bool) -> Iterator[str]:
    plain = []
    for atom in branch:
        if len(atom.path) > 1:
            yield f"Entra ID does not look into objects, as {place(atom.path)} does"
        elif atom.operator not in _OPERATORS:
            yield f"Entra ID has eq and matches, and nothing like {atom.operator} on {atom.claim}"
        else:
            plain.append(atom)
            yield from _of_operand(atom, allow_widening=allow_widening)
    yield from objections(tuple(plain), issuer)


def _of_operand(atom: Atom, *, allow_widening: bool) -> Iterator[str]:
    if not isinstance(atom.operand, str):
        yield f"Entra ID compares texts only, and {atom.claim} is compared with {str(atom.operand).lower()}"
    elif not atom.operand:
        yield f"Entra ID compares with nothing empty, as {atom.claim} is"
    elif "'" in atom.operand:
        yield f"how Entra ID reads a quote in a text, as that of {atom.claim}, is not documented"
    if atom.glob is None:
        return
    if glob.ESCAPE in atom.glob.pattern:
        yield f"Entra ID has no escape, as there is in the pattern of {atom.claim}"
    narrow = {"*": glob.RUN, "?": glob.ONE}
    symbols = {token.symbol for token in glob.tokens(atom.glob.pattern, 2)}
    for sign, symbol in narrow.items():
        if symbol in symbols and not allow_widening:
            yield f"{sign} in the pattern of {atom.claim} stops at / : @; in Entra ID it would not: trust would widen"


def _written(atom: Atom) -> str:
    operand = atom.operand
    if atom.glob is not None:
        operand = "".join(_SPELT.get(token.symbol, token.symbol) for token in glob.tokens(atom.glob.pattern, 2))
    return condition(atom.path, atom.operator, operand)


def _unique(texts: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
