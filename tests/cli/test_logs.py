"""`accredit logs`: which sign-ins are listed, and how what cannot be asked is refused."""

import csv
import io
import json

import pytest

SUBJECT = "repo:octo-org@123456/octo-repo@456789:environment:production"
GITHUB = "https://token.actions.githubusercontent.com"
BOT = ("-a", "deploy-bot")
NOBODY = "11111111-2222-4333-8444-555555555555"

FOUND = {
    "all of them": ((), ["refused", "granted"]),
    "of an application": (BOT, ["refused", "granted"]),
    "of one that never signed in": (("-a", "Orders API"), []),
    "refused": (("--failed",), ["refused"]),
    "granted": (("--granted",), ["granted"]),
    "of a code as it is quoted": (("--code", "AADSTS700213"), ["refused"]),
    "of a code in lower case": (("--code", "aadsts700213"), ["refused"]),
    "of a number": (("--code", "700213"), ["refused"]),
    "of either code": (("--code", "700027", "--code", "700213"), ["refused"]),
    "of a code that did not occur": (("--code", "700027"), []),
    "of a code among the refused": (("--failed", "--code", "700213"), ["refused"]),
    "by a credential": (("--credential", "github-production"), ["granted"]),
    "by a credential in another case": (("--credential", "GitHub-Production"), ["granted"]),
    "by no credential": (("--credential", "gitlab"), []),
    "by an id that nothing has": (("--credential", NOBODY), []),
    "for an API by its name": (("--resource", "Orders API"), ["granted"]),
    "for an API by its identifier": (("--resource", "api://orders"), ["granted"]),
    "of an issuer": (("--issuer", GITHUB), ["refused", "granted"]),
    "of issuers that begin so": (("--issuer", "https://token.*"), ["refused", "granted"]),
    "of another issuer": (("--issuer", "https://token."), []),
    "of a subject": (("--subject", SUBJECT), ["granted"]),
    "of subjects that begin so": (("--subject", "repo:octo-org@123456/*"), ["refused", "granted"]),
    "from an address": (("--address", "127.0.0.1"), ["refused", "granted"]),
    "from addresses that begin so": (("--address", "127.0.*"), ["refused", "granted"]),
    "from an address in another spelling": (("--address", "0:0::1"), []),
    "proven": (("--proof", "proven"), ["refused", "granted"]),
    "unproven": (("--proof", "unproven"), []),
    "of the last day": (("--since", "1d"), ["refused", "granted"]),
    "until yesterday": (("--until", "24h"), []),
    "of a day long ago": (("--since", "2020-01-01", "--until", "2020-01-01T23:59:59+02:00"), []),
    "that a filter finds": (("--filter", "status/errorCode eq 700213 or id eq 'x'"), ["refused"]),
    "that a filter and an option find": (("--granted", "--filter", "status/errorCode eq 700213"), []),
    "the newest": (("-n", "1"), ["refused"]),
}


@pytest.mark.parametrize("which", FOUND)
def test_listing_those(cli, served, which):
    words, expected = FOUND[which]
    ended = cli("logs", "list", *words, "-o", "json")
    assert (ended.code, ended.err) == (0, "")
    assert [each["id"] for each in ended.json] == [served.requests[each] for each in expected]


def test_one_request_and_its_correlation(cli, served):
    refused = served.requests["refused"]
    (one,) = cli("logs", "list", "--request", refused, "-o", "json").json
    assert one["id"] == refused
    assert [each["id"] for each in cli("logs", "list", "--correlation", one["correlationId"], "-o", "json").json] == [
        refused
    ]
    assert cli("logs", "list", "--correlation", one["correlationId"], "--granted", "-o", "json").json == []


def test_a_client_that_is_gone_is_still_asked_for_by_its_id(cli):
    client = cli("app", "show", "deploy-bot", "-q", "appId").out.strip()
    assert cli("app", "delete", "deploy-bot", "--yes").code == 0
    ended = cli("logs", "list", "-a", client, "-o", "json")
    assert (ended.code, len(ended.json)) == (0, 2)
    assert "Nothing has the id" in ended.err


WRONG = {
    "a code that no refusal has": (("--code", "AADSTS700273"), 2, "did you mean AADSTS7002"),
    "a code that is none": (("--code", "forbidden"), 2, "no refusal has this code"),
    "failed and granted": (("--failed", "--granted"), 2, "exclude each other"),
    "granted with a code": (("--granted", "--code", "700213"), 2, "exclude each other"),
    "a time that is none": (("--since", "yesterday"), 2, "neither a time ago such as 30min, 2h or 7d nor an ISO time"),
    "months or minutes": (("--since", "30m"), 2, "30min"),
    "a time before all times": (("--until", "999999y"), 2, "neither a time ago"),
    "until before since": (("--since", "1h", "--until", "2h"), 2, "it is before --since 1h"),
    "a day that no month has": (("--since", "2026-02-30"), 2, "neither a time ago"),
    "an address that is none": (("--address", "localhost"), 2, "not an IP address"),
    "a proof that is none": (("--proof", "maybe"), 2, "'proven', 'unproven', 'unknown'"),
    "an application that is not there": (("-a", "deploy-bto"), 4, "did you mean deploy-bot?"),
    "an API that is not there": (("--resource", "api://nothing"), 4, "Request_ResourceNotFound"),
    "a request id that is none": (("--request", "x"), 2, "not an id (GUID)"),
    "a correlation id that is none": (("--correlation", "x"), 2, "not an id (GUID)"),
    "a filter that cannot be read": (("--filter", "appId eq"), 2, "expected a value"),
    "a filter on what is not asked for": (("--filter", "riskState eq 'none'"), 2, "riskState"),
}


@pytest.mark.parametrize("verb", ["list", "tail"])
@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_asked(cli, what, verb):
    words, code, said = WRONG[what]
    ended = cli("logs", verb, *words)
    assert (ended.code, ended.out) == (code, "")
    assert said in " ".join(ended.err.split())


@pytest.mark.parametrize("verb", ["list", "tail", "stats", "export"])
def test_the_option_says_that_many_refusals_are_of_no_api(cli, served, bare, verb):
    assert "where it was found; many refusals come before" in " ".join(
        bare("logs", verb, "--help").out.replace("│", " ").split()
    )
    refused = cli("logs", "list", "--failed", "-o", "json").json
    assert [(each["resourceId"], each["requestedResource"]) for each in refused] == [(None, "api://orders")]
    assert cli("logs", "list", "--failed", "--resource", "api://orders", "-o", "json").json == []


def test_csv_has_what_a_spreadsheet_filters_by(cli, served):
    ended = cli("logs", "list", "-o", "csv")
    rows = list(csv.DictReader(io.StringIO(ended.out, newline="")))
    assert [each["id"] for each in rows] == [served.requests["refused"], served.requests["granted"]]
    assert [each["status.errorCode"] for each in rows] == ["700213", "0"]
    assert rows[1]["assertion.subject"] == SUBJECT
    assert rows[1]["federatedCredentialName"] == "github-production"
    empty = cli("logs", "list", "-a", "Orders API", "-o", "csv").out
    assert empty == ended.out[: len(empty)] != ""


def test_rows_for_programs_are_those_of_the_list(cli):
    listed = cli("logs", "list", "-o", "json").json
    assert [json.loads(line) for line in cli("logs", "list", "-o", "jsonl").out.splitlines()] == listed
    assert [json.loads(line) for line in cli("logs", "tail", "-o", "jsonl").out.splitlines()] == listed[::-1]
    assert cli("logs", "tail", "-o", "json").json == listed[::-1]
    assert cli("logs", "tail", "-n", "1", "-o", "json").json == listed[:1]
    assert cli("logs", "tail", "-n", "0", "-o", "json").json == []


def test_tail_writes_a_line_for_each_and_the_newest_last(cli, served, monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")
    lines = cli("logs", "tail").out.splitlines()
    assert [each.split()[-1] for each in lines] == [served.requests["granted"], served.requests["refused"]]
    told = [each.split()[2:4] for each in lines]
    assert told == [["deploy-bot", "granted"], ["deploy-bot", "AADSTS700213"]], "in the order of logs list"
    assert (
        len({each.index(served.requests[which]) for each, which in zip(lines, ("granted", "refused"), strict=True)})
        == 1
    )
    monkeypatch.setenv("COLUMNS", "80")
    narrow = cli("logs", "tail").out.splitlines()
    assert max(map(len, narrow)) <= 80
    assert [each.strip() for each in narrow[1::2]] == [served.requests["granted"], served.requests["refused"]]


def test_a_table_says_for_which_api_and_from_where(cli, served, monkeypatch):
    """What has no room beside the rest stands below it, on as few lines as hold it."""
    ids = [served.requests["refused"], served.requests["granted"]]
    seen = {ids[0]: "api://orders  127.0.0.1", ids[1]: "Orders API    127.0.0.1"}
    monkeypatch.setenv("COLUMNS", "80")
    assert cli("logs", "list").out.splitlines()[1::2] == [
        "  Request ID                            API           Address",
        *(f"  {each}  {seen[each]}" for each in ids),
    ]
    monkeypatch.setenv("COLUMNS", "160")
    _, *rows = cli("logs", "list").out.splitlines()
    assert [each.endswith(f"  {key}  {seen[key]}") for key, each in zip(ids, rows, strict=True)] == [True, True]
    assert cli("logs", "list", "-o", "tsv").out.splitlines()[0].split("\t")[4] == ids[0]


@pytest.mark.parametrize("words", [(), ("--group", "1h")])
def test_an_empty_table_says_that_nothing_was_found(cli, served, words):
    assert served.requests
    none = cli("logs", "list", *words, "--code", "700027")
    assert none.code == 0
    assert len(none.out.splitlines()) == 1
    assert none.err == "No sign-in meets this.\n"
    assert cli("logs", "list", *words, "--code", "700027", "-o", "csv").err == ""
    assert cli("logs", "list", *words).err == ""


@pytest.mark.parametrize("output", ["json", "yaml"])
def test_what_has_no_end_is_not_one_document(cli, output):
    ended = cli("logs", "tail", "-f", "-o", output)
    assert (ended.code, "use -o jsonl" in ended.err) == (2, True)
