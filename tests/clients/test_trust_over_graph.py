"""What is trusted over the directory API holds for the next exchange: A6 and A7 with credentials that Graph wrote."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientAssertionCredential

from tests.support.directory_api import DirectoryApi
from tests.support.workload import AUDIENCE, GITHUB, ORDERS

pytestmark = pytest.mark.clients
AT_ONCE = 8  # clients that want one name


@pytest.fixture(scope="module")
def api(emulator):
    return DirectoryApi(emulator)


def trusted(workload):
    return f"/v1.0/applications(appId='{workload.client_id}')/federatedIdentityCredentials"


def trust(workload, **members):
    usual = {"name": "workload", "issuer": GITHUB, "subject": workload.subject, "audiences": [AUDIENCE]}
    return {**usual, **members}


def asking(workload):
    return closing(
        ClientAssertionCredential(
            str(workload.application.tenant_id),
            workload.client_id,
            workload.assertion,
            authority=workload.emulator.url,
        )
    )


def test_what_was_refused_is_granted_at_once_when_graph_trusts_it(api, untrusting, believing):
    """A6: the same client object, without a pause."""
    made = api.ask("POST", trusted(untrusting), trust(untrusting, subject="repo:somebody/else:environment:production"))
    with asking(untrusting) as credential:
        with pytest.raises(ClientAuthenticationError, match="AADSTS700213"):
            credential.get_token(f"{ORDERS}/.default")
        api.ask("PATCH", f"{trusted(untrusting)}/{made['id']}", {"subject": untrusting.subject})
        received = credential.get_token(f"{ORDERS}/.default").token
    assert untrusting.verified(received)["roles"] == ["Orders.Read.All"]
    granted = untrusting.events()[0]
    assert (granted.code, str(granted.credential_id)) == (0, made["id"])
    api.ask("DELETE", f"{trusted(untrusting)}/{made['id']}")
    with asking(untrusting) as credential, pytest.raises(ClientAuthenticationError, match="AADSTS70025"):
        credential.get_token(f"{ORDERS}/.default")
    assert untrusting.codes() == [700213, 0, 70025]


A7 = {  # in the order of the case: what Graph is asked to trust, and the code that a token of the workload then meets
    "no credential": (None, 70025),
    "another issuer": ({"issuer": f"{GITHUB}/"}, 700211),
    "another audience": ({"audiences": ["api://somewhere-else"]}, 700212),
    "another case": ({"subject": str.upper}, 7002138),
    "an expression that does not hold": (
        {
            "subject": None,
            "claimsMatchingExpression": {
                "value": "claims['sub'] matches 'repo:another/*' and claims['repository_id'] eq '1'",
                "languageVersion": 1,
            },
        },
        7002131,
    ),
}


def test_why_nothing_matches(api, untrusting, believing):
    """A7."""
    beta = trusted(untrusting).replace("v1.0", "beta")
    with asking(untrusting) as credential:
        for members, code in A7.values():
            for each in api.ask("GET", beta)["value"]:
                api.ask("DELETE", f"{beta}/{each['id']}")
            if members is not None:
                told = {name: v(untrusting.subject) if callable(v) else v for name, v in members.items()}
                api.ask("POST", beta, trust(untrusting, **told))
            with pytest.raises(ClientAuthenticationError, match=f"AADSTS{code}: "):
                credential.get_token(f"{ORDERS}/.default")
    assert untrusting.codes() == [code for _, code in A7.values()]


def at_once(call):
    """Make a call from many threads at the same moment."""
    gate = Barrier(AT_ONCE)

    def one(number):
        gate.wait()
        return call(number)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(AT_ONCE)))


def test_of_many_that_add_a_credential_of_one_name_one_has_it(api, untrusting):
    answers = at_once(
        lambda number: api.send(
            "POST", trusted(untrusting), trust(untrusting, subject=f"{untrusting.subject}-{number}")
        )
    )
    assert sorted(each.status_code for each in answers) == [201] + [409] * (AT_ONCE - 1)
    refused = next(each.json()["error"] for each in answers if each.status_code == 409)
    assert refused["code"] == "Request_MultipleObjectsWithSameKeyValue"
    assert refused["message"] == "FederatedIdentityCredential with name workload already exists."
    (made,) = [each.json() for each in answers if each.status_code == 201]
    (kept,) = api.ask("GET", trusted(untrusting))["value"]
    assert (kept["id"], kept["subject"]) == (made["id"], made["subject"])


def test_of_many_that_prefer_to_make_what_is_missing_one_makes_it(api, untrusting):
    by_name = f"{trusted(untrusting)}(name='workload')"
    answers = at_once(
        lambda number: api.send(
            "PATCH", by_name, trust(untrusting, description=f"from {number}"), Prefer="create-if-missing"
        )
    )
    assert sorted(each.status_code for each in answers) == [201] + [204] * (AT_ONCE - 1)
    (kept,) = api.ask("GET", trusted(untrusting))["value"]
    assert kept["description"] in {f"from {number}" for number in range(AT_ONCE)}


def test_of_many_that_want_one_identifier_one_application_has_it(api, emulator):
    uri = f"api://{emulator.tenant_id}/wanted-by-many"
    answers = at_once(
        lambda number: api.send(
            "POST", "/v1.0/applications", {"displayName": f"wants {number}", "identifierUris": [uri]}
        )
    )
    assert sorted(each.status_code for each in answers) == [201] + [400] * (AT_ONCE - 1)
    found = api.ask("GET", f"/v1.0/applications?$filter=identifierUris/any(x:x eq '{uri}')")["value"]
    assert len(found) == 1
    assert api.ask("GET", "/v1.0/applications?$filter=startswith(displayName,'wants ')")["value"] == found


def test_of_many_that_make_a_service_principal_one_does(api):
    of = api.ask("POST", "/v1.0/applications", {"displayName": "one principal"})
    answers = at_once(lambda _: api.send("POST", "/v1.0/servicePrincipals", {"appId": of["appId"]}))
    assert sorted(each.status_code for each in answers) == [201] + [409] * (AT_ONCE - 1)
    found = api.ask("GET", f"/v1.0/servicePrincipals?$filter=appId eq '{of['appId']}'")["value"]
    assert len(found) == 1


def test_changes_of_different_members_at_once_are_all_kept(api):
    of = api.ask("POST", "/v1.0/applications", {"displayName": "changed by many"})
    path = f"/v1.0/applications/{of['id']}"
    members = ("description", "notes", "serviceManagementReference", "samlMetadataUrl")
    answers = at_once(lambda number: api.send("PATCH", path, {members[number % len(members)]: f"https://{number}"}))
    assert {each.status_code for each in answers} == {204}
    after = api.ask("GET", path)
    assert all(after[name] in {f"https://{at}", f"https://{at + len(members)}"} for at, name in enumerate(members))
