"""Federated identity credentials: what an application trusts.

Rule 1: one order of findings for every face: is the name taken, is each value fit, is exactly this trusted already, are
there too many.
Rule 2: what Entra ID stores, a portable tenant stores, even where it can never match; ``trust.lint`` says so. A tenant
with extended portability refuses it.
Rule 3: whoever may write an application may always trust less; whether it may trust more, the tenant says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from accredit.administer import issuers
from accredit.administer.findings import (
    ACTIVITY,
    MOST_LISTED,
    noted,
    others,
    over,
    read,
    record,
    refuse_forbidden,
    refuse_too_many,
    refuse_twice,
)
from accredit.administer.linting import refuse_errors
from accredit.errors import CREDENTIAL_NOT_FOUND, NAME_IMMUTABLE, NAME_TAKEN, OBJECT_NOT_FOUND, Refused
from accredit.query import Compare, Query, fold
from accredit.trust import FederatedCredential, narrows

if TYPE_CHECKING:
    from typing import Unpack
    from uuid import UUID

    from accredit.administer.administrator import Administrator, Change
    from accredit.directory import Tenant
    from accredit.ports import Transaction
    from accredit.trust import Members

__all__ = ["ACTIVITY", "MOST_LISTED", "add", "delete", "find", "named", "noted", "put", "update"]


async def add(by: Administrator, application_id: UUID, **members: Unpack[Members]) -> FederatedCredential:
    """Trust something more; that widens. A name, an issuer, and a subject or an expression must be given."""
    async with by.change() as change:
        return await _add(change, application_id, members)


async def update(
    by: Administrator, application_id: UUID, which: str | UUID, **changes: Unpack[Members]
) -> FederatedCredential:
    """Change what is given of one, by name or id. A subject takes the place of an expression, and the reverse.

    Whether that widens is for ``trust.narrows`` to say. A name never changes.
    """
    async with by.change() as change:
        return await _update(change, await find(change.store, application_id, which), changes)


async def put(by: Administrator, application_id: UUID, name: str, members: Members) -> tuple[FederatedCredential, bool]:
    """Change the credential of this name, or add it when there is none; also return whether it was added."""
    told = members.get("name", name)
    if told is None or fold(told) != fold(name):
        raise Refused(NAME_IMMUTABLE)
    async with by.change() as change:
        if found := await named(change.store, application_id, name):
            return await _update(change, found, members), False
        return await _add(change, application_id, {**members, "name": name}), True


async def delete(by: Administrator, application_id: UUID, which: str | UUID) -> None:
    """Trust it no more. The issuer record stays, with its keys and settings."""
    async with by.change() as change:
        credential = await find(change.store, application_id, which)
        application = await change.store.applications.get(application_id)
        await change.refuse_not_owned(application)
        await change.store.credentials.remove(credential)
        await record(change, application, credential, None)


async def find(store: Transaction, application_id: UUID, which: str | UUID) -> FederatedCredential:
    """Return a credential of an application, by name or by id; an absence is worded as it was asked for."""
    found: FederatedCredential | None
    if isinstance(which, str):
        found = await named(store, application_id, which)
        absent = Refused(CREDENTIAL_NOT_FOUND, name=which)
    else:
        found = next(iter(await store.credentials.find(application_id=application_id, id=which)), None)
        absent = Refused(OBJECT_NOT_FOUND, id=which)
    if found is None:
        await store.applications.get(application_id)
        raise absent
    return found


async def named(store: Transaction, application_id: UUID, name: str) -> FederatedCredential | None:
    """Return the credential of a name, which is the same in any case, as Microsoft Graph compares texts.

    The exact name comes first: a directory of an older version may have two.
    """
    if exact := await store.credentials.find(application_id=application_id, name=name):
        return exact[0]
    alike = Query(condition=Compare("name", "eq", name), limit=1)
    return next(iter((await store.credentials.search(alike, application_id=application_id)).things), None)


async def _add(change: Change, application_id: UUID, members: Members) -> FederatedCredential:
    application = await change.store.applications.get(application_id)
    await change.refuse_not_owned(application)
    tenant = await change.store.tenants.get(application.tenant_id)
    change.refuse_widening(tenant, application)
    name = members.get("name") or ""
    if await named(change.store, application_id, name):
        raise Refused(NAME_TAKEN, name=name)
    trust = await read(change, tenant, members)
    refuse_forbidden(tenant, trust)
    issuer = await issuers.find_or_create(change, tenant, trust.issuer, members.get("issuer_id"))
    await refuse_twice(change, application_id, trust, issuer.id, None)
    await refuse_too_many(change, application, tenant)
    credential = FederatedCredential(
        id=change.by.ids.object(),
        tenant_id=tenant.id,
        application_id=application_id,
        name=trust.name,
        issuer=issuer,
        audience=trust.audience,
        created_at=change.at,
        subject=trust.subject,
        expression=trust.expression,
        description=trust.description,
        **others(members),
    )
    found = await refuse_errors(change, tenant, application, credential, narrower=False)
    credential = await change.store.credentials.add(credential)
    await record(change, application, None, credential, found)
    return credential


async def _update(change: Change, before: FederatedCredential, changes: Members) -> FederatedCredential:
    if changes.get("name", before.name) != before.name:  # it is found in any case, and stays as it was given
        raise Refused(NAME_IMMUTABLE)
    tenant = await change.store.tenants.get(before.tenant_id)
    trust = await read(change, tenant, over(before, changes))
    refuse_forbidden(tenant, trust, before)
    issuer, wanted = before.issuer, changes.get("issuer_id")
    if trust.issuer != issuer.url or wanted not in {None, issuer.id}:
        issuer = await issuers.find_or_create(change, tenant, trust.issuer, wanted)
    await refuse_twice(change, before.application_id, trust, issuer.id, before.id)
    after = replace(
        before,
        issuer=issuer,
        audience=trust.audience,
        subject=trust.subject,
        expression=trust.expression,
        description=trust.description,
        **others(changes),
    )
    return await _put(change, before, after, tenant)


async def _put(
    change: Change, before: FederatedCredential, after: FederatedCredential, tenant: Tenant
) -> FederatedCredential:
    application = await change.store.applications.get(before.application_id)
    await change.refuse_not_owned(application)
    narrower = narrows(before, after)
    if not narrower:
        change.refuse_widening(tenant, application)
    found = await refuse_errors(change, tenant, application, after, narrower=narrower)
    after = await change.store.credentials.put(after)
    await record(change, application, before, after, found)
    return after
