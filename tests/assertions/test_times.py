from datetime import UTC, datetime, timedelta

from accredit import assertions
from accredit.assertions import times
from accredit.errors import LIFETIME_TOO_LONG, NOT_IN_TIME, Refused
from tests.forge import AT, NOW, claims, token
from tests.support.every import every

SKEW = 300


def presented(**changes):
    return assertions.parse(token(claims(**changes)), assertions.ENTRA)


def refusal(call, *arguments):
    try:
        call(*arguments)
    except Refused as refused:
        return refused
    return None


WINDOW = {
    "one second before exp": ({"exp": AT + 1}, 0, None),
    "at exp": ({"exp": AT}, 0, "expired 0 s ago"),
    "one second after exp": ({"exp": AT - 1}, 0, "expired 1 s ago"),
    "one second before exp and skew": ({"exp": AT - 299}, SKEW, None),
    "at exp and skew": ({"exp": AT - 300}, SKEW, "expired 300 s ago"),
    "one second after exp and skew": ({"exp": AT - 301}, SKEW, "expired 301 s ago"),
    "one second before nbf": ({"nbf": AT + 1}, 0, "not valid for another 1 s"),
    "at nbf": ({"nbf": AT}, 0, None),
    "one second after nbf": ({"nbf": AT - 1}, 0, None),
    "one second before nbf less skew": ({"nbf": AT + 301}, SKEW, "not valid for another 301 s"),
    "at nbf less skew": ({"nbf": AT + 300}, SKEW, None),
    "one second after nbf less skew": ({"nbf": AT + 299}, SKEW, None),
    "issued one second ahead": ({"iat": AT + 1}, 0, "issued 1 s in the future"),
    "issued now": ({"iat": AT}, 0, None),
    "issued more than the skew ahead": ({"iat": AT + 301}, SKEW, "issued 301 s in the future"),
    "issued the skew ahead": ({"iat": AT + 300}, SKEW, None),
    "a fraction before exp": ({"exp": AT + 0.25}, 0, None),
    "a fraction after exp": ({"exp": AT - 0.25}, 0, "expired 0 s ago"),
    "no nbf and no iat": ({"nbf": ..., "iat": ...}, 0, None),
    "nbf ten minutes before iat, as GitHub has it": ({"iat": AT, "nbf": AT - 600}, 0, None),
    "nbf after iat": ({"iat": AT - 600, "nbf": AT}, 0, None),
}


@every(("changes", "skew", "detail"), WINDOW.values(), ids=WINDOW.keys())
def test_the_valid_time(changes, skew, detail):
    refused = refusal(times.refuse_untimely, presented(**changes), skew, NOW)
    if detail is None:
        assert refused is None
    else:
        assert refused.row is NOT_IN_TIME
        assert refused.detail == f"{detail}; {skew} s of clock difference are forgiven"


def test_the_text_is_that_of_entra():
    refused = refusal(times.refuse_untimely, presented(exp=AT - 600.5, nbf=AT - 900), SKEW, NOW)
    assert refused.message == (
        "Client assertion is not within its valid time range. Current time: 2026-11-23T14:00:00.0000000Z, "
        "assertion valid from 2026-11-23T13:45:00.0000000Z, expiry time of assertion 2026-11-23T13:49:59.5000000Z. "
        "Review the documentation at "
        "https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials ."
    )


PRINTED = {
    "nothing": (None, "0001-01-01T00:00:00.0000000Z"),
    "the epoch": (0, "1970-01-01T00:00:00.0000000Z"),
    "a microsecond": (1795442400.000001, "2026-11-23T14:00:00.0000010Z"),
    "the last second": (253_402_300_799, "9999-12-31T23:59:59.0000000Z"),
    "after the year 9999": (1e300, "9999-12-31T23:59:59.0000000Z"),
    "before the epoch": (-1, "1970-01-01T00:00:00.0000000Z"),
}


@every(("seconds", "text"), PRINTED.values(), ids=PRINTED.keys())
def test_dates_are_printed_with_seven_digits_and_clamped(seconds, text):
    assert times.printed(seconds) == text


LIVES = {
    "the limit, from iat": ({"iat": AT, "exp": AT + 90_000}, None),
    "one second more": ({"iat": AT, "exp": AT + 90_001}, "a life of 90001 s"),
    "one second less": ({"iat": AT, "exp": AT + 89_999}, None),
    "iat counts before nbf": ({"iat": AT, "nbf": AT - 600, "exp": AT + 90_000}, None),
    "the limit, from nbf": ({"iat": ..., "nbf": AT - 600, "exp": AT + 89_400}, None),
    "one second more, from nbf": ({"iat": ..., "nbf": AT - 600, "exp": AT + 89_401}, "a life of 90001 s"),
    "the limit, from now": ({"iat": ..., "nbf": ..., "exp": AT + 90_000}, None),
    "one second more, from now": ({"iat": ..., "nbf": ..., "exp": AT + 90_001}, "a life of 90001 s"),
    "a year, as a cluster's default token": ({"iat": AT, "exp": AT + 31_536_000}, "a life of 31536000 s"),
    "expired before it was issued": ({"iat": AT, "exp": AT - 10}, None),
    "from the epoch": ({"iat": 0, "nbf": 0}, f"a life of {AT + 300} s"),
}


@every(("changes", "detail"), LIVES.values(), ids=LIVES.keys())
def test_the_life(changes, detail):
    refused = refusal(times.refuse_long_lived, presented(**changes), 90_000, NOW)
    if detail is None:
        assert refused is None
    else:
        assert refused.row is LIFETIME_TOO_LONG
        assert refused.detail == f"{detail}, the limit is 90000 s"
        assert refused.message.endswith("less than or equal to 1.01:00:00")


@every(
    ("seconds", "text"),
    [
        (90_000, "1.01:00:00"),
        (86_400, "1.00:00:00"),
        (86_399, "23:59:59"),
        (3_600, "01:00:00"),
        (61, "00:01:01"),
        (0, "00:00:00"),
    ],
)
def test_a_length_of_time_is_printed_as_dotnet_does(seconds, text):
    assert times.span(seconds) == text


def test_now_may_be_written_in_any_zone():
    elsewhere = datetime.fromtimestamp(AT, UTC).astimezone(tz=None) + timedelta(0)
    assert refusal(times.refuse_untimely, presented(), 0, elsewhere) is None
