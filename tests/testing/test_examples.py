"""The sample project: its tests use the plugin and nothing else, alone and in parallel. How long they take: B11."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2] / "examples/orders"
PLAIN = ("-p", "accredit.testing.plugin", "-p", "xdist.plugin", "-p", "no:cacheprovider", "-q", "-W", "error")


@pytest.mark.slow
@pytest.mark.clients
@pytest.mark.parametrize("workers", [0, 2], ids=["alone", "in parallel"])
def test_the_sample_project(workers, cache):
    measured = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST"))}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *PLAIN, "-n", str(workers)],
        cwd=PROJECT,
        env={**measured, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert int(re.findall(r"(\d+) passed", ran.stdout)[0]) >= 12


def test_it_uses_the_plugin_and_nothing_else():
    text = "".join(each.read_text("utf-8") for each in PROJECT.rglob("*.py"))
    assert "accredit.testing" not in text
    assert not list(PROJECT.rglob("conftest.py"))
    assert not re.search(r"\b(mock|monkeypatch|patch)\b", text)
