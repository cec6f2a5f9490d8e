"""Assertions that are good for one token: of all who present one, to whatever process, one gets it. For every log."""

import asyncio
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from accredit.errors import Refused
from accredit.ports import Outdated
from accredit.stores import assertions_used, fresh, sqlite
from accredit.stores.assertions_used import PAUSE, SLICE, Used
from accredit.stores.batches import MemorySink
from accredit.stores.encoding import micros
from accredit.stores.events import EventLog
from tests.stores.attempts import CLIENT, START, Moving, change, everything, ids, opened, proven
from tests.stores.using import UNTIL, key, used

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[2]
KILLS = 3


@asynccontextmanager
async def in_memory(_path):
    yield EventLog(MemorySink(), lambda: 0)


def events(log, path):
    return list(log.sink.events.values()) if isinstance(log.sink, MemorySink) else everything(path)


def rows(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT key, until, tokens, address FROM assertions_used ORDER BY key").fetchall()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "accredit.db"


LOGS = pytest.mark.parametrize("make", [in_memory, opened], ids=["memory", "sqlite"])


@LOGS
async def test_of_many_who_present_one_at_once_one_gets_a_token(make, path):
    async with make(path) as log:
        told = await asyncio.gather(*(used(log, n // 10) for n in range(50)))
        assert [sum(told[n : n + 10]) for n in range(0, 50, 10)] == [1] * 5
        found = events(log, path)
    assert sorted(each.code for each in found) == [0] * 5 + [700027] * 45
    assert {(each.reused, each.policies, each.proof) for each in found if each.code} == {(1, ("replay",), "proven")}
    assert log.figures.reused == 45


@LOGS
async def test_where_it_is_observed_every_use_is_counted_in_order(make, path):
    async with make(path) as log:
        for address in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
            assert await used(log, 1, enforced=False, address=address)
        assert await used(log, 2, enforced=False)
        found = events(log, path)
    assert [(each.code, each.reused, each.first_address) for each in found] == [
        (0, 0, ""),
        (0, 1, "192.0.2.1"),
        (0, 2, "192.0.2.1"),
        (0, 0, ""),
    ]
    assert [each.policies for each in found] == [(), ("replay",), ("replay",), ()]


@LOGS
async def test_what_was_observed_is_known_when_it_is_enforced(make, path):
    async with make(path) as log:
        assert await used(log, 1, enforced=False)
        assert await used(log, 1, enforced=False)
        assert not await used(log, 1)
        assert await used(log, 1, enforced=False)
        assert [each.reused for each in events(log, path)] == [0, 1, 2, 2], "what is refused is no use"


@LOGS
async def test_one_that_is_expired_counts_as_absent(make, path):
    async with make(path) as log:
        for enforced in (True, False):
            number = int(enforced)
            assert await used(log, number, enforced=enforced, until=START.timestamp() - 1, address="192.0.2.1")
            assert await used(log, number, enforced=enforced, address="192.0.2.2")
            again = await used(log, number, enforced=enforced, address="192.0.2.3")
            assert again is not enforced
        found = events(log, path)
    assert {each.first_address for each in found if each.reused} == {"192.0.2.2"}


@LOGS
async def test_what_is_refused_uses_nothing_up(make, path):
    async with make(path) as log:
        assert not await used(log, 1, why=proven())
        assert await used(log, 1)


async def test_what_rested_on_something_older_uses_nothing_up(path):
    async with opened(path, version=0) as log:
        change(path, CLIENT.application.id)
        with pytest.raises(Outdated):
            await used(log, 1)
    assert rows(path) == []


async def test_text_that_no_encoding_can_hold_uses_nothing_up(path):
    async with opened(path) as log:
        with pytest.raises(Refused, match="AADSTS90033"):
            await used(log, 1, address="\ud800")
        assert await used(log, 1)


async def test_a_write_that_fails_gives_nobody_a_token_and_uses_nothing_up(path):
    fresh.create(path)
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TRIGGER broken BEFORE INSERT ON signins BEGIN SELECT RAISE(ABORT, 'broken'); END")
        async with opened(path) as log:
            for enforced in (True, False):
                with pytest.raises(Refused, match="AADSTS90033") as answer:
                    await used(log, 1, enforced=enforced)
                assert answer.value.row.status == 503
            other.execute("DROP TRIGGER broken")
            assert await used(log, 1)
    assert len(rows(path)) == 1


async def test_two_logs_of_one_file_that_are_asked_at_once_give_one_token(path):
    async with opened(path) as one, opened(path) as other:
        for number in range(40):
            told = await asyncio.gather(used(one, number), used(other, number), used(one, number))
            assert sum(told) == 1
    assert len(rows(path)) == sum(each.code == 0 for each in everything(path)) == 40


def _present(path, first, **options):
    return subprocess.Popen([sys.executable, "-m", "tests.stores.using", str(path), str(first)], cwd=ROOT, **options)


@pytest.mark.slow
def test_two_processes_race_for_every_assertion_and_each_is_used_once(path):
    fresh.create(path)
    with _present(path, 0, stdout=subprocess.PIPE) as one, _present(path, 0, stdout=subprocess.PIPE) as other:
        time.sleep(4)
        told = []
        for program in (one, other):
            program.send_signal(signal.SIGKILL)
            told.append({int(line) for line in program.stdout.read().splitlines(keepends=True) if line.endswith(b"\n")})
    first, second = told
    assert not first & second, "a token of both for one assertion"
    assert min(len(first), len(second)) > 20, "they did race"
    granted = sum(each.code == 0 for each in everything(path))
    assert granted == len(rows(path)) >= len(first | second)


@pytest.mark.slow
def test_killed_at_any_moment_it_has_forgotten_none_that_a_token_was_issued_for(path):
    fresh.create(path)
    told, begin = set(), 0
    for _ in range(KILLS):
        with _present(path, begin, stdout=subprocess.PIPE) as program:
            lines = [program.stdout.readline()]
            time.sleep(random.uniform(0.05, 0.4))  # noqa: S311  any moment will do
            program.send_signal(signal.SIGKILL)
            lines += program.stdout.readlines()
        told |= {int(line) for line in lines if line.endswith(b"\n")}
        begin = max(told) + 1_000
    assert len(told) > 10 * KILLS
    stored = rows(path)
    assert {key(number) for number in told} <= {each[0] for each in stored}
    assert len(stored) == sum(each.code == 0 for each in everything(path)), "one without the other"

    async def again():
        async with opened(path) as log:
            return [await used(log, number) for number in sorted(told)[-50:]]

    assert not any(asyncio.run(again()))


# ── forgetting ───────────────────────────────────────────────────────────────────────────────────────────────────────


def filled(path, *untils):
    fresh.create(path)
    connection = sqlite.connect(path)
    values = [(n.to_bytes(32), micros(START) + until, 1, "") for n, until in enumerate(untils)]
    connection.executemany("INSERT INTO assertions_used VALUES (?, ?, ?, ?)", values)
    return connection


def test_what_is_expired_is_forgotten_and_nothing_else(path):
    with closing(filled(path, -1, 0, 1, -1_000_000)) as connection:
        assert Used(connection).forget(START) == 2
        assert connection.execute("SELECT key FROM assertions_used").fetchall() == [
            ((1).to_bytes(32),),
            ((2).to_bytes(32),),
        ]


def test_it_is_forgotten_a_slice_at_a_time_and_then_nothing_is_done_for_a_while(path):
    clock = Moving()
    with closing(filled(path, *[-1] * (2 * SLICE + 1))) as connection:
        cleaner = Used(connection)
        assert [cleaner.forget(clock()) for _ in range(4)] == [SLICE, SLICE, 1, 0]
        connection.execute("INSERT INTO assertions_used VALUES (?, 0, 1, '')", (b"k" * 32,))
        assert cleaner.forget(clock()) == 0
        clock.forward(microseconds=PAUSE)
        assert cleaner.forget(clock()) == 1


def test_an_empty_table_is_not_written(path):
    with closing(filled(path)) as connection:
        before = connection.total_changes
        assert Used(connection).forget(START) == 0
        assert connection.total_changes == before


async def test_the_log_forgets_by_itself(path, monkeypatch):
    monkeypatch.setattr(assertions_used, "PAUSE", 1)
    clock = Moving()
    async with opened(path, clock) as log:
        assert await used(log, 1)
        assert len(rows(path)) == 1
        clock.forward(seconds=UNTIL - START.timestamp() + 1)
        for _ in range(50):
            await asyncio.sleep(0.1)
            if not rows(path):
                break
    assert rows(path) == []
    assert len(ids(path)) == 1
