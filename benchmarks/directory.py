"""The directory that requests are judged by: many applications with 20 credentials each, written in one go."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from accredit.directory import Application, AppRole, Assignment, ServicePrincipal, Tenant
from accredit.trust import DEFAULT_AUDIENCE, FederatedCredential

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accredit.issuers import Issuer
    from accredit.ports import Registry, Transaction

CREDENTIALS = 20  # of each application
TENANT = UUID("b0000000-0000-4000-8000-000000000000")
DOMAIN = "benchmark.test"
ROLE = "Things.Read.All"
RESOURCES = {"RS256": "api://rs256", "ES256": "api://es256"}  # by what their tokens are signed with
APPLICATION, PRINCIPAL, CREDENTIAL, ASSIGNMENT, RESOURCE, ISSUER = range(1, 7)  # kinds of numbered ids


def numbered(kind: int, number: int) -> UUID:
    """Ids that follow from a number: nothing needs to be remembered to ask for application 4711."""
    return UUID(int=TENANT.int | kind << 56 | number)


def client_id(number: int) -> UUID:
    return numbered(APPLICATION, number)


def subject(number: int, credential: int) -> str:
    return f"repo:octo-org@123456/service-{number}@{number}:environment:stage-{credential}"


@dataclass(frozen=True, slots=True)
class Contents:
    """How much there is. Credential ``n`` of every application trusts issuer ``n`` modulo their number."""

    applications: int
    issuers: Sequence[Issuer]

    def issuer(self, credential: int) -> Issuer:
        return self.issuers[credential % len(self.issuers)]


def write(registry: Registry, contents: Contents) -> None:
    """Put everything into a registry, in one change."""
    asyncio.run(_write(registry, contents))


async def _write(registry: Registry, contents: Contents) -> None:
    now = datetime.now(UTC)
    async with registry.transaction() as change:
        await change.tenants.add(Tenant(id=TENANT, display_name="Benchmark", domains=(DOMAIN,), created_at=now))
        for issuer in contents.issuers:
            await change.issuers.add(issuer)
        resources = [await _resource(change, number, now) for number in range(len(RESOURCES))]
        for number in range(contents.applications):
            await _application(change, number, resources, now)
            for credential in range(CREDENTIALS):
                await change.credentials.add(_credential(contents, number, credential, now))


async def _resource(change: Transaction, number: int, now: datetime) -> ServicePrincipal:
    algorithm = ("RS256", "ES256")[number]
    identity = numbered(RESOURCE, number)
    application = Application(
        id=identity,
        tenant_id=TENANT,
        app_id=identity,
        display_name=algorithm,
        created_at=now,
        identifier_uris=(RESOURCES[algorithm],),
        app_roles=(AppRole(id=identity, value=ROLE, display_name=ROLE),),
        token_version=2,
        signing_algorithm="RS256" if algorithm == "RS256" else "ES256",
    )
    await change.applications.add(application)
    return await change.principals.add(_principal(application, identity))


async def _application(change: Transaction, number: int, resources: Sequence[ServicePrincipal], now: datetime) -> None:
    identity = client_id(number)
    application = Application(
        id=identity, tenant_id=TENANT, app_id=identity, display_name=f"service-{number}", created_at=now
    )
    await change.applications.add(application)
    principal = await change.principals.add(_principal(application, numbered(PRINCIPAL, number)))
    for each, resource in enumerate(resources):
        await change.assignments.add(
            Assignment(
                id=numbered(ASSIGNMENT, number * len(resources) + each),
                tenant_id=TENANT,
                principal_id=principal.id,
                resource_id=resource.id,
                role_id=resource.id,
                created_at=now,
            )
        )


def _principal(application: Application, identity: UUID) -> ServicePrincipal:
    return ServicePrincipal(
        id=identity,
        tenant_id=TENANT,
        app_id=application.app_id,
        display_name=application.display_name,
        created_at=application.created_at,
        application_id=application.id,
        owner_tenant_id=TENANT,
    )


def _credential(contents: Contents, number: int, credential: int, now: datetime) -> FederatedCredential:
    return FederatedCredential(
        id=numbered(CREDENTIAL, number * CREDENTIALS + credential),
        tenant_id=TENANT,
        application_id=client_id(number),
        name=f"stage-{credential}",
        issuer=contents.issuer(credential),
        audience=DEFAULT_AUDIENCE,
        subject=subject(number, credential),
        created_at=now,
    )
