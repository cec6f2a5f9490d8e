"""Who signs in: applications with their credentials, what their platforms' tokens say, and where they come from.

Everything follows from the number of an application, so that any of 10^5 is made when it is asked for. Their ids and
names are those of ``benchmarks.crowd``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from accredit.assertions import Presented
from accredit.directory import Application, AppRole, Client, Resource, ServicePrincipal, Tenant
from accredit.issuers import Issuer, IssuerUrl, KeyReference
from accredit.trust import DEFAULT_AUDIENCE, FederatedCredential, Trusted
from accredit.trust.expression import parse
from benchmarks import crowd

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

SKEW: Final = 1.1  # exponent of Zipf's law: how much more the first application signs in than the second
MOST_CREDENTIALS: Final = 20
CREDENTIAL, SECRET, ISSUER, RESOURCE = range(5, 9)  # kinds of ids, after those of ``crowd``
AGENTS: Final = (
    "azsdk-python-identity/1.25.0 Python/3.12.3 (Linux-6.8.0-1021-azure-x86_64-with-glibc2.39)",
    "azsdk-net-Identity/1.13.2 (.NET 8.0.11; Ubuntu 22.04.5 LTS)",
    "HashiCorp Terraform/1.10.3 (+https://www.terraform.io) terraform-provider-azurerm/4.14.0",
    "azure/login@v2 AZURECLI/2.67.0 (DEB) Python/3.12.7 (Linux-6.8.0)",
    "go-http-client/1.1",
    "",
)


@dataclass(frozen=True, slots=True)
class Platform:
    """Where workloads run: its issuer, and the subjects and further claims of its tokens."""

    issuer: Issuer
    subject: str
    claims: tuple[tuple[str, str], ...]
    expression: str  # what a credential says that trusts many of these subjects at once
    algorithm: str = "RS256"


def _issuer(number: int, url: str, tenant_id: UUID) -> Issuer:
    return Issuer(id=crowd.identity(ISSUER, number), tenant_id=tenant_id, url=IssuerUrl(url), algorithms=("RS256",))


def _platforms(tenant_id: UUID) -> tuple[Platform, ...]:
    return (
        Platform(
            _issuer(0, "https://token.actions.githubusercontent.com", tenant_id),
            "repo:octo-org@123456/{name}@{number}:environment:stage-{of}",
            (
                ("job_workflow_ref", "octo-org/{name}/.github/workflows/deploy.yml@refs/heads/main"),
                ("repository_owner", "octo-org"),
                ("repository_visibility", "private"),
            ),
            "claims['sub'] matches 'repo:octo-org@123456/{name}@{number}:environment:stage-{of}*'"
            " and claims['job_workflow_ref'] matches 'octo-org/{name}/.github/workflows/*'",
        ),
        Platform(
            _issuer(1, "https://oidc.prod-aks.azure.com/5b6c7d8e-0000-4000-8000-00000000a1b2/", tenant_id),
            "system:serviceaccount:team-{team}:{name}-{of}",
            (),
            "claims['sub'] matches 'system:serviceaccount:team-{team}:{name}-{of}*'",
        ),
        Platform(
            _issuer(2, "https://gitlab.com", tenant_id),
            "project_path:octo-group/team-{team}/{name}:ref_type:branch:ref:release-{of}",
            (("namespace_path", "octo-group/team-{team}"), ("ref_protected", "true")),
            "claims['sub'] matches 'project_path:octo-group/team-{team}/{name}:ref_type:branch:ref:release-{of}*'"
            " and claims['namespace_path'] eq 'octo-group/team-{team}'",
        ),
    )


@dataclass(frozen=True)
class Member:
    """One application as requests meet it."""

    number: int
    client: Client
    credentials: tuple[FederatedCredential, ...]
    platform: Platform
    secret_id: UUID
    addresses: tuple[str, ...]
    agent: str
    resources: tuple[Resource, ...]  # what it asks tokens for
    own_correlation: bool  # its callers send correlation ids of their own

    @cached_property
    def trusted(self) -> Trusted:
        return Trusted(self.credentials, multi_audience="contained")

    def subject(self, of: int) -> str:
        return self.platform.subject.format(**_words(self.number, of))

    def presented(self, of: int, now: datetime, dice: Random, **other: Any) -> Presented:  # noqa: ANN401
        """What its platform's token for credential ``of`` says; ``other`` members instead of the right ones."""
        issued = int(now.timestamp()) - dice.randrange(60)
        told: dict[str, Any] = {
            "issuer": self.platform.issuer.url,
            "subject": self.subject(of),
            "audiences": (DEFAULT_AUDIENCE,),
            "key": KeyReference(self.platform.algorithm, KIDS[dice.randrange(len(KIDS))]),
            "expires": issued + 600,
            "token_id": str(UUID(int=dice.getrandbits(128), version=4)),
        } | other
        words = _words(self.number, of)
        claims = {name: value.format(**words) for name, value in self.platform.claims}
        return Presented(
            type="JWT",
            not_before=issued,
            issued_at=issued,
            claims=claims | {"iss": told["issuer"], "sub": told["subject"], "aud": told["audiences"][0]},
            header={},
            signing_input=b"",
            signature=b"",
            digest=f"{dice.getrandbits(256):064x}",
            **told,
        )


KIDS: Final = tuple(f"{number * 0x9E3779B97F4A7C15F39CC0605CEDC835C4CEB9FE % 2**160:040X}" for number in range(1, 5))


@dataclass(frozen=True, eq=False)
class Population:
    """All applications of a tenant, and how often each of them signs in: by Zipf's law."""

    applications: int
    tenant: Tenant

    @cached_property
    def weights(self) -> Sequence[float]:
        """Cumulated, by number."""
        return list(accumulate((number + 1) ** -SKEW for number in range(self.applications)))

    @cached_property
    def resources(self) -> tuple[Resource, ...]:
        names = "orders", "billing", "Microsoft Graph", "Azure Storage", "Azure Key Vault", "deployments"
        return tuple(_resource(number, name) for number, name in enumerate(names))

    @cached_property
    def _platforms(self) -> tuple[Platform, ...]:
        return _platforms(self.tenant.id)

    def member(self, number: int) -> Member:
        return _member(self, number)


@lru_cache(maxsize=50_000)
def _member(of: Population, number: int) -> Member:
    platform = of._platforms[number % len(of._platforms)]  # noqa: SLF001  the same module's
    application = Application(
        id=crowd.identity(crowd.APPLICATION, number),
        tenant_id=of.tenant.id,
        app_id=crowd.app_id(number),
        display_name=crowd.name(number),
        created_at=of.tenant.created_at,
    )
    principal = ServicePrincipal(
        id=crowd.identity(crowd.PRINCIPAL, number),
        tenant_id=of.tenant.id,
        app_id=application.app_id,
        display_name=application.display_name,
        created_at=application.created_at,
        application_id=application.id,
    )
    many = MOST_CREDENTIALS if number % 25 == 0 else number % 4 + 1
    return Member(
        number=number,
        client=Client(application, principal),
        credentials=tuple(_credential(application, platform, number, each) for each in range(many)),
        platform=platform,
        secret_id=crowd.identity(SECRET, number),
        addresses=tuple(_address(number, each) for each in range(number % 3 + 1)),
        agent=AGENTS[number % len(AGENTS)],
        resources=of.resources[number % 4 : number % 4 + number % 3 + 1],
        own_correlation=number % 5 < 2,
    )


def _credential(application: Application, platform: Platform, number: int, of: int) -> FederatedCredential:
    words = _words(number, of)
    expressive = number % 5 == 0 and of % 2 == 0
    return FederatedCredential(
        id=crowd.identity(CREDENTIAL, number * MOST_CREDENTIALS + of),
        tenant_id=application.tenant_id,
        application_id=application.id,
        name=f"stage-{of}",
        issuer=platform.issuer,
        audience=DEFAULT_AUDIENCE,
        created_at=application.created_at + timedelta(seconds=of),
        subject=None if expressive else platform.subject.format(**words),
        expression=parse(platform.expression.format(**words), 1) if expressive else None,
    )


def _words(number: int, of: int) -> dict[str, object]:
    """What the texts of an application and of one of its credentials are made of."""
    return {"name": crowd.name(number), "number": 400_000 + number, "team": number % 40, "of": of}


def _resource(number: int, name: str) -> Resource:
    return Resource(
        principal_id=crowd.identity(RESOURCE, 2 * number),
        app_id=crowd.identity(RESOURCE, 2 * number + 1),
        display_name=name,
        names=(f"api://{name.lower().replace(' ', '-')}",),
        roles=(AppRole(id=crowd.identity(RESOURCE, 1_000 + number), value="Things.Read.All", display_name="Read"),),
        token_version=2,
    )


def _address(number: int, of: int) -> str:
    mixed = (number * 61 + of * 7) % 65_536
    if number % 10 == 0:
        return f"2001:db8:{mixed:x}:{of}::{mixed % 251 + 1:x}"
    return f"198.51.{mixed >> 8}.{mixed & 255}"
