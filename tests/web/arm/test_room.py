"""What every call of Azure Resource Manager has in common, and what its clients read before anything else."""

import pytest

from accredit.app import directory_api, resource_manager, seed
from accredit.errors import GRAPH_BROKEN
from accredit.web.arm import routes
from accredit.web.arm.room import Room
from tests.support.every import every
from tests.web.arm.asking import ASSIGNMENTS, DEFINITIONS, READER, SUBSCRIPTION
from tests.web.crowd import taken
from tests.wire.authority import TENANT

GUID = "9f1c2a9e-5b7d-4c38-9e21-4d0a7b3c5d01"
NOBODY = "00000000-1111-4222-8333-444444444444"


@pytest.fixture(scope="module")
def anybody(arm):
    """A token of an application without any role."""
    return arm.token()


def test_a_tenant_has_one_subscription(arm, anybody):
    answer = arm.ask("GET", "/subscriptions", anybody, version="2022-12-01")
    (found,) = answer.json["value"]
    assert list(answer.json) == ["value", "count"]
    assert answer.json["count"] == {"type": "Total", "value": 1}
    assert found == {
        "id": SUBSCRIPTION,
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": SUBSCRIPTION.rpartition("/")[2],
        "tenantId": TENANT,
        "displayName": "Contoso",
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    }
    assert arm.ask("GET", SUBSCRIPTION.upper().replace("SUBSCRIPTIONS", "subscriptions"), anybody).json == found
    assert arm.ask("GET", f"/{SUBSCRIPTION}/", anybody, version="2016-06-01").json == found


@pytest.mark.parametrize("spelled", ["resourcegroups", "resourceGroups"])
def test_there_are_no_resource_groups(arm, anybody, spelled):
    assert arm.ask("GET", f"{SUBSCRIPTION}/{spelled}", anybody).json == {"value": []}


def test_a_caller_is_in_one_tenant(arm, anybody):
    assert arm.ask("GET", "/tenants", anybody).json == {
        "value": [
            {
                "id": f"/tenants/{TENANT}",
                "tenantId": TENANT,
                "countryCode": "ZZ",
                "displayName": "Contoso",
                "domains": [seed.TENANT_DOMAIN],
                "tenantCategory": "Home",
                "defaultDomain": seed.TENANT_DOMAIN,
                "tenantType": "AAD",
            }
        ]
    }


def test_an_answer_has_the_headers_of_azure_resource_manager(arm, anybody):
    answer = arm.ask("GET", "/subscriptions", anybody, headers={"x-ms-client-request-id": GUID})
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["x-ms-correlation-request-id"] == GUID != answer.headers["x-ms-request-id"]
    assert answer.headers["cache-control"] == "no-store"
    assert not answer.headers.keys() & {"www-authenticate", "retry-after", "strict-transport-security"}


def test_a_token_for_microsoft_graph_holds_here_too(arm):
    assert arm.ask("GET", "/subscriptions", arm.graph.caller().token).status == 200


REFUSED = {
    "no token": ("GET", "/subscriptions", False, (401, "InvalidAuthenticationToken")),
    "no token, and nothing there": ("GET", f"/subscriptions/{NOBODY}", False, (401, "InvalidAuthenticationToken")),
    "another subscription": ("GET", f"/subscriptions/{NOBODY}", True, (404, "SubscriptionNotFound")),
    "its groups": ("GET", f"/subscriptions/{NOBODY}/resourceGroups", True, (404, "SubscriptionNotFound")),
    "its roles": ("GET", f"/subscriptions/{NOBODY}/{DEFINITIONS}", True, (404, "SubscriptionNotFound")),
    "a group": ("GET", f"{SUBSCRIPTION}/resourceGroups/some", True, (404, "ResourceNotFound")),
    "a provider": ("GET", f"{SUBSCRIPTION}/providers/Microsoft.Compute", True, (404, "ResourceNotFound")),
    "another method": ("POST", "/subscriptions", True, (404, "ResourceNotFound")),
    "a path of nothing": ("GET", "/providers//x", True, (404, "ResourceNotFound")),
    "a path that moves a cursor": ("GET", "/providers/%1b[2J", True, (404, "ResourceNotFound")),
    "a path without end": ("GET", "/providers/" + "x" * routes.LONGEST, True, (404, "ResourceNotFound")),
    "a role that does not exist": ("GET", f"/{DEFINITIONS}/{NOBODY}", True, (404, "RoleDefinitionDoesNotExist")),
    "a role that is no id": ("GET", f"/{DEFINITIONS}/Reader", True, (404, "RoleDefinitionDoesNotExist")),
    "a filter that is none": ("GET", f"/{DEFINITIONS}?$filter=Reader", True, (400, "UnsupportedQuery")),
    "too many options": (
        "GET",
        "/subscriptions?" + "&".join(map("a{}=1".format, range(60))),
        True,
        (400, "UnsupportedQuery"),
    ),
}


@every("sentence", REFUSED)
def test_a_refusal_has_the_envelope(arm, anybody, sentence):
    method, path, proven, (status, code) = REFUSED[sentence]
    answer = arm.ask(method, path, anybody if proven else None)
    assert (answer.status, answer.json["error"]["code"]) == (status, code)
    assert list(answer.json) == ["error"]
    assert list(answer.json["error"]) == ["code", "message"]
    assert answer.json["error"]["message"].isprintable()
    assert ("www-authenticate" in answer.headers) is (status == 401)


@every("query", ["", "?api-version=", "?$filter=x"])
def test_an_api_version_is_required_whatever_it_is(arm, anybody, query):
    answer = arm.graph.ask("GET", f"/subscriptions{query}", anybody)
    assert (answer.status, answer.json["error"]["code"]) == (400, "MissingApiVersionParameter")
    assert arm.graph.ask("GET", "/subscriptions?API-Version=1999", anybody).status == 200


def test_who_asks_whether_something_exists_gets_no_body(arm, anybody):
    answer = arm.ask("HEAD", f"{SUBSCRIPTION}/resourceGroups/some", anybody)
    assert (answer.status, answer.body) == (404, b"")


ROLES = {
    "reading": ("GET", "", "Application.Read.All", "read"),
    "reading one": ("GET", f"/{NOBODY}", "Directory.Read.All", "read"),
    "assigning": ("PUT", f"/{NOBODY}", "AppRoleAssignment.ReadWrite.All", "write"),
    "taking away": ("DELETE", f"/{NOBODY}", "Application.ReadWrite.All", "delete"),
}


@every("sentence", ROLES)
def test_assignments_need_a_role_for(arm, anybody, sentence):
    method, name, role, action = ROLES[sentence]
    body = {"properties": {"roleDefinitionId": str(READER), "principalId": NOBODY}}
    call = (method, f"{SUBSCRIPTION}/{ASSIGNMENTS}{name}")
    refused = arm.ask(*call, anybody, body)
    assert (refused.status, refused.json["error"]["code"]) == (403, "AuthorizationFailed")
    assert (
        f"'Microsoft.Authorization/roleAssignments/{action}' over scope '{SUBSCRIPTION}'"
        in refused.json["error"]["message"]
    )
    assert arm.ask(*call, arm.token(role), body).status != 403
    if method != "GET":
        assert arm.ask(*call, arm.token("Application.Read.All"), body).status == 403


def test_what_is_granted_on_a_resource_counts_nowhere(arm, anybody):
    """Owner of the whole subscription, and still nobody on Microsoft Graph and here."""
    token = arm.admin()
    who = str(arm.graph.caller().principal.id)
    owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
    assert arm.assign(token, SUBSCRIPTION, GUID, principalId=who, roleDefinitionId=owner).status == 201
    assert arm.ask("GET", f"{SUBSCRIPTION}/{ASSIGNMENTS}", anybody).status == 403


def room(arm):
    made = resource_manager.room(arm.graph.wire.runtime, arm.graph.wire.runtime.front.tokens)
    assert isinstance(made, Room)
    return made


def test_a_crowd_is_told_to_come_again(arm, anybody):
    full = room(arm)
    headers = {"authorization": f"Bearer {anybody}"}
    with taken(full.places, resource_manager.UNDER_WAY[0]):
        answer = arm.graph.wire.ask("GET", "/subscriptions?api-version=1", headers=headers, application=full)
    assert (answer.status, answer.json["error"]["code"]) == (429, "TooManyRequests")
    assert answer.headers["retry-after"] == "1"
    assert arm.graph.wire.ask("GET", "/subscriptions?api-version=1", headers=headers, application=full).status == 200


def test_bodies_on_their_way_take_no_place_of_calls(arm):
    full = room(arm)
    headers = {"authorization": f"Bearer {arm.admin()}", "content-type": "application/json"}
    path = f"{SUBSCRIPTION}/{ASSIGNMENTS}/{NOBODY}?api-version=2022-04-01"
    with taken(full.bodies, resource_manager.ON_THEIR_WAY[0]):
        assert arm.graph.wire.ask("GET", path, headers=headers, application=full).status == 404
        assert arm.graph.wire.ask("PUT", path, b"{}", headers, application=full).status == 429
    assert arm.graph.wire.ask("PUT", path, b"{}", headers, application=full).status == 400


def test_an_error_of_ours_is_counted_logged_and_answered_in_the_envelope(arm, anybody, monkeypatch):
    def broken(*_):
        raise RuntimeError("boom")

    monkeypatch.setattr(routes, "find", broken)
    answer = arm.ask("GET", "/subscriptions", anybody)
    assert (answer.status, answer.json["error"]["message"]) == (500, GRAPH_BROKEN.template)
    text = arm.graph.wire.runtime.metrics.text().decode()
    assert 'accredit_arm_requests_total{method="GET",route="none",status="500"} 1.0' in text


def test_routes_are_counted_by_their_template(arm, anybody):
    arm.ask("GET", f"{SUBSCRIPTION}/resourceGroups", anybody)
    text = arm.graph.wire.runtime.metrics.text().decode()
    assert 'accredit_arm_requests_total{method="GET",route="/subscriptions/{name}/resourceGroups",status="200"}' in text


def test_the_first_segments_of_all_apis_differ():
    assert not set(resource_manager.PATHS) & set(directory_api.PATHS)
