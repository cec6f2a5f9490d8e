"""The JSON of Azure Resource Manager, as far as its clients read it here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from accredit.directory import azure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from accredit.directory import RoleAssignment, Tenant
    from accredit.directory.azure import RoleDefinition

AUTHORIZATION: Final = "Microsoft.Authorization"
NOWHERE: Final = "ZZ"  # a country that ISO 3166 leaves to its users
ROOT: Final = "/"
_SUBSCRIPTIONS: Final = "subscriptions"


def subscription(tenant: Tenant) -> dict[str, Any]:
    """Return a tenant's only subscription."""
    known = azure.subscription_of(tenant.id)
    return {
        "id": f"/subscriptions/{known}",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": str(known),
        "tenantId": str(tenant.id),
        "displayName": tenant.display_name,
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    }


def tenant(of: Tenant) -> dict[str, Any]:
    """Return a tenant as its members see it."""
    return {
        "id": f"/tenants/{of.id}",
        "tenantId": str(of.id),
        "countryCode": NOWHERE,
        "displayName": of.display_name,
        "domains": list(of.domains),
        "tenantCategory": "Home",
        "defaultDomain": of.domains[0] if of.domains else "",
        "tenantType": "AAD",
    }


def role_definition(of: RoleDefinition, scope: str) -> dict[str, Any]:
    """Return a role as it is listed for a scope."""
    return {
        "id": _id(_home(scope), "roleDefinitions", of.id),
        "name": str(of.id),
        "type": f"{AUTHORIZATION}/roleDefinitions",
        "properties": {
            "roleName": of.name,
            "type": "BuiltInRole",
            "description": of.description,
            "assignableScopes": [ROOT],
            "permissions": [
                {
                    "actions": list(of.actions),
                    "notActions": list(of.not_actions),
                    "dataActions": list(of.data_actions),
                    "notDataActions": list(of.not_data_actions),
                }
            ],
        },
    }


def role_assignment(of: RoleAssignment) -> dict[str, Any]:
    """Return an assignment; its role is named as the list of roles for its scope names it."""
    at = f"{of.created_at:%Y-%m-%dT%H:%M:%S.%f}Z"
    return {
        "id": _id(of.scope, "roleAssignments", of.name),
        "name": str(of.name),
        "type": f"{AUTHORIZATION}/roleAssignments",
        "properties": {
            "roleDefinitionId": _id(_home(of.scope), "roleDefinitions", of.role_definition_id),
            "principalId": str(of.principal_id),
            "principalType": of.principal_type,
            "scope": of.scope,
            "condition": of.condition,
            "conditionVersion": of.condition_version,
            "createdOn": at,
            "updatedOn": at,
            "description": of.description,
        },
    }


def above(scope: str) -> Sequence[str]:
    """Return a scope and those that enclose it: of ``/subscriptions/a`` also ``/subscriptions`` and ``/``."""
    parts = scope.strip("/").split("/") if scope != ROOT else []
    return [ROOT, *("/" + "/".join(parts[: each + 1]) for each in range(len(parts)))]


def below(scope: str) -> str:
    """Return what every scope that a scope encloses begins with."""
    return scope if scope == ROOT else f"{scope}/"


def _home(scope: str) -> str:
    """Return the subscription that a scope lies in; the root for what lies in none."""
    parts = scope.strip("/").split("/")
    return "/" + "/".join(parts[:2]) if parts[0].lower() == _SUBSCRIPTIONS else ROOT


def _id(scope: str, kind: str, name: UUID | str) -> str:
    return f"{below(scope)}providers/{AUTHORIZATION}/{kind}/{name}"
