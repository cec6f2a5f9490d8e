"""Clients that know nothing of Entra: Authlib, a plain HTTP client, curl, and PyJWT as the one who receives a token."""

import json
import shutil
import ssl
import subprocess
from base64 import b64encode
from uuid import UUID

import jwt
import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT

from tests.clients.certified import made
from tests.support.workload import GRAPH, JWT_BEARER, ORDERS, VERIFIABLE, fixed

pytestmark = pytest.mark.clients
V2 = ["token_type", "expires_in", "ext_expires_in", "access_token"]
V1 = ["token_type", "expires_in", "ext_expires_in", "expires_on", "not_before", "resource", "access_token"]
HEADERS = {
    "cache-control": "no-store, no-cache",
    "pragma": "no-cache",
    "content-type": "application/json; charset=utf-8",
    "expires": "-1",
    "x-content-type-options": "nosniff",
    "p3p": 'CP="DSP CUR OTPi IND OTRi ONL FIN"',
    "x-xss-protection": "0",
}
NEVER = ("set-cookie", "www-authenticate", "strict-transport-security", "server")


def authlib(workload, secret, **options):
    session = OAuth2Session(workload.client_id, secret, **options)
    session.verify = str(workload.emulator.ca_file)
    session.trust_env = False
    return session


def test_authlib_with_a_private_key(workload):
    """P1: neither client_id in the form nor kid in the header."""
    mine, endpoint = made(), workload.emulator.token_endpoint()
    workload.certificate(mine.certificate)
    with authlib(workload, mine.private.decode(), token_endpoint_auth_method="private_key_jwt") as session:
        session.register_client_auth_method(PrivateKeyJWT(endpoint))
        got = session.fetch_token(endpoint, grant_type="client_credentials", scope=f"{ORDERS}/.default")
    workload.received(got["access_token"], by="certificate")


def test_authlib_with_a_secret_in_the_header(workload):
    """P2: client_secret_basic, Authlib's default; the answer has no scope."""
    with authlib(workload, workload.secret().value) as session:
        got = session.fetch_token(
            workload.emulator.token_endpoint(), grant_type="client_credentials", scope=f"{ORDERS}/.default"
        )
    assert "scope" not in got
    workload.received(got["access_token"], by="clientSecret")


def test_authlib_is_told_why(workload):
    with authlib(workload, "wrong") as session, pytest.raises(OAuthError, match="AADSTS7000215"):
        session.fetch_token(
            workload.emulator.token_endpoint(), grant_type="client_credentials", scope=f"{ORDERS}/.default"
        )


def basic(user, password):
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


def test_basic_with_a_client_id_that_is_percent_encoded(workload):
    """P2: some clients encode the dashes of the id."""
    answer = workload.emulator.http.post(
        workload.emulator.token_endpoint(),
        headers=basic(workload.client_id.replace("-", "%2D"), workload.secret().value),
        data={"grant_type": "client_credentials", "scope": f"{ORDERS}/.default"},
    )
    assert list(answer.json()) == V2
    workload.received(answer.json()["access_token"], by="clientSecret")


def five_fields(workload, assertion, scope=f"{VERIFIABLE}/.default"):
    """What PowerShell's Invoke-RestMethod sends of a hash table."""
    return {
        "client_id": workload.client_id,
        "client_assertion_type": JWT_BEARER,
        "client_assertion": assertion,
        "scope": scope,
        "grant_type": "client_credentials",
    }


def examined(status, headers, body):
    """Status, headers and shape of a granted answer; its members, in their order."""
    assert status == 200
    assert {name: headers.get(name) for name in HEADERS} == HEADERS
    assert headers["x-ms-ests-server"].startswith("accredit/")
    assert not [name for name in NEVER if name in headers]
    got = json.loads(body)
    assert (got["token_type"], got["expires_in"], got["ext_expires_in"]) == ("Bearer", 3599, 3599)
    return got


def test_five_fields_by_a_plain_client(workload):
    """P3: a bare appId as scope, and an assertion with white space around it."""
    form = five_fields(workload, f" \t\n{workload.assertion()}\r\n ")
    answer = workload.emulator.http.post(workload.emulator.token_endpoint(), data=form)
    got = examined(answer.status_code, answer.headers, answer.text)
    assert list(got) == V2
    claims = workload.received(got["access_token"], VERIFIABLE)
    assert claims["aud"] == VERIFIABLE
    assert UUID(bytes_le=jwt.utils.base64url_decode(claims["uti"])) == UUID(answer.headers["x-ms-request-id"])


@pytest.fixture
def curl():
    found = shutil.which("curl")
    if found is None:
        pytest.fail("curl is missing: run scripts/setup.sh test as root, or install curl", pytrace=False)
    return found


@pytest.mark.parametrize("whose", ["a workload of this test", "the emulator's own"])
def test_five_fields_by_curl(emulator, request, curl, tmp_path, whose):
    """P3."""
    workload = fixed(emulator) if whose == "the emulator's own" else request.getfixturevalue("workload")
    (tmp_path / "assertion").write_text(workload.assertion() + "\n")
    form = five_fields(workload, "")
    fields = [f"{name}={value}" for name, value in form.items() if value]
    fields.append(f"client_assertion@{tmp_path / 'assertion'}")
    options = [each for field in fields for each in ("--data-urlencode", field)]
    quietly = ("--silent", "--show-error", "--dump-header", tmp_path / "headers", "--cacert", emulator.ca_file)
    ended = subprocess.run(
        [curl, *quietly, *options, emulator.token_endpoint()],
        env={},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    first, *rest = (tmp_path / "headers").read_text().strip().splitlines()
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    got = examined(int(first.split()[1]), headers, ended.stdout)
    assert list(got) == V2
    workload.received(got["access_token"], VERIFIABLE)


def test_the_first_version_of_the_endpoint(workload):
    """Its answer is text throughout, and names the resource as it was asked for."""
    form = {**five_fields(workload, workload.assertion()), "resource": GRAPH}
    del form["scope"]
    answer = workload.emulator.http.post(workload.emulator.token_endpoint(version=1), data=form)
    got = answer.json()
    assert list(got) == V1
    assert {type(value) for value in got.values()} == {str}
    assert (got["resource"], got["expires_in"]) == (GRAPH, "3600")
    assert int(got["expires_on"]) - int(got["not_before"]) == 3900
    claims = workload.received(got["access_token"], GRAPH)
    assert (str(claims["exp"]), str(claims["nbf"])) == (got["expires_on"], got["not_before"])


@pytest.mark.parametrize(("wanted", "version"), [(GRAPH, "1.0"), (ORDERS, "2.0")])
@pytest.mark.parametrize("tenant", ["{id}", "contoso.test", "common"])
def test_whoever_receives_a_token_can_verify_it(workload, wanted, version, tenant):
    """P4: from the discovery document alone, by PyJWT."""
    emulator = workload.emulator
    form = five_fields(workload, workload.assertion(), f"{wanted}/.default")
    got = emulator.http.post(emulator.token_endpoint(), data=form).json()["access_token"]
    name = tenant.format(id=emulator.tenant_id)
    path = "v2.0/.well-known" if version == "2.0" else ".well-known"
    document = emulator.http.get(f"{emulator.url}/{name}/{path}/openid-configuration").json()
    assert document["jwks_uri"].startswith(emulator.url)
    keys = jwt.PyJWKClient(document["jwks_uri"], ssl_context=ssl.create_default_context(cafile=emulator.ca_file))
    claims = jwt.decode(
        got,
        keys.get_signing_key_from_jwt(got),
        algorithms=document["id_token_signing_alg_values_supported"],
        audience=workload.audience(wanted),
        issuer=document["issuer"].replace("{tenantid}", str(emulator.tenant_id)),
    )
    assert claims["ver"] == version
    assert jwt.get_unverified_header(got)["kid"].startswith("emulator-")


@pytest.mark.parametrize("change", ["signature", "audience", "issuer"])
def test_and_sees_when_it_is_not_for_him(workload, change):
    emulator = workload.emulator
    got = emulator.http.post(emulator.token_endpoint(), data=five_fields(workload, workload.assertion())).json()
    token = got["access_token"]
    if change == "signature":
        token = token[:-6] + ("AAAAAA" if token[-6:] != "AAAAAA" else "BBBBBB")
    expected = {"signature": jwt.InvalidSignatureError, "audience": jwt.InvalidAudienceError}
    with pytest.raises(expected.get(change, jwt.InvalidIssuerError)):
        jwt.decode(
            token,
            emulator.keys(emulator.tenant_id, 1).get_signing_key_from_jwt(token),
            algorithms=["RS256"],
            audience=GRAPH if change == "audience" else VERIFIABLE,
            issuer=emulator.url if change == "issuer" else f"{emulator.url}/{emulator.tenant_id}/",
        )
