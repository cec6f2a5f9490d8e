import json

import pytest

from accredit.errors import ISSUER_UNREACHABLE, Refused
from accredit.issuers import discovery
from tests.forge import ISSUER
from tests.issuers.records import record
from tests.support.every import every

KEYS = f"{ISSUER}/.well-known/jwks"


def document(**members):
    return json.dumps({"issuer": ISSUER, "jwks_uri": KEYS, **members}).encode()


ACCEPTED = {
    "the two members that are needed": (document(), KEYS),
    "as a Kubernetes API server writes it": (document(response_types_supported=["id_token"]), KEYS),
    "keys on another host": (
        document(jwks_uri="https://www.googleapis.com/oauth2/v3/certs"),
        "https://www.googleapis.com/oauth2/v3/certs",
    ),
    "keys behind a query": (document(jwks_uri="https://k.example/?p=x"), "https://k.example/?p=x"),
    "keys on this machine, for the fetcher to judge": (
        document(jwks_uri="http://127.0.0.1:1/k"),
        "http://127.0.0.1:1/k",
    ),
}
REFUSED = {
    "another issuer": (
        document(issuer="https://evil.example"),
        f"the document says 'https://evil.example', the record '{ISSUER}'",
    ),
    "a slash too many": (document(issuer=ISSUER + "/"), "the document says"),
    "an issuer that is no text": (document(issuer=[ISSUER]), "the document says no issuer"),
    "an issuer that would fill the log": (document(issuer="x" * 5000), "x…'"),
    "no issuer": (json.dumps({"jwks_uri": KEYS}).encode(), "the document says no issuer"),
    "no keys": (json.dumps({"issuer": ISSUER}).encode(), "the document has no jwks_uri"),
    "keys that are no text": (document(jwks_uri=1), "the document has no jwks_uri"),
    "keys at no URL": (document(jwks_uri="/jwks"), "jwks_uri: not an absolute https URL"),
    "keys behind userinfo": (document(jwks_uri="https://ok@evil.example"), "jwks_uri: userinfo"),
    "a list": (b"[]", "not a JSON object"),
    "HTML": (b"<html>", "a page of HTML"),
    "two issuers": (b'{"issuer":"a","issuer":"b"}', "the member 'issuer' occurs twice"),
}


@every(("data", "keys"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_accepted(data, keys):
    assert discovery.parse(data, record()) == keys


@every(("data", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(data, reason):
    with pytest.raises(Refused) as refused:
        discovery.parse(data, record())
    assert refused.value.row is ISSUER_UNREACHABLE
    assert refused.value.detail.startswith("discovery: ")
    assert reason in refused.value.detail


def test_the_size_limit_holds_exactly():
    padded = document().ljust(discovery.MAX_DOCUMENT)
    assert discovery.parse(padded, record()) == KEYS
    with pytest.raises(Refused) as refused:
        discovery.parse(padded + b" ", record())
    assert "larger than 524288 bytes" in refused.value.detail


def nested(depth):
    return b"[" * depth + b"]" * depth


def test_the_depth_limit_holds_exactly():
    whole = document()[:-1] + b',"x":%s}'
    assert discovery.parse(whole % nested(15), record()) == KEYS
    with pytest.raises(Refused) as refused:
        discovery.parse(whole % nested(16), record())
    assert "nested deeper than 16" in refused.value.detail


@every(
    ("issuer", "address"),
    [
        ("https://a.example", "https://a.example/.well-known/openid-configuration"),
        ("https://a.example/", "https://a.example/.well-known/openid-configuration"),
        ("https://a.example/x//", "https://a.example/x//.well-known/openid-configuration"),
    ],
)
def test_the_address_drops_one_slash(issuer, address):
    assert discovery.address(issuer) == address
