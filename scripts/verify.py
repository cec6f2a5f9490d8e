#!/usr/bin/env python3
"""`make check` and `make test`: run every step, then say which ones failed.

verify.py check    format, lint, types, import contracts and the fast tests
verify.py test     the same, all tests, and coverage; WITHOUT="clients-node ..." leaves groups of tests out
"""

import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent

# Groups of tests that may be left out by name: the markers of pyproject.toml, with dashes.
MARKERS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]["markers"]
GROUPS = tuple(marker.partition(":")[0].replace("_", "-") for marker in MARKERS)
SET_UP = ("clients-az", "clients-graph", "clients-node", "browser")  # groups that need more than .venv, longest first

# What Python compiles is kept, whatever the shell says: pytest compiles each test with its assertions, in every worker,
# and the tests start hundreds of processes.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    command: tuple[str, ...]


STATIC = (
    Step("types", ("mypy",)),
    Step("format", ("ruff", "format", "--check", "--quiet", ".")),
    Step("lint", ("ruff", "check", "--quiet", ".")),
    Step("import contracts", ("lint-imports",)),
)
PYTEST = ("pytest", "-n", "2", "--dist", "loadgroup")


def quiet(step: Step) -> bool:
    """Run a step; show what it printed only when it failed."""
    begun = monotonic()
    ended = subprocess.run(
        [BIN / step.command[0], *step.command[1:]],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    told = "" if ended.returncode == 0 else f"\n{ended.stdout}"
    print(f"{step.name}: {'ok' if ended.returncode == 0 else 'FAILED'} ({monotonic() - begun:.1f} s){told}", flush=True)
    return ended.returncode == 0


def loud(step: Step, environment: Mapping[str, str] | None = None) -> bool:
    """Run a step whose output is worth seeing while it runs."""
    print(f"{step.name}:", flush=True)
    return (
        subprocess.run(
            [BIN / step.command[0], *step.command[1:]],
            cwd=ROOT,
            env={**ENVIRONMENT, **(environment or {})},
            check=False,
        ).returncode
        == 0
    )


def static() -> list[str]:
    """The names of the steps that failed, of those that only read. Two at a time: the slowest is alone on its core."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        return [step.name for step, held in zip(STATIC, pool.map(quiet, STATIC), strict=True) if not held]


def left_out(groups: tuple[str, ...]) -> tuple[str, ...]:
    """Options of pytest: everything but these groups."""
    markers = " and ".join(f"not {group.replace('-', '_')}" for group in groups)
    return ("-m", markers) if markers else ()


def sets_up(group: str) -> bool:
    return subprocess.run([ROOT / "scripts/setup.sh", group], check=False).returncode == 0


def check() -> list[str]:
    failed = static()
    if not loud(Step("fast tests", (*PYTEST, *left_out(GROUPS)))):
        failed.append("fast tests")
    return failed


def test(without: tuple[str, ...]) -> list[str]:
    needed = [group for group in SET_UP if group not in without]
    with ThreadPoolExecutor(max_workers=len(SET_UP)) as pool:  # most of it is waiting for the network
        failed = [
            f"setting up {group}" for group, held in zip(needed, pool.map(sets_up, needed), strict=True) if not held
        ]
    failed += static()
    everything = Step("tests", (*PYTEST, "--cov", "--cov-report=", *left_out(without)))
    if not loud(everything, {"HYPOTHESIS_PROFILE": os.environ.get("HYPOTHESIS_PROFILE", "ci")}):
        failed.append("tests")
    if not quiet(Step("coverage", ("python", "scripts/coverage_core.py"))):
        failed.append("coverage")
    return failed


def main(what: str) -> int:
    without = tuple(os.environ.get("WITHOUT", "").replace(",", " ").split())
    unknown = [name for name in without if name not in GROUPS]
    if unknown:
        print(f"there is no group named {', '.join(unknown)}; the groups are {', '.join(GROUPS)}", file=sys.stderr)
        return 2
    failed = check() if what == "check" else test(without)
    print(f"make {what}: {'FAILED: ' + ', '.join(failed) if failed else 'everything held'}")
    if what == "test" and without:
        print(f"not tested: {', '.join(without)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
