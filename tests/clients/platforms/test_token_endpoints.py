"""requests-oauthlib, unmodified, at the token endpoint that a provider's discovery names; then the exchange."""

import pytest
from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error
from requests_oauthlib import OAuth2Session

from accredit.client.sources.registry import source
from accredit.client.sources.source import Surroundings as Seen
from accredit.errors import SOURCE_REFUSED, Refused
from tests.clients.platforms.jobs import AUDIENCE, begin, exchanged, unverified
from tests.support.workload import engage

pytestmark = pytest.mark.clients

ONLY = {"okta": {"audience": AUDIENCE}, "keycloak": {"audience": AUDIENCE}, "custom": {"sub": "me"}, "auth0": {}}
FURTHER = {
    "keycloak": {},
    "auth0": {"audience": AUDIENCE},
    "okta": {"scope": "deploy"},
    "custom": {"resource": AUDIENCE},
}


@pytest.fixture(params=FURTHER)
def job(request, emulator, tmp_path):
    return request.param, begin(emulator, tmp_path, request.param, params=ONLY[request.param]).variables


def fetched(emulator, dialect, variables, **changed):
    found = emulator.http.get(f"{emulator.ready['idp_url']}/{dialect}/.well-known/openid-configuration").json()
    with OAuth2Session(client=BackendApplicationClient(variables["CLIENT_ID"])) as session:
        session.trust_env = False
        secret = changed.get("secret", variables["CLIENT_SECRET"])
        said = session.fetch_token(
            found["token_endpoint"], client_secret=secret, verify=str(emulator.ca_file), **FURTHER[dialect]
        )
    return said["access_token"]


def test_a_client_gets_a_token_and_exchanges_it(emulator, job):
    token = fetched(emulator, *job)
    said = unverified(token)
    workload = engage(emulator, trusting=False)
    workload.trust(issuer=said["iss"], subject=said["sub"])
    exchanged(workload, token)


def test_a_wrong_secret_is_refused(emulator, job):
    with pytest.raises(OAuth2Error):
        fetched(emulator, *job, secret="x")


def test_our_own_source_gets_the_same(emulator, job, believing):
    dialect, variables = job
    options = {
        "url": variables["TOKEN_URL"],
        "client_id": variables["CLIENT_ID"],
        "scope": "deploy" * (dialect == "okta"),
    }
    own = source("client_credentials", Seen(variables), **options)
    assert own.detect().found
    assert unverified(own.fetch(AUDIENCE))["sub"] == unverified(fetched(emulator, *job))["sub"]
    with pytest.raises(Refused) as refused:
        source("client_credentials", Seen({**variables, "CLIENT_SECRET": "x"}), **options).fetch(AUDIENCE)
    assert refused.value.row is SOURCE_REFUSED
