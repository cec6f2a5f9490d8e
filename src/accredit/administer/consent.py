"""Consent: what an application wishes for becomes what it holds; and the wishes themselves.

Rule 1: consent is all or nothing, and to what was shown: who consents says what that was, and what has changed since is
refused (CHANGED_MEANWHILE) rather than granted unseen.
Rule 2: delegated permissions are consented to in everybody's name; nobody signs in here, so no token carries one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from msgspec.structs import replace

from accredit.administer import applications, delegated, evidence, permissions, principals
from accredit.administer.standing import EVERYBODY, Key, api, principal_of, standing, wishes
from accredit.directory import Registration, wellknown
from accredit.directory.registration import RequiredAccess, ResourceAccess
from accredit.errors import CHANGED_MEANWHILE, OBJECT_NOT_FOUND, Refused

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from accredit.administer.administrator import Administrator, Change
    from accredit.administer.standing import Api, Kind, Standing
    from accredit.directory import Application, DelegatedGrant, ServicePrincipal, Tenant


async def configure(
    by: Administrator, application_id: UUID, app_id: str, wanted: Collection[tuple[Kind, UUID]]
) -> None:
    """Add permissions of one API to what an application wishes for. Those that it wishes for already stay."""

    def wish(before: Application, _: Tenant) -> Mapping[str, Any]:
        return {"registration": wished(before.registration, [Key(app_id, *each) for each in wanted])}

    await applications.amend(by, application_id, wish)


async def forget(by: Administrator, application_id: UUID, key: Key) -> None:
    """Take a permission out of what an application wishes for; what it holds, it keeps. 404 for one that is none."""

    def without(before: Application, _: Tenant) -> Mapping[str, Any]:
        if key not in wishes(before.registration):
            raise Refused(OBJECT_NOT_FOUND, id=key.id)
        return {"registration": unwished(before.registration, key)}

    await applications.amend(by, application_id, without)


async def grant(by: Administrator, application_id: UUID, shown: Collection[Key]) -> None:
    """Grant what an application wishes for, in one change: exactly what was shown. 409 when that is another list now.

    Its own service principal, and those of the APIs, are made where they are absent.
    """
    async with by.change() as change:
        of = await change.store.applications.get(application_id)
        found = [each for each in await standing(change.store, of) if each.grantable]
        if {each.key for each in found} != set(shown):
            raise Refused(CHANGED_MEANWHILE)
        if not found:
            return
        principal = await principal_of(change.store, of) or await principals.add(change, of)
        await evidence.refuse_widening(change, principal)
        for each in found:
            resource = (await api(change.store, of.tenant_id, each.key.api)).principal
            await _grant(change, principal, resource or await _added(change, of, each.api), each)


async def revoke(by: Administrator, application_id: UUID, key: Key) -> None:
    """Take back what an application holds; tokens that bear it live on until they expire. 404 when it does not."""
    async with by.change() as change:
        of = await change.store.applications.get(application_id)
        held = [each for each in await standing(change.store, of) if each.key == key and each.granted]
        if not held:
            raise Refused(OBJECT_NOT_FOUND, id=key.id)
        if held[0].assignment is not None:
            await permissions.take_back(change, held[0].assignment)
        else:
            assert held[0].grant is not None  # noqa: S101  one of the two is there
            await _narrow(change, held[0].grant, held[0].value)


async def _grant(change: Change, principal: ServicePrincipal, resource: ServicePrincipal, of: Standing) -> None:
    if of.key.kind == "Role":
        await permissions.give(change, principal, resource, of.key.id)
        return
    held = await change.store.delegated_grants.find(
        client_id=principal.id, resource_id=resource.id, consent_type=EVERYBODY
    )
    if held:
        await delegated.put(change, held[0], f"{held[0].scope} {of.value}".strip())
    else:
        await delegated.give(change, principal, resource, of.value)


async def _narrow(change: Change, consent: DelegatedGrant, value: str) -> None:
    kept = [each for each in consent.scope.split() if each != value]
    if kept:
        await delegated.put(change, consent, " ".join(kept))
    else:
        await delegated.take_back(change, consent)


async def _added(change: Change, of: Application, resource: Api) -> ServicePrincipal:
    """Make the service principal of an API that the tenant does not have yet."""
    for key, each in wellknown.principals().items():
        if str(each.app_id) == resource.app_id:
            return await principals.seed(change, of.tenant_id, key)
    registered = await change.store.applications.find(tenant_id=of.tenant_id, app_id=UUID(resource.app_id))
    return await principals.add(change, registered[0])


def wished(of: Registration, keys: Collection[Key]) -> Registration:
    """Return a registration that wishes for more; what it wishes for already stands there once."""
    known = set(wishes(of))
    new = [each for each in dict.fromkeys(keys) if each not in known]
    by_api = {each.resource_app_id.lower(): each for each in of.required_resource_access}
    for key in new:
        before = by_api.get(key.api) or RequiredAccess(resource_app_id=key.api)
        access = (*before.resource_access, ResourceAccess(id=key.id, type=key.kind))
        by_api[key.api] = replace(before, resource_access=access)
    return replace(of, required_resource_access=tuple(by_api.values()))


def unwished(of: Registration, key: Key) -> Registration:
    """Return a registration that does not wish for a permission."""
    kept = []
    for each in of.required_resource_access:
        same = each.resource_app_id.lower() == key.api
        access = tuple(one for one in each.resource_access if not (same and (one.type, one.id) == (key.kind, key.id)))
        if access or not same:
            kept.append(replace(each, resource_access=access))
    return replace(of, required_resource_access=tuple(kept))
