"""Summing up the sign-in log: how often each window saw the same, newest window first, a page at a time.

Rule 1: a window is summed up whole or not at all, so that a page never shows a part of a number. Within it, what began
last comes first: what is there already keeps its place while more arrives.
Rule 2: one question looks at so much of the log, for so long, and no more, and a page that comes to that end says where
to go on. A window that holds more than that is refused: its sum would have to be asked for in parts.
Rule 3: a tenant looks through its own. What others do is read with it only where that is cheaper; how much is whose,
the counts by the hour say.
"""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import msgspec

from accredit import query as asked
from accredit.errors import QUERY_SYNTAX, QUERY_UNSUPPORTED, Refused
from accredit.query import Page
from accredit.signins.summary import Summary
from accredit.stores.encoding import instant, micros
from accredit.stores.event_counts import HOUR, LATEST_HOUR, MINUTE, counted, of_days
from accredit.stores.event_index import AHEAD_OF_APPLICATION, COME_TO, WITH_LOG
from accredit.stores.event_questions import LATEST, SUMMARIES, narrowed
from accredit.stores.event_row import DAY, event_of
from accredit.stores.properties import nothing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from accredit.query import Query
    from accredit.stores.event_questions import Narrowed

Place: TypeAlias = tuple[int, int]
"""The number of a window, and a place in the order of arrival."""

MOST_ROWS: Final = 500_000  # events that one question sums up
MOST_READ: Final = 4_000  # events that one question reads whole
MOST_STEPS: Final = 200  # statements of one question, where much is empty
MOST_TIME: Final = 0.05  # seconds, after which no more windows are begun
LONGEST: Final = 2.0  # seconds, after which the windows at hand are given up
MOST_LOOKED: Final = 100_000  # rows, what is dearer counted as more: so many are looked at for several windows at once
_MANY: Final = 20_000  # the same: after fewer than these, more windows are summed up at once
_WIDEST: Final = 1_024  # windows
_DEARER: Final = 4  # times what a row costs that is come to by way of an index
_OFTEN: Final = 200_000  # instructions of SQLite between two looks at the clock

_MICROSECOND: Final = timedelta(microseconds=1)
_BEHIND: Final = 2**62  # every place
_DIGITS: Final = re.compile("[0-9]{1,18}", re.ASCII)
_OURS: Final = "s.tenant_id = :tenant AND s.at BETWEEN :since AND :until"
_AHEAD: Final = f"FROM signins AS s WHERE s.seq > {COME_TO} AND {_OURS}"
_AHEAD_OF_APPLICATION: Final = f"FROM {AHEAD_OF_APPLICATION} CROSS JOIN signins AS s USING (seq) WHERE {_OURS}"
_DAYS: Final = f"BETWEEN :since / {DAY} AND :until / {DAY}"
_BY_APPLICATION: Final = (
    f"FROM {WITH_LOG} WHERE d.day {_DAYS} AND e.app_id = :app AND e.at BETWEEN :since AND :until AND {_OURS}"
)
_APPLICATIONS: Final = f"SELECT DISTINCT day, app_id FROM signin_hours WHERE tenant_id = :tenant AND day {_DAYS}"  # noqa: S608
_BY_APPLICATIONS: Final = (
    f"FROM ({_APPLICATIONS}) AS a CROSS JOIN signins_by_application AS e ON e.day = a.day AND e.app_id = a.app_id"
    f" CROSS JOIN signins AS s USING (seq, code) WHERE e.at BETWEEN :since AND :until AND {_OURS}"
)
_BY_PLACE: Final = f"FROM signins AS s WHERE s.seq BETWEEN :low AND min(:high, {COME_TO}) AND {_OURS}"
_PLACES: Final = (
    "SELECT coalesce(min(first_seq), 1), coalesce(max(last_seq), 0) FROM signins_by_minute"
    " WHERE minute BETWEEN :first AND :last"
)
_COUNTED: Final = (
    f"SELECT {counted('day')} FROM signin_totals WHERE tenant_id = :tenant"  # noqa: S608
    " AND day BETWEEN :from / 24 AND :to / 24"
)
_COUNTED_OF_APPLICATION: Final = (
    f"SELECT {counted('d.day')} FROM {of_days('signin_hours', 'signin_hours.day')}"  # noqa: S608
    " WHERE d.day BETWEEN :from / 24 AND :to / 24 AND tenant_id = :tenant AND app_id = :app"
)
_SEEN: Final = (  # the last of the two days may have no hour before the one that is asked for
    f"SELECT max({LATEST_HOUR}) FROM signin_totals WHERE tenant_id = :tenant AND day IN ("  # noqa: S608
    "SELECT DISTINCT day FROM signin_totals WHERE tenant_id = :tenant AND day <= :hour / 24 ORDER BY day DESC LIMIT 2)"
)
_SEEN_OF_APPLICATION: Final = (
    f"SELECT (SELECT e.at FROM {of_days('signins_by_application AS e', 'e.day')} WHERE d.day <= :until / {DAY}"  # noqa: S608
    " AND e.app_id = :app AND e.at <= :until ORDER BY d.day DESC, e.at DESC LIMIT 1)"
)
_MEMBERS: Final = "s.seq, s.at, s.app_id, s.code, s.address, s.resource_app_id, s.count"
_ALIKE: Final = "at / :length, app_id, code, address, resource_app_id"


def summaries(connection: sqlite3.Connection, tenant_id: UUID, query: Query, length: timedelta) -> Page[Summary]:
    """Return one page of what a tenant's windows saw. ``length``: of a window, in whole hours that divide a day.

    Raises ``Refused``: QUERY_UNSUPPORTED, also for a window that holds too much and for every order; QUERY_SYNTAX for a
    place that is none of this list's.
    """
    query = msgspec.structs.replace(SUMMARIES.known(msgspec.structs.replace(query, after=None)), after=query.after)
    if query.order is not None:
        raise SUMMARIES.refused(query.order.name)
    found = narrowed(query.condition, SUMMARIES)
    if found.nothing:
        return Page(())
    ends = time.monotonic() + LONGEST
    connection.set_progress_handler(lambda: time.monotonic() > ends, _OFTEN)
    connection.execute("BEGIN")  # one view for all statements
    try:
        return _Summing(connection, tenant_id, query, length // _MICROSECOND, found).page()
    finally:
        connection.set_progress_handler(None, 0)
        connection.execute("ROLLBACK")


class _Way(NamedTuple):
    """How the events of some windows are come to, and what that costs."""

    some: str  # from where, and which
    cost: int  # rows, what is dearer counted as more
    low: int = 0  # the first place in the log, where it goes by that
    high: int = 0


class _Alike(NamedTuple):
    """Events that are shown as one. They stand in the order of their windows, and of their first places."""

    window: int  # its number
    seq: int  # of the first that arrived
    first_at: int  # microseconds
    number: int  # of sign-ins


@dataclass(slots=True)
class _Summing:
    """One question on its way back through the windows."""

    connection: sqlite3.Connection
    tenant_id: UUID
    query: Query
    length: int  # of a window, in microseconds
    narrowed: Narrowed
    place: Place = (0, 0)  # a window, and a place in it: what comes before that is still to be looked at
    width: int = 1  # windows that are summed up at once
    stepped: bool = False  # some windows were summed up
    rows: int = 0  # events that were summed up
    read: int = 0  # events that were read whole
    found: list[tuple[Place, Summary]] = field(default_factory=list)

    def page(self) -> Page[Summary]:
        limit, rest, ends = self.query.limit, True, time.monotonic() + MOST_TIME
        self._narrow_to_one()
        self._begin()
        for _ in range(MOST_STEPS):
            rest = self._go_on()
            if not rest or len(self.found) > limit or self.rows >= MOST_ROWS or self.read >= MOST_READ:
                break
            if time.monotonic() > ends:
                break
        after = self.found[limit - 1][0] if len(self.found) > limit else self.place if rest else None
        things = tuple(each for _, each in self.found[:limit])
        return Page(things, None if after is None else (instant(after[0] * self.length), str(after[1])))

    def _narrow_to_one(self) -> None:
        """Narrow the windows to that of a sign-in that is asked for by its id."""
        if (wanted := self.narrowed.ids.get("id")) is None:
            return
        asked_for = "SELECT max(at) FROM signins WHERE id = :id AND tenant_id = :tenant"
        at = self._one(asked_for, id=wanted.bytes)[0]
        begins = LATEST if at is None else at // self.length * self.length
        self.narrowed.since = max(self.narrowed.since, begins)
        self.narrowed.until = min(self.narrowed.until, begins if at is not None else -LATEST)

    def _begin(self) -> None:
        """Find the place before which the page begins."""
        self.place = (self.narrowed.until // self.length, _BEHIND)
        if self.query.after is None:
            return
        at, key = self.query.after
        if not isinstance(at, datetime) or not _DIGITS.fullmatch(key):
            raise Refused(QUERY_SYNTAX, option="skiptoken", reason="it belongs to another list")
        self.place = min(self.place, (micros(at) // self.length, int(key)))

    def _go_on(self) -> bool:
        """Sum up the next windows, or find that there is no time for it. False: there are none."""
        place = self.place
        try:
            return self._step()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            if self.stepped or self.place != place:
                self.read = MOST_READ
                return True
            raise _refused("takes too long to be summed up") from error

    def _step(self) -> bool:
        """Sum up the next windows. False: there are none."""
        oldest = -(-self.narrowed.since // self.length)
        last = self._newest()
        if last is None or last < oldest:
            return False
        first = max(last - self.width + 1, oldest)
        way = self._way(first, last)
        if way.cost > MOST_LOOKED and first < last:
            self.width = 1
            return True
        alike, rows = self._alike(first, last, way)
        if rows > MOST_ROWS and first == last:
            raise _refused(f"holds more than {MOST_ROWS} sign-ins")
        if rows > MOST_ROWS:
            self.width = 1
            return True
        self.rows += rows
        self.stepped = True
        self.width = min(self.width * 2, _WIDEST) if max(way.cost, rows) < _MANY else 1
        if self._keep(each for each in alike if each[:2] < self.place):
            self.place = (first, 0)
        return True

    def _keep(self, alike: Iterable[_Alike]) -> bool:
        """Keep what meets the condition. False: there is more of it than one question may read."""
        condition = self.query.condition
        for each in alike:
            if len(self.found) > self.query.limit or self.read >= MOST_READ:
                return False
            self.read += 1
            self.place = each[:2]
            first = event_of(self._one("SELECT body FROM signins WHERE seq = :seq", seq=each.seq)[0])
            summary = Summary(instant(each.window * self.length), first, instant(each.first_at), each.number)
            if condition is None or asked.matches(condition, SUMMARIES.reader(summary, nothing)):
                self.found.append((self.place, summary))
        return True

    def _newest(self) -> int | None:
        """Return the newest window, not after the one that is come to, in which something may be."""
        window, seq = self.place
        until = (window + 1 if seq else window) * self.length - 1
        if "appId" in self.narrowed.ids:
            (at,) = self._one(_SEEN_OF_APPLICATION, until=until)
        else:
            (hour,) = self._one(_SEEN, hour=until // HOUR)
            at = None if hour is None else hour * HOUR
        (ahead,) = self._one(f"SELECT max(s.at) {self._ahead}", since=-LATEST, until=until)
        latest = max((each for each in (at, ahead) if each is not None), default=None)
        return None if latest is None else latest // self.length

    def _way(self, first: int, last: int) -> _Way:
        """Return the cheapest way to what was counted in some windows, ends included."""
        since, until = first * self.length, (last + 1) * self.length - 1
        hours = {"from": since // HOUR, "to": until // HOUR}
        if "appId" in self.narrowed.ids:
            return _Way(_BY_APPLICATION, self._one(_COUNTED_OF_APPLICATION, **hours)[0] * _DEARER)
        ours = self._one(_COUNTED, **hours)[0] * _DEARER
        low, high = self._one(_PLACES, first=since // MINUTE, last=until // MINUTE)
        places = max(high - low + 1, 0)
        return _Way(_BY_APPLICATIONS, ours) if ours < places else _Way(_BY_PLACE, places, low, high)

    def _alike(self, first: int, last: int, way: _Way) -> tuple[list[_Alike], int]:
        """Return what is alike in some windows, ends included, newest first, and how many events that is."""
        since, until = first * self.length, (last + 1) * self.length - 1
        hit = self.narrowed.hit
        some = (
            f"SELECT {_MEMBERS} {way.some} AND {hit}"
            f" UNION ALL SELECT {_MEMBERS} {self._ahead} AND {hit} LIMIT {MOST_ROWS + 1}"
        )
        statement = f"SELECT at / :length, min(seq), min(at), sum(count), count(*) FROM ({some}) GROUP BY {_ALIKE}"  # noqa: S608
        values = {"since": since, "until": until, "low": way.low, "high": way.high, "length": self.length}
        with closing(self._run(statement, values)) as cursor:
            rows = cursor.fetchall()
        return sorted((_Alike(*each[:4]) for each in rows), reverse=True), sum(each[4] for each in rows)

    @property
    def _ahead(self) -> str:
        return _AHEAD_OF_APPLICATION if "appId" in self.narrowed.ids else _AHEAD

    def _one(self, statement: str, **values: object) -> tuple[Any, ...]:
        with closing(self._run(statement, values)) as cursor:
            found: tuple[Any, ...] = cursor.fetchone()
            return found

    def _run(self, statement: str, values: Mapping[str, object]) -> sqlite3.Cursor:
        app = self.narrowed.ids.get("appId")
        known = {"tenant": self.tenant_id.bytes, "app": app and app.bytes}
        return self.connection.execute(statement, {**self.narrowed.values, **known, **values})


def _refused(why: str) -> Refused:
    detail = f"a window {why}: ask for a shorter one, or of one application"
    return Refused(QUERY_UNSUPPORTED, property="aggregationWindow", kind=SUMMARIES.kind, detail=detail)
