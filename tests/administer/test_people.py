"""Roles of people: given and taken away, on record, and refused where they would be somebody else's tomorrow."""

from uuid import UUID

import pytest

from accredit import errors
from accredit.administer import people, tenants
from accredit.administer.people import LONGEST_CLAIM, LONGEST_ISSUER, REASSIGNED
from accredit.directory.people import LONGEST_VALUE, Person
from tests.administer.office import office
from tests.support.every import every
from tests.support.stories import refusal, run

ISSUER = "https://login.contoso.test"
GIVEN = {"issuer": ISSUER, "claim": "groups", "value": "g1", "role": "operator"}


@pytest.fixture
def at():
    return office()


def mappings(at, tenant_id=None):
    async def read():
        async with at.registry.reading() as store:
            return list(await people.read(store, tenant_id))

    return run(read())


def test_a_role_comes_and_goes_and_both_are_on_record(at):
    made = run(people.add(at.by, tenant_id=at.tenant.id, **GIVEN))
    assert (made.tenant_id, made.issuer, made.claim, made.value, made.role) == (at.tenant.id, *GIVEN.values())
    assert mappings(at) == [made]
    assert (at.last.activity, at.last.operation, at.last.tenant_id) == ("Add role mapping", "Add", at.tenant.id)
    assert at.last.targets[0].name == "operator: groups = g1"
    assert at.changed() == {name: (None, value) for name, value in GIVEN.items()}
    assert run(people.remove(at.by, made.id)) == made
    assert mappings(at) == []
    assert (at.last.activity, at.last.operation) == ("Remove role mapping", "Delete")
    assert at.changed() == {name: (value, None) for name, value in GIVEN.items()}
    assert refusal(people.remove(at.by, made.id)).row is errors.OBJECT_NOT_FOUND


def test_the_same_people_have_one_role_in_a_place(at):
    other = run(tenants.create(at.by, display_name="Other", domains=("other.test",)))
    made = [run(people.add(at.by, tenant_id=each, **GIVEN)) for each in (at.tenant.id, other.id)]
    made.append(run(people.add(at.by, tenant_id=None, **{**GIVEN, "role": "instance"})))
    again = refusal(people.add(at.by, tenant_id=at.tenant.id, **{**GIVEN, "role": "admin"}))
    assert (again.row, again.fields["property"]) == (errors.VALUE_TAKEN, "value")
    assert refusal(people.add(at.by, tenant_id=None, **{**GIVEN, "role": "instance"})).row is errors.VALUE_TAKEN
    assert mappings(at) == made
    assert mappings(at, other.id) == made[1:]
    assert at.last.tenant_id is None


def test_a_role_in_a_tenant_that_is_not_there_is_refused(at):
    assert refusal(people.add(at.by, tenant_id=UUID(int=77), **GIVEN)).row is errors.OBJECT_NOT_FOUND


def test_there_is_an_end_to_mappings(at, monkeypatch):
    monkeypatch.setattr(people, "MOST", 1)
    run(people.add(at.by, tenant_id=at.tenant.id, **GIVEN))
    assert refusal(people.add(at.by, tenant_id=at.tenant.id, **{**GIVEN, "value": "g2"})).row is errors.PROPERTY_INVALID


UNFIT = {
    "a role that there is not": {"role": "owner"},
    "no issuer": {"issuer": ""},
    "an issuer that is no address": {"issuer": "contoso"},
    "an issuer that is too long": {"issuer": f"{ISSUER}/{'x' * LONGEST_ISSUER}"},
    "no claim": {"claim": ""},
    "a claim that is too long": {"claim": "c" * (LONGEST_CLAIM + 1)},
    "a space behind a claim": {"claim": "groups "},
    "no value": {"value": ""},
    "a value that is too long": {"value": "v" * (LONGEST_VALUE + 1)},
    "a value that moves the cursor": {"value": "a\x1b[2J"},
    "a value that hides": {"value": "a\u202eb"},
    **{f"{each}, which people choose, or which is given to somebody else": {"claim": each} for each in REASSIGNED},
}


@every("given", UNFIT.values(), ids=UNFIT)
def test_what_gives_nobody_a_role_for_sure_is_refused(given):
    at = office()
    refused = refusal(people.add(at.by, tenant_id=at.tenant.id, **{**GIVEN, **given}))
    assert (refused.row, refused.fields["property"]) == (errors.PROPERTY_INVALID, next(iter(given)))
    assert mappings(at) == []


@every("tenant, role", [(True, "instance"), (False, "admin")], ids=["instance in a tenant", "admin of the instance"])
def test_the_role_instance_belongs_to_no_tenant_and_every_other_one_to_one(tenant, role):
    at = office()
    tenant_id = at.tenant.id if tenant else None
    assert refusal(people.add(at.by, tenant_id=tenant_id, **{**GIVEN, "role": role})).fields["property"] == "role"


def test_sign_ins_are_on_record_and_those_by_a_link_are_marked(at):
    ada = Person(name="Ada", issuer=ISSUER, subject="s-1")
    run(people.signed_in(at.by, ada))
    assert (at.last.activity, at.last.tenant_id, at.last.targets[0].name) == ("Sign in to the portal", None, "Ada")
    assert at.changed() == {"signInMethod": (None, "oidc"), "issuer": (None, ISSUER), "subject": (None, "s-1")}
    run(people.signed_in(at.by, Person(name="root", how="link")))
    assert at.changed() == {"signInMethod": (None, "link"), "breakGlass": (None, True)}
    run(people.signed_out(at.by, ada))
    assert (at.last.activity, at.last.operation) == ("Sign out of the portal", "Delete")
    assert at.changed() == {"signInMethod": ("oidc", None)}
    run(people.ended(at.by, ada, "0a1b"))
    assert (at.last.activity, at.changed()) == ("End portal session", {"session": ("0a1b", None)})
    run(people.link_made(at.by, 15))
    assert (at.last.activity, at.changed()) == ("Make one-time sign-in link", {"minutes": (None, 15)})
