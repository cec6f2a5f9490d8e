"""`--dry-run --replay`: what a change would have meant for sign-ins that there really were, here and there."""

import pytest

from accredit.administer import tenants
from accredit.app import seed
from tests.cli.conftest import ran
from tests.support.emulator import running

pytestmark = pytest.mark.slow

GITHUB = "https://token.actions.githubusercontent.com"
BOT, NAME = "deploy-bot", "github-production"
SINCE = ("--dry-run", "--replay", "30d")
BRANCH = "repo:octo-org@123456/octo-repo@456789:ref:refs/heads/main"
PATTERN = "claims['sub'] matches 'repo:octo-org@123456/octo-repo@456789:*' and claims['repository_id'] eq '456789'"
NARROW = f"{PATTERN} and claims['ref'] eq 'refs/heads/release'"
UNKEPT = f"{PATTERN} and claims['run_id'] eq '1'"

CHANGES = {  # what is done, the exit code, the outcomes that are not zero
    "the branch is added": (
        ("add", BOT, "--issuer", GITHUB, "--subject", BRANCH, "--name", "branch"),
        3,
        {"stillPasses": 2, "newlyPasses": 1, "wouldMatchUnproven": 1, "unaffected": 1},
    ),
    "a branch that nobody used is added": (
        ("add", BOT, "--issuer", GITHUB, "--subject", f"{BRANCH}x", "--name", "branch"),
        0,
        {"stillPasses": 2, "unaffected": 3},
    ),
    "the subject becomes a pattern": (
        ("update", BOT, NAME, "--expression", PATTERN),
        3,
        {"stillPasses": 2, "newlyPasses": 1, "wouldMatchUnproven": 1, "unaffected": 1},
    ),
    "the subject becomes a pattern that leaves it out": (
        ("update", BOT, NAME, "--expression", NARROW),
        3,
        {"newlyFails": 2, "unaffected": 3},
    ),
    "the subject becomes a pattern over what is not kept": (
        ("update", BOT, NAME, "--expression", UNKEPT),
        0,
        {"unknown": 4, "unaffected": 1},
    ),
    "it is described": (
        ("update", BOT, NAME, "--description", "of production"),
        0,
        {"stillPasses": 2, "unaffected": 3},
    ),
    "it goes": (("delete", BOT, NAME), 3, {"newlyFails": 2, "unaffected": 3}),
}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    with running(tmp_path_factory.mktemp("replay")) as found:
        found.administer(lambda by: tenants.update(by, seed.TENANT_ID, portability="extended"))
        production, branch, other = (
            found.mint(),
            found.mint(params={"branch": "main"}),
            found.mint(params={"repository": "octo-org/another", "repository_id": "999", "branch": "main"}),
        )
        forged = f"{branch.rpartition('.')[0]}.{production.rpartition('.')[2]}"
        codes = [exchanged(found, each) for each in (production, production, branch, forged, other)]
        assert [each == 200 for each in codes] == [True, True, False, False, False], codes
        yield found


def exchanged(emulator, token):
    form = {
        "client_id": str(seed.WORKLOAD_ID),
        "grant_type": "client_credentials",
        "scope": "api://orders/.default",
        "client_assertion": token,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }
    return emulator.http.post(emulator.token_endpoint(), data=form).status_code


@pytest.fixture(params=["here", "there"])
def say(request, emulator, monkeypatch, tmp_path):
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    if request.param == "here":
        return lambda *words: ran("credential", *words, "--local", "--data", str(emulator.data))
    monkeypatch.setenv("ACCREDIT_URL", emulator.url)
    monkeypatch.setenv("ACCREDIT_CA_FILE", str(emulator.ca_file))
    monkeypatch.setenv("ACCREDIT_CLIENT_ID", emulator.ready["admin"]["client_id"])
    monkeypatch.setenv("ACCREDIT_CLIENT_SECRET", emulator.ready["admin"]["client_secret"])
    return lambda *words: ran("credential", *words)


@pytest.mark.parametrize("what", CHANGES)
def test_what_a_change_would_have_meant(say, what):
    words, code, outcomes = CHANGES[what]
    ended = say(*words, *SINCE, "-o", "json")
    assert ended.code == code, ended.err
    told = ended.json
    assert {each["outcome"]: each["count"] for each in told["outcomes"] if each["count"]} == outcomes
    assert (told["examined"], told["sampled"]) == (5, False)
    assert "Nothing was changed" in ended.err
    assert say("show", BOT, NAME, "-q", "subject").out.strip().endswith(":environment:production")


def test_it_is_told_to_people(say):
    ended = say("update", BOT, NAME, "--subject", BRANCH, *SINCE)
    assert ended.code == 3
    assert "would newly fail" in ended.out
    assert f"1  {BRANCH}" in ended.out
    assert f"{NAME}: 2 → 1" in ended.out
    assert "Only matching was replayed" in ended.err


def test_a_dry_run_judges_a_change_by_every_rule(say):
    refused = say("update", BOT, NAME, "--expression", "claims['sub'] eq", "--dry-run")
    assert (refused.code, refused.out) == (2, "")
    assert say("delete", BOT, NAME, "--dry-run").code == 0
    assert say("update", BOT, NAME, "--subject", BRANCH, "--dry-run").code == 0
    assert say("show", BOT, NAME, "-q", "subject").out.strip().endswith(":environment:production")


def test_what_is_done_is_not_replayed(say):
    ended = say("delete", BOT, NAME, "--replay", "30d")
    assert ended.code == 2
    assert "--dry-run" in ended.err


@pytest.mark.parametrize("since", ["soon", "9999-01-01"], ids=["no time", "yet to come"])
def test_what_is_no_past_is_refused_before_anything_is_said(say, since):
    ended = say("delete", BOT, NAME, "--dry-run", "--replay", since)
    assert (ended.code, ended.out) == (2, "")
    assert f"--replay {since}" in ended.err
    assert "Nothing was changed" not in ended.err
