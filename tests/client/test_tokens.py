"""A token is asked for when it is needed, and once more when it is not believed; what proves it is shown to nobody."""

import traceback
from urllib.parse import parse_qs

import pytest

from accredit.client import ClientSecret, FederatedToken, Graph, OtherRefusal
from accredit.client.tokens import AccessToken, Tokens
from accredit.errors import (
    INPUT_INVALID,
    PRIVILEGES_MISSING,
    SECRET_INVALID,
    SIGN_IN_NEEDED,
    TENANT_UNKNOWN,
    TOO_MANY_REQUESTS,
    Refused,
)
from tests.client.conftest import CLIENT, NOW, SECRET, TENANT, bearer

TRACE = " Trace ID: 8f6d Correlation ID: 11 Timestamp: 2026-11-23 12:00:00Z"
UNKNOWN = {
    "error": "invalid_request",
    "error_description": f"AADSTS90002: {TENANT_UNKNOWN.template.format(tenant='x.test')}{TRACE}",
}
WRONG = {
    "error": "invalid_client",
    "error_description": f"AADSTS7000215: {SECRET_INVALID.template.format(client=CLIENT)}{TRACE}",
}


def test_the_form_says_who_asks_for_what(server, tokens):
    server.say((200, {"access_token": bearer()}))
    assert tokens.current().app_id.hex == CLIENT.replace("-", "")
    asked = server.asked[0]
    assert (asked.method, asked.path) == ("POST", "/contoso.test/oauth2/v2.0/token")
    assert {name: value for name, (value,) in parse_qs(asked.body.decode()).items()} == {
        "grant_type": "client_credentials",
        "client_id": CLIENT,
        "client_secret": SECRET,
        "scope": "https://graph.microsoft.com/.default",
    }


def test_a_token_serves_until_a_minute_before_its_end(server, tokens):
    for life, asked in ((61, 1), (60, 2), (59, 3)):
        server.say((200, {"access_token": bearer(life)}))
        tokens.renewed()
        server.asked.clear()
        server.say((200, {"access_token": bearer()}))
        tokens.current()
        assert len(server.asked) == (0 if life == 61 else 1), asked


def test_a_new_token_is_told_to_whoever_keeps_it(server, http):
    kept = []
    server.say((200, {"access_token": bearer()}))
    Tokens(http, TENANT, CLIENT, ClientSecret(SECRET), lambda: NOW, lambda: "once", None, kept.append).current()
    assert [each.value for each in kept] == [bearer()]


def test_a_federated_token_is_read_each_time(server, http):
    current = iter(["first\n", "second\n"])
    tokens = Tokens(http, TENANT, CLIENT, FederatedToken(lambda: next(current)), lambda: NOW, lambda: "once")
    server.say((200, {"access_token": bearer()}))
    tokens.renewed()
    tokens.renewed()
    assert [parse_qs(each.body.decode())["client_assertion"] for each in server.asked] == [["first"], ["second"]]


def test_without_evidence_a_token_is_used_to_its_end_and_then_missed(http):
    held = AccessToken.read(bearer())
    tokens = Tokens(http, TENANT, CLIENT, None, lambda: NOW, lambda: "once", held)
    assert tokens.current() is held
    for each in (None, AccessToken.read(bearer(0))):
        with pytest.raises(Refused) as refused:
            Tokens(http, TENANT, CLIENT, None, lambda: NOW, lambda: "once", each).current()
        assert refused.value.row is SIGN_IN_NEEDED


REFUSED = {
    "a tenant that is unknown": ((400, UNKNOWN), TENANT_UNKNOWN, {"tenant": "x.test"}),
    "a secret that is wrong": ((401, WRONG), SECRET_INVALID, {"client": CLIENT}),
    "too many requests": (
        (429, {"error_description": f"AADSTS90055: {TOO_MANY_REQUESTS.template}{TRACE}"}, {"Retry-After": "100"}),
        TOO_MANY_REQUESTS,
        {},
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_refusal_comes_back_as_its_row(server, tokens, what):
    answer, row, fields = REFUSED[what]
    server.say(answer)
    with pytest.raises(Refused) as refused:
        tokens.current()
    assert (refused.value.row, refused.value.fields) == (row, fields)


OTHER = {
    "in an operator's own words": ({"error_description": "AADSTS7000215: Nein." + TRACE}, "AADSTS7000215", "Nein."),
    "with a code that is not known": ({"error_description": "AADSTS1: Who?" + TRACE}, "AADSTS1", "Who?"),
    "by something else": ({"error": "teapot"}, "teapot", "The answer has no description."),
    "without JSON": (b"<html>", "400", "The answer has no description."),
    "with JSON of another form": ([1], "400", "The answer has no description."),
}


@pytest.mark.parametrize("what", OTHER)
def test_a_refusal_that_is_not_known_is_told_as_it_is(server, tokens, what):
    answer, code, message = OTHER[what]
    server.say((400, answer))
    with pytest.raises(OtherRefusal) as refused:
        tokens.current()
    assert (refused.value.code, refused.value.message, refused.value.token) == (code, message, True)


NO_TOKENS = (
    "",
    "a.b",
    "e30.e30.e30",
    "a.!!.b",
    "...",
    "e30.W10.e30",
    bearer(exp="soon"),
    bearer(exp=10**20),
    bearer(tid="x"),
)


@pytest.mark.parametrize("text", NO_TOKENS)
def test_what_is_no_token_is_refused_without_being_shown(text):
    with pytest.raises(Refused) as refused:
        AccessToken.read(text)
    assert refused.value.row is INPUT_INVALID
    said = "".join(traceback.format_exception(refused.value))
    assert len(text) < 20 or text not in said


def test_an_answer_without_a_token_is_refused(server, tokens):
    for body in ({}, [], b"x", {"access_token": 1}):
        server.say((200, body))
        with pytest.raises(Refused):
            tokens.renewed()


def test_a_token_that_is_not_believed_any_more_is_renewed_once(server, tokens):
    tokens.held = AccessToken.read(bearer())
    unbelieved = {"error": {"code": "InvalidAuthenticationToken", "message": "Access token validation failure. x"}}
    server.say((401, unbelieved), (200, {"access_token": bearer(roles=[])}), (200, {"value": "x"}))
    assert Graph(tokens.http, tokens).get("/x") == {"value": "x"}
    assert [each.headers.get("authorization") for each in server.asked] == [
        f"Bearer {bearer()}",
        None,
        f"Bearer {bearer(roles=[])}",
    ]
    server.say((401, unbelieved), (200, {"access_token": bearer()}), (401, unbelieved))
    with pytest.raises(Refused) as refused:
        Graph(tokens.http, tokens).get("/x")
    assert refused.value.row.status == 401


def test_no_representation_shows_a_secret_or_a_token(tokens):
    shown = repr((tokens, tokens.evidence, AccessToken.read(bearer())))
    assert SECRET not in shown
    assert bearer() not in shown


DENIED = {"error": {"code": "Authorization_RequestDenied", "message": PRIVILEGES_MISSING.template}}


def test_a_token_that_was_kept_is_replaced_for_the_roles_of_now(server, tokens):
    tokens.held = AccessToken.read(bearer())
    server.say((403, DENIED), (200, {"access_token": bearer()}), (200, {"value": "x"}))
    assert Graph(tokens.http, tokens).get("/x") == {"value": "x"}
    server.asked.clear()
    server.say((403, DENIED))
    with pytest.raises(Refused) as refused:
        Graph(tokens.http, tokens).get("/x")
    assert (refused.value.row, len(server.asked)) == (PRIVILEGES_MISSING, 1), "the token was just issued"


def test_nobody_is_asked_for_a_secret_for_the_sake_of_roles(server, http):
    class Asking(ClientSecret):
        at_hand = False

    tokens = Tokens(http, TENANT, CLIENT, Asking(SECRET), lambda: NOW, lambda: "once", AccessToken.read(bearer()))
    server.say((403, DENIED))
    with pytest.raises(Refused) as refused:
        Graph(http, tokens).get("/x")
    assert (refused.value.row, len(server.asked)) == (PRIVILEGES_MISSING, 1)
