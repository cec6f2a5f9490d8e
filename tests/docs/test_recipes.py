"""docs/recipes: what the pages show is what the suite runs, and what it does not run is marked."""

import re
import runpy
from pathlib import Path

import pytest

from accredit.tokens.keys import EMULATOR_KID

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs/recipes").glob("*.md"))
TEXTS = {each.name: each.read_text("utf-8") for each in PAGES}
CODE = [each for each in (ROOT / "examples/recipes").rglob("*") if each.suffix in {".py", ".mjs"}]
BLOCK = re.compile(r"^```(\w+)\n.*?^```$", re.MULTILINE | re.DOTALL)
RUN = {"sh"}  # run as they stand, where a page has any
LOOKED_AT = {"text"}  # a sketch


def test_the_code_is_that_of_the_files(capsys):
    current = runpy.run_path(str(ROOT / "scripts/recipe_code.py"))["main"]("--check")
    assert current == 0, f"run scripts/recipe_code.py\n{capsys.readouterr().out}"


def test_every_file_of_a_recipe_is_shown():
    shown = {name for text in TEXTS.values() for name in re.findall(r"^<!-- file: (\S+) -->$", text, re.MULTILINE)}
    assert shown == {str(each.relative_to(ROOT)) for each in CODE}


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_not_run_is_marked(name):
    end, unmarked = 0, []
    for block in BLOCK.finditer(TEXTS[name]):
        said, end = TEXTS[name][end : block.start()].rpartition("\n## ")[2], block.end()
        run = block[1] in RUN | LOOKED_AT or said.rstrip().endswith("-->")
        if not run and "not executed" not in said.lower().replace("\n", " "):
            unmarked.append(block[0])
    assert unmarked == []


def test_every_page_is_in_the_table_and_every_link_leads_somewhere():
    linked = set(re.findall(r"\]\(([\w.-]+\.md)\)", TEXTS["README.md"]))
    assert linked == set(TEXTS) - {"README.md"}
    for each in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)", TEXTS[each.name]):
            assert (each.parent / target).exists(), f"{each.name}: {target}"


def test_the_mark_of_an_emulator_is_the_one_that_is_checked():
    code = {str(each.relative_to(ROOT)): each.read_text("utf-8") for each in CODE}
    checking = {
        name for name, text in code.items() if re.search(r"starts_?with\([\"']" + EMULATOR_KID, text, re.IGNORECASE)
    }
    assert checking == {name for name, text in code.items() if "RS256" in text} - {
        "examples/recipes/aws/worker.py"  # it asks for RS256, and checks nothing
    }
    assert TEXTS["other-languages.md"].count(f'"{EMULATOR_KID}"') == 3
