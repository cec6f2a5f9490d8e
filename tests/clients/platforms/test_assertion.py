"""azure-identity, unmodified, with the function that returns the platform's token: found by itself, sync and async."""

import asyncio
from contextlib import closing

import azure.identity as sync
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import aio

from accredit import client
from accredit.client.sources.source import Surroundings as Seen
from accredit.errors import SUBJECT_NOT_TRUSTED, Refused
from tests.clients.platforms.jobs import begin
from tests.support.workload import ORDERS, engage

pytestmark = pytest.mark.clients

SCOPE = f"{ORDERS}/.default"


@pytest.fixture
def workload(emulator):
    return engage(emulator)


@pytest.fixture
def assertion(workload, emulator, tmp_path, believing):
    """What a job on GitHub finds around itself; it is not told that it is there."""
    job = begin(emulator, tmp_path, "github", params={"environment": workload.environment})
    found = client.assertion(around=Seen({**job.variables, "PATH": "/nonexistent"}, root=tmp_path))
    assert found.source.name == "github_actions"
    return found


def options(workload):
    verify = str(workload.emulator.ca_file)
    return {"authority": workload.emulator.url, "connection_verify": verify}


def test_a_credential_calls_it_whenever_it_needs_a_token(workload, assertion):
    tenant = str(workload.application.tenant_id)
    for _ in range(2):  # each credential has a cache of its own
        credential = sync.ClientAssertionCredential(tenant, workload.client_id, assertion, **options(workload))
        with closing(credential):
            workload.received(credential.get_token(SCOPE).token)
    assert workload.codes() == [0, 0]


def test_the_asynchronous_credential_takes_it_too(workload, assertion):
    async def asked():
        await assertion.ready()
        tenant = str(workload.application.tenant_id)
        async with aio.ClientAssertionCredential(tenant, workload.client_id, assertion, **options(workload)) as found:
            return (await found.get_token(SCOPE)).token

    workload.received(asyncio.run(asked()))


def test_what_the_source_refuses_is_what_the_credential_raises(workload, emulator, tmp_path, believing):
    job = begin(emulator, tmp_path, "github", params={"environment": workload.environment})
    wrong = {**job.variables, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "another"}
    refusing = client.assertion("github", around=Seen(wrong))
    tenant = str(workload.application.tenant_id)
    credential = sync.ClientAssertionCredential(tenant, workload.client_id, refusing, **options(workload))
    with closing(credential), pytest.raises((Refused, ClientAuthenticationError), match="github_actions gave no token"):
        credential.get_token(SCOPE)
    assert workload.codes() == []


def test_one_exchange_without_another_library(workload, assertion):
    asked = {"tenant": str(workload.application.tenant_id), "client_id": workload.client_id, "scope": SCOPE}
    more = {"assertion": assertion, "ca_file": str(workload.emulator.ca_file)}
    found = client.access_token(workload.emulator.url, **asked, **more)
    workload.received(found.value)
    workload.distrust()
    with pytest.raises(Refused) as refused:
        client.access_token(workload.emulator.url, **asked, **more)
    assert refused.value.row.error == SUBJECT_NOT_TRUSTED.error
    assert found.value not in repr(found)
