"""Patterns: what fits, checked against a regular expression; where a miss stopped; that nothing blows up."""

import re
from random import Random
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accredit.trust.expression import glob
from accredit.trust.expression.glob import Miss

ALPHABET = "ab/:@*?"
PATTERNS = st.text(ALPHABET, max_size=12)
VALUES = st.text(ALPHABET, max_size=16)

FITS = {
    "a literal is the whole value": ("main", "main", True),
    "a literal is not a beginning": ("main", "main-evil", False),
    "a literal is not an end": ("main", "evil-main", False),
    "a literal is not found inside": ("main", "a-main-b", False),
    "letter case counts": ("Main", "main", False),
    "equal looks are not equal characters": ("caf\u00e9", "cafe\u0301", False),
    "a star may stand for nothing": ("repo:o/*", "repo:o/", True),
    "a star crosses slash, colon and at sign": ("repo:o@1/*", "repo:o@1/r@2:ref:refs/heads/main", True),
    "a star does not excuse what stands before it": ("repo:o/*", "repo:octo/r", False),
    "a star does not excuse what stands after it": ("*:main", "repo:main:dev", False),
    "a star crosses a line break": ("a*b", "a\nb", True),
    "two stars are one": ("a**b", "ab", True),
    "a star alone fits the empty value": ("*", "", True),
    "a star alone fits everything": ("*", "/:@\n", True),
    "a star may give back what it took": ("*ab*ab", "ababab", True),
    "a star takes the second of two chances": ("*:main", "x:main:main", True),
    "a question mark is one character": ("v?", "v1", True),
    "a question mark is not none": ("v?", "v", False),
    "a question mark is not two": ("v?", "v10", False),
    "a question mark is any delimiter": ("a?b?c?d", "a/b:c@d", True),
    "a question mark is a line break": ("a?b", "a\nb", True),
    "a question mark is one character beyond the basic plane": ("a?b", "a\U0001f600b", True),
    "two question marks are exactly two": ("??", "abc", False),
    "a star and a question mark are at least one": ("*?", "", False),
    "a line break at the end is a character": ("main", "main\n", False),
    "a backslash escapes nothing": ("a\\*", "a\\xyz", True),
    "a backslash does not make a star literal": ("a\\*", "a*", False),
    "a star in the value is a character": ("a?", "a*", True),
    "characters of regular expressions are themselves": ("^(a|b)+.[c]$", "^(a|b)+.[c]$", True),
    "an alternation is no alternation": ("^main|release$", "main-evil", False),
    "the empty pattern fits the empty value": ("", "", True),
    "the empty pattern fits nothing else": ("", "a", False),
}


@pytest.mark.parametrize(("pattern", "value", "fits"), FITS.values(), ids=FITS)
def test_fits(pattern, value, fits):
    assert glob.parse(pattern).matches(value) is fits


def oracle(pattern: str) -> re.Pattern[str]:
    """The same pattern as a regular expression: a second opinion, good enough for short values."""
    return re.compile("".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern), re.DOTALL)


def filled(pattern: str, dice: Random) -> str:
    """A value that is likely to fit: wildcards replaced by characters, and sometimes one character spoilt."""
    lengths = {"*": dice.randrange(4), "?": 1}
    parts = ["".join(dice.choices(ALPHABET, k=lengths[each])) if each in lengths else each for each in pattern]
    if parts and dice.random() < 0.3:
        parts[dice.randrange(len(parts))] = dice.choice(ALPHABET)
    return "".join(parts)


def test_agrees_with_an_anchored_regular_expression_on_200_000_pairs():
    dice = Random(1)  # noqa: S311  the same pairs in every run
    patterns = 20_000
    agreed = {True: 0, False: 0}
    for _ in range(patterns):
        pattern = "".join(dice.choices(ALPHABET, k=dice.randrange(10)))
        compiled, expected = glob.parse(pattern), oracle(pattern)
        for turn in range(10):
            value = filled(pattern, dice) if turn % 2 else "".join(dice.choices(ALPHABET, k=dice.randrange(12)))
            fits = expected.fullmatch(value) is not None
            assert compiled.matches(value) is fits, (pattern, value)
            agreed[fits] += 1
    assert min(agreed.values()) > patterns  # neither answer is a rarity, so agreement means something


@given(pattern=PATTERNS, value=VALUES)
def test_agrees_on_what_hypothesis_thinks_of(pattern, value):
    assert glob.parse(pattern).matches(value) is (oracle(pattern).fullmatch(value) is not None)


@given(pattern=st.text(st.characters(exclude_characters="*?")), value=st.text())
def test_a_pattern_without_wildcard_matches_only_itself(pattern, value):
    compiled = glob.parse(pattern)
    assert compiled.matches(pattern)
    assert compiled.matches(value) is (value == pattern)


@given(pattern=st.text(), other=st.text())
def test_patterns_are_equal_when_their_texts_are(pattern, other):
    assert glob.parse(pattern) == glob.parse(pattern)
    assert hash(glob.parse(pattern)) == hash(glob.parse(pattern))
    assert (glob.parse(pattern) == glob.parse(other)) is (pattern == other)
    assert glob.parse(pattern) != pattern


MISSES = {
    "in the literal beginning": ("repo:octo-org/*", "repo:evil-org/x", Miss(0, 5, 5)),
    "a value shorter than the literal beginning": ("repo:octo-org/*", "repo:octo", Miss(0, 9, 9)),
    "an empty value": ("a*", "", Miss(0, 0, 0)),
    "in the literal behind a star": ("repo:*:ref:refs/heads/main", "repo:o/r:ref:refs/heads/dev", Miss(2, 22, 24)),
    "the furthest point, not the last": ("*:main", "x:mai:m", Miss(1, 5, 5)),
    "the furthest point where it was reached first": ("*:main", "a:m:m", Miss(1, 3, 3)),
    "a question mark that finds nothing": ("ab?", "ab", Miss(1, 2, 2)),
    "a literal between wildcards": ("a?b*c", "axd", Miss(2, 2, 2)),
    "a value that goes on behind the pattern": ("a?", "abc", Miss(2, 2, 2)),
    "a value that goes on behind a pattern of literals": ("main", "main-evil", Miss(1, 4, 4)),
}


@pytest.mark.parametrize(("pattern", "value", "miss"), MISSES.values(), ids=MISSES)
def test_a_miss_names_where_it_stopped(pattern, value, miss):
    compiled = glob.parse(pattern)
    assert not compiled.matches(value)
    assert compiled.miss(value) == miss


@given(pattern=PATTERNS, value=VALUES)
def test_what_stands_before_a_miss_fits(pattern, value):
    compiled = glob.parse(pattern)
    if compiled.matches(value):
        return
    miss = compiled.miss(value)
    assert glob.parse(pattern[: miss.pattern_at]).matches(value[: miss.value_at])
    segments = re.findall(r"\*+|\?+|[^*?]+", pattern)
    start = len("".join(segments[: miss.segment]))
    end = len("".join(segments[: miss.segment + 1]))
    assert start <= miss.pattern_at < end or miss.pattern_at == start == len(pattern)


HOSTILE = {
    "400 tokens, all fit": ("**a" * 200, "a" * 4096, True),
    "400 tokens, the last character spoils it": ("**a" * 200, "a" * 4095 + "b", False),
    "1,000 question marks between stars": ("*?" * 1000, "a" * 4096, True),
    "a pattern as long as an expression can be": ("*a?" * 1365, "ab" * 2048, True),
    "the classic of backtracking": ("a*" * 30 + "b", "a" * 4096, False),
}


@pytest.mark.parametrize(("pattern", "value", "fits"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_pattern_costs_one_step_for_each_character(pattern, value, fits):
    compiled = glob.parse(pattern)
    started = perf_counter()
    assert compiled.matches(value) is fits
    assert perf_counter() - started < 0.5  # seconds; some milliseconds on an idle machine
    assert sum(1 for _ in compiled._states(value)) <= len(value) + 1  # noqa: SLF001  the steps are the claim
