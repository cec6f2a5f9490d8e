"""What is called a narrowing takes away, and never gives: by examples, and by whatever is drawn."""

from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from accredit.assertions import Presented
from accredit.trust import FederatedCredential, narrows
from accredit.trust.expression import glob
from tests.forge import AUDIENCE, ISSUER, SUBJECT
from tests.support.trusting import credential, presented, record, trusted

SUB = f"claims['sub'] eq '{SUBJECT}'"
ANY_REPO = "claims['sub'] matches 'repo:octo-org/*'"
ONE_REPO = "claims['sub'] matches 'repo:octo-org/octo-repo:*'"
WITH_ID = ANY_REPO + " and claims['repository_id'] eq '456789'"


@dataclass
class Edit:
    before: FederatedCredential
    after: FederatedCredential


def edit(before: dict[str, Any], **after: Any) -> Edit:
    """One credential before and after; what is not said stays."""
    return Edit(credential(**before), credential(**before | after))


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
}


@pytest.mark.parametrize("sentence", NARROWS)
def test_narrowing_is(sentence):
    assert narrows(NARROWS[sentence].before, NARROWS[sentence].after)


@pytest.mark.parametrize("sentence", WIDENS)
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


@pytest.mark.parametrize("sentence", COVERS)
def test_a_pattern_covers(sentence):
    pattern, other, expected = COVERS[sentence]
    assert glob.parse(pattern).covers(glob.parse(other)) is expected


PATTERNS = st.text("ab*?", max_size=5)


@given(PATTERNS, PATTERNS, st.text("abc", max_size=7))
@settings(max_examples=1_000)
def test_what_a_pattern_covers_it_fits(pattern, other, value):
    covered = glob.parse(pattern).covers(glob.parse(other))
    event(f"covered: {covered}")
    if covered and glob.parse(other).matches(value):
        assert glob.parse(pattern).matches(value)


# ── whatever is drawn ────────────────────────────────────────────────────────────────────────────────────────────────

VALUES = st.sampled_from(["a", "ab", "abb", "b"])
CLAIMS = st.sampled_from(["sub", "repository_id"])
CLAUSES = st.builds("claims['{}'] eq '{}'".format, CLAIMS, VALUES) | st.builds(
    "claims['{}'] matches '{}'".format, CLAIMS, st.sampled_from(["*", "a*", "?", "a?", "*b", "ab"])
)
EXPRESSIONS = st.lists(CLAUSES, min_size=1, max_size=2).map(" and ".join)
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
    repositories: tuple[dict[str, Any], ...] = (*({"repository_id": each} for each in (*subjects, 7)), {})
    return tuple(
        presented(iss=iss, sub=sub, aud=aud, **repository)
        for iss, sub, aud, repository in product(issuers, subjects, audiences, repositories)
    )


@pytest.mark.slow
@given(CREDENTIALS, CHANGES, RULES)
@settings(max_examples=1_500)
def test_after_a_narrowing_nothing_passes_that_failed_before(before, changes, rule):
    old, new = credential(**before), credential(**before | changes)
    narrowing = narrows(old, new)
    event(f"narrowing: {narrowing}")
    if not narrowing:
        return
    passing = [token for token in world() if signers(new, token, rule)]
    event(f"a token passes afterwards: {bool(passing)}")
    for token in passing:
        assert signers(new, token, rule) <= signers(old, token, rule)


def signers(held: FederatedCredential, token: Presented, rule: Any) -> set[UUID]:
    """The issuer records whose signature would let this token in."""
    return {each.issuer.id for each in trusted(held, multi_audience=rule).find(token)}
