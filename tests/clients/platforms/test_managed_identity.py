"""azure-identity's ManagedIdentityCredential, unmodified, against a machine's metadata service and App Service."""

import pytest
from azure.core.exceptions import ClientAuthenticationError

from accredit.client.sources.registry import source
from accredit.client.sources.source import Surroundings as Seen
from accredit.errors import SOURCE_REFUSED, Refused
from tests.clients.platforms.jobs import AUDIENCE, Surroundings, begin, exchanged, unverified
from tests.support.workload import engage

pytestmark = pytest.mark.clients

ISSUER = "https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555/v2.0"
EXCHANGED_FOR = "fb60f99c-7a34-4190-8149-302f77469936"  # what tokens of version 2.0 call the audience
APP = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER")
ASK = """
import sys, azure.identity as i
print(i.ManagedIdentityCredential().get_token(sys.argv[1] + "/.default").token)
"""
BY_NAME = """
import sys, azure.identity as i
print(i.ManagedIdentityCredential(client_id=sys.argv[2]).get_token(sys.argv[1] + "/.default").token)
try:
    i.ManagedIdentityCredential(client_id=sys.argv[3]).get_token(sys.argv[1] + "/.default")
except i.CredentialUnavailableError as refused:
    print(refused)
"""


@pytest.fixture
def identity(emulator, tmp_path):
    """A job with an identity of its own, and an application that trusts it.

    The issuer is an instance: nobody takes a token of Entra ID's own issuers, as a test below says.
    """
    workload = engage(emulator, trusting=False)
    issuer = f"{emulator.ready['idp_url']}/entra/{workload.environment}"
    workload.trust(issuer=issuer, subject=workload.client_id, audiences=(EXCHANGED_FOR,))
    return workload, begin(emulator, tmp_path, "entra", params=params(workload), instance=workload.environment)


def params(workload):
    return {"principal_id": workload.client_id, "client_id": str(workload.principal.id)}


def machine(job):
    return Surroundings({name: value for name, value in job.variables.items() if name not in APP})


def test_a_machine(identity):
    workload, job = identity
    token = machine(job).program(ASK, AUDIENCE)
    assert unverified(token)["oid"] == workload.client_id
    exchanged(workload, token)


def test_an_app(identity):
    workload, job = identity
    exchanged(workload, job.program(ASK, AUDIENCE))


def test_entra_ids_own_issuer_is_refused_as_entra_id_refuses_it(emulator, tmp_path):
    workload = engage(emulator, trusting=False)
    workload.trust(issuer=ISSUER, subject=workload.client_id, audiences=(EXCHANGED_FOR,))
    token = machine(begin(emulator, tmp_path, "entra", params=params(workload))).program(ASK, AUDIENCE)
    assert unverified(token)["iss"] == ISSUER
    with pytest.raises(ClientAuthenticationError, match="AADSTS700222"):
        exchanged(workload, token)


def test_an_identity_by_name(identity):
    workload, job = identity
    for each in (job, machine(job)):
        token, refusal = each.program(BY_NAME, AUDIENCE, str(workload.principal.id), workload.client_id).splitlines()
        assert unverified(token)["sub"] == workload.client_id
        assert "Identity not found" in refusal


def test_the_source_gets_the_same_token(identity):
    workload, job = identity
    for each in (job, machine(job)):
        found = source("imds", Seen(each.variables))
        assert found.detect().found == (each is job)
        exchanged(workload, found.fetch(AUDIENCE))
        other = source("imds", Seen(each.variables), client_id=workload.client_id)
        with pytest.raises(Refused) as refused:
            other.fetch(AUDIENCE)
        assert refused.value.row is SOURCE_REFUSED
