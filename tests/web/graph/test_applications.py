import base64
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID

import pytest

from accredit.administer import applications, principals
from accredit.app import seed
from accredit.directory import Client, Registration
from accredit.interop.odata import Options
from accredit.query import Query
from accredit.stores.memory import MemoryRegistry
from accredit.web.bearer import Caller
from accredit.web.graph.answers import NOTHING
from accredit.web.graph.applications import changed
from accredit.web.graph.call import Call, Key
from tests.administer.office import office
from tests.forge import certificate, token
from tests.support.stories import run
from tests.wire.authority import BASE

MEMBERS = (
    "id deletedDateTime appId applicationTemplateId disabledByMicrosoftStatus createdDateTime displayName description "
    "groupMembershipClaims identifierUris isDeviceOnlyAuthSupported isFallbackPublicClient isDisabled "
    "nativeAuthenticationApisEnabled notes publisherDomain serviceManagementReference signInAudience tags "
    "tokenEncryptionKeyId uniqueName samlMetadataUrl defaultRedirectUri certification optionalClaims "
    "requestSignatureVerification servicePrincipalLockConfiguration addIns api appRoles info keyCredentials "
    "parentalControlSettings passwordCredentials publicClient requiredResourceAccess verifiedPublisher web spa"
)
MORE = ["oauth2RequirePostResponse", "createdByAppId", "managerApplications", "authenticationBehaviors"]
CERTIFICATES = [certificate("ES256", each) for each in range(3)]
NOBODY = "00000000-1111-4222-8333-444444444444"


@pytest.fixture
def writer(graph):
    """The token of an application that may write every application."""
    return graph.caller("Application.ReadWrite.All").token


@pytest.fixture
def made(graph, writer):
    """An application, as Graph wrote it when it was made."""
    return make(graph, writer, displayName="demo")


def make(graph, token, **members):
    answer = graph.ask("POST", "/v1.0/applications", token, {"displayName": "demo"} | members)
    assert answer.status == 201, answer.body
    return answer.json


def get(graph, token, path):
    answer = graph.ask("GET", path, token)
    assert answer.status == 200, answer.body
    return answer.json


def patch(graph, token, of, **members):
    return graph.ask("PATCH", f"/v1.0/applications/{of['id']}", token, members)


def audits(graph, of):
    """The records about an application, in no order: they all bear the same instant."""

    async def read():
        async with graph.wire.runtime.registry.reading() as store:
            found = (await store.audits.search(Query(limit=500), tenant_id=seed.TENANT_ID)).things
            return [each for each in found if str(each.targets[0].id) == of["id"]]

    return graph.wire.run(read)


def test_an_application_has_all_its_members_in_the_order_of_graph(graph, writer, made):
    assert list(made) == ["@odata.context", *MEMBERS.split()]
    assert made["@odata.context"] == f"{BASE}/v1.0/$metadata#applications/$entity"
    assert made["createdDateTime"] == "2026-11-23T14:00:00Z"
    assert made["publisherDomain"] == get(graph, writer, f"/v1.0/applications/{made['id']}")["publisherDomain"]
    shown = get(graph, writer, f"/beta/applications/{made['id']}")
    assert list(shown) == ["@odata.context", *MEMBERS.split(), *MORE, "accredit"]
    assert shown["accredit"] == {"signingAlgorithm": "RS256", "tokenLifetime": None, "bothClientClaims": False}
    selected = get(graph, writer, f"/v1.0/applications/{made['id']}?$select=id,createdByAppId")
    assert selected["createdByAppId"] == str(graph.caller("Application.ReadWrite.All").application.app_id)
    assert list(selected) == ["@odata.context", "id", "createdByAppId"]


def test_an_application_is_made_without_a_service_principal_and_says_where_it_is(graph, writer):
    answer = graph.ask("POST", "/v1.0/applications", writer, {"displayName": "demo", "keyCredentials": []})
    assert answer.headers["location"] == f"{BASE}/v1.0/applications/{answer.json['id']}"

    async def principals():
        async with graph.wire.runtime.registry.reading() as store:
            return await store.principals.find(tenant_id=seed.TENANT_ID, app_id=UUID(answer.json["appId"]))

    assert graph.wire.run(principals) == []


@pytest.mark.parametrize("form", ["/{id}", "('{id}')", "(appId='{appId}')", "(uniqueName='{uniqueName}')"])
def test_an_application_is_found_by_any_of_its_keys(graph, writer, form):
    name = "found" + form.partition("=")[0].strip("(/'{}")
    of = make(graph, writer, uniqueName=name)
    assert get(graph, writer, f"/v1.0/applications{form.format_map(of)}") == of


def test_what_is_changed_is_merged_member_by_member_and_collections_are_replaced(graph, writer):
    of = make(
        graph,
        writer,
        web={"homePageUrl": "https://a.test", "redirectUris": ["https://a.test/1", "https://a.test/2"]},
        api={"requestedAccessTokenVersion": 2},
        tags=["a"],
    )
    assert (
        patch(graph, writer, of, web={"redirectUris": ["https://a.test/3"]}, api={"acceptMappedClaims": True}).status
        == 204
    )
    after = get(graph, writer, f"/v1.0/applications/{of['id']}")
    assert after["web"] == of["web"] | {"redirectUris": ["https://a.test/3"]}
    assert after["api"] == of["api"] | {"acceptMappedClaims": True}
    assert after["tags"] == ["a"]


def test_what_was_read_can_be_written_back_and_changes_nothing(graph, writer, made):
    for version in ("v1.0", "beta"):
        shown = get(graph, writer, f"/{version}/applications/{made['id']}")
        records = len(audits(graph, made))
        assert graph.ask("PATCH", f"/{version}/applications/{made['id']}", writer, shown).status == 204
        assert get(graph, writer, f"/{version}/applications/{made['id']}") == shown
        assert len(audits(graph, made)) == records


def test_nulls_are_echoed(graph, writer, made):
    nulls = dict.fromkeys(("description", "notes", "groupMembershipClaims", "isFallbackPublicClient", "isDisabled"))
    assert patch(graph, writer, made, **nulls, isDeviceOnlyAuthSupported=None, web={"logoutUrl": None}).status == 204
    after = get(graph, writer, f"/v1.0/applications/{made['id']}")
    assert {name: after[name] for name in nulls} == nulls


def test_what_is_ours_is_changed_in_beta_only(graph, writer, made):
    ours = {"accredit": {"signingAlgorithm": "ES256", "tokenLifetime": 600}}
    assert graph.ask("PATCH", f"/v1.0/applications/{made['id']}", writer, ours).status == 400
    assert graph.ask("PATCH", f"/beta/applications/{made['id']}", writer, ours).status == 204
    shown = get(graph, writer, f"/beta/applications/{made['id']}")["accredit"]
    assert shown == {"signingAlgorithm": "ES256", "tokenLifetime": 600, "bothClientClaims": False}


ROLE = {
    "allowedMemberTypes": ["Application"],
    "description": "Read",
    "displayName": "Read",
    "id": "7d6f9d3c-1d2b-4c7c-9a3e-3f2f6d1f0a01",
    "isEnabled": True,
    "value": "Things.Read",
}
REFUSED = {
    "no name": ({"displayName": None}, "displayName"),
    "an unknown member": ({"nickname": "x"}, "nickname"),
    "an unknown member inside": ({"web": {"homepage": "x"}}, "web/homepage"),
    "an unknown member in a collection": ({"appRoles": [ROLE | {"color": "red"}]}, "appRoles/color"),
    "a text where a truth belongs": ({"isDeviceOnlyAuthSupported": "no"}, "isDeviceOnlyAuthSupported"),
    "a collection that is none": ({"identifierUris": "api://x"}, "identifierUris"),
    "an object that is none": ({"web": []}, "web"),
    "objects that are none": ({"appRoles": ROLE}, "appRoles"),
    "version 3 of tokens": ({"api": {"requestedAccessTokenVersion": 3}}, "api/requestedAccessTokenVersion"),
    "another id": ({"id": NOBODY}, "id"),
    "another appId": ({"appId": NOBODY}, "appId"),
    "another domain": ({"publisherDomain": "evil.test"}, "publisherDomain"),
    "a logo": ({"info": {"logoUrl": "https://a.test/logo"}}, "info/logoUrl"),
    "a role without an id": ({"appRoles": [{**ROLE, "id": None}]}, "appRoles/id"),
    "an audience that is none": ({"signInAudience": "Everybody"}, "signInAudience"),
    "a member of beta": ({"authenticationBehaviors": None}, "authenticationBehaviors"),
    "a secret of one's own": ({"passwordCredentials": [{"secretText": "x"}]}, "passwordCredentials/keyId"),
    "a secret that nobody made": ({"passwordCredentials": [{"keyId": NOBODY}]}, "passwordCredentials"),
    "a certificate that is no base64": ({"keyCredentials": [{"key": "%"}]}, "key"),
    "a certificate without one": ({"keyCredentials": [{"displayName": "x"}]}, "keyCredentials"),
    "a key that signs": ({"keyCredentials": [{"key": "", "usage": "Sign"}]}, "usage"),
    "a symmetric key": ({"keyCredentials": [{"key": "", "type": "Symmetric"}]}, "type"),
    "owners where they are not bound": ({"owners@odata.bind": []}, "owners@odata.bind"),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_a_change_is_refused_with(graph, writer, made, sentence):
    members, name = REFUSED[sentence]
    answer = patch(graph, writer, made, **members)
    assert answer.status == 400
    assert f"Invalid value specified for property '{name}' of resource" in answer.json["error"]["message"]
    assert get(graph, writer, f"/v1.0/applications/{made['id']}") == made


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"displayName": "x", "owners@odata.bind": "me"},
        {"displayName": ""},
        {"displayName": "x", "id": NOBODY},
        {"displayName": 1},
    ],
)
def test_nothing_is_made_of(graph, writer, body):
    answer = graph.ask("POST", "/v1.0/applications", writer, body)
    assert (answer.status, answer.json["error"]["code"]) == (400, "Request_BadRequest")


def test_an_enabled_role_is_disabled_before_it_changes(graph, writer):
    of = make(graph, writer, appRoles=[ROLE])
    refused = patch(graph, writer, of, appRoles=[ROLE | {"value": "Other"}])
    assert refused.json["error"]["code"] == "CannotDeleteOrUpdateEnabledEntitlement"
    assert patch(graph, writer, of, appRoles=[]).status == 400
    assert patch(graph, writer, of, appRoles=[ROLE | {"isEnabled": False}]).status == 204
    assert patch(graph, writer, of, appRoles=[]).status == 204


def test_a_unique_name_makes_one_application_however_often_it_is_sent(graph, writer):
    path, prefer = "/v1.0/applications(uniqueName='only-one')", {"prefer": "create-if-missing"}
    body = {"displayName": "Only one"}
    assert graph.ask("PATCH", path, writer, body).status == 404
    first = graph.ask("PATCH", path, writer, body, prefer)
    assert (first.status, first.json["uniqueName"]) == (201, "only-one")
    assert first.headers["location"].endswith(first.json["id"])
    again = graph.ask("PATCH", path, writer, {"displayName": "Renamed"}, prefer)
    assert (again.status, again.body) == (204, b"")
    assert get(graph, writer, path)["displayName"] == "Renamed"
    assert graph.ask("PATCH", path, writer, {"uniqueName": "other"}, prefer).status == 400
    taken = graph.ask("POST", "/v1.0/applications", writer, {"displayName": "x", "uniqueName": "ONLY-ONE"})
    assert (taken.status, taken.json["error"]["code"]) == (400, "Request_MultipleObjectsWithSameKeyValue")
    assert graph.ask("PATCH", f"/v1.0/applications/{NOBODY}", writer, body, prefer).status == 404


class Behind:
    """A registry that has not seen anything yet when it is first read, as another process's may not have."""

    def __init__(self, registry):
        self.views = [MemoryRegistry(), registry]
        self.transaction = registry.transaction

    def reading(self):
        return (self.views.pop(0) if len(self.views) > 1 else self.views[0]).reading()


def test_an_application_that_another_process_made_meanwhile_is_changed():
    at = office()
    of = run(applications.create(at.by, at.tenant.id, display_name="a", registration=Registration(unique_name="raced")))
    call = Call(
        by=replace(at.by, registry=Behind(at.registry)),
        caller=Caller(at.tenant, Client(of, at.principal(of.app_id)), frozenset()),
        version="v1.0",
        keys=(Key("uniqueName", "raced"),),
        options=Options(),
        graph=BASE,
        path="applications(uniqueName='raced')",
        alone=None,
        log=None,
        authority=None,
        key_watch=None,
        body={"displayName": "b"},
        prefer=frozenset({"create-if-missing"}),
    )
    assert run(changed(call)) is NOTHING
    assert at.read("applications", unique_name="raced")[0].display_name == "b"


def test_whoever_sends_a_unique_name_at_the_same_time_one_makes_it_and_the_others_change_it(graph, writer):
    path, prefer = "/v1.0/applications(uniqueName='raced')", {"prefer": "create-if-missing"}

    def send(number):
        return graph.ask("PATCH", path, writer, {"displayName": f"racer {number}"}, prefer).status

    with ThreadPoolExecutor(8) as racers:
        assert sorted(racers.map(send, range(8))) == [201] + [204] * 7


def test_an_upsert_is_refused_for_whatever_else_is_taken(graph, writer):
    make(graph, writer, identifierUris=["api://taken"])
    body = {"displayName": "x", "identifierUris": ["api://taken"]}
    answer = graph.ask("PATCH", "/v1.0/applications(uniqueName='fresh')", writer, body, {"prefer": "create-if-missing"})
    assert (answer.status, answer.json["error"]["code"]) == (400, "Request_BadRequest")
    assert answer.json["error"]["message"].endswith("property identifierUris already exists.")


@pytest.mark.parametrize(("name", "told"), [("told-a", None), ("told-b", "told-b"), ("told-c", "TOLD-c")])
def test_an_upsert_that_also_says_its_name_makes_one_application_of_that_name(graph, writer, name, told):
    path, prefer = f"/v1.0/applications(uniqueName='{name}')", {"prefer": "create-if-missing"}
    body = {"displayName": "x", "uniqueName": told}
    first, again = (graph.ask("PATCH", path, writer, body, prefer) for _ in range(2))
    assert (first.status, first.json["uniqueName"]) == (201, name)
    assert again.status == 204


def test_an_upsert_that_says_another_name_is_refused_and_makes_nothing(graph, writer):
    path, prefer = "/v1.0/applications(uniqueName='named-a')", {"prefer": "create-if-missing"}
    for told in ("named-b", "", 5):
        answer = graph.ask("PATCH", path, writer, {"displayName": "x", "uniqueName": told}, prefer)
        assert (answer.status, answer.json["error"]["message"]) == (
            400,
            "Invalid value specified for property 'uniqueName' of resource 'Application'.",
        )
    for name in ("named-a", "named-b"):
        assert graph.ask("GET", f"/v1.0/applications(uniqueName='{name}')", writer).status == 404


def test_applications_are_listed_filtered_paged_and_counted(graph, writer):
    ids = {make(graph, writer, displayName=f"page {n}", tags=["paged"])["id"] for n in range(5)}
    path, found, pages = "/v1.0/applications?$filter=tags/any(t:t%20eq%20'paged')&$top=2&$count=true&$select=id", [], 0
    while path:
        answer = get(graph, writer, path)
        assert answer["@odata.count"] == 5
        found += [each["id"] for each in answer["value"]]
        path, pages = answer.get("@odata.nextLink", "").removeprefix(BASE), pages + 1
    assert (set(found), len(found), pages) == (ids, 5, 3)
    count = graph.ask("GET", "/v1.0/applications/$count?$filter=startswith(displayName,'page ')", writer)
    assert count.body == b"5"
    by_object_id = get(graph, writer, f"/v1.0/applications?$filter=appId%20eq%20'{found[0]}'")
    assert by_object_id["value"] == []


def test_a_secret_is_shown_once_and_works_at_once(graph, writer):
    of = make(graph, writer)
    run, by = graph.wire.run, graph.wire.administrator
    run(principals.create, by, seed.TENANT_ID, UUID(of["appId"]))
    asked = {
        "passwordCredential": {
            "displayName": None,
            "endDateTime": "2027-11-23T14:00:00.5+02:00",
            "startDateTime": "2026-11-23T14:00:00Z",
        }
    }
    answer = graph.ask("POST", f"/v1.0/applications/{of['id']}/addPassword", writer, asked)
    made = answer.json
    assert answer.status == 200
    assert made.pop("@odata.context") == f"{BASE}/v1.0/$metadata#microsoft.graph.passwordCredential"
    assert list(made) == [
        "customKeyIdentifier",
        "displayName",
        "endDateTime",
        "hint",
        "keyId",
        "secretText",
        "startDateTime",
    ]
    assert (made["hint"], made["endDateTime"]) == (made["secretText"][:3], "2027-11-23T12:00:00Z")
    graph.token(of["appId"], made["secretText"])
    (kept,) = get(graph, writer, f"/v1.0/applications/{of['id']}")["passwordCredentials"]
    assert kept == made | {"secretText": None}
    removal = {"keyId": made["keyId"]}
    assert graph.ask("POST", f"/v1.0/applications/{of['id']}/removePassword", writer, removal).status == 204
    assert graph.ask("POST", f"/v1.0/applications/{of['id']}/removePassword", writer, removal).status == 404
    for record in audits(graph, of):
        assert made["secretText"] not in repr(record)


@pytest.mark.parametrize(
    "body",
    [
        {"passwordCredential": {"secretText": "mine"}},
        {"passwordCredential": {"keyId": NOBODY}},
        {"passwordCredential": {"endDateTime": "2027-11-23T14:00:00"}},
        {"passwordCredential": {"endDateTime": "9999-12-31T23:59:59-05:00"}},
        {"passwordCredential": {"color": "red"}},
        {"password": {}},
    ],
)
def test_a_secret_is_not_made_of(graph, writer, made, body):
    assert graph.ask("POST", f"/v1.0/applications/{made['id']}/addPassword", writer, body).status == 400


def key(number, **members):
    """A key credential as clients send it: base64 in lines of 64 characters."""
    text = base64.encodebytes(CERTIFICATES[number].der).decode()
    return {"type": "AsymmetricX509Cert", "usage": "Verify", "key": text, **members}


def test_certificates_are_replaced_as_a_list(graph, writer, made):
    path = f"/v1.0/applications/{made['id']}"
    assert patch(graph, writer, made, keyCredentials=[key(0, displayName="a", keyId=NOBODY)]).status == 204
    (first,) = get(graph, writer, path)["keyCredentials"]
    assert (first["keyId"], first["key"], first["type"], first["usage"]) == (
        NOBODY,
        None,
        "AsymmetricX509Cert",
        "Verify",
    )
    shown = get(graph, writer, f"{path}?$select=keyCredentials")["keyCredentials"][0]["key"]
    assert base64.b64decode(shown) == CERTIFICATES[0].der
    assert patch(graph, writer, made, keyCredentials=[first, key(1)]).status == 204
    both = get(graph, writer, path)["keyCredentials"]
    assert both[0] == first
    assert patch(graph, writer, made, keyCredentials=[both[1]]).status == 204
    assert get(graph, writer, path)["keyCredentials"] == [both[1]]
    shown = [each.name for record in audits(graph, made) for each in record.targets[0].modified]
    assert shown.count("KeyCredentials") == 3


def proof(of, number=0):
    claims = {"iss": of["id"], "aud": "00000002-0000-0000-c000-000000000000", "nbf": 1795442400, "exp": 1795443000}
    return token(claims, alg="ES256", key=CERTIFICATES[number].key, header={"kid": ...})


def test_who_holds_a_key_rolls_it_without_any_role(graph, writer, made):
    nobody = graph.caller().token
    path = f"/v1.0/applications/{made['id']}"
    assert patch(graph, writer, made, keyCredentials=[key(0)]).status == 204
    old = get(graph, writer, path)["keyCredentials"][0]["keyId"]
    body = {"keyCredential": key(1), "passwordCredential": None, "proof": proof(made)}
    answer = graph.ask("POST", f"{path}/addKey", nobody, body)
    assert answer.status == 200, answer.body
    assert answer.json["@odata.context"] == f"{BASE}/v1.0/$metadata#microsoft.graph.keyCredential"
    wrong = graph.ask("POST", f"{path}/removeKey", nobody, {"keyId": old, "proof": proof(made, 2)})
    assert (wrong.status, wrong.json["error"]["code"]) == (400, "Request_BadRequest")
    assert graph.ask("POST", f"{path}/removeKey", nobody, {"keyId": old, "proof": proof(made)}).status == 204
    assert [each["keyId"] for each in get(graph, writer, path)["keyCredentials"]] == [answer.json["keyId"]]


@pytest.mark.parametrize(
    "address",
    [
        "{base}/v1.0/directoryObjects/{id}",
        "{base}/v1.0/servicePrincipals/{id}",
        "https://graph.microsoft.com/v1.0/directoryObjects/{id}",
        "https://graph.windows.net/tenant/directoryObjects/{id}",
        "{base}/beta/directoryObjects('{id}')",
        "directoryObjects/{id}",
    ],
)
def test_an_owner_is_named_by_its_address_on_any_host(graph, writer, made, address):
    owner = graph.caller("Application.Read.All").principal
    path = f"/v1.0/applications/{made['id']}/owners"
    body = {"@odata.id": address.format(base=BASE, id=owner.id)}
    assert graph.ask("POST", f"{path}/$ref", writer, body).status == 204
    again = graph.ask("POST", f"{path}/$ref", writer, body)
    assert (again.status, again.json["error"]["code"]) == (400, "Request_BadRequest")
    assert "already exist for the following modified properties: 'owners'" in again.json["error"]["message"]
    shown = get(graph, writer, path)
    assert shown["@odata.context"] == f"{BASE}/v1.0/$metadata#directoryObjects"
    assert [(each["@odata.type"], each["id"]) for each in shown["value"]] == [
        ("#microsoft.graph.servicePrincipal", str(owner.id))
    ]
    assert graph.ask("GET", f"{path}/$count", writer).body == b"1"
    assert graph.ask("DELETE", f"{path}/{owner.id}/$ref", writer).status == 204
    assert graph.ask("DELETE", f"{path}/{owner.id}/$ref", writer).status == 404
    assert graph.ask("DELETE", f"{path}/somebody/$ref", writer).status == 404
    assert get(graph, writer, path)["value"] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"@odata.id": f"{BASE}/v1.0/directoryObjects/{NOBODY}"}, 404),
        ({"@odata.id": f"{BASE}/v1.0/users/{NOBODY}"}, 400),
        ({"@odata.id": f"{BASE}/v1.0/directoryObjects/me"}, 400),
        ({"@odata.id": 1}, 400),
        ({}, 400),
        ({"@odata.id": f"{BASE}/v1.0/directoryObjects/{NOBODY}", "id": "x"}, 400),
    ],
)
def test_no_owner_is_named_by(graph, writer, made, body, status):
    assert graph.ask("POST", f"/v1.0/applications/{made['id']}/owners/$ref", writer, body).status == status


def test_owners_are_paged(graph, writer):
    wanted = {str(graph.caller(role).principal.id) for role in ("Application.Read.All", "Directory.Read.All")}
    bound = [f"{BASE}/v1.0/directoryObjects/{each}" for each in wanted]
    of = make(graph, writer, **{"owners@odata.bind": bound})
    first = get(graph, writer, f"/v1.0/applications/{of['id']}/owners?$top=1&$count=true&$select=id")
    assert first["@odata.count"] == 2
    second = get(graph, writer, first["@odata.nextLink"].removeprefix(BASE))
    pages = [[each["id"] for each in shown["value"]] for shown in (first, second)]
    assert sorted(pages) == [[each] for each in sorted(wanted)]
    assert "@odata.nextLink" not in second
    unknown = graph.ask("GET", f"/v1.0/applications/{of['id']}/owners?$filter=id%20eq%20'x'", writer)
    assert unknown.json["error"]["code"] == "Request_UnsupportedQuery"


def test_who_may_write_what_it_owns_owns_what_it_makes_and_writes_nothing_else(graph, made):
    caller = graph.new_caller("Application.ReadWrite.OwnedBy")
    of = make(graph, caller.token, displayName="mine")
    shown = get(graph, caller.token, f"/v1.0/applications/{of['id']}?$expand=owners")
    assert [each["id"] for each in shown["owners"]] == [str(caller.principal.id)]
    assert patch(graph, caller.token, of, displayName="renamed").status == 204
    path = f"/v1.0/applications/{made['id']}"
    for method, rest, body in (
        ("PATCH", "", {"displayName": "x"}),
        ("DELETE", "", None),
        ("POST", "/addPassword", {}),
        ("POST", "/removePassword", {"keyId": NOBODY}),
        ("POST", "/owners/$ref", {"@odata.id": f"{BASE}/v1.0/directoryObjects/{caller.principal.id}"}),
        ("DELETE", f"/owners/{caller.principal.id}/$ref", None),
    ):
        answer = graph.ask(method, path + rest, caller.token, body)
        assert (answer.status, answer.json["error"]["code"]) == (403, "Authorization_RequestDenied"), (method, rest)
    assert graph.ask("DELETE", f"/v1.0/applications/{of['id']}", caller.token).status == 204


def test_what_is_expanded_is_what_the_caller_could_ask_for(graph, writer):
    of = make(graph, writer, displayName="expanded")
    trust = {"name": "one", "issuer": "https://idp.test", "subject": "s", "audiences": ["api://AzureADTokenExchange"]}
    assert graph.ask("POST", f"/v1.0/applications/{of['id']}/federatedIdentityCredentials", writer, trust).status == 201
    expand = "$expand=owners,federatedIdentityCredentials"
    shown = get(graph, writer, f"/v1.0/applications/{of['id']}?{expand}&$select=id")
    assert [each["name"] for each in shown["federatedIdentityCredentials"]] == ["one"]
    assert (list(shown), shown["owners"]) == (["@odata.context", "id", "owners", "federatedIdentityCredentials"], [])
    listed = get(graph, writer, f"/v1.0/applications?$filter=displayName%20eq%20'expanded'&{expand}")
    assert [each["name"] for each in listed["value"][0]["federatedIdentityCredentials"]] == ["one"]
    reader = graph.caller("Application.Read.All").token
    for path in (f"/v1.0/applications/{of['id']}", "/v1.0/applications"):
        assert graph.ask("GET", f"{path}?{expand}", reader).status == 403
        assert graph.ask("GET", f"{path}?$expand=owners", reader).status == 200
        refused = graph.ask("GET", f"{path}?$expand=synchronization", writer)
        assert refused.json["error"]["code"] == "Request_UnsupportedQuery"


def test_navigations_that_lead_to_nothing_say_so(graph, writer, made):
    path = f"/v1.0/applications/{made['id']}"
    shown = get(graph, writer, f"{path}/tokenLifetimePolicies?$count=true")
    assert (shown["value"], shown["@odata.count"]) == ([], 0)
    assert graph.ask("GET", f"{path}/createdOnBehalfOf", writer).status == 204
    assert graph.ask("GET", f"/v1.0/applications/{NOBODY}/createdOnBehalfOf", writer).status == 404


def test_an_application_that_is_deleted_is_gone_with_its_principal(graph, writer):
    run, by = graph.wire.run, graph.wire.administrator
    of = run(applications.create, by, seed.TENANT_ID, display_name="short-lived")
    assert graph.ask("DELETE", f"/v1.0/applications/{of.id}", writer).status == 204
    assert graph.ask("DELETE", f"/v1.0/applications/{of.id}", writer).status == 404
    for _ in range(5):
        answer = graph.ask("GET", f"/v1.0/applications/{of.id}", writer)
        assert (answer.status, answer.json["error"]["code"]) == (404, "Request_ResourceNotFound")


def test_every_change_is_on_record_with_who_made_it_and_what_it_was_before(graph, writer):
    caller = graph.caller("Application.ReadWrite.All")
    of = make(graph, writer, displayName="before", notes="n")
    assert patch(graph, writer, of, displayName="after", notes=None).status == 204
    records = {each.activity: each for each in audits(graph, of)}
    assert records.keys() == {"Add application", "Update application"}
    changed = records["Update application"]
    assert (changed.actor.id, changed.actor.kind) == (str(caller.principal.id), "application")
    modified = {each.name: (json.loads(each.before), json.loads(each.after)) for each in changed.targets[0].modified}
    assert modified == {"displayName": ("before", "after"), "notes": ("n", None)}
