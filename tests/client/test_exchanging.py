"""The exchange at an authority of a few lines: what it puts off, what it refuses, and what nobody may read of it."""

import traceback
from datetime import timedelta
from urllib.parse import parse_qs

import pytest

from accredit.client import OtherRefusal
from accredit.client.exchanging import Request, exchange
from accredit.client.renewing import Assertion
from accredit.errors import INPUT_INVALID, NOT_IN_TIME, SUBJECT_NOT_TRUSTED, Refused
from tests.client.conftest import CLIENT, NOW
from tests.client.sources.surroundings import unsigned
from tests.client.test_renewing import Clock, Env, Platform

ASKED = Request("contoso.test", CLIENT, "api://orders/.default")
GRANTED = (200, {"access_token": "the.access.token", "expires_in": 3599, "token_type": "Bearer"})
UNTRUSTED = (
    "AADSTS700213: No matching federated identity record found for presented assertion subject 'job'. Check your "
    "federated identity credential Subject, Audience and Issuer against the presented assertion. "
    "https://learn.microsoft.com/entra/workload-id/workload-identity-federation"
)
ENTRA = UNTRUSTED.replace("Check your", "Please check your").replace("record found", "record was found")


def now():
    return NOW


def refusal(text, error="invalid_client", **more):
    told = f"{text} Trace ID: t Correlation ID: c Timestamp: 2026-11-23 12:00:00Z"
    return (401, {"error": error, "error_description": told, "trace_id": "t-1", "correlation_id": "c-1", **more})


@pytest.fixture
def assertion():
    return Assertion(Env(unsigned(exp=int((NOW + timedelta(hours=1)).timestamp()))), None, now)


def test_an_assertion_becomes_an_access_token(server, http, assertion):
    server.say(GRANTED)
    found = exchange(http, ASKED, assertion, now)
    assert (found.value, found.expires_at, found.scope) == (
        "the.access.token",
        NOW + timedelta(seconds=3599),
        "api://orders/.default",
    )
    assert "the.access.token" not in repr(found)
    (asked,) = server.asked
    assert asked.path == "/contoso.test/oauth2/v2.0/token"
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": [CLIENT],
        "scope": ["api://orders/.default"],
        "client_assertion_type": ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"],
        "client_assertion": [assertion()],
    }


def test_what_is_put_off_is_asked_again_when_it_says(server, http, assertion, waited):
    server.say((429, {}, {"Retry-After": "7"}), (503, {}), (502, b"<html>"), GRANTED)
    assert exchange(http, ASKED, assertion, now).value == "the.access.token"
    assert waited == [7.0, 2.0]
    assert len(server.asked) == 4


def test_what_breaks_twice_is_told(server, http, assertion):
    server.say((500, b"<html>oh</html>"))
    with pytest.raises(OtherRefusal) as refused:
        exchange(http, ASKED, assertion, now)
    assert (refused.value.status, refused.value.message) == (500, "The answer has no description.")
    assert len(server.asked) == 2


LATE = (
    "AADSTS700024: Client assertion is not within its valid time range. Current time: a, assertion valid from b, "
    "expiry time of assertion c. Review the documentation at "
    "https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials ."
)


@pytest.mark.parametrize("text", [LATE, LATE.replace("Review", "Please review")], ids=["as we say it", "otherwise"])
def test_a_token_that_has_just_ended_is_asked_for_anew(server, http, text):
    clock = Clock()
    platform = Platform(clock)
    assertion = Assertion(platform, None, clock)
    server.say(refusal(text), GRANTED)
    assert exchange(http, ASKED, assertion, now).value == "the.access.token"
    assert len(platform.asked) == 2
    server.say(refusal(text))
    with pytest.raises((Refused, OtherRefusal)):
        exchange(http, ASKED, assertion, now)
    assert len(platform.asked) == 3, "once, and not for ever"


def test_the_only_token_of_a_job_is_not_sent_twice(server, http, assertion):
    server.say(refusal(LATE), GRANTED)
    with pytest.raises(Refused) as refused:
        exchange(http, ASKED, assertion, now)
    assert refused.value.row is NOT_IN_TIME
    assert len(server.asked) == 1


def test_a_refusal_is_the_row_of_the_catalogue_with_what_the_token_says(server, http, assertion):
    server.say(refusal(UNTRUSTED))
    with pytest.raises(Refused) as refused:
        exchange(http, ASKED, assertion, now)
    assert refused.value.row is SUBJECT_NOT_TRUSTED
    said = "issuer https://platform.example; subject job; audience api://AzureADTokenExchange"
    assert refused.value.detail.splitlines() == [
        f"The token that was sent says, unverified: {said}.",
        "In the authority's log: trace id t-1, correlation id c-1.",
    ]


def test_entra_s_own_words_keep_their_code(server, http, assertion):
    server.say(refusal(ENTRA))
    with pytest.raises(OtherRefusal) as refused:
        exchange(http, ASKED, assertion, now)
    assert refused.value.code == "AADSTS700213"
    assert refused.value.token
    assert "subject job" in refused.value.detail


def test_an_authority_that_repeats_the_assertion_is_not_repeated(server, http, assertion):
    token = assertion()
    for text in (f"AADSTS50027: JWT token {token} is invalid.", f"AADSTS999999: what is {token} to be?"):
        server.say(refusal(text))
        with pytest.raises((Refused, OtherRefusal)) as refused:
            exchange(http, ASKED, assertion, now)
        told = "".join(traceback.format_exception(refused.value)) + getattr(refused.value, "detail", "")
        assert token.rpartition(".")[0] not in told
        assert token.split(".")[1] not in told


def test_a_refusal_that_nobody_can_read_is_told_as_one(server, http, assertion):
    for body in (b"[" * 100_000, b'{"error": ' * 50_000, b'{"error_description": "\xff"}'):
        server.say((400, body))
        with pytest.raises(OtherRefusal, match="The answer has no description"):
            exchange(http, ASKED, assertion, now)


ANSWERS = {
    "no JSON": b"<html>",
    "a list": b"[]",
    "no token": {"expires_in": 1},
    "an empty token": {"access_token": "", "expires_in": 1},
    "a token that is a number": {"access_token": 7, "expires_in": 1},
    "a token of two lines": {"access_token": "the.access.token\r\nX-Other: header", "expires_in": 1},
    "a token that ends with a line": {"access_token": "the.access.token\n", "expires_in": 1},
    "a token that moves a cursor": {"access_token": "\x1b[2Jthe.access.token", "expires_in": 1},
    "brackets without end": b"[" * 100_000,
    "what is no text": b'{"access_token": "\xff"}',
    "no end": {"access_token": "the.access.token"},
    "an end that is none": {"access_token": "the.access.token", "expires_in": "soon"},
    "an end beyond all times": {"access_token": "the.access.token", "expires_in": 10**15},
}


def test_an_answer_that_is_none_is_refused(server, http, assertion):
    wrong = []
    for row, body in ANSWERS.items():
        server.say((200, body))
        with pytest.raises(Refused) as refused:
            exchange(http, ASKED, assertion, now)
        told = "".join(traceback.format_exception(refused.value))
        if refused.value.row is not INPUT_INVALID or "the.access.token" in told:
            wrong.append(f"{row}: {refused.value}")
    assert not wrong, "\n".join(wrong)
