"""What only this authority has: issuer records, and the settings of a tenant."""

import pytest

from accredit.administer import issuers, tenants
from accredit.app import seed
from accredit.interop.graph import issuer, organization
from tests.support.every import every
from tests.web.graph.callers import Graph
from tests.web.graph.trusting import ABSENT, audited, refused

GITHUB = str(seed.marked("issuer github"))
BASE = "https://localhost:8443"
WRITE, WIDEN = "Application.ReadWrite.All", "Accredit.Trust.Widen"
ISSUERS = "/beta/accredit.issuers"
TENANT = "/beta/accredit.tenant"
URL = "https://idp.example"


@pytest.fixture(scope="module")
def admin(graph: Graph) -> str:
    return graph.admin()


def keys(graph) -> str:
    return graph.wire.ask("GET", "/idp/github/.well-known/jwks").body.decode()


def stored(graph, id_):
    async def read():
        async with graph.wire.runtime.registry.reading() as store:
            return await store.issuers.get(id_)

    return graph.wire.run(read)


def made(graph, token, **members):
    answer = graph.ask("POST", ISSUERS, token, {"url": URL, **members})
    assert answer.status == 201, answer.body
    return answer.json


def test_records_are_listed_with_how_many_credentials_name_them(graph, admin):
    listed = graph.ask("GET", ISSUERS + "?$count=true", admin).json
    assert listed["@odata.context"] == f"{BASE}/beta/$metadata#accredit.issuers"
    (github,) = [each for each in listed["value"] if each["id"] == GITHUB]
    assert (github["url"], github["credentials"]) == (seed.GITHUB, 1)
    assert listed["@odata.count"] == len(listed["value"])
    assert graph.ask("GET", f"{ISSUERS}/$count", admin).body == str(len(listed["value"])).encode()


def test_records_by_their_url(graph, admin):
    found = graph.ask("GET", f"{ISSUERS}?$filter=url%20eq%20'{seed.GITHUB}'", admin).json["value"]
    assert [each["id"] for each in found] == [GITHUB]


def test_a_record_is_shown_as_it_is_stored(graph, admin):
    shown = graph.ask("GET", f"{ISSUERS}/{GITHUB}", admin).json
    assert shown["@odata.context"] == f"{BASE}/beta/$metadata#accredit.issuers/$entity"
    record, credentials = issuer.read(shown, seed.TENANT_ID)
    assert (record, credentials) == (stored(graph, seed.marked("issuer github")), 1)


@every("wanted", [ABSENT, "x"])
@every("call", ["GET", "PATCH", "DELETE", "block", "unblock", "uploadKeys"])
def test_a_record_that_is_not_there(graph, admin, call, wanted):
    method, rest = (call, "") if call.isupper() else ("POST", f"/{call}")
    body = {"jwks": "{}"} if call == "uploadKeys" else None if method in ("GET", "DELETE") else {}
    assert refused(graph.ask(method, f"{ISSUERS}/{wanted}{rest}", admin, body))[:2] == (404, "Request_ResourceNotFound")


def test_a_record_by_something_else(graph, admin):
    assert graph.ask("GET", f"{ISSUERS}(url='x')", admin).status == 404


def test_what_is_another_tenants_is_not_there(own):
    run, by, admin = own.wire.run, own.wire.administrator, own.admin()
    tenant = run(tenants.create, by, display_name="Other", domains=("other.test",))
    theirs = run(issuers.create, by, tenant.id, URL).id
    assert str(theirs) not in own.ask("GET", ISSUERS, admin).body.decode()
    for method, rest in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/block"), ("POST", "/unblock")):
        body = None if method in ("GET", "DELETE") else {}
        assert own.ask(method, f"{ISSUERS}/{theirs}{rest}", admin, body).status == 404


def test_from_registering_an_issuer_to_deleting_it(own):
    admin = own.admin()
    new = made(own, admin, algorithms=["RS256"], jwksUrl="https://idp.example/keys", allowedJwksHosts=["idp.example"])
    path = f"{ISSUERS}/{new['id']}"
    assert (new["keySource"], new["credentials"]) == ("jwks_url", 0)
    assert own.ask("PATCH", path, admin, {"jwksUrl": None, "skew": 10, "maxLifetime": 600}).status == 204
    changed = own.ask("GET", path, admin).json
    assert (changed["keySource"], changed["skew"], changed["maxLifetime"]) == ("discovery", 10, 600)
    uploaded = own.ask("POST", f"{path}/uploadKeys", admin, {"jwks": keys(own)}).json
    assert (uploaded["keySource"], uploaded["jwks"]) == ("uploaded", keys(own))
    assert own.ask("POST", f"{path}/block", admin, {}).json["blocked"] is True
    assert own.ask("POST", f"{path}/unblock", admin, {}).json["blocked"] is False
    assert own.ask("DELETE", path, admin).status == 204
    assert own.ask("GET", path, admin).status == 404
    told = [each for each in audited(own) if each.targets[0].name == URL]
    assert sorted(each.activity for each in told) == ["Add issuer", "Delete issuer", *["Update issuer"] * 4]
    assert {each.actor.kind for each in told} == {"application"}


def test_the_answer_to_a_new_record_says_where_it_is(own):
    answer = own.ask("POST", ISSUERS, own.admin(), {"url": URL, "jwks": keys(own)})
    assert answer.headers["location"] == f"{BASE}/beta/accredit.issuers/{answer.json['id']}"
    assert answer.json["keySource"] == "uploaded"


def test_what_a_blocked_issuer_signed_proves_nothing_from_the_next_request_on(own):
    caller = own.caller(WRITE).token
    own.wire.run(issuers.upload, own.wire.administrator, seed.marked("issuer github"), keys(own))
    assert own.wire.post(own.wire.form()).status == 200
    assert own.ask("POST", f"{ISSUERS}/{GITHUB}/block", caller, {}).status == 200
    assert own.wire.post(own.wire.form()).status != 200
    assert own.ask("POST", f"{ISSUERS}/{GITHUB}/unblock", caller, {}).status == 403
    assert own.ask("POST", f"{ISSUERS}/{GITHUB}/unblock", own.caller(WRITE, WIDEN).token, {}).status == 200
    assert own.wire.post(own.wire.form()).status == 200


def test_what_an_issuer_signed_that_is_not_allowed_is_refused_from_the_next_request_on(own):
    own.wire.run(issuers.upload, own.wire.administrator, seed.marked("issuer github"), keys(own))
    admin, form = own.admin(), own.wire.form
    for listed in ([URL], [URL, seed.GITHUB], [seed.GITHUB + "/"], None):
        assert own.ask("PATCH", TENANT, admin, {"allowedIssuers": listed}).status == 204
        answer = own.wire.post(form())
        allowed = listed is None or seed.GITHUB in listed
        assert (answer.status, answer.json.get("error_codes", [0])) == ((200, [0]) if allowed else (401, [700238]))
        assert own.ask("GET", TENANT, admin).json["allowedIssuers"] == listed
    told = [each.targets[0].modified[0] for each in audited(own) if each.activity == "Update tenant"]
    assert {each.name for each in told} == {"allowedIssuers"}
    assert (f'["{seed.GITHUB}/"]', "null") in {(each.before, each.after) for each in told}


REFUSED = {
    "an issuer that there is already": ("POST", "", {"url": seed.GITHUB}, "issuer"),
    "a URL that is none": ("POST", "", {"url": "idp"}, "issuer"),
    "a body without a URL": ("POST", "", {}, "url"),
    "a member that there is none of": ("POST", "", {"url": URL, "name": "x"}, "name"),
    "keys that are none": ("POST", f"/{GITHUB}/uploadKeys", {"jwks": "{}"}, "jwks"),
    "another URL": ("PATCH", f"/{GITHUB}", {"url": URL}, "url"),
    "an algorithm that there is none of": ("PATCH", f"/{GITHUB}", {"algorithms": ["none"]}, "algorithms"),
}


@every("row", REFUSED.values(), ids=REFUSED.keys())
def test_what_an_issuer_record_is_refused_for(graph, admin, row):
    method, rest, body, name = row
    answer = graph.ask(method, ISSUERS + rest, admin, body)
    assert answer.status == 400
    assert name in refused(answer)[2]


def test_a_record_that_credentials_name_is_not_deleted(graph, admin):
    assert graph.ask("DELETE", f"{ISSUERS}/{GITHUB}", admin).status == 409


def test_the_settings_of_the_tenant(own):
    admin = own.admin()
    shown = own.ask("GET", TENANT, admin).json
    tenant, emulator = organization.read(shown)
    assert (tenant.id, tenant.portability, emulator) == (seed.TENANT_ID, "entra", True)
    change = {"portability": "extended", "tokenLifetime": 600, "trustChanges": "owner_may_narrow"}
    assert own.ask("PATCH", TENANT, admin, change).status == 204
    after = own.ask("GET", TENANT, admin).json
    assert {name: after[name] for name in change} == change
    token = own.wire.post({
        "grant_type": "client_credentials",
        "client_id": str(seed.ADMIN_ID),
        "client_secret": seed.ADMIN_SECRET,
        "scope": "https://graph.microsoft.com/.default",
    })  # fmt: skip
    assert token.json["expires_in"] <= 600
    (told,) = [each for each in audited(own) if each.activity == "Update tenant"]
    assert {each.name for each in told.targets[0].modified} == {"portability", "tokenLifetime", "trustChanges"}


SETTINGS = {
    "a domain that is none": ({"domains": ["x"]}, "domains"),
    "no domain": ({"domains": []}, "domains"),
    "a lifetime that is too long": ({"tokenLifetime": 10**6}, "tokenLifetime"),
    "an allowed issuer that is none": ({"allowedIssuers": ["idp"]}, "allowedIssuers"),
    "no allowed issuer": ({"allowedIssuers": []}, "allowedIssuers"),
    "another id": ({"id": ABSENT}, "id"),
    "what concerns all tenants": ({"retention": {}}, "retention"),
}


@every("row", SETTINGS.values(), ids=SETTINGS.keys())
def test_settings_that_are_refused(graph, admin, row):
    body, name = row
    answer = graph.ask("PATCH", TENANT, admin, body)
    assert (answer.status, name in refused(answer)[2]) == (400, True)


CALLS = {
    "GET accredit.issuers": ("GET", ISSUERS, None),
    "POST accredit.issuers": ("POST", ISSUERS, {"url": URL}),
    "GET accredit.tenant": ("GET", TENANT, None),
    "PATCH accredit.tenant": ("PATCH", TENANT, {"tokenLifetime": 60}),
}


@every("row", CALLS.values(), ids=CALLS.keys())
def test_they_are_in_beta_only(graph, admin, row):
    method, path, body = row
    answer = graph.ask(method, path.replace("/beta/", "/v1.0/"), admin, body)
    assert refused(answer)[0] == 404
    assert "accredit." in refused(answer)[2]


LACKING = {
    "registering, without the right to widen": ("POST", ISSUERS, (WRITE,)),
    "changing, without the right to widen": ("PATCH", f"{ISSUERS}/{GITHUB}", (WRITE,)),
    "deleting, without the right to widen": ("DELETE", f"{ISSUERS}/{GITHUB}", (WRITE,)),
    "uploading, without the right to widen": ("POST", f"{ISSUERS}/{GITHUB}/uploadKeys", (WRITE,)),
    "widening what one may not write": ("POST", ISSUERS, (WIDEN,)),
    "blocking, as one who only reads": ("POST", f"{ISSUERS}/{GITHUB}/block", ("Application.Read.All",)),
    "settings, without the right to widen": ("PATCH", TENANT, ("Directory.ReadWrite.All",)),
}


@every("row", LACKING.values(), ids=LACKING.keys())
def test_who_may_not(graph, row):
    method, path, roles = row
    body = None if method == "DELETE" else {}
    assert refused(graph.ask(method, path, graph.caller(*roles).token, body))[:2] == (
        403,
        "Authorization_RequestDenied",
    )


def test_what_cannot_be_expanded(graph, admin):
    assert refused(graph.ask("GET", f"{ISSUERS}?$expand=credentials", admin))[1] == "Request_UnsupportedQuery"
