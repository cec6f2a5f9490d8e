"""A server of this test's own: real sockets and connections, small applications, TLS or not, either event loop."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from uvicorn import Config
from uvicorn.server import ServerState

from accredit.app.connection import Connection, hang_up_on_the_slow
from accredit.app.listen import new_loop
from accredit.signing.developmentca import make

if TYPE_CHECKING:
    from accredit.web.answers import Application

T = TypeVar("T")

WITHIN = 5.0  # seconds


def run(story: Coroutine[object, object, T]) -> T:
    """Run a story on the loop that a server has: uvloop's, unless the test's fixture hides it."""
    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(story)


def pair() -> tuple[bytes, bytes]:
    """A certificate for localhost and its key, as PEM."""
    _, leaf, key = make(("localhost",), datetime.now(UTC))
    return leaf.public_bytes(Encoding.PEM), key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@cache
def of_server() -> ssl.SSLContext:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "both.pem"
        file.write_bytes(b"".join(pair()))
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(file)
        return made


@cache
def of_client() -> ssl.SSLContext:
    made = ssl.create_default_context()
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    return made


@dataclass
class Serving:
    port: int
    state: ServerState
    tls: bool = False
    open: list[asyncio.StreamWriter] = field(default_factory=list)

    async def connect(self, limit: int = 65_536) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """``limit``: half of the bytes that are read before somebody asks for them."""
        context = of_client() if self.tls else None
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=context, limit=limit)
        self.open.append(writer)
        return reader, writer

    async def told(self, *pieces: bytes, until: bytes | None = None) -> bytes:
        """Everything that is answered to some bytes, up to the end of the connection or to ``until``."""
        reader, writer = await self.connect()
        for each in pieces:
            writer.write(each)
            await asyncio.sleep(0.002)
        async with asyncio.timeout(WITHIN):
            return await (reader.read() if until is None else reader.readuntil(until))


@asynccontextmanager
async def serving(
    application: "Application", *, idle: int = 75, tls: bool = False, watched: bool = False, most: int | None = None
) -> AsyncIterator[Serving]:
    """``watched``: connections that are too slow are hung up on."""
    config = Config(
        application, ws="none", lifespan="off", log_config=None, timeout_keep_alive=idle, limit_concurrency=most
    )
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    context = of_server() if tls else None
    server = await loop.create_server(lambda: Connection(config, state, {}), "127.0.0.1", 0, ssl=context)
    watching = asyncio.create_task(hang_up_on_the_slow(state.connections)) if watched else None
    found = Serving(server.sockets[0].getsockname()[1], state, tls)
    try:
        yield found
    finally:
        for each in found.open:
            each.close()
        server.close()
        await until(lambda: not state.connections and not state.tasks)
        if watching is not None:
            assert not watching.done()
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching


async def until(holds: Callable[[], object], within: float = WITHIN) -> None:
    async with asyncio.timeout(within):
        while not holds():  # noqa: ASYNC110  nobody tells of it
            await asyncio.sleep(0.01)
