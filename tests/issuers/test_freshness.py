from hypothesis import given
from hypothesis import strategies as st

from accredit.issuers import freshness
from accredit.issuers.freshness import EMULATOR, PRODUCTION, UNKNOWN, Action
from tests.support.every import every

T = 1_000_000.0  # the moment of the last success
FRESH = freshness.after_success(T, PRODUCTION)
DOWN = freshness.after_failure(FRESH, T + 3600, PRODUCTION, refused=False)  # next attempt at T + 3605
REFUSED = freshness.after_failure(FRESH, T + 3600, PRODUCTION, refused=True)
LATE = freshness.after_failure(FRESH, T + 7199, PRODUCTION, refused=False)  # next attempt at T + 7204
NEVER = freshness.after_failure(UNKNOWN, T, PRODUCTION, refused=False)

DECIDED = {
    "nothing was ever fetched": (UNKNOWN, T, Action.FETCH),
    "just fetched": (FRESH, T, Action.USE),
    "one second before four fifths": (FRESH, T + 2879, Action.USE),
    "four fifths": (FRESH, T + 2880, Action.REFRESH),
    "the last fresh second": (FRESH, T + 3599, Action.REFRESH),
    "the end of the fresh time": (FRESH, T + 3600, Action.FETCH),
    "a clock that went back": (FRESH, T - 1, Action.FETCH),
    "a background fetch failed, still fresh": (
        freshness.after_failure(FRESH, T + 2880, PRODUCTION, refused=False),
        T + 2884,
        Action.USE,
    ),
    "and its next attempt is due": (
        freshness.after_failure(FRESH, T + 2880, PRODUCTION, refused=False),
        T + 2885,
        Action.REFRESH,
    ),
    "down, during the back-off": (DOWN, T + 3604, Action.STALE),
    "down, and the next attempt is due": (DOWN, T + 3605, Action.FETCH),
    "the last second that old keys may serve": (LATE, T + 7200, Action.STALE),
    "one second later": (LATE, T + 7201, Action.REFUSE),
    "never fetched and down": (NEVER, T + 4, Action.REFUSE),
    "never fetched, and the next attempt is due": (NEVER, T + 5, Action.FETCH),
}


@every(("state", "now", "action"), DECIDED.values(), ids=DECIDED.keys())
def test_decided(state, now, action):
    assert freshness.decide(state, now, PRODUCTION) is action


STALE = {
    "the issuer is down: an hour": (DOWN, T + 7200, True),
    "and not a second more": (DOWN, T + 7201, False),
    "the issuer refused: a quarter of an hour": (REFUSED, T + 4500, True),
    "and not a second more after that": (REFUSED, T + 4501, False),
    "the last attempt succeeded": (FRESH, T + 3601, False),
    "there are no keys": (NEVER, T + 1, False),
}


@every(("state", "now", "allowed"), STALE.values(), ids=STALE.keys())
def test_old_keys_serve_for_a_bounded_time(state, now, allowed):
    assert freshness.stale_allowed(state, now, PRODUCTION) is allowed


def test_the_emulator_never_uses_old_keys():
    fresh = freshness.after_success(T, EMULATOR)
    down = freshness.after_failure(fresh, T + 301, EMULATOR, refused=False)
    assert freshness.decide(down, T + 301.5, EMULATOR) is Action.REFUSE


@every(("now", "age"), [(T + 3599, 0), (T + 3600, 0), (T + 3601, 1)])
def test_the_age_of_old_keys(now, age):
    assert freshness.stale_for(DOWN, now) == age


COOLDOWN = {
    "never fetched": (UNKNOWN, T, PRODUCTION, 0),
    "just fetched": (FRESH, T, PRODUCTION, 60),
    "one second before its end": (FRESH, T + 59, PRODUCTION, 1),
    "its end": (FRESH, T + 60, PRODUCTION, 0),
    "long after": (FRESH, T + 600, PRODUCTION, 0),
    "the last attempt failed: its back-off counts": (DOWN, T + 3601, PRODUCTION, 4),
    "and ends": (DOWN, T + 3605, PRODUCTION, 0),
    "the emulator has none": (freshness.after_success(T, EMULATOR), T, EMULATOR, 0),
}


@every(("state", "now", "limits", "left"), COOLDOWN.values(), ids=COOLDOWN.keys())
def test_an_unknown_kid_waits(state, now, limits, left):
    assert freshness.cooldown_left(state, now, limits) == left


HEADERS = {
    "none": (None, 3600, 300),
    "without an age": ("public, must-revalidate", 3600, 300),
    "an hour": ("public, max-age=3600", 3600, 300),
    "half an hour": ("max-age=1800, private", 1800, 300),
    "a year changes nothing": ("max-age=31536000", 3600, 300),
    "five minutes": ("max-age=300", 300, 300),
    "one second is less than the bound": ("max-age=1", 300, 300),
    "nothing": ("max-age=0", 300, 300),
    "quoted, with spaces": ('Max-Age = "600"', 600, 300),
    "of shared caches only": ("s-maxage=600", 3600, 300),
    "a longer name": ("x-max-age=600", 3600, 300),
    "not a number": ("max-age=soon", 3600, 300),
    "negative": ("max-age=-5", 3600, 300),
    "a fraction": ("max-age=900.5", 3600, 300),
    "more digits than a year has": ("max-age=" + "9" * 400, 3600, 300),
    "not to be kept": ("no-store, max-age=3600", 300, 300),
    "to be asked for again": ("max-age=3600, no-cache", 300, 300),
}


@every(("header", "production", "emulator"), HEADERS.values(), ids=HEADERS.keys())
def test_the_header_may_only_shorten(header, production, emulator):
    assert freshness.fresh_for(PRODUCTION, header) == production
    assert freshness.fresh_for(EMULATOR, header) == emulator
    assert freshness.after_success(T, PRODUCTION, cache_control=header).fresh_until == T + production


def test_a_generous_setting_is_bounded_too():
    generous = freshness.replace(PRODUCTION, fresh_for=86_400.0)
    assert freshness.fresh_for(generous, "max-age=999999999") == 86_400.0
    assert freshness.fresh_for(generous, "max-age=7200") == 7_200.0


def test_the_back_off_doubles_up_to_five_minutes():
    state, waits = UNKNOWN, []
    for _ in range(40):
        state = freshness.after_failure(state, T, PRODUCTION, refused=False)
        waits.append(state.retry_at - T)
    assert waits[:8] == [5, 10, 20, 40, 80, 160, 300, 300]
    assert waits[-1] == 300
    assert state.failures == 40


def test_the_emulator_waits_one_second():
    state = freshness.after_failure(UNKNOWN, T, EMULATOR, refused=True)
    assert freshness.after_failure(state, T, EMULATOR, refused=True).retry_at == T + 1


@every(("jitter", "wait", "refresh"), [(-1, 4.5, 2592), (0, 5, 2880), (1, 5.5, 3168)])
def test_chance_moves_both_by_ten_per_cent(jitter, wait, refresh):
    assert freshness.after_failure(UNKNOWN, T, PRODUCTION, refused=False, jitter=jitter).retry_at - T == wait
    assert freshness.after_success(T, PRODUCTION, jitter=jitter).refresh_at - T == refresh


def test_a_success_forgets_every_failure():
    assert freshness.after_success(T, PRODUCTION) == FRESH
    assert (FRESH.failed_at, FRESH.failures, FRESH.refused) == (None, 0, False)


def test_a_failure_keeps_the_keys_and_says_how_it_failed():
    assert (DOWN.fetched_at, DOWN.fresh_until, DOWN.refused) == (T, T + 3600, False)
    assert REFUSED.refused


def test_the_limits_are_those_of_the_documentation():
    assert (PRODUCTION.max_stale, PRODUCTION.max_stale_refused, PRODUCTION.negative_for) == (3600, 900, 60)
    assert (EMULATOR.max_stale, EMULATOR.max_stale_refused, EMULATOR.negative_for) == (0, 0, 1)
    assert (PRODUCTION.records, EMULATOR.records) == (10_000, 1_000)
    assert (PRODUCTION.connect_within, PRODUCTION.fetch_within, PRODUCTION.connect_retries) == (5, 10, 1)
    assert (PRODUCTION.waiters, PRODUCTION.wait, PRODUCTION.wait_when_stale) == (64, 10, 2)
    assert (PRODUCTION.negative_per_record, PRODUCTION.negative_in_all) == (256, 10_000)


@given(st.text(max_size=60), st.floats(0, 1e6), st.booleans(), st.floats(-1, 1))
def test_whatever_happened_old_keys_never_outlive_their_bound(header, after, refused, jitter):
    state = freshness.after_success(T, PRODUCTION, cache_control=header, jitter=jitter)
    state = freshness.after_failure(state, T + after, PRODUCTION, refused=refused, jitter=jitter)
    end = T + 3600 + (900 if refused else 3600)
    assert freshness.decide(state, end + 1, PRODUCTION) not in {Action.USE, Action.REFRESH, Action.STALE}
