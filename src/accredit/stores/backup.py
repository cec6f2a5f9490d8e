"""A copy of the database in one file, made beside a running server: one moment, looked through before it is a copy."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Final

from accredit.errors import STORE_BUSY, STORE_DAMAGED, Refused
from accredit.stores import sqlite
from accredit.stores.health import plain

if TYPE_CHECKING:
    from pathlib import Path

_PRIVATE: Final = 0o600  # the file holds sealed signing keys and hashes of secrets
_BESIDE: Final = ("", "-journal", "-wal", "-shm")


def backup(database: Path, copy: Path) -> int:
    """Copy ``database`` to ``copy``, which must not exist; return its size in bytes.

    Raises ``FileExistsError``, ``OSError``, and ``Refused``: STORE_DAMAGED where the original is (there is no copy
    then), STORE_BUSY where the copy cannot be written.
    """
    sqlite.refuse_other_schema(database)
    if copy.exists():
        raise FileExistsError(17, "there is such a file already", str(copy))
    unfinished = copy.with_name(f"{copy.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _PRIVATE))
    try:
        _copy(database, unfinished)
        os.link(unfinished, copy)  # unlike a renaming, this never replaces a file that is there
    finally:
        for each in _BESIDE:
            with suppress(OSError):
                unfinished.with_name(unfinished.name + each).unlink()
    _sync(copy.parent)
    return copy.stat().st_size


def _copy(database: Path, unfinished: Path) -> None:
    with closing(sqlite.connect(database)) as original, closing(sqlite3.connect(unfinished)) as made:
        try:
            original.backup(made)  # all of it in one view
            made.execute("PRAGMA journal_mode = DELETE")  # one file is all there is
            problems = [text for (text,) in made.execute("PRAGMA integrity_check(1)")]
        except sqlite3.Error as error:
            raise _reason(error) from error
    if problems != ["ok"]:
        raise Refused(STORE_DAMAGED, reason=" ".join(problems[0].split()))
    _sync(unfinished)


def _reason(error: sqlite3.Error) -> Refused:
    found = sqlite.reason_of(error)
    return found if found.row is not STORE_BUSY else Refused(STORE_BUSY, reason=f"the copy: {plain(error)}")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
