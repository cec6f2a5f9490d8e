"""Who may change what: every row of the specification's table of roles, for every kind of caller, under both rules.

A row prepares one thing and says how a program changes it over the directory API, and how the administrator on the host
does. What each of them is answered stands beside it: ``+`` it is done, ``-`` 403, ``.`` there is no such case.
"""

import itertools
from base64 import b64encode
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from accredit.administer import (
    applications,
    credentials,
    evidence,
    issuers,
    owners,
    permissions,
    principals,
    tenants,
)
from accredit.app import seed
from accredit.directory import Application, AppRole, ServicePrincipal, wellknown
from accredit.web.graph.permissions import table
from tests.forge import certificate, jwk, jwks, key_for
from tests.support.every import every
from tests.web.graph.callers import Caller, Graph
from tests.wire.authority import wire

RULES = ("owner_may_narrow", "entra")
COLUMNS = {  # the roles of each on Microsoft Graph
    "owner": ("Application.ReadWrite.OwnedBy",),
    "OwnedBy": ("Application.ReadWrite.OwnedBy",),
    "All": ("Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "Directory.ReadWrite.All"),
}
COLUMNS["All + Widen"] = (*COLUMNS["All"], "Accredit.Trust.Widen")
COLUMNS["itself"] = COLUMNS["All + Widen"]  # what is changed is the caller's own application, or one that it trusts by
COLUMNS["host"] = ()

GITHUB = "https://token.actions.githubusercontent.com"
TEXT = "claims['sub'] matches 'repo:o/*' and claims['repository_id'] eq '1'"
NARROWER = {"value": f"{TEXT} and claims['job_workflow_ref'] eq 'o/r/x@refs/heads/main'", "languageVersion": 1}
ROLE = AppRole(id=UUID(int=2**100), value="Read", display_name="Read", enabled=False)
OFFERED = {"id": str(ROLE.id), "value": "Read", "displayName": "Read", "description": None}
OFFERED |= {"allowedMemberTypes": ["Application"]}
KEYS = jwks(jwk(key_for("RS256"), kid="k1")).decode()
ORDERS, ORDERS_ROLE = seed.marked("principal Orders API"), seed.marked(seed.ORDERS_ROLE)
NOBODY = UUID(int=2**99)
_NUMBERS = itertools.count(1)

Story = Callable[[], Coroutine[Any, Any, object]]


@dataclass(frozen=True)
class Done:
    """How a program does something, and how the administrator on the host does the same."""

    method: str
    path: str
    body: object
    local: Story


@dataclass(frozen=True)
class At:
    """One case: an application of its own, and everything that it takes to prepare something about it."""

    graph: Graph
    application: Application
    principal: ServicePrincipal
    number: int
    rule: str

    def run(self, call: Any, *arguments: Any, **members: Any) -> Any:
        return self.graph.wire.run(call, self.by, *arguments, **members)

    @property
    def by(self) -> Any:
        return self.graph.wire.administrator

    def update(self, **members: Any) -> None:
        self.run(applications.update, self.application.id, **members)

    def of(self, method: str, rest: str, body: object, local: Story) -> Done:
        return Done(method, f"/beta/applications/{self.application.id}{rest}", body, local)

    def patch(self, body: object, **members: Any) -> Done:
        """Change the application itself."""
        return self.of("PATCH", "", body, partial(applications.update, self.by, self.application.id, **members))

    def patch_principal(self, body: object, **members: Any) -> Done:
        path = f"/beta/servicePrincipals/{self.principal.id}"
        return Done("PATCH", path, body, partial(principals.update, self.by, self.principal.id, **members))

    def trust(self, **members: Any) -> None:
        """Let the application trust something."""
        self.run(credentials.add, self.application.id, **{"name": "main", "issuer": GITHUB, "subject": "s"} | members)

    def credential(self, method: str, body: object, local: Story) -> Done:
        return self.of(method, "/federatedIdentityCredentials(name='main')", body, local)

    def issuer(self, **members: Any) -> UUID:
        """A record that the application trusts by, and nobody else."""
        record = self.run(issuers.create, seed.TENANT_ID, f"https://idp-{self.number}.test", **members)
        self.trust(issuer=record.url, name="by-issuer")
        found: UUID = record.id
        return found

    def record(self, body: object, **members: Any) -> Done:
        """Change an issuer record."""
        id_ = self.issuer(algorithms=("RS256",))
        self.run(issuers.update, id_, skew=60)
        return Done("PATCH", f"/beta/accredit.issuers/{id_}", body, partial(issuers.update, self.by, id_, **members))

    def granted(self) -> Any:
        return self.run(permissions.grant, self.principal.id, ORDERS, ORDERS_ROLE)

    def owner(self) -> Any:
        return self.graph.principal_of(self.run(applications.create, seed.TENANT_ID, display_name="owner"))


def read_credentials(at: At) -> Done:
    at.trust()
    return at.of("GET", "/federatedIdentityCredentials", None, _nothing)


async def _nothing() -> None:
    """Who is on the host reads the store."""


def add_credential(at: At) -> Done:
    body = {"name": "main", "issuer": GITHUB, "subject": "s", "audiences": ["api://AzureADTokenExchange"]}
    id_ = at.application.id
    return at.of(
        "POST",
        "/federatedIdentityCredentials",
        body,
        partial(credentials.add, at.by, id_, name="main", issuer=GITHUB, subject="s"),
    )


def narrow_credential(at: At) -> Done:
    at.trust(subject=None, expression=TEXT)
    return at.credential(
        "PATCH",
        {"claimsMatchingExpression": NARROWER},
        partial(credentials.update, at.by, at.application.id, "main", expression=NARROWER["value"]),
    )


def disable_credential(at: At) -> Done:
    at.trust()
    local = partial(credentials.update, at.by, at.application.id, "main", enabled=False)
    return at.credential("PATCH", {"accredit": {"enabled": False}}, local)


def delete_credential(at: At) -> Done:
    at.trust()
    return at.credential("DELETE", None, partial(credentials.delete, at.by, at.application.id, "main"))


def widen_credential(at: At) -> Done:
    at.trust()
    local = partial(credentials.update, at.by, at.application.id, "main", subject="t")
    return at.credential("PATCH", {"subject": "t"}, local)


def enable_credential(at: At) -> Done:
    at.trust(enabled=False)
    local = partial(credentials.update, at.by, at.application.id, "main", enabled=True)
    return at.credential("PATCH", {"accredit": {"enabled": True}}, local)


def add_secret(at: At) -> Done:
    return at.of("POST", "/addPassword", {}, partial(evidence.add_secret, at.by, at.application.id))


def add_secret_to_principal(at: At) -> Done:
    path = f"/v1.0/servicePrincipals/{at.principal.id}/addPassword"
    return Done("POST", path, {}, partial(evidence.add_secret, at.by, at.principal.id))


def remove_secret(at: At) -> Done:
    key = at.run(evidence.add_secret, at.application.id).secret.key_id
    local = partial(evidence.remove_secret, at.by, at.application.id, key)
    return at.of("POST", "/removePassword", {"keyId": str(key)}, local)


def add_certificate(at: At) -> Done:
    given = {"type": "AsymmetricX509Cert", "usage": "Verify", "key": b64encode(certificate().der).decode()}
    local = partial(evidence.add_certificate, at.by, at.application.id, certificate().der)
    return at.of("PATCH", "", {"keyCredentials": [given]}, local)


def remove_certificate(at: At) -> Done:
    key = at.run(evidence.add_certificate, at.application.id, certificate().der).key_id
    local = partial(evidence.remove_certificate, at.by, at.application.id, key)
    return at.of("PATCH", "", {"keyCredentials": []}, local)


def add_owner(at: At) -> Done:
    who = at.owner()
    body = {"@odata.id": f"x/directoryObjects/{who.id}"}
    return at.of("POST", "/owners/$ref", body, partial(owners.add, at.by, at.application, who.id))


def remove_owner(at: At) -> Done:
    who = at.owner()
    at.run(owners.add, at.application, who.id)
    local = partial(owners.remove, at.by, at.application, who.id)
    return at.of("DELETE", f"/owners/{who.id}/$ref", None, local)


def add_identifier(at: At) -> Done:
    uris = (f"api://matrix-{at.number}",)
    return at.patch({"identifierUris": uris}, identifier_uris=uris)


def remove_identifier(at: At) -> Done:
    at.update(identifier_uris=(f"api://matrix-{at.number}",))
    return at.patch({"identifierUris": []}, identifier_uris=())


def make_with_identifier(at: At) -> Done:
    uris = (f"api://matrix-{at.number}",)
    made = {"display_name": "made", "identifier_uris": uris}
    local = partial(applications.create, at.by, seed.TENANT_ID, **made)
    return Done("POST", "/v1.0/applications", {"displayName": "made", "identifierUris": uris}, local)


def make_without(at: At) -> Done:
    local = partial(applications.create, at.by, seed.TENANT_ID, display_name="made")
    return Done("POST", "/v1.0/applications", {"displayName": "made"}, local)


def token_version(at: At) -> Done:
    return at.patch({"api": {"requestedAccessTokenVersion": 2}}, token_version=2)


def token_lifetime(at: At) -> Done:
    return at.patch({"accredit": {"tokenLifetime": 86_400}}, token_lifetime=86_400)


def signing_algorithm(at: At) -> Done:
    return at.patch({"accredit": {"signingAlgorithm": "ES256"}}, signing_algorithm="ES256")


def define_role(at: At) -> Done:
    return at.patch({"appRoles": [OFFERED | {"isEnabled": False}]}, app_roles=(ROLE,))


def enable_role(at: At) -> Done:
    at.update(app_roles=(ROLE,))
    local = partial(applications.enable_role, at.by, at.application.id, "Read", enabled=True)
    return at.of("PATCH", "", {"appRoles": [OFFERED | {"isEnabled": True}]}, local)


def disable_role(at: At) -> Done:
    at.run(applications.add_role, at.application.id, value="Read", role_id=ROLE.id)
    local = partial(applications.enable_role, at.by, at.application.id, "Read", enabled=False)
    return at.of("PATCH", "", {"appRoles": [OFFERED | {"isEnabled": False}]}, local)


def grant_role(at: At) -> Done:
    who = at.principal.id
    body = {"principalId": str(who), "resourceId": str(ORDERS), "appRoleId": str(ORDERS_ROLE)}
    path = f"/v1.0/servicePrincipals/{who}/appRoleAssignments"
    return Done("POST", path, body, partial(permissions.grant, at.by, who, ORDERS, ORDERS_ROLE))


def revoke_role(at: At) -> Done:
    at.granted()
    shown = at.graph.ask("GET", f"/v1.0/servicePrincipals/{at.principal.id}/appRoleAssignments", at.graph.admin())
    (id_,) = [each["id"] for each in shown.json["value"] if each["resourceId"] == str(ORDERS)]
    path = f"/v1.0/servicePrincipals/{at.principal.id}/appRoleAssignments/{id_}"
    return Done("DELETE", path, None, partial(permissions.revoke, at.by, at.principal.id, ORDERS, ORDERS_ROLE))


def enable_application(at: At) -> Done:
    at.update(disabled=True)
    return at.patch({"isDisabled": False}, disabled=False)


def disable_application(at: At) -> Done:
    return at.patch({"isDisabled": True}, disabled=True)


def delete_application(at: At) -> Done:
    return at.of("DELETE", "", None, partial(applications.delete, at.by, at.application.id))


def enable_principal(at: At) -> Done:
    at.run(principals.update, at.principal.id, enabled=False)
    return at.patch_principal({"accountEnabled": True}, enabled=True)


def disable_principal(at: At) -> Done:
    return at.patch_principal({"accountEnabled": False}, enabled=False)


def demand_assignment(at: At) -> Done:
    return at.patch_principal({"appRoleAssignmentRequired": True}, assignment_required=True)


def open_principal(at: At) -> Done:
    at.run(principals.update, at.principal.id, assignment_required=True)
    return at.patch_principal({"appRoleAssignmentRequired": False}, assignment_required=False)


def _delete_principal(at: At) -> Done:
    path = f"/v1.0/servicePrincipals/{at.principal.id}"
    return Done("DELETE", path, None, partial(principals.delete, at.by, at.principal.id))


def delete_open_principal(at: At) -> Done:
    return _delete_principal(at)


def delete_demanding_principal(at: At) -> Done:
    at.run(principals.update, at.principal.id, assignment_required=True)
    return _delete_principal(at)


def delete_disabled_principal(at: At) -> Done:
    at.run(principals.update, at.principal.id, enabled=False)
    return _delete_principal(at)


def make_principal_again(at: At) -> Done:
    at.run(principals.delete, at.principal.id)
    app_id = at.application.app_id
    local = partial(principals.create, at.by, seed.TENANT_ID, app_id)
    return Done("POST", "/v1.0/servicePrincipals", {"appId": str(app_id)}, local)


def create_issuer(at: At) -> Done:
    url = f"https://idp-{at.number}.test"
    local = partial(issuers.create, at.by, seed.TENANT_ID, url)
    return Done("POST", "/beta/accredit.issuers", {"url": url}, local)


def block_issuer(at: At) -> Done:
    id_ = at.issuer()
    return Done("POST", f"/beta/accredit.issuers/{id_}/block", {}, partial(issuers.block, at.by, id_))


def unblock_issuer(at: At) -> Done:
    id_ = at.issuer()
    at.run(issuers.block, id_)
    local = partial(issuers.block, at.by, id_, blocked=False)
    return Done("POST", f"/beta/accredit.issuers/{id_}/unblock", {}, local)


def upload_keys(at: At) -> Done:
    id_ = at.issuer()
    local = partial(issuers.upload, at.by, id_, KEYS)
    return Done("POST", f"/beta/accredit.issuers/{id_}/uploadKeys", {"jwks": KEYS}, local)


def delete_issuer(at: At) -> Done:
    id_ = at.run(issuers.create, seed.TENANT_ID, f"https://idp-{at.number}.test").id
    return Done("DELETE", f"/beta/accredit.issuers/{id_}", None, partial(issuers.delete, at.by, id_))


def keys_from_elsewhere(at: At) -> Done:
    return at.record({"jwksUrl": "https://keys.test/jwks"}, jwks_url="https://keys.test/jwks")


def private_network(at: At) -> Done:
    return at.record({"networks": ["10.0.0.0/8"]}, networks=("10.0.0.0/8",))


def more_algorithms(at: At) -> Done:
    return at.record({"algorithms": ["RS256", "RS384"]}, algorithms=("RS256", "RS384"))


def greater_skew(at: At) -> Done:
    return at.record({"skew": 61}, skew=61)


def smaller_skew(at: At) -> Done:
    return at.record({"skew": 59}, skew=59)


def tenant_policy(at: At) -> Done:
    seconds = 600 + at.number  # another one in every case
    local = partial(tenants.update, at.by, seed.TENANT_ID, token_lifetime=seconds)
    return Done("PATCH", "/beta/accredit.tenant", {"tokenLifetime": seconds}, local)


def other_rule(at: At) -> Done:
    other = {"owner_may_narrow": "entra", "entra": "owner_may_narrow"}[at.rule]
    local = partial(tenants.update, at.by, seed.TENANT_ID, trust_changes=other)
    return Done("PATCH", "/beta/accredit.tenant", {"trustChanges": other}, local)


# Columns: owner, OwnedBy (of another's application), All, All + Widen, itself, the administrator on the host.
#                                                                      guarded   as in Entra ID
ROWS: Mapping[str, tuple[Callable[[At], Done], str, str]] = {
    "read credentials": (read_credentials,                            "++++++", "++++++"),
    "add a credential": (add_credential,                              "---+-+", "+-++++"),
    "narrow a credential": (narrow_credential,                        "+-++++", "+-++++"),
    "disable a credential": (disable_credential,                      "+-++++", "+-++++"),
    "delete a credential": (delete_credential,                        "+-++++", "+-++++"),
    "widen a credential": (widen_credential,                          "---+-+", "+-++++"),
    "enable a credential": (enable_credential,                        "---+-+", "+-++++"),
    "add a secret": (add_secret,                                      "---+-+", "+-++++"),
    "add a secret to the principal": (add_secret_to_principal,        "---+-+", "+-++++"),
    "add a certificate": (add_certificate,                            "---+-+", "+-++++"),
    "remove a secret": (remove_secret,                                "+-++++", "+-++++"),
    "remove a certificate": (remove_certificate,                      "+-++++", "+-++++"),
    "add an owner": (add_owner,                                       "---+-+", "+-++++"),
    "remove an owner": (remove_owner,                                 "+-++++", "+-++++"),
    "add an identifier": (add_identifier,                             "---+-+", "+-++++"),
    "make an application with an identifier": (make_with_identifier,  "---+.+", "++++.+"),
    "make an application": (make_without,                             "++++.+", "++++.+"),
    "another token version": (token_version,                          "---+-+", "+-++++"),
    "tokens that live longer": (token_lifetime,                       "---+-+", "+-++++"),
    "another signing algorithm": (signing_algorithm,                  "---+-+", "+-++++"),
    "define an app role": (define_role,                               "---+-+", "+-++++"),
    "enable an app role": (enable_role,                               "---+-+", "+-++++"),
    "remove an identifier": (remove_identifier,                       "+-++++", "+-++++"),
    "disable an app role": (disable_role,                             "+-++++", "+-++++"),
    "grant a role": (grant_role,                                      "---+-+", "--++++"),
    "take a role away": (revoke_role,                                 "--++++", "--++++"),
    "enable an application": (enable_application,                     "----.+", "+-++.+"),
    "disable an application": (disable_application,                   "+-++++", "+-++++"),
    "delete an application": (delete_application,                     "+-++++", "+-++++"),
    "enable a principal": (enable_principal,                          "----.+", "+-++.+"),
    "disable a principal": (disable_principal,                        "+-++++", "+-++++"),
    "demand an assignment": (demand_assignment,                       "+-++++", "+-++++"),
    "demand no assignment": (open_principal,                          "---+-+", "+-++++"),
    "delete a principal": (delete_open_principal,                     "+-++++", "+-++++"),
    "delete one that demands an assignment": (delete_demanding_principal, "---+-+", "+-++++"),
    "delete one that is disabled": (delete_disabled_principal,        "----.+", "+-++.+"),
    "make a principal again": (make_principal_again,                  "---+.+", "+-++.+"),
    "register an issuer": (create_issuer,                             "---+.+", "---+.+"),
    "block an issuer": (block_issuer,                                 "-----+", "--++++"),
    "unblock an issuer": (unblock_issuer,                             "-----+", "---+++"),
    "upload keys": (upload_keys,                                      "-----+", "---+++"),
    "delete an issuer": (delete_issuer,                               "----.+", "---+.+"),
    "keys from elsewhere": (keys_from_elsewhere,                      "-----+", "---+++"),
    "a private network": (private_network,                            "-----+", "---+++"),
    "more algorithms": (more_algorithms,                              "-----+", "---+++"),
    "a greater skew": (greater_skew,                                  "-----+", "---+++"),
    "a smaller skew": (smaller_skew,                                  "---+++", "---+++"),
    "the tenant's policy": (tenant_policy,                            "----.+", "---+.+"),
    "who may widen": (other_rule,                                     "----.+", "---+.+"),
}  # fmt: skip
CASES = [
    (rule, sentence, column)
    for at, rule in enumerate(RULES)
    for sentence, row in ROWS.items()
    for column, expected in zip(COLUMNS, row[1 + at], strict=True)
    if expected != "."
]


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    with wire(tmp_path_factory.mktemp("matrix") / "data", upload=False) as made:
        yield Graph(made)


def made(graph: Graph, rule: str, column: str) -> tuple[At, Caller | None]:
    """A case, and who calls. The application was made by somebody else."""
    number = next(_NUMBERS)
    if column == "itself":
        caller = graph.new_caller(*COLUMNS[column])
        return At(graph, caller.application, caller.principal, number, rule), caller
    by = graph.wire.administrator
    application = graph.wire.run(applications.create, by, seed.TENANT_ID, display_name=f"matrix {number}")
    at = At(graph, application, graph.principal_of(application), number, rule)
    if column == "host":
        return at, None
    caller = graph.caller(*COLUMNS[column])
    if column == "owner":
        graph.own(caller, application)
        at.run(owners.add, at.principal, caller.principal.id)
    return at, caller


@every(("rule", "sentence", "column"), CASES, ids=map("|".join, CASES))
def test_who_may(graph: Graph, rule: str, sentence: str, column: str) -> None:
    row, *expected = ROWS[sentence]
    at, caller = made(graph, rule, column)
    at.run(tenants.update, seed.TENANT_ID, trust_changes=rule)
    done = row(at)
    if caller is None:
        graph.wire.run(done.local)
        return
    answer = graph.ask(done.method, done.path, caller.token, done.body)
    said = "+" if answer.status in {200, 201, 204} else "-" if answer.status == 403 else str(answer.status)
    assert said == expected[RULES.index(rule)][list(COLUMNS).index(column)], answer.body


@pytest.mark.parametrize("key", ["graph", "arm"])
@pytest.mark.parametrize("rule", RULES)
def test_no_program_takes_away_what_every_program_calls(tmp_path: Path, rule: str, key: str) -> None:
    with wire(tmp_path / "data", upload=False) as made:
        graph = Graph(made)
        made.run(tenants.update, made.administrator, seed.TENANT_ID, trust_changes=rule)
        path = f"/v1.0/servicePrincipals(appId='{wellknown.principals()[key].app_id}')"
        token = graph.caller(*COLUMNS["All + Widen"]).token
        assert graph.ask("DELETE", path, token).status == 403
        assert graph.ask("PATCH", path, token, {"accountEnabled": False}).status == 403
        assert graph.ask("GET", path, graph.admin()).json["accountEnabled"] is True


def test_what_tenants_share_no_program_reaches() -> None:
    """Signing keys, listeners, retention and tenants themselves are administered on the host alone."""
    ours = {template.split("/")[0] for _, template in table() if template.startswith("accredit.")}
    # They change nothing.
    asked = {
        "accredit.explain",
        "accredit.lint",
        "accredit.migration",
        "accredit.presets",
        "accredit.probe",
        "accredit.replay",
    }
    assert ours == {"accredit.issuers", "accredit.tenant", *asked}
    calls = {(method, template) for method, template in table() if template.startswith("accredit.tenant")}
    assert calls == {("GET", "accredit.tenant"), ("PATCH", "accredit.tenant"), ("POST", "accredit.tenant/preview")}
