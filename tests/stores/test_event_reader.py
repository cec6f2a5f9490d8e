"""Reading the sign-in log."""

import asyncio
import sqlite3
import subprocess
import sys
from datetime import timedelta
from uuid import uuid4

import pytest

from accredit.errors import Refused
from accredit.stores.event_reader import EventReader
from tests.stores.attempts import CLIENT, START, TENANT, client, credential, granted, opened, refused

pytestmark = pytest.mark.anyio


@pytest.fixture
async def log(tmp_path):
    async with opened(tmp_path / "accredit.db") as log:
        yield log


@pytest.fixture
def reader(log, tmp_path):
    with EventReader(tmp_path / "accredit.db") as reader:
        yield reader


def traces(events):
    return [event.id for event in events]


async def test_the_newest_of_a_tenant_come_first(log, reader):
    sent = [await granted(log, START + timedelta(seconds=n), client(n % 3)) for n in range(10)]
    assert traces(reader.last(TENANT.id)) == sent[::-1]
    assert traces(reader.last(TENANT.id, limit=3)) == sent[:-4:-1]
    assert reader.last(uuid4()) == []


async def test_the_newest_of_an_application(log, reader):
    sent = [await granted(log, START + timedelta(seconds=n), client(n % 3)) for n in range(10)]
    assert traces(reader.last(TENANT.id, client(1).app_id)) == sent[1::3][::-1]
    assert reader.last(uuid4(), client(1).app_id) == []
    assert reader.last(TENANT.id, uuid4()) == []


@pytest.mark.parametrize("app_id", [None, CLIENT.app_id], ids=["tenant", "application"])
@pytest.mark.parametrize("page", [1, 3, 12, 13])
async def test_pages_meet_without_gap_or_overlap_while_events_arrive(log, reader, app_id, page):
    sent = [await granted(log, START + timedelta(seconds=n // 4)) for n in range(12)]  # four at the same time each
    seen, last = [], None
    while found := reader.last(TENANT.id, app_id, before=last, limit=page):
        seen += traces(found)
        last = found[-1]
        await granted(log, START + timedelta(seconds=60))
    assert len(seen) == len(set(seen)) == 12
    assert set(seen) == set(sent)


async def test_one_by_its_id_or_none(log, reader):
    trace = await refused(log)
    event = reader.by_id(trace)
    assert (event.id, event.code) == (trace, 700213)
    assert reader.by_id(uuid4()) is None


async def test_those_of_a_correlation_id_in_their_tenant(log, reader):
    sent = [await granted(log, START + timedelta(seconds=n)) for n in range(3)]
    correlation = reader.by_id(sent[1]).correlation_id
    assert traces(reader.by_correlation(TENANT.id, correlation)) == [sent[1]]
    assert reader.by_correlation(uuid4(), correlation) == []
    assert reader.by_correlation(TENANT.id, uuid4()) == []


async def test_when_a_credential_last_signed_in(log, reader):
    assert reader.last_used(TENANT.id, CLIENT.app_id) == {}
    for seconds in (0, 2, 1):
        await granted(log, START + timedelta(seconds=seconds))
    await refused(log, START + timedelta(seconds=9))
    assert reader.last_used(TENANT.id, CLIENT.app_id) == {credential().id: START + timedelta(seconds=2)}


async def test_another_process_reads_beside_a_running_server_and_without_one(tmp_path):
    path = tmp_path / "accredit.db"
    program = (
        "import sys, uuid; from pathlib import Path; from accredit.stores.event_reader import EventReader\n"
        "with EventReader(Path(sys.argv[1])) as r: print(*(e.id for e in r.last(uuid.UUID(sys.argv[2]))))"
    )

    async def read():
        arguments = [sys.executable, "-c", program, str(path), str(TENANT.id)]
        return (await asyncio.to_thread(subprocess.check_output, arguments, text=True, timeout=30)).split()

    async with opened(path) as log:
        trace = await granted(log)
        assert await read() == [str(trace)]
    assert await read() == [str(trace)]


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(Refused, match="ACC4002"):
        EventReader(tmp_path / "accredit.db")


async def test_reading_changes_nothing(reader):
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._connection.execute("DELETE FROM signins")  # noqa: SLF001  there is no public way to try it
