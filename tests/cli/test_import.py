"""What a document trusts is planned, and added where it lacks; nothing is changed or taken away."""

import json

import pytest

GITHUB = "https://token.actions.githubusercontent.com"
ONE = {
    "name": "one",
    "issuer": GITHUB,
    "subject": "repo:o@1/r@2:environment:x",
    "audiences": ["api://AzureADTokenExchange"],
}
TWO = {**ONE, "name": "two", "subject": "repo:o@1/r@2:environment:y", "description": "d"}


@pytest.fixture
def document(tmp_path):
    def write(content, name="trusts.json"):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    return write


def held(cli):
    return {each["name"]: each["subject"] for each in cli("credential", "list", "deploy-bot", "-o", "json").json}


def test_a_plan_changes_nothing_and_applying_it_adds_what_lacks(cli, document):
    path = document([ONE, TWO])
    before = held(cli)
    plan = cli("import", "--from", path, "-a", "deploy-bot", "-o", "json")
    assert [(each["plan"], each["name"]) for each in plan.json] == [("add", "one"), ("add", "two")]
    assert [each["source"] for each in plan.json] == [f"{path}:1", f"{path}:1"]
    assert "--apply adds 2 credentials." in plan.err
    assert held(cli) == before
    done = cli("import", "--from", path, "-a", "deploy-bot", "--apply")
    assert done.err.count("undo: accredit credential delete deploy-bot") == 2
    assert held(cli) == before | {"one": ONE["subject"], "two": TWO["subject"]}
    again = cli("import", "--from", path, "-a", "deploy-bot", "--apply", "-o", "json")
    assert [each["plan"] for each in again.json] == ["keep", "keep"]
    assert "Nothing lacks that could be added." in cli("import", "--from", path, "-a", "deploy-bot").err


def test_what_lint_says_of_a_plan_names_the_credential(cli, document):
    slash = {**ONE, "issuer": f"{GITHUB}/", "subject": "repo:o/r:environment:x"}
    said = " ".join(cli("import", "--from", document([slash]), "-a", "deploy-bot").err.split())
    assert "warning one: FIC-SLASH (error): The issuer" in said
    assert said.count("one: FIC-NAME-ONLY: The owner o is pinned by its name only") == 1
    assert said.count("Trust the subject that has the ids in it.") == 1
    assert "FIC-SHARED-ISS" not in said  # of every customer of the platform, and there is nothing to do


def test_what_trusts_something_else_stays(cli, document):
    cli("import", "--from", document([ONE]), "-a", "deploy-bot", "--apply")
    other = {**ONE, "subject": "repo:o@1/r@2:environment:z"}
    plan = cli("import", "--from", document([other]), "-a", "deploy-bot", "--apply", "-o", "json")
    assert [each["plan"] for each in plan.json] == ["differs"]
    assert held(cli)["one"] == ONE["subject"]


def test_an_export_comes_back(cli, document):
    cli("tenant", "update", "--portability", "extended")
    cli("import", "--from", document([ONE, TWO]), "-a", "deploy-bot", "--apply")
    cli(
        *("credential", "add", "deploy-bot", "--name", "nested", "--issuer", "https://x.example"),
        *("--language-version", "2", "--expression", "claims['a']['b'] eq 'c'"),
    )
    ended = cli("export", "-a", "deploy-bot", "--to", "yaml")
    assert ended.code == 0, ended.err
    exported = ended.out
    cli("app", "create", "other")
    cli("import", "--from", document(exported, "trusts.yaml"), "-a", "other", "--apply")
    assert cli("export", "-a", "other", "--to", "yaml").out == exported.replace('"deploy-bot"', '"other"')


def test_a_dry_plan_is_refused_where_it_could_not_be_applied(cli, document):
    cli("tenant", "update", "--allow-issuer", "https://only.example")
    ended = cli("import", "--from", document([ONE]), "-a", "deploy-bot")
    assert ended.code == 2
    assert ended.out == ""


SEVERAL = {"value": [{"displayName": n, "federatedIdentityCredentials": [ONE]} for n in ("a", "b")]}


def test_one_application_of_several(cli, document):
    path = document(SEVERAL)
    assert "say which one: --of NAME (a, b)" in " ".join(cli("import", "--from", path, "-a", "deploy-bot").err.split())
    assert cli("import", "--from", path, "-a", "deploy-bot", "--of", "b", "-o", "json").json[0]["plan"] == "add"
    assert "no application c" in cli("import", "--from", path, "-a", "deploy-bot", "--of", "c").err


def test_what_cannot_be_read_and_what_was_not_read_is_told(cli, document):
    assert (
        "/0/issuer: it is missing" in cli("import", "--from", document([{"name": "x", "subject": "s"}]), "-a", "x").err
    )
    assert "two of its trusts have the name one" in " ".join(
        cli("import", "--from", document([ONE, ONE]), "-a", "deploy-bot").err.split()
    )
    noted = cli("import", "--from", document([{**ONE, "subject": None}]), "-a", "deploy-bot")
    assert "neither a subject nor an expression" in " ".join(noted.err.split())
    assert noted.code == 0
