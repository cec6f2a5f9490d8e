"""B14: what a question costs that is asked on a command line, of a file and of what is stored, and what help costs."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from typing import TYPE_CHECKING

from accredit.cli.stage import opened
from benchmarks.figures import Figure, Target, median, rounded, spread
from benchmarks.machine import pinned

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.machine import Cores

SECONDS = Target("<=", 0.30, 0.25)
HELP = Target("<=", 0.25, 0.20)
TIMES = 21  # of each question
LONGEST = 20.0  # seconds for one question
ANSWERED = (0, 3)  # exit codes: yes, and no with the reason
JOB = {"repository": "octo-org/octo-repo", "repository_owner_id": "123456", "repository_id": "456789", "branch": "main"}
TRUSTS = [
    {"name": name, "issuer": issuer, "subject": subject, "audiences": ["api://AzureADTokenExchange"]}
    for name, issuer, subject in (
        ("github", "https://token.actions.githubusercontent.com", "repo:octo-org/octo-repo:environment:production"),
        ("gitlab", "https://gitlab.com", "project_path:my-group/my-project:ref_type:branch:ref:main"),
        ("eks", f"https://oidc.eks.eu-west-1.amazonaws.com/id/{'0123456789ABCDEF' * 2}", "system:serviceaccount:a:b"),
    )
]
QUESTIONS: dict[str, tuple[str, ...]] = {
    "explain_file": ("explain", "-", "-f", "{file}"),
    "explain_stored": ("explain", "-", "-a", "deploy-bot", "--data", "{data}"),
    "explain_all_stored": ("explain", "-", "--all", "--data", "{data}"),
    "lint_file": ("lint", "-f", "{file}"),
    "lint_stored": ("lint", "--all", "--data", "{data}"),
}


def b14(cores: Cores, path: Path, *, quick: bool) -> Figure:
    """CPU seconds of the dearest question, a whole process each time. The first round leaves compiled modules only."""
    file = path / "trusts.json"
    file.write_text(json.dumps(TRUSTS))
    with opened(0) as stage:
        stage.mint(JOB)
        stage.process.terminate()
        stage.wait()
        token = stage.token_file.read_bytes()
        commands = {
            name: [each.format(data=stage.data, file=file) for each in words]
            for name, words in {**QUESTIONS, "help": ("explain", "--help")}.items()
        }
        rounds = [
            {name: _cost(cores.measured, words, token) for name, words in commands.items()}
            for _ in range((TIMES // 3 if quick else TIMES) + 1)
        ][1:]
    costs = {name: [each[name] for each in rounds] for name in commands}
    dearest = max(QUESTIONS, key=lambda name: median(costs[name]))
    details = {f"{name}_s": rounded(median(costs[name])) for name in QUESTIONS}
    return Figure(
        "B14",
        median(costs[dearest]),
        SECONDS,
        further={"help_s": (median(costs["help"]), HELP)},
        details={"dearest": dearest, **details, "spread": spread(costs[dearest]), "rounds": len(rounds)},
    )


def _cost(core: int, words: list[str], token: bytes) -> float:
    """CPU seconds of one process, from its start to its end."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ACCREDIT_")}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with pinned(core):
        ended = subprocess.run(
            [sys.executable, "-m", "accredit", *words],
            input=token,
            env=environment,
            capture_output=True,
            timeout=LONGEST,
            check=False,
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if ended.returncode not in ANSWERED or not ended.stdout:
        raise SystemExit(f"accredit {' '.join(words)}: {ended.returncode} {ended.stderr.decode()[-2000:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
