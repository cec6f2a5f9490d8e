"""The grammar of version 2: what is read, what is refused and where, every bound, and that writing undoes reading."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accredit.errors import EXPRESSION_SYNTAX, Refused
from accredit.trust.expression import Atom, Group, parse, write
from accredit.trust.expression.version_2 import BLANK, RESERVED
from tests.support.every import every
from tests.trust.expression.drawn import EXPRESSIONS, shape, spelling

A, B, C, D = (f"claims['{name}'] eq '{name}'" for name in "abcd")
SHAPE_A, SHAPE_B, SHAPE_C, SHAPE_D = (((name,), "eq", name) for name in "abcd")

READ = {
    "a comparison": ("claims['a'] eq 'b'", (("a",), "eq", "b")),
    "ne": ("claims['a'] ne 'b'", (("a",), "ne", "b")),
    "an integer": ("claims['a'] eq 74", (("a",), "eq", 74)),
    "a negative integer": ("claims['a'] eq -74", (("a",), "eq", -74)),
    "nought": ("claims['a'] eq 0", (("a",), "eq", 0)),
    "true": ("claims['a'] eq true", (("a",), "eq", True)),
    "false": ("claims['a'] ne false", (("a",), "ne", False)),
    "an empty text": ("claims['a'] eq ''", (("a",), "eq", "")),
    "a doubled quote is one": ("claims['a'] eq 'it''s'", (("a",), "eq", "it's")),
    "a text that reads like syntax": ("claims['a'] eq ') or ('", (("a",), "eq", ") or (")),
    "a list": ("claims['a'] in ['b', 1,true]", (("a",), "in", ("b", 1, True))),
    "a list of one": ("claims['a'] in ['b']", (("a",), "in", ("b",))),
    "not in": ("claims['a'] not \n in ['b',\t'c']", (("a",), "not in", ("b", "c"))),
    "contains": ("claims['a'] contains 'b'", (("a",), "contains", "b")),
    "a pattern": (r"claims['a'] matches 'a*?**\*\?\\'", (("a",), "matches", r"a*?**\*\?\\")),
    "an empty pattern": ("claims['a'] matches ''", (("a",), "matches", "")),
    "exists": ("exists(claims['a']['b'])", (("a", "b"), "exists", None)),
    "a path": ("claims['kubernetes.io']['pod']['name'] eq 'x'", (("kubernetes.io", "pod", "name"), "eq", "x")),
    "a name of any characters": ("claims['https://x/y z\"]'] eq 'b'", (('https://x/y z"]',), "eq", "b")),
    "a reserved name within an object": ("claims['a']['iss'] eq 'b'", (("a", "iss"), "eq", "b")),
    "and": (f"{A} and {B} and {C}", ("and", SHAPE_A, SHAPE_B, SHAPE_C)),
    "or": (f"{A} or {B}", ("or", SHAPE_A, SHAPE_B)),
    "and binds tighter than or": (f"{A} or {B} and {C}", ("or", SHAPE_A, ("and", SHAPE_B, SHAPE_C))),
    "and binds tighter than or, first": (f"{A} and {B} or {C}", ("or", ("and", SHAPE_A, SHAPE_B), SHAPE_C)),
    "parentheses": (f"({A} or {B}) and {C}", ("and", ("or", SHAPE_A, SHAPE_B), SHAPE_C)),
    "parentheses with white space": (f"( {A} or {B}\n) and {C}", ("and", ("or", SHAPE_A, SHAPE_B), SHAPE_C)),
    "parentheses that say nothing": (f"(({A}) and ({B} and {C}))", ("and", SHAPE_A, SHAPE_B, SHAPE_C)),
    "or within and within or": (
        f"{A} and ({B} or {C}) or {D}",
        ("or", ("and", SHAPE_A, ("or", SHAPE_B, SHAPE_C)), SHAPE_D),
    ),
    "white space of every kind": (f"{A}\n\t and \n{B}", ("and", SHAPE_A, SHAPE_B)),
}


@every(("text", "expected"), READ.values(), ids=READ)
def test_read(text, expected):
    expression = parse(text, 2)
    assert shape(expression.root) == expected
    assert (expression.text, expression.language_version) == (text, 2)


def test_true_is_read_as_true_and_not_as_one():
    (atom,) = parse("claims['a'] in [1, true, 0, false]", 2).atoms
    assert [type(each) for each in atom.operand] == [int, bool, int, bool]


CLAUSE = '"claims[\'", "exists(" or "("'
OPERATORS = '"eq", "ne", "in", "not in", "matches" or "contains"'
VALUE = "a text in quotes, an integer, true or false"
NO_NOT = '; there is no "not" for conditions: use "ne" or "not in"'
BACKSLASH = r"Expected \*, \? or \\ where there is a backslash"
NULL = '; nothing equals null: "exists(\u2026)" asks whether there is a value'
REFUSED = {
    "nothing": ("", f"Expected {CLAUSE} at position 1, found the end"),
    "white space in front": (f" {A}", f"Expected {CLAUSE} at position 1, found \" claims['a'] eq \""),
    "white space behind": (f"{A} ", 'Expected "and", "or" or the end at position 19, found " "'),
    "a space that does not break": (
        f"{A}\u00a0and {B}",
        'Expected the end, or white space and "and" or "or" at position 19, found "\ufffdand claims[\'b\']"',
    ),
    "no space before and": (
        f"{A}and {B}",
        'Expected the end, or white space and "and" or "or" at position 19, found "and claims[\'b\'] "',
    ),
    "no space behind and": (
        f"{A} and({B})",
        'Expected white space behind "and" at position 23, found "(claims[\'b\'] eq "',
    ),
    "nothing behind or": (f"{A} or ", f"Expected {CLAUSE} at position 23, found the end"),
    "and in capitals": (
        f"{A} AND {B}",
        'Expected "and", "or" or the end at position 20, found "AND claims[\'b\'] "; did you mean "and"?',
    ),
    "and of programs": (
        f"{A} && {B}",
        'Expected "and", "or" or the end at position 20, found "&& claims[\'b\'] e"; did you mean "and"?',
    ),
    "or of programs": (
        f"{A} || {B}",
        'Expected "and", "or" or the end at position 20, found "|| claims[\'b\'] e"; did you mean "or"?',
    ),
    "two conditions side by side": (
        f"{A} {B}",
        'Expected "and", "or" or the end at position 20, found "claims[\'b\'] eq \'"',
    ),
    "a comparison with two values": (
        f"{A} eq 'c'",
        'Expected "and", "or" or the end at position 20, found "eq \'c\'"',
    ),
    "not": (f"not {A}", f"Expected {CLAUSE} at position 1, found \"not claims['a'] \"{NO_NOT}"),
    "not of programs": (f"!({A})", f"Expected {CLAUSE} at position 1, found \"!(claims['a'] eq\"{NO_NOT}"),
    "not before parentheses": (f"not ({A})", f"Expected {CLAUSE} at position 1, found \"not (claims['a']\"{NO_NOT}"),
    "a parenthesis that stays open": (
        f"({A}",
        'Expected ")", or white space and "and" or "or" at position 20, found the end',
    ),
    "a parenthesis that stays open, and a space": (f"({A} ", 'Expected "and", "or" or ")" at position 20, found " "'),
    "a parenthesis too many": (
        f"({A}))",
        'Expected the end, or white space and "and" or "or" at position 21, found ")"',
    ),
    "empty parentheses": ("()", f'Expected {CLAUSE} at position 2, found ")"'),
    "a name alone": ("sub eq 'a'", f"Expected {CLAUSE} at position 1, found \"sub eq 'a'\""),
    "a dot for the brackets": (
        "claims.sub eq 'a'",
        f"Expected {CLAUSE} at position 1, found \"claims.sub eq 'a\"; a claim is named as in claims['sub']",
    ),
    "double quotes around the name": (
        "claims[\"a\"] eq 'b'",
        """Expected "claims['" at position 1, found "claims["a"] eq '\"""",
    ),
    "an index": ("claims['a'][0] eq 'b'", """Expected "['" at position 12, found "[0] eq 'b'\""""),
    "an empty name": ("claims['a'][''] eq 'b'", """Expected the name of a claim at position 14, found "'] eq 'b'\""""),
    "a name that never ends": ("claims['a", """Expected "']" at position 10, found the end"""),
    "a space between brackets": (
        "claims['a'] ['b'] eq 'c'",
        f"Expected {OPERATORS} at position 13, found \"['b'] eq 'c'\"",
    ),
    "a claim alone": ("claims['a']", "Expected white space behind the claim at position 12, found the end"),
    "a claim and a space": ("claims['a'] ", f"Expected {OPERATORS} at position 13, found the end"),
    "equals of programs": (
        "claims['a'] == 'b'",
        f'Expected {OPERATORS} at position 13, found "== \'b\'"; did you mean "eq"?',
    ),
    "differs of programs": (
        "claims['a'] != 'b'",
        f'Expected {OPERATORS} at position 13, found "!= \'b\'"; did you mean "ne"?',
    ),
    "an operator in capitals": (
        "claims['a'] EQ 'b'",
        f'Expected {OPERATORS} at position 13, found "EQ \'b\'"; did you mean "eq"?',
    ),
    "an operator with a mistake": (
        "claims['a'] matchs 'b'",
        f'Expected {OPERATORS} at position 13, found "matchs \'b\'"; did you mean "matches"?',
    ),
    "an operator of another language": (
        "claims['a'] like 'b*'",
        f'Expected {OPERATORS} at position 13, found "like \'b*\'"; did you mean "matches"?',
    ),
    "an operator like none": ("claims['a'] xyz 'b'", f"Expected {OPERATORS} at position 13, found \"xyz 'b'\""),
    "exists as an operator": ("claims['a'] exists", f'Expected {OPERATORS} at position 13, found "exists"'),
    "a very long operator": (
        f"claims['a'] {'e' * 2000} 'b'",
        f'Expected {OPERATORS} at position 13, found "eeeeeeeeeeeeeeee"',
    ),
    "not without in": ("claims['a'] not eq 'b'", 'Expected "in" at position 17, found "eq \'b\'"'),
    "not and the end": ("claims['a'] not", 'Expected white space behind "not" at position 16, found the end'),
    "no space behind the operator": (
        "claims['a'] eq'b'",
        """Expected white space behind "eq" at position 15, found "'b'\"""",
    ),
    "no space before the list": (
        "claims['a'] in['b']",
        """Expected white space behind "in" at position 15, found "['b']\"""",
    ),
    "no value": ("claims['a'] eq ", f"Expected {VALUE} at position 16, found the end"),
    "a value in double quotes": (
        "claims['a'] eq \"b\"",
        f'Expected {VALUE} at position 16, found ""b""; texts stand in single quotes',
    ),
    "a value without quotes": ("claims['a'] eq main", f'Expected {VALUE} at position 16, found "main"'),
    "null": (
        "claims['a'] eq null",
        f'Expected {VALUE} at position 16, found "null"{NULL}',
    ),
    "true in capitals": ("claims['a'] eq True", f'Expected {VALUE} at position 16, found "True"; did you mean "true"?'),
    "another claim as a value": (
        "claims['a'] eq claims['b']",
        f"Expected {VALUE} at position 16, found \"claims['b']\"",
    ),
    "a number with a fraction": ("claims['a'] eq 1.0", f'Expected {VALUE} at position 16, found "1.0"'),
    "a number with an exponent": ("claims['a'] eq 1e0", f'Expected {VALUE} at position 16, found "1e0"'),
    "a number that begins with nought": ("claims['a'] eq 01", f'Expected {VALUE} at position 16, found "01"'),
    "a number with a sign": ("claims['a'] eq +1", f'Expected {VALUE} at position 16, found "+1"'),
    "digits that are not ASCII": ("claims['a'] eq \u0661", f'Expected {VALUE} at position 16, found "\u0661"'),
    "a text that never ends": (
        "claims['a'] eq 'b",
        "Expected the quote that closes the value opened at position 16 at position 18, found the end",
    ),
    "a list without brackets": ("claims['a'] in 'b'", """Expected "[" at position 16, found "'b'\""""),
    "a list in parentheses": ("claims['a'] in ('b')", """Expected "[" at position 16, found "('b')\""""),
    "an empty list": ("claims['a'] in []", f'Expected {VALUE} at position 17, found "]"'),
    "a list that ends in a comma": ("claims['a'] in ['b',]", f'Expected {VALUE} at position 21, found "]"'),
    "a list that never ends": ("claims['a'] in ['b'", 'Expected "," or "]" at position 20, found the end'),
    "a space before a comma": ("claims['a'] in ['b' ,'c']", """Expected "," or "]" at position 20, found " ,'c']\""""),
    "a list within a list": ("claims['a'] in [['b']]", f"Expected {VALUE} at position 17, found \"['b']]\""),
    "a pattern of an integer": ("claims['a'] matches 1", """Expected "'" at position 21, found "1\""""),
    "three stars": ("claims['a'] matches 'a***'", 'Expected one star or two at position 23, found "***\'"'),
    "an escape of a letter": (
        r"claims['a'] matches 'a\d'",
        f'{BACKSLASH} at position 23, found "\\d\'"',
    ),
    "half an escape": (
        "claims['a'] matches 'a\\'",
        f'{BACKSLASH} at position 23, found "\\\'"',
    ),
    "an escape behind quotes": (
        r"claims['a'] matches '''''\d'",
        f'{BACKSLASH} at position 26, found "\\d\'"',
    ),
    "exists of two": ("exists(claims['a'], claims['b'])", """Expected ")" at position 19, found ", claims['b'])\""""),
    "exists with a space": ("exists( claims['a'])", """Expected "claims['" at position 8, found " claims['a'])\""""),
    "an error in the third line": (
        f"{A} and\n{B} and\n  claims['c'] is 'd'",
        f"Expected {OPERATORS} at position 61 (line 3, character 15), found \"is 'd'\"",
    ),
}


@every(("text", "reason"), REFUSED.values(), ids=REFUSED)
def test_refused_with_what_was_expected_where(text, reason):
    assert refusal(text) == reason


@every("name", sorted(RESERVED))
def test_what_the_credential_decides_on_cannot_be_asked_for(name):
    assert refusal(f"{A} and exists(claims['{name}'])") == (
        f'"{name}" at position 39 cannot be asked for: the credential itself and the checks of time and replay decide '
        "on it"
    )


def refusal(text: str) -> str:
    with pytest.raises(Refused) as refused:
        parse(text, 2)
    assert refused.value.row is EXPRESSION_SYNTAX
    assert "\n" not in refused.value.message
    return refused.value.fields["reason"]


# ── bounds ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def chained(count: int) -> str:
    return " and ".join([A] * count)


def nested(depth: int) -> str:
    return "(" * depth + A + ")" * depth


def path(names: int) -> str:
    return f"""exists(claims{"['a']" * names})"""


def listed(count: int) -> str:
    return f"claims['a'] not in [{','.join(map(str, range(count)))}]"


def wild(count: int) -> str:
    return f"claims['a'] matches '{'a*' * count}'"


def long(characters: int) -> str:
    return f"claims['a'] matches '{'a' * characters}'"


def texts(characters: int) -> str:
    return f"claims['a'] eq '{'x' * (characters - 17)}'"


def choices(count: int) -> str:
    return f"claims['a'] in [{','.join(map(str, range(count)))}]"


COMPLEX = (
    'The expression is too complex: with each "or" and "in" written out it has {} branches; 64 are the most. Make '
    "several credentials of it"
)
BOUNDS = {
    "characters": (texts, 4096, "The expression is 4097 characters long; 4096 is the most"),
    "comparisons": (chained, 32, "One comparison too many at position 737: 32 are the most"),
    "parentheses": (nested, 8, "Parentheses too deep inside each other at position 9: 8 is the most"),
    "names in a path": (path, 6, "One name too many at position 46: a path has at most 6"),
    "values in a list": (listed, 64, "One value too many at position 203: a list has at most 64"),
    "wildcards": (wild, 16, "The pattern at position 21 has 17 wildcards; 16 are the most"),
    "characters of a pattern": (long, 600, "The pattern at position 21 is longer than 600 characters: 601"),
    "an integer": (
        "claims['a'] eq {}".format,
        2**53 - 1,
        "The integer at position 16 is too large: 9007199254740991 is the largest",
    ),
    "an integer below nought": (
        "claims['a'] eq -{}".format,
        2**53 - 1,
        "The integer at position 16 is too large: 9007199254740991 is the largest",
    ),
    "branches of one list": (
        lambda count: f"{choices(32)} or {choices(count)}",
        32,
        COMPLEX.format(65),
    ),
    "branches of lists": (
        lambda count: f"{choices(8)} and {choices(count)}",
        8,
        COMPLEX.format(72),
    ),
}


@every("what", BOUNDS)
def test_up_to_the_bound_it_is_read(what):
    make, limit, _ = BOUNDS[what]
    for size in (limit - 1, limit):
        assert parse(make(size), 2).text == make(size)


@every("what", BOUNDS)
def test_beyond_the_bound_it_is_refused(what):
    make, limit, reason = BOUNDS[what]
    assert refusal(make(limit + 1)) == reason


def test_parentheses_beside_each_other_are_not_deep():
    assert len(parse(" and ".join([nested(8)] * 20), 2).atoms) == 20


# ── the tree ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_nodes_know_where_they_stand():
    text = f"( {A} or {B} )  and {C}"
    root = parse(text, 2).root
    assert isinstance(root, Group)
    either, last = root.parts
    assert isinstance(either, Group)
    assert isinstance(last, Atom)
    assert text[either.start : either.end] == f"{A} or {B}"
    assert text[last.start : last.end] == C
    assert text[root.start : root.end] == f"{A} or {B} )  and {C}"


def test_atoms_come_in_the_order_of_the_text():
    expression = parse(f"({A} or {B}) and ({C} or {D})", 2)
    assert [atom.claim for atom in expression.atoms] == ["a", "b", "c", "d"]


BRANCHES = {
    "one atom": (A, ["a"]),
    "and": (f"{A} and {B}", ["ab"]),
    "or": (f"{A} or {B}", ["a", "b"]),
    "and within or": (f"{A} and {B} or {C}", ["ab", "c"]),
    "or within and": (f"({A} or {B}) and ({C} or {D})", ["ac", "ad", "bc", "bd"]),
    "a list is one for each value": ("claims['a'] in ['x', 'y'] and " + C, ["xc", "yc"]),
    "not in is one": ("claims['a'] not in ['x', 'y'] and " + C, ["*c"]),
}


@every(("text", "expected"), BRANCHES.values(), ids=BRANCHES)
def test_branches(text, expected):
    found = parse(text, 2).branches()
    assert ["".join(each.operand if each.operator == "eq" else "*" for each in branch) for branch in found] == expected


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────

WRITTEN = {
    "single spaces": (f"{A}\n  and\t{B}", f"{A} and {B}"),
    "no parentheses around all": (f"({A} or {B})", f"{A} or {B}"),
    "no parentheses around and": (f"({A} and {B}) or {C}", f"{A} and {B} or {C}"),
    "parentheses around or": (f"( {A} or {B} ) and {C}", f"({A} or {B}) and {C}"),
    "lists with spaces": ("claims['a'] in ['b',1,true]", "claims['a'] in ['b', 1, true]"),
    "minus nought": ("claims['a'] eq -0", "claims['a'] eq 0"),
    "exists": ("exists(claims['a']['b'])", "exists(claims['a']['b'])"),
    "quotes": ("claims['a'] ne 'it''s'", "claims['a'] ne 'it''s'"),
    "a pattern": (r"claims['a'] matches '\***'", r"claims['a'] matches '\***'"),
}


@every(("text", "expected"), WRITTEN.values(), ids=WRITTEN)
def test_written(text, expected):
    assert write(parse(text, 2)) == expected


@given(EXPRESSIONS)
def test_what_is_written_is_read_as_what_it_was_written_from(text):
    expression = parse(text, 2)
    again = parse(write(expression), 2)
    assert spelling(again.root) == spelling(expression.root)
    assert parse(write(again), 2) == again  # canonical: positions and all


@given(EXPRESSIONS, st.data())
def test_each_node_is_written_where_it_stands(text, choice):
    expression = parse(text, 2)
    atom = choice.draw(st.sampled_from(expression.atoms))
    (alone,) = parse(text[atom.start : atom.end], 2).atoms
    assert spelling(alone) == spelling(atom)


FRAGMENTS = [
    *("claims['", "']", "['", " ", "\n", "eq", "ne", "in", "not", "matches", "contains", "exists(", "'", "''"),
    *(" and ", " or ", "(", ")", "[", "]", ",", "a", "*", "**", "?", "\\", "1", "-", "true", "null", "\x00", "iss"),
    A,
]


@given(st.text() | st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join))
def test_any_text_is_read_or_refused_with_a_place_in_it(text):
    try:
        expression = parse(text, 2)
    except Refused as refused:
        assert refused.row is EXPRESSION_SYNTAX  # noqa: PT017  either way is fine, nothing else is
        assert "position" in refused.fields["reason"] or "branches" in refused.fields["reason"]  # noqa: PT017
    else:
        assert spelling(parse(write(expression), 2).root) == spelling(expression.root)


@given(EXPRESSIONS, st.data(), st.sampled_from(BLANK))
def test_more_white_space_where_there_is_some_changes_nothing(text, choice, blank):
    inside, places = False, []
    for at, character in enumerate(text):
        inside ^= character == "'"
        if character == " " and not inside:
            places.append(at)
    if places:
        at = choice.draw(st.sampled_from(places))
        assert spelling(parse(text[:at] + blank + text[at:], 2).root) == spelling(parse(text, 2).root)
