"""An application of one test: what it may do, what it trusts, the tokens it shows, and what the log says of it.

Every positive test ends in ``Workload.received``: the access token is verified by a library that is not ours, against
the published keys, and exactly one sign-in event tells of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from time import time
from typing import Any
from uuid import UUID

import jwt

from accredit.administer import Administrator, applications, credentials, evidence, permissions, tenants
from accredit.administer.evidence import NewSecret
from accredit.app import seed
from accredit.directory import Application, Certificate, ServicePrincipal
from accredit.signins import Event
from accredit.trust import FederatedCredential
from tests.support.emulator import Emulator

ORDERS = "api://orders"
GRAPH = "https://graph.microsoft.com"
VERIFIABLE = str(seed.VERIFIABLE)
AUDIENCE = "api://AzureADTokenExchange"
GITHUB = str(seed.GITHUB)
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAY = ((ORDERS, "Orders.Read.All"), (GRAPH, "Application.Read.All"), (VERIFIABLE, "VerifiableCredential.Create.All"))
WELL_KNOWN = {GRAPH: seed.GRAPH, VERIFIABLE: seed.VERIFIABLE}  # appId by identifier, in every tenant
EARLY, LIFETIME = 300, 3_600  # seconds: nbf before now, exp after it
CLOCKS = 30  # seconds that a slow machine may take between an answer and a look at it

_numbers = count(1)


@dataclass
class Workload:
    """One application, its service principal, and the test issuer's parameters that make its subject."""

    emulator: Emulator
    application: Application
    principal: ServicePrincipal
    environment: str
    credential: FederatedCredential | None = None
    orders_id: UUID = seed.ORDERS_ID  # of api://orders in its tenant
    roles: Mapping[str, str] = field(default_factory=lambda: dict(MAY))

    @property
    def client_id(self) -> str:
        return str(self.application.app_id)

    @property
    def subject(self) -> str:
        return f"repo:octo-org@123456/octo-repo@456789:environment:{self.environment}"

    @property
    def authority(self) -> str:
        return f"{self.emulator.url}/{self.application.tenant_id}"

    def assertion(self, **body: Any) -> str:
        """A fresh token of GitHub's dialect; ``body``: overrides, header, faults."""
        return self.emulator.mint(params={"environment": self.environment}, **body)

    def trust(self, **members: Any) -> FederatedCredential:
        """Add a credential beside the running server: by default the one that ``assertion`` matches."""
        usual = {"name": f"credential-{next(_numbers)}", "issuer": GITHUB}
        if "expression" not in members:
            usual["subject"] = self.subject
        made = self.emulator.administer(lambda by: credentials.add(by, self.application.id, **{**usual, **members}))
        self.credential = made
        return made

    def distrust(self) -> None:
        """Remove every credential."""

        async def remove(by: Administrator) -> None:
            async with by.registry.reading() as view:
                found = await view.credentials.find(application_id=self.application.id)
            for each in found:
                await credentials.delete(by, self.application.id, each.name)

        self.emulator.administer(remove)

    def secret(self) -> NewSecret:
        return self.emulator.administer(lambda by: evidence.add_secret(by, self.application.id))

    def certificate(self, data: bytes) -> Certificate:
        return self.emulator.administer(lambda by: evidence.add_certificate(by, self.application.id, data))

    def events(self) -> list[Event]:
        """The sign-ins of this application, newest first."""
        return self.emulator.events(self.application.app_id, self.application.tenant_id)

    def codes(self) -> list[int]:
        """What its sign-ins ended with, oldest first; 0 is a grant."""
        return [each.code for each in reversed(self.events())]

    def received(
        self, access_token: str, wanted: str = ORDERS, *, by: str = "federatedIdentityCredential"
    ) -> dict[str, Any]:
        """Examine an access token and the one event that tells of it; return the claims. ``by``: the evidence."""
        claims = self.verified(access_token, wanted)
        assert claims["azpacr" if claims["ver"] == "2.0" else "appidacr"] == ("1" if by == "clientSecret" else "2")
        told = [each for each in self.events() if each.uti == claims["uti"]]
        assert len(told) == 1
        event = told[0]
        assert (event.code, event.evidence, event.proof) == (0, by, "proven")
        assert (event.roles, event.principal_id) == ((self.roles[wanted],), self.principal.id)
        assert event.resource_app_id == WELL_KNOWN.get(wanted, self.orders_id)
        if by == "federatedIdentityCredential":
            assert self.credential is not None
            assert event.credential_id == self.credential.id
            assert event.issuer == self.credential.issuer.url
        else:
            assert event.credential_id is None
            assert event.key_id is not None
        return claims

    def verified(self, access_token: str, wanted: str = ORDERS) -> dict[str, Any]:
        """Verify signature, issuer, audience and every other claim that a resource relies on."""
        tenant = self.application.tenant_id
        version = 2 if jwt.decode(access_token, options={"verify_signature": False})["ver"] == "2.0" else 1
        key = self.emulator.keys(tenant, version).get_signing_key_from_jwt(access_token)
        claims: dict[str, Any] = jwt.decode(
            access_token,
            key.key,
            algorithms=["RS256"],
            audience=self.audience(wanted),
            issuer=f"{self.emulator.url}/{tenant}/" + ("v2.0" if version == 2 else ""),
            options={"require": ["exp", "iat", "nbf", "iss", "aud", "sub"]},
        )
        assert version == (1 if wanted in (GRAPH, VERIFIABLE) else 2)
        assert claims["idtyp"] == "app"
        assert claims["tid"] == str(tenant)
        assert claims["oid"] == claims["sub"] == str(self.principal.id)
        assert claims["azp" if version == 2 else "appid"] == self.client_id
        assert claims["roles"] == [self.roles[wanted]]
        assert claims["iat"] == claims["nbf"]
        assert claims["exp"] - claims["nbf"] == EARLY + LIFETIME
        assert -CLOCKS <= claims["exp"] - LIFETIME - time() <= 1
        assert "scp" not in claims
        return claims

    def audience(self, wanted: str) -> str:
        """What ``aud`` holds: of version 2.0 the appId, of version 1.0 the identifier that was asked for."""
        return str(self.orders_id) if wanted == ORDERS else wanted


@dataclass(frozen=True)
class Home:
    """A tenant, and the appId of api://orders in it."""

    tenant_id: UUID = seed.TENANT_ID
    orders_id: UUID = seed.ORDERS_ID


CONTOSO = Home()


def engage(emulator: Emulator, *, home: Home = CONTOSO, trusting: bool = True) -> Workload:
    """Register a new application in a tenant, with its roles, and with a credential if it is trusting."""
    name = f"workload-{next(_numbers)}"

    async def register(by: Administrator) -> tuple[Application, ServicePrincipal]:
        application = await applications.create(by, home.tenant_id, display_name=name)
        principal = await principal_of(by, home.tenant_id, application.app_id)
        for wanted, role in MAY:
            resource = await principal_of(by, home.tenant_id, WELL_KNOWN.get(wanted, home.orders_id))
            await permissions.grant(by, principal.id, resource.id, role)
        return application, principal

    made = Workload(emulator, *emulator.administer(register), environment=name, orders_id=home.orders_id)
    if trusting:
        made.trust()
    return made


def extended(emulator: Emulator) -> Home:
    """Make another tenant, which accepts what Entra ID would not, with an api://orders of its own."""
    domain = f"extended-{next(_numbers)}.test"

    async def settle(by: Administrator) -> Home:
        tenant = await tenants.create(by, display_name=domain, domains=(domain,), portability="extended")
        orders = await applications.create(
            by, tenant.id, display_name="Orders API", identifier_uris=(ORDERS,), token_version=2
        )
        await applications.add_role(by, orders.id, value=dict(MAY)[ORDERS])
        return Home(tenant.id, orders.app_id)

    return emulator.administer(settle)


def fixed(emulator: Emulator) -> Workload:
    """The emulator's own workload application, deploy-bot, as its ready file names it."""

    async def find(by: Administrator) -> tuple[Application, ServicePrincipal, FederatedCredential]:
        async with by.registry.reading() as view:
            application = (await view.applications.find(app_id=seed.WORKLOAD_ID))[0]
            credential = (await view.credentials.find(application_id=application.id, name=seed.CREDENTIAL))[0]
        return application, await principal_of(by, emulator.tenant_id, seed.WORKLOAD_ID), credential

    application, principal, credential = emulator.administer(find)
    return Workload(emulator, application, principal, "production", credential)


async def principal_of(by: Administrator, tenant_id: UUID, app_id: UUID) -> ServicePrincipal:
    """The service principal of an application in a tenant."""
    async with by.registry.reading() as view:
        return (await view.principals.find(tenant_id=tenant_id, app_id=app_id))[0]
