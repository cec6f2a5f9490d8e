from base64 import b64decode
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accredit import errors
from accredit.errors import Refused
from accredit.tokens import SigningKey, key_set
from accredit.tokens.keys import (
    LONGEST_TOKEN,
    PUBLISHED_BEFORE,
    ROTATED_AFTER,
    active,
    published,
    refuse_retiring,
    rotation_due,
    state,
)
from tests.forge import NOW, certificate
from tests.support.every import every

MOMENT = timedelta(microseconds=1)
DAY = timedelta(days=1)


def key(kid, activates_at, withdrawn_at=None, algorithm="RS256"):
    return SigningKey(
        kid=kid,
        algorithm=algorithm,
        thumbprint=kid + "-thumbprint",
        certificate=certificate().der,
        public={"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        sealed=b"",
        created_at=NOW,
        activates_at=activates_at,
        withdrawn_at=withdrawn_at,
    )


def standing(keys, now):
    return [state(each, keys, now) for each in keys]


FIRST = key("first", NOW)
SECOND = key("second", NOW + 90 * DAY)
LIVES = {  # instants, and how the two keys stand
    "before the first": (NOW - MOMENT, ["next", "next"]),
    "at the first": (NOW, ["active", "next"]),
    "just before the second": (NOW + 90 * DAY - MOMENT, ["active", "next"]),
    "at the second": (NOW + 90 * DAY, ["retired", "active"]),
    "while the longest token lives": (NOW + 90 * DAY + LONGEST_TOKEN - MOMENT, ["retired", "active"]),
    "when it has expired": (NOW + 90 * DAY + LONGEST_TOKEN, ["withdrawn", "active"]),
}


@every("sentence", LIVES)
def test_two_keys_stand(sentence):
    now, states = LIVES[sentence]
    assert standing([FIRST, SECOND], now) == states


def test_a_withdrawn_key_is_gone_at_once():
    gone = key("gone", NOW, withdrawn_at=NOW + DAY)
    assert state(gone, [gone], NOW + DAY - MOMENT) == "active"
    assert state(gone, [gone], NOW + DAY) == "withdrawn"


def test_a_key_that_was_withdrawn_before_its_time_retires_nobody():
    never = key("never", NOW + DAY, withdrawn_at=NOW + DAY - MOMENT)
    assert standing([FIRST, never], NOW + 2 * DAY) == ["active", "withdrawn"]


def test_a_key_retires_those_of_its_own_algorithm_only():
    other = key("other", NOW + DAY, algorithm="ES256")
    assert standing([FIRST, other], NOW + 2 * DAY) == ["active", "active"]
    assert active([FIRST, other], "ES256", NOW + 2 * DAY) is other
    assert active([FIRST, other], "RS256", NOW + 2 * DAY) is FIRST
    assert active([FIRST, other], "ES256", NOW) is None


def test_of_two_that_begin_at_once_the_one_with_the_greater_kid_signs():
    twins = [key("a", NOW), key("b", NOW)]
    assert active(twins, "RS256", NOW).kid == "b"
    assert standing(twins, NOW) == ["retired", "active"]


def test_the_key_set_shows_the_signing_keys_first_then_what_comes_then_what_was():
    keys = [SECOND, FIRST, key("next", NOW + 200 * DAY), key("es", NOW, algorithm="ES256"), key("old", NOW - DAY)]
    assert [each.kid for each in published(keys, NOW + 90 * DAY)] == ["second", "es", "next", "first"]


def test_rotation_is_due_so_early_that_the_next_key_is_known_when_it_signs():
    due = NOW + ROTATED_AFTER - PUBLISHED_BEFORE
    assert not rotation_due([FIRST], "RS256", due - MOMENT)
    assert rotation_due([FIRST], "RS256", due)
    assert not rotation_due([FIRST, SECOND], "RS256", due), "the next one exists"
    assert not rotation_due([], "RS256", due), "there is nothing to rotate"
    assert rotation_due([FIRST, key("es", NOW + 200 * DAY, algorithm="ES256")], "RS256", due)


def test_a_key_that_signs_is_not_withdrawn_and_any_other_one_may_be():
    with pytest.raises(Refused) as refused:
        refuse_retiring(FIRST, [FIRST, SECOND], NOW)
    assert (refused.value.row, refused.value.fields["kid"]) == (errors.KEY_STATE, "first")
    refuse_retiring(SECOND, [FIRST, SECOND], NOW)
    refuse_retiring(FIRST, [FIRST, SECOND], NOW + 90 * DAY)


def test_a_published_key_is_written_in_the_order_of_entra_ids_and_names_its_algorithm_last():
    (shown,) = key_set([FIRST], "https://localhost/t/v2.0")["keys"]
    assert list(shown) == ["kty", "use", "kid", "x5t", "n", "e", "x5c", "issuer", "alg"]
    assert (shown["use"], shown["kid"], shown["x5t"], shown["alg"]) == ("sig", "first", "first-thumbprint", "RS256")
    assert b64decode(shown["x5c"][0], validate=True) == FIRST.certificate
    (without,) = key_set([FIRST], None)["keys"]
    assert list(without) == ["kty", "use", "kid", "x5t", "n", "e", "x5c", "alg"]


@given(st.lists(st.tuples(st.integers(-300, 300), st.none() | st.integers(-300, 300)), min_size=1, max_size=6))
def test_at_most_one_key_of_an_algorithm_signs_and_whatever_signs_is_published(rows):
    keys = [
        key(f"k{n}", NOW + begins * DAY, None if ends is None else NOW + ends * DAY)
        for n, (begins, ends) in enumerate(rows)
    ]
    signing = [each for each in keys if state(each, keys, NOW) == "active"]
    assert len(signing) <= 1
    assert active(keys, "RS256", NOW) in (*signing, None)
    assert bool(active(keys, "RS256", NOW)) is bool(signing)
    assert {each.kid for each in signing} <= {each.kid for each in published(keys, NOW)}
