"""How the keys of one record stand: when they were fetched, what failed since, when they are fetched again."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal

import msgspec

from accredit.issuers.history import OK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accredit.issuers.history import Run

Health = Literal["ok", "failing", "unknown"]


class KeyState(msgspec.Struct, frozen=True, kw_only=True):
    """One record, as the process that is asked knows it, or as it was when it last wrote something down."""

    fetched_at: datetime | None = None  # of the last success
    failed_at: datetime | None = None  # of the last attempt, when it failed
    failure: str = ""  # why
    next_at: datetime | None = None  # when a fetch is due; None: with the next use, or never (uploaded keys)
    keys: int | None = None  # usable ones at hand; None: nothing is at hand here
    fresh: bool = False

    @property
    def health(self) -> Health:
        """What it comes to."""
        if self.failed_at is not None or self.failure:
            return "failing"
        return "unknown" if self.fetched_at is None and self.keys is None else "ok"


def remembered(runs: Sequence[Run]) -> KeyState:
    """Return how a record stood when its newest run was written down: nothing is at hand here."""
    last, ok = next(iter(runs), None), next((each for each in runs if each.result == OK), None)
    failed = last if last is not None and last is not ok else None
    return KeyState(
        fetched_at=None if ok is None else ok.until,
        failed_at=None if failed is None else failed.until,
        failure="" if failed is None else failed.reason,
    )
