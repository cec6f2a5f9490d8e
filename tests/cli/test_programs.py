"""The program as a process: what it imports, what it costs, how it starts, serves, shows itself, and ends."""

import json
import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from accredit.cli import demo as demonstration
from accredit.cli.stage import opened
from tests.cli.conftest import minted, requested

HEAVY = ("sqlalchemy", "alembic", "uvicorn", "azure", "httpx2", "starlette", "structlog")
TOKEN = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.eyJpc3MiOiJodHRwczovL3guZXhhbXBsZSIsInN1YiI6InMifQ.AAAA"
LIGHT = {
    "help": ("--help",),
    "help of a noun": ("credential", "--help"),
    "help of a verb": ("explain", "--help"),
    "help of a code": ("help", "AADSTS700213"),
    "a token": ("token", "inspect", TOKEN),
    "the version": ("version",),
    "a wrong command": ("nonsense",),
    "a dialect": ("idp", "dialects", "github"),
}


def test_a_list_needs_no_sqlalchemy(data):
    program = (
        "import sys\nfrom accredit.cli import run\n"
        f"run(('app', 'list', '--data', {str(data)!r}))\n"
        "print('sqlalchemy' in sys.modules, file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stderr.splitlines()[-1] == "False"
    assert "deploy-bot" in ended.stdout


@pytest.mark.parametrize("name", LIGHT)
def test_what_needs_no_server_imports_none(name):
    program = (
        "import sys\nfrom accredit.cli import run\n"
        f"run({LIGHT[name]!r})\n"
        f"print([each for each in {HEAVY!r} if each in sys.modules], file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stderr.splitlines()[-1] == "[]"


def test_the_module_is_the_program():
    ended = subprocess.run([sys.executable, "-m", "accredit", "version"], capture_output=True, text=True, check=True)
    assert ended.stdout.startswith("accredit ")


def test_nothing_said_is_help_and_exit_code_2(bare):
    ended = bare()
    assert (ended.code, "Usage: accredit" in ended.err) == (2, True)


def test_a_reader_that_leaves_is_no_failure(data):
    program = f"{sys.executable} -m accredit sp list -o json --data {data} | head -c 1"
    ended = subprocess.run(["bash", "-c", f"set -o pipefail; {program}"], capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.stderr) == ("[", "")


def test_init_makes_a_directory_for_production(bare, tmp_path):
    folder = tmp_path / "made"
    where = ("--data", str(folder))
    made = bare("init", "--domain", "corp.test", "--well-known", "graph", *where, "-o", "json")
    assert made.code == 0, made.err
    assert made.json["tenant"]["verifiedDomains"] == [{"name": "corp.test", "isDefault": True}]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in (folder / "accredit.db", folder / "master.key"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert bare("tenant", "show", *where, "-q", "displayName").out == "corp.test\n"
    assert bare("sp", "list", *where, "-q", "[].displayName").out == "Microsoft Graph\n"
    assert len(bare("keys", "list", *where, "-o", "json").json) == 2
    assert "emulator" not in bare("keys", "list", *where).out


def test_init_overwrites_nothing(bare, tmp_path):
    where = ("--data", str(tmp_path / "made"))
    assert bare("init", "--domain", "corp.test", *where).code == 0
    before = {each.name: each.read_bytes() for each in (tmp_path / "made").iterdir()}
    again = bare("init", "--domain", "other.test", *where)
    assert (again.code, "exists already" in " ".join(again.err.split())) == (5, True)
    assert {each.name: each.read_bytes() for each in (tmp_path / "made").iterdir()} == before


def test_the_database_says_its_schema(cli):
    status = cli("db", "status", "-o", "json")
    assert (status.code, status.json["isCurrent"]) == (0, True)
    upgraded = cli("db", "upgrade")
    assert (upgraded.code, upgraded.err) == (0, "Nothing to do.\n")


def test_an_empty_database_is_upgraded(bare, tmp_path):
    sqlite3.connect(tmp_path / "accredit.db").close()
    where = ("--data", str(tmp_path))
    before = bare("db", "status", *where, "-o", "json")
    assert (before.code, before.json["schema"]) == (3, "none")
    upgraded = bare("db", "upgrade", *where, "-o", "json")
    assert (upgraded.code, upgraded.json["isCurrent"]) == (0, True)
    assert bare("db", "status", *where).code == 0


def started(*words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "accredit", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("ACCREDIT_")},
    )


def appeared(path: Path, process: "subprocess.Popen[str]") -> None:
    until = time.monotonic() + 30
    while not path.exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    assert path.exists()


@pytest.mark.slow
def test_an_emulator_serves_mints_sees_changes_and_drains(bare, tmp_path):
    ready, where = tmp_path / "ready.json", ("--data", str(tmp_path / "data"))
    process = started("serve", "--profile", "emulator", "--port", "0", *where, "--ready-file", str(ready))
    try:
        appeared(ready, process)
        told = json.loads(ready.read_bytes())
        assert stat.S_IMODE(ready.stat().st_mode) == 0o600
        mint = ("idp", "mint", "github", "--ready-file", str(ready), "--param", "environment=null")
        token = bare(*mint, "--param", "branch=main", "--override", "extra=[1]", "--header", 'x="y"')
        assert token.code == 0, token.err
        shown = bare("token", "inspect", "-", "-o", "json", stdin=token.out).json
        assert (shown["claims"]["extra"], shown["header"]["x"]) == ([1], "y")
        by_url = bare("idp", "mint", "--url", told["url"], "--ca-file", told["ca_file"], "-o", "json")
        assert by_url.json["claims"]["iss"] == "https://token.actions.githubusercontent.com"
        assert bare("idp", "mint", "--url", told["url"]).code == 7
        wrong = bare("idp", "mint", "nowhere", "--ready-file", str(ready))
        assert (wrong.code, "ACC1004" in wrong.err) == (2, True)
        fault = bare("idp", "mint", "--ready-file", str(ready), "--fault", "no_such_fault")
        assert (fault.code, "ACC1005" in fault.err) == (2, True)
        assert bare("app", "list", *where).code == 0
    finally:
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    for text in (
        told["url"],
        f"{told['url']}/portal",
        told["ca_file"],
        told["tenant_id"],
        told["workload"]["client_id"],
        "prove nothing",
    ):
        assert text in err
    assert not ready.exists()


def test_serve_refuses_what_is_not_there(bare, tmp_path):
    ended = bare(
        "serve", "--data", str(tmp_path), "--public-url", "https://sts.example", "--port", "0", "--admin-port", "0"
    )
    assert (ended.code, "ACC4002" in ended.err) == (4, True)
    outside = bare("serve", "--profile", "emulator", "--host", "192.0.2.1", "--port", "0")
    assert (outside.code, "loopback only" in outside.err) == (2, True)


@pytest.mark.slow
def test_the_demo_holds_at_80_columns_and_leaves_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")
    process = started("demo", "--once", "--port", "0")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, ""), out + err
    steps = ("1  Trust", "2  Exchange", "3  Refusal", "4  Sign-in events", "5  Portal")
    for text in (*steps, "AADSTS700213", "/portal/link/", "Every step held."):
        assert text in out
    assert "NOT SO" not in out
    assert "Nobody has proven" not in out
    assert out.count("✓") > 15
    assert not re.search(r"eyJ[\w-]{20,}\.", out)  # no token is printed
    assert "\x1b" not in out
    copied = (
        str(tmp_path),
        " GET https://",
        "/portal/link/",
        " run         accredit ",
    )  # paths, addresses and commands stay whole
    long = [each for each in out.splitlines() if len(each) > 80 and not any(one in each for one in copied)]
    assert long == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_runs_until_it_is_stopped_and_removes_what_it_made(monkeypatch, tmp_path, how):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    process = started("demo", "--port", "0")
    try:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "which stops it and removes" in line:
                break
        assert any(each.name.startswith("accredit-demo-") for each in tmp_path.iterdir())
        assert_the_hints_work(lines, tmp_path / "token")
    finally:
        process.send_signal(how)
        out, err = process.communicate(timeout=40)
    assert (process.returncode, err) == (0, ""), "".join(lines) + out
    assert "Stopped and removed." in out
    assert list(tmp_path.iterdir()) == []


def assert_the_hints_work(lines, token):
    """Run what the demo proposes to try, in the order in which it stands there."""
    hints = [each.strip() for each in lines if re.match(r"     \S*accredit ", each)]
    assert [each.split()[1:3] for each in hints] == [["idp", "mint"], ["explain", "@token"], ["logs", "list"]]
    mint, explained, listed = (each.replace("> token", f"> {token}").replace("@token", f"@{token}") for each in hints)
    tried = subprocess.run(
        ["bash", "-ec", f"{mint}\n{explained} || test $? -eq 3\n{listed}"], capture_output=True, text=True, check=False
    )
    assert tried.returncode == 0, tried.stderr
    assert "AADSTS700213" in tried.stdout
    assert "✓ Signature" in tried.stdout
    token.unlink()


@pytest.mark.slow
def test_the_demo_fails_when_a_step_does_not_hold(bare, monkeypatch):
    monkeypatch.setattr(demonstration, "ROLE", "Orders.Write.All")
    ended = bare("demo", "--once", "--port", "0")
    assert ended.code == 1
    assert "✗ NOT SO:" in ended.out
    assert "checks did not hold" in ended.out


@pytest.mark.slow
def test_a_change_holds_for_the_next_request_of_a_running_server(bare):
    with opened(0) as stage:
        token = minted(stage, {"environment": None, "branch": "main"})
        claims = bare("token", "inspect", "-", "-o", "json", stdin=token).json["claims"]
        assert answered(stage, token) == "700213"
        trust = ("--issuer", claims["iss"], "--subject", claims["sub"])
        assert bare("credential", "add", "deploy-bot", "--name", "main", *trust, *stage.options).code == 0
        assert answered(stage, token) == "granted"
        assert bare("sp", "disable", "deploy-bot", *stage.options).code == 0
        assert answered(stage, token) == "7000112"
        assert bare("sp", "enable", "deploy-bot", *stage.options).code == 0
        assert bare("issuer", "block", claims["iss"], *stage.options).code == 0
        assert answered(stage, token) not in {"granted", "7000112"}
        listed = bare("logs", "list", *stage.options, "-o", "json").json
    assert [each["status"]["errorCode"] for each in listed][1:] == [7000112, 0, 700213]


def answered(stage, token):
    """Ask for an access token, and return `granted` or the refusal's number."""
    _, body = requested(stage, token)
    found = json.loads(body)
    return "granted" if "access_token" in found else str(found["error_codes"][0])
