"""Connections that may cost only so much: what uvicorn's reader of HTTP has no limit for.

Rule 1: what is not a body (request line, header fields, framing, trailers) is at most 64 KiB of a request.
Rule 2: a request has arrived within fifteen seconds of its first byte, a connection's first one of the connection: who
sends more slowly, or nothing, is hung up on, and cannot hold a draining server either.
Rule 3: nothing a stranger sends makes this layer write a line to the log.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from collections.abc import Collection

LARGEST_HEAD: Final = 65_536  # bytes of a request that are not its body
ARRIVES_WITHIN: Final = 15.0  # seconds: less than a draining server waits
LOOKED_AT_EVERY: Final = 2.5  # seconds between two looks for connections that are too slow

_REFUSED: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 35\r\n\r\nThe request's headers are too large"
)
logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # its warnings are about what strangers send


class Guarded(HttpToolsProtocol):
    """uvicorn's protocol with limits."""

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401  uvicorn's own
        super().__init__(*arguments, **options)
        self.since: float | None = None  # when the request that is arriving began to; None: none is
        self._overhead = 0  # bytes of it so far that are not its body

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self.since = self.loop.time()

    def data_received(self, data: bytes) -> None:
        """Read what arrived; hang up when too much of it is no body."""
        if self.since is None:
            self.since = self.loop.time()
        self._overhead += len(data)
        super().data_received(data)
        if self._overhead > LARGEST_HEAD and not self.transport.is_closing():
            self.transport.write(_REFUSED)
            self.transport.close()

    def on_headers_complete(self) -> None:
        """Refuse a head that is too large even where it arrived at once: the request does not begin."""
        if self._overhead > LARGEST_HEAD:
            size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            if size > LARGEST_HEAD:
                raise ValueError("the head is too large")  # uvicorn answers 400 and hangs up
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._overhead -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self.since = None
        self._overhead = 0
        super().on_message_complete()


async def hang_up_on_the_slow(connections: Collection[Any]) -> None:
    """Close connections whose request takes too long to arrive. Runs until it is cancelled."""
    now = asyncio.get_running_loop().time
    while True:
        await asyncio.sleep(LOOKED_AT_EVERY)
        latest = now() - ARRIVES_WITHIN
        for each in [*connections]:
            if isinstance(each, Guarded) and each.since is not None and each.since < latest:
                each.transport.abort()
