"""An organisation's provider: who asks rightly is led back with a code, and a code is redeemed once."""

import json
from base64 import b64encode
from datetime import timedelta
from hashlib import sha256
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from accredit.issuers import base64url
from accredit.testidp import TestIssuer
from accredit.testidp.native import Places
from accredit.testidp.native.catalogue import Natives
from accredit.testidp.native.organisation import CLIENT, MOST_CODES, PEOPLE, SECRET
from tests.forge import NOW
from tests.support.every import every
from tests.testidp.native.asking import asked
from tests.testidp.workbench import BASE, Parts, SameIds

BACK = "https://localhost:9443/portal/oidc/callback"
VERIFIER = "v" * 43
QUESTION = {
    "client_id": CLIENT,
    "redirect_uri": BACK,
    "response_type": "code",
    "scope": "openid profile",
    "state": "s-1",
    "nonce": "n-1",
    "code_challenge": base64url.encode(sha256(VERIFIER.encode()).digest()),
    "code_challenge_method": "S256",
}
FORM = {"content-type": "application/x-www-form-urlencoded"}
ISSUER = f"{BASE}/idp/custom"


class Provider:
    """The provider, with a clock that is set."""

    def __init__(self):
        self.now = NOW
        self.natives = Natives(TestIssuer(BASE, clock=lambda: self.now, ids=SameIds()), Places(BASE))

    def authorize(self, question, method="GET", **form):
        request = asked(f"/authorize?{urlencode(question, doseq=True)}", method, FORM, urlencode(form).encode())
        return self.natives.of_issuer("custom", request)

    def code(self, person="ada", **changes):
        answer = self.authorize({**QUESTION, **changes}, "POST", person=person)
        assert answer.status == 303
        return parse_qs(urlsplit(dict(answer.headers)["location"]).query)["code"][0]

    def redeem(self, made, *, basic=False, **changes):
        form = {"grant_type": "authorization_code", "code": made, "redirect_uri": BACK, "code_verifier": VERIFIER}
        headers = dict(FORM)
        if basic:
            headers["authorization"] = f"Basic {b64encode(f'{CLIENT}:{SECRET}'.encode()).decode()}"
        else:
            form |= {"client_id": CLIENT, "client_secret": SECRET}
        form |= changes
        answer = self.natives.of_issuer("custom", asked("/token", "POST", headers, urlencode(form).encode()))
        return answer.status, json.loads(answer.body)


@pytest.fixture
def provider():
    return Provider()


def test_discovery_says_where_people_sign_in(provider):
    said = provider.natives.discovery("custom", ISSUER)
    assert said["authorization_endpoint"] == f"{ISSUER}/authorize"
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert said["authorization_response_iss_parameter_supported"] is True
    assert "authorization_code" in said["grant_types_supported"]
    assert "authorization_endpoint" not in provider.natives.discovery("keycloak", ISSUER)


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("basic", [False, True])
def test_somebody_chooses_who_they_are_and_the_token_says_so(provider, person, basic):
    page = provider.authorize(QUESTION)
    assert page.status == 200
    assert str(PEOPLE[person]["name"]).encode() in page.body
    status, said = provider.redeem(provider.code(person), basic=basic)
    assert (status, said["token_type"]) == (200, "Bearer")
    claims = Parts.of(said["id_token"]).claims
    assert (claims["iss"], claims["aud"], claims["nonce"], claims["sub"]) == (ISSUER, CLIENT, "n-1", person)
    assert (claims["name"], claims["groups"]) == (PEOPLE[person]["name"], PEOPLE[person]["groups"])
    assert claims["exp"] - claims["iat"] == 300


def test_the_answer_leads_back_with_the_state_and_the_issuer(provider):
    answer = provider.authorize(QUESTION, "POST", person="ada")
    back = urlsplit(dict(answer.headers)["location"])
    said = {name: value for name, [value] in parse_qs(back.query).items()}
    assert back._replace(query="").geturl() == BACK
    assert (said["state"], said["iss"]) == ("s-1", ISSUER)
    nobody = dict(provider.authorize(QUESTION, "POST", person="eve").headers)["location"]
    assert parse_qs(urlsplit(nobody).query) == {"error": ["access_denied"], "state": ["s-1"], "iss": [ISSUER]}


WRONG = {
    **{f"without {name}": {name: ""} for name in QUESTION},
    "two states": {"state": ["a", "b"]},
    "another client": {"client_id": "other"},
    "another flow": {"response_type": "id_token"},
    "no OpenID": {"scope": "profile"},
    "PKCE that hides nothing": {"code_challenge_method": "plain"},
    "a challenge that is none": {"code_challenge": "short"},
    "an address elsewhere": {"redirect_uri": "https://evil.test/portal/oidc/callback"},
    "an address that is none": {"redirect_uri": "javascript:alert(1)"},
}


@every("changes", WRONG.values(), ids=WRONG)
@every("method", ["GET", "POST"])
def test_a_question_that_is_wrong_leads_nowhere(changes, method):
    answer = Provider().authorize({**QUESTION, **changes}, method, person="ada")
    assert answer.status == 400
    assert "location" not in dict(answer.headers)


REFUSED = {
    "another client": ({"client_id": "other"}, 401, "invalid_client"),
    "another secret": ({"client_secret": "other"}, 401, "invalid_client"),
    "another code": ({"code": "other"}, 400, "invalid_grant"),
    "another address": ({"redirect_uri": BACK + "/"}, 400, "invalid_grant"),
    "another verifier": ({"code_verifier": "w" * 43}, 400, "invalid_grant"),
    "no verifier": ({"code_verifier": ""}, 400, "invalid_grant"),
}


@pytest.mark.parametrize(("changes", "status", "error"), REFUSED.values(), ids=REFUSED)
def test_a_code_is_redeemed_by_who_asked_for_it(provider, changes, status, error):
    found, said = provider.redeem(provider.code(), **changes)
    assert (found, said["error"]) == (status, error)


def test_a_code_is_redeemed_once_within_a_minute(provider):
    code = provider.code()
    assert provider.redeem(code)[0] == 200
    assert provider.redeem(code) == provider.redeem("x")
    late = provider.code()
    provider.now += timedelta(seconds=61)
    assert provider.redeem(late)[1]["error"] == "invalid_grant"


def test_old_codes_make_way(provider):
    first = provider.code()
    for _ in range(MOST_CODES):
        last = provider.code()
    assert provider.redeem(first)[0] == 400
    assert provider.redeem(last)[0] == 200
