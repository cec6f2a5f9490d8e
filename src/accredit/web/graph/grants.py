"""``oauth2PermissionGrants``: consents to delegated permissions, listed, shown, made, changed and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from accredit.administer import delegated
from accredit.errors import OBJECT_NOT_FOUND, Refused
from accredit.interop.graph import grant, opaque
from accredit.web.graph import asking, keys
from accredit.web.graph.answers import NOTHING, entity, link
from accredit.web.graph.pages import counted, page
from accredit.web.graph.route import Route

if TYPE_CHECKING:
    from uuid import UUID

    from accredit.directory import DelegatedGrant
    from accredit.ports import Transaction
    from accredit.web.graph.answers import Answer
    from accredit.web.graph.call import Call

NAME: Final = "oauth2PermissionGrants"
CONTEXT: Final = f"{NAME}/$entity"


async def listed(call: Call) -> Answer:
    """List those of the tenant."""
    return await _page(call, tenant_id=call.caller.tenant.id)


async def listed_by_principal(call: Call) -> Answer:
    """List those that one service principal was given."""
    async with call.by.registry.reading() as store:
        client = await keys.principal(call, store)
    return await _page(call, client_id=client.id)


async def number_of(call: Call) -> Answer:
    """Say how many the tenant has."""
    asking.by_opaque_ids(call)
    return await counted(call, lambda store: store.delegated_grants, tenant_id=call.caller.tenant.id)


async def shown(call: Call) -> Answer:
    """Show one."""
    async with call.by.registry.reading() as store:
        found = await _one(call, store)
    return entity(call, CONTEXT, grant.write(found, beta=call.beta))


async def added(call: Call) -> Answer:
    """Keep one."""
    wanted = grant.wanted(call.body, beta=call.beta)
    async with call.by.registry.reading() as store:
        for each in (wanted.client_id, wanted.resource_id):
            if not await store.principals.find(tenant_id=call.caller.tenant.id, id=each):
                raise Refused(OBJECT_NOT_FOUND, id=each)
    made = await delegated.grant(
        call.by,
        wanted.client_id,
        wanted.resource_id,
        wanted.scope,
        consent_type=wanted.consent_type,
        user_id=wanted.user_id,
    )
    value = grant.write(made, beta=call.beta)
    return entity(call, CONTEXT, value, status=201, location=link(call, f"{NAME}/{value['id']}"))


async def changed(call: Call) -> Answer:
    """Change the permissions that one names."""
    async with call.by.registry.reading() as store:
        found = await _one(call, store)
    await delegated.rescope(call.by, found.id, grant.scope(call.body, found, beta=call.beta))
    return NOTHING


async def deleted(call: Call) -> Answer:
    """Forget one."""
    async with call.by.registry.reading() as store:
        found = await _one(call, store)
    await delegated.revoke(call.by, found.id)
    return NOTHING


async def _page(call: Call, **where: UUID) -> Answer:
    def write(of: DelegatedGrant) -> dict[str, Any]:
        return grant.write(of, beta=call.beta)

    asking.by_opaque_ids(call)
    return await page(call, NAME, lambda store: store.delegated_grants, write, on_request=frozenset(), **where)


async def _one(call: Call, store: Transaction) -> DelegatedGrant:
    key = call.keys[0]
    guid = opaque.read(key.value) if key.name in {None, "id"} else None
    found = [] if guid is None else await store.delegated_grants.find(tenant_id=call.caller.tenant.id, id=guid)
    if not found:
        raise Refused(OBJECT_NOT_FOUND, id=key.value)
    return found[0]


ROUTES: Final = (
    Route("GET", NAME, listed),
    Route("POST", NAME, added),
    Route("GET", f"{NAME}/$count", number_of),
    Route("GET", f"{NAME}/{{}}", shown),
    Route("PATCH", f"{NAME}/{{}}", changed),
    Route("DELETE", f"{NAME}/{{}}", deleted),
    Route("GET", f"servicePrincipals/{{}}/{NAME}", listed_by_principal),
)
