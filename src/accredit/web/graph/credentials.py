"""``federatedIdentityCredentials``: what an application trusts, asked of it or of its service principal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from accredit.administer import credentials
from accredit.directory import read_guid
from accredit.errors import GRAPH_PATH_UNKNOWN, NAME_TAKEN, Refused
from accredit.interop.graph import credential
from accredit.web.graph import keys
from accredit.web.graph.answers import NOTHING, collection, entity, link
from accredit.web.graph.lint import Heard
from accredit.web.graph.pages import counted, page
from accredit.web.graph.route import Route

if TYPE_CHECKING:
    from uuid import UUID

    from accredit.directory import Application
    from accredit.ports import Transaction
    from accredit.trust import FederatedCredential, Members
    from accredit.web.graph.answers import Answer
    from accredit.web.graph.call import Call, Key

NAVIGATION: Final = "federatedIdentityCredentials"
UPSERT: Final = "create-if-missing"


async def listed(call: Call) -> Answer:
    """List what an application trusts."""
    async with call.by.registry.reading() as store:
        application = await keys.application(call, store)
    return await _page(call, _of(application), application.id)


async def listed_by_principal(call: Call) -> Answer:
    """List what the application of a service principal trusts; that of another owner's is not known here."""
    async with call.by.registry.reading() as store:
        principal = await keys.principal(call, store)
    context = f"servicePrincipals('{principal.id}')/{NAVIGATION}"
    if principal.application_id is None:
        return collection(call, context, (), count=0 if call.options.count else None)
    return await _page(call, context, principal.application_id)


async def number_of(call: Call) -> Answer:
    """Say how many an application has."""
    async with call.by.registry.reading() as store:
        application = await keys.application(call, store)
    return await counted(call, lambda store: store.credentials, application_id=application.id)


async def shown(call: Call) -> Answer:
    """Show one, by id or name."""
    async with call.by.registry.reading() as store:
        application = await keys.application(call, store)
        found = await credentials.find(store, application.id, await _which(store, application, call.keys[1]))
    return entity(call, f"{_of(application)}/$entity", credential.write(found, beta=call.beta))


async def added(call: Call) -> Answer:
    """Add one. A name that is taken is found before anything else is."""
    name = call.body.get("name")
    async with call.by.registry.reading() as store:
        application = await keys.application(call, store)
        taken = isinstance(name, str) and await credentials.named(store, application.id, name)
    await call.refuse_not_owned(application_id=application.id)
    if taken:
        raise Refused(NAME_TAKEN, name=name)
    found = Heard()
    made = await credentials.add(found.by(call), application.id, **_members(call, None))
    return found.on(_made(call, application, made))


async def changed(call: Call) -> Answer:
    """Change one; one that is named is added when there is none, if the caller prefers that."""
    async with call.by.registry.reading() as store:
        application = await keys.application(call, store)
        which = await _which(store, application, call.keys[1])
        named = which if UPSERT in call.prefer and isinstance(which, str) else None
        if named is not None and not await credentials.named(store, application.id, named):
            before = None
        else:
            before = await credentials.find(store, application.id, which)
    await call.refuse_not_owned(application_id=application.id)
    members = _members(call, before)
    found = Heard()
    if named is None:
        await credentials.update(found.by(call), application.id, which, **members)
        return found.on(NOTHING)
    after, new = await credentials.put(found.by(call), application.id, named, members)
    return found.on(_made(call, application, after) if new else NOTHING)


async def deleted(call: Call) -> Answer:
    """Delete one, by id or name."""
    async with call.by.registry.reading() as store:
        application = await keys.application(call, store)
        which = await _which(store, application, call.keys[1])
    await call.refuse_not_owned(application_id=application.id)
    await credentials.delete(call.by, application.id, which)
    return NOTHING


async def _page(call: Call, context: str, application_id: UUID) -> Answer:
    def write(of: FederatedCredential) -> dict[str, Any]:
        return credential.write(of, beta=call.beta)

    return await page(call, context, lambda store: store.credentials, write, application_id=application_id)


async def _which(store: Transaction, application: Application, key: Key) -> str | UUID:
    """Return what a key means: a name, or an id. A name may look like an id; then the id comes first."""
    if key.name not in {None, "id", "name"}:
        raise Refused(GRAPH_PATH_UNKNOWN, segment=key.name)
    guid = None if key.name == "name" else read_guid(key.value)
    if guid is None:
        return key.value
    if await store.credentials.find(application_id=application.id, id=guid):
        return guid
    return key.value if await credentials.named(store, application.id, key.value) else guid


def _members(call: Call, before: FederatedCredential | None) -> Members:
    return credential.changes(call.body, before, call.caller.tenant.portability, beta=call.beta)


def _made(call: Call, application: Application, made: FederatedCredential) -> Answer:
    where = link(call, f"{_of(application)}('{made.id}')")
    value = {"@odata.id": where, **credential.write(made, beta=call.beta)}
    return entity(call, f"{_of(application)}/$entity", value, status=201, location=where)


def _of(application: Application) -> str:
    return f"applications('{application.id}')/{NAVIGATION}"


ROUTES: Final = (
    Route("GET", f"applications/{{}}/{NAVIGATION}", listed),
    Route("POST", f"applications/{{}}/{NAVIGATION}", added),
    Route("GET", f"applications/{{}}/{NAVIGATION}/$count", number_of),
    Route("GET", f"applications/{{}}/{NAVIGATION}/{{}}", shown),
    Route("PATCH", f"applications/{{}}/{NAVIGATION}/{{}}", changed),
    Route("DELETE", f"applications/{{}}/{NAVIGATION}/{{}}", deleted),
    Route("GET", f"servicePrincipals/{{}}/{NAVIGATION}", listed_by_principal),
)
