"""Applications: as a client one asks for tokens, as a resource it is asked for, with names and app roles.

Rule 1: where a tenant guards its trust, whoever may only narrow it gives no application a new identifier, role or form
of its tokens, and no program enables one again. One that is made is trusted by nobody yet, but its identifiers may be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from accredit.administer import app_roles as offered
from accredit.administer import evidence, findings, owners, principals, registrations
from accredit.administer.administrator import given, modified, refuse_mark
from accredit.administer.limits import (
    invalid,
    refuse_description,
    refuse_identifier,
    refuse_name,
    refuse_outside,
    refuse_role_value,
)
from accredit.administer.tenants import SHORTEST_TOKEN_LIFETIME
from accredit.directory import (
    LONGEST_TOKEN_LIFETIME,
    Application,
    AppRole,
    Registration,
    identifier_key,
    wellknown,
)
from accredit.errors import IDENTIFIER_TAKEN, VALUE_TAKEN, Refused
from accredit.signins import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from uuid import UUID

    from accredit.administer.administrator import Administrator, Change
    from accredit.directory import GivenCertificate, SigningAlgorithm, Tenant
    from accredit.signins import Modified

KIND: Final = "Application"
MOST_IDENTIFIERS: Final = 50
PLAIN: Final = Registration()
_FORM: Final = ("token_version", "signing_algorithm", "both_client_claims")  # what a token says, and how it is signed


async def create(  # noqa: PLR0913  the members of an application
    by: Administrator,
    tenant_id: UUID,
    *,
    display_name: str,
    description: str | None = None,
    identifier_uris: tuple[str, ...] = (),
    app_roles: tuple[AppRole, ...] = (),
    token_version: Literal[1, 2] | None = None,
    signing_algorithm: SigningAlgorithm = "RS256",
    token_lifetime: int | None = None,
    public: bool | None = False,
    disabled: bool | None = False,
    both_client_claims: bool = False,
    registration: Registration = PLAIN,
    certificates: Sequence[GivenCertificate] = (),
    secrets: Collection[UUID] = (),
    app_id: UUID | None = None,
    owner_ids: Sequence[UUID] = (),
    with_principal: bool = True,
) -> Application:
    """Create an application and, unless it is not wanted yet, its service principal. ``secrets``: none can be given."""
    async with by.change() as change:
        tenant = await change.store.tenants.get(tenant_id)
        creator = None if by.app_id is None else str(by.app_id)
        application = Application(
            id=by.ids.object(),
            tenant_id=tenant_id,
            app_id=app_id or by.ids.object(),
            display_name=display_name,
            created_at=change.at,
            description=description,
            identifier_uris=identifier_uris,
            app_roles=app_roles,
            token_version=token_version,
            signing_algorithm=signing_algorithm,
            token_lifetime=token_lifetime,
            public=public,
            disabled=disabled,
            both_client_claims=both_client_claims,
            registration=replace(registration, created_by_app_id=creator),
        )
        await _refuse_app_id(change, application.app_id)
        await _refuse_unfit(change, None, application, tenant)
        if _widens(replace(application, identifier_uris=(), token_lifetime=None), application, tenant):
            change.refuse_widening(tenant)
        application = await change.store.applications.add(application)
        await _record(change, "Add application", "Add", None, application)
        application = await evidence.relist(change, application, certificates, secrets)
        for each in dict.fromkeys(owner_ids):
            await owners.put(change, application, each)
        if with_principal:
            await principals.add(change, application)
    return application


async def update(  # noqa: PLR0913  the members of an application
    by: Administrator,
    application_id: UUID,
    *,
    display_name: str | UnsetType = UNSET,
    description: str | UnsetType | None = UNSET,
    identifier_uris: tuple[str, ...] | UnsetType = UNSET,
    app_roles: tuple[AppRole, ...] | UnsetType = UNSET,
    token_version: Literal[1, 2] | UnsetType | None = UNSET,
    signing_algorithm: SigningAlgorithm | UnsetType = UNSET,
    token_lifetime: int | UnsetType | None = UNSET,
    public: bool | UnsetType | None = UNSET,
    disabled: bool | UnsetType | None = UNSET,
    both_client_claims: bool | UnsetType = UNSET,
    registration: Registration | UnsetType = UNSET,
) -> Application:
    """Change what is given."""
    changes = given(
        display_name=display_name,
        description=description,
        identifier_uris=identifier_uris,
        app_roles=app_roles,
        token_version=token_version,
        signing_algorithm=signing_algorithm,
        token_lifetime=token_lifetime,
        public=public,
        disabled=disabled,
        both_client_claims=both_client_claims,
        registration=registration,
    )
    return await amend(by, application_id, lambda _, __: changes)


async def amend(
    by: Administrator, application_id: UUID, read: Callable[[Application, Tenant], Mapping[str, Any]]
) -> Application:
    """Change what ``read`` says, which sees the application as it is inside the change: nothing is lost in between.

    ``read`` returns arguments of ``update``; besides ``certificates`` and ``secrets``: those that stay or are new.
    """
    async with by.change() as change:
        before = await change.store.applications.get(application_id)
        await change.refuse_not_owned(before)
        tenant = await change.store.tenants.get(before.tenant_id)
        changes = dict(read(before, tenant))
        certificates, secrets = changes.pop("certificates", None), changes.pop("secrets", None)
        after = await _put(change, before, replace(before, **changes), tenant)
        return await evidence.relist(change, after, certificates, secrets)


async def delete(by: Administrator, application_id: UUID) -> None:
    """Delete an application with its credentials and its service principal. Issuer records stay."""
    async with by.change() as change:
        store = change.store
        application = await store.applications.get(application_id)
        await change.refuse_not_owned(application)
        trusted = await store.credentials.find(application_id=application_id)
        gone = (*findings.gone(trusted), *evidence.gone(application), *await owners.gone(store, application))
        for credential in trusted:
            await store.credentials.remove(credential)
        for principal in await store.principals.find(tenant_id=application.tenant_id, app_id=application.app_id):
            await principals.remove(change, principal)
        await store.applications.remove(application)
        shown = (*_modified(application, None), *gone)
        target = Target(id=application.id, kind=KIND, name=application.display_name, modified=shown)
        await change.record("Delete application", "Delete", target, tenant_id=application.tenant_id)


async def add_role(
    by: Administrator,
    application_id: UUID,
    *,
    value: str,
    display_name: str = "",
    description: str = "",
    role_id: UUID | None = None,
) -> AppRole:
    """Offer a permission to applications. Its value is unique on the application, its id too."""
    refuse_role_value(value)
    role = AppRole(
        id=role_id or by.ids.object(), value=value, display_name=display_name or value, description=description
    )
    await amend(by, application_id, lambda before, _: {"app_roles": (*before.app_roles, role)})
    return role


async def enable_role(by: Administrator, application_id: UUID, role: UUID | str, *, enabled: bool) -> AppRole:
    """Enable or disable an app role. A disabled one is not granted and stands in no token."""

    def switched(before: Application, _: Tenant) -> Mapping[str, Any]:
        found = offered.find(before, role)
        after = replace(found, enabled=enabled)
        return {"app_roles": tuple(after if each.id == found.id else each for each in before.app_roles)}

    return offered.find(await amend(by, application_id, switched), role)


async def remove_role(by: Administrator, application_id: UUID, role: UUID | str) -> None:
    """Remove an app role, which must be disabled, and every grant of it."""

    def without(before: Application, _: Tenant) -> Mapping[str, Any]:
        found = offered.find(before, role)
        return {"app_roles": tuple(each for each in before.app_roles if each.id != found.id)}

    await amend(by, application_id, without)


async def _put(change: Change, before: Application, after: Application, tenant: Tenant) -> Application:
    if after == before:
        return before
    await _refuse_unfit(change, before, after, tenant)
    if before.disabled and not after.disabled:
        change.refuse_machines(tenant)
    if _widens(before, after, tenant):
        change.refuse_widening(tenant, before)
    await offered.withdraw(change, before, after)
    after = await change.store.applications.put(after)
    await _rename_principal(change, after)
    await _record(change, "Update application", "Update", before, after)
    return after


def _widens(before: Application, after: Application, tenant: Tenant) -> bool:
    """Whether more can be asked for, or shown, in the application's name, for longer, or in another form."""
    named = {identifier_key(each) for each in before.identifier_uris}
    return (
        any(identifier_key(each) not in named for each in after.identifier_uris)
        or any(getattr(before, name) != getattr(after, name) for name in _FORM)
        or (after.token_lifetime or tenant.token_lifetime) > (before.token_lifetime or tenant.token_lifetime)
        or offered.widens(before.app_roles, after.app_roles)
        or bool(before.disabled and not after.disabled)
        or bool(before.public and not after.public)
    )


async def _rename_principal(change: Change, application: Application) -> None:
    for each in await change.store.principals.find(tenant_id=application.tenant_id, app_id=application.app_id):
        if each.display_name != application.display_name:
            after = await change.store.principals.put(replace(each, display_name=application.display_name))
            shown = modified(each, after)
            target = Target(id=after.id, kind=principals.KIND, name=after.display_name, modified=shown)
            await change.record("Update service principal", "Update", target, tenant_id=after.tenant_id)


async def _refuse_app_id(change: Change, app_id: UUID) -> None:
    refuse_mark(change.by, app_id, "the application id")
    if any(each.app_id == app_id for each in wellknown.principals().values()):
        raise Refused(VALUE_TAKEN, property="appId", detail="a well-known application has this id")
    if await change.store.applications.find(app_id=app_id):
        raise Refused(VALUE_TAKEN, property="appId", detail="another application has this id")


async def _refuse_unfit(change: Change, before: Application | None, application: Application, tenant: Tenant) -> None:
    refuse_name(application.display_name, KIND)
    refuse_description(application.description, KIND)
    refuse_outside(application.token_lifetime, SHORTEST_TOKEN_LIFETIME, LONGEST_TOKEN_LIFETIME, "tokenLifetime", KIND)
    if application.token_version not in {None, 1, 2}:
        raise invalid("api/requestedAccessTokenVersion", KIND, "1 or 2")
    if application.signing_algorithm not in {"RS256", "ES256"}:
        raise invalid("signingAlgorithm", KIND, "RS256 or ES256")
    if application.both_client_claims and tenant.portability == "entra":
        raise invalid("bothClientClaims", KIND, "Entra ID emits one of them; extended portability can emit both")
    offered.refuse_unfit(before.app_roles if before else (), application.app_roles)
    registrations.refuse_unfit(before.registration if before else PLAIN, application.registration)
    await _refuse_identifiers(change, application)


async def _refuse_identifiers(change: Change, application: Application) -> None:
    if len(application.identifier_uris) > MOST_IDENTIFIERS:
        raise invalid("identifierUris", KIND, f"at most {MOST_IDENTIFIERS}")
    keys = [identifier_key(each) for each in application.identifier_uris]
    if len(set(keys)) != len(keys):
        raise invalid("identifierUris", KIND, "two of them name the same resource")
    for uri in application.identifier_uris:
        refuse_identifier(uri)
        if wellknown.reserves(uri, change.by.base):
            raise invalid("identifierUris", KIND, f"{uri} is reserved")
        owner = await change.store.named(application.tenant_id, uri)
        if owner is not None and owner != application.app_id:
            raise Refused(IDENTIFIER_TAKEN, property="identifierUris", detail=f"{uri} belongs to application {owner}")


async def _record(
    change: Change, activity: str, operation: Literal["Add", "Update"], before: Application | None, after: Application
) -> None:
    target = Target(id=after.id, kind=KIND, name=after.display_name, modified=_modified(before, after))
    await change.record(activity, operation, target, tenant_id=after.tenant_id)


def _modified(before: Application | None, after: Application | None) -> tuple[Modified, ...]:
    """Return the members that differ, those of the registration each by its own name."""
    itself = tuple(each for each in modified(before, after) if each.name != "registration")
    return itself + modified(before.registration if before else PLAIN, after.registration if after else PLAIN)
