"""The sign-in log as programs read it: the acceptance case G2, with a plain HTTP client behind azure-identity."""

from contextlib import closing

import azure.identity as sync
import pytest

from tests.support.workload import GRAPH

pytestmark = pytest.mark.clients

FILTER = "signInEventTypes/any(t: t eq 'servicePrincipal')"
BETA_ONLY = {
    "servicePrincipalCredentialKeyId",
    "servicePrincipalCredentialThumbprint",
    "federatedCredentialId",
    "clientCredentialType",
    "signInEventTypes",
}


@pytest.fixture
def get(emulator, believing):
    """Ask the directory API as the emulator's administrator."""
    admin = emulator.ready["admin"]
    credential = sync.ClientSecretCredential(
        str(emulator.tenant_id),
        admin["client_id"],
        admin["client_secret"],
        authority=emulator.url,
        disable_instance_discovery=True,
    )
    with closing(credential):
        bearer = {"authorization": f"Bearer {credential.get_token(f'{GRAPH}/.default').token}"}

    def asked(path, **query):
        params = {f"${name}": value for name, value in query.items()} or None  # none: those of a link stay
        url = path if path.startswith(emulator.url) else emulator.url + path
        answer = emulator.http.get(url, params=params, headers=bearer)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return asked


def newest_of(workload, page):
    return [each for each in page["value"] if each["appId"] == workload.client_id]


def test_the_credential_that_let_a_workload_in_is_found_by_its_sign_in(workload, environment, get):
    with closing(sync.WorkloadIdentityCredential()) as credential:
        workload.received(credential.get_token(f"{GRAPH}/.default").token, GRAPH)

    page = get("/beta/auditLogs/signIns", filter=FILTER, top=5)
    assert len(page["value"]) <= 5
    (event,) = newest_of(workload, page)
    assert event["clientCredentialType"] == "federatedIdentityCredential"
    assert event["federatedCredentialId"] == str(workload.credential.id)
    assert event["status"]["errorCode"] == 0

    trusted = f"/beta/applications(appId='{event['appId']}')/federatedIdentityCredentials"
    found = get(f"{trusted}/{event['federatedCredentialId']}")
    assert (found["name"], found["subject"]) == (workload.credential.name, workload.subject)

    (plain,) = newest_of(workload, get("/v1.0/auditLogs/signIns", filter=FILTER, top=5))
    assert set(event) - set(plain) == BETA_ONLY
    assert {name: event[name] for name in plain} == plain


def test_a_poller_meets_every_sign_in_once(workload, get):
    """It asks for what happened since it last looked, an application's, oldest first, and follows the links."""
    assertion = {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}
    for _ in range(5):
        form = {
            **assertion,
            "client_assertion": workload.assertion(),
            "client_id": workload.client_id,
            "grant_type": "client_credentials",
            "scope": f"{GRAPH}/.default",
        }
        assert workload.emulator.http.post(workload.emulator.token_endpoint(), data=form).status_code == 200
    since = f"appId eq '{workload.client_id}' and createdDateTime ge 2020-01-01T00:00:00Z"
    page = get("/beta/auditLogs/signIns", filter=since, orderby="createdDateTime", top=2)
    met = [each["id"] for each in page["value"]]
    while link := page.get("@odata.nextLink"):
        page = get(link)
        met += [each["id"] for each in page["value"]]
    assert met == [str(each.id) for each in reversed(workload.events())]
    assert len(set(met)) == 5
