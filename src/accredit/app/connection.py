"""HTTP/1.1 connections as the public and the admin listener serve them. httptools reads; uvicorn listens and drains.

Rule 1: what is not a body (request line, header fields, framing, trailers) is at most 64 KiB of a request.
Rule 2: a request has arrived within fifteen seconds of its first byte, a connection's first one of the connection: who
sends more slowly, or nothing, is hung up on, and cannot hold a draining server either.
Rule 3: nothing a stranger sends makes this layer write a line to the log.
Rule 4: answers leave in the order of their requests, one at a time; nothing more is read while one waits for its turn,
and behind 32 of them the connection ends.
Rule 5: who does not read his answers is hung up on (``reader``), whatever else is under way.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from math import inf
from typing import TYPE_CHECKING, Any, Final

import httptools

from accredit.app.call import Call
from accredit.app.reader import Behind, left
from accredit.app.scope import common, target

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from uvicorn import Config
    from uvicorn.server import ServerState

    from accredit.web.answers import Application, Header

LARGEST_HEAD: Final = 65_536  # bytes of a request that are not its body
LARGEST_HELD: Final = 65_536  # bytes of a body that wait for the application before no more is read
ARRIVES_WITHIN: Final = 15.0  # seconds: less than a draining server waits
LOOKED_AT_EVERY: Final = 2.5  # seconds between two looks for connections that are too slow
MOST_WAITING: Final = 32  # requests of one connection that are not answered yet
LEAVES_AT_ONCE: Final = 8_192  # bytes: of so few in a kernel's buffer, no loop holds any back
LEAVES_SOON: Final = 0.1  # seconds between two looks whether an answer has left


def _last(status: str, text: str) -> bytes:
    """Return an answer that ends its connection."""
    headers = f"connection: close\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {len(text)}"
    return f"HTTP/1.1 {status}\r\n{headers}\r\n\r\n{text}".encode()


_NO_HTTP: Final = _last("400 Bad Request", "This is no HTTP request")
_TOO_LARGE: Final = _last("431 Request Header Fields Too Large", "The request's headers are too large")
_BROKEN: Final = _last("500 Internal Server Error", "Internal Server Error")
_log: Final = logging.getLogger("uvicorn.error")
_log.setLevel(logging.ERROR)  # its warnings are about what strangers send


class Connection(asyncio.Protocol):
    """One connection. Made by uvicorn, with the arguments that it gives to protocols."""

    transport: asyncio.Transport

    def __init__(
        self, config: Config, server_state: ServerState, app_state: Mapping[str, Any], _loop: object = None
    ) -> None:
        del app_state  # of a lifespan: there is none
        self._application: Application = config.loaded_app
        self._idle: float = config.timeout_keep_alive  # seconds
        self._most: float = config.limit_concurrency or inf  # connections
        self._server = server_state
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)  # it is not looked at
        self._base: dict[str, Any] = {}  # what the scopes of all requests have in common
        self._url = b""
        self._headers: list[Header] = []
        self._expects = False
        self._arriving = True  # a request, or what shall become the first one
        self._overhead = 0  # bytes of it so far that are not its body
        self._reading: Call | None = None  # whose body is arriving
        self._calls: deque[Call] = deque()  # not answered yet; the first one is under way
        self._held = False  # nothing is read for now
        self._answers = 0  # that are complete
        self._behind: Behind | None = None  # while some of them have not been taken
        self.deadline = inf  # when to hang up
        self.crowded: asyncio.Event | None = None  # set when there is room again for what is written

    # --- the connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # TCP or TLS
        """Begin to wait for a request, unless too many wait already."""
        self.transport = transport
        self._server.connections.add(self)  # type: ignore[arg-type]  # names uvicorn's own classes
        self.deadline = self._loop.time() + ARRIVES_WITHIN
        self._base = common(transport)
        if len(self._server.connections) > self._most:
            transport.abort()

    def eof_received(self) -> None:
        """Take the end of what is sent for the end of the sender, as TLS does: the transport closes by itself now."""
        self._forget()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's name
        self._server.connections.discard(self)
        self._forget()
        self.resume_writing()
        del self._parser  # it refers to this object and would keep it

    def pause_writing(self) -> None:
        """Have answers wait: their reader is slower than they are."""
        self.crowded = asyncio.Event()

    def resume_writing(self) -> None:
        if self.crowded is not None:
            self.crowded.set()
            self.crowded = None

    def shutdown(self) -> None:
        """Close, as soon as what was asked is answered (uvicorn calls this when it drains)."""
        if self._calls:
            self._calls[-1].keep_alive = False
        else:
            self._finish()

    def look(self, now: float) -> None:
        """Hang up when it is time to."""
        unread = left(self.transport)
        if not unread:
            self._behind = None
        elif self._behind is None:
            self._behind = Behind(unread, self._answers, now)
        elif self._behind.is_too_slow(unread, self._answers, now):
            self.transport.abort()  # to close would be to wait until he has taken it
        if self.deadline < now:
            if unread and not self._arriving:  # not idle yet
                self.deadline = now + self._idle
            else:
                (self.transport.abort if self._arriving else self._close)()

    # --- what arrives

    def data_received(self, data: bytes) -> None:
        """Read what arrived; hang up when it is no HTTP, or too much of it is no body."""
        if self.transport.is_closing() or (self._calls and not self._arriving and not self._calls[-1].keep_alive):
            return
        self._overhead += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:  # declined; the parser reads no body of it, so nothing can follow
            self.shutdown()
        except httptools.HttpParserError:
            self._hang_up(_NO_HTTP)
        if self._overhead > LARGEST_HEAD:
            self._hang_up(_TOO_LARGE)

    def on_message_begin(self) -> None:
        self._url, self._headers, self._expects = b"", [], False
        if not self._arriving:
            self._arriving = True
            self.deadline = inf if self._held else self._loop.time() + ARRIVES_WITHIN

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self._expects = True
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Begin the request, or have it wait for its turn. One with too large a head, or behind the last, does not."""
        if self._overhead > LARGEST_HEAD:
            size = len(self._url) + sum(len(name) + len(value) for name, value in self._headers)
            if size > LARGEST_HEAD:
                raise ValueError("the head is too large")  # the parser makes it an error of its own
        if self._calls and self._is_the_last(self._calls[-1]):
            return
        scope = self._base.copy()
        scope["method"] = self._parser.get_method().decode("ascii")
        scope["path"], scope["raw_path"], scope["query_string"] = target(self._url)
        scope["headers"] = self._headers
        version = self._parser.get_http_version()
        if version != "1.1":
            scope["http_version"] = version
        keep_alive = version == "1.1" and self._parser.should_keep_alive()
        call = self._reading = Call(self, scope, keep_alive=keep_alive, expects=self._expects and version == "1.1")
        self._calls.append(call)
        if len(self._calls) == 1:
            self._begin(call)
        else:
            self._hold()

    def on_body(self, body: bytes) -> None:
        self._overhead -= len(body)
        call = self._reading
        if call is None or call.answered:
            return
        call.body += body
        if len(call.body) > LARGEST_HELD:
            self._hold()
        call.wake()

    def on_message_complete(self) -> None:
        self._arriving, self._overhead = False, 0
        self.deadline = inf if self._calls else self._loop.time() + self._idle
        call, self._reading = self._reading, None
        if call is not None:
            call.whole = True
            call.wake()

    def _is_the_last(self, call: Call) -> bool:
        """Whether nothing is answered behind a request. Who asks for more than wait here can ask again elsewhere."""
        if len(self._calls) == MOST_WAITING:
            call.keep_alive = False
        return not call.keep_alive

    # --- what the calls need

    @property
    def always(self) -> Sequence[Header]:
        """The headers of every answer: the date."""
        return self._server.default_headers

    def read_on(self) -> None:
        """Read more, where reading was held up."""
        if self._held:
            self._held = False
            self.transport.resume_reading()
            if self._arriving:
                self.deadline = self._loop.time() + ARRIVES_WITHIN

    def answered(self, call: Call) -> None:
        """Take up the next request, or wait for one."""
        self._server.total_requests += 1
        self._answers += 1
        self._calls.popleft()
        if not call.keep_alive:
            self._finish()
        elif self._calls:
            self._begin(self._calls[0])
        else:
            self.read_on()
            if not self._arriving:
                self.deadline = self._loop.time() + self._idle

    def ended(self, call: Call) -> None:
        """Let go of the task that was to answer; where it did not, nothing can follow."""
        if call.task is not None:
            self._server.tasks.discard(call.task)
        if call.answered or call.gone:
            return
        if not call.begun:
            self.transport.write(_BROKEN)
        self._close()
        self._forget()

    def _begin(self, call: Call) -> None:
        call.task = self._loop.create_task(call.run(self._application))
        self._server.tasks.add(call.task)

    def _hold(self) -> None:
        if not self._held:
            self._held, self.deadline = True, inf  # it is not the sender who is slow
            self.transport.pause_reading()

    def _hang_up(self, answer: bytes) -> None:
        """Close, and say why where no other answer is due: it would be taken for that one."""
        due = [each for each in self._calls if each is not self._reading or each.begun]
        if not due and not self.transport.is_closing():
            self.transport.write(answer)
        self._close()
        self._forget()

    def _finish(self) -> None:
        """Close behind the last answer. TLS only says goodbye for a limited time: not before the answer has left."""
        encrypted = self._base["scheme"] == "https"
        if encrypted and not self.transport.is_closing() and left(self.transport) > LEAVES_AT_ONCE:
            self._hold()
            self._loop.call_later(LEAVES_SOON, self._finish)
        else:
            self._close()

    def _close(self) -> None:
        if not self.transport.is_closing():  # asyncio's TLS must not be told twice
            self.transport.close()

    def _forget(self) -> None:
        """Tell the calls that nobody reads their answers."""
        for each in self._calls:
            each.gone = True
            each.wake()
        self._calls.clear()


async def hang_up_on_the_slow(connections: Collection[Any]) -> None:
    """Look at connections again and again. Runs until it is cancelled."""
    now = asyncio.get_running_loop().time
    while True:
        await asyncio.sleep(LOOKED_AT_EVERY)
        for each in [*connections]:
            if isinstance(each, Connection):
                try:
                    each.look(now())
                except Exception:  # noqa: BLE001  one that is broken must not keep the others from being looked at
                    _log.exception("A connection cannot be looked at.")
                    each.transport.abort()
