"""The sign-in log on its way to a collector of OpenTelemetry, beside the authority that writes it.

Rule 1: nothing waits for it: it has a thread, an event loop and a connection of its own, and gives the processor back
after every few records.
Rule 2: the cursor moves when the collector has answered, and by nothing else (``accredit.stores.exports``).
Rule 3: what a collector rejects is counted and logged and not sent again, as OTLP has it; it stays in the store. A
record is passed over for its own sake only when the collector takes a request without any.
Rule 4: a failure is logged when it begins, while it lasts every ten minutes, and when it is over.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from accredit import __version__
from accredit.errors import Refused
from accredit.interop import otlp
from accredit.outbound.collector import Collector, Outcome, address
from accredit.stores.exports import OTLP, ExportCursor, NotOurs, Portion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    import structlog
    from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

    from accredit.config import Otlp
    from accredit.ports import Clock

LOOKED_EVERY: Final = 1.0  # seconds between two looks for new events
RENEWED_EVERY: Final = 3.0  # seconds between two renewals of the lease
AGAIN_AFTER: Final = 2.0  # seconds, when the store cannot be used or somebody else exports
FIRST_WAIT: Final = 1.0  # seconds after a first failure, doubled with each further one
LONGEST_WAIT: Final = 60.0  # seconds
SUMMED_UP_EVERY: Final = 600.0  # seconds between two log lines about a failure that lasts
MOST_REASONS: Final = 20  # of one trouble that get a log line each
_STRETCH: Final = 16  # records that are written before the processor is given back
_RESULTS: Final = ("sent", "rejected", "lost")


@dataclass(slots=True)
class ExportFigures:
    """What the exporter has done, and how far behind it is. Written by its thread, read by anybody."""

    results: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(_RESULTS, 0)))  # records, by result
    failures: int = 0  # requests that were not taken
    looked: bool = False  # whether the three figures that follow are known yet
    behind: int = 0  # events that are stored and not confirmed
    oldest: datetime | None = None  # the first of them
    missing: int = 0  # deleted before they were confirmed, in a gap that is not confirmed yet
    trouble: str = ""  # why nothing is taken at present

    @property
    def counted(self) -> Mapping[str, int]:
        """Records by result. What is lost counts from when it is."""
        return {**self.results, "lost": self.results["lost"] + self.missing}


class Exporter:
    """Sends what the log of ``database`` has and gets. ``start`` once, ``close`` once. ``jitter``: 0 to 1."""

    def __init__(
        self,
        settings: Otlp,
        database: Path,
        *,
        base: str,
        holder: bytes,
        clock: Clock,
        jitter: Callable[[], float],
        log: structlog.BoundLogger,
    ) -> None:
        self.figures = ExportFigures()
        self._batch = settings.batch
        self._clock = clock
        self._jitter = jitter
        self._about = {"service.name": "accredit", "service.version": __version__, "accredit.authority": base}
        self._open: Callable[[], ExportCursor] = lambda: ExportCursor(database, OTLP, holder)
        self._collector = Collector(
            address(settings.endpoint),
            headers_file=settings.headers_file,
            ca_file=settings.ca_file,
            compressed=settings.compression == "gzip",
            timeout=settings.timeout,
            agent=f"accredit/{__version__}",
            clock=clock,
        )
        self._journal = _Journal(log)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._work: asyncio.Task[None] | None = None
        self._closed = False

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="export", daemon=True)
        self._thread.start()

    def close(self, timeout: float = 5.0) -> None:
        """End, for at most ``timeout`` seconds. What is under way and not confirmed is sent again next time."""
        self._closed = True
        loop, work, thread = self._loop, self._work, self._thread
        if loop is not None and work is not None:
            with suppress(RuntimeError):  # it has ended
                loop.call_soon_threadsafe(work.cancel)
        if thread is not None:
            thread.join(timeout)

    def remark(self) -> str:
        """Say how it goes, in a few words."""
        found = self.figures
        behind = f"{found.behind} events behind" if found.looked else "not begun"
        return f"{behind}; {found.trouble}" if found.trouble else behind

    def lag(self) -> float:
        """Return how old the first event is that is not confirmed, in seconds; 0: there is none."""
        oldest = self.figures.oldest
        return 0.0 if oldest is None else max(0.0, (self._clock() - oldest).total_seconds())

    def _run(self) -> None:
        with suppress(asyncio.CancelledError):
            asyncio.run(self._lived())

    async def _lived(self) -> None:
        self._work, self._loop = asyncio.current_task(), asyncio.get_running_loop()
        try:
            while not self._closed:
                await self._once()
                await asyncio.sleep(AGAIN_AFTER)
        finally:
            await self._collector.close()

    async def _once(self) -> None:
        """Export until the store cannot be used, or is somebody else's to export."""
        try:
            with closing(self._open()) as cursor:
                cursor.take(self._clock())  # raises NotOurs
                watching = asyncio.create_task(self._watch(cursor))
                try:
                    await self._export(cursor)
                finally:
                    watching.cancel()
                    with suppress(sqlite3.Error, NotOurs):
                        cursor.release()
        except NotOurs:
            self._failed("another process exports")
        except (Refused, sqlite3.Error, OSError) as error:
            self._failed(f"the store cannot be used: {error}")
        except Exception as error:  # noqa: BLE001  a fault of ours must not end the export for good
            self._failed(f"a fault of ours: {type(error).__name__}: {error}")

    async def _watch(self, cursor: ExportCursor) -> None:
        """Look how far behind the export is, and keep the lease, also while a request waits for its answer."""
        renewed = time.monotonic()
        while True:
            with suppress(sqlite3.Error, NotOurs):  # whoever moves the cursor hears of it
                self._look(cursor)
                if time.monotonic() - renewed >= RENEWED_EVERY:
                    renewed = time.monotonic()
                    cursor.take(self._clock())
            await asyncio.sleep(LOOKED_EVERY)

    def _look(self, cursor: ExportCursor) -> None:
        found, figures = cursor.standing(), self.figures
        figures.behind, figures.oldest, figures.missing = found.behind, found.oldest, found.lost
        figures.looked = True

    async def _export(self, cursor: ExportCursor) -> None:
        most, failures = self._batch, 0
        while True:
            portion = cursor.next(self._clock(), most)
            if portion is None:
                await asyncio.sleep(LOOKED_EVERY)
                continue
            outcome, rejected = await self._sent(portion)
            if outcome.kind == "answered":
                self._confirmed(cursor, portion, rejected, outcome.reason)
                most, failures = min(self._batch, most + most // 8 + 1), 0  # it may have taken offence at the size
            elif outcome.kind == "unfit" and len(portion.events) > 1:
                most = len(portion.events) // 2
            elif outcome.kind == "unfit" and await self._takes_nothing():
                self._journal.log.error("export.passed_over", reason=outcome.reason, event_id=_named(portion))
                self._confirmed(cursor, portion, 1, "")
            else:
                failures += 1
                self._failed(outcome.reason)
                await asyncio.sleep(max(outcome.wait, pause(failures, self._jitter())))

    async def _sent(self, portion: Portion) -> tuple[Outcome, int]:
        """Send a portion; return what became of it, and how many records the collector rejected."""
        if not portion.events and portion.gap is None:
            return Outcome("answered"), 0  # nothing but what need not be followed any more
        outcome = await self._collector.send(otlp.request(await self._records(portion), self._about), otlp.PROTOBUF)
        if outcome.kind != "answered":
            return outcome, 0
        try:
            rejected, why = otlp.answer(outcome.body, outcome.media_type)
        except otlp.Unreadable as unreadable:
            return Outcome("later", str(unreadable)), 0
        return Outcome("answered", why), rejected

    async def _records(self, portion: Portion) -> list[LogRecord]:
        if portion.gap is not None:
            return [otlp.gap(portion.gap.count, portion.gap.after, portion.gap.before, self._clock())]
        found: list[LogRecord] = []
        for start in range(0, len(portion.events), _STRETCH):
            began = time.perf_counter()
            found += map(otlp.record, portion.events[start : start + _STRETCH])
            await asyncio.sleep(time.perf_counter() - began)  # as long as it was taken: half of it is left to others
        return found

    async def _takes_nothing(self) -> bool:
        """Whether the collector takes a request without records: then it was the record that it took offence at."""
        outcome = await self._collector.send(otlp.request((), self._about), otlp.PROTOBUF)
        if outcome.kind != "answered":
            return False
        with suppress(otlp.Unreadable):
            otlp.answer(outcome.body, outcome.media_type)
            return True
        return False

    def _confirmed(self, cursor: ExportCursor, portion: Portion, rejected: int, why: str) -> None:
        cursor.confirm(portion, self._clock())
        results, rejected = self.figures.results, min(rejected, len(portion.events))
        results["rejected"] += rejected
        results["sent"] += len(portion.events) - rejected
        if portion.gap is not None:
            results["lost"] += portion.gap.count
        self._look(cursor)
        self.figures.trouble = ""
        self._journal.well()
        if rejected:
            self._journal.log.error("export.rejected", count=rejected, of=len(portion.events), reason=why)
        if portion.gap is not None:
            self._journal.log.error("export.lost", count=portion.gap.count)

    def _failed(self, reason: str) -> None:
        self.figures.failures += 1
        self.figures.trouble = reason
        self._journal.failed(reason, self.figures.behind)


def pause(failures: int, chance: float) -> float:
    """Return how many seconds to wait after so many failures in a row. ``chance``, 0 to 1, keeps servers apart."""
    longest = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(failures - 1, 16))
    return longest * (0.5 + chance / 2)


class _Journal:
    """Says that something goes wrong when it begins, now and then while it lasts, and when it is over."""

    def __init__(self, log: structlog.BoundLogger) -> None:
        self.log = log
        self._reasons: set[str] = set()
        self._failures = 0
        self._began = self._said = 0.0

    def failed(self, reason: str, behind: int) -> None:
        now = time.monotonic()
        if not self._failures:
            self._began = now
        self._failures += 1
        new = reason not in self._reasons and len(self._reasons) < MOST_REASONS
        if new or now - self._said >= SUMMED_UP_EVERY:
            self._reasons.add(reason)
            self._said = now
            self.log.warning("export.failed", reason=reason, failures=self._failures, events_behind=behind)

    def well(self) -> None:
        if self._failures:
            lasted = round(time.monotonic() - self._began)
            self.log.info("export.recovered", failures=self._failures, seconds=lasted)
        self._reasons, self._failures = set(), 0


def _named(portion: Portion) -> str:
    return str(portion.events[0].id) if portion.events else ""
