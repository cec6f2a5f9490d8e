"""How an application stands to permissions: what it wishes for (requiredResourceAccess), and what it was granted.

Rule 1: a wish is the registration's and grants nothing; a grant is the service principal's and needs no wish.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

from accredit.directory import read_guid, wellknown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from uuid import UUID

    from accredit.directory import Application, AppRole, Assignment, DelegatedGrant, Registration, ServicePrincipal
    from accredit.directory.registration import PermissionScope
    from accredit.ports import Transaction

Kind: TypeAlias = Literal["Role", "Scope"]
EVERYBODY: Final = "AllPrincipals"


class Key(NamedTuple):
    """Which permission: the API's appId, Graph's word for its type, its id."""

    api: str
    kind: Kind
    id: UUID


class Api(NamedTuple):
    """An API as far as a tenant knows it, with what it offers."""

    app_id: str
    principal: ServicePrincipal | None = None
    roles: Mapping[UUID, AppRole] = {}
    scopes: Mapping[UUID, PermissionScope] = {}
    name: str = ""


class Standing(NamedTuple):
    """How one application stands to one permission. ``offered``: ``None`` when the API does not (any more) offer it."""

    key: Key
    api: Api
    offered: AppRole | PermissionScope | None
    configured: bool
    assignment: Assignment | None = None
    grant: DelegatedGrant | None = None

    @property
    def granted(self) -> bool:
        """Whether it is held."""
        return self.assignment is not None or self.grant is not None

    @property
    def value(self) -> str:
        """What stands in a token, or its id where nobody knows."""
        return (self.offered.value if self.offered else "") or str(self.key.id)

    @property
    def grantable(self) -> bool:
        """Whether consent would grant it: it is a wish, not granted yet, and offered to applications, or at all."""
        return self.configured and not self.granted and _open(self.offered)


async def standing(store: Transaction, of: Application) -> Sequence[Standing]:
    """Return every permission that an application wishes for or holds: by the name of its API, then by its own."""
    principal = await principal_of(store, of)
    assigned = await store.assignments.find(principal_id=principal.id) if principal else ()
    consented = await store.delegated_grants.find(client_id=principal.id) if principal else ()
    holders = {each.resource_id for each in assigned} | {each.resource_id for each in consented}
    known = {id_: await api_of(store, await store.principals.get(id_)) for id_ in holders}
    wished = dict.fromkeys(wishes(of.registration))
    apis = {each.app_id: each for each in known.values()}
    for key in wished:
        if key.api not in apis:
            apis[key.api] = await api(store, of.tenant_id, key.api)
    held: dict[Key, dict[str, Any]] = {}
    for each in assigned:
        held[Key(known[each.resource_id].app_id, "Role", each.role_id)] = {"assignment": each}
    for consent in consented:
        held |= {key: {"grant": consent} for key in _consented(known[consent.resource_id], consent)}
    keys = dict.fromkeys((*wished, *held))
    found = [
        Standing(key, apis[key.api], _offered(apis[key.api], key), key in wished, **held.get(key, {})) for key in keys
    ]
    return sorted(found, key=lambda each: (each.api.name.casefold(), each.key.kind, each.value.casefold()))


async def api(store: Transaction, tenant_id: UUID, app_id: str) -> Api:
    """Return an API by its appId, as it stands in a tenant. One that nobody knows has no name but that."""
    guid = read_guid(app_id)
    held = await store.principals.find(tenant_id=tenant_id, app_id=guid) if guid else ()
    if held:
        return await api_of(store, held[0])
    if guid and (registered := await store.applications.find(tenant_id=tenant_id, app_id=guid)):
        return _of_application(registered[0], None)
    for each in wellknown.principals().values():
        if each.app_id == guid:
            return Api(app_id, None, _by_id(each.app_roles), _by_id(each.scopes), each.display_name)
    return Api(app_id, name=app_id)


async def principal_of(store: Transaction, of: Application) -> ServicePrincipal | None:
    """Return an application's presence in its tenant; ``None``: it has none, so that it holds nothing."""
    held = await store.principals.find(tenant_id=of.tenant_id, app_id=of.app_id)
    return held[0] if held else None


async def api_of(store: Transaction, principal: ServicePrincipal) -> Api:
    """Return an API that a tenant has, with what it offers."""
    if principal.application_id is not None:
        return _of_application(await store.applications.get(principal.application_id), principal)
    scopes = [
        scope for each in wellknown.principals().values() if each.app_id == principal.app_id for scope in each.scopes
    ]
    return Api(str(principal.app_id), principal, _by_id(principal.app_roles), _by_id(scopes), principal.display_name)


def _of_application(of: Application, principal: ServicePrincipal | None) -> Api:
    return Api(
        str(of.app_id), principal, _by_id(of.app_roles), _by_id(of.registration.permission_scopes), of.display_name
    )


def _by_id(offered: Collection[Any]) -> dict[UUID, Any]:
    return {each.id: each for each in offered}


def _offered(api: Api, key: Key) -> AppRole | PermissionScope | None:
    return api.roles.get(key.id) if key.kind == "Role" else api.scopes.get(key.id)


def _open(offered: AppRole | PermissionScope | None) -> bool:
    if offered is None:
        return False
    kinds = getattr(offered, "member_types", ("Application",))
    return bool(getattr(offered, "enabled", getattr(offered, "is_enabled", False))) and "Application" in kinds


def _consented(api: Api, consent: DelegatedGrant) -> Iterator[Key]:
    """Yield which delegated permissions a consent in everybody's name names; those that nobody offers are left out."""
    named = set(consent.scope.split()) if consent.consent_type == EVERYBODY else set()
    yield from (Key(api.app_id, "Scope", each.id) for each in api.scopes.values() if each.value in named)


def wishes(of: Registration) -> Iterator[Key]:
    """Yield what an application wishes for."""
    for each in of.required_resource_access:
        for wanted in each.resource_access:
            yield Key(each.resource_app_id.lower(), wanted.type, wanted.id)
