"""Every write says what it made and how to undo it, and the command that it names really undoes it."""

import getpass
import json
import re
import shlex
import sqlite3
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding

from accredit.signing import generate
from tests import forge

ISSUER = "https://token.actions.githubusercontent.com"
ADD = (
    "credential",
    "add",
    "deploy-bot",
    "--name",
    "staging",
    "--issuer",
    ISSUER,
    "--subject",
    "repo:a/b:environment:s",
)
HELD = ("credential", "list", "deploy-bot")
NEW = {"description": "", "id": "", "createdDateTime": ""}  # what a thing made again does not have in common

WRITES = {
    "a tenant": (("tenant", "create", "Fabrikam", "--domain", "fabrikam.test"), ("tenant", "list")),
    "a tenant's portability": (("tenant", "update", "--portability", "extended"), ("tenant", "show", "contoso.test")),
    "a tenant's rule for changes of trust": (
        ("tenant", "update", "--trust-changes", "owner_may_narrow", "--multi-audience", "refuse"),
        ("tenant", "show", "contoso.test"),
    ),
    "a tenant's name and life": (
        ("tenant", "update", "contoso.test", "--name", "New", "--token-lifetime", "600"),
        ("tenant", "show", "contoso.test"),
    ),
    "a tenant's domains": (
        ("tenant", "update", "--domain", "a.test", "--domain", "b.test"),
        ("tenant", "show", "acc7ed17-0000-4000-8000-000000000001"),
    ),
    "the issuers that a tenant allows": (
        ("tenant", "update", "--allow-issuer", "https://a.test", "--allow-issuer", "https://b.test/"),
        ("tenant", "show", "contoso.test"),
    ),
    "what a tenant demands of all trust": (
        ("tenant", "update", "--allowed-issuers-mode", "audit", "--immutable-ids", "enforce", "--lint", "block"),
        ("tenant", "show", "contoso.test"),
    ),
    "what a tenant demands of tokens": (
        ("tenant", "update", "--allow-algorithm", "RS256", "--max-assertion-lifetime", "3600"),
        ("tenant", "show", "contoso.test"),
    ),
    "an application": (("app", "create", "build bot", "--identifier-uri", "api://build"), ("app", "list")),
    "an application's name": (("app", "update", "deploy-bot", "--name", "deployer"), ("app", "list")),
    "an API's names": (("app", "update", "Orders API", "--identifier-uri", ""), ("app", "show", "Orders API")),
    "a new name of an API": (
        ("app", "update", "deploy-bot", "--identifier-uri", "api://x"),
        ("app", "show", "deploy-bot"),
    ),
    "an application that is disabled": (("app", "update", "deploy-bot", "--disabled"), ("app", "show", "deploy-bot")),
    "a public client": (("app", "update", "deploy-bot", "--public"), ("app", "show", "deploy-bot")),
    "how its tokens are signed": (
        ("app", "update", "Orders API", "--signing-algorithm", "ES256", "--token-version", "1"),
        ("app", "show", "Orders API"),
    ),
    "an app role": (("app", "role", "add", "Orders API", "Orders.Write.All"), ("app", "role", "list", "Orders API")),
    "an app role that is disabled": (
        ("app", "role", "disable", "Orders API", "Orders.Read.All"),
        ("app", "role", "list", "Orders API"),
    ),
    "a service principal that is disabled": (("sp", "disable", "deploy-bot"), ("sp", "show", "deploy-bot")),
    "a credential": (ADD, HELD),
    "a credential with an expression": (
        (
            *("credential", "add", "deploy-bot", "--name", "any-branch", "--issuer", ISSUER, "--expression"),
            "claims['sub'] matches 'repo:octo-org@123456/*' and claims['repository_id'] eq '456789'",
        ),
        HELD,
    ),
    "a credential's subject": (
        ("credential", "update", "deploy-bot", "github-production", "--subject", "repo:x/y:ref:refs/heads/main"),
        HELD,
    ),
    "a credential's description": (
        (
            "credential",
            "update",
            "deploy-bot",
            "github-production",
            "--description",
            "it's ours",
            "--audience",
            "api://x",
        ),
        HELD,
    ),
    "a credential that is disabled": (
        ("credential", "update", "deploy-bot", "github-production", "--disabled"),
        HELD,
    ),
    "a credential that is deleted": (("credential", "delete", "deploy-bot", "github-production", "--yes"), HELD),
    "a secret": (
        ("secret", "add", "deploy-bot", "--name", "to begin with", "--end", "90d"),
        ("secret", "list", "deploy-bot"),
    ),
    "a grant": (
        ("permission", "grant", "accredit-admin", "api://orders", "Orders.Read.All"),
        ("permission", "list", "accredit-admin"),
    ),
    "a grant that is revoked": (
        ("permission", "revoke", "deploy-bot", "api://orders", "Orders.Read.All", "--yes"),
        ("permission", "list", "deploy-bot"),
    ),
    "an issuer": (("issuer", "create", "https://issuer.example"), ("issuer", "list")),
    "an issuer that is blocked": (("issuer", "block", ISSUER), ("issuer", "show", ISSUER)),
    "how an issuer's tokens are judged": (
        ("issuer", "update", ISSUER, "--skew", "60", "--max-lifetime", "3600", "--algorithm", "RS256"),
        ("issuer", "show", ISSUER),
    ),
    "what comes of an assertion that is used again": (
        ("issuer", "update", ISSUER, "--replay", "observe"),
        ("issuer", "show", ISSUER),
    ),
    "where an issuer may be": (
        ("issuer", "update", ISSUER, "--network", "10.0.0.0/8", "--port", "9443", "--jwks-host", "keys.example"),
        ("issuer", "show", ISSUER),
    ),
    "where an issuer's keys are": (
        ("issuer", "update", ISSUER, "--jwks-url", "https://keys.example/jwks"),
        ("issuer", "show", ISSUER),
    ),
    "the next key": (("keys", "rotate"), ("keys", "list")),
}


@pytest.mark.parametrize("name", WRITES)
def test_the_undo_command_undoes(cli, bare, name):
    write, read = WRITES[name]
    before = plain(cli(*read, "-o", "json").json)
    ended = cli(*write)
    assert ended.code == 0, ended.err
    assert plain(cli(*read, "-o", "json").json) != before
    for undo in ended.undo.split(" && "):
        undone = bare(*shlex.split(undo)[1:], "--yes")
        assert undone.code == 0, undone.err
    assert plain(cli(*read, "-o", "json").json) == before


def plain(value):
    """Leave out ids and times, and what an empty text stands for."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {
            name: plain(each)
            for name, each in value.items()
            if name not in {"id", "createdDateTime", "lastSignInDateTime"}
        }
    return value or None


def test_a_write_prints_what_it_made_and_notes_go_to_standard_error(cli, data):
    ended = cli(*ADD)
    assert "  subject   repo:a/b:environment:s\n" in ended.out
    assert "\nCreated staging " in ended.err
    assert f"\nundo: accredit credential delete deploy-bot staging --data {data}\n" in ended.err
    assert cli(*ADD[:4], "other", *ADD[5:-1], "repo:a@1/b@2:environment:t", "--quiet").err == ""


def test_a_write_as_json_is_what_show_prints_afterwards(cli):
    made = cli(*ADD, "-o", "json")
    assert made.json == cli("credential", "show", "deploy-bot", "staging", "-o", "json").json
    assert made.json["claimsMatchingExpression"] is None
    assert made.json["audiences"] == ["api://AzureADTokenExchange"]


def test_a_dry_run_judges_and_changes_nothing(cli, data):
    before = cli(*HELD, "-o", "json").json
    ended = cli(*ADD, "--dry-run")
    assert ended.code == 0
    assert "Nothing was changed" in ended.err
    assert "undo" not in ended.err
    assert not re.search(r"^  id ", ended.out, re.MULTILINE), "what was not made has no id"
    refused = cli(*ADD[:4], "github-production", *ADD[5:], "--dry-run")
    assert refused.code == 5
    assert cli(*HELD, "-o", "json").json == before


def test_a_credential_that_cannot_match_is_stored_with_a_warning(cli):
    ended = cli(*ADD[:-1], "repo:octo-org/*")
    assert ended.code == 0
    assert "warning" in ended.err
    assert "* is an ordinary character in it" in " ".join(ended.err.split())


def test_a_credential_gets_a_name_from_what_it_trusts(cli):
    ended = cli(
        "credential",
        "add",
        "deploy-bot",
        "--issuer",
        ISSUER,
        "--subject",
        "repo:a/b:environment:s",
        "-q",
        "name",
        "-o",
        "json",
    )
    assert ended.json == "token-actions-githubusercontent-com-s"


def test_destroying_works_with_yes(cli):
    for words in (
        ("app", "delete", "deploy-bot", "--yes"),
        ("tenant", "delete", "contoso.test", "-y"),
    ):
        ended = cli(*words)
        assert ended.code == 0
        assert ended.err.startswith("Deleted ")
    assert cli("tenant", "list", "-o", "json").json == []


def test_a_service_principal_is_made_for_what_has_none(cli):
    assert cli("app", "create", "later", "--no-sp").code == 0
    assert cli("sp", "show", "later").code == 4
    ended = cli("sp", "create", "later")
    assert ended.code == 0
    assert cli("sp", "show", "later", "-o", "json").json["accountEnabled"] is True


def test_a_certificate_is_registered_found_by_thumbprint_and_removed(cli, tmp_path):
    key = generate("RS256", now=datetime.now(UTC), activates_at=datetime.now(UTC), master_key=bytes(32), name="ours")
    file = tmp_path / "ours.der"
    file.write_bytes(key.certificate)
    added = cli("certificate", "add", "deploy-bot", str(file), "--name", "ours", "-o", "json")
    assert added.code == 0, added.err
    thumbprint = added.json["customKeyIdentifier"]
    sha1 = x509.load_der_x509_certificate(key.certificate).fingerprint(SHA1())  # noqa: S303  as administrators know it
    assert thumbprint == sha1.hex().upper()
    assert cli("certificate", "add", "deploy-bot", str(file)).code == 5
    assert [each["keyId"] for each in cli("certificate", "list", "deploy-bot", "-o", "json").json] == [
        added.json["keyId"]
    ]
    assert cli("certificate", "remove", "deploy-bot", thumbprint.lower(), "--yes").code == 0
    assert cli("certificate", "list", "deploy-bot", "-o", "json").json == []


def test_keys_rotate_and_retire(cli):
    def states(*more):
        return [each["state"] for each in cli("keys", "list", "-o", "json", *more).json]

    assert states() == ["active", "active"]
    rotated = cli("keys", "rotate", "-o", "json")
    assert rotated.json["state"] == "next"
    assert states() == ["active", "active", "next"]
    asked = cli("keys", "retire", rotated.json["kid"])
    assert (asked.code, "repeat the command with --yes" in asked.err) == (2, True)
    again = cli("keys", "rotate")
    assert (again.code, "ACC4004" in again.err) == (5, True)
    active = cli("keys", "list", "-o", "json", "-q", "[?alg=='RS256' && state=='active'].kid | [0]").json
    refused = cli("keys", "retire", active, "--yes")
    assert (refused.code, "rotate first" in refused.err) == (5, True)
    assert cli("keys", "rotate", "--emergency", "--yes").code == 0
    assert states() == ["active", "active"]
    assert active not in cli("keys", "list").out
    assert states("--all").count("withdrawn") == 2


def test_an_issuer_is_changed_and_its_keys_are_uploaded(cli, served):
    uploaded = cli("issuer", "upload", ISSUER, "-", "-o", "json", stdin=served.jwks)
    assert uploaded.code == 0, uploaded.err
    assert uploaded.json["keySource"] == "uploaded"
    assert uploaded.json["keyIds"]
    assert re.search(r"Uploaded \d+ keys? of ", uploaded.err)
    assert "Uploaded 1 keys" not in uploaded.err
    changed = cli("issuer", "update", ISSUER, "--skew", "60", "--algorithm", "RS256", "-o", "json").json
    assert (changed["skew"], changed["algorithms"]) == (60, ["RS256"])
    assert cli("issuer", "update", ISSUER, "--discovery", "-o", "json").json["keySource"] == "discovery"
    assert cli("issuer", "update", ISSUER, "--skew", "100000").code == 2


def test_an_issuer_record_opts_in_to_ports_and_hosts_of_keys(cli):
    def places(*words):
        return cli("issuer", *words, "-q", "[ports, allowedJwksHosts]", "-o", "json").json

    given = ("--port", "9443", "--port", "9444", "--jwks-host", "keys.example")
    assert places("create", "https://idp.example", *given) == [[9443, 9444], ["keys.example"]]
    assert places("update", "https://idp.example", "--port", "0", "--jwks-host", "") == [[], []]
    assert "any public host" in cli("issuer", "show", "https://idp.example").out
    cli("tenant", "update", "contoso.test", "--portability", "extended")
    assert places("update", "https://idp.example", "--port", "9443") == [[9443], ["idp.example"]]
    assert cli("issuer", "update", "https://idp.example", "--port", "70000").code == 2


def test_every_change_leaves_its_audit_record_with_who_made_it(cli, data):
    assert cli(*ADD).code == 0
    with sqlite3.connect(data / "accredit.db") as connection:
        body = connection.execute("SELECT body FROM audits ORDER BY at DESC LIMIT 1").fetchone()[0]
    connection.close()
    record = json.loads(body)
    assert record["actor"]["name"] == getpass.getuser()
    assert "staging" in json.dumps(record)


def test_a_second_application_of_a_name_is_made_with_a_remark(cli):
    assert "of this name" not in cli("app", "create", "twin").err
    ended = cli("app", "create", "twin")
    assert (ended.code, "1 other application of this name exists" in ended.err) == (0, True)
    assert "2 other applications of this name exist:" in cli("app", "create", "twin").err


START = "claims['sub'] matches 'repo:octo-org@123456/*'"


def test_an_expression_that_entra_id_refuses_is_stored_with_a_warning_where_it_may_be(cli):
    assert cli("tenant", "update", "--portability", "extended").code == 0
    wrong, right = (
        cli(*ADD[:4], claim, *ADD[5:7], "--expression", f"{START} and claims['{claim}'] eq '456789'")
        for claim in ("color", "repository_id")
    )
    assert (wrong.code, "FIC-NOT-PORTABLE: Entra ID would refuse this" in " ".join(wrong.err.split())) == (0, True)
    assert (right.code, "Entra ID would" in right.err) == (0, False)


EITHER = "claims['sub'] matches 'repo:octo-org@123456/*:ref:**' and claims['repository_id'] in ['456789', '456790']"


def version_and_text(cli) -> tuple[int, str]:
    (held,) = [each for each in cli(*HELD, "-o", "json").json if each["name"] == "either"]
    found = held["claimsMatchingExpression"]
    return (found["languageVersion"], found["value"])


def test_an_expression_of_version_2_is_kept_as_one(cli):
    assert cli("tenant", "update", "--portability", "extended").code == 0
    add = ("credential", "add", "deploy-bot", "--name", "either", "--issuer", ISSUER, "--expression")
    assert "--language-version 2" in " ".join(cli(*add, EITHER).err.split())  # what is refused says how it is read
    assert cli(*add, EITHER, "--language-version", "2").code == 0
    shown = " ".join(cli("credential", "show", "deploy-bot", "either").out.split())
    assert "portable no: " in shown
    assert version_and_text(cli) == (2, EITHER)
    update = ("credential", "update", "deploy-bot", "either")
    cli(*update, "--description", "two repositories")
    assert version_and_text(cli) == (2, EITHER)
    cli(*update, "--expression", START)  # the star stops where it did
    assert version_and_text(cli) == (2, START)
    ended = cli(*update, "--language-version", "1")
    assert version_and_text(cli) == (1, START)
    (undo,) = re.findall(r"accredit credential update .*", " ".join(ended.err.split()))
    assert "--language-version 2" in undo
    cli(*shlex.split(undo)[1:])
    assert version_and_text(cli) == (2, START)


def test_an_expression_in_cel_is_translated(cli):
    cli("tenant", "update", "--portability", "extended")
    add = ("credential", "add", "deploy-bot", "--name", "either", "--issuer", ISSUER, "--language-version", "cel")
    ended = cli(*add, "--expression", "assertion.repository_id == '456789' && assertion.event_name != 'x'")
    assert version_and_text(cli) == (2, "claims['repository_id'] eq '456789' and claims['event_name'] ne 'x'")
    assert "Translated from CEL, at position 40: without this claim" in " ".join(ended.err.split())
    refused = cli(*add, "--expression", "assertion.sub.matches('^repo')")
    assert "there are no regular expressions" in " ".join(refused.err.split())


def test_an_expression_of_version_2_that_is_deleted_is_made_again(cli):
    cli("tenant", "update", "--portability", "extended")
    add = ("credential", "add", "deploy-bot", "--name", "either", "--issuer", ISSUER, "--expression")
    cli(*add, EITHER, "--language-version", "2")
    ended = cli("credential", "delete", "deploy-bot", "either", "--yes")
    (undo,) = re.findall(r"accredit credential add .*", " ".join(ended.err.split()))
    cli(*shlex.split(undo)[1:])
    assert version_and_text(cli) == (2, EITHER)


@pytest.mark.parametrize("verb", ["add", "update"])
def test_a_language_version_says_something_of_an_expression_only(cli, verb):
    name = ("--name", "other") if verb == "add" else ("github-production",)
    ended = cli("credential", verb, "deploy-bot", *name, "--subject", "s", "--language-version", "2")
    assert (ended.code, "--language-version says how" in ended.err) == (2, True)


def test_a_portable_tenant_has_no_expression_of_version_2(cli):
    add = ("credential", "add", "deploy-bot", "--name", "either", "--issuer", ISSUER, "--expression")
    ended = cli(*add, EITHER, "--language-version", "2")
    assert ended.code != 0
    assert "Language version 2 is not known; the language version must be 1" in " ".join(ended.err.split())


def test_a_token_that_cannot_be_read_is_a_wrong_value_and_no_refused_exchange(cli, served):
    head, _, tail = served.tokens["production"].split(".")
    ended = cli(*ADD[:5], "--from-token", "-", stdin=f"{head}.e30.{tail}")
    assert (ended.code, "AADSTS90014" in ended.err) == (2, True)


@pytest.mark.parametrize("verb", ["secret", "certificate"])
def test_what_makes_removed_evidence_again_makes_it_where_it_was(cli, bare, data, tmp_path, verb):
    made = bare("secret", "add", "deploy-bot", "--data", str(data), "-o", "json").json["keyId"]
    if verb == "certificate":
        file = tmp_path / "pem"
        der = forge.certificate(valid=(-1, 36_500)).der
        file.write_bytes(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM))
        made = cli("certificate", "add", "deploy-bot", str(file), "-o", "json").json["keyId"]
    ended = cli(verb, "remove", "deploy-bot", made, "--yes")
    assert ended.code == 0, ended.err
    again = ended.err.splitlines()[-1].replace("FILE", str(tmp_path / "pem"))
    assert bare(*shlex.split(again)[1:]).code == 0, again


def test_an_undo_says_the_tenant_that_was_named(cli):
    ended = cli("app", "create", "x", "--tenant", "contoso.test")
    assert ended.undo.endswith(" --tenant contoso.test")


def test_who_is_asked_is_told_where_it_happens(cli, data):
    ended = cli("app", "delete", "deploy-bot")
    assert f"in {data}." in " ".join(ended.err.split())


def test_a_tenant_is_made_with_the_issuers_that_it_allows(cli):
    listed = ("https://a.test", "https://b.test/")
    options = [part for each in listed for part in ("--allow-issuer", each)]
    made = cli("tenant", "create", "Fabrikam", "--domain", "fabrikam.test", *options, "-o", "json")
    assert made.code == 0, made.err
    assert made.json["allowedIssuers"] == list(listed)
    trust = ("--issuer", "https://c.test", "--subject", "me", "--tenant", "fabrikam.test")
    assert cli("app", "create", "bot", "--tenant", "fabrikam.test").code == 0
    refused = cli("credential", "add", "bot", "--name", "other", *trust)
    assert (refused.code, "https://c.test" in refused.err) == (2, True), refused.err


def test_who_would_break_is_shown_before_a_tenant_demands_more(cli):
    demands = ("--allow-issuer", "https://other.test", "--max-assertion-lifetime", "60", "-o", "json")
    found = cli("tenant", "preview", *demands).json
    assert [(each["federatedCredentialName"], each["policy"], each["isEnforced"]) for each in found] == [
        ("github-production", "allowedIssuers", True),
        ("github-production", "maxAssertionLifetime", True),
    ]
    assert found[0]["lastSignInDateTime"] is not None
    nothing = cli("tenant", "preview", "--immutable-ids", "enforce", "--allow-issuer", ISSUER)
    assert nothing.code == 0
    assert "No credential breaks these policies" in nothing.err
    shown = cli("tenant", "preview", "--allow-issuer", "https://other.test", "--allowed-issuers-mode", "audit").out
    assert ("noted" in shown, "refused" in shown) == (True, False)
    assert cli("tenant", "show", "-o", "json").json["allowedIssuers"] is None, "nothing was changed"


def test_what_could_not_be_saved_any_more_is_shown_before_lint_blocks(cli):
    github = "https://token.actions.githubusercontent.com/"
    made = cli("credential", "add", "deploy-bot", "--name", "slash", "--issuer", github, "--subject", "repo:o/r:a")
    assert made.code == 0, made.err
    (row,) = cli("tenant", "preview", "--lint", "block", "-o", "json").json
    assert (row["federatedCredentialName"], row["policy"], row["isEnforced"]) == ("slash", "lint", True)
    assert "FIC-SLASH: The issuer " in row["reason"]
    assert cli("tenant", "preview", "--lint", "warn", "-o", "json").json == []


@pytest.mark.parametrize("verb", [("update",), ("preview",), ("create", "x", "--domain", "x.test")])
@pytest.mark.parametrize("what", [("issuer", "https://a.test"), ("algorithm", "RS256")])
def test_all_and_some_are_two_different_things(cli, verb, what):
    name, value = what
    ended = cli("tenant", *verb, f"--allow-{name}", value, f"--allow-any-{name}")
    assert (ended.code, "say two different things" in " ".join(ended.err.split())) == (2, True)


def test_a_credential_that_a_policy_would_refuse_is_stored_with_a_word_about_it(cli):
    assert cli("tenant", "update", "--immutable-ids", "audit").code == 0
    trust = ("--issuer", ISSUER, "--subject", "repo:octo-org/octo-repo:environment:staging")
    ended = cli("credential", "add", "deploy-bot", "--name", "by-name", *trust)
    assert ended.code == 0, ended.err
    assert "The tenant's policy immutableIds would refuse its tokens" in " ".join(ended.err.split())
    assert cli("tenant", "update", "--immutable-ids", "enforce").code == 0
    refused = cli("credential", "add", "deploy-bot", "--name", "again", *trust[:-1], f"{trust[-1]}-2")
    assert (refused.code, "immutable" in refused.err or "ids" in refused.err) == (2, True), refused.err
