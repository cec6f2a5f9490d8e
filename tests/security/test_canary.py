"""Canaries: tokens, secrets and persons sent down every path, then looked for in everything that is kept or said.

``tests/ops/test_redaction.py`` sends them through every field of the public listener; here they go with every refusal
there is, through the directory API, the resource manager, the admin listener, the command line, exports and errors of
our own. What must not be found: a whole token, its claims or its signature as they were sent, a secret, a person.
"""

import dataclasses
import json
import re
from typing import Any
from urllib.parse import quote

import duckdb
import pytest

from accredit.administer import credentials, evidence, tenants
from accredit.app import seed
from tests import forge
from tests.cli.conftest import ran
from tests.ops.servers import serving
from tests.ops.test_lifecycle import TENANT, workload_form
from tests.ops.test_redaction import everything_kept
from tests.wire.authority import Answer, Wire, wire
from tests.wire.test_refusals import CHANGED, ROWS

pytestmark = pytest.mark.slow

PERSON = "canary-person-4b9d"
UNNAMED = "canary-unnamed-77e1"
GUESSED = "canary-secret-2c6fa81b90"
FOREIGN = forge.token(forge.claims(canary="canary-claim-1d9e"), key=forge.key_for("RS256", 9))
SHORTEST = 16  # characters; what is shorter may stand somewhere by chance
EXPRESSION = "claims['sub'] matches 'repo:octo-org@1/*' and claims['actor'] eq 'somebody' and claims['ref'] eq 'x'"


def needles(*sent: str) -> set[bytes]:
    """What must not be found of what was sent: of a token each part but the header, which many have in common."""
    found: set[str] = set()
    for each in sent:
        parts = each.split(".")
        found |= {each, *(parts[1:] if len(parts) == 3 else ())}
    long = {each for each in found if len(each) >= SHORTEST}
    return {each.encode() for each in long} | {quote(each).encode() for each in long}


def found_in(content: bytes, unwanted: set[bytes]) -> list[bytes]:
    return [each[:40] for each in unwanted if each in content]


def nowhere(unwanted: set[bytes], places: Any) -> None:
    for where, content in places:
        found = [content[max(0, content.find(each) - 200) :][:260] for each in unwanted if each in content]
        assert not found, f"{where} holds {found}"


def test_a_leak_would_be_found(tmp_path):
    (tmp_path / "kept").write_bytes(b"... " + FOREIGN.encode() + b" ...")
    with pytest.raises(AssertionError, match="holds"):
        nowhere(needles(FOREIGN), ((str(each), each.read_bytes()) for each in tmp_path.iterdir()))
    for part in (FOREIGN.split(".")[1], FOREIGN.split(".")[2], quote(GUESSED), GUESSED):
        assert found_in(part.encode(), needles(FOREIGN, GUESSED))
    assert not found_in(FOREIGN.split(".")[0].encode(), needles(FOREIGN))


# ── with every refusal of the token endpoint, at debug level ─────────────────────────────────────────────────────────


@dataclasses.dataclass
class Remembering(Wire):
    """A wire that remembers which tokens and secrets went through it, and what was answered."""

    sent: set[str] = dataclasses.field(default_factory=set)
    issued: set[str] = dataclasses.field(default_factory=set)
    answers: list[Answer] = dataclasses.field(default_factory=list)

    def post(self, form: Any, path: str = "", headers: Any = None) -> Answer:
        secrets = {str(form.get(name) or "") for name in ("client_assertion", "client_secret")}
        if form.get("client_assertion") and len(str(form["client_assertion"])) > 50_000:
            secrets = set()
        self.sent |= {each for each in secrets if len(each) >= SHORTEST}
        answer = super().post(form, **({"path": path} if path else {}), headers=headers)
        if answer.status == 200:
            self.issued.add(answer.json["access_token"])
        else:
            self.answers.append(answer)
        return answer


def remembered(made: Wire) -> Remembering:
    return Remembering(made.runtime, made.clock, made.portal, made.client)


EVERY = {"those that change nothing": list(ROWS.values()), **{name: [row] for name, row in CHANGED.items()}}


@pytest.mark.parametrize("sentence", EVERY)
def test_with_every_refusal_nothing_leaks(tmp_path, capfd, sentence):
    with wire(tmp_path / "data", log_level="debug") as made:
        here = remembered(made)
        for row in EVERY[sentence]:
            row.send(here)
        sent = here.sent | here.issued
    assert sent
    unwanted = needles(*sent)
    said = capfd.readouterr()
    assert '"level"' in said.err
    nowhere(unwanted, [("output", said.out.encode()), ("log", said.err.encode())])
    nowhere(unwanted, ((str(each), each.read_bytes()) for each in (tmp_path / "data").rglob("*") if each.is_file()))
    for answer in here.answers:
        nowhere(unwanted, [("an answer", answer.body + json.dumps(dict(answer.headers)).encode())])


def test_an_error_of_our_own_that_quotes_a_token_is_scrubbed_in_its_traceback(tmp_path, capfd):
    def unreadable(token: str) -> None:
        raise ValueError(f"cannot read {token}")

    async def broken(request: Any, _authority: Any) -> None:
        try:
            unreadable(request.evidence.token.value)
        except ValueError as error:
            raise LookupError(f"Authorization: Bearer {GUESSED} client_secret={GUESSED}") from error

    with wire(tmp_path / "data", log_level="debug") as made:
        here, front = remembered(made), made.runtime.front
        tokens = dataclasses.replace(front.tokens, exchange=broken)  # type: ignore[union-attr]
        made.runtime.front = dataclasses.replace(front, tokens=tokens)  # type: ignore[type-var]
        answer = here.post(here.form())
        assert answer.status == 500
    said = capfd.readouterr()
    assert "LookupError" in said.err
    unwanted = needles(*here.sent, GUESSED)
    nowhere(unwanted, [("log", said.err.encode()), ("output", said.out.encode()), ("answer", answer.body)])


# ── through every other entrance of a server ─────────────────────────────────────────────────────────────────────────


def through_graph(server, token, bearer):
    """The directory API: a token where it does not belong, beside the one that opens the door."""
    door = {"authorization": f"Bearer {bearer}"}
    for headers in (
        {"authorization": f"Bearer {token}"},
        {"authorization": token},
        {"cookie": f"access_token={token}"},
    ):
        yield server.http.get("/v1.0/applications", headers=headers)
        yield server.http.post("/v1.0/applications", headers=headers, json={"displayName": "x"})
    for path in (
        f"/v1.0/applications/{token}",
        f"/v1.0/applications(appId='{token}')",
        f"/beta/auditLogs/signIns/{token}",
        f"/v1.0/{token}",
        f"/v1.0/applications?$filter=displayName eq '{token}' and nothing eq 1",
        f"/v1.0/applications?$select={token}",
        f"/v1.0/applications?$skiptoken={token}",
        f"/beta/auditLogs/signIns?$filter=correlationId eq '{token}'",
        f"/beta/auditLogs/signIns?access_token={token}",
        *of_the_log(token),
    ):
        yield server.http.get(path, headers=door)
    yield server.http.post("/v1.0/applications", headers=door, content=token)
    yield server.http.post("/v1.0/applications", headers=door, json={token: token})
    yield server.http.post("/v1.0/applications", headers=door, json={"displayName": {"x": token}})
    trusts = f"/v1.0/applications(appId='{seed.WORKLOAD_ID}')/federatedIdentityCredentials"
    yield server.http.post(trusts, headers=door, json={"name": token, "issuer": token, "subject": token})
    yield server.http.post(
        "/v1.0/$batch", headers=door, json={"requests": [{"id": "1", "method": token, "url": token}]}
    )
    yield server.http.get("/v1.0/applications", headers={**door, "user-agent": token, "client-request-id": token})


def of_the_log(token):
    """Every question of the sign-in log, with a token where an answer is narrowed, goes on or is shaped."""
    summaries = "auditLogs/getSummarizedServicePrincipalSignIns"
    reports = ("appCredentialSignInActivities", "servicePrincipalSignInActivities")
    lists = ("auditLogs/signIns", f"{summaries}(aggregationWindow='d1')", *(f"reports/{each}" for each in reports))
    for path in (*lists, "accredit/credentialUsage", "accredit/signInHours"):
        yield f"/beta/{path}"
        for name in ("filter", "skiptoken", "select", "top", "count", "orderby", "expand"):
            yield f"/beta/{path}?${name}={token}"
        yield f"/beta/{path}?$filter=appId eq '{token}'"
    for name in ("userAgent", "accredit/assertion/subject", "uniqueTokenIdentifier", "id", "ipAddress"):
        yield f"/beta/auditLogs/signIns?$filter={name} eq '{token}'"
    for each in reports:
        yield f"/beta/reports/{each}/{token}"
    yield f"/beta/{summaries}(aggregationWindow='{token}')"
    yield f"/beta/auditLogs/signIns/$count?$filter=userAgent eq '{token}'"
    yield f"/beta/accredit/credentialUsage?$filter=appId eq '{seed.WORKLOAD_ID}'"


def where_secrets_belong(server, secret, bearer):
    """Where somebody puts a secret on purpose; anywhere else nobody can tell that a text is one."""
    door = {"authorization": f"Bearer {bearer}"}
    one = f"/v1.0/applications(appId='{seed.WORKLOAD_ID}')"
    yield server.http.get("/v1.0/applications", headers={"authorization": f"Bearer {secret}"})
    yield server.http.get("/v1.0/applications", headers={"authorization": f"Basic {secret}"})
    yield server.admin.get("/metrics", headers={"authorization": f"Bearer {secret}"})
    yield server.http.patch(one, headers=door, json={"passwordCredentials": [{"secretText": secret}]})
    yield server.http.post(f"{one}/addPassword", headers=door, json={"passwordCredential": {"secretText": secret}})
    for value in (secret, GUESSED):
        form = {**workload_form(""), "client_secret": value, "client_assertion_type": ""}
        yield server.token(TENANT, {**form, "scope": "nothing"})
        yield server.token(TENANT, {**form, "scope": "api://nobody/.default"})


def through_the_rest(server, token):
    """The resource manager, the admin listener, and what has no listener."""
    for headers in ({}, {"authorization": f"Bearer {token}"}):
        for path in ("/subscriptions", f"/subscriptions/{token}", f"/tenants?api-version={token}"):
            yield server.http.get(path, headers=headers)
        for path in (
            "/readyz",
            "/readyz?verbose",
            f"/readyz?x={token}",
            "/metrics",
            f"/metrics?x={token}",
            f"/{token}",
        ):
            yield server.admin.get(path, headers={**headers, "user-agent": token})
        yield server.admin.post("/readyz", headers=headers, content=token)


def minted(server, **overrides):
    body = {"dialect": "github", "params": {}, "overrides": {"actor": PERSON, "canary": UNNAMED, **overrides}}
    return server.http.post("/idp/_mint", json=body).json()["token"]


def through_the_command_line(server, tokens):
    """Commands beside the store, with the traceback of whatever goes wrong."""
    at = ("--local", "--data", str(server.data), "-vv")
    for token in tokens:
        for words in (
            ("explain", "-", "-a", "deploy-bot"),
            ("explain", "-", "--all", "--online", "--ready-file", str(server.ready_file)),
            ("token", "inspect", "-"),
            ("credential", "add", "deploy-bot", "--name", "copied", "--from-token", "-", "--dry-run"),
            ("app", "show", token),
            ("logs", "show", token),
            ("logs", "list", "--correlation", token),
            ("credential", "show", "deploy-bot", token),
        ):
            for output in ("table", "json"):
                yield ran(*words, "-o", output, *at, stdin=token)
    yield ran("secret", "list", "deploy-bot", *at)
    events = json.loads(ran("logs", "list", "-n", "500", "-o", "json", *at).out)
    assert len(events) >= 10
    for each in [*events[:3], *(each for each in events if each["nearest"])][:20]:
        for more in ((), ("-o", "json"), ("--suggest",)):
            yield ran("logs", "show", each["id"], *more, *at)
    for kind in ("jsonl", "loganalytics"):
        yield ran("logs", "export", "--to", "-", "--format", kind, *at)
    yield ran("audit", "list", "-o", "json", *at)
    for words in (("logs", "list", "-o", "csv"), ("logs", "stats"), ("logs", "usage"), ("db", "check")):
        yield ran(*words, *at)
    yield ran("db", "backup", str(server.data / "copy.db"), *at)
    yield ran("logs", "export", "--to", str(server.data / "all.parquet"), "--format", "parquet", *at)


def as_rows(parquet):
    """What a file of Parquet says, whose bytes are compressed."""
    with duckdb.connect(":memory:") as table:
        rows = table.execute("SELECT CAST(t AS VARCHAR) FROM read_parquet(?) AS t", [str(parquet)]).fetchall()
    assert len(rows) >= 10
    return repr(rows).encode()


@pytest.mark.parametrize("level", ["debug", "info"])
def test_through_every_other_entrance_nothing_leaks(tmp_path, monkeypatch, level):
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    with serving(tmp_path, "--explain-to-caller", ACCREDIT_LOG_LEVEL=level) as server:
        bot = seed.marked("application deploy-bot")
        server.administer(lambda by: tenants.update(by, seed.TENANT_ID, portability="extended"))
        server.administer(
            lambda by: credentials.add(by, bot, name="any", issuer=str(seed.GITHUB), expression=EXPRESSION)
        )
        secret = server.administer(lambda by: evidence.add_secret(by, bot)).value
        admin = {"client_id": str(seed.ADMIN_ID), "client_secret": seed.ADMIN_SECRET, "client_assertion_type": ""}
        graph = workload_form("", **admin, scope="https://graph.microsoft.com/.default")
        bearer = server.token(TENANT, graph).json()["access_token"]
        honest = minted(server)
        access = server.token(TENANT, workload_form(honest)).json()["access_token"]
        refused = [
            minted(server, **each)
            for each in (
                {"sub": "x"},
                {"sub": "repo:octo-org@1/r"},
                {"aud": "x"},
                {"iss": "https://x.example"},
                {"exp": 1},
            )
        ]
        tokens = [FOREIGN, honest, access, *refused]
        answers = [server.token(TENANT, workload_form(each)) for each in (*refused, FOREIGN)]
        answers += [
            server.token(TENANT, workload_form(honest, scope=f"api://{each}/.default")) for each in ("x", FOREIGN)
        ]
        assert {each.status_code for each in answers} == {400, 401}
        for token in tokens:
            answers += through_graph(server, token, bearer)
            answers += through_the_rest(server, token)
        answers += where_secrets_belong(server, secret, bearer)
        assert not [each for each in answers if each.status_code >= 500 and "/readyz" not in str(each.request.url)]
        ended = list(through_the_command_line(server, tokens))
        assert {each.code for each in ended} >= {0, 2, 3, 4}
        sent = needles(
            *tokens, bearer, secret, GUESSED, seed.ADMIN_SECRET, server.ready.get("control_token", ""), UNNAMED
        )
        assert (server.data / "copy.db").stat().st_size > 0
        nowhere(sent | {PERSON.encode()}, everything_kept(server))
        nowhere(sent | {PERSON.encode()}, [("parquet", as_rows(server.data / "all.parquet"))])
        nowhere(sent, ((str(each.request.url.path)[:60], said(each)) for each in answers))
        spoken = [(f"command {n}", (each.out + each.err).encode()) for n, each in enumerate(ended)]
        nowhere(needles(*tokens, bearer, seed.ADMIN_SECRET), spoken)


def said(answer):
    """What an answer says, without the link to where it was asked, which the client wrote itself."""
    text = answer.content + json.dumps(dict(answer.headers)).encode()
    return re.sub(rb'"@odata.context": ?"[^"]*"', b"", text)
