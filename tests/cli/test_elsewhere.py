"""Every command says and does the same at a URL as beside the store: it is run on both, and compared word for word."""

import json
import re
import shutil

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests import forge
from tests.cli.conftest import ran
from tests.support.emulator import running
from tests.support.every import every

pytestmark = pytest.mark.slow

GITHUB = "https://token.actions.githubusercontent.com"
GITLAB = "https://gitlab.example.com"
CI = ("--issuer", GITLAB, "--subject", "project_path:a/b:ref_type:branch:ref:main")
APP = ("app", "create")
NAMED = ("credential", "add", "moving", "--issuer", GITHUB)
IDS = ("--owner-id", "1", "--repository-id", "2")
PRESET = (
    *("credential", "add", "forms", "--preset", "github_actions", "--org", "octo-org", "--org-id", "123456"),
    *("--repo", "octo-repo", "--repo-id", "456789"),
)

READS = {
    "applications": ("app", "list"),
    "an application": ("app", "show", "deploy-bot"),
    "an application by client id": ("app", "show", "acc7ed17-0000-4000-8000-000000000003"),
    "an application by its identifier": ("app", "show", "api://orders/"),
    "an application by a name in another case": ("app", "show", "Deploy-Bot"),
    "an application that is not there": ("app", "show", "deploy-bit"),
    "an application by an id that nothing has": ("app", "show", "11111111-2222-4333-8444-555555555555"),
    "app roles": ("app", "role", "list", "Orders API"),
    "service principals": ("sp", "list"),
    "a service principal": ("sp", "show", "deploy-bot"),
    "a well-known service principal by one of its names": ("sp", "show", "https://graph.microsoft.com"),
    "a service principal that could be made": ("sp", "show", "nobody"),
    "credentials": ("credential", "list", "deploy-bot"),
    "a credential": ("credential", "show", "deploy-bot", "github-production"),
    "a credential that is not there": ("credential", "show", "deploy-bot", "github-productoin"),
    "credentials of an application that has none": ("credential", "list", "Orders API"),
    "secrets": ("secret", "list", "accredit-admin", "-q", "[].[keyId, displayName, hint, endDateTime]"),
    "certificates": ("certificate", "list", "deploy-bot"),
    "permissions": ("permission", "list", "deploy-bot"),
    "issuers": ("issuer", "list"),
    "an issuer": ("issuer", "show", GITHUB),
    "an issuer that is not there": ("issuer", "show", "https://x.example"),
    "the tenant": ("tenant", "show"),
    "the tenant by domain": ("tenant", "show", "contoso.test"),
    "another tenant": ("tenant", "show", "fabrikam.test"),
    "applications of the tenant by domain": ("app", "list", "--tenant", "contoso.test"),
    "a query": ("app", "list", "-q", "[].displayName"),
    "a query that cannot be used": ("app", "list", "-q", "[["),
}
FORMATS = ("table", "json", "tsv")

WRITES = {
    "an application": (
        (*APP, "build bot", "--description", "builds", "--identifier-uri", "api://build", "--token-version", "2"),
        ("app", "update", "build bot", "--name", "builder", "--token-lifetime", "600", "--signing-algorithm", "ES256"),
        ("app", "update", "builder", "--public", "--disabled", "--identifier-uri", ""),
        ("app", "update", "builder"),
        ("sp", "show", "builder"),
        ("app", "delete", "builder"),
        ("app", "delete", "builder", "--yes"),
        ("app", "show", "builder"),
    ),
    "an application without a service principal": (
        (*APP, "absent", "--no-sp"),
        ("sp", "show", "absent"),
        ("sp", "create", "absent"),
        ("sp", "create", "absent"),
        ("sp", "disable", "absent"),
        ("sp", "enable", "absent"),
        ("app", "delete", "absent", "--yes"),
    ),
    "two applications of one name": (
        (*APP, "twin"),
        (*APP, "twin"),
        ("app", "show", "twin"),
    ),
    "values that are refused": (
        (*APP, ""),
        (*APP, "x" * 300),
        (*APP, "taken", "--identifier-uri", "api://orders"),
        ("app", "update", "deploy-bot", "--token-lifetime", "5"),
        ("app", "update", "Orders API", "--identifier-uri", "https://graph.microsoft.com"),
    ),
    "app roles": (
        (*APP, "api", "--identifier-uri", "api://api"),
        ("app", "role", "add", "api", "Things.Read", "--description", "Reads things"),
        ("app", "role", "add", "api", "Things.Read"),
        ("app", "role", "add", "api", "not a value"),
        ("permission", "grant", "deploy-bot", "api", "Things.Read"),
        ("permission", "grant", "deploy-bot", "api", "Things.Read"),
        ("permission", "grant", "deploy-bot", "api", "Things.Write"),
        ("permission", "list", "deploy-bot"),
        ("app", "role", "remove", "api", "Things.Read", "--yes"),
        ("app", "role", "disable", "api", "Things.Read"),
        ("permission", "grant", "accredit-admin", "api", "Things.Read"),
        ("app", "role", "enable", "api", "Things.Read"),
        ("permission", "revoke", "deploy-bot", "api", "Things.Read", "--yes"),
        ("permission", "revoke", "deploy-bot", "api", "Things.Read", "--yes"),
        ("app", "role", "disable", "api", "Things.Read"),
        ("app", "role", "remove", "api", "Things.Read", "--yes"),
        ("app", "role", "remove", "api", "Things.Read", "--yes"),
        ("app", "delete", "api", "--yes"),
    ),
    "presets": (
        (*APP, "forms"),
        (*PRESET, "--environment", "staging", "--dry-run"),
        (*PRESET, "--environment", "staging"),
        (*PRESET, "--environment", "staging"),
        (*PRESET, "--branch", "main", "--name", "main"),
        (*PRESET, "--mode", "branches", "--field", "folder=release"),
        (*PRESET, "--org", "a b"),
        ("credential", "show", "forms", "github_actions-staging", "--snippets"),
        ("credential", "show", "forms", "main", "--snippets", "-o", "json", "-q", "{preset: preset, texts: snippets}"),
        ("export", "-a", "forms", "--to", "yaml"),
        ("export", "-a", "forms", "--to", "terraform"),
        ("export", "--all", "--to", "graph"),
    ),
    "credentials": (
        (*APP, "ci"),
        ("credential", "add", "ci", "--name", "main", *CI, "--description", "the main branch"),
        ("credential", "add", "ci", "--name", "main", *CI),
        ("credential", "add", "ci", "--name", "other", *CI),
        ("credential", "add", "ci", *CI[:2], "--subject", "project_path:a/b:ref_type:branch:ref:dev*"),
        ("credential", "add", "ci", "--name", "x", *CI),
        ("credential", "add", "ci", "--name", "bare"),
        ("credential", "add", "ci", "--name", "odd", "--issuer", "http://x.example", "--subject", "s"),
        ("credential", "add", "ci", "--name", "odd", *CI, "--audience", ""),
        ("credential", "add", "ci", "--name", "ours", "--issuer", "https://login.microsoftonline.com/x/v2.0", *CI[2:]),
        (
            *("credential", "add", "ci", "--name", "any", "--issuer", GITHUB, "--expression"),
            "claims['sub'] matches 'repo:octo-org@123456/*' and claims['repository_id'] eq '456789'",
        ),
        ("credential", "add", "ci", "--name", "bad", "--issuer", GITHUB, "--expression", "claims['sub'] like 'x'"),
        (
            *(
                "credential",
                "add",
                "ci",
                "--name",
                "bad",
                "--issuer",
                GITHUB,
                "--language-version",
                "2",
                "--expression",
            ),
            "claims['sub'] eq 'x' or claims['sub'] eq 'y'",
        ),
        ("credential", "update", "ci", "main", "--subject", "project_path:a/b:ref_type:branch:ref:prod"),
        ("credential", "update", "ci", "any", "--subject", "plain"),
        ("credential", "update", "ci", "main", "--audience", "api://other", "--description", ""),
        ("credential", "update", "ci", "nothing", "--subject", "s"),
        ("credential", "list", "ci"),
        ("issuer", "list"),
        ("credential", "delete", "ci", "main"),
        ("credential", "delete", "ci", "main", "--yes"),
        ("credential", "delete", "ci", "main", "--yes"),
        ("app", "delete", "ci", "--yes"),
    ),
    "credentials that are only rehearsed": (
        (*APP, "careful"),
        ("credential", "add", "careful", "--name", "one", *CI, "--dry-run"),
        ("credential", "add", "careful", "--name", "o", *CI, "--dry-run"),
        ("credential", "list", "careful"),
        ("credential", "add", "careful", "--name", "one", *CI),
        ("credential", "add", "careful", "--name", "two", *CI, "--dry-run"),
        ("app", "delete", "careful", "--yes"),
    ),
    "secrets": (
        (*APP, "keyed"),
        ("secret", "add", "keyed", "--name", "first", "--end", "90d", "-o", "json"),
        ("secret", "add", "keyed", "--end", "2020-01-01"),
        ("secret", "list", "keyed"),
        ("secret", "remove", "keyed", "<1:keyId>"),
        ("secret", "remove", "keyed", "<1:keyId>", "--yes"),
        ("secret", "remove", "keyed", "<1:keyId>", "--yes"),
        ("app", "delete", "keyed", "--yes"),
    ),
    "certificates": (
        (*APP, "certified"),
        ("certificate", "add", "certified", "{certificate}", "--name", "laptop", "-o", "json"),
        ("certificate", "add", "certified", "{certificate}"),
        ("certificate", "add", "certified", "{nonsense}"),
        ("certificate", "list", "certified"),
        ("certificate", "remove", "certified", "<1:keyId>", "--yes"),
        ("certificate", "remove", "certified", "<1:keyId>", "--yes"),
        ("app", "delete", "certified", "--yes"),
    ),
    "issuers": (
        ("issuer", "create", "https://issuer.example", "--algorithm", "RS256", "--network", "10.0.0.0/8"),
        ("issuer", "create", "https://issuer.example"),
        ("issuer", "create", "https://keys.example", "--keys", "{jwks}"),
        ("issuer", "create", "https://broken.example", "--keys", "{nonsense}"),
        ("issuer", "update", "https://issuer.example", "--port", "9443", "--skew", "10", "--jwks-host", "k.example"),
        ("issuer", "update", "https://issuer.example", "--skew", "1000"),
        ("issuer", "update", "https://issuer.example", "--network", "8.8.8.0/24"),
        ("issuer", "update", "https://issuer.example", "--jwks-url", "https://issuer.example/keys"),
        ("issuer", "update", "https://issuer.example", "--discovery"),
        ("issuer", "upload", "https://issuer.example", "{jwks}"),
        ("issuer", "block", "https://issuer.example"),
        ("issuer", "show", "https://issuer.example"),
        ("issuer", "unblock", "https://issuer.example"),
        ("issuer", "delete", GITHUB, "--yes"),
        ("issuer", "delete", "https://issuer.example", "--yes"),
        ("issuer", "delete", "https://keys.example", "--yes"),
    ),
    "a credential for a token": (
        (*APP, "copied"),
        ("credential", "add", "copied", "--name", "main", "--from-token", "@{main}"),
        ("credential", "add", "copied", "--name", "main", "--from-token", "@{nonsense}"),
        (
            *("credential", "add", "copied", "--name", "main", "--from-token", "@{main}", "--unproven"),
            *("--issuer", GITHUB, "--subject", "repo:octo-org@123456/octo-repo@456789:ref:refs/heads/main"),
        ),
        ("app", "delete", "copied", "--yes"),
    ),
    "from names to ids": (
        (*APP, "moving"),
        (*NAMED, "--name", "prod", "--subject", "repo:o/r:environment:prod", "--description", "Deploys"),
        (
            *(*NAMED, "--name", "any", "--expression"),
            "claims['sub'] matches 'repo:o/*' and claims['repository_id'] eq '2'",
        ),
        (*NAMED, "--name", "new", "--subject", "repo:p@1/r@2:environment:prod"),
        ("migration", "list", "-a", "moving"),
        ("migration", "list", "-a", "moving", "-o", "yaml"),
        ("migration", "twin", "moving", "prod"),
        ("migration", "twin", "moving", "prod", "--owner-id", "x", "--repository-id", "2"),
        ("migration", "twin", "moving", "new"),
        (*("migration", "twin", "moving", "prod"), *IDS, "--dry-run"),
        (*("migration", "twin", "moving", "prod"), *IDS, "--to", "bicep"),
        (*("migration", "twin", "moving", "prod"), *IDS),
        (*("migration", "twin", "moving", "prod"), *IDS),
        ("migration", "twin", "moving", "any", "--owner-id", "1"),
        ("migration", "list", "-a", "moving", "-o", "csv"),
        ("migration", "list", "--all", "--to", "az"),
        ("migration", "retire", "moving", "prod"),
        ("migration", "undo", "moving", "prod"),
        ("migration", "retire", "moving", "prod", "--force"),
        ("migration", "retire", "moving", "prod", "--force"),
        ("migration", "list"),
        ("migration", "undo", "moving", "prod"),
        ("migration", "undo", "moving", "prod-immutable"),
        ("migration", "retire", "moving", "prod-immutable"),
        ("migration", "retire", "moving", "absent"),
        ("app", "delete", "moving", "--yes"),
    ),
    "the tenant": (
        ("tenant", "update", "--token-lifetime", "1200", "--name", "Contoso Ltd"),
        ("tenant", "update", "--multi-audience", "refuse"),
        ("tenant", "update", "--token-lifetime", "1"),
        ("tenant", "update", "--domain", "contoso.test", "--domain", "a.test"),
        ("tenant", "update", "--trust-changes", "entra", "--multi-audience", "contained"),
        ("tenant", "update", "--allow-issuer", "https://a.test", "--allow-issuer", "https://b.test"),
        ("tenant", "update", "--allow-issuer", "idp"),
        ("tenant", "update", "--allow-any-issuer"),
        ("tenant", "update", "--immutable-ids", "audit", "--allowed-issuers-mode", "audit", "--lint", "block"),
        ("tenant", "update", "--allow-algorithm", "RS256", "--max-assertion-lifetime", "7200"),
        ("tenant", "preview"),
        ("tenant", "preview", "--lint", "block"),
        ("tenant", "preview", "--allow-issuer", GITLAB, "--max-assertion-lifetime", "60"),
        ("tenant", "preview", "--allow-algorithm", "HS256"),
        ("tenant", "update", "--allow-any-algorithm", "--max-assertion-lifetime", "0", "--immutable-ids", "off"),
        ("tenant", "update", "--allowed-issuers-mode", "enforce", "--lint", "warn"),
        ("tenant", "update", "--token-lifetime", "3600", "--name", "Contoso", "--domain", "contoso.test"),
    ),
}


CODES = {  # how they end, so that nothing is equal only because it is refused twice
    "an application": [0, 0, 0, 2, 0, 2, 0, 4],
    "an application without a service principal": [0, 4, 0, 5, 0, 0, 0],
    "two applications of one name": [0, 0, 2],
    "values that are refused": [2, 2, 5, 2, 2],
    "app roles": [0, 0, 5, 2, 0, 5, 4, 0, 5, 0, 2, 0, 0, 4, 0, 0, 4, 0],
    "presets": [0, 0, 0, 5, 0, 0, 2, 0, 0, 0, 0, 0],
    "credentials": [0, 0, 5, 5, 0, 2, 2, 2, 2, 0, 0, 2, 2, 0, 0, 0, 4, 0, 0, 2, 0, 4, 0],
    "credentials that are only rehearsed": [0, 0, 2, 0, 0, 5, 0],
    "secrets": [0, 0, 2, 0, 2, 0, 4, 0],
    "certificates": [0, 0, 5, 2, 0, 0, 4, 0],
    "issuers": [0, 5, 0, 2, 0, 2, 2, 0, 0, 0, 0, 0, 0, 5, 0, 0],
    "the tenant": [0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0],
    "a credential for a token": [0, 2, 2, 0, 0],
    "from names to ids": [0, 0, 0, 0, 0, 0, 5, 2, 5, 0, 0, 0, 5, 0, 0, 0, 5, 5, 0, 5, 0, 0, 5, 5, 4, 0],
}


class Two:
    """Two copies of one directory: one to act on here, one that a server answers for."""

    def __init__(self, here, there, ready):
        self.here = here
        self.there = there
        self.ready = ready

    def both(self, *words, stdin="", given=({}, {})):
        """Run a command on each, and return the two answers without what no two runs have in common."""
        ended = []
        for place, known in zip(((*("--data",), str(self.here)), ()), given, strict=True):
            filled = [known.get(each, each) for each in words]
            ended.append(ran(*filled, *place, stdin=stdin))
        return ended


LEFT = (  # before there are two of it; nothing is left of it but the records
    (*APP, "gone"),
    ("credential", "add", "gone", "--name", "main", "--issuer", GITHUB, "--subject", "repo:a@1/b@2:environment:x"),
    ("credential", "update", "gone", "main", "--subject", "repo:a@1/c@3:environment:x", "--description", "c"),
    ("secret", "add", "gone", "--name", "ci"),
    ("app", "delete", "gone", "--yes"),
)


@pytest.fixture(scope="module")
def folder(served, tmp_path_factory):
    made = tmp_path_factory.mktemp("two")
    shutil.copytree(served.data, made / "here")
    for words in LEFT:
        assert ran(*words, "--data", str(made / "here")).code == 0
    shutil.copytree(made / "here", made / "data")
    return made


@pytest.fixture(scope="module")
def emulator(folder):
    with running(folder) as found:
        yield found


@pytest.fixture
def two(folder, emulator, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("ACCREDIT_URL", emulator.url)
    monkeypatch.setenv("ACCREDIT_CA_FILE", str(emulator.ca_file))
    monkeypatch.setenv("ACCREDIT_CLIENT_ID", emulator.ready["admin"]["client_id"])
    monkeypatch.setenv("ACCREDIT_CLIENT_SECRET", emulator.ready["admin"]["client_secret"])
    return Two(folder / "here", folder / "data", emulator.ready)


def plain(text, known=()):
    """Leave out what no two runs have in common: ids that were made, times, secrets."""
    for number, each in enumerate(known):
        text = text.replace(each, f"<{number}>")
    text = re.sub(r"^at https://\S+\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"\s+(at\s+https://[^\s?.]+|in\s+/\S+/here)(?=[?.])", " <there>", text)
    text = re.sub(r'(AUTHORITY: \\?")https://[^"\\]+', r"\1<there>", text)  # the store does not know its address
    text = re.sub(r" --data \S+/here(?= && |$|[\",])", "", text, flags=re.MULTILINE)
    text = re.sub(r"\b(?!acc7ed17)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<id>", text)
    text = re.sub(r"\d{4}-\d\d-\d\d[T ][\d:]{8}(\.\d+)?Z", "<time>", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\dZ", "<minute>", text)
    text = re.sub(r'"secretText": "[^"]+"', '"secretText": "<secret>"', text)
    text = re.sub(r"\b\d+ (s|min|h|d) (ago|left)", r"<n> \1 \2", text)
    text = re.sub(r"(?<=^first  )...", "<h>", text, flags=re.MULTILINE)
    return re.sub(r'"hint": "[^"]+"', '"hint": "<hint>"', text)


def compared(answers):
    return [(each.code, plain(each.out), plain(each.err)) for each in answers]


@pytest.mark.timeout(300)
@every("output", FORMATS)
@every("what", READS)
def test_reading(two, what, output):
    here, there = compared(two.both(*READS[what], "-o", output))
    assert there == here


BOT = ("-a", "deploy-bot")  # there, whoever asks has signed in too
LOGS = {
    "those of an application": ("logs", "list", "--app", "deploy-bot"),
    "those that failed": ("logs", "list", "--app", "deploy-bot", "--failed"),
    "the newest one": ("logs", "list", "--app", "deploy-bot", "--limit", "1"),
    "a granted one": ("logs", "show", "<granted>"),
    "a refused one": ("logs", "show", "<refused>"),
    "what would have matched a refused one": ("logs", "show", "<refused>", "--suggest"),
    "nothing would have matched a granted one": ("logs", "show", "<granted>", "--suggest"),
    "one of a correlation id": ("logs", "list", "--correlation", "<refused>"),
    "one that is not there": ("logs", "show", "11111111-2222-4333-8444-555555555555"),
    "no id": ("logs", "show", "x"),
    "those that were granted": ("logs", "list", "--granted", *BOT),
    "those of a code": ("logs", "list", "--code", "AADSTS700213"),
    "those of two codes": ("logs", "list", "--code", "700213", "--code", "700027"),
    "those of a credential by its name": ("logs", "list", "--credential", "github-production"),
    "those of a credential by its id": ("logs", "list", "--credential", "<credential>"),
    "those for an API": ("logs", "list", "--resource", "api://orders"),
    "those of an issuer": ("logs", "list", "--issuer", GITHUB),
    "those of an issuer by how it begins": ("logs", "list", "--issuer", "https://token.*"),
    "those of a subject": ("logs", "list", "--subject", "repo:octo-org@123456/octo-repo@456789:environment:production"),
    "those of subjects that begin so": ("logs", "list", "--subject", "repo:octo-org@123456/*", "-a", "deploy-bot"),
    "those from an address": ("logs", "list", "--address", "127.0.0.1", *BOT),
    "those from addresses that begin so": ("logs", "list", "--address", "127.*", *BOT),
    "those from another address": ("logs", "list", "--address", "::1"),
    "one by its request": ("logs", "list", "--request", "<refused>"),
    "those that are proven": ("logs", "list", "--proof", "proven", *BOT),
    "those of this year": ("logs", "list", "--since", "365d", "--until", "0s", *BOT),
    "those before the first": ("logs", "list", "--until", "2020-01-01"),
    "those that a filter finds": ("logs", "list", "--filter", "status/errorCode ne 0 and startswith(appId,'acc7ed17')"),
    "a filter on what is not asked for": ("logs", "list", "--filter", "riskState eq 'none'"),
    "a filter that cannot be read": ("logs", "list", "--filter", "appId eq"),
    "those of an application that is not there": ("logs", "list", "-a", "deploy-bto"),
    "those of a client that is gone": ("logs", "list", "-a", "11111111-2222-4333-8444-555555555555"),
    "the last ones": ("logs", "tail", *BOT),
    "the last ones of an application that failed": ("logs", "tail", "-a", "deploy-bot", "--failed", "-n", "1"),
    "the last ones, each asked": ("logs", "tail", "-q", "status.errorCode", *BOT),
    "those that come within a moment": ("logs", "tail", "--until-idle", "0", *BOT),
    "no more than so many": ("logs", "tail", "--count", "1", *BOT),
}
LOGS |= {
    "what is alike in a day": ("logs", "list", "--group", *BOT),
    "what is alike in an hour": ("logs", "list", "--group", "1h", "--since", "2h", *BOT),
    "what is alike and was refused": ("logs", "list", "--group=6h", "--failed", "--address", "127.0.0.1", *BOT),
    "what is alike for an API": ("logs", "list", "--group", "--resource", "api://orders"),
    "the greatest of what is alike": ("logs", "list", "--group", "--filter", "signInCount gt 1", *BOT),
    "what is alike in no such time": ("logs", "list", "--group", "2h"),
    "what is alike, by its subject": ("logs", "list", "--group", "--subject", "x"),
    "hours": ("logs", "stats", *BOT),
    "days": ("logs", "stats", "--since", "7d", *BOT),
    "codes": ("logs", "stats", "--by", "code", *BOT),
    "credentials": ("logs", "stats", "--by", "credential", *BOT),
    "APIs": ("logs", "stats", "--by", "resource", *BOT),
    "hours in which nothing happened": ("logs", "stats", "--since", "2020-01-01", "--until", "2020-01-01T03:00Z"),
    "hours of an application that is not there": ("logs", "stats", "-a", "deploy-bto"),
    "hours of what was refused": ("logs", "stats", "--failed", "--address", "127.*", *BOT),
    "codes of what a filter says": ("logs", "stats", "--by", "code", "--filter", "status/errorCode ne 0", *BOT),
    "uses": ("logs", "usage", *BOT),
    "what was never used": ("logs", "usage", "--never", *BOT),
    "uses of long ago": ("logs", "usage", "--unused", "90d"),
    "uses of a few applications": ("logs", "usage", "--most", "1", "--never"),
    "the use of a credential": ("credential", "list", "deploy-bot"),
    "the use of secrets": ("secret", "list", "deploy-bot"),
}
LOG_FORMATS = ("table", "jsonl", "csv")


@pytest.mark.timeout(300)
@every("output", LOG_FORMATS)
@every("what", LOGS)
def test_the_log(two, served, what, output):
    known = {f"<{name}>": value for name, value in served.requests.items()}
    shown = ran("credential", "show", "deploy-bot", "github-production", "-q", "id", "--data", str(two.here))
    known["<credential>"] = shown.out.strip()
    here, there = compared(two.both(*LOGS[what], "-o", output, given=(known, known)))
    assert there == here


OF = ("audit", "list", "--object", "<object>")
CHANGES = {
    "those of an application that is gone": OF,
    "the same, as the application": ("audit", "list", "--app", "<object>"),
    "the newest one": (*OF, "-n", "1"),
    "those that widened trust": (*OF, "--widened"),
    "those of one activity": (*OF, "--activity", "Update application - Certificates*"),
    "those of a user": (*OF, "--actor", "<user>"),
    "those of nobody": (*OF, "--actor", "nobody"),
    "those of an application": (*OF, "--actor", "acc7ed17-0000-4000-8000-000000000002"),
    "those of this year": (*OF, "--since", "365d", "--until", "0s"),
    "those before the first": ("audit", "list", "--until", "2020-01-01"),
    "those of one request": ("audit", "list", "--correlation", "<correlation>"),
    "those that a filter finds": (*OF, "--filter", "operationType eq 'Update'"),
    "a filter on what is not asked for": (*OF, "--filter", "resultReason eq ''"),
    "those of an application that is not there": ("audit", "list", "--app", "deploy-bto"),
    "one": ("audit", "show", "<audit>"),
    "what was gone with it": ("audit", "show", "<last>"),
    "one that is not there": ("audit", "show", "11111111-2222-4333-8444-555555555555"),
    "no id": ("audit", "show", "x"),
}


@pytest.mark.timeout(300)
@every("output", ["table", "json", "csv"])
@every("what", CHANGES)
def test_changes(two, what, output):
    on_disk = ("--data", str(two.here), "-o", "json")
    deleted = ran("audit", "list", "--activity", "Delete application", "--until", "0s", "-n", "100", *on_disk).json
    last = next(each for each in deleted if each["targetResources"][0]["displayName"] == "gone")
    target = last["targetResources"][0]["id"]
    of_target = ran("audit", "list", "--object", target, *on_disk).json
    known = {
        "<object>": target,
        "<last>": last["id"],
        "<audit>": of_target[2]["id"],
        "<correlation>": last["correlationId"],
        "<user>": last["initiatedBy"]["user"]["displayName"],
    }
    here, there = two.both(*CHANGES[what], "-o", output, given=(known, known))
    assert (there.code, there.out) == (here.code, here.out)
    assert plain(there.err) == plain(here.err)


@pytest.mark.timeout(300)
@every("output", ["table", "json"])
@every("token", ["production", "main", "altered", "expired", "stranger"])
@every("which", [("--app", "deploy-bot"), ("--app", "Orders API"), ("--all",), ()])
def test_explaining(two, served, token, which, output):
    here, there = compared(two.both("explain", "-", *which, "-o", output, stdin=served.tokens[token]))
    assert there == here


@pytest.mark.parametrize("token", ["production", "altered"])
def test_explaining_with_the_keys_that_the_issuer_has_now(two, served, token):
    url = str(two.ready["url"])
    here, there = compared(
        two.both("explain", "-", "-a", "deploy-bot", "--online", "--url", url, stdin=served.tokens[token])
    )
    assert there == here
    assert here[0] == {"production": 0, "altered": 3}[token]


@pytest.mark.parametrize("what", WRITES)
def test_writing(two, served, what, tmp_path):
    pem = x509.load_der_x509_certificate(forge.certificate(valid=(-1, 36_500)).der).public_bytes(Encoding.PEM)
    (tmp_path / "certificate").write_bytes(pem)
    (tmp_path / "jwks").write_text(served.jwks)
    (tmp_path / "nonsense").write_text("nonsense")
    (tmp_path / "main").write_text(served.tokens["main"])
    files = {f"{{{name}}}": str(tmp_path / name) for name in ("certificate", "jwks", "nonsense")}
    files |= {f"@{{{name}}}": f"@{tmp_path / name}" for name in ("main", "nonsense")}
    made, codes = ({}, {}), []
    for number, words in enumerate(WRITES[what]):
        answers = two.both(*words, given=tuple({**files, **each} for each in made))
        here, there = compared(answers)
        assert there == here, words
        codes.append(here[0])
        for each, known in zip(answers, made, strict=True):
            if "json" in words:
                known |= {f"<{number}:{name}>": value for name, value in json.loads(each.out).items()}
    assert codes == CODES[what]


def test_what_a_tenant_that_guards_its_trust_leaves_to_the_host(two):
    here, there = ("--data", str(two.there)), ()
    assert ran("tenant", "update", "--trust-changes", "owner_may_narrow", *there).code == 0
    for words in (("--trust-changes", "entra"), ("--token-lifetime", "1200")):
        refused = ran("tenant", "update", *words, *there)
        assert (refused.code, "an administrator on the host does" in refused.err) == (6, True)
    assert ran("tenant", "update", "--trust-changes", "entra", *here).code == 0
    assert ran("tenant", "update", "--token-lifetime", "3600", *there).code == 0
