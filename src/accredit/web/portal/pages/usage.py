"""How much an application signs in: what is shown before something is taken away from it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from accredit.web.portal.visit import Visit

DAYS: Final = 30


class Usage(NamedTuple):
    """What came of an application's sign-ins."""

    last_at: datetime | None  # of the newest grant, as far back as grants are counted
    granted: int  # in ``DAYS`` days
    refused: int
    url: str  # the log, of this application


async def usage_of(visit: Visit, app_id: UUID) -> Usage:
    """Return how much an application signs in."""
    tenant_id, log = visit.tenant.id, visit.portal.log
    used = (await log.uses(tenant_id, (app_id,))).get(app_id, {}).values()
    since = visit.now - timedelta(days=DAYS)
    days = await log.hours(tenant_id, since, visit.now, app_id=app_id, apart=False, step=timedelta(days=1))
    return Usage(
        max((each.last_at for each in used if each.last_at is not None), default=None),
        sum(each.count for each in days if each.code == 0),
        sum(each.count for each in days if each.code != 0),
        visit.url("sign-ins", application=app_id),
    )
