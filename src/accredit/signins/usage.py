"""How often, and when last: what is told of many sign-ins at once.

Rule 1: an attempt counts in the hour in which it came; those that share one event count in the hour of the first.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

HOUR: Final = timedelta(hours=1)  # no attempts are counted for less


class HourCount(msgspec.Struct, frozen=True, gc=False):
    """How many attempts ended in one way within one hour."""

    hour: datetime  # its beginning, UTC; where several hours are one, the first's
    code: int  # 0: granted
    count: int
    credential_id: UUID | None = None  # or the id of a secret or certificate; none where it is not told apart
    resource_app_id: UUID | None = None


class Use(msgspec.Struct, frozen=True):
    """What came of a credential, a secret or a certificate, as far back as attempts are counted.

    What ends in ``last_`` is of the newest grant; none, and an empty address, where it was never granted anything.
    """

    last_at: datetime | None = None
    last_address: str = ""
    last_id: UUID | None = None  # of the event, which the log may have forgotten
    grants: int = 0
    refusals: int = 0


__all__ = ["HOUR", "HourCount", "Use"]
