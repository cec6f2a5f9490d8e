"""``accredit lint``: what it judges, how it says it, and how it ends."""

import json
import textwrap

import pytest

GITHUB = "https://token.actions.githubusercontent.com"
AUDIENCES = ["api://AzureADTokenExchange"]
TRUSTS = [
    {"name": "github-main", "issuer": GITHUB, "subject": "repo:octo-org/octo-repo:ref:refs/heads/main"},
    {"name": "slash", "issuer": f"{GITHUB}/", "subject": "repo:octo-org@1/octo-repo@2:environment:production"},
    {"name": "good", "issuer": GITHUB, "subject": "repo:octo-org@1/octo-repo@2:environment:production"},
]
REPORT = """
github-main   trust.json:1
  ! warn  FIC-NAME-ONLY
    The owner octo-org is pinned by its name only, not by its id.
    The repository octo-repo is pinned by its name only, not by its id.
    why   Names can be given up and taken by others; ids cannot. Whoever gets
          the name gets the trust with it.
    fix   Trust the subject that has the ids in it, or use an expression with
          `and claims['repository_owner_id'] eq '…' and claims['repository_id']
          eq '…'`.
    as in repo:octo-org/octo-repo:ref:refs/heads/main →
          repo:octo-org@OWNER_ID/octo-repo@REPOSITORY_ID:ref:refs/heads/main
  ! warn  FIC-BRANCH-EVENT
    The subject of branch main is trusted, and it is the same whatever event
    started the job.
    why   Workflows on pull_request_target, workflow_run and issue_comment run
          on the default branch and have its subject, with input from strangers:
          one such workflow with a mistake in it is enough.
    fix   Trust an environment with required reviewers instead; or, with
          extended portability, demand the event: `and claims['event_name'] in
          ['push', 'workflow_dispatch']`.
    as in repo:o@1/r@2:ref:refs/heads/main → repo:o@1/r@2:environment:production

slash   trust.json:2
  ✗ error  FIC-SLASH
    The issuer https://token.actions.githubusercontent.com/ is not the one that
    tokens have, which is https://token.actions.githubusercontent.com: a slash
    too many at the end.
    why   An issuer is compared byte for byte. A slash, a capital letter, a port
          or another scheme makes it another one, whose tokens nobody issues, so
          the credential matches nothing.
    fix   Take the issuer exactly as the platform writes it into its tokens.
    edit  issuer = https://token.actions.githubusercontent.com

3 credentials: 1 error, 3 warnings; not told: 2 remarks (--level info).
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = ",\n".join(json.dumps({**each, "audiences": AUDIENCES}) for each in TRUSTS)
    (tmp_path / "trust.json").write_text(f"[{lines}]\n", "utf-8")
    return "trust.json"


def test_the_report_is_grouped_by_credential_and_says_what_to_do(bare, file, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    ended = bare("lint", "-f", file)
    assert ended.code == 3
    assert ended.out == textwrap.dedent(REPORT).lstrip("\n")


def test_a_reason_is_given_once(bare, tmp_path):
    path = tmp_path / "two.json"
    twice = [{**TRUSTS[0], "audiences": AUDIENCES}, {**TRUSTS[0], "name": "second", "audiences": AUDIENCES}]
    path.write_text(json.dumps(twice), "utf-8")
    report = bare("lint", "-f", str(path)).out
    assert report.count("Names can be given up") == report.count("as in repo:octo-org/octo-repo:ref:") == 1
    assert report.count("Trust the subject that has the ids in it") == 2


LEVELS = {"error": (3, {"error"}), "warn": (3, {"error", "warn"}), "info": (3, {"error", "warn", "info"})}


@pytest.mark.parametrize("level", LEVELS)
def test_the_answer_is_no_when_something_of_the_level_or_graver_is_there(bare, file, level):
    code, told = LEVELS[level]
    ended = bare("lint", "-f", file, "--level", level, "--format", "json")
    assert (ended.code, {each["level"] for each in ended.json}) == (code, told)


def test_the_answer_is_yes_where_nothing_is_told(bare, tmp_path):
    path = tmp_path / "good.json"
    path.write_text(json.dumps([{**TRUSTS[2], "audiences": AUDIENCES}]), "utf-8")
    ended = bare("lint", "-f", str(path))
    assert ended.code == 0
    assert ended.out == "1 credential: nothing to mend; not told: 1 remark (--level info).\n"
    assert bare("lint", "-f", str(path), "--format", "github").out == ""
    assert bare("lint", "-f", str(path), "-o", "json").json == []
    assert bare("lint", "-f", str(path), "--level", "info").code == 3


def test_several_files_and_standard_input_are_judged_together(bare, file):
    # The same again is no duplicate: nobody says that it is of the same application.
    text = json.dumps({**TRUSTS[1], "name": "typed", "audiences": AUDIENCES})
    ended = bare("lint", "-f", file, "-f", "-", "--level", "error", "--format", "json", stdin=text)
    assert [(each["credential"], each["source"]) for each in ended.json] == [
        ("slash", "trust.json:2"),
        ("typed", "standard input:1"),
    ]


def test_other_forms_are_for_programs(bare, file):
    log = bare("lint", "-f", file, "--format", "sarif").json
    assert (log["version"], len(log["runs"][0]["results"])) == ("2.1.0", 4)
    assert bare("lint", "-f", file, "--format", "github").out.count("::warning file=trust.json,line=1,") == 3
    names = bare("lint", "-f", file, "--level", "error", "-q", "[].credential", "-o", "tsv")
    assert (names.code, names.out) == (3, "slash\n")


WRONG = {
    "two places": ("-a", "x", "--all"),
    "a place and a file": ("--all", "-f", "trust.json"),
    "a form and an output": ("-f", "trust.json", "--format", "sarif", "-o", "yaml"),
    "a level that there is not": ("-f", "trust.json", "--level", "fatal"),
    "a file that there is not": ("-f", "absent.json"),
}


@pytest.mark.parametrize("sentence", WRONG)
def test_what_cannot_be_meant_is_refused(bare, file, sentence):
    assert bare("lint", *WRONG[sentence]).code == 2


def test_what_is_no_text_is_refused(bare, tmp_path):
    (tmp_path / "x.json").write_bytes(b"\xff\xfe\x00")
    ended = bare("lint", "-f", str(tmp_path / "x.json"))
    assert (ended.code, "not UTF-8 text" in ended.err) == (2, True)


def test_portability_says_as_which_tenant_to_judge(bare, tmp_path):
    trust = {**TRUSTS[0], "subject": None, "audiences": AUDIENCES}
    trust["claimsMatchingExpression"] = {"value": "claims['ref'] eq 'x'", "languageVersion": 1}
    path = tmp_path / "trust.json"
    path.write_text(json.dumps([trust]), "utf-8")

    def rules(*more):
        found = bare("lint", "-f", str(path), "--level", "info", "-o", "json", *more).json
        return {each["rule"]: each["level"] for each in found}

    assert rules()["FIC-EXPR-REQUIRED"] == rules("--portability", "entra")["FIC-EXPR-REQUIRED"] == "error"
    assert rules("--portability", "extended")["FIC-NOT-PORTABLE"] == "info"


SLASH = ("credential", "add", "deploy-bot", "--name", "slash", "--issuer", f"{GITHUB}/", "--subject")


def test_what_applications_trust_is_judged_where_it_is_stored(cli):
    whole = cli("lint", "--level", "info", "-o", "json")
    assert whole.code == 3
    assert {each["credential"] for each in whole.json if each["application"] == "deploy-bot"} == {"github-production"}
    assert cli("lint", "--all", "--level", "info", "-o", "json").json == whole.json
    assert cli(*SLASH, "s").code == 0
    one = cli("lint", "-a", "deploy-bot", "--level", "error")
    assert one.code == 3
    assert f"run   accredit credential update deploy-bot slash --issuer {GITHUB}\n" in one.out
    assert cli("lint", "-a", "nobody").code == 4


def test_the_command_that_mends_does_mend(cli):
    cli(*SLASH, "repo:o@1/r@2:environment:p")
    before = cli("lint", "-a", "deploy-bot", "--level", "error")
    command = before.out.split("run   accredit ")[1].split("\n")[0]
    assert cli(*command.split()).code == 0
    assert cli("lint", "-a", "deploy-bot", "--level", "error").code == 0


def test_a_tenant_that_takes_no_errors_takes_one_for_a_reason(cli):
    assert cli("tenant", "update", "--lint", "block").code == 0
    wrong = (*SLASH, "s")
    refused = cli(*wrong)
    said = " ".join(refused.err.split())
    assert (refused.code, "FIC-SLASH" in said, "--override REASON" in said) == (2, True, True)
    assert cli(*wrong, "--dry-run").code == 2
    assert cli(*wrong, "--override", " ").code == 2
    assert cli(*wrong, "--override", "moving the issuer on Monday").code == 0
    record = json.dumps(cli("audit", "list", "-o", "json").json)
    assert "moving the issuer on Monday" in record
    assert "FIC-SLASH" in record


def test_a_rule_is_explained_by_its_id(bare):
    told = bare("help", "fic-name-only")
    assert (told.code, "Names can be given up and taken by others" in told.out) == (0, True)
    assert bare("help", "FIC-PR", "-o", "json").json["title"] == "Pull requests can sign in"
    mistyped = bare("help", "FIC-NAME-ONL")
    assert (mistyped.code, "did you mean FIC-NAME-ONLY?" in mistyped.err) == (4, True)


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github"])
def test_nothing_in_a_file_moves_the_cursor_or_gives_a_command(bare, tmp_path, form):
    hostile = "a\u2028::error::y\x85::error::y\x1b]0;pwn\x07\u202e\r\n::error::y"
    path = tmp_path / "hostile.json"
    path.write_text(
        json.dumps([{"name": hostile, "issuer": GITHUB, "subject": hostile, "audiences": [hostile]}]), "utf-8"
    )
    said = bare("lint", "-f", str(path), "--format", form).out
    assert "error" in said
    assert said.replace("\n", "").isprintable()
    assert not any(each.startswith("::error::") for each in said.splitlines())
