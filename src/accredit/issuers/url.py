"""Issuer URLs: one strict grammar, byte equality, and the issuers that are ourselves or Microsoft Entra ID.

Rule 1: an issuer is kept exactly as written; nothing is normalised, so equality is equality of bytes.
Rule 2: what two URL readers could understand differently is refused: userinfo, backslashes, encoded host characters,
numbers that only some readers take for an address (RFC 3986 section 7.4).
Rule 3: an own issuer is a member of an exact set, never "something on our origin": an emulator's test identity
provider shares the origin and is allowed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Final, NewType, NoReturn

from accredit.errors import OWN_ISSUER, PROPERTY_INVALID, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

IssuerUrl = NewType("IssuerUrl", str)
"""An issuer as registered; made by ``parse`` only."""

MAX_ISSUER: Final = 600  # characters
MAX_URL: Final = 2_048  # characters
_MAX_HOST: Final = 253  # characters (RFC 1035 section 2.3.4)
_MAX_PORT: Final = 65_535
_STANDARD_PORT: Final = {"https": 443, "http": 80}

ENTRA_HOSTS: Final = (  # each with its sub-domains; the last five are assumed
    "login.microsoftonline.com",
    "login.windows.net",
    "login.microsoft.com",
    "sts.windows.net",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "login.chinacloudapi.cn",
    "sts.chinacloudapi.cn",
    "ciamlogin.com",
)
_ENTRA_SUBDOMAINS: Final = tuple("." + host for host in ENTRA_HOSTS)

_SHAPE: Final = re.compile(
    r"(?P<scheme>https?)://(?P<authority>[^/?]*)(?P<path>/[^?]*)?(?:\?(?P<query>.*))?", re.IGNORECASE
)
_AUTHORITY: Final = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]{1,5}))?")
_LABEL: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_NUMBER: Final = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_TENANT_PATH: Final = re.compile(
    r"(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\{tenantid\})/(?:v2\.0)?"
)


@dataclass(frozen=True, slots=True)
class Parts:
    """A URL taken apart. ``host`` is lower case and without brackets."""

    scheme: str
    host: str
    port: int
    path: str
    query: str | None

    @property
    def address(self) -> IPv4Address | IPv6Address | None:
        """The host as an address, if it is one."""
        return _address(self.host)

    @property
    def loopback(self) -> bool:
        """Whether the host can only be this machine."""
        address = self.address
        return self.host == "localhost" if address is None else address.is_loopback


def split(text: str) -> Parts:
    """Take an absolute ``http`` or ``https`` URL apart. Raises ``ValueError`` with the reason."""
    if len(text) > MAX_URL:
        _refuse(f"longer than {MAX_URL} characters")
    _refuse_characters(text)
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        _refuse("not an absolute https URL")
    if "@" in shape["authority"]:
        _refuse("userinfo (an @ before the path)")
    authority = _AUTHORITY.fullmatch(shape["authority"])
    if authority is None:
        _refuse("host and port cannot be read")
    scheme = shape["scheme"].lower()
    port = int(authority["port"]) if authority["port"] else _STANDARD_PORT[scheme]
    if not 0 < port <= _MAX_PORT:
        _refuse(f"port {port} does not exist")
    return Parts(scheme, _host(authority["host"]), port, shape["path"] or "", shape["query"])


def parse(text: str, *, loopback_http: bool = False, opaque: bool = False) -> IssuerUrl:
    """Read an issuer as an administrator wrote it: 1-600 characters, https, no query, no fragment.

    ``loopback_http`` lets http through for this machine (emulator); ``opaque`` takes any printable ASCII text without
    spaces (uploaded keys, extended portability). Raises ``Refused(PROPERTY_INVALID)`` with the exact reason as detail.
    """
    try:
        _refuse_issuer(text, loopback_http=loopback_http, opaque=opaque)
    except ValueError as error:
        raise Refused(
            PROPERTY_INVALID, property="issuer", kind="FederatedIdentityCredential", detail=f"issuer: {error}"
        ) from error
    return IssuerUrl(text)


class OwnIssuers:
    """Every issuer string that this authority emits or ever emitted: ``text in own`` is byte-exact membership.

    ``bases`` are the public base URLs, today's and former ones, without a trailing slash: an authority emits
    ``{base}/{tenant id}/`` and ``{base}/{tenant id}/v2.0`` for each of its tenants, present, deleted and future, and
    the literal ``{tenantid}`` in the documents of ``common``. ``strings`` are further ones, from the store.

    An emulator speaks for anybody, so an authority that is none takes every emulator's issuer for one that it must not
    believe either: ``tenant_mark`` begins the ids of emulators' tenants, ``kid_mark`` the names of their keys.
    """

    __slots__ = ("_bases", "_kid_mark", "_strings", "_tenant_mark")

    def __init__(
        self, bases: Iterable[str] = (), strings: Iterable[str] = (), *, tenant_mark: str = "", kid_mark: str = ""
    ) -> None:
        self._bases = tuple(base + "/" for base in bases)
        self._strings = frozenset(strings)
        self._tenant_mark = tenant_mark and f"/{tenant_mark}"
        self._kid_mark = kid_mark

    def __contains__(self, text: str) -> bool:
        if text in self._strings:
            return True
        if not text.startswith(self._bases):  # in C: it is what every other issuer costs
            return False
        return any(text.startswith(base) and _TENANT_PATH.fullmatch(text, len(base)) for base in self._bases)

    def emulators(self, issuer: str, kid: str | None) -> bool:
        """Whether an emulator issued it, judged by its tenant's id in the path of ``issuer`` or by its key's name."""
        if self._kid_mark and kid is not None and kid.startswith(self._kid_mark):
            return True
        return bool(self._tenant_mark) and issuer.find(self._tenant_mark, len("https://")) > 0


def refuse_own(issuer: str, own: OwnIssuers, kid: str | None = None) -> None:
    """Refuse what we, an emulator or Microsoft Entra ID issued (700222). ``kid``: of the key that is said to sign."""
    if issuer in own:
        raise Refused(OWN_ISSUER, detail="the issuer is one of this authority's own")
    if own.emulators(issuer, kid):
        raise Refused(OWN_ISSUER, detail="it bears a mark of an emulator, which speaks for anybody")
    if is_entra(issuer):
        raise Refused(OWN_ISSUER, detail="the issuer is a host of Microsoft Entra ID")


@lru_cache(maxsize=4_096)
def is_entra(issuer: str) -> bool:
    """Whether the issuer's host is one of Microsoft Entra ID's."""
    try:
        host = split(issuer).host
    except ValueError:  # an opaque issuer has no host
        return False
    return host in ENTRA_HOSTS or host.endswith(_ENTRA_SUBDOMAINS)


def _refuse_issuer(text: str, *, loopback_http: bool, opaque: bool) -> None:
    if not 0 < len(text) <= MAX_ISSUER:
        _refuse(f"it has {len(text)} characters, not 1 to {MAX_ISSUER}")
    if opaque and not text.lower().startswith(("https://", "http://")):
        _refuse_characters(text)
        return
    parts = split(text)
    if parts.query is not None:
        _refuse("it has a query")
    if parts.scheme != "https" and not (loopback_http and parts.loopback):
        _refuse("it must be https")


def _refuse_characters(text: str) -> None:
    if not text.isascii():
        _refuse("a character outside ASCII (write an international host name as punycode)")
    if not text.isprintable() or " " in text:
        _refuse("a space or control character")
    if "\\" in text:
        _refuse("a backslash")
    if "#" in text:
        _refuse("a fragment (#)")


def _host(text: str) -> str:
    if not text:
        _refuse("no host")
    if text.startswith("["):
        if "%" in text:
            _refuse("an IPv6 zone")
        try:
            return str(IPv6Address(text[1:-1]))
        except ValueError:
            _refuse("the IPv6 address cannot be read")
    labels = text.split(".")
    if len(text) > _MAX_HOST or not all(_LABEL.fullmatch(label) for label in labels):
        _refuse("the host is not a name of letters, digits and hyphens")
    # Some readers take 2130706433, 0x7f.1 or 127.1 for an address, others for a name.
    if _NUMBER.fullmatch(labels[-1]) and _address(text) is None:
        _refuse("the host is an address in an unusual form")
    return text.lower()


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return IPv6Address(host) if ":" in host else IPv4Address(host)
    except ValueError:
        return None


def _refuse(reason: str) -> NoReturn:
    raise ValueError(reason)
