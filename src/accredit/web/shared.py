"""Addresses that many share: the runners of a CI service, behind one gateway, may fail more often than one sender.

Rule 1: only proof makes an address shared: sign-ins of several applications, or an operator who says so.
Rule 2: a grant costs less than a microsecond here; what costs more is done when somebody fails.
"""

from __future__ import annotations

from collections import OrderedDict
from ipaddress import ip_network
from typing import TYPE_CHECKING, Final

from accredit.signins import network

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from accredit.web.sender import Network

APPLICATIONS: Final = 5  # with sign-ins from one address, from which it counts as shared
WITHIN: Final = 86_400.0  # seconds
MOST_ADDRESSES: Final = 20_000  # remembered; the longest unused goes first


class Shared:
    """Knows which addresses are shared, as ``signins.network`` writes them."""

    def __init__(self, seconds: Callable[[], float], networks: Sequence[Network] = ()) -> None:
        self._seconds = seconds
        self._networks = tuple(networks)
        self._seen: OrderedDict[str, dict[str, float]] = OrderedDict()  # address -> application -> when last

    def granted(self, address: str, client: str) -> None:
        """Remember that an application has proven itself from an address."""
        near, client = network(address), client.lower()
        clients = self._seen.get(near)
        if clients is None:
            self._seen[near] = {client: self._seconds()}
            if len(self._seen) > MOST_ADDRESSES:
                self._seen.popitem(last=False)
            return
        self._seen.move_to_end(near)
        if client not in clients and len(clients) >= APPLICATIONS:
            del clients[min(clients, key=clients.__getitem__)]
        clients[client] = self._seconds()

    def __contains__(self, near: str) -> bool:
        """Whether an address counts as shared now."""
        clients = self._seen.get(near, {})
        if len(clients) >= APPLICATIONS and min(clients.values()) > self._seconds() - WITHIN:
            return True
        return bool(self._networks) and self._listed(near)

    def _listed(self, near: str) -> bool:
        try:
            found = ip_network(near)
        except ValueError:  # a sender without an address
            return False
        return any(found.version == each.version and found.network_address in each for each in self._networks)
