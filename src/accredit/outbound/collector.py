"""Requests to the operator's collector of logs: one at a time, bounded, and the answer told as what to do next.

Rule 1: the operator chose the address, so it may be a private one; beyond loopback it is https. No redirect is
followed, no proxy used: what is sent, and the headers that may be secrets, go where the operator said.
Rule 2: a request ends in time, whatever the other end does.
Rule 3: headers and bodies of requests stand in no exception and no log; of an answer only what it is.
"""

from __future__ import annotations

import asyncio
import gzip
import ipaddress
import os
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

import httpx2

from accredit.outbound.tls import Contexts
from accredit.outbound.unreachable import Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.ports import Clock

LARGEST: Final = 64 * 1_024  # octets of an answer
LARGEST_FILE: Final = 64 * 1_024  # octets of headers
LONGEST_WAIT: Final = 3_600.0  # seconds that a collector may put us off
PATH: Final = "/v1/logs"
ACCEPTED: Final = "application/x-protobuf, application/json"
_LATER: Final = frozenset({429, 502, 503, 504})
_UNFIT: Final = frozenset({400, 413, 422})
_OURS: Final = frozenset({"host", "content-length", "content-type", "content-encoding", "transfer-encoding"})
_OK: Final = 200
_REDIRECTS: Final = range(300, 400)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request.

    ``answered``: the status was 200, ``body`` says the rest. ``later``: try again, not before ``wait`` seconds where
    the collector said so. ``unfit``: it took offence at what was sent.
    """

    kind: Literal["answered", "later", "unfit"]
    reason: str = ""
    wait: float = 0.0
    body: bytes = field(default=b"", repr=False)
    media_type: str = ""


class Collector:
    """One collector. Used from one event loop."""

    def __init__(
        self,
        endpoint: str,
        *,
        headers_file: str,
        ca_file: str,
        compressed: bool,
        timeout: float,
        agent: str,
        clock: Clock,
    ) -> None:
        self._endpoint = endpoint
        self._headers_file = headers_file
        self._ca_file = ca_file
        self._compressed = compressed
        self._timeout = timeout
        self._agent = agent
        self._clock = clock
        self._client: httpx2.AsyncClient | None = None

    async def send(self, body: bytes, media_type: str) -> Outcome:
        """Send one request and wait for its answer, at most ``timeout`` seconds."""
        try:
            async with asyncio.timeout(self._timeout):
                outcome = await self._sent(body, media_type)
        except TimeoutError:
            outcome = Outcome("later", f"no answer within {self._timeout:g} s")
        except httpx2.HTTPError as error:
            outcome = Outcome("later", _said(error))
        except (OSError, ValueError, Unreachable) as error:
            outcome = Outcome("later", str(error) or type(error).__name__)
        if outcome.kind == "later":  # another connection then, and what the files say by then
            await self.close()
        return outcome

    async def close(self) -> None:
        """Close the connection."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(httpx2.HTTPError, OSError):
                await client.aclose()

    async def _sent(self, body: bytes, media_type: str) -> Outcome:
        if self._client is None:
            self._client = self._made()
        told = {**headers(self._headers_file), "Content-Type": media_type}
        if self._compressed:
            body, told["Content-Encoding"] = gzip.compress(body, 5), "gzip"
        async with self._client.stream("POST", self._endpoint, content=body, headers=told) as answer:
            found = bytearray()
            async for chunk in answer.aiter_raw():  # nothing is unpacked
                found += chunk
                if len(found) > LARGEST:
                    return Outcome("later", f"an answer of more than {LARGEST} bytes")
        return self.judged(answer.status_code, answer.headers, bytes(found))

    def judged(self, status: int, said: Mapping[str, str], body: bytes) -> Outcome:
        """Return what an answer means. ``said``: its headers, names in lower case."""
        if status == _OK:
            return Outcome("answered", body=body, media_type=said.get("content-type", ""))
        if status in _UNFIT:
            return Outcome("unfit", f"status {status}")
        if status in _REDIRECTS:
            return Outcome("later", f"status {status}: redirects are not followed")
        wait = self._wait(said.get("retry-after", "")) if status in _LATER else 0.0
        return Outcome("later", f"status {status}", wait)

    def _wait(self, said: str) -> float:
        """Read ``Retry-After``: seconds, or a date of HTTP."""
        if said.isascii() and said.isdigit():
            return min(float(said[:9]), LONGEST_WAIT)
        try:
            at = parsedate_to_datetime(said)
        except (ValueError, OverflowError):
            return 0.0
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return min(max(0.0, (at - self._clock()).total_seconds()), LONGEST_WAIT)

    def _made(self) -> httpx2.AsyncClient:
        pem = Path(self._ca_file).read_text("ascii") if self._ca_file else None
        return httpx2.AsyncClient(
            verify=Contexts().of(urlsplit(self._endpoint).hostname or "", pem),
            timeout=self._timeout,
            follow_redirects=False,
            trust_env=False,
            limits=httpx2.Limits(max_connections=1),
            headers={"User-Agent": self._agent, "Accept": ACCEPTED, "Accept-Encoding": "identity"},
        )


def address(given: str) -> str:
    """Return the whole address of a collector's logs. Raises ``ValueError`` with what is wrong with it."""
    parts = urlsplit(given)
    host = parts.hostname
    _ = parts.port
    if parts.scheme not in {"http", "https"} or not host or not given.isprintable() or " " in given:
        raise ValueError("it must be https://host[:port][/path]")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("it must be https://host[:port][/path]; what proves who sends it stands in headers_file")
    if parts.scheme == "http" and not _is_loopback(host):
        raise ValueError("it must be https: only a collector on this machine (loopback) may be http")
    return given.rstrip("/") + PATH if parts.path in {"", "/"} else given


def headers(path: str) -> dict[str, str]:
    """Read the headers that every request bears. Raises ``ValueError`` or ``OSError``; neither quotes a value."""
    if not path:
        return {}
    with Path(path).open("rb") as file:
        if os.fstat(file.fileno()).st_mode & 0o007:
            raise ValueError(f"{path} can be read by everybody: it may hold secrets (chmod 0600)")
        text = file.read(LARGEST_FILE + 1)
    if len(text) > LARGEST_FILE:
        raise ValueError(f"{path} is larger than {LARGEST_FILE} bytes")
    found: dict[str, str] = {}
    for number, line in enumerate(text.decode("utf-8", "replace").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, value = line.partition(":")
        if not colon or not _is_header(name.strip(), value.strip()):
            raise ValueError(f"{path}, line {number}: not a header (Name: value) that may be set")
        found[name.strip()] = value.strip()
    return found


def _is_header(name: str, value: str) -> bool:
    fit = name.isascii() and name.replace("-", "").replace("_", "").isalnum() and name.lower() not in _OURS
    return fit and value.isascii() and value.isprintable() and bool(value)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _said(error: httpx2.HTTPError) -> str:
    """Say what went wrong with a connection, without anything of the request."""
    text = str(error)
    kind = "the TLS certificate is not trusted" if "CERTIFICATE_VERIFY_FAILED" in text else type(error).__name__
    return f"{kind}: {text}" if text and len(text) < LARGEST else kind
