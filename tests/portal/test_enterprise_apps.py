"""Enterprise apps: the list, one service principal, its switch, what it holds and who holds its roles, its owners."""

from uuid import uuid4

import pytest

from accredit.administer import applications, permissions
from accredit.app import seed
from accredit.directory import DEFAULT_ACCESS, wellknown
from tests.portal.people import visitor
from tests.portal.scene import exchange
from tests.support.every import every
from tests.support.workload import engage, principal_of

TENANT = seed.TENANT_DOMAIN
APPS = f"{TENANT}/enterprise-apps"
GRAPH = wellknown.principals()["graph"]


@pytest.fixture
def pair(served):
    """A client and an API of their own; the client holds a role of the API, and access without a role."""

    async def make(by):
        name = uuid4().hex[:8]
        client = await applications.create(by, seed.TENANT_ID, display_name=f"client-{name}")
        api = await applications.create(by, seed.TENANT_ID, display_name=f"api-{name}")
        await applications.add_role(by, api.id, value="Things.Read")
        ends = [await principal_of(by, seed.TENANT_ID, each.app_id) for each in (client, api)]
        for role in ("Things.Read", DEFAULT_ACCESS):
            await permissions.grant(by, ends[0].id, ends[1].id, role)
        return ends

    return served.administer(make)


@every("asked", ["microsoft gr", str(GRAPH.app_id), str(seed.marked("principal graph"))])
def test_one_is_found_by_its_name_or_an_id(portal, asked):
    found = portal.get(APPS).form("enterprise-apps").fill(name=asked).submit()
    assert [(each[0], each[3], each[4]) for each in found.rows[1:]] == [("Microsoft Graph", "Microsoft", "✓ enabled")]
    assert "No service principal has such a name or id" in portal.get(f"{APPS}?name=zzz").text


def test_a_page_has_so_many_and_says_where_to_go_on(portal, served):
    name = f"sp-{uuid4().hex[:8]}"

    async def fill(by):
        for number in range(26):
            await applications.create(by, seed.TENANT_ID, display_name=f"{name}-{number:02}")

    served.administer(fill)
    first = portal.get(f"{APPS}?name={name}")
    assert [len(first.rows), len(first.follow("Next page").rows)] == [26, 2]


def test_both_ends_of_an_assignment_show_it_and_each_can_revoke_it(portal, pair):
    client, api = pair
    held, given = portal.get(f"{APPS}/{client.id}/held"), portal.get(f"{APPS}/{api.id}/given")
    assert portal.get(f"{APPS}/{api.app_id}/given").rows == given.rows
    assert {each[1] for each in held.rows[1:]} == {each[1] for each in given.rows[1:]}
    assert {each[0] for each in held.rows[1:]} == {api.display_name}
    assert {each[0] for each in given.rows[1:]} == {client.display_name}
    for page, role in ((held, "Things.Read"), (given, "Default access")):
        asks = [portal.get(each.href) for each in page.links if each.text == "Revoke"]
        ask = next(each for each in asks if f"Revoke {role}" in each.text)
        refused = ask.form("revoke").fill(name="something").submit()
        assert (refused.status, "nothing was revoked" in refused.text) == (422, True)
        done = ask.form("revoke").fill(name=role).submit()
        assert done.path == page.path
        assert role not in {each[1] for each in done.rows}
        assert portal.get(ask.path).status == 404
    assert "It holds no roles" in portal.get(held.path).text
    assert "Nobody holds a role of it" in portal.get(given.path).text


def test_an_assignment_is_of_its_two_ends_only(portal, pair, served):
    client, _ = pair
    shown = portal.get(f"{APPS}/{client.id}/held")
    revoke = next(each.href for each in shown.links if each.text == "Revoke")
    elsewhere = revoke.replace(str(client.id), str(seed.marked("principal graph")))
    assert portal.get(elsewhere).status == 404
    assert portal.send("POST", elsewhere, "name=Things.Read").status == 404


def test_one_that_is_disabled_gets_no_token_until_it_is_enabled(portal, served):
    workload = engage(served)
    off = portal.get(f"{APPS}/{workload.client_id}").follow("Disable").form("switch").submit()
    assert "✗ No" in off.text
    assert exchange(served, workload.client_id, workload.assertion())["error_codes"] == [7000112]
    off.follow("Enable it again").form("switch").submit()
    assert "access_token" in exchange(served, workload.client_id, workload.assertion())


def test_an_assignment_is_demanded_and_let_go(portal, pair):
    _, api = pair
    shown = portal.get(f"{APPS}/{api.id}").form("/demand").submit()
    assert "Yes: only who holds one of its roles" in shown.text
    assert "No: whoever asks" in shown.form("/let").submit().text


def test_owners_are_added_and_removed(portal, pair):
    client, api = pair
    shown = portal.get(f"{APPS}/{api.id}/owners").form("add").fill(owner=client.display_name).submit()
    ask = shown.follow("Remove the owner again").follow("Remove")
    assert ask.form("remove").fill(name="somebody").submit().status == 422
    assert "No owners" in ask.form("remove").fill(name=client.display_name).submit().text


def test_an_operator_disables_and_does_no_more(served, pair):
    operator, (client, _) = visitor(served, "operator"), pair
    one = f"{APPS}/{client.id}"
    shown = operator.get(one).follow("Disable").form("switch").submit()
    assert "Enable" not in {each.text for each in shown.links}
    for part in ("enable", "demand", "let", "owners"):
        assert operator.send("POST", f"/portal/{one}/{part}", "owner=x").status == 403


@every("path", ["nonsense", str(uuid4())])
def test_what_is_not_there_is_a_page(portal, path):
    for part in ("", "/held", "/given", "/owners", "/disable"):
        assert portal.get(f"{APPS}/{path}{part}").status == 404
