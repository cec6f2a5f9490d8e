"""Applications that stream, as frameworks for ASGI write them, over plain connections and TLS, on either event loop."""

import asyncio
import ssl
from contextlib import suppress

import pytest

from accredit.app import reader
from tests.app.serving import WITHIN, of_client, run, serving, until
from tests.app.test_readers import GET, LAST, quiet

pytestmark = pytest.mark.usefixtures("each_loop", "_often")


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def tls(request):
    return request.param


async def disconnected(receive):
    """Whether nobody waits any more, without waiting for it."""
    asking = asyncio.ensure_future(receive())
    await asyncio.sleep(0)
    if asking.done():
        return asking.result()["type"] == "http.disconnect"
    asking.cancel()
    with suppress(asyncio.CancelledError):
        await asking
    return False


async def start(send, *headers):
    await send({"type": "http.response.start", "status": 200, "headers": list(headers)})


async def part(send, body, *, more=True):
    await send({"type": "http.response.body", "body": body, "more_body": more})


def endless(ended):
    """Send until nobody listens: one task hears of it, another one sends, and asks, too."""

    async def application(_scope, receive, send):
        await receive()
        asked = []

        async def listening():
            while (await receive())["type"] != "http.disconnect":
                pass

        async def sending():
            await start(send)
            while True:
                await part(send, b"tick")
                asked.append(await disconnected(receive))
                await asyncio.sleep(0.005)

        tasks = [asyncio.create_task(each()) for each in (listening, sending)]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        assert tasks[0].done()
        assert not any(asked)
        tasks[1].cancel()
        ended.append(await disconnected(receive))

    return application


HOW = {
    "closes": lambda writer: writer.close(),
    "breaks off": lambda writer: writer.transport.abort(),
}


@pytest.mark.parametrize("leave", HOW.values(), ids=HOW.keys())
def test_who_streams_hears_that_nobody_listens(leave, tls, caplog):
    """Also while somebody else has asked whether anybody does, who did not wait for an answer."""
    ended = []

    async def story():
        async with serving(endless(ended), tls=tls) as server:
            incoming, writer = await server.connect()
            writer.write(GET)
            await asyncio.wait_for(incoming.readuntil(b"tick\r\n4\r\ntick"), WITHIN)
            leave(writer)
            await until(lambda: not server.state.tasks)

    run(story())
    assert ended == [True]
    assert caplog.records == []


def test_one_who_ends_tls_and_does_not_read_leaves_nothing_in_the_log(monkeypatch, caplog):
    """A loop warns of writing behind the end; what a stranger does must not make it."""
    monkeypatch.setattr(reader, "TAKES_WITHIN", 1.0)
    ended = []

    async def application(_scope, receive, send):
        await receive()
        await start(send)
        await part(send, bytes(16_000_000))
        for _ in range(100):
            await part(send, b"tick")
            await asyncio.sleep(0.005)
        ended.append(await receive())

    async def story():
        async with serving(application, tls=True, watched=True) as server:
            raw_in, raw_out = await asyncio.open_connection("127.0.0.1", server.port, limit=1_000)
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            talk = of_client().wrap_bio(incoming, outgoing)

            async def step(act):
                while True:
                    try:
                        return act()
                    except ssl.SSLWantReadError:
                        pass
                    finally:
                        raw_out.write(outgoing.read())
                    incoming.write(await raw_in.read(65_536))

            async with asyncio.timeout(WITHIN):
                await step(talk.do_handshake)
                await step(lambda: talk.write(GET))
                await step(lambda: talk.read(1))
                with suppress(ssl.SSLError):  # more has come than was read
                    talk.unwrap()
                raw_out.write(outgoing.read())
                await until(lambda: ended)
            raw_out.close()

    run(story())
    assert ended == [{"type": "http.disconnect"}]
    assert [each.getMessage() for each in caplog.records] == []


def test_everybody_who_waits_hears_that_nobody_listens():
    heard = []

    async def application(_scope, receive, _send):
        await receive()
        heard.extend(await asyncio.gather(receive(), receive(), receive()))
        heard.append(await receive())

    async def story():
        async with serving(application) as server:
            _, writer = await server.connect()
            writer.write(GET)
            await until(lambda: server.state.tasks)
            await asyncio.sleep(0.05)
            writer.close()
            await until(lambda: len(heard) == 4)

    run(story())
    assert heard == [{"type": "http.disconnect"}] * 4


def test_a_file_leaves_in_parts_with_its_length(tls):
    content = bytes(range(256)) * 1_024 * 20
    sizes = []

    async def application(scope, receive, send):
        await receive()
        await start(send, (b"content-length", b"%d" % len(content)))
        if scope["method"] == "HEAD":
            await part(send, b"", more=False)
            return
        for at in range(0, len(content), 65_536):
            sizes.append(at)
            await part(send, content[at : at + 65_536], more=at + 65_536 < len(content))

    async def story():
        async with serving(application, tls=tls) as server:
            return await server.told(GET.replace(b"GET", b"HEAD") + LAST)

    told = run(story())
    first, _, rest = told.partition(b"\r\n\r\n")
    second, _, body = rest.partition(b"\r\n\r\n")
    assert first.endswith(b"content-length: 5242880")
    assert b"content-length: 5242880" in second
    assert body == content
    assert len(sizes) == 80


def test_what_runs_behind_an_answer_holds_up_neither_it_nor_the_next(tls):
    go, done = asyncio.Event(), []

    async def application(scope, receive, send):
        await quiet(scope, receive, send)
        await go.wait()
        done.append((await receive())["type"])

    async def story():
        async with serving(application, tls=tls) as server:
            incoming, writer = await server.connect()
            for _ in range(3):
                writer.write(GET)
                await asyncio.wait_for(incoming.readuntil(b"\r\n\r\n."), WITHIN)
            assert len(server.state.tasks) == 3
            writer.close()
            await until(lambda: not server.state.connections)
            assert len(server.state.tasks) == 3
            go.set()
            await until(lambda: len(done) == 3)

    run(story())
    assert done == ["http.disconnect"] * 3


def test_bodies_are_received_whatever_the_method_and_half_of_one_is_never_taken_for_all():
    received = []

    async def application(scope, receive, send):
        while True:
            message = await receive()
            received.append((scope["method"], message["body"], message["more_body"]))
            if not message["more_body"]:
                break
        await quiet(scope, receive, send)

    async def story():
        async with serving(application) as server:
            incoming, writer = await server.connect()
            for method in (b"GET", b"HEAD", b"DELETE"):
                writer.write(method + b" / HTTP/1.1\r\nContent-Length: 2\r\n\r\na")
                await until(lambda: received and received[-1][1:] == (b"a", True))
                writer.write(b"b")
                await asyncio.wait_for(incoming.readuntil(b"\r\n\r\n"), WITHIN)
                if method != b"HEAD":
                    assert await incoming.readexactly(1) == b"."

    run(story())
    parts = ((b"a", True), (b"b", False))
    assert received == [(method, *each) for method in ("GET", "HEAD", "DELETE") for each in parts]


def test_an_answer_needs_no_headers():
    async def application(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 204})
        await send({"type": "http.response.body"})

    async def story():
        async with serving(application) as server:
            return await server.told(LAST)

    assert run(story()) == b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"
