"""What is SQLite's own: files that are missing, foreign, locked or read-only; several processes; durability."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from sqlalchemy import event

from accredit.errors import SCHEMA_UNKNOWN, STORE_BUSY, STORE_DAMAGED, STORE_FOREIGN, STORE_MISSING, STORE_UNLIKE
from accredit.signins import Audit
from accredit.stores.encoding import SCHEMA, instant, micros
from accredit.stores.fresh import create
from accredit.stores.health import reason_of
from accredit.stores.lookup import SqliteLookup
from accredit.stores.memory import MemoryRegistry
from accredit.stores.sqlite import SqliteRegistry, connect, db_status
from tests.stores import made
from tests.stores.conformance.store import SHELVES, found, put_up, read, refused, world
from tests.support.every import every

AT = 1_772_368_215_123_457  # made.AT in microseconds since 1970


@every(
    ("at", "count"),
    [
        (made.AT, AT),
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC), -1),
        (datetime(1970, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), 0),
        (datetime(1, 1, 1, tzinfo=UTC), -62_135_596_800_000_000),
        (datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC), 253_402_300_799_999_999),
    ],
)
def test_times_are_whole_microseconds(at, count):
    assert (micros(at), instant(count)) == (count, at)
    assert instant(count).tzinfo is UTC


def test_an_audit_record_is_kept_beside_its_change(path):
    async def story():
        registry = SqliteRegistry(path)
        async with registry.transaction() as change:
            await change.tenants.add(tenant := made.tenant())
            await change.audit(record := made.audit(tenant))
        registry.close()
        with closing(connect(path)) as connection:
            row = connection.execute("SELECT id, at, tenant_id, activity, body FROM audits").fetchone()
        assert row[:4] == (str(record.id), AT, str(tenant.id), "Update application")
        assert msgspec.json.decode(row[4], type=Audit) == record

    asyncio.run(story())


@pytest.fixture
def path(tmp_path):
    create(tmp_path / "accredit.db")
    return tmp_path / "accredit.db"


def settings(path):
    with closing(connect(path)) as connection:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]


def test_every_connection_is_durable_and_enforces_references(path):
    assert settings(path) == ["wal", 2, 1, 5000]


def test_a_fresh_database_is_private_complete_and_never_replaces_another(tmp_path):
    path = tmp_path / "accredit.db"
    create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert db_status(path) == (SCHEMA, SCHEMA)
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        create(path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_fresh_database_where_none_can_be_is_a_busy_store(tmp_path):
    with refused(STORE_BUSY):
        create(tmp_path / "absent" / "accredit.db")


def test_what_was_left_of_an_attempt_that_was_killed_is_no_hindrance(tmp_path):
    (tmp_path / "accredit.db.unfinished").write_bytes(b"half of a database")
    create(tmp_path / "accredit.db")
    assert db_status(tmp_path / "accredit.db") == (SCHEMA, SCHEMA)


def test_contents_built_in_memory_are_copied_whole_and_in_order(tmp_path):
    async def story():
        memory = MemoryRegistry()
        here, there = await put_up(memory, world()), await put_up(memory, world())
        async with memory.transaction() as change:
            await change.audit(record := made.audit(here.tenant))
            await change.audit(made.audit(None))
            await change.emit(["https://a/", "https://b/"])
            await change.applications.put(here.app)
        create(tmp_path / "accredit.db", memory)
        copied = SqliteRegistry(tmp_path / "accredit.db")
        for shelf in SHELVES:
            assert await found(copied, shelf) == await found(memory, shelf)
        async with copied.reading() as view:
            assert await view.emit([]) == {"https://a/", "https://b/"}
            assert await view.named(there.tenant.id, there.app.identifier_uris[0]) == there.app.app_id
            assert [each.id for each in await view.tenants.find(domain=here.tenant.domains[0])] == [here.tenant.id]
        copied.close()
        with closing(connect(tmp_path / "accredit.db")) as connection:
            rows = connection.execute("SELECT at, tenant_id, activity, body FROM audits ORDER BY tenant_id").fetchall()
        assert [row[:3] for row in rows] == [(AT, of, record.activity) for of in (None, str(here.tenant.id))]
        assert msgspec.json.decode(rows[1][3], type=type(record)) == record

    asyncio.run(story())


@pytest.mark.parametrize("opening", [SqliteRegistry, SqliteLookup, db_status, connect])
def test_a_database_that_is_missing_is_refused_and_not_made(tmp_path, opening):
    with refused(STORE_MISSING, path=str(tmp_path / "accredit.db")):
        opening(tmp_path / "accredit.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("schema", ["0000", "9999", "none"])
def test_a_database_of_another_schema_is_refused(path, schema):
    with closing(connect(path)) as connection:
        connection.execute("DELETE FROM schema_version")
        if schema != "none":
            connection.execute("INSERT INTO schema_version VALUES (?)", (schema,))
    with refused(SCHEMA_UNKNOWN, found=schema, needed=SCHEMA):
        SqliteRegistry(path)


def test_a_database_of_another_program_is_refused(path):
    with closing(connect(path)) as connection:
        connection.execute("DROP TABLE schema_version")
    with refused(STORE_FOREIGN, path=str(path)):
        SqliteRegistry(path)


def test_a_damaged_database_is_refused_as_such(path):
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))
    with refused(STORE_DAMAGED):
        SqliteRegistry(path)


MEANT = {
    "damage": (sqlite3.DatabaseError, sqlite3.SQLITE_CORRUPT, "STORE_DAMAGED"),
    "an index that is damaged": (sqlite3.DatabaseError, sqlite3.SQLITE_CORRUPT_INDEX, "STORE_DAMAGED"),
    "no database": (sqlite3.DatabaseError, sqlite3.SQLITE_NOTADB, "STORE_DAMAGED"),
    "a full disk": (sqlite3.OperationalError, sqlite3.SQLITE_FULL, "STORE_BUSY"),
    "another's lock": (sqlite3.OperationalError, sqlite3.SQLITE_BUSY, "STORE_BUSY"),
    "no such column": (sqlite3.OperationalError, sqlite3.SQLITE_ERROR, "STORE_UNLIKE"),
    "another schema": (sqlite3.OperationalError, sqlite3.SQLITE_SCHEMA, "STORE_UNLIKE"),
    "a constraint": (sqlite3.IntegrityError, sqlite3.SQLITE_CONSTRAINT_UNIQUE, "STORE_UNLIKE"),
    "a driver that is used wrongly": (sqlite3.ProgrammingError, None, "STORE_UNLIKE"),
}


@every("what", MEANT)
def test_an_error_is_told_as_what_it_is(what):
    kind, code, row = MEANT[what]
    error = kind(what)
    if code is not None:
        error.sqlite_errorcode, error.sqlite_errorname = code, "SQLITE_X"
    assert reason_of(error).row.name == row


def test_a_file_that_is_no_database_is_refused_and_not_touched(tmp_path):
    path = tmp_path / "accredit.db"
    path.write_bytes(b"this is not a database, but it is long enough to be one" * 100)
    before = path.read_bytes()
    with refused(STORE_FOREIGN):
        SqliteRegistry(path)
    assert path.read_bytes() == before


def test_a_view_finds_by_an_index(path):
    with closing(connect(path)) as connection:
        for statement in (
            'SELECT body FROM applications WHERE 1 AND "tenant_id" IS ? AND "app_id" IS ? ORDER BY seq',
            'SELECT body FROM tenants WHERE 1 AND id IN (SELECT tenant_id FROM domains WHERE "domain" IS ?2)',
        ):
            plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", ("a", "b")))
            assert "SCAN" not in plan, plan


def test_a_folder_in_place_of_a_database_is_a_busy_store(tmp_path):
    with refused(STORE_BUSY):
        SqliteRegistry(tmp_path)


def test_a_database_that_another_process_writes_to_is_a_busy_store_and_readable_meanwhile(path):
    async def story():
        registry = SqliteRegistry(path, busy_timeout=50)
        here = await put_up(registry, world())
        with closing(connect(path)) as other:
            other.execute("BEGIN IMMEDIATE")
            with refused(STORE_BUSY):
                async with registry.transaction():
                    pytest.fail("a change began beside another one")
            assert await read(registry, "tenants", here.tenant.id) == here.tenant
            other.execute("ROLLBACK")
        async with registry.transaction() as change:
            await change.tenants.put(here.tenant)
        registry.close()

    asyncio.run(story())


def test_a_database_without_room_is_a_busy_store_and_keeps_what_it_had(path):
    async def story():
        registry = SqliteRegistry(path)
        here = await put_up(registry, world())
        with closing(connect(path)) as limited:
            pages = limited.execute("PRAGMA page_count").fetchone()[0]

        def full(connection, _record):
            connection.execute(f"PRAGMA max_page_count = {pages}")

        registry._opened()._engine.dispose()  # noqa: SLF001  the next connections are small ones
        event.listen(registry._opened()._engine, "connect", full)  # noqa: SLF001

        async def fill():
            async with registry.transaction() as change:
                for _ in range(1_000):
                    await change.applications.add(made.application(here.tenant, description="x" * 1_000))

        with refused(STORE_BUSY, reason="the disk is full (SQLITE_FULL: database or disk is full)"):
            await fill()
        assert await found(registry, "applications") == [here.app]
        registry.close()

    asyncio.run(story())


def test_a_write_to_a_table_that_is_not_there_is_neither_busy_nor_damage(path):
    async def story():
        registry = SqliteRegistry(path)
        with closing(connect(path)) as connection:
            connection.execute("DROP TABLE changes")  # as an operator's broken restore would leave it
        with refused(STORE_UNLIKE):
            await put_up(registry, world())
        registry.close()

    asyncio.run(story())


def test_threads_with_registries_of_their_own_lose_no_change(path):
    tenant = made.tenant()

    async def add():
        registry = SqliteRegistry(path)
        async with registry.transaction() as change:
            await change.tenants.add(tenant)
        registry.close()

    async def raise_lifetime(times):
        registry = SqliteRegistry(path, busy_timeout=30_000)
        for _ in range(times):
            async with registry.transaction() as change:
                mine = await change.tenants.get(tenant.id)
                await change.tenants.put(msgspec.structs.replace(mine, token_lifetime=mine.token_lifetime + 1))
        registry.close()

    asyncio.run(add())
    threads = [threading.Thread(target=lambda: asyncio.run(raise_lifetime(25))) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(50)
    with closing(SqliteLookup(path)) as lookup:
        now = asyncio.run(lookup.tenant(tenant.id))
        version, keys = asyncio.run(lookup.changes(1))
    assert (now.token_lifetime, now.revision) == (tenant.token_lifetime + 100, 101)
    assert (version, keys) == (101, {tenant.id})


WRITER = """
import asyncio, os, sys
from accredit.stores.sqlite import SqliteRegistry
from tests.stores import made

async def main(path, tenant_id, first):
    registry = SqliteRegistry(path, busy_timeout=30_000)
    async with registry.reading() as view:
        tenant = await view.tenants.get(tenant_id)
    for number in range(int(first), int(first) + 1_000_000):
        app = made.application(tenant, id=made.UUID(int=number), app_id=made.UUID(int=number), display_name=str(number))
        async with registry.transaction() as change:
            await change.applications.add(app)
            await change.principals.add(made.principal(app, id=app.id))
        os.write(1, b"%d\\n" % number)

asyncio.run(main(*sys.argv[1:]))
"""


def test_a_change_that_was_acknowledged_survives_a_killed_process_and_no_half_of_one_does(path):
    async def begin():
        registry = SqliteRegistry(path)
        here = made.tenant()
        async with registry.transaction() as change:
            await change.tenants.add(here)
        registry.close()
        return here

    tenant = asyncio.run(begin())
    acknowledged = set()
    for number in (1_000_000, 5_000_000):
        command = [sys.executable, "-c", WRITER, str(path), str(tenant.id), str(number)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": "."}) as writer:
            acknowledged |= {int(writer.stdout.readline()) for _ in range(20)}
            writer.kill()
            acknowledged |= {int(line) for line in writer.stdout.read().splitlines()}

    async def what_is_there():
        registry = SqliteRegistry(path)
        apps, principals = await found(registry, "applications"), await found(registry, "principals")
        registry.close()
        return {each.id.int for each in apps}, {each.id.int for each in principals}

    apps, principals = asyncio.run(what_is_there())
    assert len(acknowledged) >= 40
    assert acknowledged <= apps
    assert apps == principals
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


DELETER = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('DELETE FROM credentials'); c.commit()"


def test_a_change_of_another_process_is_seen_by_the_next_view(path):
    async def story():
        registry = SqliteRegistry(path)
        here = await put_up(registry, world())
        await asyncio.to_thread(subprocess.run, [sys.executable, "-c", DELETER, str(path)], check=True)
        assert await found(registry, "credentials", application_id=here.app.id) == []
        registry.close()

    asyncio.run(story())


def test_old_changes_are_forgotten(path, monkeypatch):
    async def story():
        monkeypatch.setattr("accredit.stores.sql.CHANGES_KEPT", 5)
        registry = SqliteRegistry(path)
        tenant = made.tenant()
        async with registry.transaction() as change:
            await change.tenants.add(tenant)
        for _ in range(9):
            async with registry.transaction() as change:
                tenant = await change.tenants.put(tenant)
        with closing(connect(path)) as connection:
            versions = [row[0] for row in connection.execute("SELECT version FROM changes ORDER BY version")]
        assert versions == [6, 7, 8, 9, 10]
        assert await registry.changes(5) == (10, {tenant.id})
        assert await registry.changes(4) == (10, None)
        registry.close()

    asyncio.run(story())


def test_the_first_request_needs_no_sqlalchemy(path):
    script = (
        "import asyncio, sys; from accredit.stores.fresh import create;"
        " from accredit.stores.lookup import SqliteLookup;"
        "from accredit.stores.sqlite import SqliteRegistry; from accredit.stores.snapshot import Snapshot;"
        "create(sys.argv[1] + '2'); registry = SqliteRegistry(sys.argv[1]);"
        "asyncio.run(Snapshot(SqliteLookup(sys.argv[1])).refresh());"
        "assert 'sqlalchemy' not in sys.modules and 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)
