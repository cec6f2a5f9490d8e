"""The grammar of version 1, exactly; one function per rule.

    expr   = clause *( " and " clause )
    clause = "claims['" NAME "']" " " ( "eq" / "matches" ) " " "'" COMPARAND "'"

No other space, no ``or``, no ``ne``, no parentheses, no access into objects. ``''`` in a comparand is one quote.
"""

from accredit.errors import EXPRESSION_SYNTAX, Refused
from accredit.trust.expression import glob
from accredit.trust.expression.tokens import Cursor
from accredit.trust.expression.tree import Clause, Equals, Expression, Matches

LANGUAGE_VERSION = 1
LONGEST_TEXT = 4096  # characters


def parse(text: str, language_version: int = LANGUAGE_VERSION) -> Expression:
    """Read an expression, compile its patterns; EXPRESSION_SYNTAX: another version, a long text, another grammar."""
    if language_version != LANGUAGE_VERSION:
        reason = f"Language version {language_version} is not known; the language version must be {LANGUAGE_VERSION}"
        raise Refused(EXPRESSION_SYNTAX, reason=reason, expression=text)
    if len(text) > LONGEST_TEXT:
        reason = f"The expression is {len(text)} characters long; {LONGEST_TEXT} is the most"
        raise Refused(EXPRESSION_SYNTAX, reason=reason, expression=text)
    cursor = Cursor(text)
    clauses = [_clause(cursor)]
    while not cursor.ended:
        _conjunction(cursor)
        clauses.append(_clause(cursor))
    return Expression(text, language_version, tuple(clauses))


def _conjunction(cursor: Cursor) -> None:
    if not cursor.text.startswith(" and ", cursor.at):
        cursor.refuse('" and " or the end')
    cursor.literal(" and ")


def _clause(cursor: Cursor) -> Clause:
    start = cursor.at
    cursor.literal("claims['")
    claim = cursor.name()
    cursor.literal("']")
    cursor.literal(" ")
    operator = cursor.literal(Equals.operator, Matches.operator)
    cursor.literal(" ")
    operand = cursor.quoted()
    if operator == Equals.operator:
        return Equals(claim, operand, start, cursor.at)
    return Matches(claim, glob.parse(operand), start, cursor.at)
