"""google-auth, unmodified, against the metadata server as the test issuer plays it; then the exchange."""

import pytest

from accredit.client.sources.registry import source
from accredit.client.sources.source import Surroundings as Seen
from tests.clients.platforms.jobs import AUDIENCE, begin, exchanged, unverified
from tests.support.workload import engage

pytestmark = pytest.mark.clients

ISSUER = "https://accounts.google.com"
# The library reads where the metadata server is when it is imported, so each runs in a process of its own. Without
# ``bind_id_token=False`` it would look for a certificate to bind the token to, and such a token is for nobody else.
FETCHED = """
import sys, google.auth.transport.requests as transport, google.oauth2.id_token as i
print(i.fetch_id_token(transport.Request(), sys.argv[1], bind_id_token=False))
"""
CREDENTIALS = """
import sys, google.auth.transport.requests as transport, google.auth.compute_engine as compute
request = transport.Request()
made = compute.IDTokenCredentials(request, sys.argv[1], use_metadata_identity_endpoint=True, bind_id_token=False)
made.refresh(request)
assert made.service_account_email == sys.argv[2], made.service_account_email
assert made.valid
print(made.token)
"""
UNKNOWN = """
import google.auth.transport.requests as transport, google.oauth2.id_token as i, google.auth.exceptions as e
try:
    i.fetch_id_token(transport.Request(), "", bind_id_token=False)
except e.RefreshError as refused:
    print(refused)
"""


@pytest.fixture
def account(emulator, tmp_path):
    """A job under a service account of its own, and an application that trusts it."""
    workload = engage(emulator, trusting=False)
    number = workload.environment.rpartition("-")[2].zfill(21)
    email = f"{workload.environment}@my-project.iam.gserviceaccount.com"
    workload.trust(issuer=ISSUER, subject=number)
    return workload, begin(emulator, tmp_path, "google", params={"unique_id": number, "email": email}), email


def test_a_token_by_the_function(account):
    workload, job, _ = account
    token = job.program(FETCHED, AUDIENCE)
    assert unverified(token)["google"]["compute_engine"]["project_id"] == "my-project"
    exchanged(workload, token)


def test_a_token_by_the_credentials(account):
    workload, job, email = account
    exchanged(workload, job.program(CREDENTIALS, AUDIENCE, email))


def test_a_refusal_is_read(account):
    _, job, _ = account
    assert "non-empty audience parameter required" in job.program(UNKNOWN)


def test_the_source_gets_the_same_token(account):
    workload, job, _ = account
    found = source("gcp", Seen(job.variables))
    assert found.detect().why == "GCE_METADATA_HOST is set"
    exchanged(workload, found.fetch(AUDIENCE))
