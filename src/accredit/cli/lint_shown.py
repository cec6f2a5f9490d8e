"""How findings look for people: by credential, what is wrong first, then why, and what to do."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Final

from accredit.cli.ink import cells, folded, safe, width
from accredit.cli.words import accredit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from accredit.cli.ink import Ink
    from accredit.trust.lint import Finding, Level

WORDS: Final[Mapping[Level, tuple[str, str]]] = {
    "error": ("error", "errors"),
    "warn": ("warning", "warnings"),
    "info": ("remark", "remarks"),
}
_MARKS: Final[Mapping[Level, str]] = {"error": "✗", "warn": "!", "info": "·"}
_INDENT: Final = "    "
_LABEL: Final = 6  # columns of why, fix, edit
_LEAST: Final = 20  # columns that prose gets
_OPTIONS: Final[Mapping[str, str]] = {
    "issuer": "--issuer",
    "subject": "--subject",
    "audiences": "--audience",
    "claimsMatchingExpression": "--expression",
    "languageVersion": "--language-version",
}


def report(
    told: Sequence[Finding], every: Sequence[Finding], credentials: int, ink: Ink, *, stored: bool
) -> Iterator[str]:
    """Yield the lines of a report. ``stored``: they are in a store, so that a command can mend them."""
    for (application, credential), found in groupby(told, key=lambda each: each.location):
        yield from _group(application, credential, list(found), ink, stored=stored)
        yield ""
    yield _summary(told, every, credentials, ink)


def sentences(found: Sequence[Finding]) -> Iterator[str]:
    """Yield what to say of a credential that was just saved, one paragraph for each finding."""
    for each in found:
        yield f"{each.rule} ({each.level}): {each.message} {each.remedy}"


def _group(application: str, credential: str, found: Sequence[Finding], ink: Ink, *, stored: bool) -> Iterator[str]:
    title = safe(f"{application} / {credential}" if application else credential)
    where = next((each.source for each in found if each.source), "")
    if where and cells(title) + cells(where) + 3 <= width():
        yield f"{ink.bold(title)}   {ink.faint(safe(where))}"
    else:
        yield from map(ink.bold, folded(title, width()))
        if where:
            yield f"  {ink.faint(safe(where))}"
    for each in found:
        yield from _finding(each, ink, stored=stored)


def _finding(of: Finding, ink: Ink, *, stored: bool) -> Iterator[str]:
    paint: Callable[[str], str] = {"error": ink.bad, "warn": ink.bold, "info": ink.faint}[of.level]
    yield f"  {paint(_MARKS[of.level])} {paint(of.level)}  {of.rule}"
    yield from _prose(of.message, _INDENT)
    yield from _labelled("why", of.why, ink)
    yield from _labelled("fix", of.remedy, ink)
    if of.edit is None:
        if of.example:
            yield from _labelled("as in", of.example, ink)
        return
    if stored:
        options = [text for name, value in of.edit.items() for text in (_OPTIONS[name], value)]
        yield from _whole("run", accredit("credential", "update", of.application, of.credential, *options), ink)
    else:
        for name, value in of.edit.items():
            yield from _whole("edit", f"{name} = {value}", ink)


def _labelled(label: str, said: str, ink: Ink) -> Iterator[str]:
    room = max(_LEAST, width() - len(_INDENT) - _LABEL)
    first, *more = folded(safe(said), room)
    yield f"{_INDENT}{ink.faint(label)}{' ' * (_LABEL - len(label))}{first}"
    for line in more:
        yield " " * (len(_INDENT) + _LABEL) + line


def _whole(label: str, said: str, ink: Ink) -> Iterator[str]:
    """What is to be copied stays on one line."""
    yield f"{_INDENT}{ink.faint(label)}{' ' * (_LABEL - len(label))}{ink.accent(safe(said))}"


def _prose(said: str, indent: str) -> list[str]:
    return [indent + each for each in folded(safe(said), max(_LEAST, width() - len(indent)))]


def _summary(told: Sequence[Finding], every: Sequence[Finding], credentials: int, ink: Ink) -> str:
    judged = f"{credentials} credential{'s' * (credentials != 1)}"
    counted = Counter(each.level for each in told)
    said = ", ".join(_count(counted[level], level) for level in WORDS if counted[level])
    hidden = Counter(each.level for each in every)
    hidden.subtract(counted)
    rest = ", ".join(_count(hidden[level], level) for level in WORDS if hidden[level])
    more = f"; not told: {rest} (--level info)" if rest else ""
    if not said:
        return f"{judged}: {ink.good('nothing to mend')}{more}."
    return f"{judged}: {said}{more}."


def _count(number: int, level: Level) -> str:
    one, many = WORDS[level]
    return f"{number} {one if number == 1 else many}"
