"""The forms of a platform's subjects as sequences: what is the same in all of them, and what differs.

A preset writes a form as a regular expression over whole subjects. To see what a *pattern* over subjects pins, its
structure is needed: literal text, and between it the groups. What cannot be read so has no sequences, and no pattern
over it pins anything.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

MOST: Final = 32  # sequences of one form
_QUANTIFIER: Final = re.compile(r"(?:[?*+]|\{[0-9]*,?[0-9]*\})\??")
_NAMED: Final = re.compile(r"\(\?P<([A-Za-z_][A-Za-z0-9_]*)>")
_ONE: Final = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]|\\[A-Za-z]|\.")
_STRANGE: Final = "^$*+?{"


class Piece(NamedTuple):
    """Literal text, or a group: a segment of the preset where it has a name."""

    text: str  # the literal, or the regular expression of the group
    group: bool = False
    name: str = ""


Sequence = tuple[Piece, ...]


@cache
def sequences(regex: str) -> tuple[Sequence, ...]:
    """Return every sequence that a form may have; empty where its structure cannot be read."""
    try:
        found, end = _alternatives(regex, 0)
    except _UnreadableError:
        return ()
    return tuple(_merged(each) for each in found) if end == len(regex) else ()


class _UnreadableError(Exception):
    pass


def _alternatives(regex: str, at: int) -> tuple[list[Sequence], int]:
    """Read up to a closing parenthesis or the end."""
    every: list[Sequence] = []
    found: list[Sequence] = [()]
    while at < len(regex) and regex[at] != ")":
        if regex[at] == "|":
            every, found, at = every + found, [()], at + 1
            continue
        parts, at = _part(regex, at)
        found = [(*before, *after) for before in found for after in parts]
        if len(every) + len(found) > MOST:
            raise _UnreadableError
    return every + found, at


def _part(regex: str, at: int) -> tuple[list[Sequence], int]:
    """Read one element with its quantifier."""
    start = at
    parts, at = _element(regex, at)
    quantifier = _QUANTIFIER.match(regex, at)
    if quantifier is None:
        return parts, at
    if quantifier[0].startswith("?"):
        return [(), *parts], quantifier.end()
    if regex.startswith("(?P<", start):
        raise _UnreadableError  # a segment that is there several times
    return [(Piece(regex[start : quantifier.end()], group=True),)], quantifier.end()


def _element(regex: str, at: int) -> tuple[list[Sequence], int]:
    if named := _NAMED.match(regex, at):
        _, end = _alternatives(regex, named.end())
        return [(Piece(regex[named.end() : _closed(regex, end)], group=True, name=named[1]),)], end + 1
    if regex.startswith("(?:", at):
        inner, end = _alternatives(regex, at + 3)
        return inner, _closed(regex, end) + 1
    if one := _ONE.match(regex, at):
        return [(Piece(one[0], group=True),)], one.end()
    if regex[at] in "(" + _STRANGE:
        raise _UnreadableError
    if regex[at] == "\\":
        return [(Piece(regex[at + 1 : at + 2]),)], at + 2
    return [(Piece(regex[at]),)], at + 1


def _closed(regex: str, at: int) -> int:
    if regex[at : at + 1] != ")":
        raise _UnreadableError
    return at


def _merged(pieces: Sequence) -> Sequence:
    found: list[Piece] = []
    for piece in pieces:
        if found and not piece.group and not found[-1].group:
            found[-1] = Piece(found[-1].text + piece.text)
        else:
            found.append(piece)
    return tuple(found)
