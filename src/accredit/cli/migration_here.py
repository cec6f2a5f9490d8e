"""Where credentials stand on the way to GitHub's subjects with ids, read from the store of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accredit.cli import names
from accredit.explain import migrating
from accredit.explain.migration_written import write

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime
    from uuid import UUID

    from accredit.directory import Application, Tenant
    from accredit.ports import Transaction
    from accredit.query import Page, Query
    from accredit.signins import Event
    from accredit.signins.usage import Use
    from accredit.stores.event_reader import EventReader


class _Log:
    """The sign-in log of this machine, asked as a server's is."""

    def __init__(self, reader: EventReader) -> None:
        self._reader = reader

    async def search(self, query: Query, *, tenant_id: UUID) -> Page[Event]:
        return self._reader.search(tenant_id, query)

    async def uses(self, tenant_id: UUID, app_ids: Collection[UUID]) -> Mapping[UUID, Mapping[UUID, Use]]:
        return self._reader.uses_of(tenant_id, app_ids)


async def rows(
    store: Transaction, reader: EventReader, tenant: Tenant, application: Application | None, now: datetime
) -> list[dict[str, Any]]:
    """Return what the directory API answers, of one application or of all."""
    if application is None:
        asked = await names.everything(store.applications, tenant_id=tenant.id)
    else:
        asked = [application]
    log, found = _Log(reader), list[dict[str, Any]]()
    for each in asked:
        found += [write(one, each) for one in await migrating.of_application(store, log, tenant, each, now)]
    return found
