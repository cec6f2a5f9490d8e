"""Service principals that every tenant may have: Microsoft's APIs and clients, as data in ``wellknown.toml``.

Rule 1: names that hold this authority's public URL are computed from it, never stored: the URL may change.
Rule 2: every name in the file is reserved, whether a tenant has the principal or not, and whatever could be taken for
it. Clients make identifiers of the addresses that they call: of a name that is one, and of this authority's own, the
whole host is reserved, with every scheme, port and path.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import unquote
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from accredit.directory.permissions import AppRole, identifier_key
from accredit.directory.registration import PermissionScope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_BASE: Final = "{base}"
_ADDRESS: Final = re.compile(  # as loosely as anything that calls it might read it
    r"(?P<scheme>https?|api):[/\\]*(?:[^/\\?#]*@)?(?P<host>\[[^\]]*\]|[^/\\?#:]*)", re.IGNORECASE
)
_HERE: Final = "this machine"


class WellKnown(msgspec.Struct, frozen=True, gc=False):
    """A principal of Microsoft's. ``key`` is the short name by which an operator enables it."""

    key: str
    app_id: UUID
    display_name: str
    names: tuple[str, ...]  # those that can be stored
    derived: tuple[str, ...]  # those that hold "{base}"
    app_roles: tuple[AppRole, ...]
    scopes: tuple[PermissionScope, ...]
    token_version: Literal[1, 2]


class _Role(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    value: str
    id: UUID | None = None


class _Scope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    value: str
    id: UUID


class _Principal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    key: str
    app_id: UUID
    display_name: str
    names: tuple[str, ...] = ()
    roles: tuple[_Role, ...] = ()
    scopes: tuple[_Scope, ...] = ()
    token_version: Literal[1, 2] = 1


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    owner_tenant_id: UUID
    principals: tuple[_Principal, ...]


def principals() -> Mapping[str, WellKnown]:
    """Return all of them by their key, in the order of the file."""
    return _read()[1]


def owner_tenant() -> UUID:
    """Return the tenant that owns them."""
    return _read()[0]


def reserved(base: str) -> Mapping[str, UUID]:
    """Return every name of theirs by ``identifier_key``, with the appId it belongs to. ``base``: our public URL."""
    return {
        identifier_key(name): each.app_id
        for each in principals().values()
        for name in (str(each.app_id), *each.names, *derived(each, base))
    }


def reserves(identifier: str, base: str) -> bool:
    """Whether an identifier is one of these names, or could be taken for one. ``base``: our public URL."""
    names, place = reserved(base), _place(identifier)
    return identifier_key(identifier) in names or (place is not None and place in map(_place, _shown(names)))


def derived(principal: WellKnown, base: str) -> tuple[str, ...]:
    """Return the names that follow from our public URL."""
    return tuple(name.replace(_BASE, base) for name in principal.derived)


def _shown(names: Mapping[str, UUID]) -> Iterator[str]:
    for name, app_id in names.items():
        yield name
        yield f"api://{app_id}"


def _place(identifier: str) -> tuple[bool, str] | None:
    """Return what an identifier points at: a host, or a name that is none (``api:``). ``None``: nothing of the kind."""
    found = _ADDRESS.match(identifier)
    if found is None:
        return None
    host = unquote(found["host"]).lower().strip("[]").rstrip(".")
    web = found["scheme"].lower() != "api"
    return web, _HERE if web and _loops(host) else host


def _loops(host: str) -> bool:
    """Whether a host is the machine that the caller runs on, by any of its names."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@cache
def _read() -> tuple[UUID, Mapping[str, WellKnown]]:
    text = files(__package__).joinpath("wellknown.toml").read_text(encoding="utf-8")
    found = msgspec.convert(tomllib.loads(text), _File)
    return found.owner_tenant_id, {each.key: _of(each) for each in found.principals}


def _of(row: _Principal) -> WellKnown:
    return WellKnown(
        key=row.key,
        app_id=row.app_id,
        display_name=row.display_name,
        names=tuple(name for name in row.names if _BASE not in name),
        derived=tuple(name for name in row.names if _BASE in name),
        app_roles=tuple(_role(row.app_id, each) for each in row.roles),
        scopes=tuple(_scope(each) for each in row.scopes),
        token_version=row.token_version,
    )


def _role(app_id: UUID, role: _Role) -> AppRole:
    derived_id = uuid5(NAMESPACE_URL, f"{app_id}/{role.value}")
    return AppRole(id=role.id or derived_id, value=role.value, display_name=role.value)


def _scope(scope: _Scope) -> PermissionScope:
    said = scope.value
    return PermissionScope(id=scope.id, value=said, admin_consent_display_name=said, user_consent_display_name=said)
