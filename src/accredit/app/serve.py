"""`accredit serve`: bind, build, answer, drain."""

from __future__ import annotations

import asyncio
import gc
import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec.structs import replace

from accredit.app import seed
from accredit.app.chance import now
from accredit.app.folder import Folder, begin_emulator, find
from accredit.app.judge import LOOPBACKS, judge, public_url
from accredit.app.listen import CERTIFICATE_LOOKED_AT, Listener, bind, new_loop, told_to_stop, write_atomically
from accredit.app.occupied import occupied
from accredit.config import Tls
from accredit.errors import OUTPUT_UNWRITABLE, PORT_TAKEN, STORE_MISSING, Refused
from accredit.trust import DEFAULT_AUDIENCE

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from accredit.app.folder import KeysOf
    from accredit.app.runtime import Runtime
    from accredit.app.test_issuers import Surroundings
    from accredit.config import Settings

ADMIN_PORT: Final = 8444  # the default; an emulator on another public port takes any free one instead


def serve(settings: Settings, *, ready_file: Path | None = None, announce: Callable[[Runtime], None]) -> int:
    """Serve until SIGTERM or SIGINT and return the exit code. ``announce`` is called when requests are answered."""
    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(_serve(settings, ready_file, announce))


async def _serve(settings: Settings, ready_file: Path | None, announce: Callable[[Runtime], None]) -> int:
    def announced(runtime: Runtime) -> None:
        announce(runtime)
        gc.freeze()  # what a server starts with stays: a collection need not look through it again

    await serving(settings, told_to_stop(), announced, ready_file=ready_file)
    return 0


async def serving(
    settings: Settings,
    told: asyncio.Event,
    announce: Callable[[Runtime], None],
    *,
    ready_file: Path | None = None,
    keys: KeysOf | None = None,
) -> None:
    """Serve until ``told``, in whatever process and thread. ``keys``: what makes an emulator's first signing keys."""
    judge(settings)
    public = bind(settings.host, settings.port)
    port = public[0].getsockname()[1]
    admin: list[socket.socket] = []
    metadata: list[socket.socket] = []
    try:
        _remove(ready_file)  # of a server that was killed: nobody shall take it for this one's
        admin += _bind_admin(settings, port)
        if settings.profile == "emulator":
            metadata += bind_metadata()
        settings = replace(settings, port=port, admin_port=admin[0].getsockname()[1])
        with _opened(settings) as folder:
            base = public_url(settings.public_url) if not folder.emulator else f"https://localhost:{port}"
            tls, ca_file = await _begin(settings, folder, base, keys)
            runtime = await _build(settings, base, folder, ca_file, (*public, *admin), metadata)
            listeners = (
                Listener(runtime.admin, admin, drain=settings.shutdown_timeout),
                *surroundings(runtime, metadata),
                Listener(runtime.front, public, tls, drain=settings.shutdown_timeout),
            )
            try:
                await _answer(runtime, listeners, ca_file, ready_file, announce, told)
            finally:
                await runtime.close()
    finally:
        for each in (*public, *admin, *metadata):
            each.close()
        _remove(ready_file)


@contextmanager
def _opened(settings: Settings) -> Iterator[Folder]:
    """Find the data directory and keep other servers out of it; an emulator's temporary one is removed at the end.

    ``STORE_MISSING``, ``DATA_IN_USE``.
    """
    folder = find(settings)
    with ExitStack() as ending:
        ending.callback(folder.remove_if_temporary)
        if not folder.emulator and not folder.filled:
            raise Refused(STORE_MISSING, path=folder.database)
        ending.enter_context(occupied(folder.path))
        yield folder


def _remove(ready_file: Path | None) -> None:
    if ready_file is not None:
        try:
            ready_file.unlink(missing_ok=True)
        except OSError as error:
            raise Refused(OUTPUT_UNWRITABLE, what=ready_file, reason=error.strerror) from error


def _write(ready_file: Path, told: dict[str, Any]) -> None:
    try:
        write_atomically(ready_file, msgspec.json.encode(told))
    except OSError as error:
        raise Refused(OUTPUT_UNWRITABLE, what=ready_file, reason=error.strerror) from error


async def _build(
    settings: Settings,
    base: str,
    folder: Folder,
    ca_file: Path | None,
    sockets: tuple[socket.socket, ...],
    metadata: list[socket.socket],
) -> Runtime:
    from accredit.app.compose import build

    listeners = frozenset((str(each.getsockname()[0]), int(each.getsockname()[1])) for each in sockets)
    around = around_jobs(folder, metadata) if metadata else None
    return await build(
        settings, base=base, folder=folder, clock=now, ca_file=ca_file, listeners=listeners, around=around
    )


def bind_metadata() -> list[socket.socket]:
    """Bind what stands for a machine's metadata server: any free port, on loopback whatever else is exposed."""
    return bind(LOOPBACKS[0], 0, of="metadata_")


def around_jobs(folder: Folder, metadata: list[socket.socket]) -> Surroundings:
    """Say where an emulator answers jobs besides its address."""
    from accredit.app import test_issuers

    url = f"http://{LOOPBACKS[0]}:{metadata[0].getsockname()[1]}"
    return test_issuers.Surroundings(url, str(test_issuers.socket_path(folder)))


def surroundings(runtime: Runtime, metadata: list[socket.socket]) -> tuple[Listener, ...]:
    """Return the listeners of an emulator that its jobs find around themselves; of others there are none."""
    if runtime.around is None:
        return ()
    drain = runtime.settings.shutdown_timeout
    found = [Listener(runtime.metadata, metadata, drain=drain)] if metadata else []
    if runtime.around.socket:
        found.append(Listener(runtime.socket, [], drain=drain, path=runtime.around.socket))
    return tuple(found)


async def _begin(settings: Settings, folder: Folder, base: str, keys: KeysOf | None) -> tuple[Tls | None, Path | None]:
    """Make what an emulator needs; check what production needs. Returns the listener's TLS and the CA's file."""
    if settings.profile == "emulator":
        from accredit.signing.developmentca import development_tls

        await begin_emulator(folder, base, now, keys)
        made = development_tls(folder.path, now=now())
        return Tls(str(made.certificate_file), str(made.key_file)), made.ca_file
    return (settings.tls if settings.tls.certificate else None), None


async def _answer(
    runtime: Runtime,
    listeners: tuple[Listener, ...],
    ca_file: Path | None,
    ready_file: Path | None,
    announce: Callable[[Runtime], None],
    told: asyncio.Event,
) -> None:
    """Start the listeners, the public one last, and serve until told to stop."""
    await runtime.start()
    started: list[Listener] = []
    try:
        for each in listeners:
            await each.start()
            started.append(each)
        runtime.keep_up("certificate", listeners[-1].follow_certificate, CERTIFICATE_LOOKED_AT)
        if ready_file is not None:
            _write(ready_file, ready(runtime, ca_file))
        announce(runtime)
        await _stopped(told, listeners)
    finally:
        runtime.draining = True
        if started:
            await started.pop().stop()  # the public one first, so that /readyz says what happens
        await asyncio.gather(*(each.stop() for each in started))


async def _stopped(told: asyncio.Event, listeners: Iterable[Listener]) -> None:
    """Wait until the server is told to stop. A listener that ends before that is a fault, and ends the server."""
    waiting = [asyncio.create_task(each) for each in (told.wait(), *(each.ended() for each in listeners))]
    try:
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()
    if not told.is_set():
        for ended in done:
            ended.result()


def ready(runtime: Runtime, ca_file: Path | None) -> dict[str, Any]:
    """Return what the ready file says. Secrets that everybody knows stand in it for emulators only."""
    settings = runtime.settings
    told: dict[str, Any] = {
        "url": runtime.base,
        "admin_url": f"http://{_host(settings.admin_host)}:{settings.admin_port}",
        "pid": os.getpid(),
    }
    if settings.profile != "emulator":
        return told | {"listen": listens(settings)}  # the public URL names a proxy's address, perhaps
    return told | {
        "idp_url": f"{runtime.base}/idp",
        "metadata_url": runtime.around.metadata_url,
        "ca_file": str(ca_file),
        "control_token": runtime.control_token,
        "tenant_id": str(seed.TENANT_ID),
        "tenant_domain": seed.TENANT_DOMAIN,
        "admin": {"client_id": str(seed.ADMIN_ID), "client_secret": seed.ADMIN_SECRET},
        "workload": {
            "client_id": str(seed.WORKLOAD_ID),
            "issuer": seed.GITHUB,
            "subject": seed.SUBJECT,
            "audience": DEFAULT_AUDIENCE,
        },
    }


def listens(settings: Settings) -> str:
    """Return where the public listener is bound: what a proxy in front of it connects to."""
    tls = settings.profile == "emulator" or settings.tls.certificate
    return f"{'https' if tls else 'http'}://{_host(settings.host)}:{settings.port}"


def _bind_admin(settings: Settings, port: int) -> list[socket.socket]:
    """Bind the admin listener. An emulator that was given another public port takes any free one for it."""
    wanted = settings.admin_port
    if settings.profile == "emulator" and wanted == ADMIN_PORT and port != ADMIN_PORT - 1:
        wanted = 0
    try:
        return bind(settings.admin_host, wanted, of="admin_")
    except Refused as refused:
        if settings.profile != "emulator" or refused.row.name != PORT_TAKEN.name:
            raise
        return bind(settings.admin_host, 0, of="admin_")


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host
