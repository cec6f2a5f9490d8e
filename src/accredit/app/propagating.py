"""A directory that learns late, as every region of a large one does. Emulator only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from accredit.trust import Trusted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from accredit.directory import Client, Held, Resource, Tenant
    from accredit.issuers import Issuer
    from accredit.ports import Directory


@dataclass(frozen=True, slots=True)
class Propagating:
    """The directory as it is seen where news arrives late.

    Of the credentials made from ``since`` on, those made after ``until`` are not known yet.
    """

    _directory: Directory
    _since: datetime
    _until: datetime

    async def trusted(self, client: Client) -> Trusted:
        """Return what the application trusts, without what is too new."""
        trusted = await self._directory.trusted(client)
        seen = [each for each in trusted.credentials if each.created_at < self._since or each.created_at <= self._until]
        if len(seen) == len(trusted.credentials):
            return trusted
        return Trusted(seen, multi_audience=trusted.multi_audience)

    async def tenant(self, name: UUID | str, client_id: str) -> Tenant:
        """Find a tenant."""
        return await self._directory.tenant(name, client_id)

    async def client(self, tenant: Tenant, client_id: str) -> Client:
        """Find an application and its service principal."""
        return await self._directory.client(tenant, client_id)

    async def issuers(self, tenant: Tenant, url: str) -> Sequence[Issuer]:
        """Return the issuer records with this URL."""
        return await self._directory.issuers(tenant, url)

    async def resource(self, tenant: Tenant, wanted: str) -> Resource:
        """Find the API that an identifier names."""
        return await self._directory.resource(tenant, wanted)

    async def held(self, client: Client, resource: Resource) -> Held:
        """Return the roles that the client holds on the resource."""
        return await self._directory.held(client, resource)

    async def refresh(self) -> None:
        """Take over what other processes changed."""
        await self._directory.refresh()
