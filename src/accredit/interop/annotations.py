"""Findings as workflow commands of GitHub Actions, which shows them beside the line of the file that they are about.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.interop.findings import place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from accredit.trust.lint import Finding, Level

_COMMANDS: Final[Mapping[Level, str]] = {"error": "error", "warn": "warning", "info": "notice"}
_DATA: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def write(findings: Sequence[Finding]) -> str:
    """Return one command a line, each ended."""
    return "".join(f"{_command(each)}\n" for each in findings)


def _command(of: Finding) -> str:
    file, line = place(of.source)
    whose = "/".join(each for each in of.location if each)
    members = {"file": file, "line": str(line or "") if file else "", "title": f"{of.rule} {whose}".strip()}
    told = ",".join(f"{name}={_seen(value).translate(_PROPERTY)}" for name, value in members.items() if value)
    text = _seen(f"{of.message} {of.why} {of.remedy}").translate(_DATA)
    return f"::{_COMMANDS[of.level]} {told}::{text}"


def _seen(text: str) -> str:
    """Write what moves a cursor or hides text so that it is seen; line ends are the command's to escape."""
    return text if text.isprintable() else "".join(map(_written, text))


def _written(character: str) -> str:
    seen = character.isprintable() or character in "\r\n"
    return character if seen else character.encode("unicode_escape").decode("ascii")
