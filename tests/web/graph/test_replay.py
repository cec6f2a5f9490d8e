"""`POST /beta/accredit.replay`: what a change would have meant, for those who may read the log and the credentials."""

import json
from datetime import timedelta

import pytest

from accredit.administer import applications
from accredit.app import seed
from tests.support.every import every
from tests.web.graph.callers import Graph
from tests.web.graph.trusting import refused
from tests.wire.authority import NOW

PATH = "/beta/accredit.replay"
LOGS, WRITE, OWNED = "AuditLog.Read.All", "Application.ReadWrite.All", "Application.ReadWrite.OwnedBy"
SINCE = (NOW - timedelta(days=1)).isoformat()
NEW = {"name": "branch", "issuer": seed.GITHUB, "subject": "repo:x", "audiences": ["api://AzureADTokenExchange"]}


@pytest.fixture(scope="module")
def reader(graph: Graph) -> str:
    return graph.caller(LOGS, WRITE).token


@pytest.fixture(scope="module")
def bot(graph: Graph):
    async def found():
        async with graph.wire.runtime.registry.reading() as store:
            (of,) = await store.applications.find(tenant_id=seed.TENANT_ID, app_id=seed.WORKLOAD_ID)
            return of, await store.credentials.find(application_id=of.id)

    graph.wire.post(graph.wire.form(client_assertion=graph.wire.mint()))
    return graph.wire.run(found)


def asked(graph, caller, of, change, since=SINCE):
    return graph.ask("POST", PATH, caller, {"applicationId": str(of), "change": change, "since": since})


def counts(answer):
    assert answer.status == 200, answer.body
    return {each["outcome"]: each["count"] for each in answer.json["outcomes"] if each["count"]}


def test_each_change_is_held_against_what_happened(graph, reader, bot):
    of, (held, *_) = bot
    which = {"id": str(held.id)}
    matching = {
        "value": f"claims['sub'] matches '{held.subject}' and claims['repository_id'] eq '456789'",
        "languageVersion": 1,
    }
    (known,) = {*counts(asked(graph, reader, of.id, {"add": NEW})).items()}
    assert known[0] in {"stillPasses", "unaffected"}
    fails = {"unaffected": known[1]} if known[0] == "unaffected" else {"newlyFails": known[1]}
    assert counts(asked(graph, reader, of.app_id, {"delete": str(held.id)})) == fails
    assert counts(asked(graph, reader, of.id, {"update": {**which, "subject": "x"}})) == fails
    same = {**which, "subject": None, "claimsMatchingExpression": matching}
    assert counts(asked(graph, reader, of.id, {"update": same})) == dict([known])
    assert counts(asked(graph, reader, of.id, {"update": {**which, "accredit": {"enabled": False}}})) == fails
    future = (NOW + timedelta(days=1)).isoformat()
    assert counts(asked(graph, reader, of.id, {"delete": str(held.id)}, since=future)) == {}


def test_a_call_looks_at_so_many_events_and_for_so_long(graph, reader, bot, monkeypatch):
    of, (held, *_) = bot
    monkeypatch.setattr("accredit.web.graph.replay.MOST", 0)
    told = asked(graph, reader, of.id, {"delete": str(held.id)}).json
    assert (told["sampled"], told["examined"]) == (True, 0)


def test_nothing_is_changed(graph, reader, bot):
    of, (held, *_) = bot
    asked(graph, reader, of.id, {"delete": str(held.id)})
    path = f"/beta/applications/{of.id}/federatedIdentityCredentials/{held.id}"
    assert graph.ask("GET", path, graph.admin()).json["subject"] == held.subject


BAD = {
    "no change": ({}, SINCE),
    "two changes": ({"add": NEW, "delete": "x"}, SINCE),
    "a change that nobody knows": ({"disable": "x"}, SINCE),
    "a time that is none": ({"add": NEW}, "yesterday"),
    "a time without an offset": ({"add": NEW}, "2026-11-23T00:00:00"),
    "a subject that is a number": ({"add": {**NEW, "subject": 1}}, SINCE),
    "an expression that is none": (
        {"add": {**NEW, "subject": None, "claimsMatchingExpression": {"value": "claims", "languageVersion": 1}}},
        SINCE,
    ),
}


@every("sentence", BAD)
def test_a_body_that_cannot_be_read_is_refused(graph, reader, bot, sentence):
    change, since = BAD[sentence]
    assert asked(graph, reader, bot[0].id, change, since).status == 400


def test_what_is_not_there_is_not_found(graph, reader, bot):
    gone = "11111111-2222-4333-8444-555555555555"
    assert asked(graph, reader, gone, {"add": NEW}).status == 404
    assert asked(graph, reader, bot[0].id, {"delete": gone}).status == 404
    assert asked(graph, reader, bot[0].id, {"update": {"subject": "x"}}).status == 404


@every("roles", [(), (LOGS,), (WRITE,), (LOGS, "Application.Read.All")])
def test_who_may_not_read_both_is_told_nothing(graph, bot, roles):
    assert asked(graph, graph.caller(*roles).token, bot[0].id, {"add": NEW}).status == 403


def test_who_may_read_his_own_is_told_of_those_only(own):
    caller = own.caller(LOGS, OWNED)
    mine = own.wire.run(applications.create, own.wire.administrator, seed.TENANT_ID, display_name="mine")
    own.own(caller, mine)
    assert asked(own, caller.token, mine.id, {"add": NEW}).status == 200
    status, error = refused(asked(own, caller.token, seed.WORKLOAD_ID, {"add": NEW}))[:2]
    assert (status, error) == (403, "Authorization_RequestDenied")


def test_it_is_in_beta_only(graph, reader, bot):
    body = {"applicationId": str(bot[0].id), "change": {"add": NEW}, "since": SINCE}
    assert graph.ask("POST", "/v1.0/accredit.replay", reader, body).status == 404
    assert "matching" in json.dumps(graph.ask("POST", PATH, reader, body).json)
