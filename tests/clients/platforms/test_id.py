"""PyPI's id, unmodified, in a job of GitHub and in one of GitLab as the emulator plays them; then the exchange."""

import pytest
from azure.core.exceptions import ClientAuthenticationError

from accredit.client.sources.registry import source
from accredit.client.sources.source import Surroundings as Seen
from accredit.errors import SOURCE_REFUSED, Refused
from accredit.testidp import FAULTS
from tests.clients.platforms.jobs import AUDIENCE, begin, exchanged, unverified
from tests.support.workload import engage

pytestmark = pytest.mark.clients

DETECT = "import id, sys; print(id.detect_credential(sys.argv[1]))"
REFUSED = """
import id, sys
try:
    print(id.detect_credential(sys.argv[1]))
except id.AmbientCredentialError as error:
    print(error)
"""
CA = "SSL_CERT_FILE"


@pytest.fixture
def surrounded(emulator, tmp_path):
    """The surroundings of a new job, and the CA that the machine trusts."""

    def make(dialect="github", **request):
        found = begin(emulator, tmp_path, dialect, **request)
        return type(found)({**found.variables, CA: str(emulator.ca_file)})

    return make


def test_a_job_of_github_gets_its_token_and_exchanges_it(emulator, surrounded):
    workload = engage(emulator)
    job = surrounded(params={"environment": workload.environment})
    token = job.program(DETECT, AUDIENCE)
    assert unverified(token)["aud"] == AUDIENCE
    exchanged(workload, token)


def test_our_own_source_gets_the_same(emulator, surrounded, monkeypatch):
    workload = engage(emulator)
    job = surrounded(params={"environment": workload.environment})
    monkeypatch.setenv(CA, str(emulator.ca_file))  # read by the TLS library of this process
    own = source("github_actions", Seen(job.variables))
    assert own.detect().found
    theirs, ours = unverified(job.program(DETECT, "api://x?y&z")), unverified(own.fetch("api://x?y&z"))
    moving = {"iat", "nbf", "exp", "jti"}
    assert {name: ours[name] for name in ours.keys() - moving} == {
        name: theirs[name] for name in theirs.keys() - moving
    }
    exchanged(workload, own.fetch(AUDIENCE))


def test_a_job_without_the_permission_is_refused_in_the_platforms_words(emulator, surrounded, monkeypatch):
    job = surrounded()
    wrong = type(job)({**job.variables, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x"})
    assert "403" in wrong.program(REFUSED, AUDIENCE)
    monkeypatch.setenv(CA, str(emulator.ca_file))
    with pytest.raises(Refused, match="403") as refused:
        source("github_actions", Seen(wrong.variables)).fetch(AUDIENCE)
    assert refused.value.row is SOURCE_REFUSED
    assert "id-token: write" in refused.value.detail


@pytest.mark.parametrize("fault", ["expired", "wrong_kid", "sub_case"])
def test_what_a_test_makes_wrong_is_wrong_for_the_platforms_client_too(emulator, surrounded, fault):
    code, workload = FAULTS[fault].entra, engage(emulator)
    job = surrounded(params={"environment": workload.environment}, faults=[fault])
    with pytest.raises(ClientAuthenticationError, match=f"AADSTS{code}:"):
        exchanged(workload, job.program(DETECT, AUDIENCE))
    assert workload.codes() == [code]


def test_a_job_of_gitlab_finds_its_token(emulator, surrounded):
    project = "my-group/shop"
    job = surrounded("gitlab", params={"project_path": project, "branch": "main"})
    token = job.program(DETECT, AUDIENCE)
    said = unverified(token)
    workload = engage(emulator, trusting=False)
    workload.trust(issuer=said["iss"], subject=said["sub"])
    exchanged(workload, token)
