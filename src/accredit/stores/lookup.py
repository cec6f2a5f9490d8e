"""The questions that the snapshot asks of a store when it does not know an answer: each one small, each by a key.

``RegistryLookup`` asks any registry. ``SqliteLookup`` asks a SQLite file directly, in some ten microseconds: it is what
a request waits for when its application is not in memory.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import UUID

from accredit.errors import STORE_BUSY, Refused
from accredit.stores.encoding import CHANGES_KEPT
from accredit.stores.event_index import LAST_PLACE
from accredit.stores.health import Damage, plain, reason_of
from accredit.stores.kept import READ
from accredit.stores.kinds import APPLICATIONS, PRINCIPALS, TENANTS, Kind, V
from accredit.stores.sqlite import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractAsyncContextManager
    from os import PathLike

    from accredit.directory import Application, ServicePrincipal, Tenant
    from accredit.issuers import Issuer
    from accredit.ports import Shelf, Transaction
    from accredit.tokens import SigningKey
    from accredit.trust import FederatedCredential

_MOST_ISSUERS: Final = 10_000  # records that are kept as they were last read


class Lookup(Protocol):
    """What a snapshot asks. ``None``: there is none. Raises ``Refused`` (STORE_BUSY, STORE_DAMAGED, STORE_UNLIKE)."""

    async def changes(self, since: int) -> tuple[int, frozenset[UUID] | None]:
        """Return the version, and the keys of what changed after ``since``; ``None``: more than is remembered."""

    async def tenant(self, tenant_id: UUID) -> Tenant | None: ...

    async def tenant_of(self, domain: str) -> Tenant | None: ...

    async def home(self, app_id: UUID) -> Application | None:
        """Return the oldest registration of an appId, whichever tenant it is in."""

    async def application(self, tenant_id: UUID, app_id: UUID) -> Application | None: ...

    async def principal(self, tenant_id: UUID, app_id: UUID) -> ServicePrincipal | None: ...

    async def credentials(self, application: Application) -> Sequence[FederatedCredential]: ...

    async def issuers(self, tenant_id: UUID, url: str) -> Sequence[Issuer]: ...

    async def owner(self, tenant_id: UUID, key: str) -> UUID | None:
        """Return the appId that owns an identifier, given by its key."""

    async def roles(self, tenant_id: UUID, principal_id: UUID, resource_id: UUID) -> frozenset[UUID]:
        """Return the ids of the roles that a service principal holds on another."""


class ChangingRegistry(Protocol):
    """A registry that also tells what changed."""

    def reading(self) -> AbstractAsyncContextManager[Transaction]: ...

    async def changes(self, since: int) -> tuple[int, frozenset[UUID] | None]: ...


class RegistryLookup:
    """Asks any registry through its port. The server asks SQLite directly; the tests hold that both say the same."""

    def __init__(self, registry: ChangingRegistry) -> None:
        self._registry = registry

    async def changes(self, since: int) -> tuple[int, frozenset[UUID] | None]:
        return await self._registry.changes(since)

    async def tenant(self, tenant_id: UUID) -> Tenant | None:
        return await self._one(lambda view: view.tenants, id=tenant_id)

    async def tenant_of(self, domain: str) -> Tenant | None:
        return await self._one(lambda view: view.tenants, domain=domain)

    async def home(self, app_id: UUID) -> Application | None:
        return await self._one(lambda view: view.applications, app_id=app_id)

    async def application(self, tenant_id: UUID, app_id: UUID) -> Application | None:
        return await self._one(lambda view: view.applications, tenant_id=tenant_id, app_id=app_id)

    async def principal(self, tenant_id: UUID, app_id: UUID) -> ServicePrincipal | None:
        return await self._one(lambda view: view.principals, tenant_id=tenant_id, app_id=app_id)

    async def credentials(self, application: Application) -> Sequence[FederatedCredential]:
        async with self._registry.reading() as view:
            return await view.credentials.find(tenant_id=application.tenant_id, application_id=application.id)

    async def issuers(self, tenant_id: UUID, url: str) -> Sequence[Issuer]:
        async with self._registry.reading() as view:
            return await view.issuers.find(tenant_id=tenant_id, url=url)

    async def owner(self, tenant_id: UUID, key: str) -> UUID | None:
        application = await self._one(lambda view: view.applications, tenant_id=tenant_id, key=key)
        owner = application or await self._one(lambda view: view.principals, tenant_id=tenant_id, key=key)
        return None if owner is None else owner.app_id

    async def roles(self, tenant_id: UUID, principal_id: UUID, resource_id: UUID) -> frozenset[UUID]:
        async with self._registry.reading() as view:
            found = await view.assignments.find(tenant_id=tenant_id, principal_id=principal_id, resource_id=resource_id)
        return frozenset(each.role_id for each in found)

    async def _one(self, shelf: Callable[[Transaction], Shelf[V]], **where: object) -> V | None:
        async with self._registry.reading() as view:
            found = await shelf(view).find(**where)
        return found[0] if found else None


_TENANT: Final = "SELECT body FROM tenants WHERE id = ?"
_TENANT_OF: Final = "SELECT body FROM tenants WHERE id = (SELECT tenant_id FROM domains WHERE domain = ?)"
_HOME: Final = "SELECT body FROM applications WHERE app_id = ? ORDER BY seq LIMIT 1"
_APPLICATION: Final = "SELECT body FROM applications WHERE tenant_id = ? AND app_id = ?"
_PRINCIPAL: Final = "SELECT body FROM principals WHERE tenant_id = ? AND app_id = ?"
_CREDENTIALS: Final = "SELECT body FROM credentials WHERE tenant_id = ? AND application_id = ? ORDER BY seq"
_ISSUER: Final = "SELECT body FROM issuers WHERE tenant_id = ? AND id = ?"
_ISSUERS: Final = "SELECT body FROM issuers WHERE tenant_id = ? AND url = ? ORDER BY seq"
_OWNER: Final = 'SELECT app_id FROM identifiers WHERE tenant_id = ? AND "key" = ?'
_ROLES: Final = "SELECT role_id FROM assignments WHERE tenant_id = ? AND principal_id = ? AND resource_id = ?"
_SIGNING_KEYS: Final = "SELECT body FROM signing_keys ORDER BY seq"
_EMITTED: Final = "SELECT issuer FROM emitted_issuers"
_TENANT_IDS: Final = "SELECT id FROM tenants"
_ISSUER_URLS: Final = "SELECT DISTINCT url FROM issuers"
_TENANTS_FROM: Final = "SELECT id FROM tenants WHERE id BETWEEN ? AND ? || 'g' LIMIT 3"  # g: after every digit
_APPLICATIONS_FROM: Final = "SELECT app_id FROM applications WHERE app_id BETWEEN ? AND ? || 'g' LIMIT 3"
_VERSION: Final = "SELECT version FROM configuration"
_CHANGES: Final = 'SELECT DISTINCT "key" FROM changes WHERE version > ?'


class SqliteLookup:
    """Asks a SQLite file over a connection of its own, without SQLAlchemy. Nothing suspends."""

    def __init__(self, path: str | PathLike[str]) -> None:
        self._connection = connect(path)
        self.damage = Damage()
        self._known: dict[UUID, tuple[bytes, Issuer]] = {}  # so that all credentials of a record share one value

    async def changes(self, since: int) -> tuple[int, frozenset[UUID] | None]:
        with self._view():
            version = int(self._connection.execute(_VERSION).fetchone()[0])
            if version - since > CHANGES_KEPT:
                return version, None
            return version, frozenset(UUID(key) for (key,) in self._connection.execute(_CHANGES, (since,)))

    async def tenant(self, tenant_id: UUID) -> Tenant | None:
        return self._one(TENANTS, _TENANT, tenant_id)

    async def tenant_of(self, domain: str) -> Tenant | None:
        return self._one(TENANTS, _TENANT_OF, domain)

    async def home(self, app_id: UUID) -> Application | None:
        return self._one(APPLICATIONS, _HOME, app_id)

    async def application(self, tenant_id: UUID, app_id: UUID) -> Application | None:
        return self._one(APPLICATIONS, _APPLICATION, tenant_id, app_id)

    async def principal(self, tenant_id: UUID, app_id: UUID) -> ServicePrincipal | None:
        return self._one(PRINCIPALS, _PRINCIPAL, tenant_id, app_id)

    async def credentials(self, application: Application) -> Sequence[FederatedCredential]:
        read = READ["credentials"]
        with self._view():
            kept = [read(each) for each in self._column(_CREDENTIALS, application.tenant_id, application.id)]
            records = {each.issuer_id: each.tenant_id for each in kept}
            issuers = {key: self._issuer(*self._column(_ISSUER, of, key)) for key, of in records.items()}
        return [each.assembled(issuers[each.issuer_id], application.id) for each in kept]

    async def issuers(self, tenant_id: UUID, url: str) -> Sequence[Issuer]:
        return [self._issuer(each) for each in self._column(_ISSUERS, tenant_id, url)]

    async def owner(self, tenant_id: UUID, key: str) -> UUID | None:
        found = self._column(_OWNER, tenant_id, key)
        return UUID(found[0]) if found else None

    async def roles(self, tenant_id: UUID, principal_id: UUID, resource_id: UUID) -> frozenset[UUID]:
        return frozenset(UUID(each) for each in self._column(_ROLES, tenant_id, principal_id, resource_id))

    def signing_keys(self) -> tuple[SigningKey, ...]:
        """Return every signing key."""
        return tuple(READ["signing_keys"](each) for each in self._column(_SIGNING_KEYS))

    def emitted(self) -> frozenset[str]:
        """Return every issuer string that this authority ever emitted."""
        return frozenset(self._column(_EMITTED))

    def tenant_ids(self) -> frozenset[UUID]:
        """Return the ids of all tenants."""
        return frozenset(UUID(each) for each in self._column(_TENANT_IDS))

    def place(self) -> int:
        """Return the place of the last event that ever was in the sign-in log; 0 before the first one."""
        return int(self._column(LAST_PLACE)[0])

    def issuer_urls(self) -> frozenset[str]:
        """Return the URLs of all issuer records."""
        return frozenset(self._column(_ISSUER_URLS))

    def beginning(self, mark: str) -> tuple[str, ...]:
        """Return the tenants and applications (by appId) whose id begins with ``mark``: a few of them, each named."""
        with self._view():
            tenants = [f"tenant {found}" for found in self._column(_TENANTS_FROM, mark, mark)]
            return (*tenants, *(f"application {found}" for found in self._column(_APPLICATIONS_FROM, mark, mark)))

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def _issuer(self, body: bytes) -> Issuer:
        """Return the record: the same value as last time while its text is the same."""
        issuer: Issuer = READ["issuers"](body)
        known = self._known.get(issuer.id)
        if known is not None and known[0] == body:
            return known[1]
        if len(self._known) >= _MOST_ISSUERS:
            self._known.clear()
        self._known[issuer.id] = (body, issuer)
        return issuer

    def _one(self, kind: Kind[V], statement: str, *values: UUID | str) -> V | None:
        found: V | None = next(map(READ[kind.table], self._column(statement, *values)), None)
        return found

    def _column(self, statement: str, *values: UUID | str) -> list[Any]:
        """Return the first column of what one statement finds; it sees one state of the database by itself."""
        try:
            return [row[0] for row in self._connection.execute(statement, tuple(map(str, values)))]
        except sqlite3.Error as error:
            self.damage.note(error)
            raise _unreadable(error) from error

    @contextmanager
    def _view(self) -> Iterator[None]:
        """Read all the statements inside from one state of the database."""
        try:
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self.damage.note(error)
            raise _unreadable(error) from error


def _unreadable(error: sqlite3.Error) -> Refused:
    """Return what an error means; a file that was closed meanwhile, because the process ends, is no fault."""
    closed = isinstance(error, sqlite3.ProgrammingError)
    return Refused(STORE_BUSY, reason=plain(error)) if closed else reason_of(error)
