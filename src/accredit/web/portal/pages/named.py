"""Which service principal is meant, by what somebody typed: a name, a client id, an object id, a name of its API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accredit.directory import read_guid
from accredit.errors import NOT_FOUND, Refused
from accredit.query import Compare, Or, StartsWith
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from uuid import UUID

    from accredit.directory import ServicePrincipal
    from accredit.ports import Transaction
    from accredit.query import Condition
    from accredit.web.portal.visit import Visit


class Unclear(Exception):
    """What was typed names nothing, or several; its text is for the person."""


def begins(text: str) -> Condition | None:
    """Return the condition that a list is searched by: a name that begins so, or an id."""
    if not text:
        return None
    guid = read_guid(text)
    if guid is None:
        return StartsWith("displayName", text)
    return Or((Compare("id", "eq", str(guid)), Compare("appId", "eq", str(guid))))


async def principal_named(store: Transaction, tenant_id: UUID, text: str) -> ServicePrincipal:
    """Return the service principal that is meant. ``Unclear`` when that is none, or not one."""
    if not text:
        raise Unclear(_("Say which one: its name, client id or object id."))
    guid = read_guid(text) or await store.named(tenant_id, text)
    if guid is not None:
        found = [*await store.principals.find(tenant_id=tenant_id, app_id=guid)]
        found = found or [*await store.principals.find(tenant_id=tenant_id, id=guid)]
    else:
        found = [*await store.principals.find(tenant_id=tenant_id, display_name=text)]
    if not found:
        raise Unclear(_("No service principal of this tenant has this name or id."))
    if len(found) > 1:
        raise Unclear(_("Several have this name: give the client id of one of them."))
    return found[0]


async def principal_in_path(store: Transaction, visit: Visit) -> ServicePrincipal:
    """Return the service principal in the path, by its object id or client id. 404 for one that is not there."""
    guid = read_guid(visit.request.path_params["principal"])
    if guid is not None:
        for where in ({"id": guid}, {"app_id": guid}):
            for each in await store.principals.find(tenant_id=visit.tenant.id, **where):
                return each
    raise Refused(NOT_FOUND, detail=_("There is no such service principal in this tenant; it may have been deleted."))
