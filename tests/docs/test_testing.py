"""docs/testing.md: every program in it runs as it stands there, and every name in it exists."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from accredit.testing import authority, plugin

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/testing.md").read_text("utf-8")
PROGRAMS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^\$ (accredit testing run -- .*)$", PAGE, re.MULTILINE)


@pytest.mark.slow
@pytest.mark.clients
@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_a_program_runs(number, tmp_path, tmp_path_factory):
    text = PROGRAMS[number]
    file = tmp_path / (text.splitlines()[0].removeprefix("# ") if text.startswith("# test_") else "program.py")
    file.write_text(text)
    how = ("-m", "pytest", "-q", "-p", "no:cacheprovider") if file.name.startswith("test_") else ("-W", "error")
    ran = subprocess.run(
        [sys.executable, *how, file.name],
        cwd=tmp_path,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path_factory.getbasetemp() / "cache")},
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.slow
def test_the_commands_do_what_they_say(tmp_path_factory):
    said = []
    for each in COMMANDS:
        ran = subprocess.run(
            ["bash", "-c", each],
            env={
                **os.environ,
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "XDG_CACHE_HOME": str(tmp_path_factory.getbasetemp() / "cache"),
            },
            capture_output=True,
            text=True,
            timeout=55,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        said.append(ran.stdout)
    assert "deploy-bot" in said[0].split()
    assert '"token_endpoint"' in said[1]


def test_programs_were_found():
    assert len(PROGRAMS) >= 5
    assert "test_deployment.py" in PROGRAMS[0]


def test_every_fixture_is_in_the_table():
    table = re.findall(r"^\| `(\w+)` \| (?:session|function) \|", PAGE, re.MULTILINE)
    made = [name for name, each in vars(plugin).items() if type(each).__name__ == "FixtureFunctionDefinition"]
    assert sorted(table) == sorted(made)


def test_every_document_that_it_names_exists():
    links = re.findall(r"\]\(([^)#:]+)\)", PAGE)
    assert [each for each in links if not (ROOT / "docs" / each).exists()] == []


def test_it_begins_with_what_the_package_says():
    assert authority.__doc__
    assert "from accredit.testing import authority" in PAGE
