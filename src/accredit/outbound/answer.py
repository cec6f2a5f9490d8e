"""One request over an open connection, and its answer within limits (RFC 9112, read by h11).

Rule 1: a GET is its request line and five fields; no cookie, no credential, no body. A POST is a form for a token
endpoint, whose refusals (400, 401) are answers, too.
Rule 2: an answer is 200, not encoded, within its caps, or it is none. No redirect is followed.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn

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
_ANSWERS: Final = frozenset({200})
_ANSWERS_OF_TOKENS: Final = frozenset({200, 400, 401})  # RFC 6749 section 5.2
_REDIRECTS: Final = range(300, 400)
_SERVER_ERRORS: Final = 500
_STANDARD_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer. Names of ``headers`` are lower case; fields sent several times are joined with commas."""

    body: bytes
    headers: Mapping[str, str]
    status: int = 200


@dataclass(frozen=True, slots=True)
class Form:
    """What is sent to a token endpoint. ``authorization``: how the client proves itself, unless the form says so."""

    body: bytes = field(repr=False)
    authorization: str = field(default="", repr=False)

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The header fields that go with it."""
        told = [("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", str(len(self.body)))]
        return [*told, ("Authorization", self.authorization)] if self.authorization else told


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
        return await self._asked(self._request("GET", url, user_agent), trace, _ANSWERS)

    async def post(self, url: Parts, user_agent: str, form: Form, trace: Trace) -> Fetched:
        """Send a form to ``url``. Raises ``Unreachable`` as ``get`` does, but for 400 and 401."""
        return await self._asked(self._request("POST", url, user_agent, form), trace, _ANSWERS_OF_TOKENS)

    async def _asked(self, request: bytes, trace: Trace, answers: frozenset[int]) -> Fetched:
        try:
            self._writer.write(request)
            await self._writer.drain()
            trace.status, trace.headers = await self._head()
            if trace.status not in answers:
                if trace.telling:
                    trace.excerpt = await self._excerpt()
                _refuse_status(trace.status, trace.headers)
            self._refuse_head(trace.headers)
            return Fetched(await self._body(), trace.headers, trace.status)
        except self._h11.RemoteProtocolError as error:
            if self._ended:
                raise Unreachable("connect", "the connection was closed before an answer was complete") from error
            raise Unreachable("protocol", f"not HTTP/1.1: {quoted(str(error))}", answered=True) from error
        except OSError as error:
            raise Unreachable("connect", f"the connection was lost: {why(error)}") from error

    def _request(self, method: str, url: Parts, user_agent: str, form: Form | None = None) -> bytes:
        target = (url.path or "/") + ("" if url.query is None else f"?{url.query}")
        fields = [
            ("Host", host_field(url)),
            ("User-Agent", user_agent),
            ("Accept", "application/json"),
            ("Accept-Encoding", "identity"),
            ("Connection", "close"),
            *(form.fields if form else ()),
        ]
        sent = [self._http.send(self._h11.Request(method=method, target=target, headers=fields))]
        if form:
            sent.append(self._http.send(self._h11.Data(data=form.body)))
        sent.append(self._http.send(self._h11.EndOfMessage()))
        return b"".join(each or b"" for each in sent)

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

    def _refuse_head(self, headers: Mapping[str, str]) -> None:
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


def _refuse_status(status: int, headers: Mapping[str, str]) -> NoReturn:
    if status in _REDIRECTS:
        target = quoted(headers.get("location", ""))
        raise Unreachable("redirect", f"{status} to {target}; redirects are not followed", answered=True)
    raise Unreachable("status", str(status), answered=status < _SERVER_ERRORS)


def _too_large() -> Unreachable:
    return Unreachable("size", f"an answer over {MAX_BODY} bytes", answered=True)
