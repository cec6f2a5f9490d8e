"""Sign-ins that arrive while the log is asked: a process that writes so many a second, as the server does.

Its log may have a cap of as many rows as there were when it began: what arrives then has the oldest go.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

from accredit.stores.events import EventLog
from accredit.stores.sqlite_events import Caps, SqliteSink
from benchmarks.attempts import Attempts
from benchmarks.machine import pinned
from benchmarks.synthetic import Plan

if TYPE_CHECKING:
    from collections.abc import Iterator

RATE: Final = 1_000  # a second
MOST: Final = 10_000_000  # that arrive
STEP: Final = 0.01  # seconds between looks at what is due
END: Final = 30.0  # seconds for the process to end


@dataclass(frozen=True, slots=True)
class Arrived:
    """What became of what arrived. ``deleted``: of the oldest, for it."""

    handed_over: int
    written: int
    counted: int
    deleted: int
    failures: int
    seconds: float

    @property
    def a_second(self) -> float:
        return self.written / self.seconds


@dataclass(slots=True)
class Arriving:
    """The process, from outside. ``arrived`` is there when it has ended."""

    process: subprocess.Popen[str]
    arrived: Arrived | None = None


@contextmanager
def arriving(core: int, database: Path, plan: Plan, *, full: bool) -> Iterator[Arriving]:
    """Have sign-ins arrive, on a core, until the block ends. ``full``: the log has no room for more than it has."""
    most = plan.rows if full else 2 * plan.rows + MOST
    arguments = [str(database), str(plan.rows), str(plan.applications), plan.until.isoformat(), str(most)]
    with pinned(core):
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.arriving", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    found = Arriving(process)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdout.readline()  # the first ones are written
        yield found
        process.stdin.close()
        found.arrived = Arrived(**json.loads(process.stdout.readline()))
    finally:
        process.terminate()
        process.wait(END)


async def _write(database: Path, plan: Plan, most: int) -> Arrived:
    """Hand events to the log until the standard input ends."""
    attempts = Attempts(plan.population, Random(plan.seed + 1))  # noqa: S311  the same ones every time
    age = timedelta(days=2 * plan.days)
    sink = SqliteSink(database, lambda: datetime.now(UTC), caps=Caps(age=age, rows=most, size=2**62))
    log = EventLog(sink, lambda: 0)
    await log.start()
    await log.record(attempts.single(datetime.now(UTC)), None)
    print("ready", flush=True)
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    begun, handed_over = time.monotonic(), 0
    while not ended.done():
        while handed_over < (time.monotonic() - begun) * RATE:
            log.hand_over(attempts.single(datetime.now(UTC)), None)
            handed_over += 1
        await asyncio.sleep(STEP)
    seconds = time.monotonic() - begun
    await log.close()
    figures = log.figures
    return Arrived(handed_over, figures.written, figures.counted, sink.deleted, figures.failures, round(seconds, 1))


def main(database: str, rows: str, applications: str, until: str, most: str) -> None:
    plan = Plan(int(rows), datetime.fromisoformat(until), applications=int(applications))
    print(json.dumps(asdict(asyncio.run(_write(Path(database), plan, int(most))))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
