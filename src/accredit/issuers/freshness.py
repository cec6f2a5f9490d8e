"""When an issuer's keys are fetched again, and when old ones may still serve: policy over (state, now), nothing else.

Rule 1: ``Cache-Control: max-age`` may only shorten what we allow ourselves, and not below the bound.
Rule 2: old keys serve only while the last attempt failed, and for a bounded time; a shorter one when the issuer itself
refused (4xx, another issuer's document, unreadable or empty).
Rule 3: an unknown ``kid`` buys one fetch for each cool-down of the record, not one for each ``kid``.
Rule 4: all times are seconds on one clock, given as arguments; chance (``jitter``) is an argument in -1 ... 1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

FRESH_AT_LEAST: Final = 300.0  # seconds
FRESH_AT_MOST: Final = 86_400.0  # seconds
JITTER: Final = 0.1  # ten per cent either way
_MAX_AGE: Final = re.compile(r'(?:^|[\s,])max-age\s*=\s*"?([0-9]{1,12})"?(?=$|[\s,;])', re.IGNORECASE)
_NOT_KEPT: Final = re.compile(r"(?:^|[\s,])(?:no-store|no-cache)(?=$|[\s,;=])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long keys serve and how often an issuer is asked. Seconds, unless said otherwise."""

    fresh_for: float
    max_stale: float  # after freshness ended, when the issuer cannot be reached
    max_stale_refused: float  # the same, when the issuer refused
    unknown_kid_cooldown: float
    negative_for: float  # an unknown kid is remembered
    backoff_first: float
    backoff_max: float
    refresh_at: float = 0.8  # share of the fresh time, then in the background
    used_within: float = 86_400.0  # a background refresh is for records in use only
    connect_within: float = 5.0
    fetch_within: float = 10.0  # the whole fetch, discovery and keys
    connect_retries: int = 1  # inside the same budget
    waiters: int = 64  # requests that wait for one record's fetch; the next one is refused at once
    wait: float = 10.0
    wait_when_stale: float = 2.0  # when old keys may serve instead
    negative_per_record: int = 256
    negative_in_all: int = 10_000
    records: int = 10_000  # cached, least recently used first out


EMULATOR: Final = Limits(
    fresh_for=300.0,
    max_stale=0.0,
    max_stale_refused=0.0,
    unknown_kid_cooldown=0.0,
    negative_for=1.0,
    backoff_first=1.0,
    backoff_max=1.0,
    records=1_000,
)

PRODUCTION: Final = Limits(
    fresh_for=3_600.0,
    max_stale=3_600.0,
    max_stale_refused=900.0,
    unknown_kid_cooldown=60.0,
    negative_for=60.0,
    backoff_first=5.0,
    backoff_max=300.0,
)


@dataclass(frozen=True, slots=True)
class State:
    """What is known about one record's keys. ``fetched_at`` is ``None`` until a fetch succeeded."""

    fetched_at: float | None = None
    refresh_at: float = 0.0
    fresh_until: float = 0.0
    failed_at: float | None = None  # of the last attempt; None when it succeeded
    failures: int = 0  # in a row
    retry_at: float = 0.0  # no attempt before this
    refused: bool = False  # the last attempt was answered, and the answer was no


UNKNOWN: Final = State()
"""Nothing was ever fetched."""


class Action(Enum):
    """What to do for a request that needs keys of a record."""

    USE = "use"  # the keys at hand are fresh
    REFRESH = "refresh"  # they are fresh; start a fetch in the background
    FETCH = "fetch"  # fetch, or wait for the fetch that is under way
    STALE = "stale"  # the keys at hand are old, the issuer is down: use them and say so
    REFUSE = "refuse"  # nothing may serve and no attempt is due: 90061 at once


def decide(state: State, now: float, limits: Limits) -> Action:
    """Say what to do at ``now``. While a failed record waits for its next attempt, the answer needs no network."""
    attempt_due = state.failed_at is None or now >= state.retry_at
    if state.fetched_at is not None and state.fetched_at <= now < state.fresh_until:
        return Action.REFRESH if now >= state.refresh_at and attempt_due else Action.USE
    if attempt_due:
        return Action.FETCH
    return Action.STALE if stale_allowed(state, now, limits) else Action.REFUSE


def stale_allowed(state: State, now: float, limits: Limits) -> bool:
    """Whether keys past their fresh time may serve: the last attempt failed, and the bound is not reached."""
    if state.fetched_at is None or state.failed_at is None:
        return False
    return now <= state.fresh_until + (limits.max_stale_refused if state.refused else limits.max_stale)


def stale_for(state: State, now: float) -> float:
    """Return the age of old keys: seconds since their fresh time ended, 0 while they are fresh."""
    return max(0.0, now - state.fresh_until)


def cooldown_left(state: State, now: float, limits: Limits) -> float:
    """Return how many seconds an unknown ``kid`` still has to wait for a fetch; 0 means one is due."""
    if state.failed_at is not None:
        return max(0.0, state.retry_at - now)
    if state.fetched_at is None:
        return 0.0
    return max(0.0, state.fetched_at + limits.unknown_kid_cooldown - now)


def fresh_for(limits: Limits, cache_control: str | None) -> float:
    """Return the seconds that an answer with this header stays fresh: the limit, or less, never below the bound."""
    said = max_age(cache_control or "")
    if said is None:
        return limits.fresh_for
    return min(limits.fresh_for, max(FRESH_AT_LEAST, float(said)), FRESH_AT_MOST)


def max_age(cache_control: str) -> int | None:
    """Read ``max-age`` (RFC 9111 section 5.2.2.1); ``no-store`` and ``no-cache`` count as 0, absence as ``None``."""
    if _NOT_KEPT.search(cache_control):
        return 0
    found = _MAX_AGE.search(cache_control)
    return int(found[1]) if found else None


def after_success(now: float, limits: Limits, *, cache_control: str | None = None, jitter: float = 0.0) -> State:
    """Return the state after discovery and keys were both read and replaced."""
    fresh = fresh_for(limits, cache_control)
    return State(
        fetched_at=now,
        refresh_at=now + fresh * limits.refresh_at * (1 + JITTER * jitter),
        fresh_until=now + fresh,
    )


def after_failure(state: State, now: float, limits: Limits, *, refused: bool, jitter: float = 0.0) -> State:
    """Return the state after a fetch failed: the keys stay, the next attempt waits twice as long as the last."""
    doublings = min(state.failures, 32)  # 2**32 times the first wait is above every maximum
    wait = min(limits.backoff_first * 2**doublings, limits.backoff_max)
    return replace(
        state,
        failed_at=now,
        failures=state.failures + 1,
        retry_at=now + wait * (1 + JITTER * jitter),
        refused=refused,
    )
