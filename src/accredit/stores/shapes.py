"""What the rows of our tables look like: how a row that was found without its table is told where it belongs."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from accredit.stores.pagefile import Values

_TYPES: Final[Mapping[str, type]] = {"INTEGER": int, "BIGINT": int, "BOOLEAN": int, "TEXT": str, "BLOB": bytes}


@dataclass(frozen=True, slots=True)
class Column:
    """One column as it stands in a record. ``number``: it is the row's number, and the record itself leaves it out."""

    name: str
    type: type
    needed: bool
    number: bool

    def holds(self, value: object) -> bool:
        """Whether the column may hold a value."""
        if value is None:
            return self.number or not self.needed
        return isinstance(value, self.type) and not self.number


@dataclass(frozen=True, slots=True)
class Shape:
    """A table: its columns in the order of its records."""

    table: str
    columns: tuple[Column, ...]
    rows_have_numbers: bool  # else its tree is an index

    def fits(self, values: Values) -> bool:
        """Whether a record may be one of this table; columns that were added after it was written are missing in it."""
        missing = self.columns[len(values) :]
        return (
            len(values) <= len(self.columns)
            and not any(each.needed for each in missing)
            and all(column.holds(value) for column, value in zip(self.columns, values, strict=False))
        )

    def row(self, number: int, values: Values) -> Values:
        """Return a record with every column, the row's number included."""
        whole = (*values, *(None,) * (len(self.columns) - len(values)))
        return tuple(number if column.number else value for column, value in zip(self.columns, whole, strict=True))


def shapes(statements: Iterable[str]) -> dict[str, Shape]:
    """Return the tables that ``CREATE TABLE`` statements make, by name."""
    with closing(sqlite3.connect(":memory:")) as made:
        for each in statements:
            made.execute(each)
        tables = made.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
        return {name: _shape(made, name, sql) for name, sql in tables}


def _shape(made: sqlite3.Connection, table: str, sql: str) -> Shape:
    found = made.execute(f"PRAGMA table_info({table})").fetchall()
    keys = [each for each in found if each[5]]
    apart = "WITHOUT ROWID" in sql.upper()
    if apart:  # the key comes first
        found = [*sorted(keys, key=lambda each: int(each[5])), *(each for each in found if not each[5])]
    columns = [
        Column(
            name=name,
            type=_type(kind),
            needed=bool(needed),
            number=not apart and len(keys) == 1 and bool(key) and kind.upper() == "INTEGER",
        )
        for _, name, kind, needed, _, key in found
    ]
    return Shape(table, tuple(columns), rows_have_numbers=not apart)


def _type(declared: str) -> type:
    return _TYPES.get(declared.upper().partition("(")[0], str)


def belongs(candidates: Sequence[Shape], values: Values) -> Shape | None:
    """Return the one table that a record may be of; ``None`` when there is none or more than one."""
    found = [each for each in candidates if each.fits(values)]
    return found[0] if len(found) == 1 else None


def insertion(shape: Shape) -> str:
    """Return the statement that adds a row, unless there is one of its key."""
    names = ", ".join(f'"{each.name}"' for each in shape.columns)
    marks = ", ".join("?" * len(shape.columns))
    return f"INSERT OR IGNORE INTO {shape.table} ({names}) VALUES ({marks})"  # noqa: S608  our own names
