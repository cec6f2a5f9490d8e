"""Is the assertion valid now, and not for too long? The dates in an assertion, and how refusals print them.

Rule 1: valid while ``nbf - skew <= now < exp + skew``: *at* ``exp`` a token is expired (RFC 7519 section 4.1.4).
Rule 2: an ``iat`` further ahead than the skew means that a clock is wrong; the token is refused like one not yet valid.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from accredit.assertions.shape import LAST_SECOND
from accredit.errors import LIFETIME_TOO_LONG, NOT_IN_TIME, Refused

if TYPE_CHECKING:
    from accredit.assertions.compact import Presented

_NEVER: Final = "0001-01-01T00:00:00.0000000Z"  # what Entra's platform prints for a date that is absent
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS: Final = len("0001-01-01T00:00:00.000000")
_MINUTE: Final = 60
_HOUR: Final = 3_600
_DAY: Final = 86_400


def refuse_untimely(presented: Presented, skew: int, now: datetime) -> None:
    """Refuse outside the valid time (700024). ``skew`` in seconds, either way; ``now`` is aware UTC."""
    at = now.timestamp()
    if at >= presented.expires + skew:
        late = f"expired {at - presented.expires:.0f} s ago"
    elif presented.not_before is not None and at < presented.not_before - skew:
        late = f"not valid for another {presented.not_before - at:.0f} s"
    elif presented.issued_at is not None and presented.issued_at > at + skew:
        late = f"issued {presented.issued_at - at:.0f} s in the future"
    else:
        return
    raise Refused(
        NOT_IN_TIME,
        now=printed(at),
        valid_from=printed(presented.not_before),
        expires=printed(presented.expires),
        detail=f"{late}; {skew} s of clock difference are forgiven",
    )


def refuse_long_lived(presented: Presented, limit: int, now: datetime) -> None:
    """Refuse a life of more than ``limit`` seconds (70023)."""
    refuse_life(life(presented, now), limit)


def life(presented: Presented, now: datetime) -> float:
    """Return for how many seconds it lives: from ``iat``, else ``nbf``, else now, to ``exp``."""
    begins = presented.not_before if presented.issued_at is None else presented.issued_at
    return presented.expires - (now.timestamp() if begins is None else begins)


def refuse_life(seconds: float, limit: int) -> None:
    """Refuse a life of more than ``limit`` seconds (70023)."""
    if seconds > limit:
        raise Refused(LIFETIME_TOO_LONG, limit=span(limit), detail=f"a life of {seconds:.0f} s, the limit is {limit} s")


def printed(seconds: float | None) -> str:
    """Print a date as Entra does, with seven digits; what is outside the years 1-9999 is clamped."""
    if seconds is None:
        return _NEVER
    moment = _EPOCH + timedelta(seconds=min(max(seconds, 0), LAST_SECOND))
    return f"{moment.isoformat(timespec='microseconds')[:_DIGITS]}0Z"  # several times as fast as strftime


def span(seconds: int) -> str:
    """Print a length of time as .NET does: ``[d.]hh:mm:ss``."""
    days, rest = divmod(seconds, _DAY)
    hours, rest = divmod(rest, _HOUR)
    minutes, rest = divmod(rest, _MINUTE)
    clock = f"{hours:02}:{minutes:02}:{rest:02}"
    return f"{days}.{clock}" if days else clock
