"""One shelf of a database: the statements for one kind of thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic, Protocol
from uuid import UUID

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from accredit.errors import CHANGED_MEANWHILE, OBJECT_NOT_FOUND, Refused
from accredit.stores import searching
from accredit.stores.encoding import column
from accredit.stores.kept import READ, body
from accredit.stores.kinds import CREDENTIALS, Kind, V
from accredit.stores.properties import paged
from accredit.stores.schema import METADATA

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy import CursorResult, Executable, Select, Table
    from sqlalchemy.sql import ColumnElement

    from accredit.issuers import Issuer
    from accredit.query import Page, Query

_AT_ONCE: Final = 500  # values in one IN list


class Within(Protocol):
    """The transaction that a shelf stands in."""

    touched: set[UUID]  # what is announced when it ends

    def refuse_reading(self) -> None:
        """Raise ``RuntimeError`` when nothing may be written."""

    def step(self) -> AbstractContextManager[object]:
        """Open a part of the change that can fail alone."""

    async def execute(
        self, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[Any]:
        """Run one statement."""


class SqlShelf(Generic[V]):
    """All things of one kind, within one transaction."""

    def __init__(self, kind: Kind[V], transaction: Within) -> None:
        self._kind = kind
        self._transaction = transaction
        self._table = METADATA.tables[kind.table]
        self._key = self._table.c[kind.key]

    async def get(self, key: UUID | str) -> V:
        found = await self._read(self._bodies().where(self._key == str(key)))
        if not found:
            raise Refused(OBJECT_NOT_FOUND, id=key)
        return found[0]

    async def find(self, **where: object) -> Sequence[V]:
        return await self._read(self._bodies().where(*searching.equal(self._kind, where)).order_by(self._table.c.seq))

    async def search(self, query: Query, **where: object) -> Page[V]:
        query = self._kind.questions.known(query)
        bodies, count = await searching.search(self._kind, query, where, self._ask)
        return paged(query, await self._values(bodies), self._kind.place, count)

    async def add(self, value: V) -> V:
        await self._write(value, insert(self._table).values(self._row(value)), adds=True)
        return value

    async def put(self, value: V) -> V:
        replaced = msgspec.structs.replace(value, revision=value.revision + 1)  # type: ignore[attr-defined]
        await self._write(
            value, update(self._table).where(*self._as_read(value)).values(self._row(replaced)), adds=False
        )
        return replaced

    async def remove(self, value: V) -> None:
        self._transaction.refuse_reading()
        touched = [*self._kind.touched(value), *await self._vanishing(value)]
        try:
            removed = await self._execute(delete(self._table).where(*self._as_read(value)))
        except IntegrityError as error:  # something still refers to it that the caller has not seen
            raise Refused(CHANGED_MEANWHILE, detail=str(error.orig)) from error
        if removed.rowcount == 0:
            raise await self._not_as_read(value)
        self._transaction.touched.update(touched)

    def _key_of(self, value: V) -> str:
        return str(self._kind.column(value, self._kind.key))

    async def _execute(
        self, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[Any]:
        return await self._transaction.execute(statement, rows)

    def _bodies(self) -> Select[tuple[bytes]]:
        return select(self._table.c.body)

    async def _ask(self, statement: Select[Any]) -> Sequence[Any]:
        return (await self._execute(statement)).scalars().all()

    async def _read(self, statement: Select[tuple[bytes]]) -> list[V]:
        return await self._values(await self._ask(statement))

    async def _values(self, bodies: Sequence[bytes]) -> list[V]:
        kept = [*map(READ[self._kind.table], bodies)]
        if self._kind is not CREDENTIALS:
            return kept
        issuers = await self._issuers({str(each.issuer_id) for each in kept})
        return [each.assembled(issuers[each.issuer_id]) for each in kept]

    async def _issuers(self, wanted: set[str]) -> dict[UUID, Issuer]:
        table, read, ids = METADATA.tables["issuers"], READ["issuers"], sorted(wanted)
        found: dict[UUID, Issuer] = {}
        for start in range(0, len(ids), _AT_ONCE):
            some = await self._execute(select(table.c.body).where(table.c.id.in_(ids[start : start + _AT_ONCE])))
            found |= {issuer.id: issuer for issuer in map(read, some.scalars())}
        return found

    def _row(self, value: V) -> dict[str, Any]:
        return self._kind.row(value) | {"revision": value.revision, "body": body(value)}  # type: ignore[attr-defined]

    def _as_read(self, value: V) -> list[ColumnElement[bool]]:
        """Select the row of ``value`` if it still is as the caller read it."""
        same = [self._key == self._key_of(value)]
        members = [name for name in ("revision", "tenant_id") if name in self._table.c]
        return same + [self._table.c[name] == column(getattr(value, name)) for name in members]

    async def _not_as_read(self, value: V) -> Refused:
        key = self._key_of(value)
        there = (await self._execute(select(self._key).where(self._key == key))).scalar()
        return Refused(OBJECT_NOT_FOUND, id=key) if there is None else Refused(CHANGED_MEANWHILE)

    async def _vanishing(self, value: V) -> list[UUID]:
        """Return the ids of what vanishes with ``value`` and is announced under its own id."""
        key, found = self._key_of(value), list[UUID]()
        for kind, parent in self._kind.children():
            if kind.itself and parent.cascade:
                table = METADATA.tables[kind.table]
                ids = await self._execute(select(table.c.id).where(table.c[parent.member] == key))
                found.extend(UUID(each) for each in ids.scalars())
        return found

    async def _write(self, value: V, statement: Executable, *, adds: bool) -> None:
        """Write the row and the names it owns: both or, when an index is violated, neither."""
        self._transaction.refuse_reading()
        try:
            with self._transaction.step():
                if (await self._execute(statement)).rowcount == 0:
                    raise await self._not_as_read(value)
                await self._own(value, adds=adds)
                await self._collect(value, adds=adds)
        except IntegrityError as error:
            raise (await self._violation(value, None if adds else self._key_of(value)) or error) from error
        self._transaction.touched.update(self._kind.touched(value))

    async def _collect(self, value: V, *, adds: bool) -> None:
        """Write what stands in the collections of ``value``."""
        if not self._kind.elements:
            return
        table = METADATA.tables[self._kind.elements]
        if not adds:
            mine = (table.c.tenant_id == self._kind.row(value)["tenant_id"], table.c.owner_id == self._key_of(value))
            await self._execute(delete(table).where(*mine))
        if rows := self._kind.element_rows(value):
            await self._execute(insert(table), [{name: column(each) for name, each in row.items()} for row in rows])

    async def _own(self, value: V, *, adds: bool) -> None:
        if (owned := self._kind.owned) is None:
            return
        names = METADATA.tables[owned.table]
        if not adds:
            await self._execute(delete(names).where(names.c[owned.owner] == self._key_of(value)))
        if rows := [{name: column(member) for name, member in row.items()} for row in owned.rows(value)]:
            await self._execute(insert(names), rows)

    async def _violation(self, value: V, key: str | None) -> Refused | None:
        """Find the index that ``value`` violates; ``key``: of the row that it was to replace."""
        row = self._kind.row(value)
        for unique in self._kind.uniques:
            wanted = {name: row[name] for name in unique.columns}
            if None not in wanted.values() and await self._others(self._table, self._kind.key, wanted, key):
                return unique.refused(value)
        for parent in self._kind.parents:
            wanted = {"id": row[parent.member]} | ({} if parent.table == "tenants" else {"tenant_id": row["tenant_id"]})
            if wanted["id"] is not None and not await self._others(METADATA.tables[parent.table], "id", wanted, None):
                return Refused(OBJECT_NOT_FOUND, id=wanted["id"])
        if owned := self._kind.owned:
            for each in owned.rows(value):
                wanted = {name: column(each[name]) for name in owned.unique}
                if await self._others(METADATA.tables[owned.table], owned.owner, wanted, key):
                    return owned.refused()
        return None

    async def _others(self, table: Table, name: str, wanted: Mapping[str, Any], key: str | None) -> bool:
        """Whether a row other than that of ``key`` has the ``wanted`` values."""
        rows = await self._execute(select(table.c[name]).where(*(table.c[each] == wanted[each] for each in wanted)))
        return any(key is None or each != key for each in rows.scalars())
