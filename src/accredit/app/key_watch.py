"""What this process and the store know of issuers' keys, and visits to issuers under the exchange's rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from accredit.issuers import freshness
from accredit.issuers.watching import KeyState, remembered
from accredit.outbound import Unreachable
from accredit.outbound.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from accredit.issuers import Issuer, Limits
    from accredit.issuers.history import Before, History
    from accredit.issuers.probe import Seen
    from accredit.outbound import Fetcher, IssuerKeys
    from accredit.outbound.kept import Kept
    from accredit.ports import Clock
    from accredit.stores.issuer_history import IssuerHistory

_LEAST: float = 0.001  # seconds: what is asked without time left fails for that reason


@dataclass(frozen=True, slots=True)
class KeyWatching:
    """``accredit.administer.key_watch``. ``keys``: those of the exchange in this process; a command has none."""

    fetcher: Fetcher
    limits: Limits
    stored: IssuerHistory
    clock: Clock
    seconds: Callable[[], float]  # on the clock that ``keys`` has
    keys: IssuerKeys | None = None

    def state(self, issuer: Issuer) -> KeyState:
        """Return how the keys of a record stand."""
        kept = None if self.keys is None else self.keys.kept(issuer)
        if kept is None or (issuer.fetches and kept.state is freshness.UNKNOWN):
            return remembered(self.stored.runs(issuer))
        found = self._at_hand(kept)
        if found.fetched_at is None and issuer.fetches:
            found = replace(found, fetched_at=remembered(self.stored.runs(issuer)).fetched_at)
        return found

    def history(self, issuer: Issuer) -> History:
        """Return what fetches of a record showed."""
        return self.stored.of(issuer)

    def before(self, issuer: Issuer) -> Before:
        """Return the newest documents of a record, and how its newest fetch ended."""
        return self.stored.before(issuer)

    def document(self, issuer: Issuer, digest: str) -> bytes | None:
        """Return a document of a record as it was fetched."""
        return self.stored.document(issuer, digest)

    def sharing(self, issuer: Issuer, thumbprints: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Return the other issuers of the tenant that publish a key."""
        return self.stored.sharing(issuer, thumbprints)

    def refresh_in(self, cache_control: str | None) -> float:
        """Return after how many seconds keys that came with this header are fetched again."""
        return freshness.fresh_for(self.limits, cache_control) * self.limits.refresh_at

    async def visit(self, issuer: Issuer, url: str, *, spent: float) -> Seen:
        """Fetch a document as the exchange would, and tell what was seen."""
        trace = Trace(telling=True)
        left = max(_LEAST, self.limits.fetch_within - spent)
        try:
            fetched = await self.fetcher.get(url, issuer=issuer, within=left, trace=trace)
        except Unreachable as unreachable:
            return trace.seen(b"", unreachable)
        finally:
            if self.keys is not None:
                self.keys.end_backoff(issuer)
        return trace.seen(fetched.body, None)

    async def fetch(self, issuer: Issuer) -> KeyState:
        """Fetch the keys of a record now. A process without an exchange has nobody to fetch them for."""
        assert self.keys is not None  # noqa: S101  as it says
        await self.keys.fetch(issuer)
        return self.state(issuer)

    def _at_hand(self, kept: Kept) -> KeyState:
        state, now = kept.state, self.seconds()
        failed = state.failed_at is not None
        due = state.retry_at if failed else state.refresh_at
        return KeyState(
            fetched_at=self._at(state.fetched_at),
            failed_at=self._at(state.failed_at),
            failure=kept.failure,
            next_at=self._at(due) if kept.issuer.fetches and due > now else None,
            keys=len(kept.keys.keys) if kept.keys.keys or not kept.issuer.fetches else None,
            fresh=not kept.issuer.fetches or (state.fetched_at is not None and now < state.fresh_until),
        )

    def _at(self, seconds: float | None) -> datetime | None:
        """Return when it was, or will be, by the clock on the wall."""
        return None if seconds is None else self.clock() + timedelta(seconds=seconds - self.seconds())
