"""openid-client on Node, unmodified: discovery and client credentials at each provider; then the exchange."""

import pytest

from tests.clients.on_node import answer
from tests.clients.platforms.jobs import AUDIENCE, begin, exchanged, unverified
from tests.support.workload import engage

pytestmark = pytest.mark.clients_node

FURTHER = {"auth0": {"audience": AUDIENCE}}


def ask(node, emulator, dialect, variables, **changed):
    """An instance has its own address for an issuer, which is what the client compares."""
    job = {
        "server": f"{emulator.ready['idp_url']}/{dialect}/blue",
        "client": variables["CLIENT_ID"],
        "kind": "basic",
        "secret": variables["CLIENT_SECRET"],
        "scope": "deploy",
        "further": FURTHER.get(dialect, {}),
        **changed,
    }
    return answer(node, "openid_client.mjs", job, {"NODE_EXTRA_CA_CERTS": str(emulator.ca_file)})


@pytest.mark.parametrize("dialect", ["keycloak", "auth0", "okta", "custom"])
def test_a_client_gets_a_token_and_exchanges_it(clients_node, emulator, tmp_path, dialect):
    params = {"audience": AUDIENCE} if dialect in {"keycloak", "okta"} else {}
    variables = begin(emulator, tmp_path, dialect, instance="blue", params=params).variables
    got = ask(clients_node, emulator, dialect, variables)
    said = unverified(got["token"])
    workload = engage(emulator, trusting=False)
    workload.trust(issuer=got["issuer"], subject=said["sub"])
    exchanged(workload, got["token"])
    refused = ask(clients_node, emulator, dialect, variables, kind="post", secret="x")["refused"]
    assert refused["name"] == "ResponseBodyError", refused
