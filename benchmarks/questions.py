"""B9: what the sign-in log takes to answer, with 10^7 events of 90 days in it, while 1,000 a second arrive.

Rule 1: a question takes what it takes in the server: its events are decoded, and its connection is there already, as
``accredit.stores.event_pages`` keeps them. Here it is a new one, which has looked at nothing yet.
Rule 2: before a cold question the kernel forgets what it holds of the database, but for the events that nobody has
indexed yet, which came a few seconds ago.
Rule 3: before warm questions the file was read once, as far as memory has room for it, and nothing is forgotten until
the last of them: cold ones come after all of them.

``python -m benchmarks.questions --folder DIR`` measures with a folder that ``benchmarks.synthetic`` has made.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import shutil
import sys
import time
from contextlib import closing, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final

import msgspec

from accredit import config
from accredit.app.compose import build
from accredit.app.folder import find
from accredit.stores.event_reader import EventReader
from accredit.stores.sqlite import connect
from benchmarks import crowd, synthetic
from benchmarks.arriving import RATE, arriving
from benchmarks.asked import Calls, Known, Questions, expect, ids
from benchmarks.figures import ROUNDS, Figure, Target, median, millis, rounded
from benchmarks.listing import Api
from benchmarks.machine import cores, pinned
from benchmarks.synthetic import Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from accredit.app.folder import Folder
    from accredit.config import Settings
    from benchmarks.machine import Cores

MILLISECONDS: Final = Target("<=", 100.0, 100.0)
CHART: Final = Target("<=", 10.0, 10.0)
ARRIVE: Final = Target(">=", 0.9 * RATE, RATE)  # events a second: answers of a log that does not keep up prove nothing
ROWS, APPLICATIONS = 10_000_000, 100_000
QUICK_ROWS, QUICK_APPLICATIONS = 100_000, 3_000
NEEDED: Final = 1_500  # octets of disk for each event, with what writing needs besides
CALLS: Final = {"warm": 100, "cold": 40, "http": 40}  # of each kind in a round
QUICK_CALLS: Final = {"warm": 10, "cold": 3, "http": 5}
WAYS: Final = ("warm", "cold", "http")
KEPT: Final = {"days": 36_500, "megabytes": 16_777_216}
CHARTS: Final = "chart"  # how the names of their kinds begin
_LATEST: Final = "SELECT count(address) FROM signins WHERE seq > (SELECT seq FROM signins_indexed)"
_CHUNK: Final = 2**20  # octets
_DROP: Final = Path("/proc/sys/vm/drop_caches")

Took = dict[tuple[str, str], list[list[float]]]
"""Seconds of each call of each round, by way and kind of question."""


def b9(cores: Cores, path: Path, *, quick: bool) -> Figure:
    """The figure is the slowest kind of question in milliseconds; charts have a bound of their own."""
    wanted = QUICK_ROWS if quick else ROWS
    rows = min(wanted, int(shutil.disk_usage(path).free * 0.9 / NEEDED))
    plan = Plan(rows, datetime.now(UTC), applications=QUICK_APPLICATIONS if quick else APPLICATIONS)
    settings = _settings(path / "data")
    folder = find(settings)
    crowd.fill(folder, plan.applications)
    seconds = synthetic.write(folder.database, plan)
    figure = measured(cores, settings, folder, plan, quick=quick)
    figure.details.update(rows_wanted=wanted, written_in_s=round(seconds), written_a_second=round(rows / seconds))
    return figure


def measured(cores: Cores, settings: Settings, folder: Folder, plan: Plan, *, quick: bool) -> Figure:
    known = Known(plan, Random(9), 2 if quick else 20)  # noqa: S311  the same questions every time
    many = len(known.events)
    size = folder.database.stat().st_size
    of_log = sum(synthetic.sizes(folder.database).values())
    took: Took = {}
    with arriving(cores.load, folder.database, plan, full=not quick) as writer, pinned(cores.measured):
        told = asyncio.run(_measured(settings, folder, known, QUICK_CALLS if quick else CALLS, took))
    assert writer.arrived is not None
    expect(not writer.arrived.failures, writer.arrived)
    p99 = {key: median([millis(each, 0.99) for each in rounds]) for key, rounds in took.items()}
    worst = {way: max(value for key, value in p99.items() if key[0] == way) for way in WAYS}
    charts = {way: max(v for (w, kind), v in p99.items() if w == way and kind.startswith(CHARTS)) for way in WAYS[:2]}
    details: dict[str, Any] = {
        "rows": plan.rows,
        "applications": plan.applications,
        "days": plan.days,
        "octets_of_an_event": round(of_log / plan.rows),
        "database_mb": round(size / 1e6),
        "arrived": msgspec.to_builtins(writer.arrived),
        **told,
        "p99_ms": _by_way(p99),
        "p50_ms": _by_way({key: median([millis(each, 0.5) for each in rounds]) for key, rounds in took.items()}),
        "rounds": ROUNDS,
        "calls_in_a_round": QUICK_CALLS if quick else CALLS,
        "known_events": many,
    }
    further = {way: (value, MILLISECONDS) for way, value in worst.items()}
    further |= {f"charts_{way}": (value, CHART) for way, value in charts.items()}
    further["arrived_a_second"] = (writer.arrived.a_second, ARRIVE)
    return Figure("B9", max(worst.values()), MILLISECONDS, further=further, details=details)


def _by_way(values: Mapping[tuple[str, str], float]) -> dict[str, dict[str, float]]:
    return {way: {kind: rounded(value) for (of, kind), value in values.items() if of == way} for way in WAYS}


def _settings(data: Path) -> Settings:
    return config.read({}, secrets=None, profile="emulator", data=str(data), log_level="error", retention=KEPT)


async def _measured(
    settings: Settings, folder: Folder, known: Known, calls: Mapping[str, int], took: Took
) -> dict[str, Any]:
    runtime = await build(settings, base=crowd.BASE, folder=folder, clock=lambda: datetime.now(UTC))
    await runtime.start()
    forget, how, read = partial(_forget, folder.database), "", dict[str, int]()
    try:
        api = Api(runtime)
        await api.sign_in()
        gc.collect()
        gc.freeze()  # as the server does when it is ready
        questions = Questions(known)
        every = questions.kinds() | questions.charts()
        _warm(folder.database)
        for _ in range(ROUNDS):
            for kind, question in every.items():
                ask = partial(_asked, folder.database, question)
                took.setdefault(("warm", kind), []).append([ask() for _ in range(calls["warm"])])
            for kind, call in Calls(known).kinds().items():
                took.setdefault(("http", kind), []).append([await _called(api, *call()) for _ in range(calls["http"])])
        for _ in range(ROUNDS):
            how = _drop()
            for kind, question in every.items():
                ask, before = partial(_asked, folder.database, question, forget), _read()
                took.setdefault(("cold", kind), []).append([ask() for _ in range(calls["cold"])])
                read[kind] = (_read() - before) // calls["cold"]
        return {"cold_by": how, "cold_read_octets": read, "short_pages": known.short}
    finally:
        await runtime.close()


def _asked(database: Path, question: Callable[[EventReader], None], before: Callable[[], object] = str) -> float:
    with EventReader(database) as reader:
        before()
        begun = time.perf_counter()
        question(reader)
        return time.perf_counter() - begun


async def _called(api: Api, path: str, event: str) -> float:
    answer = await api.get(path)
    found = ids(answer.body)
    expect(event in found or "@odata.nextLink" in answer.body if event else found, path)
    return answer.seconds


def _warm(database: Path) -> None:
    """Read the database once, so that the kernel holds as much of it as memory has room for."""
    with database.open("rb") as held:
        while held.read(_CHUNK):
            pass


def _forget(database: Path) -> None:
    """Have the kernel forget what it holds of the database and its journal, but for what came in the last seconds."""
    for path in (database, database.with_name(f"{database.name}-wal")):
        with suppress(FileNotFoundError), path.open("rb") as held:
            os.posix_fadvise(held.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    with closing(connect(database)) as connection:
        connection.execute(_LATEST).fetchone()


def _drop() -> str:
    """Have the kernel forget all files, where we may, and say how cold questions are made so."""
    with suppress(OSError):
        _DROP.write_text("1")
        return "drop_caches before each round, posix_fadvise before each question"
    return "posix_fadvise before each question"


def _read() -> int:
    """Octets that this process has had read from disks."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["read_bytes"])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.questions", description="B9 with a log that is there.")
    parser.add_argument("--folder", type=Path, required=True, help="data directory of benchmarks.synthetic")
    parser.add_argument("--quick", action="store_true", help="fewer questions")
    options = parser.parse_args()
    settings = _settings(options.folder)
    plan = msgspec.json.decode((options.folder / synthetic.PLAN).read_bytes(), type=Plan)
    print(measured(cores(), settings, find(settings), plan, quick=options.quick).as_json())
    return 0


if __name__ == "__main__":
    sys.exit(main())
