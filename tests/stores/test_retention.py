"""What no event needs any more goes too, later and together; what is still needed stays."""

import asyncio
from contextlib import closing
from datetime import timedelta

import pytest
from msgspec.structs import replace

from accredit.signins import SignIn
from accredit.signins.usage import Use
from accredit.stores import retention, sqlite
from accredit.stores.event_counts import SUMS
from accredit.stores.event_index import EventIndex
from accredit.stores.event_reader import EventReader
from accredit.stores.extent import Extent
from accredit.stores.retention import Retention
from accredit.stores.sqlite_events import Caps
from tests.stores.attempts import CLIENT, START, TENANT, Moving, client, credential, fill_in_grant, granted, opened
from tests.stores.attempts import sender as sent_by

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path):
    return tmp_path / "accredit.db"


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr("accredit.stores.events.TICK", 0.02)


def count(path, table):
    with closing(sqlite.connect(path)) as connection:
        (found,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
    return found


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  the log tells nobody
            await asyncio.sleep(0.02)


async def with_claims(log, at, value):
    signin = SignIn(at, sent_by(), TENANT, CLIENT)
    fill_in_grant(signin)
    await log.record(replace(signin.event(None, 1.0), claims=(("ref", value),)), None)


async def test_counts_outlive_the_events_that_they_count(path):
    clock = Moving()
    async with opened(path, clock, caps=Caps()) as log:
        trace = await granted(log, clock())
        clock.forward(days=31)
        await until(lambda: count(path, "signins") == 0)
        with EventReader(path) as reader:
            used = reader.uses(TENANT.id, CLIENT.app_id)
            assert used == {credential().id: Use(START, "192.0.2.7", trace, 1, 0)}
            assert reader.by_id(trace) is None


async def test_counts_are_forgotten_at_an_age_of_their_own(path):
    clock = Moving()
    async with opened(path, clock, caps=Caps(counts=timedelta(days=60))) as log:
        await granted(log, clock())
        clock.forward(days=59)
        young = await granted(log, clock())
        await until(lambda: count(path, "signins_by_application") == 1)
        await until(lambda: {count(path, each) for each in SUMS} == {2})
        clock.forward(days=2)
        with EventReader(path) as reader:
            await until(lambda: len(reader.hours(TENANT.id, START, clock())) == 1)
            await until(lambda: {count(path, each) for each in SUMS} == {1})
            used = reader.uses(TENANT.id, CLIENT.app_id)[credential().id]
            assert (used.last_id, used.grants) == (young, 2), "a credential that is used is counted on"
            clock.forward(days=60)
            await until(lambda: reader.uses(TENANT.id, CLIENT.app_id) == {})
            assert reader.hours(TENANT.id, START, clock()) == []


async def test_counts_stay_as_long_as_the_events_that_they_are_of(path):
    clock = Moving()
    async with opened(path, clock, caps=Caps(counts=timedelta(days=3))) as log:
        await granted(log, clock())
        clock.forward(days=10)
        await granted(log, clock())
        await until(lambda: {count(path, each) for each in SUMS} == {2})
        await asyncio.sleep(0.3)
        assert {count(path, each) for each in SUMS} == {2}
        clock.forward(days=25)
        await until(lambda: {count(path, each) for each in SUMS} == {1})


async def test_claims_go_when_no_event_refers_to_them(path):
    clock = Moving()
    async with opened(path, clock, caps=Caps()) as log:
        await with_claims(log, clock(), "old")
        await with_claims(log, clock(), "used")
        clock.forward(days=20)
        await with_claims(log, clock(), "used")
        clock.forward(days=20)
        await with_claims(log, clock(), "new")
        await until(lambda: count(path, "claim_sets") == 2)
        with EventReader(path) as reader:
            assert [each.claims[0][1] for each in reader.last(TENANT.id)] == ["new", "used"]
        clock.forward(days=60)
        await until(lambda: count(path, "claim_sets") == 0)
        assert count(path, "signins_by_minute") == 0


@pytest.mark.parametrize("looked_at", [1, 16])
async def test_entries_whose_event_is_gone_are_nobodys_and_go_by_and_by(path, looked_at, monkeypatch):
    monkeypatch.setattr(retention, "SLICE", 7)
    monkeypatch.setattr(retention, "PIECE", 10)
    monkeypatch.setattr(retention, "LOOKED_AT", looked_at)
    clock = Moving()
    async with opened(path, clock, caps=Caps()) as log:
        await asyncio.gather(*(granted(log, clock(), client(n % 9)) for n in range(100)))
        clock.forward(days=29)
        young = [await granted(log, clock(), client(n)) for n in range(9)]
        clock.forward(days=2)
        with EventReader(path) as reader:
            for _ in range(20):
                found = [reader.last(TENANT.id, client(n).app_id, limit=1)[0].id for n in range(9)]
                assert found == young
                await asyncio.sleep(0.02)
            await until(lambda: log.sink.deleted == 100)
            assert [len(reader.last(TENANT.id, client(n).app_id)) for n in range(9)] == [1] * 9
        await until(lambda: count(path, "signins_by_application") <= 9)


async def test_no_transaction_of_retention_is_longer_than_a_piece(path, monkeypatch):
    monkeypatch.setattr(retention, "PIECE", 10)
    clock = Moving()
    async with opened(path, clock) as log:
        await asyncio.gather(*(granted(log, clock()) for _ in range(200)))
    clock.forward(days=31)
    with closing(sqlite.connect(path)) as connection:
        forgets = Retention(connection, clock, Caps(), Extent(connection), EventIndex(connection))
        pieces = []
        while not pieces or forgets.behind:
            pieces.append(forgets.forget(5))
    assert pieces == [20] * 10 + [0]
