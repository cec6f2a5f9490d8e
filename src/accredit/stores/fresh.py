"""A new database, made in one piece: nobody ever sees a half of it. Needs neither SQLAlchemy nor Alembic.

What it begins with is first built in memory, by the same functions as every other change, and copied in one go: this is
also the quick way to a large directory (2*10^5 credentials in seconds).
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from accredit.errors import STORE_BUSY, Refused
from accredit.stores import audits
from accredit.stores.encoding import SCHEMA, column
from accredit.stores.kept import body
from accredit.stores.kinds import KINDS, Kind
from accredit.stores.sqlite import connect

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from os import PathLike

    from accredit.stores.memory import MemoryRegistry

_UNFINISHED: Final = (  # nobody reads it yet, and what fails is thrown away
    "journal_mode = OFF",
    "synchronous = OFF",
    "foreign_keys = OFF",  # what is copied refers to what is copied
    "cache_size = -65536",  # KiB
)
_INDEX: Final = ("CREATE INDEX", "CREATE UNIQUE INDEX")
_PRIVATE: Final = 0o600  # the file holds sealed signing keys and hashes of secrets


def create(path: str | PathLike[str], contents: MemoryRegistry | None = None) -> None:
    """Make a database at ``path`` that holds ``contents``. Raises ``FileExistsError``, ``Refused(STORE_BUSY)``."""
    path = Path(path)
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _PRIVATE))
        try:
            _fill(unfinished, contents)
            os.link(unfinished, path)  # unlike a renaming, this never replaces a database that is there
        finally:
            unfinished.unlink()
        _sync(path.parent)
    except FileExistsError:
        raise
    except (OSError, sqlite3.OperationalError) as error:
        raise Refused(STORE_BUSY, reason=error) from error


def _fill(path: Path, contents: MemoryRegistry | None) -> None:
    with closing(connect(path)) as connection:
        for pragma in _UNFINISHED:
            connection.execute(f"PRAGMA {pragma}")
        statements = files("accredit.stores").joinpath("schema.sql").read_text("utf-8").split(";\n")
        indexes = [each for each in statements if each.startswith(_INDEX)]
        connection.execute("BEGIN IMMEDIATE")
        for statement in statements:
            if statement not in indexes:
                connection.execute(statement)
        connection.execute("INSERT INTO schema_version VALUES (?)", (SCHEMA,))
        connection.execute("INSERT INTO configuration VALUES (1, 0)")
        connection.execute("INSERT INTO signins_indexed VALUES (1, 0, 0, 0, 0)")
        if contents is not None:
            _copy(contents, connection)
        for statement in indexes:  # after the rows: an index is made faster than kept
            connection.execute(statement)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")
    with path.open("rb") as written:
        os.fsync(written.fileno())


def _copy(contents: MemoryRegistry, connection: sqlite3.Connection) -> None:
    for kind in KINDS:
        _insert(connection, kind.table, (_row(kind, value) for value in contents.everything(kind)))
        if owned := kind.owned:
            names = (row for value in contents.everything(kind) for row in map(_encoded, owned.rows(value)))
            _insert(connection, owned.table, names)
        if kind.elements:
            elements = (row for value in contents.everything(kind) for row in kind.element_rows(value))
            _insert(connection, kind.elements, elements)
    _insert(connection, "audits", map(audits.row, contents.audits))
    _insert(connection, audits.ELEMENTS, (row for each in contents.audits for row in audits.targets(each)))
    _insert(connection, "emitted_issuers", ({"issuer": each} for each in sorted(contents.emitted)))


def _row(kind: Kind[Any], value: Any) -> dict[str, Any]:  # noqa: ANN401  a value of the kind
    return kind.row(value) | {"revision": value.revision, "body": body(value)}


def _encoded(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: column(value) for name, value in row.items()}


def _insert(connection: sqlite3.Connection, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows as they stand in the table, all of which have the same columns."""
    remaining = iter(rows)
    if (first := next(remaining, None)) is None:
        return
    columns = ", ".join(f'"{name}"' for name in first)
    marks = ", ".join("?" * len(first))
    values = (tuple(row.values()) for row in chain((first,), remaining))
    connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", values)  # noqa: S608  our own names


def _sync(folder: Path) -> None:
    """Make the new name durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
