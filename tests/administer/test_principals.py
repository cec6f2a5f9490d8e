from uuid import UUID

import pytest

from accredit import errors
from accredit.administer import applications, permissions, principals
from accredit.directory import wellknown
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


REFUSED = {
    "an application that is not there": (
        lambda at: principals.create(at.by, at.tenant.id, UUID(int=2**99)),
        errors.OBJECT_NOT_FOUND,
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
