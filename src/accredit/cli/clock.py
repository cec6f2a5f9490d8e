"""The wall clock of the command line, for words such as "4 min ago"; decisions take theirs from ``app``."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current instant, aware UTC."""
    return datetime.now(UTC)  # noqa: TID251  a command line is where a program starts
