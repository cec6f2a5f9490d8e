"""What turns out to be long runs in a thread, in the view that it was asked of; what is short never leaves the loop."""

import asyncio
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest

from accredit.query import And, Not, Query, StartsWith
from accredit.stores.aside import STEPS, Reader
from accredit.stores.fresh import create
from accredit.stores.memory import MemoryRegistry
from accredit.stores.sqlite import SqliteRegistry, connect
from tests.stores import made

COUNT = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT count(*), thread() FROM n"
SHORT, LONG, ENDLESS = 100, 1_000_000, 10**12


@contextmanager
def reader(path):
    create(path)
    with ThreadPoolExecutor(1) as aside, closing(connect(path)) as connection:
        connection.create_function("thread", 0, threading.get_ident)
        yield Reader(connection, aside)


async def gaps(ended):
    """The seconds between the turns of a loop that has nothing else to do, until something ends."""
    found, last = [], time.perf_counter()
    while not ended.done():
        await asyncio.sleep(0)
        now = time.perf_counter()
        found.append(now - last)
        last = now
    return found


@pytest.mark.anyio
async def test_what_is_short_runs_where_it_is_asked_and_what_is_long_does_not(tmp_path):
    with reader(tmp_path / "accredit.db") as reading:
        for _ in range(3):  # nothing is remembered of the statement before
            ((count, thread),) = await reading.rows(COUNT, (SHORT,))
            assert (count, thread) == (SHORT, threading.get_ident())
            ((count, thread),) = await reading.rows(COUNT, (LONG,))
            assert count == LONG
            assert thread != threading.get_ident()


@pytest.mark.anyio
async def test_the_loop_turns_while_something_long_is_read(tmp_path):
    with reader(tmp_path / "accredit.db") as reading:
        begun = time.perf_counter()
        asked = asyncio.ensure_future(reading.rows(COUNT, (4 * LONG,)))
        found = await gaps(asked)
        took = time.perf_counter() - begun
        assert (await asked)[0][0] == 4 * LONG
        assert len(found) > 100
        assert max(found) < took / 2, "the loop stood still while the statement ran"


@pytest.mark.anyio
async def test_who_does_not_wait_for_the_end_leaves_a_connection_that_is_free(tmp_path):
    with reader(tmp_path / "accredit.db") as reading:
        reading.connection.execute("BEGIN")
        for _ in range(2):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await reading.rows(COUNT, (ENDLESS,))
        assert (await reading.rows(COUNT, (SHORT,)))[0][0] == SHORT
        assert reading.connection.in_transaction
        reading.connection.execute("ROLLBACK")


@pytest.mark.anyio
async def test_who_goes_before_it_has_begun_leaves_nothing_to_do(tmp_path):
    with reader(tmp_path / "accredit.db") as reading, closing(connect(tmp_path / "accredit.db")) as other:
        in_the_way = Reader(other, reading._aside)  # noqa: SLF001  both share the thread
        other.create_function("thread", 0, lambda: 0)
        first = asyncio.ensure_future(in_the_way.rows(COUNT, (ENDLESS,)))
        await asyncio.sleep(0.05)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await reading.rows(COUNT, (ENDLESS,))
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert (await reading.rows(COUNT, (LONG,)))[0][0] == LONG


@pytest.mark.anyio
async def test_an_error_of_a_statement_is_its_own(tmp_path):
    with reader(tmp_path / "accredit.db") as reading:
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            await reading.rows("SELECT * FROM nowhere", ())
        assert (await reading.rows(COUNT, (SHORT,)))[0][0] == SHORT


async def many():
    memory = MemoryRegistry()
    async with memory.transaction() as change:
        tenant = await change.tenants.add(made.tenant())
        for number in range(3_000):
            await change.applications.add(made.application(tenant, display_name=f"a{number}"))
    return memory, tenant


NOBODY = And(tuple(Not(StartsWith("displayName", "a" if n == 99 else f"b{n}")) for n in range(100)))


@pytest.mark.anyio
async def test_a_long_question_sees_its_view_whatever_is_written_meanwhile(tmp_path):
    memory, tenant = await many()
    create(tmp_path / "accredit.db", memory)
    registry = SqliteRegistry(tmp_path / "accredit.db")
    async with registry.reading() as view:
        asked = asyncio.ensure_future(view.applications.search(Query(condition=NOBODY, limit=9), tenant_id=tenant.id))
        await asyncio.sleep(0)
        assert not asked.done(), f"it ended within {STEPS} steps"
        async with registry.transaction() as change:
            await change.applications.add(made.application(tenant, display_name="c"))
        assert (await asked).things == []
    async with registry.reading() as view:
        (found,) = (await view.applications.search(Query(condition=NOBODY, limit=9), tenant_id=tenant.id)).things
        assert found.display_name == "c"
    registry.close()
