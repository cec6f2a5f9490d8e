"""A server that sends its sign-in log to a collector, as an operator sets it up; and both ends killed at any moment."""

import random
import re
import signal
import time
from collections import Counter
from contextlib import suppress
from uuid import UUID

import httpx2
import pytest

from accredit.app import seed
from accredit.stores.event_reader import EventReader
from tests.ops.servers import command, free_port, serving, start, until
from tests.ops.test_lifecycle import TENANT, mint, secret_form, workload_form
from tests.support.collector import Process, certificates, collecting

pytestmark = pytest.mark.slow

ROUNDS = 5
SHORT_LEASE = (
    "import datetime, accredit.stores.exports as exports\n"
    "exports.LEASE = datetime.timedelta(seconds=0.3)"  # of a server that was killed; else each round would wait for it
)
SENT_WITHIN = 30.0  # seconds
LAZY = ("accredit.app.exporting", "opentelemetry", "google.protobuf", "httpx2", "duckdb")


def settings(collector, tls):
    return {"ACCREDIT_EXPORT__OTLP__ENDPOINT": collector.url, "ACCREDIT_EXPORT__OTLP__CA_FILE": str(tls.ca)}


def figure(server, name):
    found = re.search(rf"^{re.escape(name)} ([0-9.e+-]+)$", server.admin.get("/metrics").text, re.MULTILINE)
    return float(found[1]) if found else None


def sign_in(server):
    """One that is granted, one that is refused: with a token that nobody's key signed, and a wrong secret."""
    token = mint(server)
    answers = [
        server.token(TENANT, workload_form(token)),
        server.token(TENANT, workload_form(token[:-8] + "AAAAAAAA")),
        server.token(TENANT, secret_form(client_secret="canary-secret-77f1")),
    ]
    assert [each.status_code for each in answers] == [200, 401, 401]
    return token, answers[0].json()["access_token"]


def test_a_server_sends_what_it_logs_and_tells_how_it_goes(tmp_path):
    tls = certificates(tmp_path)
    with collecting(tls) as collector, serving(tmp_path, **settings(collector, tls)) as server:
        token, issued = sign_in(server)
        until(lambda: len(set(collector.events())) == 3)
        until(lambda: figure(server, "accredit_export_lag_events") == 0)
        assert figure(server, "accredit_export_lag_seconds") == 0
        assert figure(server, 'accredit_exported_total{result="sent"}') >= 3
        assert figure(server, 'accredit_exported_total{result="lost"}') == 0
        ready = server.admin.get("/readyz?verbose")
        assert (ready.status_code, ready.json()["remarks"]) == (200, {"export": "0 events behind"})

        collector.always = lambda _: (503, {}, b"")
        sign_in(server)
        until(lambda: figure(server, "accredit_export_lag_events") == 3)
        until(lambda: figure(server, "accredit_export_failures_total") > 0)
        ready = server.admin.get("/readyz?verbose")
        assert ready.status_code == 200  # a collector that is down is no reason not to issue
        assert "3 events behind; status 503" in ready.json()["remarks"]["export"]
        told = command("logs", "export", "--status", "-o", "json", "--data", str(server.data), "--local")
        assert told.returncode == 0, told.stderr
        assert '"eventsBehind": 3' in told.stdout
        assert '"isHeld": true' in told.stdout

        collector.always = None
        until(lambda: len(set(collector.events())) == 6, SENT_WITHIN)
        _refuse_secrets(b"".join(collector.bodies), server, token, issued)


def _refuse_secrets(sent, server, *tokens):
    """Neither assertion nor token nor any secret, not even a signature, may be in what was sent or logged."""
    assert str(seed.WORKLOAD_ID).encode() in sent
    for each in (sent, server.log.read_bytes()):
        for token in tokens:
            assert token.encode() not in each
            assert token.rpartition(".")[2].encode() not in each
        assert b"canary-secret-77f1" not in each
        assert seed.ADMIN_SECRET.encode() not in each


def test_without_a_collector_nothing_of_it_is_loaded_and_nothing_said(tmp_path):
    before = (
        "import atexit, sys\n"
        f"atexit.register(lambda: open({str(tmp_path / 'loaded')!r}, 'w').write("
        f"repr([name for name in {LAZY!r} if name in sys.modules])))"
    )
    with serving(tmp_path, before=before) as server:
        sign_in(server)
        assert "export" not in server.admin.get("/metrics").text
        assert "remarks" not in server.admin.get("/readyz?verbose").json()
    assert (tmp_path / "loaded").read_text() == "[]"
    told = command("logs", "export", "--status", "-o", "json", "--data", str(tmp_path / "data"), "--local")
    assert (told.returncode, told.stdout) == (0, "[]\n"), told.stderr


WRONG = {
    "plain, elsewhere": ({"ENDPOINT": "http://otel.corp.test:4318"}, "export.otlp.endpoint: it must be https"),
    "headers that are not there": (
        {"ENDPOINT": "https://otel.corp.test", "HEADERS_FILE": "/nowhere/headers"},
        "export.otlp.headers_file: ",
    ),
    "a CA that is not there": (
        {"ENDPOINT": "https://otel.corp.test", "CA_FILE": "/nowhere/ca.pem"},
        "export.otlp.ca_file: ",
    ),
    "a batch of nothing": ({"BATCH": "0"}, "export.otlp.batch: "),
    "an unknown name": ({"ENDPONT": "x"}, "did you mean export.otlp.endpoint?"),
}


@pytest.mark.parametrize(("given", "said"), WRONG.values(), ids=WRONG.keys())
def test_settings_that_cannot_be_are_said_before_anything_starts(given, said):
    variables = {f"ACCREDIT_EXPORT__OTLP__{name}": value for name, value in given.items()}
    done = command("config", "check", ACCREDIT_PUBLIC_URL="https://sts.corp.test", **variables)
    assert done.returncode != 0
    assert said in " ".join(done.stderr.split())


def test_without_the_extra_the_command_that_installs_it_is_named(tmp_path):
    (tmp_path / "opentelemetry").mkdir()  # stands before the real one, and has nothing in it
    (tmp_path / "opentelemetry" / "__init__.py").touch()
    given = {"ACCREDIT_EXPORT__OTLP__ENDPOINT": "https://otel.corp.test", "PYTHONPATH": str(tmp_path)}
    done = command("config", "check", ACCREDIT_PUBLIC_URL="https://sts.corp.test", **given)
    assert done.returncode != 0
    assert "pip install 'accredit[otel]'" in done.stderr


@pytest.mark.timeout(180)
def test_both_ends_killed_at_any_moment_lose_nothing(tmp_path):
    tls, dice = certificates(tmp_path), random.Random(20260301)  # noqa: S311  any moments will do
    collector = Process(free_port(), tls, tmp_path / "confirmed")
    answered: list[str] = []
    try:
        for number in range(ROUNDS):
            collector.start()
            server = start(tmp_path, before=SHORT_LEASE, **settings(collector, tls))
            moments = sorted((dice.uniform(0.2, 1.5), dice.uniform(0.2, 1.5)))
            answered += _signing_in(server, moments[0])
            first, second = (server.process, collector) if number % 2 else (collector, server.process)
            first.kill()
            answered += _signing_in(server, moments[1] - moments[0]) if first is collector else []
            second.kill()
            server.stop(signal.SIGKILL)
        collector.start()
        arrived_before = len(collector.confirmed())
        with serving(tmp_path, before=SHORT_LEASE, **settings(collector, tls)) as server:
            until(lambda: figure(server, "accredit_export_lag_events") == 0, SENT_WITHIN)
    finally:
        collector.kill()
    with EventReader(tmp_path / "data" / "accredit.db") as reader:
        stored = {str(each.id) for each in reader.last(UUID(TENANT), limit=1_000_000)}
    confirmed = Counter(collector.confirmed())
    assert len(answered) > ROUNDS
    assert arrived_before > 0  # while there were kills
    assert set(answered) <= stored
    assert confirmed.keys() == stored


def _signing_in(server, seconds):
    """Sign in for so long; return the request ids of what was answered."""
    found, ends = [], time.monotonic() + seconds
    with suppress(httpx2.HTTPError, AssertionError):
        while time.monotonic() < ends:
            answer = server.token(TENANT, secret_form())
            assert answer.status_code == 200
            found.append(answer.headers["x-ms-request-id"])
    return found
