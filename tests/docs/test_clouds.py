"""docs/clouds.md: its table is what jobs find around themselves, and what it points at is there."""

import re
from pathlib import Path

from accredit.client.sources.registry import known
from accredit.testidp.native.aws import EXAMPLE_KEY, LARGEST
from tests.testidp.native.asking import platforms

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "clouds.md").read_text("utf-8")


def test_the_variables_of_its_table_are_those_of_jobs():
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|.*\| `(\w+)` \|$", TEXT, re.MULTILINE)
    assert [dialect for dialect, _, _ in rows] == ["aws", "google", "entra", "fly"]
    for dialect, variables, source in rows:
        _, environment = platforms().begin({"dialect": dialect})
        assert set(re.findall(r"`(\w+)`", variables)) == {*environment.variables, *environment.paths}, dialect
        assert known(source).name == source


def test_what_it_names_is_there():
    assert EXAMPLE_KEY in TEXT
    assert f"{LARGEST // 1_024} KiB" in TEXT
    for target in re.findall(r"\]\(([^)#]+)", TEXT):
        assert (DOCS / target).is_file(), target
