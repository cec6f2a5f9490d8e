"""Bytes on a loopback connection and what is answered: a real server, the smallest applications."""

import asyncio
import gc
import logging
import weakref

import pytest

from accredit.app import connection
from accredit.app.connection import hang_up_on_the_slow
from tests.app.serving import WITHIN, run, serving, until

pytestmark = pytest.mark.usefixtures("each_loop", "_often")

PLAIN = [(b"content-type", b"text/plain")]


def said(status=200, headers=(), *parts):
    """An application that reads the request and answers with these parts."""

    async def application(_scope, receive, send):
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": status, "headers": [*PLAIN, *headers]})
        for number, part in enumerate(parts or (b"",), 1):
            await send({"type": "http.response.body", "body": part, "more_body": number < len(parts)})

    return application


async def echo(scope, receive, send):
    """Say what was asked."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body, more = body + message["body"], message["more_body"]
    told = b"%s %s?%s %d" % (scope["method"].encode(), scope["path"].encode(), scope["query_string"], len(body))
    await answer(send, told)


async def answer(send, body, status=200):
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def over(application, *pieces, until=None):
    async def story():
        async with serving(application) as server:
            return await server.told(*pieces, until=until)

    return run(story())


LAST = b"Connection: close\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"

ANSWERS = {
    "a body with its length leaves as it is": (
        said(200, [(b"content-length", b"2")], b"ab"),
        b"GET / HTTP/1.1\r\n" + LAST,
        b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\nconnection: close\r\n\r\nab",
    ),
    "a body in parts with its length": (
        said(200, [(b"content-length", b"4")], b"ab", b"", b"cd"),
        b"GET / HTTP/1.1\r\n" + LAST,
        b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 4\r\nconnection: close\r\n\r\nabcd",
    ),
    "a body without a length is chunked": (
        said(201, (), b"ab", b"", b"c"),
        b"GET / HTTP/1.1\r\n" + LAST,
        CHUNKED.replace(b"200 OK", b"201 Created") + b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
    ),
    "an empty body without a length": (
        said(),
        b"GET / HTTP/1.1\r\n" + LAST,
        CHUNKED + b"0\r\n\r\n",
    ),
    "HTTP/1.0 knows no chunks, and no second request": (
        said(200, (), b"ab", b"cd"),
        b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\nabcd",
    ),
    "HEAD has a length and no body": (
        said(200, [(b"content-length", b"2")], b"ab"),
        b"HEAD / HTTP/1.1\r\n" + LAST,
        b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\nconnection: close\r\n\r\n",
    ),
    "HEAD of a body without a length": (
        said(200, (), b"ab"),
        b"HEAD / HTTP/1.1\r\n" + LAST,
        b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n",
    ),
    "204 has neither": (
        said(204),
        b"GET / HTTP/1.1\r\n" + LAST,
        b"HTTP/1.1 204 No Content\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n",
    ),
    "304 has neither": (
        said(304),
        b"GET / HTTP/1.1\r\n" + LAST,
        b"HTTP/1.1 304 Not Modified\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n",
    ),
    "a status without a name": (
        said(299, [(b"content-length", b"0")]),
        b"GET / HTTP/1.1\r\n" + LAST,
        b"HTTP/1.1 299 \r\ncontent-type: text/plain\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    ),
}


@pytest.mark.parametrize("row", ANSWERS.values(), ids=ANSWERS.keys())
def test_answers_are_framed(row):
    application, request, expected = row
    assert over(application, request) == expected


ASKED = {
    "a path and a query": (b"GET /a/b?c=d&e HTTP/1.1\r\n", b"", b"GET /a/b?c=d&e 0"),
    "an encoded path": (b"GET /a%2Fb%20c HTTP/1.1\r\n", b"", b"GET /a/b c? 0"),
    "an absolute target without a path": (b"GET http://elsewhere HTTP/1.1\r\n", b"", b"GET /? 0"),
    "two slashes are a path, not a host": (b"GET //a/b HTTP/1.1\r\n", b"", b"GET //a/b? 0"),
    "an absolute target": (b"GET http://elsewhere/a?b HTTP/1.1\r\n", b"", b"GET /a?b 0"),
    "a body with its length": (b"POST /a HTTP/1.1\r\nContent-Length: 5\r\n", b"12345", b"POST /a? 5"),
    "a chunked body": (
        b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n",
        b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: x\r\n\r\n",
        b"POST /a? 5",
    ),
    "a body larger than what is held for the application": (
        b"POST /a HTTP/1.1\r\nContent-Length: 400000\r\n",
        b"x" * 400_000,
        b"POST /a? 400000",
    ),
}


@pytest.mark.parametrize("pieces", [1, 2, 3], ids=["at once", "in two pieces", "byte by byte"])
@pytest.mark.parametrize("row", ASKED.values(), ids=ASKED.keys())
def test_requests_are_read_however_they_arrive(row, pieces):
    head, body, expected = row
    head += LAST
    sent = {1: [head + body], 2: [head, body], 3: [bytes([each]) for each in head + body[:40]] + [body[40:]]}[pieces]
    assert over(echo, *sent).endswith(b"\r\n\r\n" + expected)


def test_a_connection_serves_one_request_after_the_other():
    async def story():
        async with serving(echo) as server:
            reader, writer = await server.connect()
            for number in range(20):
                writer.write(b"POST /%d HTTP/1.1\r\nContent-Length: 1\r\n\r\nx" % number)
                assert b"POST /%d? 1" % number in await asyncio.wait_for(reader.readuntil(b"? 1"), WITHIN)
            assert server.state.total_requests == 20
            assert len(server.state.connections) == 1

    run(story())


def test_pipelined_requests_are_answered_in_their_order():
    async def slow_first(scope, receive, send):
        if scope["path"] == "/0":
            await asyncio.sleep(0.05)
        await echo(scope, receive, send)

    sent = b"".join(b"POST /%d HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (n, n, b"x" * n) for n in range(9))
    told = over(slow_first, sent, b"GET /9 HTTP/1.1\r\n" + LAST)
    assert [told.index(b"/%d? " % n) for n in range(10)] == sorted(told.index(b"/%d? " % n) for n in range(10))
    assert told.count(b"HTTP/1.1 200 OK") == 10


def test_nothing_is_answered_behind_the_last_request():
    told = over(echo, b"GET /1 HTTP/1.1\r\n" + LAST + b"GET /2 HTTP/1.1\r\n\r\n")
    assert told.count(b"HTTP/1.1") == 1
    assert told.endswith(b"GET /1? 0")


def test_an_upgrade_is_declined_and_nothing_behind_it_is_answered():
    """The parser takes what stands behind the head for the other protocol."""
    upgrade = b"GET /1 HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    told = over(echo, upgrade + b"GET /2 HTTP/1.1\r\n\r\n")
    assert told.count(b"HTTP/1.1") == 1
    assert b"connection: close" in told
    assert told.endswith(b"GET /1? 0")


def test_what_stands_behind_the_last_request_is_not_looked_at():
    """The body of an upgrade, for one: its answer is due all the same."""

    async def slow(scope, receive, send):
        await asyncio.sleep(0.1)
        await echo(scope, receive, send)

    upgrade = b"POST /1 HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 9\r\n\r\n"
    for head in (upgrade, b"GET /1 HTTP/1.1\r\n" + LAST):
        told = over(slow, head, b"a=b&c=d", b"GET /2 HTTP/1.1\r\n\r\n")
        assert told.count(b"HTTP/1.1") == 1
        assert told.endswith(b" /1? 0")


def test_of_http_1_0_nobody_is_told_to_go_on():
    head = b"POST /a HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    told = over(echo, head, b"ab")
    assert b"100 Continue" not in told
    assert told.endswith(b"POST /a? 2")


def test_a_sender_who_asks_whether_to_go_on_is_told_so_when_the_body_is_wanted():
    head = b"POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"

    async def story():
        async with serving(echo) as server:
            reader, writer = await server.connect()
            writer.write(head + b"\r\n")
            assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), WITHIN) == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(b"ab")
            assert b"HTTP/1.1 200 OK" in await asyncio.wait_for(reader.readuntil(b"POST /a? 2"), WITHIN)

    run(story())
    assert b"100 Continue" not in over(echo, head + LAST + b"ab")


def test_a_sender_whose_body_is_not_wanted_is_hung_up_on():
    """What he sends next may be the body or may not: it must not be read as either."""

    async def refuses(_scope, _receive, send):
        await answer(send, b"no", 413)

    head = b"POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    told = over(refuses, head)
    assert told.startswith(b"HTTP/1.1 413")
    assert b"100 Continue" not in told
    assert b"connection: close" in told


def test_a_body_that_nobody_wants_is_read_over():
    async def refuses(scope, receive, send):
        await (echo(scope, receive, send) if scope["method"] == "GET" else answer(send, b"no", 413))

    pieces = (b"POST /a HTTP/1.1\r\nContent-Length: 300000\r\n\r\n", b"x" * 300_000, b"GET /b HTTP/1.1\r\n" + LAST)
    told = over(refuses, *pieces)
    assert told.count(b"HTTP/1.1 ") == 2
    assert told.endswith(b"GET /b? 0")


NO_HTTP = {
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a target that is none": b"GET a b HTTP/1.1\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "a length beside chunks": b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "a broken chunk": b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
}


@pytest.mark.parametrize("sent", NO_HTTP.values(), ids=NO_HTTP.keys())
def test_what_is_no_http_is_told_so_once_and_hung_up_on(sent, caplog):
    told = over(echo, sent)
    assert told.startswith(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n")
    assert told.count(b"HTTP/1.1 ") == 1
    assert told.endswith(b"This is no HTTP request")
    assert [each for each in caplog.records if each.levelno > logging.INFO] == []


def test_rubbish_behind_a_request_is_not_answered_in_its_place():
    async def slow(scope, receive, send):
        await asyncio.sleep(0.05)
        await echo(scope, receive, send)

    assert over(slow, b"GET /a HTTP/1.1\r\n\r\n" + b"\x00rubbish") == b""


LARGE = {
    "a head at once": (b"GET / HTTP/1.1\r\nX: " + b"a" * 66_000 + b"\r\n\r\n",),
    "a head in pieces": (b"GET / HTTP/1.1\r\nX: ", *[b"a" * 22_000] * 3, b"\r\n\r\n"),
    "a target": (b"GET /" + b"a" * 66_000,),
    "chunk extensions": (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"a" * 66_000),
    "a trailer": (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"a" * 66_000),
}


@pytest.mark.parametrize("sent", LARGE.values(), ids=LARGE.keys())
def test_what_is_no_body_is_limited(sent):
    assert over(echo, *sent)[:12] in (b"HTTP/1.1 431", b"HTTP/1.1 400")


def test_a_head_below_the_limit_with_a_body_above_it_is_read():
    head = b"POST /a HTTP/1.1\r\nX: " + b"a" * 65_000 + b"\r\nContent-Length: 100000\r\n"
    assert over(echo, head + LAST + b"x" * 100_000).endswith(b"POST /a? 100000")


async def raises(_scope, _receive, _send):
    raise OSError("broken")


async def silent(_scope, _receive, _send):
    """Answer nothing."""


async def begins(_scope, _receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def body_first(_scope, _receive, send):
    await send({"type": "http.response.body", "body": b"x"})


BROKEN = {
    "an error": raises,
    "no answer": silent,
    "half an answer": begins,
    "a body without a head": body_first,
    "a header that ends its line": said(200, [(b"x", b"a\r\nset-cookie: b")]),
    "a header that holds a line feed": said(200, [(b"x", b"a\nb")]),
    "a header that holds a zero": said(200, [(b"x", b"a\0b")]),
    "a body longer than its length": said(200, [(b"content-length", b"1")], b"ab"),
    "a body shorter than its length": said(200, [(b"content-length", b"3")], b"ab"),
}


@pytest.mark.parametrize("application", BROKEN.values(), ids=BROKEN.keys())
def test_an_application_that_is_broken_is_answered_for(application, caplog):
    caplog.set_level(logging.CRITICAL)
    told = over(application, b"GET / HTTP/1.1\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 500 Internal Server Error\r\nconnection: close\r\n")
    assert told.count(b"HTTP/1.1") == 1


def test_an_answer_that_breaks_off_ends_its_connection(caplog):
    caplog.set_level(logging.CRITICAL)
    told = over(said(200, [(b"content-length", b"9")], b"ab", b"c"), b"GET / HTTP/1.1\r\n\r\n")
    assert told.endswith(b"\r\n\r\nab")


def test_an_answer_has_one_end(caplog):
    async def twice(_scope, _receive, send):
        await answer(send, b"ab")
        await answer(send, b"cd")

    assert over(twice, b"GET / HTTP/1.1\r\n" + LAST).endswith(b"\r\n\r\nab")
    told = over(twice, b"GET / HTTP/1.1\r\n\r\n", until=b"ab")
    assert told.startswith(b"HTTP/1.1 200 OK")


def test_an_application_learns_that_nobody_waits_any_more():
    heard = []

    async def waits(_scope, receive, send):
        heard.append((await receive())["type"])
        heard.append((await receive())["type"])
        await answer(send, b"too late")
        heard.append("sent")

    async def story():
        async with serving(waits) as server:
            _, writer = await server.connect()
            writer.write(b"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n")
            await until(lambda: heard)
            writer.close()

    run(story())
    assert heard == ["http.request", "http.disconnect", "sent"]


def test_half_a_body_is_none():
    heard = []

    async def reads(_scope, receive, _send):
        while (message := await receive())["type"] != "http.disconnect":
            heard.append(message["body"])

    async def story():
        async with serving(reads) as server:
            _, writer = await server.connect()
            writer.write(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nab")
            await until(lambda: heard)
            writer.close()

    run(story())
    assert heard == [b"ab"]


def test_a_slow_reader_makes_the_answer_wait():
    part, count = b"x" * 1_000_000, 40
    sent = []

    async def long(_scope, receive, send):
        await receive()
        length = (b"content-length", b"%d" % (len(part) * count))
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        for number in range(1, count + 1):
            await send({"type": "http.response.body", "body": part, "more_body": number < count})
            sent.append(number)

    async def story():
        async with serving(long) as server:
            reader, writer = await server.connect()
            writer.write(b"GET / HTTP/1.1\r\n" + LAST)
            await asyncio.sleep(0.2)
            assert len(sent) < count
            async with asyncio.timeout(20):
                assert len(await reader.read()) > len(part) * count
            assert len(sent) == count

    run(story())


def test_draining_answers_what_was_asked_and_closes_the_rest():
    go = asyncio.Event()

    async def held(scope, receive, send):
        await go.wait()
        await echo(scope, receive, send)

    async def story():
        async with serving(held) as server:
            asked, quiet = await server.connect(), await server.connect()
            asked[1].write(b"GET /a HTTP/1.1\r\n\r\n")
            await until(lambda: len(server.state.connections) == 2 and server.state.tasks)
            for each in [*server.state.connections]:
                each.shutdown()
            async with asyncio.timeout(WITHIN):
                assert await quiet[0].read() == b""
                go.set()
                told = await asked[0].read()
            assert b"connection: close" in told
            assert told.endswith(b"GET /a? 0")

    run(story())


def test_a_task_that_is_cancelled_ends_its_connection():
    async def hangs(_scope, _receive, _send):
        await asyncio.sleep(60)

    async def story():
        async with serving(hangs) as server:
            reader, writer = await server.connect()
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            await until(lambda: server.state.tasks)
            for each in [*server.state.tasks]:
                each.cancel()
            async with asyncio.timeout(WITHIN):
                assert (await reader.read()).startswith(b"HTTP/1.1 500")

    run(story())


SLOW = {
    "who says nothing": (b"",),
    "who sends half a head": (b"GET / HTTP/1.1\r\n",),
    "who sends half a body": (b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nab",),
    "who sends half a second request": (b"GET / HTTP/1.1\r\n\r\n", b"GET / HT"),
    "who sends half a second request along with the first": (b"GET / HTTP/1.1\r\n\r\nGET / HT",),
}


@pytest.mark.parametrize("sent", SLOW.values(), ids=SLOW.keys())
def test_the_slow_are_hung_up_on(sent, monkeypatch):
    monkeypatch.setattr(connection, "ARRIVES_WITHIN", 0.2)
    assert ended_after(sent, idle=60) < 2


def test_connections_that_nobody_uses_are_closed(monkeypatch):
    assert 1 <= ended_after((b"GET / HTTP/1.1\r\n\r\n",), idle=1) < 3


def ended_after(sent, *, idle):
    """Seconds until the server closes a connection."""

    async def slowly(scope, receive, send):
        await asyncio.sleep(0.1)
        await echo(scope, receive, send)

    async def story():
        loop = asyncio.get_running_loop()
        async with serving(slowly, idle=idle) as server:
            watching = asyncio.create_task(hang_up_on_the_slow(server.state.connections))
            reader, writer = await server.connect()
            begun = loop.time()
            for each in sent:
                writer.write(each)
                await asyncio.sleep(0.05)
            async with asyncio.timeout(WITHIN):
                told = await reader.read()
            watching.cancel()
            assert (b"GET /? 0" in told) is sent[0].startswith(b"GET / HTTP/1.1\r\n\r\n")
            return loop.time() - begun

    return run(story())


def test_a_request_that_waits_for_its_turn_is_not_slow(monkeypatch):
    """It is not read on while an earlier one is under way: its sender cannot help it."""
    monkeypatch.setattr(connection, "ARRIVES_WITHIN", 0.2)

    async def slow(scope, receive, send):
        await asyncio.sleep(0.5)
        await echo(scope, receive, send)

    async def story():
        async with serving(slow) as server:
            watching = asyncio.create_task(hang_up_on_the_slow(server.state.connections))
            sent = b"GET /a HTTP/1.1\r\n\r\nPOST /b HTTP/1.1\r\nConnection: close\r\nContent-Length: 300000\r\n\r\n"
            told = await server.told(sent, b"x" * 300_000)
            watching.cancel()
            return told

    assert run(story()).endswith(b"POST /b? 300000")


def test_a_connection_that_has_ended_is_let_go():
    """By its references alone: the collector has nothing to find."""
    gone = []

    async def story():
        async with serving(echo) as server:
            await server.told(b"GET / HTTP/1.1\r\n\r\n", until=b"? 0")
            gone.extend(weakref.ref(each) for each in server.state.connections)

    gc.disable()
    try:
        run(story())
        assert len(gone) == 1
        assert gone[0]() is None
    finally:
        gc.enable()
