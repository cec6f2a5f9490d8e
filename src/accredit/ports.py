"""The holes in the house: what the stories need from outside, in their words. Adapters are named in ``app`` only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime
    from uuid import UUID

    from accredit.assertions import Policy
    from accredit.directory import (
        Application,
        Assignment,
        Client,
        DelegatedGrant,
        Held,
        Ownership,
        Resource,
        RoleAssignment,
        ServicePrincipal,
        Tenant,
    )
    from accredit.directory.people import RoleMapping
    from accredit.issuers import Issuer, KeyReference, KeySet, OwnIssuers, Portability
    from accredit.query import Page, Query
    from accredit.signins import Audit, Sender, SignIn
    from accredit.tokens import AccessToken, Grant, SigningKey
    from accredit.trust import FederatedCredential, Trusted

    Clock = Callable[[], datetime]
    """Now, as an aware UTC datetime."""


V = TypeVar("V")


class Outdated(Exception):
    """The store knows newer trust than the decision read. Nothing was recorded; decide again."""


class Directory(Protocol):
    """Who exists. An absence is raised as the row named here, never returned as ``None``."""

    async def tenant(self, name: UUID | str, client_id: str) -> Tenant:
        """Find a tenant by id or domain; ``organizations`` is the home of ``client_id``. 90002 900023."""

    async def client(self, tenant: Tenant, client_id: str) -> Client:
        """Find an application and its service principal. 700016 7000229."""

    async def trusted(self, client: Client) -> Trusted:
        """Return what the application trusts, compiled."""

    async def issuers(self, tenant: Tenant, url: str) -> Sequence[Issuer]:
        """Return the tenant's issuer records with exactly this URL."""

    async def resource(self, tenant: Tenant, wanted: str) -> Resource:
        """Find the API that an identifier names. 500011."""

    async def held(self, client: Client, resource: Resource) -> Held:
        """Return the roles that the client holds on the resource."""

    async def refresh(self) -> None:
        """Take over what other processes changed. 90033."""


class Keys(Protocol):
    """Keys of registered issuers. Nothing here takes a URL from a token."""

    def at_hand(self, issuer: Issuer) -> KeySet:
        """Return the uploaded or cached key set, maybe an empty one. Never fetches."""

    async def of(self, issuer: Issuer, wanted: KeyReference) -> KeySet:
        """Return the issuer's key set, after at most one fetch. 90061 7000272."""


class Mint(Protocol):
    """Whoever can sign."""

    async def __call__(self, grant: Grant, now: datetime) -> AccessToken:
        """Turn a grant into a signed access token. 90033."""


class SignIns(Protocol):
    """The sign-in log."""

    def attempt(
        self, at: datetime, sender: Sender, tenant: Tenant, client: Client
    ) -> AbstractAsyncContextManager[SignIn]:
        """Open the form of one attempt. When the context ends its event is durable; else 90033, or ``Outdated``."""


class Searched(Protocol[V]):
    """What can be asked by the properties that Microsoft Graph knows."""

    async def search(self, query: Query, **where: object) -> Page[V]:
        """Return a page of those that meet ``query`` and whose indexed members equal ``where``. QUERY_UNSUPPORTED.

        Of the sign-in log, read by ``tenant_id`` and newest or oldest first, it may be short of what ``query`` asks
        for, or empty, and yet say where to go on: so far it was looked.
        """


class Ids(Protocol):
    """Every random value. Nothing else in the core invents one."""

    def object(self) -> UUID:
        """Return a new object id."""

    def trace(self) -> UUID:
        """Return a new request id; its last byte is 0, the shape of ``uti``."""

    def octets(self, count: int) -> bytes:
        """Return so many random octets."""


@dataclass(frozen=True, slots=True)
class Authority:
    """One running authority: its names and everything it leans on. Built once, in ``app``."""

    base: str  # public URL: scheme, host, port, no trailing slash
    own_issuers: OwnIssuers  # every issuer string it emits or ever emitted
    policies: Mapping[Portability, Policy]  # what an assertion may look like, before any record is known
    clock: Clock
    ids: Ids
    directory: Directory
    keys: Keys
    mint: Mint
    signins: SignIns


class Shelf(Searched[V], Protocol[V]):
    """All things of one kind. Keys are object ids; a signing key's is its kid."""

    async def get(self, key: UUID | str) -> V:
        """Return one. ``Request_ResourceNotFound`` when it is absent."""

    async def find(self, **where: object) -> Sequence[V]:
        """Return those whose members equal ``where`` (indexed members only), oldest first."""

    async def add(self, value: V) -> V:
        """Put a new one on the shelf. 409 when its key or a unique member is taken."""

    async def put(self, value: V) -> V:
        """Replace one and raise its revision. 409 when its revision is not the stored one any more."""

    async def remove(self, value: V) -> None:
        """Take one off the shelf. 409 when its revision is not the stored one any more."""


class Transaction(Protocol):
    """One change: all of it is stored, or nothing. Nothing but the store is awaited inside."""

    tenants: Shelf[Tenant]
    applications: Shelf[Application]
    principals: Shelf[ServicePrincipal]
    issuers: Shelf[Issuer]
    credentials: Shelf[FederatedCredential]
    assignments: Shelf[Assignment]
    ownerships: Shelf[Ownership]
    delegated_grants: Shelf[DelegatedGrant]
    role_assignments: Shelf[RoleAssignment]
    role_mappings: Shelf[RoleMapping]
    signing_keys: Shelf[SigningKey]
    audits: Searched[Audit]  # by ``tenant_id``, None: of the whole instance; newest first where no order is asked for

    async def named(self, tenant_id: UUID, identifier: str) -> UUID | None:
        """Return the appId that owns a resource identifier in a tenant; ``None`` when it is free."""

    async def audit(self, record: Audit) -> None:
        """Write who changed what beside the change."""

    async def emit(self, issuers: Sequence[str]) -> frozenset[str]:
        """Add to the issuer strings that this authority emits or ever emitted, and return all; the set only grows."""


class Registry(Protocol):
    """The directory as administrators change it."""

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a consistent view; what is written inside is refused."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a change. When the block ends it is stored, and holds for the next request; an exception undoes it."""
