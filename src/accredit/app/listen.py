"""Sockets, and the server that reads HTTP from them (uvicorn). Bind first, then build: names follow from the port.

Rule 1: one port on both loopbacks, or none: a client that resolves ``localhost`` to ``::1`` must find the same server.
Rule 2: SIGTERM and SIGINT drain: readiness goes first, then no new connection, then what is under way is finished.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import resource
import signal
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import uvicorn

from accredit.app.judge import LOOPBACKS
from accredit.errors import ADDRESS_UNUSABLE, PORT_TAKEN, TLS_UNUSABLE, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.config import Tls
    from accredit.web.answers import Application

TRIES: Final = 20  # for one free port on both loopbacks
BACKLOG: Final = 2_048
MOST_OPEN: Final = 4_096  # connections of one listener; another one is hung up on
HANDSHAKE: Final = 15.0  # seconds for the beginning of TLS
GOODBYE: Final = 1.0  # seconds to answer the end of TLS: a client that keeps a connection for later never does
CERTIFICATE_LOOKED_AT: Final = 60.0  # seconds between two looks at the operator's certificate file


def bind(host: str, port: int, *, of: str = "") -> list[socket.socket]:
    """Bind ``host`` (a loopback stands for both) to ``port``, 0 for any free one. ``PORT_TAKEN``, ``ADDRESS_UNUSABLE``.

    ``of``: what stands before ``host`` and ``port`` in the names of the settings.
    """
    hosts = LOOPBACKS if host in {*LOOPBACKS, "localhost"} else (host,)
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    taken: OSError | None = None
    for _ in range(TRIES if port == 0 else 1):
        try:
            return _bind_all(hosts, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                name = f"{of}port" if error.errno == errno.EACCES else f"{of}host"
                raise Refused(ADDRESS_UNUSABLE, name=name, address=address, reason=error.strerror) from error
            taken = error
    raise Refused(PORT_TAKEN, name=f"{of}port", address=address) from taken


def _bind_all(hosts: tuple[str, ...], port: int) -> list[socket.socket]:
    made: list[socket.socket] = []
    try:
        for host in hosts:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            if family == socket.AF_INET6 and host == "::1" and not _has_ipv6():
                continue
            each = socket.socket(family, socket.SOCK_STREAM)
            made.append(each)
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            each.bind((host, port))
            each.listen(BACKLOG)
            each.setblocking(False)  # noqa: FBT003  the socket module's signature
            port = port or each.getsockname()[1]
    except OSError:
        for each in made:
            each.close()
        raise
    return made


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


class _Server(uvicorn.Server):
    """A server that leaves signals to us: two of them run in one loop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install nothing."""
        yield


@dataclass(slots=True)
class Listener:
    """One address and the application behind it."""

    application: Application
    sockets: list[socket.socket]
    tls: Tls | None = None
    drain: float = 20.0  # seconds
    path: str = ""  # of a Unix socket, which is made here, in place of ``sockets``
    _server: _Server | None = None
    _task: asyncio.Task[None] | None = None
    _watching: asyncio.Task[None] | None = None
    _seen: tuple[tuple[int, int, int], ...] = ()  # of the certificate that is served

    async def start(self) -> None:
        """Serve. When this returns, requests are answered."""
        config = uvicorn.Config(
            self.application,
            http=_protocol(),
            loop="none",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            limit_concurrency=most_open(),
            timeout_keep_alive=75,
            timeout_graceful_shutdown=int(self.drain),
            ssl_certfile=self.tls.certificate if self.tls else None,
            ssl_keyfile=self.tls.key if self.tls else None,
            uds=self.path or None,
        )
        try:
            self._seen = _changed_at(self.tls) if self.tls else ()
            config.load()
        except (OSError, ssl.SSLError) as error:
            raise Refused(TLS_UNUSABLE, reason=error) from error
        self._server = _Server(config)
        self._task = asyncio.create_task(self._server.serve(sockets=self.sockets or None))
        while not self._server.started:
            if self._task.done():
                self._task.result()
                raise RuntimeError("the listener ended at once")
            await asyncio.sleep(0.001)
        if _present("httptools"):
            from accredit.app.connection import hang_up_on_the_slow

            self._watching = asyncio.create_task(hang_up_on_the_slow(self._server.server_state.connections))

    async def ended(self) -> None:
        """Wait until the listener has ended by itself, which none does, and raise why."""
        names = (each.getsockname() for each in self.sockets)
        addresses = self.path or ", ".join(f"{host} port {port}" for host, port, *_ in names)
        tasks = [each for each in (self._task, self._watching) if each is not None]
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        raise RuntimeError(f"the listener on {addresses} has ended") from done.pop().exception()

    async def stop(self) -> None:
        """Accept nothing new, finish what is under way, within ``drain`` seconds."""
        if self._server is not None and self._task is not None and not self._task.done():
            self._server.should_exit = True
            await self._task
        if self._watching is not None:
            self._watching.cancel()

    async def follow_certificate(self) -> None:
        """Load the operator's certificate again when its files have changed.

        ``TLS_UNUSABLE``, while certificate and key do not fit: the ones before serve on, and the next look tries again.
        """
        if self.tls is None or self._server is None or (found := _changed_at(self.tls)) == self._seen:
            return
        context: Any = self._server.config.ssl
        try:
            # One that is loaded without its key would be served all the same: so another context gets it first.
            for each in (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), context):
                each.load_cert_chain(self.tls.certificate, self.tls.key, password="")
        except OSError as error:
            raise Refused(TLS_UNUSABLE, reason=error) from error
        self._seen = found


def _changed_at(tls: Tls) -> tuple[tuple[int, int, int], ...]:
    with contextlib.suppress(OSError):
        found = [Path(each).stat() for each in (tls.certificate, tls.key)]
        return tuple((each.st_mtime_ns, each.st_ino, each.st_size) for each in found)
    return ()


def most_open() -> int:
    """Return how many connections one listener has at most.

    A third of the files that the process may open: its two listeners leave one to stores and issuers.
    """
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_OPEN if allowed == resource.RLIM_INFINITY else min(MOST_OPEN, allowed // 3)


def _present(module: str) -> bool:
    try:
        __import__(module)
    except ImportError:
        return False
    return True


def _protocol() -> Any:  # noqa: ANN401  a name or a class, as uvicorn takes it
    if not _present("httptools"):
        return "h11"  # has limits of its own
    from accredit.app.connection import Connection

    return Connection


def told_to_stop() -> asyncio.Event:
    """Return what SIGTERM or SIGINT sets. Ask for it before anybody can know that there is a process to be stopped."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, told.set)
    return told


def new_loop() -> asyncio.AbstractEventLoop:
    """Return a new event loop: uvloop's where it is installed."""
    made: Any = asyncio.SelectorEventLoop
    with contextlib.suppress(ImportError):
        import uvloop

        made = uvloop.Loop

    class Loop(made):  # type: ignore[misc]  # either of two
        async def create_server(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401  as uvicorn calls it
            if options.get("ssl") is not None:
                options |= {"ssl_handshake_timeout": HANDSHAKE, "ssl_shutdown_timeout": GOODBYE}
            return await super().create_server(*arguments, **options)

    found: asyncio.AbstractEventLoop = Loop()
    return found


def write_atomically(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write a file whole or not at all; nobody ever reads a half of it."""
    made = path.with_name(f".{path.name}.{os.getpid()}")
    made.unlink(missing_ok=True)
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)  # nobody's link or file is written through
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        made.replace(path)
    except OSError:
        made.unlink(missing_ok=True)
        raise
