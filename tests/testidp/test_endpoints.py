"""The test issuers over HTTP: what everybody may read, what only their owner may do, and how they go wrong."""

import asyncio
import json
import socket
import threading
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx2
import pytest
import uvicorn
from cryptography import x509
from joserfc import jwt
from joserfc.jwk import KeySet

from accredit.issuers import IssuerUrl, discovery, jwks
from accredit.testidp import Endpoints, dialects
from accredit.testidp.wire import LIMIT
from tests.issuers.records import record
from tests.testidp.workbench import GITHUB, Parts, issuer, shared

TOKEN = "control"
JSON = {"content-type": "application/json"}
OWNER = JSON | {"authorization": f"Bearer {TOKEN}"}


@contextmanager
def served(app, sock):
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", ws="none", log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.started
        yield
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture(scope="module")
def running():
    """Test issuers behind a real server on loopback, and a client of it."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        base = f"http://127.0.0.1:{sock.getsockname()[1]}"
        idp = issuer(base=base)
        with served(Endpoints(idp, control_token=TOKEN), sock), httpx2.Client(base_url=base, timeout=5) as client:
            yield idp, client


@pytest.fixture
def idp(running):
    yield running[0]
    running[0].heal()


@pytest.fixture
def client(running):
    return running[1]


def mint(client, headers=JSON, **request):
    return client.post("/idp/_mint", content=json.dumps({"dialect": "github", **request}), headers=headers)


def document(application, address):
    """What an application answers at an address, without a socket."""
    sent = []

    async def receive():
        return {"type": "http.request"}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": urlsplit(address).path, "query_string": b"", "headers": []}
    asyncio.run(application(scope, receive, send))
    return json.loads(sent[1]["body"])


def test_every_minted_token_is_verified_through_what_its_issuer_publishes():
    idp, wrong = shared(), {}  # with the keys that other tests made
    application = Endpoints(idp, control_token=TOKEN)
    for name, dialect in dialects().items():
        minted, platform = idp.mint({"dialect": name}), idp.platform(name)
        jwks_uri = platform.address + dialect.jwks_path
        said = {"issuer": platform.issuer, "jwks_uri": jwks_uri}
        for path in dialect.discovery_paths:
            found = document(application, platform.address + path)
            if {member: found.get(member) for member in said} != said:
                wrong[name] = f"{path} says {found}"
        keys = KeySet.import_key_set(document(application, jwks_uri))
        if jwt.decode(minted.token, keys, algorithms=[minted.header["alg"]]).claims != minted.claims:
            wrong[name] = "the token says something else"
    assert wrong == {}


def test_who_publishes_no_discovery_has_none(client):
    without = [name for name, each in dialects().items() if not each.discovery_paths]
    assert without == ["cloudflare_access"]
    assert client.get("/idp/cloudflare_access/.well-known/openid-configuration").status_code == 404


def test_an_instance_answers_below_its_own_address_with_its_own_keys(idp, client):
    rows = [client.get(f"/idp/github{each}/.well-known/openid-configuration").json() for each in ("", "/blue")]
    assert [each["issuer"] for each in rows] == [GITHUB, idp.platform("github", "blue").address]
    kids = [[key["kid"] for key in client.get(each["jwks_uri"]).json()["keys"]] for each in rows]
    assert not {*kids[0]} & {*kids[1]}
    before = mint(client, instance="blue").json()["header"]["kid"]
    assert client.post("/idp/github/blue/_rotate", content=b"{}", headers=OWNER).json()["kids"] != kids[1]
    assert mint(client, instance="blue").json()["header"]["kid"] != before
    assert mint(client).json()["header"]["kid"] in kids[0]
    assert client.post("/idp/github/blue/_down", content=b'{"mode":"status_500"}', headers=OWNER).status_code == 200
    statuses = [client.get(f"/idp/github{each}/.well-known/jwks").status_code for each in ("", "/blue")]
    assert statuses == [200, 500]
    idp.down("github", None, instance="blue")


def test_the_documents_are_what_the_core_reads(idp, client):
    wanted = record(url=IssuerUrl(GITHUB))
    document = client.get("/idp/github/.well-known/openid-configuration").content
    keys = client.get(discovery.parse(document, wanted)).content
    found = jwks.parse(keys, wanted)
    assert [key.kid for key in found.keys] == [mint(client).json()["header"]["kid"]]
    assert found.dropped == ()


def test_an_alias_is_served_too(idp, client):
    answer = client.get("/idp/github_actions/.well-known/openid-configuration").json()
    assert (answer["issuer"], answer["jwks_uri"]) == (GITHUB, idp.platform("github").address + "/.well-known/jwks")


def test_minting_answers_with_token_and_claims(idp, client):
    answer = mint(client, params={"branch": "main"}, overrides={"actor": None}, faults=["no_exp"])
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert Parts.of(answer.json()["token"]).claims == answer.json()["claims"]
    assert answer.json()["claims"]["actor"] is None
    assert "exp" not in answer.json()["claims"]


def test_a_strangers_key_is_where_the_header_links_to(idp, client):
    for fault, member in (("jku_header", "jku"), ("x5u_header", "x5u")):
        token = mint(client, faults=[fault]).json()["token"]
        found = client.get(Parts.of(token).header[member])
        if member == "jku":
            jwt.decode(token, KeySet.import_key_set(found.json()).keys[0], algorithms=["RS256"])
            stranger = found.json()["keys"][0]["n"]
        else:
            assert found.headers["content-type"] == "application/pem-certificate-chain"
            certificate = x509.load_pem_x509_certificate(found.content)
            assert certificate.public_key() == idp.platform("github").keyring.stranger("RS256").private.public_key()
    assert stranger not in client.get("/idp/github/.well-known/jwks").text


REFUSED = {
    "no such path": ("GET", "/idp/github/nothing", JSON, b"", 404, "ACC2404"),
    "another platform's path": ("GET", "/idp/github/.well-known/jwks.json", JSON, b"", 404, "ACC2404"),
    "no such issuer": ("GET", "/idp/nobody/.well-known/openid-configuration", JSON, b"", 404, "ACC2404"),
    "nothing at all": ("GET", "/idp", JSON, b"", 404, "ACC2404"),
    "posting a document": ("POST", "/idp/github/.well-known/jwks", JSON, b"{}", 405, "ACC2405"),
    "getting a token": ("GET", "/idp/_mint", JSON, b"", 405, "ACC2405"),
    "asking for permission": ("OPTIONS", "/idp/_mint", JSON, b"", 405, "ACC2405"),
    "a form": ("POST", "/idp/_mint", {"content-type": "application/x-www-form-urlencoded"}, b"a=b", 415, "ACC2415"),
    "plain text": ("POST", "/idp/_mint", {"content-type": "text/plain"}, b"{}", 415, "ACC2415"),
    "no content type": ("POST", "/idp/_mint", {}, b"{}", 415, "ACC2415"),
    "nearly JSON": ("POST", "/idp/_mint", {"content-type": "application/jsonp"}, b"{}", 415, "ACC2415"),
    "another site": ("POST", "/idp/_mint", JSON | {"sec-fetch-site": "cross-site"}, b"{}", 403, "ACC2403"),
    "a sibling site": ("POST", "/idp/_mint", JSON | {"sec-fetch-site": "same-site"}, b"{}", 403, "ACC2403"),
    "a navigation": ("POST", "/idp/_mint", JSON | {"sec-fetch-site": "none"}, b"{}", 403, "ACC2403"),
    "another site with the token": (
        "POST",
        "/idp/github/_down",
        OWNER | {"sec-fetch-site": "cross-site"},
        b"{}",
        403,
        "ACC2403",
    ),
    "rotation without the token": ("POST", "/idp/github/_rotate", JSON, b"{}", 401, "ACC2401"),
    "outage without the token": ("POST", "/idp/github/_down", JSON, b'{"mode": null}', 401, "ACC2401"),
    "another token": ("POST", "/idp/github/_down", JSON | {"authorization": "Bearer controI"}, b"{}", 401, "ACC2401"),
    "another scheme": ("POST", "/idp/github/_down", JSON | {"authorization": f"Basic {TOKEN}"}, b"{}", 401, "ACC2401"),
    "an empty token": ("POST", "/idp/github/_down", JSON | {"authorization": "Bearer"}, b"{}", 401, "ACC2401"),
    "a token outside ASCII": (
        "POST",
        "/idp/github/_down",
        JSON | {"authorization": "Bearer \u00e9".encode()},
        b"{}",
        401,
        "ACC2401",
    ),
    "a large body": ("POST", "/idp/_mint", JSON, b" " * (LIMIT + 1), 413, "ACC2413"),
    "no JSON": ("POST", "/idp/_mint", JSON, b"dialect=github", 400, "ACC1003"),
    "a list": ("POST", "/idp/_mint", JSON, b"[]", 400, "ACC1003"),
    "a member twice": ("POST", "/idp/_mint", JSON, b'{"dialect":"github","dialect":"custom"}', 400, "ACC1003"),
    "not a number": ("POST", "/idp/_mint", JSON, b'{"dialect":"github","overrides":{"a":NaN}}', 400, "ACC1003"),
    "deep JSON": ("POST", "/idp/_mint", JSON, b"[" * 30_000, 400, "ACC1003"),
    "no dialect": ("POST", "/idp/_mint", JSON, b"{}", 400, "ACC1004"),
    "no body": ("POST", "/idp/_mint", JSON, b"", 400, "ACC1004"),
    "an unknown dialect": ("POST", "/idp/_mint", JSON, b'{"dialect":"gitlabb"}', 400, "ACC1004"),
    "an unknown fault": ("POST", "/idp/_mint", JSON, b'{"dialect":"github","faults":["x"]}', 400, "ACC1005"),
    "an unknown parameter": ("POST", "/idp/_mint", JSON, b'{"dialect":"github","params":{"x":1}}', 400, "ACC1003"),
    "control of an unknown dialect": ("POST", "/idp/gitlabb/_rotate", OWNER, b"{}", 400, "ACC1004"),
    "control below an issuer": ("POST", "/idp/github/x.y/_down", OWNER, b"{}", 404, "ACC2404"),
    "an unknown outage": ("POST", "/idp/github/_down", OWNER, b'{"mode":"fire"}', 400, "ACC1005"),
    "an outage without its mode": ("POST", "/idp/github/_down", OWNER, b"{}", 400, "ACC1003"),
    "an outage of another type": ("POST", "/idp/github/_down", OWNER, b'{"mode":5}', 400, "ACC1003"),
    "a rotation with a slip": ("POST", "/idp/github/_rotate", OWNER, b'{"keep":true}', 400, "ACC1003"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_allowed_is_refused_with_its_reason(idp, client, name):
    method, path, headers, body, status, code = REFUSED[name]
    answer = client.request(method, path, headers=headers, content=body)
    said = answer.json()
    assert (answer.status_code, said["code"]) == (status, code)
    assert said["error_description"].startswith(f"{code}: ")
    assert said["error"] == "invalid_request"
    assert not [each for each in answer.headers if each.startswith("access-control")]


def test_a_refusal_says_what_where_and_how_to_go_on(idp, client):
    assert mint(client, params={"branch": 5}).json() == {
        "error": "invalid_request",
        "code": "ACC1003",
        "error_description": "ACC1003: params.branch is not valid: it must be text (the branch that was pushed; "
        "for a pull request its target), or null to remove it",
        "advice": "Correct the value and repeat the command.",
    }


def test_a_refused_method_names_the_allowed_one(client):
    assert client.get("/idp/_mint").headers["allow"] == "POST"
    assert client.post("/idp/github/.well-known/jwks", headers=JSON).headers["allow"] == "GET"


def test_a_missing_control_token_is_asked_for(client):
    assert client.post("/idp/github/_rotate", headers=JSON).headers["www-authenticate"] == "Bearer"


ALLOWED = {
    "a page of our own": JSON | {"sec-fetch-site": "same-origin"},
    "a charset": {"content-type": "application/json; charset=utf-8"},
    "another case": {"content-type": "Application/JSON"},
    "the control token too": OWNER,
}


@pytest.mark.parametrize("name", ALLOWED)
def test_minting_is_open(idp, client, name):
    assert mint(client, headers=ALLOWED[name]).status_code == 200


def test_the_largest_body_is_read(idp, client):
    body = b'{"dialect": "github"}'
    assert client.post("/idp/_mint", content=body.ljust(LIMIT), headers=JSON).status_code == 200


def test_a_rotation_publishes_new_keys(idp, client):
    before = mint(client).json()["header"]["kid"]
    rotated = client.post("/idp/github/_rotate", headers=OWNER).json()
    after = mint(client).json()["header"]["kid"]
    assert rotated == {"kids": [after, before]}
    dropped = client.post("/idp/github/_rotate", headers=OWNER, content=b'{"keep_previous": false}').json()
    assert dropped == {"kids": [mint(client).json()["header"]["kid"]]}
    assert [key["kid"] for key in client.get("/idp/github/.well-known/jwks").json()["keys"]] == dropped["kids"]


def test_without_a_control_token_control_is_open_and_the_other_rules_hold():
    def ask(**headers):
        sent = []

        async def receive():
            return {"type": "http.request", "body": b'{"mode": null}'}

        async def send(message):
            sent.append(message)

        raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "http", "method": "POST", "path": "/idp/github/_down", "query_string": b"", "headers": raw}
        asyncio.run(Endpoints(issuer(), control_token=None)(scope, receive, send))
        return sent[0]["status"]

    assert ask(content_type="application/json") == 200
    assert ask(content_type="application/json", sec_fetch_site="cross-site") == 403
    assert ask() == 415


def test_minting_can_be_closed():
    statuses = []

    async def send(message):
        statuses.append(message.get("status"))

    async def receive():
        return {"type": "http.request", "body": b'{"dialect": "github"}'}

    for headers in ([], [(b"authorization", b"Bearer control")]):
        raw = [(b"content-type", b"application/json"), *headers]
        scope = {"type": "http", "method": "POST", "path": "/idp/_mint", "query_string": b"", "headers": raw}
        asyncio.run(Endpoints(issuer(), control_token=TOKEN, open_mint=False)(scope, receive, send))
    assert [each for each in statuses if each] == [401, 200]


def test_a_body_in_parts_is_one_body():
    parts = [b'{"dialect"', b': "github"}']
    sent = []

    async def receive():
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message):
        sent.append(message)

    raw = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/idp/_mint", "query_string": b"", "headers": raw}
    asyncio.run(Endpoints(issuer(), control_token=TOKEN)(scope, receive, send))
    assert sent[0]["status"] == 200
    assert json.loads(sent[1]["body"])["token"]
