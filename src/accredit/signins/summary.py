"""Sign-ins that are alike, shown as one: the same application, result, address and resource, within one window."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from accredit.signins.event import Event

Window = Literal["h1", "h6", "d1"]
WINDOWS: Final[dict[Window, timedelta]] = {"h1": timedelta(hours=1), "h6": timedelta(hours=6), "d1": timedelta(days=1)}
"""How long a window is. All begin at whole multiples of that since midnight, UTC."""


class Summary(msgspec.Struct, frozen=True):
    """How often a window saw the same."""

    window: datetime  # its beginning, UTC
    first: Event  # that arrived; it stands for all
    first_at: datetime  # when the earliest of them was
    count: int


__all__ = ["WINDOWS", "Summary", "Window"]
