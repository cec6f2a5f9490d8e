"""Add a credential, and change one: every scenario's form, what is refused where, a token held against it."""

import json
import shlex
from base64 import urlsafe_b64encode
from dataclasses import replace
from uuid import UUID

import pytest

from accredit.administer import applications, tenants
from accredit.app import seed
from accredit.cli.preset_form import members_of
from accredit.query import Query
from accredit.trust import presets
from tests.cli.conftest import ran
from tests.portal.scene import exchange
from tests.support.every import every
from tests.support.workload import AUDIENCE, GITHUB, engage, extended

TENANT = seed.TENANT_DOMAIN
OWNER, REPOSITORY = "123456", "456789"
PINNED = {"f_org": "octo-org", "f_org_id": OWNER, "f_repo": "octo-repo", "f_repo_id": REPOSITORY}
OTHER = {"f_issuer": "https://issuer.test", "f_subject": "service-42"}
BY_HAND = "claims['sub'] matches 'repo:octo-org@123456/*' and claims['repository_owner_id'] eq '123456'"
NOT_IN_AN_EXAMPLE = {"azure_devops": {"entra_issuer", "entra_subject"}}  # the form of the old generation has no place
SUPPORTED = [each for each in presets.ids() if not presets.preset(each).unsupported]
OF_ENTRA = {"managed_identity"}  # whose issuers only a tenant like Entra ID's stores


@pytest.fixture
def workload(served):
    return engage(served, trusting=False)


@pytest.fixture(scope="module")
def wide(served):
    """An application of a tenant that takes more than Entra ID does, and more than 20 credentials."""
    return engage(served, home=extended(served), trusting=False)


def at(workload, *parts):
    tenant = TENANT if workload.application.tenant_id == seed.TENANT_ID else workload.application.tenant_id
    return "/".join((f"{tenant}/applications/{workload.application.id}/credentials", *map(str, parts)))


def form(portal, workload, preset="github_actions", mode=None, **asked):
    """The form of a scenario, as somebody without script comes to it."""
    tail = "&".join(f"{name}={value}" for name, value in {"preset": preset, **asked}.items())
    found = portal.get(f"{at(workload, 'new')}?{tail}").form("credential")
    if mode is not None:
        found = found.set(typed(mode=mode)).submit("Show its fields").form("credential")
    return found


def typed(**fields):
    """Fields by name; those of a scenario are given with ``f_``."""
    return {name.replace("f_", "f-", 1) if name.startswith("f_") else name: value for name, value in fields.items()}


def held(workload):
    async def find(by):
        async with by.registry.reading() as view:
            return await view.credentials.find(application_id=workload.application.id)

    return {each.name: each for each in workload.emulator.administer(find)}


def trusted(credential):
    expression = credential.expression
    return {
        "name": credential.name,
        "issuer": credential.issuer.url,
        "subject": credential.subject,
        "expression": expression and expression.text,
        "audience": credential.audience,
    }


def shown(page):
    """What is said to be trusted."""
    preview = page.root.one("section", id="preview")
    return dict(zip([each.text for each in preview.all("dt")], [each.text for each in preview.all("dd")], strict=False))


def problem(page, field):
    """What stands at a field."""
    return page.root.one("p", id=f"{field}-problem").text


MODES = [(each, mode.id) for each in SUPPORTED for mode in presets.preset(each).modes if each != "other"]


@every("name, mode", MODES, ids=[f"{name} {mode}" for name, mode in MODES])
def test_each_form_makes_what_the_command_line_makes_of_it(portal, wide, workload, name, mode):
    home = (workload if name in OF_ENTRA else wide).application.tenant_id
    made = wide.emulator.administer(lambda by: applications.create(by, home, display_name=f"{name} {mode}"))
    alone = replace(wide, application=made)
    preset = presets.preset(name)
    filled = {
        each.name: each.example or each.default
        for each in presets.fields(preset, preset.mode(mode))
        if (each.example or each.default) and each.name not in NOT_IN_AN_EXAMPLE.get(name, ())
    }
    found = form(portal, alone, name, mode if len(preset.modes) > 1 else None)
    added = found.set({f"f-{key}": text for key, text in filled.items()}).submit("Add")
    assert added.status == 200, added.text
    rendered = presets.render(preset, filled, mode=mode)
    (mine,) = held(alone).values()
    given = dict.fromkeys(("name", "issuer", "subject", "expression", "audience", "token"))
    expected = members_of(rendered, given, ())
    assert trusted(mine) == {key: expected[key] for key in ("name", "issuer", "subject", "expression", "audience")}
    edited = portal.get(at(alone, mine.id, "edit"))
    assert "exactly what it trusts now" in edited.text
    assert edited.form("credential").fields["preset"] == name


@every("name", presets.ids())
def test_every_scenario_is_offered_and_marked(portal, workload, name):
    preset = presets.preset(name)
    page = portal.get(f"{at(workload, 'new')}?preset={name}")
    offered = page.root.one("select", id="preset").all("option")
    assert [each.text for each in offered if each.get("value") == name] == [preset.title]
    assert ("Unproven:" in page.main.text.replace("Unproven: written", "")) is (preset.standing == "unproven")
    assert not preset.unsupported or preset.unsupported in page.text


def test_the_preview_says_what_will_be_trusted_before_it_is(portal, workload):
    page = form(portal, workload).set(typed(**PINNED, f_value="production")).submit("Preview")
    assert shown(page) == {
        "Issuer": GITHUB,
        "Subject": "repo:octo-org@123456/octo-repo@456789:environment:production",
        "Audience": AUDIENCE,
        "Name": "github_actions-production",
    }
    assert "Lint finds nothing" in page.text
    assert not held(workload)
    command, request, terraform = (each.raw for each in page.root.one("details", **{"class": "same"}).all("pre"))
    body = json.loads(request.partition("\n\n")[2])
    assert request.startswith(f"POST /v1.0/applications/{workload.application.id}/federatedIdentityCredentials\n")
    assert body["subject"] == shown(page)["Subject"]
    assert 'resource "azuread_application_federated_identity_credential"' in terraform
    ended = ran(*shlex.split(command)[1:], "--dry-run", "--tenant", TENANT, "--data", str(workload.emulator.data))
    assert ended.code == 0, ended.err
    assert not held(workload)
    made = page.form("credential").submit("Add")
    assert set(held(workload)) == {"github_actions-production"}
    assert made.link("Delete it again").endswith("/delete")


def test_what_htmx_asks_for_is_the_preview_alone(portal, workload):
    found = form(portal, workload).set(typed(**PINNED, f_value="staging"))
    part = found.submit("Preview", hx_request="true")
    assert part.html.lstrip().startswith('<section id="preview"')
    assert "environment:staging" in part.text
    lacking = form(portal, workload).set(typed(f_org="octo-org")).submit("Preview", hx_request="true")
    assert "Not complete yet" in lacking.text
    assert "Repository" in lacking.text


def test_nothing_is_said_to_be_wrong_before_anything_is_typed(portal, workload):
    page = portal.get(at(workload, "new"))
    assert not page.root.all("p", class_="problem")
    assert "Fill in the form" in page.text


BAD = {
    "nothing at all": ("github_actions", {}, "f-org", "It is needed"),
    "a blank at an end": (
        "github_actions",
        {**PINNED, "f_value": "production", "f_repo": "octo-repo "},
        "f-repo",
        "white space at an end",
    ),
    "a template": ("github_actions", {**PINNED, "f_org": "<org>", "f_value": "x"}, "f-org", "text of a template"),
    "an owner that is a path": (
        "github_actions",
        {**PINNED, "f_org": "a/b", "f_value": "x"},
        "f-org",
        "Only the owner",
    ),
    "a name with blanks": ("other", {**OTHER, "name": "a b c"}, "name", "is invalid"),
    "a short name": ("other", {**OTHER, "name": "ab"}, "name", "is invalid"),
    "no subject": ("other", {"f_issuer": "https://issuer.test"}, "f-subject", "It is needed"),
    "a subject with a blank at its end": ("other", {**OTHER, "f_subject": "me "}, "f-subject", "white space at an end"),
    "an issuer with a blank": ("other", {**OTHER, "f_issuer": "https://issuer.test "}, "f-issuer", ""),
    "an issuer that is no URL": ("other", {**OTHER, "f_issuer": "issuer"}, "f-issuer", ""),
    "an issuer with a query": ("other", {**OTHER, "f_issuer": "https://issuer.test?x"}, "f-issuer", ""),
    "an audience with a blank": ("other", {**OTHER, "audience": "api://x "}, "audience", "white space"),
    "a description that is too long": ("other", {**OTHER, "description": "x" * 601}, "description", "600"),
}


@every("preset, given, field, says", BAD.values(), ids=BAD)
def test_what_is_refused_is_told_at_its_field_and_nothing_is_lost(portal, workload, preset, given, field, says):
    page = form(portal, workload, preset).set(typed(**given)).submit("Add")
    assert page.status >= 400
    assert says in problem(page, field)
    kept = page.form("credential").fields
    assert {name: kept[name] for name in typed(**given)} == typed(**given)
    assert not held(workload)


@every("text", ["claims['sub'] matches", "claims['a'] eq 'b' or claims['c'] eq 'd'"])
def test_an_expression_is_judged_where_it_is_typed(portal, workload, text):
    found = form(portal, workload, "other", "expression").set(typed(f_issuer=GITHUB, expression=text))
    page = found.submit("Add")
    assert page.status == 400
    assert problem(page, "expression")
    assert page.form("credential").fields["expression"] == text


def test_an_expression_by_hand_is_added_with_its_audience(portal, workload):
    found = form(portal, workload, "other", "expression")
    found.set(typed(f_issuer=GITHUB, expression=BY_HAND, audience="api://mine", name="any-of-octo")).submit("Add")
    assert trusted(held(workload)["any-of-octo"]) == {
        "name": "any-of-octo",
        "issuer": GITHUB,
        "subject": None,
        "expression": BY_HAND,
        "audience": "api://mine",
    }


def test_a_form_turns_into_an_expression_that_says_the_same(portal, workload):
    page = form(portal, workload).set(typed(**PINNED, f_value="production")).submit("Write the expression by hand")
    fields = page.form("credential").fields
    assert fields["expression"] == "claims['sub'] eq 'repo:octo-org@123456/octo-repo@456789:environment:production'"
    assert fields["f-issuer"] == GITHUB


def test_the_address_of_a_document_is_trimmed_when_that_is_taken(portal, workload):
    given = {**OTHER, "f_issuer": "https://issuer.test/.well-known/openid-configuration"}
    page = form(portal, workload, "other").set(typed(**given)).submit("Preview")
    assert "FIC-SLASH" in page.text
    taken = page.form("credential").submit("take:FIC-SLASH")
    assert taken.form("credential").fields["f-issuer"] == "https://issuer.test"
    assert not held(workload)


@every(
    "given, rule",
    [
        ({**OTHER, "f_subject": "repo:octo-org/*"}, "FIC-LITERAL-STAR"),
        ({"f_issuer": "{base}/" + str(seed.TENANT_ID) + "/v2.0", "f_subject": "x"}, "FIC-SELF"),
        ({"f_issuer": "https://login.microsoftonline.com/x/v2.0", "f_subject": "x"}, "FIC-ENTRA-ISSUER"),
    ],
)
def test_what_entra_stores_and_never_accepts_is_told_and_stored(portal, workload, given, rule):
    given = {name: text.replace("{base}", workload.emulator.url) for name, text in given.items()}
    page = form(portal, workload, "other").set(typed(**given)).submit("Preview")
    assert rule in page.root.one("section", id="preview").text
    before = len(held(workload))
    assert page.form("credential").submit("Add").status == 200
    assert len(held(workload)) == before + 1


def test_where_more_is_taken_the_own_issuer_is_not(portal, wide):
    own = f"{wide.emulator.url}/{wide.application.tenant_id}/v2.0"
    page = form(portal, wide, "other").set(typed(f_issuer=own, f_subject="x")).submit("Add")
    assert page.status == 400
    assert "AADSTS700222" in problem(page, "f-issuer")


def test_the_same_twice_a_taken_name_and_the_twenty_first_are_refused(portal, workload):
    assert form(portal, workload, "other").set(typed(**OTHER, name="first")).submit("Add").status == 200
    again = form(portal, workload, "other").set(typed(**OTHER, name="second")).submit("Add")
    assert "already exists" in problem(again, "f-subject")
    assert "FIC-DUP" in again.text
    named = form(portal, workload, "other").set(typed(**{**OTHER, "f_subject": "another"}, name="FIRST")).submit("Add")
    assert "already exists" in problem(named, "name")
    for number in range(19):
        workload.trust(name=f"filler-{number}", subject=f"repo:octo-org@1/r@2:environment:e{number}")
    full = form(portal, workload, "other").set(typed(**{**OTHER, "f_subject": "another"})).submit("Add")
    assert full.status == 400
    assert "A maximum of 20" in full.text
    assert "Entra ID keeps 20 at most" in portal.get(at(workload)).text


def test_editing_says_whether_more_is_trusted(portal, workload):
    workload.trust(name="any-branch", expression=BY_HAND)
    credential = held(workload)["any-branch"]
    page = portal.get(at(workload, credential.id, "edit"))
    assert "exactly what it trusts now" in page.text
    narrower = f"{BY_HAND} and claims['repository_id'] eq '456789'"
    asked = page.form("credential").set(typed(expression=narrower)).submit("Preview")
    assert "trusts less than now" in asked.text
    assert asked.root.one("details", **{"class": "same"}).all("pre")[1].raw.startswith("PATCH /beta/applications/")
    wider = asked.form("credential").set(typed(expression=BY_HAND.replace("@123456", "*"))).submit("Preview")
    assert "refused today" in wider.text
    assert held(workload)["any-branch"] == credential
    done = asked.form("credential").submit("Save")
    assert held(workload)["any-branch"].expression.text == narrower
    assert done.link("Change it back").endswith(f"{credential.id}/edit")


def test_an_edit_may_turn_a_subject_into_an_expression_and_back(portal, workload):
    workload.trust(name="turned")
    before = held(workload)["turned"]
    found = portal.get(at(workload, before.id, "edit")).form("credential")
    page = found.submit("Write the expression by hand")
    request = page.root.one("details", **{"class": "same"}).all("pre")[1].raw
    assert json.loads(request.partition("\n\n")[2])["subject"] is None
    assert request.startswith("PATCH /beta/")
    page.form("credential").set(typed(expression=BY_HAND)).submit("Save")
    assert held(workload)["turned"].subject is None
    back = (
        portal.get(at(workload, before.id, "edit"))
        .form("credential")
        .set(typed(mode="subject"))
        .submit("Show its fields")
    )
    back.form("credential").set(typed(f_subject=before.subject)).submit("Save")
    after = held(workload)["turned"]
    assert (after.subject, after.expression, after.issuer) == (before.subject, None, before.issuer)


def test_lint_that_blocks_wants_a_reason_which_is_recorded(portal, served):
    home = extended(served)
    served.administer(lambda by: tenants.update(by, home.tenant_id, portability="entra", lint="block"))
    workload = engage(served, home=home, trusting=False)
    given = {"f_issuer": "https://login.microsoftonline.com/x/v2.0", "f_subject": "x"}
    page = form(portal, workload, "other").set(typed(**given)).submit("Add")
    assert page.status == 400
    assert "FIC-ENTRA-ISSUER" in problem(page, "reason")
    assert not held(workload)
    made = page.form("credential").set(typed(reason="until Friday,\n see the ticket")).submit("Add")
    assert made.status == 200

    async def reasons(by):
        async with by.registry.reading() as view:
            found = (await view.audits.search(Query(limit=50), tenant_id=home.tenant_id)).things
        return [each.after for audit in found for target in audit.targets for each in target.modified]

    assert '"until Friday, see the ticket"' in served.administer(reasons)


# ── tokens ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_token_fills_in_exactly_its_subject(portal, workload):
    legacy = "repo:octo-org/octo-repo:environment:exact"
    token = workload.emulator.mint(params={"environment": "exact"}, overrides={"sub": legacy})
    page = form(portal, workload).set(typed(token=token, online=True)).submit("Fill the form")
    assert shown(page)["Subject"] == legacy, "rebuilt from the ids that the token has beside it"
    assert "Yes. Every check passes" in page.text
    assert "stranger" not in page.form("credential").fields
    twin = page.form("credential").submit(f"twin:{OWNER}/{REPOSITORY}")
    assert shown(twin)["Subject"] == "repo:octo-org@123456/octo-repo@456789:environment:exact"
    page.form("credential").submit("Add")
    (made,) = held(workload).values()
    assert made.subject == legacy
    assert "error" not in exchange(workload.emulator, workload.client_id, token)


def test_a_token_whose_subjects_never_come_twice_fills_in_its_ids(portal, wide):
    token = wide.emulator.mint("bitbucket")
    page = form(portal, wide).set(typed(token=token)).submit("Fill the form")
    assert "repositoryUuid" in shown(page)["Expression"]
    assert page.form("credential").fields["preset"] == "bitbucket"


def test_what_nobody_has_proven_is_typed_before_it_is_trusted(portal, workload):
    token = workload.emulator.mint(
        params={"environment": "stranger"}, overrides={"iss": "https://unknown.test", "sub": "somebody"}
    )
    page = form(portal, workload).set(typed(token=token)).submit("Fill the form")
    assert page.form("credential").fields["stranger"] == "yes"
    refused = page.form("credential").submit("Add")
    assert refused.status == 422
    assert "type it as you expect it" in problem(refused, "typed_issuer")
    wrong = (
        refused.form("credential")
        .set(typed(typed_issuer="https://unknown.test", typed_subject="anybody"))
        .submit("Add")
    )
    assert problem(wrong, "typed_subject")
    assert not held(workload)
    wrong.form("credential").set(typed(typed_subject="somebody")).submit("Add")
    assert [each.subject for each in held(workload).values()] == ["somebody"]


def test_a_token_is_explained_against_the_form_check_by_check(portal, workload):
    token = workload.emulator.mint(params={"environment": "staging"})
    found = form(portal, workload).set(typed(**PINNED, f_value="production", token=token, online=True))
    page = found.submit("Explain it against the form")
    said = page.root.one("section", id="preview").text
    assert "No. 1 check fails" in said
    assert "✗ Subject" in said
    assert "✓ Issuer" in said
    assert "staging in the token, production in the credential" in said
    assert "add environment: production" in said.lower() or "environment: production" in said
    assert page.root.one("p", role="status")
    live = found.submit("Explain it against the form", hx_request="true")
    assert "No. 1 check fails" in live.text


def test_an_expression_gets_a_truth_table(portal, workload):
    token = workload.emulator.mint(params={"environment": "staging"})
    text = f"{BY_HAND} and claims['repository_id'] eq '1'"
    found = form(portal, workload, "other", "expression").set(typed(f_issuer=GITHUB, expression=text, token=token))
    page = found.submit("Explain it against the form")
    rows = page.root.one("table", **{"class": "truth"}).all("tr")
    cells = [[cell.text for cell in row.all("td")] for row in rows[1:]]
    assert [(row[0], row[1]) for row in cells] == [
        (text, "✗ no"),
        ("claims['sub'] matches 'repo:octo-org@123456/*'", "✓ yes"),
        ("claims['repository_owner_id'] eq '123456'", "✓ yes"),
        ("claims['repository_id'] eq '1'", "✗ no"),
    ]
    assert cells[3][2] == "456789 it is another value"


def test_claims_of_persons_are_not_shown(portal, workload):
    token = workload.emulator.mint(params={"environment": "x"}, overrides={"actor": "ada-lovelace", "secret_x": "hush"})
    page = form(portal, workload).set(typed(**PINNED, f_value="x", token=token)).submit("Explain it against the form")
    assert "octo-org/octo-repo" in page.text
    assert "says who a person is" in page.text
    assert "ada-lovelace" not in page.html
    assert "hush" not in page.html
    assert "secret_x" in page.text


@every("button", ["Fill the form", "Explain it against the form", "Preview", "Add"])
def test_a_token_is_in_no_answer_no_store_and_no_log(portal, workload, button):
    token = workload.emulator.mint(params={"environment": "canary"}, overrides={"jti": "canary-of-a-token"})
    for headers in ({}, {"hx_request": "true"}):
        page = (
            form(portal, workload)
            .set(typed(**PINNED, f_value="canary", token=token, online=True))
            .submit(button, **headers)
        )
        for part in (token, token.split(".")[1], token.split(".")[2], "canary-of-a-token"):
            assert part not in page.html
    tested = portal.get(at(workload, "test")).form("test").set(typed(token=token)).submit()
    assert token.split(".")[2] not in tested.html
    assert "canary-of-a-token" not in tested.html
    needles = [each.encode() for each in (token.split(".")[1], token.split(".")[2], "canary-of-a-token")]
    for path in workload.emulator.data.parent.rglob("*"):
        if path.is_file():
            found = path.read_bytes()
            assert not [each for each in needles if each in found], path


def test_no_token_is_read_that_is_none(portal, workload):
    header = urlsafe_b64encode(b'{"alg":"RS256"}').decode().rstrip("=")
    for token, says in (
        ("", "Paste a token first"),
        ("x", ""),
        (f"{header}.e30.AA", ""),
        ("a" * 70_000, "longer than"),
    ):
        page = form(portal, workload).set(typed(token=token)).submit("Fill the form")
        assert says in page.text
        assert page.status < 500
        assert not token or token not in page.html or token == "x"


# ── sign-ins ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_proven_sign_in_fills_the_form_in_and_then_succeeds(portal, workload):
    workload.trust()
    token = workload.emulator.mint(params={"environment": "from-event"})
    event = exchange(workload.emulator, workload.client_id, token)["trace_id"]
    page = portal.get(f"{at(workload, 'new')}?event={event}")
    assert shown(page)["Subject"].endswith(":environment:from-event")
    assert page.form("credential").submit("Add").status == 200
    assert "error" not in exchange(workload.emulator, workload.client_id, token)
    again = portal.get(f"{at(workload, 'new')}?event={event}")
    assert "trusts exactly this by now" in again.text
    assert again.form("credential").fields["f-org"] == ""


def test_the_nearest_credential_is_edited_from_a_proven_sign_in(portal, workload):
    credential = workload.trust()
    token = workload.emulator.mint(params={"environment": "instead"})
    event = exchange(workload.emulator, workload.client_id, token)["trace_id"]
    page = portal.get(f"{at(workload, credential.id, 'edit')}?event={event}")
    assert shown(page)["Subject"].endswith(":environment:instead")
    assert "takes the place of" in page.text
    page.form("credential").submit("Save")
    assert held(workload)[credential.name].subject.endswith(":environment:instead")


@every("faults", [["bad_signature"]])
def test_an_unproven_sign_in_fills_in_nothing(portal, workload, faults):
    credential = workload.trust()
    token = workload.emulator.mint(params={"environment": "attacker"}, faults=faults)
    event = exchange(workload.emulator, workload.client_id, token)["trace_id"]
    for page in ("new", f"{credential.id}/edit"):
        found = portal.get(f"{at(workload, page)}?event={event}")
        assert found.status == 200
        assert "attacker" not in found.html
        assert "Nobody has proven" in found.text or "It was not refused for want" in found.text


def test_a_sign_in_of_another_application_is_none_of_this(portal, workload):
    other = engage(workload.emulator)
    event = exchange(workload.emulator, other.client_id, other.emulator.mint(params={"environment": "x"}))["trace_id"]
    assert portal.get(f"{at(workload, 'new')}?event={event}").status == 404
    assert portal.get(f"{at(workload, 'new')}?event={UUID(int=7)}").status == 404
    assert portal.get(f"{at(workload, 'new')}?event=none").status == 404


def test_an_issuer_is_probed_from_the_form_and_nothing_is_saved(portal, workload):
    seen = form(portal, workload).set(typed(**PINNED, f_value="x")).submit("Preview")
    page = seen.form("credential").submit("Probe issuer")
    assert page.root.one("section", id="preview").all("ol", class_="steps each")
    assert "asked just now" in page.text
    assert not held(workload)


def test_nobody_but_an_admin_comes_to_the_form(reader, operator, workload):
    for who in (reader, operator):
        assert who.get(at(workload, "new")).status == 403
        assert who.send("POST", at(workload, "new"), "preset=other").status == 403


def test_a_scenario_that_is_none_is_refused(portal, workload):
    assert portal.get(f"{at(workload, 'new')}?preset=nonsense").status >= 400
    assert portal.send("POST", at(workload, "new"), "preset=nonsense&do=preview").status >= 400
