"""App roles granted to service principals.

Rule 1: what is granted is offered, enabled, and for applications; what was granted can be taken back whatever became of
the role since.
Rule 2: a grant widens what an application may do. Where a tenant guards that, nobody grants a role to itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.administer import evidence
from accredit.administer.administrator import as_json
from accredit.directory import DEFAULT_ACCESS, Assignment
from accredit.errors import OBJECT_NOT_FOUND, PERMISSION_UNKNOWN, Refused
from accredit.signins import Modified, Target

if TYPE_CHECKING:
    from uuid import UUID

    from accredit.administer.administrator import Administrator, Change
    from accredit.directory import AppRole, ServicePrincipal
    from accredit.ports import Transaction
    from accredit.signins import Operation

KIND: Final = "AppRoleAssignment"
GRANTED: Final[tuple[str, Operation]] = ("Add app role assignment to service principal", "Assign")
TAKEN_AWAY: Final[tuple[str, Operation]] = ("Remove app role assignment from service principal", "Delete")


async def grant(
    by: Administrator, principal_id: UUID, resource_id: UUID, role: UUID | str = DEFAULT_ACCESS
) -> Assignment:
    """Grant an app role, by value or id, of the resource's principal; the zero id grants access without a role."""
    async with by.change() as change:
        return await give(change, *await pair(change.store, principal_id, resource_id), role)


async def revoke(by: Administrator, principal_id: UUID, resource_id: UUID, role: UUID | str = DEFAULT_ACCESS) -> None:
    """Take an app role away again; tokens that bear it live on until they expire."""
    async with by.change() as change:
        _, resource = await pair(change.store, principal_id, resource_id)
        held = await change.store.assignments.find(principal_id=principal_id, resource_id=resource_id)
        meant = {str(role), *(str(each.id) for each in await roles(change.store, resource) if each.value == str(role))}
        found = [each for each in held if str(each.role_id) in meant]
        if not found:
            raise Refused(OBJECT_NOT_FOUND, id=role)
        await take_back(change, found[0])


async def remove(by: Administrator, assignment_id: UUID) -> None:
    """Take back one grant, whatever it is of; tokens that bear it live on until they expire."""
    async with by.change() as change:
        await take_back(change, await change.store.assignments.get(assignment_id))


async def roles(store: Transaction, resource: ServicePrincipal) -> tuple[AppRole, ...]:
    """Return the app roles that a service principal offers: those of its application, or its own if it has none."""
    if resource.application_id is None:
        return resource.app_roles
    return (await store.applications.get(resource.application_id)).app_roles


async def pair(
    store: Transaction, principal_id: UUID, resource_id: UUID, tenant_id: UUID | None = None
) -> tuple[ServicePrincipal, ServicePrincipal]:
    """Return the two that something ties together. 404 for one that is not there, or not in the same tenant.

    ``tenant_id``: whoever asks sees this one alone; what is in another one is not there for it, and named as such.
    """
    principal = await _within(store, principal_id, tenant_id)
    return principal, await _within(store, resource_id, principal.tenant_id)


async def _within(store: Transaction, principal_id: UUID, tenant_id: UUID | None) -> ServicePrincipal:
    found = await store.principals.get(principal_id)
    if tenant_id not in {None, found.tenant_id}:
        raise Refused(OBJECT_NOT_FOUND, id=principal_id)
    return found


async def _role_to_grant(store: Transaction, resource: ServicePrincipal, wanted: UUID | str) -> UUID:
    """Return the id of a role that is offered, enabled, and for applications."""
    if str(wanted) == str(DEFAULT_ACCESS):
        return DEFAULT_ACCESS
    offered = [each for each in await roles(store, resource) if each.enabled and "Application" in each.member_types]
    for each in offered:
        if str(wanted) in {str(each.id), each.value}:
            return each.id
    known = ", ".join(each.value or str(each.id) for each in offered)
    raise Refused(
        PERMISSION_UNKNOWN, detail=f"{resource.display_name} offers no role {wanted} (there are: {known or 'none'})"
    )


async def give(change: Change, principal: ServicePrincipal, resource: ServicePrincipal, role: UUID | str) -> Assignment:
    """Grant an app role, inside a change."""
    await evidence.refuse_widening(change, principal)
    assignment = Assignment(
        id=change.by.ids.object(),
        tenant_id=principal.tenant_id,
        principal_id=principal.id,
        resource_id=resource.id,
        role_id=await _role_to_grant(change.store, resource, role),
        created_at=change.at,
    )
    assignment = await change.store.assignments.add(assignment)
    await _record(change, (principal, resource), None, assignment)
    return assignment


async def take_back(change: Change, assignment: Assignment) -> None:
    """Take back one grant, inside a change."""
    both = await pair(change.store, assignment.principal_id, assignment.resource_id)
    await change.store.assignments.remove(assignment)
    await _record(change, both, assignment, None)


async def _record(
    change: Change,
    both: tuple[ServicePrincipal, ServicePrincipal],
    before: Assignment | None,
    after: Assignment | None,
) -> None:
    assignment = after or before
    assert assignment is not None  # noqa: S101  one of the two is there
    principal, resource = both
    offered = {each.id: each.value for each in await roles(change.store, resource)}
    shown = {"AppRole.Id": str(assignment.role_id), "AppRole.Value": offered.get(assignment.role_id, "")}
    told = tuple(
        Modified(name, *(("null", as_json(value)) if before is None else (as_json(value), "null")))
        for name, value in shown.items()
    )
    targets = (
        Target(id=principal.id, kind="ServicePrincipal", name=principal.display_name, modified=told),
        Target(id=resource.id, kind="ServicePrincipal", name=resource.display_name),
    )
    activity, operation = GRANTED if before is None else TAKEN_AWAY
    await change.record(activity, operation, *targets, tenant_id=principal.tenant_id)
