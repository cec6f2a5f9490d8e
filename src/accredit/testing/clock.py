"""The authority's clock, as a test moves it. Directory, tokens and test issuers go by it; clients go by their own."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from accredit.testing.place import KitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from accredit.testing.place import Place


class Clock:
    """It is the machine's until it is moved."""

    def __init__(self, place: Place, provoke: Callable[[str, Mapping[str, object]], dict[str, Any]]) -> None:
        self._place = place
        self._provoke = provoke

    @property
    def now(self) -> datetime:
        """The instant that it shows, aware UTC."""
        return self._place.now()

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> datetime:
        """Move it forward; return what it shows then."""
        step = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        return self._told(advance=step.total_seconds())

    def set(self, at: datetime | str) -> datetime:
        """Put it to an instant (aware, or ISO 8601 with an offset), from which it goes on."""
        return self._told(set=_written(at))

    def freeze(self, at: datetime | str | None = None) -> datetime:
        """Let it stand still, here or at an instant."""
        return self._told(set=None if at is None else _written(at), freeze=True)

    def unfreeze(self) -> datetime:
        """Let it go on from where it stands."""
        return self._told(freeze=False)

    @contextmanager
    def frozen(self, at: datetime | str | None = None) -> Iterator[datetime]:
        """Let it stand still while the block runs, here or at an instant."""
        try:
            yield self.freeze(at)
        finally:
            self.unfreeze()

    def reset(self) -> None:
        """Be the machine's clock again."""
        self._told(reset=True)

    def _told(self, **body: object) -> datetime:
        return datetime.fromisoformat(self._provoke("_clock", body)["now"])


def _written(at: datetime | str) -> str:
    if isinstance(at, str):
        return at
    if at.tzinfo is None:
        raise KitError(f"{at} says no time zone, so it is no instant")
    return at.isoformat()
