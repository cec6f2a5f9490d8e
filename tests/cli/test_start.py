"""Questions about trust are answered at once, whether it stands in a file or is stored, and no server is needed.

The limit is on processor time: the machine may be busy.
"""

import json
import os
import subprocess
import sys

import pytest

MOST = 0.3  # seconds
BUSY = 1.25  # times as long, where the core's other thread has work too, as in a run of all tests
TRUSTS = [
    {"name": name, "issuer": issuer, "subject": subject, "audiences": ["api://AzureADTokenExchange"]}
    for name, issuer, subject in (
        ("github", "https://token.actions.githubusercontent.com", "repo:octo-org/octo-repo:environment:production"),
        ("gitlab", "https://gitlab.com", "project_path:my-group/my-project:ref_type:branch:ref:main"),
        ("eks", f"https://oidc.eks.eu-west-1.amazonaws.com/id/{'0123456789ABCDEF' * 2}", "system:serviceaccount:a:b"),
    )
]
QUESTIONS = {
    "explain, of what is stored": ("explain", "-", "-a", "deploy-bot", "--data", "{data}"),
    "explain, of a file": ("explain", "-", "-f", "{file}"),
    "explain, of every application": ("explain", "-", "--all", "--data", "{data}"),
    "lint, of a file": ("lint", "-f", "{file}"),
    "lint, of what is stored": ("lint", "--all", "--data", "{data}"),
}
UNTRACED = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
"""Where coverage is measured, a program takes twice as long."""
PROGRAM = """
import sys, time
from accredit.cli import run
code = run(sys.argv[1:])
print(time.process_time(), code, file=sys.stderr)
"""


@pytest.mark.slow
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_answered_at_once(served, data, tmp_path, question):
    file = tmp_path / "trusts.json"
    file.write_text(json.dumps(TRUSTS))
    words = [each.format(data=data, file=file) for each in QUESTIONS[question]]
    used = []
    for _ in range(5):
        ended = subprocess.run(
            [sys.executable, "-c", PROGRAM, *words],
            input=served.tokens["main"],
            capture_output=True,
            text=True,
            check=True,
            env=UNTRACED,
        )
        seconds, _, code = ended.stderr.splitlines()[-1].partition(" ")
        assert code in {"0", "3"}, ended.stderr
        used.append(float(seconds))
    assert min(used) < MOST * BUSY, used


def test_a_token_is_explained_against_a_file_without_what_proves_one(served, tmp_path):
    file = tmp_path / "trusts.json"
    file.write_text(json.dumps(TRUSTS))
    program = PROGRAM + "print(*sys.modules, file=sys.stderr)"
    words = [sys.executable, "-c", program, "explain", "-", "-f", str(file)]
    ended = subprocess.run(words, input=served.tokens["main"], capture_output=True, text=True, check=True)
    loaded = {each.partition(".")[0] for each in ended.stderr.splitlines()[-1].split()}
    assert "accredit" in loaded
    assert not loaded & {"cryptography", "sqlalchemy"}
