"""Reading the sign-in log beside what an event loop does."""

from __future__ import annotations

import sqlite3
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import UUID

from accredit.signins.usage import HOUR
from accredit.stores import sqlite
from accredit.stores.event_reader import EventReader
from accredit.stores.health import Damage
from accredit.stores.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta
    from pathlib import Path

    from accredit.query import Page, Query
    from accredit.signins import Event
    from accredit.signins.summary import Summary
    from accredit.signins.usage import HourCount, Use

T = TypeVar("T")

SLICE: Final = 0.001  # seconds of looking through, after which it pauses
PAUSE: Final = 0.0005  # seconds; ``sleep(0)`` takes the interpreter back before another thread is awake


@dataclass(frozen=True, slots=True)
class EventPages:
    """The sign-in log as ``accredit.web.signin_log`` reads it, over the file at ``path``. ``close`` it once.

    Looking through a log takes longer than an answer may wait: each question has a thread, when it is its tenant's
    turn, and a reader to itself. Readers are kept: to open one takes as long as most questions do.
    """

    path: Path
    damage: Damage = field(default_factory=Damage)
    turns: Turns = field(default_factory=Turns)
    _idle: list[EventReader] = field(default_factory=list, init=False, repr=False)

    async def search(self, query: Query, **where: object) -> Page[Event]:
        tenant_id = UUID(str(where["tenant_id"]))
        return await self._asked(tenant_id, lambda reader: reader.search(tenant_id, query))

    async def summaries(self, tenant_id: UUID, query: Query, length: timedelta) -> Page[Summary]:
        return await self._asked(tenant_id, lambda reader: reader.summaries(tenant_id, query, length))

    async def hours(
        self,
        tenant_id: UUID,
        since: datetime,
        until: datetime,
        *,
        app_id: UUID | None = None,
        apart: bool = True,
        step: timedelta = HOUR,
    ) -> Sequence[HourCount]:
        return await self._asked(
            tenant_id, lambda reader: reader.hours(tenant_id, since, until, app_id=app_id, apart=apart, step=step)
        )

    async def uses(self, tenant_id: UUID, app_ids: Collection[UUID]) -> Mapping[UUID, Mapping[UUID, Use]]:
        return await self._asked(tenant_id, lambda reader: reader.uses_of(tenant_id, app_ids))

    async def look_through(
        self, tenant_id: UUID, app_id: UUID, since: datetime, told: Callable[[Iterable[Event]], T]
    ) -> T:
        return await self._asked(tenant_id, lambda reader: told(giving_way(reader.since(tenant_id, app_id, since))))

    def close(self) -> None:
        self.turns.close()
        while self._idle:
            self._idle.pop().close()

    async def _asked(self, tenant_id: UUID, question: Callable[[EventReader], T]) -> T:
        return await self.turns.answer(tenant_id, lambda: self._answer(question))

    def _answer(self, question: Callable[[EventReader], T]) -> T:
        try:
            with ExitStack() as failed:
                reader = failed.enter_context(self._reader())
                answer = question(reader)
                failed.pop_all()
        except sqlite3.Error as error:
            self.damage.note(error)
            raise sqlite.reason_of(error) from error
        self._idle.append(reader)
        return answer

    def _reader(self) -> EventReader:
        try:
            return self._idle.pop()
        except IndexError:  # not asked beforehand: another thread may take the last one between
            return EventReader(self.path)


def giving_way(things: Iterable[T]) -> Iterator[T]:
    """Yield the same things, and let others have the interpreter every millisecond: who signs in goes before.

    A thread that computes gives it up every five milliseconds only, and an exchange wants it several times.
    """
    until = time.monotonic() + SLICE
    for each in things:
        if time.monotonic() >= until:
            time.sleep(PAUSE)
            until = time.monotonic() + SLICE
        yield each
