"""What stands in the emulator whose pages are looked at: some of everything, with names that stay."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final
from uuid import UUID

from accredit.administer import (
    Administrator,
    applications,
    consent,
    credentials,
    evidence,
    issuers,
    owners,
    people,
    permissions,
)
from accredit.app import seed
from accredit.directory import wellknown
from accredit.query import Query
from tests.forge import certificate, jwk, jwks, key_for
from tests.support.workload import AUDIENCE, GITHUB, JWT_BEARER, ORDERS, principal_of

if TYPE_CHECKING:
    from accredit.directory import Application
    from tests.support.emulator import Emulator

UPLOADED: Final = "https://ci.contoso.test"
PROVIDER: Final = "https://login.contoso.test"  # where its people sign in
KUBERNETES: Final = "https://oidc.contoso.test/clusters/prod"


@dataclass(frozen=True)
class Scene:
    """Ids of what stands there, as the paths of pages name them."""

    deploy_bot: UUID  # an application with a credential that is used, and with sign-ins of every kind
    deploy_bot_principal: UUID
    payments: UUID  # one with several credentials, secrets, a certificate, an owner; lint finds something
    payments_principal: UUID
    empty: UUID  # one with nothing
    orders: UUID  # an API with app roles
    credential: UUID  # deploy-bot's, named github-production
    issuer: UUID  # GitHub's
    uploaded: UUID  # an issuer whose keys were uploaded
    granted: UUID  # events of deploy-bot
    refused: UUID  # proven: another environment
    unproven: UUID  # signed by nobody we know
    secret: UUID  # of payments
    certificate: UUID
    role: UUID
    k8s: UUID  # credentials of payments: of Kubernetes,
    branches: UUID  # by an expression,
    unused: UUID  # and one that is disabled
    orders_app: UUID  # appId of the API of which payments has a role
    orders_role: UUID
    assignment: UUID  # of that role to payments
    audit: UUID  # a change

    @property
    def names(self) -> dict[str, str]:
        """What ``{name}`` in a path of PAGES stands for."""
        ids = {each.name: str(getattr(self, each.name)) for each in fields(self)}
        return {**ids, "tenant": seed.TENANT_DOMAIN}


def furnish(emulator: Emulator) -> Scene:
    """Fill an emulator that has just started, over its own faces."""
    made, empty, uploaded = emulator.administer(_directory)
    trying = {
        "granted": emulator.mint(params={"environment": "production"}),
        "refused": emulator.mint(params={"environment": "staging"}),
        "unproven": emulator.mint(params={"environment": "production"}, faults=["bad_signature"]),
        "audience": emulator.mint(
            params={"environment": "production"}, overrides={"aud": "https://github.com/octo-org"}
        ),
    }
    told = {name: exchange(emulator, str(seed.WORKLOAD_ID), token) for name, token in trying.items()}
    exchange(emulator, str(made.app_id), trying["refused"])
    granted = next(each for each in emulator.events(seed.WORKLOAD_ID) if not each.code)

    async def rest(by: Administrator) -> Scene:
        async with by.registry.reading() as view:
            (deploy_bot,) = await view.applications.find(app_id=seed.WORKLOAD_ID)
            (payments,) = await view.applications.find(app_id=made.app_id)
            held = {each.name: each.id for each in await view.credentials.find(application_id=payments.id)}
            changes = await view.audits.search(Query(limit=1), tenant_id=seed.TENANT_ID)
            (orders,) = await view.applications.find(app_id=seed.ORDERS_ID)
            (credential,) = await view.credentials.find(application_id=deploy_bot.id)
            holder = await principal_of(by, seed.TENANT_ID, payments.app_id)
            (assignment,) = await view.assignments.find(principal_id=holder.id)
        return Scene(
            deploy_bot=deploy_bot.id,
            deploy_bot_principal=(await principal_of(by, seed.TENANT_ID, deploy_bot.app_id)).id,
            payments=payments.id,
            payments_principal=(await principal_of(by, seed.TENANT_ID, payments.app_id)).id,
            empty=empty.id,
            orders=orders.id,
            credential=credential.id,
            issuer=credential.issuer.id,
            uploaded=uploaded,
            granted=granted.id,
            refused=UUID(told["refused"]["trace_id"]),
            unproven=UUID(told["unproven"]["trace_id"]),
            secret=payments.secrets[0].key_id,
            certificate=payments.certificates[0].key_id,
            role=payments.app_roles[0].id,
            k8s=held["k8s-api"],
            branches=held["github-any-branch"],
            unused=held["old-runner"],
            orders_app=orders.app_id,
            orders_role=orders.app_roles[0].id,
            assignment=assignment.id,
            audit=changes.things[0].id,
        )

    return emulator.administer(rest)


async def _directory(by: Administrator) -> tuple[Application, Application, UUID]:
    keys = jwks(jwk(key_for("RS256"), kid="build-2026", alg="RS256", use="sig")).decode()
    uploaded = await issuers.create(by, seed.TENANT_ID, UPLOADED, uploaded=keys)
    payments = await applications.create(
        by, seed.TENANT_ID, display_name="payments-api", description="Takes money", identifier_uris=("api://payments",)
    )
    await applications.add_role(by, payments.id, value="Payments.Refund", display_name="Refund payments")
    await applications.add_role(by, payments.id, value="Payments.Read.All", display_name="Read all payments")
    await credentials.add(
        by,
        payments.id,
        name="k8s-api",
        issuer=KUBERNETES,
        subject="system:serviceaccount:prod:api",
        audiences=(AUDIENCE,),
    )
    await credentials.add(
        by,
        payments.id,
        name="github-any-branch",
        issuer=GITHUB,
        expression="claims['sub'] matches 'repo:octo-org/shop:ref:refs/heads/*' and claims['repository_id'] eq '77'",
        description="Left over from the move",
    )
    await credentials.add(
        by, payments.id, name="old-runner", issuer=UPLOADED, subject="runner-7", audiences=(AUDIENCE,), enabled=False
    )
    for role, group in (("admin", "platform-team"), ("reader", "auditors")):
        await people.add(by, tenant_id=seed.TENANT_ID, issuer=PROVIDER, claim="groups", value=group, role=role)
    await evidence.add_secret(by, payments.id, display_name="old pipeline")
    await evidence.add_certificate(by, payments.id, certificate().der, display_name="build agent")
    principal = await principal_of(by, seed.TENANT_ID, payments.app_id)
    orders = await principal_of(by, seed.TENANT_ID, seed.ORDERS_ID)
    await permissions.grant(by, principal.id, orders.id, seed.ORDERS_ROLE)
    await consent.configure(by, payments.id, str(seed.ORDERS_ID), [("Role", seed.marked(seed.ORDERS_ROLE))])
    graph = wellknown.principals()["graph"]
    await consent.configure(by, payments.id, str(graph.app_id), [("Role", graph.app_roles[0].id)])  # and not granted
    deploy_bot = (await principal_of(by, seed.TENANT_ID, seed.WORKLOAD_ID)).id
    await owners.add(by, payments, deploy_bot)
    await owners.add(by, principal, deploy_bot)
    empty = await applications.create(by, seed.TENANT_ID, display_name="reports")
    return payments, empty, uploaded.id


def exchange(emulator: Emulator, client_id: str, token: str, scope: str = f"{ORDERS}/.default") -> dict[str, str]:
    """Ask for an access token with an assertion, as a workload does; what was answered."""
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_assertion_type": JWT_BEARER,
        "client_assertion": token,
        "scope": scope,
    }
    answer: dict[str, str] = emulator.http.post(emulator.token_endpoint(), data=form).json()
    return answer
