"""Fakes of the ports, in memory: they answer from plain values and keep what they are told."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from uuid import UUID

import msgspec

from accredit import tokens
from accredit.directory import Client, Held, Resource, Tenant
from accredit.errors import (
    CLIENT_UNKNOWN,
    ISSUER_UNREACHABLE,
    RESOURCE_UNKNOWN,
    TENANT_UNKNOWN,
    Refused,
)
from accredit.issuers import EMPTY, Issuer, KeyReference, KeySet
from accredit.ports import Outdated
from accredit.signins import Event, Sender, SignIn
from accredit.tokens import AccessToken, Grant
from accredit.trust import Trusted


class CountedIds:
    """Ids that count: the first object is number 1."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def object(self) -> UUID:
        return UUID(int=next(self._numbers))

    def trace(self) -> UUID:
        return UUID(int=next(self._numbers) << 8)

    def octets(self, count: int) -> bytes:
        return next(self._numbers).to_bytes(count)


@dataclass
class PlainDirectory:
    """A directory of one tenant and one client, and what the client trusts and may do."""

    home: Tenant
    one: Client
    trust: Trusted
    resources: Mapping[str, Resource] = field(default_factory=dict)
    roles: Held = field(default_factory=Held)
    records: Sequence[Issuer] = ()
    refreshed: int = 0

    async def tenant(self, name: UUID | str, client_id: str) -> Tenant:
        if name not in (self.home.id, *self.home.domains, "organizations"):
            raise Refused(TENANT_UNKNOWN, tenant=name, detail=client_id)
        return self.home

    async def client(self, tenant: Tenant, client_id: str) -> Client:
        if client_id.lower() != str(self.one.app_id):
            raise Refused(CLIENT_UNKNOWN, client=client_id, tenant=tenant.display_name)
        return self.one

    async def trusted(self, client: Client) -> Trusted:
        assert client is self.one
        return self.trust

    async def issuers(self, tenant: Tenant, url: str) -> Sequence[Issuer]:
        return [each for each in self.records if each.tenant_id == tenant.id and each.url == url]

    async def resource(self, tenant: Tenant, wanted: str) -> Resource:
        if wanted not in self.resources:
            raise Refused(RESOURCE_UNKNOWN, resource=wanted, tenant=tenant.display_name)
        return self.resources[wanted]

    async def held(self, client: Client, resource: Resource) -> Held:
        assert client is self.one
        assert resource in self.resources.values()
        return self.roles

    async def refresh(self) -> None:
        self.refreshed += 1


@dataclass
class PlainKeys:
    """Keys of issuers by record id. ``cached`` are at hand; the others cost a fetch, which is counted."""

    published: Mapping[UUID, KeySet] = field(default_factory=dict)
    cached: Collection[UUID] = ()
    fetches: list[UUID] = field(default_factory=list)

    def at_hand(self, issuer: Issuer) -> KeySet:
        return self.published.get(issuer.id, EMPTY) if issuer.id in self.cached or not issuer.fetches else EMPTY

    async def of(self, issuer: Issuer, wanted: KeyReference) -> KeySet:
        if not issuer.fetches or (issuer.id in self.cached and self.published[issuer.id].find(wanted)):
            return self.published.get(issuer.id, EMPTY)
        self.fetches.append(issuer.id)
        if issuer.id not in self.published:
            raise Refused(ISSUER_UNREACHABLE, detail="connect: refused")
        return self.published[issuer.id]


@dataclass
class PlainMint:
    """Writes the claims as JSON and signs nothing."""

    base: str
    minted: list[Grant] = field(default_factory=list)

    async def __call__(self, grant: Grant, now: datetime) -> AccessToken:
        self.minted.append(grant)
        at = int(now.timestamp())
        claims = msgspec.json.encode(tokens.claims(grant, self.base, at, "aio")).decode()
        return AccessToken(claims, at, grant.lifetime, grant.wanted)


@dataclass
class PlainSignIns:
    """Keeps every event. The first ``outdated`` attempts find that the trust has changed meanwhile."""

    outdated: int = 0
    events: list[Event] = field(default_factory=list)

    @asynccontextmanager
    async def attempt(self, at: datetime, sender: Sender, tenant: Tenant, client: Client) -> AsyncIterator[SignIn]:
        signin = SignIn(at, sender, tenant, client)
        refused: Refused | None = None
        try:
            yield signin
        except Refused as error:
            refused = error
        if self.outdated:
            self.outdated -= 1
            raise Outdated
        self.events.append(signin.event(refused, 1.5))
        if refused:
            raise refused
