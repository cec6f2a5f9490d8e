"""What ties objects of the directory together besides app roles: owners, delegated grants, roles of Azure resources."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec


class Ownership(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A service principal that may change an application or another service principal: exactly one of the two."""

    id: UUID
    tenant_id: UUID
    owner_id: UUID  # a service principal
    created_at: datetime
    application_id: UUID | None = None
    principal_id: UUID | None = None
    revision: int = 1


class DelegatedGrant(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A consent to delegated permissions (oauth2PermissionGrant). Kept for those who list it: no token carries it."""

    id: UUID
    tenant_id: UUID
    client_id: UUID  # service principal that was consented to
    resource_id: UUID  # service principal of the API
    created_at: datetime
    consent_type: Literal["AllPrincipals", "Principal"] = "AllPrincipals"
    user_id: UUID | None = None
    scope: str = ""
    revision: int = 1


class RoleAssignment(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A role on an Azure resource, as Azure Resource Manager's clients assign it. It grants nothing here."""

    id: UUID  # follows from tenant and name (``azure.assignment_id``): two tenants may give the same name
    name: UUID  # given by whoever made it; Azure calls it the assignment's id
    tenant_id: UUID
    principal_id: UUID
    scope: str  # e.g. "/subscriptions/{id}/resourceGroups/{name}"
    role_definition_id: str  # the GUID of a role that Azure has built in, dashed
    created_at: datetime
    principal_type: str = "ServicePrincipal"
    description: str | None = None
    condition: str | None = None  # kept as it was given, and evaluated by nobody
    condition_version: str | None = None
    revision: int = 1
