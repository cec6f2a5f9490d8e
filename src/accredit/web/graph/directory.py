"""What the directory tells of itself: the organization, its domains, and objects of whatever kind by their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from accredit.directory import read_guid
from accredit.errors import DELEGATED_ONLY, GRAPH_THROTTLED, OBJECT_NOT_FOUND, Refused
from accredit.interop.graph import application, directory_object, organization, principal
from accredit.interop.graph.directory_object import APPLICATION, PRINCIPAL
from accredit.web.graph import listing
from accredit.web.graph.answers import NOTHING, collection, entity, number
from accredit.web.graph.pages import Rows
from accredit.web.graph.route import ANYTHING, Route

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from uuid import UUID

    from accredit.ports import Transaction
    from accredit.web.graph.answers import Answer
    from accredit.web.graph.call import Call
    from accredit.web.graph.route import Handler

OBJECTS: Final = "directoryObjects"


async def organizations(call: Call) -> Answer:
    """List the one organization that there is: the caller's tenant."""
    return listing.few(call, "organization", "Organization", [organization.organization(call.caller.tenant)])


async def number_of_organizations(call: Call) -> Answer:
    """Say that there is one."""
    return listing.number_of(call, "Organization", [organization.organization(call.caller.tenant)])


async def one_organization(call: Call) -> Answer:
    """Show the caller's tenant by its id; no other one is there."""
    tenant = call.caller.tenant
    if call.keys[0].value != str(tenant.id):
        raise _absent(call)
    return entity(call, "organization/$entity", organization.organization(tenant))


async def domains(call: Call) -> Answer:
    """List the tenant's domains, its default one first."""
    return listing.few(call, "domains", "Domain", organization.domains(call.caller.tenant))


async def number_of_domains(call: Call) -> Answer:
    """Say how many domains the tenant has."""
    return listing.number_of(call, "Domain", organization.domains(call.caller.tenant))


async def one_domain(call: Call) -> Answer:
    """Show a domain by its name."""
    wanted = call.keys[0].value.lower()
    for each in organization.domains(call.caller.tenant):
        if each["id"] == wanted:
            return entity(call, "domains/$entity", each)
    raise _absent(call)


async def me(_: Call) -> Answer:
    """Refuse: whoever calls is an application, and nobody is signed in."""
    raise Refused(DELEGATED_ONLY)


def nobody(context: str) -> Handler:
    """Return what lists a kind of thing that there is nothing of here."""

    async def handle(call: Call) -> Answer:
        return listing.none(call, context)

    return handle


async def number_of_nobody(_: Call) -> Answer:
    """Say that there is nothing of a kind here."""
    return number(0)


async def absent(call: Call) -> Answer:
    """Refuse to show what there is nothing of here."""
    raise _absent(call)


async def purged(_: Call) -> Answer:
    """Agree: what is deleted here is gone already."""
    return NOTHING


async def one_object(call: Call) -> Answer:
    """Show an application or a service principal by its object id."""
    guid = read_guid(call.keys[0].value)
    async with call.by.registry.reading() as store:
        found = None if guid is None else await _object(call, store, guid, (APPLICATION, PRINCIPAL))
    if found is None:
        raise _absent(call)
    return entity(call, f"{OBJECTS}/$entity", found)


async def by_ids(call: Call) -> Answer:
    """Show several objects by their ids, in the order of the ids; those that do not exist are left out."""
    listing.refuse_other(call, ANYTHING, "filter", "search", "orderby", "expand")
    ids, kinds = directory_object.wanted(call.body)
    rows = Rows(call)
    async with call.by.registry.reading() as store:

        async def write(some: Sequence[UUID]) -> list[dict[str, Any]]:
            if rows.full:
                raise Refused(GRAPH_THROTTLED, detail="what was asked for is too much for one answer: ask for less")
            return await _objects(call, store, some, kinds)

        await rows.add(list(dict.fromkeys(ids)), write)
    return collection(call, OBJECTS, rows.written)


async def _objects(call: Call, store: Transaction, ids: Sequence[UUID], kinds: Collection[str]) -> list[dict[str, Any]]:
    found = [await _object(call, store, each, kinds) for each in ids]
    return [each for each in found if each is not None]


async def _object(call: Call, store: Transaction, guid: UUID, kinds: Collection[str]) -> dict[str, Any] | None:
    tenant = call.caller.tenant
    if APPLICATION in kinds:
        for of in await store.applications.find(tenant_id=tenant.id, id=guid):
            return directory_object.write(APPLICATION, application.write(of, tenant, beta=call.beta))
    if PRINCIPAL in kinds:
        for held in await store.principals.find(tenant_id=tenant.id, id=guid):
            own = None if held.application_id is None else await store.applications.get(held.application_id)
            return directory_object.write(PRINCIPAL, principal.write(held, own, base=call.graph, beta=call.beta))
    return None


def _absent(call: Call) -> Refused:
    return Refused(OBJECT_NOT_FOUND, id=call.keys[0].value)


ROUTES: Final = (
    Route("GET", "organization", organizations),
    Route("GET", "organization/$count", number_of_organizations),
    Route("GET", "organization/{}", one_organization),
    Route("GET", "domains", domains),
    Route("GET", "domains/$count", number_of_domains),
    Route("GET", "domains/{}", one_domain),
    Route("GET", "me", me, asked=False),
    Route("GET", "me/ownedObjects", me, asked=False),
    Route("GET", "users", nobody("users")),
    Route("GET", "users/$count", number_of_nobody),
    Route("GET", "users/{}", absent),
    Route("GET", "groups", nobody("groups")),
    Route("GET", "groups/$count", number_of_nobody),
    Route("GET", "groups/{}", absent),
    Route("GET", "directory/deletedItems/{}", absent),
    Route("DELETE", "directory/deletedItems/{}", purged),
    Route("GET", f"{OBJECTS}/{{}}", one_object),
    Route("POST", f"{OBJECTS}/getByIds", by_ids),
)
