"""What there was in each hour, counted: tables that follow the log, as ``accredit.stores.event_index`` does.

Rule 1: an event is counted once. Up to the place that a table has come to the table counts it; behind that, whoever
reads does. Both are seen in one view: nothing is missing, nothing is there twice.
Rule 2: an event that stands for many attempts goes on growing. What it gains after it was counted is added by the
transaction that writes it again.
Rule 3: what the log forgets was counted before, and stays counted.
Rule 4: each question has a table in the order of its answer: what a chart shows lies together, and is not sorted.
Rule 5: what has pages of its own for each application stands day by day: what is written of a day lies on few pages,
and what is asked of one application is sought in each of the days that it is asked of.
Rule 6: what has few pages goes first, and no table goes further than it: an application that has a place in the index
of applications was counted.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

from accredit.signins.usage import HourCount
from accredit.stores.encoding import instant, micros
from accredit.stores.event_row import DAY

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from accredit.signins import Event

HOUR: Final = 3_600_000_000  # microseconds
MINUTE: Final = 60_000_000
_DAY: Final = 24  # hours
_NOBODY: Final = bytes(16)  # stands for no credential, and for no resource


def come_to(what: str) -> str:
    """Return, as SQL, the place in the log that something which follows it has come to: a column of its own."""
    return f"(SELECT {what} FROM signins_indexed)"  # noqa: S608  our own names


def of_days(table: str, day: str) -> str:
    """Return, as SQL, a table that stands day by day, joined to its days ``d``: each day is sought by itself."""
    return f"signin_days AS d CROSS JOIN {table} ON {day} = +d.day"  # with the sign it is no range of days


def _next(what: str) -> str:
    """Return the condition that an event is of those that a table comes to now: where the totals are already."""
    return f"seq > {come_to(what)} AND seq <= {come_to('totals')}"


AHEAD: Final = f"seq > {come_to('totals')}"


def ahead_of(what: str, apps: str) -> str:
    """Return, as SQL, the places of applications' events that something which follows the log has not come to.

    ``signins_ahead`` lists whose the events are that the totals have come to and others have not: a hundredth of what
    would be read to look for them in the log. ``apps``: what is asked of ``app_id``.
    """
    return (
        f"(SELECT seq FROM signins_ahead WHERE seq > {come_to(what)} AND app_id {apps}"  # noqa: S608  our own names
        f" UNION ALL SELECT seq FROM signins WHERE {AHEAD} AND app_id {apps})"
    )


_OF_HOUR: Final = f"at / {HOUR}"
_OF_DAY: Final = f"at / {DAY}"
CREDENTIAL: Final = "coalesce(credential_id, key_id, zeroblob(16))"
_RESOURCE: Final = "coalesce(resource_app_id, zeroblob(16))"


class _Sums(NamedTuple):
    """A table that says how many attempts there were, by its primary key: whose they are, the hour, and the rest."""

    table: str
    whose: tuple[str, ...]
    rest: tuple[str, ...]
    read: str  # the same of an event
    place: str = "totals"  # the column that says how far it has come

    @property
    def key(self) -> str:
        return ", ".join((*self.whose, "hour", *self.rest))

    @property
    def of_events(self) -> str:
        """The key of an event."""
        return ", ".join((*(_OF_DAY if each == "day" else each for each in self.whose), _OF_HOUR, self.read))

    @property
    def some(self) -> str:
        """Where the rows from ``:since`` to ``:until`` are, which are hours."""
        if "day" not in self.whose:
            return self.table
        return f"{of_days(self.table, f'{self.table}.day')} AND d.day BETWEEN :since / 24 AND :until / 24"

    @property
    def places(self) -> str:
        return ", ".join(str(place) for place in range(1, len(self.whose) + len(self.rest) + 2))


_TENANT: Final = ("tenant_id",)
_APPLICATION: Final = ("tenant_id", "day", "app_id")
_SUMMED: Final = (  # what differs little from event to event, so that the log is read once for it
    "CREATE TEMP TABLE IF NOT EXISTS ahead (tenant_id, minute, code, resource_app_id, n, first_seq, last_seq)",
    "DELETE FROM temp.ahead",
    (
        f"INSERT INTO temp.ahead SELECT tenant_id, at / {MINUTE}, code, {_RESOURCE}, sum(count), min(seq), max(seq)"  # noqa: S608
        f" FROM signins WHERE {AHEAD} GROUP BY 1, 2, 3, 4"
    ),
)
_HOURS: Final = _Sums(
    "signin_hours", _APPLICATION, ("code", "credential", "resource_app_id"), f"code, {CREDENTIAL}, {_RESOURCE}", "hours"
)
_TOTALS: Final = _Sums("signin_totals", _TENANT, ("code",), "code")
_RESOURCES: Final = _Sums("signin_resources", _TENANT, ("code", "resource_app_id"), f"code, {_RESOURCE}")


def _count(sums: _Sums) -> str:
    return (
        f"INSERT INTO {sums.table} ({sums.key}, n) SELECT {sums.of_events}, sum(count) FROM signins"  # noqa: S608  constants, as below
        f" WHERE {_next(sums.place)} GROUP BY {sums.places} ON CONFLICT ({sums.key}) DO UPDATE SET n = n + excluded.n"
    )


def _count_summed(sums: _Sums) -> str:
    columns = sums.key.replace("hour", f"minute / {HOUR // MINUTE}")
    return (
        f"INSERT INTO {sums.table} ({sums.key}, n) SELECT {columns}, sum(n) FROM temp.ahead WHERE TRUE"  # noqa: S608
        f" GROUP BY {sums.places} ON CONFLICT ({sums.key}) DO UPDATE SET n = n + excluded.n"
    )


_COUNT_DAYS: Final = (
    f"INSERT INTO signin_day_totals (tenant_id, day, code, n) SELECT tenant_id, minute / {DAY // MINUTE}, code, sum(n)"  # noqa: S608
    " FROM temp.ahead WHERE TRUE GROUP BY 1, 2, 3"
    " ON CONFLICT (tenant_id, day, code) DO UPDATE SET n = n + excluded.n"
)
DAYS_OF_HOURS: Final = (
    "INSERT INTO signin_day_totals (tenant_id, day, code, n)"
    " SELECT tenant_id, hour / 24, code, sum(n) FROM signin_totals GROUP BY 1, 2, 3"
)
"""Makes the days of what was counted by the hour."""


_USE: Final = "tenant_id, app_id, credential"
_USED: Final = f"{_USE}, hour, last_at, last_id, last_address, grants, refusals"
_NEWEST: Final = ", ".join(
    f"{each} = CASE WHEN excluded.last_at IS NULL OR excluded.last_at < last_at THEN {each} ELSE excluded.{each} END"
    for each in ("last_at", "last_id", "last_address")
)
_COUNT_USES: Final = (  # SQLite takes what stands beside max() from the row that has it
    f"INSERT INTO signin_uses ({_USED})"  # noqa: S608
    f" SELECT {_USE}, at / {HOUR}, iif(granted, at, NULL), iif(granted, id, NULL), iif(granted, address, NULL),"
    " iif(granted, n, 0), iif(granted, 0, n) FROM ("
    f"SELECT tenant_id, app_id, {CREDENTIAL} AS credential, code = 0 AS granted, max(at) AS at, id, address,"
    f" sum(count) AS n FROM signins WHERE {_next('uses')} GROUP BY 1, 2, 3, 4) WHERE credential <> zeroblob(16)"
    f" ON CONFLICT ({_USE}) DO UPDATE SET hour = max(hour, excluded.hour), {_NEWEST},"
    " grants = grants + excluded.grants, refusals = refusals + excluded.refusals"
)
_REMEMBER: Final = (
    f"INSERT INTO signin_uses ({_USED}) VALUES ({', '.join(f':{each}' for each in _USED.split(', '))})"  # noqa: S608
    f" ON CONFLICT ({_USE}) DO UPDATE SET hour = max(hour, excluded.hour), {_NEWEST},"
    " grants = max(grants, excluded.grants), refusals = max(refusals, excluded.refusals)"
)
_NOTE_PLACES: Final = (
    "INSERT INTO signins_by_minute (minute, first_seq, last_seq)"
    " SELECT minute, min(first_seq), max(last_seq) FROM temp.ahead WHERE TRUE GROUP BY 1"
    " ON CONFLICT (minute) DO UPDATE SET"
    " first_seq = min(first_seq, excluded.first_seq), last_seq = max(last_seq, excluded.last_seq)"
)
_NOTE_DAYS: Final = f"INSERT OR IGNORE INTO signin_days SELECT DISTINCT minute / {DAY // MINUTE} FROM temp.ahead"  # noqa: S608
_COME: Final = "UPDATE signins_indexed SET {} = totals"
_LIST_AHEAD: Final = f"INSERT INTO signins_ahead (seq, app_id) SELECT seq, app_id FROM signins WHERE {AHEAD}"  # noqa: S608
TOTALS: Final = (
    *_SUMMED,
    _count_summed(_TOTALS),
    _COUNT_DAYS,
    _count_summed(_RESOURCES),
    _NOTE_PLACES,
    _NOTE_DAYS,
    _LIST_AHEAD,
    "UPDATE signins_indexed SET totals = coalesce((SELECT max(seq) FROM signins), totals)",
)
"""Statements that count what has few pages, to the end of the log, and note whose that is and where its minutes are."""
HOURS: Final = (_count(_HOURS), _COME.format("hours"))
USES: Final = (_COUNT_USES, _COME.format("uses"))
"""Statements that count what has pages of its own for each application: as far as the totals have come."""
SUMS: Final = {sums.table: (*sums.whose, "hour", *sums.rest) for sums in (_HOURS, _TOTALS, _RESOURCES)}
OF_USES: Final = {"signin_uses": ("tenant_id", "app_id", "credential")}
"""The tables of counts, with their primary keys. Each has a column ``hour``, that of what it counted last."""
COME: Final = {sums.table: sums.place for sums in (_HOURS, _TOTALS, _RESOURCES)}
"""The column that says how far each of these tables has come."""

_COUNTED: Final = f"SELECT count, seq FROM signins WHERE id = ? AND seq <= {come_to('totals')}"  # noqa: S608
_GAINS: Final = (
    *(
        f"UPDATE {sums.table} SET n = n + :n WHERE :seq <= {come_to(sums.place)}"  # noqa: S608
        f" AND {' AND '.join(f'{each} = :{each}' for each in SUMS[sums.table])}"
        for sums in (_HOURS, _TOTALS, _RESOURCES)
    ),
    (
        f"UPDATE signin_day_totals SET n = n + :n WHERE :seq <= {come_to('totals')}"  # noqa: S608
        " AND tenant_id = :tenant_id AND day = :day AND code = :code"
    ),
    (
        "UPDATE signin_uses SET grants = grants + iif(:code = 0, :n, 0), refusals = refusals + iif(:code = 0, 0, :n)"  # noqa: S608
        f" WHERE :seq <= {come_to('uses')}"
        " AND tenant_id = :tenant_id AND app_id = :app_id AND credential = :credential"
    ),
)

_WITHIN: Final = "tenant_id = :tenant AND {} BETWEEN :since AND :until"


class _Chart(NamedTuple):
    """What is asked for a chart: what was counted, in its order, and what has come since.

    ``of_hours``: as ``counted``, where each hour is shown, so that nothing need be summed.
    """

    of_hours: str
    counted: str
    ahead: str
    make: Callable[..., HourCount]


def _chart(sums: _Sums, shown: str, make: Callable[..., HourCount], *, whole: bool = True) -> _Chart:
    """``shown``: columns of the table besides the hour; ``whole``: they are all that its key has besides."""
    ours, order, events = "", "", f"FROM signins WHERE {AHEAD}"
    if sums.whose == _APPLICATION:
        ours, order = " AND app_id = :app", "d.day, "  # with the day it is the table's own order: nothing is sorted
        events = f"FROM {ahead_of(sums.place, '= :app')} CROSS JOIN signins USING (seq) WHERE TRUE"
    places = ", ".join(str(place) for place in range(1, shown.count(",") + 3))
    read = sums.read if whole else "code"
    counted = f"SELECT {{}}, {shown}, {{}} FROM {sums.some} WHERE {_WITHIN.format('hour')}{ours}"  # noqa: S608
    by_hour = f"ORDER BY {order}hour, {shown}" if whole else f"GROUP BY {order}hour, {shown}"
    return _Chart(
        f"{counted.format('hour', 'n' if whole else 'sum(n)')} {by_hour}",
        f"{counted.format('hour - hour % :step', 'sum(n)')} GROUP BY {places}",
        f"SELECT {_OF_HOUR} - {_OF_HOUR} % :step, {read}, sum(count) {events}"
        f" AND {_WITHIN.format(_OF_HOUR)} GROUP BY {places}",
        make,
    )


def _plain(hour: int, code: int, count: int) -> HourCount:
    return HourCount(_begins(hour), code, count)


def _of_resource(hour: int, code: int, resource: bytes, count: int) -> HourCount:
    return HourCount(_begins(hour), code, count, None, _some(resource))


def _of_both(hour: int, code: int, credential: bytes, resource: bytes, count: int) -> HourCount:
    return HourCount(_begins(hour), code, count, _some(credential), _some(resource))


_CHARTS: Final = {  # by whether one application is asked for, and whether what is told apart
    (False, False): _chart(_TOTALS, "code", _plain),
    (False, True): _chart(_RESOURCES, "code, resource_app_id", _of_resource),
    (True, False): _chart(_HOURS, "code", _plain, whole=False),
    (True, True): _chart(_HOURS, "code, credential, resource_app_id", _of_both),
}
_OF_DAY_IN_PART: Final = (
    f"SELECT hour - hour % {_DAY}, code, sum(n) FROM signin_totals WHERE tenant_id = :tenant AND hour"  # noqa: S608
)
_BY_DAY: Final = _CHARTS[False, False]._replace(
    counted=(
        f"{_OF_DAY_IN_PART} BETWEEN :since AND min(:until, :first * {_DAY} - 1) GROUP BY 1, 2"  # noqa: S608
        f" UNION ALL SELECT day * {_DAY}, code, n FROM signin_day_totals"
        " WHERE tenant_id = :tenant AND day BETWEEN :first AND :last"
        f" UNION ALL {_OF_DAY_IN_PART} BETWEEN max(:first, :last + 1) * {_DAY} AND :until GROUP BY 1, 2 ORDER BY 1, 2"
    )
)
"""A tenant's days, of which ``:first`` to ``:last`` are asked for whole, and the hours before and after them."""


def gain(connection: sqlite3.Connection, aggregates: Iterable[Event]) -> None:
    """Count what aggregates have gained since they were counted, in the transaction that is about to write them."""
    for each in aggregates:
        found = connection.execute(_COUNTED, (each.id.bytes,)).fetchone()
        if found is None:
            continue
        credential = each.credential_id or each.key_id
        values = {
            "n": each.count - found[0],
            "seq": found[1],
            "tenant_id": each.tenant_id.bytes,
            "app_id": each.app_id.bytes,
            "day": micros(each.at) // DAY,
            "hour": micros(each.at) // HOUR,
            "code": each.code,
            "credential": _NOBODY if credential is None else credential.bytes,
            "resource_app_id": _NOBODY if each.resource_app_id is None else each.resource_app_id.bytes,
        }
        for statement in _GAINS:
            connection.execute(statement, values)


def remember(connection: sqlite3.Connection, uses: Iterable[Mapping[str, object]]) -> None:
    """Take over rows of another table of uses, where they know of more than what was counted."""
    connection.executemany(_REMEMBER, uses)


def hours(
    connection: sqlite3.Connection,
    tenant_id: UUID,
    since: datetime,
    until: datetime,
    app_id: UUID | None,
    *,
    apart: bool = True,
    step: int = 1,
) -> list[HourCount]:
    """Return what there was in the hours that begin before ``until`` and end after ``since``, oldest first.

    ``apart``: resources are told apart, and credentials where one application is asked for. ``step``: so many hours are
    one, of those since 1970: 24 are a day.
    """
    begins, ends = micros(since) // HOUR, (micros(until) - 1) // HOUR
    values = {
        "tenant": tenant_id.bytes,
        "app": None if app_id is None else app_id.bytes,
        "since": begins,
        "until": ends,
        "first": -(-begins // _DAY),
        "last": (ends + 1) // _DAY - 1,
        "step": step,
    }
    chart = _BY_DAY if step == _DAY and app_id is None and not apart else _CHARTS[app_id is not None, apart]
    connection.execute("BEGIN")  # one view for both
    try:
        counted = connection.execute(chart.of_hours if step == 1 else chart.counted, values).fetchall()
        ahead = connection.execute(chart.ahead, values).fetchall()
    finally:
        connection.execute("ROLLBACK")
    _add(counted, ahead)
    make = chart.make
    return [make(*each) for each in counted]


def _add(counted: list[tuple[Any, ...]], ahead: Iterable[tuple[Any, ...]]) -> None:
    """Add rows to those that stand in order, a few to many. The last member of a row is its number."""
    for each in ahead:
        key, n = each[:-1], each[-1]
        place = bisect_left(counted, key)
        if place < len(counted) and counted[place][:-1] == key:
            counted[place] = (*key, counted[place][-1] + n)
        else:
            counted.insert(place, each)


@lru_cache(maxsize=1_024)
def _begins(hour: int) -> datetime:
    return instant(hour * HOUR)


@lru_cache(maxsize=1_024)
def _some(octets: bytes) -> UUID | None:
    return None if octets == _NOBODY else UUID(bytes=octets)
