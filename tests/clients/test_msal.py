"""MSAL for Python, unmodified: the acceptance cases M1 to M4."""

import time

import jwt
import msal
import pytest
import requests

from tests.clients.certified import made
from tests.support.workload import GRAPH, ORDERS

pytestmark = [pytest.mark.clients, pytest.mark.usefixtures("believing")]
SCOPE = [f"{ORDERS}/.default"]


def application(workload, credential, **options):
    return msal.ConfidentialClientApplication(
        workload.client_id,
        client_credential=credential,
        authority=workload.authority,
        instance_discovery=False,
        **options,
    )


def test_an_assertion_is_exchanged_once_and_then_cached(workload):
    """M1."""
    client = application(workload, {"client_assertion": workload.assertion})
    first, second = (client.acquire_token_for_client(SCOPE) for _ in range(2))
    workload.received(first["access_token"])
    assert (first["token_source"], first["token_type"], first["expires_in"]) == ("identity_provider", "Bearer", 3599)
    assert second["token_source"] == "cache"
    assert second["access_token"] == first["access_token"]
    assert workload.codes() == [0]


def test_what_a_client_says_of_its_capabilities_changes_nothing(workload):
    client = application(workload, {"client_assertion": workload.assertion}, client_capabilities=["CP1"])
    workload.received(client.acquire_token_for_client([f"{GRAPH}/.default"])["access_token"], GRAPH)


def test_a_refusal_is_not_cached(untrusting):
    """M2: a 400 would be answered from MSAL's own memory for a minute."""
    assertion = untrusting.assertion()
    client = application(untrusting, {"client_assertion": lambda: assertion})
    refused = client.acquire_token_for_client(SCOPE)
    assert refused["error"] == "invalid_client"
    assert refused["error_codes"] == [70025]
    untrusting.trust()
    untrusting.received(client.acquire_token_for_client(SCOPE)["access_token"])
    assert untrusting.codes() == [70025, 0]


def test_a_secret(workload):
    """M3."""
    client = application(workload, workload.secret().value)
    workload.received(client.acquire_token_for_client(SCOPE)["access_token"], by="clientSecret")


def test_a_wrong_secret(workload):
    workload.secret()
    refused = application(workload, "not-the-secret").acquire_token_for_client(SCOPE)
    assert refused["error_codes"] == [7000215]
    assert "not-the-secret" not in str(refused)


MINE = made()
CERTIFICATES = {
    "SHA-1 thumbprint": {"thumbprint": MINE.thumbprint},
    "SHA-1 thumbprint and the chain": {"thumbprint": MINE.thumbprint, "public_certificate": MINE.certificate.decode()},
    "the certificate, of which MSAL takes SHA-256": {"public_certificate": MINE.certificate.decode()},
}


@pytest.mark.parametrize("more", CERTIFICATES.values(), ids=CERTIFICATES.keys())
def test_a_certificate(workload, more):
    """M3: with padded thumbprints and the times as MSAL writes them."""
    workload.certificate(MINE.certificate)
    client = application(workload, {"private_key": MINE.private.decode(), **more})
    workload.received(client.acquire_token_for_client(SCOPE)["access_token"], by="certificate")


def test_a_certificate_that_is_not_registered(workload):
    workload.certificate(MINE.certificate)
    other = made(1)
    client = application(workload, {"private_key": other.private.decode(), "thumbprint": other.thumbprint})
    assert client.acquire_token_for_client(SCOPE)["error_codes"] == [700027]


def test_on_behalf_of_and_paths_of_managed_identities_are_refused(workload):
    """M4."""
    client = application(workload, {"client_assertion": workload.assertion})
    user = jwt.encode({"sub": "somebody", "exp": time.time() + 60}, MINE.private, "RS256", {"kid": "1"})
    on_behalf = client.acquire_token_on_behalf_of(user, SCOPE)
    path = client.acquire_token_for_client(SCOPE, fmi_path="a/path")
    assert on_behalf["error"] == "unsupported_grant_type"
    assert "AADSTS70003" in on_behalf["error_description"]
    assert path["error"] == "invalid_request"
    assert "AADSTS901002" in path["error_description"]
    assert "'fmi_path'" in path["error_description"]


class Noted(requests.Session):
    """What MSAL uses when nothing is given, with a memory."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def request(self, method, url, **options):
        self.asked.append((method.upper(), url))
        return super().request(method, url, **options)


def test_what_msal_asks_for(workload):
    """Its tenant's discovery document, once, then the endpoint that stands there."""
    with Noted() as session:
        client = application(workload, {"client_assertion": workload.assertion}, http_client=session)
        for wanted in (ORDERS, GRAPH):
            workload.received(client.acquire_token_for_client([f"{wanted}/.default"])["access_token"], wanted)
    token = ("POST", workload.emulator.token_endpoint(workload.application.tenant_id))
    assert session.asked == [("GET", f"{workload.authority}/v2.0/.well-known/openid-configuration"), token, token]
