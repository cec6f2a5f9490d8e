"""The sign-in log on a real file: what is durable when, and what is answered when it is not."""

import asyncio

import pytest

from accredit.errors import Refused
from accredit.stores.batches import MemorySink
from accredit.stores.events import EventLog
from accredit.stores.quota import Quota
from accredit.stores.sqlite_events import SqliteSink
from tests.stores.attempts import (
    AUDIENCE,
    CLIENT,
    GITHUB,
    ISSUER,
    RESOURCE,
    START,
    SUBJECT,
    TENANT,
    Moving,
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
        assert log.figures.seconds > 0


async def test_a_single_request_waits_for_nobody(path):
    async with opened(path, linger=30.0) as log, asyncio.timeout(20):
        for _ in range(5):
            await granted(log)
        assert log.figures.batches >= 5


async def test_requests_that_come_together_are_written_together_and_when_they_are_gone_nobody_waits_for_them(path):
    async with opened(path, linger=30.0) as log, asyncio.timeout(20):

        async def again_and_again():
            for _ in range(20):
                await granted(log)

        await asyncio.gather(*(again_and_again() for _ in range(16)))
        assert log.figures.batches <= 25
    async with opened(path, linger=0.01) as log, asyncio.timeout(20):
        await asyncio.gather(*(granted(log) for _ in range(16)))
        for _ in range(10):
            await granted(log)
        before = log.figures.batches
        log.linger = 30.0
        await granted(log)
        assert log.figures.batches > before


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


async def test_a_fault_of_our_own_fails_its_batch_and_not_the_log(path, monkeypatch):
    async with opened(path) as log:
        with monkeypatch.context() as broken:
            broken.setattr("accredit.stores.sqlite_events.row", None)
            with pytest.raises(Refused, match="AADSTS90033") as answer:
                await granted(log)
        assert "TypeError" in answer.value.detail
        assert log.failure
        assert await granted(log) in ids(path)
        assert not log.failure


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
    assert log.failure
    sink.failure = ""
    _run(granted(log))
    assert not log.failure


def test_counts_that_could_not_be_written_are_written_later():
    sink = MemorySink()
    log = EventLog(sink, lambda: 0, quota=Quota(full=0))
    _run(refused(log))
    sink.failure = "no space"
    _run(log.close())
    assert sink.events == {}
    sink.failure = ""
    _run(log.close())
    assert [each.count for each in sink.events.values()] == [1]


def _run(story):
    """Drive a story that never waits, without a loop."""
    try:
        story.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waited")
