"""A condition to the text of a ``$filter``, for our own client: ``read_filter`` reads it back as the same condition."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, assert_never

from accredit.query import ITSELF, And, Any, Compare, Condition, Not, OneOf, Or, Scalar, StartsWith

_VARIABLE: Final = "x"


def write_filter(condition: Condition) -> str:  # noqa: PLR0911  one line for each form of a condition
    """Write a condition. Its names must be Graph's, its times aware; it is not yet encoded for a URL."""
    match condition:
        case And(terms):
            return " and ".join(_nested(each) for each in terms)
        case Or(terms):
            return " or ".join(_nested(each) for each in terms)
        case Not(term):
            return f"not({write_filter(term)})"
        case Any(name, inner):
            return f"{name}/any({'' if inner is None else f'{_VARIABLE}:{write_filter(inner)}'})"
        case OneOf(name, values):
            return f"{_named(name)} in ({','.join(_literal(each) for each in values)})"
        case StartsWith(name, prefix):
            return f"startswith({_named(name)},{_literal(prefix)})"
        case Compare(name, operator, value):
            return f"{_named(name)} {operator} {_literal(value)}"
        case _:
            assert_never(condition)


def _nested(condition: Condition) -> str:
    text = write_filter(condition)
    return f"({text})" if isinstance(condition, And | Or) else text


def _named(name: str) -> str:
    return _VARIABLE if name == ITSELF else name


def _literal(value: Scalar) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)
