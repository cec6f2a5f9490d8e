from dataclasses import replace
from uuid import UUID

import pytest
from msgspec import structs

from accredit import errors
from accredit.administer import applications, evidence, owners, permissions, principals, tenants
from accredit.directory import PrincipalRegistration, wellknown
from tests.administer.office import office
from tests.support.stories import refusal, run

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
    """Somebody who changes things in a tenant that guards its trust."""
    run(tenants.update(at.by, at.tenant.id, trust_changes="owner_may_narrow"))
    return replace(at.by, may_widen=may_widen, app_id=UUID(int=9))


GUARDED = {
    "enabling": (lambda by, who: principals.update(by, who.id, enabled=True), {"enabled": False}, False),
    "disabling": (lambda by, who: principals.update(by, who.id, enabled=False), {}, True),
    "giving tokens to whoever asks": (
        lambda by, who: principals.update(by, who.id, assignment_required=False),
        {"assignment_required": True},
        False,
    ),
    "demanding an assignment": (lambda by, who: principals.update(by, who.id, assignment_required=True), {}, True),
    "deleting": (lambda by, who: principals.delete(by, who.id), {}, True),
}


@pytest.mark.parametrize("sentence", GUARDED)
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
    late = run(applications.create(at.by, at.tenant.id, display_name="late", with_principal=False))
    other = run(applications.create(at.by, at.tenant.id, display_name="other", with_principal=False))
    run(owners.add(at.by, late, at.principal().id))
    by = narrow(at)
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


@pytest.mark.parametrize("sentence", REFUSED)
def test_refused_is(sentence):
    at = office()
    story, row = REFUSED[sentence]
    assert refusal(story(at)).row is row
