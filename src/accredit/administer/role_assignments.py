"""Roles on Azure resources, as clients of Azure Resource Manager assign them.

Rule 1: an assignment is kept and listed, and grants nothing; therefore it widens no trust either.
Rule 2: an assignment is named by whoever makes it; what names another tenant has given, nobody learns.
Rule 3: of one principal, role and scope there is one assignment; what ties them together never changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from msgspec.structs import replace

from accredit.administer.administrator import modified
from accredit.administer.limits import refuse_control
from accredit.directory import RoleAssignment, azure
from accredit.errors import (
    ARM_BODY_INVALID,
    ASSIGNEE_KIND,
    ASSIGNEE_UNKNOWN,
    ROLE_ASSIGNED,
    ROLE_ASSIGNMENT_FIXED,
    ROLE_ASSIGNMENT_UNKNOWN,
    ROLE_DEFINITION_UNKNOWN,
    Refused,
)
from accredit.query import fold
from accredit.signins import Target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.administer.administrator import Administrator, Change
    from accredit.directory import ServicePrincipal
    from accredit.signins import Modified, Operation

KIND: Final = "RoleAssignment"
_ACTIVITIES: Final[Mapping[Operation, str]] = {
    "Add": "Add role assignment",
    "Update": "Update role assignment",
    "Delete": "Remove role assignment",
}
ASSIGNEES: Final = "ServicePrincipal"  # the only kind of principal that there is here


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An assignment as somebody asks for it."""

    id: UUID
    principal_id: UUID
    role: UUID
    scope: str
    principal_type: str = ASSIGNEES
    description: str | None = None
    condition: str | None = None
    condition_version: str | None = None


async def put(by: Administrator, tenant_id: UUID, wanted: Wanted) -> tuple[RoleAssignment, bool]:
    """Assign a role on a scope, or change what an assignment says about itself. Returns it, and whether it is new.

    409 where there is one of the same principal, role and scope, 404 and 400 for what does not exist.
    """
    _refuse_unfit(wanted)
    async with by.change() as change:
        if wanted.role not in azure.role_definitions():
            raise Refused(ROLE_DEFINITION_UNKNOWN, id=wanted.role)
        principal = await _assignee(change, tenant_id, wanted)
        assignment = RoleAssignment(
            id=azure.assignment_id(tenant_id, wanted.id),
            name=wanted.id,
            tenant_id=tenant_id,
            principal_id=wanted.principal_id,
            scope=wanted.scope,
            role_definition_id=str(wanted.role),
            created_at=change.at,
            description=wanted.description,
            condition=wanted.condition,
            condition_version=wanted.condition_version,
        )
        found = await change.store.role_assignments.find(tenant_id=tenant_id, principal_id=wanted.principal_id)
        same = next((each for each in found if _ties(each) == _ties(assignment)), None)
        if same is None:
            if await _held(change, tenant_id, wanted.id):
                raise Refused(ROLE_ASSIGNMENT_FIXED)
            await change.store.role_assignments.add(assignment)
            await _record(change, principal, assignment, modified(None, assignment), "Add")
            return assignment, True
        if same.name != wanted.id:
            raise Refused(ROLE_ASSIGNED)
        return await _restate(change, principal, same, assignment), False


async def remove(by: Administrator, tenant_id: UUID, assignment_id: UUID, scope: str) -> RoleAssignment:
    """Take a role away again. 404 where a tenant has no such assignment on that scope."""
    async with by.change() as change:
        found = await _held(change, tenant_id, assignment_id)
        if not found or fold(found[0].scope) != fold(scope):
            raise Refused(ROLE_ASSIGNMENT_UNKNOWN, id=assignment_id)
        await take_back(change, found[0])
    return found[0]


async def take_back(change: Change, assignment: RoleAssignment) -> None:
    """Take a role away again, inside a change."""
    await change.store.role_assignments.remove(assignment)
    principal = await change.store.principals.get(assignment.principal_id)
    await _record(change, principal, assignment, modified(assignment, None), "Delete")


async def _restate(
    change: Change, principal: ServicePrincipal, before: RoleAssignment, wanted: RoleAssignment
) -> RoleAssignment:
    after = replace(wanted, created_at=before.created_at, scope=before.scope, revision=before.revision)
    if after == before:
        return before
    await _record(change, principal, after, modified(before, after), "Update")
    return await change.store.role_assignments.put(after)


async def _assignee(change: Change, tenant_id: UUID, wanted: Wanted) -> ServicePrincipal:
    found = await change.store.principals.find(id=wanted.principal_id)
    if not found or found[0].tenant_id != tenant_id:
        raise Refused(ASSIGNEE_UNKNOWN, id=wanted.principal_id, tenant=tenant_id)
    if wanted.principal_type != ASSIGNEES:
        raise Refused(ASSIGNEE_KIND, id=wanted.principal_id, kind=wanted.principal_type)
    return found[0]


async def _held(change: Change, tenant_id: UUID, assignment_id: UUID) -> list[RoleAssignment]:
    found = azure.assignment_id(tenant_id, assignment_id)
    return list(await change.store.role_assignments.find(id=found, tenant_id=tenant_id))


def _refuse_unfit(wanted: Wanted) -> None:
    for name in ("scope", "description", "condition", "condition_version"):
        try:
            refuse_control(getattr(wanted, name) or "", KIND, name)
        except Refused as refused:
            raise Refused(ARM_BODY_INVALID, reason=refused.detail) from None


def _ties(assignment: RoleAssignment) -> tuple[UUID, str, str]:
    return assignment.principal_id, assignment.role_definition_id, fold(assignment.scope)


async def _record(
    change: Change,
    principal: ServicePrincipal,
    assignment: RoleAssignment,
    shown: tuple[Modified, ...],
    operation: Operation,
) -> None:
    known = azure.role_definitions().get(UUID(assignment.role_definition_id))
    name = known.name if known else assignment.role_definition_id
    targets = (
        Target(id=assignment.name, kind=KIND, name=name, modified=shown),
        Target(id=principal.id, kind="ServicePrincipal", name=principal.display_name),
    )
    await change.record(_ACTIVITIES[operation], operation, *targets, tenant_id=assignment.tenant_id)
