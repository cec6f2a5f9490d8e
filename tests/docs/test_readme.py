"""Every command of the README, run as it stands there, in order, in an empty folder."""

import os
import re
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from accredit.cli import run
from tests.forge import AUDIENCE, ISSUER, assemble

README = Path(__file__).parents[2] / "README.md"
CONSOLE = re.compile(r"^\$ (accredit (?:explain|lint) .*)\n((?:(?!\$ |```).*\n)+)", re.MULTILINE)
SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)

# Whatever the README starts in the background ends with it; a step that fails ends all of it.
BEFORE = "set -eu\ntrap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.slow
def test_every_command_of_the_readme_does_what_it_says(tmp_path: Path) -> None:
    blocks = SHELL.findall(README.read_text("utf-8"))
    assert len(blocks) >= 4
    script = BEFORE + "\n".join(blocks).replace("8443", str(free_port()))
    script += "\nwait\n"  # the emulator has been told to stop
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ACCREDIT_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**kept, "PATH": path, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Orders.Read.All" in ran.stdout
    assert "AADSTS700213" in ran.stdout
    assert "add `environment: production` to the job" in " ".join(ran.stdout.split())
    assert "github-main" in ran.stdout
    assert "granted" in ran.stdout
    assert '"error":"invalid_client"' in ran.stdout.replace(" ", "")
    assert "✓ Signature" in ran.stdout
    log = ran.stdout[ran.stdout.index("Request ID") :]
    assert ("granted" in log, "AADSTS700213" in log) == (True, True)


EXPORT = """[
  {
    "audiences": ["api://AzureADTokenExchange"],
    "issuer": "https://token.actions.githubusercontent.com",
    "name": "main",
    "subject": "repo:octo-org/octo-repo:ref:refs/heads/main"
  }
]
"""


@pytest.mark.parametrize(("page", "shown"), [("README.md", 2), ("docs/explain.md", 1), ("docs/lint.md", 1)])
def test_what_is_shown_of_explain_and_lint_is_what_they_say(
    page: str, shown: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = int(time.time())
    said = {"iss": ISSUER, "sub": "repo:octo-org@123456/octo-repo@456789:ref:refs/heads/main", "aud": AUDIENCE}
    token = assemble({"alg": "RS256", "kid": "k1", "typ": "JWT"}, {**said, "iat": now, "nbf": now, "exp": now + 300})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN", token)
    monkeypatch.setenv("COLUMNS", "100")
    Path("trusts.json").write_text(EXPORT, "utf-8")
    found = CONSOLE.findall((README.parent / page).read_text("utf-8"))
    assert len(found) == shown
    for command, lines in found:
        assert run(shlex.split(command)[1:]) == 3
        assert capsys.readouterr().out.startswith(lines)


def test_the_readme_stays_short_and_begins_with_the_two_commands() -> None:
    lines = README.read_text("utf-8").splitlines()
    assert len(lines) < 150
    assert {"make demo", "make test"} <= {line[2:].split("  ")[0] for line in lines[:12] if line.startswith("$ ")}


def test_every_document_that_the_readme_names_exists() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README.read_text("utf-8"))
    assert links
    assert [link for link in links if not (README.parent / link).exists()] == []
