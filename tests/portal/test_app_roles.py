"""App roles and owners of an application, through its pages."""

from uuid import uuid4

import pytest

from accredit.administer import applications, permissions
from accredit.app import seed
from tests.portal.people import visitor
from tests.support.every import every
from tests.support.workload import principal_of

TENANT = seed.TENANT_DOMAIN
ROLE = "Things.Read"
UNFIT = {
    "none": ("", "1 to 250 printable ASCII characters"),
    "a space in it": ("a b", "1 to 250 printable ASCII characters"),
    "a dot first": (".a", "1 to 250 printable ASCII characters"),
    "one that is there": (ROLE, f"already offers {ROLE}"),
}
NOBODY = {
    "nothing": ("", "Say which one"),
    "a name that nobody has": ("nobody at all", "has this name or id"),
    "an id that nobody has": (str(uuid4()), "has this name or id"),
    "a name that two have": ("twin", "Several have this name"),
}


@pytest.fixture
def made(served):
    """An API of its own for each test, with a role that nobody holds."""

    async def make(by):
        of = await applications.create(by, seed.TENANT_ID, display_name=f"api-{uuid4().hex[:8]}")
        await applications.add_role(by, of.id, value=ROLE)
        return of

    return served.administer(make)


def page_of(of, *parts):
    return "/".join((f"{TENANT}/applications/{of.id}", *map(str, parts)))


def row(page, value):
    heads, *rows = page.rows
    return next(dict(zip(heads, each, strict=True)) for each in rows if each[0] == value)


def test_a_role_is_created_disabled_enabled_and_removed(portal, made):
    new = portal.get(page_of(made, "roles")).follow("Create app role").form("new")
    shown = new.fill(value="Things.Write", name="Write things", description="Whatever").submit()
    assert row(shown, "Things.Write")["State"] == "✓ enabled"
    assert "Things.Write" in shown.text
    labels = {each["aria-label"]: each.above for each in shown.main.all("button") if "aria-label" in each}
    of = labels["Disable Things.Write"]["action"]
    shown = shown.form(of).submit()
    assert "disabled" in row(shown, "Things.Write")["State"]
    shown = shown.form(of.replace("/disable", "/enable")).submit()
    shown = shown.form(of).submit()
    ask = shown.follow("Remove")
    assert ask.form("remove").fill(name="Things.Read").submit().status == 422
    gone = ask.form("remove").fill(name="Things.Write").submit()
    assert [each[0] for each in gone.rows[1:]] == [ROLE]
    assert portal.get(ask.path.removeprefix("/portal/")).status == 404


@every("value, said", UNFIT.values(), ids=UNFIT)
def test_a_value_that_is_refused_is_told_at_its_field(portal, made, value, said):
    refused = portal.get(page_of(made, "roles/new")).form("new").fill(value=value, description="kept").submit()
    assert refused.status == 422
    assert said in refused.root.one("p", id="value-problem").text
    assert refused.form("new").fields["description"] == "kept"


def test_what_is_removed_while_it_is_enabled_says_what_to_do_first(portal, served, made):
    async def role(by):
        async with by.registry.reading() as store:
            return (await store.applications.get(made.id)).app_roles[0].id

    ask = portal.get(page_of(made, "roles", served.administer(role), "remove"))
    assert "disable it first" in ask.text
    refused = ask.form("remove").fill(name=ROLE).submit()
    assert (refused.status, "unless disabled first" in refused.text) == (422, True)


def test_how_often_a_role_is_granted_is_told(portal, served, made):
    async def give(by):
        holder = await principal_of(by, seed.TENANT_ID, seed.WORKLOAD_ID)
        api = await principal_of(by, seed.TENANT_ID, made.app_id)
        await permissions.grant(by, holder.id, api.id, ROLE)

    served.administer(give)
    assert row(portal.get(page_of(made, "roles")), ROLE)["Granted to"] == "1"


@every("part", ["nonsense", str(uuid4())])
def test_a_role_that_is_not_there_is_a_page(portal, made, part):
    for what in ("disable", "enable", "remove"):
        assert portal.send("POST", f"/portal/{page_of(made, 'roles', part, what)}", "name=x").status == 404


@every("owner", ["deploy-bot", str(seed.WORKLOAD_ID), str(seed.marked("principal deploy-bot"))])
def test_an_owner_is_added_by_a_name_or_an_id_and_removed(portal, made, owner):
    shown = portal.get(page_of(made, "owners")).form("add").fill(owner=owner).submit()
    assert [each[0] for each in shown.rows[1:]] == ["deploy-bot"]
    twice = shown.form("add").fill(owner=owner).submit()
    assert (twice.status, "already exist" in twice.text) == (422, True)
    ask = shown.follow("Remove the owner again").follow("Remove")
    assert ask.form("remove").fill(name="somebody").submit().status == 422
    gone = ask.form("remove").fill(name="deploy-bot").submit()
    assert "No owners" in gone.text
    assert portal.get(ask.path.removeprefix("/portal/")).status == 404


@every("typed, said", NOBODY.values(), ids=NOBODY)
def test_who_is_not_one_service_principal_is_told(portal, served, made, typed, said):
    if typed == "twin":
        for _ in range(2):
            served.administer(lambda by: applications.create(by, seed.TENANT_ID, display_name="twin"))
    refused = portal.get(page_of(made, "owners")).form("add").fill(owner=typed).submit()
    assert refused.status == 422
    assert said in refused.root.one("p", id="owner-problem").text
    assert refused.form("add").fields["owner"] == typed


def test_only_an_admin_changes_roles_and_owners(served, made):
    operator = visitor(served, "operator")
    for part in ("roles", "owners"):
        assert not operator.get(page_of(made, part)).main.all("form")
    for part in ("roles/new", "owners"):
        assert operator.send("POST", f"/portal/{page_of(made, part)}", "value=a&owner=b").status == 403
