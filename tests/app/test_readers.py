"""Who asks and does not read what is answered, over plain connections and TLS, on either event loop."""

import asyncio
import os
from contextlib import suppress

import pytest

from accredit.app import connection, reader
from accredit.app.reader import READS_WITHIN, TAKES_WITHIN, Behind
from tests.app.serving import WITHIN, run, serving, until

pytestmark = pytest.mark.usefixtures("each_loop", "_often")

GET = b"GET / HTTP/1.1\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"
PART, PARTS = os.urandom(1_000_000), 24  # more than the kernels of both ends hold


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def tls(request):
    return request.param


def long(*, parts=1):
    """An application that answers with 24 MB, in so many parts, and says when it has ended."""

    async def application(_scope, receive, send):
        await receive()
        whole = PART * PARTS
        length = (b"content-length", b"%d" % len(whole))
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        size = len(whole) // parts
        for number in range(1, parts + 1):
            part = whole[(number - 1) * size : number * size]
            await send({"type": "http.response.body", "body": part, "more_body": number < parts})

    return application


ASKED = {
    "one answer in one part": (1, GET),
    "one answer in many parts": (PARTS, GET),
    "the last answer of the connection": (1, LAST),
    "an answer, and more is asked behind it": (PARTS, GET * 3),
    "an answer, and half a request behind it": (1, GET + b"GET / HT"),
    "answers that have been sent whole": (1, GET * 3),
}


@pytest.mark.parametrize("row", ASKED.values(), ids=ASKED.keys())
def test_who_does_not_read_is_hung_up_on(row, tls, monkeypatch):
    parts, asked = row
    monkeypatch.setattr(reader, "TAKES_WITHIN", 0.4)

    async def story():
        loop = asyncio.get_running_loop()
        async with serving(long(parts=parts), tls=tls, watched=True) as server:
            _, writer = await server.connect(limit=1_000)
            begun = loop.time()
            writer.write(asked)
            await until(lambda: server.state.connections)
            await until(lambda: not server.state.connections and not server.state.tasks)
            assert 0.4 <= loop.time() - begun < 3

    run(story())


def test_who_has_just_gone_is_looked_at_without_harm(tls, monkeypatch):
    """Whoever looks must not fail between the end of a connection and its protocol hearing of that: the server ends."""
    lost, looked = connection.Connection.connection_lost, []

    def connection_lost(self, error):
        self.look(asyncio.get_running_loop().time())
        looked.append(self)
        lost(self, error)

    monkeypatch.setattr(connection.Connection, "connection_lost", connection_lost)

    async def story():
        async with serving(long(), tls=tls, watched=True) as server:
            _, writer = await server.connect()
            await until(lambda: server.state.connections)
            writer.transport.abort()
            await until(lambda: looked and not server.state.connections)

    run(story())


@pytest.mark.parametrize("asked", [GET, LAST], ids=["with more to come", "the last"])
@pytest.mark.parametrize("parts", [1, PARTS], ids=["in one part", "in many"])
def test_who_reads_slowly_gets_all_of_it(asked, parts, tls, monkeypatch):
    """Longer than nothing may be taken, than connections stay idle, and than TLS says goodbye."""
    monkeypatch.setattr(reader, "TAKES_WITHIN", 0.5)

    async def story():
        async with serving(long(parts=parts), tls=tls, watched=True, idle=1) as server:
            incoming, writer = await server.connect(limit=1_000)
            writer.write(asked)
            async with asyncio.timeout(20):
                head = await incoming.readuntil(b"\r\n\r\n")
                for number in range(PARTS):
                    assert await incoming.readexactly(len(PART)) == PART, number
                    await asyncio.sleep(0.1)
                assert (b"connection: close" in head) is (asked == LAST)
                assert await incoming.read() == b""  # idle, or at the end

    run(story())


def test_who_takes_an_answer_in_small_bites_is_hung_up_on(tls, monkeypatch):
    monkeypatch.setattr(reader, "READS_WITHIN", 1.0)

    async def story():
        loop = asyncio.get_running_loop()
        async with serving(long(), tls=tls, watched=True) as server:
            incoming, writer = await server.connect(limit=1_000)
            begun = loop.time()
            writer.write(GET)
            await until(lambda: server.state.connections)
            while server.state.connections and loop.time() - begun < WITHIN:
                await incoming.read(200_000)
                await asyncio.sleep(0.05)
            assert 1 <= loop.time() - begun < 3

    run(story())


LOOKS = {
    "takes nothing": ([(10, 0, TAKES_WITHIN), (10, 0, TAKES_WITHIN + 1)], True),
    "takes nothing for a while": ([(9, 0, TAKES_WITHIN - 1), (8, 0, TAKES_WITHIN + 1)], False),
    "gets more than he takes": ([(20, 0, TAKES_WITHIN - 1), (30, 0, TAKES_WITHIN + 1)], False),
    "takes a little, again and again": ([(999 - n, 0, n * 10) for n in range(32)], True),
    "takes one answer after the other": ([(999 - n, n, n * 10) for n in range(99)], False),
    "takes his time for the second one": ([(999 - n, min(n, 5), n * 10) for n in range(37)], True),
    "takes all the time for the second one": ([(999 - n, min(n, 5), n * 10) for n in range(36)], False),
}


@pytest.mark.parametrize("row", LOOKS.values(), ids=LOOKS.keys())
def test_time_to_read(row):
    looks, expected = row
    assert READS_WITHIN == 300
    behind = Behind(10, 0, 0)
    told = [behind.is_too_slow(*each) for each in looks]
    assert told == [False] * (len(told) - 1) + [expected]


async def quiet(_scope, _receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
    await send({"type": "http.response.body", "body": b"."})


def test_so_many_requests_wait_on_one_connection_and_the_connection_ends_behind_them(tls, monkeypatch):
    made = []

    class Counted(connection.Call):
        def __init__(self, *arguments, **options):
            made.append(self)
            super().__init__(*arguments, **options)

    monkeypatch.setattr(connection, "Call", Counted)

    async def story():
        async with serving(quiet, tls=tls) as server:
            return await server.told(GET * 5_000)

    told = run(story())
    assert told.count(b"HTTP/1.1 200 OK") == connection.MOST_WAITING == len(made) == 32
    assert told.count(b"connection: close") == 1
    assert told.endswith(b"connection: close\r\n\r\n.")


def test_so_many_are_all_answered_and_the_connection_stays(tls):
    async def story():
        async with serving(quiet, tls=tls) as server:
            incoming, writer = await server.connect()
            for _ in range(3):
                writer.write(GET * 32)
                async with asyncio.timeout(WITHIN):
                    for _ in range(32):
                        assert b"connection" not in await incoming.readuntil(b"\r\n\r\n.")

    run(story())


def test_a_request_that_begins_behind_waiting_ones_is_not_slow(monkeypatch):
    monkeypatch.setattr(connection, "ARRIVES_WITHIN", 0.2)

    async def slow(scope, receive, send):
        await asyncio.sleep(0.4)
        await quiet(scope, receive, send)

    async def story():
        async with serving(slow, watched=True) as server:
            incoming, writer = await server.connect()
            writer.write(GET * 2 + GET[:5])
            async with asyncio.timeout(WITHIN):
                for _ in range(2):
                    await incoming.readuntil(b"\r\n\r\n.")
                writer.write(GET[5:])
                await incoming.readuntil(b"\r\n\r\n.")

    run(story())


def test_of_more_connections_than_may_be_open_the_last_is_hung_up_on(tls):
    async def story():
        async with serving(quiet, tls=tls, most=3) as server:
            kept = [await server.connect() for _ in range(3)]
            await until(lambda: len(server.state.connections) == 3)
            more, _ = await server.connect()
            async with asyncio.timeout(WITHIN):
                with suppress(ConnectionError):
                    assert await more.read() == b""
            for incoming, writer in kept:
                writer.write(GET)
                await asyncio.wait_for(incoming.readuntil(b"\r\n\r\n."), WITHIN)
            kept[0][1].close()
            await until(lambda: len(server.state.connections) == 2)
            await server.told(LAST)

    run(story())
