"""People who administer: who somebody is, by which claims they have a role, and what they may do now.

Rule 1: somebody is (issuer, subject) of the organisation's provider, never a name or an e-mail address.
Rule 2: roles are not kept with people. They follow, at every request, from the mappings as they are then.
Rule 3: a role belongs to one tenant. Who administers the instance has no role in a tenant by that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

import msgspec

Role = Literal["reader", "operator", "admin"]
MappedRole = Literal["reader", "operator", "admin", "instance"]
MAPPED_ROLES: Final[tuple[MappedRole, ...]] = ("reader", "operator", "admin", "instance")
RANK: Final[Mapping[Role, int]] = {"reader": 1, "operator": 2, "admin": 3}
"""Who has a role may do whatever a smaller number may do."""
How = Literal["oidc", "link", "emulator"]
"""How somebody signed in: at the provider, with a one-time link from the host, with the emulator's button."""
Claims = Mapping[str, tuple[str, ...]]
"""What a provider says about somebody: the values of each claim as text."""

MOST_VALUES: Final = 1_000  # of one claim: a provider may list hundreds of groups
LONGEST_VALUE: Final = 512  # characters
_MARK: Final = 16  # characters that tell one state of somebody's roles from another


class RoleMapping(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Whoever has ``value`` in ``claim`` of a token of ``issuer`` has a role in a tenant, or in the whole instance."""

    id: UUID
    tenant_id: UUID | None  # None: the instance, and ``role`` is "instance"
    issuer: str
    claim: str  # "sub", "groups", "roles", ...
    value: str
    role: MappedRole
    created_at: datetime
    revision: int = 1


class Person(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Who signed in. ``name`` is for people to read; issuer and subject are who it is."""

    name: str
    issuer: str = ""  # empty unless ``how`` is "oidc"
    subject: str = ""
    how: How = "oidc"


class Access(NamedTuple):
    """What somebody may do now. ``everywhere``: in every tenant, also in those that come to exist later."""

    roles: Mapping[UUID, Role] = {}
    everywhere: Role | None = None
    instance: bool = False

    def role(self, tenant_id: UUID) -> Role | None:
        """Return the role in a tenant; ``None``: the tenant is none of this person's business."""
        return _higher(self.roles.get(tenant_id), self.everywhere)

    @property
    def none(self) -> bool:
        """Whether this person may do nothing at all."""
        return not self.roles and self.everywhere is None and not self.instance

    @property
    def mark(self) -> str:
        """Return a short text that is another one as soon as any role is."""
        said = [f"{tenant}={role}" for tenant, role in sorted(self.roles.items())]
        return sha256(f"{said} {self.everywhere} {self.instance}".encode()).hexdigest()[:_MARK]


NOBODY: Final = Access()
ALL: Final = Access(everywhere="admin", instance=True)
"""Who can read the data directory may do everything anyway; so may the administrator of an emulator."""


def access_of(mappings: Iterable[RoleMapping], person: Person, claims: Claims) -> Access:
    """Return what somebody may do under these mappings: in each tenant the highest role that any claim gives."""
    if person.how != "oidc":
        return ALL
    roles: dict[UUID, Role] = {}
    instance = False
    for each in mappings:
        if not _holds(each, person, claims):
            continue
        if each.role == "instance":
            instance = True
        elif each.tenant_id is not None:
            roles[each.tenant_id] = _higher(roles.get(each.tenant_id), each.role) or each.role
    return Access(roles, None, instance)


def readable(claims: Mapping[str, Any], names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the values of some claims as text. Objects, and what is too long or too much, are left out."""
    return {name: found for name in names if (found := _texts(claims.get(name)))}


class Session(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Somebody signed in. ``id`` is the SHA-256 of what their browser holds: who reads it here cannot use it."""

    id: bytes
    person: Person
    claims: Claims
    made_at: datetime
    seen_at: datetime  # within a minute
    address: str = ""
    agent: str = ""
    mark: str = ""  # of the roles at the last request

    @property
    def name(self) -> str:
        """What the session is called where sessions are listed: enough to tell it from others, no use to a thief."""
        return self.id.hex()[:_MARK]

    def access(self, mappings: Iterable[RoleMapping]) -> Access:
        """Return what this person may do under the mappings as they are now."""
        return access_of(mappings, self.person, self.claims)


def _holds(mapping: RoleMapping, person: Person, claims: Claims) -> bool:
    if mapping.issuer != person.issuer:
        return False
    if mapping.claim == "sub":
        return mapping.value == person.subject
    return mapping.value in claims.get(mapping.claim, ())


def _higher(one: Role | None, other: Role | None) -> Role | None:
    if one is None or other is None:
        return one or other
    return one if RANK[one] >= RANK[other] else other


def _texts(value: Any) -> tuple[str, ...]:  # noqa: ANN401  JSON
    found = value if isinstance(value, list) else [value]
    texts = [_text(each) for each in found[:MOST_VALUES]]
    return tuple(each for each in texts if each and len(each) <= LONGEST_VALUE)


def _text(value: Any) -> str:  # noqa: ANN401  JSON
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else ""
