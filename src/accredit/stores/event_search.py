"""Searching the sign-in log: which events meet a condition, a page at a time.

Rule 1: an application's events stand in the order of their time, newest first; all others in the order in which they
arrived, the newest or the oldest first. Pages go by place, never by offset.
Rule 2: one question looks at so much of the log, for so long, and no more. A page that comes to that end is short, or
empty, and says where to go on: whoever looks for what is rare, or for what only the disk knows, takes no more of a
server at a time than anybody else.
"""

from __future__ import annotations

import re
import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from accredit import query as asked
from accredit.errors import QUERY_SYNTAX, Refused
from accredit.query import Page
from accredit.stores.encoding import instant, micros
from accredit.stores.event_counts import MINUTE
from accredit.stores.event_index import STEP, newest
from accredit.stores.event_questions import LATEST, SIGNINS, narrowed
from accredit.stores.event_row import CLAIMS, event_of
from accredit.stores.properties import nothing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from uuid import UUID

    from accredit.query import Query, Scalar
    from accredit.signins import Event
    from accredit.stores.event_questions import Narrowed

Place: TypeAlias = tuple[int, int]
"""When an event happened, in microseconds, and its place in the order of arrival."""
Row: TypeAlias = tuple[int, int, Any, Any]
"""A place, and what ``event_of`` needs for the event there; ``None`` where the terms exclude it."""
Found: TypeAlias = tuple[list[Row], Place | None]
"""Events that may meet a condition, with their places; and where to go on. ``None``: nothing follows."""

MOST_ROWS: Final = 200_000  # of the log that one question looks at
MOST_READ: Final = 4_000  # events that one question reads whole
MOST_TIME: Final = 0.03  # seconds that one question looks, once it has looked at some
_SOME: Final = 500  # rows: no page is short that takes less
_PIECE: Final = 16  # refusals, or an application's events, that a statement reads: a disk may have to find each page
_WINDOW: Final = 10_000  # rows that one statement looks at
_AT_FIRST: Final = 250  # rows that the first statement of a page looks at, at most
_DEARER: Final = 16  # times what a row costs that is come to by way of an index: a disk may have to find each
_SPARSER: Final = 10  # places in the log that cost one, where only its refusals are looked at
_ENTRIES: Final = _WINDOW  # of an application's in the index that one statement looks at for its refusals
_BEHIND: Final = 2**62  # every place

_BY: Final = "createdDateTime"
_DIGITS: Final = re.compile("[0-9]{1,18}", re.ASCII)
_BODY: Final = "(SELECT body FROM signins AS s WHERE s.seq = f.seq)"  # read for what meets the terms, and nothing else
_FOR_TERMS: Final = "code, credential_id, key_id, resource_app_id, address, proof, claims"
_OF_APPLICATION: Final = newest(_FOR_TERMS)
_AFTER: Final = "(e.at, e.seq) >= (:last_at, :last_seq)"
_ROW: Final = f"SELECT at, seq, body, {CLAIMS} FROM signins WHERE"  # noqa: S608  a constant
_ENDS: Final = (
    "SELECT coalesce((SELECT min(seq) FROM signins), 1), coalesce((SELECT max(seq) FROM signins), 0),"
    " (SELECT seq FROM signins_indexed)"
)
_EXTENT: Final = (
    "SELECT min(first_seq), max(last_seq) FROM signins_by_minute"  # noqa: S608  a constant
    f" WHERE minute BETWEEN :since / {MINUTE} AND :until / {MINUTE}"
)


def search(connection: sqlite3.Connection, tenant_id: UUID, query: Query) -> Page[Event]:
    """Return one page of a tenant's events. QUERY_UNSUPPORTED; QUERY_SYNTAX for a place that is none of this list's."""
    query = msgspec.structs.replace(SIGNINS.known(msgspec.structs.replace(query, after=None)), after=query.after)
    if query.order is not None and query.order.name != _BY:
        raise SIGNINS.refused(query.order.name)
    found = narrowed(query.condition)
    if found.nothing:
        return Page(())
    connection.execute("BEGIN")  # one view for all statements
    try:
        return _Search(connection, tenant_id, query, found).page()
    finally:
        connection.execute("ROLLBACK")


@dataclass(slots=True)
class _Search:
    """One question on its way through the log."""

    connection: sqlite3.Connection
    tenant_id: UUID
    query: Query
    narrowed: Narrowed
    looked: int = 0  # at rows
    ranges: tuple[tuple[int, int], ...] = ()  # of places in the log, ends included, in which everything is, rising
    found: list[tuple[Place, Event]] = field(default_factory=list)

    def page(self) -> Page[Event]:
        limit, read = self.query.limit, 0
        step = self._way()
        # Where a disk may have to find each event, no statement takes longer than all before it together.
        first, more = (_PIECE, 2) if step == self._of_application else (_AT_FIRST, 4)
        wanted = min(limit + 1, first)
        at, ends = self._begin(), time.monotonic() + MOST_TIME
        while at is not None and len(self.found) <= limit and self.looked < MOST_ROWS and read < MOST_READ:
            if self.looked > _SOME and time.monotonic() > ends:
                break
            rows, at = step(at, wanted)
            read += len(rows)
            wanted = min(wanted * more, _WINDOW)  # much of what was looked at does not meet the condition
            self._keep(rows)
        if len(self.found) > limit:
            at = self.found[limit - 1][0]
        return Page(tuple(event for _, event in self.found[:limit]), None if at is None else self._cursor(at))

    @property
    def _rising(self) -> bool:
        return self.query.order is not None and not self.query.order.descending

    @property
    def _by_time(self) -> bool:
        return not self._rising and self.narrowed.ids.keys() == {"appId"}

    def _way(self) -> Callable[[Place, int], Found]:
        """Choose the way: by an id that has an index, else through the log."""
        ids = self.narrowed.ids
        if "id" in ids:
            return self._of_id
        if "correlationId" in ids:
            return self._of_correlation
        if self._by_time:
            return self._of_application_refusals if self.narrowed.codes else self._of_application
        if "appId" in ids:
            self.narrowed.bind("app_id = {}", ids["appId"].bytes)
        self.ranges = self._extent()
        return self._of_refusals if self.narrowed.codes else self._through_log

    def _begin(self) -> Place | None:
        """Return the place after which the page begins."""
        if self.query.after is None:
            return (self.narrowed.until, 0 if self._rising else _BEHIND)
        at, key = self.query.after
        if not _DIGITS.fullmatch(key) or isinstance(at, datetime) is not self._by_time:
            raise Refused(QUERY_SYNTAX, option="skiptoken", reason="it belongs to a list in another order")
        return (micros(at) if isinstance(at, datetime) else 0, int(key))

    def _cursor(self, place: Place) -> tuple[Scalar, str]:
        return (instant(place[0]) if self._by_time else None, str(place[1]))

    def _keep(self, rows: list[Row]) -> None:
        condition = self.query.condition
        for at, seq, body, claims in rows:
            if len(self.found) > self.query.limit:
                break
            event = event_of(body, claims)
            if condition is None or asked.matches(condition, SIGNINS.reader(event, nothing)):
                self.found.append(((at, seq), event))

    def _of_id(self, _: Place, __: int) -> Found:
        return self._ask(f"{_ROW} id = :id AND tenant_id = :tenant", id=self.narrowed.ids["id"].bytes), None

    def _of_correlation(self, place: Place, wanted: int) -> Found:
        """Look among those of one correlation id: it stands in the row, or is the event's own id."""
        order, rest = ("ASC", "seq > :seq") if self._rising else ("DESC", "seq < :seq")
        ours = f"{rest} AND tenant_id = :tenant"
        rows = self._ask(
            f"SELECT * FROM ("  # noqa: S608  constants
            f"SELECT * FROM ({_ROW} correlation_id = :id AND {ours} ORDER BY seq {order} LIMIT :limit)"
            f" UNION ALL {_ROW} id = :id AND correlation_id IS NULL AND {ours}"
            f") ORDER BY seq {order} LIMIT :limit",
            id=self.narrowed.ids["correlationId"].bytes,
            seq=place[1],
            limit=wanted,
        )
        self.looked += len(rows) * _DEARER
        return rows, rows[-1][:2] if len(rows) == wanted else None

    def _of_application(self, place: Place, wanted: int) -> Found:
        """Look at as many of an application's as are wanted; what the terms exclude is left out."""
        rows = self._ask(self._application(_OF_APPLICATION), **self._before(place), limit=wanted)
        return self._of_these(rows, rows[-1][:2] if len(rows) == wanted else None)

    def _of_application_refusals(self, place: Place, wanted: int) -> Found:
        """Look at as many of an application's as are wanted, of those with the codes that are asked for."""
        before = self._before(place)
        with closing(self._run(STEP, **before, entries=_ENTRIES - 1)) as cursor:
            last = cursor.fetchone()
        at, seq = last or (self.narrowed.since, 0)
        only = " AND ".join([_AFTER, "e.code <> 0", *(f"e.{each}" for each in self.narrowed.codes)])
        statement = self._application(newest(_FOR_TERMS, only))
        rows = self._ask(statement, **before, limit=wanted, last_at=at, last_seq=seq)
        self.looked += _WINDOW if last and len(rows) < wanted else 0
        return self._of_these(rows, rows[-1][:2] if len(rows) == wanted else last)

    def _application(self, those: str) -> str:
        return (
            f"SELECT at, seq, CASE WHEN {self.narrowed.hit_on(_BODY)} THEN {_BODY} END, {CLAIMS}"  # noqa: S608
            f" FROM ({those}) AS f ORDER BY at DESC, seq DESC"
        )

    def _before(self, place: Place) -> dict[str, object]:
        return {"app": self.narrowed.ids["appId"].bytes, "at": place[0], "seq": place[1]}

    def _of_these(self, rows: list[Row], end: Place | None) -> Found:
        self.looked += len(rows) * _DEARER
        since = self.narrowed.since
        goes_on = None if end is None or end[0] < since else end
        return [each for each in rows if each[2] is not None and each[0] >= since], goes_on

    def _of_refusals(self, place: Place, wanted: int) -> Found:
        """Look at as many refusals as are wanted, of those with the codes that are asked for."""
        wanted = min(wanted, _PIECE)
        low, high = self._window(place[1], _WINDOW * _SPARSER)
        if low > high:
            return [], None
        order = "ASC" if self._rising else "DESC"
        codes = " AND ".join(self.narrowed.codes)
        rows = self._ask(
            f"SELECT at, s.seq, CASE WHEN at BETWEEN :since AND :until AND {self.narrowed.hit} THEN body END, {CLAIMS}"  # noqa: S608
            " FROM (SELECT seq FROM signins INDEXED BY ix_signins_failures WHERE tenant_id = :tenant AND code <> 0"
            f" AND seq BETWEEN :low AND :high AND {codes} ORDER BY seq {order} LIMIT :limit) AS f"
            " CROSS JOIN signins AS s ON s.seq = f.seq",
            low=low,
            high=high,
            since=self.narrowed.since,
            until=self.narrowed.until,
            limit=wanted,
        )
        rows.sort(key=itemgetter(1), reverse=not self._rising)
        if len(rows) == wanted:
            low, high = (low, rows[-1][1]) if self._rising else (rows[-1][1], high)
        self.looked += (high - low) // _SPARSER + len(rows) * _DEARER
        return [each for each in rows if each[2] is not None], (0, high if self._rising else low)

    def _through_log(self, place: Place, wanted: int) -> Found:
        """Look through the log from a place on: a window of it, as far as there is anything.

        It is read forwards, whichever way the page goes: what lies on a disk is read ten times as fast that way.
        """
        low, high = self._window(place[1], wanted)
        if low > high:
            return [], None
        rows = self._ask(
            f"{_ROW} seq BETWEEN :low AND :high AND tenant_id = :tenant AND +at BETWEEN :since AND :until"
            f" AND {self.narrowed.hit} ORDER BY seq",
            low=low,
            high=high,
            since=self.narrowed.since,
            until=self.narrowed.until,
        )
        self.looked += high - low + 1
        return (rows, (0, high)) if self._rising else (rows[::-1], (0, low))

    def _window(self, seq: int, width: int) -> tuple[int, int]:
        """Return the places, ends included, that are looked at next, after ``seq``; none: the first is the greater."""
        if self._rising:
            for first, last in self.ranges:
                if seq < last:
                    low = max(seq + 1, first)
                    return low, min(low + width - 1, last)
        for first, last in reversed(self.ranges):
            if not self._rising and seq > first:
                high = min(seq - 1, last)
                return max(high - width + 1, first), high
        return 1, 0

    def _extent(self) -> tuple[tuple[int, int], ...]:
        """Return where everything is that happened in the times that are asked for."""
        with closing(self._run(_ENDS)) as cursor:
            first, last, indexed = cursor.fetchone()
        if (self.narrowed.since, self.narrowed.until) == (-LATEST, LATEST):
            return ((first, last),)
        with closing(self._run(_EXTENT, since=self.narrowed.since, until=self.narrowed.until)) as cursor:
            low, high = cursor.fetchone()
        there = ((first if low is None else max(low, first), high or 0), (max(indexed + 1, first), last))
        return tuple(each for each in there if each[0] <= each[1])

    def _ask(self, statement: str, **values: object) -> list[Row]:
        with closing(self._run(statement, **values)) as cursor:
            return cursor.fetchall()

    def _run(self, statement: str, **values: object) -> sqlite3.Cursor:
        return self.connection.execute(statement, self.narrowed.values | {"tenant": self.tenant_id.bytes} | values)
