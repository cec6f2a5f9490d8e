"""A tenant for one test: ``POST /idp/_tenant``. Emulator only.

Tests are kept apart by what they own, not by servers of their own: starting one takes longer than making a tenant.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import msgspec

from accredit.administer import applications, evidence, tenants
from accredit.app.local import run
from accredit.app.marks import MARK
from accredit.directory import Assignment, wellknown
from accredit.signins import Actor
from accredit.testidp.wire import shaped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from accredit.administer import Administrator
    from accredit.directory import Tenant

    Body = Mapping[str, object]

ADMINISTRATOR: Final = "accredit-admin"
ACTOR: Final = Actor(name="accredit emulator", kind="system")


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``_tenant``."""

    name: str = "Test"
    administrator: bool = True  # an application that may change everything in it over the API, and its secret


def controlled(by: Administrator) -> Callable[[Body], Body]:
    """Return the control route that makes tenants."""
    by = replace(by, actor=ACTOR)

    def make(body: Body) -> Body:
        return run(_made(by, shaped(body, Wanted)))  # the ports of a local store never suspend

    return make


async def _made(by: Administrator, wanted: Wanted) -> dict[str, object]:
    tenant_id = tenants.new_id(by)
    domain = f"t-{str(tenant_id).removeprefix(MARK).strip('-')}.test"
    tenant = await tenants.create(by, display_name=wanted.name, domains=(domain,), tenant_id=tenant_id)
    who = await _administrator(by, tenant) if wanted.administrator else ("", "")
    return {
        "tenant_id": str(tenant_id),
        "tenant_domain": tenant.domains[0],
        "client_id": who[0],
        "client_secret": who[1],
    }


async def _administrator(by: Administrator, tenant: Tenant) -> tuple[str, str]:
    """Make an application with every role of Microsoft Graph; return its client id and its secret."""
    made = await applications.create(by, tenant.id, display_name=ADMINISTRATOR)
    secret = await evidence.add_secret(by, made.id)
    graph = wellknown.principals()["graph"].app_id
    async with by.registry.transaction() as change:
        principal = (await change.principals.find(tenant_id=tenant.id, app_id=made.app_id))[0]
        resource = (await change.principals.find(tenant_id=tenant.id, app_id=graph))[0]
        for role in resource.app_roles:
            await change.assignments.add(
                Assignment(
                    id=by.ids.object(),
                    tenant_id=tenant.id,
                    principal_id=principal.id,
                    resource_id=resource.id,
                    role_id=role.id,
                    created_at=by.clock(),
                )
            )
    return str(made.app_id), secret.value
