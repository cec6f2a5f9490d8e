"""Who may do what: the mappings as they are now, and nothing else."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from accredit.directory.people import (
    ALL,
    LONGEST_VALUE,
    MOST_VALUES,
    NOBODY,
    Access,
    Person,
    RoleMapping,
    Session,
    access_of,
    readable,
)
from tests.support.every import every

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
ISSUER = "https://login.contoso.test"
HERE, THERE = UUID(int=1), UUID(int=2)
ADA = Person(name="Ada", issuer=ISSUER, subject="ada")
CLAIMS = {"groups": ("g1", "g2"), "roles": ("portal",)}


def mapping(tenant_id=HERE, claim="groups", value="g1", role="reader", issuer=ISSUER):
    return RoleMapping(
        id=UUID(int=9), tenant_id=tenant_id, issuer=issuer, claim=claim, value=value, role=role, created_at=NOW
    )


GIVEN = {
    "nothing is mapped": ([], NOBODY),
    "a group": ([mapping()], Access({HERE: "reader"})),
    "another group": ([mapping(value="g3")], NOBODY),
    "another claim with the same value": ([mapping(claim="roles")], NOBODY),
    "the person": ([mapping(claim="sub", value="ada")], Access({HERE: "reader"})),
    "another person": ([mapping(claim="sub", value="Ada")], NOBODY),
    "the same group of another provider": ([mapping(issuer=ISSUER + "/")], NOBODY),
    "two roles in one tenant": ([mapping(role="admin"), mapping(value="g2")], Access({HERE: "admin"})),
    "two roles the other way round": ([mapping(), mapping(value="g2", role="operator")], Access({HERE: "operator"})),
    "roles in two tenants": (
        [mapping(), mapping(THERE, role="admin")],
        Access({HERE: "reader", THERE: "admin"}),
    ),
    "the instance, which is no tenant": ([mapping(None, role="instance")], Access({}, None, instance=True)),
    "a role in a tenant without one": ([mapping(None, role="admin")], NOBODY),
}


@every("mappings, expected", GIVEN.values(), ids=GIVEN)
def test_a_role_follows_from_the_mappings(mappings, expected):
    assert access_of(mappings, ADA, CLAIMS) == expected


def test_a_claim_named_sub_in_the_claims_gives_nothing():
    """The subject is the proven one."""
    assert access_of([mapping(claim="sub", value="eve")], ADA, {"sub": ("eve",)}) == NOBODY


@pytest.mark.parametrize("how", ["link", "emulator"])
def test_who_has_the_host_may_do_everything_everywhere(how):
    found = access_of([], Person(name="root", how=how), {})
    assert found is ALL
    assert (found.role(THERE), found.instance, found.none) == ("admin", True, False)


def test_a_role_is_of_one_tenant():
    found = Access({HERE: "operator"})
    assert (found.role(HERE), found.role(THERE), found.instance, found.none) == ("operator", None, False, False)
    assert Access({HERE: "admin"}, "reader").role(HERE) == "admin"
    assert Access({HERE: "reader"}, "admin").role(HERE) == "admin"
    assert NOBODY.none
    assert not Access(instance=True).none


def test_the_mark_is_another_one_for_every_other_access():
    some = [NOBODY, ALL, Access({HERE: "reader"}), Access({HERE: "admin"}), Access({THERE: "reader"})]
    some += [Access({HERE: "reader", THERE: "reader"}), Access(instance=True), Access(everywhere="admin")]
    assert len({each.mark for each in some}) == len(some)
    assert Access({HERE: "reader", THERE: "admin"}).mark == Access({THERE: "admin", HERE: "reader"}).mark


def test_claims_are_kept_as_text_and_only_those_that_are_asked_for():
    claims = {"groups": ["a", 7, True, False, None, {}, "", 1.5], "tid": "t", "other": "x", "obj": {"a": 1}, "e": []}
    assert readable(claims, ["groups", "tid", "obj", "e", "absent"]) == {
        "groups": ("a", "7", "true", "false"),
        "tid": ("t",),
    }
    many = readable({"g": [str(each) for each in range(MOST_VALUES + 5)]}, ["g"])
    assert len(many["g"]) == MOST_VALUES
    assert readable({"g": ["x" * LONGEST_VALUE, "x" * (LONGEST_VALUE + 1)]}, ["g"]) == {"g": ("x" * LONGEST_VALUE,)}


def test_a_session_is_called_by_a_part_of_its_id_and_knows_its_roles():
    session = Session(id=bytes(range(32)), person=ADA, claims=CLAIMS, made_at=NOW, seen_at=NOW)
    assert session.name == "0001020304050607"
    assert session.access([mapping()]) == Access({HERE: "reader"})
    assert session.access([]) == NOBODY
