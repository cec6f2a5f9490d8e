"""Any token endpoint, as this source asks it: how it says who it is, and what is said where it gets no token."""

from base64 import b64decode
from urllib.parse import parse_qs

import pytest

from accredit.client.sources import registry
from accredit.errors import INPUT_INVALID, SOURCE_MISSING, SOURCE_REFUSED, Refused
from tests.client.sources.surroundings import AUDIENCE, around, unsigned

TOKEN = unsigned()
SECRET = "s3cret: &+"
GRANTED = (200, {"access_token": TOKEN, "token_type": "Bearer"})


@pytest.fixture
def made(server, monkeypatch):
    """Make the source for the server of this test."""
    monkeypatch.setenv("SSL_CERT_FILE", str(server.ca_file))

    def make(**options):
        variables = {"CLIENT_SECRET": SECRET, "OTHER_SECRET": "another"}
        told = {"url": f"{server.url}/realms/x/token?k={'q' * 9}", "client_id": "a client", **options}
        return registry.source("client_credentials", around(variables), **told)

    return make


def test_both_ways_of_saying_who_asks(server, made):
    server.say(GRANTED)
    assert made(scope="deploy").fetch(AUDIENCE) == TOKEN
    assert made(authentication="post", secret_variable="OTHER_SECRET", parameter="resource").fetch("api://x") == TOKEN
    basic, post = server.asked
    assert b64decode(basic.headers["authorization"].removeprefix("Basic ")) == b"a+client:s3cret%3A+%26%2B"
    asked = {"grant_type": ["client_credentials"], "audience": [AUDIENCE], "scope": ["deploy"]}
    assert parse_qs(basic.body.decode()) == asked
    assert "authorization" not in post.headers
    asked = {"grant_type": ["client_credentials"], "resource": ["api://x"]}
    assert parse_qs(post.body.decode()) == {**asked, "client_id": ["a client"], "client_secret": ["another"]}


REFUSED = {
    "no address": ({"url": ""}, SOURCE_MISSING, "url must be named"),
    "no client": ({"client_id": ""}, SOURCE_MISSING, "client_id must be named"),
    "no secret": ({"secret_variable": "NONE"}, SOURCE_MISSING, "NONE is not set"),
    "in the open": ({"url": "http://sts.example/token"}, INPUT_INVALID, "a secret is sent to an https address only"),
    "some other way": ({"authentication": "mtls"}, INPUT_INVALID, "it is basic or post"),
}
ANSWERED = {
    "an error": (400, {"error": "invalid_client", "error_description": "no"}, "answered 400", "invalid_client no"),
    "a page": (502, b"<html>", "answered 502", ""),
    "a list": (200, b"[]", "answered 200", ""),
    "no token": (200, {"token_type": "Bearer"}, "answered 200", ""),
    "a token that is a number": (200, {"access_token": 7}, "answered 200", ""),
    "brackets without end": (200, b"[" * 100_000, "answered 200", ""),
    "what is no text": (400, b'{"error": "\xff"}', "answered 400", ""),
    "the secret": (401, {"error": f"is {SECRET} right?"}, "answered 401", "is (not shown) right?"),
    "a book": (400, {"error": "x" * 9_999}, "answered 400", "x" * 300),
}


def test_what_is_wrong_is_said(server, made):
    wrong = []
    for row, (options, wanted, why) in REFUSED.items():
        with pytest.raises(Refused) as refused:
            made(**options).fetch(AUDIENCE)
        if refused.value.row is not wanted or why not in refused.value.message:
            wrong.append(f"{row}: {refused.value}")
    assert server.asked == []
    for row, (status, body, why, detail) in ANSWERED.items():
        server.say((status, body))
        with pytest.raises(Refused) as refused:
            made().fetch(AUDIENCE)
        told = refused.value
        if told.row is not SOURCE_REFUSED or why not in told.message or told.detail != detail or "qqq" in told.message:
            wrong.append(f"{row}: {told} {told.detail}")
    assert not wrong, "\n".join(wrong)


def test_it_is_there_for_who_names_it(made):
    assert made().detect().why.endswith("/realms/x/token was named")
    assert registry.source("client_credentials", around({})).detect().why == "url and client_id must be named"
    assert SECRET not in repr(made())
