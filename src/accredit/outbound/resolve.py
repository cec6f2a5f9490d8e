"""From a host name to its addresses, without blocking the event loop.

Rule 1: a look-up runs in a thread of its own, a daemon: the system's resolver cannot be cancelled, and a name server
that hangs must hold up neither the look-ups of other issuers nor the end of the process.
Rule 2: their number is bounded.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from threading import Thread
from typing import Final

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Return the addresses of a host as texts, the preferred one first. Raises ``OSError``."""

MAX_LOOKUPS: Final = 64  # under way at a time


class SystemResolver:
    """The resolver of the operating system, hosts file and all."""

    def __init__(self, *, limit: int = MAX_LOOKUPS) -> None:
        self._limit = limit
        self._running = 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        if self._running >= self._limit:
            raise OSError(f"{self._limit} look-ups are under way already")
        loop = asyncio.get_running_loop()
        found: asyncio.Future[Sequence[str]] = loop.create_future()
        self._running += 1
        Thread(target=self._look_up, args=(host, port, loop, found), name="accredit-resolve", daemon=True).start()
        return await found

    def _look_up(
        self, host: str, port: int, loop: asyncio.AbstractEventLoop, found: asyncio.Future[Sequence[str]]
    ) -> None:
        addresses: Sequence[str] = ()
        failure: OSError | None = None
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses = list(dict.fromkeys(str(entry[4][0]) for entry in entries))
        except OSError as error:
            failure = error
        except UnicodeError as error:  # a label that the resolver's own encoding does not take
            failure = OSError(str(error))
        with suppress(RuntimeError):  # the loop was closed meanwhile: nobody is left to be told
            loop.call_soon_threadsafe(self._tell, found, addresses, failure)

    def _tell(self, found: asyncio.Future[Sequence[str]], addresses: Sequence[str], failure: OSError | None) -> None:
        self._running -= 1
        if found.done():  # nobody waits any more
            return
        if failure is not None:
            found.set_exception(failure)
        else:
            found.set_result(addresses)
