"""From CEL: what is imported, what is refused and where; nothing is nearly translated."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accredit.errors import INPUT_INVALID, Refused
from accredit.trust.expression import evaluate
from accredit.trust.expression.cel import CelImport, read
from tests.support.every import every

NE = (
    "at position {}: without this claim, or with one of another type, the condition does not hold; CEL raises an "
    "error, or accepts"
)
IMPORTED = {
    "==": ("assertion.sub == 'a'", "claims['sub'] eq 'a'"),
    "a text in double quotes": ('assertion.sub == "it\'s"', "claims['sub'] eq 'it''s'"),
    "a raw text": (r"assertion.sub == r'a\b'", r"claims['sub'] eq 'a\b'"),
    "escapes": (r"assertion.sub == 'a\x62\u0063\U00000064\\\''", r"claims['sub'] eq 'abcd\'''"),
    "escapes of white space": (r"assertion.sub == 'a\n\t'", "claims['sub'] eq 'a\n\t'"),
    "what OpenBao calls them": ("claims['sub'] == 'a'", "claims['sub'] eq 'a'"),
    "the other way round": ("'a' == assertion.sub", "claims['sub'] eq 'a'"),
    "an integer": ("assertion.n == 5", "claims['n'] eq 5"),
    "a negative integer": ("assertion.n == -5", "claims['n'] eq -5"),
    "true": ("assertion.b == true", "claims['b'] eq true"),
    "a path": ("assertion['kubernetes.io'].pod.name == 'a'", "claims['kubernetes.io']['pod']['name'] eq 'a'"),
    "in": ("assertion.ref in ['a', 'b',]", "claims['ref'] in ['a', 'b']"),
    "in a claim": ("'admins' in assertion.groups", "claims['groups'] contains 'admins'"),
    "and, or": (
        "assertion.a == 'x' && assertion.b == 'y' || assertion.c == 'z'",
        "claims['a'] eq 'x' and claims['b'] eq 'y' or claims['c'] eq 'z'",
    ),
    "parentheses": (
        "assertion.a == 'x' && (assertion.b == 'y' || assertion.c == 'z')",
        "claims['a'] eq 'x' and (claims['b'] eq 'y' or claims['c'] eq 'z')",
    ),
    "parentheses that say nothing": (
        "(assertion.a == 'x' && (assertion.b == 'y' && assertion.c == 'z'))",
        "claims['a'] eq 'x' and claims['b'] eq 'y' and claims['c'] eq 'z'",
    ),
    "startsWith": ("assertion.sub.startsWith('repo:o/')", "claims['sub'] matches 'repo:o/**'"),
    "endsWith": ("assertion.sub.endsWith(':main')", "claims['sub'] matches '**:main'"),
    "contains": ("assertion.sub.contains('o')", "claims['sub'] matches '**o**'"),
    "characters that would be wildcards": (
        "assertion.sub.startsWith('a*?\\\\')",
        r"claims['sub'] matches 'a\*\?\\**'",
    ),
    "has": ("has(assertion.environment)", "exists(claims['environment'])"),
    "a condition taken back twice": ("!!(assertion.a == 'x')", "claims['a'] eq 'x'"),
    "not of !=": ("!(assertion.a != 'x')", "claims['a'] eq 'x'"),
    "lines and comments": (
        "assertion.a == 'x' // its owner\n&& assertion.b == 'y'",
        "claims['a'] eq 'x' and claims['b'] eq 'y'",
    ),
}


@every(("text", "expected"), IMPORTED.values(), ids=IMPORTED)
def test_imported(text, expected):
    found = read(text)
    assert (found.expression.text, found.expression.language_version) == (expected, 2)
    assert found.notes == ()


NOTED = {
    "!=": ("assertion.a != 'x'", "claims['a'] ne 'x'", [1]),
    "not of ==": ("!(assertion.a == 'x')", "claims['a'] ne 'x'", [3]),
    "not of in": ("!(assertion.a in ['x'])", "claims['a'] not in ['x']", [3]),
    "not of and": (
        "assertion.c == 'z' && !(assertion.a == 'x' && assertion.b != 'y')",
        "claims['c'] eq 'z' and (claims['a'] ne 'x' or claims['b'] eq 'y')",
        [25],
    ),
    "not of or": ("!(assertion.a == 'x' || assertion.b == 'y')", "claims['a'] ne 'x' and claims['b'] ne 'y'", [3, 25]),
}


@every(("text", "expected", "places"), NOTED.values(), ids=NOTED)
def test_what_takes_less_than_cel_is_told(text, expected, places):
    found = read(text)
    assert found == CelImport(found.expression, tuple(map(NE.format, places)))
    assert found.expression.text == expected


ALONE = "a claim alone is no condition: compare it, with == true if it is a boolean"
MADE = "a claim is expected, as in assertion.sub: name the claim that it is made of"
NO_OPPOSITE = "there is no opposite of exists: an absent claim never makes a condition true"
REFUSED = {
    "nothing": ("", "something is missing at the end"),
    "half a condition": ("assertion.a ==", "something is missing at the end"),
    "no CEL": ("assertion.a = 'x'", "\"= 'x'\" cannot stand at position 13"),
    "and in words": ("assertion.a == 'x' and assertion.b == 'y'", '"and assertion.b " cannot stand at position 20'),
    "a map": ("{'a': 1}", "\"{'a': 1}\" cannot stand at position 1"),
    "a claim alone": ("assertion.email_verified", f"{ALONE}; found at position 1: assertion.email_"),
    "a claim alone, by its name": ("assertion['a']", f"{ALONE}; found at position 1: assertion['a']"),
    "not of a claim alone": ("!assertion.a", f"{ALONE}; found at position 2: assertion.a"),
    "a name alone": ("true", "a name alone is no condition; found at position 1: true"),
    "a value alone": ("'a'", "a value alone is no condition; found at position 1: 'a'"),
    "a choice": (
        "assertion.a == 'x' ? true : false",
        "there is no choice by ? and :; found at position 1: assertion.a == '",
    ),
    "a comparison of size": ("assertion.n < 5", "nothing is compared by <; found at position 1: assertion.n < 5"),
    "a sum": ("assertion.n + 1 == 5", "a claim is expected, as in assertion.sub; found at position 1: assertion.n + 1"),
    "a sum alone": ("1 + 1", "nothing is calculated; found at position 1: 1 + 1"),
    "a regular expression": (
        "assertion.sub.matches('^a')",
        "there are no regular expressions; matches has * and ?; found at position 1: assertion.sub.ma",
    ),
    "extract": (
        "assertion.sub.extract('{x}/') == 'a'",
        "a claim is expected, as in assertion.sub; found at position 1: assertion.sub.ex",
    ),
    "a function of a text": (
        "assertion.sub.size()",
        "there is no function size; found at position 1: assertion.sub.si",
    ),
    "a function": ("size(assertion.sub)", "there is no function size; found at position 1: size(assertion.s"),
    "a macro": (
        "assertion.l.exists(x, x == 'a')",
        "there is no function exists; found at position 1: assertion.l.exis",
    ),
    "two arguments": (
        "assertion.a.startsWith('a', 'b')",
        "one argument is expected; found at position 1: assertion.a.star",
    ),
    "no argument": ("has()", "one argument is expected; found at position 1: has()"),
    "an argument that is no text": ("assertion.a.startsWith(5)", "startsWith takes a text; found at position 24: 5"),
    "not of startsWith": (
        "!assertion.a.startsWith('x')",
        "there is no opposite of startsWith; found at position 2: assertion.a.star",
    ),
    "not of has": (
        "!has(assertion.a)",
        f"{NO_OPPOSITE}; found at position 2: has(assertion.a)",
    ),
    "not of contains": (
        "!('x' in assertion.a)",
        "there is no opposite of contains; found at position 3: 'x' in assertion",
    ),
    "null": (
        "assertion.a == null",
        "a text, an integer, true or false is expected; found at position 16: null",
    ),
    "a number with a fraction": (
        "assertion.a == 1.5",
        "a text, an integer, true or false is expected; found at position 16: 1.5",
    ),
    "a number without a sign": (
        "assertion.a == 5u",
        "a text, an integer, true or false is expected; found at position 16: 5u",
    ),
    "two claims": (
        "assertion.a == assertion.b",
        "a text, an integer, true or false is expected; found at position 16: assertion.b",
    ),
    "two values": ("'a' == 'b'", "a claim is expected, as in assertion.sub; found at position 1: 'a'"),
    "in an empty list": ("assertion.a in []", "in takes a list of values, or a claim; found at position 16: []"),
    "in a text": ("assertion.a in 'abc'", "in takes a list of values, or a claim; found at position 16: 'abc'"),
    "a list in a list": (
        "assertion.a in [['x']]",
        "a text, an integer, true or false is expected; found at position 17: ['x']",
    ),
    "all claims": ("assertion == 'a'", "a claim is expected, as in assertion.sub; found at position 1: assertion"),
    "what Google Cloud makes of claims": (
        "google.subject == 'a'",
        f"{MADE}; found at position 1: google.subject",
    ),
    "an attribute": (
        "attribute.repository == 'a'",
        f"{MADE}; found at position 1: attribute.reposi",
    ),
    "another name": ("token.sub == 'a'", "a claim is expected, as in assertion.sub; found at position 1: token.sub"),
    "an index": ("assertion.l[0] == 'a'", "elements of lists have no names here; found at position 1: assertion.l[0]"),
    "a name with a quote": (
        "assertion[\"it's\"] == 'a'",
        'the name of a claim is not empty, and has no quote in it; found at position 1: assertion["it\'s"',
    ),
    "an empty name": (
        "assertion[''] == 'a'",
        "the name of a claim is not empty, and has no quote in it; found at position 1: assertion['']",
    ),
    "what the credential decides on": (
        "assertion.aud == 'a'",
        "aud cannot be asked for: the credential itself decides on it; found at position 1: assertion.aud",
    ),
    "a quote in a raw text": (r"assertion.a == r'\''", r"a quote in a raw text; found at position 16: r'\''"),
    "an escape that there is not": (
        r"assertion.a == '\q'",
        r"an escape that CEL does not have; found at position 16: '\q'",
    ),
    "half of a pair": (
        r"assertion.a == '\ud800'",
        r"an escape that CEL does not have; found at position 16: '\ud800'",
    ),
    "a character beyond all": (
        r"assertion.a == '\Uffffffff'",
        r"an escape that CEL does not have; found at position 16: '\Uffffffff'",
    ),
    "nested beyond all": (
        "!" * 60 + "(assertion.a == 'x')",
        "conditions are nested deeper than 50; found at position 51: !!!!!!!!!!(asser",
    ),
    "a bound of version 2": (
        " && ".join(["assertion.a == 'x'"] * 33),
        "One comparison too many at position 737: 32 are the most",
    ),
    "a long text": ("assertion.a == '" + "x" * 4_100 + "'", "it is 4117 characters long; 4096 is the most"),
}


@every(("text", "reason"), REFUSED.values(), ids=REFUSED)
def test_refused_with_the_place(text, reason):
    with pytest.raises(Refused) as refused:
        read(text)
    assert refused.value.row is INPUT_INVALID
    assert refused.value.message == f"the CEL expression is not valid: {reason}"


NAMES = st.sampled_from(["a", "b"])
VALUES = st.sampled_from(["x", "y", "xy", ""])
CONDITIONS = st.recursive(
    st.one_of(
        st.builds("assertion.{} == '{}'".format, NAMES, VALUES),
        st.builds("assertion.{} != '{}'".format, NAMES, VALUES),
        st.builds("assertion.{} in ['{}', 'z']".format, NAMES, VALUES),
    ),
    lambda inner: (
        st.builds("({} && {})".format, inner, inner)
        | st.builds("({} || {})".format, inner, inner)
        | inner.map("!({})".format)
    ),
    max_leaves=4,
)


@given(CONDITIONS, st.fixed_dictionaries({"a": VALUES, "b": VALUES}))
def test_where_all_claims_are_there_it_means_the_same(text, claims):
    python = text.replace("&&", "and").replace("||", "or").replace("!(", "not (")
    expected = eval(python, {"assertion": type("Assertion", (), claims)})  # noqa: S307  drawn above
    assert evaluate(read(text).expression, claims) is bool(expected)


FRAGMENTS = [
    "assertion",
    ".",
    "a",
    "[",
    "]",
    "'a'",
    "==",
    "!=",
    "&&",
    "||",
    "!",
    "(",
    ")",
    " in ",
    "has",
    "-",
    "5",
    "?",
    ":",
    ",",
    "\\",
]


@given(st.text() | st.lists(st.sampled_from(FRAGMENTS), max_size=20).map("".join))
def test_any_text_is_imported_or_refused(text):
    try:
        found = read(text)
    except Refused as refused:
        assert refused.row is INPUT_INVALID  # noqa: PT017  either way is fine, nothing else is
    else:
        assert found.expression.language_version == 2


HOSTILE = {
    "many parentheses": "(" * 2_000 + "assertion.a == 'x'" + ")" * 2_000,
    "a long path": "assertion" + ".a" * 2_000 + " == 'x'",
    "lists in lists": "assertion.a in " + "[" * 2_000 + "]" * 2_000,
    "many signs": "assertion.a == " + "-" * 4_000 + "5",
    "choices in choices": "assertion.a == 'x' ? true : " * 140 + "false",
    "conditions in conditions": "!(assertion.a == 'x' && " * 150 + "assertion.a == 'x'" + ")" * 150,
}


@every("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_text_is_imported_or_refused(text):
    try:
        read(text)
    except Refused as refused:
        assert refused.row is INPUT_INVALID  # noqa: PT017


def test_lark_is_not_loaded_before_something_is_imported():
    program = "import sys, accredit.trust, accredit.trust.expression.cel; sys.exit('lark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=30).returncode == 0
