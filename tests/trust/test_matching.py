import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from accredit import errors
from accredit.errors import Refused
from accredit.explain import explain
from accredit.trust import choose, evaluate, grade, judge, match
from accredit.trust.expression import evaluation, parse
from accredit.trust.matching import MOST_CANDIDATES, audience_accepted
from tests.conftest import ROOT
from tests.forge import AUDIENCE, ISSUER, NOW, SUBJECT, claims
from tests.refusals import refusal
from tests.support import naive
from tests.support.every import every
from tests.support.trusting import credential, presented, record, trusted

OTHER = "https://gitlab.com"
MATCHING = "claims['sub'] matches 'repo:octo-org/*'"
ELSEWHERE = "claims['sub'] eq 'nobody'"
SECOND = timedelta(seconds=1)


def refused(trust, token):
    with pytest.raises(Refused) as error:
        choose("deploy-bot", match(trust, token))
    return error.value


# ── what matches ─────────────────────────────────────────────────────────────────────────────────────────────────────

MATCHES = {  # credentials by number, in the order in which they are candidates; each has a record of its own
    "a plain subject": ([credential(1)], [1]),
    "an expression": ([credential(1, expression=MATCHING)], [1]),
    "the older of two": (
        [credential(1, created_at=NOW), credential(2, created_at=NOW - SECOND, issuer=record(2))],
        [2, 1],
    ),
    "the lower id of two that are equally old": ([credential(2, issuer=record(2)), credential(1)], [1, 2]),
    "a plain subject before an older expression": (
        [credential(1, expression=MATCHING, created_at=NOW - SECOND), credential(2, issuer=record(2))],
        [2, 1],
    ),
    "one credential for each issuer record": (
        [credential(1, issuer=record(1)), credential(2, issuer=record(1), expression=MATCHING)],
        [1],
    ),
    "only those of the token's issuer": ([credential(1), credential(2, issuer=OTHER)], [1]),
    "only those of the token's audience": ([credential(1), credential(2, audience="other")], [1]),
    "no more than four": (
        [credential(n, issuer=record(n)) for n in range(1, 7)],
        [1, 2, 3, 4],
    ),
}


def test_an_audience_that_a_token_names_twice_finds_a_credential_once():
    twice = presented(aud=[AUDIENCE, AUDIENCE])
    assert len(match(trusted(credential()), twice).credentials) == 1
    assert len(match(trusted(credential(expression=MATCHING)), twice).credentials) == 1


@every("sentence", MATCHES)
def test_candidates_are(sentence):
    credentials, numbers = MATCHES[sentence]
    found = choose("deploy-bot", match(trusted(*credentials), presented()))
    assert [each.id.int for each in found] == numbers
    assert len(found) <= MOST_CANDIDATES


def test_a_disabled_credential_counts_as_absent():
    assert refused(trusted(credential(enabled=False)), presented()).row is errors.CREDENTIALS_NONE


SEVERAL = {  # tenant's rule, credential's rule, listed audiences, the token's audiences: accepted?
    "one audience of a list of one": ("refuse", None, (), [AUDIENCE], True),
    "another audience": ("contained", None, (), ["other"], False),
    "one of two, contained": ("contained", None, (), ["other", AUDIENCE], True),
    "none of two": ("contained", None, (), ["other", "another"], False),
    "two where the tenant refuses": ("refuse", None, (), ["other", AUDIENCE], False),
    "two where the credential refuses": ("contained", "refuse", (), ["other", AUDIENCE], False),
    "two where the credential is laxer than the tenant": ("refuse", "contained", (), ["other", AUDIENCE], True),
    "two, both listed": ("listed", None, ("other",), ["other", AUDIENCE], True),
    "two, one of them not listed": ("listed", None, ("another",), ["other", AUDIENCE], False),
    "two where the credential wants them listed": ("contained", "listed", (), ["other", AUDIENCE], False),
    "the same audience twice": ("listed", None, (), [AUDIENCE, AUDIENCE], True),
}


@every("sentence", SEVERAL)
@every("expression", [None, MATCHING], ids=["subject", "expression"])
def test_a_token_with(sentence, expression):
    rule, own, listed, audiences, accepted = SEVERAL[sentence]
    held = credential(expression=expression, multi_audience=own, listed_audiences=listed)
    trust, token = trusted(held, multi_audience=rule), presented(aud=audiences)
    assert bool(match(trust, token).credentials) is accepted
    assert evaluate(held, token, rule).passed is accepted
    assert audience_accepted(held, audiences, rule) is accepted
    if not accepted:
        assert refused(trust, token).row is errors.AUDIENCE_NOT_TRUSTED


# ── what does not ────────────────────────────────────────────────────────────────────────────────────────────────────

MISSES = {
    "no credential at all": ([], {}, errors.CREDENTIALS_NONE),
    "another issuer": ([credential(issuer=OTHER)], {}, errors.ISSUER_NOT_TRUSTED),
    "an issuer with a trailing slash": ([credential()], {"iss": ISSUER + "/"}, errors.ISSUER_NOT_TRUSTED),
    "an issuer in another case": ([credential()], {"iss": ISSUER.upper()}, errors.ISSUER_NOT_TRUSTED),
    "another audience": ([credential()], {"aud": "other"}, errors.AUDIENCE_NOT_TRUSTED),
    "an audience in another case": ([credential()], {"aud": AUDIENCE.lower()}, errors.AUDIENCE_NOT_TRUSTED),
    "another subject": ([credential()], {"sub": "repo:other"}, errors.SUBJECT_NOT_TRUSTED),
    "a subject that goes on": ([credential()], {"sub": SUBJECT + "-evil"}, errors.SUBJECT_NOT_TRUSTED),
    "a star that is not a pattern": ([credential(subject="repo:*")], {}, errors.SUBJECT_NOT_TRUSTED),
    "a subject in another case": ([credential()], {"sub": SUBJECT.upper()}, errors.SUBJECT_CASE_DIFFERS),
    "a subject in another case, beside an expression": (
        [credential(1), credential(2, expression=ELSEWHERE)],
        {"sub": SUBJECT.upper()},
        errors.SUBJECT_CASE_DIFFERS,
    ),
    "an expression that does not hold": ([credential(expression=ELSEWHERE)], {}, errors.NO_SUBJECT_OR_EXPRESSION),
    "another subject, and an expression for another issuer": (
        [credential(1, "other"), credential(2, expression=ELSEWHERE, issuer=OTHER)],
        {},
        errors.NO_SUBJECT_OR_EXPRESSION,
    ),
    "a case difference of a credential that does not come as far": (
        [credential(1, SUBJECT.upper(), audience="other"), credential(2, "other")],
        {},
        errors.SUBJECT_NOT_TRUSTED,
    ),
    "no subject": ([credential()], {"sub": ...}, errors.CLAIM_MISSING),
    "an empty subject": ([credential()], {"sub": ""}, errors.CLAIM_MISSING),
    "no subject, where the issuer is another one": (
        [credential(issuer=OTHER)],
        {"sub": ...},
        errors.ISSUER_NOT_TRUSTED,
    ),
    "no subject, where an expression names it": (
        [credential(expression=MATCHING)],
        {"sub": ...},
        errors.CLAIM_MISSING,
    ),
}


@every("sentence", MISSES)
def test_refused_is(sentence):
    credentials, changes, row = MISSES[sentence]
    error = refused(trusted(*credentials), presented(**changes))
    assert error.row is row
    said = claims(**changes)
    shown = {errors.ISSUER_NOT_TRUSTED: said["iss"], errors.AUDIENCE_NOT_TRUSTED: said["aud"]}
    if "presented" in error.fields:
        assert error.fields["presented"] == shown.get(row, said.get("sub"))


def test_an_expression_that_does_not_name_the_subject_matches_a_token_without_one():
    trust = trusted(credential(expression="claims['common_name'] eq 'build'"))
    assert match(trust, presented(sub=..., common_name="build")).credentials


OR = "claims['kubernetes.io']['serviceaccount']['uid'] eq 'u' or claims['sub'] eq 'x' and claims['ref'] ne 'y'"
KUBERNETES = {"serviceaccount": {"uid": "u"}}


def of_version_2(number=1, **given):
    return replace(credential(number, **given), subject=None, expression=parse(OR, 2))


def test_an_expression_of_version_2_is_asked_like_any_other():
    trust = trusted(of_version_2(1), credential(2, expression=MATCHING), of_version_2(3, audience="other"))
    assert [each.id.int for each in match(trust, presented(**{"kubernetes.io": KUBERNETES})).credentials] == [1, 2]
    assert [each.id.int for each in match(trust, presented(sub="x", ref="z")).credentials] == [1]
    assert [each.id.int for each in match(trust, presented(sub=..., **{"kubernetes.io": KUBERNETES})).credentials] == [
        1
    ]
    assert refused(trust, presented(sub="x")).row is errors.NO_SUBJECT_OR_EXPRESSION


def test_a_verdict_makes_every_check_and_says_how_far_it_came():
    verdict = evaluate(credential(issuer=OTHER), presented(sub="other"), "contained")
    assert [(each.claim, each.passed) for each in verdict.checks] == [("iss", False), ("aud", True), ("sub", False)]
    assert (verdict.reached, verdict.passed) == (0, False)
    assert evaluate(credential(), presented(), "contained").reached == 3
    several = evaluate(credential(), presented(aud=["a", "b"]), "contained")
    assert several.checks[1].presented == "a, b"


def count_atoms(monkeypatch):
    """Count the clauses that are looked at from now on."""
    looked = []
    real = evaluation.judge
    monkeypatch.setattr(evaluation, "judge", lambda clause, *rest: looked.append(clause) or real(clause, *rest))
    return looked


UNASKED = {  # what an unsigned token says, and how many clauses of 20 credentials it has looked at
    "another issuer": ({"iss": OTHER}, 0),
    "another audience": ({"aud": "other"}, 0),
    "a known issuer and audience, and no expression that holds": ({"sub": "x"}, 20),
}


@pytest.mark.parametrize("sentence", UNASKED)
def test_an_expression_is_asked_once_and_only_by_a_token_of_its_issuer_and_audience(sentence, monkeypatch):
    changes, atoms = UNASKED[sentence]
    stars = " and ".join(f"claims['sub'] matches 'repo:octo-org/*{n}*'" for n in range(8))
    trust = trusted(*(credential(n, expression=f"{stars} and claims['jti'] eq '{n}'") for n in range(20)))
    looked = count_atoms(monkeypatch)
    verdicts = match(trust, presented(**changes)).verdicts
    assert len(verdicts) == 20
    assert len(looked) == atoms


def test_a_check_that_was_not_asked_counts_as_not_passed_and_says_so():
    expression = credential(issuer=OTHER, expression=MATCHING)
    verdict = evaluate(expression, presented(), "contained")
    assert [(each.passed, each.asked) for each in verdict.checks] == [(False, True), (True, True), (False, False)]
    assert all(each.asked for each in evaluate(credential(issuer=OTHER), presented(), "contained").checks)


def test_grading_names_the_application_only_where_it_trusts_nobody():
    assert grade("deploy-bot", ()).fields == {"client": "deploy-bot"}


# ── laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

ISSUERS = st.sampled_from([ISSUER, ISSUER + "/", OTHER])
AUDIENCES = st.sampled_from([AUDIENCE, AUDIENCE.lower(), "other"])
SUBJECTS = st.sampled_from([SUBJECT, SUBJECT.upper(), SUBJECT + "x", "repo:*", "nobody"])
EXPRESSIONS = st.sampled_from([MATCHING, ELSEWHERE, "claims['jti'] eq '1'", "claims['sub'] matches '*:main'"])
RULES = st.sampled_from(["contained", "listed", "refuse"])
RECORDS = st.builds(lambda url, twin: record(sum(url.encode()) * 2 + twin, url), ISSUERS, st.booleans())
CREDENTIALS = st.lists(
    st.tuples(RECORDS, AUDIENCES, SUBJECTS | EXPRESSIONS, st.none() | RULES, st.integers(0, 3)), max_size=6
)
TOKENS = st.fixed_dictionaries(
    {"iss": ISSUERS, "aud": AUDIENCES | st.lists(AUDIENCES, min_size=1, max_size=3), "sub": SUBJECTS | st.just(...)}
)


def made(rows, first=1):
    return [
        credential(
            n,
            subject=what,
            expression=what if "claims[" in what else None,
            issuer=issuer,
            audience=audience,
            multi_audience=rule,
            created_at=NOW + age * SECOND,
        )
        for n, (issuer, audience, what, rule, age) in enumerate(rows, start=first)
    ]


def token(changes):
    return presented(extended=True, **changes)


@given(CREDENTIALS, TOKENS, RULES)
def test_a_credential_is_found_exactly_when_its_verdict_passes_every_check(rows, changes, rule):
    trust = trusted(*made(rows), multi_audience=rule)
    found = match(trust, token(changes))
    passing = [each.credential.id for each in judge(trust, token(changes)) if each.passed]
    assert sorted(each.id for each in found.credentials) == sorted(passing)
    assert bool(found.verdicts) is (not passing and bool(rows))


HEAVY = "s" * 4_000  # characters; a pattern looks at all of them, so 25 patterns spend the budget of a request
WORK = st.lists(
    st.tuples(st.integers(1, 16), st.booleans(), st.sampled_from([AUDIENCE, "other"]), st.integers(0, 3)),
    min_size=1,
    max_size=8,
)


def working(rows):
    """Expressions that cost so many patterns and then hold or do not."""
    return [
        credential(
            n,
            expression=" and ".join(["claims['sub'] matches 's*'"] * patterns + [f"claims['jti'] eq '{holds:d}'"]),
            issuer=record(n),
            audience=audience,
            created_at=NOW + age * SECOND,
        )
        for n, (patterns, holds, audience, age) in enumerate(rows, start=1)
    ]


@given(WORK, st.sampled_from([AUDIENCE, [AUDIENCE, "other"], ["other", AUDIENCE]]))
def test_index_and_verdicts_agree_also_when_the_budget_runs_out(rows, audiences):
    trust = trusted(*working(rows))
    said = presented(extended=True, sub=HEAVY, jti="1", aud=audiences)
    found = match(trust, said)
    passing = {each.credential.id for each in judge(trust, said) if each.passed}
    assert {each.id for each in found.credentials} == passing
    assert not any(each.passed for each in found.verdicts)
    told = explain(said, trust, client="a", now=NOW)
    refused = refusal(choose, "a", found)
    assert told.code == (refused.label if refused else "")
    assert (told.outcome == "refused") is bool(refused)


@given(CREDENTIALS, CREDENTIALS, TOKENS, RULES)
def test_adding_a_credential_never_makes_a_matching_token_fail(rows, more, changes, rule):
    if match(trusted(*made(rows), multi_audience=rule), token(changes)).credentials:
        both = trusted(*made(rows), *made(more, 100), multi_audience=rule)
        assert choose("deploy-bot", match(both, token(changes)))


@given(CREDENTIALS, TOKENS, RULES)
def test_the_order_in_which_credentials_are_stored_means_nothing(rows, changes, rule):
    def answer(credentials):
        try:
            return choose("a", match(trusted(*credentials, multi_audience=rule), token(changes)))
        except Refused as error:
            return error.row, error.fields

    credentials = made(rows)
    assert answer(credentials) == answer(credentials[::-1])


@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30))
def test_a_subject_matches_itself_and_nothing_else(expected, said):
    trust = trusted(credential(subject=expected))
    found = match(trust, presented(sub=said)).credentials
    assert bool(found) is (expected == said)
    assert match(trust, presented(sub=expected)).credentials


@given(CREDENTIALS, TOKENS, st.sampled_from(["contained", "refuse"]))
def test_a_naive_matcher_says_the_same(rows, changes, rule):
    rows = [(issuer, audience, what, None, age) for issuer, audience, what, _, age in rows]
    credentials = made(rows)
    found = match(trusted(*credentials, multi_audience=rule), token(changes))
    plain = [
        {"issuer": issuer.url, "audience": audience, "expression" if "claims[" in what else "subject": what}
        for issuer, audience, what, _, _ in rows
    ]
    said = {name: value for name, value in claims(**changes).items() if value is not ...}
    expected = naive.matching(plain, said, rule)
    assert sorted(each.id.int - 1 for each in found.credentials) == expected
    if not expected:
        with pytest.raises(Refused) as error:
            choose("a", found)
        assert error.value.row.code == naive.code(plain, said, rule)


# ── what users complain about ────────────────────────────────────────────────────────────────────────────────────────

CORPUS = Path(ROOT / "tests/data/complaints.json")


def test_the_naive_matcher_agrees_on_every_complaint():
    compared = 0
    for case in json.loads(CORPUS.read_text())["cases"]:
        said = case["token"]["claims"]
        if not said.get("aud"):
            continue  # refused before anything is matched
        rule = "contained" if case["portability"] == "entra" else "refuse"
        held = [(each["issuer"], each["audiences"][0], each["subject"]) for each in case["credentials"]]
        trust = trusted(
            *(credential(n, subject, issuer=issuer, audience=aud) for n, (issuer, aud, subject) in enumerate(held)),
            multi_audience=rule,
        )
        alg = {"alg": "RS256", "kid": "k"}
        found = match(trust, presented(extended=True, header=alg, **{"sub": ..., **said}))
        plain = [{"issuer": issuer, "audience": aud, "subject": subject} for issuer, aud, subject in held]
        assert bool(found.credentials) is bool(naive.matching(plain, said, rule)), case["id"]
        if not found.credentials:
            code = naive.code(plain, said, rule)
            assert code == case["expected"]["aadsts"], case["id"]
            assert grade("a", found.verdicts).row.code == code, case["id"]
        compared += 1
    assert compared > 50
