"""msgraph-sdk, unmodified, administers the directory through its typed client (G1 to G4)."""

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import uuid4

import pytest

from accredit.administer import permissions
from accredit.app import seed
from tests.clients.on_graph import Refused, a, running, uuid
from tests.support.recorder import recording
from tests.support.workload import AUDIENCE, GITHUB, engage, principal_of

pytestmark = [pytest.mark.clients_graph, pytest.mark.xdist_group("clients_graph"), pytest.mark.timeout(180)]

ROLES = ("Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "AuditLog.Read.All", "Directory.Read.All")
NUMBERS = count(1)
NOBODY = "57a671b2-b4c8-4a87-9b73-3f8848456127"


@pytest.fixture(scope="module")
def program(clients_graph):
    with running(clients_graph) as found:
        yield found


@pytest.fixture(scope="module")
def administrator(emulator):
    """A workload that signs in with its platform's token, and may administer applications."""
    made = engage(emulator)

    async def promote(by):
        graph = await principal_of(by, emulator.tenant_id, seed.GRAPH)
        for role in ROLES:
            await permissions.grant(by, made.principal.id, graph.id, role)

    emulator.administer(promote)
    return made


def caller(program, workload, folder, **more):
    """The SDK as this workload uses it."""
    token_file = folder / f"token-{workload.client_id}"
    token_file.write_text(workload.assertion() + "\n")
    return program.with_(
        base=workload.emulator.url,
        ca=str(workload.emulator.ca_file),
        tenant=str(workload.application.tenant_id),
        client=workload.client_id,
        token_file=str(token_file),
        **more,
    )


@pytest.fixture
def sdk(program, administrator, tmp_path):
    return caller(program, administrator, tmp_path)


def application(**members):
    members = {"display_name": f"sdk {next(NUMBERS)}", **members}
    return a("application.Application", **members)


def trust(name="production", **members):
    usual = {"name": name, "issuer": GITHUB, "subject": f"repo:o/r:environment:{name}", "audiences": [AUDIENCE]}
    return a("federated_identity_credential.FederatedIdentityCredential", **{**usual, **members})


def one(made):
    return ["applications", ["by_application_id", made["id"]]]


def trusted(made):
    return [*one(made), "federated_identity_credentials"]


def test_an_application_from_its_making_to_its_end(sdk):
    role = a(
        "app_role.AppRole",
        id=uuid(uuid4()),
        value="Things.Read",
        display_name="Read things",
        description="Reads things",
        allowed_member_types=["Application"],
        is_enabled=True,
    )
    uri = f"api://sdk-{uuid4()}"
    wanted = application(identifier_uris=[uri], app_roles=[role], tags=["blue"], notes="n")
    made = sdk.post("applications", body=wanted)
    assert (made["displayName"], made["identifierUris"], made["tags"]) == (wanted["display_name"], [uri], ["blue"])
    assert (made["appRoles"][0]["value"], made["signInAudience"]) == ("Things.Read", "AzureADMyOrg")
    assert sdk.get(*one(made)) == made
    assert sdk.get(["applications_with_app_id", made["appId"]])["id"] == made["id"]
    changed = a("application.Application", display_name="renamed", notes="m")
    sdk.patch(*one(made), body=changed)
    after = sdk.get(*one(made))
    assert (after["displayName"], after["notes"], after["tags"]) == ("renamed", "m", ["blue"])
    sdk.delete(*one(made))
    with pytest.raises(Refused) as refused:
        sdk.get(*one(made))
    assert (refused.value.status, refused.value.code) == (404, "Request_ResourceNotFound")


def test_an_application_is_made_or_changed_under_its_unique_name(sdk):
    name = f"sdk-{uuid4()}"
    path, prefer = ["applications_with_unique_name", name], {"Prefer": "create-if-missing"}
    made = sdk.patch(path, body=application(display_name="first"), headers=prefer)
    assert (made["uniqueName"], made["displayName"]) == (name, "first")
    assert sdk.patch(path, body=application(display_name="second"), headers=prefer) is None
    assert sdk.get(path)["displayName"] == "second"


@pytest.mark.parametrize(
    "typed", [{}, {"odata_type": "#microsoft.graph.federatedIdentityCredential"}], ids=["as it is", "with @odata.type"]
)
def test_a_credential_from_its_making_to_its_end(sdk, typed):
    of = sdk.post("applications", body=application())
    made = sdk.post(*trusted(of), body=trust(**typed))
    assert (made["name"], made["issuer"], made["audiences"]) == ("production", GITHUB, [AUDIENCE])
    listed = sdk.get(*trusted(of))["value"]
    assert [(each["id"], each["subject"]) for each in listed] == [(made["id"], made["subject"])]
    by_id = [*trusted(of), ["by_federated_identity_credential_id", made["id"]]]
    assert sdk.get(*by_id)["name"] == "production"
    sdk.patch(*by_id, body=trust(subject="repo:o/r:ref:refs/heads/main", description="d", **typed))
    by_name = [*one(of), ["federated_identity_credentials_with_name", "production"]]
    after = sdk.get(*by_name)
    assert (after["id"], after["subject"], after["description"]) == (made["id"], "repo:o/r:ref:refs/heads/main", "d")
    sdk.delete(*by_id)
    assert sdk.get(*trusted(of))["value"] == []


def test_a_credential_is_made_or_changed_under_its_name(sdk):
    of = sdk.post("applications", body=application())
    by_name = [*one(of), ["federated_identity_credentials_with_name", "staging"]]
    prefer = {"Prefer": "create-if-missing"}
    made = sdk.patch(*by_name, body=trust("staging"), headers=prefer)
    assert made["name"] == "staging"
    assert sdk.patch(*by_name, body=trust("staging", description="again"), headers=prefer) is None
    after = sdk.get(*by_name)
    assert after == {name: value for name, value in made.items() if name != "@odata.id"} | {"description": "again"}
    with pytest.raises(Refused) as refused:
        sdk.post(*trusted(of), body=trust("staging"))
    assert (refused.value.status, refused.value.code) == (409, "Request_MultipleObjectsWithSameKeyValue")
    assert refused.value.message == "FederatedIdentityCredential with name staging already exists."


def test_what_the_sdk_makes_holds_for_the_next_exchange(sdk, untrusting):
    """The credential works as soon as it is there, and not when it is gone."""
    of = {"id": str(untrusting.application.id)}
    mine = caller(sdk, untrusting, untrusting.emulator.data.parent)
    with pytest.raises(AssertionError, match="AADSTS70025"):
        mine.get("applications")
    made = sdk.post(*trusted(of), body=trust("new", subject=untrusting.subject))
    assert mine.get("applications")["value"]
    sdk.delete(*trusted(of), ["by_federated_identity_credential_id", made["id"]])
    with pytest.raises(AssertionError, match="AADSTS70025"):
        mine.get("applications")
    assert untrusting.codes() == [70025, 0, 70025]


def test_a_service_principal_and_what_it_is_granted(sdk, administrator):
    of = sdk.post("applications", body=application())
    principal = sdk.post(
        "service_principals", body=a("service_principal.ServicePrincipal", app_id=of["appId"], tags=["t"])
    )
    assert (principal["appId"], principal["displayName"], principal["tags"]) == (of["appId"], of["displayName"], ["t"])
    by_app_id = ["service_principals_with_app_id", of["appId"]]
    assert sdk.get(by_app_id)["id"] == principal["id"]
    orders = sdk.get(["service_principals_with_app_id", str(administrator.orders_id)])
    assignment = a(
        "app_role_assignment.AppRoleAssignment",
        principal_id=uuid(principal["id"]),
        resource_id=uuid(orders["id"]),
        app_role_id=uuid(orders["appRoles"][0]["id"]),
    )
    mine = ["service_principals", ["by_service_principal_id", principal["id"]], "app_role_assignments"]
    theirs = ["service_principals", ["by_service_principal_id", orders["id"]], "app_role_assigned_to"]
    granted = sdk.post(*mine, body=assignment)
    assert (granted["principalId"], granted["resourceId"]) == (principal["id"], orders["id"])
    assert granted["principalType"] == "ServicePrincipal"
    assert [each["id"] for each in sdk.get(*mine)["value"]] == [granted["id"]]
    assert granted["id"] in [each["id"] for each in sdk.get(*theirs)["value"]]
    sdk.delete(*mine, ["by_app_role_assignment_id", granted["id"]])
    assert sdk.get(*mine)["value"] == []
    again = sdk.post(*theirs, body=assignment)
    sdk.delete(*theirs, ["by_app_role_assignment_id", again["id"]])
    sdk.delete("service_principals", ["by_service_principal_id", principal["id"]])
    with pytest.raises(Refused) as refused:
        sdk.get(by_app_id)
    assert refused.value.status == 404


def test_owners_and_secrets(sdk, administrator):
    of = sdk.post("applications", body=application())
    reference = f"{administrator.emulator.url}/v1.0/directoryObjects/{administrator.principal.id}"
    sdk.post(*one(of), "owners", "ref", body=a("reference_create.ReferenceCreate", odata_id=reference))
    assert [each["id"] for each in sdk.get(*one(of), "owners")["value"]] == [str(administrator.principal.id)]
    wanted = {
        "$model": "applications.item.add_password.add_password_post_request_body.AddPasswordPostRequestBody",
        "password_credential": a("password_credential.PasswordCredential", display_name="ci"),
    }
    secret = sdk.post(*one(of), "add_password", body=wanted)
    assert (secret["displayName"], secret["hint"]) == ("ci", secret["secretText"][:3])
    kept = sdk.get(*one(of))["passwordCredentials"]
    assert [each["keyId"] for each in kept] == [secret["keyId"]]
    assert "secretText" not in kept[0]
    gone = {
        "$model": "applications.item.remove_password.remove_password_post_request_body.RemovePasswordPostRequestBody",
        "key_id": uuid(secret["keyId"]),
    }
    sdk.post(*one(of), "remove_password", body=gone)
    assert sdk.get(*one(of))["passwordCredentials"] == []
    sdk.delete(*one(of), "owners", ["by_directory_object_id", str(administrator.principal.id)], "ref")
    assert sdk.get(*one(of), "owners")["value"] == []


@pytest.fixture(scope="module")
def several(program, administrator, tmp_path_factory):
    """Seven applications whose names begin alike."""
    sdk = caller(program, administrator, tmp_path_factory.mktemp("several"))
    mark = f"alike-{uuid4()}"
    made = [
        sdk.post(
            "applications",
            body=application(display_name=f"{mark} {letter}", identifier_uris=[f"api://{mark}-{letter}"]),
        )
        for letter in "abcdefg"
    ]
    return mark, made


def test_pages_are_followed_to_the_last(sdk, several):
    mark, made = several
    asked = {"top": 3, "filter": f"startswith(displayName,'{mark}')"}
    told = sdk.order(do="pages", path=["applications"], member="id", query=asked)
    assert told["first_page"] == 3
    assert sorted(told["seen"]) == sorted(each["id"] for each in made)


FILTERS = {
    "displayName eq '{mark} a'": "a",
    "displayName eq '{MARK} A'": "a",
    "startswith(displayName,'{mark}')": "abcdefg",
    "startsWith(displayName,'{mark}') and not(displayName eq '{mark} a')": "bcdefg",
    "displayName in ('{mark} a','{mark} g')": "ag",
    "identifierUris/any(x:x eq 'api://{mark}-c')": "c",
    "identifierUris/any(x:startswith(x,'api://{mark}-'))": "abcdefg",
    "(displayName eq '{mark} a' or displayName eq '{mark} b') and signInAudience eq 'AzureADMyOrg'": "ab",
    "appId eq '{app_id}'": "a",
    "id eq '{id}'": "a",
    "appId eq '{id}'": "",
    "uniqueName eq null and startswith(displayName,'{mark} f')": "f",
}


@pytest.mark.parametrize("text", FILTERS)
def test_filters(sdk, several, text):
    mark, made = several
    clause = text.format(mark=mark, MARK=mark.upper(), app_id=made[0]["appId"], id=made[0]["id"])
    told = sdk.get("applications", query={"filter": clause, "count": True})
    assert sorted(each["displayName"][-1] for each in told["value"]) == sorted(FILTERS[text])
    assert told["@odata.count"] == len(FILTERS[text])


def test_order_selection_search_expansion_and_count(sdk, several):
    mark, made = several
    asked = {"filter": f"startswith(displayName,'{mark}')", "orderby": ["displayName desc"], "select": ["displayName"]}
    told = sdk.get("applications", query=asked)["value"]
    assert [each["displayName"][-1] for each in told] == list("gfedcba")
    assert all("appId" not in each for each in told)
    eventually = {"ConsistencyLevel": "eventual"}
    found = sdk.get("applications", query={"search": f'"displayName:{mark}"'}, headers=eventually)["value"]
    assert len(found) == 7
    sdk.post(*trusted(made[0]), body=trust())
    shown = sdk.get(*one(made[0]), query={"expand": ["federatedIdentityCredentials", "owners"]})
    assert [each["name"] for each in shown["federatedIdentityCredentials"]] == ["production"]
    assert sdk.get("applications", "count", headers=eventually) >= 7


def test_a_batch(sdk):
    name = f"batched {uuid4()}"
    parts = [
        {"id": "1", "verb": "get", "path": ["applications"], "query": {"top": 1}},
        {"id": "2", "verb": "post", "path": ["applications"], "body": application(display_name=name)},
        {"id": "3", "verb": "get", "path": ["applications", ["by_application_id", NOBODY]]},
        {"id": "4", "verb": "post", "path": ["applications"], "body": application(identifier_uris=["no uri"])},
    ]
    assert sdk.order(do="batch", parts=parts) == {"1": 200, "2": 201, "3": 404, "4": 400}
    assert len(sdk.get("applications", query={"filter": f"displayName eq '{name}'"})["value"]) == 1


REFUSED = {
    "an id that nobody has": (
        {"path": ["applications", ["by_application_id", NOBODY]]},
        404,
        "Request_ResourceNotFound",
        f"Resource '{NOBODY}' does not exist or one of its queried reference-property objects are not present.",
    ),
    "a filter that is none": (
        {"path": ["applications"], "query": {"filter": "displayName like 'x'"}},
        400,
        "BadRequest",
        "Invalid filter clause: ",
    ),
    "a property that cannot be filtered": (
        {"path": ["applications"], "query": {"filter": "notes eq 'x'"}},
        400,
        "Request_UnsupportedQuery",
        "Unsupported or invalid query filter clause specified for property 'notes' of resource 'Application'.",
    ),
    "users' own things": (
        {"path": ["me"]},
        400,
        "BadRequest",
        "/me request is only valid with delegated authentication flow.",
    ),
}


@pytest.mark.parametrize(("order", "status", "code", "message"), REFUSED.values(), ids=REFUSED)
def test_refusals_are_errors_of_odata(sdk, order, status, code, message):
    with pytest.raises(Refused) as refused:
        sdk.get(*order["path"], **{name: value for name, value in order.items() if name != "path"})
    assert (refused.value.status, refused.value.code) == (status, code)
    assert refused.value.message.startswith(message)
    assert refused.value.error["request_id"]
    assert refused.value.error["date"] != "None"


def test_who_may_only_read_is_refused_by_name(program, workload, tmp_path):
    mine = caller(program, workload, tmp_path)
    assert mine.get("applications")["value"]
    with pytest.raises(Refused) as refused:
        mine.post("applications", body=application())
    assert (refused.value.status, refused.value.code) == (403, "Authorization_RequestDenied")
    assert refused.value.message == "Insufficient privileges to complete the operation."


def test_sign_ins_name_the_credential_that_proved_them(sdk, workload, program, tmp_path):
    """G2."""
    assert caller(program, workload, tmp_path).get("applications")["value"]
    asked = {
        "filter": f"signInEventTypes/any(t: t eq 'servicePrincipal') and appId eq '{workload.client_id}'",
        "top": 5,
    }
    sdk.get("audit_logs", "sign_ins", query=asked)
    (event,) = sdk.get("audit_logs", "sign_ins", query=asked, version="beta")["value"]
    assert event["clientCredentialType"] == "federatedIdentityCredential"
    assert (event["status"]["errorCode"], event["appId"]) == (0, workload.client_id)
    named = ["federated_identity_credentials", ["by_federated_identity_credential_id", event["federatedCredentialId"]]]
    of = sdk.get(["applications_with_app_id", event["appId"]])
    assert sdk.get(*one(of), *named)["subject"] == workload.subject


SIGN_INS = {
    "appId eq '{app}'": 3,
    "appId eq '{app}' and status/errorCode eq 0": 2,
    "appId eq '{app}' and status/errorCode ne 0": 1,
    "(signInEventTypes/any(t: t eq 'servicePrincipal')) and appId eq '{app}' and createdDateTime ge {since}": 3,
    "appId eq '{app}' and createdDateTime le {since}": 0,
    "appId eq '{app}' and clientCredentialType eq 'federatedIdentityCredential' and not(status/errorCode eq 0)": 1,
    "appId eq '{app}' and startsWith(appDisplayName,'workload-') and startsWith(ipAddress,'127.0.')": 3,
    "servicePrincipalId eq '{principal}'": 3,
    "appId eq '{app}' and federatedCredentialId eq '{credential}'": 2,
    "id eq '{id}'": 1,
    "uniqueTokenIdentifier eq '{token}'": 1,
    "correlationId eq '{correlation}'": 1,
    "accredit/assertion/sha256 eq '{digest}' and appId eq '{app}'": 2,
    "accredit/assertion/subject eq '{subject}'": 2,
    "accredit/proof eq 'unproven' and appId eq '{app}'": 0,
}


@pytest.fixture(scope="module")
def signed_in(program, emulator, tmp_path_factory):
    """A workload that signed in twice with one token, and was refused once with another's."""
    folder, mine = tmp_path_factory.mktemp("signed-in"), engage(emulator)
    token = caller(program, mine, folder)
    before = datetime.now(UTC) - timedelta(minutes=5)
    for _ in range(2):  # each call asks for a token of its own; the file stays as it is
        assert token.get("applications")["value"]
    other = engage(emulator)
    (folder / f"token-{mine.client_id}").write_text(other.assertion())
    with pytest.raises(AssertionError, match="AADSTS700213"):
        token.get("applications")
    return mine, f"{before:%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture(scope="module")
def known(program, administrator, signed_in, tmp_path_factory):
    """The values that filters are written with: those of the newest sign-in that was granted."""
    mine, since = signed_in
    sdk = caller(program, administrator, tmp_path_factory.mktemp("known"))
    prefer = {"Prefer": "accredit.explain"}
    asked = {"filter": f"appId eq '{mine.client_id}' and status/errorCode eq 0", "top": 1}
    (event,) = sdk.get("audit_logs", "sign_ins", query=asked, version="beta", headers=prefer)["value"]
    return {
        "app": mine.client_id,
        "since": since,
        "principal": event["servicePrincipalId"],
        "credential": event["federatedCredentialId"],
        "id": event["id"],
        "token": event["uniqueTokenIdentifier"],
        "correlation": event["correlationId"],
        "digest": event["accredit"]["assertion"]["sha256"],
        "subject": event["accredit"]["assertion"]["subject"],
    }


@pytest.mark.parametrize("version", ["v1.0", "beta"])
@pytest.mark.parametrize("text", SIGN_INS)
def test_filters_of_sign_ins(sdk, known, text, version):
    asked = {"filter": text.format_map(known), "count": True}
    told = sdk.get("audit_logs", "sign_ins", query=asked, version=version)
    assert (len(told["value"]), told["@odata.count"]) == (SIGN_INS[text], SIGN_INS[text])


@pytest.mark.parametrize("order", ["createdDateTime asc", "createdDateTime desc"])
def test_sign_ins_in_order_page_by_page(sdk, known, order):
    asked = {"top": 1, "filter": f"appId eq '{known['app']}'", "orderby": [order]}
    told = sdk.order(do="pages", path=["audit_logs", "sign_ins"], member="id", query=asked)
    assert told["first_page"] == 1
    whole = sdk.get("audit_logs", "sign_ins", query={**asked, "top": 1000})["value"]
    assert told["seen"] == [each["id"] for each in whole]
    times = [each["createdDateTime"] for each in whole]
    assert (len(times), times) == (3, sorted(times, reverse=order.endswith("desc")))


def test_being_told_to_come_later_is_waited_for(sdk, emulator):
    """G3."""
    with recording(emulator, refuse=1) as relay:
        told = sdk.get(
            "applications", base=relay.url, authority=emulator.url, scope="https://graph.microsoft.com/.default"
        )
    assert told["value"]
    assert relay.requests == [("GET", "/v1.0/applications")] * 2


def test_a_host_that_is_allowed_with_its_port_gets_no_token_and_says_so(sdk, emulator):
    """G4."""
    with pytest.raises(Refused) as refused:
        sdk.get("applications", allowed_hosts=[emulator.host])
    assert (refused.value.status, refused.value.code) == (401, "InvalidAuthenticationToken")
    assert emulator.host in refused.value.message
    assert "without" in refused.value.message
