"""What an administrator changes beside a running server holds for the very next request: each change twenty times."""

import base64
import json
from uuid import UUID

import pytest

from accredit.administer import applications, credentials, evidence, issuers, permissions, principals, tenants
from tests.ops.workloads import ISSUER, SUBJECT

pytestmark = pytest.mark.slow
ROUNDS = 20
ROLE = "Orders.Write.All"


def codes(answer):
    return (answer.status_code, 0 if answer.status_code == 200 else answer.json()["error_codes"][0])


def roles(answer):
    assert answer.status_code == 200, answer.text
    payload = answer.json()["access_token"].split(".")[1]
    return set(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))).get("roles", ()))


def alternate(server, workload, off, on, refused):
    """Make a change and take it back, and look at the next request each time."""
    assert codes(workload.ask()) == (200, 0)
    for _ in range(ROUNDS):
        server.administer(off)
        assert codes(workload.ask()) == refused
        server.administer(on)
        assert codes(workload.ask()) == (200, 0)


def principal_of(server, app_id):
    async def find(by):
        async with by.registry.reading() as view:
            return (await view.principals.find(app_id=UUID(str(app_id))))[0]

    return server.administer(find)


def test_a_credential_deleted_and_added(production, workload):
    alternate(
        production,
        workload,
        lambda by: credentials.delete(by, workload.application_id, "ci-main"),
        lambda by: credentials.add(by, workload.application_id, name="ci-main", issuer=ISSUER, subject=SUBJECT),
        (401, 70025),
    )


def test_a_credential_disabled_and_enabled(production, workload):
    alternate(
        production,
        workload,
        lambda by: credentials.update(by, workload.application_id, "ci-main", enabled=False),
        lambda by: credentials.update(by, workload.application_id, "ci-main", enabled=True),
        (401, 70025),
    )


def test_a_service_principal_disabled_and_enabled(production, workload):
    principal = principal_of(production, workload.client_id)
    alternate(
        production,
        workload,
        lambda by: principals.update(by, principal.id, enabled=False),
        lambda by: principals.update(by, principal.id, enabled=True),
        (400, 7000112),
    )


def test_an_issuer_blocked_and_unblocked(production, workload):
    async def record(by):
        async with by.registry.reading() as view:
            return (await view.issuers.find(tenant_id=UUID(workload.tenant), url=ISSUER))[0]

    issuer = production.administer(record)
    assert codes(workload.ask()) == (200, 0)
    for _ in range(ROUNDS):
        production.administer(lambda by: issuers.block(by, issuer.id))
        status, code = codes(workload.ask())
        assert status == 401
        assert code != 0
        production.administer(lambda by: issuers.block(by, issuer.id, blocked=False))
        assert codes(workload.ask()) == (200, 0)


def test_an_issuer_that_the_tenant_allows_no_more_and_again(production, workload):
    tenant = UUID(workload.tenant)
    alternate(
        production,
        workload,
        lambda by: tenants.update(by, tenant, allowed_issuers=("https://other.test",)),
        lambda by: tenants.update(by, tenant, allowed_issuers=None),
        (401, 700238),
    )


def test_algorithms_that_the_tenant_allows_and_does_not(production, workload):
    tenant = UUID(workload.tenant)
    alternate(
        production,
        workload,
        lambda by: tenants.update(by, tenant, allowed_algorithms=("RS512",)),
        lambda by: tenants.update(by, tenant, allowed_algorithms=None),
        (401, 5002738),
    )


def test_a_life_that_the_tenant_allows_and_does_not(production, workload):
    tenant = UUID(workload.tenant)
    alternate(
        production,
        workload,
        lambda by: tenants.update(by, tenant, max_assertion_lifetime=599),
        lambda by: tenants.update(by, tenant, max_assertion_lifetime=600),
        (400, 70023),
    )


def test_an_assertion_that_is_good_for_one_token_and_for_many(production, workload):
    record = workload.issuer.id
    for number in range(ROUNDS):
        token = workload.assertion(jti=f"once-{number}")
        production.administer(lambda by: issuers.update(by, record, replay="enforce"))
        assert [codes(workload.ask(token)) for _ in range(2)] == [(200, 0), (401, 700027)]
        production.administer(lambda by: issuers.update(by, record, replay="off"))
        assert codes(workload.ask(token)) == (200, 0)


def test_a_role_granted_and_revoked(production, workload):
    async def api(by):
        async with by.registry.reading() as view:
            return (await view.applications.find(tenant_id=UUID(workload.tenant), display_name="Orders"))[0]

    resource_application = production.administer(api)
    production.administer(lambda by: applications.add_role(by, resource_application.id, value=ROLE, display_name=ROLE))
    who, on = principal_of(production, workload.client_id).id, principal_of(production, resource_application.app_id).id
    for _ in range(ROUNDS):
        assert roles(workload.ask()) == {"Orders.Read.All"}
        production.administer(lambda by: permissions.grant(by, who, on, ROLE))
        assert roles(workload.ask()) == {"Orders.Read.All", ROLE}
        production.administer(lambda by: permissions.revoke(by, who, on, ROLE))


def test_a_secret_added_and_removed(production, workload):
    for _ in range(ROUNDS):
        made = production.administer(lambda by: evidence.add_secret(by, workload.application_id))
        form = {
            "grant_type": "client_credentials",
            "client_id": workload.client_id,
            "client_secret": made.value,
            "scope": "api://orders/.default",
        }
        assert codes(production.token(workload.tenant, form)) == (200, 0)
        key = made.secret.key_id
        production.administer(lambda by, key=key: evidence.remove_secret(by, workload.application_id, key))
        assert codes(production.token(workload.tenant, form)) == (401, 7000215)
