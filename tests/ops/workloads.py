"""A workload of a production tenant: an issuer with uploaded keys, a credential, a role; and the tokens it shows."""

import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2

from accredit.administer import Administrator, applications, credentials, issuers, permissions
from accredit.exchange import JWT_BEARER
from accredit.issuers import Issuer
from tests import forge
from tests.ops.servers import Server

ISSUER = "https://ci.corp.test"
SUBJECT = "project:orders:main"
AUDIENCE = "api://AzureADTokenExchange"
API = "api://orders"


def claims(**changes: object) -> dict[str, Any]:
    now = int(time.time())
    usual = {"iss": ISSUER, "sub": SUBJECT, "aud": AUDIENCE, "iat": now, "nbf": now, "exp": now + 600, "jti": str(now)}
    return {name: value for name, value in {**usual, **changes}.items() if value is not ...}


def form(client: str, assertion: str, scope: str = f"{API}/.default") -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": client,
        "client_assertion_type": JWT_BEARER,
        "client_assertion": assertion,
        "scope": scope,
    }


@dataclass
class Workload:
    server: Server
    tenant: str
    client_id: str
    application_id: UUID
    issuer: Issuer
    number: int  # of its issuer's key

    def assertion(self, *, header: dict[str, object] | None = None, **changes: object) -> str:
        return forge.token(claims(**changes), key=forge.key_for("RS256", self.number), header=header)

    def ask(self, assertion: str = "", **headers: str) -> httpx2.Response:
        return self.server.token(self.tenant, form(self.client_id, assertion or self.assertion()), **headers)


def employ(server: Server, tenant: str, *, number: int = 1, url: str = ISSUER, uploaded: bool = True) -> Workload:
    """Register an API and a workload that may use it, which trusts the issuer at ``url`` with key ``number``."""
    keys = forge.jwks(forge.jwk(forge.key_for("RS256", number), kid="key-1", alg="RS256")).decode()

    async def register(by: Administrator) -> tuple[str, UUID, Issuer]:
        of = UUID(tenant)
        api = await applications.create(by, of, display_name="Orders", identifier_uris=(API,), token_version=2)
        await applications.add_role(by, api.id, value="Orders.Read.All", display_name="Read orders")
        client = await applications.create(by, of, display_name="deploy")
        async with by.registry.reading() as view:
            resource = (await view.principals.find(tenant_id=of, app_id=api.app_id))[0]
            principal = (await view.principals.find(tenant_id=of, app_id=client.app_id))[0]
        await permissions.grant(by, principal.id, resource.id, "Orders.Read.All")
        record = await issuers.create(by, of, url, uploaded=keys if uploaded else None)
        await credentials.add(by, client.id, name="ci-main", issuer=url, subject=SUBJECT, issuer_id=record.id)
        return str(client.app_id), client.id, record

    client_id, application_id, record = server.administer(register)
    return Workload(server, tenant, client_id, application_id, record, number)
