"""Listeners that count: what reaches an address, and whether anything does.

``recording`` stands before an emulator as a TLS reverse proxy with the emulator's own certificate: it sees each request
that a client sends, also over one connection. ``silent`` is an address that nobody should ever visit.
"""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.emulator import Emulator

HOP_BY_HOP = frozenset({"connection", "content-length", "date", "host", "keep-alive", "server", "transfer-encoding"})


@dataclass
class Recorded:
    """Where the proxy answers, and what was asked of it: (method, path without query)."""

    url: str
    requests: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def recording(emulator: Emulator, *, refuse: int = 0) -> Iterator[Recorded]:
    """Stand before ``emulator`` and note every request; ``refuse`` so many of them: they may come again in a second."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            found.requests.append((self.command, self.path.partition("?")[0]))
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            if len(found.requests) <= refuse:
                self.send_response(429)
                self.send_header("Retry-After", "1")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            sent = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
            answered = emulator.http.request(self.command, emulator.url + self.path, content=body, headers=sent)
            self.send_response(answered.status_code)
            for name, value in answered.headers.items():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answered.content)))
            self.end_headers()
            self.wfile.write(answered.content)

        do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815  the standard library's names

        def log_message(self, *_arguments: Any) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(emulator.data / "tls.pem", emulator.data / "tls.key")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    found = Recorded(f"https://localhost:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Silent:
    """An address, and how many connections were made to it."""

    port: int
    visits: int = 0


@contextmanager
def silent() -> Iterator[Silent]:
    """Listen on loopback, count who comes, and hang up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        found = Silent(listening.getsockname()[1])

        def count() -> None:
            with suppress(OSError):
                while True:
                    visitor, _ = listening.accept()
                    found.visits += 1
                    visitor.close()

        thread = threading.Thread(target=count, daemon=True)
        thread.start()
        try:
            yield found
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
