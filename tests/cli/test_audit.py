"""``accredit audit``: who changed which trust, found and shown."""

# ruff: noqa: RUF001  the dash that Entra ID writes, and the minus sign of a difference

import csv
import io
import json
import re

import pytest
from inline_snapshot import snapshot

from tests.cli.conftest import ran, steady

GITHUB = "https://token.actions.githubusercontent.com"
REPOSITORY = "repo:octo-org@123456/octo-repo@456789"
BOT = ("credential", "update", "deploy-bot", "github-production")
EXPRESSION = f"claims['sub'] matches '{REPOSITORY}:*' and claims['repository_id'] eq '456789'"


@pytest.fixture
def changed(cli):
    """A trust that was changed, widened to an expression, and taken away; a role; a secret. All by this user."""
    for words in (
        (*BOT, "--subject", f"{REPOSITORY}:environment:staging"),
        ("credential", "add", "deploy-bot", "--name", "any", "--issuer", GITHUB, "--expression", EXPRESSION),
        ("credential", "delete", "deploy-bot", "any", "--yes"),
        ("secret", "add", "deploy-bot", "--name", "old-ci"),
        ("app", "update", "Orders API", "--description", "orders"),
    ):
        ended = cli(*words)
        assert ended.code == 0, ended.err
    return cli


def rows(cli, *words):
    ended = cli("audit", "list", "-n", "100", *words, "-o", "json")
    assert ended.code == 0, ended.err
    return ended.json


def activities(found):
    return [each["activityDisplayName"].rpartition(" – ")[2] for each in found]


SECRETS = "Certificates and secrets management"


def test_who_changed_which_trust(changed):
    newest = rows(changed, "--app", "deploy-bot")
    assert activities(newest) == [SECRETS] * 4
    assert [each["trust"] for each in newest] == ["widened", "narrowed", "widened", "widened"]
    assert not {"orders"} & {each["newValue"] for row in newest for each in row["differences"]}
    times = [each["activityDateTime"] for each in newest]
    assert times == sorted(times, reverse=True)


FOUND = {
    "by a client id": (("--app", "acc7ed17-0000-4000-8000-000000000003"), 4),
    "of one kind, with a plain dash": (("--activity", f"Update application - {SECRETS}", "--actor", "{user}"), 4),
    "whose kind begins so": (("--activity", "update application*", "--actor", "{user}"), 5),
    "by a user": (("--actor", "{user}"), 5),
    "by a user in another case": (("--actor", "{USER}"), 5),
    "by nobody": (("--actor", "nobody"), 0),
    "by an application that changed nothing": (("--actor", "acc7ed17-0000-4000-8000-000000000003"), 0),
    "that widened trust": (("--widened", "--actor", "{user}"), 3),
    "of the last hour": (("--since", "1h", "--actor", "{user}"), 5),
    "before all of it": (("--until", "2020-01-01"), 0),
    "by a filter": (("--filter", "operationType eq 'Update' and activityDisplayName eq 'Update application'"), 1),
    "of an object that nothing has": (("--object", "11111111-2222-4333-8444-555555555555"), 0),
    "of an application that is gone": (("--app", "11111111-2222-4333-8444-555555555555"), 0),
}


@pytest.mark.parametrize("row", FOUND.values(), ids=FOUND.keys())
def test_what_is_found(changed, row):
    words, count = row
    user = rows(changed)[0]["initiatedBy"]["user"]["displayName"]
    assert (
        len(rows(changed, *(each.replace("{user}", user).replace("{USER}", user.upper()) for each in words))) == count
    )


def test_by_object_and_by_correlation(changed):
    newest = rows(changed)[0]
    (target,) = newest["targetResources"]
    assert rows(changed, "--object", target["id"])[0] == newest
    assert rows(changed, "--correlation", newest["correlationId"]) == [newest]


REFUSED = {
    "an application that is not there": (("list", "--app", "deploy-bto"), 4, "did you mean deploy-bot?"),
    "an object by name": (("list", "--object", "deploy-bot"), 2, "not an id"),
    "an end before the beginning": (("list", "--since", "1h", "--until", "2h"), 2, "it is before"),
    "a filter on what is not asked for": (("list", "--filter", "resultReason eq ''"), 2, "resultReason"),
    "a record that is not there": (("show", "11111111-2222-4333-8444-555555555555"), 4, "no record of a change"),
    "a record by a name": (("show", "x"), 2, "not an id"),
}


@pytest.mark.parametrize("row", REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be(changed, row):
    words, code, said = row
    ended = changed("audit", *words)
    assert (ended.code, ended.out) == (code, "")
    assert said in " ".join(ended.err.split())


def plain(text):
    """Replace ids and the user's name by others as broad."""
    text = re.sub(
        r"\b(?!acc7ed17)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "0" * 8 + "-0000" * 3 + "-" + "0" * 12, text
    )
    return steady(text)


@pytest.fixture
def named(monkeypatch):
    """Be called ada."""
    monkeypatch.setattr("accredit.cli.here.user", lambda: "ada")


def test_the_list(named, changed, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    shown = plain(changed("audit", "list", "--app", "deploy-bot", "-n", "4").out)
    assert shown == snapshot("""\
When                  Who  Activity                             Of          Changed                     Trust
  Audit ID
2026-11-23 12:34:56Z  ada  Certificates and secrets management  deploy-bot  + old-ci                    widened
  00000000-0000-0000-0000-000000000000
2026-11-23 12:34:56Z  ada  Certificates and secrets management  deploy-bot  − any                       narrowed
  00000000-0000-0000-0000-000000000000
2026-11-23 12:34:56Z  ada  Certificates and secrets management  deploy-bot  + any                       widened
  00000000-0000-0000-0000-000000000000
2026-11-23 12:34:56Z  ada  Certificates and secrets management  deploy-bot  github-production: subject  widened
  00000000-0000-0000-0000-000000000000
""")


def test_a_changed_trust(named, changed):
    first = rows(changed, "--app", "deploy-bot")[3]["id"]
    assert plain(changed("audit", "show", first).out) == snapshot("""\
Update application – Certificates and secrets management   trust widened
  when            2026-11-23 12:34:56Z
  who             ada (at the command line of the authority's host)
  what            Application deploy-bot acc7ed17-8d55-5bdd-b869-680dff73e4af
  audit id        00000000-0000-0000-0000-000000000000
  correlation id  00000000-0000-0000-0000-000000000000
  FederatedIdentityCredentials / github-production
    subject
    − repo:octo-org@123456/octo-repo@456789:environment:production
                                                        ^^^^^^^^^^
    + repo:octo-org@123456/octo-repo@456789:environment:staging
                                                        ^^^^^^^
  accredit.findings
    + FIC-SHARED-ISS
""")


def test_a_new_trust(named, changed, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    added = rows(changed, "--app", "deploy-bot")[2]["id"]
    assert plain(changed("audit", "show", added).out) == snapshot("""\
Update application – Certificates and secrets management   trust widened
  when            2026-11-23 12:34:56Z
  who             ada (at the command line of the
                  authority's host)
  what            Application deploy-bot
                  acc7ed17-8d55-5bdd-b869-680dff73e4af
  audit id        00000000-0000-0000-0000-000000000000
  correlation id  00000000-0000-0000-0000-000000000000
  FederatedIdentityCredentials / any
    + id  00000000-0000-0000-0000-000000000000
    + name  any
    + issuer  https://token.actions.githubusercontent.com
    + issuerRecordId  acc7ed17-5951-52bd-8eb7-c39097ebe5eb
    + claimsMatchingExpression / value  claims['sub'] matche
      s 'repo:octo-org@123456/octo-repo@456789:*' and claims
      ['repository_id'] eq '456789'
    + claimsMatchingExpression / languageVersion  1
    + audiences  api://AzureADTokenExchange
    + enabled  true
  accredit.findings
    + FIC-REF-WILD
    + FIC-SHARED-ISS
""")


def test_with_colour_the_signs_stay(changed, monkeypatch):
    first = rows(changed, "--app", "deploy-bot")[3]["id"]
    bare = changed("audit", "show", first).out
    monkeypatch.setenv("CLICOLOR_FORCE", "1")
    inked = changed("audit", "show", first).out
    assert "\x1b[1;31m− repo" in inked
    assert "\x1b[32m+ repo" in inked
    assert re.sub(r"\x1b\[[\d;]*m", "", inked) == bare


def test_for_programs(changed):
    first = rows(changed, "--app", "deploy-bot")[3]
    shown = changed("audit", "show", first["id"], "-o", "json").json
    assert shown == first
    difference, said = shown["differences"]
    assert (said["path"], said["newValue"]) == (["accredit.findings"], "FIC-SHARED-ISS")
    assert difference == {
        "path": ["FederatedIdentityCredentials", "github-production", "subject"],
        "change": "changed",
        "oldValue": f"{REPOSITORY}:environment:production",
        "newValue": f"{REPOSITORY}:environment:staging",
    }
    lines = changed("audit", "list", "-n", "2", "-o", "jsonl").out.splitlines()
    assert [json.loads(each)["id"] for each in lines] == [each["id"] for each in rows(changed)[:2]]
    table = list(csv.DictReader(io.StringIO(changed("audit", "list", "-n", "1", "-o", "csv").out)))
    assert json.loads(table[0]["differences"])[0]["newValue"] == "orders"
    assert changed("audit", "show", first["id"], "-q", "trust", "-o", "tsv").out == "widened\n"


def test_nothing_from_outside_moves_the_cursor(cli):
    assert cli(*BOT, "--subject", "evil\x1b[2J\u202esub").code == 0
    shown = cli("audit", "show", rows(cli)[0]["id"]).out
    assert "\\x1b[2J\\u202esub" in shown
    assert "\x1b" not in shown


def test_it_is_found_by_other_words():
    assert "did you mean audit?" in ran("changes").err
