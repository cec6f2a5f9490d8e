"""One issuer: how its keys stand, what alarms there were, and what an operator does when something is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.administer import drifting, issuers, probing
from accredit.errors import PRIVILEGES_MISSING, Refused
from accredit.issuers.drift import KINDS
from accredit.query import And, Any, Compare, Query
from accredit.web.portal import same
from accredit.web.portal.pages import issuer_parts as parts
from accredit.web.portal.problems import GENERAL, problems_of
from accredit.web.portal.route import Route

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.responses import Response

    from accredit.issuers import Issuer
    from accredit.signins import Audit
    from accredit.web.portal.visit import Visit

MOST_ALARMS: Final = 10
LISTED: Final = 20  # credentials that are named here


async def show(visit: Visit) -> Response:
    """Show the record."""
    return await _shown(visit, await parts.found(visit), {})


async def fetch(visit: Visit) -> Response:
    """Fetch its keys now, whatever was to be waited for."""
    issuer = await parts.found(visit)
    try:
        await probing.fetch_now(visit.by, visit.portal.key_watch, issuer.id)
    except Refused as refused:
        return await _shown(visit, issuer, problems_of(refused, {}))
    return visit.done("issuers", issuer.id)


async def drop(visit: Visit) -> Response:
    """Forget its keys in every process."""
    issuer = await parts.found(visit)
    try:
        await issuers.drop_keys(visit.by, issuer.id)
    except Refused as refused:
        return await _shown(visit, issuer, problems_of(refused, {}))
    return visit.done("issuers", issuer.id)


async def block(visit: Visit) -> Response:
    """Accept nothing that it signed any more; or accept it again, which needs an Admin."""
    issuer, blocked = await parts.found(visit), (await visit.form()).text("blocked") != "no"
    if not blocked and not visit.may("admin"):
        raise Refused(PRIVILEGES_MISSING, detail="Unblocking an issuer needs the role Admin in this tenant.")
    await issuers.block(visit.by, issuer.id, blocked=blocked)
    return visit.done("issuers", issuer.id)


async def _shown(visit: Visit, issuer: Issuer, problems: Mapping[str, str]) -> Response:
    async with visit.reading() as store:
        named = await store.credentials.search(Query(limit=LISTED), tenant_id=visit.tenant.id, issuer_id=issuer.id)
        applications = {each.application_id: each for each in named.things}
        names = {each: (await store.applications.get(each)).display_name for each in applications}
    verb = "unblock" if issuer.blocked else "block"
    return await visit.page(
        "issuer.html",
        status=422 if problems else 200,
        **await parts.around(visit, issuer, ""),
        named=named.things,
        names=names,
        alarms=await alarms(visit, issuer),
        kinds=KINDS,
        problem=problems.get(GENERAL, ""),
        same=same.Same(
            command=visit.command("issuer", verb, issuer.url),
            graph=same.graph("POST", f"/beta/accredit.issuers/{issuer.id}/{verb}"),
        ),
    )


async def alarms(visit: Visit, of: Issuer) -> Sequence[Audit]:
    """Return the newest changes that were told of an issuer."""
    target = Any("targetResources/id", Compare("", "eq", str(of.id)))
    condition = And((Compare("activityDisplayName", "eq", drifting.ACTIVITY), target))
    async with visit.reading() as store:
        query = Query(condition=condition, limit=MOST_ALARMS)
        return (await store.audits.search(query, tenant_id=visit.tenant.id)).things


ROUTES: Final = (
    Route("GET", parts.PATH, show, "reader"),
    Route("POST", f"{parts.PATH}/fetch", fetch, "operator"),
    Route("POST", f"{parts.PATH}/drop", drop, "operator"),
    Route("POST", f"{parts.PATH}/block", block, "operator"),
)
