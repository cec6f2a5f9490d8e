"""A source's token is given again until shortly before its end, and never after it. The clock is the tests' own."""

import asyncio
import threading
import traceback
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from accredit.client.renewing import Assertion
from accredit.client.sources import claims, registry
from accredit.client.sources.source import Detection
from accredit.errors import SOURCE_AUDIENCE, SOURCE_REFUSED, SOURCE_SPENT, Refused
from tests.client.sources.surroundings import AUDIENCE, around, unsigned

START = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


class Clock:
    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now

    def pass_by(self, seconds):
        self.now += timedelta(seconds=seconds)


@dataclass
class Platform:
    """A platform that makes a new token each time it is asked."""

    clock: Clock
    life: float = 300  # seconds
    name: str = "a platform"
    one_shot: bool = False
    audience: str = "chosen"
    claims: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)

    def detect(self):
        return Detection(found=True, why="it was named")

    def fetch(self, audience):
        self.asked.append(audience)
        exp = int(self.clock.now.timestamp() + self.life)
        return unsigned(aud=audience, exp=exp, jti=str(len(self.asked)), **self.claims) + "\n"


@pytest.fixture
def clock():
    return Clock()


def number(token):
    return claims.read(token)["jti"]


def test_a_token_is_given_again_until_a_minute_before_its_end(clock):
    platform = Platform(clock)
    assertion = Assertion(platform, None, clock)
    given = []
    for seconds in (0, 200, 39, 1, 0, 239, 1):
        clock.pass_by(seconds)
        given.append(number(assertion()))
    assert given == ["1", "1", "1", "2", "2", "2", "3"]
    assert platform.asked == [AUDIENCE] * 3


def test_one_audience_s_token_is_not_given_for_another(clock):
    platform = Platform(clock)
    mine, other = (Assertion(platform, each, clock) for each in ("api://mine", "api://other"))
    assert {number(mine()), number(other()), number(mine())} == {"1", "2"}
    assert platform.asked == ["api://mine", "api://other"]


def test_the_only_token_of_a_job_is_refused_before_it_is_dead(clock):
    platform = Platform(clock, one_shot=True)
    assertion = Assertion(platform, None, clock)
    token = assertion()
    clock.pass_by(239)
    assert assertion() == token
    for seconds, said in ((2, "ends in 59 s (2026-11-23 12:05:00Z)"), (60, "ended 1 s ago")):
        clock.pass_by(seconds)
        with pytest.raises(Refused) as refused:
            assertion()
        assert refused.value.row is SOURCE_SPENT
        assert said in refused.value.message
        assert assertion.peeked().value == token
    assert len(platform.asked) == 1, "there is nobody to ask again"
    assert not assertion.forget()


def test_a_platform_that_gives_what_has_ended_is_told_so(clock):
    assertion = Assertion(Platform(clock, life=-1), None, clock)
    with pytest.raises(Refused, match="ended 1 s ago") as refused:
        assertion()
    assert refused.value.row is SOURCE_SPENT
    short = Assertion(Platform(clock, life=30), None, clock)
    assert (number(short()), number(short())) == ("1", "2"), "what ends soon is used once"


@pytest.mark.parametrize("name", ["file", "kubernetes_file"])
def test_a_file_that_somebody_renews_is_read_again_after_ten_minutes(clock, tmp_path, name):
    path = tmp_path / "token"
    source = registry.source(name, around({}), file=str(path))
    assertion = Assertion(source, None, clock)
    exp = int((START + timedelta(days=1)).timestamp())
    given = []
    for seconds, written in ((0, "1"), (599, "2"), (1, "3")):
        clock.pass_by(seconds)
        path.write_text(unsigned(exp=exp, jti=written))
        given.append(number(assertion()))
    assert given == ["1", "1", "3"]


def test_a_token_without_an_end_is_given_as_it_is(clock):
    for claimed in ({"exp": None}, {"exp": True}, {"exp": "soon"}, {"exp": 1e300}, {"exp": -1e300}):
        assertion = Assertion(Env(unsigned(**claimed)), None, clock)
        assert assertion.given().expires_at is None


@dataclass
class Env:
    """A job that was given one token."""

    token: str
    name: str = "env"
    one_shot: bool = True
    audience: str = "preset"

    def detect(self):
        return Detection(found=True, why="")

    def fetch(self, audience):  # noqa: ARG002  the protocol's signature
        return self.token


NO_TOKENS = {
    "nothing": "",
    "an id": "0123456789",
    "two parts": "e30.e30",
    "four parts": "e30.e30.e30.e30",
    "no base64": "e30.%%%.x",
    "no JSON": "e30.eA.x",
    "a list": "e30.W10.x",
    "a header that is a list": "W10.e30.x",
    "a page": "<html>no.such.page</html>",
    "depth": f"e30.{'W' * 40_000}.x",
}


def test_what_is_no_token_is_refused(clock):
    wrong = []
    for row, text in NO_TOKENS.items():
        with pytest.raises(Refused) as refused:
            Assertion(Env(text), None, clock)()
        if refused.value.row is not SOURCE_REFUSED or "is not a JWT" not in refused.value.message:
            wrong.append(f"{row}: {refused.value}")
    assert not wrong, "\n".join(wrong)


def test_a_token_for_somebody_else_is_refused_where_an_audience_was_named(clock):
    token = unsigned(aud=["https://a.example", "https://b.example"])
    assert Assertion(Env(token), None, clock)() == token, "nothing was said of an audience"
    assert Assertion(Env(token), "https://b.example", clock)() == token
    with pytest.raises(Refused, match=r"for https://a.example, https://b.example, not for api://x") as refused:
        Assertion(Env(token), "api://x", clock)()
    assert refused.value.row is SOURCE_AUDIENCE
    assert Assertion(Env(unsigned(aud="a-guid"), name="imds"), "api://x", clock)(), "Azure names an API by its id"


def test_what_goes_wrong_never_shows_the_token(clock):
    token = unsigned(aud="a", exp=int(START.timestamp()))
    signed = token.rpartition(".")[0]
    for audience in (None, "api://x"):
        assertion = Assertion(Env(token), audience, clock)
        with pytest.raises(Refused) as refused:
            assertion()
        told = "".join(traceback.format_exception(refused.value)) + repr(assertion)
        assert signed not in told
    assert signed not in repr(Assertion(Env(token), None, clock).peeked())


def test_threads_that_ask_together_ask_once(clock):
    platform = Platform(clock)
    assertion = Assertion(platform, None, clock)
    begun = threading.Barrier(8)
    found = []

    def ask():
        begun.wait()
        found.append(number(assertion()))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(10)
    assert found == ["1"] * 8


def test_an_event_loop_need_not_wait(clock):
    platform = Platform(clock)
    assertion = Assertion(platform, None, clock)
    asyncio.run(assertion.ready())
    assert number(assertion()) == "1"
    assert assertion.forget()
    assert number(assertion()) == "2"
