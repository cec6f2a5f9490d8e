"""What a parsed expression is made of. Values only: how they read is the grammar's, what they mean the evaluator's."""

from __future__ import annotations

from itertools import chain, product
from math import prod
from typing import TYPE_CHECKING, Literal

import msgspec

from accredit.trust.expression.glob import Glob

if TYPE_CHECKING:
    from collections.abc import Iterator

Scalar = str | int | bool
Operand = Scalar | tuple[Scalar, ...] | None
Operator = Literal["eq", "ne", "in", "not in", "matches", "contains", "exists"]


class Atom(msgspec.Struct, frozen=True, gc=False):
    """One question about one claim. A path of several names goes into objects: each name is a member of the last."""

    path: tuple[str, ...]  # at least one name; version 1 has exactly one
    operator: Operator
    operand: Operand  # a list for ``in`` and ``not in``, nothing for ``exists``; quotes undoubled
    glob: Glob | None  # the operand of ``matches``, compiled
    start: int  # the atom is text[start:end] of its expression
    end: int

    @property
    def claim(self) -> str:
        """The member of the token that it looks at, or into."""
        return self.path[0]


class Group(msgspec.Struct, frozen=True, gc=False):
    """What must all hold, or of which one must; at least two, and none of them a group of the same kind."""

    kind: Literal["and", "or"]
    parts: tuple[Node, ...]
    start: int  # from its first part to its last: parentheses around it are not counted
    end: int


Node = Atom | Group
Branch = tuple[Atom, ...]


class Expression(msgspec.Struct, frozen=True, gc=False):
    """A text and what it means. Only the parser makes it; ``text`` is what is stored and sent back."""

    text: str
    language_version: int
    root: Node

    @property
    def atoms(self) -> tuple[Atom, ...]:
        """Return every atom, in the order of the text."""
        return tuple(leaves(self.root))

    def branches(self) -> tuple[Branch, ...]:
        """Return the disjunctive form: it holds when all atoms of one branch do. At most 64; one in version 1.

        An ``in`` is as many branches as its list has elements, each of them an ``eq``.
        """
        return _branches(self.root)


def names(expression: Expression) -> frozenset[str]:
    """Name the claims that the expression looks at, or into."""
    return frozenset(atom.claim for atom in leaves(expression.root))


def leaves(node: Node) -> Iterator[Atom]:
    """Yield the atoms below a node, in the order of the text."""
    if isinstance(node, Atom):
        yield node
        return
    for part in node.parts:
        yield from leaves(part)


def width(node: Node) -> int:
    """Return how many branches a node has, without making them."""
    if isinstance(node, Atom):
        return len(node.operand) if node.operator == "in" and isinstance(node.operand, tuple) else 1
    widths = map(width, node.parts)
    return prod(widths) if node.kind == "and" else sum(widths)


def _branches(node: Node) -> tuple[Branch, ...]:
    if isinstance(node, Atom):
        return tuple((each,) for each in _alternatives(node))
    found = [_branches(part) for part in node.parts]
    if node.kind == "or":
        return tuple(chain.from_iterable(found))
    return tuple(tuple(chain.from_iterable(choice)) for choice in product(*found))


def _alternatives(atom: Atom) -> tuple[Atom, ...]:
    if atom.operator != "in" or not isinstance(atom.operand, tuple):
        return (atom,)
    return tuple(Atom(atom.path, "eq", element, None, atom.start, atom.end) for element in atom.operand)
