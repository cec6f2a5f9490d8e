"""Canaries: a token, a secret and a cookie sent through every entrance, then looked for in everything that is kept."""

import base64
import json
from urllib.parse import quote

import pytest

from accredit.administer import evidence
from accredit.app import seed
from tests import forge
from tests.ops.servers import serving
from tests.ops.test_lifecycle import TENANT, mint, workload_form

pytestmark = pytest.mark.slow

COOKIE = "canary-cookie-5b1f0c7e9d"
GUESSED = "canary-secret-8f3a6c2b1e"
JWT = forge.token(forge.claims(canary="canary-claim-1d9e"), key=forge.key_for("RS256", 9))
LONG = forge.token(forge.claims(filler="x" * 2_000), key=forge.key_for("RS256", 9))
BASIC = base64.b64encode(f"{seed.WORKLOAD_ID}:{GUESSED}".encode()).decode()


def basic(user):
    return "Basic " + base64.b64encode(f"{user}:{GUESSED}".encode()).decode()


def sent_through_every_entrance(server, token):
    """Every place of a request where a token could end up, the wrong ones included."""
    form = workload_form(token)
    for field in form:
        yield server.token(TENANT, form | {field: token})
    for field in ("client_secret", "resource", "request", "fmi_path", "token_type", "client-request-id", "x"):
        yield server.token(TENANT, form | {field: token})
    named = {name: value for name, value in form.items() if not name.startswith("client_assertion")}
    yield server.token(TENANT, named | {"client_secret": token})
    yield server.token(token, form)
    v1 = {"resource": token, "client_secret": seed.ADMIN_SECRET, "client_id": str(seed.ADMIN_ID)}
    yield server.http.post(f"/{TENANT}/oauth2/token", data={"grant_type": "client_credentials", **v1})
    v2 = {name: value for name, value in v1.items() if name != "resource"}
    yield server.token(TENANT, {"grant_type": "client_credentials", "scope": f"{token}/.default", **v2})
    yield server.http.post(f"/{TENANT}/oauth2/v2.0/token?client_assertion={token}", data={"grant_type": "x"})
    yield server.http.post(f"/{TENANT}/oauth2/v2.0/token", content=token)
    headers = dict.fromkeys(("user-agent", "client-request-id", "x-forwarded-for", "cookie", "referer"), token)
    yield server.token(TENANT, form, **headers)
    yield server.token(TENANT, form, authorization=f"Bearer {token}", **{"user-agent": f"Bearer {token}"})
    yield server.http.get(f"/{token}/discovery/v2.0/keys")
    yield server.http.get(f"/common/discovery/instance?authorization_endpoint=https://{token}/")
    yield server.http.get(f"/error?code={token}")
    yield server.http.post("/idp/_mint", json={"dialect": token})
    yield server.http.post("/idp/github/_down", json={"mode": token}, headers={"authorization": f"Bearer {token}"})
    yield server.http.get(f"/nowhere/{token}")


def claims_that_carry(token):
    """Honest signatures over claims into which a token was put."""
    return ({"sub": token}, {"jti": token}, {"aud": token}, {"iss": token}, {"iat": token}, {"canary": token})


def everything_kept(server):
    for each in server.data.rglob("*"):
        if each.is_file():
            yield str(each), each.read_bytes()
    yield "log", server.log.read_bytes()
    yield "metrics", server.admin.get("/metrics").content
    yield "readiness", server.admin.get("/readyz?verbose").content


@pytest.mark.parametrize("level", ["debug", "info"])
def test_what_was_sent_is_nowhere_to_be_found(tmp_path, level):
    with serving(tmp_path, ACCREDIT_LOG_LEVEL=level) as server:
        secret = server.administer(lambda by: evidence.add_secret(by, seed.marked("application deploy-bot"))).value
        honest = mint(server)
        access = server.token(TENANT, workload_form(honest)).json()["access_token"]
        control = server.ready["control_token"]
        answers = []
        for token in (JWT, LONG, honest, access):
            answers += sent_through_every_entrance(server, token)
        for claims in claims_that_carry(JWT):
            body = {"dialect": "github", "params": {}, "overrides": claims}
            minted = server.http.post("/idp/_mint", json=body).json()["token"]
            answers.append(server.token(TENANT, workload_form(minted)))
        for kid in (JWT, f"{JWT[:200]}"):
            token = forge.token(header={"kid": kid}, key=forge.key_for("RS256", 9))
            answers.append(server.token(TENANT, workload_form(token)))
        named = {name: value for name, value in workload_form("").items() if not name.startswith("client_assertion")}
        for value in (secret, GUESSED):
            cookies = {"cookie": f"session={COOKIE}"}
            answers.append(server.token(TENANT, named | {"client_secret": value}, **cookies))
            unnamed = {name: each for name, each in named.items() if name != "client_id"}
            answers.append(server.token(TENANT, unnamed, authorization=basic(seed.WORKLOAD_ID), **cookies))
            answers.append(server.token(TENANT, named | {"client_assertion": value, "client_secret": value}))
            answers.append(server.token(TENANT, named | {"client_secret": value, "scope": "nothing"}))
        granted = [each for each in answers if each.status_code == 200 and "access_token" in each.text]
        assert {each.status_code for each in answers} >= {200, 400, 401}
        assert not [each for each in answers if each.status_code >= 500]
        assert len(granted) > 5
        server.administer(lambda by: evidence.add_secret(by, seed.marked("application deploy-bot")))  # written through
        pieces = [JWT, LONG, honest, access, secret, GUESSED, COOKIE, BASIC, control, seed.ADMIN_SECRET]
        pieces += [each.rsplit(".", 1)[1] for each in pieces[:4]]  # signatures
        pieces += [each.split(".")[1] for each in pieces[:4]]  # claims as they were sent
        needles = {each.encode() for each in pieces} | {quote(each).encode() for each in pieces}
        for where, content in everything_kept(server):
            found = [needle[:40] for needle in needles if needle in content]
            assert not found, f"{where} holds {found}"
        for each in answers:
            if each in granted:
                continue
            said = each.content + json.dumps(dict(each.headers)).encode()
            found = [needle[:40] for needle in needles if needle in said]
            assert not found, f"{each.request.url.path[:80]} answered {found}: {each.text[:300]}"
