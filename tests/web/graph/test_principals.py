"""``servicePrincipals``: who may do what with them, what is shown, and what holds in the next exchange."""

import json
from base64 import b64encode
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from accredit.administer import applications, evidence, owners, principals, tenants
from accredit.app import seed
from accredit.directory import Application, wellknown
from tests.forge import Certified, b64, certificate
from tests.forge import token as forged
from tests.support.every import every
from tests.web.graph.callers import Caller, Graph
from tests.web.graph.trusting import ABSENT, audited, refused
from tests.wire.authority import BASE, Answer

READ = "Application.Read.All"
WRITE = "Application.ReadWrite.All"
OWNED = "Application.ReadWrite.OwnedBy"
PATH = "/v1.0/servicePrincipals"
GRAPH_ID = str(wellknown.principals()["graph"].app_id)
STORAGE_ID = str(wellknown.principals()["storage"].app_id)


def registered(graph: Graph, **members: Any) -> Application:
    """An application without a service principal."""
    more = {"display_name": f"app {uuid4()}", "with_principal": False} | members
    made = graph.wire.run(applications.create, graph.wire.administrator, seed.TENANT_ID, **more)
    assert isinstance(made, Application)
    return made


def ask(graph: Graph, method: str, rest: str = "", body: object = None, *, token: str = "", path: str = PATH) -> Answer:
    return graph.ask(method, path + rest, token or graph.caller(WRITE).token, body)


def make(graph: Graph, body: dict[str, Any] | None = None, *, token: str = "", **members: Any) -> dict[str, Any]:
    of = registered(graph, **members)
    answer = ask(graph, "POST", body={"appId": str(of.app_id), **(body or {})}, token=token)
    assert answer.status == 201, answer.body
    return dict(answer.json)


def test_one_is_made_shown_changed_and_deleted(graph: Graph) -> None:
    of = registered(graph, identifier_uris=("api://whole",))
    answer = ask(graph, "POST", body={"appId": str(of.app_id), "accountEnabled": True, "notes": "n"})
    made = answer.json
    assert answer.status == 201
    assert answer.headers["location"] == f"{BASE}{PATH}/{made['id']}"
    assert made["@odata.context"] == f"{BASE}/v1.0/$metadata#servicePrincipals/$entity"
    assert (made["appId"], made["notes"], made["accountEnabled"]) == (str(of.app_id), "n", True)
    assert made["servicePrincipalNames"] == [str(of.app_id), "api://whole"]
    assert ask(graph, "GET", f"/{made['id']}").json == made
    assert ask(graph, "GET", f"(appId='{of.app_id}')").json == made
    assert ask(graph, "PATCH", f"/{made['id']}", {"notes": None, "tags": ["a"]}).status == 204
    assert ask(graph, "GET", f"/{made['id']}").json == made | {"notes": None, "tags": ["a"]}
    assert ask(graph, "DELETE", f"/{made['id']}").status == 204
    for _ in range(5):
        assert refused(ask(graph, "GET", f"/{made['id']}"))[:2] == (404, "Request_ResourceNotFound")
    assert ask(graph, "DELETE", f"/{made['id']}").status == 404


def test_it_follows_its_application(graph: Graph) -> None:
    of = registered(graph)
    made = ask(graph, "POST", body={"appId": str(of.app_id)}).json
    body = {
        "displayName": "renamed",
        "identifierUris": [f"api://{of.app_id}"],
        "web": {"homePageUrl": "https://home.test"},
        "appRoles": [
            {
                "id": str(uuid4()),
                "allowedMemberTypes": ["Application"],
                "displayName": "Read",
                "value": "Read",
                "isEnabled": True,
            }
        ],
    }
    assert graph.ask("PATCH", f"/v1.0/applications/{of.id}", graph.caller(WRITE).token, body).status == 204
    found = ask(graph, "GET", f"/{made['id']}").json
    assert (found["displayName"], found["appDisplayName"], found["homepage"]) == ("renamed",) * 2 + (
        "https://home.test",
    )
    assert found["servicePrincipalNames"] == [str(of.app_id), f"api://{of.app_id}"]
    assert [each["value"] for each in found["appRoles"]] == ["Read"]


def test_a_well_known_one_is_made_where_it_is_absent(own: Graph) -> None:
    storage = ask(own, "GET", f"(appId='{STORAGE_ID}')").json
    assert refused(ask(own, "POST", body={"appId": STORAGE_ID}))[0] == 409
    assert ask(own, "DELETE", f"/{storage['id']}").status == 204
    made = ask(own, "POST", body={"appId": STORAGE_ID})
    assert made.status == 201
    assert made.json["servicePrincipalNames"] == [STORAGE_ID, "https://storage.azure.com"]
    assert made.json["appOwnerOrganizationId"] == str(wellknown.owner_tenant())


def test_beta_shows_more(graph: Graph) -> None:
    made = make(graph)
    found = ask(graph, "GET", f"/{made['id']}", path="/beta/servicePrincipals").json
    assert list(found)[-2:] == ["samlMetadataUrl", "accredit"]
    one = ask(graph, "GET", f"/{made['id']}?%24select=samlMetadataUrl", path="/beta/servicePrincipals").json
    assert one == {"@odata.context": f"{BASE}/beta/$metadata#servicePrincipals/$entity", "samlMetadataUrl": None}


def listed(graph: Graph, condition: str, more: str = "") -> list[dict[str, Any]]:
    answer = ask(graph, "GET", f"?$filter={quote(condition)}{more}")
    assert answer.status == 200, answer.body
    return list(answer.json["value"])


def test_they_are_found_by_their_names(graph: Graph) -> None:
    of = registered(graph, identifier_uris=(f"api://{uuid4()}",))
    made = ask(graph, "POST", body={"appId": str(of.app_id)}).json
    for name in (str(of.app_id), of.identifier_uris[0]):
        (found,) = listed(graph, f"servicePrincipalNames/any(c:c eq '{name}')")
        assert {"@odata.context": made["@odata.context"], **found} == made
    assert listed(graph, f"servicePrincipalNames/any(c:c eq '{made['id']}')") == []
    assert [each["id"] for each in listed(graph, f"appId eq '{of.app_id}'")] == [made["id"]]
    assert listed(graph, f"appId eq '{made['id']}'") == []


@every(
    ("condition", "found"),
    {
        "by our own address": (f"servicePrincipalNames/any(c:c eq '{BASE}')", ["Microsoft Graph"]),
        "by Microsoft's": (
            "servicePrincipalNames/any(c:c eq 'https://graph.microsoft.com')",
            ["Microsoft Graph"],
        ),
        "by what our address begins with": (
            f"servicePrincipalNames/any(c:startswith(c,'{BASE}'))",
            ["Azure Resource Manager", "Microsoft Graph"],
        ),
        "by one of several, and a condition beside": (
            f"servicePrincipalNames/any(c:c eq '{BASE}/arm') and appId ne '{GRAPH_ID}'",
            ["Azure Resource Manager"],
        ),
        "by what it is not called": (
            f"not(servicePrincipalNames/any(c:c eq '{BASE}')) and displayName eq 'Microsoft Graph'",
            [],
        ),
        "by either": (
            f"servicePrincipalNames/any(c:c eq '{BASE}') or displayName eq 'deploy-bot'",
            ["Microsoft Graph", "deploy-bot"],
        ),
    }.values(),
)
def test_what_follows_from_our_address_is_a_name_too(graph: Graph, condition: str, found: list[str]) -> None:
    assert sorted(each["displayName"] for each in listed(graph, condition)) == found
    counted = ask(graph, "GET", f"/$count?$filter={quote(condition)}")
    assert counted.body == str(len(found)).encode()


def test_pages_follow_one_another_in_order(graph: Graph) -> None:
    for _ in range(3):
        make(graph)
    token = graph.caller(READ).token
    total = int(ask(graph, "GET", "/$count").body)
    path, names = f"{PATH}?$top=2&$orderby=displayName&$count=true", []
    for _ in range(total):
        answer = graph.ask("GET", path, token).json
        assert answer["@odata.count"] == total
        names += [each["displayName"].casefold() for each in answer["value"]]
        if "@odata.nextLink" not in answer:
            break
        path = answer["@odata.nextLink"].removeprefix(BASE)
    assert names == sorted(names)
    assert len(names) == total


def test_what_is_expanded_is_shown_to_who_could_ask_for_it(graph: Graph) -> None:
    bot = str(seed.marked("principal deploy-bot"))
    rest = f"/{bot}?$expand=owners,appRoleAssignments,appRoleAssignedTo&$select=id"
    found = ask(graph, "GET", rest).json
    assert found["owners"] == []
    assert "Orders API" in {each["resourceDisplayName"] for each in found["appRoleAssignments"]}
    assert found["appRoleAssignedTo"] == []
    assert set(found) == {"@odata.context", "id", "owners", "appRoleAssignments", "appRoleAssignedTo"}
    assert refused(ask(graph, "GET", rest, token=graph.caller(OWNED).token))[0] == 403
    owners_only = ask(graph, "GET", f"/{bot}?$expand=owners", token=graph.caller(OWNED).token)
    assert owners_only.json["owners"] == []
    listed_so = ask(graph, "GET", "?$expand=appRoleAssignedTo&$filter=appId%20eq%20%27" + GRAPH_ID + "%27").json[
        "value"
    ]
    shown = listed_so[0]["appRoleAssignedTo"]
    assert {each["resourceDisplayName"] for each in shown} == {"Microsoft Graph"}
    assert len(shown) == 20  # of more: the rest is at the navigation's own address


def test_what_its_application_trusts_is_expanded(graph: Graph) -> None:
    bot, other = str(seed.marked("principal deploy-bot")), str(seed.marked("principal graph"))
    token = graph.caller("Application.ReadWrite.All").token
    expanded = ask(graph, "GET", f"/{bot}?$expand=federatedIdentityCredentials&$select=id", token=token).json
    listed = ask(graph, "GET", f"/{bot}/federatedIdentityCredentials", token=token).json["value"]
    assert len(listed) == 1
    assert expanded["federatedIdentityCredentials"] == listed
    alone = ask(graph, "GET", f"/{other}?$expand=federatedIdentityCredentials", token=token).json
    assert alone["federatedIdentityCredentials"] == []  # the application is another owner's
    reading = graph.caller(READ).token
    assert refused(ask(graph, "GET", f"/{bot}?$expand=federatedIdentityCredentials", token=reading))[0] == 403


@pytest.mark.parametrize("collection", ["applications", "servicePrincipals"])
def test_owners_are_referred_to_and_cast(graph: Graph, collection: str) -> None:
    made = graph.new_caller()
    of = made.application if collection == "applications" else made.principal
    owner = f"{BASE}/v1.0/directoryObjects/{seed.marked('principal deploy-bot')}"
    path, admin = f"/v1.0/{collection}/{of.id}/owners", graph.admin()
    assert graph.ask("POST", f"{path}/$ref", admin, {"@odata.id": owner}).status == 204
    referred = graph.ask("GET", f"{path}/$ref", admin).json
    assert referred == {"@odata.context": f"{BASE}/v1.0/$metadata#Collection($ref)", "value": [{"@odata.id": owner}]}
    plain = graph.ask("GET", path, admin).json
    assert len(plain["value"]) == 1
    for cast in ("microsoft.graph.servicePrincipal", "graph.servicePrincipal", "Microsoft.Graph.ServicePrincipal"):
        assert graph.ask("GET", f"{path}/{cast}", admin).json == plain
    assert graph.ask("GET", f"{path}/microsoft.graph.user", admin).status == 404
    assert graph.ask("GET", f"{path}/$ref?$orderby=id", admin).status == 400


def test_what_is_nowhere_to_be_found_here_is_an_empty_list(graph: Graph) -> None:
    bot = str(seed.marked("principal deploy-bot"))
    found = ask(graph, "GET", f"/{bot}/memberOf?$count=true").json
    assert found == {
        "@odata.context": f"{BASE}/v1.0/$metadata#directoryObjects",
        "@odata.count": 0,
        "value": [],
    }
    policies = ask(graph, "GET", f"/{bot}/claimsMappingPolicies").json
    assert policies["@odata.context"].endswith(f"#servicePrincipals('{bot}')/claimsMappingPolicies")
    assert ask(graph, "GET", f"/{ABSENT}/transitiveMemberOf").status == 404


def bad(text: str) -> tuple[int, str, str]:
    return 400, "Request_BadRequest", text


def invalid(member: str) -> tuple[int, str, str]:
    return bad(f"Invalid value specified for property '{member}' of resource 'ServicePrincipal'.")


def unsupported(member: str) -> tuple[int, str, str]:
    clause = f"Unsupported or invalid query filter clause specified for property '{member}'"
    return 400, "Request_UnsupportedQuery", f"{clause} of resource 'ServicePrincipal'."


TAKEN = (
    "The service principal cannot be created, updated, or restored because the service principal name "
    f"{seed.WORKLOAD_ID} is already in use."
)

REFUSALS: dict[str, tuple[str, str, object, tuple[int, str, str]]] = {
    "an application that is not there": (
        "POST",
        "",
        {"appId": ABSENT},
        bad(f"The appId '{ABSENT}' of the service principal does not reference a valid application object."),
    ),
    "no application": ("POST", "", {"displayName": "x"}, invalid("appId")),
    "an application that is no id": ("POST", "", {"appId": "deploy-bot"}, invalid("appId")),
    "a second one": (
        "POST",
        "",
        {"appId": str(seed.WORKLOAD_ID)},
        (409, "Request_MultipleObjectsWithSameKeyValue", TAKEN),
    ),
    "owners that are no list": (
        "POST",
        "",
        {"appId": STORAGE_ID, "owners@odata.bind": "x"},
        invalid("owners@odata.bind"),
    ),
    "a change of owners on the way": (
        "PATCH",
        f"/{seed.marked('principal deploy-bot')}",
        {"owners@odata.bind": []},
        invalid("owners@odata.bind"),
    ),
    "another name": ("PATCH", f"/{seed.marked('principal deploy-bot')}", {"displayName": "x"}, invalid("displayName")),
    "a question about what it has not": (
        "GET",
        "?$filter=colour%20eq%20%27red%27",
        None,
        unsupported("colour"),
    ),
    "a question about elements that are none": (
        "GET",
        "?$filter=servicePrincipalNames/any(c:c/x%20eq%20%27a%27)",
        None,
        unsupported("servicePrincipalNames/x"),
    ),
    "an expansion that is not served": (
        "GET",
        "?$expand=memberOf",
        None,
        unsupported("memberOf"),
    ),
}


@every("row", REFUSALS.values(), ids=REFUSALS.keys())
def test_refused_is(graph: Graph, row: tuple[str, str, object, tuple[int, str, str]]) -> None:
    method, rest, body, expected = row
    assert refused(ask(graph, method, rest, body)) == expected


def test_one_that_is_disabled_gets_no_token_from_now_on(graph: Graph) -> None:
    client = graph.new_caller(READ)
    who = f"/{client.principal.id}"
    assert ask(graph, "GET", "/$count", token=client.token).status == 200
    assert ask(graph, "PATCH", who, {"accountEnabled": False}).status == 204
    assert token(graph, client.secret, client).json["error_codes"] == [7000112]
    assert ask(graph, "GET", "/$count", token=client.token).status == 401, "a token that it got before is worth nothing"
    assert ask(graph, "PATCH", who, {"accountEnabled": True}).status == 204
    assert token(graph, client.secret, client).status == 200


def token(graph: Graph, secret: str, client: Caller) -> Answer:
    return graph.wire.post(
        {
            "grant_type": "client_credentials",
            "client_id": str(client.application.app_id),
            "client_secret": secret,
            "scope": "https://graph.microsoft.com/.default",
        }
    )


def test_a_secret_of_its_own_is_as_good_as_the_applications(graph: Graph) -> None:
    client = graph.new_caller(READ)
    who = f"/{client.principal.id}"
    answer = ask(graph, "POST", f"{who}/addPassword", {"passwordCredential": {}})
    made = answer.json
    assert answer.status == 200
    assert made["@odata.context"] == f"{BASE}/v1.0/$metadata#microsoft.graph.passwordCredential"
    (shown,) = ask(graph, "GET", who).json["passwordCredentials"]
    assert shown == {name: each for name, each in made.items() if "@" not in name} | {"secretText": None}
    assert token(graph, made["secretText"], client).status == 200
    assert token(graph, client.secret, client).status == 200
    assert ask(graph, "POST", f"{who}/removePassword", {"keyId": made["keyId"]}).status == 204
    assert token(graph, made["secretText"], client).json["error_codes"] == [7000215]
    assert token(graph, client.secret, client).status == 200
    said = json.dumps([[m.before, m.after] for r in audited(graph) for t in r.targets for m in t.modified])
    assert made["secretText"] not in said
    assert made["keyId"] in said


def signed(client: Caller, by: Certified, now: int) -> str:
    """An assertion that an application signs itself, with the key of a certificate."""
    who = str(client.application.app_id)
    audience = f"{BASE}/{seed.TENANT_ID}/oauth2/v2.0/token"
    claims = {"iss": who, "sub": who, "aud": audience, "jti": str(uuid4()), "nbf": now, "exp": now + 600}
    return forged(claims, key=by.key, header={"kid": ..., "x5t#S256": b64(by.sha256)})


def test_a_certificate_of_its_own_is_as_good_as_the_applications(graph: Graph) -> None:
    client, mine = graph.new_caller(READ), certificate()
    who = f"/{client.principal.id}"
    now = int(graph.wire.clock().timestamp())

    def post() -> Answer:
        form = graph.wire.form(
            client_id=str(client.application.app_id),
            client_assertion=signed(client, mine, now),
            scope="https://graph.microsoft.com/.default",
        )
        return graph.wire.post(form)

    assert post().json["error_codes"] == [700027]
    key = {"type": "AsymmetricX509Cert", "usage": "Verify", "key": b64encode(mine.der).decode()}
    assert ask(graph, "PATCH", who, {"keyCredentials": [key]}).status == 204
    assert post().status == 200, "without delay"
    (shown,) = ask(graph, "GET", who).json["keyCredentials"]
    assert (shown["key"], shown["customKeyIdentifier"]) == (None, mine.sha1.hex().upper())
    whole = ask(graph, "GET", f"{who}?$select=keyCredentials").json["keyCredentials"]
    assert whole == [shown | {"key": b64encode(mine.der).decode()}]
    assert ask(graph, "PATCH", who, {"keyCredentials": []}).status == 204
    assert post().json["error_codes"] == [700027]


def test_owners_are_bound_listed_and_taken_away(graph: Graph) -> None:
    owner = graph.caller(OWNED)
    address = f"{BASE}/v1.0/directoryObjects/{owner.principal.id}"
    made = make(graph, {"owners@odata.bind": [address]})
    path = f"/{made['id']}/owners"
    (shown,) = ask(graph, "GET", path).json["value"]
    assert (shown["@odata.type"], shown["id"]) == ("#microsoft.graph.servicePrincipal", str(owner.principal.id))
    assert refused(ask(graph, "POST", f"{path}/$ref", {"@odata.id": address}))[0] == 400
    assert ask(graph, "DELETE", f"{path}/{owner.principal.id}/$ref").status == 204
    assert ask(graph, "GET", path).json["value"] == []
    assert ask(graph, "POST", f"{path}/$ref", {"@odata.id": address}).status == 204


def test_who_may_write_only_what_it_owns_makes_one_for_its_own_application_and_owns_it(graph: Graph) -> None:
    owner = graph.caller(OWNED)
    of = registered(graph)
    body = {"appId": str(of.app_id)}
    assert refused(ask(graph, "POST", body=body, token=owner.token))[0] == 403
    assert refused(ask(graph, "POST", body={"appId": STORAGE_ID}, token=owner.token))[0] == 403
    graph.wire.run(owners.add, graph.wire.administrator, of, owner.principal.id)
    made = ask(graph, "POST", body=body, token=owner.token)
    assert made.status == 201
    who = f"/{made.json['id']}"
    (shown,) = ask(graph, "GET", f"{who}/owners").json["value"]
    assert shown["id"] == str(owner.principal.id)
    assert ask(graph, "PATCH", who, {"notes": "n"}, token=owner.token).status == 204
    assert ask(graph, "POST", f"{who}/addPassword", {}, token=owner.token).status == 200
    other = f"/{make(graph)['id']}"
    assert refused(ask(graph, "PATCH", other, {"notes": "n"}, token=owner.token))[0] == 403
    assert refused(ask(graph, "POST", f"{other}/addPassword", {}, token=owner.token))[0] == 403
    assert refused(ask(graph, "DELETE", other, token=owner.token))[0] == 403
    assert ask(graph, "DELETE", who, token=owner.token).status == 204


def test_every_change_leaves_a_record_of_who_made_it(graph: Graph) -> None:
    caller = graph.caller(WRITE)
    made = make(graph)
    ask(graph, "PATCH", f"/{made['id']}", {"accountEnabled": False, "notes": "n"})
    ask(graph, "DELETE", f"/{made['id']}")
    records = [each for each in audited(graph) if any(str(target.id) == made["id"] for target in each.targets)]
    found = {each.activity: each for each in records}
    assert found.keys() == {"Add service principal", "Update service principal", "Remove service principal"}
    updated = found["Update service principal"]
    assert updated.actor.id == str(caller.principal.id)
    assert {(each.name, each.before, each.after) for each in updated.targets[0].modified} == {
        ("enabled", "true", "false"),
        ("notes", "null", '"n"'),
    }


def test_where_trust_is_guarded_a_program_needs_the_role_for_it(own: Graph) -> None:
    narrow, wide = own.caller(WRITE), own.caller(WRITE, "Accredit.Trust.Widen")
    client = own.new_caller()
    by = own.wire.administrator
    own.wire.run(principals.update, by, client.principal.id, enabled=False)
    own.wire.run(tenants.update, by, seed.TENANT_ID, trust_changes="owner_may_narrow")
    who = f"/{client.principal.id}"
    enabling: tuple[str, str, object] = ("PATCH", who, {"accountEnabled": True})
    adding: tuple[str, str, object] = ("POST", f"{who}/addPassword", {})
    owning: tuple[str, str, object] = (
        "POST",
        f"{who}/owners/$ref",
        {"@odata.id": f"{BASE}/v1.0/directoryObjects/{narrow.principal.id}"},
    )
    for call in (enabling, adding, owning):
        assert refused(ask(own, *call, token=narrow.token))[:2] == (403, "Authorization_RequestDenied")
    for call in (adding, owning):
        assert ask(own, *call, token=wide.token).status in {200, 204}
    assert refused(ask(own, *enabling, token=wide.token))[0] == 403
    own.wire.run(principals.update, by, client.principal.id, enabled=True)
    assert ask(own, "PATCH", who, {"accountEnabled": False}, token=narrow.token).status == 204
    itself = f"/{wide.principal.id}/addPassword"
    assert refused(ask(own, "POST", itself, {}, token=wide.token))[0] == 403, "nobody widens trust in itself"


def test_nothing_of_another_tenant_is_there(graph: Graph) -> None:
    by = graph.wire.administrator
    other = graph.wire.run(tenants.create, by, display_name="B", domains=(f"b{uuid4().hex}.test",), enable=[])
    theirs = graph.wire.run(applications.create, by, other.id, display_name="theirs")
    assert refused(ask(graph, "POST", body={"appId": str(theirs.app_id)}))[0] == 400
    assert ask(graph, "GET", f"(appId='{theirs.app_id}')").status == 404
    assert listed(graph, f"appId eq '{theirs.app_id}'") == []
    assert graph.wire.run(evidence.add_secret, by, theirs.id)
