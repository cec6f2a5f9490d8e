"""The forms of platforms on the command line: what follows from them, what is wrong in them, and how they read back."""

import json
import shlex

import pytest

from accredit.trust import presets
from tests.interop.files.languages import hcl

FORM = ("--org", "octo-org", "--org-id", "123456", "--repo", "octo-repo", "--repo-id", "456789")
ADD = ("credential", "add", "deploy-bot", "--preset", "github")
STAGING = (*ADD, *FORM, "--environment", "staging")
SUBJECT = "repo:octo-org@123456/octo-repo@456789:environment:staging"


def test_a_form_becomes_a_credential_and_reads_back(cli):
    made = cli(*STAGING)
    assert made.code == 0
    assert made.undo.startswith("accredit credential delete deploy-bot github_actions-staging ")
    shown = cli("credential", "show", "deploy-bot", "github_actions-staging", "-o", "json").json
    assert shown["subject"] == SUBJECT
    assert shown["issuer"] == "https://token.actions.githubusercontent.com"
    assert shown["audiences"] == ["api://AzureADTokenExchange"]
    assert shown["preset"] == {
        "id": "github_actions",
        "mode": "immutable",
        "fields": {
            "org": "octo-org",
            "org_id": "123456",
            "repo": "octo-repo",
            "repo_id": "456789",
            "entity": "environment",
            "value": "staging",
        },
    }
    table = cli("credential", "show", "deploy-bot", "github_actions-staging").out
    assert "  preset    github_actions, immutable\n" in table
    assert "  fields    org octo-org\n" in table


def test_what_was_written_by_hand_reads_as_its_form_too(cli):
    """Nothing is kept with a credential: the form is read back from what it trusts."""
    cli("credential", "add", "deploy-bot", "--name", "hand", "--issuer", "https://gitlab.com", "--subject", "x")
    by_hand = cli("credential", "show", "deploy-bot", "hand", "-o", "json").json
    assert by_hand["preset"] is None or by_hand["preset"]["id"] == "other"
    cli("credential", "update", "deploy-bot", "hand", "--subject", "project_path:g/p:ref_type:branch:ref:main")
    assert cli("credential", "show", "deploy-bot", "hand", "-o", "json").json["preset"]["id"] == "gitlab"


def test_a_name_that_is_taken_gets_a_number(cli):
    cli(*STAGING)
    second = cli(
        *ADD, "--org", "octo-org", "--org-id", "1", "--repo", "r", "--repo-id", "2", "--environment", "staging"
    )
    assert "Created github_actions-staging-2 " in second.err
    named = cli(*ADD, *FORM, "--branch", "main", "--name", "main-branch")
    assert "Created main-branch " in named.err


def test_a_dry_run_shows_what_would_be_trusted_and_what_to_paste(cli):
    ended = cli(*STAGING, "--dry-run")
    assert ended.code == 0
    assert f"  subject   {SUBJECT}\n" in ended.out
    assert ".github/workflows/deploy.yml" in ended.out
    assert "id-token: write" in ended.out
    assert "acc7ed17-0000-4000-8000-000000000003" in ended.out  # the client id of deploy-bot
    assert "Nothing was changed." in ended.err
    assert cli("credential", "show", "deploy-bot", "github_actions-staging").code == 4
    as_json = cli(*STAGING, "--dry-run", "-o", "json").json
    assert as_json["id"] is None
    assert [each["language"] for each in as_json["snippets"]] == ["yaml"]


def test_what_to_paste_can_be_seen_later(cli):
    dry = cli(*STAGING, "--dry-run", "-o", "json").json["snippets"]
    cli(*STAGING)
    later = cli("credential", "show", "deploy-bot", "github_actions-staging", "--snippets", "-o", "json").json
    assert later["snippets"] == dry
    assert (
        dry[0]["text"].split("\n")[0]
        in cli("credential", "show", "deploy-bot", "github_actions-staging", "--snippets").out
    )


def test_an_expression_of_a_form_has_its_language(cli):
    cli("tenant", "update", "--portability", "extended")
    ended = cli(
        *("credential", "add", "deploy-bot", "--preset", "kubernetes", "--mode", "uid", "--namespace", "prod"),
        *("--service-account", "web", "--uid", "16a4507c-9d0f-4a39-8a30-4bf0ddbe0b2c", "-o", "json"),
        *("--field", "cluster_issuer=https://cluster.example", "--audience", "api://x"),
    )
    assert ended.code == 0, ended.err
    made = ended.json
    assert made["claimsMatchingExpression"]["languageVersion"] == 2
    assert made["audiences"] == ["api://x"]
    assert made["preset"]["mode"] == "uid"


def test_a_field_whose_option_is_taken(cli):
    """The form of AWS has a name, and the credential has one too; one of another issuer has an issuer."""
    issuer = "https://0a1b2c3d-0000-4000-8000-0123456789ab.tokens.sts.global.api.aws"
    ended = cli(
        *("credential", "add", "deploy-bot", "--preset", "aws", "--issuer", issuer, "--account", "123456789012"),
        *("--field", "name=deployer", "--name", "aws-deployer", "-o", "json"),
    )
    assert ended.code == 0, ended.err
    assert ended.json["name"] == "aws-deployer"
    assert ended.json["subject"] == "arn:aws:iam::123456789012:role/deployer"


WRONG = {
    "a mistyped field": ((*ADD, "--orgid", "1"), "Did you mean", "--org-id"),
    "a mistyped preset": (
        ("credential", "add", "deploy-bot", "--preset=githb"),
        "there is no preset githb",
        "github_actions",
    ),
    "every field at once": (
        (*ADD, "--repo", "a b", "--org-id", "x", "--environment", "e"),
        "why --org-id: “x” is not taken.",
        "--repo: “a b”",
        "--repo-id: It is needed. The",
    ),
    "a mode": ((*STAGING, "--mode", "x"), "has no mode 'x'", "immutable"),
    "a mode without a preset": (("credential", "add", "deploy-bot", "--mode", "x"), "--mode and --field are about", ""),
    "a field without a preset": (
        ("credential", "add", "deploy-bot", "--field", "a=b"),
        "--mode and --field are about",
        "",
    ),
    "a field that is no pair": ((*STAGING, "--field", "x"), "x is not name=value", ""),
    "a field that there is not": ((*STAGING, "--field", "x=y"), "has no such field", ""),
    "a subject beside it": ((*STAGING, "--subject", "x"), "leave out --subject", ""),
    "an expression beside it": ((*STAGING, "--expression", "x"), "leave out --expression", ""),
    "a token beside it": ((*STAGING, "--from-token", "x"), "--preset and --from-token", ""),
    "a language beside it": ((*STAGING, "--language-version", "2"), "--language-version", ""),
    "a preset that is not shown": (("preset", "show", "githb"), "did you mean", "github_actions"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said(cli, what):
    words, *said = WRONG[what]
    ended = cli(*words)
    assert ended.code in {2, 4}
    text = " ".join(ended.err.split())
    assert all(each in text for each in said), text
    assert ended.out == ""


def test_a_choice_without_a_value_is_a_flag(cli):
    ended = cli(*ADD, *FORM, "--pull-request", "--dry-run", "-o", "json")
    assert ended.json["subject"] == "repo:octo-org@123456/octo-repo@456789:pull_request"


def test_the_help_has_the_modes_of_the_preset(bare):
    text = " ".join(bare(*ADD, "--help").out.replace("│", " ").split())
    assert "How it is trusted, the first if not given. immutable: This repository, by its ids; legacy:" in text


def test_the_help_has_the_fields_of_the_form(bare):
    text = " ".join(bare(*ADD[:3], "--preset", "gitlab", "--help").out.split())
    assert "Fields of gitlab" in text
    assert "--project-id" in text
    assert "--branch" in text
    assert "Fields of" not in bare(*ADD[:3], "--help").out


def test_presets_need_no_store(bare, tmp_path):
    ended = bare("preset", "list", "-o", "json", "--data", str(tmp_path / "none"))
    assert ended.code == 0
    assert {each["id"] for each in ended.json} == set(presets.ids())
    assert {each["standing"] for each in ended.json} == {"proven", "unproven"}


@pytest.mark.parametrize("name", presets.ids())
def test_every_form_is_shown(bare, name):
    ended = bare("preset", "show", name)
    assert ended.code == 0
    shown = bare("preset", "show", name, "-o", "json").json
    assert {each["name"] for each in shown["fields"]} == {each.name for each in presets.preset(name).fields}
    assert shown["standing"] in ended.out
    assert all(each in ended.out for each in shown["lint"])


@pytest.mark.parametrize("name", [each for each in presets.ids() if not presets.preset(each).unsupported])
def test_the_example_that_is_shown_is_a_form_that_is_taken(bare, name):
    command = next(each for each in bare("preset", "show", name).err.split("\n") if each.startswith("accredit "))
    words = shlex.split(command)
    assert words[:6] == ["accredit", "credential", "add", "APP", "--preset", name]
    assert words[-1] == "--dry-run"
    pairs = dict(zip(words[6:-1:2], words[7:-1:2], strict=True))
    given = {key.removeprefix("--").replace("-", "_"): value for key, value in pairs.items() if key != "--field"}
    given |= dict([pairs["--field"].split("=")]) if "--field" in pairs else {}
    assert presets.render(presets.preset(name), given).issuer


FORMS = ("json", "yaml", "graph", "az", "bicep", "arm", "terraform")


@pytest.mark.parametrize("form", FORMS)
def test_exports(cli, form):
    cli(*STAGING)
    ended = cli("export", "-a", "deploy-bot", "--to", form)
    assert ended.code == 0
    assert SUBJECT in ended.out
    assert ended.err == ""


def test_an_export_holds_every_application_and_names_forms(cli):
    cli(*STAGING)
    found = json.loads(cli("export", "--all", "--to", "json").out)
    assert [each["application"] for each in found["applications"]] == ["deploy-bot"]
    labels = {each["name"]: each.get("preset") for each in found["applications"][0]["credentials"]}
    assert labels["github_actions-staging"] == presets.preset("github").label


def test_what_cannot_go_to_entra_is_told(cli):
    cli("tenant", "update", "--portability", "extended")
    cli(
        *(
            "credential",
            "add",
            "deploy-bot",
            "--name",
            "two",
            "--issuer",
            "https://x.example",
            "--language-version",
            "2",
        ),
        *("--expression", "claims['a']['b'] eq 'c'"),
    )
    ended = cli("export", "-a", "deploy-bot", "--to", "terraform")
    assert ended.code == 0
    assert "deploy-bot / two is left out" in " ".join(ended.err.split())
    assert all("x.example" not in str(each) for each in hcl(ended.out))


def test_applications_of_one_name_are_told_apart(cli):
    other = cli("app", "create", "deploy-bot", "-o", "json").json
    cli("credential", "add", other["appId"], "--name", "one", "--issuer", "https://x.example", "--subject", "s")
    found = json.loads(cli("export", "--all", "--to", "json").out)
    assert other["appId"] in [each["application"] for each in found["applications"]]


def test_an_export_into_a_file(cli, tmp_path):
    path = tmp_path / "trusts.yaml"
    asked = ("export", "-a", "deploy-bot", "--to", "yaml", "--output-file", str(path))
    assert cli(*asked).out == ""
    assert path.read_text() == cli("export", "-a", "deploy-bot", "--to", "yaml").out
    path.write_text("mine")
    again = cli(*asked)
    assert again.code == 2
    assert "it is there already" in again.err
    assert path.read_text() == "mine"
    assert cli(*asked, "--force").code == 0
    assert "accredit: trusts" in path.read_text()
    nowhere = cli(*asked[:-1], str(tmp_path / "none" / "x"))
    assert "cannot be written" in nowhere.err


@pytest.mark.parametrize("words", [(), ("-a", "deploy-bot", "--all")])
def test_an_export_says_of_what(cli, words):
    assert "say what to export" in cli("export", "--to", "json", *words).err
