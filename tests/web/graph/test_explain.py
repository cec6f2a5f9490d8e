"""`POST /beta/accredit.explain`: the same explanation over the API, for those who may read what is compared."""

import json

import pytest

from accredit.administer import applications, credentials
from accredit.app import seed
from accredit.signins import kept
from tests.support.every import every
from tests.web.graph.callers import Graph
from tests.web.graph.trusting import refused
from tests.wire.authority import upload_github

PATH = "/beta/accredit.explain"
BASE = "https://localhost:8443"
WRITE, OWNED = "Application.ReadWrite.All", "Application.ReadWrite.OwnedBy"


@pytest.fixture(scope="module")
def writer(graph: Graph) -> str:
    return graph.caller(WRITE).token


@pytest.fixture(scope="module")
def bot(graph: Graph) -> str:
    async def found():
        async with graph.wire.runtime.registry.reading() as store:
            return {each.display_name: each for each in await store.applications.find(tenant_id=seed.TENANT_ID)}

    return str(graph.wire.run(found)["deploy-bot"].id)


@pytest.fixture(scope="module")
def token(graph: Graph) -> str:
    """A token of the job that deploy-bot trusts, for another branch of it."""
    return graph.wire.mint(branch="next")


def asked(graph, caller, token, **members):
    return graph.ask("POST", PATH, caller, {"token": token, **members})


def test_a_token_is_explained_for_one_application(graph, writer, bot, token):
    answer = asked(graph, writer, token, applicationId=bot)
    assert answer.status == 200, answer.body
    (told,) = answer.json["value"]
    assert answer.json["@odata.context"] == f"{BASE}/beta/$metadata#accredit.explain"
    assert (told["schema"], told["application"], told["outcome"]) == (1, "deploy-bot", "refused")
    assert (told["code"], told["proof"]) == ("AADSTS700213", "unknown")
    assert told["near"][0]["comparisons"][0]["passed"] is True


def test_neither_token_nor_signature_comes_back(graph, writer, bot, token, caplog):
    for members in ({"applicationId": bot}, {}, {"applicationId": bot, "online": True}):
        answer = asked(graph, writer, token, **members)
        for part in token.split("."):
            assert part[:60].encode() not in answer.body
            assert part[:60] not in caplog.text


def test_the_registered_issuers_keys_prove_it_and_then_the_command_is_ready(own):
    caller = own.caller(WRITE).token
    said = own.wire.mint(branch="next")
    (before, *_) = asked(own, caller, said).json["value"]
    upload_github(own.wire)
    (after, *_) = asked(own, caller, said, online=True).json["value"]
    assert [each["proof"] for each in (before, after)] == ["unknown", "proven"]
    commands = [
        [edit["command"] for edit in each["edits"] if edit["target"] == "credential"] for each in (before, after)
    ]
    assert commands[0] == [""]
    assert commands[1][0].startswith("accredit credential add deploy-bot --issuer ")


def test_online_an_issuer_that_does_not_answer_is_told(graph, writer, bot, token):
    told = asked(graph, writer, token, applicationId=bot, online=True).json["value"][0]
    signature = next(each for each in told["steps"] if each["id"] == "signature")
    assert (told["code"], signature["status"], signature["code"]) == ("AADSTS700213", "fail", "AADSTS90061")


def test_without_an_application_those_are_told_that_come_nearest(graph, writer, token):
    found = asked(graph, writer, token).json["value"]
    assert found[0]["application"] == "deploy-bot"
    assert len(found) <= 5


def test_no_more_than_so_many_credentials_are_looked_through(graph, writer, token, monkeypatch):
    monkeypatch.setattr("accredit.explain.asking.CONSIDERED", 1)
    assert [each["application"] for each in asked(graph, writer, token).json["value"]] == ["deploy-bot"]


def test_an_application_is_named_by_its_client_id_too(graph, writer, bot, token):
    client_id = graph.ask("GET", f"/v1.0/applications/{bot}", graph.admin()).json["appId"]
    assert asked(graph, writer, token, applicationId=client_id).json["value"][0]["application"] == "deploy-bot"


def test_another_application_that_trusts_it_is_named_to_who_may_read_all(own):
    by, run = own.wire.administrator, own.wire.run
    other = run(applications.create, by, seed.TENANT_ID, display_name="another")
    members = {"name": "x12", "issuer": seed.GITHUB, "subject": "somebody-else", "audiences": ("api://x",)}
    run(credentials.add, by, other.id, **members)
    said = own.wire.mint()
    writer, owner = own.caller(WRITE).token, own.caller(OWNED)
    own.own(owner, other)
    told = asked(own, writer, said, applicationId=str(other.id)).json["value"][0]
    assert told["elsewhere"] == ["deploy-bot"]
    assert asked(own, owner.token, said, applicationId=str(other.id)).json["value"][0]["elsewhere"] == []


def test_who_may_read_his_own_is_told_of_those_only(graph, bot, token):
    owner = graph.caller(OWNED)
    status, error = refused(asked(graph, owner.token, token, applicationId=bot))[:2]
    assert (status, error) == (403, "Authorization_RequestDenied")
    assert asked(graph, owner.token, token).status == 403
    assert asked(graph, owner.token, "a.b.c").status == 403


def test_who_may_not_read_credentials_is_told_nothing(graph, bot, token):
    for roles in ((), ("Application.Read.All",), ("Directory.Read.All",)):
        assert asked(graph, graph.caller(*roles).token, token, applicationId=bot).status == 403


def test_it_is_in_beta_only(graph, writer, token):
    assert graph.ask("POST", "/v1.0/accredit.explain", writer, {"token": token}).status == 404


UNREADABLE = {
    "no token": ("x", "MALFORMED"),
    "no audience": (
        "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.eyJpc3MiOiJhIiwic3ViIjoiYiIsImV4cCI6MX0.AAAA",
        "CLAIM_MISSING(aud)",
    ),
}


@pytest.mark.parametrize("sentence", UNREADABLE)
def test_a_token_that_cannot_be_read_is_explained(graph, writer, bot, sentence):
    text, cause = UNREADABLE[sentence]
    told = asked(graph, writer, text, applicationId=bot).json["value"][0]
    assert (told["outcome"], told["cause"], told["near"]) == ("refused", cause, [])
    assert asked(graph, writer, text).json["value"][0]["cause"] == cause


BAD = {
    "no token at all": ({}, "token"),
    "a token that is a number": ({"token": 1}, "token"),
    "a member that nobody knows": ({"token": "x", "issuer": "y"}, "issuer"),
    "a token that is too long": ({"token": "x" * 70_000}, "token"),
}


@every("sentence", BAD)
def test_what_cannot_be_asked_is_refused_for(graph, writer, sentence):
    body, word = BAD[sentence]
    answer = graph.ask("POST", PATH, writer, body)
    assert answer.status == 400
    assert word in json.dumps(answer.json)


def test_of_another_tenants_application_nobody_hears(graph, writer, token):
    for which in ("acc7ed17-0000-4000-8000-00000000ffff", "nonsense"):
        assert asked(graph, writer, token, applicationId=which).status == 404


def test_a_token_whose_text_moves_a_cursor_is_shown_escaped(graph, writer, bot):
    said = graph.wire.mint(overrides={"sub": "a\x1b[2Jb"})
    told = asked(graph, writer, said, applicationId=bot).json["value"][0]
    assert "\x1b" not in json.dumps(told, ensure_ascii=False)
    assert told["assertion"]["subject"] in {kept("a\x1b[2Jb"), "a\\x1b[2Jb"}
