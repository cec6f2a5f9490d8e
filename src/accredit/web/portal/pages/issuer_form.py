"""The fields of an issuer record: read from a form, written into one, and said in other words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, get_args

from accredit.administer.issuers import ALGORITHMS
from accredit.interop.graph import issuer as wire
from accredit.interop.graph import parts
from accredit.issuers.record import Replay
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.directory import Tenant
    from accredit.issuers import Issuer
    from accredit.web.portal.visit import Form

FIELDS: Final = {
    "issuer": "url",
    "jwksUrl": "jwks_url",
    "jwks": "jwks",
    "caBundle": "ca_bundle",
    "networks": "networks",
    "ports": "ports",
    "ports or allowedJwksHosts": "ports",
    "allowedJwksHosts": "allowed_jwks_hosts",
    "algorithms": "algorithms",
    "maxLifetime": "max_lifetime",
    "skew": "skew",
    "requireKid": "require_kid",
    "replay": "replay",
}
"""The field that shows what is wrong with a property."""
REPLAYS: Final = {
    "off": _("nobody looks"),
    "observe": _("the sign-in log says so"),
    "enforce": _("the second use is refused"),
}
_DIGITS: Final = 9  # of a number of seconds


def typed_of(of: Issuer) -> dict[str, str]:
    """Return what the form of a record begins with."""
    return {
        "jwks_url": of.jwks_url or "",
        "ca_bundle": of.ca_bundle or "",
        "networks": "\n".join(of.networks),
        "ports": "\n".join(map(str, of.ports)),
        "allowed_jwks_hosts": "\n".join(of.allowed_jwks_hosts),
        "max_lifetime": str(of.max_lifetime),
        "skew": str(of.skew),
        "require_kid": "yes" if of.require_kid else "",
        "replay": of.replay,
    }


def members(sent: Form, problems: dict[str, str]) -> dict[str, Any]:
    """Return what creating and changing a record have in common; what cannot be read is a problem of its field."""
    return {
        "algorithms": tuple(sent.all("algorithms")),
        "jwks_url": sent.text("jwks_url") or None,
        "ca_bundle": f"{text}\n" if (text := sent.text("ca_bundle")) else None,
        "networks": tuple(sent.get("networks", "").split()),
        "ports": _ports(sent, problems),
        "allowed_jwks_hosts": tuple(sent.get("allowed_jwks_hosts", "").split()),
        "replay": sent.text("replay", "off") if sent.text("replay") in get_args(Replay) else "off",
    }


def limits(sent: Form, problems: dict[str, str]) -> dict[str, Any]:
    """Return what only a record that exists can be told."""
    return {
        "max_lifetime": _number(sent, "max_lifetime", problems),
        "skew": _number(sent, "skew", problems),
        "require_kid": sent.text("require_kid") == "yes",
    }


def changed(before: Issuer, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that differ; uploaded keys stay unless an address of keys is given."""
    found = {name: value for name, value in wanted.items() if value != getattr(before, name)}
    if (found.get("ca_bundle") or "").strip() == (before.ca_bundle or "").strip():
        found.pop("ca_bundle", None)
    return found


def offered(tenant: Tenant) -> tuple[str, ...]:
    """Return the algorithms that a record of this tenant may list."""
    listed = tenant.allowed_algorithms
    return tuple(each for each in ALGORITHMS[tenant.portability] if listed is None or each in listed)


def body(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return changes as Graph names them."""
    names = {name: wire_name for wire_name, name in _names().items()}
    return {names[name]: value for name, value in changes.items()}


def _names() -> dict[str, str]:
    return {each.encode_name: each.name for each in parts.members(wire.Written).values()}


def _ports(sent: Form, problems: dict[str, str]) -> tuple[int, ...]:
    found = sent.get("ports", "").split()
    if not all(each.isascii() and each.isdigit() and len(each) <= _DIGITS for each in found):
        problems["ports"] = _("Whole numbers, one a line.")
        return ()
    return tuple(map(int, found))


def _number(sent: Form, name: str, problems: dict[str, str]) -> int:
    text = sent.text(name)
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        problems[name] = _("A whole number of seconds.")
        return 0
    return int(text)
