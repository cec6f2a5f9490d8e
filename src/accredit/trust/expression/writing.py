"""An expression as text, in the one spelling that is canonical: single spaces, and parentheses where they are needed.

What is written is read as what it was written from, and a text of version 1 is written as it stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from accredit.trust.expression.tree import Atom, Expression, Group

if TYPE_CHECKING:
    from accredit.trust.expression.tree import Node, Operand, Operator, Scalar


def write(expression: Expression) -> str:
    """Return the canonical text of an expression."""
    return spell(expression.root)


def spell(node: Node) -> str:
    """Return the canonical text of a node."""
    if isinstance(node, Atom):
        return condition(node.path, node.operator, node.operand)
    return f" {node.kind} ".join(_part(each, node) for each in node.parts)


def condition(path: tuple[str, ...], operator: Operator, operand: Operand = None) -> str:
    """Return one condition; texts are quoted here, and nowhere else. ``operand`` as an ``Atom`` has it."""
    if operator == "exists":
        return f"exists({place(path)})"
    if isinstance(operand, tuple):
        return f"{place(path)} {operator} [{', '.join(map(_scalar, operand))}]"
    return f"{place(path)} {operator} {'' if operand is None else _scalar(operand)}"


def place(path: tuple[str, ...]) -> str:
    """Return a claim as an expression names it: ``claims['kubernetes.io']['namespace']``."""
    return "claims" + "".join(f"['{name}']" for name in path)


def _part(node: Node, group: Group) -> str:
    alone = isinstance(node, Atom) or (node.kind, group.kind) == ("and", "or")
    return spell(node) if alone else f"({spell(node)})"


def _scalar(value: Scalar) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value).lower()
