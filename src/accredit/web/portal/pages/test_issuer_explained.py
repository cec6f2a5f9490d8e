"""Why a token that was minted here would be refused: the same answer as everywhere, for one application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from accredit import assertions, explain
from accredit.errors import Refused
from accredit.web import explained

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.directory import Application
    from accredit.explain import Explanation
    from accredit.web.portal.visit import Visit


async def of_token(visit: Visit, client: str, token: str) -> Mapping[str, Any] | None:
    """Explain a token for an application, by its client id; ``None``: this tenant has no such application."""
    async with visit.reading() as store:
        found = await store.applications.find(tenant_id=visit.tenant.id, app_id=UUID(client))
    return msgspec.to_builtins(await _explained(visit, found[0], token)) if found else None


async def _explained(visit: Visit, of: Application, token: str) -> Explanation:
    authority, tenant = visit.portal.authority, visit.tenant
    try:
        presented = assertions.parse(token, authority.policies[tenant.portability])
    except Refused as refused:
        return explain.unreadable(refused, client=of.display_name, now=visit.now, token=token)
    async with visit.reading() as store:
        named = await explain.records(store, tenant.id, presented)
        held = await store.credentials.find(application_id=of.id)
        others = await explain.elsewhere(store, named, presented, tenant.several_audiences, of.id)
    keys = await explained.keys(authority, presented, named, online=True)
    return explained.explained(
        authority,
        tenant,
        presented,
        client=of.display_name,
        credentials=held,
        named=named,
        keys=keys,
        elsewhere=others,
    )
