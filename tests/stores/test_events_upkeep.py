"""The sign-in log beside a directory that changes, on a disk that fills: what is decided again, what is deleted."""

import asyncio
import threading
from contextlib import closing, suppress
from datetime import timedelta
from uuid import uuid4

import pytest
from msgspec.structs import replace

from accredit.errors import Refused
from accredit.ports import Outdated
from accredit.signins import SignIn
from accredit.stores import fresh, sqlite
from accredit.stores.encoding import SIGNING_KEYS
from accredit.stores.event_index import EventIndex
from accredit.stores.event_row import INSERT, ClaimSets
from accredit.stores.extent import Extent
from accredit.stores.quota import Quota
from accredit.stores.sqlite_events import Caps, Reserve, row
from accredit.stores.staleness import Changes
from tests.stores.attempts import (
    CLIENT,
    ISSUER,
    OTHER_ISSUER,
    RESOURCE,
    START,
    TENANT,
    Moving,
    change,
    client,
    everything,
    fill_in_grant,
    granted,
    ids,
    opened,
    proven,
    refused,
    sender,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path):
    return tmp_path / "accredit.db"


# ── when the disk is full ────────────────────────────────────────────────────────────────────────────────────────────


async def test_below_the_reserve_unproven_refusals_are_only_counted(path):
    async with opened(path, reserve=Reserve(share=0.0, size=2**62)) as log:
        assert log.reserve
        traces = [await granted(log), await refused(log, why=proven())]
        for _ in range(3):
            await refused(log)
        assert ids(path) == set(traces)
        assert not log.failure
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
    "the resource's registration, which says its roles": (RESOURCE.application_id, True, False),
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
    monkeypatch.setattr("accredit.stores.staleness._MOST_CHANGES", 10)
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
    async with opened(path, clock, caps=Caps()) as log:
        old = [await granted(log, clock()) for _ in range(3)]
        clock.forward(days=29)
        young = [await granted(log, clock()) for _ in range(2)]
        assert ids(path) == {*old, *young}
        clock.forward(days=1, seconds=1)
        await _until(lambda: ids(path) == set(young))
        await _until(lambda: log.sink.deleted == 3)  # told by its thread a little later


async def test_what_is_too_much_is_deleted_oldest_first_in_pieces(path, monkeypatch):
    monkeypatch.setattr("accredit.stores.retention.PIECE", 50)
    async with opened(path) as log:
        traces = []
        for _ in range(10):
            traces += await asyncio.gather(*(granted(log) for _ in range(40)))
    async with opened(path, caps=Caps(rows=100)) as log:
        await _until(lambda: len(ids(path)) < 400)
        assert len(ids(path)) >= 300, "a piece at a time"
        for _ in range(20):
            traces.append(await granted(log))
        await _until(lambda: len(ids(path)) <= 100)
    assert [each.id for each in everything(path)] == traces[-100:]


async def test_a_log_that_is_too_large_loses_its_oldest_events(path):
    clock = Moving()
    async with opened(path, clock) as log:
        await asyncio.gather(*(granted(log) for _ in range(3_000)))
    clock.forward(hours=1, seconds=1)
    async with opened(path, clock, caps=Caps(size=2**20)) as log:
        await _until(lambda: len(ids(path)) < 1_200)
        newest = await granted(log, clock())
        assert newest in ids(path)


async def test_a_directory_that_is_larger_than_the_cap_costs_no_event(path):
    clock = Moving()
    async with opened(path, clock) as log:
        traces = [await granted(log) for _ in range(20)]
    with closing(sqlite.connect(path)) as other:
        other.execute("CREATE TABLE other AS SELECT zeroblob(4194304) AS of_the_directory")
    clock.forward(days=1)
    async with opened(path, clock, caps=Caps(size=2**20)) as log:
        await _until(lambda: log.figures.batches >= 2)
        await granted(log, clock())
        assert log.trouble == ""
        assert log.sink.deleted == 0
    assert set(traces) < ids(path)


async def test_above_the_cap_with_nothing_but_young_events_nothing_is_issued_or_deleted_until_they_are_older(path):
    clock = Moving()
    async with opened(path, clock) as log:
        await asyncio.gather(*(granted(log) for _ in range(1_300)))
    before = ids(path)
    clock.forward(minutes=59)
    async with opened(path, clock, caps=Caps(size=2**20)) as log:
        assert "retention.megabytes" in log.trouble, "it is said before anybody asks"
        for attempt in (granted(log, clock()), refused(log, clock(), why=proven())):
            with pytest.raises(Refused, match="AADSTS90033") as answer:
                await attempt
            assert "last hour" in answer.value.detail
        await refused(log, clock())  # one that is only counted is answered as ever
        assert ids(path) == before
        clock.forward(minutes=2)
        await _until(lambda: not log.trouble)
        newest = await granted(log, clock())
        assert newest in ids(path)
        assert log.sink.deleted > 0


@pytest.mark.parametrize("rows", [0, 1, 700, 3_000])
async def test_the_size_of_the_log_is_estimated_to_a_quarter(path, rows):
    fresh.create(path)
    with closing(sqlite.connect(path)) as connection:
        (before,) = connection.execute("PRAGMA page_count").fetchone()
        extent = Extent(connection)
        assert (extent.rows(), extent.size()) == (0, 0)
        async with opened(path) as log:
            for start in range(0, rows, 250):
                await asyncio.gather(*(granted(log) for _ in range(min(250, rows - start))))
        assert extent.rows() == rows
        (after,) = connection.execute("PRAGMA page_count").fetchone()
        if rows > 1:  # before that there are pages that nothing is in
            assert extent.size() == pytest.approx((after - before) * 4_096, rel=0.25)
        size = extent.size()
        connection.execute("DELETE FROM signins WHERE seq <= ?", (rows // 2,))
        assert extent.size() == pytest.approx(size / 2, rel=0.25, abs=4_096)


@pytest.mark.parametrize("rows", [300, 3_000])
@pytest.mark.parametrize("sets", ["of each its own", "of all the same", "of some"])
async def test_the_claims_that_events_bring_are_part_of_the_size(path, rows, sets):
    fresh.create(path)
    with closing(sqlite.connect(path)) as connection:
        (before,) = connection.execute("PRAGMA page_count").fetchone()
        many = {"of each its own": rows, "of all the same": 1, "of some": 20}[sets]
        made = [with_claims(n % many) for n in range(rows)]
        stored = {id_: body for id_, _, body in ClaimSets().missing(made)}
        connection.executemany("INSERT INTO claim_sets VALUES (?, 0, ?)", stored.items())
        connection.executemany(INSERT, [row(each) for each in made])
        EventIndex(connection).come_to_end()
        (after,) = connection.execute("PRAGMA page_count").fetchone()
        assert Extent(connection).size() == pytest.approx((after - before) * 4_096, rel=0.25)


def with_claims(number):
    signin = SignIn(START, sender(), TENANT, CLIENT)
    fill_in_grant(signin)
    return replace(signin.event(None, 1.0), id=uuid4(), claims=(("ref", f"{number:06}" + "x" * 1_000),))


# ── when something is broken ─────────────────────────────────────────────────────────────────────────────────────────


async def test_a_retention_that_cannot_be_reckoned_with_issues_nothing_and_keeps_nobody_waiting(path):
    async with opened(path, caps=Caps(age=timedelta(days=900_000))) as log, asyncio.timeout(10):
        await _until(lambda: log.trouble)
        with pytest.raises(Refused, match="AADSTS90033") as answer:
            await granted(log)
        assert "OverflowError" in answer.value.detail
        assert log.sink._thread.is_alive()  # noqa: SLF001


async def test_nobody_waits_for_ever_for_a_thread_that_does_not_answer_and_it_may_come_back(path, monkeypatch):
    async with opened(path, patience=0.5) as log, asyncio.timeout(20):
        await granted(log)
        stuck = threading.Event()
        with monkeypatch.context() as patched:
            patched.setattr("accredit.stores.sqlite_events.row", lambda event: stuck.wait(15) and row(event))
            first = asyncio.create_task(granted(log))
            await asyncio.sleep(0.1)
            second = asyncio.create_task(granted(log))  # waits behind it
            for each in (first, second):
                with pytest.raises(Refused, match="AADSTS90033") as answer:
                    await each
                assert "not answered" in answer.value.detail
            assert "not answered" in log.trouble
            stuck.set()
        await _until(lambda: not log.trouble)
        assert await granted(log) in ids(path)


async def test_a_thread_that_has_ended_is_told(path):
    async with opened(path, patience=0.5) as log, asyncio.timeout(20):
        log.sink._jobs.put(None)  # noqa: SLF001  nothing else ends it
        log.sink._thread.join()  # noqa: SLF001
        with pytest.raises(Refused, match="AADSTS90033") as answer:
            await granted(log)
        assert "ended" in answer.value.detail
        assert "ended" in log.trouble


async def test_a_database_that_was_restored_outdates_every_decision_that_was_made_before(path):
    async with opened(path, version=9) as log:
        with closing(sqlite.connect(path)) as other:
            other.execute("UPDATE configuration SET version = 9")
        assert not await _outdated(granted(log))
        with closing(sqlite.connect(path)) as other:
            other.execute("UPDATE configuration SET version = 4")
        assert await _outdated(granted(log))
        log.version = lambda: 4
        assert not await _outdated(granted(log))
        change(path, TENANT.id)
        assert await _outdated(granted(log))


async def test_changes_are_read_at_first_whatever_the_number_of_the_database_is():
    """``PRAGMA data_version`` promises to differ when something has changed, and nothing about its first value."""

    class Zero:
        def execute(self, query, *_):
            rows = {"PRAGMA data_version": (0,), "SELECT version FROM configuration": (3,)}
            self.found = rows[query]
            return self

        def fetchone(self):
            return self.found

    changes = Changes()
    changes.catch_up(Zero(), 3)
    assert changes.newest == 3
