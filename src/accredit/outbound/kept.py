"""What is kept of one revision of one issuer record: its keys, their freshness, unknown kids, and figures."""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from accredit.issuers import EMPTY, KeySet, State
from accredit.issuers.freshness import UNKNOWN

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Collection

    from accredit.issuers import Issuer, KeyReference, Limits

MISSED: Final = 3  # tokens within
MISSED_WITHIN: Final = 600.0  # seconds, after which an upload is said to be stale

Name = tuple[int, int, int]
"""Tenant, record, revision, as numbers: an id hashes in Python. Never a URL: two tenants may share one."""


@dataclass(slots=True)
class Figures:
    """Plain counters of one issuer URL, rising only: records come and go, and several may share one."""

    fetches: int = 0  # begun
    ended: int = 0
    failures: Counter[str] = field(default_factory=Counter)  # by step
    octets: int = 0  # received in bodies
    seconds: float = 0.0  # spent in fetches
    stale: int = 0  # answers given with old keys
    unknown: int = 0  # answers given without a fetch for a kid that is not there
    turned_away: int = 0  # requests beyond those that may wait
    waits: int = 0  # requests that waited for a fetch
    waited: float = 0.0  # seconds, all of them together


@dataclass(slots=True)
class Kept:
    """One revision of one record."""

    issuer: Issuer
    figures: Figures
    keys: KeySet = EMPTY
    state: State = UNKNOWN
    failure: str = ""  # detail of the last attempt, when it failed
    flight: asyncio.Task[None] | None = None  # the fetch that is under way
    waiters: int = 0
    used_at: float = 0.0
    current: bool = True  # False since the record was changed or removed, until somebody asks for its keys
    missed: int = 0  # tokens since ``missed_since`` whose key is not in an uploaded set
    missed_since: float = 0.0
    _unknown: OrderedDict[bytes, float] = field(default_factory=OrderedDict)  # digest of a kid -> until

    def of(self, issuer: Issuer) -> bool:
        """Whether this is kept of exactly this record."""
        return self.issuer is issuer or self.issuer == issuer

    def holds(self, wanted: KeyReference) -> bool:
        """Whether the document has the key, if only to say why it is not used."""
        return bool(self.keys.find(wanted)) or self.keys.dropped_as(wanted) is not None

    def missed_again(self, now: float) -> bool:
        """Count a token whose key was not uploaded, and say whether it is the one too many in its time."""
        if now - self.missed_since > MISSED_WITHIN or self.missed == 0:
            self.missed, self.missed_since = 0, now
        self.missed += 1
        return self.missed == MISSED

    def known_absent(self, wanted: KeyReference, now: float) -> bool:
        """Whether the key was looked for so lately that it is not looked for again."""
        return self._unknown.get(digest(wanted), now) > now

    def remember_absent(self, wanted: KeyReference, now: float, limits: Limits) -> None:
        self._unknown[digest(wanted)] = now + limits.negative_for
        self._unknown.move_to_end(digest(wanted))
        while len(self._unknown) > limits.negative_per_record:
            self._unknown.popitem(last=False)

    @property
    def absent(self) -> int:
        """How many kids are remembered as absent."""
        return len(self._unknown)

    def forget_absent(self) -> None:
        self._unknown.clear()


@dataclass(frozen=True, slots=True)
class Standing:
    """How one issuer URL stands, over all records that have it."""

    url: str
    figures: Figures
    up: bool  # no record's last fetch failed
    keys: int | None  # usable ones, of the record that has the fewest; None: no record is kept
    age: float | None  # seconds since they were fetched, of the record whose are oldest; None: never, or uploaded

    @classmethod
    def of(cls, url: str, figures: Figures, records: Collection[Kept], now: float) -> Standing:
        """Sum up the records of one URL."""
        return cls(
            url,
            figures,
            up=not any(each.failure for each in records),
            keys=min((len(each.keys.keys) for each in records), default=None),
            age=max((now - at for each in records if (at := each.state.fetched_at) is not None), default=None),
        )


def name(issuer: Issuer) -> Name:
    return issuer.tenant_id.int, issuer.id.int, issuer.revision


def digest(wanted: KeyReference) -> bytes:
    """Return a short name of a key reference: what a stranger writes may be long, what is kept is not."""
    parts = (wanted.kid, wanted.x5t, wanted.x5t_s256, wanted.alg if wanted.missing else None)
    return sha256("\0".join(each or "" for each in parts).encode("utf-8", "surrogatepass")).digest()
