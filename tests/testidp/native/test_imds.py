"""A managed identity's endpoints as Azure words them: of a machine, and of App Service. azure-identity: clients/."""

import json

from tests.testidp.native.asking import METADATA, asked, at, begun, platforms
from tests.testidp.workbench import Parts

MACHINE = "/metadata/identity/oauth2/token"
APP = "/msi/token"
METADATA_HEADER = {"metadata": "true"}
GOOD = f"{MACHINE}?api-version=2018-02-01&resource=api://AzureADTokenExchange"
CLIENT, PRINCIPAL = "0000002d-1111-4222-8333-00000000002d", "0000002c-1111-4222-8333-00000000002c"

OF_A_MACHINE = {  # target, headers, status, error
    "no header": (GOOD, {}, 400, "bad_request_102"),
    "a request that was passed on": (GOOD, METADATA_HEADER | {"x-forwarded-for": "10.0.0.1"}, 400, "bad_request_102"),
    "no version": (f"{MACHINE}?resource=api://a", METADATA_HEADER, 400, "invalid_request"),
    "no resource": (f"{MACHINE}?api-version=2018-02-01", METADATA_HEADER, 400, "invalid_request"),
    "a resource that cannot be": (f"{GOOD}{'x' * 1_001}", METADATA_HEADER, 400, "invalid_resource"),
    "another identity": (f"{GOOD}&client_id={PRINCIPAL}", METADATA_HEADER, 400, "invalid_request"),
    "another principal": (f"{GOOD}&object_id={CLIENT}", METADATA_HEADER, 400, "invalid_request"),
    "a resource id, which no job has": (f"{GOOD}&msi_res_id=/subscriptions/1", METADATA_HEADER, 400, "invalid_request"),
    "the identity by its application": (f"{GOOD}&client_id={CLIENT}", METADATA_HEADER, 200, None),
    "the identity by its principal": (f"{GOOD}&object_id={PRINCIPAL}", METADATA_HEADER, 200, None),
    "as it should be": (GOOD, METADATA_HEADER, 200, None),
}


def test_what_a_machine_is_answered():
    natives, failures = platforms(), []
    for sentence, (target, headers, status, error) in OF_A_MACHINE.items():
        answer = at(natives, "metadata", asked(target, headers=headers))
        if (answer.status, json.loads(answer.body).get("error")) != (status, error):
            failures.append((sentence, answer))
    assert failures == []
    assert at(natives, "metadata", asked(GOOD, "POST", METADATA_HEADER)).status == 405


def test_everything_beside_the_token_is_text():
    said = json.loads(at(platforms(), "metadata", asked(GOOD, headers=METADATA_HEADER)).body)
    claims = Parts.of(said["access_token"]).claims
    assert all(isinstance(each, str) for each in said.values())
    assert (said["client_id"], said["token_type"], said["expires_in"]) == (CLIENT, "Bearer", "86400")
    assert said["expires_on"] == str(claims["exp"])
    assert (claims["oid"], claims["aud"]) == (PRINCIPAL, "fb60f99c-7a34-4190-8149-302f77469936")


def test_what_the_resource_is_called_in_a_token():
    natives = platforms()
    rows = {
        ("v1", "api://AzureADTokenExchange"): "api://AzureADTokenExchange",
        ("v2", "api://AzureADTokenExchange"): "fb60f99c-7a34-4190-8149-302f77469936",
        ("v1", "api://mine"): "api://mine",
        ("v2", "api://mine"): "api://mine",
    }
    for (version, resource), audience in rows.items():
        own = begun(natives, "entra", params={"version": version})["AZURE_POD_IDENTITY_AUTHORITY_HOST"]
        target = f"{own.removeprefix(METADATA)}{MACHINE}"
        query = {"api-version": "2018-02-01", "resource": resource}
        said = json.loads(at(natives, "metadata", asked(target, headers=METADATA_HEADER, **query)).body)
        assert Parts.of(said["access_token"]).claims["aud"] == audience


def test_what_an_app_is_answered():
    natives = platforms()
    variables = begun(natives, "entra", params={"client_id": CLIENT})
    assert variables["IDENTITY_ENDPOINT"] == f"{METADATA}{APP}"
    header = {"x-identity-header": variables["IDENTITY_HEADER"]}
    good = f"{APP}?api-version=2019-08-01&resource=api://AzureADTokenExchange"
    rows = {
        "no header": (good, {}, 401),
        "another's header": (good, {"x-identity-header": "x"}, 401),
        "no version": (f"{APP}?resource=api://a", header, 400),
        "no resource": (f"{APP}?api-version=2019-08-01", header, 400),
        "a resource that cannot be": (f"{good}{'x' * 1_001}", header, 400),
        "another identity": (f"{good}&client_id={PRINCIPAL}", header, 400),
        "a resource id": (f"{good}&mi_res_id=/subscriptions/1", header, 400),
        "as it should be": (good, header, 200),
    }
    for sentence, (target, headers, status) in rows.items():
        answer = at(natives, "metadata", asked(target, headers=headers))
        said = json.loads(answer.body)
        assert answer.status == status, sentence
        assert ("access_token" in said) == (status == 200), sentence
        assert said.get("statusCode") == (None if status == 200 else status), sentence


def test_each_job_is_asked_at_its_own_address():
    natives = platforms()
    first = begun(natives, "entra", params={"principal_id": "00000001-0000-4000-8000-000000000000"})
    begun(natives, "entra", params={"principal_id": "00000002-0000-4000-8000-000000000000"})
    own = first["AZURE_POD_IDENTITY_AUTHORITY_HOST"].removeprefix(METADATA)
    for place, number in ((own, 1), ("", 2)):
        said = json.loads(at(natives, "metadata", asked(place + GOOD, headers=METADATA_HEADER)).body)
        assert Parts.of(said["access_token"]).claims["oid"].startswith(f"0000000{number}")
