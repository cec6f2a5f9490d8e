"""The control routes of what is provoked: ``POST /idp/_next``, ``_throttle``, ``_delay``, ``_clock``, … Emulator only.

Each takes a JSON object and returns one, or refuses with ``INPUT_INVALID``. Who may ask is for the endpoints to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from accredit.errors import INPUT_INVALID, Refused
from accredit.testidp.wire import shaped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from accredit.app.provoking import Provoking

    Body = Mapping[str, object]


class Next(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``_next``, and the arguments of ``next_response``."""

    error: str  # AADSTS700024, or 700024
    times: int | None = 1  # null: until reset
    status: int | None = None  # the one that goes with the error
    retry_after: int | None = None  # seconds; null: none but what goes with the error
    client_id: str = ""  # of this application only


class Throttle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``_throttle``."""

    status: int = 429  # or 503
    retry_after: int = 1  # seconds
    times: int | None = 1  # null: until reset
    client_id: str = ""


class Delay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``_delay``."""

    seconds: float


class Clock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``_clock``: at most one of ``advance``, ``set`` and ``reset``; without any of them it is only shown."""

    advance: float | None = None  # seconds
    set: str | None = None  # an instant, ISO 8601
    reset: bool = False
    freeze: bool | None = None  # whether it stands still from then on


class Requests(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``_requests``: of one application only, the newest so many, and whether they are forgotten then."""

    client_id: str = ""
    limit: int | None = None
    clear: bool = False


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A body without members."""


@dataclass(frozen=True, slots=True)
class Controls:
    """The control routes of one authority."""

    provoking: Provoking

    def all(self) -> Mapping[str, Callable[[Body], Body]]:
        """Return what ``POST /idp/_{name}`` does: a JSON object in, a JSON object out, or ``INPUT_INVALID``."""
        return {
            "next": self._next,
            "throttle": self._throttle,
            "delay": self._delay,
            "clock": self._clock,
            "requests": self._requests,
            "reset": self._reset,
        }

    def _next(self, body: Body) -> Body:
        self.provoking.next_response(**msgspec.structs.asdict(shaped(body, Next)))
        return {"planned": self.provoking.planned}

    def _throttle(self, body: Body) -> Body:
        self.provoking.throttle(**msgspec.structs.asdict(shaped(body, Throttle)))
        return {"planned": self.provoking.planned}

    def _delay(self, body: Body) -> Body:
        self.provoking.propagation_delay(shaped(body, Delay).seconds)
        return {"seconds": self.provoking.delay}

    def _clock(self, body: Body) -> Body:
        wanted, clock = shaped(body, Clock), self.provoking.clock
        if sum((wanted.advance is not None, wanted.set is not None, wanted.reset)) > 1:
            raise Refused(INPUT_INVALID, what="the clock", reason="advance, set and reset exclude each other")
        if wanted.reset:
            clock.reset()
        if wanted.advance is not None:
            clock.advance(seconds=wanted.advance)
        if wanted.set is not None:
            clock.set(wanted.set)
        if wanted.freeze is not None:
            clock.freeze(wanted.set) if wanted.freeze else clock.unfreeze()  # exactly where it was set to
        return {"now": clock().isoformat(), "frozen": clock.frozen, "offset": clock.offset.total_seconds()}

    def _requests(self, body: Body) -> Body:
        wanted = shaped(body, Requests)
        found = [each for each in self.provoking.requests if wanted.client_id.lower() in ("", each.client_id.lower())]
        if wanted.clear:
            self.provoking.recorded.clear()
        newest = found if wanted.limit is None else found[len(found) - min(max(wanted.limit, 0), len(found)) :]
        return {"requests": msgspec.to_builtins(newest)}

    def _reset(self, body: Body) -> Body:
        shaped(body, Nothing)
        self.provoking.reset()
        return {}
