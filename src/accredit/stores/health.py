"""What an error of the database means to whoever operates it, and that a damaged database is not used any further.

Rule 1: what passes (a full disk, one that is read-only, another program's lock) is tried again; damage is not. To go on
writing to a damaged file can take with it what is still readable.
What it cannot be asked (a table or column that is not there) is neither: the schema is another one, or we ask wrongly.
Rule 2: whoever finds damage, the log, the directory or a question to either, has found it for the whole process.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from accredit.errors import STORE_BUSY, STORE_DAMAGED, STORE_UNLIKE, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

_PRIMARY: Final = 0xFF  # the rest of a code says which kind of it
_CORRUPT: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
READ_ONLY: Final = "the database or its disk is read-only"
_MEANINGS: Final[Mapping[int, str]] = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk does not take what is written to it",
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: "the database's files cannot be opened, or not be made beside it",
    sqlite3.SQLITE_PERM: "the database's files may not be written by this user",
    sqlite3.SQLITE_BUSY: "another program holds the database",
    sqlite3.SQLITE_CORRUPT: "the database is damaged",
    sqlite3.SQLITE_NOTADB: "the database is damaged",
}
UNREADABLE: Final = frozenset({STORE_BUSY, STORE_DAMAGED, STORE_UNLIKE})
_ASKED_WRONGLY: Final = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_SCHEMA})
_READS: Final = frozenset({sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ})


def plain(error: BaseException) -> str:
    """Return what an error means, in words, with SQLite's or the system's own behind them."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return f"{type(error).__name__}: {error}"
    meaning = "the disk does not give what is read from it" if code in _READS else _MEANINGS.get(code & _PRIMARY)
    own = f"{error.sqlite_errorname}: {error}" if isinstance(error, sqlite3.Error) else str(error)
    return f"{meaning} ({own})" if meaning else own


def is_damage(error: object) -> bool:
    """Whether an error says that the file holds something that no database writes."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(code, int) and code & _PRIMARY in _CORRUPT


def reason_of(error: sqlite3.Error) -> Refused:
    """Return what an error of SQLite means to an operator: damage, a fault of ours, or what passes or is full."""
    if is_damage(error):
        return Refused(STORE_DAMAGED, reason=error)
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY
    passing = isinstance(error, sqlite3.OperationalError) and code not in _ASKED_WRONGLY
    return Refused(STORE_BUSY if passing else STORE_UNLIKE, reason=plain(error))


@dataclass(slots=True)
class Damage:
    """What one process has found damaged in its database: ``found`` says it, ``""`` while nothing was."""

    found: str = ""

    def note(self, error: object) -> None:
        """Remember an error if it says that the file is damaged."""
        if not self.found and isinstance(error, sqlite3.Error) and is_damage(error):
            self.found = plain(error)

    def refuse_to_write(self) -> None:
        """Raise ``Refused(STORE_DAMAGED)`` when damage was found."""
        if self.found:
            raise Refused(STORE_DAMAGED, reason=self.found)
