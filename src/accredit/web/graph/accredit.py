"""What Microsoft Graph has no resource for: issuer records and the tenant's own settings, under ``/beta``.

Rule 1: names begin with ``accredit.``, so that none is ever Graph's. No client of Microsoft's needs any of this.
Rule 2: a caller's own tenant is all that is here. What tenants share (signing keys, retention, tenants themselves) is
administered where the store is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from accredit.administer import issuers, tenants
from accredit.directory import read_guid
from accredit.errors import GRAPH_PATH_UNKNOWN, OBJECT_NOT_FOUND, Refused
from accredit.interop.graph import issuer, organization
from accredit.query import Query
from accredit.web.graph.answers import NOTHING, entity, link
from accredit.web.graph.listing import refuse_other
from accredit.web.graph.pages import counted, page_with
from accredit.web.graph.route import in_beta

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from accredit.issuers import Issuer
    from accredit.ports import Transaction
    from accredit.web.graph.answers import Answer
    from accredit.web.graph.call import Call

ISSUERS: Final = "accredit.issuers"
TENANT: Final = "accredit.tenant"


async def listed(call: Call) -> Answer:
    """List the issuer records of the tenant, each with the number of credentials that name it."""

    async def write(store: Transaction, shown: Sequence[Issuer]) -> list[dict[str, Any]]:
        return [await _written(store, each) for each in shown]

    refuse_other(call, issuer.KIND, "expand")
    return await page_with(call, ISSUERS, lambda store: store.issuers, write, tenant_id=call.caller.tenant.id)


async def number_of(call: Call) -> Answer:
    """Say how many issuer records the tenant has."""
    return await counted(call, lambda store: store.issuers, tenant_id=call.caller.tenant.id)


async def shown(call: Call) -> Answer:
    """Show one record, by id."""
    async with call.by.registry.reading() as store:
        return _answer(call, await _written(store, await found(call, store)))


async def made(call: Call) -> Answer:
    """Register an issuer."""
    url, members = issuer.made(call.body)
    new = await issuers.create(call.by, call.caller.tenant.id, url, **members)
    return _answer(call, issuer.write(new, 0), status=201, location=link(call, f"{ISSUERS}/{new.id}"))


async def changed(call: Call) -> Answer:
    """Change a record. Its URL never changes; its keys are uploaded by a call of their own."""
    before = await _read(call)
    await issuers.update(call.by, before.id, **issuer.changes(call.body, before))
    return NOTHING


async def deleted(call: Call) -> Answer:
    """Delete a record that no credential names."""
    await issuers.delete(call.by, (await _read(call)).id)
    return NOTHING


async def uploaded(call: Call) -> Answer:
    """Take the issuer's keys from the body, and never from the network."""
    document = issuer.uploaded(call.body)
    return await shown_after(call, lambda record: issuers.upload(call.by, record.id, document))


async def blocked(call: Call) -> Answer:
    """Accept nothing that the issuer signed, from the next request on."""
    return await shown_after(call, lambda record: issuers.block(call.by, record.id))


async def unblocked(call: Call) -> Answer:
    """Accept the issuer's tokens again."""
    return await shown_after(call, lambda record: issuers.block(call.by, record.id, blocked=False))


async def tenant(call: Call) -> Answer:
    """Show the caller's tenant with its settings."""
    return entity(call, TENANT, organization.write(call.caller.tenant, emulator=call.by.emulator))


async def tenant_changed(call: Call) -> Answer:
    """Change the settings of the caller's tenant."""
    before = call.caller.tenant
    await tenants.update(call.by, before.id, **organization.changes(call.body, before, emulator=call.by.emulator))
    return NOTHING


async def shown_after(call: Call, change: Callable[[Issuer], Awaitable[Issuer]]) -> Answer:
    """Make a change and show the record as it is then."""
    after = await change(await _read(call))
    async with call.by.registry.reading() as store:
        return _answer(call, await _written(store, after))


async def _read(call: Call) -> Issuer:
    async with call.by.registry.reading() as store:
        return await found(call, store)


async def found(call: Call, store: Transaction) -> Issuer:
    """Return the record that the path means. 404 for one that the caller's tenant has not."""
    key = call.keys[0]
    if key.name not in {None, "id"}:
        raise Refused(GRAPH_PATH_UNKNOWN, segment=key.name)
    guid = read_guid(key.value)
    records = [] if guid is None else await store.issuers.find(tenant_id=call.caller.tenant.id, id=guid)
    if not records:
        raise Refused(OBJECT_NOT_FOUND, id=key.value)
    return records[0]


async def _written(store: Transaction, of: Issuer) -> dict[str, Any]:
    held = await store.credentials.search(Query(limit=0, counted=True), tenant_id=of.tenant_id, issuer_id=of.id)
    return issuer.write(of, held.count or 0)


def _answer(call: Call, value: dict[str, Any], *, status: int = 200, location: str | None = None) -> Answer:
    return entity(call, f"{ISSUERS}/$entity", value, status=status, location=location)


ROUTES: Final = (
    in_beta("GET", ISSUERS, listed),
    in_beta("POST", ISSUERS, made),
    in_beta("GET", f"{ISSUERS}/$count", number_of),
    in_beta("GET", f"{ISSUERS}/{{}}", shown),
    in_beta("PATCH", f"{ISSUERS}/{{}}", changed),
    in_beta("DELETE", f"{ISSUERS}/{{}}", deleted),
    in_beta("POST", f"{ISSUERS}/{{}}/uploadKeys", uploaded),
    in_beta("POST", f"{ISSUERS}/{{}}/block", blocked),
    in_beta("POST", f"{ISSUERS}/{{}}/unblock", unblocked),
    in_beta("GET", TENANT, tenant),
    in_beta("PATCH", TENANT, tenant_changed),
)
