"""The ledger of refusals: every row of the catalogue whose stage is ``first`` is raised by some test.

A row counts when the product itself makes a ``Refused`` of it while the tests run; one that a test makes does not. What
a server in a process of its own refuses is not seen from here: a test that has read the answer says so with ``note``.

A run of everything (no path, marker or keyword chosen) fails when a row is missing; any other run says nothing.
"""

import sys
from typing import Any

import pytest

from accredit.errors import CATALOGUE, Refused

SEEN: set[str] = set()
"""Names of the rows that were raised in this process, or reported by another one."""

_made = Refused.__init__


def note(*names: str) -> None:
    """Count rows that were refused where this process cannot see it. ``names``: of the rows, as in the catalogue."""
    unknown = [name for name in names if name not in CATALOGUE]
    if unknown:
        raise LookupError(f"the catalogue has no row {', '.join(unknown)}")
    SEEN.update(names)


def missing() -> list[str]:
    """The rows that ought to be raised and were not."""
    return sorted(name for name, row in CATALOGUE.items() if row.stage == "first" and name not in SEEN)


def pytest_configure() -> None:
    """Watch the product say no."""

    def watched(self: Refused, row: Any, *, detail: str = "", **fields: object) -> None:
        _made(self, row, detail=detail, **fields)
        if sys._getframe(1).f_globals.get("__name__", "").startswith("accredit."):  # noqa: SLF001  who says no
            SEEN.add(row.name)

    Refused.__init__ = watched  # type: ignore[method-assign]


def pytest_unconfigure() -> None:
    Refused.__init__ = _made  # type: ignore[method-assign]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker of pytest-xdist saw."""
    SEEN.update(getattr(node, "workeroutput", {}).get("provoked", ()))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Hand over to the controller, or settle the account of a run of everything."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["provoked"] = sorted(SEEN)
    elif exitstatus == pytest.ExitCode.OK and _everything(session.config) and missing():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say which rows nothing raised."""
    names = missing()
    if _everything(config) and names:
        terminalreporter.section("refusals that no test provokes", red=True)
        for name in names:
            terminalreporter.line(f"{CATALOGUE[name].label}  {name}")


def _everything(config: pytest.Config) -> bool:
    chosen = ("markexpr", "keyword", "collectonly", "lf", "failedfirst", "deselect", "ignore", "ignore_glob")
    at_once = config.args_source == pytest.Config.ArgsSource.TESTPATHS
    return at_once and not any(config.getoption(name, None) for name in chosen)
