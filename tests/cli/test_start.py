"""Questions about trust need no server, and load no more than they need: that is most of what they cost.

How many seconds that is, the benchmark B14 measures.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.every import every

TRUSTS = [
    {"name": name, "issuer": issuer, "subject": subject, "audiences": ["api://AzureADTokenExchange"]}
    for name, issuer, subject in (
        ("github", "https://token.actions.githubusercontent.com", "repo:octo-org/octo-repo:environment:production"),
        ("gitlab", "https://gitlab.com", "project_path:my-group/my-project:ref_type:branch:ref:main"),
        ("eks", f"https://oidc.eks.eu-west-1.amazonaws.com/id/{'0123456789ABCDEF' * 2}", "system:serviceaccount:a:b"),
    )
]
SERVER = {
    "accredit.app.serve",
    "accredit.app.compose",
    "accredit.testidp",
    "uvicorn",
    "starlette",
    "anyio",
    "prometheus_client",
}
ELSEWHERE = {"accredit.outbound", "accredit.client", "httpx2", "requests", "azure"}
STORE = {"accredit.stores", "sqlite3"}
NEVER = {*SERVER, *ELSEWHERE, "sqlalchemy", "alembic", "structlog", "duckdb"}
PROVEN = {"cryptography"}

# The words; what else is not loaded; how many modules are, at most: a quarter more than today.
QUESTIONS = {
    "explain, of a file": (("explain", "-", "-f", "{file}"), {*STORE, *PROVEN}, 385),
    "explain, of what is stored": (("explain", "-", "-a", "deploy-bot", "--data", "{data}"), set(), 490),
    "explain, of every application": (("explain", "-", "--all", "--data", "{data}"), set(), 490),
    "lint, of a file": (("lint", "-f", "{file}"), STORE, 430),
    "lint, of what is stored": (("lint", "--all", "--data", "{data}"), set(), 515),
    "the help of explain": (("explain", "--help"), {*STORE, *PROVEN, "accredit.trust", "accredit.explain"}, 350),
}
PROGRAM = """
import json, sys
from accredit.cli import run
code = run(sys.argv[1:])
print(json.dumps([code, *sys.modules]), file=sys.stderr)
"""


def loaded(*words: str, token: str = "") -> set[str]:
    """The modules that a process has loaded when it has answered."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], input=token, capture_output=True, text=True, check=True
    )
    assert ended.stdout
    code, *modules = json.loads(ended.stderr.splitlines()[-1])
    assert code in {0, 3}, ended.stderr
    return set(modules)


@pytest.mark.slow
@every(("words", "without", "most"), QUESTIONS.values(), ids=QUESTIONS)
def test_a_question_loads_what_it_needs_only(served, tmp_path: Path, words, without, most):
    file = tmp_path / "trusts.json"
    file.write_text(json.dumps(TRUSTS))
    found = loaded(*(each.format(data=served.data, file=file) for each in words), token=served.tokens["main"])
    assert "accredit.cli" in found
    assert found & {*NEVER, *without} == set()
    assert len(found) <= most


@pytest.mark.slow
def test_what_is_never_loaded_exists():
    """A name that nothing has would be loaded by nobody."""
    program = f"import importlib, json, sys\nfor each in {sorted(NEVER | STORE | PROVEN)!r}:\n"
    program += "    try: importlib.import_module(each)\n    except ModuleNotFoundError: print(each)"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(told.stdout.split()) <= {"duckdb"}, "an extra that may be absent"
