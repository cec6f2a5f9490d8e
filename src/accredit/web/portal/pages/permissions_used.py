"""Which roles an application's tokens really bore, and when last.

Rule 1: it is read from what was issued, newest first, and only so long; how far it was looked is told with it.
"""

from __future__ import annotations

import time
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

    from accredit.signins import Event
    from accredit.web.portal.visit import Visit

    Role: TypeAlias = tuple[str, str]  # appId of the API, value

SINCE: Final = timedelta(days=30)
LONGEST: Final = 0.06  # seconds: nobody waits longer for a page


class Used(NamedTuple):
    """When each role was issued last. ``since``: how far back it was looked; ``None``: ``SINCE``, all of it."""

    last: Mapping[Role, datetime]
    since: datetime | None = None


async def used_roles(visit: Visit, app_id: UUID, roles: Collection[Role]) -> Used:
    """Return when each of ``roles`` last stood in a token of an application."""
    if not roles:
        return Used({})
    told = partial(_told, wanted=frozenset(roles), longest=LONGEST)
    return await visit.portal.log.look_through(visit.tenant.id, app_id, visit.now - SINCE, told)


def _told(events: Iterable[Event], *, wanted: frozenset[Role], longest: float) -> Used:
    until = time.monotonic() + longest
    last: dict[Role, datetime] = {}
    for each in events:
        if each.code == 0 and each.resource_app_id is not None:
            for role in each.roles:
                last.setdefault((str(each.resource_app_id), role), each.at)
        if wanted <= last.keys():
            return Used(last)
        if time.monotonic() > until:
            return Used(last, each.at)
    return Used(last)
