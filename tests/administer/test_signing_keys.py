from datetime import timedelta
from itertools import count

import pytest

from accredit import errors
from accredit.administer import signing_keys
from accredit.tokens import SigningKey
from accredit.tokens.keys import LONGEST_TOKEN, PUBLISHED_BEFORE, ROTATED_AFTER, active, published, state
from tests.administer.office import office
from tests.support.stories import refusal, run

MOMENT = timedelta(microseconds=1)


@pytest.fixture
def at():
    return office()


@pytest.fixture
def make():
    numbers = count(1)

    def made(algorithm, now):
        public = {"kty": "RSA", "n": "AQAB", "e": "AQAB"}
        return SigningKey(
            kid=f"{algorithm}-{next(numbers)}",
            algorithm=algorithm,
            thumbprint="t",
            certificate=b"0",
            public=public,
            sealed=b"sealed",
            created_at=now,
            activates_at=now,
        )

    return made


def standing(at):
    keys = at.read("signing_keys")
    return {each.kid: state(each, keys, at.at[0]) for each in keys}


def test_the_first_key_signs_at_once_and_the_next_one_after_it_has_been_published_for_two_days(at, make):
    run(signing_keys.tend(at.by, make))
    run(signing_keys.rotate(at.by, make))
    assert standing(at) == {"RS256-1": "active", "RS256-2": "next"}
    assert timedelta(hours=48) == PUBLISHED_BEFORE
    at.advance(PUBLISHED_BEFORE - MOMENT)
    assert standing(at) == {"RS256-1": "active", "RS256-2": "next"}
    at.advance(MOMENT)
    assert standing(at) == {"RS256-1": "retired", "RS256-2": "active"}
    at.advance(LONGEST_TOKEN)
    assert standing(at) == {"RS256-1": "withdrawn", "RS256-2": "active"}


def test_an_emergency_withdraws_every_other_key_of_the_algorithm_and_leaves_other_algorithms(at, make):
    run(signing_keys.tend(at.by, make))
    run(signing_keys.tend(at.by, make, "ES256"))
    run(signing_keys.rotate(at.by, make))
    at.advance(PUBLISHED_BEFORE)
    run(signing_keys.rotate(at.by, make))
    assert list(standing(at).values()) == ["active", "retired", "active", "next"]
    fresh = run(signing_keys.rotate(at.by, make, emergency=True))
    keys = at.read("signing_keys")
    assert active(keys, "RS256", at.at[0]).kid == fresh.kid
    assert {each.kid for each in published(keys, at.at[0])} == {fresh.kid, "ES256-2"}
    assert [each.activity for each in at.registry.audits[-4:]] == [*["Withdraw signing key"] * 3, "Add signing key"]
    run(signing_keys.rotate(at.by, make, emergency=True))
    assert standing(at)[fresh.kid] == "withdrawn"


def test_tending_makes_a_key_when_one_is_due_and_never_two(at, make):
    assert run(signing_keys.tend(at.by, make)).kid == "RS256-1"
    assert run(signing_keys.tend(at.by, make)) is None
    at.advance(ROTATED_AFTER - PUBLISHED_BEFORE - MOMENT)
    assert run(signing_keys.tend(at.by, make)) is None
    at.advance(MOMENT)
    assert run(signing_keys.tend(at.by, make)).kid == "RS256-2"
    assert run(signing_keys.tend(at.by, make)) is None
    at.advance(PUBLISHED_BEFORE)
    assert standing(at) == {"RS256-1": "retired", "RS256-2": "active"}


def test_of_two_processes_that_tend_at_once_only_one_makes_a_key(at, make):
    def slow(algorithm, now):
        run(signing_keys.tend(at.by, make))  # the other process, while this one computes
        return make(algorithm, now)

    assert run(signing_keys.tend(at.by, slow)) is None
    assert list(standing(at)) == ["RS256-1"]


def test_tending_waits_for_a_key_that_is_published_already(at, make):
    run(signing_keys.tend(at.by, make))
    waiting = run(signing_keys.rotate(at.by, make))
    run(signing_keys.withdraw(at.by, waiting.kid))
    assert standing(at)[waiting.kid] == "withdrawn"
    assert run(signing_keys.rotate(at.by, make)).kid != waiting.kid


def test_a_key_without_a_predecessor_that_is_still_to_come_is_waited_for(at, make):
    async def only_a_next_key():
        async with at.registry.transaction() as store:
            await store.signing_keys.add(make("RS256", at.at[0] + PUBLISHED_BEFORE))

    run(only_a_next_key())
    assert run(signing_keys.tend(at.by, make)) is None


def test_a_retired_key_can_be_withdrawn_before_its_time(at, make):
    run(signing_keys.tend(at.by, make))
    run(signing_keys.rotate(at.by, make))
    at.advance(PUBLISHED_BEFORE)
    run(signing_keys.withdraw(at.by, "RS256-1"))
    assert standing(at)["RS256-1"] == "withdrawn"
    assert at.last.tenant_id is None
    assert (at.last.targets[0].kind, at.last.targets[0].name) == ("SigningKey", "RS256-1")


def test_refused_is_whatever_leaves_no_key_that_signs_or_makes_two_that_wait(at, make):
    run(signing_keys.tend(at.by, make))
    refused = refusal(signing_keys.withdraw(at.by, "RS256-1"))
    assert (refused.row, refused.fields["state"]) == (errors.KEY_STATE, "active")
    waiting = run(signing_keys.rotate(at.by, make))
    refused = refusal(signing_keys.rotate(at.by, make))
    assert (refused.row, refused.fields["kid"], refused.fields["state"]) == (errors.KEY_STATE, waiting.kid, "next")
    run(signing_keys.withdraw(at.by, waiting.kid))
    refused = refusal(signing_keys.withdraw(at.by, waiting.kid))
    assert (refused.row, refused.fields["state"]) == (errors.KEY_STATE, "withdrawn")
    assert refusal(signing_keys.withdraw(at.by, "nothing")).row is errors.OBJECT_NOT_FOUND


def test_no_record_holds_a_sealed_key(at, make):
    run(signing_keys.tend(at.by, make))
    assert "sealed" not in repr(at.registry.audits)
    assert set(at.changed()) == {"activatesAt"}
