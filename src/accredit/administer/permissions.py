"""App roles granted to service principals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.administer.administrator import as_json
from accredit.directory import DEFAULT_ACCESS, Assignment
from accredit.errors import OBJECT_NOT_FOUND, Refused
from accredit.signins import Modified, Target

if TYPE_CHECKING:
    from uuid import UUID

    from accredit.administer.administrator import Administrator, Change
    from accredit.directory import AppRole, ServicePrincipal
    from accredit.ports import Transaction
    from accredit.signins import Operation

KIND: Final = "AppRoleAssignment"


async def grant(
    by: Administrator, principal_id: UUID, resource_id: UUID, role: UUID | str = DEFAULT_ACCESS
) -> Assignment:
    """Grant an app role, by value or id, of the resource's principal; the zero id grants access without a role."""
    async with by.change() as change:
        principal, resource = await _pair(change.store, principal_id, resource_id)
        role_id, value = await _role(change.store, resource, role, granting=True)
        assignment = Assignment(
            id=by.ids.object(),
            tenant_id=principal.tenant_id,
            principal_id=principal_id,
            resource_id=resource_id,
            role_id=role_id,
            created_at=change.at,
        )
        assignment = await change.store.assignments.add(assignment)
        shown = Modified("AppRole.Value", "null", as_json(value))
        await _record(change, "Add app role assignment to service principal", "Assign", (principal, resource), shown)
    return assignment


async def revoke(by: Administrator, principal_id: UUID, resource_id: UUID, role: UUID | str = DEFAULT_ACCESS) -> None:
    """Take an app role away again; tokens that bear it live on until they expire."""
    async with by.change() as change:
        principal, resource = await _pair(change.store, principal_id, resource_id)
        role_id, value = await _role(change.store, resource, role, granting=False)
        found = await change.store.assignments.find(principal_id=principal_id, resource_id=resource_id, role_id=role_id)
        if not found:
            raise Refused(OBJECT_NOT_FOUND, id=role)
        await change.store.assignments.remove(found[0])
        shown = Modified("AppRole.Value", as_json(value), "null")
        await _record(
            change, "Remove app role assignment from service principal", "Delete", (principal, resource), shown
        )


async def roles(store: Transaction, resource: ServicePrincipal) -> tuple[AppRole, ...]:
    """Return the app roles that a service principal offers: those of its application, or its own if it has none."""
    if resource.application_id is None:
        return resource.app_roles
    return (await store.applications.get(resource.application_id)).app_roles


async def _pair(store: Transaction, principal_id: UUID, resource_id: UUID) -> tuple[ServicePrincipal, ServicePrincipal]:
    principal, resource = await store.principals.get(principal_id), await store.principals.get(resource_id)
    if principal.tenant_id != resource.tenant_id:  # for a tenant, what is in another one is not there
        raise Refused(OBJECT_NOT_FOUND, id=resource_id)
    return principal, resource


async def _role(
    store: Transaction, resource: ServicePrincipal, wanted: UUID | str, *, granting: bool
) -> tuple[UUID, str]:
    """Return id and value of a role; of one that is disabled only when it is taken away."""
    if str(wanted) == str(DEFAULT_ACCESS):
        return DEFAULT_ACCESS, ""
    offered = await roles(store, resource)
    for each in offered:
        if str(wanted) in {str(each.id), each.value} and (each.enabled or not granting):
            return each.id, each.value
    known = ", ".join(each.value for each in offered if each.enabled)
    raise Refused(
        OBJECT_NOT_FOUND,
        id=wanted,
        detail=f"{resource.display_name} offers no role {wanted} (there are: {known or 'none'})",
    )


async def _record(
    change: Change,
    activity: str,
    operation: Operation,
    pair: tuple[ServicePrincipal, ServicePrincipal],
    shown: Modified,
) -> None:
    principal, resource = pair
    targets = (
        Target(id=principal.id, kind="ServicePrincipal", name=principal.display_name, modified=(shown,)),
        Target(id=resource.id, kind="ServicePrincipal", name=resource.display_name),
    )
    await change.record(activity, operation, *targets, tenant_id=principal.tenant_id)
