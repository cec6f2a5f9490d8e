"""Every member of what a tenant keeps, and who may change it where trust is guarded: a new one must get a place."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec.structs import replace as changed

from accredit import errors
from accredit.administer import applications, issuers, principals, tenants
from accredit.directory import Application, AppRole, Registration, ServicePrincipal, Tenant
from accredit.issuers import Issuer
from accredit.trust import FederatedCredential
from tests.administer.office import Office, office
from tests.forge import certificate
from tests.support.every import every
from tests.support.stories import refusal, run

URL = "https://idp.test"
ROLE = AppRole(id=UUID(int=2**80), value="Read", display_name="Read")
PEM = x509.load_der_x509_certificate(certificate().der).public_bytes(Encoding.PEM).decode()

FIXED = {"id", "tenant_id", "app_id", "created_at", "revision"}
ANYBODY, WIDENING, PEOPLE = "who may write it", "who may widen trust", "people alone"
MEMBERS: dict[type, dict[str, tuple[str, Any]]] = {  # who changes it, and to what
    Tenant: {
        "display_name": (ANYBODY, "renamed"),
        "domains": (PEOPLE, ("contoso.test", "more.test")),
        "portability": (PEOPLE, "entra"),
        "multi_audience": (PEOPLE, "contained"),
        "token_lifetime": (PEOPLE, 60),
        "trust_changes": (PEOPLE, "entra"),
        "allowed_issuers": (PEOPLE, ("https://idp.test",)),
        "allowed_issuers_mode": (PEOPLE, "audit"),
        "allowed_algorithms": (PEOPLE, ("RS256",)),
        "max_assertion_lifetime": (PEOPLE, 600),
        "immutable_ids": (PEOPLE, "enforce"),
        "lint": (PEOPLE, "block"),
    },
    Application: {
        "display_name": (ANYBODY, "renamed"),
        "description": (ANYBODY, "d"),
        "registration": (ANYBODY, Registration(notes="n")),
        "identifier_uris": (WIDENING, ("api://more",)),
        "app_roles": (WIDENING, (ROLE,)),
        "token_version": (WIDENING, 2),
        "token_lifetime": (WIDENING, 86_400),
        "signing_algorithm": (WIDENING, "ES256"),
        "both_client_claims": (WIDENING, True),
        "public": (WIDENING, False),
        "disabled": (PEOPLE, False),
    },
    ServicePrincipal: {
        "registration": (ANYBODY, None),
        "assignment_required": (WIDENING, False),
        "enabled": (PEOPLE, True),
    },
    Issuer: {
        "algorithms": (PEOPLE, ("RS256", "ES256")),
        "jwks_url": (PEOPLE, "https://keys.test/jwks"),
        "ca_bundle": (PEOPLE, None),
        "networks": (PEOPLE, ("10.0.0.0/8",)),
        "ports": (PEOPLE, (9_443,)),
        "allowed_jwks_hosts": (PEOPLE, ("other.test",)),
        "max_lifetime": (PEOPLE, 3_601),
        "skew": (PEOPLE, 61),
        "require_kid": (PEOPLE, False),
        "replay": (PEOPLE, "observe"),
    },
}
ELSEWHERE: dict[type, dict[str, str]] = {  # changed by a function of its own, and tested there
    Tenant: {},
    Application: {"secrets": "test_evidence", "certificates": "test_evidence"},
    ServicePrincipal: {
        "secrets": "test_evidence",
        "certificates": "test_evidence",
        "display_name": "its application's",
        "application_id": "never",
        "owner_tenant_id": "never",
        "names": "never",
        "app_roles": "never",
        "token_version": "never",
    },
    Issuer: {"url": "never", "jwks": "test_issuers", "key_source": "test_issuers", "blocked": "test_issuers"},
    FederatedCredential: dict.fromkeys(
        (
            "application_id",
            "name",
            "issuer",
            "audience",
            "subject",
            "expression",
            "description",
            "enabled",
            "multi_audience",
            "listed_audiences",
        ),
        "test_credential_trust",
    ),
}


@every("kind", ELSEWHERE)
def test_every_member_has_a_place(kind):
    assert {*MEMBERS.get(kind, ()), *ELSEWHERE[kind], *FIXED} >= {*kind.__struct_fields__}
    assert {*MEMBERS.get(kind, ()), *ELSEWHERE[kind]} <= {*kind.__struct_fields__}


@dataclass
class Guarded:
    """An office in a tenant that guards its trust, where everything is as narrow as it can be."""

    at: Office
    issuer: Issuer

    async def change(self, by: Any, kind: type, name: str, value: Any) -> object:
        if kind is Tenant:
            return await tenants.update(by, self.at.tenant.id, **{name: value})
        if kind is Application:
            return await applications.update(by, self.at.application.id, **{name: value})
        if kind is Issuer:
            return await issuers.update(by, self.issuer.id, **{name: value})
        who = self.at.principal()
        given = changed(who.registration, notes="n") if name == "registration" else value
        return await principals.amend(by, who.id, lambda _, __: {name: given})


@pytest.fixture
def guarded():
    at = office("extended")
    run(applications.update(at.by, at.application.id, disabled=True, public=True))
    run(principals.update(at.by, at.principal().id, enabled=False, assignment_required=True))
    made = run(issuers.create(at.by, at.tenant.id, URL, algorithms=("RS256",), ca_bundle=PEM, replay="enforce"))
    made = run(issuers.update(at.by, made.id, skew=60, max_lifetime=3_600, require_kid=True))
    run(tenants.update(at.by, at.tenant.id, trust_changes="owner_may_narrow"))
    return Guarded(at, made)


CASES = [(kind, name) for kind, members in MEMBERS.items() for name in members]


@pytest.mark.parametrize(("kind", "name"), CASES, ids=[f"{kind.__name__} {name}" for kind, name in CASES])
def test_where_trust_is_guarded_it_is_changed_by(guarded, kind, name):
    who, value = MEMBERS[kind][name]
    program = replace(guarded.at.by, app_id=UUID(int=2**90), may_widen=False)
    allowed = {"narrow": who == ANYBODY, "wide": who in (ANYBODY, WIDENING)}
    for by, fine in ((program, allowed["narrow"]), (replace(program, may_widen=True), allowed["wide"])):
        if not fine:
            assert refusal(guarded.change(by, kind, name, value)).row is errors.PRIVILEGES_MISSING
    by = program if allowed["narrow"] else replace(program, may_widen=True) if allowed["wide"] else guarded.at.by
    run(guarded.change(by, kind, name, value))
    assert guarded.at.last.targets[0].modified, "it is another one now"
