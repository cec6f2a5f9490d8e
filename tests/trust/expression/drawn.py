"""Expressions of version 2 as hypothesis draws them, and claims to hold beside them."""

from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from accredit.trust.expression import Atom, Node, parse
from accredit.trust.expression.glob import tokens

NAMES = st.sampled_from(["sub", "a", "it\u00e4"])
PATHS = NAMES.map(lambda name: (name,)) | st.lists(NAMES, min_size=1, max_size=3).map(tuple)
TEXTS = st.sampled_from(["", "a", "A", "a/b", "it's"]) | st.text("aAb/:@*?\\'", max_size=4)
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


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """An expression, and claims of which some are as it wants them."""
    text, claims = draw(EXPRESSIONS), draw(CLAIMS)
    for atom in parse(text, 2).atoms:
        if draw(st.booleans()):
            place(claims, atom.path, answer(atom))
    return text, claims


def place(claims: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Put a value at a path, through whatever stands in the way."""
    for name in path[:-1]:
        if not isinstance(claims.get(name), dict):
            claims[name] = {}
        claims = claims[name]
    claims[path[-1]] = value


def answer(atom: Atom) -> Any:
    """A value of which an atom holds."""
    if atom.glob is not None:
        return "".join(each.symbol if len(each.symbol) == 1 else "a" for each in tokens(atom.glob.pattern, 2))
    first = atom.operand[0] if isinstance(atom.operand, tuple) else atom.operand
    if atom.operator in {"ne", "not in"}:
        return {str: "other", int: 77, bool: not first}[type(first)]
    return [first] if atom.operator == "contains" else 1 if first is None else first
