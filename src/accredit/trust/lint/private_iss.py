"""FIC-PRIVATE-ISS: keys are to be fetched from where they cannot be."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from accredit.issuers import url
from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.issuers.url import Parts
    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-PRIVATE-ISS",
    level="warn",
    title="An issuer that cannot be reached",
    why="Keys are fetched over the public internet. Where the issuer's host is in a private network, or is no host"
    " at all, they are not found and every token is refused (AADSTS90061). Entra ID can only reach public hosts.",
    remedy="Upload the issuer's keys, or opt in to its private network in the issuer's record.",
    before="https://kubernetes.default.svc, keys by discovery",
    after="the same issuer, keys uploaded",
)
_INSIDE: Final = re.compile(  # RFC 6761, 6762 and 8375, ICANN's .internal, the names inside clusters
    r"[^.]+|.+\.(?:svc|svc\..+|cluster\.local|local|localhost|internal|intranet|lan|home\.arpa)", re.IGNORECASE
)


def check(linted: Linted) -> Iterator[Finding]:
    """Tell it unless keys need not be fetched, or an administrator has opted in to a network."""
    record = linted.trust.record
    if record is not None and (record.networks or record.key_source != "discovery"):
        return
    try:
        parts = url.split(linted.trust.issuer)
    except ValueError:
        return
    if parts.loopback and linted.context.emulator:
        return
    if where := _private(parts):
        yield RULE.finding(linted, "issuer", f"{parts.host} is {where}, and the issuer's keys are to be fetched there.")
    elif linted.context.unresolvable:
        yield RULE.finding(
            linted, "issuer", f"There is no host {parts.host}, and the issuer's keys are to be fetched there."
        )


def _private(parts: Parts) -> str:
    """Say how a host is private; empty when nothing tells that it is."""
    if parts.loopback:
        return "the machine itself"
    if parts.address is not None:
        return "" if ip_address(str(parts.address)).is_global else "an address of a private network"
    return "a name of a private network" if _INSIDE.fullmatch(parts.host) else ""
