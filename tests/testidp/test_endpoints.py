"""The test issuers over HTTP: what everybody may read, what only their owner may do, and how they go wrong."""

import asyncio
import json
import socket
import threading
import time
from contextlib import contextmanager

import httpx2
import pytest
import uvicorn
from cryptography import x509
from joserfc import jwt
from joserfc.jwk import KeySet

from accredit.errors import ISSUER_UNREACHABLE, Refused
from accredit.issuers import IssuerUrl, discovery, jwks
from accredit.testidp import OUTAGES, Endpoints, Outage, dialects
from accredit.testidp.outages import Answer
from accredit.testidp.wire import LIMIT
from tests.issuers.records import record
from tests.testidp.workbench import GITHUB, Parts, issuer

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
    for each in running[0].platforms.values():
        each.outage = None


@pytest.fixture
def client(running):
    return running[1]


def mint(client, headers=JSON, **request):
    return client.post("/idp/_mint", content=json.dumps({"dialect": "github", **request}), headers=headers)


@pytest.mark.parametrize("name", dialects())
def test_a_minted_token_is_verified_through_discovery(idp, client, name):
    minted = mint(client, dialect=name).json()
    found = client.get(f"/idp/{name}/.well-known/openid-configuration").json()
    assert found["issuer"] == minted["claims"]["iss"]
    assert found["jwks_uri"] == idp.platform(name).address + dialects()[name].jwks_path
    keys = KeySet.import_key_set(client.get(found["jwks_uri"]).json())
    assert jwt.decode(minted["token"], keys, algorithms=["RS256"]).claims == minted["claims"]


def test_the_documents_are_what_the_core_reads(idp, client):
    wanted = record(url=IssuerUrl(GITHUB))
    document = client.get("/idp/github/.well-known/openid-configuration").content
    keys = client.get(discovery.parse(document, wanted)).content
    found = jwks.parse(keys, wanted)
    assert [key.kid for key in found.keys] == [mint(client).json()["header"]["kid"]]
    assert found.dropped == ()


def test_the_paths_are_the_platforms_own():
    assert {name: each.jwks_path for name, each in dialects().items()} == {
        "custom": "/.well-known/jwks.json",
        "github": "/.well-known/jwks",
    }


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


DISCOVERY = "/idp/github/.well-known/openid-configuration"
JWKS = "/idp/github/.well-known/jwks"


def core(client):
    """Fetch and read as the core does, without redirects. Returns the step that refused, or nothing."""
    wanted = record(url=IssuerUrl(GITHUB))
    try:
        found = client.get(DISCOVERY)
        if found.status_code != 200 or len(found.content) > 512 * 1024:
            return "discovery"
        keys = client.get(discovery.parse(found.content, wanted))
        if keys.status_code != 200 or len(keys.content) > 512 * 1024:
            return "jwks"
        jwks.parse(keys.content, wanted)
    except Refused as refused:
        if refused.row is not ISSUER_UNREACHABLE:
            raise
        return refused.detail.split(":")[0]
    except httpx2.TimeoutException:
        return "time"
    except httpx2.ConnectError:
        return "address"
    return ""


QUICK = {
    "status_500": ("discovery", lambda client: client.get(JWKS).status_code == 500),
    "status_404": ("discovery", lambda client: client.get(JWKS).status_code == 404),
    "status_429": ("discovery", lambda client: client.get(JWKS).headers["retry-after"] == "1"),
    "status_403_jwks": ("jwks", lambda client: client.get(JWKS).status_code == 403),
    "html_200": ("discovery", lambda client: client.get(JWKS).headers["content-type"].startswith("text/html")),
    "wrong_issuer": ("discovery", lambda client: client.get(DISCOVERY).json()["issuer"] == "https://issuer.example"),
    "issuer_slash": ("discovery", lambda client: client.get(DISCOVERY).json()["issuer"] == GITHUB + "/"),
    "missing_jwks_uri": ("discovery", lambda client: client.get(DISCOVERY).json()["issuer"] == GITHUB),
    "empty_jwks": ("jwks", lambda client: client.get(JWKS).json() == {"keys": []}),
    "huge_jwks": ("jwks", lambda client: len(client.get(JWKS).json()["keys"]) == 1),
    "huge_discovery": ("discovery", lambda client: client.get(DISCOVERY).json()["issuer"] == GITHUB),
    "redirect_same_host": ("discovery", lambda client: honest(client.get(JWKS, follow_redirects=True), client)),
    "redirect_cross_host": (
        "discovery",
        lambda client: honest(client.get(JWKS, follow_redirects=True), client, "localhost"),
    ),
    "redirect_metadata_ip": (
        "discovery",
        lambda client: client.get(JWKS).headers["location"].startswith("http://169.254."),
    ),
}
OTHERS = {"jwks_metadata_ip", "timeout", "slow_drip"}


def honest(answer, client, host="127.0.0.1"):
    assert answer.history[0].status_code == 302
    assert answer.url.host == host
    return len(answer.json()["keys"]) == 1


def down(client, mode):
    answer = client.post("/idp/github/_down", headers=OWNER, content=json.dumps({"mode": mode}))
    assert answer.json() == {"mode": mode}


def test_every_outage_is_examined_below():
    assert {*QUICK} | OTHERS == {*OUTAGES}
    sentences = {each.sentence for each in OUTAGES.values()}
    assert len(sentences) == len(OUTAGES)
    assert {each.causes for each in OUTAGES.values()} == {ISSUER_UNREACHABLE.code}


@pytest.mark.parametrize("name", QUICK)
def test_an_outage_ends_the_reading_and_null_ends_the_outage(idp, client, name):
    step, seen = QUICK[name]
    client.get(JWKS)
    down(client, name)
    assert core(client) == step
    assert seen(client)
    down(client, None)
    assert core(client) == ""


def test_minting_goes_on_during_an_outage(idp, client):
    down(client, "status_500")
    assert mint(client).status_code == 200


def test_an_outage_is_of_one_issuer(idp, client):
    down(client, "status_500")
    assert client.get("/idp/custom/.well-known/openid-configuration").status_code == 200


def test_a_metadata_address_is_named_as_key_set(idp, client):
    down(client, "jwks_metadata_ip")
    assert client.get(DISCOVERY).json()["jwks_uri"] == "http://169.254.169.254/latest/jwks"


def test_a_held_answer_does_not_come(idp, client):
    down(client, "timeout")
    with pytest.raises(httpx2.ReadTimeout):
        client.get(JWKS, timeout=0.3)


def test_a_slow_answer_comes_octet_by_octet(idp, client):
    down(client, "slow_drip")
    began = time.monotonic()
    with client.stream("GET", JWKS) as answer:
        parts = answer.iter_raw()
        assert [next(parts) for _ in range(3)] == [b"{", b'"', b"k"]
    assert 0.15 < time.monotonic() - began < 5


async def asked(outage, receive):
    """Ask for a document while the issuer is wrong in a way of our own, and return the messages that were sent."""
    idp, sent = issuer(), []
    idp.platform("github").outage = outage

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": DISCOVERY, "query_string": b"", "headers": []}
    await Endpoints(idp, control_token=None)(scope, receive, send)
    return sent


async def gone():
    return {"type": "http.disconnect"}


async def patient():
    await asyncio.sleep(10)


SHORT = {"delayed": Answer(b"abc", delay=0.01), "dripping": Answer(b"abc", drip=0.001)}


@pytest.mark.parametrize("name", SHORT)
def test_who_waits_gets_the_whole_answer(name):
    sent = asyncio.run(asked(Outage("", "", lambda _: SHORT[name]), patient))
    assert b"".join(each.get("body", b"") for each in sent) == b"abc"
    assert not sent[-1].get("more_body")


def test_nothing_is_sent_to_a_reader_who_left():
    assert asyncio.run(asked(OUTAGES["timeout"], gone)) == []
    assert len(asyncio.run(asked(OUTAGES["slow_drip"], gone))) == 2  # the head and one octet


def test_a_slow_answer_is_bounded():
    sent = asyncio.run(asked(Outage("", "", lambda _: Answer(b"x" * 100, drip=10.0)), gone_after(3)))
    assert [len(each["body"]) for each in sent[1:]] == [1, 1, 1, 97]


def gone_after(_: int):
    async def receive():
        raise TimeoutError  # time passes at once

    return receive


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
