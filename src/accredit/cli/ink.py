"""How text looks on a terminal: colour where it is wanted, width, and nothing from outside that moves a cursor."""

from __future__ import annotations

import os
import shutil
import unicodedata
from dataclasses import dataclass
from typing import Final, TextIO

NARROWEST: Final = 40  # columns; a terminal that says less is not believed


@dataclass(frozen=True, slots=True)
class Ink:
    """Writes emphasis, or leaves it out. Colour is never the only sign of anything."""

    colored: bool = False

    def bold(self, text: str) -> str:
        """Emphasise."""
        return self._with("1", text)

    def faint(self, text: str) -> str:
        """Say in passing."""
        return self._with("2", text)

    def good(self, text: str) -> str:
        """Say that it holds."""
        return self._with("32", text)

    def bad(self, text: str) -> str:
        """Say that it does not hold."""
        return self._with("1;31", text)

    def accent(self, text: str) -> str:
        """Mark what can be copied."""
        return self._with("36", text)

    def _with(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colored and text else text


def ink_for(stream: TextIO, *, no_color: bool) -> Ink:
    """Colour for people: not when it was declined (``NO_COLOR``), always when forced, else on a terminal only."""
    if no_color or os.environ.get("NO_COLOR"):
        return Ink()
    if os.environ.get("CLICOLOR_FORCE", "0") != "0":
        return Ink(colored=True)
    return Ink(colored=stream.isatty() and os.environ.get("TERM") != "dumb")


def width() -> int:
    """Return the columns there are: ``COLUMNS``, else the terminal's, else 80."""
    return max(NARROWEST, shutil.get_terminal_size((80, 24)).columns)


def safe(text: str) -> str:
    """Return ``text`` with everything visible that would move a cursor, reorder or hide text."""
    return text if text.isprintable() else "".join(each if each.isprintable() else _escaped(each) for each in text)


def cells(text: str) -> int:
    """Return how many columns ``text`` takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(each) else 1 + (unicodedata.east_asian_width(each) in "WF") for each in text)


def folded(text: str, columns: int) -> list[str]:
    """Break ``text`` into lines of at most ``columns``, after a space, ``/``, ``:`` or ``,`` where there is one."""
    lines: list[str] = []
    while cells(text) > columns:
        cut = _cut(text, columns)
        lines.append(text[:cut].rstrip(" "))
        text = text[cut:].lstrip(" ")
    return [*lines, text]


def _cut(text: str, columns: int) -> int:
    longest = columns
    while cells(text[:longest]) > columns:
        longest -= 1
    longest = max(1, longest)
    if longest < len(text) and text[longest] == " ":
        return longest
    space = text.rfind(" ", 0, longest) + 1
    if space and (space > longest // 3 or len(text[space:].partition(" ")[0]) <= columns):
        return space
    for group in ("/:,@&?", "-."):
        found = max(text.rfind(each, 0, longest) for each in group) + 1
        if found > longest // 3:
            return found
    return longest


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
