"""Who calls an API of this authority: a bearer token of its own, and what the directory says of its bearer now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accredit.directory import Client, Tenant


@dataclass(frozen=True, slots=True)
class Caller:
    """An application that proved itself. ``roles``: values on Microsoft Graph that hold for this call."""

    tenant: Tenant
    client: Client
    roles: frozenset[str]
