"""One HTTP request and its answer, as ASGI sees them: what the application receives and sends (ASGI 3.0, HTTP).

Rule 1: an answer leaves whole: its head waits for the first part of its body, and both are one write.
Rule 2: a header can end no line: what would split an answer in two is an error of ours and is never sent.
Rule 3: a body is as long as its head says, or the connection ends: the next answer must not be read as part of it.
"""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accredit.web.answers import Application, Header, Message, Scope

_STATUS: Final = {each.value: f"HTTP/1.1 {each.value} {each.phrase}".encode() for each in HTTPStatus}
_WITHOUT_BODY: Final = frozenset({204, 304})
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_log: Final = logging.getLogger("uvicorn.error")


class Wire(Protocol):
    """The connection that a request came by, as far as the request needs it."""

    transport: asyncio.Transport
    crowded: asyncio.Event | None  # set when there is room again for what is written

    @property
    def always(self) -> Sequence[Header]:
        """The headers of every answer."""

    def read_on(self) -> None:
        """Read more, where reading was held up."""

    def answered(self, call: Call) -> None:
        """Hear that the answer is complete."""

    def ended(self, call: Call) -> None:
        """Hear that nothing more comes of the request."""


class Call:
    """One request that is arriving or has arrived, until it is answered."""

    __slots__ = (
        *("scope", "body", "whole", "keep_alive", "gone", "answered", "begun", "task"),
        *("_connection", "_expects", "_event", "_told", "_start", "_left"),
    )

    def __init__(self, connection: Wire, scope: Scope, *, keep_alive: bool, expects: bool) -> None:
        self.scope = scope
        self.body = bytearray()  # what has arrived of it and was not received yet
        self.whole = False  # all of the request has arrived
        self.keep_alive = keep_alive  # the connection stays open behind the answer
        self.gone = False  # nobody reads the answer any more
        self.task: asyncio.Task[None] | None = None  # what answers it
        self.begun = False  # the head of the answer is written
        self.answered = False  # all of the answer is
        self._connection = connection
        self._expects = expects  # the sender waits to be told to go on (RFC 9110 section 10.1.1)
        self._event: asyncio.Event | None = None  # made when the application has to wait
        self._told = False  # the application has received the end of the body
        self._start: Message | None = None  # the head of the answer, not written yet
        self._left: int | None = None  # bytes of the answer's body that are still to come; None: it is sent in chunks

    async def run(self, application: Application) -> None:
        """Have the application answer."""
        try:
            await application(self.scope, self.receive, self.send)
        except Exception:  # noqa: BLE001  it is told to whoever runs this; the sender hears that nothing came of it
            _log.exception("An application behind HTTP is broken.")
        finally:
            self._connection.ended(self)

    async def receive(self) -> Message:
        """Return the next part of the request's body; after its end, wait until there is nobody to be answered."""
        while True:
            if self.gone or self.answered:
                return {"type": "http.disconnect"}
            if self.body or (self.whole and not self._told):
                self._told = self.whole
                body, self.body = bytes(self.body), bytearray()
                return {"type": "http.request", "body": body, "more_body": not self.whole}
            if self._expects and not self.whole and not self.begun:
                self._expects = False
                self._connection.transport.write(_CONTINUE)
            self._connection.read_on()
            if self._event is None or self._event.is_set():  # else somebody waits with it already: both are woken
                self._event = asyncio.Event()
            await self._event.wait()

    async def send(self, message: Message) -> None:
        """Take one message of the answer."""
        if self._connection.crowded is not None:
            await self._connection.crowded.wait()
        if self.gone:
            return
        if self.answered:
            raise RuntimeError("the answer is complete")
        if message["type"] == "http.response.start":
            self._start = message
            return
        body, more = message.get("body", b""), message.get("more_body", False)
        head = b"" if self.begun else self._head()
        framed = self._framed(body, more=more)
        self.begun = True
        self._connection.transport.write(head + framed if head else framed)
        if not more:
            self.answered = True
            self.wake()
            self._connection.answered(self)

    def wake(self) -> None:
        """Let the application look again at what it waits for."""
        if self._event is not None:
            self._event.set()

    def _head(self) -> bytes:
        """Return status line and headers."""
        if self._start is None:
            raise RuntimeError("an answer begins with its status")
        status, self._left = self._start["status"], None
        lines = [_STATUS.get(status) or b"HTTP/1.1 %d " % status]
        for header in (*self._connection.always, *self._start.get("headers", ())):
            lines.append(b": ".join(header))
            if header[0] == b"content-length":
                self._left = int(header[1])
        head = b"\r\n".join(lines)
        ends = len(lines) - 1
        if head.count(b"\n") != ends or head.count(b"\r") != ends or b"\0" in head:
            raise RuntimeError("a header has a control character")
        return head + self._frame(status) + b"\r\n\r\n"

    def _frame(self, status: int) -> bytes:
        """Decide how the body ends (RFC 9112 section 6.3); return the headers that say so."""
        if self._expects and not self.whole:
            self.keep_alive = False  # what comes next may be the body that was announced, or may not
        said = b"" if self.keep_alive else b"\r\nconnection: close"
        if self.scope["method"] == "HEAD" or status in _WITHOUT_BODY:
            self._left = 0
        elif self._left is None and self.scope["http_version"] == "1.1":
            said += b"\r\ntransfer-encoding: chunked"
        return said

    def _framed(self, body: bytes, *, more: bool) -> bytes:
        """Return a part of the body as it is sent."""
        if self.scope["method"] == "HEAD":
            return b""
        if self._left is not None:
            self._left -= len(body)
            if self._left < 0 or (self._left and not more):
                raise RuntimeError("the body is not as long as its header says")
            return body
        if self.scope["http_version"] != "1.1":
            return body  # ends with the connection
        chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
        return chunk if more else chunk + b"0\r\n\r\n"
