"""How the documents of an issuer that is wrong leave: late, octet by octet, to somebody who left, or not at all."""

import asyncio
import json
from pathlib import Path

import pytest

from accredit.errors import Refused
from accredit.testidp import OUTAGES, Endpoints, Outage
from accredit.testidp.impostors import Impostors
from accredit.testidp.outages import HELD, Answer
from tests.testidp.workbench import issuer

DISCOVERY = "/idp/github/.well-known/openid-configuration"


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


async def time_passes_at_once():
    raise TimeoutError


def test_who_waits_gets_the_whole_answer():
    for answer in (Answer(b"abc", delay=0.01), Answer(b"abc", drip=0.001)):
        sent = asyncio.run(asked(Outage("", "", lambda _, answer=answer: answer), patient))
        assert b"".join(each.get("body", b"") for each in sent) == b"abc"
        assert not sent[-1].get("more_body")


def test_nothing_is_sent_to_a_reader_who_left():
    assert asyncio.run(asked(OUTAGES["timeout"], gone)) == []
    assert len(asyncio.run(asked(OUTAGES["slow_drip"], gone))) == 2  # the head and one octet


def test_a_slow_answer_is_bounded():
    sent = asyncio.run(asked(Outage("", "", lambda _: Answer(b"x" * 100, drip=10.0)), time_passes_at_once))
    assert [len(each["body"]) for each in sent[1:]] == [1] * int(HELD / 10) + [97]


def test_without_certificates_nobody_can_be_an_impostor(tmp_path):
    plain = issuer()
    plain.down("github", "tls_expired")
    said = asyncio.run(asked(OUTAGES["tls_expired"], gone))
    assert (said[0]["status"], json.loads(said[1]["body"])["code"]) == (400, "ACC1003")
    for certificates in ({}, {"expired": Path(tmp_path, "nothing")}):
        with pytest.raises(Refused, match="there is no certificate for it"):
            Impostors(certificates, lambda _: b"").instead("https://localhost:1/keys", "expired")
