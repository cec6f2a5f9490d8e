"""Patterns over whole values: ``?`` is exactly one character, ``*`` any number of them, all else is itself.

Rule 1: a pattern fits a whole value or it does not fit; there is no search, and no escape.
Rule 2: no regular expression and no backtracking. The pattern is an automaton whose set of states is one integer:
        bit *i* is set when *i* characters of the pattern, stars not counted, may have been taken. A step costs a
        handful of integer operations, whatever the pattern; a hostile pattern has nothing to blow up.
"""

from collections.abc import Iterator
from itertools import accumulate, groupby
from typing import Self

import msgspec

WILDCARDS = "*?"


class Miss(msgspec.Struct, frozen=True, gc=False):
    """How far a pattern got in a value that it does not fit; everything counts from 0."""

    segment: int  # the run of literals, of ``?`` or of ``*`` that stopped; one past the last: the value goes on
    pattern_at: int  # the character of the pattern that could not be taken
    value_at: int  # characters of the value taken until then


class Glob(msgspec.Struct, frozen=True, gc=False, eq=False):
    """A compiled pattern; two are equal when their patterns are."""

    pattern: str
    prefix: str  # the literal beginning; the automaton starts behind it
    masks: dict[str, int]  # for a character: the states in which it may be taken
    anything: int  # the states in which any character may be taken, for characters without a mask
    stars: int  # the states that stay whatever comes, because a star stands there
    accept: int  # the state in which the whole pattern is taken

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Glob) and self.pattern == other.pattern

    def __hash__(self) -> int:
        return hash(self.pattern)

    def matches(self, value: str) -> bool:
        """Whether the pattern fits the whole value; linear in the value."""
        if not value.startswith(self.prefix):
            return False
        states = 0
        for states in self._states(value):  # noqa: B007 - the last set of states is the answer
            pass
        return bool(states & self.accept)

    def covers(self, other: Self) -> bool:
        """Whether every value that fits ``other`` fits this pattern. No is not proof of the contrary.

        Reads the other pattern as if it were a value: what any character can be, only ``?`` and ``*`` take; what any
        run can be, only ``*``.
        """
        if not other.pattern.startswith(self.prefix):
            return False
        states = 1
        for character in other.pattern[len(self.prefix) :]:
            stay = states & self.stars
            if character == "*":
                states = stay
                continue
            taken = self.anything if character == "?" else self.masks.get(character, self.anything)
            states = ((states & taken) << 1) | stay
        return bool(states & self.accept)

    def miss(self, value: str) -> Miss:
        """Find the furthest point reached in a value that does not fit, where it was reached first."""
        if not value.startswith(self.prefix):
            same = next(at for at, character in enumerate(self.prefix) if value[at : at + 1] != character)
            return self._miss(same, same)
        taken, at = 0, 0
        for position, states in enumerate(self._states(value)):
            if states.bit_length() - 1 > taken:
                taken, at = states.bit_length() - 1, position
        return self._miss(len(self.prefix) + taken, len(self.prefix) + at)

    def _states(self, value: str) -> Iterator[int]:
        """Yield the states before the first character behind the prefix and after each, until none is left."""
        masks, anything, stars = self.masks, self.anything, self.stars
        states = 1
        yield states
        for character in value[len(self.prefix) :]:
            states = ((states & masks.get(character, anything)) << 1) | (states & stars)
            yield states
            if not states:
                return

    def _miss(self, taken: int, value_at: int) -> Miss:
        """``taken`` counts characters of the pattern, stars not counted."""
        takers = [at for at, character in enumerate(self.pattern) if character != "*"]
        pattern_at = takers[taken] if taken < len(takers) else len(self.pattern)
        ends = accumulate(len(tuple(run)) for _, run in groupby(self.pattern, key=_kind))
        return Miss(sum(end <= pattern_at for end in ends), pattern_at, value_at)


def parse(pattern: str) -> Glob:
    """Compile a pattern. Every string is one."""
    first = next((at for at, character in enumerate(pattern) if character in WILDCARDS), len(pattern))
    masks: dict[str, int] = {}
    anything = stars = 0
    state = 1
    for character in pattern[first:]:
        if character == "*":
            stars |= state
            continue
        if character == "?":
            anything |= state
        else:
            masks[character] = masks.get(character, 0) | state
        state <<= 1
    open_masks = {character: mask | anything for character, mask in masks.items()}
    return Glob(pattern, pattern[:first], open_masks, anything, stars, accept=state)


def _kind(character: str) -> str:
    return character if character in WILDCARDS else ""
