"""``python -m benchmarks [--bench B1,B2,...] [--quick]``: the last line of each benchmark is one JSON object.

The exit code is 0 when every benchmark ran to its end: whether a figure is what it must be is its ``ok``.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from benchmarks.cold import b11
from benchmarks.commands import b14
from benchmarks.durability import b5
from benchmarks.flood import b10
from benchmarks.issue import b1, b2, b3
from benchmarks.listing import b13
from benchmarks.machine import cores, processor
from benchmarks.portal import b15
from benchmarks.questions import b9

if TYPE_CHECKING:
    from benchmarks.figures import Figure
    from benchmarks.machine import Cores


class Benchmark(Protocol):
    def __call__(self, cores: Cores, path: Path, *, quick: bool) -> Figure: ...


BENCHMARKS: dict[str, tuple[str, Benchmark]] = {
    "B1": ("issuing RS256 tokens: (sign + verify) / CPU of a request", b1),
    "B2": ("issuing ES256 tokens: (sign + verify) / CPU of a request", b2),
    "B3": ("npm oidc-provider: its CPU / ours", b3),
    "B5": ("50 kills: answered tokens that the log has lost; what the log costs", b5),
    "B9": (
        "the sign-in log with 10^7 events while 1,000 a second arrive: milliseconds of its slowest question, p99",
        b9,
    ),
    "B10": ("a flood of hostile requests: CPU of a refusal / of a token", b10),
    "B11": ("seconds from the command to the first token", b11),
    "B13": ("the directory API with 100,000 applications: milliseconds of its slowest kind of call, p99", b13),
    "B14": ("CPU seconds of the dearest question to `accredit explain` and `accredit lint`", b14),
    "B15": ("the portal's pages, with 100,000 applications: milliseconds of the slowest, p99", b15),
}


def main() -> int:
    names = ", ".join(BENCHMARKS)
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=f"Run benchmarks: {names}.")
    parser.add_argument("--bench", default=",".join(BENCHMARKS), help=f"some of {names}, separated by commas")
    parser.add_argument("--quick", action="store_true", help="smaller: under 40 seconds for each benchmark")
    options = parser.parse_args()
    wanted = [name.strip().upper() for name in options.bench.split(",") if name.strip()]
    if unknown := [name for name in wanted if name not in BENCHMARKS]:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {names}")
    for name in wanted:
        _run(name, quick=options.quick)
    return 0


def _run(name: str, *, quick: bool) -> None:
    title, benchmark = BENCHMARKS[name]
    print(f"{name}: {title}", flush=True)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as path:
        figure = benchmark(cores(), Path(path), quick=quick)
    machine = {"python": platform.python_version(), "processor": processor()}
    figure.details.update(quick=quick, seconds=round(time.monotonic() - begun, 1), **machine)
    print(figure.sentence(), flush=True)
    print(figure.as_json(), flush=True)


if __name__ == "__main__":
    sys.exit(main())
