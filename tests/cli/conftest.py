"""The command line, run in this process against the directory of an emulator that has served two requests."""

import contextlib
import io
import json
import os
import re
import shutil
import ssl
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from accredit.cli import run
from accredit.cli.idp import post_mint
from accredit.cli.stage import Stage, opened
from tests.support.emulator import Emulator

JOB = {"repository": "octo-org/octo-repo", "repository_owner_id": "123456", "repository_id": "456789"}
LIFETIME = {"lifetime": "86400"}  # seconds: tests may be slow
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def undo(self) -> str:
        found = re.search(r"undo: (accredit .*)$", self.err, re.MULTILINE)
        assert found, self.err
        return found[1]


@dataclass(frozen=True, slots=True)
class Served:
    """What an emulator left behind, and tokens of its test issuer."""

    data: Path
    tokens: Mapping[str, str]
    jwks: str
    requests: Mapping[str, str]  # request ids: granted, refused


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Served:
    """One real server: a granted request, a refused one, and its directory after it has stopped."""
    kept = tmp_path_factory.mktemp("served") / "data"
    with opened(0) as stage:
        tokens = {
            "production": minted(stage, {"environment": "production"}),
            "main": minted(stage, {"environment": None, "branch": "main"}),
            "altered": minted(stage, {"environment": "production"}, faults=["bad_signature"]),
            "expired": minted(stage, {"environment": "production"}, faults=["expired"]),
            "drifted": minted(stage, {"environment": "production"}, overrides={"billing": {"plan": "free"}}),
            "stranger": minted(stage, {"environment": "production"}, overrides={"iss": "https://stranger.example"}),
        }
        requests = {"granted": asked(stage, tokens["production"]), "refused": asked(stage, tokens["main"])}
        idp = urlsplit(str(stage.ready["idp_url"])).path
        discovery = json.loads(fetched(stage, "GET", f"{idp}/github/.well-known/openid-configuration")[1])
        jwks = fetched(stage, "GET", urlsplit(discovery["jwks_uri"]).path)[1].decode()
        stage.process.terminate()
        stage.wait()
        shutil.copytree(stage.data, kept)
    return Served(kept, tokens, jwks, requests)


def minted(stage: Stage, params: Mapping[str, object], **more: object) -> str:
    body: dict[str, Any] = {"dialect": "github", "params": {**JOB, **params}, "times": {"exp": 86_400}, **more}
    return str(post_mint(str(stage.ready["idp_url"]), str(stage.ready["ca_file"]), body)["token"])


def asked(stage: Stage, token: str) -> str:
    """Ask for an access token, and return the request's id."""
    return requested(stage, token)[0]["x-ms-request-id"]


def requested(stage: Stage, token: str) -> tuple[Mapping[str, str], bytes]:
    """Ask for an access token as any HTTP client does."""
    form = {
        "grant_type": "client_credentials",
        "client_id": stage.client_id,
        "client_assertion_type": JWT_BEARER,
        "client_assertion": token,
        "scope": "api://orders/.default",
    }
    return fetched(stage, "POST", f"/{stage.tenant_id}/oauth2/v2.0/token", urlencode(form))


def fetched(stage: Stage, method: str, path: str, body: str | None = None) -> tuple[Mapping[str, str], bytes]:
    address = urlsplit(stage.url)
    context = ssl.create_default_context(cafile=str(stage.ready["ca_file"]))
    connection = HTTPSConnection(address.hostname or "", address.port, timeout=10, context=context)
    with contextlib.closing(connection):
        connection.request(method, path, body, {"Content-Type": "application/x-www-form-urlencoded"} if body else {})
        answer = connection.getresponse()
        return {name.lower(): value for name, value in answer.getheaders()}, answer.read()


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of the machine, nobody signed in anywhere, 80 columns, no colour."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home/config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home/cache"))
    for name in [each for each in os.environ if each.startswith("ACCREDIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("CLICOLOR_FORCE", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture
def data(served: Served, tmp_path: Path) -> Path:
    """A copy of the directory, for one test."""
    copied = tmp_path / "data"
    shutil.copytree(served.data, copied)
    return copied


Cli = Callable[..., Ran]


@pytest.fixture
def bare() -> Cli:
    """Run a command line as it stands."""
    return ran


@pytest.fixture
def cli(data: Path) -> Cli:
    """Run a command on the copy of the directory."""

    def on_data(*words: str, stdin: str = "") -> Ran:
        return ran(*words, "--data", str(data), stdin=stdin)

    return on_data


@pytest.fixture
def ready(emulator: Emulator, tmp_path: Path) -> str:
    """The ready file of a running emulator."""
    path = tmp_path / "ready.json"
    path.write_text(json.dumps(emulator.ready))
    return str(path)


@pytest.fixture
def signed_in(bare: Cli, ready: str) -> None:
    """Be signed in there, as its administrator."""
    ended = bare("login", "--ready-file", ready, "--name", "dev")
    assert ended.code == 0, ended.err


def ran(*words: str, stdin: str = "") -> Ran:
    out, err = io.StringIO(), io.StringIO()
    before, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(words)
    finally:
        sys.stdin = before
    return Ran(code, out.getvalue(), err.getvalue())


def steady(text: str) -> str:
    """Replace what differs from run to run by something as broad."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", "2026-11-23 12:34:56Z", text)
    text = re.sub(r"emulator-[\w-]{27}", "emulator-" + "k" * 27, text)
    return re.sub(r"\b\d{4}-\d\d-\d\dT[\d:]{8}Z", "2026-11-23T12:34:56Z", text)
