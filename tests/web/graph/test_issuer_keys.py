"""The keys of issuers over the directory API: probed, fetched, dropped, and what fetches showed."""

import json

import pytest

from accredit.administer import issuers, probing, tenants
from accredit.app import seed
from accredit.issuers.probe import TITLES
from tests.support.every import every
from tests.web.graph.trusting import A_W, ABSENT, audited, refused

GITHUB = str(seed.marked("issuer github"))
ISSUERS = "/beta/accredit.issuers"
RECORD = f"{ISSUERS}/{GITHUB}"
PROBE = "/beta/accredit.probe"
WIDEN = "Accredit.Trust.Widen"
READ = "Application.Read.All"
URL = "https://idp.example/x"


def by_id(probe):
    return {each["id"]: each for each in probe["steps"]}


def test_a_record_is_probed(own):
    answer = own.ask("POST", f"{RECORD}/probe", own.caller(A_W, WIDEN).token, {})
    assert answer.status == 200, answer.body
    said = answer.json
    assert said["@odata.context"].endswith("/beta/$metadata#accredit.probe")
    assert (said["issuer"], said["issuerRecordId"], said["verdict"]) == (seed.GITHUB, GITHUB, "not_usable")
    steps = by_id(said)
    assert [*steps] == [*TITLES]
    assert {each["title"] for each in said["steps"]} == {*TITLES.values()}
    assert (steps["P4"]["status"], steps["P5"]["status"], steps["P6"]["status"]) == ("pass", "fail", "skip")
    assert "port 8443" in steps["P5"]["value"]  # nothing listens there: an emulator in process
    told = [each for each in audited(own) if each.activity == probing.PROBED]
    assert [(each.actor.kind, each.targets[0].name) for each in told] == [("application", seed.GITHUB)]


def test_an_issuer_is_probed_before_it_is_registered(own):
    said = own.ask("POST", PROBE, own.admin(), {"url": URL}).json
    assert (said["issuer"], said["issuerRecordId"]) == (URL, None)
    assert by_id(said)["P3"]["status"] == "fail"
    assert refused(own.ask("POST", PROBE, own.admin(), {}))[0] == 400
    assert refused(own.ask("POST", PROBE, own.admin(), {"url": 1}))[0] == 400
    stored = own.ask("POST", PROBE, own.admin(), {"url": seed.GITHUB}).json
    assert stored["issuerRecordId"] == GITHUB


def test_more_than_six_probes_a_minute_are_put_off(own):
    token = own.admin()
    for _ in range(probing.MOST):
        assert own.ask("POST", PROBE, token, {"url": "x"}).status == 200
    answer = own.ask("POST", PROBE, token, {"url": "x"})
    assert (answer.status, answer.headers["retry-after"]) == (429, "60")
    own.wire.clock.advance(seconds=61)
    assert own.ask("POST", PROBE, token, {"url": "x"}).status == 200


@pytest.mark.parametrize("verb", ["probe", "refreshKeys", "dropKeys"])
def test_who_may_visit_an_issuer(own, verb):
    roles = (A_W, WIDEN) if verb == "probe" else (A_W,)
    assert own.ask("POST", f"{RECORD}/{verb}", own.caller(READ).token, {}).status == 403
    assert own.ask("POST", f"{RECORD}/{verb}", own.caller(*roles).token, {}).status == 200
    if verb == "probe":
        assert own.ask("POST", PROBE, own.caller(A_W).token, {"url": URL}).status == 403


def test_keys_are_fetched_now_and_their_history_says_how_that_ended(own):
    admin = own.admin()
    state = own.ask("POST", f"{RECORD}/refreshKeys", admin, {}).json
    assert (state["health"], state["keys"], state["isFresh"], state["fetchedDateTime"]) == (
        "failing",
        None,
        False,
        None,
    )
    assert "port 8443" in state["failure"]
    own.wire.runtime.issuers.news.write()
    known = own.ask("GET", f"{RECORD}/history", own.caller(READ).token).json
    assert (known["id"], known["url"]) == (GITHUB, seed.GITHUB)
    assert [known["state"][name] for name in ("health", "failure")] == [state["health"], state["failure"]]
    (run,) = known["fetches"]
    assert (run["result"], run["reason"], run["fetches"]) == ("connect", state["failure"], 1)
    assert (known["keys"], known["documents"]) == ([], [])
    own.wire.clock.advance(seconds=1)
    assert own.ask("POST", f"{RECORD}/refreshKeys", admin, {}).json["failedDateTime"] > state["failedDateTime"]


def test_uploaded_keys_have_a_history_when_they_were_used(own):
    admin = own.admin()
    jwks = own.wire.ask("GET", "/idp/github/.well-known/jwks").body.decode()
    own.ask("POST", f"{RECORD}/uploadKeys", admin, {"jwks": jwks})
    assert own.wire.post(own.wire.form()).status == 200
    own.wire.runtime.issuers.news.write()
    known = own.ask("GET", f"{RECORD}/history", admin).json
    (key,), (document,) = known["keys"], known["documents"]
    assert (key["source"], key["goneDateTime"], key["size"]) == ("uploaded", None, 2_048)
    assert (document["kind"], document["size"]) == ("jwks", len(jwks))
    text = own.ask("GET", f"{RECORD}/documents/{document['digest']}", admin).json
    assert (text["digest"], json.loads(text["document"])) == (document["digest"], json.loads(jwks))
    assert own.ask("GET", f"{RECORD}/documents/{'0' * 64}", admin).status == 404
    assert own.ask("POST", f"{RECORD}/refreshKeys", admin, {}).status == 400
    assert own.ask("POST", f"{RECORD}/dropKeys", admin, {}).status == 400


def test_dropped_keys_leave_a_record_of_it(own):
    answer = own.ask("POST", f"{RECORD}/dropKeys", own.admin(), {})
    assert (answer.status, answer.json["id"], answer.json["credentials"]) == (200, GITHUB, 1)
    assert [each.targets[0].name for each in audited(own) if each.activity == "Drop issuer keys"] == [seed.GITHUB]


@every("wanted", [ABSENT, "x"])
@every("call", ["probe", "refreshKeys", "dropKeys", "history", "documents/x"])
def test_a_record_that_is_not_there(graph, call, wanted):
    method = "GET" if call in ("history", "documents/x") else "POST"
    answer = graph.ask(method, f"{ISSUERS}/{wanted}/{call}", graph.admin(), {} if method == "POST" else None)
    assert refused(answer)[:2] == (404, "Request_ResourceNotFound")


def test_what_is_another_tenants_is_not_there(own):
    run, by, admin = own.wire.run, own.wire.administrator, own.admin()
    tenant = run(tenants.create, by, display_name="Other", domains=("other.test",))
    theirs = run(issuers.create, by, tenant.id, URL).id
    for method, call in (("POST", "probe"), ("POST", "refreshKeys"), ("POST", "dropKeys"), ("GET", "history")):
        assert own.ask(method, f"{ISSUERS}/{theirs}/{call}", admin, {} if method == "POST" else None).status == 404


def test_none_of_it_is_in_the_version_that_microsoft_has(graph):
    for call in (f"{RECORD}/probe", PROBE, f"{RECORD}/refreshKeys"):
        assert graph.ask("POST", call.replace("/beta/", "/v1.0/"), graph.admin(), {}).status == 404
