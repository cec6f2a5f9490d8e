"""What ``--dry-run`` means elsewhere: a change that is judged by every rule, on a copy of what bears on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace as replace_in

from accredit.cli import names

if TYPE_CHECKING:
    from uuid import UUID

    from accredit.cli.place import Place
    from accredit.directory import Application
    from accredit.ports import Transaction
    from accredit.trust import FederatedCredential


async def rehearsed_apart(
    store: Transaction,
    place: Place,
    application: Application,
    which: UUID | None,
    **members: Any,  # noqa: ANN401  by name
) -> FederatedCredential:
    """Return the credential that would be elsewhere: judged on a copy of what bears on it, by the same rules."""
    from accredit import administer
    from accredit.app.chance import SystemIds, now
    from accredit.signins import Actor
    from accredit.stores.memory import MemoryRegistry

    copy = MemoryRegistry()
    async with copy.transaction() as made:
        await made.tenants.add(await store.tenants.get(application.tenant_id))
        await made.applications.add(application)
        records = {each.id: each for each in await names.everything(store.issuers, tenant_id=application.tenant_id)}
        for record in records.values():
            await made.issuers.add(record)
        for each in await store.credentials.find(application_id=application.id):
            await made.credentials.add(replace_in(each, issuer=records[each.issuer.id]))
    by = administer.Administrator(
        copy,
        SystemIds(),
        now,
        Actor(name="rehearsal", kind="local"),
        own_issuers=place.own_issuers,
        emulator=place.emulator,
        override=place.reason,
    )
    if which is not None:
        return await administer.credentials.update(by, application.id, which, **members)
    return await administer.credentials.add(by, application.id, **members)
