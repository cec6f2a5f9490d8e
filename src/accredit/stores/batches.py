"""What the sign-in log hands to whoever writes it: batches of attempts. A store with a log implements ``Sink``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from accredit.policy import REPLAY

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable, Sequence
    from uuid import UUID

    from accredit.assertions import Once
    from accredit.signins import Event, SignIn
    from accredit.stores.quota import Tally


class Entry:
    """One attempt on its way into the store."""

    __slots__ = ("event", "once", "outdated", "reused", "signin", "stored", "tally", "waiter")

    def __init__(self, event: Event, signin: SignIn | None, tally: Tally | None) -> None:
        self.event = event
        self.signin = signin  # what the decision rested on; ``None``: it stands whatever has changed
        self.tally = tally  # ``None``: stored in full
        self.once: Once | None = None if signin is None or event.code else signin.once  # used up by this grant
        self.reused: tuple[int, str] | None = None  # refused for it: how many tokens there were, and the first address
        self.stored = False  # or, for one that is only counted: compared
        self.outdated = False
        self.waiter: asyncio.Future[None] | None = None


@dataclass(slots=True)
class Batch:
    """What one transaction does. The sink fills in ``stored``, ``outdated`` or ``reused`` of each, and ``failure``."""

    entries: Sequence[Entry] = ()
    aggregates: Sequence[Event] = ()  # each replaces the one with its id
    tend: bool = False  # look after disk and retention
    probe: bool = False  # the last write failed: find out whether one succeeds now
    committed: bool = False  # by the sink: something was written
    failure: str = ""  # by the sink: why nothing was written


def judge(entries: Iterable[Entry], take: Callable[[Once, Event], tuple[int, str]]) -> None:
    """Refuse or mark those that grant a token for an assertion that was used before.

    ``take``: note one use, unless that is refused; return how many tokens there were before, and the first address.
    """
    for entry in entries:
        once = entry.once
        if once is None:
            continue
        before, address = take(once, entry.event)
        if before and once.enforced:
            entry.reused = (before, address)
        elif before:
            marks = (*entry.event.policies, REPLAY)
            entry.event = replace(entry.event, policies=marks, reused=before, first_address=address)


class Sink(Protocol):
    """Where batches are written to: all of a batch is durable, or nothing of it is."""

    reserve: bool  # the disk is nearly full: store no unproven refusal in full

    @property
    def trouble(self) -> str:
        """Why nothing can be written at present, as far as is known without trying; ``""`` when all is well."""

    def open(self) -> str:
        """Make ready, and return why nothing can be written yet; ``""`` when it can. Raises what the store raises."""

    def write(self, batch: Batch, done: Callable[[], object]) -> None:
        """Write ``batch``, then call ``done``, from whatever thread."""

    def close(self, timeout: float) -> None:
        """Finish what was handed over, for at most ``timeout`` seconds."""


class MemorySink:
    """Keeps the newest events in memory: the log of tests, which need none on disk. The server has a ``SqliteSink``.

    It never waits and compares nothing: the directory beside it has one writer, this process.
    """

    def __init__(self, most: int = 10_000) -> None:
        self.reserve = False
        self.failure = ""  # set it to have every write fail
        self.most = most
        self.events: dict[UUID, Event] = {}  # oldest first
        self.used: dict[bytes, tuple[float, int, str]] = {}  # assertions: until when, for how many tokens, from where

    @property
    def trouble(self) -> str:
        return self.failure

    def open(self) -> str:
        return self.failure

    def write(self, batch: Batch, done: Callable[[], object]) -> None:
        """Keep the events of a batch, or fail it."""
        batch.failure = self.failure
        batch.committed = not self.failure
        if not self.failure:
            judge(batch.entries, self._take)
        for entry in batch.entries:
            entry.stored = not self.failure and entry.reused is None
            if entry.stored and entry.tally is None:
                self.events[entry.event.id] = entry.event
        if not self.failure:
            self.events |= {event.id: event for event in batch.aggregates}
        while len(self.events) > self.most:
            del self.events[next(iter(self.events))]
        done()

    def close(self, timeout: float) -> None:
        """Nothing to do."""

    def _take(self, once: Once, event: Event) -> tuple[int, str]:
        until, tokens, address = self.used.get(once.key, (0.0, 0, event.address))
        if until < event.at.timestamp():
            tokens, address = 0, event.address
        if not (tokens and once.enforced):
            self.used[once.key] = (once.until, tokens + 1, address)
        return tokens, address
