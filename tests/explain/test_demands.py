"""What a tenant demands, and whether a token was used before, as steps of an explanation."""

import pytest
from msgspec.structs import replace

from accredit.errors import ASSERTION_REUSED, Refused
from accredit.explain import explain
from accredit.explain.demands import LABELS
from accredit.explain.reasons import why
from accredit.policy import RULES
from tests.forge import NOW
from tests.support.trusting import credential, presented, record, trusted
from tests.test_exchange import TENANT
from tests.test_policy import DEMANDS

BY_NAME = "repo:octo-org/octo-repo:ref:refs/heads/main"
SENTENCES = {
    "allowedIssuers": "The tenant allows some issuers only, and",
    "allowedAlgorithms": "The token is signed with RS256; the tenant allows RS512",
    "maxAssertionLifetime": "The token lives longer than the tenant allows: a life of 300 s, the limit is",
    "immutableIds": "The tenant demands ids that are never given to anybody else: credential credential-1 does not pin",
}


def explained(held, **settings):
    tenant = replace(TENANT, **settings)
    return explain(presented(sub=BY_NAME), trusted(held), client="deploy-bot", now=NOW, tenant=tenant)


@pytest.mark.parametrize("sentence", [each for each, row in DEMANDS.items() if row[1] == {}])
def test_explained_as_the_exchange_answers(sentence):
    settings, _, names, code = DEMANDS[sentence]
    found = explained(credential(1, BY_NAME), **settings)
    steps = {each.label: each for each in found.steps if each.id == "policy"}
    assert found.code == (f"AADSTS{code}" if code else "")
    assert (found.stage, found.cause) == (("policy", "POLICY") if code else (None, ""))
    noted = {LABELS[name] for name in names if steps[LABELS[name]].status == "pass"}
    failed = {label for label, each in steps.items() if each.status == "fail"}
    assert noted | failed == {LABELS[name] for name in names}
    assert all(steps[label].detail.startswith("would be refused, and is only noted: ") for label in noted)
    if code:
        first = next(name for name in names if LABELS[name] in failed)
        assert found.sentence.startswith(SENTENCES[first])
        assert found.steps[-1].id == "policy"


def test_every_policy_has_a_label():
    assert LABELS.keys() == RULES.keys()


def test_of_a_token_that_nothing_trusts_only_the_issuer_is_judged():
    settings = {"immutable_ids": "enforce", "allowed_issuers": ("https://other.test",)}
    found = explained(credential(1, issuer="https://elsewhere.test"), **settings)
    assert [(each.label, each.status) for each in found.steps if each.id == "policy"] == [
        ("Allowed issuer", "fail"),
        ("Named by ids", "pass"),
    ]
    assert found.stage == "issuer"


REPLAY = {"off": [], "observe": ["pass"], "enforce": ["skip"]}


@pytest.mark.parametrize("mode", REPLAY)
def test_whether_a_token_was_used_before_only_the_log_knows(mode):
    found = explained(credential(1, BY_NAME, issuer=record(replay=mode)))
    steps = [each for each in found.steps if each.id == "replay"]
    assert [each.status for each in steps] == REPLAY[mode]
    assert all(each.detail for each in steps)


def test_the_cause_of_a_second_use_has_words():
    cause = why(Refused(ASSERTION_REUSED), presented(), record(), {}, NOW)
    assert (cause.id, cause.edits[0].target) == ("REPLAY", "workload")
    assert cause.sentence.startswith("The token was used before, and its issuer's record lets each be used once.")
