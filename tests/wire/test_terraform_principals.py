"""What Terraform's azuread provider sends for service principals and what is granted to them, in its order."""

from urllib.parse import quote_plus
from uuid import uuid4

import pytest

from accredit.app import seed
from tests.web.graph.callers import Graph
from tests.wire.authority import BASE, wire
from tests.wire.test_terraform_applications import REGISTRATION, ROLE, Provider, holds

MICROSOFT_GRAPH = "00000003-0000-0000-c000-000000000000"
KIND = {"@odata.type": "#microsoft.graph.servicePrincipal"}
PRINCIPAL = {
    "accountEnabled": True,
    "alternativeNames": [],
    "appRoleAssignmentRequired": False,
    "loginUrl": None,
    "notes": None,
    "notificationEmailAddresses": [],
    "preferredSingleSignOnMode": None,
    "tags": [],
}
ROLES = ("Application.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All")


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    """A run of the provider that has its token already, for a secret."""
    with wire(tmp_path_factory.mktemp("terraform") / "data", upload=False) as emulator:
        graph = Graph(emulator)
        caller = graph.new_caller(*ROLES)
        yield Provider(graph, str(caller.principal.id), caller.token)


def by_app_id(provider, app_id):
    return provider.ask("GET", f"/v1.0/servicePrincipals?%24filter={quote_plus(f'appId eq {app_id!r}')}")["value"]


def bound(provider):
    return f"{BASE}/v1.0/directoryObjects/{provider.owner}"


def make(provider, **application):
    """Register an application, and make its service principal as the provider does."""
    of = provider.make(REGISTRATION | {"displayName": "tf-sp"} | application)
    assert by_app_id(provider, of["appId"]) == []
    update = f"TERRAFORM_UPDATE_{uuid4()}"
    more = {
        "appId": of["appId"],
        "description": update,
        "owners@odata.bind": [bound(provider)],
        "samlSingleSignOnSettings": {},
    }
    made = provider.ask("POST", "/v1.0/servicePrincipals", KIND | PRINCIPAL | more, 201)
    assert (made["description"], made["samlSingleSignOnSettings"]) == (update, None)
    return of, made


def test_a_service_principal_is_made_and_the_next_plan_shows_no_drift(provider):
    of, made = make(provider)
    path = f"/v1.0/servicePrincipals/{made['id']}"
    provider.ask("PATCH", path, {"description": None}, 204)
    shown = provider.ask("GET", path)
    assert holds(shown, PRINCIPAL | {"appId": of["appId"], "description": None})
    assert shown["appRoleAssignmentRequired"] is False
    assert shown["servicePrincipalNames"] == [of["appId"]]
    (found,) = by_app_id(provider, of["appId"])
    assert found == {name: each for name, each in shown.items() if name != "@odata.context"}
    beta = f"/beta/servicePrincipals/{made['id']}?%24select=samlMetadataUrl"
    assert provider.ask("GET", beta)["samlMetadataUrl"] is None
    assert [each["id"] for each in provider.ask("GET", f"{path}/owners")["value"]] == [provider.owner]
    provider.ask("DELETE", f"{path}/owners/{provider.owner}/$ref", status=204)
    assert provider.ask("GET", f"{path}/owners")["value"] == []
    assert provider.ask("GET", path) == provider.ask("GET", path) == shown


def test_an_app_role_is_assigned_from_the_side_of_the_resource(provider):
    role = ROLE | {"id": str(uuid4())}
    _, api = make(provider, appRoles=[role], identifierUris=[f"api://{uuid4()}"])
    _, client = make(provider)
    path = f"/v1.0/servicePrincipals/{api['id']}/appRoleAssignedTo"
    sent = {"appRoleId": role["id"], "principalId": client["id"], "resourceId": api["id"]}
    made = provider.ask("POST", path, {"@odata.type": "#microsoft.graph.appRoleAssignment", **sent}, 201)
    one = f"{path}/{made['id']}"
    assert provider.ask("GET", one) == provider.ask("GET", one) == made
    assert holds(made, sent | {"principalType": "ServicePrincipal"})
    provider.ask("DELETE", one, status=204)
    for _ in range(10):
        provider.ask("GET", one, status=404)


def test_a_password_of_a_service_principal_is_made_listed_and_removed(provider):
    _, made = make(provider)
    path = f"/v1.0/servicePrincipals/{made['id']}"
    password = provider.ask("POST", f"{path}/addPassword", {"passwordCredential": {}})
    assert password["secretText"].startswith(password["hint"])
    assert (password["startDateTime"], password["endDateTime"]) == ("2026-11-23T14:00:00Z", "2028-11-22T14:00:00Z")
    (kept,) = provider.ask("GET", path)["passwordCredentials"]
    assert kept == {name: each for name, each in password.items() if "@" not in name} | {"secretText": None}
    provider.ask("POST", f"{path}/removePassword", {"keyId": password["keyId"]}, 204)
    assert provider.ask("GET", path)["passwordCredentials"] == []


def test_permissions_are_delegated(provider):
    _, client = make(provider)
    (graph,) = by_app_id(provider, MICROSOFT_GRAPH)
    sent = {
        "clientId": client["id"],
        "consentType": "AllPrincipals",
        "resourceId": graph["id"],
        "scope": "User.Read",
    }
    body = {"@odata.type": "#microsoft.graph.oAuth2PermissionGrant", **sent}
    made = provider.ask("POST", "/v1.0/oauth2PermissionGrants", body, 201)
    one = f"/v1.0/oauth2PermissionGrants/{made['id']}"
    assert provider.ask("GET", one) == made
    assert holds(made, sent | {"principalId": None})
    provider.ask("DELETE", one, status=204)
    for _ in range(10):
        provider.ask("GET", one, status=404)


def test_microsoft_graphs_principal_is_found_and_used_as_it_is(provider):
    (found,) = by_app_id(provider, MICROSOFT_GRAPH)
    assert found["id"] == str(seed.marked("principal graph"))
    provider.ask("POST", "/v1.0/servicePrincipals", KIND | PRINCIPAL | {"appId": MICROSOFT_GRAPH}, 409)


def test_what_is_destroyed_stays_away_and_is_destroyed_once_more_without_harm(provider):
    of, made = make(provider)
    path = f"/v1.0/servicePrincipals/{made['id']}"
    provider.ask("DELETE", f"/v1.0/applications/{of['id']}", status=204)
    for _ in range(10):
        assert provider.ask("GET", path, status=404)["error"]["code"] == "Request_ResourceNotFound"
    provider.ask("DELETE", path, status=404)
    assert by_app_id(provider, of["appId"]) == []
