"""PyPI spiffe, unmodified, against a Workload API that serves the test issuer's JWT-SVIDs; then the exchange."""

import jwt
import pytest
from azure.core.exceptions import ClientAuthenticationError
from spiffe import JwtSvid, SpiffeId, TrustDomain, WorkloadApiClient
from spiffe.workloadapi.errors import FetchJwtSvidError

from accredit.client.sources.registry import source
from accredit.client.sources.source import Surroundings
from accredit.errors import SOURCE_MISSING, SOURCE_REFUSED, SOURCE_UNREACHABLE, Refused
from tests.clients.platforms.jobs import AUDIENCE, exchanged
from tests.clients.platforms.workload_api import DOMAIN, serving
from tests.support.workload import engage, extended

pytestmark = pytest.mark.clients

ISSUER = "https://oidc.example.org"
SOCKET = "SPIFFE_ENDPOINT_SOCKET"


@pytest.fixture
def workload(emulator):
    made = engage(emulator, trusting=False)
    made.trust(issuer=ISSUER, subject=f"{DOMAIN}/ns/prod/sa/{made.environment}")
    return made


@pytest.fixture
def agent(emulator, workload, tmp_path):
    with serving(emulator, tmp_path, workload.credential.subject) as address:
        yield address


def test_a_jwt_svid_is_one_to_its_own_library_and_is_exchanged(workload, agent):
    with WorkloadApiClient(agent, default_timeout=10) as client:
        svid = client.fetch_jwt_svid(audience={AUDIENCE})
        bundle = client.fetch_jwt_bundles().get_bundle_for_trust_domain(TrustDomain("example.org"))
        with pytest.raises(FetchJwtSvidError, match="no identity issued"):
            client.fetch_jwt_svid(audience={AUDIENCE}, subject=SpiffeId(f"{DOMAIN}/another"))
    assert JwtSvid.parse_and_validate(svid.token, bundle, {AUDIENCE}).spiffe_id == svid.spiffe_id
    exchanged(workload, svid.token)


def test_the_least_that_a_jwt_svid_says_is_for_tenants_that_take_it(emulator, workload, tmp_path):
    subject = workload.credential.subject
    lenient = engage(emulator, home=extended(emulator), trusting=False)
    lenient.trust(issuer=ISSUER, subject=subject)
    with serving(emulator, tmp_path, subject, "minimal") as address:
        token = source("spiffe", Surroundings({SOCKET: address})).fetch(AUDIENCE)
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "typ": "JOSE"}
    exchanged(lenient, token)
    with pytest.raises(ClientAuthenticationError, match="AADSTS5002738"):
        exchanged(workload, token)


def test_the_source_gets_the_same_token(workload, agent):
    found = source("spiffe", Surroundings({SOCKET: agent}), subject=workload.credential.subject)
    assert found.detect().found
    exchanged(workload, found.fetch(AUDIENCE))


def test_what_the_source_says_when_there_is_none(agent, tmp_path):
    rows = {
        "no variable": ({}, {}, SOURCE_MISSING, "SPIFFE_ENDPOINT_SOCKET is not set"),
        "no scheme": ({SOCKET: "/run/agent.sock"}, {}, SOURCE_MISSING, "scheme must be set"),
        "no such socket": ({SOCKET: f"unix:{tmp_path}/none.sock"}, {}, None, ""),
        "no such identity": ({SOCKET: agent}, {"subject": f"{DOMAIN}/another"}, SOURCE_REFUSED, "no identity issued"),
        "no SPIFFE ID": ({SOCKET: agent}, {"subject": "api"}, SOURCE_REFUSED, ""),
    }
    for sentence, (environment, options, row, says) in rows.items():
        with pytest.raises(Refused) as refused:
            source("spiffe", Surroundings(environment), **options).fetch(AUDIENCE)
        assert refused.value.row in ((row,) if row else (SOURCE_MISSING, SOURCE_UNREACHABLE)), sentence
        assert says in str(refused.value), sentence
    assert not source("spiffe", Surroundings({})).detect().found
