"""Views of a SQLite file without SQLAlchemy, whose import costs more than all that a command reads.

Rule 1: what is found is what ``stores.sql`` would find: the same tests hold for both.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn
from uuid import UUID

from accredit.directory import identifier_key
from accredit.errors import OBJECT_NOT_FOUND, Refused
from accredit.stores import audits
from accredit.stores.encoding import column, guid
from accredit.stores.kept import READ
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
from accredit.stores.properties import paged

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Select

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
    from accredit.stores.aside import Reader
    from accredit.tokens import SigningKey
    from accredit.trust import FederatedCredential

_EMITTED: Final = "SELECT issuer FROM emitted_issuers"
_OWN: Final = (
    "SELECT app_id FROM principals WHERE tenant_id = ?1 AND app_id = ?2 "
    "UNION SELECT app_id FROM applications WHERE tenant_id = ?1 AND app_id = ?2"
)
_OWNER: Final = 'SELECT app_id FROM identifiers WHERE tenant_id = ? AND "key" = ?'


@contextmanager
def viewed(reader: Reader) -> Iterator[View]:
    """Open a view that does not move while the block runs."""
    reader.connection.execute("BEGIN")
    try:
        reader.connection.execute("SELECT version FROM configuration")  # a view begins with the first read
        yield View(reader)
    finally:
        reader.connection.execute("ROLLBACK")


class View:
    """One consistent view: a ``Transaction`` in which nothing can be written."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._connection = reader.connection
        self.tenants: Shelf[Tenant] = Read(TENANTS, reader)
        self.applications: Shelf[Application] = Read(APPLICATIONS, reader)
        self.principals: Shelf[ServicePrincipal] = Read(PRINCIPALS, reader)
        self.issuers: Shelf[Issuer] = Read(ISSUERS, reader)
        self.credentials: Shelf[FederatedCredential] = Read(CREDENTIALS, reader)
        self.assignments: Shelf[Assignment] = Read(ASSIGNMENTS, reader)
        self.ownerships: Shelf[Ownership] = Read(OWNERSHIPS, reader)
        self.delegated_grants: Shelf[DelegatedGrant] = Read(DELEGATED_GRANTS, reader)
        self.role_assignments: Shelf[RoleAssignment] = Read(ROLE_ASSIGNMENTS, reader)
        self.role_mappings: Shelf[RoleMapping] = Read(ROLE_MAPPINGS, reader)
        self.signing_keys: Shelf[SigningKey] = Read(KEYS, reader)
        self.audits: Searched[Audit] = audits.Records(self.search_audits)

    async def named(self, tenant_id: UUID, identifier: str) -> UUID | None:
        key = identifier_key(identifier)
        asked = (str(tenant_id), key)
        if guid(key) is not None and self._connection.execute(_OWN, asked).fetchone():
            return guid(key)
        found = self._connection.execute(_OWNER, asked).fetchone()
        return None if found is None else UUID(found[0])

    async def emit(self, issuers: Sequence[str]) -> frozenset[str]:
        if issuers:
            _refuse()
        return frozenset(issuer for (issuer,) in self._connection.execute(_EMITTED))

    async def audit(self, record: Audit) -> None:  # noqa: ARG002  the port's signature
        _refuse()

    async def search_audits(self, query: Query, **where: object) -> Page[Audit]:
        from accredit.stores import searching  # noqa: PLC0415  with SQLAlchemy, once a question is asked

        query = audits.known(query)
        bodies, count = await searching.audits(query, where["tenant_id"], partial(_asked, self._reader))
        return paged(query, [*map(audits.READ, bodies)], audits.place, count)


class Read(Generic[V]):
    """All things of one kind, as one view sees them."""

    def __init__(self, kind: Kind[V], reader: Reader) -> None:
        self._kind = kind
        self._reader = reader

    async def get(self, key: UUID | str) -> V:
        found = await self._read(f"{self._kind.key} = ?", [str(key)], "")
        if not found:
            raise Refused(OBJECT_NOT_FOUND, id=key)
        return found[0]

    async def find(self, **where: object) -> Sequence[V]:
        return await self._read(*self._equal(where), "ORDER BY seq")

    async def search(self, query: Query, **where: object) -> Page[V]:
        query = self._kind.questions.known(query)
        if query.condition is None and query.order is None:
            return await self._next(query, where)
        from accredit.stores import searching  # noqa: PLC0415  with SQLAlchemy, once a question is asked

        bodies, count = await searching.search(self._kind, query, where, partial(_asked, self._reader))
        return paged(query, self._values(bodies), self._kind.place, count)

    async def _next(self, query: Query, where: Mapping[str, object]) -> Page[V]:
        """Return a page in the order of keys: what commands ask, which have not imported SQLAlchemy yet."""
        asked, values = self._equal(where)
        if query.after is not None:
            asked, values = f"{asked} AND {self._kind.key} > ?", [*values, query.after[1]]
        found = await self._read(asked, [*values, query.limit + 1], f"ORDER BY {self._kind.key} LIMIT ?")
        return paged(query, found, self._kind.place, await self._count(where) if query.counted else None)

    async def _count(self, where: Mapping[str, object]) -> int:
        asked, values = self._equal(where)
        statement = f"SELECT count(*) FROM {self._kind.table} WHERE {asked}"  # noqa: S608  of our own names
        return int((await self._reader.rows(statement, values))[0][0])

    async def add(self, value: V) -> V:  # noqa: ARG002  the port's signature
        _refuse()

    async def put(self, value: V) -> V:  # noqa: ARG002  the port's signature
        _refuse()

    async def remove(self, value: V) -> None:  # noqa: ARG002  the port's signature
        _refuse()

    def _equal(self, where: Mapping[str, object]) -> tuple[str, list[Any]]:
        """Return the condition that ``where`` means, and its values. Names are those of our own tables only."""
        kind = self._kind
        kind.refuse_unindexed(where)
        parts, values = ["1"], list[Any]()
        for name in (each for each in where if each in kind.indexed):
            value = kind.encoded(name, where[name])
            parts.append(f'"{name}" IS ?')
            values.append(value)
        others = [each for each in where if each not in kind.indexed]
        if (owned := kind.owned) and others:
            of = [each for each in where if each in owned.unique]
            inner = " AND ".join(f'"{each}" IS ?' for each in of)
            parts.append(f"{kind.key} IN (SELECT {owned.owner} FROM {owned.table} WHERE {inner})")  # noqa: S608
            values += [column(where[each]) for each in of]
        return " AND ".join(parts), values

    async def _read(self, asked: str, values: Sequence[Any], rest: str) -> list[V]:
        statement = f"SELECT body FROM {self._kind.table} WHERE {asked} {rest}"  # noqa: S608  of our own names
        return self._values([body for (body,) in await self._reader.rows(statement, values)])

    def _values(self, bodies: Sequence[bytes]) -> list[V]:
        kept = [*map(READ[self._kind.table], bodies)]
        if self._kind is not CREDENTIALS:
            return kept
        issuers = {key: self._issuer(key) for key in {each.issuer_id for each in kept}}
        return [each.assembled(issuers[each.issuer_id]) for each in kept]

    def _issuer(self, key: UUID) -> Issuer:
        found = self._reader.connection.execute("SELECT body FROM issuers WHERE id = ?", (str(key),)).fetchone()
        issuer: Issuer = READ["issuers"](found[0])
        return issuer


async def _asked(reader: Reader, statement: Select[Any]) -> Sequence[Any]:
    from accredit.stores.searching import plain  # noqa: PLC0415  as above

    return [first for (first,) in await reader.rows(*plain(statement))]


def _refuse() -> NoReturn:
    raise RuntimeError("a view cannot be written to: open a transaction")
