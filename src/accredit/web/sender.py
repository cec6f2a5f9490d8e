"""Who sent a request: identifiers and address, as far as headers and transport tell.

Rule 1: forwarded addresses are believed from the listed proxies only (RFC 9700 section 4.13).
Rule 2: a correlation id is a GUID or it is ours: nothing else of the caller's reaches a log under that name.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from accredit.directory import read_guid
from accredit.errors import REQUEST_MALFORMED, Refused
from accredit.signins import Sender, kept

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from accredit.ports import Ids

    Network = IPv4Network | IPv6Network

LONGEST_AGENT: Final = 256  # characters kept of the user agent
CORRELATION: Final = "client-request-id"
_PORT: Final = re.compile(r"(?:(?P<v4>[0-9.]+):[0-9]{1,5}|\[(?P<v6>[^\[\]]+)\](?::[0-9]{1,5})?)")


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Read CIDRs. Raises ``ValueError`` naming the one that is none."""
    return tuple(ip_network(each, strict=False) for each in texts)


class Senders:
    """Reads senders for one listener: its trusted proxies and its source of identifiers."""

    def __init__(self, ids: Ids, proxies: Sequence[Network] = ()) -> None:
        self._ids = ids
        self._proxies = tuple(proxies)

    def read(
        self, scope: Mapping[str, Any], headers: Mapping[bytes, bytes], others: Mapping[str, str], began: float = 0.0
    ) -> Sender:
        """Return who sent this. ``others``: fields of body and query, where a correlation id may stand as well.

        ``began``: when reading the request began, in seconds of the monotonic clock.
        """
        trace = self._ids.trace()
        said = headers.get(b"client-request-id", b"").decode("latin-1") or others.get(CORRELATION)
        correlation = (read_guid(said) if said else None) or trace
        echo = headers.get(b"return-client-request-id", b"").lower() == b"true"
        agent = kept(headers.get(b"user-agent", b"").decode("latin-1"), LONGEST_AGENT)
        return Sender(trace, correlation, self.address(scope), agent, echo, began)

    def address(self, scope: Mapping[str, Any]) -> str:
        """Return the caller's address: the nearest one in the forwarded chain that is not a trusted proxy."""
        client = scope.get("client")
        nearest = str(client[0]) if client else ""
        if not self._proxies or not self._trusted(nearest):
            return nearest
        lines = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]  # each proxy may add one
        for hop in reversed(b",".join(lines).decode("latin-1").split(",")):
            address = _address(hop)
            if address is None:
                return nearest
            nearest = address
            if not self._trusted(address):
                return address
        return nearest

    def _trusted(self, address: str) -> bool:
        found = _address(address)
        return found is not None and any(ip_address(found) in each for each in self._proxies)


def basic(headers: Iterable[tuple[bytes, bytes]]) -> tuple[str, str] | None:
    """Return user and password of HTTP Basic, form-decoded (RFC 6749 section 2.3.1), or ``None``. 90023 when broken.

    ``headers``: as they were sent. Two Authorization headers are refused: two readers could take different ones.
    """
    values = [value for name, value in headers if name == b"authorization"]
    if len(values) > 1:
        raise Refused(REQUEST_MALFORMED, reason="the Authorization header was sent more than once")
    value = values[0] if values else b""
    if value[:6].lower() != b"basic ":
        return None
    try:
        user, colon, password = b64decode(value[6:].strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Refused(REQUEST_MALFORMED, reason="the Authorization header is not HTTP Basic") from error
    if not colon:
        raise Refused(REQUEST_MALFORMED, reason="the Authorization header is not HTTP Basic")
    return unquote(user.replace("+", " ")), unquote(password.replace("+", " "))


def _address(hop: str) -> str | None:
    """Read one hop: an address, maybe with a port (``1.2.3.4:5678``, ``[2001:db8::1]:5678``); ``None`` for rubbish."""
    found = _PORT.fullmatch(hop.strip())
    try:
        return str(ip_address(found["v4"] or found["v6"] if found else hop.strip()))
    except ValueError:
        return None
