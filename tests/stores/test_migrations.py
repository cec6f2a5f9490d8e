"""Schemas: a migrated database equals a fresh one, what is written is what is declared, nothing is half upgraded."""

import asyncio
import json
import re
import sqlite3
from contextlib import closing
from importlib.resources import files

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from accredit.errors import SCHEMA_UNKNOWN, STORE_BUSY, STORE_MISSING
from accredit.signins import Actor, Target
from accredit.stores import lookup
from accredit.stores.encoding import SCHEMA
from accredit.stores.fresh import create
from accredit.stores.kept import body
from accredit.stores.kinds import KINDS
from accredit.stores.lookup import SqliteLookup
from accredit.stores.memory import MemoryRegistry
from accredit.stores.migrations import VERSION_TABLE, configured, db_status, db_upgrade
from accredit.stores.schema import METADATA, script
from accredit.stores.sqlite import SqliteRegistry, connect, engine
from tests.stores import made
from tests.stores.conformance.store import SHELVES, found, put_up, refused, world


def empty(path):
    sqlite3.connect(path).close()
    return path


def parts(statement):
    """A statement as its parts: the clauses in a table's brackets count, not their order or the white space."""
    flat = re.sub(r"\s*([(),])\s*", r"\1", re.sub(r"\s+", " ", statement or "").strip()).replace('"', "")
    head, _, body = flat.partition("(")
    clauses, depth, clause = [], 0, ""
    for each in body.removesuffix(")"):
        depth += (each == "(") - (each == ")")
        if each == "," and depth == 0:
            clauses.append(clause)
            clause = ""
        else:
            clause += each
    return head.strip(), sorted([*clauses, clause]) if head.startswith("CREATE TABLE") else [*clauses, clause]


def schema_of(path):
    with closing(connect(path)) as connection:
        rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")
        return {row[:3]: parts(row[3]) for row in rows}


def test_a_migrated_database_has_exactly_the_schema_of_a_fresh_one(tmp_path):
    migrated, fresh = empty(tmp_path / "migrated.db"), tmp_path / "fresh.db"
    assert db_status(migrated) == ("none", SCHEMA)
    assert db_upgrade(migrated) == ("none", SCHEMA)
    create(fresh)
    assert schema_of(migrated) == schema_of(fresh)
    for path in (migrated, fresh):
        with closing(connect(path)) as connection:
            assert connection.execute("SELECT * FROM configuration").fetchall() == [(1, 0)]
            assert connection.execute("SELECT * FROM schema_version").fetchall() == [(SCHEMA,)]


def test_a_migrated_database_works(tmp_path):
    async def story():
        registry = SqliteRegistry(tmp_path / "accredit.db")
        here = await put_up(registry, world())
        for shelf in SHELVES:
            assert here.everything[shelf] in await found(registry, shelf)
        registry.close()

    db_upgrade(empty(tmp_path / "accredit.db"))
    asyncio.run(story())


def test_the_newest_revision_is_the_schema_that_this_version_needs():
    assert ScriptDirectory.from_config(configured()).get_current_head() == SCHEMA


def test_the_script_of_a_fresh_database_is_what_the_tables_say():
    assert files("accredit.stores").joinpath("schema.sql").read_text("utf-8") == script()


def test_alembic_finds_nothing_to_change(tmp_path):
    db_upgrade(empty(tmp_path / "accredit.db"))
    database = engine(tmp_path / "accredit.db")
    with database.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert [each for each in compare_metadata(context, METADATA) if "schema_version" not in str(each)] == []
    database.dispose()


def test_an_upgrade_of_a_current_database_changes_nothing(tmp_path):
    create(tmp_path / "accredit.db")
    before = schema_of(tmp_path / "accredit.db")
    assert db_upgrade(tmp_path / "accredit.db") == (SCHEMA, SCHEMA)
    assert schema_of(tmp_path / "accredit.db") == before


def test_a_schema_of_a_newer_version_is_not_touched(tmp_path):
    create(tmp_path / "accredit.db")
    with closing(connect(tmp_path / "accredit.db")) as connection:
        connection.execute("UPDATE schema_version SET version_num = '9999'")
    with refused(SCHEMA_UNKNOWN, found="9999", needed=SCHEMA):
        db_upgrade(tmp_path / "accredit.db")
    assert db_status(tmp_path / "accredit.db") == ("9999", SCHEMA)


def test_a_missing_database_is_not_made_by_an_upgrade(tmp_path):
    with refused(STORE_MISSING):
        db_upgrade(tmp_path / "accredit.db")
    assert list(tmp_path.iterdir()) == []


def test_an_upgrade_that_fails_leaves_the_database_as_it_was(tmp_path):
    path = empty(tmp_path / "accredit.db")
    with closing(connect(path)) as connection:
        connection.execute("CREATE TABLE tenants (id TEXT)")  # in the way of the first revision
        connection.execute("CREATE TABLE schema_version (version_num VARCHAR(32) NOT NULL)")
    before = schema_of(path)
    with refused(STORE_BUSY):
        db_upgrade(path)
    assert schema_of(path) == before
    assert db_status(path) == ("none", SCHEMA)


def test_an_upgrade_waits_for_no_writer_forever(tmp_path, monkeypatch):
    path = empty(tmp_path / "accredit.db")
    monkeypatch.setattr("accredit.stores.migrations.engine", lambda where: engine(where, busy_timeout=50))
    with closing(connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with refused(STORE_BUSY):
            db_upgrade(path)
        other.execute("ROLLBACK")
    assert db_upgrade(path) == ("none", SCHEMA)


def test_every_kind_has_its_columns_and_its_unique_indexes_in_the_table():
    for kind in KINDS:
        table = METADATA.tables[kind.table]
        assert {*kind.indexed, *kind.searched, "seq", "revision", "body"} == set(table.c.keys())
        assert not kind.searched.keys() & {*kind.indexed}
        unique = {
            frozenset(column.name for column in each.columns)
            for each in table.constraints
            if type(each).__name__ == "UniqueConstraint"
        }
        unique |= {frozenset(each.columns.keys()) for each in table.indexes if each.unique}
        wider = {frozenset({"tenant_id", "id"})}  # what children refer to
        assert {frozenset(each.columns) for each in kind.uniques} == unique - wider
        references = {each.column_keys[-1] for each in table.foreign_key_constraints}
        assert {each.member for each in kind.parents} | {"tenant_id"} == references | {"tenant_id"}


def test_the_tables_can_be_made_in_postgresql_too():
    dialect = postgresql.dialect()
    for table in METADATA.sorted_tables:
        assert str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            name = str(CreateIndex(index).compile(dialect=dialect)).split()[2]
            assert len(name) <= 63  # PostgreSQL cuts longer ones


QUESTIONS = sorted(each for each in vars(lookup).values() if str(each).startswith("SELECT") and "?" in each)


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_of_a_request_reads_a_whole_table(tmp_path, question):
    create(tmp_path / "accredit.db")
    asking = SqliteLookup(tmp_path / "accredit.db")
    rows = asking._connection.execute(f"EXPLAIN QUERY PLAN {question}", ("x",) * question.count("?"))  # noqa: SLF001
    plan = [row[3] for row in rows]
    asking.close()
    assert plan
    assert not [step for step in plan if step.startswith("SCAN")]
    if "assignments" in question:
        assert "principal_id=? AND resource_id=?" in plan[0]


def test_an_upgrade_from_the_first_schema_fills_what_is_searched(tmp_path):
    """What a 0001 database holds is what the same things are in a fresh one, column for column."""

    async def begin():
        memory = MemoryRegistry()
        for _ in range(2):
            here = await put_up(memory, world())
            async with memory.transaction() as change:
                await change.audit(made.audit(here.tenant))
                await change.audit(made.audit(None))
                program = Actor(name="deploy-bot", kind="application", app_id=str(made.new_id()))
                twice = Target(id=here.app.id, kind="Application", name="deploy-bot")
                await change.audit(made.audit(here.tenant, actor=program, targets=(twice, twice), operation="Add"))
                await change.audit(made.audit(here.tenant, targets=()))
                for relation in ("ownerships", "delegated_grants", "role_assignments", "role_mappings"):  # later
                    for each in await getattr(change, relation).find():
                        await getattr(change, relation).remove(each)
        return memory

    fresh, old = tmp_path / "fresh.db", empty(tmp_path / "old.db")
    create(fresh, asyncio.run(begin()))
    begin_with_first_schema(old, fresh)
    assert db_status(old) == ("0001", SCHEMA)
    assert db_upgrade(old) == ("0001", SCHEMA)
    assert schema_of(old) == schema_of(fresh)
    assert columns_of(old) == columns_of(fresh)


def test_a_tenant_of_an_older_schema_allows_every_issuer(tmp_path):
    path = empty(tmp_path / "accredit.db")
    upgrade_to(path, "0004")
    tenant = made.tenant()
    older = json.loads(body(tenant))
    del older["allowed_issuers"]
    with closing(connect(path)) as connection:
        connection.execute(
            "INSERT INTO tenants (id, revision, body) VALUES (?, 1, ?)", (str(tenant.id), json.dumps(older).encode())
        )
    with refused(SCHEMA_UNKNOWN, found="0004", needed=SCHEMA):
        SqliteRegistry(path)
    db_upgrade(path)
    registry = SqliteRegistry(path)
    (there,) = asyncio.run(found(registry, "tenants"))
    assert there == tenant
    assert there.allows("https://idp.test")
    registry.close()


def test_a_directory_of_an_older_schema_demands_what_it_did_and_remembers_no_assertion(tmp_path):
    path = empty(tmp_path / "accredit.db")
    upgrade_to(path, "0006")
    tenant = made.tenant(allowed_issuers=("https://idp.test",))
    record = made.issuer(tenant)
    policies = ("allowed_issuers_mode", "allowed_algorithms", "max_assertion_lifetime", "immutable_ids", "lint")
    with closing(connect(path)) as connection:
        for table, value, newer in (("tenants", tenant, policies), ("issuers", record, ("replay",))):
            older = {name: each for name, each in json.loads(body(value)).items() if name not in newer}
            assert len(older) == len(json.loads(body(value))) - len(newer)
            row = {"id": str(value.id), "revision": 1, "body": json.dumps(older).encode()}
            row |= {"tenant_id": str(tenant.id), "url": record.url} if table == "issuers" else {}
            names = ", ".join(row)
            connection.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", (*row.values(),))  # noqa: S608
    with refused(SCHEMA_UNKNOWN, found="0006", needed=SCHEMA):
        SqliteRegistry(path)
    assert db_upgrade(path) == ("0006", SCHEMA)
    registry = SqliteRegistry(path)
    (there,), (issuer,) = (asyncio.run(found(registry, name)) for name in ("tenants", "issuers"))
    assert (there, issuer) == (tenant, record)
    assert (there.allowed_issuers_mode, there.immutable_ids, there.lint, issuer.replay) == (
        "enforce",
        "off",
        "warn",
        "off",
    )
    registry.close()
    with closing(connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM assertions_used").fetchone() == (0,)


def upgrade_to(path, revision):
    database = engine(path)
    with database.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        config = configured()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
    database.dispose()


def begin_with_first_schema(old, fresh):
    """Make a database of the first schema with the rows of a fresh one, as far as it has their columns."""
    upgrade_to(old, "0001")
    with closing(connect(old)) as connection:
        connection.execute("ATTACH ? AS fresh", (str(fresh),))
        tables = {name for (name,) in connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")}
        for table in METADATA.sorted_tables:
            if table.name in tables - {"schema_version", "configuration"}:
                names = [f'"{row[1]}"' for row in connection.execute(f"PRAGMA main.table_info({table.name})")]
                listed = ", ".join(names)
                rows = f"SELECT {listed} FROM fresh.{table.name}"  # noqa: S608
                connection.execute(f"INSERT OR IGNORE INTO main.{table.name} ({listed}) {rows}")


def columns_of(path):
    """All rows, by the names of their columns: an upgrade adds columns at the end."""
    with closing(connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return {
            name: sorted((sorted(dict(row).items()) for row in connection.execute(f"SELECT * FROM {name}")), key=repr)  # noqa: S608
            for name in METADATA.tables
            if name != "changes"
        }
