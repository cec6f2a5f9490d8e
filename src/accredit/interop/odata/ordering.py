"""``$orderby`` and ``$search``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, cast

from accredit.errors import QUERY_SYNTAX, QUERY_UNSUPPORTED, Refused
from accredit.query import And, Condition, Or, Order, StartsWith, fold

if TYPE_CHECKING:
    from collections.abc import Collection

    from lark import Token, Tree

    from accredit.interop.odata.parsing import Node

_ESCAPED: Final = re.compile(r"\\(.)")


def read_orderby(text: str, *, kind: str) -> Order:
    """Read ``name``, ``name asc`` or ``name desc``: one property, for things of ``kind``; a second is not served."""
    from accredit.interop.odata import parsing  # noqa: PLC0415  see read_filter

    first, *others = cast("Tree[Token]", parsing.parse(text, "orderby")).children
    if others:
        raise Refused(QUERY_UNSUPPORTED, property=str(cast("Tree[Token]", others[0]).children[0]), kind=kind)
    name, *direction = cast("Tree[Token]", first).children
    return Order(str(name), descending=bool(direction))


def read_search(text: str, *, kind: str, searched: Collection[str]) -> Condition:
    """Read ``"displayName:text"``, several of them with AND and OR between.

    Microsoft Graph finds a text whose words begin with the words that are searched for. Here the property begins with
    the text as a whole (assumed to be what programs search for, which look for a name by its beginning): less is found
    than there, and never anything else. Raises ``Refused``: QUERY_SYNTAX, or QUERY_UNSUPPORTED for a property that is
    not among ``searched``.
    """
    from accredit.interop.odata import parsing  # noqa: PLC0415  see read_filter

    return _search(parsing.parse(text, "search"), kind, searched)


def _search(node: Node, kind: str, searched: Collection[str]) -> Condition:
    if hasattr(node, "children"):
        tree = cast("Tree[Token]", node)
        terms = tuple(_search(each, kind, searched) for each in tree.children)
        return And(terms) if tree.data == "search_and" else Or(terms)
    name, colon, wanted = _ESCAPED.sub(r"\1", str(node)[1:-1]).partition(":")
    if not colon or not wanted.strip():
        raise Refused(QUERY_SYNTAX, option="search", reason=f'{node} does not have the form "property:text"')
    if fold(name) not in map(fold, searched):
        raise Refused(QUERY_UNSUPPORTED, property=name, kind=kind)
    return StartsWith(name, wanted.strip())
