"""Settings: the tenant, its policy and what it would refuse, roles and sessions, signing keys, tenants, the server,
export. In an emulator of its own: what is changed here belongs to all.
"""

import json
import shlex
from uuid import uuid4

import pytest

from accredit.administer import tenants
from accredit.app import seed
from accredit.interop import files
from accredit.tokens.keys import state
from accredit.web.portal.pages.settings_administrators import MOST_SHOWN
from tests.cli.conftest import ran
from tests.portal.people import PROVIDER, session, visitor
from tests.portal.scene import exchange, furnish
from tests.support.emulator import running
from tests.support.every import every
from tests.support.workload import GITHUB

AT = f"{seed.TENANT_DOMAIN}/settings"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with running(tmp_path_factory.mktemp("settings")) as found:
        yield found


@pytest.fixture(scope="module")
def scene(served):
    return furnish(served)


@pytest.fixture
def own(served):
    """A tenant of its own for each test."""
    domain = f"t-{uuid4().hex[:8]}.test"
    return served.administer(lambda by: tenants.create(by, display_name=domain, domains=(domain,), enable=()))


def tenant(served, wanted):
    async def found(by):
        async with by.registry.reading() as view:
            return await view.tenants.get(wanted)

    return served.administer(found)


def same(page):
    return [each.raw for each in page.root.one("details", **{"class": "same"}).all("pre")]


# ── tenant and policy ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_tenant_is_renamed_and_its_address_follows(portal, served, own):
    page = portal.get(f"{own.domains[0]}/settings").form("tenant")
    done = page.fill(
        name="Fabrikam", domains=f"new-{own.domains[0]}\n{own.domains[0]}", portability="extended", token_lifetime="600"
    ).submit()
    assert done.path == f"/portal/new-{own.domains[0]}/settings"
    assert "Update tenant: Fabrikam" in done.text
    assert "Change it back" in done.text
    after = tenant(served, own.id)
    assert (after.display_name, after.portability, after.token_lifetime) == ("Fabrikam", "extended", 600)


UNFIT = {
    "no name": ({"name": ""}, "name"),
    "no domain": ({"domains": ""}, "domains"),
    "a domain that is none": ({"domains": "here"}, "domains"),
    "a domain of another": ({"domains": seed.TENANT_DOMAIN}, "domains"),
    "a life that is no number": ({"token_lifetime": "long"}, "token_lifetime"),
    "a life that is too short": ({"token_lifetime": "1"}, "token_lifetime"),
}


@every("fields, field", UNFIT.values(), ids=UNFIT)
def test_what_no_tenant_may_be_is_said_at_its_field(portal, own, fields, field):
    page = portal.get(f"{own.domains[0]}/settings").form("tenant").set(fields).submit()
    assert page.status == 422
    assert page.root.one("p", id=f"{field}-problem").text
    assert page.form("tenant").fields[field] == fields[field]


def test_domains_are_changed_by_who_administers_the_instance(admin, portal, served, own):
    """A domain is the authority's name: an Admin of one tenant would be signed in to by another's people."""
    form = admin.get(AT).form("tenant")
    assert "domains" not in form.fields
    assert "Who administers the instance changes these." in admin.get(AT).text
    before = tenant(served, seed.TENANT_ID)
    fields = "name=Contoso&portability=entra&token_lifetime=3600"
    for wanted in ("free.test", own.domains[0], ""):
        page = admin.send("POST", AT, f"{fields}&domains={wanted}")
        assert (page.status, "instance administrator" in page.text) == (403, True)
        assert "another tenant" not in page.text.lower()
    assert tenant(served, seed.TENANT_ID) == before
    renamed = form.fill(name="Contoso, renamed").submit()
    assert "Update tenant: Contoso, renamed" in renamed.text
    assert tenant(served, seed.TENANT_ID).domains == before.domains
    renamed.form("tenant").fill(name=before.display_name).submit()
    wrong = admin.send("POST", AT, "name=&portability=entra&token_lifetime=3600")
    assert wrong.status == 422
    assert "domains" not in json.loads(same(wrong)[1].partition("\n\n")[2])


def test_a_policy_is_previewed_before_it_holds(portal, served, scene):
    exchange(served, str(seed.WORKLOAD_ID), served.mint(params={"environment": "production"}))
    form = portal.get(f"{AT}/policy").form("policy")
    page = form.fill(allowed_issuers="https://gitlab.com", immutable_ids="enforce").submit("Preview")
    assert "deploy-bot" in page.text
    assert "allowedIssuers" in page.text
    assert tenant(served, seed.TENANT_ID).allowed_issuers is None
    assert page.form("policy").fields["allowed_issuers"] == "https://gitlab.com"
    nothing = form.fill(allowed_issuers="", immutable_ids="off", max_assertion_lifetime="90000").submit("Preview")
    assert "✓ Nothing" in nothing.text


def test_a_policy_is_saved_and_taken_back(portal, served, own):
    at = f"{own.domains[0]}/settings/policy"
    portal.get(at).form("policy").fill(
        allowed_issuers=GITHUB, allowed_issuers_mode="audit", allowed_algorithms=["RS256"], lint="block"
    ).submit("Save")
    after = tenant(served, own.id)
    assert (after.allowed_issuers, after.allowed_issuers_mode) == ((GITHUB,), "audit")
    assert (after.allowed_algorithms, after.lint) == (("RS256",), "block")
    back = portal.get(at).form("policy").fill(allowed_issuers="", allowed_algorithms=["RS256", "RS384", "RS512"])
    assert "Update tenant" in back.submit("Save").text
    assert (tenant(served, own.id).allowed_issuers, tenant(served, own.id).allowed_algorithms) == (None, None)


POLICIES = {
    "an issuer that is none": ({"allowed_issuers": "github"}, "allowed_issuers", "Save"),
    "one twice": ({"allowed_issuers": f"{GITHUB}\n{GITHUB}"}, "allowed_issuers", "Save"),
    "a life that is no number": ({"max_assertion_lifetime": "long"}, "max_assertion_lifetime", "Preview"),
    "a life that is too short": ({"max_assertion_lifetime": "1"}, "max_assertion_lifetime", "Preview"),
}


@every("fields, field, button", POLICIES.values(), ids=POLICIES)
def test_what_no_policy_may_be_is_said_at_its_field(portal, own, fields, field, button):
    page = portal.get(f"{own.domains[0]}/settings/policy").form("policy").set(fields).submit(button)
    assert page.status == 422
    assert page.root.one("p", id=f"{field}-problem").text


# ── people ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_role_is_given_and_taken_away(portal, own):
    at = f"{own.domains[0]}/settings/administrators"
    form = portal.get(at).form("add").fill(role="operator", issuer=PROVIDER, claim="groups", value="ops-7")
    given = form.submit()
    assert "Add role mapping" in given.text
    assert ["Operator", "groups = ops-7"] in [row[:2] for row in given.rows]
    twice = form.submit()
    assert (twice.status, "have a role there already" in twice.text) == (422, True)
    page = given.follow("Take away operator ops-7")
    assert (page.form("confirm").fill(name="ops").submit()).status == 422
    gone = page.form("confirm").fill(name="ops-7").submit()
    assert "Remove role mapping" in gone.text
    assert not [row for row in gone.rows if row[1:2] == ["groups = ops-7"]]


def test_a_claim_that_somebody_else_may_have_tomorrow_is_refused(portal):
    form = portal.get(f"{AT}/administrators").form("add")
    page = form.fill(role="reader", issuer=PROVIDER, claim="email", value="ada@contoso.test").submit()
    assert page.status == 422
    assert "somebody else" in page.root.one("p", id="claim-problem").text


def test_only_who_administers_the_instance_gives_that_role(portal, admin):
    assert "Instance" not in [each.text for each in admin.get(f"{AT}/administrators").root.all("option")]
    body = f"role=instance&issuer={PROVIDER}&claim=sub&value=eve"
    assert admin.send("POST", f"{AT}/administrators", body).status == 403
    given = portal.get(f"{AT}/administrators").form("add")
    done = given.fill(role="instance", issuer=PROVIDER, claim="sub", value="ada").submit()
    assert "The role was given." in done.text
    assert "Take away" not in admin.get(f"{AT}/administrators").text or "ada" not in [
        each.text for each in admin.get(f"{AT}/administrators").links
    ]


def test_sessions_are_seen_and_ended(portal, served):
    other = visitor(served, "reader")
    mine = [row for row in other.get(f"{AT}/administrators").rows if "this one" in row[0]]
    assert len(mine) == 1
    page = portal.get(f"{AT}/administrators")
    forms = [each for each in page.forms if each.action.endswith("/sign-out") and "session" in each.fields]
    assert len(forms) > 1
    for each in forms:
        if each.fields["session"] != _own(page):
            each.submit()
    assert other.get(f"{AT}/administrators").path.endswith("/sign-in")
    assert portal.get(AT).status == 200
    gone = portal.send("POST", f"{AT}/administrators/sign-out", "session=nobody")
    assert gone.status == 404


def test_a_page_has_so_many_sessions_and_says_that_there_are_more(portal, served):
    reader = visitor(served, "reader")
    reader.get(AT)
    for _ in range(MOST_SHOWN + 5):
        session(served, "operator", "many")
    page = portal.get(f"{AT}/administrators")
    listed = page.main.all("table")[-1].all("tr")[1:]
    assert len(listed) == MOST_SHOWN
    assert "accredit admin sessions lists all" in page.text
    mine = reader.get(f"{AT}/administrators")
    assert [row[0] for row in mine.rows if "this one" in row[0]]
    assert ("many" in mine.text, "lists all" in mine.text) == (False, False)


def _own(page):
    (row,) = [each for each in page.root.all("tr") if "this one" in each.text]
    return row.one("input", name="session")["value"]


# ── what tenants share ───────────────────────────────────────────────────────────────────────────────────────────────


def keys(served):
    async def found(by):
        async with by.registry.reading() as view:
            held = await view.signing_keys.find()
            return {each.kid: (each.algorithm, state(each, held, by.clock())) for each in held}

    return served.administer(found)


def test_keys_rotate_and_are_withdrawn(portal, served):
    made = portal.get(f"{AT}/keys").form("rotate").submit()
    assert "The next key is published" in made.text
    (new,) = [kid for kid, found in keys(served).items() if found == ("RS256", "next")]
    again = made.form("rotate").submit()
    assert (again.status, "takes over" in again.root.one("div", role="alert").text) == (409, True)
    page = made.follow(f"Withdraw {new}")
    assert page.form("confirm").fill(name="yes").submit().status == 422
    assert "The key was withdrawn" in page.form("confirm").fill(name=new).submit().text
    assert keys(served)[new][1] == "withdrawn"


def test_in_an_emergency_every_key_of_an_algorithm_goes(portal, served):
    before = [kid for kid, (algorithm, _) in keys(served).items() if algorithm == "ES256"]
    page = portal.get(f"{AT}/keys").follow("Withdraw every ES256 key")
    assert "cannot be undone" in page.text
    done = page.form("confirm").fill(name="ES256").submit()
    assert "A new key signs from now on" in done.text
    after = keys(served)
    assert {after[each][1] for each in before} == {"withdrawn"}
    assert [standing for algorithm, standing in after.values() if algorithm == "ES256"].count("active") == 1


def test_an_active_key_is_not_withdrawn_alone(portal, served):
    kid = next(kid for kid, found in keys(served).items() if found == ("RS256", "active"))
    page = portal.get(f"{AT}/keys/{kid}/withdraw").form("confirm").fill(name=kid).submit()
    assert page.status == 422
    assert keys(served)[kid][1] == "active"


def test_a_tenant_is_made_and_deleted(portal, served):
    domain = f"made-{uuid4().hex[:6]}.test"
    page = portal.get(f"{AT}/tenants").follow("New tenant")
    assert page.form("new").fill(name="Made").submit().status == 422
    made = page.form("new").fill(name="Made", domains=domain).submit()
    assert "The tenant was created" in made.text
    gone = made.follow("Delete Made")
    assert "service principals" in gone.text
    assert gone.form("confirm").fill(name="Made").submit().status == 422
    assert "The tenant was deleted" in gone.form("confirm").fill(name=domain).submit().text
    assert portal.get(f"{domain}/settings").status == 404


def test_a_tenant_that_was_just_made_says_how_the_first_person_gets_in(served, portal):
    domain = f"first-{uuid4().hex[:6]}.test"
    made = (
        visitor(served, "instance").get("instance/tenants/new").form("new").fill(name="First", domains=domain).submit()
    )
    assert "Let the first person in to First" in made.text
    (command,) = [each.raw for each in made.main.all("pre")]
    assert shlex.split(command)[-4:] == ["--role", "admin", "--tenant", domain]
    words = ["provider-sub" if each == "VALUE" else each for each in shlex.split(command)[1:]]
    assert ran(*words, "--issuer", PROVIDER, "--data", str(served.data)).code == 0
    rows = portal.get(f"{domain}/settings/administrators").rows
    assert ["Admin", "sub = provider-sub"] in [row[:2] for row in rows]
    assert "Let the first person in" not in visitor(served, "instance").get("instance/tenants").text


def test_who_administers_the_instance_needs_no_role_in_a_tenant(served, reader):
    instance = visitor(served, "instance")
    page = instance.get("tenants").follow("Administer the instance")
    assert seed.TENANT_DOMAIN in page.text
    assert [each.status for each in map(instance.get, ("instance/keys", "instance/server"))] == [200, 200]
    assert instance.get("instance/keys").form("rotate").fill(algorithm="ES256").submit().h1 == "Settings"
    assert instance.get(AT).status == 404
    assert reader.get("instance/keys").status == 403


def test_the_server_tells_where_its_settings_are_from(portal, reader, served):
    rows = {row[0]: row[1:] for row in portal.get(f"{AT}/server").rows[1:]}
    assert rows["profile"] == ["emulator", "command line or settings file"]
    assert rows["retention.days"] == ["30", "default"]
    assert "accredit db backup" in portal.get(f"{AT}/server").text
    assert [row[0] for row in reader.get(f"{AT}/server").rows[1:]] == [
        *("profile", "public_url", "region", "retention.days", "retention.count_days")
    ]
    shown = ran("config", "show", "-o", "json")
    assert {each["name"] for each in json.loads(shown.out)} == set(rows)


def test_backup_commands_are_commands(portal):
    for text in [each.raw for each in portal.get(f"{AT}/server").main.all("pre")]:
        assert ran(*shlex.split(text)[1:], "--help").code == 0


def test_about_names_what_it_is_made_of(portal):
    rows = {row[0]: row[1:] for row in portal.get(f"{AT}/about").rows[1:]}
    assert {"cryptography", "msgspec", "starlette", "Jinja2", "htmx"} <= set(rows)
    assert rows["msgspec"][1] == "BSD-3-Clause"
    assert rows["htmx"] == ["4.0.1", "0BSD"]


# ── export ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@every("form", files.FORMS)
def test_what_is_trusted_is_a_file(portal, scene, form):
    answer = portal.get(f"{AT}/export/{form}")
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="{seed.TENANT_DOMAIN}-trust.')
    assert answer.headers["content-type"].startswith("text/plain")
    assert "github" in answer.html.lower()


def test_an_exported_file_is_what_the_command_writes(portal, served, scene):
    command = same(portal.get(f"{AT}/export"))[0]
    words = shlex.split(command)[1:]
    written = ran(*words, "--data", str(served.data))
    assert written.out.strip() == portal.get(f"{AT}/export/yaml").html.strip()
    assert portal.get(f"{AT}/export/nothing").status == 404


PAGES = ("", "policy", "administrators", "keys", "tenants/new", "export")


@every("part", PAGES, ids=[each or "tenant" for each in PAGES])
def test_what_is_said_to_be_the_same_is_a_command(portal, part):
    command = same(portal.get(f"{AT}/{part}" if part else AT))[0]
    assert ran(*shlex.split(command)[1:], "--help").code == 0


def test_what_a_form_says_is_a_request_of_graph(portal, own):
    form = (
        portal.get(f"{own.domains[0]}/settings/policy").form("policy").fill(lint="block", max_assertion_lifetime="600")
    )
    request = same(form.submit("Preview"))[1]
    assert request.startswith("PATCH /beta/accredit.tenant")
    assert json.loads(request.partition("\n\n")[2]) == {"lint": "block", "maxAssertionLifetime": 600}


def test_a_reader_changes_nothing(reader):
    assert "Save" not in reader.get(AT).text
    for path in ("", "/policy", "/administrators", "/keys/rotate"):
        assert reader.send("POST", f"{AT}{path}", "name=x").status == 403
