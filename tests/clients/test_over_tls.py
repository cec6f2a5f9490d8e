"""The running server as any client meets it: over TLS, on both loopbacks, with every kind of wrong request."""

import os
import signal
import ssl
from time import monotonic, sleep

import httpx2
import pytest

from tests.support.emulator import running

pytestmark = pytest.mark.clients
FORM = {"content-type": "application/x-www-form-urlencoded"}
TENANT = "acc7ed17-0000-4000-8000-000000000001"
TOKEN = f"/{TENANT}/oauth2/v2.0/token"

NO_CREDENTIAL = f"grant_type=client_credentials&scope=x/.default&client_id={TENANT}".encode()
JSON = {"content-type": "application/json"}
BAD, CLIENT = "invalid_request", "invalid_client"
WRONG = {  # method, path, headers, body: status, OAuth error, what the description begins with
    "an unknown path": (("GET", "/oidc/nowhere", {}, b""), (404, BAD, "ACC2404: ")),
    "an unknown path of a tenant": (("POST", f"/{TENANT}/nowhere", FORM, b"a=b"), (404, BAD, "ACC2404: ")),
    "writing a document": (("POST", f"/{TENANT}/discovery/v2.0/keys", FORM, b""), (405, BAD, "ACC2405: ")),
    "reading the token endpoint": (("GET", TOKEN, {}, b""), (400, BAD, "AADSTS900561: ")),
    "a body of 10 MB": (("POST", TOKEN, FORM, b"a" * 10_000_000), (413, BAD, "ACC2413: ")),
    "a body that is no form": (("POST", TOKEN, JSON, b"{}"), (400, BAD, "AADSTS900144: ")),
    "a form without anything": (("POST", TOKEN, FORM, b""), (400, BAD, "AADSTS900144: ")),
    "no credential": (("POST", TOKEN, FORM, NO_CREDENTIAL), (401, CLIENT, "AADSTS7000216: ")),
    "another host": (("GET", "/metadata/endpoints", {"host": "example.com"}, b""), (421, BAD, "ACC2421: ")),
}


@pytest.mark.parametrize(("request_", "expected"), WRONG.values(), ids=WRONG.keys())
def test_every_refusal_is_json_without_cookie_or_challenge(emulator, request_, expected):
    """C2."""
    method, path, headers, body = request_
    answer = emulator.http.request(method, emulator.url + path, headers=headers, content=body)
    said = answer.json()
    assert (answer.status_code, said["error"]) == expected[:2]
    assert said["error_description"].startswith(expected[2])
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert said["trace_id"] == answer.headers["x-ms-request-id"]
    assert "set-cookie" not in answer.headers
    assert "www-authenticate" not in answer.headers


def in_chunks(size, count):
    for _ in range(count):
        yield b"a" * size


def test_a_body_without_an_announced_length_is_bounded_too(emulator):
    """The server may answer, and hang up, while the client still sends."""
    try:
        answer = emulator.http.post(emulator.url + TOKEN, headers=FORM, content=in_chunks(65_536, 160))
    except httpx2.TransportError:
        pass
    else:
        assert answer.status_code == 413
    assert emulator.http.get(f"{emulator.url}/metadata/endpoints").status_code == 200


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_both_loopbacks_answer_with_a_certificate_that_names_them(emulator, host):
    url = emulator.url.replace("localhost", host)
    document = emulator.http.get(f"{url}/{TENANT}/v2.0/.well-known/openid-configuration").json()
    assert document["issuer"] == f"{emulator.url}/{TENANT}/v2.0"  # whatever the host of the request


def test_who_does_not_know_the_ca_is_warned_off(emulator):
    with pytest.raises(httpx2.ConnectError, match="certificate verify failed"):
        httpx2.get(emulator.url, verify=ssl.create_default_context(), trust_env=False)


def test_it_is_not_served_without_tls(emulator):
    with pytest.raises(httpx2.TransportError):
        httpx2.get(emulator.url.replace("https", "http"), trust_env=False)


def test_doubled_slashes_and_a_query_string_are_tolerated(emulator, workload):
    answer = emulator.http.post(
        f"{emulator.url}//{TENANT}/oauth2/v2.0/token?client-request-id=57a671b2-b4c8-4a87-9b73-3f8848456127",
        headers={"return-client-request-id": "true"},
        data={"grant_type": "client_credentials", "client_id": workload.client_id, "scope": "x/.default"},
    )
    assert answer.json()["correlation_id"] == "57a671b2-b4c8-4a87-9b73-3f8848456127"
    assert answer.headers["client-request-id"] == "57a671b2-b4c8-4a87-9b73-3f8848456127"
    assert answer.json()["error_codes"] == [7000216]


def test_a_connection_that_a_client_keeps_for_later_does_not_hold_up_the_end(tmp_path):
    with running(tmp_path) as other:
        assert other.http.get(f"{other.url}/metadata/endpoints").status_code == 200
        begun = monotonic()
        os.kill(other.ready["pid"], signal.SIGTERM)
        while (tmp_path / "ready.json").exists() and monotonic() - begun < 15:
            sleep(0.05)
        assert monotonic() - begun < 10  # it is some two seconds; the limit for draining is twenty
