"""The sign-in log on a real file: what is durable when, and what is answered when it is not."""

import asyncio
from contextlib import closing, suppress
from uuid import uuid4

import pytest

from accredit.errors import Refused
from accredit.ports import Outdated
from accredit.stores import fresh, sqlite
from accredit.stores.encoding import SIGNING_KEYS
from accredit.stores.events import EventLog, MemorySink
from accredit.stores.quota import Quota
from accredit.stores.sqlite_events import Reserve, Retention, SqliteSink
from tests.stores.attempts import (
    AUDIENCE,
    CLIENT,
    GITHUB,
    ISSUER,
    OTHER_ISSUER,
    RESOURCE,
    START,
    SUBJECT,
    TENANT,
    Moving,
    change,
    client,
    credential,
    everything,
    fill_in_grant,
    granted,
    ids,
    opened,
    proven,
    refused,
    sender,
    unproven,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path):
    return tmp_path / "accredit.db"


# ── what is kept ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_grant_is_kept_with_all_that_it_needs_later(path):
    seconds = 1.0
    async with opened(path, counter=lambda: seconds) as log:
        came_from = sender()
        async with log.attempt(START, came_from, TENANT, CLIENT) as signin:
            fill_in_grant(signin)
            seconds += 0.25
        (event,) = everything(path)
    assert (event.id, event.correlation_id) == (came_from.trace, came_from.correlation)
    assert (event.code, event.proof, event.evidence) == (0, "proven", "federatedIdentityCredential")
    assert (event.credential_id, event.credential_name, event.issuer_id) == (credential().id, "github-1", ISSUER.id)
    assert (event.issuer, event.subject, event.audiences) == (GITHUB, SUBJECT, (AUDIENCE,))
    assert (event.resource_principal_id, event.roles) == (RESOURCE.principal_id, ("Orders.Read.All",))
    assert (event.address, event.user_agent, event.at) == (came_from.address, came_from.user_agent, START)
    assert event.duration == 250.0


async def test_a_refusal_is_kept_and_then_goes_on(path):
    async with opened(path) as log:
        trace = await refused(log, why=unproven("repo:a/b"))
        (event,) = everything(path)
    assert (event.id, event.code, event.uti) == (trace, 700213, "")
    assert "repo:a/b" in event.failure


async def test_the_exit_waits_until_the_event_can_be_read_by_another_process(path):
    async with opened(path) as log:
        for _ in range(20):
            trace = await granted(log)
            assert trace in ids(path)


async def test_concurrent_attempts_share_commits(path):
    async with opened(path) as log:
        traces = await asyncio.gather(*(granted(log) for _ in range(500)))
        assert log.figures.written == 500
        assert log.figures.batches <= 10
        assert set(traces) == ids(path)
        assert log.figures.last_batch > 0


@pytest.mark.parametrize("error", [ValueError("eyJhbGciOiJub25lIn0.e30."), KeyError("x")])
async def test_an_attempt_that_breaks_is_kept_without_the_text_of_the_error_and_breaks_on(path, error):
    async with opened(path) as log:
        came_from = sender()
        with pytest.raises(type(error)) as raised:
            async with log.attempt(START, came_from, TENANT, CLIENT):
                raise error
        assert raised.value is error
        (event,) = everything(path)
    assert (event.id, event.code, event.detail) == (came_from.trace, 2500, type(error).__name__)


async def test_an_attempt_that_breaks_while_nothing_can_be_written_breaks_on_and_is_counted():
    sink = MemorySink()
    sink.failure = "no space"
    log = EventLog(sink, lambda: 0)
    with pytest.raises(ZeroDivisionError):
        async with log.attempt(START, sender(), TENANT, CLIENT):
            raise ZeroDivisionError
    assert log.figures.unrecorded == 1


async def test_an_attempt_that_is_cancelled_is_kept(path):
    async with opened(path) as log:
        entered = asyncio.Event()
        came_from = sender()

        async def waits():
            async with log.attempt(START, came_from, TENANT, CLIENT):
                entered.set()
                await asyncio.sleep(3_600)

        task = asyncio.create_task(waits())
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    (event,) = everything(path)
    assert (event.id, event.code, event.detail) == (came_from.trace, 2500, "CancelledError")


async def test_a_grant_whose_caller_leaves_while_it_is_written_is_kept(path):
    async with opened(path) as log:
        task = asyncio.create_task(granted(log))
        await asyncio.sleep(0)  # it waits for its event now
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        others = [await granted(log) for _ in range(3)]
    events = everything(path)
    assert [event.code for event in events] == [0] * 4
    assert {event.id for event in events} > set(others)


async def test_closing_writes_what_was_handed_over_and_then_nothing_more(path):
    async with opened(path) as log:
        tasks = [asyncio.create_task(granted(log)) for _ in range(300)]
        await asyncio.sleep(0)
    assert await asyncio.gather(*tasks) != []
    assert len(ids(path)) == 300
    with pytest.raises(Refused, match="AADSTS90033"):
        await granted(log)


async def test_text_that_no_encoding_can_hold_fails_its_own_attempt_only(path):
    async with opened(path) as log:
        outcomes = await asyncio.gather(
            granted(log), granted(log, address="\ud800"), granted(log), return_exceptions=True
        )
        assert [isinstance(each, Refused) for each in outcomes] == [False, True, False]
        assert {outcomes[0], outcomes[2]} == ids(path)


async def test_a_log_whose_file_is_missing_does_not_start(path):
    with pytest.raises(Refused, match="ACC4002"):
        await EventLog(SqliteSink(path, Moving()), lambda: 0).start()


# ── beyond the quota ─────────────────────────────────────────────────────────────────────────────────────────────────


async def test_refusals_beyond_the_quota_become_one_event_per_window(path):
    clock = Moving()
    async with opened(path, clock) as log:
        first = [await refused(log, clock(), subject=f"repo:a/{n}") for n in range(33)]
        clock.forward(minutes=10)
        second = [await refused(log, clock()) for _ in range(22)]
        assert (log.figures.written, log.figures.counted) == (40, 15)
    events = everything(path)
    assert len(events) == 42
    assert {each.id for each in events if each.count == 1} == {*first[:20], *second[:20]}
    early, late = (each for each in events if each.count > 1)
    assert (early.id, early.last_id, early.count, early.at) == (first[20], first[32], 13, START)
    assert early.subjects == tuple(f"repo:a/{n}" for n in range(20, 30))
    assert (late.id, late.last_id, late.count, late.at) == (second[20], second[21], 2, clock())


async def test_counts_are_durable_within_about_a_second(path):
    async with opened(path, quota=Quota(full=0)) as log:
        for _ in range(5):
            await refused(log)
        async with asyncio.timeout(10):
            while not everything(path):  # noqa: ASYNC110  another process has nothing else to wait for
                await asyncio.sleep(0.05)
        assert [each.count for each in everything(path)] == [5]
        await refused(log)
    assert [each.count for each in everything(path)] == [6]


async def test_proven_refusals_and_grants_are_never_counted_only(path):
    async with opened(path, quota=Quota(full=1)) as log:
        traces = [await refused(log, why=proven()) for _ in range(40)] + [await granted(log) for _ in range(40)]
        assert ids(path) == set(traces)
        assert log.figures.counted == 0


@pytest.mark.slow
async def test_a_flood_from_many_addresses_leaves_bounded_rows(path):
    quota = Quota(full=2, networks=50)
    async with opened(path, quota=quota) as log:
        for start in range(0, 100_000, 250):
            batch = (refused(log, address=f"2001:db8:{n >> 16:x}:{n & 0xFFFF:x}::1") for n in range(start, start + 250))
            await asyncio.gather(*batch)
    events = everything(path)
    assert len(events) <= (quota.networks + 1) * (quota.full + 1)
    assert sum(each.count for each in events) == 100_000


# ── when the disk is full ────────────────────────────────────────────────────────────────────────────────────────────


async def test_below_the_reserve_unproven_refusals_are_only_counted(path):
    async with opened(path, reserve=Reserve(share=0.0, size=2**62)) as log:
        assert log.reserve
        traces = [await granted(log), await refused(log, why=proven())]
        for _ in range(3):
            await refused(log)
        assert ids(path) == set(traces)
        assert log.healthy
    assert [each.count for each in everything(path)] == [1, 1, 3]


async def test_with_room_there_is_no_reserve_state(path):
    async with opened(path, reserve=Reserve(share=0.0, size=0)) as log:
        assert not log.reserve


# ── when the trust has changed ───────────────────────────────────────────────────────────────────────────────────────

RESTS_ON = {
    "the tenant": (TENANT.id, True, True),
    "the application, or a credential of it": (CLIENT.application.id, True, True),
    "the service principal": (CLIENT.principal.id, True, True),
    "any signing key": (SIGNING_KEYS, True, True),
    "the issuer that proved it": (ISSUER.id, True, True),
    "another issuer that the application trusts": (OTHER_ISSUER.id, False, True),
    "the resource": (RESOURCE.principal_id, True, False),
    "another application": (client(2).application.id, False, False),
    "another application's principal": (client(2).principal.id, False, False),
    "the resource's appId, which no change names": (RESOURCE.app_id, False, False),
}


@pytest.mark.parametrize(("key", "grant", "refusal"), RESTS_ON.values(), ids=RESTS_ON)
@pytest.mark.parametrize("quota", [20, 0], ids=["stored", "counted"])
async def test_a_decision_is_made_again_when_what_it_rested_on_has_changed(path, key, grant, refusal, quota):
    async with opened(path, quota=Quota(full=quota)) as log:
        await granted(log)  # the log has looked at the directory once
        change(path, key)
        assert await _outdated(granted(log)) is grant
        assert await _outdated(refused(log)) is refusal
        assert log.figures.outdated == grant + refusal
    assert sum(each.count for each in everything(path)) == 1 + (not grant) + (not refusal)


async def _outdated(attempt):
    try:
        await attempt
    except Outdated:
        return True
    return False


async def test_a_change_before_the_first_event_counts_as_well(path):
    fresh.create(path)
    change(path, CLIENT.application.id)
    async with opened(path, version=0) as log:
        assert await _outdated(granted(log))
        assert everything(path) == []
    async with opened(path, version=1) as log:
        assert not await _outdated(granted(log))


async def test_what_changed_before_the_decision_does_not_count(path):
    fresh.create(path)
    change(path, CLIENT.application.id)
    change(path, client(2).application.id)
    async with opened(path, version=1) as log:
        assert not await _outdated(granted(log))


async def test_every_older_decision_in_a_batch_is_found_and_no_other(path):
    async with opened(path) as log:
        await granted(log)
        change(path, CLIENT.application.id)
        outcomes = await asyncio.gather(*(_outdated(granted(log, who=client(n % 3))) for n in range(30)))
        assert outcomes == [n % 3 == 1 for n in range(30)]
        assert await _outdated(granted(log)), "a later batch remembers the change"


async def test_whoever_is_further_behind_than_changes_are_remembered_decides_again(path, monkeypatch):
    monkeypatch.setattr("accredit.stores.sqlite_events._MOST_CHANGES", 10)
    async with opened(path) as log:
        await granted(log)
        change(path, *(uuid4() for _ in range(10)))
        assert not await _outdated(granted(log))
        change(path, uuid4())
        assert await _outdated(granted(log))


async def test_a_broken_attempt_is_kept_whatever_has_changed(path):
    async with opened(path) as log:
        await granted(log)
        change(path, TENANT.id)
        with suppress(ValueError):
            async with log.attempt(START, sender(), TENANT, CLIENT):
                raise ValueError
        assert [each.code for each in everything(path)] == [0, 2500]


async def test_no_change_slips_in_between_the_comparison_and_the_commit(path):
    """Another connection changes the trust all the while; what was recorded was recorded before the change."""
    recorded = 0
    async with opened(path) as log:
        await granted(log)
        change(path, CLIENT.application.id)
        with closing(sqlite.connect(path)) as other:
            other.execute("BEGIN IMMEDIATE")
            waiting = asyncio.create_task(_outdated(granted(log)))
            await asyncio.sleep(0.05)
            recorded = len(ids(path))
            assert not waiting.done(), "the log waits for the change that is under way"
            other.execute("COMMIT")
        assert await waiting
        assert len(ids(path)) == recorded == 1


# ── retention ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _until(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  the log tells nobody when it has deleted something
            await asyncio.sleep(0.02)


async def test_what_is_too_old_is_deleted(path):
    clock = Moving()
    async with opened(path, clock, retention=Retention()) as log:
        old = [await granted(log, clock()) for _ in range(3)]
        clock.forward(days=29)
        young = [await granted(log, clock()) for _ in range(2)]
        assert ids(path) == {*old, *young}
        clock.forward(days=1, seconds=1)
        await _until(lambda: ids(path) == set(young))
        assert log.sink.deleted == 3


async def test_what_is_too_much_is_deleted_oldest_first_in_pieces(path, monkeypatch):
    monkeypatch.setattr("accredit.stores.sqlite_events._PIECE", 50)
    async with opened(path) as log:
        traces = []
        for _ in range(10):
            traces += await asyncio.gather(*(granted(log) for _ in range(40)))
    async with opened(path, retention=Retention(rows=100)) as log:
        await _until(lambda: len(ids(path)) < 400)
        assert len(ids(path)) >= 300, "a piece at a time"
        for _ in range(20):
            traces.append(await granted(log))
        await _until(lambda: len(ids(path)) <= 100)
    assert [each.id for each in everything(path)] == traces[-100:]


async def test_a_database_that_is_too_large_loses_its_oldest_events(path):
    async with opened(path) as log:
        await asyncio.gather(*(granted(log) for _ in range(2_000)))
    async with opened(path, retention=Retention(size=2**20)) as log:
        await _until(lambda: len(ids(path)) < 1_000)
        newest = await granted(log)
        assert newest in ids(path)


# ── in memory ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_in_memory_no_loop_is_needed_and_nothing_waits():
    log = EventLog(MemorySink(most=3), lambda: 0)
    traces = [_run(granted(log)) for _ in range(5)]
    assert list(log.sink.events) == traces[-3:]


def test_in_memory_counts_are_kept_when_the_log_closes():
    log = EventLog(MemorySink(), lambda: 0, quota=Quota(full=1))
    for _ in range(4):
        _run(refused(log))
    _run(log.close())
    assert [each.count for each in log.sink.events.values()] == [1, 3]


def test_in_memory_a_write_can_fail():
    sink = MemorySink()
    log = EventLog(sink, lambda: 0)
    sink.failure = "no space"
    with pytest.raises(Refused, match="AADSTS90033") as answer:
        _run(granted(log))
    assert "no space" in answer.value.detail
    assert not log.healthy
    sink.failure = ""
    _run(granted(log))
    assert log.healthy


def _run(story):
    """Drive a story that never waits, without a loop."""
    try:
        story.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waited")
