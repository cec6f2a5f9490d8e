"""`accredit logs tail -f`: what arrives is told once and completely, also across a restart of the server."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from queue import Queue
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest

from accredit.cli.log_tail import MOST, Watch
from accredit.query import And, Compare
from accredit.signins import Event
from accredit.stores.event_reader import EventReader
from accredit.stores.event_row import INSERT, row
from accredit.stores.sqlite import connect
from tests.support.emulator import running

TENANT = UUID("acc7ed17-0000-4000-8000-000000000001")
APP, OTHER = UUID(int=1), UUID(int=2)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PATIENCE = 100.0  # seconds, on a machine that is busy with other tests


def event(seconds, app=APP, **members):
    """A sign-in that began so many seconds after noon."""
    known = {"app_name": "app", "principal_id": UUID(int=3), "correlation_id": uuid4(), "address": "127.0.0.1"}
    at = NOON + timedelta(seconds=seconds)
    return Event(id=uuid4(), at=at, tenant_id=TENANT, app_id=app, **{**known, **members})


@pytest.fixture
def log(data):
    """The log of a directory, and how events arrive in it."""
    path = data / "accredit.db"
    with closing(connect(path)) as connection, EventReader(path) as reader:
        connection.execute("DELETE FROM signins")

        def arrive(*events):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(INSERT, map(row, events))
            connection.execute("COMMIT")
            return [each.id for each in events]

        yield reader, arrive


def ids(events):
    return [each.id for each in events]


OF_APP = Compare("appId", "eq", str(APP))
CONDITIONS = {
    "all": None,
    "those of one application": OF_APP,
    "those of one application that failed": And((OF_APP, Compare("status/errorCode", "ne", 0))),
    "those that failed": Compare("status/errorCode", "ne", 0),
}


@pytest.mark.parametrize("which", CONDITIONS)
def test_what_arrives_is_told_once_and_in_order(log, which):
    reader, arrive = log
    first = arrive(event(0, code=1), event(1, code=1), event(2, code=1))
    watch = Watch(reader, TENANT, CONDITIONS[which])
    assert ids(watch.begin(2)) == first[1:]
    assert watch.arrived() == []
    more = arrive(*(event(3 + n, code=1) for n in range(1_200)))
    assert ids(watch.arrived()) == more
    assert watch.arrived() == []
    late = arrive(event(700, code=1), event(1_300, code=1), event(1_250, code=1))
    assert ids(watch.arrived()) == [late[2], late[1]], "what began 500 s before the newest is not waited for"
    assert watch.arrived() == []


@pytest.mark.parametrize("which", CONDITIONS)
def test_those_of_one_time_are_told_as_they_arrived(log, which):
    """At a URL times are whole seconds: many have the same."""
    reader, arrive = log
    arrive(event(0, code=1))
    watch = Watch(reader, TENANT, CONDITIONS[which])
    watch.begin(1)
    more = arrive(*(event(1 + n // 3, code=1) for n in range(9)))
    assert ids(watch.arrived()) == more


@pytest.mark.parametrize("which", CONDITIONS)
def test_a_sign_in_that_took_its_time_is_told_when_it_arrives(log, which):
    reader, arrive = log
    arrive(event(0, code=1), event(60, code=1))
    watch = Watch(reader, TENANT, CONDITIONS[which])
    assert len(watch.begin(10)) == 2
    (late,) = arrive(event(30, code=1))
    assert ids(watch.arrived()) == [late]
    (later,) = arrive(event(5, code=1))
    assert ids(watch.arrived()) == [later]
    assert watch.arrived() == []


def test_what_was_not_shown_at_the_beginning_is_not_told_later(log):
    reader, arrive = log
    arrive(*(event(n) for n in range(40)))
    for condition in (None, OF_APP):
        watch = Watch(reader, TENANT, condition)
        assert watch.begin(0) == []
        (new,) = arrive(event(50))
        assert ids(watch.arrived()) == [new]


def test_what_others_do_is_looked_at_and_not_told(log):
    reader, arrive = log
    watch = Watch(reader, TENANT, OF_APP)
    assert watch.begin(10) == []
    for minutes in range(5):
        arrive(event(minutes * 60, app=OTHER))
        assert watch.arrived() == []
    (mine,) = arrive(event(250))
    assert ids(watch.arrived()) == [mine]
    assert len(watch.told) == 1


def test_an_empty_log_is_waited_at(log):
    reader, arrive = log
    watch = Watch(reader, TENANT, None)
    assert watch.begin(10) == watch.arrived() == []
    assert ids(watch.arrived()) == arrive() == []
    made = arrive(event(1), event(0))
    assert ids(watch.arrived()) == made[::-1]


@pytest.mark.slow
def test_a_long_list_comes_page_by_page(log, data):
    _, arrive = log
    arrive(*(event(n) for n in range(MOST)))
    command = [sys.executable, "-m", "accredit", "logs", "list", "-o", "jsonl", "--data", str(data), "-n"]
    begun = used()
    with subprocess.Popen([*command, "3000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        newest = json.loads(process.stdout.readline())
        assert newest["createdDateTime"] == (NOON + timedelta(seconds=MOST - 1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        assert sum(1 for _ in process.stdout) == 2_999
    assert process.returncode == 0
    some, begun = used() - begun, used()
    with subprocess.Popen([*command, str(MOST)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()  # as head -n 1 does
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 0
    assert used() - begun < 3 * some, "the rest was read and written, too"


def used() -> float:
    """Seconds of a processor that ended children took."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


class Following:
    """The command, in a process of its own, and what it says."""

    def __init__(self, process):
        self.process = process
        self.out, self.err = Queue(), Queue()
        self.readers = [
            threading.Thread(target=self._read, args=each, daemon=True)
            for each in ((process.stdout, self.out), (process.stderr, self.err))
        ]
        for each in self.readers:
            each.start()

    @staticmethod
    def _read(stream, into):
        for line in stream:
            into.put(line.decode().rstrip("\n"))

    def told(self):
        return json.loads(self.out.get(timeout=PATIENCE))["id"]

    def said(self):
        return self.err.get(timeout=PATIENCE)

    def rest(self):
        """What it said and nobody has read, once it has ended."""
        for each in self.readers:
            each.join(PATIENCE)
        return list(self.err.queue)

    def interrupted(self):
        """Press Ctrl-C, and return how it ended."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)


@contextmanager
def following(*words, environment=None):
    command = [sys.executable, "-m", "accredit", "logs", "tail", "-f", "-o", "jsonl", *words]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **(environment or {})}
    ) as process:
        try:
            yield Following(process)
        finally:
            process.kill()


def signed_in(emulator):
    """Have the administrator sign in for another API, and return the request's id."""
    admin = emulator.ready["admin"]
    form = {**admin, "grant_type": "client_credentials", "scope": "api://nothing/.default"}
    answer = emulator.http.post(emulator.token_endpoint(), data=form)
    return answer.headers["x-ms-request-id"]


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("where", ["here", "there"])
def test_following_survives_a_restart_of_the_server(tmp_path, where):
    with ExitStack() as until_the_end:
        with running(tmp_path) as emulator:
            port, words = urlsplit(emulator.url).port, ("--data", str(emulator.data)) if where == "here" else ()
            first = signed_in(emulator)
            tail = until_the_end.enter_context(following("--failed", "-n", "1", *words, environment=known(emulator)))
            assert tail.told() == first
            second = signed_in(emulator)
            assert tail.told() == second
        if where == "there":
            assert "cannot be reached" in tail.said() + tail.said()
        with running(tmp_path, "--port", str(port)) as emulator:
            third = signed_in(emulator)
            assert tail.told() == third
            assert tail.interrupted() == 130
    assert tail.out.empty()
    told = " ".join(tail.rest())
    assert ("It answers again." in told) is (where == "there")
    assert "rror" not in told, "Ctrl-C is no failure"


def known(emulator):
    """What the environment says of an emulator and its administrator."""
    admin = emulator.ready["admin"]
    return {
        "ACCREDIT_URL": emulator.url,
        "ACCREDIT_CA_FILE": str(emulator.ca_file),
        "ACCREDIT_CLIENT_ID": admin["client_id"],
        "ACCREDIT_CLIENT_SECRET": admin["client_secret"],
    }


@pytest.mark.slow
def test_following_ends_where_a_script_wants_it_to(cli):
    ended = cli("logs", "tail", "--until-idle", "1.5", "-o", "jsonl")
    assert (ended.code, len(ended.out.splitlines()), ended.err) == (0, 2, "")
    assert len(cli("logs", "tail", "--count", "1", "-o", "jsonl").out.splitlines()) == 1
