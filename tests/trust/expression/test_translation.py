"""From version 1 to version 2: the same meaning where there is no question mark, and said where it is not."""

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from accredit.errors import EXPRESSION_SYNTAX, Refused
from accredit.trust.expression import evaluate, parse, to_version_2
from tests.support.every import every
from tests.trust.expression.drawn import quoted

TRANSLATED = {
    "a star": ("claims['a'] matches 'b*'", "claims['a'] matches 'b**'", False),
    "two stars": ("claims['a'] matches '**'", "claims['a'] matches '**'", False),
    "many stars": ("claims['a'] matches 'a*****b'", "claims['a'] matches 'a**b'", False),
    "a backslash": (r"claims['a'] matches 'a\*'", r"claims['a'] matches 'a\\**'", False),
    "a quote": ("claims['a'] matches 'it''s*'", "claims['a'] matches 'it''s**'", False),
    "a question mark": ("claims['a'] matches 'v?'", "claims['a'] matches 'v?'", True),
    "stars around a question mark": ("claims['a'] matches '*?*'", "claims['a'] matches '**?**'", True),
    "eq": (r"claims['a'] eq '*?\'", r"claims['a'] eq '*?\'", False),
    "several": (
        "claims['a'] eq 'b' and claims['c'] matches 'd*'",
        "claims['a'] eq 'b' and claims['c'] matches 'd**'",
        False,
    ),
}


@every(("text", "expected", "narrowed"), TRANSLATED.values(), ids=TRANSLATED)
def test_translated(text, expected, narrowed):
    translation = to_version_2(parse(text))
    assert (translation.expression.text, translation.expression.language_version) == (expected, 2)
    assert translation.narrowed == ((text,) if narrowed else ())


def test_only_what_is_narrowed_is_named():
    text = "claims['a'] matches 'b?' and claims['c'] matches 'd*' and claims['e'] eq 'f?'"
    assert to_version_2(parse(text)).narrowed == ("claims['a'] matches 'b?'",)


def test_what_is_of_version_2_stays():
    expression = parse("claims['a'] matches '*?'", 2)
    assert to_version_2(expression).expression is expression
    assert to_version_2(expression).narrowed == ()


BEYOND = {
    "more comparisons": (" and ".join(["claims['a'] eq 'b'"] * 33), "One comparison too many at position 737"),
    "more wildcards": (f"claims['a'] matches '{'a*' * 17}'", "The pattern at position 21 has 17 wildcards"),
    "a claim that the credential decides on": ("claims['aud'] eq 'a'", '"aud" at position 9 cannot be asked for'),
}


@every(("text", "reason"), BEYOND.values(), ids=BEYOND)
def test_what_version_2_does_not_hold_is_refused(text, reason):
    with pytest.raises(Refused) as refused:
        to_version_2(parse(text))
    assert refused.value.row is EXPRESSION_SYNTAX
    assert refused.value.fields["reason"].startswith(reason)


NAMES = st.sampled_from(["sub", "a"])
ALPHABET = "ab/:@*\\'"
CLAUSES = st.lists(
    st.builds(
        lambda name, operator, operand: f"claims['{name}'] {operator} {quoted(operand)}",
        NAMES,
        st.sampled_from(["eq", "matches"]),
        st.text(ALPHABET, min_size=1, max_size=6),
    ),
    min_size=1,
    max_size=3,
).map(" and ".join)
CLAIMS = st.dictionaries(NAMES, st.text(ALPHABET + "?", max_size=6) | st.integers() | st.none())


@given(CLAUSES, CLAIMS)
def test_without_question_marks_the_meaning_stays(text, claims):
    before, after = parse(text), to_version_2(parse(text))
    event(f"holds: {evaluate(before, claims)}")
    assert after.narrowed == ()
    assert evaluate(after.expression, claims) is evaluate(before, claims)


@given(st.text(ALPHABET + "?", min_size=1, max_size=6), st.text(ALPHABET + "?", max_size=6))
def test_a_pattern_alone_keeps_its_meaning_or_is_narrowed(pattern, value):
    before = parse(f"claims['a'] matches {quoted(pattern)}")
    after = to_version_2(before)
    old, new = evaluate(before, {"a": value}), evaluate(after.expression, {"a": value})
    assert bool(after.narrowed) is ("?" in pattern)
    assert old or not new  # never more
    assert after.narrowed or old is new
