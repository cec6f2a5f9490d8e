from dataclasses import replace
from uuid import UUID

import pytest

from accredit import errors
from accredit.administer import applications, permissions, tenants
from accredit.directory import DEFAULT_ACCESS, AppRole, wellknown
from tests.administer.office import office
from tests.support.stories import refusal, run

GRAPH = wellknown.principals()["graph"]
READ_ALL = "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30"


@pytest.fixture
def at():
    made = office()
    run(applications.add_role(made.by, made.application.id, value="Orders.Read.All"))
    return made


def graph(at):
    return at.principal(GRAPH.app_id).id


@pytest.mark.parametrize("role", ["Application.Read.All", READ_ALL, UUID(READ_ALL)])
def test_a_role_is_granted_by_value_or_id_and_taken_away_again(at, role):
    made = run(permissions.grant(at.by, at.principal().id, graph(at), role))
    assert (made.role_id, made.principal_id, made.resource_id) == (UUID(READ_ALL), at.principal().id, graph(at))
    assert at.last.activity == "Add app role assignment to service principal"
    assert at.changed() == {"AppRole.Id": (None, READ_ALL), "AppRole.Value": (None, "Application.Read.All")}
    assert [each.name for each in at.last.targets] == ["deploy-bot", "Microsoft Graph"]
    run(permissions.revoke(at.by, at.principal().id, graph(at), role))
    assert at.last.activity == "Remove app role assignment from service principal"
    assert at.changed() == {"AppRole.Id": (READ_ALL, None), "AppRole.Value": ("Application.Read.All", None)}
    assert at.read("assignments") == []


def test_a_role_of_an_application_of_the_tenant_is_that_of_its_registration(at):
    other = run(applications.create(at.by, at.tenant.id, display_name="client"))
    made = run(permissions.grant(at.by, at.principal(other.app_id).id, at.principal().id, "Orders.Read.All"))
    assert made.role_id == at.read("applications", id=at.application.id)[0].app_roles[0].id


def test_access_is_granted_without_naming_a_role(at):
    made = run(permissions.grant(at.by, at.principal().id, graph(at)))
    assert made.role_id == DEFAULT_ACCESS
    run(permissions.revoke(at.by, at.principal().id, graph(at), str(DEFAULT_ACCESS)))


def test_a_disabled_role_is_not_granted_but_can_be_taken_away(at):
    who = at.principal().id
    run(permissions.grant(at.by, who, who, "Orders.Read.All"))
    run(applications.enable_role(at.by, at.application.id, "Orders.Read.All", enabled=False))
    run(permissions.revoke(at.by, who, who, "Orders.Read.All"))
    refused = refusal(permissions.grant(at.by, who, who, "Orders.Read.All"))
    assert "(there are: none)" in refused.detail


def test_what_was_granted_is_taken_back_by_its_id_even_when_the_role_is_no_more(at):
    who = at.principal().id
    made = run(permissions.grant(at.by, who, who, "Orders.Read.All"))
    run(applications.enable_role(at.by, at.application.id, "Orders.Read.All", enabled=False))
    run(permissions.remove(at.by, made.id))
    assert at.read("assignments") == []
    assert at.changed() == {"AppRole.Id": (str(made.role_id), None), "AppRole.Value": ("Orders.Read.All", None)}


def guarded(at, *, may_widen, app_id):
    """Whoever changes things from now on, in a tenant that guards its trust."""
    run(tenants.update(at.by, at.tenant.id, trust_changes="owner_may_narrow"))
    return replace(at.by, may_widen=may_widen, app_id=app_id)


@pytest.mark.parametrize(
    ("may_widen", "itself", "fine"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_where_trust_is_guarded_who_may_widen_grants_roles_and_nobody_to_itself(at, may_widen, itself, fine):
    by = guarded(at, may_widen=may_widen, app_id=at.application.app_id if itself else UUID(int=9))
    wanted = permissions.grant(by, at.principal().id, graph(at), "Mail.Read")
    if fine:
        assert run(wanted).principal_id == at.principal().id
    else:
        assert refusal(wanted).row is errors.PRIVILEGES_MISSING


def test_where_trust_is_guarded_anybody_takes_roles_away(at):
    made = run(permissions.grant(at.by, at.principal().id, graph(at), "Mail.Read"))
    run(permissions.remove(guarded(at, may_widen=False, app_id=UUID(int=9)), made.id))
    assert at.read("assignments") == []


async def for_users(at):
    role = AppRole(id=UUID(int=7), value="Users.Only", display_name="x", member_types=("User",))
    await applications.enable_role(at.by, at.application.id, "Orders.Read.All", enabled=False)
    await applications.update(at.by, at.application.id, app_roles=(role,))
    await permissions.grant(at.by, at.principal().id, at.principal().id, "Users.Only")


def grant(role):
    return lambda at: permissions.grant(at.by, at.principal().id, graph(at), role)


async def twice(at):
    await grant("Mail.Read")(at)
    await grant("Mail.Read")(at)


async def in_another_tenant(at):
    other = await tenants.create(at.by, display_name="B", domains=("b.test",), enable=["graph"])
    async with at.registry.reading() as store:
        (theirs,) = await store.principals.find(tenant_id=other.id)
    await permissions.grant(at.by, at.principal().id, theirs.id, "Mail.Read")


REFUSED = {
    "a role that the resource does not offer": (grant("Mail.Reed"), errors.PERMISSION_UNKNOWN, "Mail.Send"),
    "a role that people alone may have": (for_users, errors.PERMISSION_UNKNOWN, "there are: none"),
    "taking back what is not there": (
        lambda at: permissions.remove(at.by, UUID(int=99)),
        errors.OBJECT_NOT_FOUND,
        "",
    ),
    "a role that is held already": (twice, errors.ASSIGNMENT_EXISTS, ""),
    "a role on a resource of another tenant": (in_another_tenant, errors.OBJECT_NOT_FOUND, ""),
    "taking away a role that is not held": (
        lambda at: permissions.revoke(at.by, at.principal().id, graph(at), "Mail.Read"),
        errors.OBJECT_NOT_FOUND,
        "",
    ),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_refused_is(at, sentence):
    story, row, detail = REFUSED[sentence]
    refused = refusal(story(at))
    assert refused.row is row
    assert detail in refused.detail
