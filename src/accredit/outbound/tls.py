"""Whom to believe about a server's name. There is no way to believe nobody: verification cannot be switched off.

Rule 1: TLS 1.2 or newer, the certificate verified, the name in it the name in the URL.
Rule 2: a record's own CA bundle replaces the public roots; it does not add to them.
Rule 3: the emulator's own hosts are verified with the emulator's own CA, and with nothing else.
"""

from __future__ import annotations

import ssl
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from accredit.outbound.unreachable import Unreachable

MAX_CONTEXTS: Final = 64  # one for each CA bundle in use, some 100 KiB each


@dataclass(frozen=True, slots=True)
class OwnCa:
    """The emulator's development CA, and the host names that it answers for (lower case, addresses unbracketed)."""

    hosts: frozenset[str]
    pem: str


class Contexts:
    """TLS settings by whom they believe, made at first use and kept."""

    def __init__(self, own: OwnCa | None = None) -> None:
        self._own = own
        self._made: OrderedDict[str | None, ssl.SSLContext] = OrderedDict()

    def of(self, host: str, ca_bundle: str | None) -> ssl.SSLContext:
        """Return the settings for a host. Raises ``Unreachable`` for a bundle that cannot be read."""
        pem = ca_bundle
        if pem is None and self._own is not None and host in self._own.hosts:
            pem = self._own.pem
        found = self._made.get(pem)
        if found is None:
            found = self._made[pem] = _context(pem)
            if len(self._made) > MAX_CONTEXTS:
                self._made.popitem(last=False)
        self._made.move_to_end(pem)
        return found


def _context(pem: str | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = True
    context.verify_mode = ssl.CERT_REQUIRED
    context.hostname_checks_common_name = False
    context.set_alpn_protocols(["http/1.1"])
    if pem is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
        return context
    try:
        context.load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError, TypeError) as error:  # TypeError: not ASCII
        raise Unreachable("tls", "the record's CA bundle cannot be read") from error
    return context
