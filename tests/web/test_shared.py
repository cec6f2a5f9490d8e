from ipaddress import ip_network

from accredit.web.limits import Allowance, Failures
from accredit.web.shared import APPLICATIONS, MOST_ADDRESSES, WITHIN, Shared
from tests.support.every import every
from tests.web.test_limits import Seconds

RUNNER = "203.0.113.5"


def granted(shared: Shared, clients: int, address: str = RUNNER) -> None:
    for number in range(clients):
        shared.granted(address, f"client-{number}")


def test_an_address_is_shared_from_five_applications_on_and_for_a_day() -> None:
    seconds = Seconds()
    shared = Shared(seconds)
    granted(shared, APPLICATIONS - 1)
    shared.granted(RUNNER, "CLIENT-0")
    assert RUNNER not in shared, "four applications, one of them spelled in two ways"
    seconds.now = 10.0
    shared.granted(RUNNER, "another")
    assert RUNNER in shared
    assert "203.0.113.6" not in shared
    seconds.now = WITHIN - 1
    assert RUNNER in shared
    seconds.now = WITHIN + 1
    assert RUNNER not in shared
    granted(shared, APPLICATIONS - 1)
    assert RUNNER in shared, "with the one of ten seconds after the beginning"
    seconds.now = WITHIN + 11
    assert RUNNER not in shared
    shared.granted(RUNNER, "a sixth")
    assert RUNNER in shared


def test_addresses_of_version_6_are_shared_by_their_network() -> None:
    shared = Shared(Seconds())
    for number in range(APPLICATIONS):
        shared.granted(f"2001:db8::{number}", f"client-{number}")
    assert "2001:db8::/64" in shared


def test_the_longest_unused_address_is_forgotten_first() -> None:
    shared = Shared(Seconds())
    for address in ("192.0.2.1", "192.0.2.2"):
        granted(shared, APPLICATIONS, address)
    granted(shared, 1, "192.0.2.1")
    for number in range(MOST_ADDRESSES - 1):
        shared.granted(str(number), "one")
    assert "192.0.2.1" in shared
    assert "192.0.2.2" not in shared


LISTED = {
    "192.0.2.77": True,
    "192.0.3.77": False,
    "2001:db8:1:2::/64": True,
    "2001:db9::/64": False,
    "": False,
}


@every("near", LISTED)
def test_an_operator_says_which_networks_are_shared(near: str) -> None:
    networks = (ip_network("192.0.2.0/24"), ip_network("2001:db8::/32"))
    assert (near in Shared(Seconds(), networks)) is LISTED[near]


def test_a_shared_address_may_fail_ten_times_as_often_and_each_client_no_more_than_before() -> None:
    seconds = Seconds()
    allowed = {"by_client": Allowance(60, 3), "by_address": Allowance(60, 5), "by_shared": Allowance(600, 50)}
    failures = Failures(seconds, **allowed)  # type: ignore[arg-type]  mypy sees one kind of value only
    for number in range(5):
        failures.count(RUNNER, str(number))
    assert failures.exceeded(RUNNER, "new")
    granted(failures.shared, APPLICATIONS)
    seconds.now = 1.0
    for number in range(10):
        assert not failures.exceeded(RUNNER, str(number + 10)), number
        failures.count(RUNNER, str(number + 10))
    assert failures.exceeded(RUNNER, "new")
    seconds.now = 2.0
    assert not failures.exceeded(RUNNER, "new")
    for _ in range(3):
        failures.count(RUNNER, "one")
    assert failures.exceeded(RUNNER, "one")
