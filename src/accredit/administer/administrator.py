"""Who changes the directory, and the record that every change leaves.

Rule 1: the record is written in the transaction of the change: there is never one without the other.
Rule 2: what a change looked like before and after is kept as JSON; secrets, salts, digests and sealed keys never are.
Rule 3: where a tenant says so, who may write an application may not therefore widen who can sign in as it, or what it
may do. What widens is decided where the change is made; whether it may, here.
Rule 4: who may change only what it owns is asked for that inside the change: an owner removed meanwhile is none.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import UNSET

from accredit.directory import Application
from accredit.errors import EMULATOR_MARK, PRIVILEGES_MISSING, Refused
from accredit.issuers import OwnIssuers
from accredit.issuers.url import split
from accredit.signins import Audit, Modified, Target

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime
    from uuid import UUID

    from accredit.directory import ServicePrincipal, Tenant
    from accredit.ports import Clock, Ids, Registry, Transaction
    from accredit.signins import Actor, Operation
    from accredit.trust.lint import Finding

MARK: Final = "acc7ed17"
"""Ids that begin so belong to an emulator: everybody knows its secrets, so nothing else ever accepts them."""

WIDEN: Final = "Accredit.Trust.Widen"
"""The role on Microsoft Graph that lets an application widen trust; Microsoft has none of this name."""

_NOT_SHOWN: Final = frozenset({"id", "tenant_id", "created_at", "revision", "secrets", "certificates"})
_DIGESTED: Final = frozenset({"jwks", "ca_bundle"})  # long, public, and compared rather than read


def _unheard(_found: tuple[Finding, ...]) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Administrator:
    """Somebody who changes the directory, and what every change needs. Made once for each command or request."""

    registry: Registry
    ids: Ids
    clock: Clock
    actor: Actor
    base: str = ""  # this authority's public URL; empty: not known here
    own_issuers: OwnIssuers = field(default_factory=OwnIssuers)
    emulator: bool = False  # plain http issuers on loopback, and ids that bear the emulator's mark
    correlation: UUID | None = None  # of the request that causes the changes
    may_widen: bool = True  # who can sign in as an application, and what it may do
    override: str = ""  # why errors that lint finds are accepted, in the words of whoever accepts them
    may_override: bool = True  # that; nobody who may not says so in vain
    notice: Callable[[tuple[Finding, ...]], None] = _unheard  # told what lint finds in trust that is saved
    app_id: UUID | None = None  # the application that changes the directory; None: a person, or this authority itself
    owns_only: UUID | None = None  # its service principal, where it may change what that owns, and nothing else

    @asynccontextmanager
    async def change(self) -> AsyncIterator[Change]:
        """Open one change. It is stored when the block ends, and undone by whatever is raised inside."""
        async with self.registry.transaction() as store:
            yield Change(self, store, self.clock(), self.correlation or self.ids.object())


@dataclass(frozen=True, slots=True)
class Change:
    """One change in the making: the store inside its transaction, and the instant that everything in it bears."""

    by: Administrator
    store: Transaction
    at: datetime
    correlation: UUID

    def refuse_widening(self, tenant: Tenant, application: Application | None = None) -> None:
        """Refuse to widen who can sign in as an application, or what it may do, where its tenant guards that.

        403 for whoever lacks the role, and for ``application`` itself, whatever role it has: trust that a workload
        added for itself would outlive the trust that let it in.
        """
        if tenant.who_widens(emulator=self.by.emulator) == "entra":
            return
        setting = f"tenant {tenant.id} has trust_changes owner_may_narrow, and this change widens trust"
        if not self.by.may_widen:
            raise Refused(PRIVILEGES_MISSING, detail=f"{setting}: it needs the role {WIDEN} on Microsoft Graph")
        if application is not None and application.app_id == self.by.app_id:
            raise Refused(PRIVILEGES_MISSING, detail=f"{setting}: nobody does that for itself, {WIDEN} or not")

    def refuse_machines(self, tenant: Tenant) -> None:
        """Refuse every application, whatever role it has, what a tenant that guards its trust leaves to people (403).

        What somebody has blocked, disabled or set to guard the tenant, no program takes back.
        """
        if self.by.app_id is not None and tenant.who_widens(emulator=self.by.emulator) != "entra":
            reason = f"tenant {tenant.id} has trust_changes owner_may_narrow, and no application does this"
            raise Refused(PRIVILEGES_MISSING, detail=f"{reason}, {WIDEN} or not: an administrator on the host does")

    async def refuse_not_owned(self, of: Application | ServicePrincipal) -> None:
        """Refuse to change what somebody who may change only what it owns does not own (403)."""
        owner = self.by.owns_only
        what = "application_id" if isinstance(of, Application) else "principal_id"
        if owner is not None and not await self.store.ownerships.find(**{what: of.id}, owner_id=owner):
            raise Refused(PRIVILEGES_MISSING, detail="Application.ReadWrite.OwnedBy: the caller does not own it")

    async def record(self, activity: str, operation: Operation, *targets: Target, tenant_id: UUID | None) -> None:
        """Write the audit record. ``tenant_id`` ``None``: the change is to the whole instance."""
        await self.store.audit(
            Audit(
                id=self.by.ids.object(),
                at=self.at,
                tenant_id=tenant_id,
                activity=activity,
                operation=operation,
                actor=self.by.actor,
                targets=targets,
                correlation_id=self.correlation,
            )
        )


def modified(before: msgspec.Struct | None, after: msgspec.Struct | None) -> tuple[Modified, ...]:
    """Return the members that differ, as JSON text. ``None`` stands for a thing that was not, or is no more."""
    old, new = _shown(before), _shown(after)
    return tuple(
        Modified(_camel(name), as_json(old.get(name)), as_json(new.get(name)))
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    )


def as_json(value: object) -> str:
    """Write a value of the directory as JSON text."""
    return msgspec.json.encode(value).decode()


def given(**members: object) -> dict[str, Any]:
    """Return those members that a caller gave."""
    return {name: value for name, value in members.items() if value is not UNSET}


def refuse_mark(by: Administrator, wanted: UUID, what: str) -> None:
    """Refuse an id that bears the emulator's mark, anywhere but in an emulator."""
    if not by.emulator and str(wanted).startswith(MARK):
        raise Refused(EMULATOR_MARK, what=what)


def marked(issuer: str) -> bool:
    """Whether only an emulator has this issuer: one for its tenants, or a test issuer on this machine."""
    try:
        parts = split(issuer)
    except ValueError:  # an opaque issuer has no path
        return False
    return f"/{MARK}" in parts.path or (parts.loopback and parts.path.startswith("/idp/"))


def _shown(value: msgspec.Struct | None) -> dict[str, Any]:
    if value is None:
        return {}
    shown = {name: getattr(value, name) for name in value.__struct_fields__ if name not in _NOT_SHOWN}
    return {name: _digest(each) if name in _DIGESTED and each else each for name, each in shown.items()}


def _digest(text: str) -> str:
    return "sha256:" + sha256(text.encode()).hexdigest()


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(each.capitalize() for each in rest)
