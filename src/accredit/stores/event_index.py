"""Which events are an application's, and what else is read of the log as a whole: it follows at a short distance.

Rule 1: it is written for thousands of events at once. Each application has a page of its own in it, and to write that
page with every event would be a quarter of what logging costs.
Rule 2: what it has not come to yet is the end of the log, and who reads looks through that: nothing is ever missing.
Rule 3: how far it has come is written in the transaction that takes it there, and so are the counts of
``accredit.stores.event_counts``, which go by the same place.
Rule 4: nothing is deleted from the log that it has not come to. A place is never used a second time, so that an entry
whose event is gone (``accredit.stores.retention``) is no other event's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.stores import event_counts
from accredit.stores.event_counts import COME_TO

if TYPE_CHECKING:
    import sqlite3

BEHIND: Final = 4_000  # events that it is behind at most, for each process that writes; their batches come on top
QUIET: Final = 5  # looks at a log to which nothing was added, until it comes to the end of that

LAST_PLACE: Final = "SELECT max(seq, coalesce((SELECT max(seq) FROM signins), 0)) FROM signins_indexed"
"""The last place of the log that was ever used: none is used twice, and none is left out."""
_FOLLOW: Final = (
    "INSERT INTO signins_by_application (app_id, at, seq, code)"  # noqa: S608  constants
    f" SELECT app_id, at, seq, code FROM signins WHERE seq > {COME_TO} ORDER BY app_id, at, seq"
)
_NOTE: Final = "UPDATE signins_indexed SET seq = coalesce((SELECT max(seq) FROM signins), seq)"
_THERE: Final = "e.seq >= (SELECT min(seq) FROM signins)"
_PAGE: Final = "e.app_id = :app AND tenant_id = :tenant AND (e.at, e.seq) < (:at, :seq)"
_NEWEST: Final = "ORDER BY e.at DESC, e.seq DESC LIMIT :limit"
WITH_LOG: Final = "signins_by_application AS e CROSS JOIN signins AS s USING (seq, code)"
STEP: Final = (
    "SELECT at, seq FROM signins_by_application WHERE app_id = :app AND (at, seq) < (:at, :seq)"
    " ORDER BY at DESC, seq DESC LIMIT 1 OFFSET :entries"
)
"""The question for the place of an application that so many entries of the index stand before."""


def newest(members: str, only: str = "TRUE") -> str:
    """Return the question for an application's events before a time and place, newest first.

    It answers with ``at``, ``seq`` and ``members``. Parameters: ``app``, ``tenant``, ``at``, ``seq``, ``limit``.
    ``only``: a condition on ``e.at``, ``e.seq`` and ``e.code``, for which no event is read.
    """
    return (
        f"SELECT at, seq, {members} FROM ("  # noqa: S608  constants
        f"SELECT * FROM (SELECT e.at, e.seq, {members} FROM {WITH_LOG} WHERE {_THERE} AND {_PAGE} AND {only} {_NEWEST})"
        " UNION ALL "
        f"SELECT * FROM (SELECT e.at, e.seq, {members} FROM signins AS e"
        f" WHERE e.seq > {COME_TO} AND {_PAGE} AND {only} {_NEWEST})"
        ") ORDER BY at DESC, seq DESC LIMIT :limit"
    )


class EventIndex:
    """The index, over the connection that writes events."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._quiet = 0
        count = f"SELECT count(*) FROM signins WHERE seq > {COME_TO}"  # noqa: S608  constants
        (self._behind,) = connection.execute(count).fetchone()

    def follow(self, written: int) -> None:
        """Take note of ``written`` events; come to the end of the log when they are many, or when no more come.

        Raises ``sqlite3.Error``.
        """
        self._behind += written
        self._quiet = 0 if written else self._quiet + 1
        if self._behind < (BEHIND if self._quiet < QUIET else 1):
            return
        self._connection.execute("BEGIN IMMEDIATE")
        self.come_to_end()
        self._connection.execute("COMMIT")

    def come_to_end(self) -> None:
        """Come to the end of the log, in the transaction at hand."""
        for statement in event_counts.FOLLOW:
            self._connection.execute(statement)
        self._connection.execute(_FOLLOW)
        self._connection.execute(_NOTE)
        self._behind = 0

    def prepare(self, last: int) -> None:
        """Take note of every event up to the place ``last``: the transaction at hand is about to delete them."""
        (come_to,) = self._connection.execute("SELECT seq FROM signins_indexed").fetchone()
        if come_to < last:
            self.come_to_end()
