"""The directory in memory: the reference for every store, and the fastest one for tests.

Rule 1: a transaction works on tables of its own, forked from the ones it began with when it first writes to them; they
replace the old ones when it ends well, all at once. Whoever reads keeps the tables that were there when they began.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Generic

import msgspec

from accredit.directory import identifier_key
from accredit.errors import CHANGED_MEANWHILE, OBJECT_NOT_FOUND, VALUE_TAKEN, Refused
from accredit.query import matches
from accredit.stores.audits import AUDITS, newest_first
from accredit.stores.encoding import CHANGES_KEPT, EMITTED_ISSUERS, column, guid, unheard
from accredit.stores.kinds import (
    APPLICATIONS,
    ASSIGNMENTS,
    CREDENTIALS,
    DELEGATED_GRANTS,
    ISSUERS,
    KEYS,
    KINDS,
    OWNERSHIPS,
    PRINCIPALS,
    ROLE_ASSIGNMENTS,
    TENANTS,
    Kind,
    V,
)
from accredit.stores.properties import nothing, page
from accredit.stores.table import Table
from accredit.trust import FederatedCredential

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
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
    from accredit.issuers import Issuer
    from accredit.ports import Shelf
    from accredit.query import Condition, Order, Query, Read, Scalar
    from accredit.signins import Audit
    from accredit.stores.encoding import Changed
    from accredit.stores.table import Values
    from accredit.tokens import SigningKey


@dataclass(frozen=True, slots=True)
class _State:
    """All there is, as of one version."""

    tables: dict[str, Table[Any]] = field(default_factory=lambda: {kind.table: Table(kind) for kind in KINDS})
    names: dict[str, dict[Values, dict[str, Any]]] = field(default_factory=lambda: {"domains": {}, "identifiers": {}})
    audits: tuple[Audit, ...] = ()
    emitted: frozenset[str] = frozenset()
    version: int = 0
    seq: int = 0


class _Transaction:
    """One change, or one consistent view."""

    def __init__(self, state: _State, *, writing: bool) -> None:
        self.state = state
        self.touched: set[UUID] = set()
        self._writing = writing
        self._audits: list[Audit] = []
        self._forked: set[str] = set()
        self.tenants: Shelf[Tenant] = _Shelf(TENANTS, self)
        self.applications: Shelf[Application] = _Shelf(APPLICATIONS, self)
        self.principals: Shelf[ServicePrincipal] = _Shelf(PRINCIPALS, self)
        self.issuers: Shelf[Issuer] = _Shelf(ISSUERS, self)
        self.credentials: Shelf[FederatedCredential] = _Shelf(CREDENTIALS, self)
        self.assignments: Shelf[Assignment] = _Shelf(ASSIGNMENTS, self)
        self.ownerships: Shelf[Ownership] = _Shelf(OWNERSHIPS, self)
        self.delegated_grants: Shelf[DelegatedGrant] = _Shelf(DELEGATED_GRANTS, self)
        self.role_assignments: Shelf[RoleAssignment] = _Shelf(ROLE_ASSIGNMENTS, self)
        self.signing_keys: Shelf[SigningKey] = _Shelf(KEYS, self)

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

    async def audits(self, query: Query, tenant_id: UUID) -> Sequence[Audit]:
        query = newest_first(query)
        AUDITS.refuse(query)
        kept = (each for each in (*self.state.audits, *self._audits) if each.tenant_id == tenant_id)
        return page(query, ((str(each.id), AUDITS.reader(each, nothing), each) for each in kept))

    async def emit(self, issuers: Sequence[str]) -> None:
        self.refuse_reading()
        if not self.state.emitted.issuperset(issuers):
            self.touched.add(EMITTED_ISSUERS)
            self.state = replace(self.state, emitted=self.state.emitted.union(issuers))

    async def emitted(self) -> frozenset[str]:
        return self.state.emitted

    def refuse_reading(self) -> None:
        if not self._writing:
            raise RuntimeError("a view cannot be written to: open a transaction")

    def ended(self) -> _State:
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


class _Shelf(Generic[V]):
    """All things of one kind, within one transaction."""

    def __init__(self, kind: Kind[V], transaction: _Transaction) -> None:
        self._kind = kind
        self._transaction = transaction

    @property
    def table(self) -> Table[V]:
        return self._transaction.table(self._kind)

    async def get(self, key: UUID | str) -> V:
        return self._read(self._stored(str(key))[1])

    async def find(self, **where: object) -> Sequence[V]:
        found = (self.table.rows[key] for key in self._keys(where))
        return [self._read(value) for _, value in sorted(found, key=lambda row: row[0])]

    async def page(self, *, after: UUID | str | None, limit: int, **where: object) -> Sequence[V]:
        keys = sorted(key for key in self._keys(where) if after is None or key > str(after))
        return [self._read(self.table.rows[key][1]) for key in keys[:limit]]

    async def search(self, query: Query, **where: object) -> Sequence[V]:
        self._kind.questions.refuse(query)
        return page(query, self._asked(where))

    def place(self, value: V, order: Order | None) -> tuple[Scalar, str]:
        return self._kind.place(value, order)

    async def count(self, condition: Condition | None, **where: object) -> int:
        self._kind.questions.refuse_condition(condition)
        return sum(condition is None or matches(condition, read) for _, read, _ in self._asked(where))

    def _asked(self, where: dict[str, object]) -> Iterator[tuple[str, Read, V]]:
        for key in self._keys(where):
            value = self._read(self.table.rows[key][1])
            yield key, self._kind.questions.reader(value, self._follow), value

    def _follow(self, table: str, key: UUID | None) -> object:
        row = self._transaction.state.tables[table].rows.get(str(key))
        return row and row[1]

    async def add(self, value: V) -> V:
        self._transaction.refuse_reading()
        key = str(self._kind.column(value, self._kind.key))
        self._refuse(value, None)
        self._set(key, self._transaction.next_seq(), value)
        return value

    async def put(self, value: V) -> V:
        self._transaction.refuse_reading()
        key, (seq, stored) = self._current(value)
        self._refuse(value, key)
        replaced = msgspec.structs.replace(value, revision=value.revision + 1)  # type: ignore[attr-defined]
        self._disown(stored)
        self._set(key, seq, replaced)
        return replaced

    async def remove(self, value: V) -> None:
        self._transaction.refuse_reading()
        key, (_, stored) = self._current(value)
        for kind, parent in self._kind.children():
            children = _Shelf(kind, self._transaction)
            for child in await children.find(**{parent.member: key}):
                if not parent.cascade:
                    raise Refused(CHANGED_MEANWHILE, detail=f"{kind.table} refer to {key}")
                await children.remove(child)
        table = self._transaction.own_table(self._kind)
        self._disown(stored)
        table.delete(key)
        self._transaction.touched.update(self._kind.touched(stored))

    def _keys(self, where: dict[str, object]) -> Iterable[str]:
        self._kind.refuse_unindexed(where)
        columns = {name: value for name, value in where.items() if name in self._kind.indexed}
        if (owned := self._kind.owned) is None or columns.keys() == where.keys():
            return self.table.search(columns)
        rows = self._transaction.state.names[owned.table].values()
        asked = {name: value for name, value in where.items() if name in owned.unique}
        owners = {str(each.get(owned.owner)) for each in rows if all(each[name] == asked[name] for name in asked)}
        return [key for key in self.table.search(columns) if key in owners]

    def _stored(self, key: str) -> tuple[int, V]:
        if (row := self.table.rows.get(key)) is None:
            raise Refused(OBJECT_NOT_FOUND, id=key)
        return row

    def _current(self, value: V) -> tuple[str, tuple[int, V]]:
        """Return the stored row of the same revision, in the same tenant."""
        key = str(self._kind.column(value, self._kind.key))
        row = self._stored(key)
        if any(getattr(row[1], each, None) != getattr(value, each, None) for each in ("revision", "tenant_id")):
            raise Refused(CHANGED_MEANWHILE)
        return key, row

    def _read(self, value: V) -> V:
        if not isinstance(value, FederatedCredential):
            return value
        issuer = self._transaction.state.tables["issuers"].rows[str(value.issuer.id)][1]
        return value if issuer is value.issuer else msgspec.structs.replace(value, issuer=issuer)

    def _refuse(self, value: V, key: str | None) -> None:
        """Raise what an index of ``value`` is violated by; ``key``: of the row that it replaces."""
        for unique in self._kind.uniques:
            values = self.table.values(value, unique.columns)
            if None not in values and any(other != key for other in self.table.taken(unique.columns, values)):
                raise unique.refused(value)
        for parent in self._kind.parents:
            wanted = self._kind.column(value, parent.member)
            row = None if wanted is None else self._transaction.state.tables[parent.table].rows.get(str(wanted))
            if wanted is not None and (row is None or _foreign(row[1], value)):
                raise Refused(OBJECT_NOT_FOUND, id=wanted)
        self._refuse_owned(value, key)

    def _refuse_owned(self, value: V, key: str | None) -> None:
        if (owned := self._kind.owned) is None:
            return
        names = self._transaction.state.names[owned.table]
        for row in owned.rows(value):
            taken = names.get(tuple(column(row[name]) for name in owned.unique))
            if taken is not None and str(taken.get(owned.owner)) != key:
                raise Refused(VALUE_TAKEN, property=owned.property)

    def _disown(self, stored: V) -> None:
        if owned := self._kind.owned:
            self._transaction.own_table(self._kind)
            for row in owned.rows(stored):
                del self._transaction.state.names[owned.table][tuple(column(row[name]) for name in owned.unique)]

    def _set(self, key: str, seq: int, value: V) -> None:
        self._transaction.own_table(self._kind).set(key, seq, value)
        if owned := self._kind.owned:
            names = self._transaction.state.names[owned.table]
            names |= {tuple(column(row[name]) for name in owned.unique): row for row in owned.rows(value)}
        self._transaction.touched.update(self._kind.touched(value))


def _foreign(parent: object, child: object) -> bool:
    """Whether ``parent`` belongs to another tenant than ``child``. A tenant belongs to none."""
    return hasattr(parent, "tenant_id") and parent.tenant_id != getattr(child, "tenant_id", None)


class MemoryRegistry:
    """The ``Registry`` port in memory. ``changed`` hears of each change before it is acknowledged."""

    def __init__(self, changed: Changed = unheard) -> None:
        self.changed = changed
        self._state = _State()
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
