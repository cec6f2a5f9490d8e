"""What clients of Azure Resource Manager expect of a tenant: a subscription, and the roles that Azure has built in.

Rule 1: nothing of this grants anything; no decision of ours reads it.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping


class RoleDefinition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A role that can be assigned on an Azure resource."""

    id: UUID
    name: str
    description: str
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    roles: tuple[RoleDefinition, ...]


@cache
def role_definitions() -> Mapping[UUID, RoleDefinition]:
    """Return all of them by their id, in the order of the file."""
    text = files(__package__).joinpath("azure_roles.toml").read_text(encoding="utf-8")
    return {each.id: each for each in msgspec.convert(tomllib.loads(text), _File).roles}


def assignment_id(tenant_id: UUID, name: UUID) -> UUID:
    """Return the id under which an assignment of a role is kept that somebody in a tenant named."""
    return uuid5(tenant_id, f"role assignment {name}")


def subscription_of(tenant_id: UUID) -> UUID:
    """Return the id of a tenant's only subscription: it follows from the tenant's, and is stored nowhere."""
    return uuid5(tenant_id, "subscription")
