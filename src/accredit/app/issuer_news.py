"""What fetches of issuers' documents show, written down beside sign-ins: never on the way of one.

Rule 1: whoever fetched only puts it here. It is written in a thread, one at a time; of what nobody came to write yet
the newest of each record and kind stands, so it is bounded.
Rule 2: what is as it was is written once an hour, however often it is fetched.
Rule 3: a label is a kind of drift, one of our own words.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Final

from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from accredit.administer.drifting import drifted
from accredit.app.chance import SystemIds
from accredit.errors import shown
from accredit.issuers.drift import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    import structlog

    from accredit.issuers.drift import Drift
    from accredit.issuers.history import Visited
    from accredit.ports import Clock, Ids
    from accredit.signins import Audit
    from accredit.stores.issuer_history import IssuerHistory

AS_IT_WAS: Final = timedelta(hours=1)
MOST_WAITING: Final = 1_000
MOST_KNOWN: Final = 10_000  # records

_Sight = tuple[int, str, tuple[str, ...]]
"""Revision of the record, result, digests of the documents: what makes one fetch like another."""


@dataclass(slots=True, eq=False)
class News(Collector):
    """Takes what was fetched, and writes it to a store. ``close`` writes the rest."""

    store: IssuerHistory
    clock: Clock
    log: structlog.BoundLogger
    ids: Ids = field(default_factory=SystemIds)  # its own: it is asked in another thread
    drift: Counter[str] = field(default_factory=Counter)
    _waiting: OrderedDict[tuple[UUID, str], Visited] = field(default_factory=OrderedDict)
    _written: OrderedDict[UUID, tuple[_Sight, datetime]] = field(default_factory=OrderedDict)
    _come: asyncio.Event = field(default_factory=asyncio.Event)
    _one: Lock = field(default_factory=Lock)

    def heard(self, found: Visited) -> None:
        """Take what a fetch showed."""
        self._waiting[found.issuer.id, found.result] = found
        if len(self._waiting) > MOST_WAITING:
            self._waiting.popitem(last=False)
        self._come.set()

    async def keep(self) -> None:
        """Wait until something was fetched, and write it."""
        if not self._waiting:
            self._come.clear()
            await self._come.wait()
        await asyncio.to_thread(self.write)

    def write(self) -> None:
        """Write what waits. Raises ``Refused`` when it cannot be written; that is lost, the rest waits on."""
        with self._one:
            while self._waiting:
                _, found = self._waiting.popitem(last=False)
                self._write(found)

    def close(self) -> None:
        """Write what waits, and let go of the store."""
        try:
            self.write()
        finally:
            self.store.close()

    def collect(self) -> Iterator[Metric]:
        """Yield how often an issuer drifted, by kind."""
        counted = CounterMetricFamily(
            "accredit_issuer_drift", "What issuers showed that they did not show before, by kind.", labels=("kind",)
        )
        for kind in KINDS:
            counted.add_metric((kind,), self.drift[kind])
        yield counted

    def _write(self, found: Visited) -> None:
        at, issuer = self.clock(), found.issuer
        sight = (issuer.revision, found.result, tuple(each.digest for each in found.documents))
        last, when = self._written.get(issuer.id, (None, datetime.min.replace(tzinfo=UTC)))
        if sight == last and abs(at - when) < AS_IT_WAS:
            return

        def told(drift: Drift) -> Audit:
            return drifted(self.ids, issuer, drift, at)

        for each in self.store.write(found, at, told):
            self.drift[each.kind] += 1
            say = self.log.info if each.level == "info" else self.log.warning
            say(
                "issuer.drift",
                kind=each.kind,
                level=each.level,
                issuer=issuer.url,
                kids=[shown(kid) for kid in each.kids],
            )
        self._written[issuer.id] = (sight, at)
        self._written.move_to_end(issuer.id)
        if len(self._written) > MOST_KNOWN:
            self._written.popitem(last=False)
