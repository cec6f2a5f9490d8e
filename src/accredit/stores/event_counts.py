"""What there was in each hour, counted: tables that follow the log, as ``accredit.stores.event_index`` does.

A row is of a day, and has a number for each of its hours: ``h00`` to ``h23``, UTC. So what a chart shows is on a
few pages, with few ids that say the same again; a page that is not in memory is what a chart waits for.

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

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias
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
HOURS_OF_DAY: Final = tuple(f"h{hour:02}" for hour in range(24))
"""The columns of a day's hours."""
_DAY: Final = len(HOURS_OF_DAY)
_NOBODY: Final = bytes(16)  # stands for no credential, and for no resource


def come_to(what: str) -> str:
    """Return, as SQL, the place in the log that something which follows it has come to: a column of its own."""
    return f"(SELECT {what} FROM signins_indexed)"  # noqa: S608  our own names


def of_days(table: str, day: str) -> str:
    """Return, as SQL, a table that stands day by day, joined to its days ``d``: each day is sought by itself."""
    return f"signin_days AS d CROSS JOIN {table} ON {day} = +d.day"  # with the sign it is no range of days


def counted(day: str) -> str:
    """Return, as SQL, what a row of a ``day`` counted of the hours from ``:from`` to ``:to``, since 1970."""
    some = (
        f"iif({day} * {_DAY} + {place} BETWEEN :from AND :to, {name}, 0)" for place, name in enumerate(HOURS_OF_DAY)
    )
    return f"coalesce(sum({' + '.join(some)}), 0)"


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
    """A table that says how many attempts there were, by its primary key: whose, on which day, and the rest."""

    table: str
    whose: tuple[str, ...]
    rest: tuple[str, ...]
    read: str  # the same of an event
    place: str = "totals"  # the column that says how far it has come

    @property
    def key(self) -> tuple[str, ...]:
        return (*self.whose, *self.rest)

    def counting(self, key: str, hour: str, number: str, some: str) -> _Counting:
        """Return how ``number`` is added to the hours of some rows, whose key and hour since 1970 are given as SQL."""
        ours, places = ", ".join(self.key), ", ".join(str(place) for place in range(1, len(self.key) + 1))
        return _Counting(
            f"SELECT DISTINCT {hour} % {_DAY} FROM {some}",  # noqa: S608  constants, as below
            tuple(
                f"INSERT INTO {self.table} ({ours}, {name}) SELECT {key}, sum({number}) FROM {some}"  # noqa: S608
                f" AND {hour} % {_DAY} = {place} GROUP BY {places}"
                f" ON CONFLICT ({ours}) DO UPDATE SET {name} = {name} + excluded.{name}"
                for place, name in enumerate(HOURS_OF_DAY)
            ),
        )


class _Counting(NamedTuple):
    """How a table is taken further: hour by hour, of those that there is something of, which are one or two."""

    which: str  # hours of the day
    of_hour: tuple[str, ...]

    def run(self, connection: sqlite3.Connection) -> None:
        for (hour,) in connection.execute(self.which).fetchall():
            connection.execute(self.of_hour[hour])


_TENANT: Final = ("tenant_id", "day")
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


def _of_events(sums: _Sums) -> _Counting:
    days = ", ".join(_OF_DAY if each == "day" else each for each in sums.whose)
    return sums.counting(f"{days}, {sums.read}", _OF_HOUR, "count", f"signins WHERE {_next(sums.place)}")


def _of_summed(sums: _Sums) -> _Counting:
    key = ", ".join(f"minute / {DAY // MINUTE}" if each == "day" else each for each in sums.key)
    return sums.counting(key, f"minute / {HOUR // MINUTE}", "n", "temp.ahead WHERE TRUE")


_COUNT_TOTALS: Final = (_of_summed(_TOTALS), _of_summed(_RESOURCES))
_COUNT_HOURS: Final = _of_events(_HOURS)
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
_COME_TO_END: Final = "UPDATE signins_indexed SET totals = coalesce((SELECT max(seq) FROM signins), totals)"
SUMS: Final = {sums.table: sums.key for sums in (_HOURS, _TOTALS, _RESOURCES)}
"""The tables of hours, with their primary keys: each has a column ``day``."""
OF_USES: Final = {"signin_uses": ("tenant_id", "app_id", "credential")}
"""The table of uses, with its primary key. Its column ``hour`` is that of what it counted last."""
COME: Final = {sums.table: sums.place for sums in (_HOURS, _TOTALS, _RESOURCES)}
"""The column that says how far each of these tables has come."""


def count_totals(connection: sqlite3.Connection) -> None:
    """Count what has few pages, to the end of the log, and note whose that is and where its minutes are."""
    for each in _SUMMED:
        connection.execute(each)
    for counting in _COUNT_TOTALS:
        counting.run(connection)
    for each in (_NOTE_PLACES, _NOTE_DAYS, _LIST_AHEAD, _COME_TO_END):
        connection.execute(each)


def count_hours(connection: sqlite3.Connection) -> None:
    """Count what there was of each application: as far as the totals have come."""
    _COUNT_HOURS.run(connection)
    connection.execute(_COME.format("hours"))


def count_uses(connection: sqlite3.Connection) -> None:
    """Count what came of each credential: as far as the totals have come."""
    connection.execute(_COUNT_USES)
    connection.execute(_COME.format("uses"))


_COUNTED: Final = f"SELECT count, seq FROM signins WHERE id = ? AND seq <= {come_to('totals')}"  # noqa: S608
_GAINS: Final = (  # of an hour of the day
    *(
        f"UPDATE {sums.table} SET {{hour}} = {{hour}} + :n WHERE :seq <= {come_to(sums.place)}"  # noqa: S608
        f" AND {' AND '.join(f'{each} = :{each}' for each in sums.key)}"
        for sums in (_HOURS, _TOTALS, _RESOURCES)
    ),
    (
        "UPDATE signin_uses SET grants = grants + iif(:code = 0, :n, 0), refusals = refusals + iif(:code = 0, 0, :n)"  # noqa: S608
        f" WHERE :seq <= {come_to('uses')}"
        " AND tenant_id = :tenant_id AND app_id = :app_id AND credential = :credential"
    ),
)

LATEST_HOUR: Final = (
    "CASE "
    + " ".join(
        f"WHEN {name} AND day * {_DAY} + {place} <= :hour THEN day * {_DAY} + {place}"
        for place, name in reversed([*enumerate(HOURS_OF_DAY)])
    )
    + " END"
)
"""The last hour, not after ``:hour``, of which a row counted something, as SQL; else ``NULL``."""


_Told: TypeAlias = tuple[int, UUID | None, UUID | None]
"""A code, a credential, a resource: what a number is told of besides its hour."""


class _Chart(NamedTuple):
    """What is asked for a chart: what was counted, by the day, and what has come since, by the step."""

    counted: str
    ahead: str
    told: Callable[..., _Told]  # of the columns that are shown


def _chart(sums: _Sums, shown: str, told: Callable[..., _Told], *, whole: bool = True) -> _Chart:
    """``shown``: columns of the table besides the day; ``whole``: they are all that its key has besides."""
    ours, day, some, events = "", "day", sums.table, f"FROM signins WHERE {AHEAD}"
    if sums.whose == _APPLICATION:
        ours, day, some = " AND app_id = :app", "d.day", of_days(sums.table, f"{sums.table}.day")
        events = f"FROM {ahead_of(sums.place, '= :app')} CROSS JOIN signins USING (seq) WHERE TRUE"
    numbers = ", ".join(HOURS_OF_DAY if whole else (f"sum({each})" for each in HOURS_OF_DAY))
    places = ", ".join(str(place) for place in range(1, shown.count(",") + 3))
    return _Chart(
        f"SELECT {day}, {shown}, {numbers} FROM {some} WHERE tenant_id = :tenant{ours}"  # noqa: S608  constants
        f" AND {day} BETWEEN :since / {_DAY} AND :until / {_DAY} {'' if whole else f'GROUP BY {day}, {shown}'}",
        f"SELECT {_OF_HOUR} / :step, {sums.read if whole else 'code'}, sum(count) {events} AND tenant_id = :tenant"
        f" AND {_OF_HOUR} BETWEEN :since AND :until GROUP BY {places}",
        told,
    )


def _plain(code: int) -> _Told:
    return code, None, None


def _of_resource(code: int, resource: bytes) -> _Told:
    return code, None, _some(resource)


def _of_both(code: int, credential: bytes, resource: bytes) -> _Told:
    return code, _some(credential), _some(resource)


_CHARTS: Final = {  # by whether one application is asked for, and whether what is told apart
    (False, False): _chart(_TOTALS, "code", _plain),
    (False, True): _chart(_RESOURCES, "code, resource_app_id", _of_resource),
    (True, False): _chart(_HOURS, "code", _plain, whole=False),
    (True, True): _chart(_HOURS, "code, credential, resource_app_id", _of_both),
}


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
            "code": each.code,
            "credential": _NOBODY if credential is None else credential.bytes,
            "resource_app_id": _NOBODY if each.resource_app_id is None else each.resource_app_id.bytes,
        }
        hour = HOURS_OF_DAY[micros(each.at) // HOUR % _DAY]
        for statement in _GAINS:
            connection.execute(statement.format(hour=hour), values)


def remember(connection: sqlite3.Connection, uses: Iterable[Mapping[str, object]]) -> None:
    """Take over rows of another table of uses, where they know of more than what was counted."""
    connection.executemany(_REMEMBER, uses)


def remember_hours(
    connection: sqlite3.Connection, table: str, rows: Iterable[tuple[Any, ...]], before: int | None
) -> None:
    """Add rows of another table of hours: what is of the hours before ``before``, since 1970; ``None``: everything.

    ``table``: one of ``SUMS``. A row is its key, in order, and a number for each hour of the day.
    """
    key = SUMS[table]
    names, marks = ", ".join((*key, *HOURS_OF_DAY)), ", ".join("?" * (len(key) + _DAY))
    raised = ", ".join(f"{each} = {each} + excluded.{each}" for each in HOURS_OF_DAY)
    statement = f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT ({', '.join(key)}) DO UPDATE SET {raised}"  # noqa: S608
    for row in rows:
        begins = row[key.index("day")] * _DAY
        numbers = row[len(key) :]
        if before is not None:
            numbers = tuple(n if begins + hour < before else 0 for hour, n in enumerate(numbers))
        if any(numbers):
            connection.execute(statement, (*row[: len(key)], *numbers))


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
        "step": step,
    }
    chart = _CHARTS[app_id is not None, apart]
    connection.execute("BEGIN")  # one view for both
    try:
        counted = connection.execute(chart.counted, values).fetchall()
        ahead = connection.execute(chart.ahead, values).fetchall()
    finally:
        connection.execute("ROLLBACK")
    keys = sorted({row[1:-_DAY] for row in counted} | {row[1:-1] for row in ahead})
    ranks, shown = {key: rank for rank, key in enumerate(keys)}, [chart.told(*key) for key in keys]
    found = defaultdict[int, defaultdict[int, int]](lambda: defaultdict(int))  # by step, and by the rank of a key
    for row in counted:
        first, rank, numbers = row[0] * _DAY, ranks[row[1:-_DAY]], row[-_DAY:]
        if step % _DAY == 0 and begins <= first and first + _DAY - 1 <= ends:
            numbers = (sum(numbers),)
        for hour, n in enumerate(numbers, first):
            if n and begins <= hour <= ends:
                found[hour // step][rank] += n
    for place, *key, n in ahead:
        found[place][ranks[tuple(key)]] += n
    return [
        HourCount(at, code, n, credential, resource)
        for place in sorted(found)
        for at in (instant(place * step * HOUR),)
        for rank, n in sorted(found[place].items())
        for code, credential, resource in (shown[rank],)
    ]


def _some(octets: bytes) -> UUID | None:
    return None if octets == _NOBODY else UUID(bytes=octets)
