"""A collector of OpenTelemetry logs: OTLP/HTTP over TLS, which keeps what it confirms and answers as it is told.

In this process for tests of single answers; as one of its own (``python -m tests.support.collector``) to be killed.
"""

from __future__ import annotations

import gzip
import os
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse

from accredit.signing.developmentca import make

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue
    from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

ROOT = Path(__file__).parent.parent.parent
PROTOBUF = "application/x-protobuf"

Answer = tuple[int, dict[str, str], bytes]
"""Status, headers, body."""
Behaviour = Callable[[ExportLogsServiceRequest], Answer]
"""What a collector answers in place of yes. Records are kept where the status is 200."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """TLS material in files: what the server shows, and the CA that a client needs to believe it."""

    chain: Path
    key: Path
    ca: Path


def certificates(folder: Path, *names: str) -> Certificates:
    authority, leaf, key = make(names or ("localhost", "127.0.0.1"), datetime.now(UTC))
    made = Certificates(folder / "collector.pem", folder / "collector.key", folder / "collector-ca.pem")
    made.chain.write_bytes(leaf.public_bytes(Encoding.PEM))
    made.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    made.ca.write_bytes(authority.public_bytes(Encoding.PEM))
    return made


def plain(value: AnyValue) -> Any:
    """A value of OpenTelemetry as Python has it."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain(each) for each in value.array_value.values]
    return None if kind is None else getattr(value, kind)


def attributes(record: LogRecord) -> dict[str, Any]:
    return {each.key: plain(each.value) for each in record.attributes}


def yes(rejected: int = 0, why: str = "") -> Answer:
    said = ExportLogsServiceResponse()
    if rejected or why:
        said.partial_success.rejected_log_records = rejected
        said.partial_success.error_message = why
    return 200, {"Content-Type": PROTOBUF}, said.SerializeToString()


@dataclass
class Collector:
    """What a running collector has kept, and how it will behave: the next answers, then ``always``."""

    port: int = 0
    records: list[LogRecord] = field(default_factory=list)
    requests: list[ExportLogsServiceRequest] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    next: list[Behaviour] = field(default_factory=list)
    always: Behaviour | None = None
    kept: Callable[[list[LogRecord]], None] = lambda _: None  # before it answers

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/v1/logs"

    def uids(self) -> list[str]:
        return [attributes(each)["log.record.uid"] for each in self.records]

    def events(self) -> list[str]:
        """The ids of events, as often as they came."""
        return [found["accredit.id"] for each in self.records if "accredit.id" in (found := attributes(each))]

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        if path != "/v1/logs" or headers.get("content-type") != PROTOBUF:
            return 404, {}, b""
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        asked = ExportLogsServiceRequest.FromString(body)
        self.times.append(monotonic())
        self.requests.append(asked)
        self.headers.append(headers)
        self.bodies.append(body)
        behaviour = self.next.pop(0) if self.next else self.always
        found = yes() if behaviour is None else behaviour(asked)
        if found[0] == 200:
            records = [each for logs in asked.resource_logs for scope in logs.scope_logs for each in scope.log_records]
            self.kept(records)
            self.records += records
        return found


@contextmanager
def collecting(tls: Certificates | None, *, port: int = 0) -> Iterator[Collector]:
    """Serve on loopback until the block ends."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, more, said = collector.answer(self.path, headers, body)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(said)), **more}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: object) -> None:
            pass  # the client went away, as it may

    server = Server(("127.0.0.1", port), Handler)
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.chain, tls.key)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    collector.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Process:
    """A collector that can be killed; it writes what it confirms to a file first."""

    port: int
    tls: Certificates
    file: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/v1/logs"

    def start(self) -> None:
        told = (str(self.port), str(self.tls.chain), str(self.tls.key), str(self.file))
        self.process = subprocess.Popen((sys.executable, "-m", "tests.support.collector", *told), cwd=ROOT)

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def confirmed(self) -> list[str]:
        """The ids of all events that were confirmed, as often as they were."""
        if not self.file.exists():
            return []
        whole, _, _ = self.file.read_text().rpartition("\n")  # it may have been killed while it wrote
        return whole.splitlines()


def main(port: str, chain: str, key: str, file: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def keep(records: list[LogRecord]) -> None:
        found = (attributes(each) for each in records)
        os.write(descriptor, "".join(f"{each['accredit.id']}\n" for each in found if "accredit.id" in each).encode())

    with collecting(Certificates(Path(chain), Path(key), Path()), port=int(port)) as collector:
        collector.kept = keep
        while os.getppid() != 1:  # whoever started it is there
            sleep(0.1)


if __name__ == "__main__":
    main(*sys.argv[1:])
