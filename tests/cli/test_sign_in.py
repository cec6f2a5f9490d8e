"""`accredit logs show`: one sign-in on a page, and the credential that would have matched."""

import json
import re
import shlex
from contextlib import closing
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from accredit.app import seed
from accredit.cli.ink import Ink
from accredit.cli.sign_in_page import page
from accredit.signins import Event
from accredit.stores import sqlite
from accredit.stores.event_reader import EventReader
from accredit.stores.event_row import INSERT, row
from tests.cli.conftest import JWT_BEARER, ran
from tests.support.workload import AUDIENCE, GITHUB, engage

TENANT = str(seed.TENANT_ID)
OTHER = "repo:octo-org@123456/octo-repo@456789:environment:elsewhere"
NAMES = "repo:octo-org/octo-repo:environment:prod"

PAGE = """\
✗ AADSTS700213 · subject not trusted
  No matching federated identity record found for presented assertion subject
  'repo:octo-org@123456/octo-repo@456789:ref:refs/heads/main'. Check your
  federated identity credential Subject, Audience and Issuer against the
  presented assertion.
  https://learn.microsoft.com/entra/workload-id/workload-identity-federation
Who     deploy-bot
        app         acc7ed17-0000-4000-8000-000000000003
        principal   acc7ed17-b211-56ae-8444-2f4ca5271cce
What    api://orders
How     federated identity credential
        issuer      https://token.actions.githubusercontent.com
        subject     repo:octo-org@123456/octo-repo@456789:ref:refs/heads/main
        audience    api://AzureADTokenExchange
        signed with RS256 <kid>
        lifetime    86400 s
        jti         sha256:<digest>
        sha256      <digest>
Ids     request     <id>
        correlation <id>
When    <time>, <n> ms, from 127.0.0.1
Why     ✓ form  ✓ tenant  ✓ application  ✓ scope  ✓ readable  ✗ trusted  – keys
        – signature  – times  – resource  – roles
        github-production  ✓ issuer  ✓ audience  ✗ subject
          id          <credential>
          credential  repo:octo-org@123456/octo-repo@456789:environment:production
          token       repo:octo-org@123456/octo-repo@456789:ref:refs/heads/main
          The job ran on branch `main`, the credential expects environment
          `production`. Either add `environment: production` to the job, or add
          a credential for the branch.
Proof   proven: signed with key <kid> of
        the registered issuer
"""  # noqa: RUF001  a dash marks what was not tried


def steady(text, request):
    text = text.replace(request, "<id>")
    text = re.sub(r"[0-9a-f]{64}", "<digest>", text)
    text = re.sub(r"id          [0-9a-f-]{36}", "id          <credential>", text)
    text = re.sub(r"\d{4}-\d\d-\d\d [\d:]{8}Z, [\d.]+ ms", "<time>, <n> ms", text)
    return re.sub(r"(RS256|key) [\w-]{43}", r"\1 <kid>", text)


def test_a_refused_one_on_a_page(cli, served):
    request = served.requests["refused"]
    ended = cli("logs", "show", request)
    assert steady(ended.out, request) == PAGE
    assert ended.err == f"To trust it: accredit logs show {request} --suggest\n"


def test_a_granted_one_on_a_page(cli, served, monkeypatch):
    request = served.requests["granted"]
    ended = cli("logs", "show", request)
    lines = ended.out.splitlines()
    assert lines[0] == "✓ granted"
    assert "How     federated identity credential github-production" in lines
    assert "        roles       Orders.Read.All" in lines
    assert "✗" not in ended.out
    assert ended.err == ""
    monkeypatch.setenv("CLICOLOR_FORCE", "1")
    assert cli("logs", "show", request).out.startswith("\x1b[32m✓\x1b[0m \x1b[1mgranted\x1b[0m\n")
    assert cli("logs", "show", request, "--suggest").code == 3


def test_many_roles_are_folded_below_each_other(served, monkeypatch):
    with EventReader(served.data / "accredit.db") as events:
        granted = events.by_id(UUID(served.requests["granted"]))
    monkeypatch.setenv("COLUMNS", "60")
    lines = page(replace(granted, roles=("Orders.Read.All", "Orders.Write.All", "Orders.Send.All")), Ink())
    first = lines.index("        roles       Orders.Read.All, Orders.Write.All,")
    assert lines[first + 1] == "                    Orders.Send.All"


def test_one_that_counts_several_says_of_none_what_is_true_of_one_alone(cli, served, data):
    with EventReader(data / "accredit.db") as reader:
        of = reader.by_id(UUID(served.requests["refused"]))
    several = Event(
        id=uuid4(),
        at=of.at,
        **{name: getattr(of, name) for name in ("tenant_id", "app_id", "app_name", "principal_id", "address")},
        correlation_id=uuid4(),
        code=700213,
        failure=of.failure,
        evidence=of.evidence,
        count=30,
        last_at=of.at,
        last_id=uuid4(),
        subjects=("repo:a/b", "repo:a/c"),
    )
    with closing(sqlite.connect(data / "accredit.db")) as connection, connection:
        connection.execute(INSERT, row(several))
    lines = cli("logs", "show", str(several.id)).out.splitlines()
    assert lines[0].startswith("✗ AADSTS700213 · subject not trusted (30 times, last ")
    assert [each.split()[-1] for each in lines if "subject  " in each] == ["repo:a/b", "repo:a/c"]
    assert not [each for each in lines if each.startswith("What") or " ms" in each]


def test_a_suggestion_is_a_credential_a_command_and_a_request(cli, served, data):
    request = served.requests["refused"]
    ended = cli("logs", "show", request, "--suggest")
    assert (ended.code, ended.err) == (0, "")
    told = cli("logs", "show", request, "--suggest", "-o", "json").json
    main = "repo:octo-org@123456/octo-repo@456789:ref:refs/heads/main"
    body = {"name": "actions-main", "issuer": GITHUB, "subject": main, "audiences": [AUDIENCE]}
    assert (told["action"], told["credential"], told["warnings"]) == ("add", body, [])
    assert told["request"] == {
        "method": "POST",
        "path": "/v1.0/applications(appId='acc7ed17-0000-4000-8000-000000000003')/federatedIdentityCredentials",
        "body": body,
    }
    lines = ended.out.splitlines()
    assert told["command"] in lines
    assert f"POST {told['request']['path']}" in lines
    assert json.loads(lines[-1]) == body
    assert ran(*shlex.split(told["command"])[1:]).code == 0
    again = cli("logs", "show", request, "--suggest")
    assert (again.code, again.out.splitlines()[0]) == (0, "The credential `actions-main` trusts exactly this by now.")
    assert "accredit credential" not in again.out
    explained = cli("explain", "-", "-a", "deploy-bot", "-q", "outcome", stdin=served.tokens["main"])
    assert explained.out == "accepted\n"


# ── beside a running authority: what is suggested is what was missing ────────────────────────────────────────────────


@pytest.fixture(params=["beside the store", "at the URL"])
def place(request, emulator, signed_in):
    """The options under which a command acts on the emulator that is running: both lead to the same."""
    return () if request.param == "at the URL" else ("--local", "--data", str(emulator.data), "--tenant", TENANT)


def asked(workload, assertion, scope="api://orders/.default"):
    """Ask for a token; return the status and the request's id."""
    form = {
        "grant_type": "client_credentials",
        "client_id": workload.client_id,
        "client_assertion_type": JWT_BEARER,
        "client_assertion": assertion,
        "scope": scope,
    }
    answer = workload.emulator.http.post(workload.emulator.token_endpoint(), data=form)
    return answer.status_code, answer.headers["x-ms-request-id"]


MISSED = {  # what the application trusts beside what it is asked for, and what the token says instead
    "another subject": ({}, {}, "add"),
    "another issuer": ({"issuer": "https://gitlab.com", "subject": "x"}, {}, "add"),
    "another audience": ({"audiences": ("api://somebody-else",)}, {}, "update"),
    "nobody is trusted": (None, {}, "add"),
    "a subject of names only": ({}, {"sub": NAMES}, "add"),
}


@pytest.mark.slow
@pytest.mark.parametrize("sentence", MISSED)
def test_once_the_suggestion_was_followed_the_same_assertion_is_granted(emulator, place, sentence):
    trusted, overrides, action = MISSED[sentence]
    workload = engage(emulator, trusting=False)
    if trusted is not None:
        workload.trust(**{"subject": OTHER} | ({"subject": workload.subject} if action == "update" else {}) | trusted)
    known = engage(emulator)
    assert asked(known, known.assertion())[0] == 200  # the issuer's keys are at hand from now on
    assertion = workload.assertion(overrides=overrides)
    status, request = asked(workload, assertion)
    assert status == 401
    ended = ran("logs", "show", request, "--suggest", "-o", "json", *place)
    assert (ended.code, ended.json["action"]) == (0, action), ended.err
    assert ("no id of the tenant and project" in " ".join(ended.err.split())) is (sentence == "a subject of names only")
    done = ran(*shlex.split(ended.json["command"])[1:])
    assert done.code == 0, done.err
    assert asked(workload, assertion)[0] == 200


UNPROVEN = {
    "altered": ({"faults": ["bad_signature"], "overrides": {"sub": OTHER}}, "unproven"),
    "of an issuer that nobody registered": ({"overrides": {"iss": "https://stranger.example"}}, "unknown"),
}


@pytest.mark.slow
@pytest.mark.parametrize("sentence", UNPROVEN)
def test_of_what_nobody_has_proven_nothing_is_suggested(emulator, place, sentence):
    body, proof = UNPROVEN[sentence]
    workload = engage(emulator)
    assert asked(workload, workload.assertion())[0] == 200
    status, request = asked(workload, workload.assertion(**body))
    assert status == 401
    assert [each.proof for each in workload.events() if each.id == UUID(request)] == [proof]
    for output in ("table", "json"):
        ended = ran("logs", "show", request, "--suggest", "-o", output, *place)
        assert (ended.code, ended.out) == (3, "")
        said = " ".join(ended.err.split())
        assert said.startswith(f"warning Nobody has proven who sent this ({proof}): anyone can write such an event")
        assert "credential add" not in said
        assert (f"accredit explain - --app {workload.client_id} --online" in said) is (proof == "unknown")
    shown = ran("logs", "show", request, *place)
    assert (shown.code, shown.err) == (0, "")
    assert f"Proof   {proof}: " in shown.out


@pytest.mark.slow
def test_the_application_may_be_gone_by_now(emulator, place):
    workload = engage(emulator)
    assert asked(workload, workload.assertion())[0] == 200
    request = asked(workload, workload.assertion(overrides={"sub": OTHER}))[1]
    assert ran("app", "delete", workload.client_id, "--yes", *place).code == 0
    ended = ran("logs", "show", request, "--suggest", *place)
    assert (ended.code, "is no more" in " ".join(ended.err.split())) == (4, True)
