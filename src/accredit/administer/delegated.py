"""Consents to delegated permissions (oauth2PermissionGrant): kept for those who list them, since nobody signs in here.

Rule 1: no token carries one, so it widens nothing; a tenant that guards its trust does not guard these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from msgspec.structs import replace

from accredit.administer.administrator import modified
from accredit.administer.limits import invalid
from accredit.administer.permissions import pair
from accredit.directory import DelegatedGrant
from accredit.signins import Target

if TYPE_CHECKING:
    from uuid import UUID

    from accredit.administer.administrator import Administrator, Change
    from accredit.directory import ServicePrincipal
    from accredit.signins import Operation

KIND: Final = "OAuth2PermissionGrant"
LONGEST_SCOPE: Final = 3_850  # characters, as in Entra ID

ConsentType = Literal["AllPrincipals", "Principal"]


async def grant(
    by: Administrator,
    client_id: UUID,
    resource_id: UUID,
    scope: str,
    *,
    consent_type: ConsentType = "AllPrincipals",
    user_id: UUID | None = None,
) -> DelegatedGrant:
    """Keep a consent to permissions (``scope``: their values, spaces between) of a resource, for a client.

    In everybody's name, or in that of one user. 404 without one of the service principals, 400 for a second one.
    """
    _refuse_scope(scope)
    if (consent_type == "Principal") is not (user_id is not None):
        raise invalid("principalId", KIND, "a user, where consentType is Principal, and only there")
    async with by.change() as change:
        both = await pair(change.store, client_id, resource_id)
        return await give(change, *both, scope, consent_type=consent_type, user_id=user_id)


async def rescope(by: Administrator, grant_id: UUID, scope: str) -> DelegatedGrant:
    """Put other permissions in the place of those that a consent names."""
    _refuse_scope(scope)
    async with by.change() as change:
        return await put(change, await change.store.delegated_grants.get(grant_id), scope)


async def revoke(by: Administrator, grant_id: UUID) -> None:
    """Forget a consent."""
    async with by.change() as change:
        await take_back(change, await change.store.delegated_grants.get(grant_id))


async def give(
    change: Change,
    client: ServicePrincipal,
    resource: ServicePrincipal,
    scope: str,
    *,
    consent_type: ConsentType = "AllPrincipals",
    user_id: UUID | None = None,
) -> DelegatedGrant:
    """Keep a consent, inside a change."""
    made = await change.store.delegated_grants.add(
        DelegatedGrant(
            id=change.by.ids.object(),
            tenant_id=client.tenant_id,
            client_id=client.id,
            resource_id=resource.id,
            created_at=change.at,
            consent_type=consent_type,
            user_id=user_id,
            scope=scope,
        )
    )
    await _record(change, "Add delegated permission grant", "Assign", None, made)
    return made


async def put(change: Change, before: DelegatedGrant, scope: str) -> DelegatedGrant:
    """Put other permissions in the place of those that a consent names, inside a change."""
    if scope == before.scope:
        return before
    after = await change.store.delegated_grants.put(replace(before, scope=scope))
    await _record(change, "Update delegated permission grant", "Update", before, after)
    return after


async def take_back(change: Change, consent: DelegatedGrant) -> None:
    """Forget a consent, inside a change."""
    await change.store.delegated_grants.remove(consent)
    await _record(change, "Remove delegated permission grant", "Delete", consent, None)


def _refuse_scope(scope: str) -> None:
    if len(scope) > LONGEST_SCOPE or not scope.isprintable():
        raise invalid("scope", KIND, f"at most {LONGEST_SCOPE} printable characters")


async def _record(
    change: Change, activity: str, operation: Operation, before: DelegatedGrant | None, after: DelegatedGrant | None
) -> None:
    of = after or before
    assert of is not None  # noqa: S101  one of the two is there
    client, resource = await pair(change.store, of.client_id, of.resource_id)
    targets = (
        Target(id=client.id, kind="ServicePrincipal", name=client.display_name, modified=modified(before, after)),
        Target(id=resource.id, kind="ServicePrincipal", name=resource.display_name),
    )
    await change.record(activity, operation, *targets, tenant_id=of.tenant_id)
