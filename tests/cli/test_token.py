"""``accredit token``: a platform's token, in this process; what is printed of it, what may be asked, what is said."""

import json
import shlex
from datetime import UTC, datetime

import pytest

from accredit.cli.credential import add
from accredit.cli.preset_form import option_of
from accredit.cli.token_explained import TAKEN
from accredit.client.sources import registry
from accredit.trust import presets
from tests.client.sources.surroundings import AUDIENCE, END, unsigned
from tests.trust.presets.platforms import SAMPLES

TOKEN = unsigned(iss="https://token.actions.githubusercontent.com", sub="repo:a@1/b@2:ref:refs/heads/main")
UNTIL = f"{datetime.fromtimestamp(END, UTC):%Y-%m-%dT%H:%M:%SZ}"
ENV = ("token", "--source", "env", "--variable", "T")


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """A job that has its token in a variable."""
    monkeypatch.setenv("T", TOKEN)
    for each in ("KUBERNETES_EXEC_INFO", "AZURE_AUTHORITY_HOST", "AZURE_TENANT_ID", "AZURE_CLIENT_ID"):
        monkeypatch.delenv(each, raising=False)


def test_the_token_alone_is_what_is_printed(bare):
    ended = bare(*ENV)
    assert (ended.code, ended.out, ended.err) == (0, f"{TOKEN}\n", "")


@pytest.mark.parametrize("asked", [("--format", "json"), ("-o", "json")])
def test_json(bare, asked):
    assert bare(*ENV, *asked).json == {"token": TOKEN, "expiresOn": UNTIL, "kind": "assertion", "source": "env"}
    assert bare(*ENV, "-q", "token", "-o", "tsv").out == f"{TOKEN}\n"


def test_a_variable_for_a_shell(bare):
    assert bare(*ENV, "--format", "env").out == f"export ACCREDIT_ASSERTION={TOKEN}\n"
    assert bare(*ENV, "--format", "env", "--as", "ARM_OIDC_TOKEN").out == f"export ARM_OIDC_TOKEN={TOKEN}\n"


def test_a_credential_of_kubernetes_in_the_version_that_is_asked_for(bare, monkeypatch):
    status = {"token": TOKEN, "expirationTimestamp": UNTIL}
    for info, version in (("", "v1"), ("v1", "v1"), ("v1beta1", "v1beta1")):
        api = f"client.authentication.k8s.io/{version}"
        if info:
            monkeypatch.setenv(
                "KUBERNETES_EXEC_INFO", json.dumps({"apiVersion": f"client.authentication.k8s.io/{info}"})
            )
        found = bare(*ENV, "--format", "exec-credential").json
        assert found == {"apiVersion": api, "kind": "ExecCredential", "status": status}
    for info in ('{"apiVersion": "client.authentication.k8s.io/v2"}', "[]", "{", "{}"):
        monkeypatch.setenv("KUBERNETES_EXEC_INFO", info)
        ended = bare(*ENV, "--format", "exec-credential")
        assert (ended.code, ended.out) == (2, "")
        assert "none of the versions" in " ".join(ended.err.split())


def test_a_token_without_an_end_has_none_in_any_form(bare, monkeypatch):
    monkeypatch.setenv("T", unsigned(exp=None))
    assert bare(*ENV, "-o", "json").json["expiresOn"] is None
    assert bare(*ENV, "--format", "exec-credential").json["status"].keys() == {"token"}
    assert "expiration_time" not in bare(*ENV, "--format", "credential-process").json


def test_other_sources_by_their_options(bare, tmp_path, monkeypatch):
    path = tmp_path / "a token"
    path.write_text(TOKEN)
    monkeypatch.setenv("TFC_WORKLOAD_IDENTITY_TOKEN_A", TOKEN)
    for words in (
        ("--source", "file", "--file", str(path)),
        ("--source", "exec", "--command", f"cat {shlex.quote(str(path))}"),
        ("--source", "tfc", "--set", "tag=a"),
        ("--source", "jenkins", "--variable", "T"),
    ):
        assert bare("token", *words).out == f"{TOKEN}\n", words
    assert bare("token", "--source", "stdin", stdin=f"{TOKEN}\n").out == f"{TOKEN}\n"


def test_what_is_found_is_taken_and_what_else_there_is_is_told(bare, monkeypatch):
    for each in registry.SOURCES:
        if each.asks:  # nobody outside is asked: one that is found before them is taken
            assert each.name in ("google_cloud", "aws_outbound")
    monkeypatch.setenv("TFC_WORKLOAD_IDENTITY_TOKEN", TOKEN)
    monkeypatch.setenv("BITBUCKET_BUILD_NUMBER", "7")
    monkeypatch.setenv("SEMAPHORE_OIDC_TOKEN", unsigned(sub="other"))
    ended = bare("token", "--source", "auto", "--audience", AUDIENCE)
    assert ended.out == f"{TOKEN}\n"
    said = " ".join(ended.err.split())
    assert "terraform is taken; found as well: semaphore" in said
    assert "bitbucket: BITBUCKET_BUILD_NUMBER is set, but BITBUCKET_STEP_OIDC_TOKEN is not" in said
    assert bare("token", "--source", "auto", "--format", "credential-process").err == ""
    monkeypatch.delenv("SEMAPHORE_OIDC_TOKEN")
    monkeypatch.delenv("BITBUCKET_BUILD_NUMBER")
    assert bare("token", "--source", "auto", "-v").err == "source terraform\n"
    seen = {each["name"]: each for each in bare("token", "sources", "--here", "-o", "json").json}
    assert seen["terraform"] == {"name": "terraform", "found": True, "why": "TFC_WORKLOAD_IDENTITY_TOKEN is set"}
    assert seen["google_cloud"]["found"] is None


def test_the_sources_are_listed(bare):
    found = bare("token", "sources", "-o", "json").json
    assert [each["name"] for each in found] == [each.name for each in registry.SOURCES]
    assert found[0]["aliases"][0] == "github"
    assert "github_actions" in bare("token", "sources").out


EXPLAINED = """\
source  env
header
  alg  RS256
  typ  JWT
claims
  iss  https://token.actions.githubusercontent.com
  sub  repo:a@1/b@2:ref:refs/heads/main
  aud  api://AzureADTokenExchange
"""


def test_what_it_says_and_the_credential_for_it(bare):
    ended = bare(*ENV, "--explain")
    assert ended.code == 0
    assert ended.out.startswith(EXPLAINED)
    assert "Not verified" in ended.err
    assert "\ncredential  preset github_actions\n" in ended.out
    assert "\naccredit credential add APP --preset github_actions --mode immutable --org a --org-id 1" in ended.out
    assert "\naz ad app federated-credential create --id APP --parameters '{" in ended.out
    assert TOKEN.rpartition(".")[2] not in ended.out.split()
    assert TOKEN not in ended.out + ended.err
    found = bare(*ENV, "--explain", "-o", "json").json
    assert (found["source"], found["verified"], found["detected"]) == ("env", False, [])
    assert found["claims"]["sub"] == "repo:a@1/b@2:ref:refs/heads/main"
    parameters = json.loads(shlex.split(found["credential"]["az"])[-1])
    assert parameters == {
        "name": found["credential"]["name"],
        "issuer": "https://token.actions.githubusercontent.com",
        "subject": "repo:a@1/b@2:ref:refs/heads/main",
        "audiences": [AUDIENCE],
    }
    assert TOKEN not in json.dumps(found)


def test_the_printed_command_adds_what_matches_for_every_platform(cli, bare, monkeypatch):
    """The command is run as it stands; what it would add is what was printed."""
    assert cli("tenant", "update", "contoso.test", "--portability", "extended", "--yes").code == 0
    wrong = []
    for name in (
        "github_immutable_environment",
        "gitlab",
        "terraform_apply",
        "aws_role_rs256",
        "kubernetes",
        "fly",
        "env0",
    ):
        claims = SAMPLES[name]["claims"]
        monkeypatch.setenv("T", unsigned(**claims))
        found = bare(*ENV, "--explain", "-o", "json").json["credential"]
        words = shlex.split(found["command"])[1:]
        words[words.index("APP")] = "deploy-bot"
        added = cli(*words, "--dry-run", "-o", "json")
        shown = added.json if added.code == 0 else {"issuer": added.err}
        if any(shown.get(each) != found.get(each) for each in ("issuer", "subject", "audiences")):
            wrong.append(f"{name}: {shown} {found}")
        if (shown.get("claimsMatchingExpression") is None) != ("claimsMatchingExpression" not in found):
            wrong.append(f"{name}: {shown}")
        if (found["az"] is None) != ("claimsMatchingExpression" in found):
            wrong.append(f"{name}: {found['az']}")
    assert not wrong, "\n".join(wrong)


def test_no_field_is_given_by_an_option_that_means_something_else():
    own = {name for each in add.params for name in each.opts}
    fields = {each.name for name in presets.ids() for each in presets.preset(name).fields}
    assert {each for each in fields if option_of(each) in own} <= TAKEN | {"issuer", "subject"}


def test_an_expression_is_shown_and_entra_s_lack_of_a_command(bare, monkeypatch):
    monkeypatch.setenv("T", unsigned(**SAMPLES["fly"]["claims"]))
    ended = bare(*ENV, "--explain")
    assert "--preset fly --mode app" in ended.out
    assert "az ad app" not in ended.out
    told = " ".join(ended.err.split())
    assert "In Entra ID no command adds an expression" in told
    assert "Its language is version 2" in told


def test_what_lint_has_against_the_credential_is_said_with_it(bare, monkeypatch):
    monkeypatch.setenv("T", unsigned(**SAMPLES["github_immutable_pull_request"]["claims"]))
    ended = bare(*ENV, "--explain")
    assert "warning FIC-PR: " in ended.err
    found = bare(*ENV, "--explain", "-o", "json").json["credential"]["findings"]
    assert [(each["rule"], each["level"]) for each in found] == [("FIC-PR", "warn")]
    monkeypatch.setenv("T", unsigned(**SAMPLES["github_immutable_environment"]["claims"]))
    assert bare(*ENV, "--explain", "-o", "json").json["credential"]["findings"] == []


def test_a_platform_that_nobody_knows_is_trusted_by_its_exact_subject(bare, monkeypatch):
    monkeypatch.setenv("T", unsigned(iss="https://ci.example", sub="team:job", aud="https://me.example"))
    found = bare(*ENV, "--explain", "-o", "json").json["credential"]
    assert found["preset"] is None
    assert found["command"] == (
        "accredit credential add APP --name ci-example-job --issuer https://ci.example --subject team:job "
        "--audience https://me.example"
    )


def test_a_token_does_not_write_on_the_terminal(bare, monkeypatch):
    hostile = "a\x1b[2J\r\x07\u202e\x9b31m'; reboot #"
    monkeypatch.setenv("T", unsigned(iss=f"https://x.example/{hostile}", sub=hostile, more=hostile))
    ended = bare(*ENV, "--explain")
    printed = (ended.out + ended.err).replace("\n", "")
    assert ended.code == 0
    assert "accredit credential add APP" in printed
    assert printed.isprintable()


def test_what_no_authority_takes_is_said_instead_of_a_credential(bare, monkeypatch):
    monkeypatch.setenv("T", unsigned(iss=None, aud=None))
    ended = bare(*ENV, "--explain")
    assert "the token has no iss: an authority refuses it" in ended.err
    assert "the token has no aud" in ended.err
    assert "credential" not in ended.out


def test_a_dead_token_is_explained_and_not_printed(bare, monkeypatch):
    monkeypatch.setenv("T", unsigned(exp=1_700_000_000))
    assert bare(*ENV, "--explain").code == 0
    ended = bare(*ENV)
    assert (ended.code, ended.out) == (6, "")
    assert "error ACC5016: the token that env gave this job ended" in ended.err


EXCHANGE = (*ENV, "--exchange")
REFUSED = {
    "no such source": (("token", "--source", "gitlub"), 4, "did you mean gitlab?"),
    "no such variable": (("token", "--source", "env", "--variable", "U"), 2, "U is not set"),
    "not what the source takes": (("token", "--source", "env", "--set", "x=y"), 2, "it takes variable"),
    "not a pair": (("token", "--source", "env", "--set", "x"), 2, "x is not name=value"),
    "a line without its end": (("token", "--source", "exec", "--command", "'x"), 2, "cannot be split"),
    "a program that is not there": (("token", "--source", "exec", "--command", "/no/x"), 2, "No such file"),
    "another audience": ((*ENV, "--audience", "api://x"), 6, f"gave a token for {AUDIENCE}, not for api://x"),
    "no such verb": (("token", "frob"), 2, "there is no command 'frob'"),
    "explained and printed": ((*ENV, "--explain", "--format", "env"), 2, "--explain prints no token"),
    "a name for no variable": ((*ENV, "--as", "X"), 2, "--as names the variable of --format env"),
    "a name that is none": ((*ENV, "--format", "env", "--as", "x;y"), 2, "is not the name of a variable"),
    "an authority for nothing": ((*ENV, "--authority", "https://a"), 2, "--authority is about an exchange"),
    "an application for nothing": ((*ENV, "-a", "x"), 2, "--app is about an exchange"),
    "no authority": (EXCHANGE, 2, "which authority? give --authority URL (https://login.microsoftonline.com"),
    "no application": ((*EXCHANGE, "--authority", "https://a"), 2, "an exchange needs -a ID"),
    "no tenant": ((*EXCHANGE, "--authority", "https://a", "-a", "x"), 2, "an exchange needs --tenant NAME"),
    "no scope": ((*EXCHANGE, "--authority", "https://a", "-a", "x", "--tenant", "t"), 2, "an exchange needs --scope"),
    "plain http": (
        (*EXCHANGE, "--authority", "http://a", "-a", "x", "--tenant", "t", "--scope", "s"),
        2,
        "not an https address",
    ),
    "nobody there": (
        (*EXCHANGE, "--authority", "https://localhost:1", "-a", "x", "--tenant", "t", "--scope", "s"),
        7,
        "cannot be reached",
    ),
    "no profile of that name": ((*EXCHANGE, "--profile", "x"), 4, "there is no profile x"),
    "no ready file": ((*EXCHANGE, "--ready-file", "/no/x"), 2, "cannot be read"),
}


def test_what_cannot_be_done_is_said(bare):
    wrong = []
    for row, (words, code, said) in REFUSED.items():
        ended = bare(*words)
        told = " ".join(ended.err.split())
        if ended.code != code or said not in told or ended.out:
            wrong.append(f"{row}: {ended.code} {told}")
        if TOKEN.split(".")[1] in told + bare(*words, "-vv").err:
            wrong.append(f"{row}: the token is told")
    assert not wrong, "\n".join(wrong)


def test_without_words_it_is_its_help(bare):
    assert "--source" in bare("token").err + bare("token").out
    assert "inspect" in bare("token", "--help").out
