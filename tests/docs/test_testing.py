"""docs/testing.md: every program in it runs as it stands there, and every name in it exists."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from accredit.cli import run
from accredit.testing import authority, plugin
from accredit.testing.application import NotGranted

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/testing.md").read_text("utf-8")
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
PROGRAMS = PYTHON.findall(PAGE)
README = PYTHON.findall((ROOT / "README.md").read_text("utf-8"))
COMMANDS = re.findall(r"^\$ (accredit testing run -- .*)$", PAGE, re.MULTILINE)


@pytest.fixture
def cache(tmp_path_factory, monkeypatch) -> None:
    """Keys are kept for the run, and not at home."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.mark.slow
@pytest.mark.clients
@pytest.mark.parametrize("number", [each for each, text in enumerate(PROGRAMS) if not text.startswith("# test_")])
def test_a_program_runs(number, cache):
    exec(compile(PROGRAMS[number], f"docs/testing.md, program {number}", "exec"), {"__name__": "__main__"})  # noqa: S102


@pytest.mark.slow
@pytest.mark.clients
def test_the_tests_pass(cache, tmp_path):
    (tmp_path / PROGRAMS[0].splitlines()[0].removeprefix("# ")).write_text(PROGRAMS[0])
    (tmp_path / "test_readme.py").write_text(README[0])
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{1 + PROGRAMS[0].count('def test_')} passed" in ran.stdout


@pytest.mark.slow
def test_the_commands_do_what_they_say(cache, monkeypatch, capfd):
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    said = []
    for each in COMMANDS:
        assert run(shlex.split(each)[1:]) == 0
        said.append(capfd.readouterr().out)
    assert "deploy-bot" in said[0].split()
    assert '"token_endpoint"' in said[1]


@pytest.mark.slow
def test_what_a_failing_test_tells_is_what_is_shown(cache):
    with authority() as found:
        app = found.application("deploy-bot")
        app.trust_github(environment="production")
        with pytest.raises(NotGranted):
            app.token("api://orders/.default", assertion=app.assertion(environment=None, branch="main"))
        told = found.explanation()
    varies = re.compile(r"client [0-9a-f…-]+|at [0-9:]{8} UTC|sign-in [0-9a-f…-]+")
    shown = re.findall(r"^-+ accredit: the last request for a token -+\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert varies.sub("…", shown[0]).splitlines() == varies.sub("…", told).splitlines()


def test_programs_were_found():
    assert len(PROGRAMS) >= 5
    assert len(README) == 1
    assert "test_deployment.py" in PROGRAMS[0]


def test_every_fixture_is_in_the_table():
    table = re.findall(r"^\| `(\w+)` \| (?:session|function) \|", PAGE, re.MULTILINE)
    made = [name for name, each in vars(plugin).items() if type(each).__name__ == "FixtureFunctionDefinition"]
    assert sorted(table) == sorted(made)


def test_every_document_that_it_names_exists():
    links = re.findall(r"\]\(([^)#:]+)\)", PAGE)
    assert [each for each in links if not (ROOT / "docs" / each).exists()] == []
