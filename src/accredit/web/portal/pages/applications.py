"""Applications: the list, with what each is signed in with, when it last was, and what lint finds in it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from accredit.administer import linting
from accredit.query import Order, Query
from accredit.web.portal.pages.named import begins
from accredit.web.portal.route import Route

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from starlette.responses import Response

    from accredit.directory import Application
    from accredit.signins.usage import Use
    from accredit.trust.lint import Finding
    from accredit.trust.written import WrittenTrust
    from accredit.web.portal.visit import Visit

PAGE: Final = 25
MOST_JUDGED: Final = 100  # credentials of one page that lint looks at: nobody waits longer for a list
_BY_NAME: Final = Order("displayName")


class Row(NamedTuple):
    """One application of the list."""

    application: Application
    credentials: str
    last_at: datetime | None
    errors: int
    warnings: int


async def applications(visit: Visit) -> Response:
    """Show a page of the applications whose names begin as asked, or the one that has an id."""
    name = visit.query("name")
    async with visit.reading() as store:
        query = Query(condition=begins(name), order=_BY_NAME, after=visit.after(_BY_NAME), limit=PAGE)
        page = await store.applications.search(query, tenant_id=visit.tenant.id)
        known = linting.Known()
        trusts = {each.id: await linting.written(store, each, known) for each in page.things}
    used = await visit.portal.log.uses(visit.tenant.id, {each.app_id for each in page.things})
    found = await _judged(visit, trusts)
    rows = [_row(each, trusts[each.id], used.get(each.app_id, {}), found.get(each.id, ())) for each in page.things]
    following = visit.following(page.after, _BY_NAME)
    return await visit.page("applications.html", rows=rows, name=name, following=following)


async def _judged(visit: Visit, trusts: Mapping[UUID, Sequence[WrittenTrust]]) -> Mapping[UUID, Sequence[Finding]]:
    """Return what lint finds in each application, as far as that is looked at."""
    judged = 0
    found: dict[UUID, Sequence[Finding]] = {}
    for application_id, held in trusts.items():
        judged += len(held)
        if judged > MOST_JUDGED:
            break
        if held:
            by = visit.by
            judging = partial(linting.of_trusts, visit.tenant, held, own=by.own_issuers, emulator=by.emulator)
            found[application_id] = await asyncio.to_thread(judging)
    return found


def _row(
    application: Application,
    trusts: Sequence[WrittenTrust],
    used: Mapping[UUID, Use],
    found: Sequence[Finding],
) -> Row:
    kinds = ((len(trusts), "federated"), (len(application.secrets), "secret"), (len(application.certificates), "cert."))
    last = max((use.last_at for use in used.values() if use.last_at is not None), default=None)
    return Row(
        application,
        ", ".join(f"{count} {kind}" for count, kind in kinds if count) or "",
        last,
        sum(each.level == "error" for each in found),
        sum(each.level == "warn" for each in found),
    )


ROUTES: Final = (Route("GET", "/{tenant}/applications", applications, "reader"),)
