"""One fetch of a record's keys: what it makes of what is kept, and who hears of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from accredit.errors import Refused
from accredit.issuers import freshness
from accredit.issuers.drift import result_of
from accredit.issuers.history import OK, Document, Visited
from accredit.outbound import documents
from accredit.outbound.unreachable import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from accredit.issuers import Issuer, Limits
    from accredit.outbound.documents import Fetches
    from accredit.outbound.kept import Kept

    Heard = Callable[[Visited], None]
    """Hears how each fetch ended; it returns at once."""


def unheard(_: Visited) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Fetching:
    """How keys are fetched."""

    fetcher: Fetches
    limits: Limits
    clock: Callable[[], float]  # seconds on a clock that only goes forward
    jitter: Callable[[], float]  # -1 ... 1
    heard: Heard = unheard

    def fly(self, record: Kept) -> asyncio.Task[None]:
        """Return the record's fetch, which is started unless one is under way."""
        if record.flight is None:
            record.flight = asyncio.create_task(self._fetch(record), name=f"fetch keys of {record.issuer.url}")
        return record.flight

    async def _fetch(self, record: Kept) -> None:
        begun, got = self.clock(), list[Document]()
        record.figures.fetches += 1
        try:
            keys, cache_control = await documents.read(
                self.fetcher, record.issuer, self.limits.fetch_within, record.figures, got
            )
        except Refused as refused:
            self._failed(record, refused, got, begun)
        else:
            record.keys, record.failure = keys, ""
            record.state = freshness.after_success(
                self.clock(), self.limits, cache_control=cache_control, jitter=self.jitter()
            )
            record.forget_absent()
            self.heard(
                Visited(
                    issuer=record.issuer, result=OK, keys=keys, documents=tuple(got), milliseconds=self._took(begun)
                )
            )
        finally:
            record.figures.ended += 1
            record.figures.seconds += self.clock() - begun
            record.flight = None

    def _failed(self, record: Kept, refused: Refused, got: list[Document], begun: float) -> None:
        unreachable = refused if isinstance(refused, Unreachable) else None  # the others could not be read
        record.figures.failures[unreachable.step if unreachable else "document"] += 1
        record.failure = refused.detail
        record.state = freshness.after_failure(
            record.state,
            self.clock(),
            self.limits,
            refused=unreachable is None or unreachable.answered,
            jitter=self.jitter(),
        )
        self.heard(_failure(record.issuer, unreachable, refused.detail, got, self._took(begun)))

    def _took(self, begun: float) -> float:
        return (self.clock() - begun) * 1_000


def _failure(
    issuer: Issuer, unreachable: Unreachable | None, reason: str, got: list[Document], milliseconds: float
) -> Visited:
    discovery = next((each.body for each in got if each.kind == "discovery"), None)
    result = result_of(unreachable.word if unreachable else "document", issuer, discovery)
    return Visited(issuer=issuer, result=result, reason=reason, documents=tuple(got), milliseconds=milliseconds)
