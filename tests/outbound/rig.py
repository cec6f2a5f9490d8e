"""A hostile issuer: a real TLS server on loopback that answers as it is told, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import json
import ssl
import warnings
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from accredit.issuers import Issuer, IssuerUrl
from accredit.outbound.http import Rules
from accredit.signing.developmentca import make

TENANT = UUID("8f3e6c1a-2b4d-4e5f-9a70-1c2d3e4f5a6b")
HOST = "issuer.test"

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Server:
    """TLS material of a server, and the CA that a client needs to believe it."""

    context: ssl.SSLContext
    ca: str


@lru_cache
def server(*names: str, age: int = 0, tls: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> Server:
    """Make a server for ``names`` whose certificate is ``age`` days old."""
    authority, leaf, key = make(names, datetime.now(UTC) - timedelta(days=age))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if tls < ssl.TLSVersion.TLSv1_2:
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            context.minimum_version = context.maximum_version = tls
        context.set_ciphers("DEFAULT@SECLEVEL=0")  # else the server itself refuses its own version
    with TemporaryDirectory() as folder:
        chain, private = Path(folder, "chain"), Path(folder, "key")
        chain.write_bytes(leaf.public_bytes(Encoding.PEM))
        private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        context.load_cert_chain(chain, private)
    return Server(context, authority.public_bytes(Encoding.PEM).decode())


@dataclass(slots=True)
class Site:
    """What a server answers by path, and the heads of the requests that it got."""

    port: int = 0
    answers: dict[str, bytes | Answer] = field(default_factory=dict)
    heads: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}"

    def paths(self) -> list[str]:
        return [head.split(b" ", 2)[1].decode() for head in self.heads]

    def publish(self, issuer: str, *kids: str) -> None:
        """Answer as an honest issuer of this name, with these keys."""
        self.answers["/.well-known/openid-configuration"] = ok(
            json.dumps({"issuer": issuer, "jwks_uri": f"{self.url}/keys"}).encode()
        )
        self.answers["/keys"] = ok(key_set(*kids))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            answer = self.answers.get(self.paths()[-1], b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client went away, as it may
        finally:
            writer.close()


@asynccontextmanager
async def site(tls: Server | None) -> AsyncIterator[Site]:
    """Run a site on 127.0.0.1 until the block ends."""
    found = Site()
    running: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(found.serve(reader, writer))
        running.add(task)
        task.add_done_callback(running.discard)

    listening = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls.context if tls else None)
    found.port = listening.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        listening.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await asyncio.sleep(0)


def ok(body: bytes, *fields: str) -> bytes:
    lines = ("HTTP/1.1 200 OK", "content-type: application/json", f"content-length: {len(body)}", *fields)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def issuer(url: str, **members: Any) -> Issuer:
    given: dict[str, Any] = {"id": UUID(int=1), "tenant_id": TENANT, "algorithms": ("ES256",)} | members
    return Issuer(url=IssuerUrl(url), **given)


@lru_cache
def public_key(kid: str) -> dict[str, str]:
    """A P-256 key as a JWK; the same for the same kid."""
    point = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    x, y = (urlsafe_b64encode(each.to_bytes(32)).rstrip(b"=").decode() for each in (point.x, point.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "use": "sig", "alg": "ES256", "kid": kid}


def key_set(*kids: str) -> bytes:
    return json.dumps({"keys": [public_key(each) for each in kids]}).encode()


def resolving(**addresses: Sequence[str]) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    """A resolver that knows these hosts (write ``_`` for a dot) and no other."""
    known = {name.replace("_", "."): found for name, found in addresses.items()}

    async def resolve(host: str, port: int) -> Sequence[str]:
        try:
            return known[host]
        except KeyError:
            raise OSError(f"no such host: {host}") from None

    return resolve


HERE = resolving(issuer_test=["127.0.0.1"])
ANYWHERE_LOCAL = Rules(ports=None, loopback=True)
