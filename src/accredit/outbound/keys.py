"""The keys of registered issuers: fetched when they are needed, kept while they are fresh.

Rule 1: what is kept belongs to (tenant, record, revision), and to what the record says: all else begins with nothing.
Rule 2: at most one fetch of a record is under way; a request causes at most one, and waits without holding a place.
Rule 3: keys are replaced when discovery and key set were both read, and then completely: a key that is gone is gone.
Rule 4: when and how long is ``issuers.freshness``'s to say. The clock given here should be one that nobody sets.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from accredit.assertions.proof import identifier
from accredit.errors import ISSUER_UNREACHABLE, KEY_NOT_FOUND, Refused
from accredit.issuers import EMPTY, Action, KeySet, freshness, jwks
from accredit.issuers.drift import UPLOAD_STALE
from accredit.issuers.history import OK, Document, Visited
from accredit.outbound.fetching import Fetching, unheard
from accredit.outbound.kept import Figures, Kept, Name, Standing, name
from accredit.outbound.unreachable import Unreachable, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from uuid import UUID

    from accredit.issuers import Issuer, KeyReference, Limits
    from accredit.outbound.documents import Fetches
    from accredit.outbound.fetching import Heard

    Seconds = Callable[[], float]
    """Now, in seconds on a clock that only goes forward."""

    Waiting = Callable[[], AbstractContextManager[object]]
    """What surrounds the waiting of a request: it gives its place away and takes one again."""

GRACE: Final = 0.5  # seconds: a fetch that ends at its limit still ends before those who wait for it give up
LOOK_EVERY: Final = 5.0  # seconds between two looks for keys that grow old
MAX_REFRESHES: Final = 16  # fetches in the background at a time


class IssuerKeys:
    """The port ``Keys`` over the network."""

    def __init__(
        self,
        fetcher: Fetches,
        limits: Limits,
        *,
        clock: Seconds,
        jitter: Callable[[], float],  # -1 ... 1
        while_waiting: Waiting = nullcontext,
        heard: Heard = unheard,
    ) -> None:
        self._fetching = Fetching(fetcher, limits, clock, jitter, heard)
        self._limits = limits
        self._clock = clock
        self._while_waiting = while_waiting
        self._kept: OrderedDict[Name, Kept] = OrderedDict()  # least recently used first
        self._newest: dict[tuple[int, int], int] = {}  # revision, by tenant and record
        self._figures: dict[str, Figures] = {}  # by URL, first used first: they outlive the records

    def at_hand(self, issuer: Issuer) -> KeySet:
        """Return the uploaded or cached key set if it may serve, else an empty one. Never fetches."""
        if not issuer.fetches:
            return self._record(issuer).keys
        found, now = self._kept.get(name(issuer)), self._clock()
        return _aged(found, now) if found and found.of(issuer) and self._serves(found, now) else EMPTY

    async def of(self, issuer: Issuer, wanted: KeyReference) -> KeySet:
        """Return the key set that should have the key, after at most one fetch. 90061 7000272."""
        record = self._record(issuer)
        if not issuer.fetches:
            if record.failure:
                raise Refused(ISSUER_UNREACHABLE, detail=record.failure)
            if not record.holds(wanted) and record.missed_again(self._clock()):
                self._fetching.heard(_stale_upload(issuer, wanted))
            return record.keys  # a key that is not among them is refused by the proof
        now = record.used_at = self._clock()
        action = freshness.decide(record.state, now, self._limits)
        if action is Action.FETCH:
            return await self._fetched(record, wanted)
        if action is Action.REFUSE:
            raise Refused(ISSUER_UNREACHABLE, detail=f"{record.failure} (the next attempt is not due yet)")
        if action is Action.REFRESH:
            self._fetching.fly(record)
        if not record.holds(wanted):
            self._refuse_again(record, wanted)
            return await self._fetched(record, wanted)
        return self._stale(record, now) if action is Action.STALE else record.keys

    def standings(self) -> Sequence[Standing]:
        """Return how each issuer stands that was ever asked for, for metrics."""
        now = self._clock()
        records: dict[str, list[Kept]] = {}
        for each in (kept for kept in self._kept.values() if kept.current):
            records.setdefault(each.issuer.url, []).append(each)
        return [Standing.of(url, figures, records.get(url, ()), now) for url, figures in self._figures.items()]

    async def fetch(self, issuer: Issuer) -> None:
        """Fetch the keys of a record now, whatever was to be waited for, or wait for the fetch that is under way."""
        record = self._record(issuer)
        record.used_at = self._clock()
        await asyncio.wait({self._fetching.fly(record)}, timeout=self._patience)

    def kept(self, issuer: Issuer) -> Kept | None:
        """Return what is kept of a record; nothing is begun by asking."""
        found = self._kept.get(name(issuer))
        return found if found is not None and found.of(issuer) else None

    def end_backoff(self, issuer: Issuer) -> None:
        """Let the next request fetch, however lately that failed."""
        if (record := self.kept(issuer)) is not None and record.state.failed_at is not None:
            record.state = replace(record.state, retry_at=self._clock())

    def records(self) -> Collection[Kept]:
        """Return everything that is kept."""
        return self._kept.values()

    def forget(self, changed: Collection[UUID]) -> None:
        """Leave changed or removed records alone until somebody asks for their keys.

        What is kept stays: whoever decides again because the record was just made is not to fetch again.
        """
        for key, record in [each for each in self._kept.items() if each[1].issuer.id in changed]:
            record.current = False
            self._kept.move_to_end(key, last=False)

    async def keep_fresh(self) -> None:
        """Fetch keys again before they grow old, of records in use, until cancelled."""
        try:
            while True:
                self.refresh_due()
                await asyncio.sleep(LOOK_EVERY)
        finally:
            await self.close()

    def refresh_due(self) -> None:
        """Start the fetches that are due in the background, not more than ``MAX_REFRESHES`` at a time."""
        now = self._clock()
        free = MAX_REFRESHES - sum(each.flight is not None for each in self._kept.values())
        for record in list(self._kept.values()):
            if free <= 0:
                return
            if record.flight is None and self._refresh_due(record, now):
                self._fetching.fly(record)
                free -= 1

    async def close(self) -> None:
        """Cancel every fetch that is under way and wait for their end."""
        flights = [each.flight for each in self._kept.values() if each.flight is not None]
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    def _refresh_due(self, record: Kept, now: float) -> bool:
        return (
            record.current
            and record.issuer.fetches
            and now - record.used_at <= self._limits.used_within
            and record.state.fetched_at is not None
            and now >= record.state.refresh_at
            and freshness.decide(record.state, now, self._limits) in (Action.REFRESH, Action.FETCH)
        )

    def _record(self, issuer: Issuer) -> Kept:
        key = name(issuer)
        record = self._kept.get(key)
        if record is None or not record.of(issuer):
            record = self._add(key, issuer)
        record.current = True
        self._kept.move_to_end(key)
        return record

    def _add(self, key: Name, issuer: Issuer) -> Kept:
        former = self._newest.get(key[:2], 0)
        if former < key[2]:
            self._drop((*key[:2], former))
            self._newest[key[:2]] = key[2]
        figures = self._figures.setdefault(issuer.url, Figures())
        record = self._kept[key] = Kept(issuer, figures, used_at=self._clock())
        if not issuer.fetches:
            try:
                record.keys = jwks.parse(issuer.jwks or "", issuer, uploaded=True)
            except Refused as refused:
                record.failure = refused.detail
            else:
                document = Document("jwks", (issuer.jwks or "").encode())
                self._fetching.heard(Visited(issuer=issuer, result=OK, keys=record.keys, documents=(document,)))
        while len(self._kept) > self._limits.records:
            self._drop(next(iter(self._kept)))
        if len(self._figures) > self._limits.records:
            in_use = {each.issuer.url for each in self._kept.values()}
            del self._figures[next(url for url in self._figures if url not in in_use)]
        return record

    def _drop(self, key: Name) -> None:
        self._kept.pop(key, None)
        if self._newest.get(key[:2]) == key[2]:
            del self._newest[key[:2]]

    def _serves(self, record: Kept, now: float) -> bool:
        state = record.state
        if state.fetched_at is None:
            return False
        return state.fetched_at <= now < state.fresh_until or freshness.stale_allowed(state, now, self._limits)

    def _refuse_again(self, record: Kept, wanted: KeyReference) -> None:
        """Refuse a key that is not there, with the time until another fetch is spent, unless one may be spent now."""
        now = self._clock()
        left = freshness.cooldown_left(record.state, now, self._limits)
        if left <= 0 and not record.known_absent(wanted, now):
            return
        record.figures.unknown += 1
        cause = f"KEY_COOLDOWN: keys are fetched again for an unknown key in {left:.0f} s at the earliest"
        raise _absent(record, wanted, cause if left > 0 else "KEY_UNKNOWN: it was looked for just now")

    async def _fetched(self, record: Kept, wanted: KeyReference) -> KeySet:
        """Spend the one fetch of a request. Returns when the record has the key and it may serve. 90061 7000272."""
        waited = await self._wait(record)
        if record.holds(wanted):
            return self._stale(record, self._clock())
        if waited:
            raise Unreachable("wait", waited)
        if record.failure:
            raise Refused(ISSUER_UNREACHABLE, detail=record.failure)
        record.remember_absent(wanted, self._clock(), self._limits)
        self._bound_absent()
        raise _absent(record, wanted, "KEY_UNKNOWN: it is not among the keys fetched for it")

    def _bound_absent(self) -> None:
        """Hold the sum of remembered absences to its limit: the least recently used records forget theirs."""
        total = sum(each.absent for each in self._kept.values())
        for record in self._kept.values():
            if total <= self._limits.negative_in_all:
                return
            total -= record.absent
            record.forget_absent()

    async def _wait(self, record: Kept) -> str:
        """Wait for the record's fetch, started here or by another, until ``record.keys`` may serve. 90061.

        Returns why the end of the fetch was not seen; "" when it was.
        """
        stale = freshness.stale_allowed(record.state, self._clock(), self._limits)
        if record.waiters < self._limits.waiters:
            waited = await self._join(record, self._limits.wait_when_stale if stale else self._patience)
        else:
            record.figures.turned_away += 1
            waited = f"{record.waiters} requests wait for this issuer already"
        now = self._clock()
        if not self._serves(record, now):
            raise Unreachable("wait", waited) if waited else Refused(ISSUER_UNREACHABLE, detail=record.failure)
        return waited

    def _stale(self, record: Kept, now: float) -> KeySet:
        """Return the keys for one exchange, which is counted when they are past their fresh time."""
        keys = _aged(record, now)
        record.figures.stale += bool(keys.stale_for)
        return keys

    async def _join(self, record: Kept, patience: float) -> str:
        flight, begun = self._fetching.fly(record), self._clock()
        record.waiters += 1
        try:
            with self._while_waiting():
                await asyncio.wait({flight}, timeout=patience)
        finally:
            record.waiters -= 1
            record.figures.waits += 1
            record.figures.waited += self._clock() - begun
        if not flight.done() or flight.cancelled():
            return f"the keys are still being fetched after {patience:g} s"
        flight.result()  # a defect of ours is no refusal: it rises
        return ""

    @property
    def _patience(self) -> float:
        return max(self._limits.wait, self._limits.fetch_within) + GRACE


def _aged(record: Kept, now: float) -> KeySet:
    """Return the keys; those past their fresh time say for how long they have been."""
    old = freshness.stale_for(record.state, now)
    return replace(record.keys, stale_for=old) if old else record.keys


def _absent(record: Kept, wanted: KeyReference, cause: str) -> Refused:
    return Refused(KEY_NOT_FOUND, key=identifier(wanted), issuer=record.issuer.url, detail=cause)


def _stale_upload(issuer: Issuer, wanted: KeyReference) -> Visited:
    reason = f"a token names the key {quoted(identifier(wanted))}, which was not uploaded"
    return Visited(issuer=issuer, result=UPLOAD_STALE, reason=reason)
