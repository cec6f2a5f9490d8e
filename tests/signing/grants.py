"""Grants and signing keys for tests."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Literal
from uuid import UUID

from accredit.directory import Application, Client, KnownSecret, Resource, ServicePrincipal, Tenant
from accredit.signing import generate
from accredit.tokens import Grant, SigningKey

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
MASTER = bytes(range(32))
BASE = "https://localhost:8443"
TENANT = UUID("8f3e6c1a-2b4d-4e5f-9a70-1c2d3e4f5a6b")
APP = UUID("4a7d9f02-6c1b-4e83-b5d6-90f1a2c3e4d5")
PRINCIPAL = UUID("d0b1c2e3-f4a5-4678-8901-23456789abcd")
ORDERS = UUID("c1a5e2d4-7b38-4f60-8d19-2e6a9b0c7f31")
TRACE = UUID("6f1c2a9e-5b7d-4c38-9e21-4d0a7b3c5d00")


@cache
def key(
    algorithm: Literal["RS256", "ES256"] = "RS256", after: timedelta = timedelta(0), kid_prefix: str = ""
) -> SigningKey:
    """A key that signs from ``NOW + after``; the same for the same arguments."""
    return generate(algorithm, now=NOW, activates_at=NOW + after, master_key=MASTER, kid_prefix=kid_prefix)


def grant(version: Literal[1, 2] = 2, algorithm: Literal["RS256", "ES256"] = "RS256") -> Grant:
    tenant = Tenant(id=TENANT, display_name="Contoso", domains=("contoso.test",), created_at=NOW)
    application = Application(id=UUID(int=1), tenant_id=TENANT, app_id=APP, display_name="deploy-bot", created_at=NOW)
    principal = ServicePrincipal(id=PRINCIPAL, tenant_id=TENANT, app_id=APP, display_name="deploy-bot", created_at=NOW)
    resource = Resource(
        principal_id=UUID(int=2),
        app_id=ORDERS,
        display_name="Orders",
        names=("api://orders",),
        roles=(),
        token_version=version,
        signing_algorithm=algorithm,
    )
    client = Client(application, principal)
    return Grant(TRACE, tenant, client, KnownSecret(UUID(int=3)), resource, "api://orders", ("Orders.Read",))
