"""An authority as a test has it: one tenant of it, what is in that, what happened, and what shall go wrong."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from accredit.app.asked import Asked
from accredit.errors import Refused
from accredit.testing import place, report
from accredit.testing.application import Application
from accredit.testing.clock import Clock
from accredit.testing.idp import Idp
from accredit.testing.log import SignIns
from accredit.testing.place import KitError
from accredit.testing.variables import Variables, misleading, no_proxy

if TYPE_CHECKING:
    from collections.abc import Collection, Coroutine, Iterator
    from uuid import UUID

    import httpx2

    from accredit.directory import Application as Registered
    from accredit.directory import ServicePrincipal
    from accredit.ports import Transaction
    from accredit.testing.place import Directory, Place, Tenant

T = TypeVar("T")


class Authority:
    """One tenant of a running authority. ``tenant()`` gives another one to a test that wants to be alone."""

    def __init__(self, where: Place, tenant: Tenant | None = None) -> None:
        self._place = where
        self._tenant = tenant or where.home
        self._folder: TemporaryDirectory[str] | None = None
        self.provoked = False  # whether this test changed what others of the same authority would notice
        self.idp = Idp(where, self.folder)
        self.clock = Clock(where, self._provoke)
        self.sign_ins = SignIns(where, self._tenant)

    def __repr__(self) -> str:
        return f"Authority({self.url}, tenant {self.tenant_domain})"

    # ── where it is ──────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def url(self) -> str:
        """Its address: ``AZURE_AUTHORITY_HOST``."""
        return str(self._place.ready["url"])

    @property
    def ca_file(self) -> str:
        """The certificates (PEM) that clients trust. It vouches for this machine's loopback names only."""
        return str(self._place.ready["ca_file"])

    @property
    def tenant_id(self) -> str:
        """The tenant."""
        return str(self._tenant.tenant_id)

    @property
    def tenant_domain(self) -> str:
        """Its domain."""
        return self._tenant.tenant_domain

    @property
    def ready(self) -> Mapping[str, Any]:
        """What the authority's ready file says (``docs/emulator.md``)."""
        return self._place.ready

    @property
    def issuer(self) -> str:
        """What ``iss`` says in its tokens of version 2.0."""
        return f"{self.url}/{self.tenant_id}/v2.0"

    @property
    def openid_configuration(self) -> str:
        """The address of its discovery document: what an API that checks its tokens is told."""
        return f"{self.issuer}/.well-known/openid-configuration"

    @property
    def jwks_uri(self) -> str:
        """The address of its keys."""
        return f"{self.url}/{self.tenant_id}/discovery/v2.0/keys"

    @property
    def token_endpoint(self) -> str:
        """The address that tokens are asked for at."""
        return f"{self.url}/{self.tenant_id}/oauth2/v2.0/token"

    @property
    def http(self) -> httpx2.Client:
        """A plain client that trusts it."""
        return self._place.http

    @contextmanager
    def tenant(self) -> Iterator[Authority]:
        """Give a fresh tenant; nothing in it, and nothing that happens in it, is seen in another one.

        Clock, issuers and what is provoked are the authority's: at the end of the block they are as usual again.
        """
        made = Authority(self._place, self._place.fresh())
        try:
            yield made
        finally:
            made.idp.heal()
            if made.provoked:
                made.reset()
            made.close()

    # ── what is in it ────────────────────────────────────────────────────────────────────────────────────────────────

    def application(self, name: str = "workload", *, roles: Mapping[str, Collection[str]] | None = None) -> Application:
        """Register an application. ``roles``: by API (``api://orders``), the app roles that it is granted.

        An API or a role that is not there is made, so that a test says only what it is about. ``KitError`` for roles
        without an API.
        """
        if not isinstance(roles or {}, Mapping):
            raise KitError('roles are given by API: roles={"api://orders": ["Orders.Read.All"]}')
        return Application(self, self.run(self._registered(name, roles or {})))

    def api(self, identifier: str, *roles: str) -> str:
        """Register an API with app roles, or add roles to one; return its client id, which is ``aud`` in its tokens."""
        return str(self.run(self._offered(identifier, roles)).app_id)

    @property
    def directory(self) -> Directory:
        """Its directory: nouns and verbs of ``accredit.administer``, whose coroutines ``run`` runs to their end."""
        return self._place.directory(self._tenant)

    def run(self, story: Coroutine[Any, Any, T]) -> T:
        """Run a story over its directory. ``KitError`` for what it refuses."""
        __tracebackhide__ = True  # a test that fails here is shown where it asked
        try:
            return self._place.run(story)
        except Refused as error:
            raise place.refused(error) from error

    # ── what happened ────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def requests(self) -> list[Asked]:
        """What its token endpoint was asked, oldest first: never a token or a secret."""
        found = msgspec.convert(self._place.control("_requests", {})["requests"], list[Asked])
        here = [each for each in found if each.tenant.lower() in {self.tenant_id, self.tenant_domain}]
        return [each for each in here if not self._place.is_ours(self._tenant, each.client_id)]

    def explanation(self) -> str:
        """Say what became of the last request for a token, and why; empty when there was none."""
        return report.of_last(self._place, self._tenant, self.requests)

    # ── what shall go wrong ──────────────────────────────────────────────────────────────────────────────────────────

    def next_response(
        self,
        error: str,
        *,
        times: int | None = 1,
        status: int | None = None,
        retry_after: int | None = None,
        client_id: str = "",
    ) -> None:
        """Refuse the next token requests with an AADSTS code (``None``: until ``reset``). All applications' count."""
        told = {"error": error, "times": times, "status": status, "retry_after": retry_after, "client_id": client_id}
        self._provoke("_next", told)

    def throttle(self, status: int = 429, *, retry_after: int = 1, times: int | None = 1, client_id: str = "") -> None:
        """Refuse the next token requests with 429 (or 503) and ``Retry-After`` in seconds."""
        told = {"status": status, "retry_after": retry_after, "times": times, "client_id": client_id}
        self._provoke("_throttle", told)

    def propagation_delay(self, seconds: float) -> None:
        """Let a credential be seen only so many seconds after it was added, as in Entra ID; 0: at once."""
        self._provoke("_delay", {"seconds": seconds})

    def reset(self) -> None:
        """Be an ordinary authority again: nothing provoked, the machine's clock, no request remembered."""
        self.idp.heal()
        self._place.control("_reset", {})
        self.provoked = False

    def _provoke(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        self.provoked = True
        return self._place.control(path, body)

    # ── clients ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def azure_environment(
        self, app: Application, token: str | None = None, *, environment: Mapping[str, str] | None = None
    ) -> Variables:
        """Return the variables that make unmodified azure-identity sign in as ``app``, to be set with ``with``.

        ``token``: the platform's token; one that ``app`` trusts, if none is given. Only variables change: whatever
        would mislead the clients (other credentials, proxies, roots) is taken away meanwhile.
        """
        around = os.environ if environment is None else environment
        path = Path(self.folder(), f"token-{app.client_id}")
        path.touch(mode=0o600)
        path.write_text(app.assertion() if token is None else token, encoding="ascii")
        given = {
            "AZURE_AUTHORITY_HOST": self.url,
            "AZURE_TENANT_ID": self.tenant_id,
            "AZURE_CLIENT_ID": app.client_id,
            "AZURE_FEDERATED_TOKEN_FILE": str(path),
            "REQUESTS_CA_BUNDLE": self.ca_file,
            "SSL_CERT_FILE": self.ca_file,
            "NODE_EXTRA_CA_CERTS": self.ca_file,
            **no_proxy(around),
        }
        return Variables(given, without=set(misleading(around)) - set(given), ca_file=self.ca_file)

    def folder(self) -> Path:
        """Return a folder for files of this test; it goes with ``close``."""
        if self._folder is None:
            self._folder = TemporaryDirectory(prefix="accredit-test-", ignore_cleanup_errors=True)
        return Path(self._folder.name)

    def close(self) -> None:
        """Take away the files that were made beside the authority."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    # ── stories over the directory ───────────────────────────────────────────────────────────────────────────────────

    async def granted(self, who: Registered, resource: str, roles: Collection[str]) -> None:
        """Grant app roles of an API to an application, and make what is not there."""
        async with self.directory.reading() as view:
            known = await self._named(view, resource)
        if known is None or known.application_id is not None:
            owner = (await self._offered(resource, roles)).app_id
            async with self.directory.reading() as view:
                known = await self._principal(view, owner)
                offered = (await view.applications.find(app_id=owner))[0].app_roles
        else:
            offered = known.app_roles
        ids = {each.value: each.id for each in offered}
        if missing := [each for each in roles if each not in ids]:
            raise KitError(f"{resource} has no app role {missing[0]} (there are: {', '.join(sorted(ids))})")
        async with self.directory.reading() as view:
            principal = await self._principal(view, who.app_id)
        for each in roles:
            await self.directory.permissions.grant(principal.id, known.id, ids[each])

    async def _registered(self, name: str, roles: Mapping[str, Collection[str]]) -> Registered:
        made: Registered = await self.directory.applications.create(
            self._tenant.tenant_id, display_name=name, with_principal=True
        )
        for resource, wanted in roles.items():
            await self.granted(made, resource, [wanted] if isinstance(wanted, str) else wanted)
        return made

    async def _offered(self, identifier: str, roles: Collection[str]) -> Registered:
        """Return the application that is the API of this identifier, and has these roles."""
        async with self.directory.reading() as view:
            owner = await view.named(self._tenant.tenant_id, identifier)
            found = [] if owner is None else await view.applications.find(app_id=owner)
        if found:
            made = found[0]
        else:
            made = await self.directory.applications.create(
                self._tenant.tenant_id,
                display_name=identifier,
                identifier_uris=(identifier,),
                token_version=2,
                with_principal=True,
            )
        for each in roles:
            if each not in {role.value for role in made.app_roles}:
                await self.directory.applications.add_role(made.id, value=each, display_name=each, description="")
        return made

    async def _named(self, view: Transaction, identifier: str) -> ServicePrincipal | None:
        """Return the service principal of a resource; ``None`` when there is none."""
        owner = await view.named(self._tenant.tenant_id, identifier)
        return None if owner is None else await self._principal(view, owner)

    async def _principal(self, view: Transaction, app_id: UUID) -> ServicePrincipal:
        return (await view.principals.find(tenant_id=self._tenant.tenant_id, app_id=app_id))[0]
