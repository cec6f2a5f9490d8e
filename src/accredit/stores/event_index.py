"""Which events are an application's, and what else is read of the log as a whole: it follows at a short distance.

Rule 1: it is written for thousands of events at once. Each application has a page of its own in it, and to write that
page with every event would be a quarter of what logging costs. The counts of ``accredit.stores.event_counts`` are, too.
Rule 2: what it has not come to yet is the end of the log, and who reads looks through that: nothing is ever missing.
Rule 3: how far something has come is written in the transaction that takes it there. Each thing is taken on its own,
one after each batch: nobody who waits for the next batch waits for all of them.
Rule 4: nothing is deleted from the log that it has not come to. A place is never used a second time, so that an entry
whose event is gone (``accredit.stores.retention``) is no other event's.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable
from typing import Final

from accredit.stores import event_counts
from accredit.stores.event_counts import ahead_of, come_to, of_days
from accredit.stores.event_row import DAY

BEHIND: Final = 4_000  # events that it is behind at most, for each process that writes; their batches come on top
LIGHT: Final = 1_000  # the same of what has few pages
QUIET: Final = 5  # looks at a log to which nothing was added, until it comes to the end of that

LAST_PLACE: Final = "SELECT max(totals, coalesce((SELECT max(seq) FROM signins), 0)) FROM signins_indexed"
"""The last place of the log that was ever used: none is used twice, and none is left out."""
COME_TO: Final = come_to("seq")
_FOLLOW: Final = (
    (
        "INSERT INTO signins_by_application (day, app_id, at, seq, code)"  # noqa: S608  constants
        f" SELECT at / {DAY}, app_id, at, seq, code FROM signins"
        f" WHERE seq > {COME_TO} AND seq <= {come_to('hours')} ORDER BY at / {DAY}, app_id, at, seq"
    ),
    "UPDATE signins_indexed SET seq = hours",
    "DELETE FROM signins_ahead WHERE seq <= (SELECT min(seq, uses) FROM signins_indexed)",
)
_THERE: Final = "e.seq >= (SELECT min(seq) FROM signins)"
_BEFORE: Final = "e.app_id = :app AND (e.at, e.seq) < (:at, :seq)"
_PAGE: Final = f"{_BEFORE} AND tenant_id = :tenant"
_ENTRIES: Final = of_days("signins_by_application AS e", "e.day")
_DAYS: Final = f"d.day BETWEEN (SELECT min(day) FROM signins_by_application) AND :at / {DAY}"  # noqa: S608
_NEWEST: Final = "e.at DESC, e.seq DESC LIMIT"
AHEAD_OF_APPLICATION: Final = ahead_of("seq", "= :app")
WITH_LOG: Final = f"{_ENTRIES} CROSS JOIN signins AS s USING (seq, code)"
"""The entries of days ``d`` and their events. Which days is for the question to say."""
STEP: Final = (
    f"SELECT e.at, e.seq FROM {_ENTRIES} WHERE {_BEFORE} AND {_DAYS}"  # noqa: S608  constants
    f" ORDER BY d.day DESC, {_NEWEST} 1 OFFSET :entries"
)
"""The question for the place of an application that so many entries of the index stand before."""


def newest(members: str, refused: str = "") -> str:
    """Return the question for an application's events before a time and place, newest first.

    It answers with ``at``, ``seq`` and ``members``. Parameters: ``app``, ``tenant``, ``at``, ``seq``, ``limit``.
    ``refused``: a condition on ``e.at``, ``e.seq`` and ``e.code`` that only refusals meet; no other event is read then.
    """
    ahead, only = f"{AHEAD_OF_APPLICATION} CROSS JOIN signins AS e USING (seq) WHERE", refused or "TRUE"
    if refused:  # which have an index of their own
        ahead = f"signins AS e WHERE e.seq > {COME_TO} AND"
    return (
        f"SELECT at, seq, {members} FROM ("  # noqa: S608  constants
        f"SELECT * FROM (SELECT e.at, e.seq, {members} FROM {WITH_LOG}"
        f" WHERE {_THERE} AND {_PAGE} AND {_DAYS} AND {only} ORDER BY d.day DESC, {_NEWEST} :limit)"
        " UNION ALL "
        f"SELECT * FROM (SELECT e.at, e.seq, {members} FROM {ahead} {_PAGE} AND {only} ORDER BY {_NEWEST} :limit)"
        ") ORDER BY at DESC, seq DESC LIMIT :limit"
    )


def _index(connection: sqlite3.Connection) -> None:
    for each in _FOLLOW:
        connection.execute(each)


_HEAVY: Final = (event_counts.count_hours, event_counts.count_uses, _index)


class EventIndex:
    """The index and the counts, over the connection that writes events."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._quiet = 0
        count = f"SELECT count(*), coalesce(sum(seq > {come_to('totals')}), 0) FROM signins WHERE seq > {COME_TO}"  # noqa: S608  constants
        self._behind, self._new = connection.execute(count).fetchone()
        self._next = deque[Callable[[sqlite3.Connection], None]]()  # what is to be taken further, one at a time

    def follow(self, written: int) -> None:
        """Take note of ``written`` events; take something further when they are many, or when no more come.

        Raises ``sqlite3.Error``.
        """
        self._behind += written
        self._new += written
        self._quiet = 0 if written else self._quiet + 1
        resting = self._quiet >= QUIET
        if not self._next and self._behind >= (1 if resting else BEHIND):
            self._next.extend((event_counts.count_totals, *_HEAVY))
            self._behind = 0
        elif not self._next and self._new >= LIGHT:
            self._next.append(event_counts.count_totals)
        while self._next:
            self._take(self._next[0])
            self._next.popleft()
            if not resting:
                return

    def come_to_end(self) -> None:
        """Come to the end of the log, in the transaction at hand."""
        for each in (event_counts.count_totals, *_HEAVY):
            each(self._connection)
        self._next.clear()
        self._behind = self._new = 0

    def prepare(self, last: int) -> None:
        """Take note of every event up to the place ``last``: the transaction at hand is about to delete them."""
        (come_to,) = self._connection.execute("SELECT min(seq, uses) FROM signins_indexed").fetchone()
        if come_to < last:
            self.come_to_end()

    def _take(self, further: Callable[[sqlite3.Connection], None]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        further(self._connection)
        self._connection.execute("COMMIT")
        if further is event_counts.count_totals:
            self._new = 0
