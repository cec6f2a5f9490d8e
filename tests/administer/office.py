"""An administrator over a store in memory, with a tenant and an application to work on."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from accredit.administer import Administrator, applications, tenants
from accredit.directory import Application, ServicePrincipal, Tenant
from accredit.issuers import OwnIssuers, Portability
from accredit.query import Query
from accredit.signins import Actor, Audit
from accredit.stores.memory import MemoryRegistry
from tests.forge import NOW
from tests.support.ports import CountedIds
from tests.support.stories import run

BASE = "https://sts.contoso.test:8443"


@dataclass
class Office:
    """Everything at hand. ``clock`` can be put forward."""

    registry: MemoryRegistry
    by: Administrator
    at: list[datetime]
    tenant: Tenant
    application: Application

    def advance(self, time: timedelta) -> None:
        self.at[0] += time

    @property
    def last(self) -> Audit:
        """The audit record that was written last."""
        return self.registry.audits[-1]

    def changed(self) -> dict[str, tuple[Any, Any]]:
        """What the last change modified in its first target: before and after."""
        return {
            each.name: (msgspec.json.decode(each.before), msgspec.json.decode(each.after))
            for each in self.last.targets[0].modified
        }

    def principal(self, app_id: UUID | None = None) -> ServicePrincipal:
        """The service principal of an application, by default of the one at hand."""

        async def find() -> ServicePrincipal:
            async with self.registry.reading() as store:
                wanted = app_id or self.application.app_id
                return (await store.principals.find(tenant_id=self.tenant.id, app_id=wanted))[0]

        return run(find())

    def read(self, shelf: str, **where: object) -> list[Any]:
        """Everything on a shelf that answers to ``where``."""

        async def find() -> list[Any]:
            async with self.registry.reading() as store:
                return list((await getattr(store, shelf).search(Query(limit=10_000), **where)).things)

        return run(find())


def office(portability: Portability = "entra", *, emulator: bool = False, base: str = BASE) -> Office:
    """An office in a tenant of a portability."""
    registry, at = MemoryRegistry(), [NOW]
    own = OwnIssuers([base])
    by = Administrator(
        registry, CountedIds(), lambda: at[0], Actor(name="ada"), base=base, own_issuers=own, emulator=emulator
    )
    tenant = run(
        tenants.create(by, display_name="Contoso", domains=("contoso.test",), portability=portability, enable=["graph"])
    )
    application = run(applications.create(by, tenant.id, display_name="deploy-bot"))
    return Office(registry, by, at, tenant, application)
