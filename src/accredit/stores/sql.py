"""The directory in a database, over SQLAlchemy Core.

Rule 1: every change raises the configuration's version first. That row's lock puts all changes into one order, in any
database, so what is looked up inside a change cannot move; its rows in ``changes`` tell every process what to forget.
Rule 2: nothing here is known to one database only; what is stands in a ``Dialect``.
Rule 3: an index is violated first and explained after: the refusal is found by asking, never by reading a message.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import DatabaseError, OperationalError

from accredit.directory import identifier_key
from accredit.stores import audits, schema, searching
from accredit.stores.encoding import CHANGES_KEPT, EMITTED_ISSUERS, guid, unheard
from accredit.stores.health import Damage, is_damage, reason_of
from accredit.stores.kinds import (
    APPLICATIONS,
    ASSIGNMENTS,
    CREDENTIALS,
    DELEGATED_GRANTS,
    ISSUERS,
    KEYS,
    OWNERSHIPS,
    PRINCIPALS,
    ROLE_ASSIGNMENTS,
    ROLE_MAPPINGS,
    TENANTS,
)
from accredit.stores.properties import paged
from accredit.stores.shelf import SqlShelf

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection, CursorResult, Engine, Executable, Select

    from accredit.directory import (
        Application,
        Assignment,
        DelegatedGrant,
        Ownership,
        RoleAssignment,
        ServicePrincipal,
        Tenant,
    )
    from accredit.directory.people import RoleMapping
    from accredit.issuers import Issuer
    from accredit.ports import Searched, Shelf
    from accredit.query import Page, Query
    from accredit.signins import Audit
    from accredit.stores.encoding import Changed
    from accredit.tokens import SigningKey
    from accredit.trust import FederatedCredential


class Dialect(Protocol):
    """What one database does in its own way."""

    def begin(self, connection: Connection, *, writing: bool) -> None:
        """Begin a transaction: with the right to write, or a view that does not move."""


class SqlRegistry:
    """The ``Registry`` port over a database. ``changed`` hears of each change before it is acknowledged."""

    def __init__(
        self, engine: Engine, dialect: Dialect, changed: Changed = unheard, damage: Damage | None = None
    ) -> None:
        self._engine = engine
        self._dialect = dialect
        self._changed = changed
        self._damage = damage or Damage()
        self._one_writer: Final = asyncio.Lock()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[SqlTransaction]:
        """Open a consistent view; what is written inside is refused."""
        with _unavailable(self._damage), self._engine.connect() as connection:
            self._dialect.begin(connection, writing=False)
            yield SqlTransaction(connection, writing=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqlTransaction]:
        """Open a change: stored when the block ends, undone by an exception. Await nothing but the store inside."""
        async with self._one_writer:
            with _unavailable(self._damage), self._engine.connect() as connection:
                self._dialect.begin(connection, writing=True)
                transaction = SqlTransaction(connection, writing=True)
                version = await transaction.begin()
                yield transaction
                await transaction.announce(version)
                connection.commit()
            self._changed(version, frozenset(transaction.touched))

    async def changes(self, since: int) -> tuple[int, frozenset[UUID] | None]:
        """Return the version, and the keys of what changed after ``since``; ``None``: more than is remembered."""
        async with self.reading() as view:
            return await view.changes(since)

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()


@contextmanager
def _unavailable(damage: Damage) -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        first: BaseException | None = error  # a full disk ends the transaction, and all that is tried after fails too
        reason: BaseException = error
        while first is not None:
            reason = first.orig or first if isinstance(first, DatabaseError) else reason
            first = first.__context__
        damage.note(reason)
        if not isinstance(reason, sqlite3.Error) or not (is_damage(reason) or isinstance(error, OperationalError)):
            raise
        raise reason_of(reason) from error


class SqlTransaction:
    """One change, or one consistent view."""

    def __init__(self, connection: Connection, *, writing: bool) -> None:
        self.connection = connection
        self.touched: set[UUID] = set()
        self._writing = writing
        self.tenants: Shelf[Tenant] = SqlShelf(TENANTS, self)
        self.applications: Shelf[Application] = SqlShelf(APPLICATIONS, self)
        self.principals: Shelf[ServicePrincipal] = SqlShelf(PRINCIPALS, self)
        self.issuers: Shelf[Issuer] = SqlShelf(ISSUERS, self)
        self.credentials: Shelf[FederatedCredential] = SqlShelf(CREDENTIALS, self)
        self.assignments: Shelf[Assignment] = SqlShelf(ASSIGNMENTS, self)
        self.ownerships: Shelf[Ownership] = SqlShelf(OWNERSHIPS, self)
        self.delegated_grants: Shelf[DelegatedGrant] = SqlShelf(DELEGATED_GRANTS, self)
        self.role_assignments: Shelf[RoleAssignment] = SqlShelf(ROLE_ASSIGNMENTS, self)
        self.role_mappings: Shelf[RoleMapping] = SqlShelf(ROLE_MAPPINGS, self)
        self.signing_keys: Shelf[SigningKey] = SqlShelf(KEYS, self)
        self.audits: Searched[Audit] = audits.Records(self.search_audits)

    def step(self) -> AbstractContextManager[object]:
        """Open a part of the change that can fail alone."""
        return self.connection.begin_nested()

    async def execute(
        self, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[Any]:
        return self.connection.execute(statement, rows)

    async def begin(self) -> int:
        """Take the next version, and with it the right to be the only one who changes anything."""
        version = schema.configuration.c.version
        raised = await self.execute(update(schema.configuration).values(version=version + 1).returning(version))
        return int(raised.scalar_one())

    async def announce(self, version: int) -> None:
        """Write down what changed, for whoever keeps some of it in memory."""
        if self.touched:
            rows = [{"version": version, "key": str(key)} for key in sorted(self.touched)]
            await self.execute(insert(schema.changes), rows)
            await self.execute(delete(schema.changes).where(schema.changes.c.version <= version - CHANGES_KEPT))

    async def changes(self, since: int) -> tuple[int, frozenset[UUID] | None]:
        version = int((await self.execute(select(schema.configuration.c.version))).scalar_one())
        if version - since > CHANGES_KEPT:
            return version, None
        keys = await self.execute(select(schema.changes.c.key).where(schema.changes.c.version > since))
        return version, frozenset(UUID(key) for key in keys.scalars())

    async def named(self, tenant_id: UUID, identifier: str) -> UUID | None:
        key = identifier_key(identifier)
        if guid(key) is not None:
            for table in (schema.principals, schema.applications):
                own = select(table.c.app_id).where(table.c.tenant_id == str(tenant_id), table.c.app_id == key)
                if (await self.execute(own)).scalar() is not None:
                    return guid(key)
        names = schema.identifiers
        owner = select(names.c.app_id).where(names.c.tenant_id == str(tenant_id), names.c.key == key)
        found = (await self.execute(owner)).scalar()
        return None if found is None else UUID(found)

    async def audit(self, record: Audit) -> None:
        self.refuse_reading()
        await self.execute(insert(schema.audits).values(audits.row(record)))
        if rows := audits.targets(record):
            await self.execute(insert(schema.audit_elements), rows)

    async def search_audits(self, query: Query, **where: object) -> Page[Audit]:
        async def ask(statement: Select[Any]) -> Sequence[Any]:
            return (await self.execute(statement)).scalars().all()

        query = audits.known(query)
        bodies, count = await searching.audits(query, where["tenant_id"], ask)
        return paged(query, [*map(audits.READ, bodies)], audits.place, count)

    async def emit(self, issuers: Sequence[str]) -> frozenset[str]:
        if issuers:
            self.refuse_reading()
        emitted = frozenset((await self.execute(select(schema.emitted_issuers.c.issuer))).scalars())
        if new := [each for each in dict.fromkeys(issuers) if each not in emitted]:
            self.touched.add(EMITTED_ISSUERS)
            await self.execute(insert(schema.emitted_issuers), [{"issuer": each} for each in new])
        return emitted.union(new)

    def refuse_reading(self) -> None:
        if not self._writing:
            raise RuntimeError("a view cannot be written to: open a transaction")
