"""Resources of Terraform's azuread provider, as HCL: applications, their roles, owners and permissions.

Rule 1: what is text becomes text and nothing more, whatever is in it; only ``Raw`` is HCL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from accredit.interop.files.quoting import hcl, identifiers
from accredit.interop.files.terraform import block

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Value: TypeAlias = "str | bool | int | Sequence[str] | None"

APPLICATION: Final = "azuread_application"
PRINCIPAL: Final = "azuread_service_principal"


class Raw(str):
    """HCL itself, such as a reference to another resource. Never made from what somebody typed."""

    __slots__ = ()


def resource(kind: str, name: str, members: Mapping[str, Value]) -> str:
    """Write a resource. ``name``: what it is called by people, or by whom it is of; ``None`` leaves a member out."""
    return block(f'resource "{kind}" "{label(name)}"', _written(members))


def lookup(kind: str, name: str, members: Mapping[str, Value]) -> str:
    """Write where something that exists is looked up."""
    return block(f'data "{kind}" "{label(name)}"', _written(members))


def label(name: str) -> str:
    """Return what a resource of this name is called in HCL."""
    return identifiers([name])[0]


def _written(members: Mapping[str, Value]) -> dict[str, str]:
    return {name: _value(value) for name, value in members.items() if value is not None}


def _value(value: Value) -> str:
    match value:
        case Raw():
            return str(value)
        case str():
            return hcl(value)
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
    return f"[{', '.join(map(_value, value or ()))}]"
