"""Who sent a request: identifiers and address, as far as headers and transport tell.

Rule 1: forwarded addresses are believed from the listed proxies only (RFC 9700 section 4.13).
Rule 2: a correlation id is a GUID or it is ours: nothing else of the caller's reaches a log under that name.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from accredit.directory import read_guid
from accredit.errors import REQUEST_MALFORMED, Refused
from accredit.signins import Sender, kept

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from accredit.ports import Ids

    Network = IPv4Network | IPv6Network

LONGEST_AGENT: Final = 256  # characters kept of the user agent
CORRELATION: Final = "client-request-id"


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Read CIDRs. Raises ``ValueError`` naming the one that is none."""
    return tuple(ip_network(each, strict=False) for each in texts)


class Senders:
    """Reads senders for one listener: its trusted proxies and its source of identifiers."""

    def __init__(self, ids: Ids, proxies: Sequence[Network] = ()) -> None:
        self._ids = ids
        self._proxies = tuple(proxies)

    def read(self, scope: Mapping[str, Any], headers: Mapping[bytes, bytes], others: Mapping[str, str]) -> Sender:
        """Return who sent this. ``others``: fields of body and query, where a correlation id may stand as well."""
        trace = self._ids.trace()
        said = headers.get(b"client-request-id")
        correlation = read_guid(said.decode("latin-1") if said else others.get(CORRELATION, "")) or trace
        echo = headers.get(b"return-client-request-id", b"").lower() == b"true"
        agent = kept(headers.get(b"user-agent", b"").decode("latin-1"), LONGEST_AGENT)
        return Sender(trace, correlation, self.address(scope, headers), agent, echo)

    def address(self, scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> str:
        """Return the caller's address: the nearest one in the forwarded chain that is not a trusted proxy."""
        client = scope.get("client")
        nearest = str(client[0]) if client else ""
        forwarded = headers.get(b"x-forwarded-for") if self._proxies else None
        if forwarded is None or not self._trusted(nearest):
            return nearest
        for hop in reversed(forwarded.decode("latin-1").split(",")):
            address = hop.strip()
            if not self._trusted(address):
                return _address(address) or nearest
            nearest = address
        return nearest

    def _trusted(self, address: str) -> bool:
        found = _address(address)
        return found is not None and any(ip_address(found) in network for network in self._proxies)


def basic(headers: Mapping[bytes, bytes]) -> tuple[str, str] | None:
    """Return user and password of HTTP Basic, form-decoded (RFC 6749 section 2.3.1), or ``None``. 90023 when broken."""
    value = headers.get(b"authorization")
    if value is None or value[:6].lower() != b"basic ":
        return None
    try:
        user, colon, password = b64decode(value[6:].strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Refused(REQUEST_MALFORMED, reason="the Authorization header is not HTTP Basic") from error
    if not colon:
        raise Refused(REQUEST_MALFORMED, reason="the Authorization header is not HTTP Basic")
    return unquote(user.replace("+", " ")), unquote(password.replace("+", " "))


def _address(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None
