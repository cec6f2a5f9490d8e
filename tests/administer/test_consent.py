"""Permissions that an application wishes for, holds, is granted as a whole, and loses."""

from uuid import UUID

import pytest

from accredit import errors
from accredit.administer import applications, consent, delegated, permissions, principals
from accredit.administer.standing import Key, api, standing
from accredit.directory import AppRole, Registration, wellknown
from accredit.directory.registration import PermissionScope, RequiredAccess, ResourceAccess
from tests.administer.office import office
from tests.support.stories import refusal, run

GRAPH = wellknown.principals()["graph"]
READ_ALL = UUID("9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30")
READ = Key(str(GRAPH.app_id), "Role", READ_ALL)
USER_READ = Key(str(GRAPH.app_id), "Scope", GRAPH.scopes[0].id)
NOBODYS = "00000000-0000-0000-0000-0000000000aa"


@pytest.fixture
def at():
    return office()


def found(at, of=None):
    async def read():
        async with at.by.registry.reading() as store:
            return await standing(store, await store.applications.get((of or at.application).id))

    return run(read())


def known(at, app_id):
    async def read():
        async with at.by.registry.reading() as store:
            return await api(store, at.tenant.id, app_id)

    return run(read())


def wish(at, *keys):
    for each in keys:
        run(consent.configure(at.by, at.application.id, each.api, [(each.kind, each.id)]))


def test_a_wish_grants_nothing_and_consent_grants_all_wishes(at):
    wish(at, READ, USER_READ, READ)
    before = found(at)
    assert [(each.value, each.configured, each.granted, each.grantable) for each in before] == [
        ("Application.Read.All", True, False, True),
        (GRAPH.scopes[0].value, True, False, True),
    ]
    assert at.read("assignments") == []
    run(consent.grant(at.by, at.application.id, [READ, USER_READ]))
    assert [(each.configured, each.granted, each.grantable) for each in found(at)] == [(True, True, False)] * 2
    run(consent.grant(at.by, at.application.id, []))
    assert len(at.read("assignments")) == len(at.read("delegated_grants")) == 1


def test_what_was_not_shown_is_not_granted(at):
    wish(at, READ)
    refused = refusal(consent.grant(at.by, at.application.id, [READ, USER_READ]))
    assert refused.row is errors.CHANGED_MEANWHILE
    assert refusal(consent.grant(at.by, at.application.id, [])).row is errors.CHANGED_MEANWHILE
    assert at.read("assignments") == []


def test_a_grant_needs_no_wish(at):
    run(permissions.grant(at.by, at.principal().id, at.principal(GRAPH.app_id).id, READ_ALL))
    (only,) = found(at)
    assert (only.key, only.configured, only.granted, only.grantable) == (READ, False, True, False)


def test_the_presence_of_both_is_made_where_it_is_absent(at):
    role = AppRole(id=UUID(int=7), value="Things.Read", display_name="Things")
    other = run(
        applications.create(at.by, at.tenant.id, display_name="Things", app_roles=(role,), with_principal=False)
    )
    client = run(applications.create(at.by, at.tenant.id, display_name="client", with_principal=False))
    run(principals.delete(at.by, at.principal(GRAPH.app_id).id))
    keys = [Key(str(other.app_id), "Role", role.id), READ]
    for each in keys:
        run(consent.configure(at.by, client.id, each.api, [(each.kind, each.id)]))
    assert {each.api.name: each.grantable for each in found(at, client)} == {"Microsoft Graph": True, "Things": True}
    run(consent.grant(at.by, client.id, keys))
    assert all(each.granted for each in found(at, client))
    assert at.principal(client.app_id)
    assert at.principal(other.app_id)


def test_what_nobody_offers_is_shown_by_its_id_and_not_granted(at):
    strange = [
        Key(str(GRAPH.app_id), "Role", UUID(int=5)),
        Key(NOBODYS, "Role", UUID(int=6)),
        Key("no guid", "Role", UUID(int=6)),
    ]
    wish(at, *strange)
    assert [(each.api.name, each.value, each.grantable) for each in found(at)] == [
        (NOBODYS, str(UUID(int=6)), False),
        ("Microsoft Graph", str(UUID(int=5)), False),
        ("no guid", str(UUID(int=6)), False),
    ]
    run(consent.grant(at.by, at.application.id, []))


def test_what_is_disabled_or_for_people_is_not_granted(at):
    roles = (
        AppRole(id=UUID(int=1), value="Off", display_name="x", enabled=False),
        AppRole(id=UUID(int=2), value="People", display_name="x", member_types=("User",)),
    )
    scope = PermissionScope(id=UUID(int=3), value="off", is_enabled=False)
    other = run(
        applications.create(
            at.by,
            at.tenant.id,
            display_name="api",
            app_roles=roles,
            registration=Registration(permission_scopes=(scope,)),
        )
    )
    wish(at, *(Key(str(other.app_id), "Role", each.id) for each in roles), Key(str(other.app_id), "Scope", scope.id))
    assert not [each for each in found(at) if each.grantable]


def test_a_permission_is_taken_back_and_the_wish_stays(at):
    wish(at, READ, USER_READ)
    run(consent.grant(at.by, at.application.id, [READ, USER_READ]))
    run(consent.revoke(at.by, at.application.id, READ))
    assert at.last.activity == "Remove app role assignment from service principal"
    run(consent.revoke(at.by, at.application.id, USER_READ))
    assert at.last.activity == "Remove delegated permission grant"
    assert [(each.configured, each.granted) for each in found(at)] == [(True, False)] * 2
    assert refusal(consent.revoke(at.by, at.application.id, READ)).row is errors.OBJECT_NOT_FOUND


def test_a_consent_that_names_more_keeps_the_rest(at):
    graph = at.principal(GRAPH.app_id)
    run(delegated.grant(at.by, at.principal().id, graph.id, "openid profile"))
    wish(at, USER_READ)
    run(consent.grant(at.by, at.application.id, [USER_READ]))
    assert at.read("delegated_grants")[0].scope == f"openid profile {GRAPH.scopes[0].value}"
    run(consent.revoke(at.by, at.application.id, USER_READ))
    assert at.read("delegated_grants")[0].scope == "openid profile"


def test_a_consent_of_one_user_is_nobody_elses(at):
    graph = at.principal(GRAPH.app_id)
    value = GRAPH.scopes[0].value
    run(delegated.grant(at.by, at.principal().id, graph.id, value, consent_type="Principal", user_id=UUID(int=4)))
    assert found(at) == []


def test_a_wish_is_forgotten_and_others_stay(at):
    kept = RequiredAccess(resource_app_id=NOBODYS, resource_access=())
    run(applications.update(at.by, at.application.id, registration=Registration(required_resource_access=(kept,))))
    wish(at, READ, USER_READ)
    run(consent.forget(at.by, at.application.id, READ))
    (_, graph) = at.read("applications", id=at.application.id)[0].registration.required_resource_access
    assert graph == RequiredAccess(
        resource_app_id=str(GRAPH.app_id), resource_access=(ResourceAccess(id=USER_READ.id, type="Scope"),)
    )
    run(consent.forget(at.by, at.application.id, USER_READ))
    assert at.read("applications", id=at.application.id)[0].registration.required_resource_access == (kept,)
    assert refusal(consent.forget(at.by, at.application.id, READ)).row is errors.OBJECT_NOT_FOUND


def test_an_application_without_a_presence_holds_nothing(at):
    alone = run(applications.create(at.by, at.tenant.id, display_name="alone", with_principal=False))
    assert found(at, alone) == []
    assert known(at, str(alone.app_id)).principal is None


def test_a_default_access_has_no_name(at):
    run(permissions.grant(at.by, at.principal().id, at.principal(GRAPH.app_id).id))
    (only,) = found(at)
    assert (only.offered, only.value, only.granted) == (None, str(UUID(int=0)), True)
