"""`accredit explain`, `token inspect`, `logs`: what happened or would happen, and why; never the token itself."""

import json
import shutil
import sqlite3
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

import pytest
from msgspec.structs import replace

from accredit.stores.event_row import event_of, row
from tests.support import emulator

ISSUER = "https://token.actions.githubusercontent.com"
SUBJECT = "repo:octo-org@123456/octo-repo@456789:environment:production"
MAIN = "repo:octo-org@123456/octo-repo@456789:ref:refs/heads/main"
BOT = ("-a", "deploy-bot")

ANSWERS = {
    "the trusted job, whose signature nobody checked": ("production", 3, "accepted", ""),
    "another branch": ("main", 3, "refused", "AADSTS700213"),
    "another issuer": ("stranger", 3, "refused", "AADSTS700211"),
    "an expired token": ("expired", 3, "refused", "AADSTS700024"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_the_exit_code_is_the_answer(cli, served, name):
    token, code, outcome, refusal = ANSWERS[name]
    ended = cli("explain", "-", *BOT, "-o", "json", stdin=served.tokens[token])
    assert ended.code == code, ended.err
    assert (ended.json["outcome"], ended.json["code"], ended.json["schema"]) == (outcome, refusal, 1)


def test_uploaded_keys_prove_a_token_or_its_alteration(cli, served):
    assert cli("issuer", "upload", ISSUER, "-", stdin=served.jwks).code == 0
    good = cli("explain", "-", *BOT, "-o", "json", stdin=served.tokens["production"])
    bad = cli("explain", "-", *BOT, "-o", "json", stdin=served.tokens["altered"])
    assert (good.code, good.json["proof"], good.json["complete"]) == (0, "proven", True)
    assert cli("explain", "-", *BOT, stdin=served.tokens["production"]).out.splitlines()[0].endswith("   match")
    assert cli("explain", "-", "--all", stdin=served.tokens["production"]).code == 0
    assert (bad.code, bad.json["code"], bad.json["proof"]) == (3, "AADSTS700027", "unproven")


def test_claims_that_the_platform_was_not_known_to_send_are_told_of_a_proven_token(cli, served):
    said = "the platform sends claims that are not in its ledger: billing (object)"
    assert said not in " ".join(cli("explain", "-", *BOT, stdin=served.tokens["drifted"]).out.split())
    assert cli("issuer", "upload", ISSUER, "-", stdin=served.jwks).code == 0
    assert said in " ".join(cli("explain", "-", *BOT, stdin=served.tokens["drifted"]).out.split())
    found = cli("explain", "-", *BOT, "-o", "json", stdin=served.tokens["drifted"])
    assert (found.code, found.json["unlisted"]) == (0, [{"name": "billing", "type": "object"}])
    assert "ledger" not in cli("explain", "-", *BOT, stdin=served.tokens["production"]).out


def test_an_issuer_that_the_tenant_does_not_allow_is_named(cli, served):
    assert cli("issuer", "upload", ISSUER, "-", stdin=served.jwks).code == 0
    assert cli("tenant", "update", "--allow-issuer", "https://a.test").code == 0
    ended = cli("explain", "-", *BOT, stdin=served.tokens["production"])
    assert ended.code == 3
    assert "The tenant allows some issuers only" in ended.out
    assert "✗ Allowed issuer   AADSTS700238 the issuer is not one that the tenant allows" in ended.out
    assert cli("tenant", "update", "--allow-issuer", ISSUER).code == 0
    assert "✓ Allowed issuer" in cli("explain", "-", *BOT, stdin=served.tokens["production"]).out


def test_a_mismatch_is_drawn_with_both_values(cli, served, monkeypatch):
    out = cli("explain", "-", *BOT, stdin=served.tokens["main"]).out
    assert out.splitlines()[0] == "deploy-bot / github-production   no match"
    assert f"      credential  {SUBJECT}\n      token       {MAIN}\n" in out
    assert "✗ Subject          AADSTS700213" in out
    assert "Nobody has proven who sent this token." in out
    assert all(len(line) <= 80 or SUBJECT in line for line in out.splitlines())
    monkeypatch.setenv("CLICOLOR_FORCE", "1")
    assert "\x1b[1;31m✗\x1b[0m" in cli("explain", "-", *BOT, stdin=served.tokens["main"]).out


def test_an_answer_without_room_beside_the_heading_stands_below_it(cli, served, monkeypatch):
    out = cli("explain", "-", *BOT, stdin=served.tokens["production"]).out
    assert out.startswith("deploy-bot / github-production\n  would match, if its signature holds (not checked)\n")
    assert all(len(line) <= 80 for line in out.splitlines())
    monkeypatch.setenv("COLUMNS", "100")
    assert cli("explain", "-", *BOT, stdin=served.tokens["production"]).out.startswith(
        "deploy-bot / github-production   would match"
    )


def test_all_applications_are_asked_the_nearest_first(cli, served):
    ended = cli("explain", "-", "--all", "-o", "json", stdin=served.tokens["production"])
    assert ended.code == 3
    assert ended.json[0]["application"] == "deploy-bot"
    assert len(ended.json) == 3
    assert cli("explain", "-", "--all", stdin=served.tokens["main"]).code == 3


def test_of_all_applications_the_nearest_is_drawn_whole_also_where_the_token_is_refused_for_itself(cli, served):
    assert cli("tenant", "update", "--allow-issuer", "https://a.test").code == 0
    drawn = cli("explain", "-", "--all", stdin=served.tokens["production"]).out
    first, *others = drawn.split("\n\n")
    assert first.startswith("deploy-bot ")
    assert "✓ Readable token" in first
    assert [each.splitlines()[0] for each in others] == ["accredit-admin   refused", "Orders API   refused"]
    assert "✓" not in "".join(others)


def test_what_is_still_to_be_seen_is_named(cli, served):
    assert cli("issuer", "upload", ISSUER, "-", stdin=served.jwks).code == 0
    assert cli("issuer", "update", ISSUER, "--replay", "enforce").code == 0
    ended = cli("explain", "-", *BOT, stdin=served.tokens["production"])
    assert (ended.code, "would match, if it was not used before (not looked up)" in ended.out) == (3, True)


def test_a_token_is_taken_from_a_file_a_variable_or_the_command_line(cli, served, tmp_path, monkeypatch):
    file = tmp_path / "token"
    file.write_text(served.tokens["production"] + "\n")
    monkeypatch.setenv("MY_TOKEN", served.tokens["production"])
    assert cli("issuer", "upload", ISSUER, "-", stdin=served.jwks).code == 0
    assert cli("explain", f"@{file}", *BOT).code == 0
    assert cli("explain", "env:MY_TOKEN", *BOT).code == 0
    ended = cli("explain", served.tokens["production"], *BOT)
    assert ended.code == 0
    assert "visible to other users" in ended.err


def test_an_unreadable_token_is_explained(cli, served):
    head, _, tail = served.tokens["production"].split(".")
    ended = cli("explain", "-", *BOT, "-o", "json", stdin=f"{head}.e30.{tail}")
    assert (ended.code, ended.json["code"]) == (3, "AADSTS90014")
    assert cli("explain", "-", *BOT, stdin=f"{head}.!.{tail}").code == 3


def test_a_token_is_inspected_without_belief(cli, served):
    ended = cli("token", "inspect", "-", stdin=served.tokens["main"])
    assert ended.code == 0
    assert "Not verified" in ended.err
    assert MAIN in ended.out.replace("\n                         ", "")
    assert "(in 23 h)" in ended.out
    found = cli("token", "inspect", "-", "-o", "json", stdin=served.tokens["main"]).json
    assert (found["header"]["alg"], found["claims"]["sub"]) == ("RS256", MAIN)
    assert cli("token", "inspect", "-", "-q", "claims.iss", stdin=served.tokens["main"]).out == ISSUER + "\n"


def test_copying_from_an_unproven_token_wants_issuer_and_subject_typed(cli, served):
    copy = ("credential", "add", "deploy-bot", "--name", "main", "--from-token", "-")
    token = served.tokens["main"]
    plain = cli(*copy, stdin=token)
    assert (plain.code, "nobody has proven" in " ".join(plain.err.split())) == (2, True)
    assert cli(*copy, "--unproven", stdin=token).code == 2
    wrong = cli(*copy, "--unproven", "--issuer", ISSUER, "--subject", SUBJECT, stdin=token)
    assert (wrong.code, "you typed" in " ".join(wrong.err.split())) == (2, True)
    typed = cli(*copy, "--unproven", "--issuer", ISSUER, "--subject", MAIN, "-o", "json", stdin=token)
    assert typed.code == 0, typed.err
    assert (typed.json["issuer"], typed.json["subject"], typed.json["audiences"]) == (
        ISSUER,
        MAIN,
        ["api://AzureADTokenExchange"],
    )
    after = cli("explain", "-", *BOT, stdin=token)
    assert after.code == 3
    assert after.out.startswith("deploy-bot / main   would match, if its signature holds (not checked)\n")


def test_copying_from_a_proven_token_needs_nothing_typed(cli, served):
    assert cli("issuer", "upload", ISSUER, "-", stdin=served.jwks).code == 0
    ended = cli(
        "credential",
        "add",
        "deploy-bot",
        "--name",
        "main",
        "--from-token",
        "-",
        "-o",
        "json",
        stdin=served.tokens["main"],
    )
    assert ended.code == 0, ended.err
    assert ended.json["subject"] == MAIN


def test_the_log_lists_both_attempts_newest_first(cli, served):
    ended = cli("logs", "list", "-o", "json")
    assert [each["id"] for each in ended.json] == [served.requests["refused"], served.requests["granted"]]
    assert [each["status"]["errorCode"] for each in ended.json] == [700213, 0]
    assert cli("logs", "list", "--failed", "-q", "length(@)").out == "1\n"
    assert cli("logs", "list", "-n", "1", "-q", "length(@)").out == "1\n"
    assert cli("logs", "list", *BOT, "-q", "length(@)").out == "2\n"
    assert cli("logs", "list", "-a", "Orders API", "-o", "json").json == []
    correlation = ended.json[0]["correlationId"]
    assert (
        cli("logs", "list", "--correlation", correlation, "-q", "[].id | [0]").out.strip() == served.requests["refused"]
    )


def test_the_log_is_a_table_for_people(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    lines = cli("logs", "list").out.splitlines()
    assert lines[0].split("  ")[0] == "When"
    assert "AADSTS700213" in lines[1]
    assert "granted       github-production" in lines[2]
    monkeypatch.setenv("COLUMNS", "80")
    assert max(map(len, cli("logs", "list").out.splitlines())) <= 80


def test_one_sign_in_says_who_how_what_and_why_not(cli, served):
    granted = cli("logs", "show", served.requests["granted"])
    assert granted.out.startswith("✓ granted\n")
    for text in ("github-production", "Orders.Read.All", SUBJECT, "proven"):
        assert text in granted.out
    refused = cli("logs", "show", served.requests["refused"])
    assert refused.out.startswith("✗ AADSTS700213 · subject not trusted\n  No matching federated identity record")
    assert f"          credential  {SUBJECT}\n          token       {MAIN}\n" in refused.out
    assert cli("logs", "show", served.requests["refused"], "-q", "proof").out == "proven\n"


def test_neither_token_nor_signature_is_ever_printed(cli, served):
    for name in ("production", "main", "altered"):
        token = served.tokens[name]
        for command in (("explain", "-", *BOT), ("explain", "-", "--all"), ("token", "inspect", "-")):
            for kind in ("table", "json", "jsonl", "yaml", "tsv", "csv"):
                ended = cli(*command, "-o", kind, "-vv", stdin=token)
                assert_hidden(token, ended.out + ended.err)
    for words in (("logs", "list"), *(("logs", "show", each) for each in served.requests.values())):
        for kind in ("table", "json", "yaml"):
            for token in served.tokens.values():
                ended = cli(*words, "-o", kind, "-vv")
                assert_hidden(token, ended.out + ended.err)


def assert_hidden(token, text):
    flat = "".join(text.split())
    for part in token.split("."):
        assert part[:60] not in flat


def test_a_secret_is_shown_once_and_never_again(cli, data):
    made = cli("secret", "add", "deploy-bot", "--name", "canary", "-o", "json").json
    assert len(made["secretText"]) == 43
    assert "shown this once" in cli("secret", "add", "deploy-bot").err
    everywhere = [
        ("secret", "list", "deploy-bot"),
        ("app", "show", "deploy-bot"),
        ("app", "list"),
        ("sp", "list"),
        ("logs", "list"),
        ("keys", "list"),
        ("config", "show"),
    ]
    for words in everywhere:
        for kind in ("table", "json", "yaml", "csv"):
            ended = cli(*words, "-o", kind, "-vv")
            assert ended.code == 0
            assert made["secretText"] not in ended.out + ended.err
            for member in ("secretText", '"salt"', '"digest"', '"sealed"'):
                assert member not in ended.out
    assert made["secretText"].encode() not in (data / "accredit.db").read_bytes()
    assert json.loads(cli("secret", "list", "deploy-bot", "-o", "json").out)[0]["hint"] == made["secretText"][:3]


def test_a_sign_in_by_keys_that_were_no_longer_fresh_says_so(data, served, cli):
    with sqlite3.connect(data / "accredit.db") as database:
        known = served.requests["granted"]
        (body,) = database.execute("SELECT body FROM signins WHERE id = ?", (UUID(known).bytes,)).fetchone()
        told = row(replace(event_of(body), keys_stale=12.25))[-1]
        database.execute("UPDATE signins SET body = ? WHERE id = ?", (told, UUID(known).bytes))
    database.close()
    assert "stale for 13 s: the issuer could not be reached" in " ".join(cli("logs", "show", known).out.split())
    assert cli("logs", "show", known, "-q", "assertion.keysStaleSeconds").out == "12.25\n"
    assert "stale" not in cli("logs", "show", served.requests["refused"]).out


ONLINE = {
    "the trusted job": ("production", 0, "accepted", "", "proven"),
    "another branch, signed by the issuer": ("main", 3, "refused", "AADSTS700213", "proven"),
    "an altered token": ("altered", 3, "refused", "AADSTS700027", "unproven"),
    "an expired token": ("expired", 3, "refused", "AADSTS700024", "proven"),
    "an issuer that nobody registered": ("stranger", 3, "refused", "AADSTS700211", "unknown"),
}


@pytest.fixture(scope="module")
def running(tmp_path_factory, served):
    """An emulator with the directory that made the tokens, running again at another address."""
    folder = tmp_path_factory.mktemp("online")
    shutil.copytree(served.data, folder / "data")
    with emulator.running(folder) as found:
        yield found


@pytest.mark.parametrize("name", ONLINE)
def test_online_the_registered_issuers_keys_are_fetched_and_prove(bare, served, running, name):
    token, code, outcome, refusal, proof = ONLINE[name]
    where = ("--data", str(running.data), "--online", "--ready-file", str(running.data.parent / "ready.json"))
    ended = bare("explain", "-", *BOT, *where, "-o", "json", stdin=served.tokens[token])
    assert ended.code == code, ended.err
    assert (ended.json["outcome"], ended.json["code"], ended.json["proof"]) == (outcome, refusal, proof)
    assert ("not registered: nothing is fetched" in ended.err) is (token == "stranger")


def test_online_all_applications_are_asked_and_the_address_alone_is_enough(bare, served, running):
    where = ("--data", str(running.data), "--online", "--url", running.url)
    ended = bare("explain", "-", "--all", *where, "-o", "json", stdin=served.tokens["main"])
    assert (ended.code, {each["proof"] for each in ended.json}) == (3, {"proven"})


def test_online_what_the_issuer_did_not_sign_with_a_key_of_its_own_says_which_it_has(bare, served, running):
    where = ("--data", str(running.data), "--online", "--url", running.url)
    head, rest = served.tokens["production"].split(".", 1)
    header = json.loads(urlsafe_b64decode(head + "=="))
    other = urlsafe_b64encode(json.dumps({**header, "kid": "another"}).encode()).rstrip(b"=").decode()
    ended = bare("explain", "-", *BOT, *where, "-o", "json", stdin=f"{other}.{rest}")
    assert (ended.code, ended.json["code"], ended.json["cause"]) == (3, "AADSTS7000272", "KEY_UNKNOWN")
    assert f"it publishes `{header['kid']}`" in ended.json["sentence"]


def test_online_nothing_is_fetched_for_a_blocked_issuer_or_an_unreadable_token(bare, cli, served):
    nowhere = ("--online", "--url", "https://localhost:1")
    assert cli("issuer", "block", ISSUER).code == 0
    ended = cli("explain", "-", *BOT, *nowhere, "-o", "json", stdin=served.tokens["production"])
    assert (ended.code, ended.json["proof"], ended.err) == (3, "unknown", "")
    head, _, tail = served.tokens["production"].split(".")
    assert cli("explain", "-", *BOT, *nowhere, stdin=f"{head}.e30.{tail}").code == 3


def test_online_an_issuer_that_does_not_answer_is_another_exit_code(cli, served):
    ended = cli(
        "explain", "-", *BOT, "--online", "--url", "https://localhost:1", "-o", "json", stdin=served.tokens["main"]
    )
    said = " ".join(ended.err.split())
    assert (ended.code, ended.json["code"], ended.json["proof"]) == (7, "AADSTS700213", "unknown")
    assert "the issuer's keys cannot be fetched: discovery: connect: " in said
    assert "--ready-file FILE or --url URL says where" in said
    ended = cli("explain", "-", *BOT, "--online", "--ready-file", "/dev/null", stdin=served.tokens["main"])
    assert (ended.code, "not a ready file" in ended.err) == (2, True)


def test_offline_the_signature_says_how_it_can_be_checked(cli, served):
    line = "– Signature        not checked: no keys of the issuer at hand (use --online)"  # noqa: RUF001
    assert line in cli("explain", "-", *BOT, stdin=served.tokens["main"]).out
    assert "--online" not in cli("explain", "-", *BOT, stdin=served.tokens["stranger"]).out


def test_the_keys_of_an_explanation_are_written_as_all_keys_are(cli, served):
    found = cli("explain", "-", *BOT, "-o", "json", stdin=served.tokens["main"]).json

    def keys(value):
        if isinstance(value, dict):
            return set(value).union(*map(keys, value.values()))
        return set().union(*map(keys, value)) if isinstance(value, list) else set()

    assert {"credentialId", "issuedAt", "notBefore"} <= keys(found)
    assert [each for each in keys(found) if "_" in each] == []
