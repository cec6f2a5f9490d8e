"""Where an issuer may be, and its keys: addresses, private networks, ports and roots of trust of an issuer record."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING, Final

from cryptography import x509

from accredit.administer.limits import invalid, refuse_outside
from accredit.issuers import keyhosts, url

if TYPE_CHECKING:
    from accredit.administer.administrator import Administrator
    from accredit.issuers import Issuer, Portability

Network = IPv4Network | IPv6Network

KIND: Final = "Issuer"
LONGEST_BUNDLE: Final = 64 * 1_024  # characters
MOST_CERTIFICATES: Final = 16
MOST_NETWORKS: Final = 64
MOST_PLACES: Final = 16  # ports, and hosts of keys
HIGHEST_PORT: Final = 65_535

PRIVATE: Final = tuple(
    ip_network(each)
    for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "fc00::/7", "::1/128")
)
"""Where a private issuer may be: what connections may be opted in to. Public addresses need nobody's leave."""


def hosts(listed: tuple[str, ...], portability: Portability, issuer: str) -> tuple[str, ...]:
    """Return the hosts that a record lists: those given, or with extended portability the issuer's own."""
    if not listed and portability == "extended":
        return keyhosts.pinned(issuer)
    return tuple(each.lower() for each in listed)


def refuse_places(record: Issuer) -> None:
    """Refuse ports and hosts that are none, or too many."""
    if len(record.ports) > MOST_PLACES or len(record.allowed_jwks_hosts) > MOST_PLACES:
        raise invalid("ports or allowedJwksHosts", KIND, f"at most {MOST_PLACES} of each")
    for port in record.ports:
        refuse_outside(port, 1, HIGHEST_PORT, "ports", KIND)
    for host in record.allowed_jwks_hosts:
        if keyhosts.pinned(f"https://[{host}]/" if ":" in host else f"https://{host}/")[:1] != (host,):
            raise invalid("allowedJwksHosts", KIND, f"{host} is not a host name")


def refuse_address(by: Administrator, address: str) -> None:
    """Refuse an address of keys that is none, or not https; an emulator may have plain http on loopback."""
    try:
        parts = url.split(address)
    except ValueError as error:
        raise invalid("jwksUrl", KIND, str(error)) from error
    if parts.scheme != "https" and not (by.emulator and parts.loopback):
        raise invalid("jwksUrl", KIND, "it must be https")


def refuse_bundle(bundle: str | None) -> None:
    """Refuse what are no certificates, or too many."""
    if bundle is None:
        return
    if len(bundle) > LONGEST_BUNDLE:
        raise invalid("caBundle", KIND, f"longer than {LONGEST_BUNDLE} characters")
    try:
        found = x509.load_pem_x509_certificates(bundle.encode())
    except ValueError as error:
        raise invalid("caBundle", KIND, "not PEM certificates") from error
    if len(found) > MOST_CERTIFICATES:
        raise invalid("caBundle", KIND, f"{len(found)} certificates, at most {MOST_CERTIFICATES}")


def refuse_networks(networks: tuple[str, ...]) -> None:
    """Refuse what is not within a private network."""
    if len(networks) > MOST_NETWORKS:
        raise invalid("networks", KIND, f"at most {MOST_NETWORKS}")
    for each in networks:
        try:
            network = ip_network(each)
        except ValueError as error:
            raise invalid("networks", KIND, str(error)) from error
        if not any(_within(network, private) for private in PRIVATE):
            known = ", ".join(map(str, PRIVATE))
            raise invalid("networks", KIND, f"{each} is not within a private network (there are: {known})")


def _within(network: Network, outer: Network) -> bool:
    return network.version == outer.version and network.subnet_of(outer)  # type: ignore[arg-type]  # of one version
