"""Reading the sign-in log."""

import asyncio
import itertools
import re
import sqlite3
import subprocess
import sys
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from msgspec.structs import replace

from accredit.errors import Refused
from accredit.stores import event_index, event_pages
from accredit.stores.event_pages import PAUSE, SLICE, giving_way
from accredit.stores.event_reader import EventReader
from accredit.stores.event_row import event_of, row
from tests.stores.attempts import (
    CLIENT,
    START,
    TENANT,
    client,
    everything,
    fill_in_grant,
    granted,
    of_correlation,
    opened,
    proven,
    refused,
    sender,
)

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
@pytest.mark.parametrize("behind", [1, 5, event_index.BEHIND])
async def test_pages_meet_without_gap_or_overlap_while_events_arrive(log, reader, app_id, page, behind, monkeypatch):
    monkeypatch.setattr(event_index, "BEHIND", behind)
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
    assert traces(of_correlation(reader, TENANT.id, correlation)) == [sent[1]]
    assert of_correlation(reader, uuid4(), correlation) == []
    assert of_correlation(reader, TENANT.id, uuid4()) == []


async def test_an_event_whose_caller_named_no_correlation_id_is_found_by_its_own(log, reader):
    alone = sender()
    alone = replace(alone, correlation=alone.trace)
    async with log.attempt(START, alone, TENANT, CLIENT) as signin:
        fill_in_grant(signin)
    later = replace(sender(), correlation=alone.trace)  # a caller that picked up the id that we answered with
    async with log.attempt(START + timedelta(seconds=1), later, TENANT, CLIENT) as signin:
        fill_in_grant(signin)
    other = await granted(log)
    assert reader.by_id(alone.trace).correlation_id == alone.trace
    assert traces(of_correlation(reader, TENANT.id, alone.trace)) == [alone.trace, later.trace]
    assert of_correlation(reader, TENANT.id, other) == [], "its caller named another one"


async def test_an_event_is_read_as_it_was_written_and_takes_less_than_a_kilobyte(log, tmp_path):
    for trace in (await granted(log), await refused(log), await refused(log, why=proven())):
        (event,) = (each for each in everything(tmp_path / "accredit.db") if each.id == trace)
        columns = row(event)
        bare = {"claims": (), "clause": "", "claim_kinds": "", "claims_lacking": ()}  # these stand elsewhere
        assert event_of(columns[-1]) == replace(event, **bare)
        assert sum(len(each) if isinstance(each, bytes | str) else 8 for each in columns) < 1_000


QUESTIONS = {
    "a tenant's newest": lambda reader, _: reader.last(TENANT.id),
    "a tenant's next": lambda reader, event: reader.last(TENANT.id, before=event),
    "an application's newest": lambda reader, _: reader.last(TENANT.id, CLIENT.app_id),
    "an application's next": lambda reader, event: reader.last(TENANT.id, CLIENT.app_id, before=event),
    "one": lambda reader, event: reader.by_id(event.id),
    "of a correlation id": lambda reader, event: of_correlation(reader, TENANT.id, event.id),
    "uses": lambda reader, _: reader.uses(TENANT.id, CLIENT.app_id),
    "hours of the tenant": lambda reader, event: reader.hours(TENANT.id, event.at, event.at),
    "plain hours of the tenant": lambda reader, event: reader.hours(TENANT.id, event.at, event.at, apart=False),
    "plain hours of the client": lambda reader, event: reader.hours(
        TENANT.id, event.at, event.at, app_id=CLIENT.app_id, apart=False
    ),
    "hours of the client": lambda reader, event: reader.hours(TENANT.id, event.at, event.at, app_id=CLIENT.app_id),
}


@pytest.mark.parametrize("question", QUESTIONS)
async def test_no_question_reads_the_whole_log(log, reader, question):
    event = reader.by_id(await granted(log))
    asked = []
    reader._connection.set_trace_callback(asked.append)  # noqa: SLF001  the plan of what is really asked
    QUESTIONS[question](reader, event)
    reader._connection.set_trace_callback(None)  # noqa: SLF001
    plan = [step[3] for each in asked for step in reader._connection.execute(f"EXPLAIN QUERY PLAN {each}")]  # noqa: SLF001
    read = [
        step
        for step in plan
        if re.match("(SEARCH|SCAN) (signins|signins_by_application|signin_(hours|uses|totals|resources)|e|s)\\b", step)
    ]
    assert read
    assert [step for step in read if step.startswith("SCAN")] == []
    if "use" in question:
        assert "SEARCH signin_uses USING PRIMARY KEY (tenant_id=? AND app_id=?" in " ".join(read)
    if "application" in question:
        assert "SEARCH e USING PRIMARY KEY (day=? AND app_id=? AND (at,seq)<(?,?))" in read


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


async def test_who_looks_through_much_lets_others_go_on(monkeypatch):
    clock, pauses = itertools.count(0.0, SLICE / 4), []  # each look at the clock takes so long
    monkeypatch.setattr(event_pages, "time", SimpleNamespace(monotonic=clock.__next__, sleep=pauses.append))
    assert list(giving_way(range(40))) == list(range(40))
    assert len(pauses) == 10
    assert {*pauses} == {PAUSE}
