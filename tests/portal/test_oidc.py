"""What is believed of the organisation's provider: its documents, its answers, its tokens, and what we ask it."""

import asyncio
import json
from base64 import b64decode
from datetime import timedelta
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from accredit import errors
from accredit.app.chance import SystemIds
from accredit.directory.people import Person
from accredit.errors import Refused
from accredit.issuers import Issuer, IssuerUrl, base64url, jwks
from accredit.web.portal import oidc
from accredit.web.portal.handshake import HOLDS, Handshakes
from accredit.web.portal.oidc import Client, Endpoints
from tests import forge
from tests.forge import AT, NOW
from tests.portal.browser import Browser
from tests.refusals import refusal
from tests.support.every import every

ISSUER = "https://login.contoso.test/v2.0"
NONCE = "n-0S6_WzA2Mj"
CLIENT = Client("portal", "https://portal.contoso.test/portal/oidc/callback", ("profile", "openid"))
RECORD = Issuer(
    id=UUID(int=0),
    tenant_id=UUID(int=0),
    url=IssuerUrl(ISSUER),
    algorithms=("RS256", "ES256"),
    require_kid=False,
    skew=60,
    max_lifetime=86_400,
)
SAID = {
    "issuer": ISSUER,
    "jwks_uri": "https://login.contoso.test/keys",
    "authorization_endpoint": "https://login.contoso.test/authorize",
    "token_endpoint": "https://sts.contoso.test/token",
}


class Provider:
    """The provider with two keys of its own; nothing is fetched."""

    name = "Contoso"
    record = RECORD
    client = CLIENT

    async def keys(self, _wanted):
        keys = [forge.jwk(forge.key_for("RS256"), kid="key-1"), forge.jwk(forge.key_for("ES256"), kid="key-2")]
        return jwks.parse(forge.jwks(*keys), RECORD)


def claims(**changes):
    usual = {
        "iss": ISSUER,
        "sub": "s-1",
        "aud": "portal",
        "nonce": NONCE,
        "nbf": ...,
        "jti": ...,
        "name": "Ada Lovelace",
    }
    return forge.claims(**{**usual, **changes})


def identified(token, now=NOW):
    return asyncio.run(oidc.identify(Provider(), token, NONCE, now))


BELIEVED = {
    "a plain token": (claims(), {}),
    "several audiences, and we are the authorised party": (claims(aud=["portal", "api"], azp="portal"), {}),
    "one audience, and we are the authorised party": (claims(azp="portal"), {}),
    "another algorithm of the record": (claims(), {"alg": "ES256", "header": {"kid": "key-2"}}),
    "no key id, where one key serves": (claims(), {"header": {"kid": ...}}),
    "no type": (claims(), {"header": {"typ": ...}}),
    "it ended a minute ago, but for a second": (claims(exp=AT - 59, iat=AT - 300), {}),
}


@every("payload, made", BELIEVED.values(), ids=BELIEVED)
def test_a_token_that_is_right_says_who_it_is(payload, made):
    found = identified(forge.token(payload, **made))
    assert found.person == Person(name="Ada Lovelace", issuer=ISSUER, subject="s-1")
    assert found.claims == payload


WRONG = {
    "another issuer": (claims(iss="https://login.contoso.test/other/v2.0"), {}, errors.ASSERTION_MALFORMED),
    "the issuer with a slash": (claims(iss=ISSUER + "/"), {}, errors.ASSERTION_MALFORMED),
    "the same tenant of another provider": (claims(iss="https://login.evil.test/v2.0"), {}, errors.ASSERTION_MALFORMED),
    "another client": (claims(aud="other"), {}, errors.ASSERTION_MALFORMED),
    "another client, and us as the party": (claims(aud="other", azp="portal"), {}, errors.ASSERTION_MALFORMED),
    "several audiences, and nobody is the party": (claims(aud=["portal", "x"]), {}, errors.ASSERTION_MALFORMED),
    "another party": (claims(azp="other"), {}, errors.ASSERTION_MALFORMED),
    "another nonce": (claims(nonce="x"), {}, errors.ASSERTION_MALFORMED),
    "no nonce": (claims(nonce=...), {}, errors.ASSERTION_MALFORMED),
    "a nonce that is no text": (claims(nonce=[NONCE]), {}, errors.ASSERTION_MALFORMED),
    "a nonce outside ASCII": (claims(nonce="\u00e4"), {}, errors.ASSERTION_MALFORMED),
    "no time of issue": (claims(iat=...), {}, errors.ASSERTION_MALFORMED),
    "nobody": (claims(sub=...), {}, errors.ASSERTION_MALFORMED),
    "an empty subject": (claims(sub=""), {}, errors.ASSERTION_MALFORMED),
    "a subject that is too long": (claims(sub="s" * 256), {}, errors.ASSERTION_MALFORMED),
    "expired": (claims(exp=AT - 60, iat=AT - 300), {}, errors.NOT_IN_TIME),
    "issued in the future": (claims(iat=AT + 61), {}, errors.NOT_IN_TIME),
    "valid for too long": (claims(exp=AT + 86_401), {}, errors.LIFETIME_TOO_LONG),
    "signed by somebody else": (claims(), {"key": forge.key_for("RS256", 1)}, errors.SIGNATURE_INVALID),
    "a key that there is not": (claims(), {"header": {"kid": "key-9"}}, errors.KEY_NOT_FOUND),
    "no signature": (claims(), {"header": {"alg": "none"}}, errors.ALGORITHM_NOT_ALLOWED),
    "a signature with the public key as a secret": (
        claims(),
        {"header": {"alg": "HS256"}},
        errors.ALGORITHM_NOT_ALLOWED,
    ),
    "an algorithm that the record does not list": (
        claims(),
        {"header": {"alg": "RS512"}},
        errors.ALGORITHM_NOT_ALLOWED,
    ),
    "a token of another kind": (claims(), {"header": {"typ": "logout+jwt"}}, errors.TYPE_NOT_ALLOWED),
    "an extension to be understood": (claims(), {"header": {"crit": ["x"]}}, errors.ASSERTION_MALFORMED),
}


@every("payload, made, row", WRONG.values(), ids=WRONG)
def test_every_other_token_is_refused(payload, made, row):
    assert refusal(identified, forge.token(payload, **made)) is row


def test_what_is_no_token_is_refused():
    assert refusal(identified, "x.y") is errors.ASSERTION_MALFORMED
    assert refusal(identified, "") is errors.ASSERTION_MALFORMED


NAMES = {
    "the name": ({}, "Ada Lovelace"),
    "else what is preferred": ({"name": ..., "preferred_username": "ada"}, "ada"),
    "else the address": ({"name": " ", "email": "ada@contoso.test"}, "ada@contoso.test"),
    "else the subject": ({"name": 7}, "s-1"),
    "and nothing that hides text": ({"name": "a\u202eb\x1b"}, "a\\u202eb\\x1b"),
    "and not all of it": ({"name": "n" * 500}, "n" * 120 + "\u2026"),
}


@every("changes, expected", NAMES.values(), ids=NAMES)
def test_people_are_called(changes, expected):
    assert identified(forge.token(claims(**changes))).person.name == expected


def read(**changes):
    said = {name: value for name, value in {**SAID, **changes}.items() if value is not ...}
    return oidc.read_endpoints(json.dumps(said).encode(), RECORD)


def test_the_document_says_where_to_ask():
    plain = Endpoints(SAID["authorization_endpoint"], SAID["token_endpoint"], says_issuer=False, basic=True)
    assert read() == plain
    assert read(authorization_response_iss_parameter_supported=True).says_issuer
    assert not read(authorization_response_iss_parameter_supported="yes").says_issuer
    assert read(token_endpoint_auth_methods_supported=["private_key_jwt", "client_secret_basic"]).basic
    assert not read(token_endpoint_auth_methods_supported=["client_secret_post"]).basic


UNLIKE = {
    "another issuer's": {"issuer": ISSUER + "/"},
    "nobody's": {"issuer": ...},
    "without keys": {"jwks_uri": ...},
    "without a place to sign in": {"authorization_endpoint": ...},
    "with a place to sign in that is no text": {"authorization_endpoint": 1},
    "with a script as the place to sign in": {"authorization_endpoint": "javascript:alert(1)"},
    "with plain http to sign in": {"authorization_endpoint": "http://login.contoso.test/authorize"},
    "without a place for codes": {"token_endpoint": ...},
    "with plain http for codes": {"token_endpoint": "http://login.contoso.test/token"},
}


@every("changes", UNLIKE.values(), ids=UNLIKE)
def test_a_document_is_refused(changes):
    assert refusal(read, **changes) is errors.ISSUER_UNREACHABLE


def test_a_provider_on_this_machine_may_be_plain():
    """An emulator's; the settings refuse such an issuer anywhere else."""
    issuer = "http://localhost:8080/idp"
    said = {**SAID, "issuer": issuer, "authorization_endpoint": f"{issuer}/authorize"}
    record = Issuer(id=UUID(int=0), tenant_id=UUID(int=0), url=IssuerUrl(issuer), algorithms=("RS256",))
    assert oidc.read_endpoints(json.dumps(said).encode(), record).authorization == f"{issuer}/authorize"


def handshake():
    return Handshakes(bytes(32)).begin(SystemIds(), NOW, "/portal/contoso.test")


def test_the_question_has_all_that_ties_the_answer_to_it():
    begun, endpoints = handshake(), read()
    url = oidc.question(CLIENT, endpoints, begun)
    asked = {name: value for name, [value] in parse_qs(urlsplit(url).query, strict_parsing=True).items()}
    assert url.startswith("https://login.contoso.test/authorize?")
    assert asked == {
        "response_type": "code",
        "client_id": "portal",
        "redirect_uri": "https://portal.contoso.test/portal/oidc/callback",
        "scope": "openid profile",
        "state": begun.state,
        "nonce": begun.nonce,
        "code_challenge": base64url.encode(sha256(begun.verifier.encode()).digest()),
        "code_challenge_method": "S256",
    }
    assert begun.verifier not in url
    assert len({begun.state, begun.nonce, begun.verifier}) == 3
    assert all(len(each) == 43 for each in (begun.state, begun.nonce, begun.verifier))
    more = endpoints._replace(authorization="https://login.contoso.test/authorize?p=B2C_1")
    assert oidc.question(CLIENT, more, begun).startswith("https://login.contoso.test/authorize?p=B2C_1&response_type=")


def redeemed(secret, *, basic):
    endpoints = Endpoints("https://a.test", "https://t.test", says_issuer=False, basic=basic)
    form, authorization = oidc.redemption(CLIENT, endpoints, secret, "c+1", "v")
    return {name: value for name, [value] in parse_qs(form.decode()).items()}, authorization


def test_a_code_is_redeemed_with_the_secret_where_the_provider_takes_it():
    common = {
        "grant_type": "authorization_code",
        "code": "c+1",
        "code_verifier": "v",
        "redirect_uri": CLIENT.redirect_uri,
    }
    form, authorization = redeemed("s:e c", basic=True)
    assert form == common
    assert b64decode(authorization.removeprefix("Basic ")) == b"portal:s%3Ae+c"
    assert redeemed("s:e c", basic=False) == ({**common, "client_id": "portal", "client_secret": "s:e c"}, "")
    assert redeemed("", basic=True) == ({**common, "client_id": "portal"}, "")


ANSWERS = {
    "a refusal": (400, b'{"error":"invalid_grant","error_description":"used\\u001b before"}', "invalid_grant, used"),
    "a refusal that says no more": (401, b'{"error":"invalid_client"}', "status 401: invalid_client"),
    "a refusal that claims to be none": (200, b'{"error":"x","id_token":"t"}', "status 200: x"),
    "no JSON": (200, b"<html>", "status 200"),
    "no object": (200, b"[]", "not a JSON object"),
    "no ID token": (200, b'{"access_token":"t"}', "no id_token"),
    "an ID token that is no text": (200, b'{"id_token":{}}', "no id_token"),
    "a name twice": (200, b'{"id_token":"a","id_token":"b"}', "status 200"),
}


@every("status, body, detail", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_without_a_token_is_refused_and_the_journal_learns_why(status, body, detail):
    with pytest.raises(Refused) as refused:
        oidc.read_answer(status, body)
    assert refused.value.row is errors.ISSUER_UNREACHABLE
    assert detail in refused.value.detail
    assert refused.value.detail.isprintable()


def test_an_answer_with_a_token():
    assert oidc.read_answer(200, b'{"id_token":"t","access_token":"a"}') == "t"


KEY = bytes(range(32))


def brought(cookie, later=timedelta(0), key=KEY, port=None):
    """What is read of a cookie by whoever has a key."""
    browser = Browser()
    request = browser.request()
    name, _, value = cookie.partition(";")[0].partition("=")
    request.scope["headers"] = [(b"cookie", f"{name}={value}".encode())]
    return Handshakes(key, port).read(request, NOW + later)


def test_a_handshake_is_the_browsers_own_for_ten_minutes():
    handshakes = Handshakes(KEY)
    begun = handshakes.begin(SystemIds(), NOW, "/portal/x")
    cookie = handshakes.cookie(begun)
    assert cookie.endswith("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600")
    assert cookie.startswith("__Host-accredit_handshake=")
    assert brought(cookie) == begun
    assert brought(cookie, HOLDS - timedelta(seconds=1)) == begun
    assert brought(cookie, HOLDS) is None
    assert brought(cookie, timedelta(minutes=-1)) is None, "it is of the future"
    assert handshakes.over() == "__Host-accredit_handshake=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"


FORGED = {
    "nothing": lambda _: "__Host-accredit_handshake=",
    "no signature": lambda cookie: cookie.partition(".")[0],
    "another signature": lambda cookie: cookie.partition(".")[0] + "." + "A" * 43,
    "another content": lambda cookie: cookie.replace("=W", "=X", 1),
    "a signature outside ASCII": lambda cookie: cookie.partition(".")[0] + ".\u00e4",
    "another cookie's name": lambda cookie: cookie.replace("handshake", "handshake_1", 1),
}


@every("change", FORGED.values(), ids=FORGED)
def test_a_handshake_that_somebody_made_up_is_none(change):
    cookie = Handshakes(KEY).cookie(handshake()).partition(";")[0]
    assert cookie.startswith("__Host-accredit_handshake=W"), "an array of JSON"
    assert brought(cookie) is not None
    assert brought(change(cookie)) is None


def test_a_handshake_of_another_authority_or_of_its_neighbour_is_none():
    cookie = Handshakes(KEY, 8443).cookie(handshake())
    assert brought(cookie, port=8443) is not None
    assert brought(cookie, port=8444) is None
    assert brought(cookie, port=8443, key=bytes(32)) is None
