"""How values stand in a database: the same in every table.

Rule 1: a UUID is its dashed lower-case text, so the order of the texts is the order of the UUIDs.
Rule 2: a time is a number of microseconds since 1970-01-01 UTC: exact, and ordered like the times.
Rule 3: a value is kept whole, as JSON, in ``body``; the columns beside it are what is searched, unique or referred to.
The sign-in log, of which there is most, has encodings of its own: ``accredit.stores.event_row``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

SCHEMA: Final = "0012"
"""The schema that this version reads and writes: the newest revision under ``migrations``."""

SIGNING_KEYS: Final = UUID(int=1)
"""Stands in ``changes`` for any change to a signing key: it concerns every attempt."""
EMITTED_ISSUERS: Final = UUID(int=2)
"""Stands in ``changes`` for a new issuer string of our own."""

CHANGES_KEPT: Final = 100_000  # versions; whoever is further behind forgets all it knows

Changed = Callable[[int, frozenset[UUID]], None]
"""Who hears of a change: its version, and the keys of what changed."""

_GUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """Return an aware time as microseconds since 1970-01-01 UTC."""
    return (at - _EPOCH) // _MICROSECOND


def instant(count: int) -> datetime:
    """Return the time, in UTC, that is ``count`` microseconds after 1970-01-01."""
    return _EPOCH + timedelta(microseconds=count)


def column(value: object) -> object:
    """Return a member as it stands in a column of its own."""
    if isinstance(value, UUID):
        return str(value)
    return micros(value) if isinstance(value, datetime) else value


def guid(text: str) -> UUID | None:
    """Return the id that ``text`` spells in the usual form, in any case; ``None`` when it is something else."""
    lower = text.lower()
    return UUID(lower) if _GUID.fullmatch(lower) else None


def unheard(_version: int, _keys: frozenset[UUID]) -> None:
    """Nobody listens for changes."""
