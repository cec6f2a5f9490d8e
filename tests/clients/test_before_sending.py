"""What must not be sent: by clients without TLS (C3), by the authority to issuers that no credential names (C4)."""

import azure.identity
import httpx2
import msal
import pytest
from azure.core.exceptions import ClientAuthenticationError

from tests.support.recorder import silent
from tests.support.workload import ORDERS

pytestmark = [pytest.mark.clients, pytest.mark.usefixtures("believing")]
TENANT, CLIENT = "acc7ed17-0000-4000-8000-000000000001", "acc7ed17-0000-4000-8000-000000000003"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_azure_identity_refuses_an_authority_without_tls(host):
    with silent() as nobody, pytest.raises(ValueError, match="https"):
        azure.identity.ClientAssertionCredential(
            TENANT, CLIENT, lambda: "assertion", authority=f"http://{host}:{nobody.port}"
        )
    assert nobody.visits == 0


def test_msal_refuses_an_authority_without_tls():
    with silent() as nobody, pytest.raises(ValueError, match="https"):
        msal.ConfidentialClientApplication(
            CLIENT,
            client_credential="secret",
            authority=f"http://localhost:{nobody.port}/{TENANT}",
            instance_discovery=False,
        )
    assert nobody.visits == 0


def test_a_listener_that_counts_does_count():
    with silent() as nobody, pytest.raises(httpx2.HTTPError):
        httpx2.get(f"http://127.0.0.1:{nobody.port}", trust_env=False)
    assert nobody.visits == 1


ELSEWHERE = {
    "as its issuer": ({"overrides": {"iss": "https://127.0.0.1:{port}"}}, 700211),
    "as its issuer, without TLS": ({"overrides": {"iss": "http://127.0.0.1:{port}"}}, 700211),
    "in jku": ({"header": {"jku": "https://127.0.0.1:{port}/jwks"}}, None),
    "in x5u": ({"header": {"x5u": "https://127.0.0.1:{port}/chain.pem"}}, None),
    "in jku, with an unknown kid": (
        {"header": {"jku": "http://127.0.0.1:{port}/jwks", "kid": "unknown"}},
        7000272,
    ),
}


def placed(value, port):
    """Put the port into every text of a structure."""
    if isinstance(value, dict):
        return {name: placed(each, port) for name, each in value.items()}
    return value.replace("{port}", str(port))


@pytest.mark.parametrize(("body", "code"), ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_nothing_is_fetched_from_an_address_that_only_a_token_names(workload, body, code):
    with silent() as nobody:
        assertion = workload.assertion(**placed(body, nobody.port))
        credential = azure.identity.ClientAssertionCredential(
            TENANT, workload.client_id, lambda: assertion, authority=workload.emulator.url
        )
        with credential:
            if code is None:
                workload.received(credential.get_token(f"{ORDERS}/.default").token)
            else:
                with pytest.raises(ClientAuthenticationError, match=f"AADSTS{code}: "):
                    credential.get_token(f"{ORDERS}/.default")
    assert nobody.visits == 0
    assert not [issuer for issuer in workload.emulator.fetches() if f":{nobody.port}" in issuer]
    assert workload.codes() == [code or 0]


def test_what_the_authority_issued_itself_is_refused_before_any_fetch(workload):
    """C4: an issuer of our own is 700222, although a credential names it."""
    emulator = workload.emulator
    mine = f"{emulator.url}/{emulator.tenant_id}/v2.0"
    workload.trust(issuer=mine, subject=workload.subject)
    assertion = workload.assertion(overrides={"iss": mine})
    with (
        azure.identity.ClientAssertionCredential(
            TENANT, workload.client_id, lambda: assertion, authority=emulator.url
        ) as credential,
        pytest.raises(ClientAuthenticationError, match="AADSTS700222"),
    ):
        credential.get_token(f"{ORDERS}/.default")
    assert mine not in emulator.fetches()
