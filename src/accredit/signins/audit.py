"""Who changed what: one record for each change to the directory, written in the transaction of the change."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

Operation = Literal["Add", "Update", "Delete", "Assign", "Probe"]
"""What was done; a probe changed nothing, but went somewhere."""


class Actor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who made a change: a person at the command line, or an application with its own token."""

    name: str
    kind: Literal["local", "application", "person", "system"] = "local"
    id: str = ""  # of an application: its service principal's
    app_id: str = ""
    address: str = ""  # where the request came from; at the command line there was none
    user_agent: str = ""


class Modified(msgspec.Struct, frozen=True):
    """One property before and after, as JSON text. Secret values never stand here, in either column."""

    name: str
    before: str
    after: str


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What was changed."""

    id: UUID
    kind: str  # Application, ServicePrincipal, Tenant, Issuer, SigningKey
    name: str
    modified: tuple[Modified, ...] = ()


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """One change (directoryAudit of Microsoft Graph)."""

    id: UUID
    at: datetime
    tenant_id: UUID | None  # None: the whole instance
    activity: str  # e.g. "Add application"
    operation: Operation
    actor: Actor
    targets: tuple[Target, ...]
    correlation_id: UUID
