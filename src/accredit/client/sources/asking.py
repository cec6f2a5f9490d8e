"""Requests to the places where platforms hand out tokens. Nothing is followed, every wait is bounded."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx2

from accredit import __version__
from accredit.client.http import Answer, said
from accredit.errors import INPUT_UNREADABLE, SOURCE_REFUSED, SOURCE_UNREACHABLE, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT: Final = 10.0  # seconds without an octet
LARGEST: Final = 1_024 * 1_024  # octets of an answer; a token has some thousands


def ask(  # noqa: PLR0913  a request has as many parts
    source: str,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout: float = TIMEOUT,
    near: bool = False,
    socket: str | None = None,
    ca_file: str | None = None,
) -> Answer:
    """Send one request and return the answer, whatever its status. ``SOURCE_UNREACHABLE``, in the name of ``source``.

    ``near``: an address of this machine or its host, which no proxy stands before. ``socket``: the path of a Unix
    socket that is spoken to instead. ``ca_file``: certificates (PEM) that are trusted beside the machine's.
    """
    if socket is not None and not Path(socket).is_socket():
        raise _unreachable(source, url, socket, "there is no such socket")
    verify = _trusting(ca_file) if url.startswith("https:") else False  # where there is no TLS nothing is loaded for it
    try:
        with (
            httpx2.Client(
                verify=verify,
                timeout=timeout,
                follow_redirects=False,
                trust_env=not near and socket is None,
                transport=httpx2.HTTPTransport(uds=socket) if socket else None,
                headers={"User-Agent": f"accredit/{__version__}", "Accept": "*/*"},
            ) as client,
            client.stream(method, url, content=body, headers=dict(headers or {})) as answer,
        ):
            found = bytearray()
            for chunk in answer.iter_bytes():
                found += chunk
                if len(found) > LARGEST:
                    raise Refused(SOURCE_REFUSED, source=source, reason=f"its answer is larger than {LARGEST} bytes")
            named = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status_code, named, bytes(found))
    except httpx2.TimeoutException:
        raise _unreachable(source, url, socket, "it did not answer in time") from None
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:  # its request, with what was sent, is left out
        raise _unreachable(source, url, socket, said(error)) from None


def _trusting(ca_file: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as error:
            reason = "not certificates (PEM)" if isinstance(error, ssl.SSLError) else error.strerror or "it is none"
            raise Refused(INPUT_UNREADABLE, what=ca_file, reason=reason) from error
    return context


def _unreachable(source: str, url: str, socket: str | None, reason: str) -> Refused:
    return Refused(SOURCE_UNREACHABLE, source=source, url=socket or place(url), reason=reason)


def place(url: str) -> str:
    """Return of an address what may be repeated: no user name, no query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that is none"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
