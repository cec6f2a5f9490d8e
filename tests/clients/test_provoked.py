"""What a test does to the authority, as unmodified clients meet it: they are throttled, refused, and come again."""

from contextlib import closing

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.identity import ClientAssertionCredential
from msal import ConfidentialClientApplication

from tests.support.inside import inside
from tests.support.workload import ORDERS, engage

pytestmark = pytest.mark.clients

SCOPE = f"{ORDERS}/.default"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    with inside(tmp_path_factory.mktemp("provoked") / "data") as made:
        yield made


@pytest.fixture
def workload(emulator):
    emulator.provoking.reset()
    return engage(emulator)


def ask(workload, **options):
    credential = ClientAssertionCredential(
        str(workload.application.tenant_id),
        workload.client_id,
        workload.assertion,
        authority=workload.emulator.url,
        connection_verify=str(workload.emulator.ca_file),
        disable_instance_discovery=True,
        **options,
    )
    with closing(credential):
        return credential.get_token(SCOPE).token


def statuses(workload):
    """What the token endpoint answered to this application."""
    return [each.status for each in workload.emulator.provoking.requests if each.client_id == workload.client_id]


@pytest.mark.parametrize("status", [429, 503])
def test_azure_identity_comes_again_when_it_was_told_to(emulator, workload, status):
    emulator.provoking.throttle(status, retry_after=0, client_id=workload.client_id)
    assert workload.verified(ask(workload))["azp"] == workload.client_id
    assert statuses(workload) == [status, 200]


def test_azure_identity_gives_up_in_the_end(emulator, workload):
    emulator.provoking.throttle(429, retry_after=0, times=None, client_id=workload.client_id)
    with pytest.raises((ClientAuthenticationError, HttpResponseError), match="AADSTS90055"):
        ask(workload, retry_total=1)
    assert statuses(workload) == [429] * 2


def test_azure_identity_shows_the_error_that_was_planned(emulator, workload):
    emulator.provoking.next_response("AADSTS7000272", client_id=workload.client_id)
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000272: The certificate with identifier"):
        ask(workload)
    assert workload.codes() == [7000272]
    assert ask(workload)


@pytest.mark.usefixtures("believing")
def test_msal_asks_again_for_a_token_that_expires_by_its_own_clock_only(emulator, workload):
    """The emulator's clock decides what is issued; when a client asks again is the client's business."""
    application = ConfidentialClientApplication(
        workload.client_id,
        client_credential={"client_assertion": workload.assertion},
        authority=workload.authority,
        instance_discovery=False,
    )
    first = application.acquire_token_for_client([SCOPE])
    emulator.provoking.clock.advance(hours=2)
    again = application.acquire_token_for_client([SCOPE])
    assert again["access_token"] == first["access_token"]
    assert statuses(workload) == [200]
    emulator.provoking.clock.reset()  # the tokens of that time are not valid yet for anybody else
    application.remove_tokens_for_client()
    assert application.acquire_token_for_client([SCOPE])["access_token"] != first["access_token"]
