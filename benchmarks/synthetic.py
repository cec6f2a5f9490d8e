"""Synthetic sign-ins: as many as are wanted over as many days, the same ones every time they are made.

``python -m benchmarks.synthetic --rows 1e6 --folder DIR`` makes an emulator's data directory with a log of that size.

Rule 1: events are made by the product and written by the product's own writer, thousands in one transaction: what
stands in the file afterwards is what the product would have left there.
Rule 2: the events of a chunk follow from its number alone, so several processes make them.
"""

from __future__ import annotations

import argparse
import gc
import math
import os
import sys
import time
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

import msgspec

from accredit import config
from accredit.app import seed
from accredit.app.folder import find
from accredit.directory import Tenant
from accredit.signins import Event
from accredit.stores.batches import Batch, Entry
from accredit.stores.health import Damage
from accredit.stores.sqlite import connect
from accredit.stores.sqlite_events import Caps, Reserve, _Writer
from benchmarks import crowd
from benchmarks.attempts import Attempts
from benchmarks.population import Population

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK: Final = 10_000  # attempts that are made, and written, at once
MAKERS: Final = 2  # processes
AHEAD: Final = 4  # chunks that are made before they can be written
WAVE: Final = 0.8  # how much more happens at noon, and less at midnight, than on average
UNFINISHED: Final = (  # what fails is begun anew
    "journal_mode = OFF",
    "synchronous = OFF",
    "cache_size = -1000000",  # KiB
)
KEPT: Final = Caps(age=timedelta(days=36_500), rows=2**62, size=2**62)
LOG: Final = ("signins", "signin_", "claim_sets")  # in the names of what belongs to it
PLAN: Final = "synthetic.json"  # file in the data directory
_write: Final = msgspec.msgpack.Encoder(uuid_format="bytes").encode
_read: Final = msgspec.msgpack.Decoder(list[Event]).decode


@dataclass(frozen=True, slots=True)
class Plan:
    """How much there is to be, and until when. The first event is ``days`` before."""

    rows: int
    until: datetime
    days: int = 90
    applications: int = 100_000
    seed: int = 9

    @property
    def population(self) -> Population:
        return _population(self)

    @property
    def chunks(self) -> range:
        return range(-(-self.rows // CHUNK))

    def at(self, number: int) -> datetime:
        """When the attempt of this number begins: every day has its noon and its midnight."""
        day = number / self.rows * self.days
        wave = WAVE * math.sin(math.tau * day) / math.tau
        return self.until - timedelta(days=self.days) + timedelta(days=day - wave)

    def events(self, chunk: int) -> Iterator[Event]:
        """The events of one chunk, in the order in which they arrive."""
        attempts = Attempts(self.population, Random(f"{self.seed}:{chunk}"))  # noqa: S311  the same every time
        for number in range(chunk * CHUNK, min((chunk + 1) * CHUNK, self.rows)):
            yield attempts.event(self.at(number))


@cache
def _population(of: Plan) -> Population:
    begun = of.until - timedelta(days=of.days + 30)
    tenant = Tenant(id=seed.TENANT_ID, display_name="Contoso", domains=(seed.TENANT_DOMAIN,), created_at=begun)
    return Population(of.applications, tenant)


def write(database: Path, plan: Plan) -> float:
    """Write all events of a plan into a database. Returns the seconds that it took."""
    begun = time.monotonic()
    writer = _Writer(database, lambda: plan.until, KEPT, Reserve(), Damage())
    connection = writer._connection  # noqa: SLF001  so that it need not be durable meanwhile
    try:
        for pragma in UNFINISHED:
            connection.execute(f"PRAGMA {pragma}")
        for events in _made(plan):
            _store(writer, events)
        connection.execute("PRAGMA journal_mode = WAL")
    finally:
        writer.close()
    with database.open("rb") as written:
        os.fsync(written.fileno())
    return time.monotonic() - begun


def _made(plan: Plan) -> Iterator[list[Event]]:
    """The events of all chunks, in their order, made by processes of their own where that pays."""
    if len(plan.chunks) <= AHEAD:
        for chunk in plan.chunks:
            yield list(plan.events(chunk))
        return
    with ProcessPoolExecutor(MAKERS, get_context("spawn"), initializer=gc.disable) as makers:
        under_way = deque(makers.submit(_encoded, plan, chunk) for chunk in plan.chunks[:AHEAD])
        for chunk in plan.chunks:
            made = under_way.popleft().result()
            if chunk + AHEAD < len(plan.chunks):
                under_way.append(makers.submit(_encoded, plan, chunk + AHEAD))
            yield _read(made)


def _encoded(plan: Plan, chunk: int) -> bytes:
    return _write(list(plan.events(chunk)))


def _store(writer: _Writer, events: list[Event]) -> None:
    """Have events written in one transaction: each counter in the way of counters, all others as they are."""
    entries = [Entry(event, None, None) for event in events if event.count == 1]
    batch = Batch(entries, [event for event in events if event.count > 1])
    writer.store(batch)
    if batch.failure or not all(entry.stored for entry in entries):
        raise SystemExit(f"events were not written: {batch.failure}")
    writer.follow(len(events))


def sizes(database: Path) -> dict[str, int]:
    """Octets of each table and index of the log, unused parts of their pages included."""
    with closing(connect(database)) as connection:
        found = connection.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name")
        return {name: size for name, size in found if any(each in name for each in LOG)}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.synthetic", description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=float, default=1e6, help="events (1e6)")
    parser.add_argument("--days", type=int, default=90, help="over which they are spread, until now (90)")
    parser.add_argument("--applications", type=float, default=1e5, help="that sign in (1e5)")
    parser.add_argument("--seed", type=int, default=9, help="another one: other events (9)")
    parser.add_argument("--folder", type=Path, required=True, help="data directory that is made")
    options = parser.parse_args()
    plan = Plan(int(options.rows), datetime.now(UTC), options.days, int(options.applications), options.seed)
    settings = config.read({}, secrets=None, profile="emulator", data=str(options.folder))
    folder = find(settings)
    crowd.fill(folder, plan.applications)
    seconds = write(folder.database, plan)
    size = folder.database.stat().st_size
    print(f"{plan.rows} events in {seconds:.0f} s: {plan.rows / seconds:.0f} a second; {size / 1e6:.0f} MB")
    for name, octets in sizes(folder.database).items():
        print(f"  {name}: {octets / plan.rows:.1f} octets an event")
    (folder.path / PLAN).write_bytes(msgspec.json.encode(plan))
    print(f"accredit serve --profile emulator --data {options.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
