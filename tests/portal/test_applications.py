"""Applications: the list and its search, a new one, one at a glance, what it is called, on and off, deleted."""

import json
import re
from uuid import uuid4

import pytest

from accredit.administer import applications, credentials
from accredit.app import seed
from tests.portal.people import visitor
from tests.portal.scene import exchange
from tests.support.every import every
from tests.support.workload import GITHUB, engage

TENANT = seed.TENANT_DOMAIN
BOT = f"{TENANT}/applications/{seed.WORKLOAD_ID}"
CLIENTS = {
    "environment": "export AZURE_FEDERATED_TOKEN_FILE=/path/to/token",
    "github_actions": "id-token: write",
    "kubernetes": "serviceAccountToken:",
    "azure-identity": "WorkloadIdentityCredential()",
    "dotnet": "DisableInstanceDiscovery = true",
    "go": "azidentity.NewWorkloadIdentityCredential",
    "java": "WorkloadIdentityCredentialBuilder",
    "node": "disableInstanceDiscovery: true",
    "az": "az login --service-principal",
    "terraform": "ARM_USE_OIDC",
    "curl": "grant_type=client_credentials",
}
UNFIT = {
    "no name": ({"name": "  "}, "1 to 256 printable characters"),
    "a name that is too long": ({"name": "x" * 257}, "1 to 256 printable characters"),
    "a name that hides text": ({"name": "a\u202eb"}, "1 to 256 printable characters"),
    "an identifier that is none": ({"identifier_uris": "orders"}, "an absolute URI"),
    "one that is somebody else's": ({"identifier_uris": "api://orders"}, "belongs to application"),
    "one that is Microsoft's": ({"identifier_uris": "https://graph.microsoft.com"}, "is reserved"),
    "a lifetime that is no number": ({"token_lifetime": "soon"}, "A number of seconds"),
    "a lifetime that is too long": ({"token_lifetime": "999999"}, "is not within"),
    "a description that is too long": ({"description": "x" * 1025}, "longer than 1024 characters"),
}


@pytest.fixture
def made(served):
    """An application of its own for each test."""
    name = f"app-{uuid4().hex[:8]}"
    return served.administer(lambda by: applications.create(by, seed.TENANT_ID, display_name=name))


def page_of(of, *parts):
    return "/".join((f"{TENANT}/applications/{of.id}", *parts))


@every("asked", ["deploy", "DEPLOY-bot", str(seed.WORKLOAD_ID), str(seed.marked("application deploy-bot"))])
def test_an_application_is_found_by_its_name_or_an_id(portal, asked):
    found = portal.get(f"{TENANT}/applications").form("applications").fill(name=asked).submit()
    assert [row[0] for row in found.rows[1:]] == ["deploy-bot"]
    assert found.form("applications").fields["name"] == asked


def test_what_is_not_there_says_what_to_do(portal):
    found = portal.get(f"{TENANT}/applications?name=nothing")
    assert "No application has such a name or id" in found.text
    assert found.follow("Show all").status == 200


def test_a_long_list_has_pages(portal, served):
    name = f"many-{uuid4().hex[:8]}"

    async def fill(by):
        for number in range(30):
            await applications.create(by, seed.TENANT_ID, display_name=f"{name}-{number:02}", with_principal=False)

    served.administer(fill)
    first = portal.get(f"{TENANT}/applications?name={name}")
    second = first.follow("Next page")
    names = [row[0] for each in (first, second) for row in each.rows[1:]]
    assert names == [f"{name}-{number:02}" for number in range(30)]
    assert "Next page" not in second.text
    assert portal.get(f"{TENANT}/applications?after=nonsense").status == 400


def test_a_new_application_needs_a_name_and_nothing_else(portal, served):
    name = f"Größe <b> {uuid4().hex[:6]}"
    form = portal.get(f"{TENANT}/applications").follow("New application").form("new")
    assert list(form.fields) == ["name"]
    shown = form.fill(name=name).submit()
    assert shown.h1 == name
    assert f"Add application: {name}" in shown.text
    assert "Nobody can sign in as it yet." in shown.text
    assert shown.follow("Delete it again").h1 == f"Delete {name}"


def test_a_name_that_is_refused_stays_in_the_form(portal):
    refused = portal.get(f"{TENANT}/applications/new").form("new").fill(name="x" * 300).submit()
    assert refused.status == 422
    assert refused.form("new").fields["name"] == "x" * 300
    assert refused.main.text.count("1 to 256 printable characters") == 2  # above the form, and at the field


def test_the_overview_has_every_id_with_a_button_that_copies_it(portal, served):
    shown = portal.get(BOT)
    copied = {each["data-copy"] for each in shown.root.all("button") if "data-copy" in each}
    principal = seed.marked("principal deploy-bot")
    assert copied >= {str(each) for each in (seed.WORKLOAD_ID, seed.TENANT_ID, principal)}
    assert str(seed.marked("application deploy-bot")) in copied


@every("client, expected", CLIENTS.items(), ids=CLIENTS)
def test_each_client_has_a_snippet_with_the_ids_of_the_application(portal, served, client, expected):
    shown = portal.get(f"{BOT}?client={client}")
    said = " ".join(each.raw for each in shown.root.all("pre"))
    assert expected in said
    assert served.url.partition("://")[2] in said
    assert str(seed.WORKLOAD_ID) in said


def test_a_workflow_has_the_values_of_the_credential_that_trusts_it(portal):
    shown = portal.get(f"{BOT}?client=github_actions")
    assert 'environment: "production"' in " ".join(each.raw for each in shown.root.all("pre"))
    assert f"With the values of the credential {seed.CREDENTIAL}." in shown.text


def test_a_credential_that_no_preset_writes_leaves_the_example(portal, served, made):
    expression = "claims['sub'] matches 'repo:octo-org/*' and claims['repository_id'] eq '77'"
    served.administer(lambda by: credentials.add(by, made.id, name="any", issuer=GITHUB, expression=expression))
    shown = portal.get(page_of(made) + "?client=github_actions")
    assert "id-token: write" in " ".join(each.raw for each in shown.root.all("pre"))
    assert "With the values of the credential" not in shown.text


def test_a_sample_asks_for_the_api_on_which_it_has_a_role(portal):
    shown = portal.get(f"{BOT}?client=azure-identity")
    code = " ".join(each.raw for each in shown.root.all("pre"))
    assert re.search(r'get_token\("[0-9a-f-]{36}/\.default"\)', code), code  # whichever API others have granted it


def test_an_unknown_client_is_shown_the_first(portal):
    assert portal.get(f"{BOT}?client=cobol").status == 200


def test_what_it_is_called_is_changed(portal, served, made):
    uri = f"api://{made.display_name}"
    edit = portal.get(page_of(made)).follow("Edit").form("edit")
    shown = edit.fill(name="Größe", description="what", identifier_uris=uri, token_version="2").submit()
    assert shown.h1 == "Größe"
    assert shown.follow("Change it back").path.endswith("/edit")
    again = portal.get(page_of(made, "edit")).form("edit")
    assert again.fields["identifier_uris"] == uri
    shown = again.fill(description="", identifier_uris="", token_version="", token_lifetime="1200").submit()
    assert "1 200 s" in shown.text.replace("\u202f", " ")

    async def stored(by):
        async with by.registry.reading() as store:
            return await store.applications.get(made.id)

    found = served.administer(stored)
    assert (found.description, found.identifier_uris, found.token_version) == (None, (), None)


@every("typed, said", UNFIT.values(), ids=UNFIT)
def test_what_is_refused_is_told_at_its_field_and_nothing_typed_is_lost(portal, made, typed, said):
    typed = {"description": "kept", **typed}
    refused = portal.get(page_of(made, "edit")).form("edit").fill(**typed).submit()
    assert refused.status == 422
    (name,) = set(typed) - {"description"} or {"description"}
    field = next(each for each in refused.form("edit").controls if each["name"] == name)
    problem = refused.root.one("p", id=field["aria-describedby"].split()[-1])
    assert said.lower() in problem.text.lower()
    shown = {key: value.strip().replace("\u202e", "\\u202e") for key, value in typed.items()}  # nothing hides text
    assert {key: refused.form("edit").fields[key] for key in typed} == shown


def test_a_choice_that_nobody_offered_is_refused(portal, made):
    answer = portal.send("POST", f"/portal/{page_of(made, 'edit')}", "name=a&token_version=3")
    assert answer.status == 422
    assert "1 or 2, or nothing." in answer.text


def test_an_application_that_is_disabled_gets_no_token_until_it_is_enabled(portal, served):
    workload = engage(served)
    one = f"{TENANT}/applications/{workload.client_id}"
    shown = portal.get(one).follow("Disable").form("switch").submit()
    assert exchange(served, workload.client_id, workload.assertion())["error_codes"] == [7000112]
    assert shown.follow("Enable it again").form("switch").submit().status == 200
    assert "access_token" in exchange(served, workload.client_id, workload.assertion())


def test_an_operator_disables_and_does_not_enable_edit_or_delete(served, made):
    operator = visitor(served, "operator")
    shown = operator.get(page_of(made))
    assert {"Edit", "Delete", "Enable"}.isdisjoint({each.text for each in shown.links})
    shown = shown.follow("Disable").form("switch").submit()
    assert "Disabled." in shown.text
    assert "Enable it" not in {each.text for each in shown.links}
    for part in ("enable", "edit", "delete"):
        assert operator.send("POST", f"/portal/{page_of(made, part)}", "name=x").status == 403


def test_a_reader_sees_all_and_changes_nothing(served):
    reader = visitor(served, "reader")
    for part in ("", "/permissions", "/roles", "/owners", "/manifest"):
        shown = reader.get(f"{BOT}{part}")
        assert shown.status == 200
        assert not shown.main.all("form")


def test_deleting_says_what_goes_and_wants_the_name_typed(portal, served):
    workload = engage(served)
    ask = portal.get(f"{TENANT}/applications/{workload.client_id}/delete")
    assert "1 federated credential" in ask.text
    name = ask.h1.removeprefix("Delete ")
    refused = ask.form("delete").fill(name=f"{name}x").submit()
    assert (refused.status, "nothing was deleted" in refused.text) == (422, True)
    done = ask.form("delete").fill(name=name).submit()
    assert done.path == f"/portal/{TENANT}/applications"
    assert f"Delete application: {name}" in done.text
    assert portal.get(f"{TENANT}/applications/{workload.client_id}").status == 404
    assert ask.form("delete").fill(name=name).submit().status == 404


@every("path", ["nonsense", str(uuid4()), "%2e%2e"])
def test_what_is_not_there_is_a_page(portal, path):
    for part in ("", "/edit", "/permissions", "/manifest"):
        assert portal.get(f"{TENANT}/applications/{path}{part}").status == 404


def test_an_application_without_a_service_principal_says_so(portal, served):
    alone = served.administer(
        lambda by: applications.create(by, seed.TENANT_ID, display_name="alone", with_principal=False)
    )
    assert "no service principal" in portal.get(page_of(alone)).text
    assert "0 roles that it holds" in portal.get(page_of(alone, "delete")).text


def test_the_request_beside_a_form_is_json(portal, made):
    shown = portal.get(page_of(made, "edit"))
    said = next(each.raw for each in shown.root.all("pre") if each.raw.startswith("PATCH"))
    head, _, body = said.partition("\n\n")
    assert head == f"PATCH /v1.0/applications/{made.id}"
    assert json.loads(body)["displayName"] == made.display_name
