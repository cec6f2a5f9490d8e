"""Which refusals are stored in full, and what becomes of the rest. Pure: every instant is an event's own.

Rule 1: grants and proven refusals are always stored in full: who sent them has shown who he is.
Rule 2: an unproven refusal costs its sender nothing, so it may not cost us the log: after ``full`` of one kind from one
network, one event per window counts the rest.
Rule 3: memory and rows are bounded, whoever sends whatever: when keys run out, what follows shares a coarser key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from accredit.signins import Event, ProofState, network

SEVERAL: Final = UUID(int=0)
"""``app_id`` of an aggregate over more than one application of a tenant."""


@dataclass(frozen=True, slots=True)
class Quota:
    """How many unproven refusals leave an event of their own, and how finely the others are counted."""

    full: int = 20  # for each (application, code, network) and window
    window: timedelta = timedelta(minutes=10)
    networks: int = 1_000  # told apart for one application and window; the others share one key per code
    subjects: int = 10  # distinct ones that an aggregate names
    keys: int = 20_000  # told apart in all; with twice as many, a tenant's refusals share one key per code


class Tally:
    """One key in one window: how many places are taken, and the aggregate of what came after them."""

    __slots__ = ("count", "first", "last_at", "last_id", "network", "proof", "several", "subjects", "taken")

    def __init__(self, network: str, *, several: bool = False) -> None:
        self.network = network  # "": more than one
        self.several = several  # more than one application
        self.taken = 0  # events stored in full
        self.count = 0  # refusals that only raised this number
        self.first: Event | None = None  # of those counted
        self.last_at: datetime | None = None
        self.last_id: UUID | None = None
        self.proof: ProofState = "unknown"
        self.subjects: tuple[str, ...] = ()

    def add(self, event: Event, subjects: int) -> None:
        """Count one more refusal; its subject is remembered while there are fewer than ``subjects``."""
        if self.first is None:
            self.first, self.proof = _skeleton(event, self.network, several=self.several), event.proof
        self.count += 1
        self.last_at, self.last_id = event.at, event.id
        if event.proof != self.proof:
            self.proof = "unknown"
        if event.subject is not None and len(self.subjects) < subjects and event.subject not in self.subjects:
            self.subjects = (*self.subjects, event.subject)

    @property
    def event(self) -> Event | None:
        """The aggregate as it stands; ``None`` when nothing was counted. Its id is the first counted refusal's."""
        return self.first and msgspec.structs.replace(
            self.first,
            proof=self.proof,
            count=self.count,
            last_at=self.last_at,
            last_id=self.last_id,
            subjects=self.subjects,
        )


class _Window:
    """One application's keys from its first unproven refusal until the window ends."""

    __slots__ = ("ends", "networks", "tallies")

    def __init__(self, ends: datetime) -> None:
        self.ends = ends
        self.networks: set[str] = set()
        self.tallies: dict[tuple[int, str], Tally] = {}


class Tallies:
    """All keys of all windows that are open, and the aggregates that are not written yet."""

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self._windows: dict[UUID, _Window] = {}  # by application, in the order in which they end
        self._tenants: dict[tuple[UUID, int], Tally] = {}  # by code, where keys ran out
        self._tenants_end: datetime | None = None
        self._keys = 0
        self._changed: dict[int, Tally] = {}  # by identity

    def __len__(self) -> int:
        """How many keys are kept."""
        return self._keys + len(self._tenants)

    @property
    def changed(self) -> bool:
        """Whether an aggregate waits to be written."""
        return bool(self._changed)

    def place(self, event: Event, *, reserve: bool = False) -> Tally | None:
        """Say where an event belongs: ``None``, it is stored in full (a place is taken); else the tally that counts it.

        ``reserve``: the disk is nearly full, and no unproven refusal is stored in full any more.
        """
        if event.code == 0 or event.proof == "proven":
            return None
        tally = self._tally(event)
        if reserve or tally.taken >= self._quota.full:
            return tally
        tally.taken += 1
        return None

    def count(self, tally: Tally, event: Event) -> None:
        """Count a refusal that ``place`` sent to ``tally``, once it is known that the refusal stands."""
        tally.add(event, self._quota.subjects)
        self._changed[id(tally)] = tally
        if (
            len(self._changed) > 2 * self._quota.keys
        ):  # nothing could be written for more than a window: forget the oldest
            del self._changed[next(iter(self._changed))]

    def take(self, most: int) -> list[Tally]:
        """Take at most ``most`` tallies whose aggregates are to be written, longest waiting first."""
        taken = [self._changed[key] for key, _ in zip(tuple(self._changed), range(most), strict=False)]
        for each in taken:
            del self._changed[id(each)]
        return taken

    def give_back(self, tallies: list[Tally]) -> None:
        """Mark as waiting again what ``take`` returned and could not be written."""
        self._changed |= {id(each): each for each in tallies}

    def _tally(self, event: Event) -> Tally:
        self._close(event.at)
        window = self._windows.get(event.app_id)
        if window is None:
            if self._keys >= 2 * self._quota.keys:
                return self._of_tenant(event)
            window = self._windows[event.app_id] = _Window(event.at + self._quota.window)
        return window.tallies.get((event.code, network(event.address))) or self._new(window, event)

    def _new(self, window: _Window, event: Event) -> Tally:
        """Make a key for a network, else find or make the one that the application's others share."""
        quota, name = self._quota, network(event.address)
        known = name in window.networks or len(window.networks) < quota.networks
        if not known or self._keys >= quota.keys:
            name = ""
            if shared := window.tallies.get((event.code, name)):
                return shared
            if self._keys >= 2 * quota.keys:
                return self._of_tenant(event)
        else:
            window.networks.add(name)
        self._keys += 1
        tally = window.tallies[event.code, name] = Tally(name)
        return tally

    def _of_tenant(self, event: Event) -> Tally:
        if self._tenants_end is None:
            self._tenants_end = event.at + self._quota.window
        return self._tenants.setdefault((event.tenant_id, event.code), Tally("", several=True))

    def _close(self, now: datetime) -> None:
        """Forget the windows that have ended. What they counted and is not written yet still waits in ``_changed``."""
        while self._windows:
            application, window = next(iter(self._windows.items()))
            if now < window.ends:
                break
            self._keys -= len(window.tallies)
            del self._windows[application]
        if self._tenants_end is not None and now >= self._tenants_end:
            self._tenants, self._tenants_end = {}, None


def _skeleton(event: Event, name: str, *, several: bool) -> Event:
    """Return what an aggregate says besides numbers: what all that it counts have in common, and the first's ids."""
    return Event(
        id=event.id,
        at=event.at,
        tenant_id=event.tenant_id,
        app_id=SEVERAL if several else event.app_id,
        app_name="" if several else event.app_name,
        principal_id=SEVERAL if several else event.principal_id,
        correlation_id=event.correlation_id,
        address=name,
        code=event.code,
        failure=event.failure,
        evidence=event.evidence,
        proof=event.proof,
    )
