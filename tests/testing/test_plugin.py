"""The plugin as pytest loads it: what it imports, what a failing test tells, and an authority that runs elsewhere."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

FAILING = """
import pytest
from accredit.testing.application import NotGranted

def test_refused(accredit_app, accredit_idp):
    accredit_app.trust_github(environment="production")
    accredit_app.token("api://orders/.default", assertion=accredit_idp.github(branch="main", environment=None))

def test_nothing_was_asked(accredit_app):
    assert False

def test_nothing_of_it_is_used():
    assert False

def test_gone(accredit_tenant):
    place = accredit_tenant._place
    accredit_tenant._place = None
    yielded = accredit_tenant.idp._place
    assert (place is not yielded)

def test_passed(accredit_app, azure_environment):
    accredit_app.trust_github(environment="production")
    with azure_environment(accredit_app) as variables:
        print("AT", variables["AZURE_AUTHORITY_HOST"])
"""
LOADED = """
import sys
def test_what_was_imported():
    heavy = ("accredit", "cryptography", "httpx2", "msgspec")
    print("LOADED", sorted(each for each in sys.modules if each.startswith(heavy)))
"""
pytestmark = pytest.mark.slow

PLAIN = ("-p", "no:cacheprovider", "-p", "no:randomly", "-rA", "--color=no")


ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "accredit.testing.plugin"}


def pytested(folder: Path, text: str, *options: str, **more: str) -> "subprocess.CompletedProcess[str]":
    (folder / "test_it.py").write_text(text)
    return subprocess.run(
        [sys.executable, "-m", "pytest", *PLAIN, *options, "test_it.py"],
        cwd=folder,
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )


def test_a_failing_test_tells_of_its_last_request(cache, tmp_path):
    ran = pytested(tmp_path, FAILING, **ALONE)
    assert "4 failed, 1 passed" in ran.stdout, ran.stdout + ran.stderr
    sections = re.findall(r"-+ accredit: the last request for a token -+\n((?:(?![-_=]{5}).*\n)+)", ran.stdout)
    assert len(sections) == 2
    assert sections[0].startswith("AADSTS700213 (HTTP 401)")
    assert "fix   the job has no `environment: production`; add it to the job" in sections[0]
    assert sections[1].startswith("(cannot be told: AttributeError")  # the test's own failure is not lost for that
    assert "assert place is not yielded" in ran.stdout or "assert (place is not yielded)" in ran.stdout


def test_it_imports_nothing_before_a_fixture_is_used(tmp_path):
    ran = pytested(tmp_path, LOADED, "-p", "no:schemathesis", COVERAGE_PROCESS_START="")
    found = re.search(r"^LOADED \[(.*)\]$", ran.stdout, re.MULTILINE)
    assert found is not None, ran.stdout
    names = found[1].replace("'", "").split(", ")
    assert names == ["accredit", "accredit._version", "accredit.testing", "accredit.testing.plugin"]


def named(served, tmp_path: Path) -> list[tuple[tuple[str, ...], Mapping[str, str]]]:
    ready = tmp_path / "ready.json"
    ready.write_text(json.dumps(dict(served.ready)))
    around = {"ACCREDIT_CA_FILE": served.ca_file, "ACCREDIT_CONTROL_TOKEN": str(served.ready["control_token"])}
    return [
        ((f"--accredit-ready-file={ready}",), {}),
        ((f"--accredit-url={served.url}",), around),
    ]


@pytest.mark.parametrize("number", [0, 1], ids=["by its ready file", "by its address"])
def test_it_uses_an_authority_that_runs_elsewhere(number, served, tmp_path):
    options, variables = named(served, tmp_path)[number]
    ran = pytested(tmp_path, FAILING, *options, **variables, **ALONE)
    assert "4 failed, 1 passed" in ran.stdout, ran.stdout + ran.stderr
    assert f"AT {served.url}\n" in ran.stdout
    assert "AADSTS700213 (HTTP 401)" in ran.stdout


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--accredit-url=https://localhost:1", "needs the emulator's control token in ACCREDIT_CONTROL_TOKEN"),
        ("--accredit-ready-file=nowhere.json", "nowhere.json: no ready file of an emulator"),
    ],
)
def test_what_it_cannot_use_is_said(option, told, tmp_path):
    ran = pytested(tmp_path, FAILING, option, ACCREDIT_CONTROL_TOKEN="", **ALONE)
    assert told in ran.stdout
    assert "4 errors" in ran.stdout
