"""All that is SQLite's own: how a file is opened, which schema it has, how transactions begin."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from accredit.errors import SCHEMA_UNKNOWN, STORE_BUSY, STORE_FOREIGN, STORE_MISSING, Refused
from accredit.stores.aside import Reader
from accredit.stores.encoding import SCHEMA, unheard
from accredit.stores.health import Damage, is_damage, plain, reason_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from os import PathLike
    from uuid import UUID

    from sqlalchemy import Connection, Engine

    from accredit.ports import Transaction
    from accredit.stores.encoding import Changed
    from accredit.stores.sql import SqlRegistry

__all__ = ["Sqlite", "SqliteRegistry", "connect", "db_status", "engine", "reason_of", "refuse_other_schema"]

_OURS: Final = b"CREATE TABLE signins"
_LOOKED_THROUGH: Final = 2**22  # bytes: the tables' names stand near the beginning
CHECKPOINT: Final = 4_000  # pages in the journal before they are moved: fewer moves of pages that change again at once
BUSY_TIMEOUT: Final = 5_000  # milliseconds that a write waits for another process's write to end


def connect(path: str | PathLike[str], *, busy_timeout: int = BUSY_TIMEOUT) -> sqlite3.Connection:
    """Open the database at ``path`` as every connection of ours is: durable, with references enforced, in autocommit.

    Transactions begin when we say BEGIN, and only then. Raises ``Refused(STORE_MISSING)``, ``Refused(STORE_BUSY)``.
    """
    uri = f"{Path(path).absolute().as_uri()}?mode=rw"
    try:
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    except sqlite3.OperationalError as error:
        if not Path(path).exists():
            raise Refused(STORE_MISSING, path=path) from error
        raise Refused(STORE_BUSY, reason=plain(error)) from error
    try:
        connection.execute(f"PRAGMA busy_timeout = {busy_timeout}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT}")
        connection.execute("PRAGMA foreign_keys = ON")
    except sqlite3.OperationalError as error:
        connection.close()
        raise Refused(STORE_BUSY, reason=plain(error)) from error
    except sqlite3.DatabaseError as error:
        connection.close()
        raise _unusable(path, error) from error
    return connection


def _unusable(path: str | PathLike[str], error: sqlite3.DatabaseError) -> Refused:
    foreign = error.sqlite_errorcode == sqlite3.SQLITE_NOTADB and not _was_ours(path)
    return Refused(STORE_FOREIGN, path=path) if foreign else reason_of(error)


def _was_ours(path: str | PathLike[str]) -> bool:
    """Whether our tables are named in a file whose beginning is not a database's: it is damaged, not another's."""
    try:
        with Path(path).open("rb") as file:
            return _OURS in file.read(_LOOKED_THROUGH)
    except OSError:
        return False


def db_status(path: str | PathLike[str]) -> tuple[str, str]:
    """Return the schema that the database has (``none``: an empty one) and the schema that this version needs.

    Raises ``Refused(STORE_FOREIGN)`` for another program's database, ``Refused(STORE_DAMAGED)``.
    """
    with closing(connect(path)) as connection:
        try:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "schema_version" not in tables:
                if tables:
                    raise Refused(STORE_FOREIGN, path=path)
                return "none", SCHEMA
            row = connection.execute("SELECT version_num FROM schema_version").fetchone()
        except sqlite3.DatabaseError as error:
            raise _unusable(path, error) from error
        return ("none" if row is None else str(row[0])), SCHEMA


def refuse_other_schema(path: str | PathLike[str]) -> None:
    """Raise ``Refused(SCHEMA_UNKNOWN)`` for a database with an older or newer schema than this version's."""
    found, needed = db_status(path)
    if found != needed:
        raise Refused(SCHEMA_UNKNOWN, found=found, needed=needed)


def engine(path: str | PathLike[str], *, busy_timeout: int = BUSY_TIMEOUT) -> Engine:
    """Return SQLAlchemy's engine over connections as ``connect`` opens them."""
    from sqlalchemy import QueuePool, create_engine  # noqa: PLC0415  0.2 s of CPU that the first token need not wait for

    return create_engine(
        "sqlite+pysqlite://",
        creator=lambda: connect(path, busy_timeout=busy_timeout),
        poolclass=QueuePool,  # several views at once, each with a connection of its own
        max_overflow=-1,  # never wait for a connection: whoever would give it back may be waiting for us
    )


class Sqlite:
    """How transactions begin: a change takes the right to write first, so that it never fails for it halfway."""

    def begin(self, connection: Connection, *, writing: bool) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
        if not writing:  # a view begins with the first read
            connection.exec_driver_sql("SELECT version FROM configuration")


class SqliteRegistry:
    """The ``Registry`` port over a SQLite file. SQLAlchemy is imported when it is used for the first time.

    A statement takes some ten microseconds, a commit a few milliseconds: they run where they are called, without a
    thread, but for what takes long to read (``accredit.stores.aside``). Raises ``Refused`` for a database that is
    missing (STORE_MISSING) or of another schema (SCHEMA_UNKNOWN).
    """

    def __init__(
        self,
        path: str | PathLike[str],
        changed: Changed = unheard,
        *,
        busy_timeout: int = BUSY_TIMEOUT,
        damage: Damage | None = None,
    ) -> None:
        refuse_other_schema(path)
        self._damage = damage or Damage()
        self._path = path
        self._busy_timeout = busy_timeout
        self._changed = changed
        self._registry: SqlRegistry | None = None
        self._idle: list[Reader] = []  # of views that have ended
        self._aside = ThreadPoolExecutor(1, "reading")  # one long question at a time; its thread starts with the first

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """Open a consistent view; what is written inside is refused."""
        from accredit.stores.sqlite_reading import viewed  # noqa: PLC0415  it knows all kinds of things

        reader = self._idle.pop() if self._idle else self._reader()
        try:
            with viewed(reader) as view:
                yield view
        except sqlite3.DatabaseError as error:
            self._damage.note(error)
            if isinstance(error, sqlite3.OperationalError) or is_damage(error):
                raise reason_of(error) from error
            raise
        finally:
            self._idle.append(reader)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a change: stored when the block ends, undone by an exception. Await nothing but the store inside."""
        self._damage.refuse_to_write()
        async with self._opened().transaction() as change:
            yield change

    async def changes(self, since: int) -> tuple[int, frozenset[UUID] | None]:
        """Return the version, and the keys of what changed after ``since``; ``None``: more than is remembered."""
        return await self._opened().changes(since)

    def close(self) -> None:
        """Let go of every connection."""
        self._aside.shutdown()
        while self._idle:
            self._idle.pop().connection.close()
        if self._registry is not None:
            self._registry.close()

    def _reader(self) -> Reader:
        return Reader(connect(self._path, busy_timeout=self._busy_timeout), self._aside)

    def _opened(self) -> SqlRegistry:
        if self._registry is None:
            from accredit.stores.sql import SqlRegistry  # noqa: PLC0415  see ``engine``

            self._registry = SqlRegistry(
                engine(self._path, busy_timeout=self._busy_timeout), Sqlite(), self._changed, self._damage
            )
        return self._registry
