"""Two limits in front of the exchange: how many requests are under way, and how often a sender may fail.

Rule 1: nobody is locked out by a client id. Ids are public, and a limit on them would be a weapon; failures count by
address and by (address, client).
Rule 2: over the limit an assertion that proves still passes; it is judged with keys at hand only.
Rule 3: what is refused after proof, for the issuer's or our own sake, or by this limit itself counts for nobody.
Rule 4: an address that several applications use, or an operator names, may fail more often (``web.shared``).
Rule 5: memory is bounded however many addresses send.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from accredit.errors import TOO_MANY_REQUESTS, Refused
from accredit.signins import network
from accredit.web.shared import Shared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from accredit.ports import Keys

MINUTE: Final = 60.0  # seconds
MOST_SENDERS: Final = 20_000  # counters kept; the longest unused goes first
LONGEST_CLIENT: Final = 36  # characters: a GUID; what is longer names no client and shares the counter of its beginning


class Admission:
    """At most ``most`` requests under way; one that waits for an issuer gives its place back while it waits."""

    __slots__ = ("limited", "most", "under_way")

    def __init__(self, most: int) -> None:
        self.most = most
        self.under_way = 0
        self.limited = 0  # requests that found no place

    def enter(self) -> None:
        """Take a place. 90055 when there is none."""
        if self.under_way >= self.most:
            self.limited += 1
            raise Refused(TOO_MANY_REQUESTS, detail=f"{self.most} requests are under way")
        self.under_way += 1

    def leave(self) -> None:
        """Give the place back."""
        self.under_way -= 1

    @contextmanager
    def given_back(self) -> Iterator[None]:
        """Hand the place to somebody else while this request waits for the outside world."""
        self.under_way -= 1
        try:
            yield
        finally:
            self.under_way += 1


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float  # seconds, monotonic


@dataclass(frozen=True, slots=True)
class Allowance:
    """Failures that are judged in full: per minute, and at once after a quiet time."""

    per_minute: int
    burst: int


class Failures:
    """Failed exchanges by address and by (address, client), as leaky buckets."""

    def __init__(
        self,
        seconds: Callable[[], float],
        *,
        by_client: Allowance = Allowance(60, 120),
        by_address: Allowance = Allowance(300, 300),
        by_shared: Allowance = Allowance(3_000, 3_000),
        shared: Shared | None = None,
    ) -> None:
        self._seconds = seconds
        self._by_client = by_client
        self._by_address = by_address
        self._by_shared = by_shared
        self.shared = shared or Shared(seconds)
        self._buckets: OrderedDict[tuple[str, str], _Bucket] = OrderedDict()
        self.limited = 0  # requests refused for their sender's failures

    def exceeded(self, address: str, client: str) -> bool:
        """Whether this sender has failed so often that only proof with keys at hand is looked at."""
        if not self._buckets:
            return False
        near, client = network(address), client[:LONGEST_CLIENT]
        if self._left(near, client, self._by_client) < 1:
            return True
        return (near, "") in self._buckets and self._left(near, "", self._of(near)) < 1

    def count(self, address: str, client: str) -> None:
        """Count one failed exchange."""
        near, client = network(address), client[:LONGEST_CLIENT]
        for key, allowance in (((near, client), self._by_client), ((near, ""), self._of(near))):
            left = self._left(*key, allowance)
            self._buckets[key] = _Bucket(max(left - 1, 0), self._seconds())
            self._buckets.move_to_end(key)
        while len(self._buckets) > MOST_SENDERS:
            self._buckets.popitem(last=False)

    def _of(self, near: str) -> Allowance:
        return self._by_shared if near in self.shared else self._by_address

    def _left(self, near: str, client: str, allowance: Allowance) -> float:
        bucket = self._buckets.get((near, client))
        if bucket is None:
            return allowance.burst
        regained = (self._seconds() - bucket.at) * allowance.per_minute / MINUTE
        return min(allowance.burst, bucket.tokens + regained)


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a sender may fail, and the keys that he is judged by from then on: without a fetch."""

    failures: Failures
    keys_at_hand: Keys
