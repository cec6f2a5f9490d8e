"""Issuers on this machine, over TLS with a certificate authority of their own, that count who asks for their keys."""

from __future__ import annotations

import ipaddress
import json
import secrets
import ssl
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from benchmarks.minting import Key

DISCOVERY = "/.well-known/openid-configuration"
PORT = 8443
WINDOW = 60.0  # seconds in which one issuer's keys may be fetched once


@dataclass(slots=True)
class Upstream:
    """Several issuers, told apart by path."""

    base: str
    ca: str  # PEM
    keys: Sequence[Key]
    fetches: list[tuple[str, float]] = field(default_factory=list)  # issuer, seconds: of its key set

    @property
    def urls(self) -> list[str]:
        return [f"{self.base}/issuer-{number}" for number in range(len(self.keys))]

    def document(self, path: str) -> object:
        """What stands at a path; ``KeyError`` when there is nothing."""
        for url, key in zip(self.urls, self.keys, strict=True):
            own = url.removeprefix(self.base)
            if path == own + DISCOVERY:
                return {"issuer": url, "jwks_uri": f"{url}/keys"}
            if path == f"{own}/keys":
                self.fetches.append((url, time.monotonic()))
                return {"keys": [key.jwk()]}
        raise KeyError(path)

    def most_fetches(self) -> int:
        """The largest number of fetches of one issuer's keys in any minute."""
        return most_within(self.fetches, WINDOW)


def most_within(events: Sequence[tuple[str, float]], window: float) -> int:
    """The largest number of events of one name that lie less than ``window`` seconds apart."""
    return max(
        (sum(other == name and at <= then < at + window for other, then in events) for name, at in events), default=0
    )


@contextmanager
def running(keys: Sequence[Key], directory: Path) -> Iterator[Upstream]:
    # Production fetches from a few ports only; on an address of our own, one of them is free.
    host = f"127.{secrets.randbelow(200) + 50}.{secrets.randbelow(256)}.1"
    certificate, ca = _certificate(host, directory)
    upstream = Upstream(f"https://{host}:{PORT}", ca, keys)

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            try:
                status, body = 200, json.dumps(upstream.document(self.path)).encode()
            except KeyError:
                status, body = 404, b"{}"
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((host, PORT), Answers)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield upstream
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _certificate(host: str, directory: Path) -> tuple[Path, str]:
    """A certificate for an address in a file with its key, and the PEM of the authority that signed it."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _named("benchmark authority", "benchmark authority", authority_key)
    authority = authority.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    own = _named(host, "benchmark authority", key)
    own = own.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    own = own.add_extension(identifier, critical=False)
    path = directory / "upstream.pem"
    path.write_bytes(
        own.sign(authority_key, SHA256()).public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return path, authority.sign(authority_key, SHA256()).public_bytes(Encoding.PEM).decode()


def _named(subject: str, issuer: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
