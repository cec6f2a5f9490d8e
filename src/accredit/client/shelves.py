"""The directory over Graph, read as a store is read: a shelf for each kind, with the same questions and values.

Rule 1: values are what ``accredit.interop.graph`` reads out of the JSON that the authority wrote; secrets have no
digests in them, and certificates only what is shown.
Rule 2: what the directory knows nothing about is asked by the caller's token: of its tenant only the id is sure until
``tenants.get`` has asked for the rest.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from msgspec.structs import replace

from accredit.client.audits import Audits
from accredit.client.graph import segment
from accredit.directory import Tenant, identifier_key, wellknown
from accredit.errors import OBJECT_NOT_FOUND, Refused
from accredit.interop.graph import application, assignment, credential, issuer, organization, principal
from accredit.interop.odata.writing import write_filter
from accredit.query import Any as AnyOf
from accredit.query import Compare, Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from uuid import UUID

    from accredit.client.graph import Graph, Json
    from accredit.directory import Application, Assignment, ServicePrincipal
    from accredit.issuers import Issuer
    from accredit.query import Condition, Query
    from accredit.trust import FederatedCredential

V = TypeVar("V")

LARGEST_PAGE: Final = 999
TRUST: Final = "federatedIdentityCredentials"
ISSUERS: Final = "accredit.issuers"
TENANT: Final = "accredit.tenant"
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ABSENT: Final = 404


class Shelf(Generic[V]):
    """Applications, or service principals: what has a path of its own, and is asked by its properties."""

    def __init__(self, graph: Graph, path: str, read: Callable[[Json], V], asked: Mapping[str, str]) -> None:
        self._graph = graph
        self._path = path
        self._read = read
        self._asked = asked  # members that are asked for, by what Graph calls them
        self._known: dict[object, V] = {}
        self._pages: Iterator[list[Json]] = iter(())

    async def get(self, key: UUID | str) -> V:
        """Return one. ``Request_ResourceNotFound`` when it is absent."""
        if key not in self._known:
            self._kept(self._graph.get(f"/{self._path}/{segment(key)}"))
        return self._known[key]

    async def find(self, *, tenant_id: UUID | None = None, **where: object) -> list[V]:  # noqa: ARG002  the token's
        """Return those whose members equal ``where``."""
        if "id" in where:
            return await _present(self.get, where["id"])
        terms = [Compare(self._asked[name], "eq", str(value)) for name, value in where.items()]
        found = self._graph.every(f"/{self._path}", filter=" and ".join(map(write_filter, terms)))
        return [each for each in map(self._kept, found) if _equal(each, where)]

    async def search(self, query: Query, **_: object) -> Page[V]:
        """Return the first page, or after it the one that follows the page before."""
        if query.after is None:
            self._pages = self._graph.pages(f"/{self._path}", top=str(min(query.limit, LARGEST_PAGE)))
        shown = [self._kept(each) for each in next(self._pages, [])]
        return Page(shown, (None, str(shown[-1].id)) if shown else None)  # type: ignore[attr-defined]  # as below

    def matching(self, condition: Condition) -> list[V]:
        """Return those that meet a condition."""
        return [self._kept(each) for each in self._graph.every(f"/{self._path}", filter=write_filter(condition))]

    def _kept(self, json: Json) -> V:
        value = self._read(json)
        self._known[value.id] = value  # type: ignore[attr-defined]  # all that stands on a shelf has an id
        return value


class Tenants:
    """The one tenant that the token is for."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._known: Tenant | None = None

    async def get(self, key: UUID | str) -> Tenant:
        """Return the tenant, with all its settings. ``Request_ResourceNotFound`` for any other."""
        if str(key) != str(self._graph.token.tenant_id):
            raise Refused(OBJECT_NOT_FOUND, id=key)
        if self._known is None:
            self._known = organization.read(self._graph.get(f"/{TENANT}"))[0]
        return self._known

    async def find(self, *, id: UUID | None = None, domain: str = "") -> list[Tenant]:  # noqa: A002  the member
        """Return the tenant, if it is the one of this id or domain."""
        token = self._graph.token
        if id is not None:
            return [self._named()] if id == token.tenant_id else []
        if domain == self._graph.tokens.tenant.lower():  # the token was asked for by this name
            return [self._named()]
        found = await self.get(token.tenant_id)
        return [found] if domain in found.domains else []

    async def search(self, _query: Query) -> Page[Tenant]:
        """Return the tenant."""
        return Page([self._named()])

    def _named(self) -> Tenant:
        token = self._graph.token
        return Tenant(id=token.tenant_id, display_name="", domains=(), created_at=_NEVER)


class Credentials:
    """What applications trust."""

    def __init__(self, graph: Graph, issuers: Issuers) -> None:
        self._graph = graph
        self._issuers = issuers

    async def search(self, _query: Query, *, issuer_id: UUID, tenant_id: UUID) -> Page[FederatedCredential]:  # noqa: ARG002
        """Return how many name an issuer record."""
        return Page((), count=self._issuers.credentials(issuer_id))

    async def find(
        self,
        *,
        application_id: UUID,
        tenant_id: UUID | None = None,  # noqa: ARG002  the token's
        **where: object,
    ) -> list[FederatedCredential]:
        """Return those of an application whose members equal ``where``. Of their issuers only id and URL are known."""
        found = self._graph.every(f"/applications/{application_id}/{TRUST}")
        read = (credential.read(each, self._graph.token.tenant_id, application_id) for each in found)
        return [each for each in read if _equal(each, where)]


class Assignments:
    """The app roles that service principals hold."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def find(
        self,
        *,
        principal_id: UUID,
        tenant_id: UUID | None = None,  # noqa: ARG002  the token's
        **where: object,
    ) -> list[Assignment]:
        """Return those of a service principal whose members equal ``where``."""
        found = self._graph.every(f"/servicePrincipals/{principal_id}/appRoleAssignments")
        read = (assignment.read(each, self._graph.token.tenant_id) for each in found)
        return [each for each in read if _equal(each, where)]


class Issuers:
    """The issuer records of the tenant, all read with the first question: there are few."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._known: list[tuple[Issuer, int | None]] | None = None

    async def get(self, key: UUID | str) -> Issuer:
        """Return one. ``Request_ResourceNotFound`` when it is absent."""
        return issuer.read(self._graph.get(f"/{ISSUERS}/{segment(key)}"), self._graph.token.tenant_id)[0]

    async def find(self, *, tenant_id: UUID | None = None, **where: object) -> list[Issuer]:  # noqa: ARG002
        """Return those whose members equal ``where``."""
        return [each for each, _ in self._all() if _equal(each, where)]

    async def search(self, _query: Query, **_: object) -> Page[Issuer]:
        """Return all of them."""
        return Page(sorted((each for each, _ in self._all()), key=lambda each: str(each.id)))

    def credentials(self, issuer_id: UUID) -> int:
        """Return how many credentials name a record."""
        return next((count or 0 for each, count in self._all() if each.id == issuer_id), 0)

    def _all(self) -> list[tuple[Issuer, int | None]]:
        if self._known is None:
            tenant_id = self._graph.token.tenant_id
            self._known = [issuer.read(each, tenant_id) for each in self._graph.every(f"/{ISSUERS}")]
        return self._known


class View:
    """The directory as it is read for one step of a command; what was read once in it is not read again."""

    def __init__(self, graph: Graph) -> None:
        token = graph.token
        self.tenants = Tenants(graph)
        self.applications: Shelf[Application] = Shelf(
            graph,
            "applications",
            lambda json: application.read(json, token.tenant_id),
            {"app_id": "appId", "display_name": "displayName"},
        )
        self.principals: Shelf[ServicePrincipal] = Shelf(
            graph,
            "servicePrincipals",
            lambda json: _kept(principal.read(json, token.tenant_id), graph.http.url),
            {"app_id": "appId", "display_name": "displayName"},
        )
        self.issuers = Issuers(graph)
        self.credentials = Credentials(graph, self.issuers)
        self.assignments = Assignments(graph)
        self.audits = Audits(graph)

    async def named(self, _tenant_id: UUID, identifier: str) -> UUID | None:
        """Return the appId that owns a resource identifier; ``None`` when nobody does."""
        key, spellings = identifier_key(identifier), {identifier, identifier.removesuffix("/"), f"{identifier}/"}
        for each in sorted(spellings):
            asked = AnyOf("servicePrincipalNames", Compare("", "eq", each))
            for found in self.principals.matching(asked):
                return found.app_id
            asked = AnyOf("identifierUris", Compare("", "eq", each))
            for owner in self.applications.matching(asked):
                if key in map(identifier_key, owner.identifier_uris):
                    return owner.app_id
        return None


def _kept(of: ServicePrincipal, base: str) -> ServicePrincipal:
    """Return a service principal as a store keeps it: without the names that follow from the authority's address."""
    known = (each for each in wellknown.principals().values() if each.app_id == of.app_id)
    derived = {name for each in known for name in wellknown.derived(each, base)}
    return replace(of, names=tuple(each for each in of.names if each not in derived))


async def _present(get: Callable[[Any], Any], key: object) -> list[Any]:
    try:
        return [await get(key)]
    except Refused as refused:
        if refused.row.status != _ABSENT:
            raise
        return []


def _equal(value: object, where: Mapping[str, object]) -> bool:
    """Whether the members of a value are what was asked for: Graph compares text without regard to case."""
    return all(getattr(value, name) == wanted for name, wanted in where.items())
