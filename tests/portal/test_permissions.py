"""API permissions: configured, granted, used; added in three steps, consented to as shown, taken back one by one."""

from uuid import UUID, uuid4

import pytest

from accredit.administer import applications, consent, permissions
from accredit.administer.standing import Key
from accredit.app import seed
from accredit.directory import AppRole, wellknown
from accredit.directory.registration import Registration, RequiredAccess, ResourceAccess
from tests.portal.people import visitor
from tests.portal.scene import exchange
from tests.support.every import every
from tests.support.workload import engage, principal_of

TENANT = seed.TENANT_DOMAIN
GRAPH = wellknown.principals()["graph"]
READ = next(each for each in GRAPH.app_roles if each.value == "Application.Read.All")
SEND = next(each for each in GRAPH.app_roles if each.value == "Mail.Send")
USER = GRAPH.scopes[0]
NOT_GRANTED = "\N{EN DASH} Not granted"
NOT_THERE = UUID("00000000-0000-0000-0000-0000000000aa")


@pytest.fixture
def made(served):
    """An application of its own for each test."""
    name = f"caller-{uuid4().hex[:8]}"
    return served.administer(lambda by: applications.create(by, seed.TENANT_ID, display_name=name))


def page_of(of, *parts):
    return "/".join((f"{TENANT}/applications/{of.id}/permissions", *map(str, parts)))


def configured(served, of, *wanted, app_id=GRAPH.app_id):
    served.administer(lambda by: consent.configure(by, of.id, str(app_id), wanted))


def row(page, value):
    """The cells of one permission by the heads of their columns."""
    heads, *rows = page.rows
    return next(dict(zip(heads, each, strict=True)) for each in rows if each[0] == value)


def test_a_permission_is_added_in_three_steps(portal, made):
    begun = portal.get(page_of(made)).follow("Add a permission")
    apis = begun.form("add").fill(name="microsoft graph").submit()
    assert [each[0] for each in apis.rows[1:]] == ["Microsoft Graph"]
    roles = apis.follow("Microsoft Graph")
    some = roles.form("Filter").fill(q="application.read").submit()
    values = [each[0] for each in some.rows[1:]]
    assert "Application.Read.All" in values
    assert "Mail.Send" not in values
    review = some.form("choose").fill(role=[str(READ.id)]).submit()
    assert "grants nothing" in review.text
    done = review.form("add").submit()
    assert done.path.endswith("/permissions")
    assert row(done, "Application.Read.All")["Status"] == NOT_GRANTED
    assert row(done, "Application.Read.All")["Type"] == "Application"
    assert row(done, "Application.Read.All")["Admin consent required"] == "Yes"
    assert (
        portal.get(page_of(made, "add", GRAPH.app_id, f"review?role={READ.id}")).text.count("configured already") == 1
    )


@every("query", ["", "?role=nonsense", f"?role={NOT_THERE}"])
def test_nothing_chosen_is_told_where_it_is_chosen(portal, made, query):
    told = portal.get(page_of(made, "add", GRAPH.app_id, f"review{query}"))
    assert (told.status, "Choose at least one permission." in told.text) == (422, True)
    sent = portal.send("POST", f"/portal/{page_of(made, 'add', GRAPH.app_id)}", query.removeprefix("?"))
    assert sent.status == 422


@every("api", ["nonsense", str(NOT_THERE)])
def test_an_api_that_is_not_there_is_a_page(portal, made, api):
    for part in ("", "/review"):
        assert portal.get(f"{page_of(made, 'add', api)}{part}").status == 404


def test_an_api_without_roles_says_so(portal, made):
    shown = portal.get(page_of(made, "add", made.app_id))
    assert "offers no application permissions" in shown.text
    assert "No permission contains this" in portal.get(page_of(made, "add", GRAPH.app_id) + "?q=zzz").text
    assert "No API has such a name or id" in portal.get(page_of(made, "add") + "?name=zzz").text


def test_consent_shows_what_changes_and_does_that(portal, served, made):
    configured(served, made, ("Role", READ.id), ("Scope", USER.id))
    ask = portal.get(page_of(made)).follow("Grant admin consent for Contoso")
    assert [each[1] for each in ask.rows[1:]] == [READ.value, USER.value]
    done = ask.form("consent").submit()
    assert "Add app role assignment to service principal" in done.text
    assert "Add delegated permission grant" in done.text
    assert row(done, READ.value)["Status"] == "✓ Granted"
    assert (row(done, USER.value)["Type"], row(done, USER.value)["Used in 30 days"]) == ("Delegated", "in no token")
    assert "Grant admin consent" not in done.text
    assert "There is nothing to grant" in portal.get(page_of(made, "consent")).text


def test_what_was_not_shown_is_not_granted(portal, served, made):
    configured(served, made, ("Role", READ.id))
    form = portal.get(page_of(made, "consent")).form("consent")
    configured(served, made, ("Role", SEND.id))
    refused = form.submit()
    assert refused.status == 409
    assert "nothing was granted" in refused.text
    assert [each[1] for each in refused.rows[1:]] == [READ.value, SEND.value]
    assert row(portal.get(page_of(made)), READ.value)["Status"] == NOT_GRANTED


@every("body", ["", "shown=x", "shown=a+Role+nonsense", f"shown={GRAPH.app_id}+Other+{READ.id}"])
def test_consent_to_nonsense_grants_nothing(portal, served, made, body):
    configured(served, made, ("Role", READ.id))
    assert portal.send("POST", f"/portal/{page_of(made, 'consent')}", body).status == 409
    assert row(portal.get(page_of(made)), READ.value)["Status"] == NOT_GRANTED


def test_what_the_api_does_not_offer_is_told_and_not_granted(portal, served, made):
    configured(served, made, ("Role", NOT_THERE), ("Role", READ.id))
    assert "no such permission now" in row(portal.get(page_of(made)), str(NOT_THERE))["Status"]
    ask = portal.get(page_of(made, "consent"))
    assert [each[1] for each in ask.rows[1:]] == [READ.value]
    assert str(NOT_THERE) in ask.text


def test_who_is_made_for_consent_is_named(portal, served):
    role = AppRole(id=uuid4(), value="Things.Read", display_name="Read")
    wish = RequiredAccess(resource_app_id=str(GRAPH.app_id), resource_access=(ResourceAccess(id=READ.id, type="Role"),))

    async def fill(by):
        api = await applications.create(
            by, seed.TENANT_ID, display_name="Things", app_roles=(role,), with_principal=False
        )
        own = RequiredAccess(
            resource_app_id=str(api.app_id), resource_access=(ResourceAccess(id=role.id, type="Role"),)
        )
        return await applications.create(
            by,
            seed.TENANT_ID,
            display_name="nobody yet",
            registration=Registration(required_resource_access=(wish, own)),
            with_principal=False,
        )

    of = served.administer(fill)
    ask = portal.get(page_of(of, "consent"))
    assert "nobody yet, Things" in ask.text
    done = ask.form("consent").submit()
    assert {row(done, each)["Status"] for each in ("Things.Read", READ.value)} == {"✓ Granted"}


def test_what_was_granted_without_being_configured_says_so_and_can_be_configured(portal, served, made):
    async def give(by):
        holder = await principal_of(by, seed.TENANT_ID, made.app_id)
        graph = await principal_of(by, seed.TENANT_ID, GRAPH.app_id)
        await permissions.grant(by, holder.id, graph.id, READ.id)

    served.administer(give)
    shown = portal.get(page_of(made))
    assert row(shown, READ.value)["Status"] == "! Granted but not configured"
    done = shown.follow("Configure").form("add").submit()
    assert row(done, READ.value)["Status"] == "✓ Granted"


def test_used_is_what_tokens_really_bore(portal, served):
    workload = engage(served)
    one = f"{TENANT}/applications/{workload.client_id}/permissions"
    assert row(portal.get(one), "Orders.Read.All")["Used in 30 days"] == "no"
    assert "access_token" in exchange(served, workload.client_id, workload.assertion())
    shown = portal.get(one)
    assert row(shown, "Orders.Read.All")["Used in 30 days"] == "just now"
    assert row(shown, "Application.Read.All")["Used in 30 days"] == "no"
    principal = workload.principal.id
    held = portal.get(f"{TENANT}/enterprise-apps/{principal}/held")
    assert {each[1] for each in held.rows[1:]} >= {"Orders.Read.All", "Application.Read.All"}


def test_a_grant_is_revoked_when_its_name_is_typed(portal, served, made):
    configured(served, made, ("Role", READ.id), ("Scope", USER.id))
    keys = [Key(str(GRAPH.app_id), "Role", READ.id), Key(str(GRAPH.app_id), "Scope", USER.id)]
    served.administer(lambda by: consent.grant(by, made.id, keys))
    for key, value in zip(keys, (READ.value, USER.value), strict=True):
        ask = portal.get(page_of(made, *key, "revoke"))
        refused = ask.form("revoke").fill(name="something").submit()
        assert (refused.status, "nothing was revoked" in refused.text) == (422, True)
        done = ask.form("revoke").fill(name=value).submit()
        assert row(done, value)["Status"] == NOT_GRANTED
        assert portal.get(page_of(made, *key, "revoke")).status == 404
        gone = portal.get(page_of(made, *key, "remove")).form("remove").submit()
        assert value not in {each[0] for each in gone.rows}
        assert portal.get(page_of(made, *key, "remove")).status == 404


@every("part", [f"{GRAPH.app_id}/Role/nonsense", f"{GRAPH.app_id}/Other/{READ.id}", f"x/Role/{READ.id}"])
def test_what_is_not_there_cannot_be_taken_back(portal, served, made, part):
    configured(served, made, ("Role", READ.id))
    for what in ("revoke", "remove"):
        assert portal.get(page_of(made, part, what)).status == 404
        assert portal.send("POST", f"/portal/{page_of(made, part, what)}", "name=x").status == 404


def test_only_an_admin_changes_permissions(served, made):
    operator = visitor(served, "operator")
    shown = operator.get(page_of(made))
    assert "Add a permission" not in {each.text for each in shown.links}
    for path in (page_of(made, "add", GRAPH.app_id), page_of(made, "consent")):
        assert operator.send("POST", f"/portal/{path}", f"role={READ.id}").status == 403
