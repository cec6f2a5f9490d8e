"""The sign-in log: an attempt's event is durable before its answer leaves. Writes are shared, one batch at a time.

Rule 1: no token leaves before its event is durable. What cannot be written is answered with 90033.
Rule 2: the transaction that writes a batch compares what each decision rested on with what is stored; a decision that
rested on something older is not recorded but made again (``Outdated``). Refusals are compared too, so that a
credential that was just added holds for the next request.
Rule 3: an unproven refusal beyond the quota is compared like every other one, but leaves a number, not an event. Its
answer does not wait for that number: a crash loses at most about one second of counts, never a stored event.
Rule 4: an attempt that breaks or is cancelled leaves an event too.
Rule 5: nobody waits for ever: what a sink has not answered in time counts as not written.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from accredit.errors import ASSERTION_REUSED, BROKEN, TRANSIENT, Refused
from accredit.policy import REPLAY
from accredit.ports import Outdated
from accredit.signins import SignIn
from accredit.stores.batches import Batch, Entry
from accredit.stores.quota import Quota, Tallies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from types import TracebackType

    from accredit.directory import Client, Tenant
    from accredit.signins import Event, Sender
    from accredit.stores.batches import Sink
    from accredit.stores.quota import Tally

MOST_IN_BATCH: Final = 256  # attempts that one transaction records
MOST_AGGREGATES: Final = 500  # that one transaction writes beside them
TICK: Final = 1.0  # seconds between looks at what waits when no request comes


@dataclass(slots=True)
class LogFigures:
    """What the log has done since it started."""

    written: int = 0  # events stored in full
    counted: int = 0  # refusals that only raised a number
    aggregates: int = 0  # aggregate events written
    outdated: int = 0  # attempts sent back to be decided again
    reused: int = 0  # grants that an assertion had been used for before, and that were refused instead
    batches: int = 0
    failures: int = 0  # batches that could not be written
    unrecorded: int = 0  # attempts that nobody waited for and that could not be written
    seconds: float = 0.0  # from handing over each batch until it was durable


class Attempt:
    """One attempt as a context: entering opens its form, leaving it makes its event durable."""

    __slots__ = ("_log", "_signin", "_started")

    def __init__(self, log: EventLog, signin: SignIn) -> None:
        self._log = log
        self._signin = signin
        self._started = signin.sender.began or log.counter()

    async def __aenter__(self) -> SignIn:
        return self._signin

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        log, signin = self._log, self._signin
        log.heard(signin)
        duration = (log.counter() - self._started) * 1_000
        if error is None or isinstance(error, Refused):
            try:
                await log.record(signin.event(error, duration), signin, error)
            except Refused as refused:
                if refused.row is ASSERTION_REUSED:  # the grant was not recorded; that it was refused is
                    await log.record(signin.event(refused, duration), signin, refused)
                raise
            return
        # Its text may quote what must not be kept; the server's own log has the traceback under the same trace id.
        broken = signin.event(Refused(BROKEN, detail=type(error).__qualname__), duration)
        if isinstance(error, Exception):
            with suppress(Refused):
                await log.record(broken, None)
        else:  # cancelled: nobody waits for an answer, and nobody may be kept waiting
            log.hand_over(broken, None)


def _unheard(_signin: SignIn) -> None:
    """Nobody listens."""


def _as_it_is(event: Event, _signin: SignIn, _refused: Refused) -> Event:
    return event


@dataclass(slots=True, eq=False)
class EventLog:
    """The port ``SignIns`` over a sink. Used from one event loop; ``start`` before the first request, ``close`` last.

    One batch is under way at a time; what arrives meanwhile is the next one. A log that was not started writes what it
    is given through a sink that does not wait (``MemorySink``); that needs no event loop.
    """

    sink: Sink
    version: Callable[[], int]  # of the directory that decisions read at this moment
    quota: Quota = field(default_factory=Quota)
    counter: Callable[[], float] = time.perf_counter  # seconds, for durations
    linger: float = 0.002  # seconds, at most, that events wait for those of other requests that seem to be about
    patience: float = 10.0  # seconds for one batch; a write waits five for another process's, at most
    figures: LogFigures = field(default_factory=LogFigures)
    failure: str = ""  # why the last batch could not be written; "" when it could
    worded: Callable[[Event, SignIn, Refused], Event] = _as_it_is  # adds why it was refused to what is stored in full
    heard: Callable[[SignIn], None] = _unheard  # told of every attempt when it ends; what it raises breaks the attempt
    _tallies: Tallies = field(init=False)
    _waiting: list[Entry] = field(default_factory=list)
    _under_way: Batch | None = None
    _given_up: bool = False  # on the batch under way
    _crowd: int = 1  # attempts that seem to come at the same time
    _soon: bool = False  # a flush is due at the end of this turn of the loop
    _timer: asyncio.TimerHandle | None = None  # a flush is due in a while
    _due: bool = False  # the next batch also does what is done once a second
    _handed_over_at: float = 0.0
    _loop: asyncio.AbstractEventLoop | None = None
    _ticker: asyncio.TimerHandle | None = None
    _done_once: asyncio.Future[None] | None = None

    def __post_init__(self) -> None:
        self._tallies = Tallies(self.quota)

    @property
    def trouble(self) -> str:
        """Why nothing can be written at present; ``""`` when all is well."""
        return self.failure or self.sink.trouble

    @property
    def reserve(self) -> bool:
        """Whether the disk is so full that unproven refusals are only counted."""
        return self.sink.reserve

    def attempt(self, at: datetime, sender: Sender, tenant: Tenant, client: Client) -> Attempt:
        """Open the form of one attempt; see ``accredit.ports.SignIns``."""
        return Attempt(self, SignIn(at, sender, tenant, client, self.version()))

    async def start(self) -> None:
        """Open the store and begin to look after it."""
        self.failure = self.sink.open()
        self._loop = asyncio.get_running_loop()
        self._tick()

    async def close(self, timeout: float = 10.0) -> None:  # noqa: ASYNC109  the same bound joins the sink's thread
        """Write all that was handed over, counts included, for at most ``timeout`` seconds."""
        if self._ticker is not None:
            self._ticker.cancel()
        ends = time.monotonic() + timeout
        while (self._waiting or self._under_way or self._tallies.changed) and time.monotonic() < ends:
            if self._given_up:
                break
            self._due = True
            self._flush()
            if self._under_way and self._loop is not None:
                self._done_once = self._loop.create_future()
                await asyncio.wait((self._done_once,), timeout=ends - time.monotonic())
            if self.failure:  # counts that cannot be written
                break
        self.sink.close(max(0.1, ends - time.monotonic()))

    async def record(self, event: Event, signin: SignIn | None, refused: Refused | None = None) -> None:
        """Return when ``event`` is durable, or counted. 90033, 700027 for a grant to an assertion that was used.

        Raises ``Outdated``.

        ``signin`` is what the decision rested on; ``None`` when it stands whatever has changed. ``refused``: how it
        ended.
        """
        entry = self.hand_over(event, signin, refused)
        if self._loop is not None:
            entry.waiter = self._loop.create_future()
            await entry.waiter
        if entry.outdated:
            raise Outdated
        if entry.reused is not None and signin is not None:
            raise _reused(signin, *entry.reused)
        if not entry.stored:
            raise Refused(TRANSIENT, detail=f"the sign-in event was not written: {self.failure}")

    def hand_over(self, event: Event, signin: SignIn | None, refused: Refused | None = None) -> Entry:
        """Put ``event`` into the next batch without waiting for it."""
        tally = self._tallies.place(event, reserve=self.sink.reserve)
        if tally is None and refused is not None and signin is not None:
            event = self.worded(event, signin, refused)
        entry = Entry(event, signin, tally)
        self._waiting.append(entry)
        self._schedule()
        return entry

    def _schedule(self) -> None:
        """Have what waits written: at the end of this turn when all that seem to be about are here, else after a while.

        A write costs as much as what else is done for a dozen requests, and sharing it costs an idle log nothing.
        """
        if self._under_way or self._soon:
            return
        if self._loop is None:
            self._flush()
        elif len(self._waiting) >= self._crowd:
            self._soon = True
            self._loop.call_soon(self._flush)
        elif self._timer is None:
            self._timer = self._loop.call_later(self.linger, self._flush)

    def _flush(self) -> None:
        """Hand what waits to the sink, unless a batch is under way: then it goes when that one is done."""
        self._soon = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._under_way or not (self._waiting or self._due):
            return
        entries, self._waiting = self._waiting[:MOST_IN_BATCH], self._waiting[MOST_IN_BATCH:]
        tallies = self._tallies.take(MOST_AGGREGATES) if self._due else []
        aggregates = [event for tally in tallies if (event := tally.event) is not None]
        batch = Batch(entries, aggregates, tend=self._due, probe=self._due and bool(self.failure))
        self._due = False
        self._under_way = batch
        self._handed_over_at = self.counter()
        done = partial(self._done, batch, tallies)
        self.sink.write(batch, done if self._loop is None else partial(self._loop.call_soon_threadsafe, done))

    def _done(self, batch: Batch, tallies: list[Tally]) -> None:
        self._under_way = None
        self._given_up = False
        if batch.failure or batch.committed:
            self.failure = batch.failure
        if batch.failure:
            self._tallies.give_back(tallies)
        self._reckon(batch)
        for entry in batch.entries:
            if entry.tally is not None and entry.stored:
                self._tallies.count(entry.tally, entry.event)
        _answer(batch.entries)
        if self._done_once is not None and not self._done_once.done():
            self._done_once.set_result(None)
        self._crowd = max(len(batch.entries) + len(self._waiting), self._crowd // 2)
        if self._waiting:
            self._schedule()

    def _give_up(self, batch: Batch) -> None:
        """Answer everybody who waits for a batch that the sink does not finish, or behind it. It may yet finish."""
        self._given_up = True
        self.failure = self.sink.trouble or f"the log has not answered for {self.patience:.0f} seconds"
        waiting, self._waiting = self._waiting, []
        self.figures.unrecorded += sum(entry.waiter is None for entry in waiting)
        _answer((*batch.entries, *waiting))

    def _reckon(self, batch: Batch) -> None:
        figures = self.figures
        figures.batches += 1
        figures.seconds += self.counter() - self._handed_over_at
        figures.failures += bool(batch.failure)
        figures.aggregates += 0 if batch.failure else len(batch.aggregates)
        for entry in batch.entries:
            if entry.outdated:
                figures.outdated += 1
            elif entry.reused is not None:
                figures.reused += 1
            elif not entry.stored:
                figures.unrecorded += entry.waiter is None or entry.waiter.done()
            elif entry.tally is None:
                figures.written += 1
            else:
                figures.counted += 1

    def _tick(self) -> None:
        if self._under_way is not None and self.counter() - self._handed_over_at > self.patience:
            self._give_up(self._under_way)
        self._due = True
        self._flush()
        if self._loop is not None:
            self._ticker = self._loop.call_later(TICK, self._tick)


def _reused(signin: SignIn, tokens: int, address: str) -> Refused:
    """Make the refusal of an assertion that was used before, and have the form say so."""
    signin.reused, signin.first_address = tokens, address
    signin.policies = (*signin.policies, REPLAY)
    return Refused(ASSERTION_REUSED, detail=f"the assertion was used for a token before, from {address}")


def _answer(entries: Iterable[Entry]) -> None:
    """Let those go on who wait: what became of an entry stands in it."""
    for entry in entries:
        if entry.waiter is not None and not entry.waiter.done():
            entry.waiter.set_result(None)
