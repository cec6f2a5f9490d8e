"""What is read of a damaged database: everything that is there, nothing that was deleted, and how much is missing."""

import asyncio
import random
import shutil
import sqlite3
from contextlib import closing, suppress
from datetime import timedelta

import pytest

from accredit.errors import SCHEMA_UNKNOWN, STORE_BUSY, STORE_DAMAGED, Refused
from accredit.stores import fresh, sqlite, walfile
from accredit.stores.backup import backup
from accredit.stores.event_counts import HOURS_OF_DAY, OF_USES, SUMS
from accredit.stores.event_index import EventIndex
from accredit.stores.examine import examine
from accredit.stores.memory import MemoryRegistry
from accredit.stores.pagefile import PageFile, Tree
from accredit.stores.salvage import recover
from benchmarks import directory, minting, product
from benchmarks.directory import CREDENTIALS, Contents
from tests.stores.attempts import START, Moving, client, granted, opened, refused

PAGE = 4_096  # bytes
APPLICATIONS = 60
EVENTS = 4_500
AFTER = 250  # the last of them, which the index has not come to


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A database with a directory and a log, all of it in the file."""
    path = tmp_path_factory.mktemp("whole") / "accredit.db"
    registry = MemoryRegistry()
    directory.write(registry, Contents(APPLICATIONS, [product.uploaded(minting.Key.new("k"))]))
    fresh.create(path, registry)

    async def fill(first, last):
        async with opened(path, Moving()) as log:
            for number in range(first // 250, last // 250):
                at = START + timedelta(minutes=10 * number)
                who = client(number % 7)
                await asyncio.gather(
                    *(granted(log, at, who) for _ in range(240)), *(refused(log, at) for _ in range(10))
                )

    asyncio.run(fill(0, EVENTS - AFTER))
    with closing(sqlite.connect(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        EventIndex(connection).come_to_end()
        connection.execute("COMMIT")
    asyncio.run(fill(EVENTS - AFTER, EVENTS))
    with closing(sqlite.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert not [each.problems for each in examine(path) if each.problems]
    return path


@pytest.fixture
def path(whole, tmp_path):
    """A copy of it that may be damaged."""
    return shutil.copy(whole, tmp_path / "accredit.db")


def tables(path):
    with closing(sqlite3.connect(path)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]


def rows(path, table):
    with closing(sqlite3.connect(path)) as connection:
        return sorted(connection.execute(f"SELECT * FROM {table}"), key=repr)  # noqa: S608


def pages_of(path, name):
    """The pages of a table or index by kind; kinds: ``accredit.stores.pagefile``."""
    with closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()
    with PageFile(path) as pages:
        assert list(pages.rows(root, tree := Tree()))
        assert tree.whole
        found = {}
        for number in range(2, pages.count + 1):
            if pages._seen[number]:  # noqa: SLF001
                found.setdefault(pages._octets(number)[0], []).append(number)  # noqa: SLF001
    return root, found


def overwrite(path, page, octets=PAGE, offset=0):
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE + offset)
        file.write(random.Random(page).randbytes(octets))  # noqa: S311


def saved(path, **options):
    """Recover; check that the damaged file is as it was, and the new one in order; return the report and that."""
    before, new = path.read_bytes(), path.with_name("new.db")
    report = recover(path, new, **options)
    assert path.read_bytes() == before
    assert [each.problems for each in examine(new) if each.problems] == []
    return {each.table: each for each in report.tables}, report, new


# ── reading without SQLite ───────────────────────────────────────────────────────────────────────────────────────────


def test_every_table_reads_as_sqlite_reads_it(whole):
    with closing(sqlite3.connect(whole)) as connection, PageFile(whole) as pages:
        assert pages.header
        assert pages.free is not None
        for name, root, sql in connection.execute("SELECT name, rootpage, sql FROM sqlite_master WHERE type = 'table'"):
            tree = Tree()
            count = sum(1 for _ in pages.rows(root, tree))
            assert tree.whole
            assert count == connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0], sql  # noqa: S608


@pytest.mark.parametrize("size", [512, 4_096, 65_536])
def test_values_of_every_length_read_as_they_were_written(tmp_path, size):
    path, dice = tmp_path / "any.db", random.Random(size)  # noqa: S311
    lengths = [*range(40), *(dice.randrange(20_000) for _ in range(200))]
    numbers = [0, 1, -1, 127, -128, 2**15, 2**23 - 1, -(2**31), 2**47, 2**63 - 1, -(2**63), 3.5, None, "ä", b""]
    made = [(dice.randbytes(n), "x" * n, dice.choice(numbers)) for n in lengths]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"PRAGMA page_size = {size}")
        connection.execute("CREATE TABLE t (a BLOB, b TEXT, c)")
        connection.execute("CREATE TABLE w (a BLOB, b TEXT, c, PRIMARY KEY (a, b)) WITHOUT ROWID")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", made)
        connection.executemany("INSERT OR IGNORE INTO w VALUES (?, ?, ?)", made)
        connection.execute("INSERT INTO t (rowid, a) VALUES (-5, x'00')")
    with closing(sqlite3.connect(path)) as connection, PageFile(path) as pages:
        roots = dict(connection.execute("SELECT name, rootpage FROM sqlite_master"))
        table, index = Tree(), Tree()
        found = [(number, *values) for number, values in pages.rows(roots["t"], table)]
        assert found == connection.execute("SELECT rowid, * FROM t").fetchall()
        found = sorted(values for _, values in pages.rows(roots["w"], index))
        assert found == sorted(connection.execute("SELECT * FROM w").fetchall())
        assert table.whole
        assert index.whole


def test_garbage_of_any_kind_is_left_out_and_breaks_nothing(whole, tmp_path):
    for seed in range(30):
        dice = random.Random(seed)  # noqa: S311
        path = shutil.copy(whole, tmp_path / f"{seed}.db")
        with path.open("r+b") as file:
            for _ in range(dice.randrange(1, 20)):
                file.seek(PAGE + dice.randrange(path.stat().st_size - 2 * PAGE))
                file.write(dice.randbytes(dice.choice([1, 8, 64, PAGE])))
        new = path.with_name(f"{seed}.new")
        with suppress(Refused):  # and no other exception
            recover(path, new)
            assert examine(new)[1].problems == ()


# ── what is saved ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_of_a_whole_database_everything_is_saved(path):
    found, report, new = saved(path)
    assert report.whole
    assert report.made_anew == []
    for table in set(tables(path)) - {"configuration", "changes"}:
        assert rows(path, table) == rows(new, table), table
    assert rows(new, "configuration")[0][1] == rows(path, "configuration")[0][1] + 1
    assert found["credentials"].rows == APPLICATIONS * CREDENTIALS


INDEXES = ["sqlite_autoindex_signins_1", "ix_signins_correlation", "ix_signins_failures", "ix_credentials_tenant_id_id"]


@pytest.mark.parametrize("index", [*INDEXES, "signins_by_application", "application_elements", "identifiers"])
def test_where_only_an_index_or_what_follows_is_damaged_nothing_is_lost(path, index):
    before = {table: rows(path, table) for table in set(tables(path)) - {"configuration", "changes"}}
    _, kinds = pages_of(path, index)
    for page in next(iter(kinds.values())):
        overwrite(path, page)
    _, report, new = saved(path)
    assert report.whole
    assert {table: rows(new, table) for table in before} == before


@pytest.mark.parametrize("table", ["signins", "credentials", "applications"])
def test_where_a_tables_root_is_damaged_its_rows_are_found_without_it(path, table):
    before = rows(path, table)
    overwrite(path, pages_of(path, table)[0])
    found, report, new = saved(path)
    assert report.whole
    assert rows(new, table) == before
    assert found[table].lost == 0


def test_events_of_a_damaged_page_are_missing_and_their_number_is_told(path):
    before = {each[0] for each in rows(path, "signins")}
    pages = pages_of(path, "signins")[1][13][10:13]
    for page in pages:
        overwrite(path, page)
    found, report, new = saved(path)
    after = {each[0] for each in rows(new, "signins")}
    assert after < before
    assert found["signins"].lost == len(before - after) > 0
    assert found["signins"].rows == len(after)
    assert not report.whole
    assert rows(new, "signin_totals") == rows(path, "signin_totals"), "they were counted, and stay so"


def test_an_event_whose_body_nobody_can_read_is_lost_and_told(path):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE signins SET body = CAST(substr(body, 1, 40) || x'd1d1' AS BLOB) WHERE seq = 9")
    found, _, new = saved(path)
    assert (found["signins"].rows, found["signins"].lost) == (len(rows(path, "signins")) - 1, 1)
    assert len(rows(new, "signins")) == found["signins"].rows


def test_counts_that_are_damaged_are_made_anew_from_the_log(path):
    before = rows(path, "signin_totals"), rows(path, "signin_hours")
    for table in (*SUMS, *OF_USES):
        overwrite(path, pages_of(path, table)[0])
    _, report, new = saved(path)
    assert {*SUMS, *OF_USES} <= set(report.made_anew)
    assert [each for each in examine(new) if each.problems] == []
    with closing(sqlite3.connect(new)) as connection:
        (sum_of_log,) = connection.execute("SELECT sum(count) FROM signins").fetchone()
        in_hours = " + ".join(f"sum({each})" for each in HOURS_OF_DAY)
        assert connection.execute(f"SELECT {in_hours} FROM signin_totals").fetchone() == (sum_of_log,)  # noqa: S608
    assert {each[:3] for each in before[0]} <= {each[:3] for each in rows(new, "signin_totals")}


def test_what_belongs_to_a_lost_application_is_left_out_and_told(path):
    pages = pages_of(path, "applications")[1][13]
    overwrite(path, pages[0])
    found, report, new = saved(path)
    lost = found["applications"].lost
    assert lost == APPLICATIONS + 2 - found["applications"].rows or lost > 0
    assert found["credentials"].left_out == CREDENTIALS * (APPLICATIONS - len(_with_credentials(new)))
    assert not report.whole


def _with_credentials(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT DISTINCT application_id FROM credentials").fetchall()


@pytest.mark.parametrize("damaged", ["credentials", "applications", "signins"])
def test_what_was_removed_does_not_come_back(path, damaged):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete = OFF")
        kept = APPLICATIONS * CREDENTIALS // 2
        connection.execute("DELETE FROM credentials WHERE seq > ?", (kept,))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert connection.execute("PRAGMA freelist_count").fetchone()[0] > 5
    before = rows(path, "credentials")
    overwrite(path, pages_of(path, damaged)[0])
    _, _, new = saved(path)
    assert rows(new, "credentials") == before
    assert len(before) == kept


def test_without_the_first_page_the_directory_comes_from_a_copy_and_the_log_from_what_is_there(path):
    copy = path.with_name("copy.db")
    backup(path, copy)
    before = rows(path, "signins")
    overwrite(path, 1)
    with pytest.raises(Refused) as refused:
        recover(path, path.with_name("other.db"))
    assert refused.value.row is STORE_DAMAGED
    assert not path.with_name("other.db").exists()
    found, report, new = saved(path, directory=copy)
    assert rows(new, "signins") == before
    assert found["credentials"].rows == APPLICATIONS * CREDENTIALS
    assert found["signins"].lost is None, "no index tells how many there were"
    assert not report.whole


def test_a_damaged_header_alone_costs_nothing(path):
    before = {table: rows(path, table) for table in ("signins", "credentials", "audits", "signing_keys")}
    overwrite(path, 1, octets=100)
    _, report, new = saved(path)
    assert report.whole
    assert {table: rows(new, table) for table in before} == before


def test_another_schema_is_refused_and_nothing_is_left_behind(path):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE schema_version SET version_num = '0001'")
    with pytest.raises(Refused) as refused:
        recover(path, path.with_name("new.db"))
    assert refused.value.row is SCHEMA_UNKNOWN
    assert not list(path.parent.glob("new*"))


# ── the journal ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def journal(path):
    """Beside the database, a journal of 40 transactions, as a killed process leaves it; and the ids that are in it."""
    with closing(sqlite.connect(path)) as connection:
        for number in range(40):
            connection.execute("UPDATE configuration SET version = ?", (1_000 + number,))
        for name in ("accredit.db", "accredit.db-wal"):
            shutil.copy(path.with_name(name), path.with_name(f"kept-{name}"))
    for name in ("accredit.db", "accredit.db-wal"):
        path.with_name(f"kept-{name}").rename(path.with_name(name))
    path.with_name("accredit.db-shm").unlink(missing_ok=True)
    return walfile.beside(path)


FRAME = PAGE + 24


def cut(wal, frame, octets=8):
    with wal.open("r+b") as file:
        file.seek(32 + frame * FRAME + 24 + 100)
        file.write(b"\xa5" * octets)


def test_a_journal_reads_as_sqlite_reads_it(path, journal):
    found = walfile.read(journal)
    assert (found.lost, found.behind) == (0, [])
    assert found.count * PAGE == path.stat().st_size
    walfile.refuse_lost_transactions(path)
    _, report, new = saved(path)
    assert report.transactions_lost == 0
    assert rows(new, "configuration") == [(1, 1_040)]


def test_a_transaction_that_was_torn_at_the_end_is_no_damage(path, journal):
    cut(journal, 39)
    assert walfile.read(journal).lost == 0
    with journal.open("r+b") as file:
        file.truncate(32 + 39 * FRAME + 1_000)
    assert walfile.read(journal).lost == 0
    walfile.refuse_lost_transactions(path)


@pytest.mark.parametrize(("frame", "lost"), [(0, 40), (20, 20), (38, 2)])
def test_transactions_behind_damage_are_counted(path, journal, frame, lost):
    cut(journal, frame)
    assert walfile.read(journal).lost == lost
    with pytest.raises(Refused) as refused:
        walfile.refuse_lost_transactions(path)
    assert str(lost) in refused.value.fields["reason"]
    _, report, _ = saved(path)
    assert report.transactions_lost == lost


def test_a_journal_without_its_header_is_damage(path, journal):
    with journal.open("r+b") as file:
        file.write(bytes(32))
    assert walfile.read(journal).lost == 40
    assert [each.what for each in examine(path)] == ["file"]


@pytest.mark.parametrize("octets", [b"", b"x" * 31])
def test_a_journal_without_frames_holds_nothing(path, octets):
    walfile.beside(path).write_bytes(octets)
    assert walfile.read(walfile.beside(path)).lost == 0


def test_frames_of_an_earlier_writing_are_no_damage(path):
    with closing(sqlite.connect(path)) as connection:
        for number in range(30):
            connection.execute("UPDATE configuration SET version = ?", (1_000 + number,))
        connection.execute("PRAGMA wal_checkpoint(RESTART)")
        connection.execute("UPDATE configuration SET version = 2000")
        found = walfile.read(walfile.beside(path))
        assert walfile.beside(path).stat().st_size >= 32 + 30 * FRAME
    assert (found.lost, len(found.pages)) == (0, 1)


# ── copies, and looking through ──────────────────────────────────────────────────────────────────────────────────────


def test_a_copy_is_the_whole_and_never_replaces_anything(path):
    copy = path.with_name("copy.db")
    assert backup(path, copy) == copy.stat().st_size
    assert copy.stat().st_mode & 0o777 == 0o600
    assert {table: rows(copy, table) for table in tables(path)} == {table: rows(path, table) for table in tables(path)}
    with pytest.raises(FileExistsError):
        backup(path, copy)
    assert sorted(each.name for each in path.parent.glob("copy*")) == ["copy.db"]


def test_a_copy_that_finds_no_room_leaves_nothing(path, monkeypatch):
    connected = sqlite3.connect

    def small(*where, **how):
        made = connected(*where, **how)
        if "unfinished" in str(where[0]):
            made.execute("PRAGMA max_page_count = 10")
        return made

    monkeypatch.setattr("accredit.stores.backup.sqlite3.connect", small)
    with pytest.raises(Refused) as refused:
        backup(path, path.with_name("copy.db"))
    assert refused.value.row is STORE_BUSY
    assert not list(path.parent.glob("copy*"))


FEWER = "UPDATE {} SET " + ", ".join(f"{each} = max(0, {each} - 1)" for each in HOURS_OF_DAY)  # noqa: S608  our own
WRONG = {
    "an event that was not counted": (FEWER.format("signin_totals"), "counts of sign-ins"),
    "an hour that was not counted": ("DELETE FROM signin_hours", "counts of sign-ins"),
    "a resource that was not counted": (FEWER.format("signin_resources"), "counts of sign-ins"),
    "a use that was not counted": ("UPDATE signin_uses SET grants = grants - 1", "counts of sign-ins"),
    "a use that was later": ("UPDATE signin_uses SET last_at = last_at - 1", "counts of sign-ins"),
    "a grant that its application's index calls a failure": (
        "UPDATE signins_by_application SET code = 1 WHERE code = 0",
        "index of sign-ins",
    ),
    "a reference to nothing": ("UPDATE credentials SET issuer_id = 'x' WHERE seq = 3", "references"),
    "a body that nobody can read": ("UPDATE applications SET body = x'00' WHERE seq = 2", "bodies"),
    "an event that nobody can read": ("UPDATE signins SET body = x'00' WHERE seq = 2", "bodies"),
    "claims that nobody can read": ("INSERT INTO claim_sets VALUES (zeroblob(16), 1, x'00')", "bodies"),
    "an event that nothing lists as its application's": (
        "UPDATE signins_indexed SET seq = seq - 1",
        "index of sign-ins",
    ),
    "an event that its application's index lacks": ("DELETE FROM signins_by_application", "index of sign-ins"),
}


@pytest.mark.parametrize(("change", "where"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_found(path, change, where):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(change)
    assert [each.what for each in examine(path) if each.problems] == [where]


def test_a_damaged_index_is_found(path):
    overwrite(path, pages_of(path, "sqlite_autoindex_signins_1")[1][10][0])
    assert "pages" in [each.what for each in examine(path) if each.problems]
