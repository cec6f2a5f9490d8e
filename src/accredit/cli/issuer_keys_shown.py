"""How a probe of an issuer looks for people: each step, what was found, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from accredit.cli.ink import cells, folded, safe, width
from accredit.cli.output import Column

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.cli.ink import Ink

MARKS: Final = {"pass": "✓", "warn": "!", "fail": "✗", "skip": "–"}  # noqa: RUF001  a dash: it was not tried
_ID: Final = 4  # columns
_TITLE: Final = 22
_LEAST: Final = 20  # columns that prose gets
_LONG: Final = frozenset({"P12", "P14"})  # whose details are what was asked

STATE: Final = (
    Column("health", "health"),
    Column("fetched", "fetchedDateTime"),
    Column("failed", "failedDateTime"),
    Column("why", "failure"),
    Column("next fetch", "nextDateTime"),
    Column("usable keys", "keys"),
)


def drawn(probe: dict[str, Any], ink: Ink, *, details: bool = False) -> list[str]:
    """Draw a probe. ``details``: of every step, not only of those that are about more than one thing."""
    summary = probe["steps"][-1]
    paint = {"usable": ink.good, "warnings": ink.bold, "not_usable": ink.bad}[probe["verdict"]]
    lines = [ink.bold(safe(probe["issuer"]))]
    for each in probe["steps"][:-1]:
        lines += _step(each, ink, details=details or each["id"] in _LONG)
    return [*lines, *(paint(line) for line in folded(safe(summary["value"]), width()))]


def _step(step: dict[str, Any], ink: Ink, *, details: bool) -> Iterator[str]:
    paint = {"pass": ink.good, "warn": ink.bold, "fail": ink.bad, "skip": ink.faint}[step["status"]]
    took = "" if step["milliseconds"] is None else f" ({step['milliseconds']:.0f} ms)"
    label = f"{step['id']:<{_ID}}{step['title']:<{_TITLE}}"
    room = max(_LEAST, width() - cells(label) - len("  x "))
    first, *more = folded(safe(step["value"]) + took, room)
    yield f"  {paint(MARKS[step['status']])} {label}{first}".rstrip()
    indent = " " * (len("  x ") + len(label))
    for line in more:
        yield indent + line
    for each in step["details"] if details else ():
        for line in folded(safe(each), room):
            yield indent + ink.faint(line)
    for n, line in enumerate(folded(safe(step["remedy"]), room - len("fix ")) if step["remedy"] else ()):
        yield f"{indent}{'    ' if n else 'fix '}{line}"
