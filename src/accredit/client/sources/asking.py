"""Requests to the places where platforms hand out tokens. Nothing is followed, every wait is bounded.

Rule 1: ``https`` is verified, however it is spelt. What is not encrypted never goes through a proxy, which would read
it.
Rule 2: an answer that is no token may be told to people, so what was sent as a secret is taken out of it.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx2

from accredit import __version__
from accredit.client.deadline import Deadline
from accredit.client.http import LATE, UNTRUSTED, Answer, said
from accredit.errors import INPUT_UNREADABLE, SOURCE_REFUSED, SOURCE_UNREACHABLE, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT: Final = 10.0  # seconds for one request, from its beginning to the last octet of its answer
LARGEST: Final = 1_024 * 1_024  # octets of an answer; a token has some thousands
NOT_SHOWN: Final = b"(not shown)"  # in place of a secret that is repeated
_SECRET: Final = frozenset({"authorization", "x-vault-token", "x-identity-header"})  # headers
_SHORTEST: Final = 6  # octets of a secret; less might be anything
_OK: Final = 200


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
    clear, deadline = _is_clear(url), Deadline()
    try:
        with (
            deadline.within(timeout),
            httpx2.Client(
                verify=False if clear else _trusting(ca_file),  # where there is no TLS nothing is loaded for it
                timeout=timeout,
                follow_redirects=False,
                trust_env=not near and not clear and socket is None,
                transport=httpx2.HTTPTransport(uds=socket) if socket else None,
                headers={"User-Agent": f"accredit/{__version__}", "Accept": "*/*"},
            ) as client,
            client.stream(
                method, url, content=body, headers=dict(headers or {}), extensions={"trace": deadline.heard}
            ) as answer,
        ):
            found = bytearray()
            for chunk in answer.iter_bytes():
                found += chunk
                if len(found) > LARGEST:
                    raise Refused(SOURCE_REFUSED, source=source, reason=f"its answer is larger than {LARGEST} bytes")
            named = {name.lower(): value for name, value in answer.headers.items()}
            if deadline.over:
                raise _unreachable(source, url, socket, LATE)
            return Answer(answer.status_code, named, _without(bytes(found), answer.status_code, headers or {}))
    except httpx2.TimeoutException:
        raise _unreachable(source, url, socket, LATE) from None
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, ImportError) as error:  # its request is left out
        raise _unreachable(source, url, socket, LATE if deadline.over else said(error)) from None


def _is_clear(url: str) -> bool:
    """Whether an address is one of plain HTTP; what is none of any kind is treated as if it were encrypted."""
    try:
        return urlsplit(url).scheme == "http"
    except ValueError:
        return False


def _without(body: bytes, status: int, headers: Mapping[str, str]) -> bytes:
    """Return an answer without the secrets that were sent with the request: some servers repeat what they refuse."""
    if status == _OK:
        return body
    sent = [value.split()[-1].encode() for name, value in headers.items() if name.lower() in _SECRET and value.split()]
    for each in sent:
        if len(each) >= _SHORTEST:
            body = body.replace(each, NOT_SHOWN)
    return body


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
    return Refused(SOURCE_UNREACHABLE, source=source, url=socket or place(url), reason=reason, detail=_hint(reason))


def _hint(reason: str) -> str:
    """Return what helps where a platform has a CA of its own, as one that is played on this machine."""
    return "SSL_CERT_FILE names a file of the CAs that are trusted." if reason.startswith(UNTRUSTED) else ""


def place(url: str) -> str:
    """Return of an address what may be repeated: no user name, no query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that is none"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
