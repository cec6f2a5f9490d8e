"""``accredit logs stats``: how many sign-ins were granted and refused, by the hour, and what they were refused for.

Rule 1: attempts are counted in whole hours, UTC: an hour of which a part was asked for is shown whole.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Unpack
from uuid import UUID

import click

from accredit.cli import shapes
from accredit.cli.desk import on_desk
from accredit.cli.grammar import command
from accredit.cli.ink import folded, safe
from accredit.cli.log_counts import counted
from accredit.cli.log_filters import as_given, filters, period, whole
from accredit.cli.output import GAP, LEAST, Column
from accredit.cli.words import accredit, followed
from accredit.signins.usage import HOUR
from accredit.signins.words import code, meaning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from accredit.cli.desk import Desk
    from accredit.cli.log_filters import Asked
    from accredit.cli.session import Session
    from accredit.directory import Tenant
    from accredit.ports import Transaction
    from accredit.signins.usage import HourCount

    Json = dict[str, Any]

DAY: Final = timedelta(days=1)
WORST: Final = 5  # codes that are named under the table
_BY_DAY: Final = timedelta(hours=48)  # a longer time is shown by the day
_BAR: Final = 24  # columns
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"
_HEIGHTS: Final = "▁▂▃▄▅▆▇█"
_NONE: Final = "·"  # in a row of heights
_DRAWN: Final = ""  # the path of a column that has no value but what is drawn
_WAYS: Final = ("hour", "day", "code", "credential", "resource")


@command("stats")
@filters
@click.option("--by", type=click.Choice(_WAYS), help="What rows stand for; hours, or days for a longer time.")
@on_desk
async def stats(desk: Desk, by: str | None, **asked: Unpack[Asked]) -> None:
    """Count sign-ins of the last 24 hours, or since --since: granted and refused, and what they were refused for.

    Counts outlive events. Where more than --app, --since and --until is asked for, the events are counted that are
    still there.
    """
    if by == "credential" and asked["application"] is None:
        raise click.UsageError("--by credential needs --app: credentials are told apart within one application")
    first, last = period(asked["since"] or "24h", asked["until"], desk.now)
    first, last = whole(first or desk.now, HOUR), last or desk.now
    usual = "hour" if last - first <= _BY_DAY + HOUR else "day"
    by = by or usual
    apart, step = by in ("credential", "resource"), HOUR if "hour" in (by, usual) else DAY
    tenant, app, counts = await counted(desk, asked, (first, last), apart=apart, step=step)
    async with desk.reading() as store:
        known = await _evidence(desk, store, tenant, UUID(app)) if by == "credential" and app is not None else {}
        rows = await _rows(store, tenant, known, counts, by, (first, last))
    session = desk.session
    drawn = session.output == "table" and not session.query
    if drawn:
        _draw_totals(session, counts, (first, last), step)
    session.show(rows, [each for each in _columns(rows, by) if drawn or each.path != _DRAWN])
    if drawn:
        _name_worst(session, counts, asked, first, meant=by == "code")


async def _rows(
    store: Transaction,
    tenant: Tenant,
    known: Mapping[UUID | None, str],
    counts: Sequence[HourCount],
    by: str,
    within: tuple[datetime, datetime],
) -> list[Json]:
    if by in ("hour", "day"):
        return _by_time(counts, within, HOUR if by == "hour" else DAY)
    if by == "code":
        found = _sums(counts, lambda each: each.code)
        return [
            {"errorCode": key, "failureReason": meaning(key), "granted": granted, "refused": refused}
            for key, (granted, refused) in _greatest(found)
        ]
    if by == "resource":
        of_resources = _sums(counts, lambda each: each.resource_app_id)
        shown = [(key, await _api(store, tenant, key), sums) for key, sums in _greatest(of_resources)]
        return [_named("resourceId", "resourceDisplayName", *each) for each in shown]
    of_credentials = _sums(counts, lambda each: each.credential_id)
    return [
        _named("credentialId", "credentialName", key, known.get(key) if key else None, sums)
        for key, sums in _greatest(of_credentials)
    ]


def _named(id_: str, name: str, key: UUID | None, said: str | None, sums: tuple[int, int]) -> Json:
    return {id_: None if key is None else str(key), name: said, "granted": sums[0], "refused": sums[1]}


def _by_time(counts: Iterable[HourCount], within: tuple[datetime, datetime], step: timedelta) -> list[Json]:
    """Return a row for each hour or day of a time, also where nothing happened."""
    found = _sums(counts, lambda each: whole(each.hour, step))
    at, rows = whole(within[0], step), []
    while at < within[1]:
        granted, refused = found.get(at, (0, 0))
        rows.append({"dateTime": shapes.instant(at), "granted": granted, "refused": refused})
        at += step
    return rows


def _sums(counts: Iterable[HourCount], key: Callable[[HourCount], Any]) -> Mapping[Any, tuple[int, int]]:
    """Return how many were granted and refused, by what ``key`` reads."""
    granted, refused = Counter[Any](), Counter[Any]()
    for each in counts:
        (refused if each.code else granted)[key(each)] += each.count
    return {key: (granted[key], refused[key]) for key in {**granted, **refused}}


def _greatest(sums: Mapping[Any, tuple[int, int]]) -> list[tuple[Any, tuple[int, int]]]:
    """Return what was summed, the most first."""
    return sorted(sums.items(), key=lambda each: (-sum(each[1]), str(each[0])))


async def _api(store: Transaction, tenant: Tenant, app_id: UUID | None) -> str | None:
    found = await store.principals.find(tenant_id=tenant.id, app_id=app_id) if app_id else ()
    return found[0].display_name if found else None


async def _evidence(desk: Desk, store: Transaction, tenant: Tenant, app_id: UUID) -> dict[UUID | None, str]:
    """Return the names of what an application signs in with, by id."""
    found = await store.applications.find(tenant_id=tenant.id, app_id=app_id)
    if not found:
        return {}
    held = await desk.place.trusted(store, found[0])
    known: dict[UUID | None, str] = {each.id: each.name for each in held}
    known |= {each.key_id: each.display_name or "" for each in found[0].secrets}
    return known | {each.key_id: each.display_name or "" for each in found[0].certificates}


def _columns(rows: Sequence[Json], by: str) -> tuple[Column, ...]:
    """Return the columns of a table: what a row stands for, the numbers, and a bar."""
    most = max((each["granted"] + each["refused"] for each in rows), default=0)
    heads = {
        "hour": (Column("Hour", "dateTime", lambda row: _hour(row["dateTime"])),),
        "day": (Column("Day", "dateTime", lambda row: row["dateTime"][:10]),),
        "code": (Column("Result", "errorCode", lambda row: code(row["errorCode"]) if row["errorCode"] else "granted"),),
        "credential": (
            Column("Credential", "credentialName", lambda row: row["credentialName"] or row["credentialId"] or "none"),
            Column("ID", "credentialId", wide=True),
        ),
        "resource": (
            Column("API", "resourceDisplayName", lambda row: row["resourceDisplayName"] or row["resourceId"] or "none"),
            Column("ID", "resourceId", wide=True),
        ),
    }
    return (
        *heads[by],
        Column("Granted", "granted", lambda row: f"{row['granted']:,}"),
        Column("Refused", "refused", lambda row: f"{row['refused']:,}"),
        Column("Meaning", "failureReason", _meant) if by == "code" else Column("", _DRAWN, lambda row: bar(row, most)),
    )


def _meant(row: Json) -> str:
    return "" if row["errorCode"] == 0 else str(row["failureReason"])


def _hour(text: str) -> str:
    return f"{text[:10]} {text[11:16]}Z"


def bar(row: Json, most: int) -> str:
    """Draw a row's share of the greatest: granted full, refused behind it shaded."""
    if most == 0:
        return ""
    eighths = round(row["granted"] * _BAR * 8 / most)
    shaded = round(row["refused"] * _BAR / most) or (1 if row["refused"] else 0)
    full = "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
    return (full or ("▏" if row["granted"] else "")) + "░" * shaded


def spark(numbers: Sequence[int], room: int) -> str:
    """Draw numbers as heights on one line, several to a sign where there is no room for each."""
    each = -(-len(numbers) // max(room, 1)) or 1
    sums = [sum(numbers[start : start + each]) for start in range(0, len(numbers), each)]
    most = max(sums, default=0)
    return "".join(_HEIGHTS[(number * 8 - 1) // most] if number else _NONE for number in sums)


def _draw_totals(
    session: Session, counts: Sequence[HourCount], within: tuple[datetime, datetime], step: timedelta
) -> None:
    """Say how many there were in all, and draw how they came: each hour or day is a height."""
    rows, ink = _by_time(counts, within, step), session.ink
    session.say(f"{_hour(str(shapes.instant(within[0])))} to {_hour(str(shapes.instant(within[1])))}")
    totals = {name: [each[name] for each in rows] for name in ("granted", "refused")}
    broad = max(len(f"{sum(each):,}") for each in totals.values())
    for name, numbers in totals.items():
        said = f"{sum(numbers):>{broad},}"
        line = spark(numbers, session.style.width - broad - len(name) - 2 * len(GAP))
        session.say(f"{name}{GAP}{said}{GAP}{(ink.good if name == 'granted' else ink.bad)(line)}")
    session.say("")


def _name_worst(session: Session, counts: Sequence[HourCount], asked: Asked, since: datetime, *, meant: bool) -> None:
    """Name what was refused most: its meaning, where the table has not ``meant`` it, and the command that lists it."""
    refused = _greatest(_sums([each for each in counts if each.code], lambda each: each.code))[:WORST]
    if not refused:
        return
    session.say("")
    session.say(session.ink.bold("To list what was refused most" if meant else "Refused most"))
    broad, most = max(len(code(number)) for number, _ in refused), len(f"{refused[0][1][1]:,}")
    for number, (_, times) in refused:
        same: Asked = {**asked, "code": (code(number),), "failed": False, "since": str(shapes.instant(since))}
        if not meant:
            head = f"{code(number):<{broad}}{GAP}{times:>{most},}{GAP}"
            said = folded(safe(meaning(number)), max(LEAST, session.style.width - len(head)))
            session.say(session.ink.bad(head) + f"\n{' ' * len(head)}".join(said))
        session.say(GAP + followed(accredit("logs", "list", *as_given(same)), *session.told))
