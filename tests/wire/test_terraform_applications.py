"""What Terraform's azuread provider sends for applications, in its order, and what it needs to see to plan nothing."""

import json
from dataclasses import dataclass
from uuid import uuid4

import pytest

from accredit.app import seed
from tests.web.graph.callers import Graph
from tests.wire.authority import BASE, TOKEN_PATH, wire

ROLE_ID = "6b1f2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
API_ID = "00000003-0000-0000-c000-000000000000"
PERMISSION_ID = "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30"
KIND = {"@odata.type": "#microsoft.graph.application"}
REGISTRATION = {
    **KIND,
    "api": {"requestedAccessTokenVersion": 2},
    "description": None,
    "displayName": "tf-reg",
    "groupMembershipClaims": None,
    "info": {"marketingUrl": None, "privacyStatementUrl": None, "supportUrl": None, "termsOfServiceUrl": None},
    "notes": None,
    "serviceManagementReference": None,
    "signInAudience": "AzureADMyOrg",
    "web": {
        "homePageUrl": None,
        "implicitGrantSettings": {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": False},
        "logoutUrl": None,
    },
}
ROLE = {
    "allowedMemberTypes": ["Application"],
    "description": "Read",
    "displayName": "Read",
    "id": ROLE_ID,
    "isEnabled": True,
    "value": "Things.Read",
}
FULL = {
    **REGISTRATION,
    "displayName": "tf-full",
    "api": {
        "acceptMappedClaims": False,
        "knownClientApplications": [],
        "oauth2PermissionScopes": [],
        "requestedAccessTokenVersion": 1,
    },
    "appRoles": [ROLE],
    "identifierUris": ["api://tf-full"],
    "isDeviceOnlyAuthSupported": False,
    "isFallbackPublicClient": False,
    "optionalClaims": {},
    "publicClient": {"redirectUris": []},
    "requiredResourceAccess": [
        {"resourceAccess": [{"id": PERMISSION_ID, "type": "Role"}], "resourceAppId": API_ID},
    ],
    "spa": {"redirectUris": []},
    "tags": [],
    "web": REGISTRATION["web"] | {"redirectUris": []},
}
TRUST = {
    "@odata.type": "#microsoft.graph.federatedIdentityCredential",
    "audiences": ["api://AzureADTokenExchange"],
    "description": "d",
    "issuer": "https://token.actions.githubusercontent.com",
    "name": "gh-prod",
    "subject": "repo:o/r:environment:prod",
}


@dataclass
class Provider:
    """The provider, with a token that it got for a token of its workload."""

    graph: Graph
    owner: str  # object id of its own service principal
    token: str

    def ask(self, method, path, body=None, status=200):
        answer = self.graph.ask(method, path, self.token, body, {"accept": "application/json; charset=utf-8"})
        assert answer.status == status, (method, path, answer.body)
        return json.loads(answer.body) if answer.body else None

    def make(self, body):
        return self.ask("POST", "/v1.0/applications", body, 201)

    def read(self, of):
        return self.ask("GET", f"/v1.0/applications/{of['id']}")


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    """What every run begins with: the cloud's endpoints, then one token. There is no discovery in between."""
    with wire(tmp_path_factory.mktemp("terraform") / "data") as emulator:
        graph = Graph(emulator)
        principal = emulator.run(principal_of_workload, emulator)
        graph.grant(principal, "Application.ReadWrite.All")
        endpoints = emulator.ask("GET", "/metadata/endpoints?api-version=2022-09-01")
        assert endpoints.status == 200
        assert endpoints.json["microsoftGraphResourceId"].rstrip("/") == BASE
        form = emulator.form(scope=f"{BASE}/.default")
        answer = emulator.post(form, TOKEN_PATH, {"accept": "application/json"})
        assert answer.status == 200, answer.body
        yield Provider(graph, str(principal.id), answer.json["access_token"])


async def principal_of_workload(emulator):
    async with emulator.runtime.registry.reading() as store:
        return (await store.principals.find(tenant_id=seed.TENANT_ID, app_id=seed.WORKLOAD_ID))[0]


def plain(members):
    """What Terraform keeps of a body: everything but annotations and what it binds."""
    return {name: each for name, each in members.items() if "@odata." not in name}


def holds(shown, sent):
    """Whether an answer shows what was sent, nulls as nulls; it may show more."""
    if isinstance(sent, dict):
        return isinstance(shown, dict) and all(name in shown and holds(shown[name], sent[name]) for name in plain(sent))
    if isinstance(sent, list):
        return len(sent) == len(shown) and all(map(holds, shown, sent))
    return shown == sent


def test_an_application_registration_is_made_and_read_back(provider):
    made = provider.make(REGISTRATION)
    shown = provider.read(made)
    assert holds(shown, REGISTRATION)
    assert provider.read(made) == shown == made


def full(provider):
    owner = f"{BASE}/v1.0/directoryObjects/{provider.owner}"
    uri = {"identifierUris": [f"api://{uuid4()}"]}
    return provider.make(FULL | uri | {"owners@odata.bind": [owner]}), FULL | uri


def test_an_application_is_made_whole_and_the_next_plan_shows_no_drift(provider):
    made, sent = full(provider)
    path = f"/v1.0/applications/{made['id']}"
    assert holds(provider.read(made), sent)
    provider.ask("PATCH", path, {"displayName": f"TERRAFORM_UPDATE_{uuid4()}"}, 204)
    provider.ask("PATCH", path, {"displayName": "tf-full"}, 204)
    assert provider.read(made) == provider.read(made) == made
    beta = f"/beta/applications/{made['id']}?%24select=oauth2RequirePostResponse"
    assert provider.ask("GET", beta)["oauth2RequirePostResponse"] is False
    owners = provider.ask("GET", f"{path}/owners")["value"]
    assert [each["id"] for each in owners] == [provider.owner]
    assert owners[0]["@odata.type"] == "#microsoft.graph.servicePrincipal"


def test_an_app_role_is_disabled_and_then_changed(provider):
    made, sent = full(provider)
    path = f"/v1.0/applications/{made['id']}"
    off = {"appRoles": [ROLE | {"isEnabled": False}], "id": made["id"]}
    provider.ask("PATCH", path, off, 204)
    assert [each["isEnabled"] for each in provider.read(made)["appRoles"]] == [False]
    after = sent | {"appRoles": [ROLE | {"value": "Things.ReadX"}]}
    provider.ask("PATCH", path, after | {"id": made["id"]}, 204)
    assert holds(provider.read(made), after)
    other = provider.graph.caller("Application.Read.All").principal.id
    provider.ask("POST", f"{path}/owners/$ref", {"@odata.id": f"{BASE}/v1.0/directoryObjects/{other}"}, 204)
    owners = provider.ask("GET", f"{path}/owners")["value"]
    assert {each["id"] for each in owners} == {provider.owner, str(other)}


def test_a_federated_credential_lives_and_dies(provider):
    made = provider.make(REGISTRATION)
    provider.read(made)
    path = f"/v1.0/applications/{made['id']}/federatedIdentityCredentials"
    trust = provider.ask("POST", path, TRUST, 201)
    one = f"{path}/{trust['id']}"
    assert [holds(provider.ask("GET", one), TRUST) for _ in range(5)] == [True] * 5
    changed = TRUST | {"id": trust["id"], "description": "e", "subject": "repo:o/r:ref:refs/heads/main"}
    provider.ask("PATCH", one, changed, 204)
    assert holds(provider.ask("GET", one), changed)
    provider.ask("POST", path, TRUST, 409)
    provider.ask("DELETE", one, status=204)
    for _ in range(5):
        provider.ask("GET", one, status=404)


def test_a_password_is_made_listed_and_removed(provider):
    made = provider.make(REGISTRATION)
    path = f"/v1.0/applications/{made['id']}"
    password = provider.ask("POST", f"{path}/addPassword", {"passwordCredential": {}})
    assert password["secretText"]
    assert (password["startDateTime"], password["endDateTime"]) == ("2026-11-23T14:00:00Z", "2028-11-22T14:00:00Z")
    (kept,) = provider.read(made)["passwordCredentials"]
    assert (kept["keyId"], kept["secretText"]) == (password["keyId"], None)
    provider.ask("POST", f"{path}/removePassword", {"keyId": password["keyId"]}, 204)
    assert provider.read(made)["passwordCredentials"] == []


def test_what_is_destroyed_stays_away(provider):
    made, _ = full(provider)
    path = f"/v1.0/applications/{made['id']}"
    provider.ask("PATCH", path, {"appRoles": [ROLE | {"isEnabled": False}]}, 204)
    provider.ask("DELETE", path, status=204)
    for _ in range(10):
        assert provider.ask("GET", path, status=404)["error"]["code"] == "Request_ResourceNotFound"
    provider.ask("DELETE", path, status=404)
