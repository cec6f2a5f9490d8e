from dataclasses import replace
from uuid import UUID

import msgspec
import pytest

from accredit import errors
from accredit.administer import applications, role_assignments, tenants
from accredit.administer.role_assignments import Wanted
from accredit.directory import azure
from accredit.interop import azure as written
from tests.administer.office import office
from tests.support.stories import refusal, run

READER = UUID("acdd72a7-3385-48ef-bd42-f606fba81ae7")
NAME, OTHER, NOBODY = (UUID(int=2**80 + each) for each in range(3))
GROUP = "/subscriptions/s/resourceGroups/g"


@pytest.fixture
def at():
    return office()


@pytest.fixture
def wanted(at):
    return Wanted(id=NAME, principal_id=at.principal().id, role=READER, scope=GROUP)


def put(at, wanted):
    return run(role_assignments.put(at.by, at.tenant.id, wanted))


def refused(at, wanted):
    return refusal(role_assignments.put(at.by, at.tenant.id, wanted)).row


def test_an_assignment_comes_and_goes_and_both_are_on_record(at, wanted):
    made, new = put(at, wanted)
    assert (made.role_definition_id, made.scope, made.principal_type, new) == (
        str(READER),
        GROUP,
        "ServicePrincipal",
        True,
    )
    assert (at.last.activity, at.last.operation) == ("Add role assignment", "Add")
    assert [(each.kind, each.name) for each in at.last.targets] == [
        ("RoleAssignment", "Reader"),
        ("ServicePrincipal", "deploy-bot"),
    ]
    assert at.changed()["scope"] == (None, GROUP)
    assert at.read("role_assignments") == [made]
    assert run(role_assignments.remove(at.by, at.tenant.id, NAME, GROUP.upper())) == made
    assert (at.last.activity, at.changed()["roleDefinitionId"]) == ("Remove role assignment", (str(READER), None))
    assert at.read("role_assignments") == []


def test_what_an_assignment_says_of_itself_can_change(at, wanted):
    first, _ = put(at, wanted)
    records = len(at.registry.audits)
    assert put(at, wanted) == (first, False)
    assert len(at.registry.audits) == records, "nothing changed"
    after, new = put(at, replace(wanted, scope=GROUP.upper(), description="why"))
    assert (after.description, after.scope, new) == ("why", GROUP, False)
    assert (at.last.activity, at.changed()) == ("Update role assignment", {"description": (None, "why")})
    assert at.read("role_assignments") == [after]


def test_of_one_principal_role_and_scope_there_is_one_assignment_which_never_moves(at, wanted):
    put(at, wanted)
    assert refused(at, replace(wanted, id=OTHER, scope=GROUP.upper())) is errors.ROLE_ASSIGNED
    assert refused(at, replace(wanted, scope="/")) is errors.ROLE_ASSIGNMENT_FIXED
    assert put(at, replace(wanted, id=OTHER, scope="/"))[1]


def test_nothing_is_assigned_to_whom_or_what_there_is_not(at, wanted):
    assert refused(at, replace(wanted, role=NOBODY)) is errors.ROLE_DEFINITION_UNKNOWN
    assert refused(at, replace(wanted, principal_id=NOBODY)) is errors.ASSIGNEE_UNKNOWN
    assert refused(at, replace(wanted, principal_type="Group")) is errors.ASSIGNEE_KIND
    assert at.read("role_assignments") == []


def test_another_tenant_sees_none_of_it(at, wanted):
    put(at, wanted)
    other = run(tenants.create(at.by, display_name="Fabrikam", domains=("fabrikam.test",)))
    assert refusal(role_assignments.put(at.by, other.id, wanted)).row is errors.ASSIGNEE_UNKNOWN
    assert refusal(role_assignments.remove(at.by, other.id, NAME, GROUP)).row is errors.ROLE_ASSIGNMENT_UNKNOWN
    assert len(at.read("role_assignments")) == 1


def test_what_is_not_there_on_that_scope_is_not_taken_away(at, wanted):
    put(at, wanted)
    for name, scope in ((OTHER, GROUP), (NAME, "/")):
        assert refusal(role_assignments.remove(at.by, at.tenant.id, name, scope)).row is errors.ROLE_ASSIGNMENT_UNKNOWN


def test_an_assignment_ends_with_its_principal(at, wanted):
    leaving = run(applications.create(at.by, at.tenant.id, display_name="leaving"))
    put(at, replace(wanted, principal_id=at.principal(leaving.app_id).id))
    run(applications.delete(at.by, leaving.id))
    assert at.read("role_assignments") == []


def test_a_role_that_is_no_more_can_still_be_taken_away(at, wanted, monkeypatch):
    put(at, wanted)
    monkeypatch.setattr(azure, "role_definitions", dict)
    run(role_assignments.remove(at.by, at.tenant.id, NAME, GROUP))
    assert at.last.targets[0].name == str(READER)


def test_a_tenant_may_have_no_domain(at):
    assert written.tenant(at.tenant)["defaultDomain"] == "contoso.test"
    assert written.tenant(msgspec.structs.replace(at.tenant, domains=()))["defaultDomain"] == ""


def test_two_tenants_may_give_the_same_name(at, wanted):
    made, _ = put(at, wanted)
    other = run(tenants.create(at.by, display_name="Fabrikam", domains=("fabrikam.test",)))
    run(applications.create(at.by, other.id, display_name="theirs"))
    theirs = next(each for each in at.read("principals", tenant_id=other.id) if each.application_id)
    same, new = run(role_assignments.put(at.by, other.id, replace(wanted, principal_id=theirs.id)))
    assert (same.name, new, same.id == made.id) == (NAME, True, False)
    run(role_assignments.remove(at.by, other.id, NAME, GROUP))
    assert at.read("role_assignments") == [made]


def test_it_is_told_by_its_name(at, wanted):
    made, _ = put(at, wanted)
    assert at.last.targets[0].id == NAME
    assert written.role_assignment(made)["name"] == str(NAME)
    assert written.role_assignment(made)["id"] == f"{GROUP}/providers/Microsoft.Authorization/roleAssignments/{NAME}"


@pytest.mark.parametrize("member", ["scope", "description", "condition", "condition_version"])
def test_control_characters_are_refused(at, wanted, member):
    refused = refusal(role_assignments.put(at.by, at.tenant.id, replace(wanted, **{member: "/a\x07"})))
    assert (refused.row, "U+0007" in str(refused)) == (errors.ARM_BODY_INVALID, True)
    put(at, replace(wanted, description="one\ntwo"))
