#!/usr/bin/env python3
"""Fail when the pure core is not covered to the last branch, or the whole of the source by less than 95 %.

What counts as the core is read from the import contract, so that what may do no I/O is what must be covered.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
CORE = 100  # percent of lines and branches
WHOLE = 95


def core_files() -> list[str]:
    """The files of the core, as patterns for coverage."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    core = next(contract for contract in contracts if contract["name"].startswith("The core does no I/O"))
    rooms = [name.removeprefix("accredit.") for name in core["source_modules"]]
    return [
        f"src/accredit/{room}/**" if (ROOT / "src/accredit" / room).is_dir() else f"src/accredit/{room}.py"
        for room in rooms
    ]


def report(what: str, least: int, *options: str) -> bool:
    print(f"coverage of {what}: at least {least} %", flush=True)
    command = [sys.executable, "-m", "coverage", "report", f"--fail-under={least}", *options]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def main() -> int:
    whole = report("the whole", WHOLE)
    core = report("the core", CORE, f"--include={','.join(core_files())}")
    return 0 if whole and core else 1


if __name__ == "__main__":
    sys.exit(main())
