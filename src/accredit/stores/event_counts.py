"""What there was in each hour, counted: tables that follow the log, as ``accredit.stores.event_index`` does.

Rule 1: an event is counted once. Up to the place that the index has come to the tables count it; behind that, whoever
reads does. Both are one statement, and so one view: nothing is missing, nothing is there twice.
Rule 2: an event that stands for many attempts goes on growing. What it gains after it was counted is added by the
transaction that writes it again.
Rule 3: what the log forgets was counted before, and stays counted.
"""

from __future__ import annotations

from contextlib import closing
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from uuid import UUID

from accredit.signins.usage import HourCount, Use
from accredit.stores.encoding import instant, micros

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from datetime import datetime

    from accredit.signins import Event

HOUR: Final = 3_600_000_000  # microseconds
MINUTE: Final = 60_000_000
_NOBODY: Final = bytes(16)  # stands for no credential, and for no resource
_COME_TO: Final = "(SELECT seq FROM signins_indexed)"
_AHEAD: Final = f"seq > {_COME_TO}"

_OF_HOUR: Final = f"at / {HOUR}"
_CREDENTIAL: Final = "coalesce(credential_id, key_id, zeroblob(16))"
_RESOURCE: Final = "coalesce(resource_app_id, zeroblob(16))"
_ADD: Final = "n = n + excluded.n"
_HOURS: Final = "tenant_id, app_id, credential, code, resource_app_id, hour"
_TOTALS: Final = "tenant_id, hour, resource_app_id, code"
_NEWER: Final = ", ".join(
    f"{each} = CASE WHEN excluded.last_at < last_at THEN {each} ELSE excluded.{each} END"
    for each in ("last_at", "last_id", "last_address")
)
_COUNT_HOURS: Final = (  # SQLite takes what stands beside max() from the row that has it
    f"INSERT INTO signin_hours ({_HOURS}, n, last_at, last_id, last_address)"  # noqa: S608  constants, as below
    f" SELECT tenant_id, app_id, {_CREDENTIAL}, code, {_RESOURCE}, {_OF_HOUR}, sum(count), max(at), id, address"
    f" FROM signins WHERE {_AHEAD} GROUP BY 1, 2, 3, 4, 5, 6"
    f" ON CONFLICT ({_HOURS}) DO UPDATE SET {_ADD}, {_NEWER}"
)
_COUNT_TOTALS: Final = (
    f"INSERT INTO signin_totals ({_TOTALS}, n)"  # noqa: S608
    f" SELECT tenant_id, {_OF_HOUR}, {_RESOURCE}, code, sum(count) FROM signins WHERE {_AHEAD} GROUP BY 1, 2, 3, 4"
    f" ON CONFLICT ({_TOTALS}) DO UPDATE SET {_ADD}"
)
_NOTE_PLACES: Final = (
    "INSERT INTO signins_by_minute (minute, first_seq, last_seq)"  # noqa: S608
    f" SELECT at / {MINUTE}, min(seq), max(seq) FROM signins WHERE {_AHEAD} GROUP BY 1"
    " ON CONFLICT (minute) DO UPDATE SET"
    " first_seq = min(first_seq, excluded.first_seq), last_seq = max(last_seq, excluded.last_seq)"
)
FOLLOW: Final = (_COUNT_HOURS, _COUNT_TOTALS, _NOTE_PLACES)
"""Statements that count what the index has not come to yet, and note where it is."""

_COUNTED: Final = f"SELECT count FROM signins WHERE id = ? AND seq <= {_COME_TO}"  # noqa: S608
_GAIN: Final = (
    "UPDATE signin_hours SET n = n + ? WHERE tenant_id = ? AND app_id = ? AND credential = ? AND code = ?"
    " AND resource_app_id = ? AND hour = ?"
)
_GAIN_IN_TOTAL: Final = (
    "UPDATE signin_totals SET n = n + ? WHERE tenant_id = ? AND hour = ? AND resource_app_id = ? AND code = ?"
)

_WITHIN: Final = "tenant_id = :tenant AND {} BETWEEN :since AND :until"
_OF_TENANT: Final = (
    "SELECT hour, code, sum(n), zeroblob(16), resource_app_id FROM ("  # noqa: S608
    f"SELECT hour, code, n, resource_app_id FROM signin_totals WHERE {_WITHIN.format('hour')}"
    f" UNION ALL SELECT {_OF_HOUR}, code, count, {_RESOURCE} FROM signins"
    f" WHERE {_AHEAD} AND {_WITHIN.format(_OF_HOUR)}"
    ") GROUP BY 1, 2, 5 ORDER BY 1, 2, 5"
)
_OF_APPLICATION: Final = (
    "SELECT hour, code, sum(n), credential, resource_app_id FROM ("  # noqa: S608
    f"SELECT hour, code, n, credential, resource_app_id FROM signin_hours"
    f" WHERE {_WITHIN.format('hour')} AND app_id = :app"
    f" UNION ALL SELECT {_OF_HOUR}, code, count, {_CREDENTIAL}, {_RESOURCE} FROM signins"
    f" WHERE {_AHEAD} AND {_WITHIN.format(_OF_HOUR)} AND app_id = :app"
    ") GROUP BY 1, 2, 4, 5 ORDER BY 1, 2, 4, 5"
)
_USES: Final = (
    "SELECT credential, max(CASE code WHEN 0 THEN last_at END), last_address, last_id,"  # noqa: S608
    " sum(CASE code WHEN 0 THEN n ELSE 0 END), sum(CASE code WHEN 0 THEN 0 ELSE n END) FROM ("
    "SELECT credential, code, n, last_at, last_id, last_address FROM signin_hours"
    " WHERE tenant_id = :tenant AND app_id = :app AND {}"
    f" UNION ALL SELECT {_CREDENTIAL} AS credential, code, count, at, id, address FROM signins"
    f" WHERE {_AHEAD} AND tenant_id = :tenant AND app_id = :app"
    ") WHERE {} GROUP BY credential"
)
_USES_OF_ALL: Final = _USES.format("credential <> zeroblob(16)", "credential <> zeroblob(16)")
_USE_OF_ONE: Final = _USES.format("credential = :credential", "credential = :credential")


def gain(connection: sqlite3.Connection, aggregates: Iterable[Event]) -> None:
    """Count what aggregates have gained since they were counted, in the transaction that is about to write them."""
    for each in aggregates:
        found = connection.execute(_COUNTED, (each.id.bytes,)).fetchone()
        if found is None:
            continue
        credential = each.credential_id or each.key_id
        key = _NOBODY if credential is None else credential.bytes
        resource = _NOBODY if each.resource_app_id is None else each.resource_app_id.bytes
        tenant, hour, more = each.tenant_id.bytes, micros(each.at) // HOUR, each.count - found[0]
        connection.execute(_GAIN, (more, tenant, each.app_id.bytes, key, each.code, resource, hour))
        connection.execute(_GAIN_IN_TOTAL, (more, tenant, hour, resource, each.code))


def hours(
    connection: sqlite3.Connection, tenant_id: UUID, since: datetime, until: datetime, app_id: UUID | None
) -> list[HourCount]:
    """Return what there was in the hours that begin before ``until`` and end after ``since``, oldest first.

    Credentials are told apart where one application is asked for.
    """
    values = {
        "tenant": tenant_id.bytes,
        "app": None if app_id is None else app_id.bytes,
        "since": micros(since) // HOUR,
        "until": (micros(until) - 1) // HOUR,
    }
    with closing(connection.execute(_OF_TENANT if app_id is None else _OF_APPLICATION, values)) as cursor:
        return [
            HourCount(_begins(hour), code, count, _some(credential), _some(resource))
            for hour, code, count, credential, resource in cursor
        ]


def uses(
    connection: sqlite3.Connection, tenant_id: UUID, app_id: UUID, credential: UUID | None = None
) -> dict[UUID, Use]:
    """Return what came of an application's credentials, secrets and certificates, or of one; unused ones are absent."""
    values = {"tenant": tenant_id.bytes, "app": app_id.bytes, "credential": credential and credential.bytes}
    with closing(connection.execute(_USES_OF_ALL if credential is None else _USE_OF_ONE, values)) as cursor:
        return {
            UUID(bytes=key): Use(grants=grants, refusals=refusals)
            if at is None
            else Use(instant(at), address, UUID(bytes=id_), grants, refusals)
            for key, at, address, id_, grants, refusals in cursor
        }


@lru_cache(maxsize=1_024)
def _begins(hour: int) -> datetime:
    return instant(hour * HOUR)


@lru_cache(maxsize=1_024)
def _some(octets: bytes) -> UUID | None:
    return None if octets == _NOBODY else UUID(bytes=octets)
