"""What the pages about one issuer begin with: the record, how many credentials name it, and its tabs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from accredit.directory import read_guid
from accredit.errors import NOT_FOUND, Refused
from accredit.query import Query
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from accredit.issuers import Issuer
    from accredit.issuers.watching import KeyState
    from accredit.ports import Transaction
    from accredit.web.portal.visit import Visit

_WHERE: Final = 2  # parts of the reason of a failure that name the document and the step
PATH: Final = "/{tenant}/issuers/{issuer}"
SOURCES: Final = {"discovery": _("discovery"), "jwks_url": _("an address of keys"), "uploaded": _("uploaded")}
HEALTH: Final = {
    "ok": ("pass", _("well")),
    "failing": ("fail", _("failing")),
    "unknown": ("skip", _("not fetched yet")),
}
"""How the keys of a record stand, as a mark with a word."""


async def found(visit: Visit) -> Issuer:
    """Return the record in the path, by its id. 404 for one that is not in this tenant."""
    guid = read_guid(visit.request.path_params["issuer"])
    if guid is not None:
        async with visit.reading() as store:
            for each in await store.issuers.find(tenant_id=visit.tenant.id, id=guid):
                return each
    raise Refused(NOT_FOUND, detail=_("There is no such issuer in this tenant; it may have been deleted."))


async def held(store: Transaction, of: Issuer) -> int:
    """Return how many credentials name a record."""
    counted = await store.credentials.search(Query(limit=0, counted=True), tenant_id=of.tenant_id, issuer_id=of.id)
    return counted.count or 0


def state(visit: Visit, of: Issuer) -> KeyState:
    """Return how the keys of a record stand; those that are uploaded are read for it."""
    if not of.fetches:
        visit.portal.authority.keys.at_hand(of)
    found = visit.portal.key_watch.state(of)
    return replace(found, failure=told(visit, found.failure))


def told(visit: Visit, reason: str) -> str:
    """Return how a fetch failed. What names and addresses it met inside the network is for Admins."""
    return reason if visit.may("admin") else ": ".join(reason.split(": ")[:_WHERE])


async def around(visit: Visit, of: Issuer, tab: str) -> dict[str, Any]:
    """Return what ``parts/issuer.html`` shows. ``tab``: the last part of the tab's path; "" for the overview."""
    tabs = [("", _("Overview")), ("history", _("Keys and documents")), ("probe", _("Probe"))]
    if visit.may("admin"):
        tabs += [("edit", _("Properties")), ("keys", _("Upload keys"))]
    async with visit.reading() as store:
        credentials = await held(store, of)
    return {
        "issuer": of,
        "credentials": credentials,
        "sources": SOURCES,
        "health": HEALTH,
        "state": state(visit, of),
        "crumbs": ((visit.url("issuers"), _("Issuers")),),
        "tabs": [(visit.url("issuers", of.id, *([part] if part else [])), text, part == tab) for part, text in tabs],
    }
