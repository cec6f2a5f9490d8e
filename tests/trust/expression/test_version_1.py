"""The grammar of version 1: what is read, what is refused and where, and that spacing is part of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accredit.errors import EXPRESSION_SYNTAX, Refused
from accredit.trust.expression import LANGUAGE_VERSION, LONGEST_TEXT, Group, names, parse
from tests.support.every import every

READ = {
    "one clause": ("claims['sub'] eq 'a'", [("sub", "eq", "a")]),
    "a pattern": ("claims['sub'] matches 'repo:o/*'", [("sub", "matches", "repo:o/*")]),
    "two clauses, in their order": (
        "claims['sub'] matches 'a?' and claims['id'] eq '1'",
        [("sub", "matches", "a?"), ("id", "eq", "1")],
    ),
    "one claim twice": ("claims['a'] eq 'b' and claims['a'] eq 'c'", [("a", "eq", "b"), ("a", "eq", "c")]),
    "a doubled quote is one": ("claims['a'] eq 'it''s'", [("a", "eq", "it's")]),
    "a value of one quote": ("claims['a'] eq ''''", [("a", "eq", "'")]),
    "a value that ends in a quote": ("claims['a'] eq 'b'''", [("a", "eq", "b'")]),
    "a doubled quote in a pattern is one": ("claims['a'] matches '''*'", [("a", "matches", "'*")]),
    "a star in eq is a star": ("claims['a'] eq '*'", [("a", "eq", "*")]),
    "a name of any characters": ("claims['https://x/y z\"]'] eq 'b'", [('https://x/y z"]', "eq", "b")]),
    "a value that reads like syntax": (
        "claims['a'] eq 'b and claims[''c''] eq d'",
        [("a", "eq", "b and claims['c'] eq d")],
    ),
    "spaces inside quotes": ("claims[' a '] eq '  b '", [(" a ", "eq", "  b ")]),
    "characters beyond ASCII": ("claims['ä'] eq '\U0001f600'", [("ä", "eq", "\U0001f600")]),
}


def spelt(expression):
    return [(atom.claim, atom.operator, atom.operand) for atom in expression.atoms]


@every(("text", "clauses"), READ.values(), ids=READ)
def test_read(text, clauses):
    expression = parse(text)
    assert spelt(expression) == clauses
    assert expression.text == text
    assert expression.language_version == LANGUAGE_VERSION == 1


REFUSED = {
    "nothing": ("", """Expected "claims['" at position 1, found the end"""),
    "white space only": (" ", """Expected "claims['" at position 1, found " \""""),
    "a space in front": (" claims['a'] eq 'b'", """Expected "claims['" at position 1, found " claims['a'] eq \""""),
    "a space behind": ("claims['a'] eq 'b' ", 'Expected " and " or the end at position 19, found " "'),
    "two spaces before the operator": (
        "claims['a']  eq 'b'",
        'Expected "eq" or "matches" at position 13, found " eq \'b\'"',
    ),
    "two spaces behind the operator": ("claims['a'] eq  'b'", """Expected "'" at position 16, found " 'b'\""""),
    "no space before the operator": ("claims['a']eq 'b'", 'Expected " " at position 12, found "eq \'b\'"'),
    "no space behind the operator": ("claims['a'] eq'b'", """Expected " " at position 15, found "'b'\""""),
    "a tab for a space": ("claims['a']\teq 'b'", 'Expected " " at position 12, found "\ufffdeq \'b\'"'),
    "a line break for a space": (
        "claims['a'] eq 'b'\nand claims['c'] eq 'd'",
        'Expected " and " or the end at position 19, found "\ufffdand claims[\'c\']"',
    ),
    "two spaces before and": (
        "claims['a'] eq 'b'  and claims['c'] eq 'd'",
        'Expected " and " or the end at position 19, found "  and claims[\'c\'"',
    ),
    "two spaces behind and": (
        "claims['a'] eq 'b' and  claims['c'] eq 'd'",
        """Expected "claims['" at position 24, found " claims['c'] eq \"""",
    ),
    "a space in the brackets": (
        "claims[ 'a'] eq 'b'",
        """Expected "claims['" at position 1, found "claims[ 'a'] eq \"""",
    ),
    "a space before the closing bracket": (
        "claims['a' ] eq 'b'",
        """Expected "']" at position 10, found "' ] eq 'b'\"""",
    ),
    "nothing behind and": ("claims['a'] eq 'b' and ", """Expected "claims['" at position 24, found the end"""),
    "and without its space": ("claims['a'] eq 'b' and", 'Expected " and " or the end at position 19, found " and"'),
    "and in capitals": (
        "claims['a'] eq 'b' AND claims['c'] eq 'd'",
        'Expected " and " or the end at position 19, found " AND claims[\'c\']"',
    ),
    "or": (
        "claims['a'] eq 'b' or claims['c'] eq 'd'",
        'Expected " and " or the end at position 19, found " or claims[\'c\'] "',
    ),
    "two clauses side by side": (
        "claims['a'] eq 'b'claims['c'] eq 'd'",
        'Expected " and " or the end at position 19, found "claims[\'c\'] eq \'"',
    ),
    "parentheses": ("(claims['a'] eq 'b')", """Expected "claims['" at position 1, found "(claims['a'] eq \""""),
    "ne": ("claims['a'] ne 'b'", 'Expected "eq" or "matches" at position 13, found "ne \'b\'"'),
    "in": ("claims['a'] in ['b']", 'Expected "eq" or "matches" at position 13, found "in [\'b\']"'),
    "an operator in capitals": ("claims['a'] EQ 'b'", 'Expected "eq" or "matches" at position 13, found "EQ \'b\'"'),
    "an operator that begins like one": ("claims['a'] eqs 'b'", 'Expected " " at position 15, found "s \'b\'"'),
    "an equals sign": ("claims['a'] == 'b'", 'Expected "eq" or "matches" at position 13, found "== \'b\'"'),
    "access into an object": ("claims['a']['b'] eq 'c'", """Expected " " at position 12, found "['b'] eq 'c'\""""),
    "double quotes around the name": (
        "claims[\"a\"] eq 'b'",
        """Expected "claims['" at position 1, found "claims["a"] eq '\"""",
    ),
    "double quotes around the value": ("claims['a'] eq \"b\"", """Expected "'" at position 16, found ""b"\""""),
    "a value without quotes": ("claims['a'] eq 20", """Expected "'" at position 16, found "20\""""),
    "claims in capitals": ("Claims['a'] eq 'b'", """Expected "claims['" at position 1, found "Claims['a'] eq '\""""),
    "a dot for the brackets": ("claims.a eq 'b'", """Expected "claims['" at position 1, found "claims.a eq 'b'\""""),
    "an empty name": ("claims[''] eq 'b'", """Expected the name of a claim at position 9, found "'] eq 'b'\""""),
    "a name that never ends": ("claims['a", """Expected "']" at position 10, found the end"""),
    "a quote in a name": ("claims['a''b'] eq 'c'", """Expected "']" at position 10, found "''b'] eq 'c'\""""),
    "an end behind the claim": ("claims['a']", 'Expected " " at position 12, found the end'),
    "an end behind the operator": ("claims['a'] eq", 'Expected " " at position 15, found the end'),
    "an empty value": (
        "claims['a'] eq ''",
        """Expected a value of at least one character at position 17, found "'\"""",
    ),
    "an empty value before and": (
        "claims['a'] eq '' and claims['c'] eq 'd'",
        """Expected a value of at least one character at position 17, found "' and claims['c'\"""",
    ),
    "a value that never ends": (
        "claims['a'] eq 'b",
        "Expected the quote that closes the value opened at position 16 at position 18, found the end",
    ),
    "a value that ends in half an escape": (
        "claims['a'] eq 'b''",
        "Expected the quote that closes the value opened at position 16 at position 20, found the end",
    ),
    "an error in the second clause": (
        "claims['a'] eq 'b' and claims['c'] like 'd'",
        'Expected "eq" or "matches" at position 36, found "like \'d\'"',
    ),
}


@every(("text", "reason"), REFUSED.values(), ids=REFUSED)
def test_refused_with_what_was_expected_where(text, reason):
    with pytest.raises(Refused) as refused:
        parse(text)
    assert refused.value.row is EXPRESSION_SYNTAX
    assert refused.value.fields["reason"] == reason


def test_the_refusal_is_worded_as_entra_does():
    with pytest.raises(Refused) as refused:
        parse("claims['sub'] ne 'a'")
    assert refused.value.row.status == 400
    assert refused.value.message == (
        "The FederatedIdentityCredential.ClaimsMatchingExpression.Value is invalid. Rule exception: "
        'Expected "eq" or "matches" at position 15, found "ne \'a\'". '
        "paramName: FederatedIdentityCredential.ClaimsMatchingExpression.Value, paramValue: claims['sub'] ne 'a', "
        "objectType: Microsoft.Online.DirectoryServices.Application"
    )


@every("version", [-1, 0, 3])
def test_another_language_version_is_refused(version):
    with pytest.raises(Refused) as refused:
        parse("claims['sub'] eq 'a'", version)
    assert refused.value.row is EXPRESSION_SYNTAX
    expected = f"Language version {version} is not known; the language version must be 1 or 2"
    assert refused.value.fields["reason"] == expected


def of_length(characters: int) -> str:
    frame = "claims['a'] eq '{}'"
    return frame.format("x" * (characters - len(frame.format(""))))


@pytest.mark.parametrize("characters", [LONGEST_TEXT - 1, LONGEST_TEXT])
def test_a_text_up_to_the_limit_is_read(characters):
    assert len(parse(of_length(characters)).text) == characters


def test_a_text_beyond_the_limit_is_refused():
    with pytest.raises(Refused) as refused:
        parse(of_length(LONGEST_TEXT + 1))
    assert refused.value.row is EXPRESSION_SYNTAX
    assert refused.value.fields["reason"] == "The expression is 4097 characters long; 4096 is the most"


def test_names_are_those_of_the_claims_once_each():
    expression = parse("claims['a'] eq 'sub' and claims['b'] matches '*' and claims['a'] matches 'x*'")
    assert names(expression) == {"a", "b"}


def test_equal_texts_make_equal_expressions():
    text = "claims['a'] eq 'b' and claims['c'] matches 'd*'"
    assert parse(text) == parse(text)
    assert len({parse(text), parse(text), parse("claims['a'] eq 'b'")}) == 2


NAMES = st.text(st.characters(exclude_characters="'"), min_size=1, max_size=8)
OPERANDS = st.text(st.characters() | st.sampled_from("'*? "), min_size=1, max_size=8)
CLAUSES = st.lists(st.tuples(NAMES, st.sampled_from(["eq", "matches"]), OPERANDS), min_size=1, max_size=4)


def pieces(clauses):
    """The spelling in pieces: even ones belong to the grammar, odd ones are names and values."""
    joint = ""
    for claim, operator, operand in clauses:
        yield joint + "claims['"
        yield claim
        yield f"'] {operator} '"
        yield operand.replace("'", "''")
        joint = "' and "
    yield "'"


@given(clauses=CLAUSES)
def test_what_is_spelt_is_read(clauses):
    text = "".join(pieces(clauses))
    expression = parse(text)
    assert spelt(expression) == clauses
    assert [atom.glob and atom.glob.pattern for atom in expression.atoms] == [
        operand if operator == "matches" else None for _, operator, operand in clauses
    ]
    assert " and ".join(text[atom.start : atom.end] for atom in expression.atoms) == text
    assert all(atom.path == (atom.claim,) for atom in expression.atoms)
    assert expression.branches() == (expression.atoms,)
    one = expression.atoms[0]
    assert expression.root == (one if len(clauses) == 1 else Group("and", expression.atoms, 0, len(text)))


@given(clauses=CLAUSES, choice=st.data(), blank=st.sampled_from(" \t\n\r\u00a0\u3000"))
def test_one_more_blank_anywhere_outside_the_quotes_is_refused(clauses, choice, blank):
    spelling = list(pieces(clauses))
    which = choice.draw(st.sampled_from(range(0, len(spelling), 2)), label="piece")
    piece = spelling[which]
    # A blank at the inner side of a quote would belong to a name or a value.
    first = 0 if which == 0 else 1
    last = len(piece) if which == len(spelling) - 1 else len(piece) - 1
    at = choice.draw(st.integers(first, last), label="position")
    spelling[which] = piece[:at] + blank + piece[at:]
    with pytest.raises(Refused):
        parse("".join(spelling))


@given(clauses=CLAUSES, choice=st.data(), other=st.sampled_from(["", "  ", "\t", "\n", "\u00a0", "+"]))
def test_anything_but_one_space_where_one_belongs_is_refused(clauses, choice, other):
    spelling = list(pieces(clauses))
    spaces = [(n, at) for n in range(0, len(spelling), 2) for at, each in enumerate(spelling[n]) if each == " "]
    which, at = choice.draw(st.sampled_from(spaces))
    spelling[which] = spelling[which][:at] + other + spelling[which][at + 1 :]
    with pytest.raises(Refused):
        parse("".join(spelling))


FRAGMENTS = ["claims['", "']", " ", "eq", "matches", "'", "''", " and ", "a", "*", "\x00", "or", "(", ")"]


@given(text=st.text() | st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join))
def test_any_text_is_read_as_it_is_or_refused(text):
    try:
        expression = parse(text)
    except Refused as refused:
        assert refused.row is EXPRESSION_SYNTAX  # noqa: PT017  either way is fine, nothing else is
    else:
        assert "".join(pieces(spelt(expression))) == text
