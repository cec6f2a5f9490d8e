"""Every function that changes the directory: its records name everything that changed, and hold no secret."""

import inspect
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
from msgspec.structs import replace

from accredit import administer
from accredit.administer import (
    applications,
    credentials,
    delegated,
    evidence,
    issuers,
    owners,
    people,
    permissions,
    principals,
    role_assignments,
    signing_keys,
    tenants,
)
from accredit.administer.role_assignments import Wanted
from accredit.directory import AppRole, GivenCertificate, Ownership, Registration
from accredit.directory.people import Person
from accredit.signins.difference import differences
from accredit.stores.kinds import KINDS
from accredit.tokens import SigningKey
from accredit.trust import FederatedCredential
from tests import forge
from tests.administer.office import office
from tests.support.every import every
from tests.support.stories import run

CANARY: Final = "canary-3f1b9d6c2a64"
URL, OTHER = "https://idp.test", "https://other.test"
READER = UUID("acdd72a7-3385-48ef-bd42-f606fba81ae7")
ROLE = AppRole(id=UUID(int=2**80), value="Read", display_name="Read")
DISABLED = AppRole(id=UUID(int=2**80 + 1), value="Write", display_name="Write", enabled=False)
NAME, SPARE = UUID(int=2**81), UUID(int=2**81 + 1)
GROUP = "/subscriptions/s/resourceGroups/g"
ADA: Final = Person(name="Ada", issuer=URL, subject="ada")
TRUST: Final = {"issuer": URL, "subject": "s"}


def made(algorithm, now):
    made.count += 1
    return SigningKey(
        kid=f"{algorithm}-{made.count}",
        algorithm=algorithm,
        thumbprint="t",
        certificate=b"0",
        public={"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        sealed=CANARY.encode(),
        created_at=now,
        activates_at=now,
    )


made.count = 0


class World:
    """A tenant with one of everything."""

    def __init__(self):
        self.at = office("extended")
        at, by = self.at, self.at.by
        self.app = at.application.id
        self.api = run(
            applications.create(
                by, at.tenant.id, display_name="api", identifier_uris=("api://api",), app_roles=(ROLE, DISABLED)
            )
        )
        self.bare = run(applications.create(by, at.tenant.id, display_name="bare", with_principal=False))
        self.principal, self.resource = at.principal(), at.principal(self.api.app_id)
        self.credential = run(credentials.add(by, self.app, name="main", **TRUST))
        self.off = run(credentials.add(by, self.app, name="off", issuer=URL, subject="t", enabled=False))
        self.issuer = self.credential.issuer
        self.unused = run(issuers.create(by, at.tenant.id, OTHER))
        self.secret = run(evidence.add_secret(by, self.app, display_name="ci"))
        self.certificate = run(evidence.add_certificate(by, self.app, forge.certificate().der, display_name="laptop"))
        run(owners.add(by, run_read(at, "applications", self.app), self.resource.id))
        self.application = run_read(at, "applications", self.app)
        self.grant = run(permissions.grant(by, self.principal.id, self.resource.id, "Read"))
        self.consent = run(delegated.grant(by, self.principal.id, self.resource.id, "read write"))
        self.assigned = Wanted(id=NAME, principal_id=self.principal.id, role=READER, scope=GROUP)
        run(role_assignments.put(by, at.tenant.id, self.assigned))
        run(signing_keys.tend(by, made))
        self.next = run(signing_keys.rotate(by, made))
        given = {"issuer": URL, "claim": "groups", "value": "g1", "role": "reader"}
        self.mapping = run(people.add(by, tenant_id=at.tenant.id, **given))

    def proof(self):
        usual = {"iss": str(self.app), "aud": "00000002-0000-0000-c000-000000000000"}
        usual |= {"nbf": forge.AT, "exp": forge.AT + 600}
        return forge.token(usual, key=forge.certificate().key, header={"kid": ...})

    def things(self):
        """Everything there is: by kind and id."""
        registry = self.at.registry
        return {(kind.table, _key(each)): each for kind in KINDS for each in registry.everything(kind)}


def run_read(at, shelf, key):
    return next(each for each in at.read(shelf) if each.id == key)


def _key(value):
    return value.kid if isinstance(value, SigningKey) else value.id


CHANGES = {
    "applications.create": lambda at, by: applications.create(
        by,
        at.at.tenant.id,
        display_name="new",
        description="d",
        identifier_uris=("api://new",),
        app_roles=(ROLE,),
        token_version=2,
        token_lifetime=600,
        public=True,
        registration=Registration(notes="n", tags=("t",)),
        certificates=(GivenCertificate(data=forge.certificate(number=1).der, display_name="c"),),
        owner_ids=(at.resource.id,),
    ),
    "applications.update": lambda at, by: applications.update(
        by,
        at.app,
        display_name="renamed",
        description="d",
        identifier_uris=("api://a", "api://b"),
        app_roles=(ROLE,),
        token_version=2,
        signing_algorithm="ES256",
        token_lifetime=600,
        public=True,
        disabled=True,
        both_client_claims=True,
        registration=Registration(notes="n", tags=("t",)),
    ),
    "applications.amend": lambda at, by: applications.amend(
        by, at.app, lambda before, _: {"secrets": (), "certificates": (), "description": before.display_name}
    ),
    "applications.delete": lambda at, by: applications.delete(by, at.app),
    "applications.delete of an api": lambda at, by: applications.delete(by, at.api.id),
    "applications.add_role": lambda at, by: applications.add_role(by, at.app, value="More", description="m"),
    "applications.enable_role": lambda at, by: applications.enable_role(by, at.api.id, "Write", enabled=True),
    "applications.remove_role": lambda at, by: applications.remove_role(by, at.api.id, "Write"),
    "credentials.add": lambda at, by: credentials.add(
        by,
        at.api.id,
        name="any",
        issuer="https://third.test",
        expression="claims['sub'] matches 'a*'",
        audiences=("api://x",),
        description="d",
        multi_audience="listed",
        listed_audiences=("api://y",),
    ),
    "credentials.update": lambda at, by: credentials.update(
        by,
        at.app,
        "main",
        expression="claims['sub'] eq 'z'",
        issuer=OTHER,
        audiences=("api://x",),
        description="d",
        enabled=False,
        multi_audience="listed",
        listed_audiences=("api://y",),
    ),
    "credentials.put": lambda at, by: credentials.put(by, at.app, "main", {**TRUST, "subject": "other"}),
    "credentials.put of a new one": lambda at, by: credentials.put(by, at.app, "fresh", {**TRUST, "subject": "other"}),
    "credentials.update that enables": lambda at, by: credentials.update(by, at.app, "off", enabled=True),
    "credentials.delete": lambda at, by: credentials.delete(by, at.app, "main"),
    "delegated.grant": lambda at, by: delegated.grant(
        by, at.resource.id, at.principal.id, "a b", consent_type="Principal", user_id=NAME
    ),
    "delegated.rescope": lambda at, by: delegated.rescope(by, at.consent.id, "read"),
    "delegated.revoke": lambda at, by: delegated.revoke(by, at.consent.id),
    "evidence.add_secret": lambda at, by: evidence.add_secret(by, at.app, display_name="second"),
    "evidence.add_secret of a principal": lambda at, by: evidence.add_secret(by, at.principal.id),
    "evidence.remove_secret": lambda at, by: evidence.remove_secret(by, at.app, at.secret.secret.key_id),
    "evidence.add_certificate": lambda at, by: evidence.add_certificate(by, at.app, forge.certificate(number=1).der),
    "evidence.remove_certificate": lambda at, by: evidence.remove_certificate(by, at.app, at.certificate.key_id),
    "evidence.roll_in": lambda at, by: evidence.roll_in(
        by, at.app, GivenCertificate(data=forge.certificate(number=1).der), at.proof()
    ),
    "evidence.roll_out": lambda at, by: evidence.roll_out(by, at.app, at.certificate.key_id, at.proof()),
    "issuers.create": lambda at, by: issuers.create(
        by, at.at.tenant.id, "https://third.test", algorithms=("RS256",), networks=("10.0.0.0/8",), ports=(9_443,)
    ),
    "issuers.update": lambda at, by: issuers.update(
        by,
        at.issuer.id,
        algorithms=("RS256",),
        jwks_url="https://keys.test/k",
        networks=("10.0.0.0/8",),
        ports=(9_443,),
        allowed_jwks_hosts=("keys.test",),
        max_lifetime=600,
        skew=10,
        require_kid=True,
    ),
    "issuers.upload": lambda at, by: issuers.upload(
        by, at.issuer.id, forge.jwks(forge.jwk(forge.key_for("RS256"), kid="k")).decode()
    ),
    "issuers.block": lambda at, by: issuers.block(by, at.issuer.id),
    "issuers.drop_keys": lambda at, by: issuers.drop_keys(by, at.unused.id),
    "issuers.delete": lambda at, by: issuers.delete(by, at.unused.id),
    "owners.add": lambda at, by: owners.add(by, at.api, at.principal.id),
    "owners.add of a principal": lambda at, by: owners.add(by, at.resource, at.principal.id),
    "owners.remove": lambda at, by: owners.remove(by, at.application, at.resource.id),
    "people.add": lambda at, by: people.add(
        by, tenant_id=at.at.tenant.id, issuer=OTHER, claim="sub", value="ada", role="admin"
    ),
    "people.add of the instance": lambda _, by: people.add(
        by, tenant_id=None, issuer=URL, claim="groups", value="g1", role="instance"
    ),
    "people.remove": lambda at, by: people.remove(by, at.mapping.id),
    "people.signed_in": lambda _, by: people.signed_in(by, ADA),
    "people.signed_out": lambda _, by: people.signed_out(by, ADA),
    "people.ended": lambda _, by: people.ended(by, ADA, "0a1b"),
    "people.link_made": lambda _, by: people.link_made(by, 15),
    "permissions.grant": lambda at, by: permissions.grant(by, at.principal.id, at.resource.id),
    "permissions.revoke": lambda at, by: permissions.revoke(by, at.principal.id, at.resource.id, "Read"),
    "permissions.remove": lambda at, by: permissions.remove(by, at.grant.id),
    "principals.create": lambda at, by: principals.create(
        by, at.at.tenant.id, at.bare.app_id, lambda _, __: {"assignment_required": True}, owner_ids=(at.resource.id,)
    ),
    "principals.update": lambda at, by: principals.update(by, at.principal.id, enabled=False, assignment_required=True),
    "principals.amend": lambda at, by: principals.amend(
        by, at.principal.id, lambda before, _: {"registration": replace(before.registration, notes="n")}
    ),
    "principals.delete": lambda at, by: principals.delete(by, at.principal.id),
    "role_assignments.put": lambda at, by: role_assignments.put(
        by, at.at.tenant.id, replaced(at.assigned, id=SPARE, scope=f"{GROUP}2")
    ),
    "role_assignments.put again": lambda at, by: role_assignments.put(
        by, at.at.tenant.id, replaced(at.assigned, description="d", condition="c", condition_version="2.0")
    ),
    "role_assignments.remove": lambda at, by: role_assignments.remove(by, at.at.tenant.id, NAME, GROUP),
    "signing_keys.rotate": lambda _, by: signing_keys.rotate(by, made, emergency=True),
    "signing_keys.tend": lambda _, by: signing_keys.tend(by, made, "ES256"),
    "signing_keys.withdraw": lambda at, by: signing_keys.withdraw(by, at.next.kid),
    "tenants.create": lambda _, by: tenants.create(
        by, display_name="new", domains=("new.test",), token_lifetime=600, allowed_issuers=(URL,)
    ),
    "tenants.update": lambda at, by: tenants.update(
        by,
        at.at.tenant.id,
        display_name="renamed",
        domains=("contoso.test", "more.test"),
        portability="entra",
        multi_audience="contained",
        token_lifetime=600,
        trust_changes="entra",
        allowed_issuers=(URL,),
        allowed_issuers_mode="audit",
        allowed_algorithms=("RS256",),
        max_assertion_lifetime=600,
        immutable_ids="audit",
        lint="block",
    ),
    "tenants.delete": lambda at, by: tenants.delete(by, at.at.tenant.id),
}


def replaced(wanted, **changes):
    return type(wanted)(**{name: getattr(wanted, name) for name in wanted.__slots__} | changes)


def test_every_function_that_changes_something_is_here():
    there = {
        f"{noun}.{name}"
        for noun in administer.__all__
        if inspect.ismodule(module := getattr(administer, noun))
        for name, function in vars(module).items()
        if inspect.iscoroutinefunction(function)
        and function.__module__ == module.__name__
        and not name.startswith("_")
        and next(iter(inspect.signature(function).parameters)) == "by"
    }
    assert {each.partition(" ")[0] for each in CHANGES} == there - {"tenants.proposed"}, "which changes nothing"


@every("name", CHANGES)
def test_its_records_name_everything_that_changed_and_hold_no_secret(name):
    at = World()
    before, known = at.things(), len(at.at.registry.audits)
    run(CHANGES[name](at, at.at.by))
    after, records = at.things(), at.at.registry.audits[known:]
    assert records
    assert all(each.actor == at.at.by.actor for each in records)
    assert [each for each in records if each.operation != "Update" and not differences(each)] == []
    gone = name == "tenants.delete"  # with everything in it
    missing = [
        f"{table}: {each}"
        for (table, key), old, new in changed(before, after)
        if not (gone and table != "tenants")
        for each in unrecorded(old, new, records)
    ]
    assert missing == []
    text = msgspec.json.encode(records).decode() + repr([differences(each) for each in records])
    for hidden in (CANARY, at.secret.value, *(each for key in secrets_of(after) for each in key)):
        assert hidden not in text


def changed(before, after):
    for key in {**before, **after}:
        if before.get(key) != after.get(key):
            yield key, before.get(key), after.get(key)


def secrets_of(things):
    for each in things.values():
        for held in getattr(each, "secrets", ()):
            yield held.digest.hex(), held.salt.hex(), repr(held.digest), repr(held.salt)


def unrecorded(old, new, records):
    """Return what differs of a thing, and is in no difference of a record about it."""
    about = owner(old or new)
    told = [found for each in records for found in differences(each) if about in {t.id for t in each.targets}]
    sides = {"was": ({each.old for each in told}, leaves(old)), "is": ({each.new for each in told}, leaves(new))}
    other = {"was": leaves(new), "is": leaves(old)}
    return [
        f"{word} {name} {leaf}"
        for word, (shown, mine) in sides.items()
        for name, leaf in mine - other[word]
        if leaf not in shown
    ]


def owner(of):
    """Return the id of what a thing's records are about."""
    if isinstance(of, SigningKey):
        return uuid5(NAMESPACE_URL, of.kid)
    if isinstance(of, Ownership):
        return of.application_id or of.principal_id
    return getattr(of, ABOUT.get(type(of).__name__, "id"))


ABOUT = {
    "FederatedCredential": "application_id",
    "Assignment": "principal_id",
    "DelegatedGrant": "client_id",
    "RoleAssignment": "name",
}
UNSHOWN = {"tenant_id", "created_at", "revision", "application_id", "id"}
SHOWN = {"Assignment": {"role_id"}, "Ownership": {"owner_id"}, "SigningKey": {"activates_at", "withdrawn_at"}}
NOT_READ = {"salt", "digest", "hint", "der", "jwks", "ca_bundle"}  # secret, or compared by a digest


def leaves(of) -> set[tuple[str, str]]:
    """Return the values of a thing that its records have to hold, each with the name of its member."""
    if of is None:
        return set()
    if isinstance(of, FederatedCredential):
        kept = of.expression
        matching = {"value": kept.text, "version": kept.language_version} if kept else None
        value: Any = {"id": str(of.id), "issuer": of.issuer.url, "record": str(of.issuer.id), "expression": matching}
        plain = ("name", "audience", "subject", "description", "enabled", "multi_audience", "listed_audiences")
        value |= {name: msgspec.to_builtins(getattr(of, name)) for name in plain}
        return set(walked("", value))
    wanted = SHOWN.get(type(of).__name__, {*of.__struct_fields__} - UNSHOWN)
    return set(
        walked("", {name: msgspec.to_builtins(getattr(of, name)) for name in of.__struct_fields__ if name in wanted})
    )


def walked(name, value):
    if isinstance(value, dict):
        for each, inner in value.items():
            if each not in NOT_READ:
                yield from walked(f"{name}/{each}", inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from walked(name, inner)
    elif value not in (None, ""):
        yield name, value if isinstance(value, str) else msgspec.json.encode(value).decode()
