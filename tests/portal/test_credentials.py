"""Certificates & secrets: what an application trusts at a glance, and what becomes of one credential."""

import json
import shlex

import pytest

from accredit.app import seed
from tests.cli.conftest import ran
from tests.portal.page import Visitor
from tests.support.every import every
from tests.support.workload import GITHUB, engage, extended

TENANT = seed.TENANT_DOMAIN
LEGACY = "repo:octo-org/octo-repo:environment:{}"


@pytest.fixture
def workload(served):
    return engage(served)


def at(workload, *parts):
    tenant = TENANT if workload.application.tenant_id == seed.TENANT_ID else workload.application.tenant_id
    return "/".join((f"{tenant}/applications/{workload.application.id}/credentials", *map(str, parts)))


def held(workload):
    async def find(by):
        async with by.registry.reading() as view:
            return await view.credentials.find(application_id=workload.application.id)

    return {each.name: each for each in workload.emulator.administer(find)}


def same(page):
    """The command, the request and the Terraform of a page."""
    return [each.raw for each in page.root.one("details", **{"class": "same"}).all("pre")]


def test_the_list_says_what_each_trusts_and_what_lint_finds(portal, workload):
    workload.trust(name="by-names", subject=LEGACY.format(workload.environment), enabled=False)
    page = portal.get(at(workload))
    assert page.h1 == workload.application.display_name
    assert "Federated credentials (2 of 20)" in page.text
    (_head, *others) = page.rows
    (legacy,) = [row for row in others if row[0].startswith("by-names")]
    assert legacy[0] == "by-names disabled"
    assert legacy[1:3] == ["GitHub Actions", LEGACY.format(workload.environment)]
    assert "token.actions.githubusercontent.com" in legacy[3]
    assert legacy[4] == "never"
    assert "NAME-ONLY" in legacy[5]
    assert "Add immutable twin" in legacy[6]
    (plain,) = [row for row in others if row is not legacy]
    assert "NAME-ONLY" not in plain[5]
    assert "Add immutable twin" not in plain[6]


def test_where_no_limit_is_the_count_has_none(portal, served):
    workload = engage(served, home=extended(served), trusting=False)
    page = portal.get(at(workload))
    assert "(0)" in page.text
    assert "of 20" not in page.text
    assert "trusts nobody yet" in page.text
    assert page.link("Add credential").endswith("/credentials/new")


def test_a_reader_is_offered_no_change(served, reader, operator, workload):
    page = reader.get(at(workload))
    assert not [
        each for each in page.links if each.text in {"Edit", "Delete", "Disable", "Duplicate", "Add credential"}
    ]
    assert page.link("Test with a token")
    assert operator.get(at(workload)).link("Disable")
    assert "Delete" not in [each.text for each in operator.get(at(workload)).links]


def test_an_operator_disables_and_an_admin_enables(portal, operator, workload):
    credential = workload.credential
    asked = operator.get(at(workload, credential.id, "disable"))
    assert "never" in asked.text
    done = asked.form("disable").submit()
    assert "disabled" in next(row for row in done.rows if row[0].startswith(credential.name))[0]
    assert f": {workload.application.display_name}, {credential.name}" in done.text
    assert not held(workload)[credential.name].enabled
    assert operator.get(at(workload, credential.id, "enable")).status == 403
    back = portal.get(at(workload, credential.id, "enable")).form("enable").submit()
    assert back.link("Disable it again").endswith(f"{credential.id}/disable")
    assert held(workload)[credential.name].enabled


def test_deleting_says_when_it_was_last_used_and_wants_its_name(portal, workload):
    from tests.portal.scene import exchange  # noqa: PLC0415  after the emulator runs

    exchange(workload.emulator, workload.client_id, workload.assertion())
    credential = workload.credential
    page = portal.get(at(workload, credential.id, "delete"))
    assert "1 granted, 0 refused" in page.text
    wrong = page.form("delete").fill(name="another").submit()
    assert wrong.status == 422
    assert "nothing was deleted" in wrong.text
    assert held(workload)
    done = page.form("delete").fill(name=credential.name).submit()
    assert "trusts nobody yet" in done.text
    assert not held(workload)
    assert portal.get(at(workload, credential.id, "delete")).status == 404


def test_a_copy_begins_with_what_the_other_trusts(portal, workload):
    page = portal.get(at(workload)).follow("Duplicate")
    assert page.form("credential").fields["f-value"] == workload.environment
    assert page.form("credential").fields["name"] == ""
    refused = page.form("credential").submit("Add")
    assert refused.status == 400
    assert "already exists" in refused.text
    made = refused.form("credential").fill(f_value="another").submit("Add")
    assert made.status == 200
    assert len(held(workload)) == 2


@every("verb", ["disable", "enable", "delete"])
def test_what_is_said_to_be_the_same_is(portal, workload, verb):
    command, request, *_ = same(portal.get(at(workload, workload.credential.id, verb)))
    help_of = ran(*shlex.split(command)[1:], "--help")
    assert help_of.code == 0, help_of.err
    method, path = request.split("\n")[0].split(" ")
    assert (method, path.split("/")[1]) == {"delete": ("DELETE", "v1.0")}.get(verb, ("PATCH", "beta"))
    if verb != "delete":
        assert json.loads(request.partition("\n\n")[2]) == {"accredit": {"enabled": verb == "enable"}}


def test_the_twin_is_planned_from_proven_sign_ins_or_typed_ids(portal, served):
    workload = engage(served, trusting=False)
    workload.trust(name="by-names", subject="repo:octo-org/octo-repo:environment:twin")
    page = portal.get(at(workload)).follow("Add immutable twin")
    assert "The ids of octo-org/octo-repo are not known" in page.text
    wrong = page.form("twin").fill(owner_id="many", repository_id="456789").submit("Show the twin")
    assert wrong.status == 422
    shown = page.form("twin").fill(owner_id="123456", repository_id="456789").submit("Show the twin")
    assert "repo:octo-org@123456/octo-repo@456789:environment:twin" in shown.text
    assert set(held(workload)) == {"by-names"}
    done = shown.form("twin").submit("Add the twin")
    assert set(held(workload)) == {"by-names", "by-names-immutable"}
    assert "by-names-immutable" in done.text
    assert "It has a twin" in portal.get(page.url).text


def test_of_what_has_ids_there_is_no_twin(portal, workload):
    page = portal.get(at(workload, workload.credential.id, "twin"))
    assert "Add the twin" not in [each.text for each in page.form("twin").buttons]


def test_a_token_is_tested_against_one_credential_and_against_all(portal, workload):
    token = workload.assertion()
    page = portal.get(at(workload, workload.credential.id, "test"))
    answer = page.form("test").fill(token=token, online=True).submit()
    assert "Yes. Every check passes" in answer.text
    assert token not in answer.html
    assert answer.form("test").fields["token"] == ""
    other = workload.emulator.mint(params={"environment": "nowhere"})
    refused = portal.get(at(workload, "test")).form("test").fill(token=other, online=True).submit()
    assert "No. 1 check fails" in refused.text
    assert "AADSTS700213" in refused.text
    assert "environment:nowhere" in refused.text
    assert workload.credential.name in refused.text


@every(
    "token, says",
    [("", "Paste a token first"), ("not a token", "It is no token"), ("eyJhbGciOiJub25lIn0.e30.", "AADSTS")],
)
def test_what_is_no_token_is_told(portal, workload, token, says):
    page = portal.get(at(workload, "test")).form("test").fill(token=token).submit()
    assert page.status == (200 if token else 422)
    assert says in page.text or "AADSTS" in page.text


def test_a_credential_of_another_application_is_none_of_this(portal, workload):
    other = engage(workload.emulator)
    for page in ("edit", "delete", "disable", "test", "twin"):
        assert portal.get(at(workload, other.credential.id, page)).status == 404
    assert portal.get(at(workload, "new?from=") + str(other.credential.id)).status == 404
    assert isinstance(portal, Visitor)
    assert other.credential.issuer.url == GITHUB
