"""Owners: service principals that may change an application or another service principal, with the narrowest right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.administer.administrator import as_json
from accredit.administer.evidence import kind, refuse_widening
from accredit.administer.limits import invalid
from accredit.directory import Application, Ownership
from accredit.errors import OBJECT_NOT_FOUND, REFERENCE_EXISTS, Refused
from accredit.signins import Modified, Target

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from accredit.administer.administrator import Administrator, Change
    from accredit.administer.evidence import Holder
    from accredit.directory import ServicePrincipal
    from accredit.ports import Transaction
    from accredit.signins import Operation

MOST: Final = 100  # owners of one object, as in Entra ID
_NOUNS: Final = {"Application": "application", "ServicePrincipal": "service principal"}


async def add(by: Administrator, of: Holder, owner_id: UUID) -> Ownership:
    """Make a service principal of the same tenant an owner. 404 for whoever is none, 400 for who owns it already."""
    async with by.change() as change:
        await change.refuse_not_owned(of)
        await refuse_widening(change, of)
        return await put(change, of, owner_id)


async def remove(by: Administrator, of: Holder, owner_id: UUID) -> None:
    """Let a service principal own it no more."""
    async with by.change() as change:
        await change.refuse_not_owned(of)
        held = await change.store.ownerships.find(**_owned(of))
        found = [each for each in held if each.owner_id == owner_id]
        if not found:
            raise Refused(OBJECT_NOT_FOUND, id=owner_id)
        owner = await change.store.principals.get(owner_id)
        if len(held) == 1 and owner.app_id == by.app_id:  # afterwards nobody could narrow it but who may write all
            change.refuse_machines(await change.store.tenants.get(of.tenant_id))
        await _take_back(change, of, found[0], owner)


async def put(change: Change, of: Holder, owner_id: UUID) -> Ownership:
    """Make a service principal an owner, inside a change."""
    owner = await change.store.principals.get(owner_id)
    if owner.tenant_id != of.tenant_id:  # for a tenant, what is in another one is not there
        raise Refused(OBJECT_NOT_FOUND, id=owner_id)
    held = await change.store.ownerships.find(**_owned(of))
    if any(each.owner_id == owner_id for each in held):
        raise Refused(REFERENCE_EXISTS, property="owners")
    if len(held) >= MOST:
        raise invalid("owners", kind(of), f"at most {MOST}")
    ownership = Ownership(
        id=change.by.ids.object(),
        tenant_id=of.tenant_id,
        owner_id=owner_id,
        created_at=change.at,
        application_id=of.id if isinstance(of, Application) else None,
        principal_id=None if isinstance(of, Application) else of.id,
    )
    ownership = await change.store.ownerships.add(ownership)
    await _record(change, of, owner, "Add owner to", "Assign")
    return ownership


async def release(change: Change, owner: ServicePrincipal) -> None:
    """Let a service principal own nothing any more, inside a change."""
    store = change.store
    for each in await store.ownerships.find(owner_id=owner.id):
        if each.application_id is not None:
            of: Holder = await store.applications.get(each.application_id)
        else:
            assert each.principal_id is not None  # noqa: S101  one of the two is there
            of = await store.principals.get(each.principal_id)
        await _take_back(change, of, each, owner)


async def gone(store: Transaction, of: Holder) -> tuple[Modified, ...]:
    """Return who owned an object that is no more, for the record of that."""
    held = [each.owner_id for each in await store.ownerships.find(**_owned(of))]
    return (Modified("Owners", as_json(held), "[]"),) if held else ()


async def read(store: Transaction, of: Holder) -> Sequence[ServicePrincipal]:
    """Return who owns an object, the oldest ownership first."""
    held = await store.ownerships.find(**_owned(of))
    return [await store.principals.get(each.owner_id) for each in held]


async def _take_back(change: Change, of: Holder, ownership: Ownership, owner: ServicePrincipal) -> None:
    await change.store.ownerships.remove(ownership)
    await _record(change, of, owner, "Remove owner from", "Delete")


def _owned(of: Holder) -> dict[str, UUID]:
    """Return which ownerships are those of an object, in the words of their index."""
    return {"tenant_id": of.tenant_id, "application_id" if isinstance(of, Application) else "principal_id": of.id}


async def _record(change: Change, of: Holder, owner: ServicePrincipal, what: str, operation: Operation) -> None:
    name = as_json(str(owner.id))
    shown = Modified("Owner.ObjectID", *(("null", name) if operation == "Assign" else (name, "null")))
    targets = (
        Target(id=of.id, kind=kind(of), name=of.display_name, modified=(shown,)),
        Target(id=owner.id, kind="ServicePrincipal", name=owner.display_name),
    )
    await change.record(f"{what} {_NOUNS[kind(of)]}", operation, *targets, tenant_id=of.tenant_id)
