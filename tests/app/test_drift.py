"""What the tokens of a platform say that its ledger does not know: counted and logged, and only once it is proven."""

import io
import json
from uuid import UUID

import pytest

from accredit import observe
from accredit.app import drift
from accredit.app.drift import Drift
from accredit.explain import Unlisted
from accredit.explain.platform import unlisted
from accredit.signins import Sender, SignIn
from tests.stores.attempts import START, TENANT, client
from tests.support.trusting import presented

ISSUER = "https://token.actions.githubusercontent.com"
NEW = {"repository_id": "456789", "billing_id": 7}


def attempt(*, proven=True, state="unknown", **said):
    made = SignIn(START, Sender(UUID(int=1), UUID(int=2), "203.0.113.5"), TENANT, client(), 1)
    made.presented = presented(iss=ISSUER, **said)
    made.proof = object() if proven else None
    made.proof_state = state
    return made


def heard(*attempts):
    stream = io.StringIO()
    told = Drift(observe.logger(stream=stream, as_json=True))
    for each in attempts:
        told.heard(each)
    (family,) = told.collect()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    return {each.labels["issuer"]: each.value for each in family.samples}, lines


def test_what_a_platform_was_not_known_to_send_is_counted_and_named_once():
    counts, (line,) = heard(attempt(**NEW), attempt(**NEW), attempt(**NEW, ref="refs/heads/main"))
    assert counts == {ISSUER: 3}
    assert (line["event"], line["level"], line["issuer"]) == ("issuer.unlisted_claims", "warning", ISSUER)
    assert line["claims"] == {"billing_id": "integer"}


def test_a_member_of_an_object_is_a_claim_too():
    cluster = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
    known = presented(iss=cluster, sub="system:serviceaccount:a:b", **{"kubernetes.io": {"namespace": "a"}})
    more = presented(iss=cluster, sub="system:serviceaccount:a:b", **{"kubernetes.io": {"namespace": "a", "zone": {}}})
    attempts = []
    for each in (known, more):
        said = attempt()
        said.presented = each
        attempts.append(said)
    counts, (line,) = heard(*attempts)
    assert (counts, line["claims"]) == ({cluster: 1}, {"kubernetes.io.zone": "object"})


QUIET = {
    "it is in the ledger": attempt(repository_id="456789"),
    "nobody has proven who sent it": attempt(proven=False, **NEW),
    "the signature did not hold": attempt(proven=False, state="unproven", **NEW),
}


@pytest.mark.parametrize("because", QUIET)
def test_nothing_is_said_where(because):
    assert heard(QUIET[because]) == ({}, [])


def test_a_token_that_nothing_trusts_counts_once_keys_at_hand_have_proven_it():
    assert heard(attempt(proven=False, state="proven", **NEW))[0] == {ISSUER: 1}


def test_how_many_sets_of_names_are_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(drift, "MOST_SETS", 2)
    counts, lines = heard(attempt(a=1), attempt(b=1), attempt(c=1), attempt(a=1))
    assert (counts, [*lines[-1]["claims"]], len(lines)) == ({ISSUER: 3}, ["b"], 2)


def test_of_an_unknown_platform_nobody_can_say_what_is_new():
    assert unlisted(presented(iss="https://idp.example", sub="somebody", new=1)) == ()
    assert unlisted(presented(iss=ISSUER, new=1)) == (Unlisted(name="new", type="integer"),)
