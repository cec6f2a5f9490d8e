"""Clients that run on Node, unmodified: @azure/identity (N1), @azure/msal-node (N2) and openid-client (O1 to O3)."""

from base64 import urlsafe_b64encode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests.clients.certified import made
from tests.clients.on_node import answer
from tests.support.recorder import recording
from tests.support.workload import GRAPH, ORDERS, VERIFIABLE

pytestmark = pytest.mark.clients_node
SCOPE = f"{ORDERS}/.default"
MINE = made()


def ask(node, workload, script, variables=None, **job):
    """Run one client with everything it may want to know."""
    believing = {"NODE_EXTRA_CA_CERTS": str(workload.emulator.ca_file)}
    usual = {"tenant": str(workload.application.tenant_id), "client": workload.client_id, "scope": SCOPE}
    return answer(node, script, {**usual, **job}, {**believing, **(variables or {})})


class TestAzureIdentity:
    @pytest.mark.parametrize("kind", ["workload", "default"])
    def test_from_environment_variables_alone(self, clients_node, workload, variables, kind):
        got = ask(clients_node, workload, "azure_identity.mjs", variables, kind=kind, scope=f"{GRAPH}/.default")
        workload.received(got["token"], GRAPH)
        assert workload.codes() == [0]

    def test_an_assertion(self, clients_node, workload):
        job = {"kind": "assertion", "assertion": workload.assertion(), "authorityHost": workload.emulator.url}
        got = ask(clients_node, workload, "azure_identity.mjs", **job)
        workload.received(got["token"])

    def test_a_secret(self, clients_node, workload):
        job = {"kind": "secret", "secret": workload.secret().value, "authorityHost": workload.emulator.url}
        got = ask(clients_node, workload, "azure_identity.mjs", **job)
        workload.received(got["token"], by="clientSecret")

    @pytest.mark.parametrize("kind", ["certificate", "chain"])
    def test_a_certificate(self, clients_node, workload, kind):
        """PS256, with the SHA-256 thumbprint."""
        workload.certificate(MINE.certificate)
        job = {"kind": kind, "certificate": MINE.both.decode(), "authorityHost": workload.emulator.url}
        got = ask(clients_node, workload, "azure_identity.mjs", **job)
        workload.received(got["token"], by="certificate")
        assert workload.events()[0].algorithm == "PS256"

    def test_a_refusal_says_why(self, clients_node, workload):
        job = {"assertion": workload.emulator.mint(params={"branch": "main"}), "authorityHost": workload.emulator.url}
        got = ask(clients_node, workload, "azure_identity.mjs", kind="assertion", **job)
        assert got["refused"]["name"] == "AuthenticationRequiredError"
        assert "AADSTS700213" in got["refused"]["message"]


class TestMsalNode:
    def job(self, workload, **job):
        return {"authority": workload.authority, "knownAuthorities": [workload.emulator.host], **job}

    @pytest.mark.parametrize("wanted", [ORDERS, GRAPH, VERIFIABLE])
    def test_an_assertion_is_exchanged_once_and_then_cached(self, clients_node, workload, wanted):
        job = self.job(workload, assertion=workload.assertion(), scope=f"{wanted}/.default")
        got = ask(clients_node, workload, "msal_node.mjs", **job)
        workload.received(got["token"], wanted)
        assert got["fromCache"] == [False, True]
        assert workload.codes() == [0]

    def test_a_cloud_described_by_the_authority_itself(self, clients_node, workload):
        """N2: instance discovery's answer, as it stands, is what MSAL takes for the description of a cloud."""
        emulator, job = workload.emulator, self.job(workload, assertion=workload.assertion())
        del job["knownAuthorities"]
        query = f"api-version=1.1&authorization_endpoint={workload.authority}/oauth2/v2.0/authorize"
        job["instance"] = f"{emulator.url}/common/discovery/instance?{query}"
        got = ask(clients_node, workload, "msal_node.mjs", **job)
        workload.received(got["token"])
        assert emulator.host in got["instance"]

    def test_a_secret(self, clients_node, workload):
        got = ask(clients_node, workload, "msal_node.mjs", **self.job(workload, secret=workload.secret().value))
        workload.received(got["token"], by="clientSecret")

    def test_a_certificate(self, clients_node, workload):
        workload.certificate(MINE.certificate)
        digest = x509.load_pem_x509_certificate(MINE.certificate).fingerprint(hashes.SHA256()).hex()
        certificate = {"thumbprintSha256": digest, "privateKey": MINE.private.decode()}
        got = ask(clients_node, workload, "msal_node.mjs", **self.job(workload, certificate=certificate))
        workload.received(got["token"], by="certificate")

    def test_a_refusal_says_why(self, clients_node, workload):
        job = self.job(workload, assertion=workload.emulator.mint(params={"branch": "main"}))
        got = ask(clients_node, workload, "msal_node.mjs", **job)
        assert "AADSTS700213" in got["refused"]["message"]


class TestOpenidClient:
    def ask(self, node, workload, path="/v2.0", **job):
        return ask(node, workload, "openid_client.mjs", **{"server": f"{workload.authority}{path}", **job})

    @pytest.mark.parametrize("path", ["/v2.0", "/v2.0/.well-known/openid-configuration"])
    def test_an_external_token(self, clients_node, workload, path):
        """O1, O3."""
        got = self.ask(clients_node, workload, path, kind="external", assertion=workload.assertion())
        workload.received(got["token"])
        assert got["issuer"] == f"{workload.authority}/v2.0"
        assert "scope" not in got["members"]

    @pytest.mark.parametrize("named", [True, False], ids=["with kid", "without kid"])
    def test_a_private_key(self, clients_node, workload, named):
        """O2: the audience is our issuer."""
        workload.certificate(MINE.certificate)
        der = x509.load_pem_x509_certificate(MINE.certificate)
        kid = urlsafe_b64encode(der.fingerprint(hashes.SHA256())).rstrip(b"=").decode() if named else None
        got = self.ask(clients_node, workload, kind="key", key=MINE.private.decode(), kid=kid)
        workload.received(got["token"], by="certificate")
        assert workload.events()[0].audiences == (f"{workload.authority}/v2.0",)

    @pytest.mark.parametrize("kind", ["post", "basic"])
    def test_a_secret(self, clients_node, workload, kind):
        """O2."""
        got = self.ask(clients_node, workload, kind=kind, secret=workload.secret().value)
        workload.received(got["token"], by="clientSecret")

    def test_a_wrong_secret_in_the_form_is_refused_without_a_challenge(self, clients_node, workload):
        """A challenge would hide from this client why."""
        refused = self.ask(clients_node, workload, kind="post", secret="wrong")["refused"]
        assert (refused["name"], refused["status"], refused["error"]) == ("ResponseBodyError", 401, "invalid_client")
        assert refused["description"].startswith("AADSTS7000215: ")
        assert refused["challenge"] is None

    def test_a_wrong_secret_in_the_header_is_refused_with_one(self, clients_node, workload):
        refused = self.ask(clients_node, workload, kind="basic", secret="wrong")["refused"]
        assert (refused["name"], refused["status"]) == ("WWWAuthenticateChallengeError", 401)
        assert refused["challenge"].startswith("Basic ")

    @pytest.mark.parametrize("alias", ["common", "organizations"])
    def test_an_alias_is_not_an_issuer(self, clients_node, workload, alias):
        """O3: as with Entra ID, a client that compares issuers must name the tenant."""
        server = f"{workload.emulator.url}/{alias}/v2.0"
        refused = ask(clients_node, workload, "openid_client.mjs", server=server, kind="post", secret="s")["refused"]
        assert refused["code"] == "OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED"
        assert workload.codes() == []

    def test_what_it_asks_for(self, clients_node, workload):
        """Discovery is read where it was told to; what stands in it are the authority's own addresses."""
        with recording(workload.emulator) as recorded:
            server = f"{recorded.url}/{workload.application.tenant_id}/v2.0"
            got = self.ask(clients_node, workload, server=server, kind="external", assertion=workload.assertion())
        assert got["refused"]["code"] == "OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED"
        path = f"/{workload.application.tenant_id}/v2.0/.well-known/openid-configuration"
        assert recorded.requests == [("GET", path)]
