"""What is called a narrowing takes away, and never gives: by examples, and by whatever is drawn."""

from dataclasses import dataclass
from functools import cache
from itertools import product
from time import thread_time
from typing import Any
from uuid import UUID

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from accredit.assertions import Presented
from accredit.trust import FederatedCredential, narrows
from accredit.trust.expression import Group, evaluate, glob, parse
from accredit.trust.expression.glob import PatternError
from tests.forge import AUDIENCE, ISSUER, SUBJECT
from tests.support.every import every
from tests.support.trusting import credential, presented, record, trusted

SUB = f"claims['sub'] eq '{SUBJECT}'"
ANY_REPO = "claims['sub'] matches 'repo:octo-org/*'"
ONE_REPO = "claims['sub'] matches 'repo:octo-org/octo-repo:*'"
X, Y, Z = (f"claims['{name}'] eq '{name}'" for name in "xyz")
WITH_ID = ANY_REPO + " and claims['repository_id'] eq '456789'"


@dataclass
class Edit:
    before: FederatedCredential
    after: FederatedCredential


def two(old: str, new: str | None, **after: Any) -> Edit:
    """An expression of version 2 before and after, or of version 1 after one of version 2."""
    return edit({"expression": parse(old, 2)}, expression=new and parse(new, 2), **after)


def edit(before: dict[str, Any], **after: Any) -> Edit:
    """One credential before and after; what is not said stays."""
    return Edit(held(before), held(before | after))


def held(members: dict[str, Any]) -> FederatedCredential:
    """A credential with an expression of either version."""
    expression = members.get("expression")
    if expression is None or isinstance(expression, str):
        return credential(**members)
    return replace(credential(**members | {"expression": None}), subject=None, expression=expression)


NARROWS = {
    "nothing": edit({}),
    "another description and name": edit({}, description="d", name="other"),
    "to disable it": edit({}, enabled=False),
    "a subject to an expression that demands it": edit({}, expression=SUB),
    "a subject to an expression that demands it and more": edit({}, expression=f"{SUB} and {WITH_ID}"),
    "an expression to a subject that satisfies it": edit({"expression": ANY_REPO}, expression=None),
    "one more clause": edit({"expression": ANY_REPO}, expression=WITH_ID),
    "clauses in another order": edit({"expression": f"{SUB} and {WITH_ID}"}, expression=f"{WITH_ID} and {SUB}"),
    "a pattern to a value that fits it": edit({"expression": ANY_REPO}, expression=SUB),
    "a pattern to a longer one of the same beginning": edit({"expression": ANY_REPO}, expression=ONE_REPO),
    "several audiences refused": edit({}, multi_audience="refuse"),
    "any audiences to listed ones": edit(
        {"multi_audience": "contained"}, multi_audience="listed", listed_audiences=("a",)
    ),
    "fewer listed audiences": edit(
        {"multi_audience": "listed", "listed_audiences": ("a", "b")}, listed_audiences=("b",)
    ),
    "its own audience listed": edit({"multi_audience": "listed"}, listed_audiences=(AUDIENCE,)),
    "any audiences to what the tenant says": edit({"multi_audience": "contained"}, multi_audience=None),
    "one condition less of or": two(f"{X} or {Y}", X),
    "one value less of a list": two("claims['x'] in ['a', 'b']", "claims['x'] in ['b']"),
    "one value of a list": two("claims['x'] in ['a', 1]", "claims['x'] eq 1"),
    "a list to or": two("claims['x'] in ['a', 'b']", "claims['x'] eq 'b' or claims['x'] eq 'a'"),
    "or in another order": two(f"{X} or {Y}", f"{Y} or {X}"),
    "parentheses multiplied out": two(f"{X} and ({Y} or {Z})", f"{X} and {Y} or {Z} and {X}"),
    "one more condition in each branch": two(f"{X} or {Y}", f"{X} and {Z} or {Y} and {Z}"),
    "a value to a subject within or": two(f"claims['sub'] eq '{SUBJECT}' or {Y}", None),
    "a subject to an expression of version 2": edit({}, expression=parse(f"{SUB} and {X}", 2)),
    "version 1 to its translation": edit({"expression": ANY_REPO}, expression=parse(ANY_REPO.replace("*", "**"), 2)),
    "a star that crosses to one that does not": edit({"expression": ANY_REPO}, expression=parse(ANY_REPO, 2)),
    "two stars to one": two("claims['x'] matches 'a**'", "claims['x'] matches 'a*'"),
    "more that is shut out": two("claims['x'] ne 'a'", "claims['x'] not in ['a', 'b']"),
    "shut out in one way to another": two("claims['x'] not in ['a']", "claims['x'] ne 'a'"),
    "what is not shut out": two("claims['x'] not in ['a', 'b']", "claims['x'] eq 'c'"),
    "a pattern that nothing shut out fits": two("claims['x'] ne 'b'", "claims['x'] matches 'a*'"),
    "exists to a value": two("exists(claims['x'])", "claims['x'] eq 1"),
    "exists to a pattern": two("exists(claims['x'])", "claims['x'] matches '**'"),
    "exists to what is shut out": two("exists(claims['x'])", "claims['x'] ne 1"),
    "exists to something within": two("exists(claims['x'])", "claims['x']['y'] contains 'a'"),
    "the same element": two("claims['x'] contains 'a'", f"claims['x'] contains 'a' and {Y}"),
}
WIDENS = {
    "to enable it": edit({"enabled": False}, enabled=True),
    "another subject while it is disabled": edit({"enabled": False}, subject="other"),
    "another subject and disabled at once": edit({}, subject="other", enabled=False),
    "another subject": edit({}, subject="other"),
    "a subject in another case": edit({}, subject=SUBJECT.upper()),
    "another issuer": edit({}, issuer=ISSUER + "/"),
    "another record of the issuer": edit({"issuer": record(1)}, issuer=record(2)),
    "another audience": edit({}, audience="other"),
    "an expression to a subject that does not satisfy it": edit({"expression": ANY_REPO}, expression=None, subject="x"),
    "an expression on an id to a subject": edit({"expression": WITH_ID}, expression=None),
    "a subject to a pattern of itself": edit({}, expression=f"claims['sub'] matches '{SUBJECT}'"),
    "a subject to an id": edit({}, expression="claims['repository_id'] eq '456789'"),
    "a clause less": edit({"expression": WITH_ID}, expression=ANY_REPO),
    "a clause on another claim": edit({"expression": SUB}, expression=f"claims['name'] eq '{SUBJECT}'"),
    "a value to a pattern that it fits": edit({"expression": SUB}, expression=ANY_REPO),
    "a pattern to a shorter one": edit({"expression": ONE_REPO}, expression=ANY_REPO),
    "any character to any number": edit({"expression": "claims['x'] eq 'a'"}, expression="claims['x'] matches '*'"),
    "what the tenant says to any audiences": edit({}, multi_audience="contained"),
    "what the tenant says to listed audiences": edit({}, multi_audience="listed"),
    "refused audiences to what the tenant says": edit({"multi_audience": "refuse"}, multi_audience=None),
    "more listed audiences": edit({"multi_audience": "listed"}, listed_audiences=("a",)),
    "more listed audiences where the tenant may demand a list": edit({}, listed_audiences=("a",)),
    "one condition more of or": two(X, f"{X} or {Y}"),
    "and to or": two(f"{X} and {Y}", f"{X} or {Y}"),
    "one value more of a list": two("claims['x'] in ['a']", "claims['x'] in ['a', 'b']"),
    "1 to true": two("claims['x'] eq 1", "claims['x'] eq true"),
    "1 or 2 to true": two("claims['x'] in [1, 2]", "claims['x'] eq true"),
    "a text to an integer": two("claims['x'] eq '1'", "claims['x'] eq 1"),
    "a claim to one within": two("claims['x'] eq 'a'", "claims['x']['x'] eq 'a'"),
    "a claim within to the whole": two("exists(claims['x']['y'])", "exists(claims['x'])"),
    "one star to two": two("claims['x'] matches 'a*'", "claims['x'] matches 'a**'"),
    "version 2 to the star that crosses": Edit(
        held({"expression": parse(ANY_REPO, 2)}), credential(expression=ANY_REPO)
    ),
    "an escaped star to a star": two(r"claims['x'] matches '\*'", "claims['x'] matches '*'"),
    "less that is shut out": two("claims['x'] not in ['a', 'b']", "claims['x'] ne 'a'"),
    "shut out among texts to among integers, too": two("claims['x'] not in ['a']", "claims['x'] not in ['a', 1]"),
    "shut out among integers, too, to among texts": two("claims['x'] not in ['a', 1]", "claims['x'] not in ['a']"),
    "what is shut out": two("claims['x'] ne 'a'", "claims['x'] eq 'a'"),
    "a pattern that something shut out fits": two("claims['x'] ne 'a'", "claims['x'] matches 'a*'"),
    "a pattern where integers are shut out": two("claims['x'] ne 1", "claims['x'] matches 'a*'"),
    "an element to a value": two("claims['x'] contains 'a'", "claims['x'] eq 'a'"),
    "an element to another": two("claims['x'] contains 1", "claims['x'] contains true"),
    "a value to exists": two("claims['x'] eq 'a'", "exists(claims['x'])"),
    "an element to exists": two("claims['x'] contains 'a'", "exists(claims['x'])"),
    "one branch within, the other not": two(X, f"{X} and {Y} or {Z}"),
}


@every("sentence", NARROWS)
def test_narrowing_is(sentence):
    assert narrows(NARROWS[sentence].before, NARROWS[sentence].after)


@every("sentence", WIDENS)
def test_widening_is(sentence):
    assert not narrows(WIDENS[sentence].before, WIDENS[sentence].after)


COVERS = {
    "itself": ("a*b?", "a*b?", True),
    "a value": ("a*", "abc", True),
    "a longer beginning": ("a*", "ab*", True),
    "one character by any number": ("a*", "a?", True),
    "any number not by one character": ("a?", "a*", False),
    "none not by at least one": ("a?*", "a*", False),
    "at least one by any number": ("a*", "a?*", True),
    "one character not by a letter": ("ab", "a?", False),
    "a letter by one character": ("a?", "ab", True),
    "a star in the fixed beginning": ("ab*", "*", False),
    "an end": ("*:main", "x:*:main", True),
    "another end": ("*:main", "x:*", False),
    "two stars by one": ("a*b", "a*b*b", True),
    "one star by two": ("a**b", "a*b", True),
}


@every("sentence", COVERS)
def test_a_pattern_covers(sentence):
    pattern, other, expected = COVERS[sentence]
    assert glob.parse(pattern).covers(glob.parse(other)) is expected


COVERS_2 = {
    "itself": (("a*/**b?", 2), ("a*/**b?", 2), True),
    "one star by two": (("a**", 2), ("a*", 2), True),
    "two stars not by one": (("a*", 2), ("a**", 2), False),
    "a value without delimiters": (("a*", 2), ("abc", 2), True),
    "a value with a delimiter": (("a*", 2), ("a/c", 2), False),
    "a value with a delimiter by two stars": (("a**", 2), ("a/c", 2), True),
    "an escaped star by a star": (("*", 2), (r"\*", 2), True),
    "a star not by an escaped star": ((r"\*", 2), ("*", 2), False),
    "an escaped star by itself in version 1": (("*", 1), (r"\*", 2), True),
    "an escaped question mark in the beginning": ((r"a\?*", 2), (r"a\?b", 2), True),
    "a slash not by a question mark": (("a?b", 2), ("a/b", 2), False),
    "version 1 covers the stars of version 2": (("a*b", 1), ("a*b", 2), True),
    "version 1 covers two stars": (("a*b", 1), ("a**b", 2), True),
    "version 2 does not cover the star of version 1": (("a*b", 2), ("a*b", 1), False),
    "two stars cover the star of version 1": (("a**b", 2), ("a*b", 1), True),
    "version 1 covers the question mark of version 2": (("a?b", 1), ("a?b", 2), True),
    "version 2 does not cover the question mark of version 1": (("a?b", 2), ("a?b", 1), False),
    "two stars cover the question mark of version 1": (("a**b", 2), ("a?b", 1), True),
    "one star does not": (("a*b", 2), ("a?b", 1), False),
    "a value shorter than the beginning": (("ab*", 2), ("a", 2), False),
}


@every("sentence", COVERS_2)
def test_a_pattern_covers_one_of_either_version(sentence):
    pattern, other, expected = COVERS_2[sentence]
    assert glob.parse(*pattern).covers(glob.parse(*other)) is expected


PATTERNS = st.text("a/*?\\", max_size=5)
VERSIONS = st.sampled_from([1, 2])


def drawn(pattern: str, version: int) -> glob.Glob | None:
    try:
        return glob.parse(pattern, version)
    except PatternError:
        return None


@pytest.mark.slow
@given(st.builds(drawn, PATTERNS, VERSIONS), st.builds(drawn, PATTERNS, VERSIONS), st.text("ab/*?\\", max_size=7))
@settings(max_examples=2 * settings.default.max_examples)
def test_what_a_pattern_covers_it_fits(pattern, other, value):
    covered = pattern is not None and other is not None and pattern.covers(other)
    event(f"covered: {covered}")
    if covered and other.matches(value):
        assert pattern.matches(value)


# ── whatever is drawn ────────────────────────────────────────────────────────────────────────────────────────────────

VALUES = st.sampled_from(["a", "ab", "abb", "b"])
CLAIMS = st.sampled_from(["sub", "repository_id"])
CLAUSES = st.builds("claims['{}'] eq '{}'".format, CLAIMS, VALUES) | st.builds(
    "claims['{}'] matches '{}'".format, CLAIMS, st.sampled_from(["*", "a*", "?", "a?", "*b", "ab"])
)
EXPRESSIONS_1 = st.lists(CLAUSES, min_size=1, max_size=2).map(" and ".join).map(parse)
ATOMS = st.one_of(
    CLAUSES.map(lambda text: text.replace("'*b'", "'**b'")),
    st.builds(
        "claims['{}'] {} [{}]".format,
        CLAIMS,
        st.sampled_from(["in", "not in"]),
        st.sampled_from(["'a'", "'a', 'ab'", "'a', 7", "7, true"]),
    ),
    st.builds(
        "claims['{}'] {} {}".format, CLAIMS, st.sampled_from(["eq", "ne"]), st.sampled_from(["'a'", "'b'", "7", "true"])
    ),
    st.sampled_from(
        [
            "exists(claims['repository_id'])",
            "exists(claims['repository_id']['b'])",
            "claims['repository_id']['b'] eq 'a'",
            "claims['repository_id'] contains 'a'",
            "claims['repository_id'] contains true",
        ]
    ),
)
EXPRESSIONS_2 = st.recursive(
    ATOMS,
    lambda inner: st.builds("({} or {})".format, inner, inner) | st.builds("({} and {})".format, inner, inner),
    max_leaves=4,
).map(lambda text: parse(text, 2))
EXPRESSIONS = EXPRESSIONS_1 | EXPRESSIONS_2
AUDIENCES = st.sampled_from(["one", "two", "three"])
MEMBERS = {
    "expression": st.none() | EXPRESSIONS,
    "subject": VALUES,
    "issuer": st.sampled_from([record(1), record(1), record(2), record(3, ISSUER + "/")]),
    "audience": st.sampled_from(["one", "one", "two"]),
    "enabled": st.sampled_from([True, True, False]),
    "multi_audience": st.sampled_from([None, "contained", "listed", "refuse"]),
    "listed_audiences": st.lists(AUDIENCES, max_size=2).map(tuple),
}
CREDENTIALS = st.fixed_dictionaries(MEMBERS)
CHANGES = st.lists(st.sampled_from(sorted(MEMBERS)), min_size=1, max_size=2, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: MEMBERS[name] for name in names})
)
RULES = st.sampled_from(["contained", "listed", "refuse"])


@cache
def world() -> tuple[Presented, ...]:
    """Every token that there is, where few values exist."""
    issuers, subjects = (ISSUER, ISSUER + "/"), ("a", "ab", "abb", "b")
    audiences = ("one", ["one"], ["two"], ["one", "two"], ["one", "three"], ["one", "two", "three"], ["two", "three"])
    values = (*subjects, 7, 8, True, 7.0, None, ["a"], [1, True], {"b": "a"}, {"b": None})
    repositories: tuple[dict[str, Any], ...] = (*({"repository_id": each} for each in values), {})
    return tuple(
        presented(iss=iss, sub=sub, aud=aud, **repository)
        for iss, sub, aud, repository in product(issuers, subjects, audiences, repositories)
    )


@pytest.mark.slow
@given(CREDENTIALS, CHANGES, RULES)
@settings(max_examples=2 * settings.default.max_examples)
def test_after_a_narrowing_nothing_passes_that_failed_before(before, changes, rule):
    old, new = held(before), held(before | changes)
    narrowing = narrows(old, new)
    event(f"narrowing: {narrowing}")
    if not narrowing:
        return
    passing = [token for token in world() if signers(new, token, rule)]
    event(f"a token passes afterwards: {bool(passing)}")
    for token in passing:
        assert signers(new, token, rule) <= signers(old, token, rule)


@pytest.mark.slow
@given(EXPRESSIONS, EXPRESSIONS)
@settings(max_examples=2 * settings.default.max_examples)
def test_an_expression_that_narrows_another_lies_within_it(before, after):
    narrowing = narrows(held({"expression": before}), held({"expression": after}))
    event(f"narrowing: {narrowing}")
    for token in world():
        if narrowing and evaluate(after, token.claims):
            assert evaluate(before, token.claims)


@given(EXPRESSIONS_2)
def test_an_expression_lies_within_itself_and_its_branches_within_it(expression):
    old = held({"expression": expression})
    assert narrows(old, old)
    for branch in expression.branches():
        root = branch[0] if len(branch) == 1 else Group("and", branch, 0, 0)
        assert narrows(old, held({"expression": replace(expression, root=root)}))


def test_the_largest_expressions_are_compared_in_time():
    largest = " or ".join(f"claims['x'] in [{', '.join(map(str, range(n, n + 2)))}]" for n in range(32))
    product_ = " and ".join(
        [*["claims['x'] in [1, 2]"] * 6, *(f"claims['x'] matches '{'a*' * 15}{n}'" for n in range(26))]
    )
    started = thread_time()
    for old, new in ((largest, product_), (product_, largest), (product_, product_)):
        narrows(held({"expression": parse(old, 2)}), held({"expression": parse(new, 2)}))
    assert thread_time() - started < 5  # seconds of a processor; it takes some hundredths


def signers(of: FederatedCredential, token: Presented, rule: Any) -> set[UUID]:
    """The issuer records whose signature would let this token in."""
    return {each.issuer.id for each in trusted(of, multi_audience=rule).find(token)}
