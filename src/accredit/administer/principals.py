"""Service principals: an application's presence in a tenant, and the well-known ones of another owner.

Rule 1: where a tenant guards its trust, no program enables one. Whoever may only narrow trust makes none for an
application that somebody can already prove to be, or that somebody else made (unless it demands an assignment): nobody
signs in without one, and nobody gets tokens for it. What is disabled, or demands an assignment, is not deleted in order
to be made again without that.
Rule 2: no program takes Microsoft Graph or Azure Resource Manager away: nobody could call this authority to undo it.
Rule 3: with one goes whatever ties it to others, each with a record of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from accredit.administer import delegated, evidence, owners, permissions, registrations, role_assignments
from accredit.administer.administrator import given, modified
from accredit.administer.limits import refuse_description, refuse_unlisted
from accredit.directory import PrincipalRegistration, ServicePrincipal, wellknown
from accredit.errors import APPLICATION_ABSENT, PRINCIPAL_EXISTS, PRIVILEGES_MISSING, Refused
from accredit.signins import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from typing import TypeAlias
    from uuid import UUID

    from accredit.administer.administrator import Administrator, Change
    from accredit.directory import Application, GivenCertificate
    from accredit.ports import Transaction
    from accredit.signins import Modified, Operation

    Read: TypeAlias = Callable[[ServicePrincipal, Application | None], Mapping[str, Any]]

KIND: Final = "ServicePrincipal"
SIGN_ON_MODES: Final = ("password", "saml", "oidc", "external", "notSupported")
PLAIN: Final = PrincipalRegistration()
_SERVED: Final = tuple(wellknown.principals()[key].app_id for key in ("graph", "arm"))  # callers have a token for one


def _nothing(_: ServicePrincipal, __: Application | None) -> Mapping[str, Any]:
    return {}


async def create(
    by: Administrator, tenant_id: UUID, app_id: UUID, read: Read = _nothing, *, owner_ids: Sequence[UUID] = ()
) -> ServicePrincipal:
    """Create the service principal of an application of this tenant, or of a well-known one. 400 without either.

    ``read`` sees it as it would be and returns what is to differ; ``owner_ids``: service principals that own it.
    """
    async with by.change() as change:
        found = await change.store.applications.find(tenant_id=tenant_id, app_id=app_id)
        application = found[0] if found else None
        plain = _of(change, application) if application else _known(change, tenant_id, app_id)
        await change.refuse_not_owned(application or plain)  # nobody owns what is not there yet
        changes, certificates, secrets = _split(read(plain, application))
        principal = replace(plain, **changes)
        _refuse_unfit(plain, principal)
        await _refuse_opening(change, principal, application)
        principal = await evidence.relist(change, await _added(change, principal), certificates, secrets)
        await _own(change, principal, application, owner_ids)
    return principal


async def update(
    by: Administrator,
    principal_id: UUID,
    *,
    enabled: bool | UnsetType = UNSET,
    assignment_required: bool | UnsetType = UNSET,
) -> ServicePrincipal:
    """Enable or disable it; let it demand an assignment from whoever asks for a token to it."""
    changes = given(enabled=enabled, assignment_required=assignment_required)
    return await amend(by, principal_id, lambda _, __: changes)


async def amend(by: Administrator, principal_id: UUID, read: Read) -> ServicePrincipal:
    """Change what ``read`` says, which sees it as it is inside the change, with its application if that is ours.

    ``read`` returns members of ``ServicePrincipal``; besides ``certificates`` and ``secrets``: those that stay or are
    new.
    """
    async with by.change() as change:
        before = await change.store.principals.get(principal_id)
        await change.refuse_not_owned(before)
        application = await application_of(change.store, before)
        changes, certificates, secrets = _split(read(before, application))
        after = await _put(change, before, replace(before, **changes), application)
        return await evidence.relist(change, after, certificates, secrets)


async def delete(by: Administrator, principal_id: UUID) -> None:
    """Delete it, with every role that it holds and that others hold on it."""
    async with by.change() as change:
        principal = await change.store.principals.get(principal_id)
        await change.refuse_not_owned(principal)
        _refuse_lockout(change, principal)
        tenant = await change.store.tenants.get(principal.tenant_id)
        if not principal.enabled:
            change.refuse_machines(tenant)
        if principal.assignment_required:
            change.refuse_widening(tenant, await application_of(change.store, principal))
        await remove(change, principal)


async def add(change: Change, application: Application) -> ServicePrincipal:
    """Add the service principal of an application, inside a change."""
    return await _added(change, _of(change, application))


async def seed(change: Change, tenant_id: UUID, key: str) -> ServicePrincipal:
    """Add a well-known service principal, inside a change."""
    return await _added(change, _known(change, tenant_id, wellknown.principals()[key].app_id))


async def application_of(store: Transaction, principal: ServicePrincipal) -> Application | None:
    """Return the application that a service principal is the presence of; ``None``: it is another owner's."""
    return None if principal.application_id is None else await store.applications.get(principal.application_id)


def seeds(enable: Collection[str] | None) -> tuple[str, ...]:
    """Return the keys of the well-known principals that an operator enables; ``None`` means all."""
    known = tuple(wellknown.principals())
    if enable is None:
        return known
    refuse_unlisted(enable, known, "wellKnown", "Tenant")
    return tuple(each for each in known if each in enable)


async def remove(change: Change, principal: ServicePrincipal) -> None:
    """Remove a service principal and what ties it to others, inside a change."""
    store, tenant_id = change.store, principal.tenant_id
    for end in ("principal_id", "resource_id"):
        for granted in await store.assignments.find(tenant_id=tenant_id, **{end: principal.id}):
            await permissions.take_back(change, granted)
    for end in ("client_id", "resource_id"):
        for consent in await store.delegated_grants.find(tenant_id=tenant_id, **{end: principal.id}):
            await delegated.take_back(change, consent)
    for assigned in await store.role_assignments.find(tenant_id=tenant_id, principal_id=principal.id):
        await role_assignments.take_back(change, assigned)
    await owners.release(change, principal)
    gone = (*evidence.gone(principal), *await owners.gone(store, principal))
    await store.principals.remove(principal)
    await _record(change, "Remove service principal", "Delete", principal, None, gone)


def _of(change: Change, application: Application) -> ServicePrincipal:
    return ServicePrincipal(
        id=change.by.ids.object(),
        tenant_id=application.tenant_id,
        app_id=application.app_id,
        display_name=application.display_name,
        created_at=change.at,
        application_id=application.id,
        registration=PrincipalRegistration(created_by_app_id=_creator(change)),
    )


def _known(change: Change, tenant_id: UUID, app_id: UUID) -> ServicePrincipal:
    known = next((each for each in wellknown.principals().values() if each.app_id == app_id), None)
    if known is None:
        raise Refused(APPLICATION_ABSENT, client=app_id)
    return ServicePrincipal(
        id=change.by.ids.object(),
        tenant_id=tenant_id,
        app_id=app_id,
        display_name=known.display_name,
        created_at=change.at,
        owner_tenant_id=wellknown.owner_tenant(),
        names=known.names,
        app_roles=known.app_roles,
        token_version=known.token_version,
        registration=PrincipalRegistration(created_by_app_id=_creator(change)),
    )


def _creator(change: Change) -> str | None:
    return None if change.by.app_id is None else str(change.by.app_id)


def _split(
    changes: Mapping[str, Any],
) -> tuple[dict[str, Any], Sequence[GivenCertificate] | None, Collection[UUID] | None]:
    """Return the members that change, and the lists of certificates and secrets, each if it is given."""
    members = dict(changes)
    return members, members.pop("certificates", None), members.pop("secrets", None)


async def _added(change: Change, principal: ServicePrincipal) -> ServicePrincipal:
    store = change.store
    await store.tenants.get(principal.tenant_id)
    if await store.principals.find(tenant_id=principal.tenant_id, app_id=principal.app_id):
        raise Refused(PRINCIPAL_EXISTS, client=principal.app_id)
    principal = await store.principals.add(principal)
    await _record(change, "Add service principal", "Add", None, principal)
    return principal


async def _put(
    change: Change, before: ServicePrincipal, after: ServicePrincipal, application: Application | None
) -> ServicePrincipal:
    if after == before:
        return before
    _refuse_unfit(before, after)
    tenant = await change.store.tenants.get(before.tenant_id)
    if before.enabled and not after.enabled:
        _refuse_lockout(change, before)
    if after.enabled and not before.enabled:
        change.refuse_machines(tenant)
    if before.assignment_required and not after.assignment_required:
        change.refuse_widening(tenant, application)
    after = await change.store.principals.put(after)
    await _record(change, "Update service principal", "Update", before, after)
    return after


def _refuse_lockout(change: Change, principal: ServicePrincipal) -> None:
    if change.by.app_id is not None and principal.app_id in _SERVED:
        reason = f"without {principal.display_name} no application could call this authority any more"
        raise Refused(PRIVILEGES_MISSING, detail=f"{reason}: an administrator on the host can take it away")


async def _refuse_opening(change: Change, principal: ServicePrincipal, application: Application | None) -> None:
    """Refuse to let an application sign in, or tokens for it be given to whoever asks, by rule 1."""
    if not principal.enabled:
        return
    made_by = application.registration.created_by_app_id if application else ""
    opens = made_by != _creator(change) and not principal.assignment_required
    if opens or (application and await _provable(change, application)):
        change.refuse_widening(await change.store.tenants.get(principal.tenant_id), application)


async def _provable(change: Change, application: Application) -> bool:
    """Whether somebody can already prove to be an application."""
    trusted = await change.store.credentials.find(application_id=application.id)
    return bool(trusted or application.secrets or application.certificates)


async def _own(
    change: Change, principal: ServicePrincipal, application: Application | None, owner_ids: Sequence[UUID]
) -> None:
    """Let it be owned. Whoever owns the application already can do no more with it than before."""
    held = await owners.read(change.store, application) if application else ()
    for each in dict.fromkeys(owner_ids):
        if each not in {owner.id for owner in held}:
            await evidence.refuse_widening(change, principal)
        await owners.put(change, principal, each)


def _refuse_unfit(before: ServicePrincipal, after: ServicePrincipal) -> None:
    kept = after.registration
    if kept == before.registration:
        return
    refuse_description(kept.description, KIND)
    registrations.refuse_tags(kept.tags, KIND)
    registrations.refuse_large(kept, KIND)
    mode = kept.preferred_single_sign_on_mode
    refuse_unlisted(() if mode is None else (mode,), SIGN_ON_MODES, "preferredSingleSignOnMode", KIND)


async def _record(
    change: Change,
    activity: str,
    operation: Operation,
    before: ServicePrincipal | None,
    after: ServicePrincipal | None,
    gone: tuple[Modified, ...] = (),
) -> None:
    of = after or before
    assert of is not None  # noqa: S101  one of the two is there
    itself = tuple(each for each in modified(before, after) if each.name != "registration")
    carried = modified(before.registration if before else PLAIN, after.registration if after else PLAIN)
    target = Target(id=of.id, kind=KIND, name=of.display_name, modified=itself + carried + gone)
    await change.record(activity, operation, target, tenant_id=of.tenant_id)
