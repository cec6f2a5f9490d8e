"""How a listener begins and ends: connections that are idle, busy, in the middle of TLS, or not read from."""

import asyncio
import resource
from contextlib import asynccontextmanager

import pytest

from accredit.app import listen, reader
from accredit.app.listen import Listener, bind, most_open
from accredit.config import Tls
from tests.app.serving import WITHIN, of_client, pair, run
from tests.app.test_readers import GET, long, quiet

pytestmark = pytest.mark.usefixtures("each_loop", "_often")


@asynccontextmanager
async def listening(application, folder, *, tls=True):
    (folder / "pem").write_bytes(b"".join(pair()))
    sockets = bind("127.0.0.1", 0)
    listener = Listener(application, sockets, Tls(str(folder / "pem"), str(folder / "pem")) if tls else None)
    await listener.start()
    try:
        yield listener, sockets[0].getsockname()[1]
    finally:
        await listener.stop()
        for each in sockets:
            each.close()


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_server_that_drains_waits_for_who_is_busy_and_neither_for_the_idle_nor_for_who_does_not_read(
    tls, tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(reader, "TAKES_WITHIN", 1.0)
    go = asyncio.Event()
    large = long()

    async def application(scope, receive, send):
        if scope["path"] == "/large":
            await large(scope, receive, send)
        else:
            await (go.wait() if scope["path"] == "/busy" else asyncio.sleep(0))
            await quiet(scope, receive, send)

    async def story():
        loop = asyncio.get_running_loop()
        context = of_client() if tls else None
        async with listening(application, tmp_path, tls=tls) as (listener, port):
            opened = [await asyncio.open_connection("127.0.0.1", port, ssl=context, limit=1_000) for _ in range(4)]
            (_, greedy), (busy, asking), (used, using), (idle, _) = opened
            greedy.write(b"GET /large HTTP/1.1\r\n\r\n")
            asking.write(b"GET /busy HTTP/1.1\r\n\r\n")
            using.write(GET)
            async with asyncio.timeout(WITHIN):
                await used.readuntil(b"\r\n\r\n.")
            begun = loop.time()
            stopping = asyncio.create_task(listener.stop())
            async with asyncio.timeout(WITHIN):
                assert [await each.read() for each in (used, idle)] == [b"", b""]
                go.set()
                assert (await busy.read()).endswith(b"\r\n\r\n.")
                for _, writer in opened[1:]:
                    writer.close()
                await stopping
            assert loop.time() - begun < 4
            greedy.transport.abort()

    run(story())
    assert [each.getMessage() for each in caplog.records] == []


def test_who_does_not_begin_tls_is_hung_up_on(tmp_path, monkeypatch):
    monkeypatch.setattr(listen, "HANDSHAKE", 0.3)

    async def story():
        async with listening(quiet, tmp_path) as (_, port):
            incoming, writer = await asyncio.open_connection("127.0.0.1", port)
            async with asyncio.timeout(WITHIN):
                assert await incoming.read() == b""
            writer.close()

    run(story())


LIMITS = {
    "few files": (1_024, 341),
    "many files": (1_000_000, 4_096),
    "any number of files": (resource.RLIM_INFINITY, 4_096),
}


@pytest.mark.parametrize("row", LIMITS.values(), ids=LIMITS.keys())
def test_connections_leave_files_to_others(row, monkeypatch):
    files, expected = row
    monkeypatch.setattr(resource, "getrlimit", lambda _what: (files, resource.RLIM_INFINITY))
    assert most_open() == expected
