"""Whose key proves what: tenants apart, issuers apart, kinds of assertion apart, and never our own tokens."""

import base64
import json
import statistics
import time
from uuid import UUID

import pytest

from accredit.administer import applications, credentials, evidence, issuers, tenants
from accredit.app import seed
from tests import forge
from tests.wire.authority import ADMIN, BASE, NOW, ORDERS_SCOPE, TENANT, WORKLOAD

SHARED = "https://kubernetes.default.svc.cluster.local"
SUBJECT = "system:serviceaccount:shop:checkout"
OTHER_DOMAIN = "fabrikam.test"


def jwks(number, kid="key-1"):
    return forge.jwks(forge.jwk(forge.key_for("RS256", number), kid=kid, alg="RS256")).decode()


def token(number, kid="key-1", **changes):
    claims = forge.claims(**{"iss": SHARED, "sub": SUBJECT} | changes)
    return forge.token(claims, key=forge.key_for("RS256", number), header={"kid": kid})


def workload_in(authority, tenant_id, number, *, url=SHARED, subject=SUBJECT):
    """An application of a tenant that trusts ``url`` with key ``number``; its client id."""

    async def make():
        by = authority.administrator
        application = await applications.create(by, UUID(str(tenant_id)), display_name=f"checkout {number}")
        record = await issuers.create(by, UUID(str(tenant_id)), url, uploaded=jwks(number), twin=True)
        await credentials.add(by, application.id, name="cluster", issuer=url, subject=subject, issuer_id=record.id)
        return str(application.app_id)

    return authority.run(make)


def ask(authority, tenant, client, assertion, scope="https://graph.microsoft.com/.default"):
    form = authority.form(client_id=client, client_assertion=assertion, scope=scope)
    answer = authority.post(form, f"/{tenant}/oauth2/v2.0/token")
    return 0 if answer.status == 200 else answer.code


@pytest.fixture
def other(authority):
    """A second tenant."""

    async def make():
        made = await tenants.create(
            authority.administrator, display_name="Fabrikam", domains=(OTHER_DOMAIN,), enable=("graph",)
        )
        return str(made.id)

    return authority.run(make)


def test_one_issuer_url_and_kid_in_two_tenants_are_two_issuers(authority, other):
    ours, theirs = workload_in(authority, TENANT, 1), workload_in(authority, other, 2)
    for _ in range(2):  # the second time with everything cached
        assert ask(authority, TENANT, ours, token(1)) == 0
        assert ask(authority, other, theirs, token(2)) == 0
        assert ask(authority, TENANT, ours, token(2)) == 700027
        assert ask(authority, other, theirs, token(1)) == 700027


def test_a_client_of_one_tenant_is_unknown_in_another_as_one_that_nobody_has(authority, other):
    ours = workload_in(authority, TENANT, 1)
    nobody = "11111111-2222-4333-8444-555555555555"
    said = []
    for client in (ours, nobody):
        form = authority.form(client_id=client, client_assertion=token(1))
        answer = authority.post(form, f"/{other}/oauth2/v2.0/token")
        body = answer.json
        description = body["error_description"].split(" Trace ID")[0].replace(client, "CLIENT")
        said.append(
            (answer.status, body["error_codes"], body["error"], description, sorted(body), sorted(answer.headers))
        )
    assert said[0] == said[1]
    assert said[0][1] == [700016]


def test_a_refusal_in_one_tenant_says_nothing_of_another(authority, other):
    workload_in(authority, other, 2, subject="system:serviceaccount:secret-namespace:secret-name")
    ours = workload_in(authority, TENANT, 1)
    form = authority.form(client_id=ours, client_assertion=token(2, sub="someone"))
    answer = authority.post(form)
    assert answer.code == 700213
    assert b"secret" not in answer.body
    assert b"abrikam" not in answer.body


def test_issuers_with_equal_claims_do_not_answer_for_each_other(authority):
    first = workload_in(authority, TENANT, 1, url="https://ghes.example/_services/token")
    second = workload_in(authority, TENANT, 2, url="https://ci.example")

    def of(number, url):
        return forge.token(forge.claims(iss=url, sub=SUBJECT), key=forge.key_for("RS256", number))

    assert ask(authority, TENANT, first, of(1, "https://ghes.example/_services/token")) == 0
    assert ask(authority, TENANT, second, of(2, "https://ci.example")) == 0
    assert ask(authority, TENANT, second, of(1, "https://ci.example")) == 700027
    assert ask(authority, TENANT, first, of(2, "https://ghes.example/_services/token")) == 700027
    assert ask(authority, TENANT, second, of(1, "https://ghes.example/_services/token")) == 700211


def access_token(authority, scope=ORDERS_SCOPE):
    answer = authority.post(authority.form(scope=scope))
    assert answer.status == 200, answer.json
    return answer.json["access_token"]


def claims_of(compact):
    payload = compact.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


@pytest.mark.parametrize("scope", [ORDERS_SCOPE, "https://graph.microsoft.com/.default"], ids=["v2.0", "v1.0"])
@pytest.mark.parametrize("alias", [TENANT, TENANT.upper(), "contoso.test", "CONTOSO.test", "organizations"])
def test_our_own_access_token_is_no_assertion_under_any_alias(authority, alias, scope):
    """Also where a credential says exactly what the token claims, as Entra lets people save it."""
    own = access_token(authority, scope)
    claims = claims_of(own)

    async def trust():
        await credentials.add(
            authority.administrator,
            seed.marked("application deploy-bot"),
            name="ourselves",
            issuer=claims["iss"],
            subject=claims["sub"],
            audiences=(claims["aud"],),
        )

    authority.run(trust)
    assert ask(authority, alias, WORKLOAD, own, ORDERS_SCOPE) == 700222


def test_a_token_of_the_test_issuer_at_our_own_origin_is_one(authority):
    """The test is membership among issuer strings, not a comparison of origins."""
    address = f"{BASE}/idp/custom"
    document = authority.ask("GET", "/idp/custom/.well-known/openid-configuration").json
    assert document["issuer"] == address
    keys = authority.ask("GET", document["jwks_uri"].removeprefix(BASE)).body.decode()

    async def trust():
        by = authority.administrator
        record = await issuers.create(by, seed.TENANT_ID, address, uploaded=keys)
        await credentials.add(
            by,
            seed.marked("application deploy-bot"),
            name="same-origin",
            issuer=address,
            subject="me",
            issuer_id=record.id,
        )

    authority.run(trust)
    minted = authority.runtime.test_issuer.mint({"dialect": "custom", "overrides": {"sub": "me"}}).token
    assert ask(authority, TENANT, WORKLOAD, minted, ORDERS_SCOPE) == 0


def certified(authority):
    mine = forge.certificate("RS256", 5)

    async def register():
        await evidence.add_certificate(authority.administrator, seed.marked("application deploy-bot"), mine.der)

    authority.run(register)
    return mine


def self_signed(mine, **changes):
    at = int(NOW.timestamp())
    claims = {
        "iss": WORKLOAD,
        "sub": WORKLOAD,
        "aud": f"{BASE}/{TENANT}/oauth2/v2.0/token",
        "nbf": at - 5,
        "iat": at,
        "exp": at + 300,
        "jti": "1",
    } | changes
    header = {"x5t": forge.b64(mine.sha1), "kid": ...}
    return forge.token({name: value for name, value in claims.items() if value is not ...}, key=mine.key, header=header)


def test_a_registered_certificate_proves_its_application_and_nothing_an_issuer_says(authority):
    mine = certified(authority)
    assert ask(authority, TENANT, WORKLOAD, self_signed(mine), ORDERS_SCOPE) == 0
    federated = {"iss": str(seed.GITHUB), "sub": seed.SUBJECT, "aud": "api://AzureADTokenExchange"}
    assert ask(authority, TENANT, WORKLOAD, self_signed(mine, **federated), ORDERS_SCOPE) == 7000272
    assert ask(authority, TENANT, WORKLOAD, self_signed(mine, sub=seed.SUBJECT), ORDERS_SCOPE) == 700211
    assert ask(authority, TENANT, ADMIN, self_signed(mine), ORDERS_SCOPE) in (700021, 700027)
    assert ask(authority, TENANT, WORKLOAD, self_signed(mine, iss=ADMIN, sub=ADMIN), ORDERS_SCOPE) == 700021


def test_an_issuers_key_proves_no_application(authority):
    certified(authority)
    at = int(NOW.timestamp())
    forged = {"iss": WORKLOAD, "sub": WORKLOAD, "aud": f"{BASE}/{TENANT}/oauth2/v2.0/token", "exp": at + 300}
    minted = authority.mint(overrides=forged)
    assert ask(authority, TENANT, WORKLOAD, minted, ORDERS_SCOPE) == 700027
    extra = {"iss": WORKLOAD, "sub": WORKLOAD}
    assert ask(authority, TENANT, WORKLOAD, authority.mint(overrides=extra), ORDERS_SCOPE) in (700027, 700021, 700212)


@pytest.mark.slow
def test_unknown_clients_and_untrusted_tokens_take_times_of_one_order(authority):
    """Coarse on purpose, and in processor time: a difference of network size would tell; a busy machine must not."""
    assertion = authority.mint(environment="elsewhere")
    times = {}
    for name, client in (("unknown", "11111111-2222-4333-8444-555555555555"), ("known", WORKLOAD)):
        form = authority.form(client_id=client, client_assertion=assertion)
        taken = []
        for _ in range(60):
            begun = time.process_time()
            assert authority.post(form).status in (400, 401)
            taken.append(time.process_time() - begun)
        times[name] = statistics.median(taken)
    assert max(times.values()) < 0.05  # seconds
    assert abs(times["known"] - times["unknown"]) < 0.02
