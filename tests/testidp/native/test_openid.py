"""Token endpoints by client credentials: what each provider takes, gives and says when it does not."""

import json
from base64 import b64encode
from urllib.parse import quote_plus, urlencode

import pytest

from accredit.testidp.native.openid import PROVIDERS
from tests.testidp.native.asking import asked, begun, platforms
from tests.testidp.workbench import BASE, Parts

GRANT = {"grant_type": "client_credentials"}
FORM = "application/x-www-form-urlencoded"
WANTS = {"auth0": {"audience": "api://x"}, "okta": {"scope": "deploy"}}


@pytest.fixture(scope="module")
def natives():
    return platforms()


@pytest.fixture(scope="module")
def jobs(natives):
    return {each: begun(natives, each) for each in PROVIDERS}


def ask(natives, dialect, variables, form=None, *, by="post", kind=FORM, method="POST"):
    client = {"client_id": variables["CLIENT_ID"], "client_secret": variables["CLIENT_SECRET"]}
    said = {**GRANT, **WANTS.get(dialect, {}), **(form or {})}
    headers = {"content-type": kind}
    if by == "post":
        said = {**client, **said}
    else:
        pair = ":".join(quote_plus(each) for each in client.values()) if by == "basic" else by
        headers["authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    pairs = [(name, each) for name, value in said.items() for each in ([value] if isinstance(value, str) else value)]
    body = json.dumps(said) if kind == "application/json" else urlencode(pairs)
    return natives.of_issuer(dialect, asked(PROVIDERS[dialect].route, method, headers, body.encode()))


@pytest.mark.parametrize("by", ["post", "basic"])
@pytest.mark.parametrize("dialect", PROVIDERS)
def test_a_client_gets_a_token_from_every_provider(natives, jobs, dialect, by):
    answer = ask(natives, dialect, jobs[dialect], by=by)
    said = json.loads(answer.body)
    claims = Parts.of(said["access_token"]).claims
    assert (answer.status, said["token_type"], said["expires_in"]) == (200, "Bearer", claims["exp"] - claims["iat"])
    assert dict(answer.headers)["cache-control"] == "no-store"
    assert jobs[dialect]["TOKEN_URL"] == f"{BASE}/idp/{dialect}{PROVIDERS[dialect].route}"


def test_discovery_says_where_the_endpoint_is(natives):
    for dialect, provider in PROVIDERS.items():
        assert natives.discovery(dialect, "https://here")["token_endpoint"] == f"https://here{provider.route}"
    assert natives.discovery("github", "https://here") == {}
    assert natives.discovery("harness", "https://here") == {}


def test_who_says_what_a_token_is_for(natives, jobs):
    rows = {
        "Auth0: the client": ("auth0", {"audience": "api://y"}, "api://y"),
        "Keycloak: its mappers": ("keycloak", {"audience": "api://y"}, ["api://AzureADTokenExchange", "account"]),
        "Okta: its authorization server": ("okta", {"audience": "api://y"}, "api://default"),
        "a plain one: the client": ("custom", {"audience": "api://y"}, "api://y"),
        "a plain one, by a resource": ("custom", {"resource": "api://y"}, "api://y"),
        "a plain one, by two": ("custom", {"resource": ["api://y", "api://z"]}, ["api://y", "api://z"]),
    }
    found = {}
    for name, (dialect, form, _) in rows.items():
        said = json.loads(ask(natives, dialect, jobs[dialect], form).body)
        found[name] = Parts.of(said["access_token"]).claims["aud"]
    assert found == {name: audience for name, (_, _, audience) in rows.items()}


def test_scopes_are_granted_where_there_are_some(natives, jobs):
    for dialect, claim, expected in (("okta", "scp", ["a", "b"]), ("auth0", "scope", "a b")):
        said = json.loads(ask(natives, dialect, jobs[dialect], {"scope": "a b"}).body)
        assert said["scope"] == "a b"
        assert Parts.of(said["access_token"]).claims[claim] == expected


def test_auth0_reads_json(natives, jobs):
    assert ask(natives, "auth0", jobs["auth0"], kind="application/json").status == 200


def test_a_token_without_an_end_has_no_life_to_tell(natives):
    said = json.loads(ask(natives, "custom", begun(natives, "custom", faults=["no_exp"])).body)
    assert "expires_in" not in said


def test_they_refuse(natives, jobs):
    def refused(dialect="custom", **changed):
        form, options = changed.pop("form", None), changed
        variables = {**jobs[dialect], **options.pop("variables", {})}
        answer = ask(natives, dialect, variables, form, **options)
        return answer.status, json.loads(answer.body)["error"]

    wrong = {"variables": {"CLIENT_SECRET": "x"}}
    rows = {
        "a wrong secret, Keycloak": (refused("keycloak", **wrong), (401, "unauthorized_client")),
        "a wrong secret, Auth0": (refused("auth0", **wrong), (401, "access_denied")),
        "a wrong secret, Okta": (refused("okta", **wrong), (401, "invalid_client")),
        "a wrong secret": (refused(**wrong), (401, "invalid_client")),
        "another client": (refused(variables={"CLIENT_ID": "x"}), (401, "invalid_client")),
        "another provider's client": (refused(variables=jobs["okta"]), (401, "invalid_client")),
        "no credentials": (refused(by=""), (401, "invalid_client")),
        "another grant": (refused(form={"grant_type": "password"}), (400, "unsupported_grant_type")),
        "no audience for Auth0": (refused("auth0", form={"audience": ""}), (403, "access_denied")),
        "no scope for Okta": (refused("okta", form={"scope": ""}), (400, "invalid_scope")),
        "too long an audience": (refused(form={"audience": "x" * 1_001}), (400, "invalid_request")),
        "JSON where a form is due": (refused(kind="application/json"), (400, "invalid_request")),
        "no type": (refused(kind=""), (400, "invalid_request")),
        "another method": (refused(method="GET"), (405, "invalid_request")),
    }
    assert {name: found for name, (found, expected) in rows.items() if found != expected} == {}


def test_what_cannot_be_read_is_refused(natives):
    for kind, body, route in ((FORM, b"a=1&" * 3_000, "/token"), ("application/json", b"[", "/oauth/token")):
        dialect = "auth0" if kind == "application/json" else "custom"
        answer = natives.of_issuer(dialect, asked(route, "POST", {"content-type": kind}, body))
        assert (answer.status, json.loads(answer.body)["error"]) == (400, "invalid_request")
    headers = {"content-type": FORM, "authorization": "Basic ???"}
    answer = natives.of_issuer("custom", asked("/token", "POST", headers, urlencode(GRANT).encode()))
    assert answer.status == 401
    assert dict(answer.headers)["www-authenticate"].startswith("Basic")
    answer = natives.of_issuer("custom", asked("/token", "POST", {"content-type": FORM}, urlencode(GRANT).encode()))
    assert (answer.status, "www-authenticate" in dict(answer.headers)) == (401, False)


def test_other_addresses_are_none_of_them(natives):
    assert natives.of_issuer("okta", asked("/v1/authorize")) is None
