"""Asking a server's application in this process, without a connection: what is measured is the server's own time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

    from accredit.web.answers import Application

HOST = b"localhost:8443"


@dataclass(frozen=True, slots=True)
class Answered:
    seconds: float
    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes


async def ask(
    application: Application, method: str, path: str, body: bytes = b"", more: Sequence[tuple[bytes, bytes]] = ()
) -> Answered:
    """Send one request; it takes from its first byte to the last of its answer."""
    path, _, query = path.partition("?")
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", HOST), (b"content-length", str(len(body)).encode()), *more],
        "client": ("127.0.0.1", 50_000),
        "scheme": "https",
        "server": ("127.0.0.1", 8443),
        "http_version": "1.1",
    }
    told: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        told.append(message)

    begun = time.perf_counter()
    await application(scope, receive, send)
    seconds = time.perf_counter() - begun
    return Answered(
        seconds, told[0]["status"], told[0]["headers"], b"".join(each.get("body", b"") for each in told[1:])
    )
