"""docs/token-sources.md: its table is what the registry says, and its words are those of the program."""

import runpy
from pathlib import Path

from accredit.cli.token_forms import NAMES
from accredit.cli.token_options import FORMATS, SOURCES

REPOSITORY = Path(__file__).parents[2]
DOCUMENT = (REPOSITORY / "docs/token-sources.md").read_text("utf-8")


def test_the_table_is_the_registry_s(capsys):
    current = runpy.run_path(str(REPOSITORY / "scripts/source_table.py"))["main"]("--check")
    assert current == 0, f"run scripts/source_table.py\n{capsys.readouterr().out}"


def test_every_source_format_and_variable_is_in_it():
    words = [*(f"`{each}`" for each in (*SOURCES, *FORMATS)), *NAMES.values()]
    assert [each for each in words if each not in DOCUMENT] == []
