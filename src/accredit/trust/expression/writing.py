"""An expression as text, in the one spelling that is canonical: single spaces, and parentheses where they are needed.

What is written is read as what it was written from, and a text of version 1 is written as it stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from accredit.trust.expression.tree import Atom, Expression, Group

if TYPE_CHECKING:
    from accredit.trust.expression.tree import Node, Scalar


def write(expression: Expression) -> str:
    """Return the canonical text of an expression."""
    return spell(expression.root)


def spell(node: Node) -> str:
    """Return the canonical text of a node."""
    if isinstance(node, Atom):
        return _atom(node)
    return f" {node.kind} ".join(_part(each, node) for each in node.parts)


def _part(node: Node, group: Group) -> str:
    alone = isinstance(node, Atom) or (node.kind, group.kind) == ("and", "or")
    return spell(node) if alone else f"({spell(node)})"


def _atom(atom: Atom) -> str:
    path = "claims" + "".join(f"['{name}']" for name in atom.path)
    if atom.operator == "exists":
        return f"exists({path})"
    if isinstance(atom.operand, tuple):
        return f"{path} {atom.operator} [{', '.join(map(_scalar, atom.operand))}]"
    return f"{path} {atom.operator} {'' if atom.operand is None else _scalar(atom.operand)}"


def _scalar(value: Scalar) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value).lower()
