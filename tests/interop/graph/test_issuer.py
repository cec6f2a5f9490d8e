"""The JSON of an issuer record."""

from uuid import UUID

import pytest
from msgspec.structs import asdict

from accredit.errors import PROPERTY_INVALID, Refused
from accredit.interop.graph import issuer
from accredit.issuers import Issuer, IssuerUrl
from tests.support.every import every

TENANT = UUID(int=7)
PLAIN = Issuer(id=UUID(int=1), tenant_id=TENANT, url=IssuerUrl("https://idp.test"), algorithms=("RS256",))
FULL = Issuer(
    id=UUID(int=1),
    tenant_id=TENANT,
    url=IssuerUrl("https://idp.test"),
    algorithms=("RS256", "ES256"),
    key_source="uploaded",
    jwks='{"keys":[]}',
    ca_bundle="PEM",
    networks=("10.0.0.0/8",),
    ports=(8080,),
    allowed_jwks_hosts=("keys.test",),
    max_lifetime=600,
    skew=10,
    require_kid=False,
    blocked=True,
    replay="enforce",
)
RECORDS = {"by default": PLAIN, "all that can be said": FULL}


@every("of", RECORDS.values(), ids=RECORDS.keys())
@every("credentials", [None, 3])
def test_a_reader_has_the_record_again(of, credentials):
    assert issuer.read(issuer.write(of, credentials), TENANT) == (of, credentials)


def test_every_member_of_a_record_is_written():
    named = {"tenant_id", "revision"}  # the caller's own tenant, and what only the store counts
    assert len(issuer.write(FULL)) == len(asdict(FULL).keys() - named) + 1  # and how many credentials name it


def test_what_makes_a_record():
    body = {"url": "https://idp.test", "jwks": "{}", "ports": [1], "twin": True, "replay": "observe"}
    url, members = issuer.made(body)
    assert (url, members["uploaded"], members["ports"], members["twin"]) == ("https://idp.test", "{}", (1,), True)
    assert (members["replay"], issuer.made({"url": "https://idp.test"})[1]["replay"]) == ("observe", "off")
    assert members["algorithms"] is None
    assert issuer.uploaded({"jwks": "{}"}) == "{}"


CHANGES = {
    "nothing": ({}, {}),
    "what is so": ({"id": str(FULL.id), "url": FULL.url, "keySource": "uploaded", "blocked": True}, {}),
    "how many credentials name it, whatever it says": ({"credentials": 9}, {}),
    "back to discovery": ({"jwksUrl": None}, {"jwks_url": None}),
    "all of it": (
        {
            "algorithms": ["RS256"],
            "jwksUrl": "https://idp.test/keys",
            "caBundle": None,
            "networks": [],
            "ports": [1, 2],
            "allowedJwksHosts": ["a.test"],
            "maxLifetime": 60,
            "skew": 0,
            "requireKid": True,
            "replay": "observe",
        },
        {
            "algorithms": ("RS256",),
            "jwks_url": "https://idp.test/keys",
            "ca_bundle": None,
            "networks": (),
            "ports": (1, 2),
            "allowed_jwks_hosts": ("a.test",),
            "max_lifetime": 60,
            "skew": 0,
            "require_kid": True,
            "replay": "observe",
        },
    ),
}


@every("row", CHANGES.values(), ids=CHANGES.keys())
def test_what_a_body_changes(row):
    body, expected = row
    assert issuer.changes(body, FULL) == expected


REFUSED = {
    "another URL": (lambda: issuer.changes({"url": "https://b.test"}, FULL), "url"),
    "keys, which are uploaded": (lambda: issuer.changes({"jwks": "{}"}, FULL), "jwks"),
    "unblocking, which is a call of its own": (lambda: issuer.changes({"blocked": False}, FULL), "blocked"),
    "a member that there is none of": (lambda: issuer.changes({"issuer": "x"}, FULL), "issuer"),
    "a port that is a text": (lambda: issuer.changes({"ports": ["1"]}, FULL), "ports"),
    "a record without a URL": (lambda: issuer.made({}), "url"),
    "keys from two places": (lambda: issuer.made({"url": "u", "jwks": "{}", "jwksUrl": "u"}), "jwksUrl"),
    "an upload of nothing": (lambda: issuer.uploaded({}), "jwks"),
}


@every("row", REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_said(row):
    ask, name = row
    with pytest.raises(Refused) as caught:
        ask()
    assert (caught.value.row, caught.value.fields["property"]) == (PROPERTY_INVALID, name)
