"""A database that the program of the first schema made: upgraded, its sign-in log says what it said, and goes on."""

import json
import re
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from accredit.errors import STORE_DAMAGED
from accredit.signins import Event
from accredit.stores.encoding import SCHEMA
from accredit.stores.event_reader import EventReader
from accredit.stores.event_row import COLUMNS, event_of, row
from accredit.stores.fresh import create
from accredit.stores.migrations import db_status, db_upgrade
from accredit.stores.sqlite import connect
from tests.ops.servers import command, serving
from tests.stores.attempts import of_correlation
from tests.stores.conformance.store import refused
from tests.stores.test_migrations import empty, schema_of, upgrade_to

DUMP = Path(__file__).parent / "data" / "schema_0001.sql"
TENANT = UUID("acc7ed17-0000-4000-8000-000000000001")
ADMIN = UUID("acc7ed17-0000-4000-8000-000000000002")
WORKLOAD = UUID("acc7ed17-0000-4000-8000-000000000003")
CORRELATION = UUID("c0ffee00-1111-4222-8333-444455556666")
CREDENTIAL = UUID("acc7ed17-4346-5c93-8044-226e019691ce")
FORM = {
    "grant_type": "client_credentials",
    "client_id": str(ADMIN),
    "client_secret": "accredit-emulator-only",
    "scope": "https://graph.microsoft.com/.default",
}
FOR_EVER = {"ACCREDIT_RETENTION__DAYS": "36500"}  # the events are of the day on which they were made
MANY = 2_700  # events: three batches, the last of them not full


@pytest.fixture
def old(tmp_path):
    """A data directory as the old program left it."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    key = data / "master.key"
    key.write_bytes(bytes(32))
    key.chmod(0o600)
    with closing(sqlite3.connect(data / "accredit.db")) as connection:
        connection.executescript(DUMP.read_text("utf-8"))
        connection.execute("PRAGMA journal_mode = WAL")
    return data / "accredit.db"


def told(path):
    """What the bodies of a wide log say, in the order in which they arrived."""
    with closing(connect(path)) as connection:
        return [json.loads(body) for (body,) in connection.execute("SELECT body FROM signins ORDER BY rowid")]


def said(event):
    """An event as a wide body spells it: by name, without what has its default."""
    members = json.loads(msgspec.json.encode(event))
    there = {
        field.name: value
        for field, value in zip(msgspec.structs.fields(Event), members, strict=True)
        if getattr(event, field.name) != field.default
    }
    if "verdicts" in there:
        names = ("claim", "expected", "presented", "passed")
        there["verdicts"] = [
            {"credential_id": id_, "name": name, "checks": [dict(zip(names, each, strict=True)) for each in checks]}
            for id_, name, checks in there["verdicts"]
        ]
    return there


def narrow(path):
    with closing(connect(path)) as connection:
        return connection.execute(f"SELECT seq, {COLUMNS} FROM signins ORDER BY seq").fetchall()  # noqa: S608


def test_the_first_revision_still_makes_what_the_first_program_made(old, tmp_path):
    upgrade_to(empty(tmp_path / "made.db"), "0001")
    assert schema_of(tmp_path / "made.db") == schema_of(old)


def test_every_event_says_after_the_upgrade_what_it_said_before(old, tmp_path):
    before = told(old)
    assert [(each.get("code", 0), each.get("count", 1)) for each in before] == [
        (0, 1),
        (0, 1),
        (0, 1),
        (700024, 1),
        (700213, 1),
        (700027, 1),
        (7000215, 1),
        (500011, 1),
        (700213, 1),
        (700213, 1),
        (700213, 3),
        (0, 1),
    ]
    assert db_upgrade(old) == ("0001", SCHEMA)
    after = narrow(old)
    assert [said(event_of(each[-1])) for each in after] == before
    assert [each[0] for each in after] == list(range(1, len(before) + 1))
    assert [each[1:-1] for each in after] == [row(event_of(each[-1]))[:-1] for each in after]
    create(tmp_path / "fresh.db")
    assert schema_of(old) == schema_of(tmp_path / "fresh.db")


def test_the_upgraded_log_answers_every_question_of_its_reader(old):
    before = [UUID(each["id"]) for each in told(old)]
    correlated = [UUID(each["id"]) for each in told(old) if each["correlation_id"] == str(CORRELATION)]
    db_upgrade(old)
    with EventReader(old) as reader:
        everything = reader.last(TENANT)
        assert [each.id for each in everything] == before[::-1]
        for app in (ADMIN, WORKLOAD):
            assert reader.last(TENANT, app) == [each for each in everything if each.app_id == app]
        assert [reader.by_id(each.id) for each in everything] == everything
        assert [each.id for each in of_correlation(reader, TENANT, CORRELATION)] == correlated
        assert len(correlated) == 2
        alone = next(each for each in everything if each.correlation_id == each.id)
        assert of_correlation(reader, TENANT, alone.id) == [alone]
        uses = {key: use.last_at for key, use in reader.uses(TENANT, WORKLOAD).items()}
        assert uses == {CREDENTIAL: everything[0].at}
        assert_counted(reader, everything)
    with closing(connect(old)) as connection:
        assert connection.execute("SELECT * FROM signins_indexed").fetchall() == [(1, *[len(before)] * 4)]
        assert_indexed(connection)


def assert_counted(reader, events):
    """What is counted by the hour is what a list of the events says."""
    begin, end = min(each.at for each in events), max(each.at for each in events) + timedelta(hours=1)
    for app in {each.app_id for each in events}:
        counted = Counter()
        for each in events:
            if each.app_id == app:
                hour = each.at.replace(minute=0, second=0, microsecond=0)
                key = each.credential_id or each.key_id
                counted[hour, each.code, key, each.resource_app_id] += each.count
        found = {
            (each.hour, each.code, each.credential_id, each.resource_app_id): each.count
            for each in reader.hours(TENANT, begin, end, app_id=app)
        }
        assert found == counted
    assert sum(each.count for each in reader.hours(TENANT, begin, end)) == sum(each.count for each in events)
    assert any(each.key_id for each in events)


def assert_indexed(connection):
    """The events of applications are exactly those of the log, and it has come to the log's end."""
    listed = connection.execute("SELECT app_id, at, seq FROM signins_by_application").fetchall()
    assert listed == connection.execute("SELECT app_id, at, seq FROM signins ORDER BY app_id, at, seq").fetchall()
    assert connection.execute("SELECT seq FROM signins_indexed").fetchone() == (len(listed),)


def test_a_long_log_whose_oldest_are_gone_keeps_its_order(old):
    with closing(connect(old)) as connection:
        (body,) = connection.execute("SELECT body FROM signins WHERE rowid = 1").fetchone()
        event = json.loads(body)
        connection.execute("BEGIN")
        connection.execute("DELETE FROM signins WHERE rowid < 12")
        for number in range(MANY - 1):
            id_ = str(UUID(int=(number + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128))
            of = json.dumps(event | {"id": id_, "subject": f"job {number}"}).encode()
            connection.execute(
                "INSERT INTO signins SELECT ?, at - ?, tenant_id, app_id, code, credential_id, correlation_id,"
                " resource_app_id, address, proof, count, ? FROM signins WHERE rowid = 12",
                (id_, number * 7 % 1_000, of),
            )
        connection.execute("COMMIT")
        ids = [UUID(id_).bytes for (id_,) in connection.execute("SELECT id FROM signins ORDER BY rowid")]
    db_upgrade(old)
    after = narrow(old)
    assert [each[:2] for each in after] == list(enumerate(ids, 1))
    assert [event_of(each[-1]).subject for each in after[1:]] == [f"job {number}" for number in range(MANY - 1)]
    with closing(connect(old)) as connection:
        assert_indexed(connection)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_log_without_events_is_upgraded_too(old):
    with closing(connect(old)) as connection:
        connection.execute("DELETE FROM signins")
    db_upgrade(old)
    assert narrow(old) == []
    with closing(connect(old)) as connection:
        assert_indexed(connection)


@pytest.mark.parametrize("damaged", ["body = X'7B'", "tenant_id = 'nobody'"])
def test_an_event_that_cannot_be_read_leaves_the_database_as_it_was(old, damaged):
    with closing(connect(old)) as connection:
        connection.execute(f"UPDATE signins SET {damaged} WHERE rowid = 6")  # noqa: S608
        (id_,) = connection.execute("SELECT id FROM signins WHERE rowid = 6").fetchone()
    before = schema_of(old), narrow_or_wide(old)
    with refused(STORE_DAMAGED) as answer:
        db_upgrade(old)
    assert id_ in str(answer.value)
    assert (schema_of(old), narrow_or_wide(old)) == before
    assert db_status(old) == ("0001", SCHEMA)


def narrow_or_wide(path):
    with closing(connect(path)) as connection:
        return connection.execute("SELECT rowid, * FROM signins ORDER BY rowid").fetchall()


def test_an_operator_upgrades_lists_what_was_and_serves_on(old, tmp_path):
    before = told(old)[::-1]
    data = ("--data", str(old.parent))
    for words in (("serve", "--profile", "emulator", "--port", "0", "--admin-port", "0"), ("logs", "list")):
        ended = command(*words, *data)
        assert ended.returncode != 0
        assert f"the database has schema 0001, this version needs {SCHEMA}" in re.sub(r"\s+", " ", ended.stderr)
    assert command("db", "status", *data).returncode == 3
    assert command("db", "upgrade", *data).returncode == 0
    status = command("db", "status", "-o", "json", *data)
    assert (status.returncode, json.loads(status.stdout)["isCurrent"]) == (0, True)

    def listed():
        answer = command("logs", "list", "-o", "json", *data)
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)

    assert [(each["id"], each["count"], each["status"]["errorCode"], each["proof"]) for each in listed()] == [
        (each["id"], each.get("count", 1), each.get("code", 0), each["proof"]) for each in before
    ]
    refusal = next(each for each in before if "verdicts" in each)
    shown = json.loads(command("logs", "show", refusal["id"], "-o", "json", *data).stdout)
    assert (shown["id"], shown["assertion"]["subject"]) == (refusal["id"], refusal["subject"])
    assert len(shown["verdicts"]) == len(refusal["verdicts"])
    with serving(tmp_path, **FOR_EVER) as server:
        answer = server.token(str(TENANT), FORM)
        assert answer.status_code == 200, answer.text
        assert server.stop() == 0
    assert [each["id"] for each in listed()] == [answer.headers["x-ms-request-id"], *(each["id"] for each in before)]
