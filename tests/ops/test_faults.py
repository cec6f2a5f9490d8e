"""A server whose disk fills up, or turns read-only, or whose database is damaged: what it says, and how it recovers."""

import json
import os
import random
import resource
import shutil
import stat
import subprocess
import tempfile
from base64 import urlsafe_b64decode
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from prometheus_client.parser import text_string_to_metric_families

from accredit.stores import sqlite
from tests.ops.conftest import PROXIES, tenant_of
from tests.ops.servers import COMMAND, PUBLIC, WITHIN, command, environment, initialise, serving, until
from tests.ops.workloads import employ

PAGE = 4_096  # bytes


@pytest.fixture
def folder(tmp_path):
    initialise(tmp_path, "--portability", "extended")
    return tmp_path


@contextmanager
def working(folder, **variables):
    """A production server, and a workload of its that gets tokens."""
    with serving(folder, emulator=False, **PROXIES, **variables) as server:
        workload = employ(server, tenant_of(server))
        yield server, workload


def conditions(server):
    """The status of /readyz, and the conditions that do not hold."""
    answer = server.admin.get("/readyz?verbose")
    wrong = {name: why for name, why in answer.json()["conditions"].items() if why != "ok"}
    return answer.status_code, wrong


def metric(server, name):
    families = text_string_to_metric_families(server.admin.get("/metrics").text)
    return sum(sample.value for family in families for sample in family.samples if sample.name == name)


def lines(server, event):
    logged = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
    return [each for each in logged if each["event"] == event]


def uti(answer):
    """The id of the event of an answered token."""
    claims = json.loads(urlsafe_b64decode(answer.json()["access_token"].split(".")[1] + "=="))
    return UUID(bytes_le=urlsafe_b64decode(claims["uti"] + "=="))


def logged(database):
    with closing(sqlite.connect(database)) as connection:
        return {UUID(bytes=each) for (each,) in connection.execute("SELECT id FROM signins")}


def tokens(workload, count):
    """The ids of so many tokens, all of which were answered."""
    answers = [workload.ask() for _ in range(count)]
    assert {each.status_code for each in answers} == {200}, [each.text for each in answers if each.status_code != 200]
    return {uti(each) for each in answers}


def refused(workload, count=10):
    for _ in range(count):
        answer = workload.ask()
        assert answer.status_code == 503
        assert answer.json()["error_codes"] == [90033]
        assert answer.json()["error"] == "temporarily_unavailable"
        assert int(answer.headers["retry-after"]) >= 1
        assert "Traceback" not in answer.text
        assert "sqlite" not in answer.text.lower(), "what is wrong with us is told to nobody but the operator"


def limited(server, octets):
    """No file of the server's process may grow beyond so many bytes; ``None``: any may."""
    _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard if octets is None else octets, hard))


def administrator(server):
    """A client of the directory API, whose token was issued while that was possible."""
    options = ("--data", str(server.data), "-o", "json")
    made = json.loads(command("app", "create", "terraform", *options).stdout)
    for done in (
        command("sp", "create", "graph", *options),
        command("permission", "grant", "terraform", "Microsoft Graph", "Application.ReadWrite.All", *options),
        secret := command("secret", "add", "terraform", *options),
    ):
        assert done.returncode == 0, done.stderr
    form = {
        "grant_type": "client_credentials",
        "client_id": made["appId"],
        "client_secret": json.loads(secret.stdout)["secretText"],
        "scope": "https://graph.microsoft.com/.default",
    }
    answer = server.token(tenant_of(server), form)
    assert answer.status_code == 200, answer.text
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


def applications(server, headers):
    return {each["displayName"] for each in server.http.get("/v1.0/applications", headers=headers).json()["value"]}


def killed(folder, count=20):
    """Issue some tokens, kill the server, so that its journal stays; return the ids of their events."""
    with serving(folder, emulator=False, **PROXIES) as server:
        workload = employ(server, tenant_of(server))
        found = tokens(workload, count)
        server.process.kill()
        server.process.wait()
    return found


# ── a disk that takes nothing ────────────────────────────────────────────────────────────────────────────────────────

REACHES = {"files cannot grow": lambda wal: wal, "nothing can be written at all": lambda _wal: 0}


@pytest.mark.parametrize("reach", REACHES.values(), ids=REACHES)
def test_while_nothing_can_be_written_no_token_is_issued_and_it_recovers_by_itself(folder, reach):
    with working(folder) as (server, workload):
        headers = administrator(server)
        before = tokens(workload, 5)
        known = applications(server, headers)
        limited(server, reach(server.data.joinpath("accredit.db-wal").stat().st_size))
        refused(workload)
        status, wrong = conditions(server)
        assert status == 503
        assert "the disk" in wrong["sign-in log"]
        assert metric(server, "accredit_signin_log_healthy") == 0
        assert metric(server, "accredit_signin_batches_failed_total") > 0
        answer = server.http.post("/v1.0/applications", json={"displayName": "half"}, headers=headers)
        assert answer.status_code == 503
        assert "cannot be written" in answer.json()["error"]["message"]
        assert applications(server, headers) == known
        until(lambda: metric(server, "accredit_signin_log_healthy") == 0)
        refused(workload)
        limited(server, None)
        until(lambda: conditions(server) == (200, {}))
        after = tokens(workload, 5)
        until(lambda: lines(server, "signin_log.written_again") or not reach(1))  # else its own log is not written
        assert server.http.post("/v1.0/applications", json={"displayName": "whole"}, headers=headers).status_code == 201
        assert applications(server, headers) == {*known, "whole"}
        until(lambda: lines(server, "signin_log.written_again"))
        assert before | after <= logged(server.data / "accredit.db")
        if reach(1):
            assert [each["level"] for each in lines(server, "signin_log.cannot_be_written")] == ["error"]
            assert "the disk" in lines(server, "signin_log.cannot_be_written")[0]["reason"]
            assert [each["turned_away"] for each in lines(server, "signin_log.written_again")] == [20]
            assert not [each for each in lines(server, "exchange.refused") if each["code"] == "AADSTS90033"]
    assert before | after <= logged(folder / "data" / "accredit.db")


def test_a_server_that_starts_on_a_full_disk_says_so_before_anybody_asks(folder):
    killed(folder)  # so that its journal is larger than what a file may be from now on
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, resource.RLIM_INFINITY))"
    with serving(folder, emulator=False, before=limit, **PROXIES) as server:
        assert conditions(server)[0] == 503
        assert "the disk" in conditions(server)[1]["sign-in log"]
        limited(server, None)
        until(lambda: conditions(server) == (200, {}))


def unmeasured():
    """The variables of a process that can write nowhere: what measures coverage would end it with a traceback."""
    return {name: value for name, value in environment().items() if not name.startswith("COV")}


def test_a_command_on_a_full_disk_says_so_and_changes_nothing(folder):
    options = ("--data", str(folder / "data"), "-o", "json")
    assert command("app", "create", "first", *options).returncode == 0

    def full():
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))

    done = subprocess.run(
        (*COMMAND, "app", "create", "second", *options),
        env=unmeasured(),
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
        preexec_fn=full,
    )
    assert done.returncode == 7, done.stderr
    assert "the disk does not take what is written to it" in done.stderr.replace("\n", " ").replace("  ", " ")
    assert "Traceback" not in done.stderr
    listed = command("app", "list", *options)
    assert [each["displayName"] for each in json.loads(listed.stdout)] == ["first"]


def test_below_the_reserve_grants_are_stored_and_unproven_refusals_only_counted(folder):
    with working(folder, ACCREDIT_RETENTION__RESERVE_MEGABYTES=str(2**20)) as (server, workload):
        assert metric(server, "accredit_signin_log_reserve") == 1
        assert conditions(server) == (200, {})
        granted, stranger = tokens(workload, 2), replace(workload, number=2)  # who signs with another key
        for _ in range(5):
            assert stranger.ask().status_code == 401
        assert logged(server.data / "accredit.db") == granted
        assert metric(server, "accredit_signin_events_counted_total") == 5
        until(lambda: metric(server, "accredit_signin_aggregates_written_total") >= 1)
        assert len(logged(server.data / "accredit.db")) == 3


# ── a small disk of its own, for real, where the machine lets us have one ────────────────────────────────────────────

MOUNT = """
import ctypes, os, shutil
libc = ctypes.CDLL(None, use_errno=True)
def done(result):
    if result: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
uid, gid = os.getuid(), os.getgid()
done(libc.unshare(0x00020000 | 0x10000000))  # mounts, users
open("/proc/self/setgroups", "w").write("deny")
open("/proc/self/uid_map", "w").write(f"{uid} {uid} 1")
open("/proc/self/gid_map", "w").write(f"{gid} {gid} 1")
seed = DATA + ".seed"
shutil.copytree(DATA, seed)
done(libc.mount(b"none", DATA.encode(), b"tmpfs", 0, b"size=6m,mode=700"))
shutil.copytree(seed, DATA, dirs_exist_ok=True)
"""


def may_mount(folder):
    data = folder / "probe"
    data.mkdir()
    program = f"DATA = {str(data)!r}\n{MOUNT}"
    done = subprocess.run(["python3", "-c", program], capture_output=True, text=True, timeout=WITHIN, check=False)
    return done.stderr.strip().splitlines()[-1] if done.returncode else ""


def test_a_file_system_that_is_full_for_real(folder):
    if why := may_mount(folder):
        pytest.skip(f"this machine allows no file system of one's own: {why}")
    with working(folder) as (_, workload):
        pass
    start = f"DATA = {str(folder / 'data')!r}\n{MOUNT}"
    with serving(folder, emulator=False, before=start, **PROXIES) as server:
        workload = replace(workload, server=server)
        inside = Path(f"/proc/{server.process.pid}/root{server.data}")
        before = tokens(workload, 5)
        filler = inside / "filler"
        with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
            file.writelines(bytes(PAGE) for _ in range(10_000))
        issued = set()
        for _ in range(200):  # the journal may have a page left
            answer = workload.ask()
            if answer.status_code != 200:
                break
            issued.add(uti(answer))
        refused(workload)
        status, wrong = conditions(server)
        assert status == 503
        assert wrong["sign-in log"].startswith("the disk is full (SQLITE_FULL")
        filler.unlink()
        until(lambda: conditions(server) == (200, {}))
        after = tokens(workload, 5)
        for name in ("accredit.db", "accredit.db-wal"):  # SQLite would follow the link to a file system of ours
            shutil.copy(inside / name, folder / name)
    assert before | issued | after <= logged(folder / "accredit.db")


# ── a disk, or a file, that is read-only ─────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def ours():
    """A folder that a user without rights reaches, and what makes a process that user's: chmod does not stop root."""
    made = Path(tempfile.mkdtemp(prefix="accredit-faults-"))
    made.chmod(0o755)
    try:
        yield made
    finally:
        shutil.rmtree(made)


NOBODY = 65_534
BECOME = f"import os\nos.geteuid() or (os.setgid({NOBODY}), os.setuid({NOBODY}))"


def owned(folder, mode, *, directory=0o700):
    data = folder / "data"
    for each in (*data.iterdir(), data, folder):
        if os.geteuid() == 0:
            os.chown(each, NOBODY, NOBODY)
        each.chmod(stat.S_IMODE(each.stat().st_mode) if each == folder else directory if each == data else mode)


def started(folder):
    """Try to start a server as a user without rights; return how that ended."""
    program = f"import sys\n{BECOME}\nfrom accredit.cli import main\nsys.exit(main())"
    told = ("serve", "--data", str(folder / "data"), "--port", "0", "--admin-port", "0")
    return subprocess.run(
        (COMMAND[0], "-c", program, *told, "--public-url", f"https://{PUBLIC}"),
        env=unmeasured(),
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )


def ends_clearly(done, exit_code, *words):
    said = " ".join(done.stderr.split())
    assert done.returncode == exit_code, done.stderr
    assert "Traceback" not in said
    assert "fault of accredit" not in said
    for each in words:
        assert each in said


def test_it_does_not_start_on_a_directory_that_is_read_only(ours):
    initialise(ours)
    with working(ours):
        pass
    owned(ours, 0o400, directory=0o500)
    ends_clearly(started(ours), 2, "serve.lock cannot be written", "Permission denied")


def test_it_does_not_start_with_a_database_that_is_read_only(ours):
    initialise(ours)
    with working(ours):
        pass
    owned(ours, 0o600)
    (ours / "data" / "accredit.db").chmod(0o400)
    ends_clearly(started(ours), 7, "the database or its disk is read-only")


# ── a damaged database ───────────────────────────────────────────────────────────────────────────────────────────────


def overwrite(path, offset, octets):
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(random.Random(1).randbytes(octets))  # noqa: S311  any octets will do


def root_of(database, name):
    """The first page of a table or index, after everything of the journal is in the file."""
    with closing(sqlite.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()[0]


def served(folder, count=20):
    """Issue some tokens, stop the server; return the ids of their events."""
    with working(folder) as (_, workload):
        return tokens(workload, count)


DAMAGES = {
    "the header": lambda db: overwrite(db, 0, 100),
    "the first page": lambda db: overwrite(db, 0, PAGE),
    "the sign-ins' first page": lambda db: overwrite(db, (root_of(db, "signins") - 1) * PAGE, PAGE),
    "the page of the configuration": lambda db: overwrite(db, (root_of(db, "configuration") - 1) * PAGE, PAGE),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_it_does_not_start_with_a_damaged_database_and_leaves_it_as_it_is(folder, damage):
    served(folder)
    database = folder / "data" / "accredit.db"
    damage(database)
    before = database.read_bytes()
    told = ("serve", "--data", str(database.parent), "--port", "0", "--admin-port", "0")
    done = command(*told, "--public-url", f"https://{PUBLIC}")
    ends_clearly(done, 1, "the database is damaged", "accredit db recover --to FILE")
    assert database.read_bytes() == before
    checked = command("db", "check", "--data", str(database.parent), "-o", "json")
    assert checked.returncode == 3, checked.stderr
    assert any(each["problems"] for each in json.loads(checked.stdout))


def test_it_does_not_start_where_transactions_stand_behind_damage_in_the_journal(folder):
    events = killed(folder)
    database = folder / "data" / "accredit.db"
    wal = database.with_name("accredit.db-wal")
    frames = (wal.stat().st_size - 32) // (PAGE + 24)
    overwrite(wal, 32 + (frames // 2) * (PAGE + 24) + 24, 200)
    before = wal.read_bytes()
    told = ("serve", "--data", str(database.parent), "--port", "0", "--admin-port", "0")
    done = command(*told, "--public-url", f"https://{PUBLIC}")
    ends_clearly(done, 1, "transactions in accredit.db-wal stand behind bytes that are damaged")
    assert wal.read_bytes() == before, "they may still be wanted"
    assert command("db", "check", "--data", str(database.parent)).returncode == 3
    saved = folder / "saved.db"
    done = command("db", "recover", "--to", str(saved), "--data", str(database.parent))
    ends_clearly(done, 3, "transactions of the journal stand behind damage")
    assert events == logged(saved), "what they logged is found"


def test_events_that_vanished_with_a_deleted_journal_are_told(folder):
    with serving(folder, emulator=False, **PROXIES) as server:
        workload = employ(server, tenant_of(server))
        database, mark = server.data / "accredit.db", server.data / "signins.place"
        kept = tokens(workload, 5)
        root_of(database, "signins")  # moves them from the journal into the file
        vanished = tokens(workload, 7)
        until(lambda: mark.exists() and int(mark.read_text()) == 12)
        server.process.kill()
        server.process.wait()
    database.with_name("accredit.db-wal").unlink()
    with serving(folder, emulator=False, **PROXIES) as server:
        assert [each["count"] for each in lines(server, "signin_log.events_missing")] == [7]
        found = logged(database)
        assert kept <= found
        assert not vanished & found
    with serving(folder, emulator=False, **PROXIES) as server:
        assert len(lines(server, "signin_log.events_missing")) == 1, "it is told once"


@pytest.mark.parametrize("name", ["accredit.db-shm", "nothing"])
def test_it_starts_after_a_kill_whatever_its_shared_memory_holds(folder, name):
    events = killed(folder)
    if (path := folder / "data" / name).exists():
        overwrite(path, 0, path.stat().st_size)
    with serving(folder, emulator=False, **PROXIES) as server:
        assert conditions(server) == (200, {})
        assert events <= logged(server.data / "accredit.db")


def test_damage_that_is_found_while_serving_ends_issuing_until_it_is_repaired(folder):
    with working(folder) as (server, workload):
        events = tokens(workload, 20)
        database = server.data / "accredit.db"
        overwrite(database, (root_of(database, "sqlite_autoindex_signins_1") - 1) * PAGE, PAGE)
        with closing(
            sqlite.connect(database)
        ) as other:  # another program's change: what is kept in memory is read anew
            other.execute("UPDATE configuration SET version = version + 1")
        refused(workload, 3)
        status, wrong = conditions(server)
        assert status == 503
        assert wrong["sign-in log"].startswith("the database is damaged")
        assert wrong["database"].startswith("the database is damaged")
        refused(workload, 3)
        assert server.stop() == 0
    assert len(lines(server, "signin_log.cannot_be_written")) == 1
    assert "Traceback" not in server.log.read_text()
    saved = folder / "saved.db"
    done = command("db", "recover", "--to", str(saved), "--data", str(server.data), "-o", "json")
    assert done.returncode == 0, done.stderr
    assert {each["lost"] for each in json.loads(done.stdout)} == {0}
    (folder / "damaged").mkdir()
    for each in server.data.glob("accredit.db*"):
        each.rename(folder / "damaged" / each.name)
    saved.rename(server.data / "accredit.db")
    with serving(folder, emulator=False, **PROXIES) as again:
        events |= tokens(replace(workload, server=again), 3)
        assert events == logged(again.data / "accredit.db")
    assert command("db", "check", "--data", str(server.data)).returncode == 0


def test_what_a_question_finds_damaged_ends_issuing_as_well(folder):
    with working(folder) as (server, workload):
        headers = administrator(server)
        tokens(workload, 5)
        database = server.data / "accredit.db"
        overwrite(database, (root_of(database, "audits") - 1) * PAGE, PAGE)
        with closing(sqlite.connect(database)) as other:
            other.execute("UPDATE configuration SET version = version + 1")
        answer = server.http.post("/v1.0/applications", json={"displayName": "any"}, headers=headers)
        assert answer.status_code == 500
        assert "the database is damaged" in answer.json()["error"]["message"]
        assert conditions(server)[1]["database"].startswith("the database is damaged")
        refused(workload, 3)
        assert "Traceback" not in server.log.read_text()


# ── copies ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_copy_made_while_it_serves_is_served_elsewhere(folder):
    copy = folder / "copy.db"
    with working(folder) as (server, workload):
        events = tokens(workload, 10)
        done = command("db", "backup", str(copy), "--data", str(server.data), "-o", "json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["bytes"] == copy.stat().st_size
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        later = tokens(workload, 3)
        again = command("db", "backup", str(copy), "--data", str(server.data))
        ends_clearly(again, 2, "there is such a file already", "Name another file")
        nowhere = command("db", "backup", str(folder / "none" / "copy.db"), "--data", str(server.data))
        ends_clearly(nowhere, 2, "ACC1007", "No such file or directory")
    assert sorted(each.name for each in folder.glob("copy*")) == ["copy.db"]
    for each in (folder / "data").glob("accredit.db*"):
        each.unlink()
    copy.rename(folder / "data" / "accredit.db")
    with serving(folder, emulator=False, **PROXIES) as server:
        found = logged(server.data / "accredit.db")
        assert events <= found
        assert not later & found
        tokens(replace(workload, server=server), 2)


def test_a_damaged_database_is_not_copied(folder):
    served(folder)
    database = folder / "data" / "accredit.db"
    overwrite(database, (root_of(database, "sqlite_autoindex_signins_1") - 1) * PAGE, PAGE)
    done = command("db", "backup", str(folder / "copy.db"), "--data", str(database.parent))
    ends_clearly(done, 1, "the database is damaged")
    assert not list(folder.glob("copy*"))


def test_recovering_is_refused_while_a_server_runs_and_never_replaces_a_file(folder):
    there = folder / "there.db"
    there.write_text("mine")
    with working(folder) as (server, _):
        options = ("--data", str(server.data))
        ends_clearly(command("db", "recover", "--to", str(folder / "new.db"), *options), 5, "another server is serving")
    ends_clearly(command("db", "recover", "--to", str(there), *options), 2, "there is such a file already")
    assert there.read_text() == "mine"
