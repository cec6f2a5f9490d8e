"""Rows that refer to what is not there: a database is not handed over with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable


def leave_out(connection: sqlite3.Connection, tables: Iterable[str]) -> dict[str, int]:
    """Delete rows whose parent is not there, then theirs, in the transaction at hand; return how many of each table."""
    left_out = dict.fromkeys(tables, 0)
    again = True
    while again:
        again = False
        for table in left_out:
            for condition in _conditions(connection, table):
                gone = connection.execute(f"DELETE FROM {table} WHERE {condition}").rowcount  # noqa: S608  our own names
                left_out[table] += gone
                again = again or gone > 0
    return left_out


def _conditions(connection: sqlite3.Connection, table: str) -> list[str]:
    """Return a condition for each reference of a table: that what it refers to is not there."""
    references: dict[int, list[tuple[str, str, str]]] = {}
    for number, _, parent, mine, theirs, *_ in connection.execute(f"PRAGMA foreign_key_list({table})"):
        references.setdefault(number, []).append((parent, mine, theirs))
    found = []
    for pairs in references.values():
        parent = pairs[0][0]
        there = " AND ".join(f'"{parent}"."{theirs}" = "{table}"."{mine}"' for _, mine, theirs in pairs)
        given = " AND ".join(f'"{table}"."{mine}" IS NOT NULL' for _, mine, _ in pairs)
        found.append(f"{given} AND NOT EXISTS (SELECT 1 FROM {parent} WHERE {there})")  # noqa: S608  our own names
    return found
