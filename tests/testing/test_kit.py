"""What a test does with an authority: the same in a thread of its process and at a URL."""

import asyncio
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest

from accredit.app.marks import refuse_emulator
from accredit.errors import EMULATOR_MARK, Refused
from accredit.stores.lookup import SqliteLookup
from accredit.testing import Authority, KitError, authority
from accredit.testing.application import NotGranted
from accredit.tokens.keys import EMULATOR_KID

REPOSITORY = "octo-org@123456/octo-repo@456789"
pytestmark = pytest.mark.slow

ORDERS, SCOPE, ROLE = "api://orders", "api://orders/.default", "Orders.Read.All"


def trusting(of: Authority):
    app = of.application("deploy-bot", roles={ORDERS: [ROLE]})
    app.trust_github(REPOSITORY, environment="production")
    return app


def refusal(app, **changes: object) -> str:
    with pytest.raises(NotGranted) as refused:
        app.token(SCOPE, assertion=app.assertion(**changes))
    return refused.value.code


def test_a_token_is_real(kit):
    app = trusting(kit)
    token = app.token(SCOPE)
    keys = jwt.PyJWKClient(kit.jwks_uri, ssl_context=ssl.create_default_context(cafile=kit.ca_file))
    key = keys.get_signing_key_from_jwt(token)
    said = jwt.decode(token, key.key, algorithms=["RS256"], issuer=kit.issuer, audience=kit.api(ORDERS))
    assert (said["roles"], said["azp"], said["tid"]) == ([ROLE], app.client_id, kit.tenant_id)
    assert key.key_id.startswith(EMULATOR_KID)
    assert kit.tenant_id.startswith("acc7ed17")
    assert repr(kit) == f"Authority({kit.url}, tenant {kit.tenant_domain})"
    assert repr(app) == f"Application(deploy-bot, {app.client_id})"
    assert kit.http.get(kit.openid_configuration).json()["jwks_uri"] == kit.jwks_uri
    last = kit.sign_ins.last
    assert (last.granted, last.code, last.reason, last.application) == (True, "", "", "deploy-bot")
    assert (last.credential.name, last.evidence) == ("github_actions-production", "federatedIdentityCredential")
    assert (last.client_id, last.roles, last.resource) == (app.client_id, (ROLE,), ORDERS)
    assert (last.subject, str(last)) == (
        f"repo:{REPOSITORY}:environment:production",
        "deploy-bot: granted by github_actions-production",
    )
    assert repr(last) == f"SignIn({last})"
    assert last.id == str(last.event.id)
    assert abs(last.at - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_refusal_is_explained(kit):
    app = trusting(kit)
    assert kit.explanation() == ""
    assert refusal(app, environment=None, branch="main") == "AADSTS700213"
    last = kit.sign_ins.last
    assert (last.granted, last.code, last.credential.name) == (False, "AADSTS700213", "github_actions-production")
    assert "environment" in last.nearest
    assert "No matching federated identity record" in last.reason
    assert str(last).startswith("deploy-bot: AADSTS700213 No matching")
    told = kit.explanation()
    assert told.startswith(f"AADSTS700213 (HTTP 401): client {app.client_id} asked for {SCOPE}")
    for line in (
        "why   The job ran on branch `main`, the credential expects environment `production`.",
        "✗ Subject",
        f"credential  repo:{REPOSITORY}:environment:production",
        f"token       repo:{REPOSITORY}:ref:refs/heads/main",
        "fix   the job has no `environment: production`; add it to the job",
        f"see   sign-in {last.id}",
    ):
        assert line in told, told


@pytest.mark.parametrize(
    ("changes", "code", "lines"),
    [
        ({"faults": ["expired"]}, "AADSTS700024", ["why   ", "expired"]),
        (
            {"faults": ["bad_signature"]},
            "AADSTS700027",
            ["sub repo:octo-org@123456", "iss https://token.actions", "fix   "],
        ),
        ({"faults": ["two_segments"]}, "AADSTS50027", ["(the last of 1)"]),
    ],
    ids=["too old", "forged", "no token"],
)
def test_what_matching_does_not_decide_is_told_as_it_was_answered(changes, code, lines, alone):
    assert refusal(trusting(alone), **changes) == code
    told = alone.explanation().replace("the only one", "the last of 1")
    assert told.startswith(code)
    assert [line for line in lines if line not in told] == []


def test_nobody_knows_the_client(alone):
    app = trusting(alone)
    answer = alone.http.post(alone.token_endpoint, data={"client_id": "nobody", "grant_type": "client_credentials"})
    assert answer.status_code == 401
    assert alone.explanation().startswith("AADSTS")
    app.token(SCOPE)
    assert alone.explanation().startswith(f"granted: client {app.client_id}")


def test_tenants_do_not_see_each_other(kit, served):
    app = trusting(kit)
    app.token(SCOPE)
    with served.tenant() as other:
        assert other.tenant_id != kit.tenant_id
        assert (len(other.sign_ins), other.requests) == (0, [])
        with pytest.raises(KitError, match="nobody has signed in here"):
            _ = other.sign_ins.last
    assert (len(kit.sign_ins), len(kit.requests)) == (1, 1)
    assert kit.sign_ins[0].granted
    assert [each.granted for each in kit.sign_ins[:]] == [True]


def test_the_clock(kit):
    app, before = trusting(kit), kit.clock.now
    old = app.assertion()
    assert kit.clock.advance(hours=1) - before >= timedelta(hours=1)
    with pytest.raises(NotGranted, match="AADSTS700024"):
        app.token(SCOPE, assertion=old)
    assert app.token(SCOPE)
    kit.clock.set("2031-05-01T00:00:00Z")
    assert kit.clock.now.year == 2031
    kit.clock.set(datetime(2030, 1, 1, tzinfo=UTC))
    with kit.clock.frozen() as stands:
        assert kit.clock.now == stands
    assert kit.clock.freeze() == kit.clock.now
    kit.clock.unfreeze()
    with kit.clock.frozen("2029-01-01T00:00:00Z") as stands:
        assert stands == kit.clock.now == datetime(2029, 1, 1, tzinfo=UTC), "there, and not a moment later"
        said = jwt.decode(app.token(SCOPE), options={"verify_signature": False})
    assert timedelta() <= stands - datetime.fromtimestamp(said["iat"], UTC) < timedelta(hours=1)
    kit.clock.reset()
    assert abs(kit.clock.now - datetime.now(UTC)) < timedelta(minutes=1)
    with pytest.raises(KitError, match="no time zone"):
        kit.clock.set(datetime(2030, 1, 1))  # noqa: DTZ001  that is the point
    with pytest.raises(KitError, match="2999"):
        kit.clock.advance(days=400_000)


def test_the_next_answers(kit):
    app, other = trusting(kit), trusting(kit)
    app.next_response("AADSTS90033", times=2, status=503, retry_after=7)
    assert other.token(SCOPE)
    for _ in range(2):
        with pytest.raises(NotGranted) as refused:
            app.token(SCOPE)
        assert (refused.value.status, refused.value.code, refused.value.retry_after) == (503, "AADSTS90033", 7)
    assert app.token(SCOPE)
    kit.throttle(429, retry_after=3)
    with pytest.raises(NotGranted) as refused:
        other.token(SCOPE)
    assert (refused.value.status, refused.value.retry_after) == (429, 3)
    app.throttle(503, times=None)
    kit.next_response(error="AADSTS700024", client_id=other.client_id)
    with pytest.raises(NotGranted, match="AADSTS700024"):
        other.token(SCOPE)
    kit.reset()
    assert app.token(SCOPE)
    with pytest.raises(KitError, match="no refusal has the code AADSTS1 "):
        kit.next_response("AADSTS1")


def test_a_credential_is_seen_late(kit):
    app = kit.application(roles={ORDERS: [ROLE]})
    kit.propagation_delay(60)
    app.trust_github(environment="production")
    assert refusal(app) == "AADSTS70025"
    kit.clock.advance(minutes=2)
    assert app.token(SCOPE)


def test_what_a_test_provoked_is_over_with_it(served):
    with served.tenant() as first:
        first.clock.advance(days=3)
        first.throttle(times=None)
        first.idp.down()
    assert abs(served.clock.now - datetime.now(UTC)) < timedelta(minutes=1)
    with served.tenant() as second:
        assert trusting(second).token(SCOPE)


def test_issuers_go_wrong(alone):
    app = trusting(alone)
    assert app.token(SCOPE)
    with alone.idp.fault("alg_none"):
        assert refusal(app) == "AADSTS5002738"
    alone.idp.rotate_keys("github", keep_previous=False)
    alone.clock.advance(minutes=10)
    with alone.idp.fault("status_500"):
        assert refusal(app) == "AADSTS90061"
    alone.clock.advance(minutes=10)
    assert app.token(SCOPE)
    alone.idp.down(mode="html_200")
    alone.idp.up()
    with pytest.raises(KitError, match=r"there is no fault wrong_kit \(did you mean wrong_kid"):
        alone.idp.fault("wrong_kit")
    alone.idp.fault("expired")
    assert [refusal(app), refusal(app)] == ["AADSTS700024"] * 2
    alone.idp.heal()
    assert app.token(SCOPE)


@pytest.mark.parametrize(
    ("given", "claims"),
    [
        ({"environment": "production"}, {"sub": f"repo:{REPOSITORY}:environment:production"}),
        ({"branch": "main"}, {"sub": f"repo:{REPOSITORY}:ref:refs/heads/main"}),
        ({"tag": "v1"}, {"sub": f"repo:{REPOSITORY}:ref:refs/tags/v1"}),
        ({"pull_request": True}, {"sub": f"repo:{REPOSITORY}:pull_request"}),
        (
            {"repository": "octo-org/octo-repo", "branch": "main"},
            {"sub": "repo:octo-org/octo-repo:ref:refs/heads/main"},
        ),
        ({"branch": "main", "audience": "api://own"}, {"aud": "api://own"}),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, dict) else "",
)
def test_the_platforms_token_is_the_one_that_is_trusted(given, claims, alone):
    app = alone.application(roles={ORDERS: [ROLE]})
    app.trust_github(**given)
    said = jwt.decode(app.assertion(), options={"verify_signature": False})
    assert {name: said[name] for name in claims} == claims
    assert app.token(SCOPE)


def test_other_platforms(kit):
    app = kit.application(roles={ORDERS: [ROLE], "https://graph.microsoft.com": ["Application.Read.All"]})
    token = kit.idp.mint("kubernetes")
    made = app.trust_token(token)
    assert app.token(SCOPE)
    assert app.assertion() == token
    with pytest.raises(KitError, match="give it a token"):
        app.assertion(faults=["expired"])
    assert kit.sign_ins.last.credential.id == made.id
    assert app.token("https://graph.microsoft.com/.default", assertion=token)
    app.distrust()
    with pytest.raises(NotGranted, match="AADSTS70025"):
        app.token(SCOPE, assertion=token)
    assert app.token(SCOPE, secret=app.secret())
    assert kit.sign_ins.last.evidence == "clientSecret"
    said = jwt.decode(
        kit.idp.mint("kubernetes", overrides={"iss": "https://a.example"}), options={"verify_signature": False}
    )
    assert said["iss"] == "https://a.example"
    folder = app.trust(
        "github", mode="branches", org="octo-org", org_id=123456, repo="octo-repo", repo_id=456789, folder="release"
    )
    assert folder.name == "github_actions-release"
    assert app.token(SCOPE, assertion=kit.idp.github(branch="release/1", environment=None))
    names = [app.trust_subject("https://issuer.example", each).name for each in ("me", "you")]
    assert names == ["trust", "trust-2"]


def test_what_cannot_be_is_said(kit):
    app = kit.application()
    for story, told in (
        (app.trust_github, "one of environment, branch, tag, pull_request"),
        (lambda: app.trust_github(branch="main", tag="v1"), "one of environment, branch, tag, pull_request"),
        (lambda: app.trust_github("octo-repo", branch="main"), "OWNER/NAME or OWNER@ID/NAME@ID, not 'octo-repo'"),
        (lambda: app.trust_github("a@1/b", branch="main"), "OWNER/NAME or OWNER@ID/NAME@ID"),
        (lambda: app.trust("gitlap"), "ACC1008: there is no preset gitlap"),
        (lambda: app.trust("github", org="octo-org"), "ACC1009"),
        (lambda: app.trust_token("x"), "no token"),
        (app.assertion, "workload trusts no job that can be played here (trust_github)"),
        (lambda: app.trust_token(kit.idp.github(faults=["aud_two"])), "aud is not one text"),
        (lambda: app.trust_subject("https://token.actions.githubusercontent.com", ""), "subject"),
        (lambda: app.grant("https://graph.microsoft.com", "Nothing.Of.This"), "no app role Nothing.Of.This"),
        (lambda: kit.idp.mint("githup"), "there is no dialect githup"),
        (lambda: kit.idp.github(enviroment="x"), "no such parameter"),
        (lambda: kit.idp.environment("githup"), "dialect"),
    ):
        try:
            story()
        except KitError as error:
            assert told in str(error), told  # noqa: PT017  which of them was not refused is said below
        else:
            pytest.fail(f"nothing was refused where {told!r} was expected")


def test_an_api_gets_the_roles_that_it_lacks(kit):
    first = kit.api(ORDERS, "A", "B")
    assert kit.api(ORDERS, "B", "C") == first
    app = kit.application(roles={ORDERS: "C"})
    app.grant(ORDERS, "D")
    app.trust_github(environment="production")
    said = jwt.decode(app.token(SCOPE), options={"verify_signature": False})
    assert sorted(said["roles"]) == ["C", "D"]


def test_a_job_finds_its_surroundings(kit):
    with kit.idp.environment("github", repository="octo-org/octo-repo", environment="production") as found:
        assert found["ACTIONS_ID_TOKEN_REQUEST_URL"].startswith(kit.idp.url)
        assert "ACTIONS_ID_TOKEN_REQUEST_TOKEN" in set(found)
        assert len(found) >= 2
        assert found["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] not in repr(found)


async def started() -> tuple[str, int]:
    async with authority() as found:
        app = await asyncio.to_thread(trusting, found)
        return app.token(SCOPE), len(found.sign_ins)


def test_it_starts_in_a_coroutine_too_and_beside_another(cache, served):
    token, signed_in = asyncio.run(started())
    assert (token.count("."), signed_in) == (2, 1)


def test_nothing_is_left_and_production_refuses_what_is_kept(cache, tmp_path: Path):
    threads = set(threading.enumerate())
    with authority(data=tmp_path / "data", explain_to_caller=True) as first:
        app = trusting(first)
        answer = first.http.post(
            first.token_endpoint,
            data={
                "client_id": app.client_id,
                "grant_type": "client_credentials",
                "scope": SCOPE,
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": app.assertion(environment="staging"),
            },
        )
        assert "accredit_explain" in answer.json()
    assert threads.issuperset(threading.enumerate())  # one of an earlier test may end meanwhile
    with authority(data=tmp_path / "data") as second:
        assert second.tenant_id == first.tenant_id
    lookup = SqliteLookup(tmp_path / "data/accredit.db")
    with pytest.raises(Refused) as refused:
        refuse_emulator(lookup)
    lookup.close()
    assert refused.value.row is EMULATOR_MARK


def test_a_start_that_fails_says_why_and_leaves_nothing(cache, tmp_path: Path):
    (tmp_path / "data").write_text("a file")
    threads = set(threading.enumerate())
    with pytest.raises(Refused), authority(data=tmp_path / "data"):
        pass
    assert threads.issuperset(threading.enumerate())  # one of an earlier test may end meanwhile
