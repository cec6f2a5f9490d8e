"""The grammar of version 1, exactly, as Entra ID has it; one function per rule.

    expr   = clause *( " and " clause )
    clause = "claims['" NAME "']" " " ( "eq" / "matches" ) " " "'" COMPARAND "'"

No other space, no ``or``, no ``ne``, no parentheses, no access into objects. ``''`` in a comparand is one quote.
"""

from typing import Final, Literal, cast

from accredit.trust.expression import glob
from accredit.trust.expression.tokens import Cursor
from accredit.trust.expression.tree import Atom, Group, Node

OPERATORS: Final = ("eq", "matches")


def read(text: str) -> Node:
    """Read an expression, compile its patterns. EXPRESSION_SYNTAX: another grammar."""
    cursor = Cursor(text)
    clauses = [_clause(cursor)]
    while not cursor.ended:
        _conjunction(cursor)
        clauses.append(_clause(cursor))
    return clauses[0] if len(clauses) == 1 else Group("and", tuple(clauses), 0, cursor.at)


def _conjunction(cursor: Cursor) -> None:
    if not cursor.text.startswith(" and ", cursor.at):
        cursor.refuse('" and " or the end')
    cursor.literal(" and ")


def _clause(cursor: Cursor) -> Atom:
    start = cursor.at
    cursor.literal("claims['")
    claim = cursor.name()
    cursor.literal("']")
    cursor.literal(" ")
    operator = cast("Literal['eq', 'matches']", cursor.literal(*OPERATORS))
    cursor.literal(" ")
    operand = cursor.quoted()
    pattern = glob.parse(operand, 1) if operator == "matches" else None
    return Atom((claim,), operator, operand, pattern, start, cursor.at)
