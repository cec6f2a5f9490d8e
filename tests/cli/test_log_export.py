"""`accredit logs export`: all sign-ins in a file, or nothing of it."""

import errno
import json
import os
import stat
import sys
import tracemalloc
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import duckdb
import pytest
from msgspec.structs import replace

from accredit.app import seed
from accredit.cli import log_export
from accredit.interop import columns
from accredit.interop.graph import signin
from accredit.query import Order, Query
from accredit.stores import sqlite
from accredit.stores.event_reader import EventReader
from accredit.stores.event_row import INSERT, row
from tests.cli.conftest import ran

TENANT = str(seed.TENANT_ID)
BOT = ("-a", "deploy-bot")
AZURE = [  # the columns of the table, but those of every table of Azure Monitor
    *("AppId", "AuthenticationContextClassReferences", "AuthenticationProcessingDetails", "Category"),
    *("ConditionalAccessPolicies", "ConditionalAccessStatus", "CorrelationId", "DurationMs", "FederatedCredentialId"),
    *("Id", "Identity", "IPAddress", "Level", "Location", "LocationDetails", "OperationName", "OperationVersion"),
    *("ResourceDisplayName", "ResourceGroup", "ResourceIdentity", "ResourceServicePrincipalId", "ResultDescription"),
    *("ResultSignature", "ResultType", "ServicePrincipalCredentialKeyId", "ServicePrincipalCredentialThumbprint"),
    *("ServicePrincipalId", "ServicePrincipalName"),
]


@pytest.fixture
def events(data):
    """The events of the store, oldest first."""
    return lambda: stored(data)


def stored(data):
    with EventReader(data / "accredit.db") as reader:
        return reader.last(seed.TENANT_ID, limit=1_000_000)[::-1]


@pytest.fixture
def many(data, events):
    """The same store with 2,500 events more: three pages."""
    last = events()[-1]
    made = [replace(last, id=uuid4(), at=last.at + timedelta(milliseconds=n)) for n in range(2_500)]
    with closing(sqlite.connect(data / "accredit.db")) as connection:
        connection.execute("BEGIN")
        connection.executemany(INSERT, map(row, made))
        connection.execute("COMMIT")
    return data


def test_a_line_for_each_oldest_first(cli, events, tmp_path):
    file = tmp_path / "out.jsonl"
    done = cli("logs", "export", "--to", str(file), "-o", "json")
    assert (done.code, done.json) == (0, {"path": str(file), "format": "jsonl", "events": 2}), done.err
    lines = [json.loads(each) for each in file.read_text().splitlines()]
    assert lines == [signin.write(each) for each in events()]
    assert [each["status"]["errorCode"] for each in lines] == [0, 700213]
    assert all(each["accredit"]["assertion"]["issuer"] for each in lines)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_standard_output_gets_the_lines_and_nothing_else(cli, events):
    done = cli("logs", "export", "--to", "-", *BOT, "--failed")
    assert done.code == 0
    assert [json.loads(each)["id"] for each in done.out.splitlines()] == [str(events()[1].id)]


def test_rows_of_the_azure_table(cli, events, tmp_path):
    file = tmp_path / "rows.jsonl"
    assert cli("logs", "export", "--to", str(file), "--format", "loganalytics").code == 0
    granted, refused = (json.loads(each) for each in file.read_text().splitlines())
    assert list(granted) == ["TimeGenerated", *AZURE, "Type"]
    assert (granted["ResultType"], granted["ResultDescription"]) == ("0", "")
    assert granted["FederatedCredentialId"] == str(events()[0].credential_id)
    assert (refused["ResultType"], refused["ResultSignature"]) == ("700213", "FAILURE")
    assert refused["ResultDescription"].startswith("No matching federated identity record found")
    assert {type(each) for each in granted.values()} == {str, int}


def test_parquet_has_typed_columns_and_every_event(many, cli, events, tmp_path):
    file = tmp_path / "out.parquet"
    done = cli("logs", "export", "--to", str(file), "--format", "parquet", "-o", "json")
    assert (done.code, done.json["events"]) == (0, 2_502), done.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with duckdb.connect() as table:
        found = table.read_parquet(str(file))
        types = dict(zip(found.columns, map(str, found.types), strict=True))
        assert types == {each.name: log_export.PARQUET[each.kind] for each in columns.COLUMNS}
        rows = table.sql(
            f"SELECT id, epoch_us(time), code, roles, audiences, subject, duration_ms, nearest FROM '{file}'"  # noqa: S608
        ).fetchall()
    micro, epoch = timedelta(microseconds=1), datetime(1970, 1, 1, tzinfo=UTC)
    assert rows == [
        (
            str(each.id),
            (each.at - epoch) // micro,
            each.code,
            list(each.roles),
            list(each.audiences),
            each.subject,
            each.duration,
            each.nearest or None,
        )
        for each in events()
    ]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["data", "out.parquet"]


def test_parquet_of_nothing_has_its_columns_all_the_same(cli, tmp_path):
    file = tmp_path / "none.parquet"
    assert cli("logs", "export", "--to", str(file), "--format", "parquet", "--address", "192.0.2.99").code == 0
    with duckdb.connect() as table:
        found = table.read_parquet(str(file))
        assert (len(found), found.columns) == (0, [each.name for each in columns.COLUMNS])


def test_a_file_that_is_there_is_left_alone_unless_that_is_meant(cli, tmp_path):
    file = tmp_path / "out.jsonl"
    file.write_text("mine")
    done = cli("logs", "export", "--to", str(file))
    assert done.code != 0
    assert "--force" in done.err
    assert file.read_text() == "mine"
    assert cli("logs", "export", "--to", str(file), "--force").code == 0
    assert len(file.read_text().splitlines()) == 2


def test_a_file_that_appears_meanwhile_is_left_alone_too(cli, tmp_path, monkeypatch):
    file = tmp_path / "out.jsonl"
    link = os.link

    def late(source, target):
        file.write_text("mine")
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    assert cli("logs", "export", "--to", str(file)).code != 0
    assert file.read_text() == "mine"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["data", "out.jsonl"]


def test_a_file_system_without_links_gets_its_file_too(cli, tmp_path, monkeypatch):
    def none(source, target):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", none)
    file = tmp_path / "out.jsonl"
    assert cli("logs", "export", "--to", str(file)).code == 0
    assert len(file.read_text().splitlines()) == 2


def test_what_ends_halfway_leaves_nothing(cli, tmp_path, monkeypatch):
    def broken(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(signin, "write", broken)
    done = cli("logs", "export", "--to", str(tmp_path / "out.jsonl"))
    assert done.code != 0
    assert "No space left on device" in done.err
    assert [each.name for each in tmp_path.iterdir()] == ["data"]


WRONG = {
    "no target": ((), "--to says where"),
    "Parquet into a pipe": (("--to", "-", "--format", "parquet"), "to a file, not to standard output"),
    "a format that is none": (("--to", "-", "--format", "xlsx"), "xlsx"),
    "a directory": (("--to", "/", "--force"), "it is no file"),
    "a device": (("--to", "/dev/null", "--force"), "it is no file"),
    "a directory that is not there": (("--to", "/nowhere/out.jsonl"), "No such file or directory"),
}


@pytest.mark.parametrize(("words", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_is_said(cli, words, said):
    done = cli("logs", "export", *words)
    assert done.code != 0
    assert said in " ".join(done.err.split())


def test_without_the_extra_the_command_that_installs_it_is_named(cli, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    done = cli("logs", "export", "--to", str(tmp_path / "x.parquet"), "--format", "parquet")
    assert done.code == 2
    assert "pip install 'accredit[analytics]'" in " ".join(done.err.split())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_memory_holds_a_page_of_events(many, cli, tmp_path, monkeypatch, kind):
    monkeypatch.setattr(log_export, "PAGE", 50)
    tracemalloc.start()
    try:
        assert cli("logs", "export", "--to", str(tmp_path / "out"), "--format", kind).code == 0
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    whole = sum(len(json.dumps(signin.write(each))) for each in stored(many))
    assert most < whole / 2


def test_a_writer_waits_for_no_reader(many, tmp_path):
    """Between two pages nothing is held: the journal can be moved into the database while an export goes on."""
    with EventReader(many / "accredit.db") as reader, closing(sqlite.connect(many / "accredit.db")) as writer:
        page = reader.search(seed.TENANT_ID, Query(order=Order("createdDateTime"), limit=10))
        assert page.after is not None
        writer.execute("UPDATE configuration SET version = version + 1")
        assert writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["jsonl", "loganalytics", "parquet"])
def test_at_a_url_the_same_comes_over_the_api(kind, tmp_path, signed_in, emulator):
    form = {"grant_type": "client_credentials", "client_id": str(seed.WORKLOAD_ID), "client_secret": "wrong"}
    form["scope"] = "api://orders/.default"
    assert emulator.http.post(emulator.token_endpoint(), data=form).status_code == 401
    here, there = tmp_path / "here", tmp_path / "there"
    what = ("--format", kind, *BOT)
    elsewhere = ran("logs", "export", "--to", str(there), *what, "--profile", "dev")
    assert elsewhere.code == 0, elsewhere.err
    beside = ran("logs", "export", "--to", str(here), *what, "--data", str(emulator.data), "--tenant", TENANT)
    assert beside.code == 0, beside.err
    if kind == "parquet":
        counted = "SELECT count(*), min(id), max(id), sum(code) FROM"
        with duckdb.connect() as table:
            found = [table.sql(f"{counted} read_parquet('{each}')").fetchall() for each in (here, there)]
        assert found[0] == found[1]
        assert found[0][0][0] > 0
    else:
        assert there.read_text() == here.read_text() != ""


@pytest.mark.slow
def test_how_far_an_export_has_come_is_for_the_host_to_say(signed_in):
    done = ran("logs", "export", "--status", "--profile", "dev")
    assert done.code != 0
    assert "accredit help ACC" in done.err


def test_a_row_of_an_event_that_has_nothing_is_a_row(events):
    event = replace(
        events()[0], credential_id=None, roles=(), issued=1e300, expires=float("nan"), last_id=UUID(int=1), claims=()
    )
    found = columns.row(event)
    assert (found["credential_id"], found["roles"], found["claims"]) == (None, [], None)
    assert (found["assertion_issued"], found["assertion_expires"]) == (None, None)
    assert found["last_id"] == str(UUID(int=1))
