"""The directory in memory: the reference for every store, and the fastest one for tests.

Rule 1: a transaction works on tables of its own, forked from the ones it began with when it first writes to them; they
replace the old ones when it ends well, all at once. Whoever reads keeps the tables that were there when they began.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from accredit.directory import identifier_key
from accredit.stores.audits import AUDITS, Records, known, place
from accredit.stores.encoding import CHANGES_KEPT, EMITTED_ISSUERS, guid, unheard
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
    Kind,
    V,
)
from accredit.stores.memory_shelf import MemoryShelf, State
from accredit.stores.properties import nothing, page

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from uuid import UUID

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
    from accredit.stores.table import Table
    from accredit.tokens import SigningKey
    from accredit.trust import FederatedCredential


class _Transaction:
    """One change, or one consistent view."""

    def __init__(self, state: State, *, writing: bool) -> None:
        self.state = state
        self.touched: set[UUID] = set()
        self._writing = writing
        self._audits: list[Audit] = []
        self._forked: set[str] = set()
        self.tenants: Shelf[Tenant] = MemoryShelf(TENANTS, self)
        self.applications: Shelf[Application] = MemoryShelf(APPLICATIONS, self)
        self.principals: Shelf[ServicePrincipal] = MemoryShelf(PRINCIPALS, self)
        self.issuers: Shelf[Issuer] = MemoryShelf(ISSUERS, self)
        self.credentials: Shelf[FederatedCredential] = MemoryShelf(CREDENTIALS, self)
        self.assignments: Shelf[Assignment] = MemoryShelf(ASSIGNMENTS, self)
        self.ownerships: Shelf[Ownership] = MemoryShelf(OWNERSHIPS, self)
        self.delegated_grants: Shelf[DelegatedGrant] = MemoryShelf(DELEGATED_GRANTS, self)
        self.role_assignments: Shelf[RoleAssignment] = MemoryShelf(ROLE_ASSIGNMENTS, self)
        self.role_mappings: Shelf[RoleMapping] = MemoryShelf(ROLE_MAPPINGS, self)
        self.signing_keys: Shelf[SigningKey] = MemoryShelf(KEYS, self)
        self.audits: Searched[Audit] = Records(self.search_audits)

    async def named(self, tenant_id: UUID, identifier: str) -> UUID | None:
        key = identifier_key(identifier)
        app_id = guid(key)
        if app_id and any(
            self.table(kind).taken(("tenant_id", "app_id"), (str(tenant_id), key))
            for kind in (PRINCIPALS, APPLICATIONS)
        ):
            return app_id
        found = self.state.names["identifiers"].get((str(tenant_id), key))
        return None if found is None else found["app_id"]

    async def audit(self, record: Audit) -> None:
        self.refuse_reading()
        self._audits.append(record)

    async def search_audits(self, query: Query, **where: object) -> Page[Audit]:
        query = known(query)
        kept = (each for each in (*self.state.audits, *self._audits) if each.tenant_id == where["tenant_id"])
        return page(query, ((str(each.id), AUDITS.reader(each, nothing), each) for each in kept), place)

    async def emit(self, issuers: Sequence[str]) -> frozenset[str]:
        if issuers:
            self.refuse_reading()
        if not self.state.emitted.issuperset(issuers):
            self.touched.add(EMITTED_ISSUERS)
            self.state = replace(self.state, emitted=self.state.emitted.union(issuers))
        return self.state.emitted

    def refuse_reading(self) -> None:
        if not self._writing:
            raise RuntimeError("a view cannot be written to: open a transaction")

    def ended(self) -> State:
        """Return what is to be stored, under the next version."""
        return replace(self.state, version=self.state.version + 1, audits=(*self.state.audits, *self._audits))

    def table(self, kind: Kind[V]) -> Table[V]:
        return self.state.tables[kind.table]

    def own_table(self, kind: Kind[V]) -> Table[V]:
        """Return the table to write to: forked at the first time, with the names that its things own."""
        self.refuse_reading()
        if kind.table not in self._forked:
            self._forked.add(kind.table)
            tables = self.state.tables | {kind.table: self.state.tables[kind.table].fork()}
            self.state = replace(self.state, tables=tables)
        if kind.owned and kind.owned.table not in self._forked:
            self._forked.add(kind.owned.table)
            names = self.state.names | {kind.owned.table: self.state.names[kind.owned.table].copy()}
            self.state = replace(self.state, names=names)
        return self.state.tables[kind.table]

    def next_seq(self) -> int:
        self.state = replace(self.state, seq=self.state.seq + 1)
        return self.state.seq


class MemoryRegistry:
    """The ``Registry`` port in memory. ``changed`` hears of each change before it is acknowledged."""

    def __init__(self, changed: Changed = unheard) -> None:
        self.changed = changed
        self._state = State()
        self._history: deque[tuple[int, frozenset[UUID]]] = deque(maxlen=CHANGES_KEPT)
        self._one_writer: Final = asyncio.Lock()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[_Transaction]:
        """Open a consistent view; what is written inside is refused."""
        yield _Transaction(self._state, writing=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[_Transaction]:
        """Open a change: stored when the block ends, undone by an exception."""
        async with self._one_writer:
            transaction = _Transaction(self._state, writing=True)
            yield transaction
            self._state, keys = transaction.ended(), frozenset(transaction.touched)
            self._history.append((self._state.version, keys))
            self.changed(self._state.version, keys)

    async def changes(self, since: int) -> tuple[int, frozenset[UUID] | None]:
        """Return the version, and the keys of what changed after ``since``; ``None``: more than is remembered."""
        newer = [keys for version, keys in self._history if version > since]
        known = self._state.version - since <= len(self._history)
        return self._state.version, frozenset().union(*newer) if known else None

    def everything(self, kind: Kind[V]) -> Iterator[V]:
        """Yield all things of one kind, oldest first."""
        rows = self._state.tables[kind.table].rows.values()
        return (value for _, value in sorted(rows, key=lambda row: row[0]))

    @property
    def emitted(self) -> frozenset[str]:
        """Every issuer string that was ever emitted."""
        return self._state.emitted

    @property
    def audits(self) -> tuple[Audit, ...]:
        """Who changed what, oldest first."""
        return self._state.audits
