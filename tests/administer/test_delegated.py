"""Consents to delegated permissions: kept, changed and forgotten, each with a record."""

from uuid import UUID

import pytest

from accredit import errors
from accredit.administer import applications, delegated, principals, tenants
from accredit.directory import wellknown
from tests.administer.office import office
from tests.support.stories import refusal, run

GRAPH = wellknown.principals()["graph"]
USER = UUID(int=77)


@pytest.fixture
def at():
    return office()


def graph(at):
    return at.principal(GRAPH.app_id).id


def grant(at, scope="User.Read", **more):
    return delegated.grant(at.by, at.principal().id, graph(at), scope, **more)


def test_one_is_kept_changed_and_forgotten(at):
    made = run(grant(at))
    assert (made.client_id, made.resource_id, made.consent_type) == (at.principal().id, graph(at), "AllPrincipals")
    assert at.last.activity == "Add delegated permission grant"
    assert at.changed()["scope"] == (None, "User.Read")
    assert [each.name for each in at.last.targets] == ["deploy-bot", "Microsoft Graph"]
    after = run(delegated.rescope(at.by, made.id, "User.Read Mail.Read"))
    assert at.read("delegated_grants") == [after]
    assert at.last.activity == "Update delegated permission grant"
    assert at.changed() == {"scope": ("User.Read", "User.Read Mail.Read")}
    run(delegated.revoke(at.by, made.id))
    assert at.read("delegated_grants") == []
    assert at.last.activity == "Remove delegated permission grant"
    assert at.changed()["scope"] == ("User.Read Mail.Read", None)


def test_a_change_of_nothing_leaves_no_record(at):
    made = run(grant(at))
    records = len(at.registry.audits)
    assert run(delegated.rescope(at.by, made.id, "User.Read")) == made
    assert len(at.registry.audits) == records


def test_everybody_and_each_user_consent_by_themselves(at):
    run(grant(at))
    run(grant(at, consent_type="Principal", user_id=USER))
    run(grant(at, consent_type="Principal", user_id=UUID(int=78)))
    assert len(at.read("delegated_grants")) == 3


def test_they_go_with_their_client(at):
    run(grant(at))
    run(principals.delete(at.by, at.principal().id))
    assert at.read("delegated_grants") == []


async def twice(at):
    await grant(at)
    await grant(at, "Mail.Read")


async def too_long(at):
    made = await grant(at)
    await delegated.rescope(at.by, made.id, "s" * 3_851)


async def in_another_tenant(at):
    other = await tenants.create(at.by, display_name="B", domains=("b.test",), enable=["graph"])
    client = await applications.create(at.by, other.id, display_name="theirs")
    async with at.registry.reading() as store:
        (theirs,) = await store.principals.find(tenant_id=other.id, app_id=client.app_id)
    await delegated.grant(at.by, theirs.id, graph(at), "User.Read")


REFUSED = {
    "a second one": (twice, errors.ASSIGNMENT_EXISTS),
    "a scope of 3851 characters": (too_long, errors.PROPERTY_INVALID),
    "a scope of two lines": (lambda at: grant(at, "User.Read\nMail.Read"), errors.PROPERTY_INVALID),
    "a user where everybody consents": (lambda at: grant(at, user_id=USER), errors.PROPERTY_INVALID),
    "no user where one consents": (lambda at: grant(at, consent_type="Principal"), errors.PROPERTY_INVALID),
    "a client of another tenant": (in_another_tenant, errors.OBJECT_NOT_FOUND),
    "a client that is not there": (
        lambda at: delegated.grant(at.by, UUID(int=5), graph(at), "User.Read"),
        errors.OBJECT_NOT_FOUND,
    ),
    "a change to one that is not there": (
        lambda at: delegated.rescope(at.by, UUID(int=5), "User.Read"),
        errors.OBJECT_NOT_FOUND,
    ),
    "forgetting one that is not there": (lambda at: delegated.revoke(at.by, UUID(int=5)), errors.OBJECT_NOT_FOUND),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_refused_is(at, sentence):
    story, row = REFUSED[sentence]
    assert refusal(story(at)).row is row


def test_a_scope_of_3850_characters_is_kept(at):
    assert len(run(grant(at, "s" * 3_850)).scope) == 3_850
