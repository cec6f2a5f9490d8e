"""What an application may be allowed: resources, the app roles they offer, and the grants of roles."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

MemberType = Literal["Application", "User"]
DEFAULT_ACCESS = UUID(int=0)
"""The role id of an assignment that grants access without naming a role."""


class AppRole(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A permission that a resource offers to applications. ``value`` is what appears in ``roles`` of a token."""

    id: UUID
    value: str  # empty: an assignment of it counts, and appears in no token
    display_name: str
    description: str = ""
    enabled: bool = True
    member_types: tuple[MemberType, ...] = ("Application",)  # to whom it can be granted


class Assignment(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An app role granted to a service principal (appRoleAssignment)."""

    id: UUID
    tenant_id: UUID
    principal_id: UUID  # service principal that holds the role
    resource_id: UUID  # service principal of the resource
    role_id: UUID
    created_at: datetime
    revision: int = 1


class Resource(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An API as a client asks for it: a service principal with its names and roles."""

    principal_id: UUID
    app_id: UUID
    display_name: str
    names: tuple[str, ...]
    roles: tuple[AppRole, ...]
    token_version: Literal[1, 2]
    assignment_required: bool = False
    signing_algorithm: Literal["RS256", "ES256"] = "RS256"
    application_id: UUID | None = None  # object id of the registration that says all this; None: the principal does


class Held(msgspec.Struct, frozen=True, gc=False):
    """What a client holds on a resource: the values of its enabled roles, and whether anything is assigned at all."""

    roles: tuple[str, ...] = ()  # sorted
    assigned: bool = False


_SCHEME_AND_HOST = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<host>[^/]*)(?P<rest>.*)", re.DOTALL)
_GUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


def identifier_key(identifier: str) -> str:
    """Return the form under which two spellings of one resource identifier are equal.

    Ignored are one trailing slash and the ASCII case of scheme, host and GUIDs; everything else counts. (How Entra ID
    compares them is assumed, so this function is the only place that says it.)
    """
    text = identifier.removesuffix("/")
    if found := _SCHEME_AND_HOST.fullmatch(text):
        text = f"{_lower(found['scheme'])}://{_lower(found['host'])}{found['rest']}"
    return _GUID.sub(lambda guid: guid[0].lower(), text)


def _lower(text: str) -> str:
    return text.lower() if text.isascii() else text


def held(resource: Resource, role_ids: frozenset[UUID]) -> Held:
    """Turn assignments into what a token says: values of enabled roles, sorted. Unknown role ids grant no value."""
    values = {role.value for role in resource.roles if role.enabled and role.value and role.id in role_ids}
    return Held(tuple(sorted(values)), assigned=bool(role_ids))
