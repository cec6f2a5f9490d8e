"""What goes wrong: an exit code that scripts can rely on, and what, where, why and how to fix it on standard error."""

import json

import pytest

from accredit.cli import failures
from accredit.cli.root import NOUNS, root
from accredit.errors import CATALOGUE
from tests.support.every import every

NOBODY = "00000000-1111-4222-8333-444444444444"
WRONG = {
    "a noun that does not exist": (("credentail",), 2, "there is no command 'credentail'; did you mean credential?"),
    "a verb that does not exist": (("app", "lst"), 2, "did you mean list?"),
    "an option that does not exist": (("app", "list", "--nope"), 2, "no such option"),
    "a value that is no choice": (("app", "list", "-o", "xml"), 2, "is not one of"),
    "an argument too many": (("app", "list", "more"), 2, "unexpected extra argument"),
    "an argument too few": (("app", "show"), 2, "missing argument 'APP'"),
    "a query that cannot be read": (("app", "list", "-q", "[?"), 2, "the query cannot be used"),
    "an application that does not exist": (("app", "show", "deploy-bto"), 4, "did you mean deploy-bot?"),
    "an application id that does not exist": (("app", "show", NOBODY), 4, "Request_ResourceNotFound"),
    "a tenant that does not exist": (("app", "list", "--tenant", "contoso.tset"), 4, "did you mean contoso.test?"),
    "a credential that does not exist": (
        ("credential", "show", "deploy-bot", "github-prodution"),
        4,
        "did you mean github-production?",
    ),
    "a service principal that does not exist": (("sp", "show", "api://nobody"), 4, "Request_ResourceNotFound"),
    "an issuer that does not exist": (("issuer", "show", "https://nobody.example"), 4, "Request_ResourceNotFound"),
    "a request that is not in the log": (("logs", "show", NOBODY), 4, "The log has no sign-in"),
    "a request id that is none": (("logs", "show", "yesterday"), 2, "not an id (GUID)"),
    "an empty request id": (("logs", "show", ""), 2, "an empty text is not valid"),
    "a correlation id that is none": (
        ("logs", "list", "--correlation", "x"),
        2,
        "--correlation x is not valid: not an id",
    ),
    "a time that is none": (("logs", "list", "--since", "soon"), 2, "--since soon is not valid: neither a time ago"),
    "an empty time": (("logs", "list", "--until", ""), 2, "an empty --until is not valid: neither a time ago"),
    "a time of disuse that is none": (("logs", "usage", "--unused", "x"), 2, "--unused x is not valid"),
    "a star that is not at the end": (("logs", "list", "--subject", "repo:*:ref"), 2, "at the end only"),
    "a key that does not exist": (("keys", "retire", "nokey", "--yes"), 4, "Request_ResourceNotFound"),
    "a secret that does not exist": (("secret", "remove", "deploy-bot", NOBODY, "--yes"), 4, NOBODY),
    "a secret's end in the past": (("secret", "add", "deploy-bot", "--end", "2020-01-01"), 2, "in the future"),
    "a secret's end that is none": (("secret", "add", "deploy-bot", "--end", "soon"), 2, "neither a duration"),
    "a certificate that is none": (("certificate", "add", "deploy-bot", "-"), 2, "neither a PEM nor a DER"),
    "a certificate file that is not there": (("certificate", "add", "deploy-bot", "/no/such"), 2, "ACC1002"),
    "a certificate id that is none": (("certificate", "remove", "deploy-bot", "x", "--yes"), 2, "not an id"),
    "a credential of a taken name": (
        ("credential", "add", "deploy-bot", "--name", "github-production", "--issuer", "https://x.example"),
        5,
        "already exists",
    ),
    "a credential without anything": (("credential", "add", "deploy-bot", "--name", "abc"), 2, "must specify"),
    "a credential without a subject": (
        ("credential", "add", "deploy-bot", "--name", "abc", "--issuer", "https://x.example"),
        2,
        "cannot be empty",
    ),
    "a credential whose name cannot be made": (("credential", "add", "deploy-bot"), 2, "a name is needed"),
    "an expression that Entra ID refuses": (
        ("credential", "add", "deploy-bot", "--name", "abc", "--issuer", "https://x.example", "--expression", "a"),
        2,
        "InvalidFederatedIdentityCredentialValue",
    ),
    "an update of nothing": (("credential", "update", "deploy-bot", "github-production"), 2, "nothing to change"),
    "an update of no application": (("app", "update", "deploy-bot"), 2, "nothing to change"),
    "an update of no tenant": (("tenant", "update"), 2, "nothing to change"),
    "allowed issuers, and every one": (
        ("tenant", "update", "--allow-issuer", "https://a.test", "--allow-any-issuer"),
        2,
        "give one of them",
    ),
    "an allowed issuer that is none": (("tenant", "update", "--allow-issuer", "idp"), 2, "idp: not an absolute https"),
    "an issuer that a new tenant cannot allow": (
        ("tenant", "create", "Other", "--domain", "other.test", "--allow-issuer", "idp"),
        2,
        "idp: not an absolute https",
    ),
    "an issuer of a credential that is none": (
        ("credential", "add", "deploy-bot", "--name", "abc", "--issuer", "http://x.example", "--subject", "s"),
        2,
        "issuer: it must be https",
    ),
    "an audience of a credential that no token has": (
        (*("credential", "add", "deploy-bot", "--name", "abc", "--issuer", "https://x.example"), "--audience", " x"),
        2,
        "audiences: white space at an end",
    ),
    "an update of no issuer": (("issuer", "update", "https://x.example"), 2, "nothing to change"),
    "a domain that is taken": (("tenant", "create", "Other", "--domain", "contoso.test"), 5, "another tenant has"),
    "a domain that is none": (("tenant", "create", "Other", "--domain", "nodot"), 2, "not a DNS name"),
    "an identifier that is reserved": (
        ("app", "create", "x", "--identifier-uri", "https://graph.microsoft.com"),
        2,
        "is reserved",
    ),
    "a role that is not offered": (
        ("permission", "grant", "deploy-bot", "api://orders", "Orders.All"),
        4,
        "there are:",
    ),
    "a role that is granted": (("permission", "grant", "deploy-bot", "api://orders", "Orders.Read.All"), 5, "already"),
    "a role that is enabled": (("app", "role", "remove", "Orders API", "Orders.Read.All", "-y"), 5, "disabled first"),
    "a role of a taken value": (("app", "role", "add", "Orders API", "Orders.Read.All"), 5, "already offers"),
    "an issuer that is registered": (
        ("issuer", "create", "https://token.actions.githubusercontent.com"),
        5,
        "has a record",
    ),
    "an issuer that is not https": (("issuer", "create", "ftp://x.example"), 2, "issuer"),
    "an issuer that credentials name": (
        ("issuer", "delete", "https://token.actions.githubusercontent.com", "--yes"),
        5,
        "credentials name the issuer",
    ),
    "keys that are none": (("issuer", "upload", "https://token.actions.githubusercontent.com", "-"), 2, "jwks"),
    "a well-known API that is enabled": (("sp", "create", "graph"), 5, "already in use"),
    "not a JWT": (("explain", "notatoken", "-a", "deploy-bot"), 2, "3 dot-separated parts; this has 1"),
    "nothing at all": (("explain", "-", "-a", "deploy-bot"), 2, "it is empty"),
    "a variable that is not set": (("explain", "env:NO_SUCH_VARIABLE", "-a", "deploy-bot"), 2, "it is not set"),
    "a token file that is not there": (("token", "inspect", "@/no/such/file"), 2, "No such file"),
    "a header that is no JSON": (("token", "inspect", "e.e.e"), 2, "Its header cannot be read"),
    "one application and all of them": (("explain", "a.b.c", "-a", "deploy-bot", "--all"), 2, "give one of them"),
    "which application": (("explain", "a.b.c"), 2, "say which one (-a APP), or --all"),
    "a topic that does not exist": (("help", "AADSTS70021x"), 4, "did you mean"),
    "a parameter without a value": (
        ("idp", "mint", "github", "--param", "x", "--url", "https://localhost:1"),
        2,
        "name=value",
    ),
    "an emulator that is not named": (("idp", "mint"), 2, "which emulator?"),
    "an emulator that is not there": (("idp", "mint", "--url", "https://localhost:1"), 7, "does not answer"),
    "an emulator over http": (("idp", "mint", "--url", "http://localhost:1"), 2, "not an https address"),
    "a ready file that is none": (("idp", "mint", "--ready-file", "/dev/null"), 2, "not a ready file"),
    "a fresh directory for an emulator": (("init", "--domain", "x.example"), 5, "exists already"),
}


@every("name", WRONG)
def test_what_is_wrong_is_said_with_its_exit_code(cli, name):
    words, code, said = WRONG[name]
    ended = cli(*words)
    assert (ended.code, ended.out) == (code, "")
    assert said in " ".join(ended.err.split())
    assert "Traceback" not in ended.err
    assert "\nerror" in "\n" + ended.err


@every("name", WRONG)
def test_what_is_wrong_is_one_object_when_json_is_asked_for(cli, name):
    words, code, said = WRONG[name]
    ended = cli(*words, "-o", "json") if "-o" not in words else cli(*words[:-1], "json", "--nope")
    assert ended.code == code
    found = json.loads(ended.err.splitlines()[-1])
    assert list(found) == ["code", "message", "where", "why", "fix", "docs"]
    if "-o" not in words:
        assert said in " ".join(f"{found['code']} {found['message']} {found['why']}".split())


def test_an_error_says_what_where_why_and_how_to_fix_it(cli):
    ended = cli("explain", "notatoken", "-a", "deploy-bot")
    assert ended.err == (
        "error ACC1001: not a JWT\n"
        "  where  TOKEN argument\n"
        "  why    A compact JWT has 3 dot-separated parts; this has 1.\n"
        '  fix    Paste the whole value, without quotes or "Bearer ".\n'
        "  docs   accredit help ACC1001\n"
    )


LISTS = {
    "an application": (("app", "show", "nobody"), "accredit app list"),
    "an application as a resource": (("permission", "grant", "deploy-bot", "nobody", "x"), "accredit sp list"),
    "an app role": (("app", "role", "enable", "Orders API", "x"), "accredit app role list acc7ed17-"),
    "a role of an API": (("permission", "grant", "deploy-bot", "api://orders", "x"), "accredit sp show acc7ed17-"),
    "an issuer": (("issuer", "show", "https://nobody.example"), "accredit issuer list"),
    "a tenant": (("app", "list", "--tenant", "nobody"), "On the authority's host: accredit tenant list"),
    "a key": (("keys", "retire", "nokey", "--yes"), "accredit keys list"),
    "a sign-in": (("logs", "show", NOBODY), "accredit logs list"),
    "a secret": (("secret", "remove", "deploy-bot", NOBODY, "--yes"), "accredit secret list APP"),
}


@every("what", LISTS)
def test_what_is_not_found_is_listed_by_its_own_noun(cli, what):
    words, fix = LISTS[what]
    assert json.loads(cli(*words, "-o", "json").err)["fix"].startswith(fix)


def test_a_directory_without_a_database_is_not_found(bare, tmp_path):
    ended = bare("app", "list", "--data", str(tmp_path))
    assert (ended.code, "ACC4002" in ended.err) == (4, True)
    assert "accredit init --domain DOMAIN" in " ".join(ended.err.split())
    assert "ACCREDIT_DATA" in ended.err


def test_a_fault_of_ours_leaves_a_traceback_only_for_vv(cli, data):
    (data / "accredit.db").unlink()
    (data / "accredit.db").mkdir()
    quiet, loud = cli("app", "list"), cli("app", "list", "-vv")
    assert quiet.code == loud.code != 0
    assert "Traceback" not in quiet.err
    assert "Traceback" in loud.err


DESTROYING = {
    "an application": ("app", "delete", "deploy-bot"),
    "a tenant": ("tenant", "delete", "contoso.test"),
    "a credential": ("credential", "delete", "deploy-bot", "github-production"),
    "a role": ("app", "role", "remove", "Orders API", "Orders.Read.All"),
    "a grant": ("permission", "revoke", "deploy-bot", "api://orders", "Orders.Read.All"),
    "an issuer": ("issuer", "delete", "https://token.actions.githubusercontent.com"),
    "every key": ("keys", "rotate", "--emergency"),
    "a secret": ("secret", "remove", "accredit-admin", "acc7ed17-5e33-59c0-9a16-52d72565f9d3"),
}


@pytest.mark.parametrize("name", DESTROYING)
def test_nothing_is_destroyed_without_a_terminal_or_yes(cli, data, name):
    before = (data / "accredit.db").read_bytes()
    ended = cli(*DESTROYING[name], stdin="y\n")
    assert ended.code == 2
    assert "repeat the command with --yes" in " ".join(ended.err.split())
    assert (data / "accredit.db").read_bytes() == before


def test_every_exit_code_is_documented(bare):
    ended = bare("help", "exit-codes", "-o", "json")
    assert [each["code"] for each in ended.json] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 130]
    for row in CATALOGUE.values():
        assert failures.exit_of_row(row) in failures.EXIT_CODES


@every("label", sorted({row.label for row in CATALOGUE.values()}))
def test_every_code_of_the_catalogue_has_help(bare, label):
    ended = bare("help", label)
    assert ended.code == 0
    assert ended.out.startswith(label)


def test_every_command_has_help_that_fits(bare):
    for noun in NOUNS:
        command = root.get_command(None, noun)
        verbs = list(getattr(command, "commands", {})) or [None]
        for verb in verbs:
            if verb:
                assert "Options of every command" in bare(noun, "--help").out
            ended = bare(noun, *([verb] if verb else []), "--help")
            assert ended.code == 0
            assert "Usage: accredit " + " ".join(filter(None, (noun, verb))) in ended.out
            assert ended.err == ""


def test_the_list_says_of_a_noun_what_the_noun_says_of_itself(bare):
    for noun, (_, sentence) in NOUNS.items():
        own = " ".join((root.get_command(None, noun).help or "").split())
        assert own.startswith(sentence), noun


def test_help_lists_the_nouns_in_groups_and_the_shared_options(bare):
    ended = bare("--help")
    assert ended.code == 0
    for text in ("Who may sign in, and how", "credential", "--output", "JMESPath", "help exit-codes"):
        assert text in ended.out
    assert bare("help").out.strip() == ended.out.strip()
    assert bare("help", "app", "role", "add").out.strip() == bare("app", "role", "add", "--help").out.strip()
