"""Which addresses may be connected to: globally routable unicast, and what an administrator opted in to.

Rule 1: an address is allowed by a rule or refused; nothing is allowed because no list of bad ranges has it.
Rule 2: the IANA special-purpose registries are written out here. What the standard library knows of them differs
between patch versions of Python, so it may only refuse more.
Rule 3: addresses that answer with a machine's own credentials, and link-local ones, are refused whatever is opted
in to.
Rule 4: an IPv4 address inside an IPv6 one is judged as what it is: the forms are refused, but for the well-known NAT64
prefix (RFC 6052), behind which a network without IPv4 sees every public IPv4 host.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Range:
    """A range of addresses, and what it is."""

    network: Network
    name: str


def _ranges(*rows: tuple[str, str]) -> tuple[Range, ...]:
    return tuple(Range(ip_network(network), name) for network, name in rows)


NEVER: Final = _ranges(
    ("0.0.0.0/8", "this network"),
    ("169.254.0.0/16", "link-local"),
    ("198.18.0.0/15", "benchmarking"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved or broadcast"),
    ("::/128", "unspecified"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local"),
    ("ff00::/8", "multicast"),
)
"""Refused always. The metadata addresses of cloud platforms are as well: see ``metadata_addresses``."""

LOOPBACK: Final = _ranges(("127.0.0.0/8", "loopback"), ("::1/128", "loopback"))

PRIVATE: Final = _ranges(
    ("10.0.0.0/8", "private"),
    ("172.16.0.0/12", "private"),
    ("192.168.0.0/16", "private"),
    ("100.64.0.0/10", "shared (carrier-grade NAT)"),
    ("fc00::/7", "unique local"),
    *((str(each.network), each.name) for each in LOOPBACK),
)
"""Allowed when a network of the issuer record contains the address."""

SPECIAL: Final = _ranges(
    ("192.0.0.0/24", "IETF protocol assignments"),
    ("192.0.2.0/24", "documentation"),
    ("192.88.99.0/24", "6to4 relay"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("2001::/32", "Teredo"),
    ("2001::/23", "IETF protocol assignments"),
    ("2001:db8::/32", "documentation"),
    ("2002::/16", "6to4"),
    ("3fff::/20", "documentation"),
)
"""Refused: inside the space of global unicast addresses, but none."""

GLOBAL_V6: Final = IPv6Network("2000::/3")
"""All that IANA has allocated to global unicast; every other IPv6 address is something else."""

NAT64: Final = IPv6Network("64:ff9b::/96")
_MAPPED: Final = IPv6Network("::ffff:0:0/96")
_COMPATIBLE: Final = IPv6Network("::/96")
_LAST_32_BITS: Final = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Allowed:
    """What is allowed beside the public network: the networks of one record; in the emulator also this machine."""

    networks: tuple[Network, ...] = ()
    loopback: bool = False

    @classmethod
    def of(cls, cidrs: Iterable[str], *, loopback: bool = False) -> Allowed:
        """Read the networks of a record. Raises ``ValueError`` for text that is no CIDR."""
        return cls(tuple(ip_network(each) for each in cidrs), loopback)

    def contains(self, address: Address) -> bool:
        return any(address in network for network in self.networks)


def refuse(address: Address, allowed: Allowed) -> None:
    """Raise ``ValueError`` with what the address is, unless it may be connected to."""
    if isinstance(address, IPv6Address):
        address = _translated(address)
    _refuse_range(address, metadata_addresses())
    _refuse_range(address, NEVER)
    private = _range(address, PRIVATE)
    if private is not None:
        if allowed.contains(address) or (allowed.loopback and _range(address, LOOPBACK) is not None):
            return
        raise ValueError(f"{address} is {private.name}, and no network of the issuer record contains it")
    _refuse_range(address, SPECIAL)
    if isinstance(address, IPv6Address) and address not in GLOBAL_V6:
        raise ValueError(f"{address} is not a global unicast address")
    if not address.is_global:
        raise ValueError(f"{address} is not globally routable")


def is_loopback(address: Address) -> bool:
    return _range(address, LOOPBACK) is not None


@lru_cache(maxsize=1)
def metadata_addresses() -> tuple[Range, ...]:
    """Return the addresses of the data file beside this module."""
    text = resources.files("accredit.outbound").joinpath("metadata_addresses.toml").read_text(encoding="utf-8")
    return tuple(Range(ip_network(row["network"]), row["name"]) for row in tomllib.loads(text)["range"])


def _translated(address: IPv6Address) -> Address:
    """Return the IPv4 address that NAT64 reaches through ``address``, else ``address``; refuse other embedded forms."""
    inner = IPv4Address(int(address) & _LAST_32_BITS)
    if address in NAT64:
        if _range(inner, PRIVATE) is not None:  # RFC 6052 section 3.1: the well-known prefix is for public addresses
            raise ValueError(f"{address} is {inner} behind NAT64, which is not public")
        return inner
    if address in _MAPPED:
        raise ValueError(f"{address} is {inner} in an IPv4-mapped form")
    if address in _COMPATIBLE and int(inner) > 1:  # :: and ::1 are themselves
        raise ValueError(f"{address} is {inner} in an IPv4-compatible form")
    return address


def _refuse_range(address: Address, ranges: Iterable[Range]) -> None:
    found = _range(address, ranges)
    if found is not None:
        raise ValueError(f"{address} is never connected to: {found.name}")


def _range(address: Address, ranges: Iterable[Range]) -> Range | None:
    return next((each for each in ranges if address in each.network), None)
