"""One shelf in memory: what is found on it, what it refuses, and what it takes along."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol

import msgspec

from accredit.errors import CHANGED_MEANWHILE, OBJECT_NOT_FOUND, Refused
from accredit.stores.encoding import column
from accredit.stores.kinds import KINDS, Kind, V
from accredit.stores.properties import page
from accredit.stores.table import Table
from accredit.trust import FederatedCredential

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from uuid import UUID

    from accredit.query import Page, Query, Read
    from accredit.signins import Audit
    from accredit.stores.table import Values


@dataclass(frozen=True, slots=True)
class State:
    """All there is, as of one version."""

    tables: dict[str, Table[Any]] = field(default_factory=lambda: {kind.table: Table(kind) for kind in KINDS})
    names: dict[str, dict[Values, dict[str, Any]]] = field(default_factory=lambda: {"domains": {}, "identifiers": {}})
    audits: tuple[Audit, ...] = ()
    emitted: frozenset[str] = frozenset()
    version: int = 0
    seq: int = 0


class Within(Protocol):
    """The transaction that a shelf stands in."""

    state: State
    touched: set[UUID]  # what is announced when it ends

    def refuse_reading(self) -> None:
        """Raise ``RuntimeError`` when nothing may be written."""

    def table(self, kind: Kind[V]) -> Table[V]:
        """Return the table to read from."""

    def own_table(self, kind: Kind[V]) -> Table[V]:
        """Return the table to write to."""

    def next_seq(self) -> int:
        """Return the place of one more thing in the order in which they came."""


class MemoryShelf(Generic[V]):
    """All things of one kind, within one transaction."""

    def __init__(self, kind: Kind[V], transaction: Within) -> None:
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

    async def search(self, query: Query, **where: object) -> Page[V]:
        query = self._kind.questions.known(query)
        return page(query, self._asked(where), self._kind.place)

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
            children = MemoryShelf(kind, self._transaction)
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
                raise owned.refused()

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
