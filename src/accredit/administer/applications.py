"""Applications: as a client one asks for tokens, as a resource it is asked for, with names and app roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from accredit.administer import principals
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
from accredit.directory import LONGEST_TOKEN_LIFETIME, Application, AppRole, identifier_key, wellknown
from accredit.errors import OBJECT_NOT_FOUND, ROLE_ENABLED, VALUE_TAKEN, Refused
from accredit.signins import Target

if TYPE_CHECKING:
    from uuid import UUID

    from accredit.administer.administrator import Administrator, Change
    from accredit.directory import SigningAlgorithm, Tenant

KIND: Final = "Application"
MOST_IDENTIFIERS: Final = 50
MOST_ROLES: Final = 1_200  # as many as Entra ID's manifest holds


async def create(  # noqa: PLR0913  the members of an application
    by: Administrator,
    tenant_id: UUID,
    *,
    display_name: str,
    description: str | None = None,
    identifier_uris: tuple[str, ...] = (),
    token_version: Literal[1, 2] | None = None,
    signing_algorithm: SigningAlgorithm = "RS256",
    app_id: UUID | None = None,
    with_principal: bool = True,
) -> Application:
    """Create an application and, unless it is not wanted yet, its service principal."""
    async with by.change() as change:
        tenant = await change.store.tenants.get(tenant_id)
        application = Application(
            id=by.ids.object(),
            tenant_id=tenant_id,
            app_id=app_id or by.ids.object(),
            display_name=display_name,
            created_at=change.at,
            description=description,
            identifier_uris=identifier_uris,
            token_version=token_version,
            signing_algorithm=signing_algorithm,
        )
        await _refuse_app_id(change, application.app_id)
        await _refuse_unfit(change, application, tenant)
        application = await change.store.applications.add(application)
        await _record(change, "Add application", "Add", None, application)
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
    token_version: Literal[1, 2] | UnsetType | None = UNSET,
    signing_algorithm: SigningAlgorithm | UnsetType = UNSET,
    token_lifetime: int | UnsetType | None = UNSET,
    public: bool | UnsetType = UNSET,
    disabled: bool | UnsetType = UNSET,
    both_client_claims: bool | UnsetType = UNSET,
) -> Application:
    """Change what is given."""
    changes = given(
        display_name=display_name,
        description=description,
        identifier_uris=identifier_uris,
        token_version=token_version,
        signing_algorithm=signing_algorithm,
        token_lifetime=token_lifetime,
        public=public,
        disabled=disabled,
        both_client_claims=both_client_claims,
    )
    async with by.change() as change:
        before = await change.store.applications.get(application_id)
        after = replace(before, **changes)
        await _refuse_unfit(change, after, await change.store.tenants.get(after.tenant_id))
        after = await change.store.applications.put(after)
        await _rename_principal(change, after)
        await _record(change, "Update application", "Update", before, after)
    return after


async def delete(by: Administrator, application_id: UUID) -> None:
    """Delete an application with its credentials and its service principal. Issuer records stay."""
    async with by.change() as change:
        store = change.store
        application = await store.applications.get(application_id)
        for credential in await store.credentials.find(application_id=application_id):
            await store.credentials.remove(credential)
        for principal in await store.principals.find(tenant_id=application.tenant_id, app_id=application.app_id):
            await principals.remove(change, principal)
        await store.applications.remove(application)
        target = Target(
            id=application.id, kind=KIND, name=application.display_name, modified=modified(application, None)
        )
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
    refuse_name(display_name or value, "AppRole")
    refuse_description(description, "AppRole")
    role = AppRole(
        id=role_id or by.ids.object(), value=value, display_name=display_name or value, description=description
    )
    async with by.change() as change:
        before = await change.store.applications.get(application_id)
        if any(each.value == value for each in before.app_roles):
            raise Refused(VALUE_TAKEN, property="value", detail=f"the application already offers {value}")
        if any(each.id == role.id for each in before.app_roles):
            raise Refused(VALUE_TAKEN, property="id", detail=f"the application already has an app role {role.id}")
        if len(before.app_roles) >= MOST_ROLES:
            raise invalid("appRoles", KIND, f"at most {MOST_ROLES}")
        await _put_roles(change, before, (*before.app_roles, role))
    return role


async def enable_role(by: Administrator, application_id: UUID, role: UUID | str, *, enabled: bool) -> AppRole:
    """Enable or disable an app role. A disabled one is not granted and stands in no token."""
    async with by.change() as change:
        before = await change.store.applications.get(application_id)
        found = _role(before, role)
        after = replace(found, enabled=enabled)
        await _put_roles(change, before, tuple(after if each.id == found.id else each for each in before.app_roles))
    return after


async def remove_role(by: Administrator, application_id: UUID, role: UUID | str) -> None:
    """Remove an app role, which must be disabled, and every grant of it."""
    async with by.change() as change:
        before = await change.store.applications.get(application_id)
        found = _role(before, role)
        if found.enabled:
            raise Refused(ROLE_ENABLED)
        # Were the grants kept, a role made later with the same id would be granted to whoever held the old one.
        for principal in await change.store.principals.find(tenant_id=before.tenant_id, app_id=before.app_id):
            for each in await change.store.assignments.find(resource_id=principal.id):
                if each.role_id == found.id:
                    await change.store.assignments.remove(each)
        await _put_roles(change, before, tuple(each for each in before.app_roles if each.id != found.id))


def _role(application: Application, role: UUID | str) -> AppRole:
    for each in application.app_roles:
        if str(role) in {str(each.id), each.value}:
            return each
    raise Refused(OBJECT_NOT_FOUND, id=role)


async def _put_roles(change: Change, before: Application, roles: tuple[AppRole, ...]) -> None:
    after = await change.store.applications.put(replace(before, app_roles=roles))
    await _record(change, "Update application", "Update", before, after)


async def _rename_principal(change: Change, application: Application) -> None:
    for each in await change.store.principals.find(tenant_id=application.tenant_id, app_id=application.app_id):
        if each.display_name != application.display_name:
            await change.store.principals.put(replace(each, display_name=application.display_name))


async def _refuse_app_id(change: Change, app_id: UUID) -> None:
    refuse_mark(change.by, app_id, "the application id")
    if any(each.app_id == app_id for each in wellknown.principals().values()):
        raise Refused(VALUE_TAKEN, property="appId", detail="a well-known application has this id")
    if await change.store.applications.find(app_id=app_id):
        raise Refused(VALUE_TAKEN, property="appId", detail="another application has this id")


async def _refuse_unfit(change: Change, application: Application, tenant: Tenant) -> None:
    refuse_name(application.display_name, KIND)
    refuse_description(application.description, KIND)
    refuse_outside(application.token_lifetime, SHORTEST_TOKEN_LIFETIME, LONGEST_TOKEN_LIFETIME, "tokenLifetime", KIND)
    if application.token_version not in {None, 1, 2}:
        raise invalid("api/requestedAccessTokenVersion", KIND, "1 or 2")
    if application.signing_algorithm not in {"RS256", "ES256"}:
        raise invalid("signingAlgorithm", KIND, "RS256 or ES256")
    if application.both_client_claims and tenant.portability == "entra":
        raise invalid("bothClientClaims", KIND, "Entra ID emits one of them; extended portability can emit both")
    await _refuse_identifiers(change, application)


async def _refuse_identifiers(change: Change, application: Application) -> None:
    if len(application.identifier_uris) > MOST_IDENTIFIERS:
        raise invalid("identifierUris", KIND, f"at most {MOST_IDENTIFIERS}")
    keys = [identifier_key(each) for each in application.identifier_uris]
    if len(set(keys)) != len(keys):
        raise invalid("identifierUris", KIND, "two of them name the same resource")
    for uri, key in zip(application.identifier_uris, keys, strict=True):
        refuse_identifier(uri)
        if key in wellknown.reserved(change.by.base) or _ours(key, change.by.base):
            raise invalid("identifierUris", KIND, f"{uri} is reserved")
        owner = await change.store.named(application.tenant_id, uri)
        if owner is not None and owner != application.app_id:
            raise Refused(VALUE_TAKEN, property="identifierUris", detail=f"{uri} belongs to application {owner}")


def _ours(key: str, base: str) -> bool:
    """Whether an identifier lies under this server's own address, with or without the port."""
    if not base:
        return False
    parts = urlsplit(base)
    addresses = {identifier_key(base), f"{parts.scheme}://{parts.hostname}"}
    return any(key == each or key.startswith(each + "/") for each in addresses)


async def _record(
    change: Change, activity: str, operation: Literal["Add", "Update"], before: Application | None, after: Application
) -> None:
    target = Target(id=after.id, kind=KIND, name=after.display_name, modified=modified(before, after))
    await change.record(activity, operation, target, tenant_id=after.tenant_id)
