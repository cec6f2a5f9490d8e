"""Who is signed in to the portal, and one-time links, in a SQLite file: small statements over a connection of its own.

Rule 1: a link is used up by one statement: of two who send it at the same time, to whatever process, one is signed in.
Rule 2: what is over is deleted when something new comes. Both tables stay as small as what is alive.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import msgspec

from accredit.directory.people import Session
from accredit.stores.encoding import micros
from accredit.stores.sqlite import connect, reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from os import PathLike

MOST: Final = 10_000  # sessions; the one that was used longest ago goes first

_ADD: Final = "INSERT INTO portal_sessions (id, made_at, seen_at, body) VALUES (?, ?, ?, ?)"
_DEAD: Final = "DELETE FROM portal_sessions WHERE made_at <= ?"
_TOO_MANY: Final = (
    "DELETE FROM portal_sessions WHERE id IN (SELECT id FROM portal_sessions ORDER BY seen_at DESC LIMIT -1 OFFSET ?)"
)
_READ: Final = "SELECT body FROM portal_sessions WHERE id = ?"
_PUT: Final = "UPDATE portal_sessions SET id = ?, made_at = ?, seen_at = ?, body = ? WHERE id = ?"
_REMOVE: Final = "DELETE FROM portal_sessions WHERE id = ?"
_ALL: Final = "SELECT body FROM portal_sessions ORDER BY seen_at DESC, id LIMIT ?"
_EXPIRED: Final = "DELETE FROM portal_links WHERE expires_at <= ?"
_MAKE: Final = "INSERT INTO portal_links (id, made_at, expires_at) VALUES (?, ?, ?)"
_HOLDS: Final = "SELECT 1 FROM portal_links WHERE id = ? AND used_at IS NULL AND made_at <= ? AND expires_at > ?"
_USE: Final = (
    "UPDATE portal_links SET used_at = ?2 WHERE id = ?1 AND used_at IS NULL AND made_at <= ?2 AND expires_at > ?2"
)
_SESSION: Final = msgspec.json.Decoder(Session)


class PortalSessions:
    """Sessions and links of one database. Nothing suspends; raises ``Refused`` (STORE_BUSY, STORE_DAMAGED)."""

    def __init__(self, path: str | PathLike[str]) -> None:
        self._connection = connect(path)

    async def add(self, session: Session, *, dead: datetime) -> None:
        """Keep a new one, and forget those that began before ``dead``."""
        with self._change() as connection:
            connection.execute(_DEAD, (micros(dead),))
            connection.execute(_ADD, _row(session))
            connection.execute(_TOO_MANY, (MOST,))

    async def read(self, session_id: bytes) -> Session | None:
        """Return one; ``None``: there is none."""
        with _unavailable():
            row = self._connection.execute(_READ, (session_id,)).fetchone()
        return None if row is None else _SESSION.decode(row[0])

    async def put(self, session_id: bytes, session: Session) -> bool:
        """Replace one, maybe under another id; false: it is gone."""
        with _unavailable():
            return self._connection.execute(_PUT, (*_row(session), session_id)).rowcount > 0

    async def remove(self, session_id: bytes) -> bool:
        """End one; false: it is gone."""
        with _unavailable():
            return self._connection.execute(_REMOVE, (session_id,)).rowcount > 0

    async def all(self, most: int = MOST) -> Sequence[Session]:
        """Return every session, or so many, the one that was used last first."""
        with _unavailable():
            return [_SESSION.decode(body) for (body,) in self._connection.execute(_ALL, (most,))]

    async def make_link(self, link: bytes, *, made_at: datetime, expires_at: datetime) -> None:
        """Keep a one-time link, and forget the expired ones."""
        with self._change() as connection:
            connection.execute(_EXPIRED, (micros(made_at),))
            connection.execute(_MAKE, (link, micros(made_at), micros(expires_at)))

    async def link_holds(self, link: bytes, now: datetime) -> bool:
        """Whether a link can still be used."""
        with _unavailable():
            at = micros(now)
            return self._connection.execute(_HOLDS, (link, at, at)).fetchone() is not None

    async def use_link(self, link: bytes, now: datetime) -> bool:
        """Use a link up; false: it cannot be used (any more)."""
        with _unavailable():
            return self._connection.execute(_USE, (link, micros(now))).rowcount > 0

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with _unavailable():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise reason_of(error) from error


def _row(session: Session) -> tuple[bytes, int, int, bytes]:
    return session.id, micros(session.made_at), micros(session.seen_at), msgspec.json.encode(session)
