"""``servicePrincipals``: applications' presence in the tenant, listed, shown, made, changed and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from accredit.administer import principals
from accredit.directory import read_guid
from accredit.errors import PRIVILEGES_MISSING, QUERY_UNSUPPORTED, Refused
from accredit.interop.graph import principal
from accredit.interop.graph.parts import invalid
from accredit.interop.graph.principal import KIND
from accredit.web.graph import asking, assignments, binding, expanding, held, keys, related
from accredit.web.graph.answers import NOTHING, collection, entity, link
from accredit.web.graph.binding import OWNERS
from accredit.web.graph.credentials import NAVIGATION as TRUST
from accredit.web.graph.pages import counted, page_with
from accredit.web.graph.route import Route

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from accredit.administer.evidence import Holder
    from accredit.directory import Application, ServicePrincipal
    from accredit.interop.graph.principal import Changes
    from accredit.ports import Transaction
    from accredit.web.graph.answers import Answer
    from accredit.web.graph.call import Call

CONTEXT: Final = "servicePrincipals/$entity"
EXPANDED: Final = (OWNERS, TRUST, *assignments.SIDES)
GROUPS: Final = ("memberOf", "transitiveMemberOf")
NONE_HERE: Final = (  # navigations of Graph that lead to nothing here
    *GROUPS,
    "appManagementPolicies",
    "claimsMappingPolicies",
    "homeRealmDiscoveryPolicies",
    "tokenIssuancePolicies",
    "tokenLifetimePolicies",
)


async def listed(call: Call) -> Answer:
    """List the service principals of the tenant."""

    async def write(store: Transaction, shown: Sequence[ServicePrincipal]) -> list[dict[str, Any]]:
        return await _written(call, store, shown)

    _refuse_expansion(call)
    asking.by_derived_names(call)
    return await page_with(
        call, "servicePrincipals", lambda store: store.principals, write, tenant_id=call.caller.tenant.id
    )


async def number_of(call: Call) -> Answer:
    """Say how many service principals the tenant has."""
    asking.by_derived_names(call)
    return await counted(call, lambda store: store.principals, tenant_id=call.caller.tenant.id)


async def shown(call: Call) -> Answer:
    """Show one; its certificates themselves to who selects them."""
    _refuse_expansion(call)
    async with call.by.registry.reading() as store:
        found = await keys.principal(call, store)
        (value,) = await _written(call, store, (found,), with_keys=call.options.selects("keyCredentials"))
    return entity(call, CONTEXT, value)


async def made(call: Call) -> Answer:
    """Make one. Who may write only what it owns must own the application, and owns this, too."""
    app_id = _app_id(call)
    if call.owned_only:
        await _refuse_others(call, app_id)
    owner_ids = binding.owner_ids(call, call.body, KIND)
    tenant = call.caller.tenant

    def read(plain: ServicePrincipal, application: Application | None) -> Changes:
        return principal.changes(call.body, plain, application, base=call.graph, beta=call.beta)

    of = await principals.create(call.by, tenant.id, app_id, read, owner_ids=owner_ids)
    async with call.by.registry.reading() as store:
        (value,) = await _written(call, store, (of,))
    return entity(call, CONTEXT, value, status=201, location=link(call, f"servicePrincipals/{of.id}"))


async def changed(call: Call) -> Answer:
    """Change one. One that is disabled gets no token from now on."""
    async with call.by.registry.reading() as store:
        found = await keys.principal(call, store)
    await held.refuse_not_owned(call, found)
    binding.refuse(call.body, KIND)

    def read(before: ServicePrincipal, application: Application | None) -> Changes:
        return principal.changes(call.body, before, application, base=call.graph, beta=call.beta)

    await principals.amend(call.by, found.id, read)
    return NOTHING


async def deleted(call: Call) -> Answer:
    """Delete one, with the roles that it holds and that others hold on it."""
    async with call.by.registry.reading() as store:
        found = await keys.principal(call, store)
    await held.refuse_not_owned(call, found)
    await principals.delete(call.by, found.id)
    return NOTHING


async def none(call: Call) -> Answer:
    """Answer a navigation that leads to nothing here."""
    async with call.by.registry.reading() as store:
        found = await keys.principal(call, store)
    name = call.path.rpartition("/")[2]
    context = "directoryObjects" if name in GROUPS else f"servicePrincipals('{found.id}')/{name}"
    return collection(call, context, (), count=0 if call.options.count else None)


def _app_id(call: Call) -> UUID:
    told = call.body.get("appId")
    found = read_guid(told) if isinstance(told, str) else None
    if found is None:
        raise invalid("appId", KIND, "the GUID of an application")
    return found


async def _refuse_others(call: Call, app_id: UUID) -> None:
    """Refuse to make the service principal of an application that the caller does not own (403).

    Whoever owns a service principal can give it a secret, and sign in as the application.
    """
    async with call.by.registry.reading() as store:
        found = await store.applications.find(tenant_id=call.caller.tenant.id, app_id=app_id)
    if not found:
        raise Refused(PRIVILEGES_MISSING, detail="Application.ReadWrite.OwnedBy: no application that the caller owns")
    await call.refuse_not_owned(application_id=found[0].id)


def _refuse_expansion(call: Call) -> None:
    """Refuse to expand what cannot be expanded, or what the caller could not ask for by itself."""
    for name in call.options.expand:
        if name not in EXPANDED:
            raise Refused(QUERY_UNSUPPORTED, property=name, kind=KIND)
        call.refuse_unadmitted("GET", f"servicePrincipals/{{}}/{name}")


async def _written(
    call: Call, store: Transaction, shown: Sequence[ServicePrincipal], *, with_keys: bool = False
) -> list[dict[str, Any]]:
    """Write service principals, each with what its application says of it, and with what the caller expands."""
    known = await related.named(store.applications, [each.application_id for each in shown])
    rows = [
        principal.write(each, known.get(each.application_id), base=call.graph, beta=call.beta, with_keys=with_keys)
        for each in shown
    ]

    async def navigation(name: str, to: Holder) -> list[dict[str, Any]]:
        if name == OWNERS:
            return await expanding.owners(call, store, to)
        if name == TRUST:
            return await expanding.credentials(call, store, to)
        where = {"tenant_id": to.tenant_id, assignments.SIDES[name].member: to.id}
        return await assignments.written(store, await expanding.some(store.assignments, **where))

    return await expanding.each(call, shown, rows, navigation)


ROUTES: Final = (
    Route("GET", "servicePrincipals", listed),
    Route("POST", "servicePrincipals", made),
    Route("GET", "servicePrincipals/$count", number_of),
    Route("GET", "servicePrincipals/{}", shown),
    Route("PATCH", "servicePrincipals/{}", changed),
    Route("DELETE", "servicePrincipals/{}", deleted),
    *(Route("GET", f"servicePrincipals/{{}}/{name}", none) for name in NONE_HERE),
    *held.routes("servicePrincipals", keys.principal),
)
