"""Where a command acts: a store on this machine, or an authority at a URL. Commands see this, and nothing else of it.

Both read the same values from the same shelves and are changed by functions of the same names and arguments
(``accredit.administer`` and ``accredit.client``), so that a command is written once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager, AbstractContextManager
    from datetime import datetime, timedelta
    from uuid import UUID

    from accredit.app.online import Fetched
    from accredit.directory import Application, AppRole, Assignment, Certificate, Secret, ServicePrincipal, Tenant
    from accredit.interop.graph.activity import Trusted
    from accredit.issuers import Issuer, KeyReference, OwnIssuers
    from accredit.ports import Transaction
    from accredit.query import Page, Query
    from accredit.signins import Event
    from accredit.signins.summary import Window
    from accredit.signins.usage import HourCount, Use
    from accredit.trust import FederatedCredential


class NewSecret(Protocol):
    """A secret just made."""

    @property
    def secret(self) -> Secret: ...
    @property
    def value(self) -> str: ...


class Tenants(Protocol):
    async def update(self, tenant_id: UUID, **changes: object) -> Tenant: ...


class Applications(Protocol):
    async def create(self, tenant_id: UUID, /, *, with_principal: bool, **members: object) -> Application: ...
    async def update(self, application_id: UUID, **changes: object) -> Application: ...
    async def delete(self, application_id: UUID) -> None: ...
    async def add_role(self, application_id: UUID, *, value: str, display_name: str, description: str) -> AppRole: ...
    async def enable_role(self, application_id: UUID, role: UUID, *, enabled: bool) -> AppRole: ...
    async def remove_role(self, application_id: UUID, role: UUID) -> None: ...


class Credentials(Protocol):
    async def add(self, application_id: UUID, **members: object) -> FederatedCredential: ...
    async def update(self, application_id: UUID, which: UUID, **changes: object) -> FederatedCredential: ...
    async def delete(self, application_id: UUID, which: UUID) -> None: ...


class Evidence(Protocol):
    async def add_secret(self, object_id: UUID, *, display_name: str | None, ends_at: datetime | None) -> NewSecret: ...
    async def remove_secret(self, object_id: UUID, key_id: UUID) -> None: ...
    async def add_certificate(self, object_id: UUID, data: bytes, *, display_name: str | None) -> Certificate: ...
    async def remove_certificate(self, object_id: UUID, key_id: UUID) -> None: ...


class Principals(Protocol):
    async def create(self, tenant_id: UUID, app_id: UUID, /) -> ServicePrincipal: ...
    async def update(self, principal_id: UUID, *, enabled: bool) -> ServicePrincipal: ...


class Permissions(Protocol):
    async def grant(self, principal_id: UUID, resource_id: UUID, role: UUID) -> Assignment: ...
    async def revoke(self, principal_id: UUID, resource_id: UUID, role: UUID) -> None: ...


class Issuers(Protocol):
    async def create(self, tenant_id: UUID, issuer: str, /, **members: object) -> Issuer: ...
    async def update(self, issuer_id: UUID, **changes: object) -> Issuer: ...
    async def upload(self, issuer_id: UUID, document: str) -> Issuer: ...
    async def block(self, issuer_id: UUID, *, blocked: bool) -> Issuer: ...
    async def drop_keys(self, issuer_id: UUID) -> Issuer: ...
    async def probe(self, tenant_id: UUID, *, issuer_id: UUID | None = None, url: str = "") -> dict[str, Any]: ...
    async def refresh(self, issuer_id: UUID) -> dict[str, Any]: ...
    async def history(self, issuer: Issuer) -> dict[str, Any]: ...
    async def delete(self, issuer_id: UUID) -> None: ...


class Log(Protocol):
    """The sign-in log."""

    def search(self, tenant_id: UUID, query: Query) -> Page[Event]:
        """Return a page, as ``accredit.ports.Searched`` does. Where it ended is a place in this log and no other."""

    def by_id(self, event_id: UUID) -> Event | None: ...

    def hours(
        self,
        tenant_id: UUID,
        since: datetime,
        until: datetime,
        *,
        app_id: UUID | None = None,
        apart: bool = True,
        step: timedelta = ...,
    ) -> Sequence[HourCount]:
        """Return attempts by the hour, as ``accredit.web.signin_log`` does.

        If not ``apart``, perhaps less of each; with a ``step`` of more than an hour, perhaps so many hours as one.
        """

    def uses(self, tenant_id: UUID, app_id: UUID) -> Mapping[UUID, Use]:
        """Return what came of what an application signs in with, as ``accredit.web.signin_log`` does."""


class Place(Protocol):
    """Where a command acts."""

    @property
    def tenants(self) -> Tenants: ...
    @property
    def applications(self) -> Applications: ...
    @property
    def credentials(self) -> Credentials: ...
    @property
    def evidence(self) -> Evidence: ...
    @property
    def principals(self) -> Principals: ...
    @property
    def permissions(self) -> Permissions: ...
    @property
    def issuers(self) -> Issuers: ...

    @property
    def url(self) -> str:
        """Where tokens are asked for; empty where the store on this machine does not say."""

    @property
    def emulator(self) -> bool:
        """Whether it is an emulator's."""

    @property
    def own_issuers(self) -> OwnIssuers:
        """The issuers that are never believed there."""

    @property
    def now(self) -> datetime:
        """The current instant, aware UTC."""

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a view of the directory."""

    def log(self) -> AbstractContextManager[Log]:
        """Open the sign-in log."""

    def uses(self, tenant_id: UUID, app_id: UUID) -> Mapping[UUID, Use] | None:
        """Return what came of what an application signs in with; ``None``: who asks may not know, and was told so."""

    async def trusted(self, store: Transaction, application: Application) -> Sequence[Trusted]:
        """Return the federated credentials of an application, as the log names them."""

    def summaries(self, tenant_id: UUID, query: Query, window: Window) -> Page[dict[str, Any]]:
        """Return a page of what windows saw that is alike, each as Graph's ``summarizedSignIn``, newest first."""

    async def preview(self, tenant_id: UUID, **policies: object) -> list[dict[str, Any]]:
        """Return the credentials that a tenant would refuse with other policies, as Graph's extension writes them."""

    async def migration(self, tenant: Tenant, application: Application | None) -> list[dict[str, Any]]:
        """Return where credentials stand on the way to GitHub's subjects with ids, as Graph's extension writes them."""

    @property
    def reason(self) -> str:
        """Why errors that lint finds are accepted; empty: they are not."""

    def override(self, reason: str) -> None:
        """Accept, from now on, what lint calls an error, where the tenant takes none."""

    async def rehearsed(
        self, application: Application, which: UUID | None = None, **members: object
    ) -> FederatedCredential:
        """Return the credential that would be added, or ``which`` as it would be changed.

        Nothing is stored; what would be refused is refused.
        """

    async def replayed(
        self,
        application: Application,
        before: FederatedCredential | None,
        after: FederatedCredential | None,
        since: datetime,
    ) -> dict[str, Any]:
        """Return what a change of one credential would have meant for past sign-ins, as Graph's extension says it."""

    def fetched(self, records: Sequence[Issuer], wanted: KeyReference, base: str) -> Fetched:
        """Fetch the keys of issuers, as the exchange does. ``base``: the URL of the emulator, if that is known."""

    def run(self, story: Coroutine[Any, Any, None]) -> None:
        """Run a command to its end."""
