"""Who may control an emulator without its control token: on loopback whoever mints, beyond it nobody."""

import pytest

from accredit import config
from accredit.app.judge import judge
from accredit.errors import SETTING_INVALID, Refused
from accredit.testidp.native.aws import EXAMPLE_KEY
from tests.wire.authority import wire

MINT = ("_mint", b'{"dialect":"github"}')
BEGIN = ("_environment", b'{"dialect":"github"}')
ROTATE = ("github/_rotate", b"{}")
CLOCK = ("_clock", b"{}")
EXPOSED = {"host": "0.0.0.0", "expose_emulator": True}  # noqa: S104  nothing is bound here

ROWS = {
    "on loopback": ({}, {MINT: 200, BEGIN: 200, ROTATE: 401, CLOCK: 401}),
    "on loopback, opened": ({"open_control": True}, {MINT: 200, BEGIN: 200, ROTATE: 200, CLOCK: 200}),
    "beyond loopback": (EXPOSED, {MINT: 401, BEGIN: 401, ROTATE: 401, CLOCK: 401}),
}


@pytest.mark.parametrize("row", ROWS)
def test_what_goes_without_the_token(tmp_path, row):
    settings, expected = ROWS[row]
    with wire(tmp_path / "data", **settings) as emulator:

        def ask(call, **headers):
            path, body = call
            headers = {"content-type": "application/json", **headers}
            return emulator.ask("POST", f"/idp/{path}", body, headers).status

        assert {call: ask(call) for call in expected} == expected
        bearer = f"Bearer {emulator.runtime.control_token}"
        assert {ask(call, authorization=bearer) for call in expected} == {200}
        assert {ask(call, authorization=bearer, **{"sec-fetch-site": "cross-site"}) for call in expected} == {403}


ASKED = b"Action=GetWebIdentityToken&Version=2011-06-15&Audience.member.1=x&SigningAlgorithm=ES384"
SIGNED = (
    f"AWS4-HMAC-SHA256 Credential={EXAMPLE_KEY}/20261123/eu-west-1/sts/aws4_request, SignedHeaders=host, Signature=0"
)


@pytest.mark.parametrize(("settings", "status"), [({}, 200), (EXPOSED, 403)], ids=["on loopback", "beyond it"])
def test_the_access_key_that_everybody_knows_mints_where_everybody_may(tmp_path, settings, status):
    headers = {"content-type": "application/x-www-form-urlencoded", "authorization": SIGNED}
    with wire(tmp_path / "data", **settings) as emulator:
        answer = emulator.ask("POST", "/idp/aws/", ASKED, headers)
    assert (answer.status, b"InvalidClientTokenId" in answer.body) == (status, status == 403)


def test_what_cannot_be_opened():
    rows = {
        "beyond loopback": {"profile": "emulator", "open_control": True, **EXPOSED},
        "in production": {"profile": "production", "open_control": True, "public_url": "https://a.example"},
    }
    for said in rows.values():
        with pytest.raises(Refused) as refused:
            judge(config.read({}, secrets=None, **said))
        assert refused.value.row is SETTING_INVALID
        assert "open_control" in str(refused.value)
