"""The description of the directory API is current, and whatever it allows is answered without an error of our own.

The calls are made up by schemathesis: for each operation of the description, bodies and options that the description
allows; about every other one of them is about things that exist. Every answer has to be what the description says.
"""

import json
import subprocess
import sys
from collections import Counter
from itertools import count
from pathlib import Path

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import content_type_conformance, not_a_server_error, response_schema_conformance

from accredit.app import seed
from tests.support.directory_api import DirectoryApi
from tests.support.emulator import running

ROOT = Path(__file__).parent.parent.parent
DESCRIPTION = json.loads((ROOT / "docs/reference/graph.openapi.json").read_text())
OPERATIONS = {
    f"{each.method.upper()} {each.path}": each
    for each in (found.ok() for found in schemathesis.openapi.from_dict(DESCRIPTION).get_all_operations())
}
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]
CALLS = 15  # of each operation
NUMBERS = count(1)
DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"


def test_it_is_what_the_program_serves_by():
    told = subprocess.run(
        [sys.executable, "-m", "scripts.openapi", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr


def test_every_call_of_it_says_who_may_make_it():
    operations = [each for path in DESCRIPTION["paths"].values() for each in path.values() if "operationId" in each]
    assert len(operations) == len(OPERATIONS)
    assert all(each["security"] for each in operations)
    names = Counter(each["operationId"] for each in operations)
    assert max(names.values()) == 1


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    """The API of an emulator that only this module's tests change."""
    with running(tmp_path_factory.mktemp("openapi")) as emulator:
        yield DirectoryApi(emulator)


@pytest.fixture(scope="module")
def session(api):
    with requests.Session() as found:
        found.trust_env = False
        found.verify = str(api.emulator.ca_file)
        found.headers["Authorization"] = f"Bearer {api.token}"
        yield found


def settled(api):
    """Make one thing of each kind; what exists then, by the names of the keys and members that mean it."""
    named = {"displayName": "made up", "uniqueName": f"made-up-{next(NUMBERS)}"}
    of = api.ask("POST", "/v1.0/applications", named)
    principal = api.ask("POST", "/v1.0/servicePrincipals", {"appId": of["appId"]})
    trust = {"name": "one", "issuer": "https://made.up", "subject": "s", "audiences": ["api://AzureADTokenExchange"]}
    path = f"/v1.0/applications/{of['id']}"
    credential = api.ask("POST", f"{path}/federatedIdentityCredentials", trust)
    secret = api.ask("POST", f"{path}/addPassword", {})
    api.ask("POST", f"{path}/owners/$ref", {"@odata.id": f"https://localhost/v1.0/directoryObjects/{principal['id']}"})
    audits = api.ask("GET", "/v1.0/auditLogs/directoryAudits?$top=1")["value"]
    sign_ins = api.ask("GET", "/beta/auditLogs/signIns?$top=1")["value"]
    issuers = api.ask("GET", "/beta/accredit.issuers?$filter=url eq 'https://made.up'")["value"]
    (orders,) = api.ask("GET", f"/v1.0/servicePrincipals?$filter=appId eq '{seed.ORDERS_ID}'")["value"]
    keys = api.ask("GET", "/beta/reports/appCredentialSignInActivities?$top=1")["value"]
    uses = api.ask("GET", "/beta/reports/servicePrincipalSignInActivities?$top=1")["value"]
    assignment = api.ask(
        "POST",
        f"/v1.0/servicePrincipals/{principal['id']}/appRoleAssignments",
        {"principalId": principal["id"], "resourceId": orders["id"], "appRoleId": DEFAULT_ACCESS},
    )
    grant = api.ask(
        "POST",
        "/v1.0/oauth2PermissionGrants",
        {"clientId": principal["id"], "resourceId": orders["id"], "consentType": "AllPrincipals", "scope": "s"},
    )
    return {
        "applications-id": of["id"],
        "appId": of["appId"],
        "uniqueName": of["uniqueName"],
        "directoryAudits-id": audits[0]["id"],
        "signIns-id": sign_ins[0]["id"],
        "appCredentialSignInActivities-id": keys[0]["id"],
        "servicePrincipalSignInActivities-id": uses[0]["id"],
        "servicePrincipals-id": principal["id"],
        "owners-id": principal["id"],
        "directoryObjects-id": principal["id"],
        "federatedIdentityCredentials-id": credential["id"],
        "name": "one",
        "issuers-id": issuers[0]["id"],
        "appRoleAssignments-id": assignment["id"],
        "appRoleAssignedTo-id": assignment["id"],
        "jwks": json.dumps({"keys": []}),
        "oauth2PermissionGrants-id": grant["id"],
        "organization-id": str(seed.TENANT_ID),
        "domains-id": seed.TENANT_DOMAIN,
        "keyId": secret["keyId"],
        "principalId": principal["id"],
        "clientId": principal["id"],
        "resourceId": orders["id"],
        "appRoleId": orders["appRoles"][0]["id"],
        "id": of["id"],
        "@odata.id": f"https://localhost/v1.0/directoryObjects/{principal['id']}",
    }


@pytest.fixture(scope="module")
def lasting(api):
    """What is only read."""
    return settled(api)


@pytest.fixture
def real(api, lasting, name):
    """What exists: where it may be changed, of this test's own."""
    return lasting if name.startswith("GET ") else settled(api)


FILTERS = (
    "displayName eq 'made up'",
    "startswith(displayName,'made') and id ne null",
    "appId in ('{appId}')",
    "not(id eq '{id}')",
    "clientId eq '{clientId}' or id eq '{id}'",
    "identifierUris/any(x:startswith(x,'api'))",
    "servicePrincipalNames/any(n:n eq '{appId}')",
    "signInEventTypes/any(t: t eq 'servicePrincipal') and createdDateTime ge 2026-01-01T00:00:00Z",
    "activityDisplayName eq 'Add application'",
    "accredit/assertion/sha256 eq 'x' or startswith(ipAddress,'127.')",
    "aggregationDateTime ge 2026-01-01T00:00:00Z and signInCount gt 0",
    "keyType eq 'clientSecret' and keyId ne '{id}'",
    "appId eq '{appId}'",
    "createdDateTime ge 2026-01-01T00:00:00Z and createdDateTime lt 9999-12-31T23:59:59Z",
)
SHARES = st.integers(0, 3)  # how often one of four is left as it was made up


def made_real(members, real, share):
    """Put what exists in place of what was made up."""
    if share and isinstance(members, dict):
        members.update({name: real[name] for name in members.keys() & real.keys()})


def made_few(members, kept, share):
    """Leave only some: a call of one member is refused for that one, a call of thirty always for some other."""
    if share and isinstance(members, dict):
        for name in list(members)[share:]:
            if name not in kept:
                del members[name]


def in_beta(name):
    """Whether the description says that only this version serves a call."""
    return "servers" in DESCRIPTION["paths"][OPERATIONS[name].path]


def required(operation):
    """The members that a body cannot go without."""
    body = operation.definition.raw.get("requestBody")
    if body is None:
        return ()
    name = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    return DESCRIPTION["components"]["schemas"][name].get("required", ())


@pytest.mark.slow
@pytest.mark.parametrize("name", OPERATIONS)
def test_whatever_it_allows_is_answered_as_it_says(api, session, real, name):
    @settings(
        max_examples=CALLS,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=OPERATIONS[name].as_strategy(),
        version=st.sampled_from(["beta"] if in_beta(name) else ["v1.0", "beta"]),
        shares=st.tuples(SHARES, SHARES, SHARES, SHARES),
        clause=st.sampled_from(FILTERS),
    )
    def call(case, version, shares, clause):
        made_real(case.path_parameters, real, shares[0])
        made_few(case.body, required(OPERATIONS[name]), shares[1])
        made_real(case.body, real, shares[2])
        made_few(case.query, (), shares[3])
        if shares[3] and "$filter" in case.query:
            case.query["$filter"] = clause.format_map(real)
        answer = case.call(base_url=f"{api.emulator.url}/{version}", session=session, verify=session.verify)
        assert answer.status_code != 401, answer.text
        case.validate_response(answer, checks=CHECKS)

    call()
