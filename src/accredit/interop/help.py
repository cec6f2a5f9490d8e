"""What is told of a code or a rule to who asks for it: each row of the catalogue, each rule of lint, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.errors import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from accredit.errors import Move, Row
    from accredit.trust.lint import Rule

MOVES: Final[Mapping[Move, str]] = {
    "caller": "whoever sent the request",
    "operator": "whoever administers this authority",
    "outside": "the issuer, or the network on the way to it",
    "us": "this authority",
}
"""Whose move it is, in words."""
SOURCES: Final = {
    "V": "verified with Entra ID",
    "R": "reported by others",
    "A": "assumed",
    "": "accredit's own",
}
"""How it is known that Entra ID says so, by a row's mark."""
_RULE: Final = "FIC-"  # as every rule's id begins


def rows(wanted: str) -> list[Row]:
    """Return the rows of a code, as it is quoted or by its number; some have several texts."""
    return [row for row in CATALOGUE.values() if wanted.upper() in {row.label.upper(), str(row.code).upper()}]


def title(row: Row) -> str:
    """Return what a row is called, in words."""
    return row.name.lower().replace("_", " ")


def rules() -> Sequence[Rule]:
    """Return all rules of lint."""
    from accredit.trust.lint import RULES  # noqa: PLC0415  fifty files, which only who asks about a rule pays for

    return RULES


def rule(wanted: str) -> Rule | None:
    """Return the rule of lint that is meant, if it is one."""
    if not wanted.upper().startswith(_RULE):
        return None
    return next((each for each in rules() if each.id == wanted.upper()), None)
