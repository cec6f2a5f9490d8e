"""azure-cli, unmodified, administers the directory: as a workload that signed in with a token of its platform."""

import json
from uuid import UUID

import jwt
import pytest

from accredit.administer import permissions
from accredit.app import seed
from accredit.directory import azure
from tests.clients.on_az import commands
from tests.support.workload import AUDIENCE, GITHUB, GRAPH, JWT_BEARER, engage, principal_of

pytestmark = [pytest.mark.clients_az, pytest.mark.xdist_group("clients_az"), pytest.mark.timeout(300)]
MAY = ("Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All")
SUBJECT = "repo:octo-org@123456/octo-repo@456789:environment:az"
READ_ALL = "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30"  # Application.Read.All
SUBSCRIPTION = f"/subscriptions/{azure.subscription_of(seed.TENANT_ID)}"


@pytest.fixture(scope="module")
def administrator(emulator):
    """An application that trusts its platform, and may change the directory."""
    found = engage(emulator)

    async def grant(by):
        graph = await principal_of(by, seed.TENANT_ID, seed.GRAPH)
        for role in (*MAY, "Directory.Read.All"):
            await permissions.grant(by, found.principal.id, graph.id, role)

    emulator.administer(grant)
    return found


@pytest.fixture(scope="module")
def az(clients_az, administrator, tmp_path_factory):
    """The CLI, signed in as the administrator."""
    with commands(clients_az, administrator.emulator, tmp_path_factory.mktemp("az")) as found:
        found.use_cloud()
        tenant = str(administrator.application.tenant_id)
        who = ("-u", administrator.client_id, "-t", tenant)
        found("login", "--service-principal", *who, "--federated-token", administrator.assertion())
        yield found


@pytest.fixture
def app(az, request):
    """An application of this test's own, made by the CLI."""
    return az("ad", "app", "create", "--display-name", request.node.name)


def written(tmp_path, **members):
    """A file with the parameters of a command."""
    path = tmp_path / f"{'-'.join(members)}.json"
    path.write_text(json.dumps(members))
    return str(path)


def trusted(az, tmp_path, app, **members):
    usual = {"name": "from-az", "issuer": GITHUB, "subject": SUBJECT, "audiences": [AUDIENCE]} | members
    command = ("ad", "app", "federated-credential", "create", "--id", app["appId"])
    return az(*command, "--parameters", written(tmp_path, **usual))


def test_the_whole_chain(az, administrator, tmp_path):
    """Z4: each command as it stands in scripts, one after the other."""
    app = az("ad", "app", "create", "--display-name", "chain")
    of = ("--id", app["appId"])
    principal = az("ad", "sp", "create", *of)
    assert principal["appId"] == app["appId"]
    assert az("ad", "sp", "show", *of)["id"] == principal["id"]
    made = trusted(az, tmp_path, app, description="made by az")
    credential = ("ad", "app", "federated-credential")
    assert [each["id"] for each in az(*credential, "list", *of)] == [made["id"]]
    by_id = az(*credential, "show", *of, "--federated-credential-id", made["id"])
    by_name = az(*credential, "show", *of, "--federated-credential-id", "from-az")
    assert by_id == by_name
    assert {**made, "@odata.context": by_id["@odata.context"]}.items() >= by_id.items()
    assert (by_id["subject"], by_id["audiences"], by_id["description"]) == (SUBJECT, [AUDIENCE], "made by az")
    change = written(tmp_path, description="changed by az")
    az(*credential, "update", *of, "--federated-credential-id", made["id"], "--parameters", change)
    after = az(*credential, "show", *of, "--federated-credential-id", made["id"])
    assert (after["description"], after["subject"]) == ("changed by az", SUBJECT)
    secret = az("ad", "app", "credential", "reset", *of)
    assert (secret["appId"], secret["tenant"]) == (app["appId"], str(administrator.application.tenant_id))
    az("ad", "app", "permission", "add", *of, "--api", str(seed.GRAPH), "--api-permissions", f"{READ_ALL}=Role")
    granted = az("ad", "app", "permission", "grant", *of, "--api", str(seed.GRAPH), "--scope", "User.Read")
    assert (granted["clientId"], granted["scope"]) == (principal["id"], "User.Read")
    az("ad", "app", "permission", "grant", *of, "--api", str(seed.GRAPH), "--scope", "User.Read Mail.Read")
    # The CLI deletes the first grant, and spells its path in a way of its own.
    (granted,) = az("ad", "app", "permission", "list-grants", *of)
    assert (granted["clientId"], granted["scope"].split()) == (principal["id"], ["User.Read", "Mail.Read"])
    path = f"/v1.0/applications(appId='{app['appId']}')/federatedIdentityCredentials"
    assert [each["id"] for each in az("rest", "--url", az.emulator.url + path)["value"]] == [made["id"]]
    token = az("account", "get-access-token", "--scope", f"{az.emulator.url}/.default")["accessToken"]
    assert jwt.decode(token, options={"verify_signature": False})["aud"] == az.emulator.url
    az(*credential, "delete", *of, "--federated-credential-id", made["id"])
    assert az(*credential, "list", *of) == []
    az("ad", "app", "delete", *of)
    assert az("ad", "app", "list", "--app-id", app["appId"]) == []
    assert az("ad", "sp", "list", "--spn", app["appId"]) == []


def test_applications_are_found_by_each_of_their_names(az, app):
    az("ad", "app", "update", "--id", app["appId"], "--identifier-uris", "api://found-by-az")
    name = app["displayName"]
    for options in (
        ("--display-name", name[:20]),
        ("--app-id", app["appId"]),
        ("--identifier-uri", "api://found-by-az"),
        ("--filter", f"displayName eq '{name}'"),
    ):
        assert [each["id"] for each in az("ad", "app", "list", *options)] == [app["id"]], options
    for key in (app["appId"], app["id"], "api://found-by-az"):
        assert az("ad", "app", "show", "--id", key)["id"] == app["id"], key


def test_creating_an_application_again_changes_the_one_that_is_there(az, app):
    again = az("ad", "app", "create", "--display-name", app["displayName"], "--sign-in-audience", "AzureADMultipleOrgs")
    assert again["id"] == app["id"]
    assert az("ad", "app", "show", "--id", app["id"])["signInAudience"] == "AzureADMultipleOrgs"


def test_a_credential_of_the_cli_holds_for_the_next_exchange_and_ends_with_it(az, app, emulator, tmp_path):
    az("ad", "sp", "create", "--id", app["appId"])
    made = trusted(az, tmp_path, app)

    def exchanged():
        form = {"client_id": app["appId"], "client_assertion": emulator.mint(params={"environment": "az"})}
        usual = {"grant_type": "client_credentials", "client_assertion_type": JWT_BEARER, "scope": f"{GRAPH}/.default"}
        return emulator.http.post(emulator.token_endpoint(), data={**usual, **form})

    assert exchanged().status_code == 200
    command = ("ad", "app", "federated-credential", "delete", "--id", app["appId"])
    az(*command, "--federated-credential-id", made["id"])
    assert exchanged().json()["error_codes"] == [70025]


def test_secrets_are_shown_once_and_replaced(az, app):
    of = ("--id", app["appId"])
    first = az("ad", "app", "credential", "reset", *of, "--display-name", "first")
    second = az("ad", "app", "credential", "reset", *of, "--append", "--years", "1")
    assert first["password"] != second["password"]
    listed = az("ad", "app", "credential", "list", *of)
    assert sorted(each["displayName"] or "" for each in listed) == ["", "first"]
    assert [each["secretText"] for each in listed] == [None, None]
    az("ad", "app", "credential", "delete", *of, "--key-id", listed[0]["keyId"])
    (kept,) = az("ad", "app", "credential", "list", *of)
    assert kept["keyId"] == listed[1]["keyId"]
    az("ad", "app", "credential", "reset", *of)
    (only,) = az("ad", "app", "credential", "list", *of)
    assert only["keyId"] not in {each["keyId"] for each in listed}


def test_permissions_are_wished_for_granted_and_listed(az, app):
    of = ("--id", app["appId"])
    az("ad", "sp", "create", *of)
    api = ("--api", str(seed.GRAPH))
    az("ad", "app", "permission", "add", *of, *api, "--api-permissions", f"{READ_ALL}=Role")
    wished = [{"resourceAppId": str(seed.GRAPH), "resourceAccess": [{"id": READ_ALL, "type": "Role"}]}]
    assert az("ad", "app", "permission", "list", *of) == wished
    az("ad", "app", "permission", "grant", *of, *api, "--scope", "User.Read")
    (granted,) = az("ad", "app", "permission", "list-grants", *of)
    assert (granted["consentType"], granted["scope"]) == ("AllPrincipals", "User.Read")
    (shown,) = az("ad", "app", "permission", "list-grants", *of, "--show-resource-name")
    assert shown["resourceDisplayName"] == "Microsoft Graph"
    az("ad", "app", "permission", "delete", *of, *api)
    assert az("ad", "app", "permission", "list", *of) == []


def test_owners_are_added_listed_and_removed(az, app, administrator):
    of = ("--id", app["appId"])
    owner = ("--owner-object-id", str(administrator.principal.id))
    assert az("ad", "app", "owner", "list", *of) == []
    az("ad", "app", "owner", "add", *of, *owner)
    az("ad", "app", "owner", "add", *of, *owner)  # it looks first, and does nothing
    assert [each["id"] for each in az("ad", "app", "owner", "list", *of)] == [str(administrator.principal.id)]
    az("ad", "app", "owner", "remove", *of, *owner)
    assert az("ad", "app", "owner", "list", *of) == []


def test_rest_asks_with_a_token_for_either_resource(az, app, tmp_path):
    """Without ``--resource`` the token is for Azure Resource Manager where it shares our origin; it holds for Graph."""
    made = trusted(az, tmp_path, app)
    url = f"{az.emulator.url}/v1.0/applications(appId='{app['appId']}')/federatedIdentityCredentials"
    for resource in (
        (),
        ("--resource", az.emulator.url),
        ("--resource", GRAPH),
        ("--resource", f"{az.emulator.url}/arm"),
    ):
        answer = az("rest", "--method", "get", "--url", url, *resource)
        assert answer["@odata.context"].endswith(f"#applications('{app['id']}')/federatedIdentityCredentials")
        assert [each["name"] for each in answer["value"]] == [made["name"]], resource
    body = json.dumps({"description": "by rest"})
    az("rest", "--method", "patch", "--url", f"{url}/from-az", "--body", body)
    assert az("rest", "--url", f"{url}/{made['id']}")["description"] == "by rest"
    (listed,) = az("rest", "--url", f"{az.emulator.url}/subscriptions?api-version=2022-12-01")["value"]
    assert listed["id"] == SUBSCRIPTION


def test_roles_of_applications_are_assigned_by_rest(az, app):
    """What replaces admin-consent, which the CLI has for Microsoft's own clouds only."""
    principal = az("ad", "sp", "create", "--id", app["appId"])
    graph = az("ad", "sp", "show", "--id", str(seed.GRAPH))
    body = json.dumps({"principalId": principal["id"], "resourceId": graph["id"], "appRoleId": READ_ALL})
    url = f"{az.emulator.url}/v1.0/servicePrincipals/{principal['id']}/appRoleAssignments"
    made = az("rest", "--method", "post", "--url", url, "--body", body)
    assert [each["id"] for each in az("rest", "--url", url)["value"]] == [made["id"]]


def test_service_principals_are_listed_and_found_by_each_of_their_names(az, administrator):
    mine = str(administrator.principal.id)
    for key in (administrator.client_id, mine):
        assert az("ad", "sp", "show", "--id", key)["id"] == mine
    for options in (("--spn", administrator.client_id), ("--display-name", administrator.principal.display_name)):
        assert mine in [each["id"] for each in az("ad", "sp", "list", *options)], options
    assert az("ad", "sp", "list", "--all", "--query", f"[?appId=='{seed.GRAPH}'].displayName") == ["Microsoft Graph"]


def test_a_service_principal_for_role_based_access_is_made_with_its_role(az, emulator):
    made = az("ad", "sp", "create-for-rbac", "--name", "for-rbac", "--role", "Reader", "--scopes", SUBSCRIPTION)
    (assigned,) = az("role", "assignment", "list", "--assignee", made["appId"])
    assert (assigned["roleDefinitionName"], assigned["scope"]) == ("Reader", SUBSCRIPTION)
    assert assigned["principalName"] == made["appId"]
    form = {"client_id": made["appId"], "client_secret": made["password"], "scope": f"{GRAPH}/.default"}
    answer = emulator.http.post(emulator.token_endpoint(), data={"grant_type": "client_credentials", **form})
    assert answer.status_code == 200
    without = az("ad", "sp", "create-for-rbac", "--name", "without-a-role")
    assert az("role", "assignment", "list", "--assignee", without["appId"], "--all") == []


def test_roles_on_resources_are_assigned_listed_and_taken_back(az, administrator):
    group = f"{SUBSCRIPTION}/resourceGroups/some"
    who = ("--assignee", administrator.client_id)
    made = az("role", "assignment", "create", *who, "--role", "Contributor", "--scope", group)
    again = az("role", "assignment", "create", *who, "--role", "Contributor", "--scope", group)
    assert made["id"] == again["id"]
    assert made["id"].startswith(f"{group}/providers/Microsoft.Authorization/roleAssignments/{UUID(made['name'])}")
    assert [each["id"] for each in az("role", "assignment", "list", *who, "--scope", group)] == [made["id"]]
    assert az("role", "assignment", "list", *who, "--scope", SUBSCRIPTION) == []
    (listed,) = az("role", "assignment", "list", *who, "--all")
    assert (listed["roleDefinitionName"], listed["principalType"]) == ("Contributor", "ServicePrincipal")
    az("role", "assignment", "delete", *who, "--scope", group)
    assert az("role", "assignment", "list", *who, "--all") == []
    (reader,) = az("role", "definition", "list", "--name", "Reader")
    assert reader["permissions"][0]["actions"] == ["*/read"]


def test_there_are_no_users_and_no_groups(az):
    assert az("ad", "user", "list") == []
    assert az("ad", "group", "list") == []
