"""The contracts of pyproject.toml are worth what they refuse: each forbidden thing, done in a copy, must be named."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent

LAYERS = "Read the tree downwards: nothing imports what stands above it"
CORE = "The core does no I/O and has never heard of the web"
CLIENT = "The client library carries no server"
TESTIDP = "Only app, cli and testing know that a test IdP exists"
FACES = "The faces of the web do not know each other"
CYCLES = "No cycles among siblings"

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Tree:
    """A copy of the source that may be spoilt."""

    root: Path

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            path = self.root / "src/accredit" / name
            if path.with_suffix("").is_dir():  # a story that has outgrown one file
                path = path.with_suffix("") / "__init__.py"
            path.write_text(f"{path.read_text() if path.exists() else ''}\n{text}\n")

    def broken_contracts(self) -> set[str]:
        """The names of the contracts that the copy breaks."""
        ended = subprocess.run(
            [BIN / "lint-imports", "--no-cache"],
            cwd=self.root,
            # The copy goes before the installed package; a wide terminal keeps each verdict on one line.
            env={**os.environ, "PYTHONPATH": str(self.root / "src"), "COLUMNS": "200", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "KEPT" in ended.stdout, ended.stdout + ended.stderr
        lines = [line.strip() for line in ended.stdout.splitlines()]
        return {line.removesuffix(" BROKEN") for line in lines if line.endswith(" BROKEN")}

    def lint_codes(self, name: str) -> set[str]:
        """The codes that ruff gives to one file of the copy."""
        ended = subprocess.run(
            [BIN / "ruff", "check", "--no-cache", "--output-format", "json", f"src/accredit/{name}"],
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
        )
        return {finding["code"] for finding in json.loads(ended.stdout)}


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return Tree(tmp_path)


def test_the_tree_as_it_is_keeps_every_contract(tree):
    assert tree.broken_contracts() == set()


FORBIDDEN_IMPORTS = {
    "a database in trust": ({"trust/stray.py": "import sqlite3"}, CORE),
    "an HTTP client in issuers": ({"issuers/stray.py": "import httpx2"}, CORE),
    "a clock in a story": ({"explain.py": "import time"}, CORE),
    "the client taking the exchange along": ({"client/stray.py": "import accredit.exchange"}, CLIENT),
    "the exchange reaching for a store": ({"exchange.py": "import accredit.stores"}, LAYERS),
    "one story calling another": ({"administer.py": "import accredit.exchange"}, LAYERS),
    "trust looking into the directory": ({"trust/stray.py": "import accredit.directory"}, LAYERS),
    "a room that has no place": ({"helpers.py": ""}, LAYERS),
    "the web knowing the test IdP": ({"web/stray.py": "import accredit.testidp"}, TESTIDP),
    "one face of the web knowing another": ({"web/token.py": "import accredit.web.admin"}, FACES),
    "two siblings that need each other": (
        {"trust/one.py": "import accredit.trust.other", "trust/other.py": "import accredit.trust.one"},
        CYCLES,
    ),
}


@pytest.mark.parametrize(("files", "contract"), FORBIDDEN_IMPORTS.values(), ids=FORBIDDEN_IMPORTS)
def test_a_forbidden_import_breaks_the_contract_that_forbids_it(tree, files, contract):
    tree.write(files)
    assert contract in tree.broken_contracts()


BANNED = {
    "reading the clock": "from datetime import UTC, datetime\n\nNOW = datetime.now(UTC)",
    "reading the clock as a number": "import time\n\nNOW = time.time()",
    "making an identifier": "import uuid\n\nID = uuid.uuid4()",
    "rolling dice": "import random\n\nDICE = random.random()",
    "making a secret": "import secrets\n\nSECRET = secrets.token_urlsafe()",
    "opening a connection": "import urllib.request",
}


@pytest.mark.parametrize("text", BANNED.values(), ids=BANNED)
def test_what_only_an_entry_of_the_program_may_do_is_refused_elsewhere(tree, text):
    tree.write({"tokens/stray.py": text})
    assert "TID251" in tree.lint_codes("tokens/stray.py")


def test_the_entry_of_the_program_may_read_the_clock(tree):
    tree.write({"app/chance.py": BANNED["reading the clock"]})
    assert "TID251" not in tree.lint_codes("app/chance.py")
