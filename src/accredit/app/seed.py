"""What an emulator holds when it starts: fixed, documented identities, so that a checked-in setting works everywhere.

They exist in the emulator only; every one of them bears a mark that a production profile refuses.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid5

from accredit import directory
from accredit.app.marks import MARK
from accredit.directory import Application, AppRole, Assignment, Secret, ServicePrincipal, Tenant, wellknown
from accredit.issuers import Issuer, IssuerUrl
from accredit.trust import DEFAULT_AUDIENCE, FederatedCredential

if TYPE_CHECKING:
    from datetime import timedelta

    from accredit.ports import Ids, Transaction

TENANT_ID: Final = UUID("acc7ed17-0000-4000-8000-000000000001")
TENANT_DOMAIN: Final = "contoso.test"
ADMIN_ID: Final = UUID("acc7ed17-0000-4000-8000-000000000002")
ADMIN_SECRET: Final = "accredit-emulator-only"  # noqa: S105  known to everybody, and worth nothing outside an emulator
WORKLOAD_ID: Final = UUID("acc7ed17-0000-4000-8000-000000000003")
ORDERS_ID: Final = UUID("acc7ed17-0000-4000-8000-000000000004")
ORDERS: Final = "api://orders"
ORDERS_ROLE: Final = "Orders.Read.All"
CREDENTIAL: Final = "github-production"
GITHUB: Final = IssuerUrl("https://token.actions.githubusercontent.com")
SUBJECT: Final = "repo:octo-org@123456/octo-repo@456789:environment:production"
VERIFIABLE: Final = UUID("3db474b9-6a0c-4840-96ac-1fceb342124f")
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""The emulator's signing keys hold from then on: a test may set the clock to the past."""
GRAPH: Final = UUID("00000003-0000-0000-c000-000000000000")


def marked(name: str) -> UUID:
    """Return a fixed id that bears the emulator's mark."""
    return UUID(MARK + str(uuid5(TENANT_ID, name))[len(MARK) :])


async def seed(change: Transaction, now: datetime, ids: Ids, life: timedelta) -> None:
    """Write the emulator's directory in one transaction. ``life``: how long the administrator's secret is valid."""
    await change.tenants.add(
        Tenant(id=TENANT_ID, display_name="Contoso", domains=(TENANT_DOMAIN,), created_at=now, portability="entra")
    )
    known = {each.app_id: await _well_known(change, each, now) for each in wellknown.principals().values()}
    salt = ids.octets(directory.SALT)
    secret = Secret(
        key_id=marked("admin secret"),
        salt=salt,
        digest=directory.digest(salt, ADMIN_SECRET.encode()),
        hint=ADMIN_SECRET[:3],
        starts_at=now,
        ends_at=now + life,
        display_name="emulator only",
    )
    admin = await _application(change, "accredit-admin", ADMIN_ID, now, secrets=(secret,))
    workload = await _application(change, "deploy-bot", WORKLOAD_ID, now)
    role = AppRole(id=marked(ORDERS_ROLE), value=ORDERS_ROLE, display_name="Read all orders")
    orders = await _application(
        change, "Orders API", ORDERS_ID, now, identifier_uris=(ORDERS,), app_roles=(role,), token_version=2
    )
    graph = known[GRAPH]
    for each in graph.app_roles:
        await _assign(change, admin, graph, each.value, now)
    await _assign(change, workload, orders, ORDERS_ROLE, now, roles=(role,))
    await _assign(change, workload, known[VERIFIABLE], "VerifiableCredential.Create.All", now)
    await _assign(change, workload, graph, "Application.Read.All", now)
    await _trust(change, now)


async def _application(
    change: Transaction,
    name: str,
    app_id: UUID,
    now: datetime,
    **more: Any,  # noqa: ANN401  members of Application
) -> ServicePrincipal:
    application = Application(
        id=marked(f"application {name}"), tenant_id=TENANT_ID, app_id=app_id, display_name=name, created_at=now, **more
    )
    principal = ServicePrincipal(
        id=marked(f"principal {name}"),
        tenant_id=TENANT_ID,
        app_id=app_id,
        display_name=name,
        created_at=now,
        application_id=application.id,
        owner_tenant_id=TENANT_ID,
    )
    await change.applications.add(application)
    return await change.principals.add(principal)


async def _well_known(change: Transaction, each: wellknown.WellKnown, now: datetime) -> ServicePrincipal:
    return await change.principals.add(
        ServicePrincipal(
            id=marked(f"principal {each.key}"),
            tenant_id=TENANT_ID,
            app_id=each.app_id,
            display_name=each.display_name,
            created_at=now,
            owner_tenant_id=wellknown.owner_tenant(),
            names=each.names,
            app_roles=each.app_roles,
            token_version=each.token_version,
        )
    )


async def _assign(
    change: Transaction,
    principal: ServicePrincipal,
    resource: ServicePrincipal,
    value: str,
    now: datetime,
    roles: tuple[AppRole, ...] = (),
) -> None:
    role = next(each for each in (*resource.app_roles, *roles) if each.value == value)
    await change.assignments.add(
        Assignment(
            id=marked(f"{principal.display_name} {resource.display_name} {value}"),
            tenant_id=TENANT_ID,
            principal_id=principal.id,
            resource_id=resource.id,
            role_id=role.id,
            created_at=now,
        )
    )


async def _trust(change: Transaction, now: datetime) -> None:
    issuer = Issuer(id=marked("issuer github"), tenant_id=TENANT_ID, url=GITHUB, algorithms=("RS256", "RS384", "RS512"))
    await change.issuers.add(issuer)
    await change.credentials.add(
        FederatedCredential(
            id=marked(CREDENTIAL),
            tenant_id=TENANT_ID,
            application_id=marked("application deploy-bot"),
            name=CREDENTIAL,
            issuer=issuer,
            audience=DEFAULT_AUDIENCE,
            subject=SUBJECT,
            created_at=now,
        )
    )
