"""Who sent a request, and the network that this counts for."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address
from typing import Final
from uuid import UUID

from msgspec import Struct

_SUBSCRIBER: Final = 64  # bits of an IPv6 address that name one network; its holder uses any address below it


class Sender(Struct, frozen=True, gc=False):
    """Who sent a request, as far as the transport tells. ``trace`` names the request everywhere."""

    trace: UUID
    correlation: UUID
    address: str
    user_agent: str = ""
    echo_correlation: bool = False  # the caller asked to have its correlation id sent back
    began: float = 0.0  # when its request began to be read, in seconds of the monotonic clock; 0: nobody looked


def network(address: str) -> str:
    """Return the network that an address is counted by: itself for IPv4 (mapped into IPv6 too), its /64 for IPv6."""
    return _network_of_ipv6(address) if ":" in address else address


@lru_cache(maxsize=4_096)
def _network_of_ipv6(address: str) -> str:
    try:
        parsed = IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    prefix = int(parsed) >> (128 - _SUBSCRIBER) << (128 - _SUBSCRIBER)
    return f"{IPv6Address(prefix)}/{_SUBSCRIBER}"
