"""Jobs, what surrounds them, and the ways to their platforms' endpoints: what all platforms have in common."""

import asyncio
import json
import os
import stat
from pathlib import Path

import pytest

from accredit.errors import Refused
from accredit.testidp import Endpoints, dialects
from accredit.testidp.native import Asked, Environment, Jobs, Places, queried
from accredit.testidp.native.catalogue import PLATFORMS, Outside
from tests.forge import NOW
from tests.testidp.native.asking import asked, begun, platforms
from tests.testidp.workbench import BASE, Parts, shared

JSON = (b"content-type", b"application/json")


def answered(application, method, path, *headers, body=b"", query=b""):
    """What an application answers: status, headers, body."""
    messages = [{"type": "http.request", "body": body}]
    sent = []

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "query_string": query, "headers": list(headers)}
    asyncio.run(application(scope, receive, send))
    start, *parts = sent
    named = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], named, b"".join(each["body"] for each in parts)


@pytest.fixture(scope="module")
def natives():
    return platforms()


@pytest.fixture(scope="module")
def endpoints(natives):
    return Endpoints(natives.jobs.issuer, control_token="control", natives=natives)


# ── beginning a job ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_platform_has_dialects_and_no_dialect_has_two_platforms():
    named = [dialect for each in PLATFORMS for dialect in each.dialects]
    assert sorted(named) == sorted(set(named))
    assert set(named) <= set(dialects())
    for each in PLATFORMS:
        assert (each.load().dialects, each.load().place) == (each.dialects, each.place), each.name


@pytest.mark.parametrize("dialect", sorted(dialect for each in PLATFORMS for dialect in each.dialects))
def test_a_job_of_every_platform_finds_something_around_itself(natives, dialect):
    job, environment = natives.begin({"dialect": dialect})
    assert environment.variables
    assert {*environment.paths.values()} <= {*environment.files}
    assert all(isinstance(each, str) and each for each in environment.variables.values())
    assert job.dialect == dialect
    assert job.secret not in repr(job)
    assert not any(value in repr(environment) for value in environment.variables.values() if len(value) > 30)


def test_what_cannot_begin_is_refused(natives):
    rows = {
        "an unknown platform": ({"dialect": "nobody"}, "nobody"),
        "no platform": ({}, "github"),
        "one whose jobs find nothing": ({"dialect": "cloudflare_access"}, "mint one instead"),
        "an unknown parameter": ({"dialect": "github", "params": {"repo": "x"}}, "no such parameter"),
        "an unknown fault": ({"dialect": "github", "faults": ["tired"]}, "tired"),
    }
    found = {}
    for name, (request, _) in rows.items():
        with pytest.raises(Refused) as refused:
            natives.begin(request)
        found[name] = str(refused.value)
    assert {name: said for name, said in found.items() if rows[name][1] not in said} == {}


def test_a_job_keeps_what_it_was_begun_with(natives):
    variables = begun(natives, "github", params={"environment": "test"}, faults=["expired"], overrides={"actor": "me"})
    token = ask_github(natives, variables)
    assert token.claims["environment"] == "test"
    assert token.claims["actor"] == "me"
    assert token.claims["exp"] < NOW.timestamp()


def test_what_a_job_overrides_wins_over_what_it_asks_for(natives):
    variables = begun(natives, "github", overrides={"aud": "somebody else"})
    assert ask_github(natives, variables, audience="us").claims["aud"] == "somebody else"


def test_a_job_of_an_instance_has_the_issuer_of_that_instance(natives):
    variables = begun(natives, "github", instance="blue")
    assert variables["ACTIONS_ID_TOKEN_REQUEST_URL"].startswith(f"{BASE}/idp/github/blue/")
    assert ask_github(natives, variables).claims["iss"] == natives.jobs.issuer.platform("github", "blue").issuer


def test_the_oldest_jobs_are_forgotten(monkeypatch):
    monkeypatch.setattr("accredit.testidp.native.MOST_JOBS", 2)
    jobs = Jobs(shared(), Places(BASE))
    three = [jobs.begin({"dialect": "custom"}, str(number)) for number in range(3)]
    assert [jobs.of(each.secret, "custom") for each in three] == [None, *three[1:]]
    assert jobs.latest("custom") is three[2]


def test_a_platform_nobody_began_a_job_on_has_a_plain_one():
    jobs = Jobs(shared(), Places(BASE))
    assert jobs.mint(jobs.latest("github")).claims["repository"] == "octo-org/octo-repo"


def ask_github(natives, variables, **query):
    bearer = {"authorization": f"bearer {variables['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"}
    answer = natives.of_issuer("github", asked("/_token", headers=bearer, **query))
    assert answer.status == 200, answer.body
    return Parts.of(json.loads(answer.body)["value"])


# ── the environment ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_files_are_written_for_their_owner_alone(tmp_path):
    environment = Environment({"A": "1"}, {"token": "secret"}, {"FILE": "token"})
    found = environment.written(tmp_path / "job")
    assert found == {"A": "1", "FILE": str(tmp_path / "job" / "token")}
    assert Path(found["FILE"]).read_text() == "secret"
    modes = [stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "job", Path(found["FILE"]))]
    assert modes == [0o700, 0o600]


def test_what_stands_in_a_files_place_makes_way(tmp_path):
    precious, folder = tmp_path / "precious", tmp_path / "job"
    precious.write_text("precious")
    folder.mkdir()
    (folder / "link").symlink_to(precious)
    (folder / "open").touch(mode=0o666)
    (folder / "open").chmod(0o666)
    os.mkfifo(folder / "pipe", 0o666)
    Environment({}, dict.fromkeys(("link", "open", "pipe"), "secret")).written(folder)
    assert precious.read_text() == "precious"
    for each in folder.iterdir():
        assert (stat.S_IMODE(each.lstat().st_mode), each.read_text()) == (0o600, "secret"), each.name
    assert len([*folder.iterdir()]) == 3


def test_no_file_is_written_elsewhere(tmp_path):
    for name in ("../token", "/etc/token", "a/b", "..", ""):
        with pytest.raises(Refused, match="in the folder"):
            Environment({}, {name: "x"}).written(tmp_path / "job")
        with pytest.raises(Refused, match="in the folder"):
            Environment({}, {}, {"FILE": name}).written(tmp_path / "job")
    assert [*tmp_path.iterdir()] == []


# ── over HTTP ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_control_api_begins_a_job(endpoints):
    status, headers, body = answered(endpoints, "POST", "/idp/_environment", JSON, body=b'{"dialect":"vault"}')
    said = json.loads(body)
    assert (status, headers["cache-control"]) == (200, "no-store")
    assert {*said} == {"dialect", "variables", "files", "paths", "claims"}
    assert said["claims"]["sub"] == "00000028-1111-4222-8333-000000000028"
    assert said["variables"]["VAULT_ADDR"] == f"{BASE}/idp/vault"


def test_who_may_begin_a_job_over_http(natives, endpoints):
    closed = Endpoints(natives.jobs.issuer, control_token="control", natives=natives, open_mint=False)
    bearer = (b"authorization", b"Bearer control")
    other = (b"sec-fetch-site", b"cross-site")
    rows = {
        "on loopback anybody": (endpoints, (JSON,), 200),
        "where strangers come by nobody": (closed, (JSON,), 401),
        "there who has the token": (closed, (JSON, bearer), 200),
        "no page of another site": (endpoints, (JSON, other), 403),
        "nothing but JSON": (endpoints, (), 415),
    }
    found = {
        name: answered(application, "POST", "/idp/_environment", *headers, body=b'{"dialect":"github"}')[0]
        for name, (application, headers, _) in rows.items()
    }
    assert found == {name: status for name, (_, _, status) in rows.items()}


def test_no_page_of_another_site_gets_a_token(natives, endpoints):
    variables = begun(natives, "github")
    bearer = (b"authorization", f"bearer {variables['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}".encode())
    statuses = [
        answered(endpoints, "GET", "/idp/github/_token", bearer, *more)[0]
        for more in ((), ((b"sec-fetch-site", b"cross-site"),))
    ]
    assert statuses == [200, 404]


def test_what_no_platform_has_is_what_the_issuer_has_or_nothing(endpoints):
    rows = {
        ("GET", "/idp/github/.well-known/openid-configuration"): 200,
        ("GET", "/idp/github/_tokens"): 404,
        ("POST", "/idp/github/.well-known/openid-configuration"): 405,
        ("POST", "/idp/google/computeMetadata/v1/"): 405,
        ("GET", "/idp/nobody/_token"): 404,
    }
    assert {row: answered(endpoints, *row)[0] for row in rows} == rows


def test_a_further_control_takes_a_body_and_answers_with_json(natives):
    application = Endpoints(
        natives.jobs.issuer, control_token="control", controls={"echo": lambda body: {"said": body}}
    )
    bearer = (b"authorization", b"Bearer control")
    assert answered(application, "POST", "/idp/_echo", JSON, body=b"{}")[0] == 401
    status, _, body = answered(application, "POST", "/idp/_echo", JSON, bearer, body=b'{"a":1}')
    assert (status, json.loads(body)) == (200, {"said": {"a": 1}})
    assert answered(application, "POST", "/idp/_echoes", JSON, bearer, body=b"{}")[0] == 404


def test_a_listener_of_its_own_answers_for_its_own_names_and_nobody_elses_pages(natives):
    application = Outside(natives, "metadata", {"127.0.0.1:9000"})
    here, google = (b"host", b"127.0.0.1:9000"), (b"metadata-flavor", b"Google")
    rows = {
        "as it is meant": ((here, google), "/computeMetadata/v1/instance/id", 200),
        "another host": (((b"host", b"evil.example"), google), "/computeMetadata/v1/instance/id", 421),
        "two hosts": ((here, here, google), "/computeMetadata/v1/instance/id", 421),
        "no host": ((google,), "/computeMetadata/v1/instance/id", 421),
        "a page of another site": ((here, google, (b"sec-fetch-site", b"cross-site")), "/computeMetadata/v1/", 403),
        "an issuer's address": ((here, google), "/idp/github/_token", 404),
    }
    found = {name: answered(application, "GET", path, *headers)[0] for name, (headers, path, _) in rows.items()}
    assert found == {name: status for name, (_, _, status) in rows.items()}


def test_other_protocols_are_no_concern_of_a_listener(natives):
    asyncio.run(Outside(natives, "metadata", None)({"type": "lifespan"}, None, None))


# ── a request ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_request_is_read_as_clients_send_it():
    rows = {
        "a query": (queried(b"a=1&a=2&b=&c=%2F+x"), {"a": ("1", "2"), "b": ("",), "c": ("/ x",)}),
        "no query": (queried(b""), {}),
        "a form": (Asked("POST", "/", body=b"a=1&b=%26").form(), {"a": ("1",), "b": ("&",)}),
        "a JSON object": (Asked("POST", "/", body=b'{"a": 1}').json(), {"a": 1}),
        "an absent one": (Asked("POST", "/").json(), {}),
        "a bearer": (Asked("GET", "/", headers={"authorization": "bearer x "}).bearer, "x"),
        "another scheme": (Asked("GET", "/", headers={"authorization": "Basic x"}).bearer, ""),
        "a value": (Asked("GET", "/", {"a": ("1", "2")}).one("a"), "1"),
        "none": (Asked("GET", "/").one("a"), None),
    }
    assert {name: found for name, (found, expected) in rows.items() if found != expected} == {}


def test_what_is_no_request_is_refused():
    with pytest.raises(Refused, match="the query"):
        queried(b"&".join(b"a=1" for _ in range(2_001)))
    for body in (b"[]", b"{", b"\xff"):
        with pytest.raises(ValueError, match=r"."):
            Asked("POST", "/", body=body).json()
