"""docs/recipes: what the pages show is what the suite runs, and what it does not run is marked."""

import re
import runpy
from pathlib import Path

from accredit.tokens.keys import EMULATOR_KID

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs/recipes").glob("*.md"))
TEXTS = {each.name: each.read_text("utf-8") for each in PAGES}
CODE = [each for each in (ROOT / "examples/recipes").rglob("*") if each.suffix in {".py", ".mjs"}]
BLOCK = re.compile(r"^```(\w+)\n.*?^```$", re.MULTILINE | re.DOTALL)
RUN = {  # by tests/recipes: so many blocks of each page
    "README.md": 1,
    **dict.fromkeys(("fastapi.md", "starlette.md", "flask.md", "django.md"), 1),
    "express.md": 2,
    **dict.fromkeys(("github-actions.md", "kubernetes.md", "aws.md", "google-cloud.md"), 3),
}


def test_the_code_is_that_of_the_files(capsys):
    current = runpy.run_path(str(ROOT / "scripts/recipe_code.py"))["main"]("--check")
    assert current == 0, f"run scripts/recipe_code.py\n{capsys.readouterr().out}"


def test_every_file_of_a_recipe_is_shown():
    shown = {name for text in TEXTS.values() for name in re.findall(r"^<!-- file: (\S+) -->$", text, re.MULTILINE)}
    assert shown == {str(each.relative_to(ROOT)) for each in CODE}


def test_what_is_not_run_is_marked():
    unmarked = []
    for name, text in TEXTS.items():
        end = 0
        for block in BLOCK.finditer(text):
            said, end = text[end : block.start()].rpartition("\n## ")[2], block.end()
            run = block[1] in {"sh", "text"} or said.rstrip().endswith("-->")
            if not run and "not executed" not in said.lower().replace("\n", " "):
                unmarked.append((name, block[0]))
    assert unmarked == []


def test_every_block_of_sh_is_one_that_a_test_runs():
    blocks = {name: len(re.findall(r"^```sh$", text, re.MULTILINE)) for name, text in TEXTS.items()}
    assert {name: count for name, count in blocks.items() if count} == RUN


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
