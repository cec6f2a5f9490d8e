"""How the test issuers read requests and send answers. Bare ASGI.

Rule 1: of a request at most 64 KiB of body is read.
Rule 2: an answer may be slow or come in drops, as an issuer in trouble is; who stopped reading is not waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final, TypeVar

import msgspec

from accredit.errors import BODY_TOO_LARGE, CONTROL_TOKEN, INPUT_INVALID, METHOD_NOT_ALLOWED, Refused
from accredit.testidp.draft import write
from accredit.testidp.outages import HELD, Answer

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Shape = TypeVar("Shape", bound=msgspec.Struct)

LIMIT: Final = 64 * 1024  # octets of a request's body


def headers_of(scope: Scope) -> dict[str, str]:
    """Return the headers of a request, names in lower case."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def of_another_site(headers: Mapping[str, str]) -> bool:
    """Whether a browser sends it for a page of another site."""
    return headers.get("sec-fetch-site", "same-origin") != "same-origin"


async def body_of(receive: Receive) -> bytes:
    """Read a request's body. ``BODY_TOO_LARGE``."""
    body = b""
    while True:
        message = await receive()
        part: bytes = message.get("body", b"")
        body += part
        if len(body) > LIMIT:
            raise Refused(BODY_TOO_LARGE, limit=LIMIT)
        if not message.get("more_body"):
            return body


def shaped(body: Mapping[str, object], kind: type[Shape]) -> Shape:
    """Read a control request. ``INPUT_INVALID`` for what is not of this shape."""
    try:
        return msgspec.convert(body, kind)
    except msgspec.ValidationError as error:
        raise Refused(INPUT_INVALID, what="the request", reason=str(error)) from error


def refusal(refused: Refused) -> Answer:
    """Say as JSON what is wrong and what to do."""
    row = refused.row
    said = {"error": row.error, "error_description": str(refused), "code": row.code, "advice": row.advice}
    headers = [("cache-control", "no-store")]
    if row is CONTROL_TOKEN:
        headers.append(("www-authenticate", "Bearer"))
    if row is METHOD_NOT_ALLOWED:
        headers.append(("allow", refused.fields["valid_verbs"]))
    return Answer(write({name: value for name, value in said.items() if value}), row.status, headers=tuple(headers))


async def send_answer(answer: Answer, receive: Receive, send: Send) -> None:
    """Send an answer as slowly as it wants to be sent, while there is a reader."""
    if answer.delay and await _gone(receive, answer.delay):
        return
    headers = [("content-type", answer.content_type), ("x-content-type-options", "nosniff"), *answer.headers]
    if not answer.drip:
        headers.append(("content-length", str(len(answer.body))))
    raw = [(name.encode(), value.encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    rest = answer.body
    if answer.cut:  # what is announced never comes: whoever serves this closes the connection
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        return
    if answer.drip:
        for _ in range(min(len(rest), int(HELD / answer.drip))):
            await send({"type": "http.response.body", "body": rest[:1], "more_body": True})
            rest = rest[1:]
            if await _gone(receive, answer.drip):
                return
    await send({"type": "http.response.body", "body": rest})


async def _gone(receive: Receive, seconds: float) -> bool:
    """Wait; whether the reader went away meanwhile."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True
