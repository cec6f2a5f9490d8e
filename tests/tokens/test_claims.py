import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accredit.assertions import ENTRA, parse, registered, verify, verify_self_signed
from accredit.directory import Application, Client, KnownSecret, Resource, ServicePrincipal, Tenant
from accredit.issuers import jwks
from accredit.tokens import AccessToken, Grant, claims, issuer, uti
from accredit.tokens.claims import EARLY, GRAPH, METHOD, rh
from tests import forge
from tests.forge import certificate, jwk, key_for
from tests.support.every import every
from tests.support.trusting import record

BASE = "https://localhost:8443"
NOW = 1_795_442_400  # 2026-11-23T14:00:00Z
AT = datetime.fromtimestamp(NOW, UTC)
TENANT = Tenant(
    id=UUID("8f3e6c1a-2b4d-4e5f-9a70-1c2d3e4f5a6b"), display_name="Contoso", domains=("contoso.test",), created_at=AT
)
APPLICATION = Application(
    id=UUID(int=1),
    tenant_id=TENANT.id,
    app_id=UUID("4a7d9f02-6c1b-4e83-b5d6-90f1a2c3e4d5"),
    display_name="deploy-bot",
    created_at=AT,
)
PRINCIPAL = ServicePrincipal(
    id=UUID("d0b1c2e3-f4a5-4678-8901-23456789abcd"),
    tenant_id=TENANT.id,
    app_id=APPLICATION.app_id,
    display_name="deploy-bot",
    created_at=AT,
)
ORDERS = Resource(
    principal_id=UUID(int=2),
    app_id=UUID("c1a5e2d4-7b38-4f60-8d19-2e6a9b0c7f31"),
    display_name="orders",
    names=("api://orders",),
    roles=(),
    token_version=2,
)
MICROSOFT_GRAPH = Resource(
    principal_id=UUID(int=3), app_id=UUID(GRAPH), display_name="Microsoft Graph", names=(), roles=(), token_version=1
)
TRACE = UUID("6f1c2a9e-5b7d-4c38-9e21-4d0a7b3c5d00")


def proven():
    at = record()
    token = forge.token(forge.claims(iat=NOW - 60, nbf=NOW - 60, exp=NOW + 60))
    return verify(parse(token, ENTRA), at, jwks.parse(forge.jwks(jwk(key_for("RS256"), kid="key-1")), at), AT)


def self_proven():
    app_id = str(APPLICATION.app_id)
    token = forge.token(forge.claims(iss=app_id, sub=app_id, aud="here"), header={"kid": ...})
    key = registered(certificate().der, UUID(int=9))
    return verify_self_signed(parse(token, ENTRA), [key], ["here"], app_id, AT)


def grant(proof=None, resource=ORDERS, wanted="api://orders", roles=(), **changed):
    application = Application(**{name: getattr(APPLICATION, name) for name in APPLICATION.__struct_fields__} | changed)
    client = Client(application, PRINCIPAL)
    return Grant(TRACE, TENANT, client, proof or KnownSecret(UUID(int=8)), resource, wanted, roles)


V2 = """{"aud":"c1a5e2d4-7b38-4f60-8d19-2e6a9b0c7f31",
"iss":"https://localhost:8443/8f3e6c1a-2b4d-4e5f-9a70-1c2d3e4f5a6b/v2.0",
"iat":1795442100,"nbf":1795442100,"exp":1795446000,"aio":"k2RgYHh2…",
"azp":"4a7d9f02-6c1b-4e83-b5d6-90f1a2c3e4d5","azpacr":"2","idtyp":"app",
"oid":"d0b1c2e3-f4a5-4678-8901-23456789abcd",
"rh":"1.AVwKGmw-j00rX06acBwtPk9aa9TipcE4e2BPjRkuapsMfzFcCgAAAA.","roles":["Orders.Read"],
"sub":"d0b1c2e3-f4a5-4678-8901-23456789abcd","tid":"8f3e6c1a-2b4d-4e5f-9a70-1c2d3e4f5a6b",
"uti":"niocb31bOEyeIU0KezxdAA","ver":"2.0"}"""
V1 = """{"aud":"https://graph.microsoft.com",
"iss":"https://localhost:8443/8f3e6c1a-2b4d-4e5f-9a70-1c2d3e4f5a6b/",
"iat":1795442100,"nbf":1795442100,"exp":1795446000,"aio":"k2RgYHh2…",
"appid":"4a7d9f02-6c1b-4e83-b5d6-90f1a2c3e4d5","appidacr":"2",
"idp":"https://localhost:8443/8f3e6c1a-2b4d-4e5f-9a70-1c2d3e4f5a6b/","idtyp":"app",
"oid":"d0b1c2e3-f4a5-4678-8901-23456789abcd",
"rh":"1.AVwKGmw-j00rX06acBwtPk9aawMAAAAAAAAAwAAAAAAAAABcCgAAAA.","roles":["Application.Read.All"],
"sub":"d0b1c2e3-f4a5-4678-8901-23456789abcd","tid":"8f3e6c1a-2b4d-4e5f-9a70-1c2d3e4f5a6b",
"uti":"niocb31bOEyeIU0KezxdAA","ver":"1.0"}"""


def test_version_2_is_written_exactly_so():
    made = claims(grant(proven(), roles=("Orders.Read",)), BASE, NOW, "k2RgYHh2…")
    assert json.dumps(made, ensure_ascii=False, separators=(",", ":")) == V2.replace("\n", "")


def test_version_1_for_microsoft_graph_is_written_exactly_so():
    wanted = "https://graph.microsoft.com"
    decided = grant(proven(), MICROSOFT_GRAPH, wanted, ("Application.Read.All",))
    made = claims(decided, BASE, NOW, "k2RgYHh2…", graph_extras=False)
    assert json.dumps(made, ensure_ascii=False, separators=(",", ":")) == V1.replace("\n", "")
    more = claims(decided, BASE, NOW, "k2RgYHh2…")
    assert {name: value for name, value in more.items() if name in made} == made
    assert [name for name in more if name not in made] == ["app_displayname", "wids"]
    assert (more["app_displayname"], list(more)[-1]) == ("deploy-bot", "wids")


def of_version_1(**changed):
    return Resource(
        **{name: getattr(ORDERS, name) for name in ORDERS.__struct_fields__} | {"token_version": 1} | changed
    )


def test_version_1_for_any_other_api_has_no_name_and_no_directory_roles():
    made = claims(grant(resource=of_version_1(), wanted="api://orders/"), BASE, NOW, "aio")
    assert made["aud"] == "api://orders/"
    assert {"app_displayname", "wids", "roles", "azp", "scp"}.isdisjoint(made)


@every("version", [1, 2])
@every(
    ("proof", "method"),
    [(KnownSecret(UUID(int=8)), "1"), (self_proven, "2"), (proven, "2")],
    ids=["secret", "certificate", "federated"],
)
def test_the_method_says_how_the_client_proved_itself(version, proof, method):
    shown = proof() if callable(proof) else proof
    made = claims(grant(shown, of_version_1(token_version=version)), BASE, NOW, "aio")
    assert made[{1: "appidacr", 2: "azpacr"}[version]] == method
    assert set(METHOD.values()) == {"1", "2"}


@pytest.mark.parametrize("version", [1, 2])
def test_both_client_claims_appear_where_the_application_asks_for_them(version):
    resource = of_version_1(token_version=version)
    one = claims(grant(resource=resource), BASE, NOW, "aio")
    both = claims(grant(resource=resource, both_client_claims=True), BASE, NOW, "aio")
    assert ("appid" in one) != ("azp" in one)
    assert both["appid"] == both["azp"] == str(APPLICATION.app_id)


@every(("tenant", "application", "lifetime"), [(3_600, None, 3_600), (600, None, 600), (600, 86_400, 86_400)])
def test_the_lifetime_is_the_tenants_unless_the_application_has_one(tenant, application, lifetime):
    one = grant(token_lifetime=application)
    shorter = Tenant(id=TENANT.id, display_name="C", domains=("c.test",), created_at=AT, token_lifetime=tenant)
    decided = Grant(TRACE, shorter, one.client, one.proof, one.resource, one.wanted, ())
    assert decided.lifetime == lifetime
    made = claims(decided, BASE, NOW, "aio")
    assert made["exp"] - made["nbf"] == lifetime + EARLY
    assert made["iat"] == made["nbf"] == NOW - 300


def test_an_access_token_shows_nothing_of_itself():
    token = AccessToken("eyJhbGciOi", NOW, 3_600, "api://orders")
    assert "eyJ" not in repr(token)
    assert "3600" in repr(token)


def test_issuers_of_the_two_versions():
    assert issuer(BASE, TENANT.id, 1) == f"{BASE}/{TENANT.id}/"
    assert issuer(BASE, TENANT.id, 2) == f"{BASE}/{TENANT.id}/v2.0"


@given(st.uuids(), st.uuids())
def test_identifiers_have_the_shape_of_entra_ids(one, two):
    assert len(uti(one)) == 22
    assert (uti(one) == uti(two)) is (one == two)
    text = rh(one, two)
    assert text.startswith("1.A")
    assert text.endswith(".")
    assert len(text) == 57
