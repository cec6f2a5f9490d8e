"""What ``logs stats`` counts: by the counts that are kept, or, where these do not tell apart what is asked, by events.

Rule 1: either way an hour counts as a whole, and an event for as many attempts as it stands for.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Final

from accredit.cli.log_filters import CREATED, client_of, condition, joined, whole
from accredit.cli.log_pages import pages_of
from accredit.query import Compare, Query
from accredit.signins.usage import HOUR, HourCount

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from accredit.cli.desk import Desk
    from accredit.cli.log_filters import Asked
    from accredit.cli.place import Log
    from accredit.directory import Tenant
    from accredit.query import Condition

MOST: Final = 100_000  # events that are looked at
PAGE: Final = 1_000  # of them at once
_KEPT: Final = ("application", "since", "until")  # options by which the counts that are kept can be asked


async def counted(
    desk: Desk, asked: Asked, within: tuple[datetime, datetime], *, apart: bool, step: timedelta = HOUR
) -> tuple[Tenant, str | None, Sequence[HourCount]]:
    """Return the tenant, the client id of the application that is asked for, and what was counted.

    ``within``: the beginning of an hour, and the last moment. ``apart``: what attempts were for is told apart.
    ``step``: that many hours may be counted as one.
    """
    tenant, wanted = await condition(desk, {**asked, "since": None, "until": None})
    app = client_of(wanted) if asked["application"] is not None else None
    with desk.place.log() as log:
        if any(given for name, given in asked.items() if name not in _KEPT):
            counts, all_of_it = by_events(log, tenant, wanted, within)
            if not all_of_it:
                desk.session.warn(f"only the newest {MOST:,} sign-ins that meet this are counted; ask for less time")
        else:
            from uuid import UUID

            counts = log.hours(tenant.id, *within, app_id=None if app is None else UUID(app), apart=apart, step=step)
    return tenant, app, counts


def by_events(
    log: Log, tenant: Tenant, wanted: Condition | None, within: tuple[datetime, datetime]
) -> tuple[Sequence[HourCount], bool]:
    """Count events by the hour, result, credential and API; and say whether these were all."""
    first, last = within
    end = whole(last, HOUR) + HOUR
    terms = [Compare(CREATED, "ge", first), Compare(CREATED, "lt", end), *([] if wanted is None else [wanted])]
    query, found, looked = Query(condition=joined(terms), limit=PAGE), Counter[HourCount](), 0
    for page in pages_of(partial(log.search, tenant.id), query, MOST):
        looked += len(page)
        for each in page:
            evidence = each.credential_id or each.key_id
            found[HourCount(whole(each.at, HOUR), each.code, 0, evidence, each.resource_app_id)] += each.count
    counts = [HourCount(k.hour, k.code, n, k.credential_id, k.resource_app_id) for k, n in found.items()]
    return sorted(counts, key=lambda each: each.hour), looked < MOST
