"""One GET over an open connection, and its answer within limits (RFC 9112, read by h11).

Rule 1: nothing is sent but the request line and five fields; no cookie, no credential, no body.
Rule 2: an answer is 200, not encoded, within its caps, or it is none. No redirect is followed.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from accredit.outbound.trace import EXCERPT
from accredit.outbound.unreachable import Unreachable, quoted, why

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import Mapping

    import h11

    from accredit.issuers.url import Parts
    from accredit.outbound.trace import Trace

MAX_BODY: Final = 512 * 1_024  # octets
MAX_HEADERS: Final = 16 * 1_024  # octets of status line and header section, interim answers included
MAX_RECEIVED: Final = 4 * MAX_BODY  # octets in all: what chunked framing may add is bounded as well
_PATIENCE: Final = 1.0  # seconds for them
_READ: Final = 16 * 1_024  # octets at a time
_OK: Final = 200
_REDIRECTS: Final = range(300, 400)
_SERVER_ERRORS: Final = 500
_STANDARD_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer. Names of ``headers`` are lower case; fields sent several times are joined with commas."""

    body: bytes
    headers: Mapping[str, str]


class Conversation:
    """One request and its answer on one connection, which serves nothing else afterwards."""

    def __init__(self, reader: StreamReader, writer: StreamWriter) -> None:
        import h11  # noqa: PLC0415  a server that only reads uploaded keys never needs it

        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEADERS)
        self._h11 = h11
        self._received = 0
        self._ended = False
        self._allowed = MAX_HEADERS

    async def get(self, url: Parts, user_agent: str, trace: Trace) -> Fetched:
        """Ask for ``url``. Raises ``Unreachable``: connect, protocol, status, redirect, size, encoding.

        Of an answer that is refused for its status the beginning stands in ``trace``, if that is asked to be told.
        """
        try:
            self._writer.write(self._request(url, user_agent))
            await self._writer.drain()
            trace.status, trace.headers = await self._head()
            if trace.status != _OK and trace.telling:
                trace.excerpt = await self._excerpt()
            self._refuse_head(trace.status, trace.headers)
            return Fetched(await self._body(), trace.headers)
        except self._h11.RemoteProtocolError as error:
            if self._ended:
                raise Unreachable("connect", "the connection was closed before an answer was complete") from error
            raise Unreachable("protocol", f"not HTTP/1.1: {quoted(str(error))}", answered=True) from error
        except OSError as error:
            raise Unreachable("connect", f"the connection was lost: {why(error)}") from error

    def _request(self, url: Parts, user_agent: str) -> bytes:
        target = (url.path or "/") + ("" if url.query is None else f"?{url.query}")
        fields = [
            ("Host", host_field(url)),
            ("User-Agent", user_agent),
            ("Accept", "application/json"),
            ("Accept-Encoding", "identity"),
            ("Connection", "close"),
        ]
        head = self._http.send(self._h11.Request(method="GET", target=target, headers=fields))
        return (head or b"") + (self._http.send(self._h11.EndOfMessage()) or b"")

    async def _head(self) -> tuple[int, Mapping[str, str]]:
        event = await self._event()
        while isinstance(event, self._h11.InformationalResponse):  # bounded by the cap of the header section
            event = await self._event()
        assert isinstance(event, self._h11.Response)  # noqa: S101  all that h11 lets a server begin with
        headers: dict[str, str] = {}
        for name, value in event.headers:
            text = value.decode("latin-1")
            key = name.decode("ascii")
            headers[key] = f"{headers[key]}, {text}" if key in headers else text
        return event.status_code, headers

    async def _excerpt(self) -> bytes:
        """Return the beginning of a body that nobody will read; what goes wrong in it is no matter."""
        self._allowed, found = MAX_RECEIVED, b""
        with suppress(self._h11.RemoteProtocolError, OSError, TimeoutError, Unreachable):
            async with asyncio.timeout(_PATIENCE):
                while len(found) < EXCERPT and isinstance(event := await self._event(), self._h11.Data):
                    found += bytes(event.data)
        return found[:EXCERPT]

    def _refuse_head(self, status: int, headers: Mapping[str, str]) -> None:
        _refuse_status(status, headers)
        encoding = headers.get("content-encoding", "identity")
        if encoding.lower() != "identity":
            raise Unreachable("encoding", f"the answer is encoded as {quoted(encoding)}", answered=True)
        if int(headers.get("content-length", "0")) > MAX_BODY:  # h11 has refused what is no number
            raise _too_large()
        self._allowed = MAX_RECEIVED

    async def _body(self) -> bytes:
        body = bytearray()
        while isinstance(event := await self._event(), self._h11.Data):
            body += event.data
            if len(body) > MAX_BODY:
                raise _too_large()
        return bytes(body)

    async def _event(self) -> h11.Event | type[h11.NEED_DATA | h11.PAUSED]:
        while (event := self._http.next_event()) is self._h11.NEED_DATA:
            self._http.receive_data(await self._more())
        return event

    async def _more(self) -> bytes:
        left = self._allowed - self._received
        if left <= 0 and self._allowed == MAX_HEADERS:
            raise Unreachable("size", f"a header section over {MAX_HEADERS} bytes", answered=True)
        if left <= 0:
            raise _too_large()
        octets = await self._reader.read(min(_READ, left))
        self._received += len(octets)
        self._ended = not octets
        return octets


def host_field(url: Parts) -> str:
    """Return the Host of a URL: the name as registered, the port when it is not the standard one."""
    host = f"[{url.host}]" if ":" in url.host else url.host
    return host if url.port == _STANDARD_PORTS[url.scheme] else f"{host}:{url.port}"


def _refuse_status(status: int, headers: Mapping[str, str]) -> None:
    if status == _OK:
        return
    if status in _REDIRECTS:
        target = quoted(headers.get("location", ""))
        raise Unreachable("redirect", f"{status} to {target}; redirects are not followed", answered=True)
    raise Unreachable("status", str(status), answered=status < _SERVER_ERRORS)


def _too_large() -> Unreachable:
    return Unreachable("size", f"an answer over {MAX_BODY} bytes", answered=True)
