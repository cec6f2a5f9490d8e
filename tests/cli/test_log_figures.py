"""`accredit logs stats`, `logs usage` and `logs list --group`: what is told of many sign-ins at once."""

import json
import re
import shlex
from datetime import UTC, datetime, timedelta

import pytest

from accredit.cli import log_counts
from accredit.cli.log_stats import bar, spark
from accredit.signins.words import meaning

BOT = ("-a", "deploy-bot")
YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%d")


def rows(cli, *words):
    ended = cli("logs", *words, "-o", "json")
    assert (ended.code, ended.err) == (0, "")
    return ended.json


def sums(found):
    return [(each["granted"], each["refused"]) for each in found if each["granted"] or each["refused"]]


def test_every_attempt_is_counted_once_however_it_is_counted(cli):
    for by in ((), ("--by", "day"), ("--by", "code"), ("--by", "resource"), ("--by", "credential")):
        found = rows(cli, "stats", *BOT, *by)
        assert (sum(each["granted"] for each in found), sum(each["refused"] for each in found)) == (1, 1), by
    assert sums(rows(cli, "stats")) == sums(rows(cli, "stats", *BOT))
    assert sums(rows(cli, "stats", "-a", "Orders API")) == []


def test_hours_in_which_nothing_happened_are_shown_too(cli):
    found = rows(cli, "stats", "--since", f"{YESTERDAY}T01:30", "--until", f"{YESTERDAY}T04:00")
    assert [each["dateTime"] for each in found] == [f"{YESTERDAY}T0{hour}:00:00Z" for hour in (1, 2, 3)]
    assert sums(found) == []
    assert len(rows(cli, "stats", "--since", "7d")) == 8, "days, the first and the last of them in part"


def test_codes_credentials_and_apis_have_names(cli):
    codes = {each["errorCode"]: each["failureReason"] for each in rows(cli, "stats", "--by", "code")}
    assert codes[0] == "granted"
    assert codes[700213] == "No matching federated identity record found for presented assertion subject '…'"
    assert [each["credentialName"] for each in rows(cli, "stats", *BOT, "--by", "credential") if each["granted"]] == [
        "github-production"
    ]
    assert [each["resourceDisplayName"] for each in rows(cli, "stats", "--by", "resource") if each["granted"]] == [
        "Orders API"
    ]


@pytest.mark.parametrize("since", ["1h", "7d"])
@pytest.mark.parametrize("by", ["hour", "day", "code", "resource", "credential"])
def test_the_totals_hold_every_attempt_of_the_time_whatever_the_rows_are(cli, by, since):
    out = cli("logs", "stats", *BOT, "--by", by, "--since", since).out
    for name in ("granted", "refused"):
        assert re.search(rf"^{name} +1  ·*█·*$", out, re.MULTILINE), out


def test_what_was_refused_most_comes_with_the_command_that_lists_it(cli, bare, data, served):
    out = cli("logs", "stats", *BOT).out
    assert re.search(r"^granted +1  ·*[▁-█]·*$", out, re.MULTILINE)
    assert "AADSTS700213  1  No matching federated identity record" in out
    (command,) = re.findall(r"^  accredit (logs list .*)$", out, re.MULTILINE)
    assert command.endswith(f"--data {data}")
    listed = bare(*command.split(), "-o", "json").json
    assert [each["id"] for each in listed] == [served.requests["refused"]]
    assert "Refused most" not in cli("logs", "stats", "-o", "csv").out
    assert cli("logs", "stats", "-o", "csv").out.splitlines()[0] == "dateTime,granted,refused"


def test_by_code_nothing_is_told_twice(cli, bare, served):
    out = cli("logs", "stats", *BOT, "--by", "code").out
    table, _, below = out.partition("To list what was refused most\n")
    assert ("AADSTS700213" in table, "No matching federated identity" in table) == (True, True)
    assert (out.count("No matching federated identity"), "Refused most" in out) == (1, False)
    (command,) = [each.removeprefix("  accredit ") for each in below.splitlines()]
    assert [each["id"] for each in bare(*command.split(), "-o", "json").json] == [served.requests["refused"]]


SAME = {  # as ``logs list`` finds them
    "granted": ("--granted",),
    "refused": ("--failed",),
    "by code": ("--code", "AADSTS700213"),
    "by another code": ("--code", "700211"),
    "by a credential": ("--credential", "github-production"),
    "by an API": ("--resource", "Orders API"),
    "by an issuer": ("--issuer", "https://token.actions*"),
    "by a subject": ("--subject", "repo:octo-org@123456/octo-repo@456789:ref:*"),
    "by an address": ("--address", "127.*"),
    "by another address": ("--address", "192.0.2.7"),
    "by proof": ("--proof", "proven"),
    "by a filter": ("--filter", "status/errorCode ne 0 and startswith(userAgent,'x')"),
    "of one application that were refused": (*BOT, "--failed"),
}


@pytest.mark.parametrize("which", SAME)
def test_it_counts_what_the_same_options_list(cli, which):
    listed = rows(cli, "list", "--since", "24h", *SAME[which])
    expected = [
        sum(each["count"] for each in listed if (each["status"]["errorCode"] == 0) is of) for of in (True, False)
    ]
    for by in ("hour", "code", "resource"):
        found = rows(cli, "stats", "--by", by, *SAME[which])
        assert [sum(each[way] for each in found) for way in ("granted", "refused")] == expected, by


def test_filters_are_in_the_command_that_lists_what_was_refused_most(cli, bare, served):
    out = cli("logs", "stats", *BOT, "--failed", "--filter", "startswith(ipAddress,'127.')", "--proof", "proven").out
    (command,) = re.findall(r"^  accredit (logs list .*)$", out, re.MULTILINE)
    listed = bare(*shlex.split(command), "-o", "json").json
    assert [each["id"] for each in listed] == [served.requests["refused"]]


def test_it_says_so_where_it_did_not_count_all(cli, monkeypatch):
    monkeypatch.setattr(log_counts, "MOST", 1)
    ended = cli("logs", "stats", "--address", "127.*", "-o", "json")
    assert (ended.code, sums(ended.json)) in ((0, [(1, 0)]), (0, [(0, 1)]))
    assert "only the newest 1 sign-ins" in ended.err


DRAWN = {
    "nothing": ([0, 0, 0], 10, "···"),
    "one": ([0, 1], 10, "·█"),
    "all alike": ([7, 7, 7], 10, "███"),
    "rising": ([1, 2, 3, 4, 5, 6, 7, 8], 8, "▁▂▃▄▅▆▇█"),
    "one among many": ([1, 800], 2, "▁█"),
    "more than there is room for": ([1, 1, 0, 0, 2, 2], 3, "▄·█"),
    "no numbers": ([], 10, ""),
}


@pytest.mark.parametrize("what", DRAWN)
def test_numbers_are_drawn(what):
    numbers, room, expected = DRAWN[what]
    assert spark(numbers, room) == expected


def test_a_bar_shows_both_and_never_nothing_of_something():
    assert bar({"granted": 10, "refused": 0}, 10) == "█" * 24
    assert bar({"granted": 0, "refused": 10}, 10) == "░" * 24
    assert bar({"granted": 1, "refused": 1}, 1_000_000) == "▏░"
    assert bar({"granted": 0, "refused": 0}, 10) == bar({"granted": 0, "refused": 0}, 0) == ""


def test_a_code_of_another_version_has_no_meaning_here():
    assert meaning(123_456_789) == ""
    assert meaning(2500) == "An unexpected error occurred; it is recorded under the trace id"


def test_usage_tells_when_from_where_and_how_often(cli, served, monkeypatch):
    (used,) = rows(cli, "usage", *BOT)
    (granted,) = cli("logs", "list", "--granted", "-o", "json").json
    assert (used["credentialType"], used["name"]) == ("federatedIdentityCredential", "github-production")
    assert (used["lastSignInDateTime"], used["lastSignInRequestId"]) == (
        granted["createdDateTime"],
        served.requests["granted"],
    )
    assert (used["lastSignInIpAddress"], used["grants"], used["refusals"]) == ("127.0.0.1", 1, 0)
    instant = used["lastSignInDateTime"].replace("T", " ")
    monkeypatch.setenv("COLUMNS", "120")
    assert f"{instant}  127.0.0.1        1        0\n" in cli("logs", "usage", *BOT).out
    monkeypatch.setenv("COLUMNS", "80")
    assert f"\n  {instant}  127.0.0.1  {used['id']}\n" in cli("logs", "usage", *BOT).out
    monkeypatch.setenv("COLUMNS", "80")
    assert "127.0.0.1" in cli("logs", "usage", *BOT).out, "an address is never broken"
    assert (
        cli("credential", "show", "deploy-bot", "github-production", "-q", "lastSignInDateTime")
        .out.strip()
        .replace(" ", "T")
        == used["lastSignInDateTime"]
    )


UNUSED = {
    "everything": ((), {"emulator only", "github-production"}),
    "never used": (("--never",), {"emulator only"}),
    "unused for no time": (("--unused", "2099-01-01"), {"emulator only", "github-production"}),
    "unused for a day, and not made since": (("--unused", "1d"), set()),
    "unused for twenty years": (("--unused", "20y"), set()),
}


@pytest.mark.parametrize("what", UNUSED)
def test_what_is_not_used_is_found(cli, what):
    words, expected = UNUSED[what]
    assert {each["name"] for each in rows(cli, "usage", *words)} == expected


def test_usage_says_that_it_did_not_look_at_all(cli):
    ended = cli("logs", "usage", "--most", "1")
    assert (ended.code, "only 1 applications were looked at" in " ".join(ended.err.split())) == (0, True)
    assert cli("logs", "usage", "--most", "3").err == ""


def test_secrets_and_certificates_say_when_they_were_last_used(cli):
    assert cli("secret", "list", "accredit-admin", "-o", "json").json[0]["lastSignInDateTime"] is None
    assert "never" in cli("secret", "list", "accredit-admin").out


def test_what_is_alike_is_one_row(cli, served):
    found = rows(cli, "list", "--group")
    assert sorted(each["status"]["errorCode"] for each in found) == [0, 700213]
    assert {each["id"] for each in found} == set(served.requests.values())
    assert {each["signInCount"] for each in found} == {1}
    assert [each["status"]["errorCode"] for each in rows(cli, "list", "--group", "--failed")] == [700213]
    assert rows(cli, "list", "--group=1h", "--until", "1d") == []
    lines = [json.loads(each) for each in cli("logs", "list", "--group", "-o", "jsonl", "-n", "1").out.splitlines()]
    assert lines == found[:1]


WRONG = {
    "credentials of all applications": (("stats", "--by", "credential"), 2, "needs --app"),
    "until before since": (("stats", "--until", "2d"), 2, "it is before --since 24h"),
    "a way that is none": (("stats", "--by", "moon"), 2, "'moon' is not one of"),
    "an application that is not there": (("stats", "-a", "deploy-bto"), 4, "did you mean deploy-bot?"),
    "uses by an application that is not there": (("usage", "-a", "deploy-bto"), 4, "did you mean deploy-bot?"),
    "a time that is none": (("usage", "--unused", "long"), 2, "neither a time ago"),
    "a window that is none": (("list", "--group", "2h"), 2, "'2h' is not one of"),
    "what is not alike": (("list", "--group", "--subject", "x"), 2, "--subject is nothing that sign-ins in one row"),
    "what groups are not asked for": (("list", "--group", "--filter", "userAgent eq 'x'"), 2, "userAgent"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_asked(cli, what):
    words, code, said = WRONG[what]
    ended = cli("logs", *words)
    assert (ended.code, ended.out) == (code, "")
    assert said in " ".join(ended.err.split())
