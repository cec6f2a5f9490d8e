"""Which refusals are stored in full, and what becomes of the rest."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from accredit.signins import Event
from accredit.stores.quota import SEVERAL, Quota, Tallies
from tests.stores.attempts import ADDRESS, START
from tests.support.every import every

TENANT = UUID(int=0x7E)
UNPROVEN = 700213


def event(code=UNPROVEN, address=ADDRESS, app=1, after=0.0, proof="unknown", subject="repo:a/b", tenant=TENANT):
    return Event(
        id=uuid4(),
        at=START + timedelta(seconds=after),
        tenant_id=tenant,
        app_id=UUID(int=app),
        app_name=f"app-{app}",
        principal_id=UUID(int=app + 1_000_000),
        correlation_id=uuid4(),
        address=address,
        user_agent="agent",
        code=code,
        failure="no",
        detail="why",
        proof=proof,
        subject=subject,
    )


def send(tallies, *events):
    """Send events through; return those that are stored in full."""
    full = []
    for each in events:
        tally = tallies.place(each)
        if tally is None:
            full.append(each)
        else:
            tallies.count(tally, each)
    return full


def aggregates(tallies):
    return [each.event for each in tallies.take(1_000_000)]


@every(("sent", "full", "counted"), [(0, 0, 0), (1, 1, 0), (19, 19, 0), (20, 20, 0), (21, 20, 1), (50, 20, 30)])
def test_twenty_of_a_kind_are_stored_in_full_and_the_others_are_counted(sent, full, counted):
    tallies = Tallies(Quota())
    assert len(send(tallies, *(event() for _ in range(sent)))) == full
    assert sum(each.count for each in aggregates(tallies)) == counted


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({"code": 0, "proof": "proven"}, id="grants"),
        pytest.param({"proof": "proven"}, id="proven refusals"),
    ],
)
def test_what_is_proven_is_always_stored_in_full(sent):
    tallies = Tallies(Quota(full=1))
    everything = [event(**sent) for _ in range(100)]
    assert send(tallies, *everything) == everything
    assert not tallies.changed
    assert len(tallies) == 0


@every(
    "other",
    [
        pytest.param({"app": 2}, id="another application"),
        pytest.param({"code": 700211}, id="another code"),
        pytest.param({"address": "192.0.2.8"}, id="another address"),
        pytest.param({"address": "2001:db8::1"}, id="an address of version 6"),
        pytest.param({"after": 600.0}, id="the next window"),
    ],
)
def test_every_key_has_places_of_its_own(other):
    tallies = Tallies(Quota(full=2))
    assert len(send(tallies, *(event() for _ in range(5)))) == 2
    assert len(send(tallies, *(event(**other) for _ in range(5)))) == 2


@every(("after", "full"), [(0.0, 0), (599.999999, 0), (600.0, 1), (600.000001, 1)])
def test_a_window_is_over_after_ten_minutes(after, full):
    tallies = Tallies(Quota())
    send(tallies, *(event() for _ in range(20)))
    assert len(send(tallies, event(after=after))) == full


def test_an_aggregate_says_how_many_when_and_who_without_what_belongs_to_one_request():
    tallies = Tallies(Quota(full=1, subjects=3))
    kept, *counted = [event(after=n, subject=f"repo:a/{n % 5}") for n in range(8)]
    assert send(tallies, kept, *counted) == [kept]
    (aggregate,) = aggregates(tallies)
    first, last = counted[0], counted[-1]
    assert aggregate == Event(
        id=first.id,
        at=first.at,
        tenant_id=TENANT,
        app_id=first.app_id,
        app_name="app-1",
        principal_id=first.principal_id,
        correlation_id=first.correlation_id,
        address=ADDRESS,
        code=UNPROVEN,
        failure="no",
        proof="unknown",
        count=7,
        last_at=last.at,
        last_id=last.id,
        subjects=("repo:a/1", "repo:a/2", "repo:a/3"),
    )


def test_an_aggregate_of_unproven_and_unknown_is_unknown():
    tallies = Tallies(Quota(full=0))
    send(tallies, event(proof="unproven"), event(proof="unproven"))
    assert [each.proof for each in aggregates(tallies)] == ["unproven"]
    send(tallies, event(proof="unknown"))
    assert [(each.proof, each.count) for each in aggregates(tallies)] == [("unknown", 3)]


def test_an_aggregate_is_taken_again_only_after_it_has_grown_or_was_given_back():
    tallies = Tallies(Quota(full=0))
    send(tallies, event())
    taken = tallies.take(10)
    assert tallies.take(10) == []
    tallies.give_back(taken)
    assert tallies.take(10) == taken
    send(tallies, event())
    assert [each.count for each in aggregates(tallies)] == [2]


def test_a_count_that_is_not_written_yet_survives_its_window():
    tallies = Tallies(Quota(full=0))
    send(tallies, event(), event(after=600.0))
    assert [each.count for each in aggregates(tallies)] == [1, 1]


def test_below_the_reserve_no_unproven_refusal_is_stored_in_full():
    tallies = Tallies(Quota())
    assert tallies.place(event(), reserve=True) is not None
    assert tallies.place(event(proof="proven"), reserve=True) is None
    assert tallies.place(event(code=0, proof="proven"), reserve=True) is None


def test_networks_beyond_the_limit_share_one_key_per_code():
    tallies = Tallies(Quota(full=2, networks=3))
    sent = [
        event(address=f"192.0.2.{n}", code=code) for n in range(10) for code in (UNPROVEN, 700211) for _ in range(5)
    ]
    assert len(send(tallies, *sent)) == 2 * 2 * (3 + 1)
    shared = [each for each in aggregates(tallies) if each.address == ""]
    assert sorted((each.code, each.count) for each in shared) == [(700211, 7 * 5 - 2), (UNPROVEN, 7 * 5 - 2)]


def test_a_flood_from_a_hundred_thousand_networks_leaves_bounded_rows_and_bounded_memory():
    quota = Quota()
    tallies = Tallies(quota)
    full = send(tallies, *(event(address=f"2001:db8:{n // 65536:x}:{n % 65536:x}::1") for n in range(100_000)))
    assert len(full) == quota.networks + quota.full
    assert len(tallies) == quota.networks + 1
    (shared,) = aggregates(tallies)
    assert shared.count == 100_000 - len(full)
    assert len(shared.subjects) <= quota.subjects


def test_when_keys_run_out_applications_share_and_then_tenants_do():
    quota = Quota(full=1, keys=5)
    tallies = Tallies(quota)
    send(tallies, *(event(app=app, address=f"192.0.2.{n}") for app in range(1, 51) for n in range(20)))
    assert len(tallies) == 2 * quota.keys + 1
    found = aggregates(tallies)
    assert sum(each.count for each in found) == 50 * 20 - len(tallies)
    (several,) = [each for each in found if each.app_id == SEVERAL]
    assert (several.app_name, several.principal_id, several.address) == ("", SEVERAL, "")
    assert len(send(tallies, event(app=1, after=600.0))) == 1
    assert len(tallies) == 1


def test_counts_that_can_never_be_written_are_forgotten_oldest_first():
    quota = Quota(full=0, keys=5)
    tallies = Tallies(quota)
    for window in range(10):
        send(tallies, *(event(address=f"192.0.2.{n}", after=600.0 * window) for n in range(5)))
    found = aggregates(tallies)
    assert len(found) == 2 * quota.keys
    assert min(each.at for each in found) == START + timedelta(seconds=600 * 8)


def test_the_first_of_a_tally_is_not_changed_by_what_it_counts():
    tallies = Tallies(Quota(full=0))
    one = event()
    before = replace(one)
    send(tallies, one, event(proof="unproven"))
    assert one == before
