"""Fly.io's socket: what it answers, and the source that asks it through the emulator's own; then the exchange."""

import json
from dataclasses import replace

import pytest

from accredit.client.sources.registry import source
from accredit.client.sources.source import Surroundings
from accredit.errors import SOURCE_MISSING, SOURCE_REFUSED, Refused
from tests.clients.platforms.jobs import AUDIENCE, begin, exchanged
from tests.support.workload import engage
from tests.testidp.native.asking import SOCKET, asked, at, begun, platforms
from tests.testidp.workbench import Parts

PATH = "/v1/tokens/oidc"
ELSEWHERE = "ACCREDIT_FLY_SOCKET"


def post(natives, body):
    return at(natives, "socket", replace(asked(PATH, "POST"), body=body))


def test_a_machine_chooses_the_audience_or_gets_the_platforms_own():
    natives = platforms()
    for body, audience in (
        (b'{"aud": "api://a"}', "api://a"),
        (b"{}", "https://fly.io/acme"),
        (b"", "https://fly.io/acme"),
    ):
        answer = post(natives, body)
        assert answer.status == 200
        assert Parts.of(answer.body.decode()).claims["aud"] == audience


def test_what_the_socket_refuses():
    natives = platforms()
    for body in (b"{", b"[]", b'{"aud": 7}', b'{"aud": ["a"]}', json.dumps({"aud": "a" * 1_001}).encode()):
        answer = post(natives, body)
        assert (answer.status, list(json.loads(answer.body))) == (400, ["error"])
    assert at(natives, "socket", asked(PATH)).status == 405
    assert natives.at("socket", asked("/v1/apps")) is None
    assert natives.at("metadata", asked(PATH, "POST")) is None


def test_the_socket_speaks_for_the_machine_that_was_begun_last():
    natives = platforms()
    first = begun(natives, "fly", params={"app": "first"})
    begun(natives, "fly", params={"app": "second"})
    assert (first["FLY_APP_NAME"], first[ELSEWHERE]) == ("first", SOCKET)
    assert Parts.of(post(natives, b"{}").body.decode()).claims["app_name"] == "second"


def test_the_source_asks_the_socket_and_the_token_is_exchanged(emulator, tmp_path):
    workload = engage(emulator, trusting=False)
    job = begin(emulator, tmp_path, "fly", params={"machine_id": workload.environment})
    workload.trust(issuer="https://oidc.fly.io/acme", subject=f"acme:shop:{workload.environment}")
    found = source("fly", Surroundings(job.variables))
    assert found.detect().found
    exchanged(workload, found.fetch(AUDIENCE))
    # Too long for Fly, so that the source has a refusal to tell.
    for refused, row in ((found, SOURCE_REFUSED), (source("fly", Surroundings({}, root=tmp_path)), SOURCE_MISSING)):
        with pytest.raises(Refused) as why:
            refused.fetch("a" * 1_001)
        assert why.value.row is row
