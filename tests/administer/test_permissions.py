from uuid import UUID

import pytest

from accredit import errors
from accredit.administer import applications, permissions, tenants
from accredit.directory import DEFAULT_ACCESS, wellknown
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
    assert at.changed() == {"AppRole.Value": (None, "Application.Read.All")}
    assert [each.name for each in at.last.targets] == ["deploy-bot", "Microsoft Graph"]
    run(permissions.revoke(at.by, at.principal().id, graph(at), role))
    assert at.last.activity == "Remove app role assignment from service principal"
    assert at.changed() == {"AppRole.Value": ("Application.Read.All", None)}
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
    "a role that the resource does not offer": (grant("Mail.Reed"), errors.OBJECT_NOT_FOUND, "Mail.Send"),
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
