"""An explanation and the exchange never disagree, and both agree with a naive matcher that only the tests have.

What is laid down for generated credentials and tokens is tried on the known complaints and on the platforms' sample
claims too; and an explanation costs what it may cost, whatever is stored.
"""

import json
import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from accredit.errors import Refused
from accredit.explain import explain, ranking
from accredit.explain.ranking import CONSIDERED, SHOWN, WORDED
from accredit.trust import choose, match
from accredit.trust.expression import parse
from tests.conftest import ROOT
from tests.forge import AT, AUDIENCE, ISSUER, NOW, SUBJECT, claims
from tests.support import naive
from tests.support.complaints import CASES, RULES, explanation, said
from tests.support.every import every
from tests.support.trusting import credential, presented, record, trusted
from tests.trust.test_matching import CREDENTIALS, TOKENS, made

SAMPLES = json.loads((ROOT / "tests/data/sample-claims.json").read_text("utf-8"))["samples"]
_MATCHING = frozenset({700211, 700212, 700213, 7002131, 7002138, 70025, 90014})

# ── globs, as regular expressions say them ───────────────────────────────────────────────────────────────────────────


def glob(pattern):
    """Translate a pattern of version 2 to a regular expression, as its documentation describes it."""
    pieces = re.findall(r"\\.|\*\*|\*|\?|.", pattern, re.DOTALL)
    meant = {"**": ".*", "*": "[^/:@]*", "?": "[^/:@]"}
    return "".join(meant.get(each, re.escape(each[-1])) for each in pieces)


PATTERNS = st.lists(st.sampled_from(["a", "b", "/", ":", "@", "*", "**", "?", "\\*"]), min_size=1, max_size=8)
VALUES = st.text("ab/:@*", max_size=8)


@given(PATTERNS, VALUES)
def test_a_pattern_of_version_2_is_explained_as_a_regular_expression_decides_it(pieces, value):
    pattern = "".join(pieces)
    try:
        text = pattern.replace("'", "''").replace("\\", "\\\\") if "\\" in pattern else pattern
        held = replace(credential(), subject=None, expression=parse(f"claims['x'] matches '{text}'", 2))
    except Refused:
        return
    operand = held.expression.atoms[0].operand
    told = explain(presented(x=value), trusted(held), client="a", now=NOW)
    fits = re.fullmatch(glob(operand), value, re.DOTALL) is not None
    assert (told.outcome == "accepted") is fits
    freed = re.fullmatch(
        glob(re.sub(r"(?<!\*)\*(?!\*)", "**", operand)) if "\\" not in operand else "x", value, re.DOTALL
    )
    if not fits and "\\" not in operand:
        assert (told.cause == "GLOB_DELIMITER") is (freed is not None)


# ── generated credentials and tokens ─────────────────────────────────────────────────────────────────────────────────


@given(CREDENTIALS, TOKENS, st.sampled_from(["contained", "refuse"]))
def test_explanation_exchange_and_naive_matcher_agree(rows, changes, rule):
    rows = [(issuer, audience, what, None, age) for issuer, audience, what, _, age in rows]
    held, token = made(rows), presented(extended=True, **changes)
    if token.self_signed:
        return
    plain = [
        {"issuer": issuer.url, "audience": audience, "expression" if "claims[" in what else "subject": what}
        for issuer, audience, what, _, _ in rows
    ]
    agree(held, plain, token, {name: value for name, value in claims(**changes).items() if value is not ...}, rule)


def agree(held, plain, token, members, rule):
    told = explain(token, trusted(*held, multi_audience=rule), client="a", now=NOW)
    code = int(told.code.removeprefix("AADSTS") or 0)
    matching = naive.matching(plain, members, rule)
    found = match(trusted(*held, multi_audience=rule), token)
    if not matching:
        with pytest.raises(Refused) as refused:
            choose("a", found)
        assert (code, told.stage in {"issuer", "audience", "subject"}) == (refused.value.row.code, True)
        assert code == naive.code(plain, members, rule)
        assert told.near or not held
        return
    chosen = {each.id for each in choose("a", found)}
    assert chosen <= {held[n].id for n in matching}
    assert code not in _MATCHING
    assert not told.near
    if told.outcome == "accepted":
        assert told.credential in {held[n].name for n in matching}


# ── what is known from users and platforms ───────────────────────────────────────────────────────────────────────────


@every("name", CASES)
def test_they_agree_on_the_complaint(name):
    case, rule = CASES[name], RULES[CASES[name]["portability"]]
    members = {key: value for key, value in said(case).items() if value is not ...}
    told = explanation(case)
    if "aud" not in members or told.stage == "parse":
        assert told.code in {"AADSTS90014", "AADSTS5002738"}
        return
    plain = [{**each, "audience": each["audiences"][0]} for each in case["credentials"]]
    held = [credential(n, e["subject"], issuer=e["issuer"], audience=e["audience"]) for n, e in enumerate(plain)]
    token = presented(extended=case["portability"] == "extended", header=case["token"]["header"], **said(case))
    agree(held, plain, token, members, rule)


READABLE = {
    name: each for name, each in SAMPLES.items() if {"iss", "aud"} <= {*each["claims"]} and "exp" in each["times"]
}


def test_most_samples_are_tokens_that_are_compared():
    assert len(READABLE) > len(SAMPLES) - 8


@every("name", READABLE)
def test_a_sample_matches_what_says_the_same_and_nothing_that_says_another(name):
    sample = READABLE[name]
    absent = dict.fromkeys(("sub", "aud", "jti", "iat", "nbf", "exp"), ...)
    times = {key: AT + offset for key, offset in sample["times"].items()}
    shown = {**absent, **sample["claims"], **times}
    members = {key: value for key, value in shown.items() if value is not ...}
    token = presented(extended=True, header={**sample["header"], "alg": "RS256"}, **shown)
    first = token.audiences[0]
    exact = {"issuer": token.issuer, "audience": first, "subject": token.subject or ""}
    near = [exact | {"issuer": token.issuer + "x"}, exact | {"audience": first + "x"}, exact | {"subject": "x"}]
    for plain in ([exact], near, [*near, exact], []):
        held = [
            credential(n, e["subject"], issuer=e["issuer"], audience=e["audience"])
            for n, e in enumerate(plain, start=1)
        ]
        if token.subject or not any(each is exact for each in plain):
            agree(held, plain, token, members, "contained")


# ── what it costs ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_whatever_is_stored_few_are_worded_and_fewer_are_shown(monkeypatch):
    worded = []
    near = ranking.near
    monkeypatch.setattr(ranking, "near", lambda *given: worded.append(1) or near(*given))
    many = [credential(n, f"repo:octo-org/other-{n}:ref:refs/heads/main") for n in range(CONSIDERED + 500)]
    told = explain(presented(), trusted(*many), client="a", now=NOW)
    assert (len(worded), len(told.near)) == (WORDED, SHOWN)


def test_among_many_the_nearest_is_found():
    many = [credential(n, f"somebody-{n}") for n in range(1, WORDED + 200)]
    near = credential(9_999, "repo:octo-org/octo-repo:ref:refs/heads/next")
    told = explain(presented(), trusted(*many, near), client="a", now=NOW)
    assert told.near[0].credential_id == UUID(int=9_999)


def test_who_got_furthest_is_looked_at_however_many_are_older():
    older = [credential(n, f"other-{n}", issuer="https://other.example") for n in range(1, 2_102)]
    told = explain(presented(), trusted(*older, credential(5_000, SUBJECT.upper())), client="a", now=NOW)
    assert (told.code, told.cause, told.near[0].name) == ("AADSTS7002138", "CASE", "credential-5000")


def test_of_many_expressions_a_few_are_traced(monkeypatch):
    traced = []
    why = ranking.clause.why
    monkeypatch.setattr(ranking.clause, "why", lambda *given: traced.append(1) or why(*given))
    text = " and ".join(["claims['sub'] matches '*a*b*c'"] * 20)
    many = [credential(n, expression=text, issuer=record(n)) for n in range(1, 300)]
    told = explain(presented(sub="a" * 3_000), trusted(*many), client="a", now=NOW)
    assert (len(traced), [each.cause for each in told.near]) == (SHOWN, ["CLAUSE(1)"] * SHOWN)


def test_a_token_of_the_same_words_in_another_order_is_explained_the_same():
    one = explain(presented(), trusted(credential(issuer=ISSUER + "/", audience=AUDIENCE)), client="a", now=NOW)
    other = explain(presented(), trusted(credential(issuer=ISSUER + "/", audience=AUDIENCE)), client="a", now=NOW)
    assert one == other
