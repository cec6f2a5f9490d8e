"""The grammar at work: text to syntax trees. The only file that knows lark, and not imported before it is needed."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Final, Literal, cast

from lark import Lark, Token, Tree, UnexpectedCharacters, UnexpectedToken

from accredit.errors import QUERY_SYNTAX, Refused

Option = Literal["filter", "orderby", "search"]
Node = Tree[Token] | Token

LONGEST: Final = 8_192  # characters of one option
MOST_TOKENS: Final = 500  # words, values and signs: some two milliseconds of reading, whatever they mean
DEEPEST: Final = 50  # conditions inside each other; parentheses that group nothing count for nothing
MOST_TERMS: Final = 200  # parts of comparisons, and values, in all
MOST_CONDITIONS: Final = 20  # comparisons, lists, calls, ``any`` and searches: a store pays for each. Graph takes 15

_CONDITIONS: Final = frozenset({"comparison", "membership", "some", "every", "call"})
_TOKEN: Final = re.compile(r"""'[^']*'|"[^"]*"|[^ \t'"(),:]+|[^ \t]""")

_VALUE: Final = frozenset({"TEXT", "GUID", "TIME", "DATE", "NUMBER", "TRUE", "FALSE", "NULL"})
_WORDS: Final = {
    "PATH": "a property",
    "FUNCTION": "a function",
    "OPERATOR": "an operator",
    "VARIABLE": "a variable",
    "QUOTED": "a text in double quotes",
    "_NOT": "'not'",
    "_AND": "'and'",
    "_OR": "'or'",
    "_IN": "'in'",
    "_ANY": "'/any('",
    "_ALL": "'/all('",
    "_ASC": "'asc'",
    "DESC": "'desc'",
    "LPAR": "'('",
    "RPAR": "')'",
    "COLON": "':'",
    "COMMA": "','",
    "$END": "the end",
} | dict.fromkeys(_VALUE, "a value")


def parse(text: str, option: Option) -> Node:
    """Parse the value of ``$option``. Raises ``Refused(QUERY_SYNTAX)`` that says what is wrong, and where."""
    if len(text) > LONGEST:
        raise Refused(QUERY_SYNTAX, option=option, reason=f"it is longer than {LONGEST} characters")
    if next(islice(_TOKEN.finditer(text), MOST_TOKENS, None), None) is not None:  # told before it costs anything
        raise Refused(QUERY_SYNTAX, option=option, reason=f"it has more than {MOST_TOKENS} words and signs")
    try:
        tree: Node = _parser().parse(text, start=option)
    except (UnexpectedToken, UnexpectedCharacters) as error:
        reason = _reason(text, error)
    else:
        _refuse_excess(tree, option)
        return tree
    raise Refused(QUERY_SYNTAX, option=option, reason=reason)


@cache
def _parser() -> Lark:
    """Build the tables: some 30 ms, once."""
    grammar = files(__package__).joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", start=["filter", "orderby", "search"], maybe_placeholders=False)


def _reason(text: str, error: UnexpectedToken | UnexpectedCharacters) -> str:
    """Say where reading stopped and what could have stood there. The first character is number 1."""
    if isinstance(error, UnexpectedCharacters):
        wanted, at = error.allowed, cast("int", error.pos_in_stream)  # lark's own types say None
        found = f"'{text[at]}'"
    elif error.token.type == "$END":
        wanted, at, found = error.expected, len(text), "the end"
    else:
        wanted, at, found = error.expected, error.token.start_pos or 0, f"'{error.token}'"
    words = sorted({_WORDS[each] for each in wanted})
    return f"{found} at character {at + 1}, expected {' or '.join(words)}"


def _refuse_excess(tree: Node, option: Option) -> None:
    """Bound what is made of the tree, which later code walks by recursion. This walk has a list for a stack."""
    terms, conditions, todo = 0, 0, [(tree, 1)]
    while todo:
        node, depth = todo.pop()
        if not isinstance(node, Tree):
            continue
        if depth > DEEPEST:
            raise Refused(QUERY_SYNTAX, option=option, reason=f"it is nested deeper than {DEEPEST}")
        terms += len(node.children)
        conditions += (node.data in _CONDITIONS) + sum(getattr(each, "type", "") == "QUOTED" for each in node.children)
        todo.extend((child, depth + 1) for child in node.children)
    if terms > MOST_TERMS:
        raise Refused(QUERY_SYNTAX, option=option, reason=f"it has more than {MOST_TERMS} terms")
    if conditions > MOST_CONDITIONS:
        raise Refused(QUERY_SYNTAX, option=option, reason=f"it has more than {MOST_CONDITIONS} conditions")
