"""Expressions of version 2 as hypothesis draws them, and claims to hold beside them."""

from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from accredit.trust.expression import Atom, Node

NAMES = st.sampled_from(["sub", "a", "b", "it\u00e4"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(tuple)
TEXTS = st.text("aAb/:@*?\\'", max_size=4)
INTEGERS = st.integers(-2, 2) | st.sampled_from([2**53 - 1])
SCALARS = TEXTS | INTEGERS | st.booleans()
SYMBOLS = ["a", "A", "b", "/", ":", "@", "?", "*", "**", r"\*", r"\?", r"\\", "'"]
PATTERNS = (
    st.lists(st.sampled_from(SYMBOLS), max_size=6)
    .filter(lambda symbols: not any({*pair} <= {"*", "**"} for pair in pairwise(symbols)))
    .map("".join)
)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def scalar(value: str | int) -> str:
    return quoted(value) if isinstance(value, str) else str(value).lower()


def spelt(path: tuple[str, ...]) -> str:
    return "claims" + "".join(f"['{name}']" for name in path)


ATOMS = st.one_of(
    st.builds(
        lambda path, sign, value: f"{spelt(path)} {sign} {scalar(value)}",
        PATHS,
        st.sampled_from(["eq", "ne", "contains"]),
        SCALARS,
    ),
    st.builds(
        lambda path, sign, values: f"{spelt(path)} {sign} [{', '.join(map(scalar, values))}]",
        PATHS,
        st.sampled_from(["in", "not in"]),
        st.lists(SCALARS, min_size=1, max_size=3),
    ),
    st.builds(lambda path, pattern: f"{spelt(path)} matches {quoted(pattern)}", PATHS, PATTERNS),
    PATHS.map(lambda path: f"exists({spelt(path)})"),
)
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.builds(
        lambda kind, parts: "(" + f" {kind} ".join(parts) + ")",
        st.sampled_from(["and", "or"]),
        st.lists(inner, min_size=2, max_size=3),
    ),
    max_leaves=5,
).map(lambda text: text[1:-1] if text.startswith("(") else text)
"""Texts of version 2."""

JSON = st.recursive(
    SCALARS | st.floats(allow_nan=False) | st.sampled_from([1.0, 0.0]) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
CLAIMS = st.dictionaries(NAMES, JSON)


def shape(node: Node) -> Any:
    """A node without its places."""
    if isinstance(node, Atom):
        return (node.path, node.operator, node.operand)
    return (node.kind, *map(shape, node.parts))


def spelling(node: Node) -> str:
    """The shape as a text, in which true is not 1."""
    return repr(shape(node))
