"""Patterns: what fits, checked against a regular expression; where a miss stopped; that nothing blows up."""

import re
from random import Random
from time import thread_time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from accredit.trust.expression import glob
from accredit.trust.expression.glob import Miss, PatternError
from tests.support.every import every

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


@every(("pattern", "value", "fits"), FITS.values(), ids=FITS)
def test_fits(pattern, value, fits):
    assert glob.parse(pattern).matches(value) is fits


FITS_2 = {
    "a literal is the whole value": ("main", "main", True),
    "a literal is not a beginning": ("main", "main-evil", False),
    "a star is a part of a path": ("refs/heads/release/*", "refs/heads/release/1.2", True),
    "a star does not cross a slash": ("refs/heads/release/*", "refs/heads/release/1/x", False),
    "a star does not cross a colon": ("repo:o/*", "repo:o/r:ref", False),
    "a star does not cross an at sign": ("repo:*", "repo:o@1", False),
    "a star may stand for nothing": ("a/*/b", "a//b", True),
    "a star stands for a dash and a dot": ("*", "a-b.c_d", True),
    "a star between delimiters": ("repo:*@1/*@2:**", "repo:o@1/r@2:ref:refs/heads/main", True),
    "two stars cross everything": ("repo:o@1/**", "repo:o@1/r@2:ref:refs/heads/main", True),
    "two stars may stand for nothing": ("a**", "a", True),
    "two stars do not excuse what stands after them": ("**:main", "x:main:dev", False),
    "two stars take the second of two chances": ("**:main", "x:main:main", True),
    "a question mark is one character": ("v?", "v1", True),
    "a question mark is no slash": ("v?1", "v/1", False),
    "a question mark is no colon": ("v?1", "v:1", False),
    "a question mark is no at sign": ("v?1", "v@1", False),
    "a question mark is not none": ("v?", "v", False),
    "a question mark is a line break": ("a?b", "a\nb", True),
    "a star and a literal delimiter": ("*/*", "a/b", True),
    "an escaped star is a star": (r"a\*", "a*", True),
    "an escaped star is nothing else": (r"a\*", "ab", False),
    "an escaped question mark is one": (r"a\?", "a?", True),
    "an escaped question mark is nothing else": (r"a\?", "ab", False),
    "an escaped backslash is one": (r"a\\", "a\\", True),
    "an escaped backslash and a star": (r"a\\*", r"a\bc", True),
    "an escape behind a star": (r"*\**", "a*b", True),
    "an escape behind two stars": (r"**\*", "a/b*", True),
    "a star in the value is a character": ("a?", "a*", True),
    "the empty pattern fits the empty value": ("", "", True),
    "the empty pattern fits nothing else": ("", "a", False),
}


@every(("pattern", "value", "fits"), FITS_2.values(), ids=FITS_2)
def test_fits_in_version_2(pattern, value, fits):
    assert glob.parse(pattern, 2).matches(value) is fits


NO_PATTERNS = {
    "three stars": ("ab***", 2),
    "four stars": ("****", 0),
    "three stars behind an escape": (r"\****", 2),
    "an escape of a letter": (r"a\bc", 1),
    "an escape of a delimiter": (r"a/\/", 2),
    "half an escape": ("a*\\", 2),
    "an escape of an escape, and half of one": ("\\\\\\", 2),
}


@every(("pattern", "at"), NO_PATTERNS.values(), ids=NO_PATTERNS)
def test_no_pattern_of_version_2(pattern, at):
    with pytest.raises(PatternError) as refused:
        glob.parse(pattern, 2)
    assert refused.value.at == at


ORACLES = {
    1: {"*": ".*", "?": "."},
    2: {"**": ".*", "*": "[^/:@]*", "?": "[^/:@]", r"\*": r"\*", r"\?": r"\?", r"\\": r"\\"},
}


def oracle(pattern: str, version: int = 1) -> re.Pattern[str]:
    """The same pattern as a regular expression: a second opinion, good enough for short values."""
    words = ORACLES[version]
    tokens = re.findall("|".join(map(re.escape, words)) + "|.", pattern, re.DOTALL)
    return re.compile("".join(words.get(each) or re.escape(each) for each in tokens), re.DOTALL)


def filled(pattern: str, dice: Random) -> str:
    """A value that is likely to fit: wildcards replaced by characters, and sometimes one character spoilt."""
    lengths = {"*": dice.randrange(4), "?": 1}
    parts = ["".join(dice.choices(ALPHABET, k=lengths[each])) if each in lengths else each for each in pattern]
    if parts and dice.random() < 0.3:
        parts[dice.randrange(len(parts))] = dice.choice(ALPHABET)
    return "".join(parts)


@pytest.mark.slow
@pytest.mark.parametrize("version", [1, 2])
def test_agrees_with_an_anchored_regular_expression_on_200_000_pairs(version):
    dice = Random(version)  # noqa: S311  the same pairs in every run
    agreed = {True: 0, False: 0}
    while sum(agreed.values()) < 200_000:
        pattern = "".join(dice.choices(ALPHABET, k=dice.randrange(10)))
        if version == 2 and "***" in pattern:
            continue
        compiled, expected = glob.parse(pattern, version), oracle(pattern, version)
        for turn in range(10):
            value = filled(pattern, dice) if turn % 2 else "".join(dice.choices(ALPHABET, k=dice.randrange(12)))
            fits = expected.fullmatch(value) is not None
            assert compiled.matches(value) is fits, (pattern, value)
            agreed[fits] += 1
    assert min(agreed.values()) > 10_000  # neither answer is a rarity, so agreement means something


PATTERNS_2 = st.lists(st.sampled_from([*ALPHABET, "**", r"\*", r"\?", r"\\"]), max_size=12).map("".join)


@given(pattern=PATTERNS_2, value=VALUES | st.text(ALPHABET + "\\", max_size=16))
def test_version_2_agrees_on_what_hypothesis_thinks_of(pattern, value):
    try:
        compiled = glob.parse(pattern, 2)
    except PatternError:
        assert "***" in pattern.replace("\\\\", "").replace("\\*", "")  # the only mistake that is drawn
        return
    assert compiled.matches(value) is (oracle(pattern, 2).fullmatch(value) is not None)


@given(text=st.text(), value=st.text())
def test_an_escaped_text_matches_only_itself(text, value):
    compiled = glob.parse(glob.escaped(text), 2)
    assert compiled.matches(text)
    assert compiled.matches(value) is (value == text)


FREED = {
    "the star that stopped": ("repo:o@1/*", "repo:o@1/r@2:ref:x", "repo:o@1/**"),
    "one of two": ("repo:*/*", "repo:o/r:ref", "repo:*/**"),
    "the first of two": ("repo:*/x*", "repo:o@1/r/x1", "repo:**/x*"),
    "both": ("*:*", "a/b:c/d:e@f/:", "**:*"),
    "both at once": ("*x*", "a/x/b", "**x**"),
    "none helps": ("*:main", "a/b:dev", None),
    "a question mark is not freed": ("a?b", "a/b", None),
    "nothing to free": ("main", "dev", None),
    "an escaped star is no star": (r"\*/*", "*/a/b", r"\*/**"),
}


@every(("pattern", "value", "freed"), FREED.values(), ids=FREED)
def test_freed(pattern, value, freed):
    compiled = glob.parse(pattern, 2)
    assert not compiled.matches(value)
    assert compiled.freed(value) == freed


def test_version_1_has_nothing_to_free():
    assert glob.parse("a*b").freed("a/c") is None


@given(pattern=PATTERNS.filter(lambda pattern: "***" not in pattern), value=VALUES)
def test_what_is_freed_fits(pattern, value):
    freed = glob.parse(pattern, 2).freed(value)
    if freed is not None:
        assert glob.parse(freed, 2).matches(value)
        assert freed.replace("*", "") == pattern.replace("*", "")


@given(pattern=PATTERNS, value=VALUES)
def test_agrees_on_what_hypothesis_thinks_of(pattern, value):
    assert glob.parse(pattern).matches(value) is (oracle(pattern).fullmatch(value) is not None)


@given(pattern=st.text(st.characters(exclude_characters="*?")), value=st.text())
def test_a_pattern_without_wildcard_matches_only_itself(pattern, value):
    compiled = glob.parse(pattern)
    assert compiled.matches(pattern)
    assert compiled.matches(value) is (value == pattern)


@given(pattern=st.text(), other=st.text())
def test_patterns_are_equal_when_their_texts_and_versions_are(pattern, other):
    assert glob.parse("a") != glob.parse("a", 2)
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


@every(("pattern", "value", "miss"), MISSES.values(), ids=MISSES)
def test_a_miss_names_where_it_stopped(pattern, value, miss):
    compiled = glob.parse(pattern)
    assert not compiled.matches(value)
    assert compiled.miss(value) == miss


MISSES_2 = {
    "at a delimiter": ("repo:o@1/*", "repo:o@1/r@2", Miss(2, 10, 10)),
    "at the literal behind a star": ("refs/*/main", "refs/heads/x/main", Miss(2, 7, 11)),
    "at a question mark": ("a?b", "a/b", Miss(1, 1, 1)),
    "at an escaped star": (r"ab\*c", "abx", Miss(0, 2, 2)),
    "behind an escaped star": (r"ab\*c", "ab*x", Miss(0, 4, 3)),
    "behind two stars": ("**x", "a/b", Miss(1, 2, 0)),
}


@every(("pattern", "value", "miss"), MISSES_2.values(), ids=MISSES_2)
def test_a_miss_of_version_2_names_where_it_stopped(pattern, value, miss):
    compiled = glob.parse(pattern, 2)
    assert not compiled.matches(value)
    assert compiled.miss(value) == miss


@given(pattern=PATTERNS_2, value=VALUES)
def test_what_stands_before_a_miss_of_version_2_fits(pattern, value):
    assume("***" not in pattern.replace("\\\\", "").replace("\\*", ""))
    compiled = glob.parse(pattern, 2)
    if compiled.matches(value):
        return
    miss = compiled.miss(value)
    assert glob.parse(pattern[: miss.pattern_at], 2).matches(value[: miss.value_at])


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


@every("version", [1, 2])
@every(("pattern", "value", "fits"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_pattern_costs_one_step_for_each_character(pattern, value, fits, version):
    compiled = glob.parse(pattern, version)
    assert best(lambda: compiled.matches(value)) < 0.5  # seconds of a processor; it takes some milliseconds
    assert compiled.matches(value) is fits
    assert sum(1 for _ in compiled._states(value)) <= len(value) + 1  # noqa: SLF001  the steps are the claim


@pytest.mark.slow
@pytest.mark.parametrize("version", [1, 2])
def test_twice_the_value_costs_twice_the_time(version):
    compiled = glob.parse("**a" * 15, version)
    times = [best(lambda size=size: compiled.matches("a" * size), rounds=15) for size in (8_192, 16_384, 32_768)]
    assert times[2] / times[0] < 8  # four times, if linear; sixteen, if not


def best(call, rounds: int = 3) -> float:
    """Seconds of a processor that the fastest call took: whatever else the machine does only adds to one."""
    found = []
    for _ in range(rounds):
        started = thread_time()
        call()
        found.append(thread_time() - started)
    return min(found)
