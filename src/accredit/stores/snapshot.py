"""The ``Directory`` port from memory: what was asked before is answered by a look into a dict, without a query.

Rule 1: an answer is kept until a change names something that it is made of: this process's changes before they are
acknowledged (``apply``), other processes' when ``refresh`` reads them.
Rule 2: that something is absent is never kept: what another process adds is there for the next request.
Rule 3: what was read while a change arrived is read again: no answer is older than ``version``.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar

from accredit import assertions, directory
from accredit.directory import ORGANIZATIONS, Client, Held, Resource, Tenant, identifier_key
from accredit.errors import (
    CLIENT_UNKNOWN,
    PRINCIPAL_MISSING,
    RESOURCE_UNKNOWN,
    TENANT_MALFORMED,
    TENANT_UNKNOWN,
    TRANSIENT,
    Refused,
)
from accredit.stores.cache import Cache
from accredit.stores.encoding import guid
from accredit.stores.health import UNREADABLE
from accredit.trust import Trusted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping, Sequence
    from uuid import UUID

    from accredit.assertions import RegisteredKey
    from accredit.directory import Application, ServicePrincipal
    from accredit.issuers import Issuer
    from accredit.stores.lookup import Lookup

K = TypeVar("K", bound="Hashable")
V = TypeVar("V")
Made = tuple[V, "tuple[UUID, ...]"]
"""An answer, and the ids of what it is made of."""

APPLICATIONS: Final = 100_000  # that are kept at most, each with its trust
RESOURCES: Final = 10_000  # spellings of resources that are kept at most
TENANTS: Final = 10_000  # names of tenants that are kept at most
_READINGS: Final = 3  # of one thing, while changes keep arriving
_PORT: Final = re.compile(r"(?P<host>[a-z][a-z0-9+.-]*://(?:\[[^\]/]*\]|[^/:]*)):[0-9]+(?P<rest>/.*)?")


class Snapshot:
    """The directory as requests see it, current with ``version``.

    ``derived`` maps identifiers that follow from the public address of this authority to the appId of the API that
    they name; they hold in every tenant, with and without the port.
    """

    def __init__(
        self,
        lookup: Lookup,
        *,
        heard: Callable[[frozenset[UUID] | None], None] = lambda _changed: None,
        derived: Mapping[str, UUID] | None = None,
        applications: int = APPLICATIONS,
        resources: int = RESOURCES,
        tenants: int = TENANTS,
    ) -> None:
        self.version = 0  # of the configuration; ``refresh`` once before the first request
        self.failure = ""  # why the last change could not be taken over; "" when it could
        self._lookup = lookup
        self._heard = heard  # who else keeps something of the directory; ``None``: anything may have changed
        self._derived = dict(_spellings(derived or {}))
        self._changes = 0  # that arrived; tells a reading that it may be older than one of them
        # Keys are the numbers of ids: an id hashes in Python, a number in C, and these are asked at every request.
        self._tenants: Cache[UUID | str | tuple[str, str], Tenant] = Cache(tenants)
        self._clients: Cache[tuple[int, str], Client] = Cache(applications)
        self._trusted: Cache[int, Trusted] = Cache(applications)
        self._apis: Cache[tuple[UUID, UUID], Resource] = Cache(resources)  # by appId, shared by all spellings
        self._resources: Cache[tuple[int, str], Resource] = Cache(resources)  # by what is asked for
        self._held: Cache[tuple[int, int], tuple[Resource, Held]] = Cache(applications)
        self._all = (self._tenants, self._clients, self._trusted, self._apis, self._resources, self._held)

    # ── the port ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def tenant(self, name: UUID | str, client_id: str) -> Tenant:
        """Find a tenant by id or domain; ``organizations`` is the home of ``client_id``. 90002 900023 700016."""
        key = (ORGANIZATIONS, client_id.lower()) if name == ORGANIZATIONS else name
        if (found := self._tenants.get(key)) is not None:
            return found
        if name == ORGANIZATIONS:
            return await self._learn(self._tenants, key, lambda: self._read_home(client_id))
        return await self._learn(self._tenants, key, lambda: self._read_tenant(name))

    async def client(self, tenant: Tenant, client_id: str) -> Client:
        """Find an application and its service principal. 700016 7000229."""
        key = (tenant.id.int, client_id.lower())
        if (found := self._clients.get(key)) is not None:
            return found
        return await self._learn(self._clients, key, lambda: self._read_client(tenant, client_id))

    async def trusted(self, client: Client) -> Trusted:
        """Return what the application trusts, compiled."""
        key = client.application.id.int
        if (found := self._trusted.get(key)) is not None:
            return found
        return await self._learn(self._trusted, key, lambda: self._read_trusted(client.application))

    async def issuers(self, tenant: Tenant, url: str) -> Sequence[Issuer]:
        """Return the tenant's issuer records with exactly this URL. Asked on refusals only, so not kept."""
        try:
            return await self._lookup.issuers(tenant.id, url)
        except Refused as refused:
            _raise_transient(refused)
            raise

    async def resource(self, tenant: Tenant, wanted: str) -> Resource:
        """Find the API that an identifier names. 500011, also for one that is disabled."""
        key = (tenant.id.int, wanted)
        if (found := self._resources.get(key)) is not None:
            return found
        return await self._learn(self._resources, key, lambda: self._read_resource(tenant, wanted))

    async def held(self, client: Client, resource: Resource) -> Held:
        """Return the roles that the client holds on the resource."""
        key = (client.principal.id.int, resource.principal_id.int)
        found = self._held.get(key)
        if found is None or found[0] is not resource:  # a resource that was read again may offer other roles
            found = await self._learn(self._held, key, lambda: self._read_held(client, resource))
        return found[1]

    async def refresh(self) -> None:
        """Take over what other processes changed. 90033, also when somebody who keeps something could not follow.

        ``version`` advances last: until everybody has heard, nothing that is decided counts as current.
        """
        try:
            version, changed = await self._lookup.changes(self.version)
            # A restored database starts a history of its own.
            self._hear(changed if version >= self.version else None)
        except Exception as error:  # whatever it is: what is kept may be older than the store
            self.failure = str(error) if isinstance(error, Refused) else type(error).__name__
            raise Refused(TRANSIENT, detail=f"changes were not taken over: {self.failure}") from error
        self.version, self.failure = version, ""

    def apply(self, version: int, changed: frozenset[UUID]) -> None:
        """Take over a change of this process, before it is acknowledged.

        When another process's change came between, or somebody could not follow, ``version`` stays behind until
        ``refresh`` has taken over everything: the change is stored, so this raises nothing.
        """
        try:
            self._hear(changed)
        except Exception as error:  # noqa: BLE001  ``refresh`` meets it again, where it is told and logged
            self.failure = type(error).__name__
            return
        if version == self.version + 1:
            self.version = version

    def _hear(self, changed: frozenset[UUID] | None) -> None:
        """Forget what changed, here and wherever else something is kept; ``None``: everything."""
        self._changes += 1
        for cache in self._all:
            if changed is None:
                cache.clear()
            else:
                cache.forget(changed)
        self._heard(changed)

    def known_tenant(self, name: str) -> str:
        """Return the id of a tenant that requests have used, ``""`` for any other text: a label for metrics."""
        found = self._tenants.get(directory.read_guid(name) or name.lower())
        return "" if found is None else str(found.id)

    # ── misses ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _learn(self, cache: Cache[K, V], key: K, read: Callable[[], Awaitable[Made[V]]]) -> V:
        """Read until no change arrived meanwhile, and keep the answer."""
        for _ in range(_READINGS):
            before = self._changes
            try:
                answer, made_of = await read()
            except Refused as refused:
                _raise_transient(refused)
                raise
            if before == self._changes:
                cache.put(key, answer, made_of)
                return answer
        raise Refused(TRANSIENT, detail="the directory changed each time it was read")

    async def _read_tenant(self, name: UUID | str) -> Made[Tenant]:
        if isinstance(name, str):
            found, absent = await self._lookup.tenant_of(name), TENANT_MALFORMED
        else:
            found, absent = await self._lookup.tenant(name), TENANT_UNKNOWN
        if found is None:
            raise Refused(absent, tenant=name)
        return found, (found.id,)

    async def _read_home(self, client_id: str) -> Made[Tenant]:
        app_id = guid(client_id)
        application = None if app_id is None else await self._lookup.home(app_id)
        if application is None:
            raise Refused(CLIENT_UNKNOWN, client=client_id, tenant=ORGANIZATIONS)
        tenant = await self.tenant(application.tenant_id, client_id)
        return tenant, (tenant.id, application.id)

    async def _read_client(self, tenant: Tenant, client_id: str) -> Made[Client]:
        app_id = guid(client_id)
        application = None if app_id is None else await self._lookup.application(tenant.id, app_id)
        if application is None:
            raise Refused(CLIENT_UNKNOWN, client=client_id, tenant=tenant.display_name)
        principal = await self._lookup.principal(tenant.id, application.app_id)
        if principal is None:
            raise Refused(PRINCIPAL_MISSING, client=client_id, tenant=tenant.id)
        return Client(application, principal, tuple(_keys(application, principal))), (application.id, principal.id)

    async def _read_trusted(self, application: Application) -> Made[Trusted]:
        tenant = await self.tenant(application.tenant_id, "")
        credentials = await self._lookup.credentials(application)
        trusted = Trusted(credentials, multi_audience=tenant.several_audiences)
        return trusted, (application.id, tenant.id, *(each.issuer.id for each in credentials))

    async def _read_resource(self, tenant: Tenant, wanted: str) -> Made[Resource]:
        identifier = identifier_key(wanted)
        app_id = self._derived.get(identifier) or guid(identifier) or await self._lookup.owner(tenant.id, identifier)
        if app_id is None:
            raise Refused(RESOURCE_UNKNOWN, resource=wanted, tenant=tenant.display_name)
        key = (tenant.id, app_id)
        if (api := self._apis.get(key)) is None:
            api = await self._learn(self._apis, key, lambda: self._read_api(tenant, app_id, wanted))
        return api, self._apis.made_of(key)

    async def _read_api(self, tenant: Tenant, app_id: UUID, wanted: str) -> Made[Resource]:
        principal = await self._lookup.principal(tenant.id, app_id)
        if principal is None:
            raise Refused(RESOURCE_UNKNOWN, resource=wanted, tenant=tenant.display_name)
        own = principal.application_id is not None
        application = await self._lookup.application(tenant.id, app_id) if own else None
        if not principal.enabled or (application is not None and application.disabled):
            raise Refused(RESOURCE_UNKNOWN, resource=wanted, tenant=tenant.display_name, detail="it is disabled")
        if application is None:
            return _well_known(principal), (principal.id,)
        return _registered(principal, application), (principal.id, application.id)

    async def _read_held(self, client: Client, resource: Resource) -> Made[tuple[Resource, Held]]:
        who, on = client.principal.id, resource.principal_id
        roles = await self._lookup.roles(client.principal.tenant_id, who, on)
        return (resource, directory.held(resource, roles)), (who, on)


def _raise_transient(refused: Refused) -> None:
    """Raise what a caller of the token endpoint may know, where ``refused`` says that the store cannot be read."""
    if refused.row in UNREADABLE:
        raise Refused(TRANSIENT, detail=str(refused)) from refused


def _keys(application: Application, principal: ServicePrincipal) -> Iterator[RegisteredKey]:
    """Read the registered certificates. One that may no longer be trusted authenticates nobody, and disturbs nobody."""
    for each in (*application.certificates, *principal.certificates):
        with suppress(Refused):
            yield assertions.registered(each.der, each.key_id, starts_at=each.starts_at, ends_at=each.ends_at)


def _registered(principal: ServicePrincipal, application: Application) -> Resource:
    """Return the API of an application: its registration says what it offers."""
    return Resource(
        principal_id=principal.id,
        app_id=principal.app_id,
        display_name=principal.display_name,
        names=(*application.identifier_uris, *principal.names),
        roles=application.app_roles,
        token_version=application.token_version or 1,
        assignment_required=principal.assignment_required,
        signing_algorithm=application.signing_algorithm,
        application_id=application.id,
    )


def _well_known(principal: ServicePrincipal) -> Resource:
    """Return the API of another owner: its service principal says itself what it offers."""
    return Resource(
        principal_id=principal.id,
        app_id=principal.app_id,
        display_name=principal.display_name,
        names=principal.names,
        roles=principal.app_roles,
        token_version=principal.token_version or 1,
        assignment_required=principal.assignment_required,
    )


def _spellings(derived: Mapping[str, UUID]) -> Iterator[tuple[str, UUID]]:
    """Yield the keys of derived identifiers, each also without its port: a client's default scope leaves it out."""
    for identifier, app_id in derived.items():
        key = identifier_key(identifier)
        yield key, app_id
        if found := _PORT.fullmatch(key):
            yield found["host"] + (found["rest"] or ""), app_id
