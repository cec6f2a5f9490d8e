"""The one place that opens connections to strangers.

Rule 1: only what an issuer record names is visited, with GET, and what an answer names is judged again. A form is sent
to one place only: the token endpoint of the provider at which people sign in to the portal.
Rule 2: a URL is taken apart once, strictly. The host is resolved once, every address is judged, and the connection goes
to an address that was judged: a name that changes its mind in between (DNS rebinding) changes nothing.
Rule 3: TLS name and Host stay the ones of the URL. https only; http to this machine only, in the emulator.
Rule 4: no redirect, cookie, credential, proxy, or connection used twice.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Final

from accredit.issuers import keyhosts
from accredit.issuers import url as urls
from accredit.outbound import addresses
from accredit.outbound.addresses import Allowed
from accredit.outbound.answer import Conversation
from accredit.outbound.resolve import SystemResolver
from accredit.outbound.tls import Contexts, OwnCa
from accredit.outbound.trace import Trace
from accredit.outbound.unreachable import NOT_ACCEPTED, Unreachable, why

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from accredit.issuers import Issuer, Limits
    from accredit.issuers.url import Parts
    from accredit.outbound.addresses import Address
    from accredit.outbound.answer import Fetched, Form
    from accredit.outbound.resolve import Resolve

PORTS: Final = frozenset({443, 6443, 8443})  # 6443: API servers of Kubernetes
_WILDCARDS: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104  read here, never bound


@dataclass(frozen=True, slots=True)
class Rules:
    """Where connections may go. The defaults are production's."""

    ports: frozenset[int] | None = PORTS  # None: any
    loopback: bool = False  # this machine, also over http
    overrides: Mapping[str, str] = field(default_factory=dict)  # issuer -> base URL that answers for it
    own_ca: OwnCa | None = None
    own_listeners: frozenset[tuple[str, int]] = frozenset()  # (address, port) this server listens on: never visited


PRODUCTION: Final = Rules()


def emulator(*, overrides: Mapping[str, str] | None = None, own_ca: OwnCa | None = None) -> Rules:
    """Return the emulator's rules: any port, this machine, and other places that answer for real issuers.

    ``overrides`` may grow.
    """
    return Rules(ports=None, loopback=True, overrides={} if overrides is None else overrides, own_ca=own_ca)


class Fetcher:
    """Fetches documents of issuers. One connection for each visit, closed at its end."""

    def __init__(
        self, limits: Limits, rules: Rules = PRODUCTION, *, user_agent: str, resolve: Resolve | None = None
    ) -> None:
        self._limits = limits
        self._rules = rules
        self._user_agent = user_agent
        self._resolve: Resolve = resolve or SystemResolver()
        self._contexts = Contexts(rules.own_ca)

    async def get(
        self, url: str, *, issuer: Issuer, within: float | None = None, trace: Trace | None = None
    ) -> Fetched:
        """Fetch a document of ``issuer`` in at most ``within`` seconds. Raises ``Unreachable``, a 90061.

        ``trace``: takes what is seen on the way.
        """
        return await self._visit(url, issuer, within, trace or Trace(), None)

    async def post(self, url: str, form: Form, *, issuer: Issuer) -> Fetched:
        """Send a form to a token endpoint of ``issuer``. Raises ``Unreachable``; 400 and 401 are answers."""
        return await self._visit(url, issuer, None, Trace(), form)

    async def _visit(self, url: str, issuer: Issuer, within: float | None, trace: Trace, form: Form | None) -> Fetched:
        visit = _Visit(self._limits, self._rules, issuer, trace)
        seconds = self._limits.fetch_within if within is None else within
        try:
            async with asyncio.timeout(seconds):
                parts = visit.parts(url)
                reader, writer = await visit.open(parts, self._resolve, self._contexts)
                try:
                    visit.enter("answer", "reading the answer")
                    talk = Conversation(reader, writer)
                    if form is not None:
                        return await talk.post(parts, self._user_agent, form, trace)
                    return await talk.get(parts, self._user_agent, trace)
                finally:
                    writer.transport.abort()  # a polite farewell would wait for the peer
        except TimeoutError as error:
            raise Unreachable("time", f"not done within {seconds:.3g} s, while {visit.stage}") from error


class _Visit:
    """One visit: what it may do, and what it is doing."""

    def __init__(self, limits: Limits, rules: Rules, issuer: Issuer, trace: Trace) -> None:
        self.stage = ""
        self.trace = trace
        self._limits = limits
        self._rules = rules
        self._issuer = issuer
        self.enter("url", "reading the URL")

    def enter(self, stage: str, what: str) -> None:
        """Begin a stage of the visit; ``what`` says it in a sentence."""
        self.stage = what
        self.trace.enter(stage)

    def parts(self, url: str) -> Parts:
        """Take the URL apart, or the one that answers for it. ``Unreachable`` when it may not be visited."""
        try:
            named = urls.split(url)
            self.trace.url = self._located(url)
            parts = urls.split(self.trace.url)
        except ValueError as error:
            raise Unreachable("url", str(error)) from error
        self._refuse_host(named.host)
        if parts.scheme != "https" and not self._rules.loopback:
            raise Unreachable("url", "it is not https")
        if self._rules.ports is not None and parts.port not in (allowed := self._rules.ports | {*self._issuer.ports}):
            listed = ", ".join(str(port) for port in sorted(allowed))
            raise Unreachable("url", f"port {parts.port} is none of {listed} (an issuer record may opt in to others)")
        return parts

    async def open(
        self, parts: Parts, resolve: Resolve, contexts: Contexts
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to a judged address of the host, with TLS unless it is this machine's http."""
        self.enter("dns", "looking up the host")
        found = await self._resolved(parts, resolve)
        self.trace.addresses = tuple(map(str, found))
        self.enter("address", "judging its addresses")
        self._refuse(found, parts)
        self.enter("tls", "reading the CA bundle")
        context = contexts.of(parts.host, self._issuer.ca_bundle) if parts.scheme == "https" else None
        connected = await self._connected(attempts(found, 1 + self._limits.connect_retries), parts.port)
        self.enter("tls", "agreeing on TLS")
        return await self._secured(connected, context, parts.host)

    def _refuse_host(self, host: str) -> None:
        """Refuse a host that the record does not list, unless it is the one that answers for the issuer here."""
        base = self._rules.overrides.get(self._issuer.url)
        if keyhosts.allows(self._issuer, host) or (base is not None and host == urls.split(base).host):
            return
        listed = ", ".join(self._issuer.allowed_jwks_hosts)
        raise Unreachable("url", f"the host {host} is none that the issuer record lists ({listed})")

    def _located(self, url: str) -> str:
        base = self._rules.overrides.get(self._issuer.url)
        if base is None:
            return url
        real = self._issuer.url.removesuffix("/")
        if url == real or url.startswith(real + "/"):
            return base.removesuffix("/") + url[len(real) :]
        return url

    async def _resolved(self, parts: Parts, resolve: Resolve) -> Sequence[Address]:
        if parts.address is not None:
            return [parts.address]
        try:
            found = [ip_address(text) for text in await resolve(parts.host, parts.port)]
        except OSError as error:
            raise Unreachable("dns", f"{parts.host}: {why(error)}") from error
        if not found:
            raise Unreachable("dns", f"{parts.host} has no address")
        return found

    def _refuse(self, found: Sequence[Address], parts: Parts) -> None:
        """Refuse the host when any of its addresses is refused: whoever answers for the name is not to be trusted."""
        try:
            allowed = Allowed.of(self._issuer.networks, loopback=self._rules.loopback)
            for address in found:
                addresses.refuse(address, allowed)
        except ValueError as error:
            raise Unreachable("address", f"{parts.host}: {error}") from error
        for address in found:
            if parts.scheme == "http" and not addresses.is_loopback(address):
                raise Unreachable("url", f"it is not https, and {address} is not this machine")
            if any(listens(address, parts.port, own) for own in self._rules.own_listeners):
                raise Unreachable("address", f"{address} port {parts.port} is this server itself")

    async def _connected(self, tried: Sequence[Address], port: int) -> socket.socket:
        failed = ""
        for address in tried:
            self.enter("connect", f"connecting to {address}")
            try:
                async with asyncio.timeout(self._limits.connect_within):
                    connected = await _connect(address, port)
                self.trace.peer = f"{address} port {port}"
                return connected
            except TimeoutError:
                failed = f"{address} port {port}: no answer within {self._limits.connect_within:g} s"
            except OSError as error:
                failed = f"{address} port {port}: {why(error)}"
        raise Unreachable("connect", failed)

    async def _secured(
        self, connected: socket.socket, context: ssl.SSLContext | None, host: str
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        name = host if context is not None else None
        try:
            async with asyncio.timeout(self._limits.connect_within):
                streams = await asyncio.open_connection(sock=connected, ssl=context, server_hostname=name)
            self.trace.tls = streams[1].get_extra_info("ssl_object")
            return streams
        except TimeoutError as error:
            raise Unreachable("tls", f"no agreement within {self._limits.connect_within:g} s") from error
        except ssl.SSLCertVerificationError as error:
            raise Unreachable("tls", f"{NOT_ACCEPTED}: {error.verify_message}") from error
        except OSError as error:  # ssl.SSLError is one
            raise Unreachable("tls", why(error)) from error


def attempts(found: Sequence[Address], count: int) -> Sequence[Address]:
    """Return the addresses to try, ``count`` of them: both families early, one that is alone again and again."""
    first = [each for each in found if each.version == found[0].version]
    other = [each for each in found if each.version != found[0].version]
    order: list[Address] = []
    for index in range(max(len(first), len(other))):
        order += first[index : index + 1] + other[index : index + 1]
    return [order[index % len(order)] for index in range(count)]


def listens(address: Address, port: int, own: tuple[str, int]) -> bool:
    """Whether a connection to ``address`` would reach the listener ``own`` of this server."""
    host, own_port = own
    if port != own_port:
        return False
    if host not in _WILDCARDS:
        return address == ip_address(host)
    return addresses.is_loopback(address) or is_ours(address)


def is_ours(address: IPv4Address | IPv6Address) -> bool:
    """Whether ``address`` belongs to this machine: one can listen on such addresses only."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004  IPv4
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(address), 0))
        except OSError:
            return False
    return True


async def _connect(address: Address, port: int) -> socket.socket:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004  IPv4
    connecting = socket.socket(family, socket.SOCK_STREAM)
    try:
        connecting.setblocking(False)  # noqa: FBT003  the socket's own signature
        await asyncio.get_running_loop().sock_connect(connecting, (str(address), port))
    except BaseException:
        connecting.close()
        raise
    return connecting
