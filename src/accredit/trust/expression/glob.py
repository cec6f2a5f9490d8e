r"""Patterns over whole values, as each language version has them.

    version 1   ``?`` one character, whatever it is      ``*`` any number of any characters       no escape
    version 2   ``?`` one character, no delimiter        ``*`` any number, no delimiter           ``\*`` ``\?`` ``\\``
                                                         ``**`` any number of any characters

Rule 1: a pattern fits a whole value or it does not fit; there is no search.
Rule 2: no regular expression and no backtracking. The pattern is an automaton whose set of states is one integer:
        bit *i* is set when *i* characters of the pattern, stars not counted, may have been taken. A step costs a
        handful of integer operations, whatever the pattern; a hostile pattern has nothing to blow up.
"""

from __future__ import annotations

import re
from itertools import accumulate, groupby, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple, Self

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

WILDCARDS: Final = "*?"
DELIMITERS: Final = "/:@"
ESCAPE: Final = "\\"
ESCAPED: Final = WILDCARDS + ESCAPE

# Symbols of a pattern. A literal is its own symbol; a symbol of several letters is a wildcard.
ANY: Final = "any"  # one character
ONE: Final = "one"  # one character that is no delimiter
FREE: Final = "free"  # any number of any characters
RUN: Final = "run"  # any number of characters that are no delimiters
STARS: Final = (FREE, RUN)
_LITERAL: Final = {1: re.compile(r"[^*?]*"), 2: re.compile(r"[^*?\\]*")}


class Token(NamedTuple):
    """A symbol, and where it is written."""

    symbol: str
    start: int  # it is pattern[start:end]
    end: int


class PatternError(ValueError):
    """A text is no pattern."""

    def __init__(self, at: int, expected: str) -> None:
        super().__init__(expected)
        self.at = at  # the first character that does not belong there
        self.expected = expected


class Miss(msgspec.Struct, frozen=True, gc=False):
    """How far a pattern got in a value that it does not fit; everything counts from 0."""

    segment: int  # the run of literals, of ``?`` or of ``*`` that stopped; one past the last: the value goes on
    pattern_at: int  # the character of the pattern that could not be taken
    value_at: int  # characters of the value taken until then


class Glob(msgspec.Struct, frozen=True, gc=False, eq=False):
    """A compiled pattern; two are equal when their patterns are, in one language version."""

    pattern: str
    language_version: int
    prefix: str  # the literal beginning; the automaton starts behind it
    masks: dict[str, int]  # for a character: the states in which it may be taken
    anything: int  # the states in which any other character may be taken
    stays: dict[str, int]  # for a delimiter, in version 2: the states that stay when it comes
    stars: int  # the states that stay when any other character comes, because a star stands there
    accept: int  # the state in which the whole pattern is taken

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Glob) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[str, int]:
        return (self.pattern, self.language_version)

    def matches(self, value: str) -> bool:
        """Whether the pattern fits the whole value; linear in the value."""
        if not value.startswith(self.prefix):
            return False
        masks, anything, stays, stars = self.masks.get, self.anything, self.stays.get, self.stars
        states = 1
        for character in value[len(self.prefix) :]:
            states = ((states & masks(character, anything)) << 1) | (states & stays(character, stars))
            if not states:
                return False
        return bool(states & self.accept)

    def covers(self, other: Self) -> bool:
        """Whether every value that fits ``other`` fits this pattern. No is not proof of the contrary.

        Reads the other pattern as if it were a value: what any character can be, only what takes every character
        takes; what any run can be, only a star that takes every run.
        """
        free = self.stays.get(DELIMITERS[0], self.stars)
        takes = {ANY: self.anything if self.language_version == 1 else 0, ONE: self.anything, FREE: 0, RUN: 0}
        keeps = {ANY: free, ONE: self.stars, FREE: free, RUN: self.stars}
        states, taken = 1, 0
        for token in tokens(other.pattern, other.language_version):
            symbol = token.symbol
            if taken < len(self.prefix):
                if symbol != self.prefix[taken]:
                    return False
                taken += 1
            elif symbol in STARS:
                states &= keeps[symbol]
            else:
                take = takes.get(symbol, self.masks.get(symbol, self.anything))
                keep = keeps.get(symbol, self.stays.get(symbol, self.stars))
                states = ((states & take) << 1) | (states & keep)
        return taken == len(self.prefix) and bool(states & self.accept)

    def miss(self, value: str) -> Miss:
        """Find the furthest point reached in a value that does not fit, where it was reached first.

        A star that stops at delimiters goes as far as it can.
        """
        if not value.startswith(self.prefix):
            same = next(at for at, character in enumerate(self.prefix) if value[at : at + 1] != character)
            return self._miss(same, same)
        runs = self.stars & ~self.stays.get(DELIMITERS[0], self.stars)
        taken, at = 0, 0
        for position, states in enumerate(self._states(value)):
            reached = states.bit_length() - 1
            if reached > taken or (reached == taken and position == at + 1 and runs >> taken & 1):
                taken, at = reached, position
        return self._miss(len(self.prefix) + taken, len(self.prefix) + at)

    def freed(self, value: str) -> str | None:
        """Return the pattern with the fewest ``*`` written ``**`` that it takes to fit this value; ``None``: none do.

        Fewest is one, or all. Only version 2 has anything to free.
        """
        if self.language_version == 1:
            return None
        stars = [token.end for token in tokens(self.pattern, 2) if token.symbol == RUN]
        candidates = [[each] for each in stars] + ([stars] if len(stars) > 1 else [])
        for ends in candidates:
            pattern = "*".join(self.pattern[start:end] for start, end in pairwise([0, *ends, len(self.pattern)]))
            if parse(pattern, 2).matches(value):
                return pattern
        return None

    def _states(self, value: str) -> Iterator[int]:
        """Yield the states before the first character behind the prefix and after each, until none is left."""
        states = 1
        yield states
        for character in value[len(self.prefix) :]:
            taken = (states & self.masks.get(character, self.anything)) << 1
            states = taken | (states & self.stays.get(character, self.stars))
            yield states
            if not states:
                return

    def _miss(self, taken: int, value_at: int) -> Miss:
        """``taken`` counts symbols of the pattern, stars not counted."""
        read = tuple(tokens(self.pattern, self.language_version))
        takers = [token.start for token in read if token.symbol not in STARS]
        pattern_at = takers[taken] if taken < len(takers) else len(self.pattern)
        runs = ([*run] for _, run in groupby(read, key=_kind))
        ends = accumulate(run[-1].end - run[0].start for run in runs)
        return Miss(sum(end <= pattern_at for end in ends), pattern_at, value_at)


def parse(pattern: str, language_version: int = 1) -> Glob:
    """Compile a pattern. In version 1 every text is one; PatternError: in version 2 some are none."""
    prefix = literal(pattern, language_version)
    masks: dict[str, int] = {}
    wild = free = run = 0
    state = 1
    for symbol, _, _ in tokens(pattern, language_version, len(prefix)):
        if symbol == FREE:
            free |= state
        elif symbol == RUN:
            run |= state
        else:
            if symbol in {ANY, ONE}:
                wild |= state
            else:
                masks[symbol] = masks.get(symbol, 0) | state
            state <<= 1
    if language_version == 1:
        opened = {character: mask | wild for character, mask in masks.items()}
        return Glob(pattern, 1, prefix, opened, wild, {}, free, accept=state)
    opened = {character: mask if character in DELIMITERS else mask | wild for character, mask in masks.items()}
    closed = {character: masks.get(character, 0) for character in DELIMITERS}
    stays = dict.fromkeys(DELIMITERS, free)
    return Glob(pattern, language_version, prefix, opened | closed, wild, stays, free | run, accept=state)


def tokens(pattern: str, language_version: int, start: int = 0) -> Iterator[Token]:
    """Yield the symbols of a pattern from ``start`` on; PatternError as ``parse`` has it."""
    return _tokens_1(pattern, start) if language_version == 1 else _tokens_2(pattern, start)


def literal(pattern: str, language_version: int) -> str:
    """Return what a pattern begins with before its first wildcard or escape."""
    return _LITERAL[language_version].match(pattern)[0]  # type: ignore[index]  # it matches everything


def escaped(text: str) -> str:
    """Write a text so that it stands for itself in a pattern of version 2."""
    return "".join(ESCAPE + character if character in ESCAPED else character for character in text)


def _tokens_1(pattern: str, start: int) -> Iterator[Token]:
    symbols = {"*": FREE, "?": ANY}
    for at in range(start, len(pattern)):
        yield Token(symbols.get(pattern[at], pattern[at]), at, at + 1)


def _tokens_2(pattern: str, at: int) -> Iterator[Token]:
    while at < len(pattern):
        symbol, end = pattern[at], at + 1
        if symbol == ESCAPE:
            symbol, end = pattern[end : end + 1], end + 1
            if not symbol or symbol not in ESCAPED:
                raise PatternError(at, r"\*, \? or \\ where there is a backslash")
        elif symbol == "?":
            symbol = ONE
        elif symbol == "*":
            while pattern.startswith("*", end):
                end += 1
            if end - at > len("**"):
                raise PatternError(at, "one star or two")
            symbol = RUN if end - at == 1 else FREE
        yield Token(symbol, at, end)
        at = end


def _kind(token: Token) -> str:
    return token.symbol if len(token.symbol) > 1 else ""
