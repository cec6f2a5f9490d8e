import dataclasses
from uuid import UUID

import pytest
from msgspec.structs import replace

from accredit import errors
from accredit.administer import app_roles, applications, credentials, evidence, owners, permissions, tenants
from accredit.directory import AppRole, Registration, wellknown
from accredit.directory.registration import PermissionScope, RedirectUri, Web
from tests.administer.office import office
from tests.forge import certificate
from tests.support.every import every
from tests.support.stories import refusal, run

MARKED = UUID("acc7ed17-0000-4000-8000-000000000009")
APP = UUID("4a7d9f02-6c1b-4e83-b5d6-90f1a2c3e4d5")


def test_an_application_is_created_with_everything_that_was_given():
    at = office()
    made = run(
        applications.create(
            at.by,
            at.tenant.id,
            display_name="orders",
            description="takes orders",
            identifier_uris=("api://orders",),
            token_version=2,
            signing_algorithm="ES256",
            app_id=APP,
        )
    )
    assert (made.app_id, made.identifier_uris, made.token_version) == (APP, ("api://orders",), 2)
    assert (made.signing_algorithm, made.description) == ("ES256", "takes orders")
    assert [each.activity for each in at.registry.audits[-2:]] == ["Add application", "Add service principal"]
    assert len({each.correlation_id for each in at.registry.audits[-2:]}) == 1


def test_an_update_changes_what_is_given_and_its_principal_follows_the_name():
    at = office("extended")
    after = run(
        applications.update(
            at.by,
            at.application.id,
            display_name="deployer",
            description="d",
            identifier_uris=("api://one", "https://one.test/api"),
            token_version=2,
            signing_algorithm="ES256",
            token_lifetime=600,
            public=True,
            disabled=True,
            both_client_claims=True,
        )
    )
    assert at.principal().display_name == "deployer"
    assert at.changed()["identifierUris"] == ([], ["api://one", "https://one.test/api"])
    assert (after.token_lifetime, after.public, after.disabled, after.both_client_claims) == (600, True, True, True)
    again = run(applications.update(at.by, at.application.id, token_lifetime=None, token_version=None))
    assert (again.token_lifetime, again.token_version, again.display_name) == (None, None, "deployer")


def test_an_application_keeps_its_own_identifiers_when_it_is_updated():
    at = office()
    run(applications.update(at.by, at.application.id, identifier_uris=("api://one",)))
    after = run(applications.update(at.by, at.application.id, identifier_uris=("api://one", "api://two")))
    assert after.identifier_uris == ("api://one", "api://two")


def test_an_application_goes_with_its_credentials_and_its_principal_and_leaves_the_issuer():
    at = office()
    run(credentials.add(at.by, at.application.id, name="one", issuer="https://idp.test", subject="s"))
    run(credentials.add(at.by, at.application.id, name="two", issuer="https://idp.test", subject="t"))
    run(evidence.add_secret(at.by, at.application.id, display_name="laptop"))
    run(applications.delete(at.by, at.application.id))
    told = at.changed()
    assert [each["name"] for each in told["FederatedIdentityCredentials"][0]] == ["one", "two"]
    assert [each["displayName"] for each in told["PasswordCredentials"][0]] == ["laptop"]
    assert (told["FederatedIdentityCredentials"][1], told["PasswordCredentials"][1]) == ([], [])
    assert at.read("applications") == at.read("credentials") == []
    assert [each.display_name for each in at.read("principals")] == ["Microsoft Graph"]
    assert [each.url for each in at.read("issuers")] == ["https://idp.test"]
    assert at.last.activity == "Delete application"


def test_a_role_is_offered_disabled_and_removed_with_its_grants():
    at = office()
    role = run(applications.add_role(at.by, at.application.id, value="Orders.Read.All", description="read"))
    assert (role.display_name, role.enabled) == ("Orders.Read.All", True)
    keep = run(applications.add_role(at.by, at.application.id, value="Orders.Write", role_id=APP, display_name="W"))
    assert keep.id == APP
    who = at.principal().id
    run(permissions.grant(at.by, who, who, "Orders.Read.All"))
    kept = run(permissions.grant(at.by, who, who, "Orders.Write"))
    assert refusal(applications.remove_role(at.by, at.application.id, role.id)).row is errors.ROLE_ENABLED
    off = run(applications.enable_role(at.by, at.application.id, "Orders.Read.All", enabled=False))
    run(applications.enable_role(at.by, at.application.id, keep.id, enabled=True))
    assert off.enabled is False
    run(applications.remove_role(at.by, at.application.id, str(role.id)))
    lost = at.registry.audits[-2]
    assert lost.activity == "Remove app role assignment from service principal"
    assert {each.name: each.before for each in lost.targets[0].modified}["AppRole.Value"] == '"Orders.Read.All"'
    assert [each.value for each in at.read("applications")[0].app_roles] == ["Orders.Write"]
    assert at.read("assignments") == [kept]


def test_another_tenant_may_use_the_same_identifier():
    at = office()
    other = run(tenants.create(at.by, display_name="B", domains=("b.test",), enable=()))
    run(applications.update(at.by, at.application.id, identifier_uris=("api://orders",)))
    run(applications.create(at.by, other.id, display_name="orders", identifier_uris=("api://orders",)))


READ = AppRole(id=APP, value="Orders.Read", display_name="Read")
WRITE = AppRole(id=UUID(int=2**70), value="", display_name="Nameless", member_types=("User", "Application"))


def roles(at, *wanted):
    return applications.update(at.by, at.application.id, app_roles=wanted)


def test_roles_are_given_as_a_list_and_changed_when_they_are_disabled():
    at = office()
    run(roles(at, READ, WRITE))
    kept = run(permissions.grant(at.by, at.principal().id, at.principal().id, READ.id))
    off = replace(READ, enabled=False)
    run(roles(at, WRITE, off))
    assert at.read("assignments") == [kept]
    run(roles(at, replace(READ, value="Orders.ReadX"), WRITE))
    assert [each.value for each in at.read("applications")[0].app_roles] == ["Orders.ReadX", ""]
    run(roles(at, replace(READ, enabled=False, value="Orders.ReadX"), replace(WRITE, enabled=False)))
    run(roles(at))
    assert at.read("assignments") == []
    assert at.changed()["appRoles"][1] == []


def test_an_application_carries_what_is_given_and_each_member_is_on_record():
    at = office()
    carried = Registration(notes="n", unique_name="orders", web=Web(home_page_url="https://orders.test"))
    made = run(applications.create(at.by, at.tenant.id, display_name="orders", registration=carried, disabled=None))
    assert (made.registration, made.disabled) == (carried, None)
    assert at.read("applications", unique_name="ORDERS") == [made]
    run(applications.update(at.by, made.id, registration=replace(carried, notes=None, tags=("a",))))
    assert at.changed() == {"notes": ("n", None), "tags": ([], ["a"])}
    run(applications.delete(at.by, made.id))
    assert at.changed()["uniqueName"] == ("orders", None)
    assert "registration" not in at.changed()


def test_an_application_knows_which_application_made_it():
    at = office()
    by = dataclasses.replace(at.by, app_id=at.application.app_id)
    made = run(applications.create(by, at.tenant.id, display_name="child"))
    assert made.registration.created_by_app_id == str(at.application.app_id)


def test_a_change_is_read_against_what_is_stored_and_no_change_leaves_no_record():
    at = office()
    run(applications.amend(at.by, at.application.id, lambda before, _: {"display_name": before.display_name + "-2"}))
    assert at.principal().display_name == "deploy-bot-2"
    records, revision = len(at.registry.audits), at.read("applications")[0].revision
    run(applications.amend(at.by, at.application.id, lambda before, _: {"display_name": before.display_name}))
    assert (len(at.registry.audits), at.read("applications")[0].revision) == (records, revision)


def test_a_scope_is_changed_when_it_is_disabled():
    at = office()
    off = PermissionScope(id=APP, value="user", is_enabled=False)
    run(then(carry(permission_scopes=(replace(off, is_enabled=True),)), carry(permission_scopes=(off,)))(at))
    run(update(**carry(permission_scopes=(replace(off, value="other"),)))(at))
    assert at.read("applications")[0].registration.permission_scopes[0].value == "other"
    run(update(**carry())(at))


WIDENING = {
    "an identifier": {"identifier_uris": ("api://mine", "api://more")},
    "another version of tokens": {"token_version": 2},
    "a new role": {"app_roles": (READ, WRITE)},
    "a role that is enabled": {"app_roles": (replace(READ, enabled=True),)},
    "another signature of tokens": {"signing_algorithm": "ES256"},
    "both names of clients in tokens": {"both_client_claims": True},
    "tokens that live longer": {"token_lifetime": 1_801},
    "tokens that live as long as the tenant says, which is longer": {"token_lifetime": None},
    "being able to keep a secret": {"public": False},
}
NARROWING = {
    "no identifier": {"identifier_uris": ()},
    "an identifier in another spelling": {"identifier_uris": ("API://mine/",)},
    "no role": {"app_roles": ()},
    "tokens that live less": {"token_lifetime": 60},
    "another name": {"display_name": "renamed"},
    "a note": {"registration": Registration(notes="n")},
}


def guarded():
    """An office in a tenant that guards its trust, and somebody who may not widen it."""
    at = office()
    run(
        applications.update(
            at.by,
            at.application.id,
            identifier_uris=("api://mine",),
            app_roles=(replace(READ, enabled=False),),
            disabled=True,
            public=True,
            token_lifetime=1_800,
        )
    )
    run(tenants.update(at.by, at.tenant.id, trust_changes="owner_may_narrow", portability="extended"))
    return at, dataclasses.replace(at.by, may_widen=False)


@every("sentence", WIDENING)
def test_where_a_tenant_guards_its_trust_an_owner_adds_not(sentence):
    at, narrow = guarded()
    refused = refusal(applications.update(narrow, at.application.id, **WIDENING[sentence]))
    assert refused.row is errors.PRIVILEGES_MISSING
    run(applications.update(at.by, at.application.id, **WIDENING[sentence]))


@every("sentence", NARROWING)
def test_where_a_tenant_guards_its_trust_an_owner_still_sets(sentence):
    at, narrow = guarded()
    run(applications.update(narrow, at.application.id, **NARROWING[sentence]))


@pytest.mark.parametrize("may_widen", [False, True])
def test_where_a_tenant_guards_its_trust_no_program_enables_what_was_disabled(may_widen):
    at, narrow = guarded()
    by = dataclasses.replace(narrow, app_id=APP, may_widen=may_widen)
    refused = refusal(applications.update(by, at.application.id, disabled=None))
    assert (refused.row, "no application does this" in refused.detail) == (errors.PRIVILEGES_MISSING, True)
    run(applications.update(at.by, at.application.id, disabled=None))


NEW = {  # what an application is made with, and whether that widens
    "nothing": ({}, False),
    "a role": ({"app_roles": (READ,)}, False),
    "another version of tokens": ({"token_version": 2}, False),
    "an identifier": ({"identifier_uris": ("api://freed",)}, True),
    "tokens that live as long as the tenant's": ({"token_lifetime": 3_600}, False),
    "tokens that live longer": ({"token_lifetime": 3_601}, True),
}


@every("sentence", NEW)
def test_where_a_tenant_guards_its_trust_an_application_is_made_with(sentence):
    given, widens = NEW[sentence]
    at, narrow = guarded()
    by = dataclasses.replace(narrow, app_id=APP)
    if widens:
        assert refusal(create(**given)(dataclasses.replace(at, by=by))).row is errors.PRIVILEGES_MISSING
        by = dataclasses.replace(by, may_widen=True)
    assert run(create(**given)(dataclasses.replace(at, by=by))).display_name == "orders"


def create(**given):
    return lambda at: applications.create(at.by, at.tenant.id, **{"display_name": "orders"} | given)


def uris(*given):
    return create(identifier_uris=given)


def update(**given):
    return lambda at: applications.update(at.by, at.application.id, **given)


def role(**given):
    async def story(at):
        await applications.add_role(at.by, at.application.id, value="Taken", role_id=APP)
        await applications.add_role(at.by, at.application.id, **given)

    return story


async def too_many_roles(at):
    roles = tuple(AppRole(id=UUID(int=2**64 + n), value=f"r{n}", display_name="r") for n in range(app_roles.MOST - 1))
    async with at.registry.transaction() as store:
        await store.applications.put(replace(at.application, app_roles=roles))
    await applications.add_role(at.by, at.application.id, value="last")
    await applications.add_role(at.by, at.application.id, value="too-many")


def carrying(**given):
    return create(registration=Registration(**given))


SCOPE = PermissionScope(id=APP, value="user")


def then(first, second):
    """A change after another one, each given as members of the application."""

    async def story(at):
        await applications.update(at.by, at.application.id, **first)
        await applications.update(at.by, at.application.id, **second)

    return story


def carry(**given):
    return {"registration": Registration(**given)}


def role_list(*given):
    return update(app_roles=given)


INVALID, TAKEN = errors.PROPERTY_INVALID, errors.VALUE_TAKEN
REFUSED = {
    "no name": (create(display_name=""), INVALID, "displayName"),
    "a description that is too long": (create(description="d" * 1_025), INVALID, "description"),
    "version 3 of tokens": (create(token_version=3), INVALID, "1 or 2"),
    "an algorithm that no key has": (create(signing_algorithm="RS512"), INVALID, "RS256 or ES256"),
    "the id of a well-known API": (create(app_id=wellknown.principals()["sql"].app_id), TAKEN, "well-known"),
    "an id that bears the emulator's mark": (create(app_id=MARKED), errors.EMULATOR_MARK, ""),
    "the id of another application": (
        lambda at: create(app_id=at.application.app_id)(at),
        TAKEN,
        "another application",
    ),
    "an identifier without a scheme": (uris("orders"), INVALID, "absolute URI"),
    "an identifier with a space": (uris("api://or ders"), INVALID, "absolute URI"),
    "an identifier of 256 characters": (uris("api://" + "o" * 250), INVALID, "at most 255"),
    "51 identifiers": (uris(*(f"api://{n}" for n in range(51))), INVALID, "at most 50"),
    "one identifier in two spellings": (uris("api://Orders", "API://orders/"), INVALID, "the same resource"),
    "an identifier of Microsoft Graph": (uris("HTTPS://graph.microsoft.com/"), INVALID, "reserved"),
    "this server itself": (uris("https://sts.contoso.test:8443"), INVALID, "reserved"),
    "an identifier below this server": (uris("https://sts.contoso.test:8443/mine"), INVALID, "reserved"),
    "this server without its port": (uris("https://sts.contoso.test/arm"), INVALID, "reserved"),
    "this server on another port": (uris("http://sts.contoso.test:1"), INVALID, "reserved"),
    "Microsoft Graph with its port": (uris("https://graph.microsoft.com:443"), INVALID, "reserved"),
    "a control character in a note": (carrying(notes="a\x00"), INVALID, "U+0000"),
    "a control character in a description": (update(description="a\x1b"), INVALID, "U+001B"),
    "a control character in a tag": (carrying(tags=("a\x85",)), INVALID, "printable"),
    "both client claims where Entra ID has one": (update(both_client_claims=True), INVALID, "bothClientClaims"),
    "a lifetime of more than a day": (update(token_lifetime=86_401), INVALID, "86401"),
    "a role with a space": (role(value="Read All"), INVALID, "without spaces"),
    "a role of 251 characters": (role(value="r" * 251), INVALID, "1 to 250"),
    "a role that begins with a dot": (role(value=".default"), INVALID, "no dot"),
    "a role without a printable name": (role(value="r", display_name="\t"), INVALID, "displayName"),
    "a role's description that is too long": (role(value="r", description="d" * 1_025), INVALID, "description"),
    "a role value twice": (role(value="Taken"), TAKEN, "already offers Taken"),
    "a role id twice": (role(value="Other", role_id=APP), TAKEN, "already has an app role"),
    "an audience that Entra ID has not": (carrying(sign_in_audience="Everybody"), INVALID, "signInAudience"),
    "a uniqueName of blanks": (carrying(unique_name=" "), INVALID, "uniqueName"),
    "a uniqueName of 121 characters": (carrying(unique_name="u" * 121), INVALID, "uniqueName"),
    "another uniqueName": (then(carry(unique_name="a"), carry(unique_name="b")), INVALID, "never changes"),
    "no uniqueName any more": (then(carry(unique_name="a"), carry()), INVALID, "never changes"),
    "an empty tag": (carrying(tags=("",)), INVALID, "tags"),
    "a note of 2,049 characters": (carrying(notes="n" * 2_049), INVALID, "notes"),
    "a long text somewhere inside": (
        carrying(web=Web(redirect_uri_settings=(RedirectUri(uri="u" * 2_049),))),
        INVALID,
        "web",
    ),
    "1,201 redirect addresses": (carrying(spa_redirect_uris=("u",) * 1_201), INVALID, "spaRedirectUris"),
    "two scopes of one id": (carrying(permission_scopes=(SCOPE, replace(SCOPE, value="x"))), TAKEN, ""),
    "two scopes of one value": (carrying(permission_scopes=(SCOPE, replace(SCOPE, id=UUID(int=1)))), TAKEN, ""),
    "an enabled scope that is changed": (
        then(carry(permission_scopes=(SCOPE,)), carry(permission_scopes=(replace(SCOPE, type="Admin"),))),
        errors.ROLE_ENABLED,
        "",
    ),
    "an enabled role that goes": (then({"app_roles": (READ,)}, {"app_roles": ()}), errors.ROLE_ENABLED, ""),
    "an enabled role that changes as it is disabled": (
        then({"app_roles": (READ,)}, {"app_roles": (replace(READ, enabled=False, value="X"),)}),
        errors.ROLE_ENABLED,
        "",
    ),
    "a role for nobody": (role_list(replace(READ, member_types=())), INVALID, "allowedMemberTypes"),
    "a role for one kind twice": (
        role_list(replace(READ, member_types=("User", "User"))),
        INVALID,
        "allowedMemberTypes",
    ),
    "a role for groups": (role_list(replace(READ, member_types=("Group",))), INVALID, "allowedMemberTypes"),
    "a role of the id that is none": (role_list(replace(READ, id=UUID(int=0))), INVALID, "without a role"),
    "1,201 roles": (too_many_roles, INVALID, "at most 1200"),
    "a role that is not there": (
        lambda at: applications.enable_role(at.by, at.application.id, "nothing", enabled=False),
        errors.OBJECT_NOT_FOUND,
        "",
    ),
    "an application that is not there": (lambda at: applications.delete(at.by, APP), errors.OBJECT_NOT_FOUND, ""),
}


@every("sentence", REFUSED)
def test_refused_is(sentence):
    at = office()
    story, row, detail = REFUSED[sentence]
    refused = refusal(story(at))
    assert refused.row is row
    assert detail in refused.detail


def test_an_identifier_belongs_to_one_application_of_a_tenant():
    at = office()
    run(create(identifier_uris=("https://api.test/Orders",))(at))
    refused = refusal(update(identifier_uris=("https://API.test/Orders/",))(at))
    assert refused.row is errors.IDENTIFIER_TAKEN
    assert "belongs to application" in refused.detail
    run(update(identifier_uris=("https://api.test/orders",))(at))  # only the host is compared without case


def test_without_a_public_address_nothing_is_reserved_for_it():
    at = office(base="")
    run(uris("https://sts.contoso.test:8443/mine")(at))


@every("value", ["r", "r" * 250, "Orders.Read.All", "a!#$%&'()*+,-./:;<=>?@[]^_`{|}~"])
def test_a_role_value_may_be(value):
    at = office()
    assert run(applications.add_role(at.by, at.application.id, value=value)).value == value


def test_who_may_change_what_it_owns_alone_is_asked_inside_the_change():
    at = office()
    run(tenants.update(at.by, at.tenant.id, trust_changes="entra"))
    other, mine = run(create(display_name="other")(at)), at.application.id
    by = dataclasses.replace(at.by, owns_only=at.principal(other.app_id).id)
    der = certificate().der
    github = {"issuer": "https://idp.test", "subject": "s"}
    run(credentials.add(at.by, mine, name="main", issuer="https://idp.test", subject="m"))
    kept = run(evidence.add_secret(at.by, mine)).secret.key_id
    changes = (
        lambda: applications.update(by, mine, display_name="mine"),
        lambda: applications.add_role(by, mine, value="Read"),
        lambda: credentials.add(by, mine, name="one", **github),
        lambda: credentials.put(by, mine, "two", github),
        lambda: credentials.update(by, mine, "main", description="d"),
        lambda: credentials.update(by, mine, "main", enabled=False),
        lambda: credentials.delete(by, mine, "main"),
        lambda: evidence.add_secret(by, mine),
        lambda: evidence.remove_secret(by, mine, kept),
        lambda: evidence.add_certificate(by, mine, der),
        lambda: evidence.remove_certificate(by, mine, kept),
        lambda: owners.add(by, at.application, at.principal().id),
        lambda: applications.delete(by, mine),
    )
    for each in changes:
        refused = refusal(each())
        assert (refused.row, "does not own" in refused.detail) == (errors.PRIVILEGES_MISSING, True)
    run(owners.add(at.by, at.application, by.owns_only))
    run(applications.update(by, mine, display_name="mine"))
    run(credentials.add(by, mine, name="one", **github))
    run(evidence.remove_certificate(by, mine, run(evidence.add_certificate(by, mine, der)).key_id))
    run(applications.delete(by, mine))
