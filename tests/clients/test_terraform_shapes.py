"""A whole run of Terraform's azuread provider over HTTPS, call for call as it was recorded: apply, plan again, destroy.

The provider itself cannot run here. Each call is what it sends; what it compares, to plan nothing, is compared.
"""

from dataclasses import dataclass, field
from urllib.parse import quote_plus
from uuid import uuid4

import pytest

from accredit.administer import permissions
from accredit.app import seed
from tests.support.workload import GRAPH, JWT_BEARER, engage, principal_of
from tests.wire.test_terraform_applications import FULL, KIND, REGISTRATION, ROLE, TRUST, holds

pytestmark = pytest.mark.clients

ROLES = (
    "Application.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Directory.Read.All",
)
HEADERS = {
    "Accept": "application/json; charset=utf-8; IEEE754Compatible=false",
    "OData-Version": "4.0",
    "OData-MaxVersion": "4.0",
    "User-Agent": "HashiCorp Terraform/1.13.0 (+https://www.terraform.io) Terraform Plugin SDK/2.10.1 pandora/hamilton",
}
PRINCIPAL = {
    "@odata.type": "#microsoft.graph.servicePrincipal",
    "accountEnabled": True,
    "alternativeNames": [],
    "appRoleAssignmentRequired": False,
    "description": None,
    "loginUrl": None,
    "notes": None,
    "notificationEmailAddresses": [],
    "preferredSingleSignOnMode": None,
    "tags": [],
}
POLLS = 10  # times that the provider asks whether something is gone


@dataclass
class Run:
    """One run of the provider: a token of its own, and the reads by which the next plan will compare."""

    workload: object
    token: str
    graph: str
    reads: dict[str, object] = field(default_factory=dict)

    def ask(self, method, path, body=None, status=200):
        answer = self.workload.emulator.http.request(
            method,
            f"{self.graph}{path}",
            json=body,
            headers={**HEADERS, "Authorization": f"Bearer {self.token}"},
        )
        assert answer.status_code == status, (method, path, answer.text)
        return answer.json() if answer.content else None

    def make(self, path, body):
        return self.ask("POST", path, body, 201)

    def read(self, path, sent=None):
        """Read as a plan does, remember the answer for the next plan, and see that it shows what was sent."""
        shown = self.ask("GET", path)
        assert sent is None or holds(shown, sent), (sent, shown)
        self.reads[path] = shown
        return shown

    def gone(self, path):
        for _ in range(POLLS):
            assert self.ask("GET", path, status=404)["error"]["code"] == "Request_ResourceNotFound"

    def by_app_id(self, app_id):
        clause = quote_plus(f"appId eq '{app_id}'")
        assert clause == f"appId+eq+%27{app_id}%27"
        return self.ask("GET", f"/v1.0/servicePrincipals?%24filter={clause}")["value"]

    @property
    def me(self):
        return f"{self.graph}/v1.0/directoryObjects/{self.workload.principal.id}"


def begun(workload):
    """What every run begins with: the cloud's endpoints, then a token for a token. No discovery in between."""
    emulator = workload.emulator
    described = emulator.http.get(f"{emulator.url}/metadata/endpoints?api-version=2022-09-01").json()
    graph = described["microsoftGraphResourceId"].rstrip("/")
    authority = described["authentication"]["loginEndpoint"].rstrip("/")
    form = {
        "client_assertion": workload.assertion(),
        "client_assertion_type": JWT_BEARER,
        "client_id": workload.client_id,
        "grant_type": "client_credentials",
        "scope": f"{graph}/.default",
    }
    answer = emulator.http.post(
        f"{authority}/{emulator.tenant_id}/oauth2/v2.0/token", data=form, headers={"Accept": "application/json"}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["access_token"].count(".") == 2
    return Run(workload, answer.json()["access_token"], graph)


@pytest.fixture(scope="module")
def provider(emulator):
    """The workload that Terraform runs as."""
    made = engage(emulator)

    async def promote(by):
        graph = await principal_of(by, emulator.tenant_id, seed.GRAPH)
        for role in ROLES:
            await permissions.grant(by, made.principal.id, graph.id, role)

    emulator.administer(promote)
    return made


def application(run):
    """azuread_application, with an app role that is changed afterwards."""
    role = ROLE | {"id": str(uuid4())}
    sent = FULL | {"identifierUris": [f"api://tf-{uuid4()}"], "appRoles": [role]}
    made = run.make("/v1.0/applications", KIND | sent | {"owners@odata.bind": [run.me]})
    path = f"/v1.0/applications/{made['id']}"
    run.read(path, sent)
    run.ask("PATCH", path, {"displayName": f"TERRAFORM_UPDATE_{uuid4()}"}, 204)
    run.ask("PATCH", path, {"displayName": sent["displayName"]}, 204)
    assert run.read(path, sent) == run.read(path, sent) == made
    run.read(f"/beta/applications/{made['id']}?%24select=oauth2RequirePostResponse")
    assert [each["id"] for each in run.read(f"{path}/owners")["value"]] == [str(run.workload.principal.id)]
    run.ask("PATCH", path, {"appRoles": [role | {"isEnabled": False}], "id": made["id"]}, 204)
    run.read(path, sent | {"appRoles": [role | {"isEnabled": False}]})
    changed = sent | {"appRoles": [role | {"value": "Things.ReadX"}]}
    run.ask("PATCH", path, KIND | changed | {"id": made["id"]}, 204)
    run.read(path, changed)
    return made | {"appRoles": changed["appRoles"]}


def credential(run, of):
    """azuread_application_federated_identity_credential, changed once."""
    path = f"/v1.0/applications/{of['id']}"
    run.read(path)
    made = run.make(f"{path}/federatedIdentityCredentials", TRUST)
    one = f"{path}/federatedIdentityCredentials/{made['id']}"
    assert len({str(run.read(one, TRUST)) for _ in range(5)}) == 1
    changed = TRUST | {"id": made["id"], "description": "e", "subject": "repo:o/r:ref:refs/heads/main"}
    run.ask("PATCH", one, changed, 204)
    run.read(one, changed)
    refused = run.ask("POST", f"{path}/federatedIdentityCredentials", TRUST, 409)["error"]
    assert refused["message"] == "FederatedIdentityCredential with name gh-prod already exists."
    return one


def flexible(run, of):
    """A credential with an expression; the provider asks beta for these."""
    path = f"/beta/applications/{of['id']}/federatedIdentityCredentials"
    value = "claims['sub'] matches 'repo:o@1/r@2:*' and claims['repository_owner_id'] eq '1'"
    sent = {
        "@odata.type": "#microsoft.graph.federatedIdentityCredential",
        "audiences": TRUST["audiences"],
        "claimsMatchingExpression": {"languageVersion": 1, "value": value},
        "description": None,
        "issuer": TRUST["issuer"],
        "name": "gh-any",
    }
    made = run.make(path, sent)
    run.read(f"{path}/{made['id']}", sent)
    return f"{path}/{made['id']}"


def principal(run, of):
    """azuread_service_principal, which is described while it is made."""
    assert run.by_app_id(of["appId"]) == []
    more = {
        "appId": of["appId"],
        "description": f"TERRAFORM_UPDATE_{uuid4()}",
        "owners@odata.bind": [run.me],
        "samlSingleSignOnSettings": {},
    }
    made = run.make("/v1.0/servicePrincipals", PRINCIPAL | more)
    path = f"/v1.0/servicePrincipals/{made['id']}"
    run.ask("PATCH", path, {"description": None}, 204)
    run.ask("DELETE", f"{path}/owners/{run.workload.principal.id}/$ref", status=204)
    run.read(path, PRINCIPAL | {"appId": of["appId"]})
    run.read(f"/beta/servicePrincipals/{made['id']}?%24select=samlMetadataUrl")
    assert run.read(f"{path}/owners")["value"] == []
    assert [each["id"] for each in run.by_app_id(of["appId"])] == [made["id"]]
    return path


def password(run, path):
    """azuread_application_password and azuread_service_principal_password; what is kept is compared by its id."""
    made = run.ask("POST", f"{path}/addPassword", {"passwordCredential": {}})
    assert made["secretText"]
    assert made["startDateTime"] < made["endDateTime"]
    assert [each["keyId"] for each in run.read(path)["passwordCredentials"]] == [made["keyId"]]
    return made["keyId"]


def assignment(run, client, api, role):
    """azuread_app_role_assignment: always from the side of the resource."""
    resource = api.rpartition("/")[2]
    sent = {"appRoleId": role["id"], "principalId": client.rpartition("/")[2], "resourceId": resource}
    made = run.make(f"{api}/appRoleAssignedTo", {"@odata.type": "#microsoft.graph.appRoleAssignment", **sent})
    one = f"{api}/appRoleAssignedTo/{made['id']}"
    run.read(one, sent)
    return one


def delegation(run, client, graph):
    """azuread_service_principal_delegated_permission_grant."""
    sent = {
        "clientId": client.rpartition("/")[2],
        "consentType": "AllPrincipals",
        "resourceId": graph["id"],
        "scope": "User.Read",
    }
    made = run.make("/v1.0/oauth2PermissionGrants", {"@odata.type": "#microsoft.graph.oAuth2PermissionGrant", **sent})
    one = f"/v1.0/oauth2PermissionGrants/{made['id']}"
    run.read(one, sent)
    return one


def test_apply_plan_again_and_destroy(provider):
    run = begun(provider)
    registered = run.make("/v1.0/applications", REGISTRATION)
    registration = f"/v1.0/applications/{registered['id']}"
    assert run.read(registration, REGISTRATION) == registered
    api = application(run)
    trusts = [credential(run, registered), flexible(run, registered)]
    api_principal, client = principal(run, api), principal(run, registered)
    keys = {path: password(run, path) for path in (registration, client)}
    granted = assignment(run, client, api_principal, api["appRoles"][0])
    (graph,) = run.by_app_id("00000003-0000-0000-c000-000000000000")
    delegated = delegation(run, client, graph)
    assert any(each["isInitial"] for each in run.read("/v1.0/domains")["value"])

    again = begun(provider)  # another process, another token: nothing is to be done
    for path in run.reads:
        first = again.ask("GET", path)
        assert first == again.ask("GET", path)
        again.reads[path] = first
    late = {path for path, shown in run.reads.items() if again.reads[path] != shown}
    assert late == set(), "the plan after an apply is not empty"

    for path in (granted, delegated, *trusts):
        again.ask("DELETE", path, status=204)
        again.gone(path)
    for path, key in keys.items():
        again.ask("POST", f"{path}/removePassword", {"keyId": key}, 204)
        assert again.ask("GET", path)["passwordCredentials"] == []
    again.ask("DELETE", client, status=204)
    again.gone(client)
    again.ask("DELETE", registration, status=204)
    again.gone(registration)
    whole = f"/v1.0/applications/{api['id']}"
    again.ask("PATCH", whole, {"appRoles": [api["appRoles"][0] | {"isEnabled": False}], "id": api["id"]}, 204)
    again.ask("DELETE", whole, status=204)
    again.gone(whole)
    again.ask("DELETE", api_principal, status=404)  # it went with its application
    again.gone(api_principal)
    assert again.by_app_id(api["appId"]) == []


def test_a_secret_that_was_made_lets_the_provider_in_at_once(provider):
    run = begun(provider)
    made = run.make("/v1.0/applications", REGISTRATION | {"displayName": "tf-secret"})
    secret = run.ask("POST", f"/v1.0/applications/{made['id']}/addPassword", {"passwordCredential": {}})["secretText"]
    run.make("/v1.0/servicePrincipals", PRINCIPAL | {"appId": made["appId"]})
    emulator = provider.emulator
    form = {
        "client_id": made["appId"],
        "client_secret": secret,
        "grant_type": "client_credentials",
        "scope": f"{GRAPH}/.default",
    }
    assert emulator.http.post(emulator.token_endpoint(), data=form).status_code == 200
