"""The sign-in log on its way to a collector: a real one, over TLS, which answers as collectors do and should not."""

import gzip
import io
import json
import socket
import threading
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from email.utils import format_datetime
from time import monotonic, sleep

import pytest

from accredit import observe
from accredit.app import exporting
from accredit.app.exporting import Exporter
from accredit.config import Otlp
from accredit.outbound import collector as outbound
from accredit.stores.exports import OTLP, standings
from accredit.stores.quota import Quota
from tests.ops.servers import until
from tests.stores.attempts import START, Moving, everything, granted, opened, refused
from tests.stores.test_exports import delete, grow
from tests.support.collector import PROTOBUF, attributes, certificates, collecting, yes

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    return certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "accredit.db"


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    """Waits of a second are waits of 20 ms; those that a collector asks for are as long as it says."""
    for name in ("FIRST_WAIT", "LOOKED_EVERY", "AGAIN_AFTER"):
        monkeypatch.setattr(exporting, name, 0.02)
    monkeypatch.setattr(exporting, "LONGEST_WAIT", 0.2)


@contextmanager
def exports(path, url, tls, *, clock=None, lines=None, **settings):
    settings = {"ca_file": str(tls.ca) if tls else "", "timeout": 5, **settings}
    made = Exporter(
        Otlp(endpoint=url, **settings),
        path,
        base="https://sts.corp.test",
        holder=b"ours",
        clock=clock or Moving(),
        jitter=lambda: 0.0,
        log=observe.logger(stream=lines if lines is not None else io.StringIO()),
    )
    made.start()
    try:
        yield made
    finally:
        made.close()
        assert not made._thread.is_alive()  # noqa: SLF001  it ends when it is told to


def shipped(path):
    return standings(path)[OTLP].behind == 0 if OTLP in standings(path) else False


def logged(lines, name):
    return [each for line in lines.getvalue().splitlines() if (each := json.loads(line))["event"] == name]


async def test_every_event_arrives_as_a_record_that_says_all_about_it(path, tls):
    async with opened(path) as log:
        first, second = await granted(log), await refused(log, START + timedelta(seconds=1))
        with collecting(tls) as collector, exports(path, collector.url, tls) as exporter:
            until(lambda: exporter.figures.counted["sent"] == 2)
            assert collector.uids() == collector.events() == [str(first), str(second)]
            good, bad = collector.records
            assert good.time_unix_nano == int(START.timestamp()) * 10**9
            assert (good.severity_text, good.event_name) == ("INFO", "accredit.sign_in")
            assert good.body.string_value == "sign-in granted: deploy-bot-1"
            assert (bad.severity_text, bad.body.string_value) == ("WARN", "sign-in refused (700213): deploy-bot-1")
            said = attributes(good)
            assert said["client.address"] == "192.0.2.7"
            assert said["accredit.code"] == 0
            assert said["accredit.roles"] == ["Orders.Read.All"]
            assert said["accredit.credential_name"] == "github-1"
            assert said["accredit.time"] == "2026-03-01T12:00:00Z"
            logs = collector.requests[0].resource_logs[0]
            told = {each.key: each.value.string_value for each in logs.resource.attributes}
            assert (told["service.name"], told["accredit.authority"]) == ("accredit", "https://sts.corp.test")
            assert collector.headers[0]["content-encoding"] == "gzip"
            until(lambda: exporter.figures.behind == 0)
            assert exporter.lag() == 0.0
            assert exporter.remark() == "0 events behind"
            third = await granted(log)
            until(lambda: collector.events()[-1] == str(third))


def status(code, **headers):
    return lambda _: (code, {name.replace("_", "-"): value for name, value in headers.items()}, b"no")


def garbage(kind, body=b"<html>Welcome</html>"):
    return lambda _: (200, {"Content-Type": kind}, body)


def hanging(_):
    sleep(1.5)
    return yes()


LATER = {
    "it is broken": status(500),
    "it is overloaded": status(429),
    "it is down": status(503),
    "a gateway before it is": status(502),
    "it has no logs": status(404),
    "it does not know us": status(401),
    "it sends us elsewhere": status(307, Location="https://localhost:1/v1/logs"),
    "a portal says welcome": garbage("text/html"),
    "its answer is no message": garbage(PROTOBUF, b"\xff\xff\xff"),
    "its answer is no JSON": garbage("application/json", b"{"),
    "its answer has no type": lambda _: (200, {}, b"ok"),
    "its answer is packed": lambda _: (200, {"Content-Type": PROTOBUF, "Content-Encoding": "gzip"}, gzip.compress(b"")),
    "its answer never ends": garbage(PROTOBUF, b"\n" * 100_000),
    "it hangs": hanging,
}


@pytest.mark.parametrize("behaviour", LATER.values(), ids=LATER.keys())
async def test_what_was_not_confirmed_is_sent_again(path, tls, behaviour):
    lines = io.StringIO()
    async with opened(path) as log:
        sent = [str(await granted(log)) for _ in range(3)]
        with collecting(tls) as collector:
            collector.next = [behaviour, behaviour]
            with exports(path, collector.url, tls, timeout=1, lines=lines) as exporter:
                until(lambda: exporter.figures.counted["sent"] == 3)
                assert set(collector.events()) == set(sent)
                assert exporter.figures.failures == 2
                until(lambda: exporter.figures.trouble == "")
    assert len(collector.requests) == 3
    assert len(logged(lines, "export.failed")) == 1  # the second one was the same
    (well,) = logged(lines, "export.recovered")
    assert well["failures"] == 2


@pytest.mark.parametrize("how", ["1", "date"])
async def test_it_waits_as_long_as_the_collector_says(path, tls, how):
    clock = Moving()
    at = clock() + timedelta(seconds=1)
    said = "1" if how == "1" else format_datetime(at, usegmt=True)
    async with opened(path) as log:
        await granted(log)
        with collecting(tls) as collector:
            collector.next = [status(429, Retry_After=said)]
            with exports(path, collector.url, tls, clock=clock):
                until(lambda: len(collector.times) == 2)
    assert collector.times[1] - collector.times[0] >= 0.99


async def test_a_collector_that_is_down_is_asked_again_and_again(path, tls):
    async with opened(path) as log:
        await granted(log)
        with collecting(tls) as collector:
            collector.always = status(503)
            with exports(path, collector.url, tls) as exporter:
                until(lambda: len(collector.times) == 7)
                assert exporter.figures.behind == 1
                assert "status 503" in exporter.remark()
    waits = [b - a for a, b in zip(collector.times, collector.times[1:], strict=False)]
    assert waits[-1] >= 0.09  # half of LONGEST_WAIT here


PAUSES = {
    "the first": (1, 1.0, 1.0),
    "the first, at the least": (1, 0.0, 0.5),
    "the second": (2, 1.0, 2.0),
    "one before the longest": (6, 1.0, 32.0),
    "the longest": (7, 1.0, 60.0),
    "after weeks": (10**9, 0.0, 30.0),
}


@pytest.mark.parametrize(("failures", "chance", "seconds"), PAUSES.values(), ids=PAUSES.keys())
def test_waits_grow_and_end(failures, chance, seconds, monkeypatch):
    monkeypatch.undo()  # seconds are seconds here
    assert exporting.pause(failures, chance) == seconds


async def test_what_a_collector_rejects_is_counted_and_told_and_not_sent_again(path, tls):
    lines = io.StringIO()
    async with opened(path) as log:
        for _ in range(5):
            await granted(log)
        with collecting(tls) as collector:
            collector.next = [lambda _: yes(2, "too old")]
            with exports(path, collector.url, tls, lines=lines) as exporter:
                until(lambda: exporter.figures.behind == 0 and exporter.figures.counted["sent"])
                assert exporter.figures.counted == {"sent": 3, "rejected": 2, "lost": 0}
    assert len(collector.requests) == 1
    (said,) = logged(lines, "export.rejected")
    assert (said["count"], said["of"], said["reason"]) == (2, 5, "too old")


async def test_answers_in_json_are_read_too(path, tls):
    async with opened(path) as log:
        await granted(log)
        with collecting(tls) as collector:
            body = b'{"partialSuccess":{"rejectedLogRecords":"1"}}'
            collector.next = [lambda _: (200, {"Content-Type": "application/json; charset=utf-8"}, body)]
            with exports(path, collector.url, tls) as exporter:
                until(lambda: exporter.figures.counted["rejected"] == 1)


@pytest.mark.parametrize("code", [400, 413])
async def test_one_record_that_a_collector_takes_offence_at_is_passed_over_alone(path, tls, code):
    lines = io.StringIO()
    async with opened(path) as log:
        sent = [str(await granted(log)) for _ in range(9)]

        def offended(asked):
            found = [
                attributes(r)["accredit.id"] for g in asked.resource_logs for s in g.scope_logs for r in s.log_records
            ]
            return (code, {}, b"") if sent[4] in found else yes()

        with collecting(tls) as collector:
            collector.always = offended
            with exports(path, collector.url, tls, lines=lines) as exporter:
                until(lambda: exporter.figures.behind == 0 and exporter.figures.counted["rejected"])
                assert exporter.figures.counted == {"sent": 8, "rejected": 1, "lost": 0}
    assert collector.events() == sent[:4] + sent[5:]
    (said,) = logged(lines, "export.passed_over")
    assert said["event_id"] == sent[4]


async def test_nothing_is_passed_over_where_everything_is_refused(path, tls):
    async with opened(path) as log:
        sent = [str(await granted(log)) for _ in range(3)]
        with collecting(tls) as collector:
            collector.always = status(400)
            with exports(path, collector.url, tls) as exporter:
                until(lambda: exporter.figures.failures >= 3)
                assert exporter.figures.counted == {"sent": 0, "rejected": 0, "lost": 0}
                collector.always = None
                until(lambda: exporter.figures.counted["sent"] == 3)
    assert collector.events() == sent


async def test_a_collector_that_is_down_for_long_gets_everything_when_it_is_back(path, tls):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    lines, clock = io.StringIO(), Moving()
    async with opened(path, clock) as log:
        with exports(path, f"https://localhost:{port}/v1/logs", tls, clock=clock, lines=lines, batch=7) as exporter:
            sent = []
            for _ in range(40):
                sent.append(str(await granted(log, clock())))
                clock.forward(minutes=10)
            until(lambda: exporter.figures.failures >= 3 and exporter.figures.behind == 40)
            assert exporter.lag() == 400 * 60
            with collecting(tls, port=port) as collector:
                until(lambda: exporter.figures.counted["sent"] == 40)
                assert collector.events() == sent
    (failed,) = logged(lines, "export.failed")
    assert "Connect" in failed["reason"]


async def test_a_collector_whose_certificate_others_signed_gets_nothing(path, tls, tmp_path):
    stranger = certificates(tmp_path)
    async with opened(path) as log:
        await granted(log)
        with collecting(stranger) as collector, exports(path, collector.url, tls) as exporter:
            until(lambda: exporter.figures.failures)
            assert "the TLS certificate is not trusted" in exporter.figures.trouble
        assert collector.requests == []
        with collecting(tls) as collector, exports(path, collector.url, None) as exporter:  # nor by the system's roots
            until(lambda: exporter.figures.failures)
        assert collector.requests == []


async def test_headers_are_read_again_when_they_change_and_stand_nowhere_else(path, tls, tmp_path):
    file, lines = tmp_path / "headers", io.StringIO()
    file.write_text("# who we are\n\nAuthorization: Bearer canary-0123456789\nX-Scope-OrgID: corp\n")
    file.chmod(0o600)
    async with opened(path) as log:
        await granted(log)
        with collecting(tls) as collector:
            collector.next = [status(401)]
            with exports(path, collector.url, tls, headers_file=str(file), lines=lines) as exporter:
                until(lambda: exporter.figures.counted["sent"] == 1)
                assert collector.headers[0]["authorization"] == "Bearer canary-0123456789"
                assert collector.headers[0]["x-scope-orgid"] == "corp"
                file.write_text("Authorization: Bearer second-0123456789\n")
                await granted(log)
                until(lambda: exporter.figures.counted["sent"] == 2)
                assert collector.headers[-1]["authorization"] == "Bearer second-0123456789"
                file.unlink()
                await granted(log)
                until(lambda: "No such file" in exporter.figures.trouble)
    assert "canary" not in lines.getvalue()
    assert b"canary" not in b"".join(collector.bodies)


async def test_an_aggregate_that_grows_comes_again_under_a_name_of_its_own(path, tls):
    clock = Moving()
    async with opened(path, clock, quota=Quota(full=0)) as log:
        for _ in range(3):
            await refused(log)
        await log.close()
        with collecting(tls) as collector, exports(path, collector.url, tls, clock=clock) as exporter:
            until(lambda: exporter.figures.counted["sent"] == 1)
            grow(path, 1, 8)
            clock.forward(minutes=2)
            until(lambda: exporter.figures.counted["sent"] == 2)
    first, again = map(attributes, collector.records)
    assert first["accredit.id"] == again["accredit.id"]
    assert (first["log.record.uid"], again["log.record.uid"]) == (
        f"{first['accredit.id']}/3",
        f"{first['accredit.id']}/8",
    )
    assert (first["accredit.count"], again["accredit.count"]) == (3, 8)


async def test_what_was_deleted_unsent_is_told_counted_and_logged(path, tls):
    lines = io.StringIO()
    async with opened(path) as log:
        sent = [str(await granted(log, START + timedelta(seconds=n))) for n in range(6)]
        with collecting(tls) as collector:
            collector.always = status(503)
            with exports(path, collector.url, tls, lines=lines) as exporter:
                until(lambda: exporter.figures.failures)
                delete(path, "seq <= 4")
                until(lambda: exporter.figures.counted["lost"] == 4)  # counted from when it is so
                failures = exporter.figures.failures
                until(lambda: exporter.figures.failures > failures)  # what was read before it was deleted is refused
                collector.always = None
                until(lambda: exporter.figures.counted["sent"] == 2)
                assert exporter.figures.counted["lost"] == 4
    gap, *rest = collector.records
    assert gap.event_name == "accredit.export.gap"
    assert attributes(gap)["accredit.gap.count"] == 4
    assert attributes(gap)["accredit.gap.before"] == "2026-03-01T12:00:04Z"
    assert collector.events() == sent[4:]
    assert len(rest) == 2
    (said,) = logged(lines, "export.lost")
    assert said["count"] == 4


async def test_of_two_exporters_one_exports_and_the_other_takes_over(path, tls):
    async with opened(path) as log:
        sent = [str(await granted(log)) for _ in range(3)]
        with collecting(tls) as collector, exports(path, collector.url, tls) as first:
            until(lambda: first.figures.counted["sent"] == 3)
            second = Exporter(
                Otlp(endpoint=collector.url, ca_file=str(tls.ca)),
                path,
                base="",
                holder=b"theirs",
                clock=Moving(),
                jitter=lambda: 0.0,
                log=observe.logger(stream=io.StringIO()),
            )
            second.start()
            until(lambda: "another process exports" in second.figures.trouble)
            first.close()
            sent.append(str(await granted(log)))
            until(lambda: second.figures.counted["sent"] == 1)
            second.close()
        assert collector.events() == sent


async def test_the_log_is_written_as_ever_while_a_collector_hangs(path, tls):
    async with opened(path, linger=0.0) as log:
        with collecting(tls) as collector:
            released = threading.Event()
            collector.always = lambda _: (released.wait(20), yes())[1]
            with exports(path, collector.url, tls, timeout=30) as exporter:
                await granted(log)
                until(lambda: collector.requests)
                began = monotonic()
                for _ in range(100):
                    await granted(log)
                assert monotonic() - began < 15  # it hangs for 20
                until(lambda: exporter.figures.behind == 101)
                released.set()
                until(lambda: exporter.figures.counted["sent"] == 101)
    assert Counter(collector.events()) == Counter(str(each.id) for each in everything(path))


async def test_it_ends_at_once_while_a_collector_hangs(path, tls):
    async with opened(path) as log:
        await granted(log)
        with collecting(tls) as collector:
            released = threading.Event()
            collector.always = lambda _: (released.wait(20), yes())[1]
            with exports(path, collector.url, tls, timeout=60):
                until(lambda: collector.requests)
                began = monotonic()
            assert monotonic() - began < 15  # it hangs for 20
            released.set()
            assert not shipped(path)


async def test_a_store_that_is_gone_is_waited_for(path, tls):
    with collecting(tls) as collector, exports(path, collector.url, tls) as exporter:
        until(lambda: "the store cannot be used" in exporter.figures.trouble)
        async with opened(path) as log:
            await granted(log)
            until(lambda: exporter.figures.counted["sent"] == 1)


ADDRESSES = {
    "no path": ("https://otel.corp.test:4318", "https://otel.corp.test:4318/v1/logs"),
    "a slash": ("https://otel.corp.test/", "https://otel.corp.test/v1/logs"),
    "a path of its own": ("https://otel.corp.test/otlp/v1/logs", "https://otel.corp.test/otlp/v1/logs"),
    "plain, on this machine": ("http://localhost:4318", "http://localhost:4318/v1/logs"),
    "plain, at a loopback address": ("http://[::1]:4318", "http://[::1]:4318/v1/logs"),
    "a private address": ("https://10.0.0.7:4318", "https://10.0.0.7:4318/v1/logs"),
}
NO_ADDRESSES = {
    "plain, elsewhere": "http://otel.corp.test:4318",
    "plain, at what only looks like this machine": "http://127.0.0.1.corp.test",
    "no scheme": "otel.corp.test:4318",
    "gRPC": "grpc://otel.corp.test:4317",
    "a password": "https://me:secret@otel.corp.test",
    "a query": "https://otel.corp.test/?api-key=1",
    "no host": "https:///v1/logs",
    "no port": "https://otel.corp.test:port",
    "a space": "https://otel.corp.test/a b",
}


@pytest.mark.parametrize(("given", "meant"), ADDRESSES.values(), ids=ADDRESSES.keys())
def test_an_address_of_a_collector(given, meant):
    assert outbound.address(given) == meant


@pytest.mark.parametrize("given", NO_ADDRESSES.values(), ids=NO_ADDRESSES.keys())
def test_no_address_of_a_collector(given):
    with pytest.raises(ValueError):  # noqa: PT011  each in words of its own
        outbound.address(given)


NO_HEADERS = {
    "no colon": "Authorization Bearer x",
    "no value": "Authorization:",
    "one that is ours": "Content-Type: text/plain",
    "a name with a space": "My Header: x",
    "not ASCII": "X-Name: Zoë",
}


@pytest.mark.parametrize("text", NO_HEADERS.values(), ids=NO_HEADERS.keys())
def test_no_headers(tmp_path, text):
    file = tmp_path / "headers"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(ValueError, match="line 1: not a header") as raised:
        outbound.headers(str(file))
    assert text not in str(raised.value)


def test_headers_that_everybody_can_read_are_not_used(tmp_path):
    file = tmp_path / "headers"
    file.write_text("Authorization: Bearer x")
    file.chmod(0o604)
    with pytest.raises(ValueError, match="can be read by everybody"):
        outbound.headers(str(file))


def test_headers_without_end_are_not_used(tmp_path):
    file = tmp_path / "headers"
    file.write_text("#" * (outbound.LARGEST_FILE + 1))
    file.chmod(0o600)
    with pytest.raises(ValueError, match="larger"):
        outbound.headers(str(file))


WAITS = {
    "seconds": ("7", 7.0),
    "none": ("", 0.0),
    "no number": ("soon", 0.0),
    "longer than anybody waits": ("99999999999", outbound.LONGEST_WAIT),
    "a date that is over": ("Sun, 01 Mar 2026 11:59:00 GMT", 0.0),
    "a date to come": ("Sun, 01 Mar 2026 12:01:00 GMT", 60.0),
    "a date far away": ("Sun, 01 Mar 2099 12:01:00 GMT", outbound.LONGEST_WAIT),
    "digits of others": ("\u0667", 0.0),
    "a zone beyond all zones": ("Sun, 01 Mar 2026 12:01:00 +99999999999999", 0.0),
}


@pytest.mark.parametrize(("said", "seconds"), WAITS.values(), ids=WAITS.keys())
def test_how_long_a_collector_puts_us_off(said, seconds):
    made = outbound.Collector(
        "https://localhost/v1/logs", headers_file="", ca_file="", compressed=True, timeout=1, agent="", clock=Moving()
    )
    assert made.judged(503, {"retry-after": said}, b"").wait == seconds
