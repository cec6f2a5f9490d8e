"""docs/test-issuer.md: its tables are those of today, what it shows works, and what it points at is there."""

import json
import re
import runpy
from pathlib import Path

from tests.testidp.workbench import shared

REPOSITORY = Path(__file__).parents[2]
DOCUMENT = REPOSITORY / "docs/test-issuer.md"


def test_its_tables_say_what_the_dialects_are(capsys):
    current = runpy.run_path(str(REPOSITORY / "scripts/dialect_tables.py"))["main"]("--check")
    assert current == 0, f"run scripts/dialect_tables.py\n{capsys.readouterr().out}"


def test_the_request_that_it_shows_is_met():
    (shown,) = re.findall(r"--json '(.+)'", DOCUMENT.read_text("utf-8"))
    claims = shared().mint(json.loads(shown)).claims
    assert claims["sub"] == "project_path:my-group/my-project:ref_type:tag:ref:v1"


def test_the_samples_that_it_names_exist():
    text = DOCUMENT.read_text("utf-8").partition("## Samples")[2].partition("## Instances")[0]
    named = set(re.findall(r"`([a-z]+_[a-z_]+)`", text)) - {"project_path"}
    assert len(named) == 4
    for name in named:
        assert shared().mint({"dialect": name.partition("_")[0], "sample": name}).token


def test_every_client_that_it_names_has_its_test():
    named = set(re.findall(r"\]\(\.\./(tests/[^)]+)\)", DOCUMENT.read_text("utf-8")))
    assert named
    assert {each for each in named if not (REPOSITORY / each).is_file()} == set()
