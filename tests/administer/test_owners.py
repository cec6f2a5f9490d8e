from dataclasses import replace
from uuid import UUID

import pytest

from accredit import errors
from accredit.administer import applications, owners, principals, tenants
from tests.administer.office import office
from tests.support.stories import refusal, run

NOBODY = UUID(int=2**80)


@pytest.fixture
def at():
    return office()


def another(at, name="other"):
    """The service principal of another application."""
    return at.principal(run(applications.create(at.by, at.tenant.id, display_name=name)).app_id)


def owned(at, of):
    async def read():
        async with at.registry.reading() as store:
            return [each.display_name for each in await owners.read(store, of)]

    return run(read())


@pytest.mark.parametrize("kind", ["application", "service principal"])
def test_an_owner_comes_and_goes_and_both_are_on_record(at, kind):
    of = at.application if kind == "application" else at.principal()
    owner = another(at)
    made = run(owners.add(at.by, of, owner.id))
    assert of.id in (made.application_id, made.principal_id)
    assert owned(at, of) == ["other"]
    assert at.last.activity == f"Add owner to {kind}"
    assert at.changed() == {"Owner.ObjectID": (None, str(owner.id))}
    assert [each.id for each in at.last.targets] == [of.id, owner.id]
    run(owners.remove(at.by, of, owner.id))
    assert owned(at, of) == []
    assert at.last.activity == f"Remove owner from {kind}"
    assert at.changed() == {"Owner.ObjectID": (str(owner.id), None)}


def test_an_application_is_made_with_its_owners_each_once(at):
    owner = another(at).id
    made = run(applications.create(at.by, at.tenant.id, display_name="owned", owner_ids=(owner, owner)))
    assert owned(at, made) == ["other"]
    assert [each.activity for each in at.registry.audits[-3:]] == [
        "Add application",
        "Add owner to application",
        "Add service principal",
    ]


def test_an_ownership_ends_with_what_is_owned_and_with_the_owner(at):
    owner = another(at)
    run(owners.add(at.by, at.application, owner.id))
    run(owners.add(at.by, at.principal(), owner.id))
    run(applications.delete(at.by, at.application.id))
    assert at.read("ownerships") == []
    third = run(applications.create(at.by, at.tenant.id, display_name="third", owner_ids=(owner.id,)))
    run(principals.delete(at.by, owner.id))
    assert owned(at, third) == []


def elsewhere(at):
    other = run(tenants.create(at.by, display_name="B", domains=("b.test",), enable=()))
    run(applications.create(at.by, other.id, display_name="foreign"))
    return at.read("principals", tenant_id=other.id)[0].id


async def twice(at):
    owner = at.principal().id
    await owners.add(at.by, at.application, owner)
    await owners.add(at.by, at.application, owner)


REFUSED = {
    "nobody as an owner": (lambda at: owners.add(at.by, at.application, NOBODY), errors.OBJECT_NOT_FOUND),
    "an application as an owner": (
        lambda at: owners.add(at.by, at.application, at.application.id),
        errors.OBJECT_NOT_FOUND,
    ),
    "an owner from another tenant": (
        lambda at: owners.add(at.by, at.application, elsewhere(at)),
        errors.OBJECT_NOT_FOUND,
    ),
    "an owner twice": (twice, errors.REFERENCE_EXISTS),
    "the removal of who owns nothing": (
        lambda at: owners.remove(at.by, at.application, at.principal().id),
        errors.OBJECT_NOT_FOUND,
    ),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_refused_is(at, sentence):
    story, row = REFUSED[sentence]
    assert refusal(story(at)).row is row


def test_the_hundredth_owner_is_the_last(at):
    for n in range(owners.MOST):
        run(owners.add(at.by, at.application, another(at, f"owner-{n}").id))
    refused = refusal(owners.add(at.by, at.application, another(at).id))
    assert refused.row is errors.PROPERTY_INVALID
    assert "at most 100" in refused.detail


def test_where_a_tenant_guards_its_trust_an_owner_makes_no_owners_but_leaves(at):
    owner, other = another(at).id, another(at, "third").id
    run(owners.add(at.by, at.application, owner))
    run(tenants.update(at.by, at.tenant.id, trust_changes="owner_may_narrow"))
    narrow = replace(at.by, may_widen=False)
    assert refusal(owners.add(narrow, at.application, other)).row is errors.PRIVILEGES_MISSING
    run(owners.remove(narrow, at.application, owner))


@pytest.mark.parametrize("rule", ["entra", "owner_may_narrow"])
def test_where_a_tenant_guards_its_trust_a_program_leaves_not_as_the_last_owner(at, rule):
    mine, other = another(at), another(at, "third")
    for each in (mine, other):
        run(owners.add(at.by, at.application, each.id))
    run(tenants.update(at.by, at.tenant.id, trust_changes=rule))
    by = replace(at.by, app_id=mine.app_id)
    run(owners.remove(by, at.application, other.id))
    if rule == "entra":
        run(owners.remove(by, at.application, mine.id))
    else:
        assert refusal(owners.remove(by, at.application, mine.id)).row is errors.PRIVILEGES_MISSING
        run(owners.remove(at.by, at.application, mine.id))


def test_what_an_owner_owned_is_told_when_it_is_no_more(at):
    owner = another(at)
    run(owners.add(at.by, at.application, owner.id))
    run(applications.delete(at.by, at.application.id))
    assert at.changed()["Owners"] == ([str(owner.id)], [])
