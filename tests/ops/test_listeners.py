"""Listeners: a certificate that is renewed under a running server, and a listener that ends by itself."""

import asyncio
import socket
import ssl
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from accredit.app.listen import Listener, bind, new_loop
from accredit.app.serve import _stopped
from accredit.config import Tls
from accredit.errors import Refused
from accredit.signing.developmentca import make

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["uvloop", "asyncio"])
def anyio_backend(request):
    return "asyncio", {"loop_factory": new_loop if request.param == "uvloop" else asyncio.new_event_loop}


async def nothing_found(scope, _receive, send):
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def pair():
    """A certificate for localhost and its key, as PEM."""
    _, leaf, key = make(("localhost",), datetime.now(UTC))
    return leaf.public_bytes(Encoding.PEM), key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@asynccontextmanager
async def listening(tls=None):
    sockets = bind("127.0.0.1", 0)
    port = sockets[0].getsockname()[1]
    listener = Listener(nothing_found, sockets, tls)
    await listener.start()
    try:
        yield listener, port
    finally:
        await listener.stop()
        for each in sockets:
            each.close()


async def served(port):
    """The certificate that a new connection gets, as PEM."""
    return (await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", port))).encode()


async def test_a_half_renewed_pair_is_never_served_and_a_whole_one_is(tmp_path):
    certificate, key = tmp_path / "tls.pem", tmp_path / "tls.key"
    (first, first_key), (second, second_key) = pair(), pair()
    certificate.write_bytes(first)
    key.write_bytes(first_key)
    async with listening(Tls(str(certificate), str(key))) as (listener, port):
        await listener.follow_certificate()  # nothing has changed
        assert await served(port) == first
        certificate.write_bytes(second)
        for _ in range(2):  # it is tried again at the next look
            with pytest.raises(Refused, match="certificate"):
                await listener.follow_certificate()
            assert await served(port) == first
        certificate.unlink()
        with pytest.raises(Refused, match="certificate"):
            await listener.follow_certificate()
        assert await served(port) == first
        certificate.write_bytes(second)
        key.write_bytes(second_key)
        await listener.follow_certificate()
        assert await served(port) == second


async def test_a_listener_that_ends_by_itself_ends_the_server_and_says_which():
    async with listening() as (admin, _), listening() as (public, port):
        told = asyncio.Event()
        waiting = asyncio.create_task(_stopped(told, (admin, public)))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        public._server.should_exit = True  # noqa: SLF001  nothing else ends it
        with pytest.raises(RuntimeError, match=f"127.0.0.1 port {port}.* has ended"):
            await asyncio.wait_for(waiting, 20)


async def test_a_server_that_is_told_to_stop_says_nothing_of_its_listeners():
    async with listening() as (listener, port):
        told = asyncio.Event()
        waiting = asyncio.create_task(_stopped(told, (listener,)))
        await asyncio.sleep(0.05)
        told.set()
        await asyncio.wait_for(waiting, 20)
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass
