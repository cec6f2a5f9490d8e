"""A second matcher, as slow and as plain as can be: what an expression means, said with regular expressions."""

import re
from collections.abc import Mapping
from typing import Any

from accredit.trust.expression import Atom, Expression, Node

WILD_1 = {"*": r"[\s\S]*", "?": r"[\s\S]"}
WILD_2 = {"**": r"[\s\S]*", "*": "[^/:@]*", "?": "[^/:@]"}


def holds(expression: Expression, claims: Mapping[str, Any]) -> bool:
    """Whether an expression is true of claims."""
    return _node(expression.root, claims, expression.language_version)


def _node(node: Node, claims: Mapping[str, Any], version: int) -> bool:
    if isinstance(node, Atom):
        return _atom(node, claims, version)
    found = [_node(part, claims, version) for part in node.parts]
    return all(found) if node.kind == "and" else any(found)


def _atom(atom: Atom, claims: Mapping[str, Any], version: int) -> bool:
    value: Any = claims
    for name in atom.path:
        value = value.get(name) if isinstance(value, dict) else None
    if value is None:
        return False
    operand = atom.operand
    alike = [_same(value, each) for each in (operand if isinstance(operand, tuple) else (operand,))]
    answers = {
        "exists": True,
        "eq": any(alike),
        "in": any(alike),
        "ne": _scalar(value, operand) and not any(alike),
        "not in": isinstance(value, str | int) and not any(alike),
        "contains": isinstance(value, list) and any(_same(each, operand) for each in value),
        "matches": isinstance(value, str) and isinstance(operand, str) and _fits(operand, value, version),
    }
    return answers[atom.operator]


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _scalar(value: Any, operand: Any) -> bool:
    return type(value) is type(operand)


def _fits(pattern: str, value: str, version: int) -> bool:
    parts = re.findall(r"\\.|\*\*|[\s\S]", pattern) if version > 1 else list(pattern)
    wild = WILD_2 if version > 1 else WILD_1
    text = "".join(wild.get(each) or re.escape(each[-1]) for each in parts)
    return re.fullmatch(text, value) is not None
