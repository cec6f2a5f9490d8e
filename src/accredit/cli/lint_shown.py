"""How findings look for people: by credential, what is wrong first, then why, and what to do.

Rule 1: nobody reads the same twice: findings of one rule stand together, and a reason or an example is given once.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Final

from accredit.cli.ink import cells, folded, safe, width
from accredit.cli.words import accredit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

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
    page = _Page(ink, stored=stored)
    for (application, credential), found in groupby(told, key=lambda each: each.location):
        yield from page.credential(application, credential, list(found))
        yield ""
    yield _summary(told, every, credentials, ink)


def alike(found: Iterable[Finding]) -> Iterator[list[Finding]]:
    """Yield findings that follow each other, are of one rule, and are mended alike."""
    for _, each in groupby(found, key=lambda one: (one.location, one.rule, one.level, one.edit)):
        yield list(each)


class _Page:
    """A report as it is written, and what was said in it."""

    def __init__(self, ink: Ink, *, stored: bool) -> None:
        self._ink = ink
        self._stored = stored
        self._said: set[str] = set()

    def credential(self, application: str, credential: str, found: Sequence[Finding]) -> Iterator[str]:
        """Yield what is to be said of one credential."""
        ink, title = self._ink, safe(f"{application} / {credential}" if application else credential)
        where = next((each.source for each in found if each.source), "")
        if where and cells(title) + cells(where) + 3 <= width():
            yield f"{ink.bold(title)}   {ink.faint(safe(where))}"
        else:
            yield from map(ink.bold, folded(title, width()))
            if where:
                yield f"  {ink.faint(safe(where))}"
        for same in alike(found):
            yield from self._findings(same)

    def _findings(self, same: Sequence[Finding]) -> Iterator[str]:
        ink, of = self._ink, same[0]
        paint: Callable[[str], str] = {"error": ink.bad, "warn": ink.bold, "info": ink.faint}[of.level]
        yield f"  {paint(_MARKS[of.level])} {paint(of.level)}  {of.rule}"
        for each in same:
            yield from _prose(each.message, _INDENT)
        for why in self._new(each.why for each in same):
            yield from _labelled("why", why, ink)
        for fix in dict.fromkeys(each.remedy for each in same):
            yield from _labelled("fix", fix, ink)
        if of.edit is not None:
            yield from self._edit(of, of.edit)
            return
        for example in self._new(each.example for each in same if each.example):
            yield from _labelled("as in", example, ink)

    def _new(self, texts: Iterable[str]) -> list[str]:
        found = [each for each in dict.fromkeys(texts) if each not in self._said]
        self._said.update(found)
        return found

    def _edit(self, of: Finding, edit: Mapping[str, str]) -> Iterator[str]:
        if self._stored:
            options = [text for name, value in edit.items() for text in (_OPTIONS[name], value)]
            command = accredit("credential", "update", of.application, of.credential, *options)
            yield from _whole("run", command, self._ink)
        else:
            for name, value in edit.items():
                yield from _whole("edit", f"{name} = {value}", self._ink)


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
