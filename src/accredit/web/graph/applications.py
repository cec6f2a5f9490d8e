"""``applications``: registrations, listed, shown, made, changed and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from accredit.administer import applications
from accredit.errors import OBJECT_NOT_FOUND, PROPERTY_INVALID, QUERY_UNSUPPORTED, VALUE_TAKEN, Refused
from accredit.interop.graph import application
from accredit.interop.graph.application import KIND, ON_REQUEST
from accredit.query import fold
from accredit.web.graph import binding, expanding, held, keys
from accredit.web.graph.answers import NOTHING, collection, entity, link
from accredit.web.graph.binding import OWNERS
from accredit.web.graph.pages import counted, page_with
from accredit.web.graph.route import Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accredit.administer.evidence import Holder
    from accredit.directory import Application, Tenant
    from accredit.interop.graph.application import Changes
    from accredit.ports import Transaction
    from accredit.web.graph.answers import Answer
    from accredit.web.graph.call import Call

CONTEXT: Final = "applications/$entity"
UPSERT: Final = "create-if-missing"
TRUST: Final = "federatedIdentityCredentials"
NONE_HERE: Final = (  # navigations of Graph that lead to nothing here
    "appManagementPolicies",
    "extensionProperties",
    "homeRealmDiscoveryPolicies",
    "tokenIssuancePolicies",
    "tokenLifetimePolicies",
)


async def listed(call: Call) -> Answer:
    """List the applications of the tenant."""

    async def write(store: Transaction, shown: Sequence[Application]) -> list[dict[str, Any]]:
        rows = [application.write(each, call.caller.tenant, beta=call.beta) for each in shown]
        return await _expanded(call, store, shown, rows)

    _refuse_expansion(call)
    return await page_with(
        call,
        "applications",
        lambda store: store.applications,
        write,
        on_request=_on_request(call),
        tenant_id=call.caller.tenant.id,
    )


async def number_of(call: Call) -> Answer:
    """Say how many applications the tenant has."""
    return await counted(call, lambda store: store.applications, tenant_id=call.caller.tenant.id)


async def shown(call: Call) -> Answer:
    """Show one; its certificates themselves to who selects them."""
    _refuse_expansion(call)
    async with call.by.registry.reading() as store:
        found = await keys.application(call, store)
        value = application.write(
            found, call.caller.tenant, beta=call.beta, with_keys=call.options.selects("keyCredentials")
        )
        await _expanded(call, store, (found,), (value,))
    return entity(call, CONTEXT, value, on_request=_on_request(call))


async def made(call: Call) -> Answer:
    """Make one, without a service principal. Who may write only what it owns, owns it."""
    return await _make(call, call.body)


async def changed(call: Call) -> Answer:
    """Change one; one that a uniqueName means is made when there is none, if the caller prefers that."""
    key = call.keys[0]
    if key.name != "uniqueName" or UPSERT not in call.prefer:
        return await _change(call, call.body)
    told, rest = call.body.get("uniqueName"), {k: value for k, value in call.body.items() if k != "uniqueName"}
    if told is not None and fold(str(told)) != fold(key.value):
        reason = f"uniqueName: the path says {key.value}"
        raise Refused(PROPERTY_INVALID, property="uniqueName", kind=KIND, detail=reason)
    try:
        return await _change(call, rest)
    except Refused as refused:
        if refused.row is not OBJECT_NOT_FOUND:
            raise
    try:
        return await _make(call, rest | {"uniqueName": key.value})  # under another name it would be made each time
    except Refused as refused:
        if refused.row is not VALUE_TAKEN or refused.fields["property"] != "uniqueName":
            raise
    return await _change(call, rest)  # somebody else made it in between


async def deleted(call: Call) -> Answer:
    """Delete one, with its service principal."""
    async with call.by.registry.reading() as store:
        found = await keys.application(call, store)
    await call.refuse_not_owned(application_id=found.id)
    await applications.delete(call.by, found.id)
    return NOTHING


async def nobody(call: Call) -> Answer:
    """Answer ``createdOnBehalfOf``: nobody signs in here on whose behalf an application could be made."""
    async with call.by.registry.reading() as store:
        await keys.application(call, store)
    return NOTHING


async def none(call: Call) -> Answer:
    """Answer a navigation that leads to nothing here."""
    async with call.by.registry.reading() as store:
        found = await keys.application(call, store)
    name = call.path.rpartition("/")[2]
    return collection(call, f"applications('{found.id}')/{name}", (), count=0 if call.options.count else None)


async def _make(call: Call, body: dict[str, Any]) -> Answer:
    tenant = call.caller.tenant
    of = await applications.create(
        call.by,
        tenant.id,
        **application.changes(body, None, tenant, beta=call.beta),
        owner_ids=binding.owner_ids(call, body, KIND),
        with_principal=False,
    )
    value = application.write(of, tenant, beta=call.beta)
    where = link(call, f"applications/{of.id}")
    return entity(call, CONTEXT, value, status=201, location=where, on_request=_on_request(call))


async def _change(call: Call, body: dict[str, Any]) -> Answer:
    async with call.by.registry.reading() as store:
        found = await keys.application(call, store)
    await call.refuse_not_owned(application_id=found.id)
    binding.refuse(body, KIND)

    def read(before: Application, tenant: Tenant) -> Changes:
        return application.changes(body, before, tenant, beta=call.beta)

    await applications.amend(call.by, found.id, read)
    return NOTHING


def _on_request(call: Call) -> frozenset[str]:
    return frozenset() if call.beta else ON_REQUEST


def _refuse_expansion(call: Call) -> None:
    """Refuse to expand what cannot be expanded, or what the caller could not ask for by itself."""
    for name in call.options.expand:
        if name not in (OWNERS, TRUST):
            raise Refused(QUERY_UNSUPPORTED, property=name, kind=KIND)
        call.refuse_unadmitted("GET", f"applications/{{}}/{name}")


async def _expanded(
    call: Call, store: Transaction, of: Sequence[Application], rows: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    async def navigation(name: str, to: Holder) -> list[dict[str, Any]]:
        if name == OWNERS:
            return await expanding.owners(call, store, to)
        return await expanding.credentials(call, store, to)

    return await expanding.each(call, of, rows, navigation)


ROUTES: Final = (
    Route("GET", "applications", listed),
    Route("POST", "applications", made),
    Route("GET", "applications/$count", number_of),
    Route("GET", "applications/{}", shown),
    Route("PATCH", "applications/{}", changed),
    Route("DELETE", "applications/{}", deleted),
    Route("GET", "applications/{}/createdOnBehalfOf", nobody),
    *(Route("GET", f"applications/{{}}/{name}", none) for name in NONE_HERE),
    *held.routes("applications", keys.application),
)
