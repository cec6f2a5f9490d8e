"""The index of applications' events follows the log: nothing is missing, whatever it has come to."""

import asyncio
import itertools
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from accredit.stores import event_index, events, sqlite
from accredit.stores.event_reader import EventReader
from accredit.stores.sqlite_events import Caps
from tests.stores.attempts import START, TENANT, Moving, client, granted, opened

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path):
    return tmp_path / "accredit.db"


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(event_index, "BEHIND", 10)
    monkeypatch.setattr(events, "TICK", 0.02)
    monkeypatch.setattr(event_index, "QUIET", 1_000)  # ticks: nothing comes to the end for want of events alone


def indexed(path):
    """How far the index says to have come, and the places that it names."""
    with closing(sqlite.connect(path)) as connection:
        (come_to,) = connection.execute("SELECT seq FROM signins_indexed").fetchone()
        places = connection.execute("SELECT seq FROM signins_by_application ORDER BY seq").fetchall()
    return come_to, [seq for (seq,) in places]


def places(path):
    with closing(sqlite.connect(path)) as connection:
        return [seq for (seq,) in connection.execute("SELECT seq FROM signins ORDER BY seq")]


def of(path, number, limit=1_000):
    with EventReader(path) as reader:
        return [event.id for event in reader.last(TENANT.id, client(number).app_id, limit=limit)]


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  the log tells nobody
            await asyncio.sleep(0.02)


async def test_it_follows_when_many_events_have_come_and_never_more_than_that_behind(path):
    async with opened(path) as log:
        for n in range(9):
            await granted(log, START + timedelta(seconds=n))
        assert indexed(path) == (0, [])
        await granted(log, START)
        await until(lambda: indexed(path) == (10, list(range(1, 11))))
        for n in range(5):
            await granted(log, START + timedelta(seconds=n))
    assert indexed(path)[0] == 10
    async with opened(path) as log:  # what a server before this one left
        for n in range(5):
            await granted(log, START + timedelta(seconds=n))
        await until(lambda: indexed(path) == (20, list(range(1, 21))))


async def test_times_that_go_back_stand_where_they_belong(path):
    async with opened(path) as log:
        sent = {}
        for n in (5, 1, 9, 3, 7, 2, 8, 4, 6, 0, 15, 11, 19):  # ten of them are indexed, the others are not
            sent[n] = await granted(log, START + timedelta(seconds=n))
        await until(lambda: indexed(path)[0] == 10)
        assert of(path, 1) == [sent[n] for n in sorted(sent, reverse=True)]
        assert of(path, 1, limit=4) == [sent[n] for n in (19, 15, 11, 9)]


async def test_what_retention_deletes_leaves_the_index_too(path):
    clock = Moving()
    async with opened(path, clock, caps=Caps()) as log:
        for n in range(13):
            await granted(log, clock(), client(n % 2))
        await until(lambda: indexed(path)[0] == 10)
        clock.forward(days=29)
        young = [await granted(log, clock(), client(n % 2)) for n in range(3)]
        clock.forward(days=2)
        await until(lambda: log.sink.deleted == 13)
        assert (of(path, 0), of(path, 1)) == ([young[2], young[0]], [young[1]])
        assert set(indexed(path)[1]) <= {14, 15, 16}


async def test_a_log_that_was_emptied_goes_on_counting_and_misses_nothing(path):
    clock = Moving()
    async with opened(path, clock, caps=Caps()) as log:
        for _ in range(12):
            await granted(log, clock())
        clock.forward(days=31)
        await until(lambda: log.sink.deleted == 12)
        assert indexed(path) == (12, [])
        sent = [await granted(log, clock()) for _ in range(3)]
        assert set(of(path, 1)) == set(sent)
        assert places(path) == [13, 14, 15]
        sent += [await granted(log, clock()) for _ in range(9)]
        await until(lambda: indexed(path)[0] > 12)
        assert set(of(path, 1)) == set(sent)


async def test_it_comes_to_the_end_when_no_more_events_come(path, monkeypatch):
    monkeypatch.setattr(event_index, "QUIET", 5)
    async with opened(path) as log:
        for n in range(3):
            await granted(log, START + timedelta(seconds=n))
        await until(lambda: indexed(path) == (3, [1, 2, 3]))
        await granted(log, START)
        await until(lambda: indexed(path) == (4, [1, 2, 3, 4]))


async def test_one_thing_is_taken_further_after_each_batch(path):
    async with opened(path) as log:
        found = []
        with closing(sqlite.connect(path)) as connection:
            for _ in range(14):
                await granted(log, START)
                found.append(connection.execute("SELECT totals, hours, uses, seq FROM signins_indexed").fetchone())
    steps = list(dict.fromkeys(found))
    assert steps[0] == (0, 0, 0, 0)
    changed = [sum(new != old for new, old in zip(b, a, strict=True)) for a, b in itertools.pairwise(steps)]
    assert max(changed) <= 2, "between two looks, one may follow a batch and the next the batch after it"
    assert all(totals >= hours >= seq for totals, hours, _, seq in steps), "an application that is indexed was counted"


async def test_whose_events_are_ahead_is_listed_until_all_have_come_to_them(path, monkeypatch):
    monkeypatch.setattr(event_index, "LIGHT", 4)
    async with opened(path) as log:
        with closing(sqlite.connect(path)) as connection:
            found = []
            for _ in range(24):
                await granted(log, START)
                connection.execute("BEGIN")
                totals, behind = connection.execute("SELECT totals, min(seq, uses) FROM signins_indexed").fetchone()
                ahead = [seq for (seq,) in connection.execute("SELECT seq FROM signins_ahead ORDER BY seq")]
                connection.execute("ROLLBACK")
                assert set(ahead) >= set(range(behind + 1, totals + 1))
                found.append(len(ahead))
    assert max(found) >= 4
    assert 0 in found[found.index(max(found)) :]


async def test_two_processes_that_write_one_log_index_each_event_once(path):
    async with opened(path) as one, opened(path) as other:
        sent = [await granted(log, START) for _ in range(12) for log in (one, other)]
        await until(lambda: indexed(path)[0] >= 20)
        come_to, places = indexed(path)
        assert places == list(range(1, come_to + 1))
        assert set(of(path, 1)) == set(sent)


async def test_an_index_that_cannot_be_written_waits_and_keeps_nobody_waiting(path):
    async with opened(path) as log:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("ALTER TABLE signins_by_application RENAME TO elsewhere")
            sent = [await granted(log, START) for _ in range(12)]
            assert not log.failure
            await until(lambda: other.execute("SELECT uses FROM signins_indexed").fetchone() >= (10,))
            assert other.execute("SELECT seq FROM signins_indexed").fetchone() == (0,)
            other.execute("ALTER TABLE elsewhere RENAME TO signins_by_application")
        sent.append(await granted(log, START))
        await until(lambda: indexed(path)[0] >= 10)
        assert set(of(path, 1)) == set(sent)
