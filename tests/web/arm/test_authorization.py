"""Role definitions and role assignments, as the Azure CLI and Terraform ask for them."""

from urllib.parse import quote
from uuid import uuid4

import pytest

from accredit.administer import applications
from accredit.app import seed
from accredit.web.arm import authorization
from tests.support.every import every
from tests.web.arm.asking import ASSIGNMENTS, BOT, CONTRIBUTOR, DEFINITIONS, READER, SUBSCRIPTION

GROUP = f"{SUBSCRIPTION}/resourceGroups/some"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/v"
MANAGEMENT = "/providers/Microsoft.Management/managementGroups/all"
NOBODY = "00000000-1111-4222-8333-444444444444"


@pytest.fixture(scope="module")
def token(arm):
    return arm.admin()


@pytest.fixture
def clear(arm, token):
    """A directory in which nothing is assigned, afterwards too."""

    def take_all():
        for each in arm.ask("GET", f"/{ASSIGNMENTS}", token).json["value"]:
            assert arm.ask("DELETE", each["id"], token).status == 200

    take_all()
    yield
    take_all()


def test_roles_are_those_of_azure(arm, token):
    rows = arm.ask("GET", f"{SUBSCRIPTION}/{DEFINITIONS}", token).json["value"]
    names = {each["properties"]["roleName"]: each["name"] for each in rows}
    assert (names["Contributor"], names["Reader"]) == (str(CONTRIBUTOR), str(READER))
    assert names["Owner"] == "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
    reader = next(each for each in rows if each["name"] == str(READER))
    assert reader == {
        "id": f"{SUBSCRIPTION}/{DEFINITIONS}/{READER}",
        "name": str(READER),
        "type": "Microsoft.Authorization/roleDefinitions",
        "properties": {
            "roleName": "Reader",
            "type": "BuiltInRole",
            "description": "View all resources, but does not allow you to make any changes.",
            "assignableScopes": ["/"],
            "permissions": [{"actions": ["*/read"], "notActions": [], "dataActions": [], "notDataActions": []}],
        },
    }
    assert arm.ask("GET", f"{VAULT}/{DEFINITIONS}/{READER}", token).json == reader
    assert arm.ask("GET", f"/{DEFINITIONS}/{str(READER).upper()}", token).json["id"] == f"/{DEFINITIONS}/{READER}"


FILTERS = {
    "a name": ("roleName eq 'Reader'", 1),
    "a name in other letters": ("rolename eq 'READER'", 1),
    "a name that nothing has": ("roleName eq 'Storage and ''more'''", 0),
    "a kind": ("type eq 'BuiltInRole'", 9),
    "another kind": ("type eq 'CustomRole'", 0),
    "a scope and a kind": ("atScopeAndBelow() and type eq 'BuiltInRole'", 9),
    "a scope": ("atScope()", 9),
}


@every("sentence", FILTERS)
def test_roles_are_filtered_by(arm, token, sentence):
    text, count = FILTERS[sentence]
    rows = arm.ask("GET", f"{GROUP}/{DEFINITIONS}?$filter={quote(text)}", token).json["value"]
    assert len(rows) == count


UNSUPPORTED = {
    "a half": "roleName eq",
    "or": "roleName eq 'a' or roleName eq 'b'",
    "a property that there is not": "description eq 'x'",
    "a property twice": "roleName eq 'a' and roleName eq 'b'",
    "a function that there is not": "principalId eq 'x'",
    "too much": "roleName eq '" + "x" * 1000 + "'",
}


@every("sentence", UNSUPPORTED)
def test_roles_are_not_filtered_by(arm, token, sentence):
    answer = arm.ask("GET", f"/{DEFINITIONS}?$filter={quote(UNSUPPORTED[sentence])}", token)
    assert (answer.status, answer.json["error"]["code"]) == (400, "UnsupportedQuery")


def test_an_assignment_is_made_shown_listed_and_taken_back(arm, token, clear):
    name = str(uuid4())
    made = arm.assign(token, GROUP, name, description="why", condition="@x", conditionVersion="2.0")
    assert made.status == 201
    assert made.json == {
        "id": f"{GROUP}/{ASSIGNMENTS}/{name}",
        "name": name,
        "type": "Microsoft.Authorization/roleAssignments",
        "properties": {
            "roleDefinitionId": f"{SUBSCRIPTION}/{DEFINITIONS}/{READER}",
            "principalId": BOT,
            "principalType": "ServicePrincipal",
            "scope": GROUP,
            "condition": "@x",
            "conditionVersion": "2.0",
            "createdOn": "2026-11-23T14:00:00.000000Z",
            "updatedOn": "2026-11-23T14:00:00.000000Z",
            "description": "why",
        },
    }
    path = made.json["id"]
    assert arm.ask("GET", path, token).json == made.json
    assert arm.ask("GET", path.replace("resourceGroups/some", "RESOURCEGROUPS/Some"), token).json == made.json
    assert arm.ask("GET", path.replace("/some/", "/other/"), token).json["error"]["code"] == "RoleAssignmentNotFound"
    assert arm.listed(token, GROUP) == [name]
    gone = arm.ask("DELETE", path, token)
    assert (gone.status, gone.json) == (200, made.json)
    assert arm.ask("DELETE", path, token).status == 204
    assert arm.ask("GET", path, token).status == 404
    assert arm.listed(token, GROUP) == []


def test_the_same_assignment_again_changes_what_it_says_and_nothing_else(arm, token, clear):
    name, other = str(uuid4()), str(uuid4())
    assert arm.assign(token, GROUP, name).status == 201
    again = arm.assign(token, GROUP.replace("some", "Some"), name, description="why")
    assert (again.status, again.json["properties"]["scope"]) == (200, GROUP)
    assert again.json["properties"]["description"] == "why"
    assert arm.assign(token, GROUP, other).json["error"]["code"] == "RoleAssignmentExists"
    moved = arm.assign(token, VAULT, name)
    assert (moved.status, moved.json["error"]["code"]) == (400, "RoleAssignmentUpdateNotPermitted")


def test_a_list_shows_what_is_above_and_below_a_scope_and_a_filter_only_what_is_above(arm, token, clear):
    names = {scope: str(uuid4()) for scope in ("/", SUBSCRIPTION, GROUP, VAULT, f"{GROUP}-other", MANAGEMENT)}
    for scope, name in names.items():
        assert arm.assign(token, scope, name).status == 201, scope

    def listed(scope, query=""):
        found = set(arm.listed(token, scope, query))
        return {scope for scope, name in names.items() if name in found}

    assert listed("/") == set(names)
    assert listed(SUBSCRIPTION) == set(names) - {MANAGEMENT}
    assert listed(GROUP.upper().replace("SUBSCRIPTIONS", "subscriptions")) == {"/", SUBSCRIPTION, GROUP, VAULT}
    assert listed(GROUP, "?$filter=atScope()") == {"/", SUBSCRIPTION, GROUP}
    assert listed(MANAGEMENT) == {"/", MANAGEMENT}
    at_root = arm.ask("GET", f"/{ASSIGNMENTS}/{names['/']}", token).json
    assert (at_root["id"], at_root["properties"]["scope"]) == (f"/{ASSIGNMENTS}/{names['/']}", "/")


def test_a_list_is_filtered_by_principal(arm, token, clear):
    other = arm.graph.caller("Application.Read.All").principal
    mine, theirs = str(uuid4()), str(uuid4())
    arm.assign(token, GROUP, mine)
    arm.assign(token, GROUP, theirs, principalId=str(other.id))
    for text in ("principalId eq '{}'", "assignedTo('{}')", "atScope() and assignedTo('{}')"):
        for principal, expected in ((BOT.upper(), [mine]), (str(other.id), [theirs]), (NOBODY, [])):
            found = arm.listed(token, GROUP, "?$filter=" + quote(text.format(principal)))
            assert found == expected, text


def test_a_long_list_is_read_page_by_page(arm, token, clear, monkeypatch):
    monkeypatch.setattr(authorization, "PAGE", 2)
    made = {str(uuid4()) for _ in range(5)}
    for each, name in enumerate(made):
        assert arm.assign(token, f"{GROUP}-{each}", name).status == 201
    found, path = [], f"{SUBSCRIPTION}/{ASSIGNMENTS}?$filter=principalId%20eq%20'{BOT}'&api-version=2022-04-01"
    for _ in range(3):
        answer = arm.graph.ask("GET", path, token)
        found.extend(each["name"] for each in answer.json["value"])
        path = answer.json.get("nextLink", "").removeprefix("https://localhost:8443")
    assert (sorted(found), path) == (sorted(made), "")
    wrong = arm.ask("GET", f"{SUBSCRIPTION}/{ASSIGNMENTS}?$skipToken=x", token)
    assert wrong.json["error"]["code"] == "UnsupportedQuery"


BODIES = {
    "no body": (None, "InvalidRequestContent"),
    "a list": ([], "InvalidRequestContent"),
    "no JSON": (b"{", "InvalidRequestContent"),
    "a member twice": (b'{"properties":{},"properties":{}}', "InvalidRequestContent"),
    "nothing": ({}, "InvalidRequestContent"),
    "properties that are none": ({"properties": "x"}, "InvalidRequestContent"),
    "a member that there is not": ({"properties": {"role": "Reader"}}, "InvalidRequestContent"),
    "a number": ({"principalId": 7}, "InvalidRequestContent"),
    "no principal": ({"principalId": None}, "InvalidRequestContent"),
    "a principal that is no id": ({"principalId": "me"}, "InvalidRequestContent"),
    "a principal of nobody": ({"principalId": NOBODY}, "PrincipalNotFound"),
    "a kind of principal that it has not": ({"principalType": "User"}, "UnmatchedPrincipalType"),
    "a role that does not exist": ({"roleDefinitionId": f"/{DEFINITIONS}/{NOBODY}"}, "RoleDefinitionDoesNotExist"),
    "a role that is no id": ({"roleDefinitionId": "Reader"}, "RoleDefinitionDoesNotExist"),
    "a description without end": ({"description": "x" * 3_000}, "InvalidRequestContent"),
    "a body without end": (b"[" * 70_000, "RequestContentTooLarge"),
}


@pytest.mark.parametrize("sentence", BODIES)
def test_nothing_is_assigned_by(arm, token, clear, sentence):
    body, code = BODIES[sentence]
    usual = {"roleDefinitionId": str(READER), "principalId": BOT}
    if isinstance(body, dict) and body and "properties" not in body:
        body = {"properties": usual | body}
    answer = arm.ask("PUT", f"{GROUP}/{ASSIGNMENTS}/{uuid4()}", token, body)
    assert answer.json["error"]["code"] == code
    assert arm.listed(token, "/") == []


def test_a_body_may_leave_the_envelope_out_and_a_name_must_be_an_id(arm, token, clear):
    bare = {"roleDefinitionId": str(READER), "principalId": BOT}
    assert arm.ask("PUT", f"{GROUP}/{ASSIGNMENTS}/{uuid4()}", token, bare).status == 201
    assert arm.ask("PUT", f"{GROUP}/{ASSIGNMENTS}/mine", token, bare).status == 400
    endless = f"{GROUP}/{'x' * authorization.LONGEST_SCOPE}"
    assert arm.assign(token, endless, str(uuid4())).json["error"]["code"] == "InvalidRequestContent"
    assert arm.ask("GET", f"{GROUP}/{ASSIGNMENTS}/mine", token).status == 404
    assert arm.ask("DELETE", f"{GROUP}/{ASSIGNMENTS}/mine", token).status == 204


def test_an_assignment_ends_with_its_principal(arm, token, clear):
    by, run = arm.graph.wire.administrator, arm.graph.wire.run
    application = run(applications.create, by, seed.TENANT_ID, display_name="leaving")
    name = str(uuid4())
    assert arm.assign(token, GROUP, name, principalId=str(arm.graph.principal_of(application).id)).status == 201
    run(applications.delete, by, application.id)
    assert arm.listed(token, GROUP) == []
