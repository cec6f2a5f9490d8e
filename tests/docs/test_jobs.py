"""docs/jobs.md: every platform that is played is there, with what proves it."""

import re
from pathlib import Path

from accredit.testidp.native.catalogue import PLATFORMS
from tests.testidp.native.asking import platforms

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/jobs.md").read_text("utf-8")
ROWS = [line.split("|")[1:5] for line in PAGE.splitlines() if line.startswith("| `")]


def test_every_platform_has_its_row():
    assert sorted(re.findall(r"`(\w+)`", "".join(row[0] for row in ROWS))) == sorted(
        dialect for each in PLATFORMS for dialect in each.dialects
    )


def test_what_proves_a_platform_is_there_and_names_it():
    for dialects, _, _, proof in ROWS:
        named = re.findall(r"`(\w+)`", dialects)
        for test in re.findall(r"\(([^)]*)\)", proof):
            text = (ROOT / "docs" / test).read_text("utf-8")
            assert any(f'"{each}"' in text or f"{each}=" in text for each in named), test


def test_variables_that_are_named_are_those_of_a_job(tmp_path):
    natives = platforms()
    for dialects, _, surroundings, _ in ROWS:
        named = {each for each in re.findall(r"`([A-Z_]+)`", surroundings) if not each.endswith("_")}
        found = set()
        for each in re.findall(r"`(\w+)`", dialects):
            environment = natives.begin({"dialect": each})[1]
            found |= {*environment.written(tmp_path / each)}
        assert named <= found, dialects
