import pytest

from accredit.errors import TOO_MANY_REQUESTS, Refused
from accredit.web.limits import MOST_SENDERS, Admission, Allowance, Failures


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_first_request_beyond_the_limit_is_refused_and_a_leaving_one_makes_room() -> None:
    admission = Admission(2)
    admission.enter()
    admission.enter()
    with pytest.raises(Refused) as caught:
        admission.enter()
    assert caught.value.row is TOO_MANY_REQUESTS
    admission.leave()
    admission.enter()
    assert (admission.under_way, admission.limited) == (2, 1)


def test_a_request_that_waits_for_an_issuer_gives_its_place_back() -> None:
    admission = Admission(1)
    admission.enter()
    with admission.given_back():
        admission.enter()
        admission.leave()
    with pytest.raises(Refused):
        admission.enter()


def test_failures_count_by_address_and_client_and_are_forgotten_with_time() -> None:
    seconds = Seconds()
    failures = Failures(seconds, by_client=Allowance(60, 3), by_address=Allowance(600, 600))
    for _ in range(3):
        assert not failures.exceeded("203.0.113.5", "one")
        failures.count("203.0.113.5", "one")
    assert failures.exceeded("203.0.113.5", "one")
    assert not failures.exceeded("203.0.113.5", "two"), "another client from there is not limited"
    assert not failures.exceeded("203.0.113.6", "one"), "the client is never locked out from elsewhere"
    seconds.now = 0.9
    assert failures.exceeded("203.0.113.5", "one")
    seconds.now = 1.1
    assert not failures.exceeded("203.0.113.5", "one")


def test_one_address_cannot_fail_on_behalf_of_many_clients() -> None:
    failures = Failures(Seconds(), by_client=Allowance(60, 100), by_address=Allowance(60, 5))
    for n in range(5):
        assert not failures.exceeded("203.0.113.5", str(n))
        failures.count("203.0.113.5", str(n))
    assert failures.exceeded("203.0.113.5", "new")


def test_addresses_of_version_6_count_by_their_network() -> None:
    failures = Failures(Seconds(), by_client=Allowance(60, 1), by_address=Allowance(60, 100))
    failures.count("2001:db8::1", "one")
    assert failures.exceeded("2001:db8::ffff", "one")
    assert not failures.exceeded("2001:db8:0:1::1", "one")


def test_an_address_of_version_4_counts_as_itself_however_it_is_written() -> None:
    failures = Failures(Seconds(), by_client=Allowance(60, 1), by_address=Allowance(60, 100))
    failures.count("::ffff:192.0.2.1", "one")
    assert failures.exceeded("192.0.2.1", "one")
    assert not failures.exceeded("::ffff:192.0.2.2", "one"), "one mapped address is not the whole of version 4"


def test_memory_is_bounded_however_many_addresses_send() -> None:
    failures = Failures(Seconds())
    for n in range(MOST_SENDERS):
        failures.count(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", "one")
    assert len(failures._buckets) <= MOST_SENDERS  # noqa: SLF001  what is bounded is inside
