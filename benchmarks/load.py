"""The load: HTTP/1.1 over connections that stay open, from the core that is not measured.

Rule 1: every request is prepared beforehand, is sent once, and has to be answered: a lost connection ends the run.
Rule 2: every run is bounded by a count of requests and by time.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

import uvloop

from benchmarks.machine import pinned

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Sequence

T = TypeVar("T")

CONNECTIONS = 16
LONGEST = 60.0  # seconds of one run
SAMPLES = 8  # answers of a run that are kept whole, at even distances
REFUSALS = 3  # answers other than 200 that are kept to be shown


class Lost(Exception):
    """The server closed a connection, or answered in a way that this client does not read."""


@dataclass(slots=True)
class Run:
    """What came back."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)  # seconds
    samples: list[bytes] = field(default_factory=list)  # bodies of some answers with 200
    others: list[bytes] = field(default_factory=list)  # bodies of some other answers

    @property
    def completed(self) -> int:
        return sum(self.statuses.values())

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]

    def refuse_other_than(self, *expected: int, what: str) -> None:
        if not self.statuses or not set(self.statuses) <= set(expected):
            raise SystemExit(f"{what}: expected {expected}, got {dict(self.statuses)}: {self.others}")


class _Answers(asyncio.Protocol):
    """One connection: one request at a time; tells ``done`` when its answer is complete."""

    __slots__ = ("_begun", "_buffer", "_done", "_failed", "_transport")

    def __init__(self, done: Callable[[_Answers, int, bytes, float], None], failed: Callable[[str], None]) -> None:
        self._done = done
        self._failed = failed
        self._buffer = b""
        self._begun = 0.0
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's are registered with no base class

    def send(self, request: bytes, begun: float | None = None) -> None:
        assert self._transport is not None
        self._begun = time.perf_counter() if begun is None else begun
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        head, blank, body = self._buffer.partition(b"\r\n\r\n")
        if not blank:
            return
        _, named, rest = head.lower().partition(b"\r\ncontent-length:")
        if not named:
            self._failed(f"an answer without a length: {head!r}")
            return
        if len(body) < int(rest.partition(b"\r\n")[0]):
            return
        self._buffer = b""
        self._done(self, int(head[9:12]), body, time.perf_counter() - self._begun)

    def connection_lost(self, exc: Exception | None) -> None:
        self._failed(f"the server closed a connection ({exc})")

    def close(self) -> None:
        self._failed = _ignored
        if self._transport is not None:
            self._transport.close()


def _ignored(_: str) -> None:
    """A connection that we closed ourselves."""


@dataclass(slots=True)
class _Keeper:
    """Writes down answers of one kind of traffic."""

    run: Run
    every: int  # one answer in so many is kept

    def note(self, status: int, body: bytes, took: float) -> None:
        run = self.run
        run.statuses[status] += 1
        run.latencies.append(took)
        if status != 200:
            if len(run.others) < REFUSALS:
                run.others.append(body)
        elif len(run.latencies) % self.every == 0:
            run.samples.append(body)


async def _connect(
    port: int,
    count: int,
    sources: Sequence[str],
    done: Callable[[_Answers, int, bytes, float], None],
    failed: Callable[[str], None],
) -> list[_Answers]:
    """Open connections, each from the next one of ``sources``, which are addresses of this machine."""
    loop = asyncio.get_running_loop()
    opened = []
    for number in range(count):
        local = (sources[number % len(sources)], 0) if sources else None
        _, made = await loop.create_connection(lambda: _Answers(done, failed), "127.0.0.1", port, local_addr=local)
        opened.append(made)
    return opened


async def _closed(port: int, requests: Sequence[bytes], connections: int, sources: Sequence[str]) -> Run:
    keeper = _Keeper(Run(), max(len(requests) // SAMPLES, 1))
    ended = asyncio.get_running_loop().create_future()
    waiting: Iterator[bytes] = iter(requests)

    def failed(reason: str) -> None:
        if not ended.done():
            ended.set_exception(Lost(reason))

    def done(connection: _Answers, status: int, body: bytes, took: float) -> None:
        keeper.note(status, body, took)
        following = next(waiting, None)
        if following is not None:
            connection.send(following)
        elif len(keeper.run.latencies) == len(requests) and not ended.done():
            ended.set_result(None)

    opened = await _connect(port, min(connections, len(requests)), sources, done, failed)
    try:
        begun = time.perf_counter()
        for each in opened:
            each.send(next(waiting))
        await asyncio.wait_for(ended, LONGEST)
        keeper.run.seconds = time.perf_counter() - begun
    finally:
        for each in opened:
            each.close()
    return keeper.run


class _Last:
    """Everything that a server answers before it is gone."""

    def __init__(self, requests: Sequence[bytes]) -> None:
        self.answers: list[bytes] = []  # bodies with 200
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting = iter(requests)
        self._open = CONNECTIONS

    def failed(self, _reason: str) -> None:
        self._open -= 1
        if not self._open and not self.gone.done():
            self.gone.set_result(None)

    def done(self, connection: _Answers, status: int, body: bytes, _took: float) -> None:
        following = next(self.waiting, None)
        if status == 200:
            self.answers.append(body)
        if status == 200 and following is not None:
            connection.send(following)
        elif not self.gone.done():
            self.gone.set_exception(
                Lost(f"answered {status} to request {len(self.answers)}, and was not ended: {body!r}")
            )


async def _until_lost(port: int, requests: Sequence[bytes], end: Callable[[], None], after: float) -> list[bytes]:
    last = _Last(requests)
    opened = await _connect(port, CONNECTIONS, (), last.done, last.failed)
    try:
        for each in opened:
            each.send(next(last.waiting))
        asyncio.get_running_loop().call_later(after, end)
        await asyncio.wait_for(last.gone, LONGEST)
    finally:
        for each in opened:
            each.close()
    return last.answers


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests that arrive on their own, whether or not earlier ones are answered."""

    requests: Sequence[bytes]
    arrivals: Sequence[float]  # seconds after the beginning, rising; one for each request
    sources: Sequence[str] = ()


class _Stream:
    """One ``Traffic`` under way. What finds no free connection waits, and its latency counts the wait."""

    def __init__(self, traffic: Traffic, ended: asyncio.Future[None]) -> None:
        self.traffic = traffic
        self.run = Run()
        self._keeper = _Keeper(self.run, max(len(traffic.requests) // SAMPLES, 1))
        self._ended = ended
        self._free: list[_Answers] = []
        self._waiting: list[tuple[bytes, float]] = []
        self._all: list[_Answers] = []

    async def connect(self, port: int, connections: int) -> None:
        self._all = await _connect(port, connections, self.traffic.sources, self._done, self._failed)
        self._free = list(self._all)

    def begin(self) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for request, after in zip(self.traffic.requests, self.traffic.arrivals, strict=True):
            loop.call_at(begun + after, self._arrive, request)

    def close(self) -> None:
        for each in self._all:
            each.close()

    def _arrive(self, request: bytes) -> None:
        if self._free:
            self._free.pop().send(request)
        else:
            self._waiting.append((request, time.perf_counter()))

    def _done(self, connection: _Answers, status: int, body: bytes, took: float) -> None:
        self._keeper.note(status, body, took)
        if self._waiting:
            connection.send(*self._waiting.pop(0))
        else:
            self._free.append(connection)
        if len(self.run.latencies) == len(self.traffic.requests) and not self._ended.done():
            self._ended.set_result(None)

    def _failed(self, reason: str) -> None:
        if not self._ended.done():
            self._ended.set_exception(Lost(reason))


async def _opened(port: int, traffics: Sequence[Traffic], connections: int) -> list[Run]:
    loop = asyncio.get_running_loop()
    ends = [loop.create_future() for _ in traffics]
    streams = [_Stream(traffic, ended) for traffic, ended in zip(traffics, ends, strict=True)]
    try:
        for each in streams:
            await each.connect(port, connections)
        begun = time.perf_counter()
        for each in streams:
            each.begin()
        await asyncio.wait_for(asyncio.gather(*ends), LONGEST)
        for each in streams:
            each.run.seconds = time.perf_counter() - begun
    finally:
        for each in streams:
            each.close()
    return [each.run for each in streams]


def saturating(
    core: int, port: int, requests: Sequence[bytes], *, connections: int = CONNECTIONS, sources: Sequence[str] = ()
) -> Run:
    """Send all requests as fast as ``connections`` get answers."""
    return _on(core, _closed(port, requests, connections, sources))


def until_lost(
    core: int, port: int, requests: Sequence[bytes], end: Callable[[], None], *, after: float
) -> list[bytes]:
    """Send requests as fast as they are answered until ``end`` has ended the server; return every answer."""
    return _on(core, _until_lost(port, requests, end, after))


def arriving(core: int, port: int, *traffics: Traffic, connections: int = CONNECTIONS) -> list[Run]:
    """Send requests when they are due. One ``Run`` for each traffic."""
    return _on(core, _opened(port, traffics, connections))


def _on(core: int, story: Coroutine[Any, Any, T]) -> T:
    with pinned(core):
        return uvloop.run(story)
