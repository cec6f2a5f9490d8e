"""Which assertions were used for a token: one row each, added in the transaction that writes the event of the grant.

Rule 1: of two who present the same assertion at the same time, to whatever process, one gets a token and the other
finds the row. What is not granted, or not written, uses nothing up.
Rule 2: a row is kept until its assertion is expired in the eyes of every node; one that is older counts as absent.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final

from accredit.stores.batches import judge
from accredit.stores.encoding import micros
from accredit.stores.sweep import Sweep

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from datetime import datetime

    from accredit.assertions import Once
    from accredit.signins import Event
    from accredit.stores.batches import Entry

SLICE: Final = 5_000  # rows that are looked at at once when the table is cleared
PAUSE: Final = 60_000_000  # microseconds between two passes through the table

_TAKE: Final = (
    "INSERT INTO assertions_used (key, until, tokens, address) VALUES (:key, :until, 1, :address)"
    " ON CONFLICT (key) DO UPDATE SET until = excluded.until, tokens = 1, address = excluded.address"
    " WHERE assertions_used.until < :now"
)
_COUNT: Final = (
    "INSERT INTO assertions_used (key, until, tokens, address) VALUES (:key, :until, 1, :address)"
    " ON CONFLICT (key) DO UPDATE SET tokens = iif(until < :now, 1, tokens + 1),"
    " address = iif(until < :now, excluded.address, address), until = max(until, excluded.until)"
    " RETURNING tokens, address"
)
_USED: Final = "SELECT tokens, address FROM assertions_used WHERE key = ?"
_ANY: Final = "SELECT 1 FROM assertions_used LIMIT 1"


def use(connection: sqlite3.Connection, entries: Iterable[Entry]) -> None:
    """Use up what the tokens of the entries are issued for, in the transaction that is open."""

    def take(once: Once, event: Event) -> tuple[int, str]:
        values = {
            "key": once.key,
            "until": int(once.until * 1_000_000),
            "address": event.address,
            "now": micros(event.at),
        }
        if not once.enforced:
            with closing(connection.execute(_COUNT, values)) as cursor:
                tokens, address = cursor.fetchone()
            return tokens - 1, address
        if connection.execute(_TAKE, values).rowcount:
            return 0, event.address
        found: tuple[int, str] = connection.execute(_USED, (once.key,)).fetchone()
        return found

    judge(entries, take)


class Used:
    """Clears the table of what is expired, a slice at a time, over the connection that writes events."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._sweep = Sweep(connection, "assertions_used", ("key",), "until < :now")
        self._next = 0  # when the next pass begins, microseconds

    def forget(self, now: datetime) -> int:
        """Look at the next slice; return how many rows went. Raises ``sqlite3.Error``."""
        at = micros(now)
        if at >= self._next and not self._sweep.passes:
            self._next = at + PAUSE
            with closing(self._connection.execute(_ANY)) as cursor:
                self._sweep.want(int(cursor.fetchone() is not None))
        return self._sweep.step(SLICE, {"now": at})


__all__ = ["SLICE", "Used", "use"]
