"""``accredit testing run -- COMMAND``: a command with an authority of its own."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from accredit.cli import run, testing

pytestmark = pytest.mark.slow

SHOW = "import json, os, pathlib; pathlib.Path('seen').write_text(json.dumps(dict(os.environ)))"
EXCHANGE = """
import json, os, ssl, urllib.parse, urllib.request
form = {
    "client_id": os.environ["AZURE_CLIENT_ID"],
    "client_assertion": open(os.environ["AZURE_FEDERATED_TOKEN_FILE"]).read(),
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "grant_type": "client_credentials",
    "scope": "api://orders/.default",
}
url = os.environ["AZURE_AUTHORITY_HOST"] + "/" + os.environ["AZURE_TENANT_ID"] + "/oauth2/v2.0/token"
with urllib.request.urlopen(url, urllib.parse.urlencode(form).encode()) as answer:
    assert json.load(answer)["access_token"].count(".") == 2
"""
WAIT = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))
print("up", flush=True)
time.sleep(50)
"""


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch, tmp_path) -> Path:
    """Keys are kept for the run, and commands run in a folder of their own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ran(*arguments: str) -> int:
    return run(["testing", "run", *arguments])


def test_the_environment_is_set_and_nothing_is_left(home, monkeypatch):
    monkeypatch.setenv("ACCREDIT_PROFILE", "elsewhere")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "of somebody else")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    before = dict(os.environ)
    assert ran("--", sys.executable, "-c", SHOW) == 0
    seen = json.loads((home / "seen").read_text())
    assert seen["ACCREDIT_URL"] == seen["AZURE_AUTHORITY_HOST"]
    assert seen["ACCREDIT_TENANT"] == seen["AZURE_TENANT_ID"]
    assert seen["HTTPS_PROXY"] == "http://proxy.example"
    assert "localhost" in seen["NO_PROXY"]
    assert not {"ACCREDIT_PROFILE", "AZURE_CLIENT_SECRET"} & set(seen)
    assert {"ACCREDIT_CLIENT_ID", "ACCREDIT_CLIENT_SECRET", "ACCREDIT_CONTROL_TOKEN", "NODE_EXTRA_CA_CERTS"} <= set(
        seen
    )
    assert not any(
        Path(seen[name]).exists() for name in ("ACCREDIT_CA_FILE", "AZURE_FEDERATED_TOKEN_FILE", "SSL_CERT_FILE")
    )
    assert dict(os.environ) == before


def test_the_workload_signs_in_and_the_exit_code_is_passed_on():
    assert ran("--", sys.executable, "-c", EXCHANGE) == 0
    assert ran("--", sys.executable, "-c", "import sys; sys.exit(42)") == 42
    assert ran(sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)") == 128 + signal.SIGKILL


def test_our_own_commands_act_there(capfd):
    program = (sys.executable, "-m", "accredit", "app", "list", "-o", "tsv", "-q", "[].displayName")
    assert ran("--", *program) == 0
    assert "deploy-bot" in capfd.readouterr().out.split()


def test_a_job_of_a_platform(home):
    assert ran("--job", "github", "--param", "environment=production", "--", sys.executable, "-c", SHOW) == 0
    seen = json.loads((home / "seen").read_text())
    assert seen["ACTIONS_ID_TOKEN_REQUEST_URL"].startswith(seen["ACCREDIT_URL"])
    assert "AZURE_FEDERATED_TOKEN_FILE" not in seen, "it is found where a cluster lays it, and would be taken first"


def test_a_job_is_on_one_platform(home, monkeypatch):
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "https://of.the.runner.example")
    monkeypatch.setenv("TFC_WORKLOAD_IDENTITY_TOKEN", "x")
    for dialect in ("gitlab", "aks"):
        assert ran("--job", dialect, "--", sys.executable, "-c", SHOW) == 0
        seen = json.loads((home / "seen").read_text())
        assert not {"ACTIONS_ID_TOKEN_REQUEST_URL", "TFC_WORKLOAD_IDENTITY_TOKEN"} & set(seen)
        assert ("AZURE_FEDERATED_TOKEN_FILE" in seen) == (dialect == "aks")


def test_a_job_that_cannot_be_is_said(capsys):
    rows = {
        ("--job", "githup"): "there is no dialect githup (did you mean github?)",
        ("--job", "github", "--param", "enviroment=x"): "no such parameter (did you mean environment?)",
        ("--param", "environment=x"): "--param is about a job",
    }
    for words, told in rows.items():
        assert ran(*words, "--", "true") == 2
        said = " ".join(capsys.readouterr().err.split())
        assert told in said
        assert "fault of accredit" not in said


def test_what_cannot_be_run_is_said(capsys, tmp_path):
    (tmp_path / "plain").touch(mode=0o644)
    assert ran("--", "no-such-command") == testing.NOT_THERE
    assert ran("--", str(tmp_path / "plain")) == testing.NOT_RUNNABLE
    assert ran() == 2
    said = capsys.readouterr().err
    assert "no-such-command cannot be run" in said
    assert "Permission denied" in said


def test_the_roots_that_the_machine_trusts_stay(home, monkeypatch):
    mine = home / "mine.pem"
    mine.write_text("# what this machine trusts\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(mine))
    text = "import os, pathlib; pathlib.Path('roots').write_text(pathlib.Path(os.environ['SSL_CERT_FILE']).read_text())"
    assert ran("--", sys.executable, "-c", text) == 0
    roots = (home / "roots").read_text()
    assert roots.startswith("-----BEGIN CERTIFICATE-----")
    assert roots.endswith("# what this machine trusts\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(home / "nowhere"))
    monkeypatch.setattr(testing.ssl, "get_default_verify_paths", lambda: type("Paths", (), {"cafile": None}))
    assert isinstance(testing._roots(), bytes)  # noqa: SLF001  where a machine has a folder of roots and no file


def test_the_token_is_renewed_meanwhile(home, monkeypatch):
    monkeypatch.setattr(testing, "RENEWED_EVERY", 0.3)
    text = """
import os, pathlib, time
file = pathlib.Path(os.environ["AZURE_FEDERATED_TOKEN_FILE"])
first, until = file.read_text(), time.monotonic() + 20
while file.read_text() == first:
    assert time.monotonic() < until
    time.sleep(0.05)
"""
    assert ran("--", sys.executable, "-c", text) == 0


IN_THE_WAY = """
import os, pathlib, time
token = pathlib.Path(os.environ["AZURE_FEDERATED_TOKEN_FILE"])
token.unlink()
(token / "x").mkdir(parents=True)
time.sleep(1)
"""


def test_a_command_goes_on_where_its_token_cannot_be_renewed(monkeypatch, capfd):
    monkeypatch.setattr(testing, "RENEWED_EVERY", 0.2)
    assert ran("--", sys.executable, "-c", IN_THE_WAY) == 0
    assert "the workload's token was not renewed: " in capfd.readouterr().err


def test_whoever_ends_it_ends_the_command_first():
    process = subprocess.Popen(
        [sys.executable, "-m", "accredit", "testing", "run", "--", sys.executable, "-c", WAIT], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    process.terminate()
    assert process.wait(30) == 9
    process.stdout.close()
