"""From version 1 to version 2: the same meaning in the other spelling, wherever there is one.

Law: what has no ``?`` means the same afterwards. ``?`` takes no delimiter in version 2: what has one is narrowed, and
named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from accredit.trust.expression import glob
from accredit.trust.expression.grammar import parse
from accredit.trust.expression.tree import Atom, Expression, Group
from accredit.trust.expression.writing import spell

if TYPE_CHECKING:
    from accredit.trust.expression.tree import Node

_SPELT: Final = {glob.FREE: "**", glob.ANY: "?"}


class Translation(msgspec.Struct, frozen=True, gc=False):
    """An expression of version 2, and those conditions of the original that take less there."""

    expression: Expression
    narrowed: tuple[str, ...] = ()


def to_version_2(expression: Expression) -> Translation:
    """Translate; what is of version 2 stays. EXPRESSION_SYNTAX: it is beyond a bound, or asks for a reserved claim."""
    if expression.language_version != 1:
        return Translation(expression)
    narrowed = tuple(expression.text[each.start : each.end] for each in expression.atoms if _narrows(each))
    return Translation(parse(spell(_translated(expression.root)), 2), narrowed)


def _narrows(atom: Atom) -> bool:
    return atom.glob is not None and "?" in atom.glob.pattern


def _translated(node: Node) -> Node:
    if isinstance(node, Group):
        return replace(node, parts=tuple(map(_translated, node.parts)))
    return node if node.glob is None else replace(node, operand=_pattern(node.glob.pattern))


def _pattern(pattern: str) -> str:
    written, last = "", ""
    for symbol, _, _ in glob.tokens(pattern, 1):
        if (symbol, last) != (glob.FREE, glob.FREE):  # two stars are one; three in a row would be none
            written += _SPELT.get(symbol) or glob.escaped(symbol)
        last = symbol
    return written
