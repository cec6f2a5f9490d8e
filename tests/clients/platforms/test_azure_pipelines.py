"""azure-identity, unmodified, in a job of Azure Pipelines as the emulator plays it: token and exchange in one step."""

from contextlib import closing

import azure.identity as azure
import pytest
from azure.core.exceptions import ClientAuthenticationError

from accredit.client.sources.registry import source
from accredit.client.sources.source import Surroundings as Seen
from tests.clients.platforms.jobs import AUDIENCE, begin, exchanged, unverified
from tests.support.workload import ORDERS, engage

pytestmark = pytest.mark.clients


@pytest.fixture
def job(emulator, tmp_path, believing, monkeypatch):
    found = begin(emulator, tmp_path, "azure_devops", params={"organization": "contoso", "project": "two words"})
    for name, value in found.variables.items():
        monkeypatch.setenv(name, value)
    return found


@pytest.fixture
def trusting(emulator):
    workload = engage(emulator, trusting=False)
    issuer = "https://vstoken.dev.azure.com/00000019-1111-4222-8333-000000000019"
    workload.trust(issuer=issuer, subject="sc://contoso/two words/prod-connection")
    return workload


def token(job, workload, **changed):
    credential = azure.AzurePipelinesCredential(
        tenant_id=str(workload.application.tenant_id),
        client_id=workload.client_id,
        authority=workload.emulator.url,
        **{
            "service_connection_id": job.variables["AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"],
            "system_access_token": job.variables["SYSTEM_ACCESSTOKEN"],
            **changed,
        },
    )
    with closing(credential):
        return credential.get_token(f"{ORDERS}/.default").token


def test_a_service_connection_gets_an_access_token(job, trusting):
    trusting.received(token(job, trusting))


def test_what_the_platform_refuses_is_refused(job, trusting):
    for wrong in ({"system_access_token": "x"}, {"service_connection_id": "0000001a-0000-4222-8333-00000000001a"}):
        with pytest.raises(ClientAuthenticationError):
            token(job, trusting, **wrong)


def test_our_own_source_gets_the_same(job, trusting):
    own = source("azure_devops", Seen(job.variables))
    assert own.detect().found
    assertion = own.fetch(AUDIENCE)
    assert unverified(assertion)["sub"] == trusting.credential.subject
    exchanged(trusting, assertion)
