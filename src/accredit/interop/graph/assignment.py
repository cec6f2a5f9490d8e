"""``appRoleAssignment`` of Microsoft Graph: written, read, and what a body asks to be granted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID

import msgspec

from accredit.directory import Assignment
from accredit.interop.graph import opaque, parts
from accredit.interop.graph.parts import Instant, Json, Wire, given, invalid, written

if TYPE_CHECKING:
    from collections.abc import Mapping

KIND: Final = "AppRoleAssignment"


class Written(Wire, frozen=True, kw_only=True):
    """An assignment as Graph writes it."""

    id: str | None = None
    deleted_date_time: None = None
    app_role_id: UUID
    created_date_time: Instant | None = None
    principal_display_name: str | None = None
    principal_id: UUID
    principal_type: Literal["ServicePrincipal"] = "ServicePrincipal"  # nobody else is here
    resource_display_name: str | None = None
    resource_id: UUID


class Wanted(msgspec.Struct, frozen=True):
    """What a body asks for: a role of a resource, for a service principal."""

    principal_id: UUID
    resource_id: UUID
    role_id: UUID


_SERVERS: Final = ("id", "createdDateTime", "principalDisplayName", "resourceDisplayName")
"""Members that the server says."""


def write(of: Assignment, principal: str, resource: str) -> Json:
    """Write an assignment. ``principal``, ``resource``: the display names of the two."""
    return written(  # type: ignore[no-any-return]  # an object
        Written(
            id=opaque.write(of.id),
            app_role_id=of.role_id,
            created_date_time=of.created_at,
            principal_display_name=principal,
            principal_id=of.principal_id,
            resource_display_name=resource,
            resource_id=of.resource_id,
        )
    )


def read(json: Mapping[str, Any], tenant_id: UUID) -> Assignment:
    """Read an assignment that Graph wrote."""
    found = parts.merged(KIND, Written, json)
    return Assignment(
        id=given(opaque.read(found.id or ""), "id", KIND),
        tenant_id=tenant_id,
        principal_id=found.principal_id,
        resource_id=found.resource_id,
        role_id=found.app_role_id,
        created_at=given(found.created_date_time, "createdDateTime", KIND),
    )


def wanted(body: Mapping[str, Any]) -> Wanted:
    """Return what a body asks to be granted. ``Refused(PROPERTY_INVALID)``."""
    found = parts.merged(KIND, Written, body)
    if told := [name for name in _SERVERS if body.get(name) is not None]:
        raise invalid(told[0], KIND, "read-only")
    return Wanted(found.principal_id, found.resource_id, found.app_role_id)
