"""On a terminal the program asks before it destroys, and before it trusts a stranger."""

import os
import pty
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.slow

ISSUER = "https://token.actions.githubusercontent.com"
MAIN = "repo:octo-org@123456/octo-repo@456789:ref:refs/heads/main"


def talked(*words, answers, columns=200):
    """Run the program on a terminal, answer each question in turn, return its exit code and all that it showed."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "accredit", *words],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**os.environ, "TERM": "xterm", "COLUMNS": str(columns)},
    )
    os.close(follower)
    shown, until = b"", time.monotonic() + 30
    waiting = [(question.encode(), answer.encode()) for question, answer in answers]
    while time.monotonic() < until:
        try:
            read = os.read(leader, 65_536)
        except OSError:  # the program has ended
            break
        shown += read
        if waiting and waiting[0][0] in shown:
            os.write(leader, waiting.pop(0)[1] + b"\n")
    os.close(leader)
    return process.wait(10), shown.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(("answer", "code", "left"), [("y", 0, "0\n"), ("n", 1, "1\n")])
def test_a_terminal_is_asked_before_something_is_destroyed(cli, data, answer, code, left):
    words = ("credential", "delete", "deploy-bot", "github-production", "--data", str(data))
    ended, shown = talked(*words, answers=[("[y/N]", answer)])
    assert ended == code, shown
    assert "last used 20" in shown
    assert ("Nothing was changed." in shown) is (answer == "n")
    assert cli("credential", "list", "deploy-bot", "-q", "length(@)").out == left


def test_a_terminal_is_not_asked_when_input_was_declined(data):
    words = ("app", "delete", "deploy-bot", "--no-input", "--data", str(data))
    ended, shown = talked(*words, answers=[])
    assert (ended, "repeat the command with --yes" in " ".join(shown.split())) == (2, True)


@pytest.mark.parametrize(("typed", "code"), [(MAIN, 0), (MAIN[:-1], 2)])
def test_whoever_trusts_a_stranger_types_issuer_and_subject(data, served, tmp_path, typed, code):
    file = tmp_path / "token"
    file.write_text(served.tokens["main"])
    words = ("credential", "add", "deploy-bot", "--name", "main", "--from-token", f"@{file}", "--unproven")
    answers = [("issuer that you expect", ISSUER), ("subject that you expect", typed)]
    ended, shown = talked(*words, "--data", str(data), answers=answers)
    assert ended == code, shown
    assert "nobody has proven who sent this token" in shown


def test_a_terminal_gets_colour_and_no_more(data):
    ended, shown = talked("keys", "list", "--data", str(data), answers=[])
    assert (ended, "\x1b[1mKey ID" in shown) == (0, True)
    ended, shown = talked("keys", "list", "--data", str(data), "--no-color", answers=[])
    assert (ended, "\x1b" in shown) == (0, False)


def test_who_is_asked_for_a_secret_is_told_where_it_goes():
    ended, shown = talked(
        "login", "https://localhost:1", "--client-id", "x", answers=[("at https://localhost:1:", "s")]
    )
    assert (ended, "Secret of x at https://localhost:1:" in shown, "ACC5001" in shown) == (7, True, True)
    ended, shown = talked("login", "https://localhost:1", "--client-id", "x", "--ca-file", "/no/such", answers=[])
    assert (ended, "Secret of" in shown) == (2, False)
