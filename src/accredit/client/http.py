"""Requests to one authority: TLS always verified, every wait bounded, and nothing secret in what is raised.

Rule 1: https only, no redirects, and the authority's own CA where one is given: nothing else is trusted then.
Rule 2: what the authority puts off (429, 503) is asked again when it says, a few times and for a bounded while.
Rule 3: headers and bodies of requests never stand in an exception; they carry tokens and secrets.
"""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx2

from accredit import __version__
from accredit.client.deadline import Deadline
from accredit.errors import AUTHORITY_UNREACHABLE, INPUT_INVALID, INPUT_UNREADABLE, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TIMEOUT: Final = 30.0  # seconds without an octet
WHOLE: Final = 10  # times that long one answer may take in all
LARGEST: Final = 64 * 1_024 * 1_024  # octets of an answer
ATTEMPTS: Final = 5
PATIENCE: Final = 60.0  # seconds that one request waits in all because it was put off
_UNSAID: Final = re.compile(
    r"^([a-zA-Z][\w+.-]*://)?.*@", re.DOTALL
)  # a user name and a password, which nobody repeats
_NO_ADDRESS: Final = "not an https address, such as https://localhost:8443, without user name, password or path"
_OF_SYSTEM: Final = re.compile(r"^\[[^\]]*\] | \(_ssl\.c:\d+\)$")  # numbers that help nobody
LATE: Final = "it did not answer in time"
UNTRUSTED: Final = "its TLS certificate is not trusted"
_LATER: Final = frozenset({429, 503})
_FIRST_WAIT: Final = 1.0  # seconds, doubled each time, where the answer does not say


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes = field(repr=False)


class Http:
    """A connection to one authority. ``url``: scheme, host and port; ``sleep``: how to wait, in seconds."""

    def __init__(
        self, url: str, *, ca_file: str | None, sleep: Callable[[float], None], timeout: float = TIMEOUT
    ) -> None:
        self.url = address(url)
        self._sleep = sleep
        self._deadline = Deadline()
        self._whole = timeout * WHOLE  # seconds
        try:
            self._client = httpx2.Client(
                verify=trusting(ca_file),
                timeout=timeout,
                follow_redirects=False,
                headers={"User-Agent": f"accredit/{__version__}", "Accept": "application/json"},
            )
        except (ValueError, ImportError) as error:  # of the proxy that a variable names
            raise self._unreachable(said(error)) from None

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request and return what was answered, whatever the status. ``AUTHORITY_UNREACHABLE``."""
        left = PATIENCE
        answer = self._once(method, self.url + path, body, headers or {})
        for attempt in range(ATTEMPTS - 1):
            wait = _wait(answer, attempt)
            if wait is None or wait > left:
                break
            self._sleep(wait)
            left -= wait
            answer = self._once(method, self.url + path, body, headers or {})
        return answer

    def _once(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        try:
            more = {"trace": self._deadline.heard}
            with (
                self._deadline.within(self._whole),
                self._client.stream(method, url, content=body, headers=dict(headers), extensions=more) as answer,
            ):
                found = bytearray()
                for chunk in answer.iter_bytes():
                    found += chunk
                    if len(found) > LARGEST:
                        raise self._unreachable(f"its answer is larger than {LARGEST} bytes")
                named = {name.lower(): value for name, value in answer.headers.items()}
                if self._deadline.over:
                    raise self._unreachable(LATE)
                return Answer(answer.status_code, named, bytes(found))
        except httpx2.TimeoutException as error:
            raise self._unreachable(LATE) from error
        except httpx2.HTTPError as error:
            raise self._unreachable(LATE if self._deadline.over else said(error)) from error

    def _unreachable(self, reason: str) -> Refused:
        return Refused(AUTHORITY_UNREACHABLE, url=self.url, reason=reason)


def address(url: str) -> str:
    """Return scheme, host and port of an authority. ``INPUT_INVALID`` for what is not https, or says more than that."""
    try:
        parts = urlsplit(url)
        more = parts.path.strip("/") or parts.query or parts.fragment or "@" in url
        unusable = parts.scheme != "https" or not parts.hostname or more
        _ = parts.port
    except ValueError:
        unusable = True
    if unusable:
        raise Refused(INPUT_INVALID, what=_UNSAID.sub(r"\1", url) or "an empty text", reason=_NO_ADDRESS)
    return url.rstrip("/")


def trusting(ca_file: str | None) -> ssl.SSLContext:
    """Return what believes the CA of a file (PEM), else the machine's roots. ``INPUT_UNREADABLE``."""
    if ca_file is None:
        return ssl.create_default_context()
    try:
        return ssl.create_default_context(cadata=Path(ca_file).read_text("ascii"))
    except OSError as error:
        raise Refused(INPUT_UNREADABLE, what=ca_file, reason=error.strerror or "not certificates (PEM)") from error
    except ValueError as error:
        raise Refused(INPUT_UNREADABLE, what=ca_file, reason="not certificates (PEM)") from error


def _wait(answer: Answer, attempt: int) -> float | None:
    """Return the seconds after which to ask again; ``None``: the answer stands."""
    if answer.status not in _LATER:
        return None
    said = answer.headers.get("retry-after", "")
    return float(said) if said.isascii() and said.isdigit() else _FIRST_WAIT * 2**attempt


def said(error: Exception) -> str:
    """Word why a connection failed."""
    text = str(error) or type(error).__name__
    plain = _OF_SYSTEM.sub("", text)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return f"{UNTRUSTED} ({plain.removeprefix('certificate verify failed: ').rstrip('.')})"
    return plain
