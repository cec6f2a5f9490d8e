"""The emulator's clock: as real as the machine's until a test moves it. Production knows the machine's only.

Rule 1: moving it moves everything that asks what time it is: the authority, the directory API, the test issuers. What
the clients believe is their own business.
Rule 2: how old fetched keys are is measured on ``seconds``, which advances with the clock and never goes back.
Rule 3: any thread may ask it while another one moves it: what it knows is replaced as a whole.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from accredit.app.chance import now
from accredit.app.seed import EARLIEST
from accredit.errors import INPUT_INVALID, Refused

if TYPE_CHECKING:
    from accredit.ports import Clock

LATEST: Final = datetime(2999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Moved:
    offset: timedelta = timedelta()  # from the machine's clock
    stands_at: datetime | None = None  # frozen
    ahead: float = 0.0  # seconds: everything that it was ever moved forward


class SettableClock:
    """A clock that can be set, advanced, frozen and reset (the ``Clock`` port)."""

    def __init__(self, machine: Clock = now) -> None:
        self._machine = machine
        self._moved = _Moved()

    def __call__(self) -> datetime:
        moved = self._moved
        return moved.stands_at or self._machine() + moved.offset

    def seconds(self) -> float:
        """Return seconds that only grow: the machine's, and all that this clock was moved forward."""
        return time.monotonic() + self._moved.ahead

    @property
    def frozen(self) -> bool:
        """Whether it stands still."""
        return self._moved.stands_at is not None

    @property
    def offset(self) -> timedelta:
        """How far it is from the machine's clock: negative when it is behind."""
        return self() - self._machine()

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> datetime:
        """Move it forward; one that stands still goes on standing there. ``INPUT_INVALID`` for a step back."""
        try:
            step = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
            if step < timedelta():
                raise Refused(INPUT_INVALID, what="advance", reason="a clock that is advanced goes forward (set it)")
            return self._move(self() + step)
        except (OverflowError, ValueError) as error:
            raise _beyond("advance") from error

    def set(self, at: datetime | str) -> datetime:
        """Put it to an instant, from which it goes on, or where it goes on standing. ``INPUT_INVALID``."""
        return self._move(_read(at))

    def freeze(self, at: datetime | str | None = None) -> datetime:
        """Let it stand still, now or at an instant. ``INPUT_INVALID``."""
        return self._move(self() if at is None else _read(at), stand=True)

    def unfreeze(self) -> datetime:
        """Let it go on from where it stands."""
        return self._move(self(), stand=False)

    def reset(self) -> datetime:
        """Be the machine's clock again."""
        self._moved = _Moved(ahead=self._moved.ahead)
        return self()

    def _move(self, to: datetime, *, stand: bool | None = None) -> datetime:
        if not EARLIEST <= to <= LATEST:
            raise _beyond("the clock")
        before, here = self._moved, self()
        ahead = before.ahead + max((to - here).total_seconds(), 0.0)
        stands = self.frozen if stand is None else stand
        self._moved = _Moved(to - self._machine(), to if stands else None, ahead)
        return to


def _read(at: datetime | str) -> datetime:
    try:
        found = datetime.fromisoformat(at) if isinstance(at, str) else at
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except ValueError as error:
        reason = f"it must be an instant such as 2027-03-01T12:00:00Z, not {at}"
        raise Refused(INPUT_INVALID, what="the clock", reason=reason) from error
    except OverflowError as error:  # the first day of all, in the east
        raise _beyond("the clock") from error


def _beyond(what: str) -> Refused:
    return Refused(INPUT_INVALID, what=what, reason=f"the clock goes from {EARLIEST:%Y} to {LATEST:%Y}")
