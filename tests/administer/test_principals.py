from dataclasses import replace
from uuid import UUID

import pytest
from msgspec import structs

from accredit import errors
from accredit.administer import (
    applications,
    delegated,
    evidence,
    owners,
    permissions,
    principals,
    role_assignments,
    tenants,
)
from accredit.directory import PrincipalRegistration, wellknown
from tests.administer.office import office
from tests.support.every import every
from tests.support.stories import refusal, run

READER = UUID("acdd72a7-3385-48ef-bd42-f606fba81ae7")
GRAPH, STORAGE = (wellknown.principals()[key] for key in ("graph", "storage"))


def test_an_application_gets_its_principal_with_it_or_later():
    at = office()
    late = run(applications.create(at.by, at.tenant.id, display_name="late", with_principal=False))
    assert [each.display_name for each in at.read("principals")] == ["Microsoft Graph", "deploy-bot"]
    made = run(principals.create(at.by, at.tenant.id, late.app_id))
    assert (made.application_id, made.app_id, made.enabled) == (late.id, late.app_id, True)
    assert at.last.activity == "Add service principal"


def test_a_well_known_principal_carries_names_and_roles_itself():
    at = office()
    made = run(principals.create(at.by, at.tenant.id, STORAGE.app_id))
    assert (made.names, made.application_id) == (("https://storage.azure.com",), None)
    assert made.owner_tenant_id == UUID("f8cdef31-a31e-4b4a-93e4-5f571e91255a")
    graph = at.principal(GRAPH.app_id)
    assert "Application.Read.All" in {each.value for each in graph.app_roles}
    assert graph.names == ("https://graph.microsoft.com",), "what follows from the public address is not stored"


def test_it_is_disabled_enabled_and_made_to_demand_an_assignment():
    at = office()
    who = at.principal().id
    assert run(principals.update(at.by, who, enabled=False)).enabled is False
    assert at.changed() == {"enabled": (True, False)}
    after = run(principals.update(at.by, who, enabled=True, assignment_required=True))
    assert (after.enabled, after.assignment_required) == (True, True)


def test_it_goes_with_the_roles_that_it_holds_and_that_others_hold_on_it():
    at = office()
    other = run(applications.create(at.by, at.tenant.id, display_name="other"))
    run(applications.add_role(at.by, at.application.id, value="Read"))
    mine, theirs = at.principal(), at.principal(other.app_id)
    run(permissions.grant(at.by, mine.id, at.principal(GRAPH.app_id).id, "Mail.Read"))
    run(permissions.grant(at.by, theirs.id, mine.id, "Read"))
    kept = run(permissions.grant(at.by, theirs.id, at.principal(GRAPH.app_id).id, "Mail.Read"))
    run(principals.delete(at.by, mine.id))
    assert at.read("assignments") == [kept]
    assert at.last.activity == "Remove service principal"


def test_what_is_to_differ_is_said_when_it_is_made():
    at = office()
    late = run(applications.create(at.by, at.tenant.id, display_name="late", with_principal=False))
    carried = PrincipalRegistration(notes="n", tags=("a",))
    owner = at.principal()

    def read(plain, application):
        assert (plain.app_id, application) == (late.app_id, late)
        return {"enabled": False, "assignment_required": True, "registration": carried}

    made = run(principals.create(at.by, at.tenant.id, late.app_id, read, owner_ids=[owner.id, owner.id]))
    assert (made.enabled, made.assignment_required, made.registration) == (False, True, carried)
    assert [each.owner_id for each in at.read("ownerships", principal_id=made.id)] == [owner.id]
    added, owned = at.registry.audits[-2:]
    assert (added.activity, owned.activity) == ("Add service principal", "Add owner to service principal")
    assert {"notes", "tags", "enabled"} <= {each.name for each in added.targets[0].modified}


def test_who_made_it_is_kept():
    at = office()
    late = run(applications.create(at.by, at.tenant.id, display_name="late", with_principal=False))
    made = run(principals.create(replace(at.by, app_id=UUID(int=9)), at.tenant.id, late.app_id))
    assert made.registration.created_by_app_id == str(UUID(int=9))
    known = run(principals.create(replace(at.by, app_id=UUID(int=9)), at.tenant.id, STORAGE.app_id))
    assert known.registration.created_by_app_id == str(UUID(int=9))


def test_what_it_carries_is_changed_and_recorded_member_by_member():
    at = office()
    who = at.principal()
    carried = structs.replace(who.registration, description="d", preferred_single_sign_on_mode="saml")
    after = run(principals.amend(at.by, who.id, lambda _, __: {"registration": carried}))
    assert after.registration.description == "d"
    assert at.changed() == {"description": (None, "d"), "preferredSingleSignOnMode": (None, "saml")}
    records = len(at.registry.audits)
    assert run(principals.amend(at.by, who.id, lambda _, __: {})) == after
    assert len(at.registry.audits) == records, "a change of nothing leaves no record"


def test_its_secrets_and_certificates_are_listed_anew():
    at = office()
    who = at.principal()
    one, two = (run(evidence.add_secret(at.by, who.id)).secret.key_id for _ in range(2))
    run(principals.amend(at.by, who.id, lambda _, __: {"secrets": (two,), "certificates": ()}))
    assert [each.key_id for each in at.principal().secrets] == [two]
    assert at.last.activity == "Remove service principal credentials"
    assert one != two


def narrow(at, *, may_widen=False):
    """A program that changes things in a tenant that guards its trust."""
    run(tenants.update(at.by, at.tenant.id, trust_changes="owner_may_narrow"))
    return replace(at.by, may_widen=may_widen, app_id=UUID(int=9))


GUARDED = {
    "disabling": (lambda by, who: principals.update(by, who.id, enabled=False), {}, True),
    "giving tokens to whoever asks": (
        lambda by, who: principals.update(by, who.id, assignment_required=False),
        {"assignment_required": True},
        False,
    ),
    "demanding an assignment": (lambda by, who: principals.update(by, who.id, assignment_required=True), {}, True),
    "deleting": (lambda by, who: principals.delete(by, who.id), {}, True),
    "deleting what demands an assignment": (
        lambda by, who: principals.delete(by, who.id),
        {"assignment_required": True},
        False,
    ),
}


@every("sentence", GUARDED)
def test_where_trust_is_guarded_who_may_only_narrow_narrows(sentence):
    story, before, fine = GUARDED[sentence]
    at = office()
    who = at.principal()
    if before:
        run(principals.update(at.by, who.id, **before))
    if fine:
        run(story(narrow(at), who))
    else:
        assert refusal(story(narrow(at), who)).row is errors.PRIVILEGES_MISSING
        run(story(narrow(at, may_widen=True), who))


ENABLED_BY_PEOPLE = {
    "enabling": lambda by, who: principals.update(by, who.id, enabled=True),
    "deleting what is disabled, to make it again": lambda by, who: principals.delete(by, who.id),
}


@pytest.mark.parametrize("sentence", ENABLED_BY_PEOPLE)
def test_where_trust_is_guarded_what_somebody_disabled_no_program_takes_back(sentence):
    story = ENABLED_BY_PEOPLE[sentence]
    at = office()
    who = run(principals.update(at.by, at.principal().id, enabled=False))
    for may_widen in (False, True):
        refused = refusal(story(narrow(at, may_widen=may_widen), who))
        assert (refused.row, "no application does this" in refused.detail) == (errors.PRIVILEGES_MISSING, True)
    run(story(at.by, who))


MADE = {  # whose application, what its principal is to be, and whether that widens
    "another's": (None, {}, True),
    "another's, for whom is assigned": (None, {"assignment_required": True}, False),
    "another's, disabled": (None, {"enabled": False}, False),
    "one's own": (UUID(int=9), {}, False),
}


@every("sentence", MADE)
def test_where_trust_is_guarded_one_is_made_of(sentence):
    maker, differs, widens = MADE[sentence]
    at = office()
    by = narrow(at)
    creator = replace(at.by, app_id=maker)
    late = run(applications.create(creator, at.tenant.id, display_name="late", with_principal=False))
    story = principals.create(by, at.tenant.id, late.app_id, lambda _, __: differs)
    if widens:
        assert refusal(story).row is errors.PRIVILEGES_MISSING
        story = principals.create(replace(by, may_widen=True), at.tenant.id, late.app_id)
    assert run(story).app_id == late.app_id


def test_where_trust_is_guarded_a_well_known_api_is_added_by_who_may_widen():
    at = office()
    by = narrow(at)
    assert refusal(principals.create(by, at.tenant.id, STORAGE.app_id)).row is errors.PRIVILEGES_MISSING
    assert run(principals.create(replace(by, may_widen=True), at.tenant.id, STORAGE.app_id)).app_id == STORAGE.app_id


def test_an_api_is_not_opened_by_making_its_principal_again():
    at = office()
    run(principals.update(at.by, at.principal().id, assignment_required=True))
    by = narrow(at)
    assert refusal(principals.delete(by, at.principal().id)).row is errors.PRIVILEGES_MISSING
    run(principals.update(at.by, at.principal().id, assignment_required=False))
    run(principals.delete(by, at.principal().id))
    assert refusal(principals.create(by, at.tenant.id, at.application.app_id)).row is errors.PRIVILEGES_MISSING


@every("key", ["graph", "arm"])
@every("rule", ["entra", "owner_may_narrow"])
def test_no_program_takes_away_what_every_program_calls(key, rule):
    at = office()
    app_id = wellknown.principals()[key].app_id
    who = at.principal(app_id) if key == "graph" else run(principals.create(at.by, at.tenant.id, app_id))
    run(tenants.update(at.by, at.tenant.id, trust_changes=rule))
    by = replace(at.by, app_id=UUID(int=9))
    for story in (principals.delete(by, who.id), principals.update(by, who.id, enabled=False)):
        refused = refusal(story)
        assert (refused.row, "could call this authority" in refused.detail) == (errors.PRIVILEGES_MISSING, True)
    run(principals.update(by, who.id, assignment_required=True))
    run(principals.update(at.by, who.id, enabled=False))
    run(principals.delete(at.by, who.id))


def test_another_well_known_api_is_taken_away_by_a_program():
    at = office()
    who = run(principals.create(at.by, at.tenant.id, STORAGE.app_id))
    by = replace(at.by, app_id=UUID(int=9))
    run(principals.update(by, who.id, enabled=False))
    run(tenants.update(at.by, at.tenant.id, trust_changes="entra"))
    run(principals.delete(by, who.id))


def test_where_trust_is_guarded_none_is_made_for_what_can_already_be_proven():
    at = office()
    run(principals.delete(at.by, at.principal().id))
    run(evidence.add_secret(at.by, at.application.id))
    by = narrow(at)
    assert refusal(principals.create(by, at.tenant.id, at.application.app_id)).row is errors.PRIVILEGES_MISSING
    made = run(principals.create(by, at.tenant.id, at.application.app_id, lambda _, __: {"enabled": False}))
    assert made.enabled is False, "one that is disabled lets nobody in"


def test_where_trust_is_guarded_an_owner_of_the_application_owns_its_principal_too():
    at = office()
    by = narrow(at)
    late = run(applications.create(by, at.tenant.id, display_name="late", with_principal=False))
    other = run(applications.create(by, at.tenant.id, display_name="other", with_principal=False))
    run(owners.add(at.by, late, at.principal().id))
    made = run(principals.create(by, at.tenant.id, late.app_id, owner_ids=[at.principal().id]))
    assert len(at.read("ownerships", principal_id=made.id)) == 1
    story = principals.create(by, at.tenant.id, other.app_id, owner_ids=[at.principal().id])
    assert refusal(story).row is errors.PRIVILEGES_MISSING
    known = principals.create(by, at.tenant.id, STORAGE.app_id, owner_ids=[at.principal().id])
    assert refusal(known).row is errors.PRIVILEGES_MISSING


def carrying(**members):
    def story(at):
        def read(before, _):
            return {"registration": structs.replace(before.registration, **members)}

        return principals.amend(at.by, at.principal().id, read)

    return story


REFUSED = {
    "a description that is too long": (carrying(description="d" * 1_025), errors.PROPERTY_INVALID),
    "an empty tag": (carrying(tags=("",)), errors.PROPERTY_INVALID),
    "a tag with an end of a line": (carrying(tags=("a\n",)), errors.PROPERTY_INVALID),
    "a control character in a description": (carrying(description="a\x1b[2J"), errors.PROPERTY_INVALID),
    "a control character in a note": (carrying(notes="a\x00"), errors.PROPERTY_INVALID),
    "a control character in one of several texts": (
        carrying(reply_urls=("https://a", "b\x9d")),
        errors.PROPERTY_INVALID,
    ),
    "a text that is too long": (carrying(notes="n" * 2_049), errors.PROPERTY_INVALID),
    "too many addresses": (carrying(reply_urls=("https://a",) * 1_201), errors.PROPERTY_INVALID),
    "a way to sign on that nobody knows": (carrying(preferred_single_sign_on_mode="magic"), errors.PROPERTY_INVALID),
    "an application that is not there": (
        lambda at: principals.create(at.by, at.tenant.id, UUID(int=2**99)),
        errors.APPLICATION_ABSENT,
    ),
    "a second one for an application": (
        lambda at: principals.create(at.by, at.tenant.id, at.application.app_id),
        errors.PRINCIPAL_EXISTS,
    ),
    "a second one for a well-known API": (
        lambda at: principals.create(at.by, at.tenant.id, GRAPH.app_id),
        errors.PRINCIPAL_EXISTS,
    ),
    "a tenant that is not there": (
        lambda at: principals.create(at.by, UUID(int=2**99), GRAPH.app_id),
        errors.OBJECT_NOT_FOUND,
    ),
    "a change to one that is not there": (
        lambda at: principals.update(at.by, UUID(int=2**99), enabled=False),
        errors.OBJECT_NOT_FOUND,
    ),
}


@every("sentence", REFUSED)
def test_refused_is(sentence):
    at = office()
    story, row = REFUSED[sentence]
    assert refusal(story(at)).row is row


def test_a_note_may_have_several_lines():
    at = office()
    assert run(carrying(notes="one\r\n\ttwo", description="a\nb")(at)).registration.notes == "one\r\n\ttwo"


def tied(at):
    """The principal at hand, with something of each kind that ties it to others."""
    api = at.principal(run(applications.create(at.by, at.tenant.id, display_name="api")).app_id)
    mine, graph = at.principal(), at.principal(GRAPH.app_id)
    run(permissions.grant(at.by, mine.id, graph.id, "Mail.Read"))
    run(permissions.grant(at.by, graph.id, mine.id))
    run(permissions.grant(at.by, mine.id, mine.id))
    run(delegated.grant(at.by, mine.id, graph.id, "User.Read"))
    run(delegated.grant(at.by, api.id, mine.id, "x"))
    run(owners.add(at.by, api, mine.id))
    run(owners.add(at.by, at.read("applications", app_id=api.app_id)[0], mine.id))
    run(owners.add(at.by, mine, api.id))
    run(evidence.add_secret(at.by, mine.id, display_name="laptop"))
    wanted = role_assignments.Wanted(id=UUID(int=2**80), principal_id=mine.id, role=READER, scope="/x")
    run(role_assignments.put(at.by, at.tenant.id, wanted))
    return mine


def test_everything_that_goes_with_it_is_on_record():
    at = office()
    mine = tied(at)
    before = len(at.registry.audits)
    run(principals.delete(at.by, mine.id))
    told = [each.activity for each in at.registry.audits[before:]]
    assert sorted(told) == sorted(
        [
            *["Remove app role assignment from service principal"] * 3,
            *["Remove delegated permission grant"] * 2,
            "Remove role assignment",
            "Remove owner from service principal",
            "Remove owner from application",
            "Remove service principal",
        ]
    )
    assert told[-1] == "Remove service principal"
    changed = at.changed()
    (secret,) = changed["PasswordCredentials"][0]
    assert (secret["displayName"], changed["PasswordCredentials"][1]) == ("laptop", [])
    (owner,) = changed["Owners"][0]
    assert (owner, "KeyCredentials" in changed) == (str(at.read("principals")[-1].id), False)
    for shelf in ("assignments", "delegated_grants", "role_assignments", "ownerships"):
        assert at.read(shelf) == [], shelf


def test_who_may_change_what_it_owns_alone_is_asked_inside_the_change():
    at = office()
    mine = at.principal()
    other = at.principal(run(applications.create(at.by, at.tenant.id, display_name="other")).app_id)
    run(tenants.update(at.by, at.tenant.id, trust_changes="entra"))
    by = replace(at.by, app_id=other.app_id, owns_only=other.id)
    changes = (
        lambda: principals.update(by, mine.id, enabled=False),
        lambda: principals.create(by, at.tenant.id, STORAGE.app_id),
        lambda: evidence.add_secret(by, mine.id),
        lambda: owners.add(by, mine, other.id),
        lambda: owners.remove(by, mine, other.id),
        lambda: principals.delete(by, mine.id),
    )
    for each in changes:
        refused = refusal(each())
        assert (refused.row, "does not own" in refused.detail) == (errors.PRIVILEGES_MISSING, True)
    run(owners.add(at.by, mine, other.id))
    run(principals.update(by, mine.id, enabled=False))
    made = run(evidence.add_secret(by, mine.id))
    run(evidence.remove_secret(by, mine.id, made.secret.key_id))
    run(owners.remove(by, mine, other.id))
    assert refusal(principals.delete(by, mine.id)).row is errors.PRIVILEGES_MISSING
