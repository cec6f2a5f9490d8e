"""Things to put on a shelf, each with an id of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from accredit.directory import (
    Application,
    AppRole,
    Assignment,
    DelegatedGrant,
    Ownership,
    RoleAssignment,
    ServicePrincipal,
    Tenant,
)
from accredit.directory.people import RoleMapping
from accredit.issuers import Issuer, IssuerUrl
from accredit.signins import Actor, Audit, Modified, Target
from accredit.tokens import SigningKey
from accredit.trust import FederatedCredential
from accredit.trust.expression import parse

AT = datetime(2026, 3, 1, 12, 30, 15, 123457, UTC)
GITHUB = IssuerUrl("https://token.actions.githubusercontent.com")
AUDIENCE = "api://AzureADTokenExchange"
EXPRESSION = "claims['sub'] matches 'repo:octo-org@123456/*'"
READER = AppRole(id=UUID(int=0x20), value="Orders.Read.All", display_name="Read orders")

_numbers = count(1)


def new_id() -> UUID:
    """Return an id that nothing has yet, neither above nor below all earlier ones."""
    number = next(_numbers)
    return UUID(int=(number * 0x9E3779B97F4A7C15F39CC0605CEDC835) % 2**128)


def tenant(**given: Any) -> Tenant:
    made = new_id()
    known: dict[str, Any] = {"id": made, "display_name": "Contoso", "domains": (f"t{made.hex}.test",)}
    return Tenant(**known | {"created_at": AT} | given)


def application(of: Tenant, **given: Any) -> Application:
    known: dict[str, Any] = {
        "id": new_id(),
        "tenant_id": of.id,
        "app_id": new_id(),
        "display_name": "deploy-bot",
        "created_at": AT,
    }
    return Application(**known | given)


def principal(of: Application, **given: Any) -> ServicePrincipal:
    known: dict[str, Any] = {
        "id": new_id(),
        "tenant_id": of.tenant_id,
        "app_id": of.app_id,
        "display_name": of.display_name,
    }
    return ServicePrincipal(**known | {"application_id": of.id, "created_at": AT} | given)


def well_known(of: Tenant, app_id: UUID, **given: Any) -> ServicePrincipal:
    known: dict[str, Any] = {"id": new_id(), "tenant_id": of.id, "app_id": app_id, "display_name": "An API of others"}
    return ServicePrincipal(**known | {"created_at": AT} | given)


def issuer(of: Tenant, url: str = GITHUB, **given: Any) -> Issuer:
    known: dict[str, Any] = {"id": new_id(), "tenant_id": of.id, "url": IssuerUrl(url), "algorithms": ("RS256",)}
    return Issuer(**known | given)


def credential(of: Application, by: Issuer, **given: Any) -> FederatedCredential:
    made = new_id()
    known: dict[str, Any] = {
        "id": made,
        "tenant_id": of.tenant_id,
        "application_id": of.id,
        "name": f"c-{made.hex}",
        "issuer": by,
    }
    if "expression" not in given:
        known["subject"] = f"repo:octo-org@123456/{made.hex}"
    return FederatedCredential(**known | {"audience": AUDIENCE, "created_at": AT} | given)


def by_expression(of: Application, by: Issuer, **given: Any) -> FederatedCredential:
    return credential(of, by, expression=parse(EXPRESSION, 1), **given)


def assignment(who: ServicePrincipal, on: ServicePrincipal, **given: Any) -> Assignment:
    known: dict[str, Any] = {"id": new_id(), "tenant_id": who.tenant_id, "principal_id": who.id, "resource_id": on.id}
    return Assignment(**known | {"role_id": READER.id, "created_at": AT} | given)


def ownership(owner: ServicePrincipal, of: Application | ServicePrincipal, **given: Any) -> Ownership:
    known: dict[str, Any] = {"id": new_id(), "tenant_id": owner.tenant_id, "owner_id": owner.id, "created_at": AT}
    known |= {"application_id" if isinstance(of, Application) else "principal_id": of.id}
    return Ownership(**known | given)


def delegated_grant(client: ServicePrincipal, on: ServicePrincipal, **given: Any) -> DelegatedGrant:
    known: dict[str, Any] = {"id": new_id(), "tenant_id": client.tenant_id, "client_id": client.id}
    return DelegatedGrant(**known | {"resource_id": on.id, "created_at": AT, "scope": "User.Read"} | given)


def role_assignment(who: ServicePrincipal, **given: Any) -> RoleAssignment:
    known: dict[str, Any] = {"id": new_id(), "tenant_id": who.tenant_id, "principal_id": who.id, "created_at": AT}
    known |= {"name": new_id()}
    return RoleAssignment(**known | {"scope": "/subscriptions/x", "role_definition_id": "/roles/Reader"} | given)


def role_mapping(of: Tenant | None, **given: Any) -> RoleMapping:
    known: dict[str, Any] = {"id": new_id(), "tenant_id": of.id if of else None, "issuer": "https://idp.example"}
    known |= {"claim": "groups", "value": new_id().hex, "role": "reader", "created_at": AT}
    return RoleMapping(**known | given)


def signing_key(**given: Any) -> SigningKey:
    known: dict[str, Any] = {"kid": new_id().hex, "algorithm": "RS256", "thumbprint": "t", "certificate": b"\x30\x00"}
    known |= {"public": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}, "sealed": bytes(range(256)), "created_at": AT}
    return SigningKey(**known | {"activates_at": AT + timedelta(days=1)} | given)


def audit(of: Tenant | None, **given: Any) -> Audit:
    target = Target(id=new_id(), kind="Application", name="deploy-bot", modified=(Modified("name", '"a"', '"b"'),))
    known: dict[str, Any] = {"id": new_id(), "at": AT, "tenant_id": of.id if of else None, "targets": (target,)}
    known |= {"activity": "Update application", "operation": "Update", "actor": Actor(name="root")}
    return Audit(**known | {"correlation_id": new_id()} | given)
