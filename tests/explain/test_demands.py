"""What a tenant demands, and whether a token was used before, as steps of an explanation."""

from msgspec.structs import replace

from accredit.assertions import ENTRA, parse
from accredit.errors import ASSERTION_REUSED, Refused
from accredit.explain import explain
from accredit.explain.demands import LABELS
from accredit.explain.reasons import why
from accredit.policy import RULES
from tests.explain.test_explanation import keys_of
from tests.forge import NOW
from tests.support.every import every
from tests.support.stories import refusal, run
from tests.support.trusting import credential, presented, record, trusted
from tests.test_exchange import TENANT, World, signed
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


@every("sentence", [each for each, row in DEMANDS.items() if row[1] == {}])
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


@every("mode", REPLAY)
def test_whether_a_token_was_used_before_only_the_log_knows(mode):
    found = explained(credential(1, BY_NAME, issuer=record(replay=mode)))
    steps = [each for each in found.steps if each.id == "replay"]
    assert [each.status for each in steps] == REPLAY[mode]
    assert all(each.detail for each in steps)


def test_the_cause_of_a_second_use_has_words():
    cause = why(Refused(ASSERTION_REUSED), presented(), record(), {}, NOW)
    assert (cause.id, cause.edits[0].target) == ("REPLAY", "workload")
    assert cause.sentence.startswith("The token was used before, and its issuer's record lets each be used once.")


IDS = "claims['repository_id'] eq '456789' and claims['repository_owner_id'] eq '123456'"
TWINS = {  # two records of one issuer: what the first is, what both are, whose keys prove the token -> who is meant
    "the policy that the first breaks is not evaded by the second": ({}, {}, ("key-1", "key-1"), "credential-1"),
    "the second proves it, and takes each token once": ({}, {"replay": "enforce"}, ("other", "key-1"), "credential-2"),
    "both prove it, and take each token once": ({}, {"replay": "enforce"}, ("key-1", "key-1"), "credential-1"),
    "the first may not take its algorithm": ({"algorithms": ("RS512",)}, {}, ("key-1", "key-1"), "credential-2"),
}


@every("demands", ["off", "audit", "enforce"])
@every("sentence", TWINS)
def test_of_two_records_of_one_issuer_the_one_that_the_exchange_takes_is_explained(sentence, demands):
    first, both, kids, meant = TWINS[sentence]
    records = record(1, **both | first), record(2, **both)
    held = (credential(1, BY_NAME, issuer=records[0]), credential(2, expression=IDS, issuer=records[1]))
    published = {each.id: keys_of(each, kid) for each, kid in zip(records, kids, strict=True)}
    tenant = replace(TENANT, immutable_ids=demands)
    said = {"sub": BY_NAME, "repository_id": "456789", "repository_owner_id": "123456"}
    world = World(*held, tenant=tenant)
    world.keys.published, world.keys.cached = published, [*published]
    refused = demands == "enforce" and meant == "credential-1"
    code = refusal(world.ask(signed(**said))).row.label if refused else run(world.ask(signed(**said))) and ""
    assert (world.event.credential_name, bool(code)) == (meant, refused)
    found = explain(
        parse(signed(**said), ENTRA), trusted(*held), client="deploy-bot", now=NOW, keys=published, tenant=tenant
    )
    assert (found.code, found.credential) == (code, "" if refused else meant)
