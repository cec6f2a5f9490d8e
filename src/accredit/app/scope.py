"""What a connection and the target of a request say of an ASGI scope (ASGI 3.0, HTTP)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import httptools

if TYPE_CHECKING:
    import asyncio

_ASGI: Final = {"version": "3.0", "spec_version": "2.3"}


def common(transport: asyncio.Transport) -> dict[str, Any]:
    """Return what the scopes of all requests of one connection have in common."""
    return {
        "type": "http",
        "asgi": _ASGI,
        "http_version": "1.1",
        "server": _address(transport, "sockname"),
        "client": _address(transport, "peername"),
        "scheme": "https" if transport.get_extra_info("sslcontext") else "http",
        "root_path": "",
    }


def _address(transport: asyncio.Transport, end: str) -> tuple[str, int] | None:
    found = transport.get_extra_info(end)
    return (str(found[0]), int(found[1])) if isinstance(found, tuple) else None  # a Unix socket has no port


def target(url: bytes) -> tuple[str, bytes, bytes]:
    """Return path, path as it was sent, and query."""
    if url[:1] == b"/" and b"?" not in url and b"%" not in url and b"#" not in url:
        return url.decode("ascii"), url, b""
    parsed = httptools.parse_url(url)
    raw = parsed.path or b"/"  # of an absolute target it may be left out (RFC 9112 section 3.2.2)
    path = raw.decode("ascii")
    return unquote(path) if "%" in path else path, raw, parsed.query or b""
