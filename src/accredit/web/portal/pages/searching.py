"""Search: ids of anything, and names, subjects and issuers by their beginning. One exact hit is led to at once.

Rule 1: what is not of this tenant is not found, whatever its id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from accredit.directory import read_guid
from accredit.interop import help as told
from accredit.query import Compare, Or, Order, Query, StartsWith
from accredit.web.portal.pages import application_parts
from accredit.web.portal.route import Route
from accredit.web.portal.visit import address
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from starlette.responses import Response

    from accredit.ports import Transaction
    from accredit.trust import FederatedCredential
    from accredit.web.portal.visit import Visit

MOST: Final = 10  # of one kind
LONGEST: Final = 600  # characters: nothing that is searched is longer
_BY_NAME: Final = Order("displayName")


class Hit(NamedTuple):
    """Something that was found. ``more``: what tells it from its like."""

    url: str
    text: str
    more: str = ""


class Group(NamedTuple):
    """Hits of one kind; ``url``: where there are more of them."""

    title: str
    hits: Sequence[Hit]
    url: str = ""


async def search(visit: Visit) -> Response:
    """Show what is called so; lead to it where it is one thing's id or code."""
    wanted = visit.query("q")[:LONGEST]
    key = read_guid(wanted)
    found = await _by_id(visit, key) if key is not None else []
    if key is None and wanted:
        if told.rows(wanted) or told.rule(wanted):
            return visit.go(address("help", wanted))
        found = await _by_text(visit, wanted)
    groups = [each for each in found if each.hits]
    hits = [hit for group in groups for hit in group.hits]
    if key is not None and len(hits) == 1:
        return visit.go(hits[0].url)
    return await visit.page("searching.html", q=wanted, groups=groups)


async def _by_id(visit: Visit, key: UUID) -> list[Group]:
    """Find what has an id, or is of one correlation."""
    async with visit.reading() as store:
        found = await _directory(visit, store, key)
    log, tenant = visit.portal.log, visit.tenant.id
    one = Query(condition=Compare("id", "eq", str(key)), limit=1)
    events = [
        Hit(visit.url("sign-ins", each.id), each.app_name) for each in (await log.search(one, tenant_id=tenant)).things
    ]
    if not events:
        some = Query(condition=Compare("correlationId", "eq", str(key)), limit=2)
        if (await log.search(some, tenant_id=tenant)).things:
            events = [Hit(visit.url("sign-ins", correlation=key, group="off"), _("all of this correlation ID"))]
    return [*found, Group(_("Sign-ins"), events)]


async def _directory(visit: Visit, store: Transaction, key: UUID) -> list[Group]:
    tenant = visit.tenant.id
    applications = {
        each.id: each
        for where in ({"id": key}, {"app_id": key})
        for each in await store.applications.find(tenant_id=tenant, **where)
    }
    known = {each.app_id for each in applications.values()}
    principals = [
        each
        for where in ({"id": key}, {"app_id": key})
        for each in await store.principals.find(tenant_id=tenant, **where)
        if each.app_id not in known  # who asks for a client id means the application
    ]
    credentials = await store.credentials.find(tenant_id=tenant, id=key)
    issuers = await store.issuers.find(tenant_id=tenant, id=key)
    page = await store.audits.search(
        Query(
            condition=Or((Compare("id", "eq", str(key)), Compare("correlationId", "eq", str(key)))),
            limit=MOST,
        ),
        tenant_id=tenant,
    )
    changes = [Hit(visit.url("sign-ins", "audit", each.id), each.activity) for each in page.things]
    return [
        Group(
            _("Applications"),
            [Hit(application_parts.url(visit, each), each.display_name) for each in applications.values()],
        ),
        Group(
            _("Enterprise apps"),
            [Hit(visit.url("enterprise-apps", each.id), each.display_name) for each in principals],
        ),
        Group(_("Credentials"), await _credentials(visit, store, credentials)),
        Group(_("Issuers"), [Hit(visit.url("issuers", each.id), each.url) for each in issuers]),
        Group(_("Changes"), changes),
    ]


async def _by_text(visit: Visit, wanted: str) -> list[Group]:
    tenant = visit.tenant.id
    named = Query(condition=StartsWith("displayName", wanted), order=_BY_NAME, limit=MOST)
    async with visit.reading() as store:
        applications = (await store.applications.search(named, tenant_id=tenant)).things
        principals = (await store.principals.search(named, tenant_id=tenant)).things
        credentials: dict[UUID, FederatedCredential] = {}
        for name in ("name", "subject"):
            query = Query(condition=StartsWith(name, wanted), limit=MOST)
            for each in (await store.credentials.search(query, tenant_id=tenant)).things:
                credentials[each.id] = each
        begun = Query(condition=StartsWith("url", wanted), limit=MOST)
        issuers = (await store.issuers.search(begun, tenant_id=tenant)).things
        owner = await store.named(tenant, wanted)
        apis = await store.applications.find(tenant_id=tenant, app_id=owner) if owner else ()
        of_credentials = await _credentials(visit, store, list(credentials.values())[:MOST])
    shown = {each.app_id for each in applications}
    more = (*applications, *(each for each in apis if each.app_id not in shown))
    return [
        Group(
            _("Applications"),
            [Hit(application_parts.url(visit, each), each.display_name, str(each.app_id)) for each in more],
            visit.url("applications", name=wanted),
        ),
        Group(
            _("Enterprise apps"),
            [Hit(visit.url("enterprise-apps", each.id), each.display_name, str(each.app_id)) for each in principals],
            visit.url("enterprise-apps", name=wanted),
        ),
        Group(_("Credentials"), of_credentials),
        Group(_("Issuers"), [Hit(visit.url("issuers", each.id), each.url) for each in issuers], visit.url("issuers")),
    ]


async def _credentials(visit: Visit, store: Transaction, found: Iterable[FederatedCredential]) -> list[Hit]:
    hits = []
    for each in found:
        application = await store.applications.get(each.application_id)
        said = each.subject or (each.expression.text if each.expression else "")
        url = application_parts.url(visit, application, "credentials")
        hits.append(Hit(url, f"{application.display_name}: {each.name}", said))
    return hits


ROUTES: Final = (Route("GET", "/{tenant}/search", search, "reader"),)
