"""Answers of bare ASGI endpoints: status, headers, one body (ASGI 3.0, HTTP connection scope)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from accredit import __version__
from accredit.errors import BODY_TOO_LARGE, REQUEST_MALFORMED, Refused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    Application = Callable[[Scope, Receive, Send], Awaitable[None]]
    Header = tuple[bytes, bytes]

JSON: Final = (b"content-type", b"application/json; charset=utf-8")
HTML: Final = (b"content-type", b"text/html; charset=utf-8")
SERVER: Final = (b"x-ms-ests-server", f"accredit/{__version__}".encode())
NOT_STORED: Final = (
    (b"cache-control", b"no-store, no-cache"),
    (b"pragma", b"no-cache"),
    JSON,
    (b"expires", b"-1"),
    (b"x-content-type-options", b"nosniff"),
    (b"p3p", b'CP="DSP CUR OTPi IND OTRi ONL FIN"'),
    SERVER,
    (b"x-xss-protection", b"0"),
)
"""The headers of every answer of the token endpoint, granted or refused."""
AT_ONCE: Final = 262_144  # bytes of a body
_WITHOUT_BODY: Final = frozenset({204, 304})
STRICT_TRANSPORT: Final = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
PUBLISHED: Final = (
    JSON,
    (b"cache-control", b"max-age=86400, private"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET, OPTIONS"),
    (b"x-content-type-options", b"nosniff"),
)
"""The headers of discovery documents and key sets."""


async def answer(send: Send, status: int, headers: Sequence[Header], body: bytes, *, head: bool = False) -> None:
    """Send one whole answer; ``head`` leaves the body out. 204 and 304 have none, nor a length (RFC 9110, 8.6)."""
    bare = status in _WITHOUT_BODY
    sent = list(headers) if bare else [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": sent})
    if head or bare or len(body) <= AT_ONCE:
        await send({"type": "http.response.body", "body": b"" if head or bare else body})
        return
    for start in range(0, len(body), AT_ONCE):  # what is encrypted and copied in one go holds up everybody else
        end = start + AT_ONCE
        await send({"type": "http.response.body", "body": body[start:end], "more_body": end < len(body)})
        await asyncio.sleep(0)


async def read_body_within(seconds: float, headers: Mapping[bytes, bytes], receive: Receive, limit: int) -> bytes:
    """Read a request body as ``read_body`` does. 90023 also for one that takes longer to arrive."""
    try:
        async with asyncio.timeout(seconds):
            return await read_body(headers, receive, limit)
    except TimeoutError:
        raise Refused(REQUEST_MALFORMED, reason=f"the body did not arrive within {seconds:g} seconds") from None


async def read_body(headers: Mapping[bytes, bytes], receive: Receive, limit: int) -> bytes:
    """Read a request body of at most ``limit`` bytes. ``ACC2413`` as soon as it is known to be larger, 90023."""
    announced = headers.get(b"content-length", b"0")
    if announced.isdigit() and int(announced) > limit:
        raise Refused(BODY_TOO_LARGE, limit=limit)
    body, more = b"", True
    while more and len(body) <= limit:
        message = await receive()
        if message["type"] == "http.disconnect":  # half a form is none
            raise Refused(REQUEST_MALFORMED, reason="the body ended early")
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if len(body) > limit:
        raise Refused(BODY_TOO_LARGE, limit=limit)
    return body
