"""A server of a few lines on loopback that answers what a test tells it to, and remembers what it was asked."""

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from accredit.signing.developmentca import development_tls


@dataclass
class Asked:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answering:
    """What it answers, in order; the last answer stays."""

    url: str
    ca_file: Path
    answers: list[tuple[int, dict[str, str], bytes]]
    asked: list[Asked] = field(default_factory=list)
    pause: float = 0.0  # seconds between two octets of a body

    def say(self, *answers: tuple[int, Any] | tuple[int, Any, dict[str, str]]) -> None:
        """Answer with these statuses and JSON bodies (bytes as they are), one after the other."""
        self.answers[:] = [
            (each[0], dict(each[2]) if len(each) > 2 else {}, each[1] if isinstance(each[1], bytes) else _json(each[1]))
            for each in answers
        ]


def _json(value: object) -> bytes:
    return b"" if value is None else json.dumps(value).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: ClassVar[Answering]

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.state.asked.append(Asked(self.command, self.path, headers, body))
        answers = self.state.answers
        status, more, said = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        for name, value in more.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        if not self.state.pause:
            self.wfile.write(said)
            return
        for octet in said:
            self.wfile.write(bytes([octet]))
            time.sleep(self.state.pause)

    do_GET = do_POST = do_PATCH = do_DELETE = _handle  # noqa: N815  the names that http.server looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's signature
        """Say nothing."""


@contextmanager
def answering(folder: Path) -> Iterator[Answering]:
    """Start one; its certificate is from a CA of its own."""
    files = development_tls(folder, now=datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate_file, files.key_file)

    class Handler(_Handler):
        pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Handler.state = Answering(f"https://localhost:{server.server_port}", files.ca_file, [(200, {}, b"{}")])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Handler.state
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
