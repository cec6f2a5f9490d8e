"""The Kubernetes Python client and azure-identity, unmodified, against a cluster as the emulator plays it."""

import json
from contextlib import closing

import azure.identity as azure
import pytest
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from accredit.client.sources.registry import source
from accredit.client.sources.source import Surroundings as Seen
from tests.clients.platforms.jobs import AUDIENCE, begin, exchanged, unverified
from tests.support.workload import ORDERS, engage

pytestmark = pytest.mark.clients

POD = client.V1BoundObjectReference(kind="Pod", api_version="v1", name="wl-7d9c")


@pytest.fixture
def job(emulator, tmp_path):
    return begin(emulator, tmp_path, "kubernetes")


@pytest.fixture
def api(job):
    """The API, configured by the file that KUBECONFIG names and by nothing else."""
    with config.new_client_from_config(job.variables["KUBECONFIG"]) as made:
        yield client.CoreV1Api(made)


def asked(api, **spec):
    spec = {"audiences": [AUDIENCE], **spec}
    body = client.AuthenticationV1TokenRequest(spec=client.V1TokenRequestSpec(**spec))
    return api.create_namespaced_service_account_token("deployer", "shop", body)


def trusted(emulator, token):
    said = unverified(token)
    workload = engage(emulator, trusting=False)
    workload.trust(issuer=said["iss"], subject=said["sub"])
    return workload


def test_an_account_gets_a_token_and_exchanges_it(emulator, api):
    found = asked(api, expiration_seconds=600)
    said = unverified(found.status.token)
    assert said["sub"] == "system:serviceaccount:shop:deployer"
    assert said["aud"] == [AUDIENCE]
    assert found.status.expiration_timestamp.timestamp() == said["exp"] == said["iat"] + 600
    exchanged(trusted(emulator, found.status.token), found.status.token)


def test_a_token_of_a_pod_says_which(api):
    said = unverified(asked(api, bound_object_ref=POD).status.token)["kubernetes.io"]
    assert (said["pod"]["name"], said["node"]["name"]) == ("wl-7d9c", "node-a")


@pytest.mark.parametrize(
    ("spec", "status", "field"),
    [({"expiration_seconds": 599}, 422, "spec.expirationSeconds"), ({"expiration_seconds": 2**33}, 422, "2^32")],
)
def test_what_the_api_server_refuses_is_refused(api, spec, status, field):
    with pytest.raises(ApiException) as refused:
        asked(api, **spec)
    assert refused.value.status == status
    assert field in json.loads(refused.value.body)["message"]


def test_nobody_else_is_let_in(api):
    api.api_client.configuration.refresh_api_key_hook = None
    api.api_client.configuration.api_key["BearerToken"] = "Bearer x"
    with pytest.raises(ApiException) as refused:
        asked(api)
    assert (refused.value.status, json.loads(refused.value.body)["reason"]) == (401, "Unauthorized")


def test_the_projected_token_is_what_azure_identity_and_our_own_source_read(emulator, job):
    own = source("kubernetes_file", Seen(job.variables))
    assert own.detect().found
    token = own.fetch(AUDIENCE)
    workload = trusted(emulator, token)
    credential = azure.WorkloadIdentityCredential(
        tenant_id=str(workload.application.tenant_id),
        client_id=workload.client_id,
        token_file_path=job.variables["AZURE_FEDERATED_TOKEN_FILE"],
        authority=job.variables["AZURE_AUTHORITY_HOST"],
        connection_verify=str(emulator.ca_file),
    )
    with closing(credential):
        workload.received(credential.get_token(f"{ORDERS}/.default").token)
    exchanged(workload, token)
