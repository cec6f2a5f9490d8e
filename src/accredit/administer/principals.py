"""Service principals: an application's presence in a tenant, and the well-known ones of another owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from accredit.administer.administrator import given, modified
from accredit.administer.limits import refuse_unlisted
from accredit.directory import ServicePrincipal, wellknown
from accredit.errors import OBJECT_NOT_FOUND, PRINCIPAL_EXISTS, Refused
from accredit.signins import Target

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from accredit.administer.administrator import Administrator, Change
    from accredit.directory import Application

KIND: Final = "ServicePrincipal"


async def create(by: Administrator, tenant_id: UUID, app_id: UUID) -> ServicePrincipal:
    """Create the service principal of an application of this tenant, or of a well-known one."""
    known = next((each for each in wellknown.principals().values() if each.app_id == app_id), None)
    async with by.change() as change:
        if known is not None:
            return await seed(change, tenant_id, known.key)
        found = await change.store.applications.find(tenant_id=tenant_id, app_id=app_id)
        if not found:
            raise Refused(OBJECT_NOT_FOUND, id=app_id)
        return await add(change, found[0])


async def update(
    by: Administrator,
    principal_id: UUID,
    *,
    enabled: bool | UnsetType = UNSET,
    assignment_required: bool | UnsetType = UNSET,
) -> ServicePrincipal:
    """Enable or disable it; let it demand an assignment from whoever asks for a token to it."""
    async with by.change() as change:
        before = await change.store.principals.get(principal_id)
        changes = given(enabled=enabled, assignment_required=assignment_required)
        after = await change.store.principals.put(replace(before, **changes))
        await change.record(
            "Update service principal", "Update", _target(after, before, after), tenant_id=after.tenant_id
        )
    return after


async def delete(by: Administrator, principal_id: UUID) -> None:
    """Delete it, with every role that it holds and that others hold on it."""
    async with by.change() as change:
        await remove(change, await change.store.principals.get(principal_id))


async def add(change: Change, application: Application) -> ServicePrincipal:
    """Add the service principal of an application, inside a change."""
    return await _added(
        change,
        ServicePrincipal(
            id=change.by.ids.object(),
            tenant_id=application.tenant_id,
            app_id=application.app_id,
            display_name=application.display_name,
            created_at=change.at,
            application_id=application.id,
        ),
    )


async def seed(change: Change, tenant_id: UUID, key: str) -> ServicePrincipal:
    """Add a well-known service principal, inside a change."""
    known = wellknown.principals()[key]
    return await _added(
        change,
        ServicePrincipal(
            id=change.by.ids.object(),
            tenant_id=tenant_id,
            app_id=known.app_id,
            display_name=known.display_name,
            created_at=change.at,
            owner_tenant_id=wellknown.owner_tenant(),
            names=known.names,
            app_roles=known.app_roles,
            token_version=known.token_version,
        ),
    )


def seeds(enable: Collection[str] | None) -> tuple[str, ...]:
    """Return the keys of the well-known principals that an operator enables; ``None`` means all."""
    known = tuple(wellknown.principals())
    if enable is None:
        return known
    refuse_unlisted(enable, known, "wellKnown", "Tenant")
    return tuple(each for each in known if each in enable)


async def remove(change: Change, principal: ServicePrincipal) -> None:
    """Remove a service principal and its assignments, inside a change."""
    assignments = change.store.assignments
    for each in await assignments.find(principal_id=principal.id):
        await assignments.remove(each)
    for each in await assignments.find(resource_id=principal.id):
        await assignments.remove(each)
    await change.store.principals.remove(principal)
    await change.record(
        "Remove service principal", "Delete", _target(principal, principal, None), tenant_id=principal.tenant_id
    )


async def _added(change: Change, principal: ServicePrincipal) -> ServicePrincipal:
    store = change.store
    await store.tenants.get(principal.tenant_id)
    if await store.principals.find(tenant_id=principal.tenant_id, app_id=principal.app_id):
        raise Refused(PRINCIPAL_EXISTS, client=principal.app_id)
    principal = await store.principals.add(principal)
    await change.record(
        "Add service principal", "Add", _target(principal, None, principal), tenant_id=principal.tenant_id
    )
    return principal


def _target(principal: ServicePrincipal, before: ServicePrincipal | None, after: ServicePrincipal | None) -> Target:
    return Target(id=principal.id, kind=KIND, name=principal.display_name, modified=modified(before, after))
