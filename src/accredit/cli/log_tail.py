"""``accredit logs tail``: the newest sign-ins, and those that arrive.

Rule 1: nothing is told twice, and nothing that arrives is left out: a page is read from the newest event back to one
that was told already, and a sign-in that took its time is looked for among those that began before the newest.
Rule 2: no clock of this machine is compared with the log's: how far to look back is measured by the log's own times.
"""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Unpack

import click

from accredit.cli import shapes
from accredit.cli.desk import on_desk
from accredit.cli.grammar import command
from accredit.cli.ink import cells
from accredit.cli.log_filters import CREATED, Asked, client_of, condition, filters, joined
from accredit.cli.log_pages import COLUMNS, PAGE, outcome, pages_of
from accredit.cli.log_words import how
from accredit.cli.output import GAP, STREAMED, text
from accredit.errors import Refused
from accredit.query import Compare, Query

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from uuid import UUID

    from accredit.cli.desk import Desk
    from accredit.cli.place import Log
    from accredit.cli.session import Session
    from accredit.query import Condition
    from accredit.signins import Event

EVERY: Final = 1.0  # seconds between two looks
LATE: Final = timedelta(seconds=60)  # a sign-in is kept under the time at which it began, and at most so much later
MOST: Final = 100_000  # events that one look takes in
_BROAD: Final = 120  # columns of a terminal on which a line has room for the request id
_GREATEST: Final = 30  # columns that a name is given; a longer one pushes its line to the right
_UNAVAILABLE: Final = 503


@command("tail")
@filters
@click.option("-n", "--lines", type=click.IntRange(0, 10_000), default=10, help="So many to begin with (default: 10).")
@click.option("-f", "--follow", is_flag=True, help="Go on with those that arrive, until Ctrl-C.")
@click.option("--until-idle", type=click.FloatRange(min=0), metavar="SECONDS", help="-f, until none came for so long.")
@click.option("--count", type=click.IntRange(1), metavar="N", help="-f, until N were printed in all.")
@on_desk
async def tail(
    desk: Desk, lines: int, follow: bool, until_idle: float | None, count: int | None, **asked: Unpack[Asked]
) -> None:
    """Print the newest sign-ins, the newest last, and go on as more arrive."""
    follow = follow or until_idle is not None or count is not None
    if follow and not desk.session.query and desk.session.output in ("json", "yaml"):
        raise click.UsageError(f"{desk.session.output} is one document, and this has no end: use -o jsonl")
    tenant, wanted = await condition(desk, asked)
    with desk.place.log() as log:
        watch = Watch(log, tenant.id, wanted)
        batches = _batches(desk.session, watch, lines, until_idle) if follow else iter([watch.begin(lines)])
        _print(desk.session, _at_most(batches, count))


@dataclass(slots=True)
class Watch:
    """What has been told of a log, and the way to what was not."""

    log: Log
    tenant_id: UUID
    condition: Condition | None
    head: Event | None = None  # of the whole log, the one that arrived last
    floor: datetime | None = None  # what began before this has arrived, and was told
    told: dict[UUID, datetime] = field(default_factory=dict)  # by request, when it began

    def begin(self, lines: int) -> list[Event]:
        """Return the newest events, the newest last."""
        self._look(self._head())
        newest = list(islice(self._newest(None), max(lines, 1)))
        self._tell(newest)
        if not self._by_arrival and self.floor is not None:
            self._tell(self._newest(self.floor))
        return newest[:lines][::-1]

    def arrived(self) -> list[Event]:
        """Return the events that arrived since they were last asked for, by the time at which they began."""
        head = self._head()
        if head is None or (self.head is not None and head.id == self.head.id):
            return []
        fresh: list[Event] = []
        for event in self._newest(self.floor):
            if event.id not in self.told:
                fresh.append(event)
            elif self._by_arrival:
                break  # everything behind it arrived before it
        self._tell(fresh)
        self._look(head)
        fresh.reverse()  # those of one time stay as they arrived: at a URL times are whole seconds
        fresh.sort(key=lambda each: each.at)
        return fresh

    @property
    def _by_arrival(self) -> bool:
        """Whether the log answers in the order of arrival; those of one application stand in that of their times."""
        return client_of(self.condition) is None

    def _head(self) -> Event | None:
        """Return the newest event of the whole log."""
        pages = pages_of(partial(self.log.search, self.tenant_id), Query(limit=1), 1)
        return next((event for page in pages for event in page), None)

    def _look(self, head: Event | None) -> None:
        """Note how far was looked, and forget what no look will reach back to."""
        if head is None:
            return
        floor = head.at.replace(microsecond=0) - LATE
        self.head, self.floor = head, floor if self.floor is None else max(floor, self.floor)
        self.told = {key: at for key, at in self.told.items() if at >= self.floor}

    def _newest(self, floor: datetime | None) -> Iterator[Event]:
        since = () if floor is None else (Compare(CREATED, "ge", floor),)
        more = () if self.condition is None else (self.condition,)
        query = Query(condition=joined([*since, *more]), limit=PAGE)
        return (event for page in pages_of(partial(self.log.search, self.tenant_id), query, MOST) for event in page)

    def _tell(self, events: Iterable[Event]) -> None:
        self.told.update((each.id, each.at) for each in events)


def _batches(session: Session, watch: Watch, lines: int, until_idle: float | None) -> Iterator[list[Event]]:
    """Yield what there is and what arrives, through times in which nobody answers."""
    yield watch.begin(lines)
    last, down = time.monotonic(), None
    while until_idle is None or time.monotonic() - last < until_idle:
        time.sleep(EVERY)
        fresh = _tried(watch)
        if isinstance(fresh, Exception):
            if down is None:
                session.remark(f"{_said(fresh)} Trying again every second ...")
            down = fresh
            continue
        if down is not None:
            session.remark("It answers again.")
        if fresh or down is not None:
            last, down = time.monotonic(), None
        yield fresh
        if len(fresh) >= MOST:
            session.warn(f"only {MOST} of those that arrived at once are shown; for the others: accredit logs list")
    if down is not None:
        raise down


def _tried(watch: Watch) -> list[Event] | Exception:
    """Return what arrived, or what is wrong, where that may pass."""
    try:
        return watch.arrived()
    except Exception as error:
        if not _passes(error):
            raise
        return error


def _passes(error: Exception) -> bool:
    """Whether somebody who waits may be answered: an authority that is started again, a store that is busy."""
    if isinstance(error, Refused):
        return error.row.status == _UNAVAILABLE
    if isinstance(error, sqlite3.Error):
        from accredit.stores.sqlite import reason_of

        return reason_of(error).row.status == _UNAVAILABLE
    from accredit.client import OtherRefusal

    return isinstance(error, OtherRefusal) and error.status >= _UNAVAILABLE


def _said(error: Exception) -> str:
    """Return a sentence that says what is wrong."""
    told = getattr(error, "message", "") or str(error)
    return told[:1].upper() + told[1:].rstrip(".") + "."


def _at_most(batches: Iterator[list[Event]], count: int | None) -> Iterator[list[Event]]:
    """Yield so many events, and look no further then."""
    left = count
    for each in batches:
        yield each if left is None else each[:left]
        if left is not None:
            left -= len(each)
            if left <= 0:
                return


def _print(session: Session, batches: Iterator[list[Event]]) -> None:
    """Print events as they come: lines, or rows of the format that was asked for; a query looks at one at a time."""
    shown = ([shapes.event(each) for each in batch] for batch in batches)
    if session.query:
        for batch in shown:
            for each in batch:
                session.show(each)
            session.flush()
    elif session.output in STREAMED:
        session.show_pages(shown, COLUMNS)
    elif session.output == "table":
        lines = Lines(session)
        for batch in shown:
            for each in batch:
                lines.say(each)
            session.flush()
    else:
        session.show([each for batch in shown for each in batch], COLUMNS)


class Lines:
    """Lines in the order of ``logs list``, whose parts stand below each other as far as nobody knows what comes."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._ink = session.ink
        self._beside = session.style.width >= _BROAD
        self._widths = [20, 14, 12, 17, 15]

    def say(self, shape: dict[str, Any]) -> None:
        """Print one event."""
        parts = [
            text(shape["createdDateTime"]),
            text(shape["appDisplayName"]),
            outcome(shape),
            text(how(shape)),
            *([text(shape["ipAddress"])] if self._beside else []),
        ]
        for n, each in enumerate(parts):
            self._widths[n] = max(self._widths[n], min(cells(each), _GREATEST))
        padded = [each + " " * (self._widths[n] - cells(each)) for n, each in enumerate(parts)]
        ink = self._ink
        padded[0] = ink.faint(padded[0])
        padded[2] = (ink.bad if shape["status"]["errorCode"] else ink.good)(padded[2])
        line = GAP.join(padded).rstrip()
        self._session.say(f"{line}{GAP}{shape['id']}" if self._beside else f"{line}\n{GAP}{shape['id']}")
