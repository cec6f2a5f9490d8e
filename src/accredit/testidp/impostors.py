"""Servers on loopback with certificates that nobody should accept: who verifies them stops at the handshake.

Rule 1: each begins when it is first wanted, and serves in threads of its own until it is closed.
Rule 2: who does not verify gets the honest key set, so that a test can see it.
"""

from __future__ import annotations

import socketserver
import ssl
from contextlib import suppress
from threading import Lock, Thread
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from accredit.errors import INPUT_INVALID, NOT_FOUND, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

HOST: Final = "127.0.0.1"
PATIENCE: Final = 5.0  # seconds for one connection
LIMIT: Final = 16 * 1024  # octets of a request


class Impostors:
    """All of one emulator. ``certificates``: a file with certificate and key, by what is wrong with it.

    ``document`` returns the honest key set for a path below the test issuers, or refuses with ``NOT_FOUND``.
    """

    def __init__(self, certificates: Mapping[str, Path], document: Callable[[str], bytes]) -> None:
        self._certificates = certificates
        self._document = document
        self._serving: dict[str, _Impostor] = {}
        self._lock = Lock()

    def instead(self, url: str, what: str) -> str:
        """Return the address at which the impostor has what an honest one has at ``url``. ``INPUT_INVALID``."""
        with self._lock:
            found = self._serving.get(what)
            if found is None:
                found = self._serving[what] = _Impostor(self._context(what), self._document)
        return f"https://localhost:{found.server_address[1]}{urlsplit(url).path}"

    def close(self) -> None:
        """Stop serving."""
        with self._lock:
            serving, self._serving = self._serving, {}
        for each in serving.values():
            each.shutdown()
            each.server_close()

    def _context(self, what: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(self._certificates[what])
        except (LookupError, OSError) as error:
            reason = f"there is no certificate for it: {error}"
            raise Refused(INPUT_INVALID, what=f"mode tls_{what}", reason=reason) from error
        return context


class _Impostor(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, context: ssl.SSLContext, document: Callable[[str], bytes]) -> None:
        super().__init__((HOST, 0), _Conversation)
        self.context = context
        self.document = document
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, name="accredit-impostor", daemon=True).start()


class _Conversation(socketserver.BaseRequestHandler):
    server: _Impostor

    def handle(self) -> None:
        """Shake hands with who accepts the certificate, and answer one request."""
        self.request.settimeout(PATIENCE)
        with suppress(OSError), self.server.context.wrap_socket(self.request, server_side=True) as connection:
            head = b""
            while b"\r\n\r\n" not in head and len(head) < LIMIT:
                part = connection.recv(LIMIT)
                if not part:
                    return
                head += part
            connection.sendall(self._answer(head))

    def _answer(self, head: bytes) -> bytes:
        target = head.partition(b"\r\n")[0].split(b" ")[1:2]
        try:
            body, status = self.server.document(urlsplit(b"".join(target).decode("latin-1")).path), "200 OK"
        except Refused as refused:
            body, status = b"", "404 Not Found" if refused.row is NOT_FOUND else "500 Internal Server Error"
        fields = (f"HTTP/1.1 {status}", "content-type: application/json", f"content-length: {len(body)}")
        return "\r\n".join((*fields, "connection: close")).encode() + b"\r\n\r\n" + body
