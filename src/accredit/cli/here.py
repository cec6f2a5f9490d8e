"""The store of this machine as a place to act in: read directly, changed by the functions of ``administer``."""

from __future__ import annotations

import functools
import getpass
import os
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from accredit.cli.issuers_here import IssuersHere

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime
    from uuid import UUID

    from accredit.administer import Administrator
    from accredit.app.key_watch import KeyWatching
    from accredit.app.local import Local
    from accredit.app.online import Fetched
    from accredit.cli import place
    from accredit.cli.session import Session
    from accredit.directory import Application, Tenant
    from accredit.interop.graph.preview import PolicyFinding
    from accredit.issuers import Issuer, KeyReference, OwnIssuers
    from accredit.ports import Transaction
    from accredit.query import Page, Query
    from accredit.signins.summary import Window
    from accredit.signins.usage import Use
    from accredit.stores.event_reader import EventReader
    from accredit.trust import FederatedCredential


class Here:
    """The store, opened for one command, beside a running server or without one."""

    def __init__(self, session: Session, local: Local) -> None:
        self.session = session
        self.local = local
        self.tenants = cast("place.Tenants", _Bound("tenants", self))
        self.applications = cast("place.Applications", _Bound("applications", self))
        self.credentials = cast("place.Credentials", _Bound("credentials", self))
        self.evidence = cast("place.Evidence", _Bound("evidence", self))
        self.principals = cast("place.Principals", _Bound("principals", self))
        self.permissions = cast("place.Permissions", _Bound("permissions", self))
        self.issuers = cast("place.Issuers", IssuersHere(_Bound("issuers", self), lambda: self.by, self._key_watch))

    @functools.cached_property
    def by(self) -> Administrator:
        """Whoever runs this command."""
        from accredit.signins import Actor

        return self.local.administrator(Actor(name=user(), kind="local", id=str(os.getuid())))

    @property
    def url(self) -> str:
        """Where tokens are asked for, if the settings say."""
        return self.local.base

    @property
    def emulator(self) -> bool:
        """Whether the store is an emulator's."""
        return self.local.folder.emulator

    @property
    def own_issuers(self) -> OwnIssuers:
        """The issuers that are never believed."""
        return self.local.own_issuers

    @property
    def now(self) -> datetime:
        """The current instant, aware UTC."""
        from accredit.app.chance import now

        return now()

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a consistent view of the store."""
        return self.local.registry.reading()

    def log(self) -> EventReader:
        """Open the sign-in log."""
        return self.local.events()

    def uses(self, tenant_id: UUID, app_id: UUID) -> Mapping[UUID, Use]:
        """Return what came of what an application signs in with, as far back as attempts are counted."""
        with self.log() as events:
            return events.uses(tenant_id, app_id)

    async def trusted(self, store: Transaction, application: Application) -> Sequence[FederatedCredential]:
        """Return the federated credentials of an application."""
        return await store.credentials.find(application_id=application.id)

    def summaries(self, tenant_id: UUID, query: Query, window: Window) -> Page[dict[str, Any]]:
        """Return a page of what windows saw that is alike, newest first."""
        from accredit.interop.graph import summary
        from accredit.query import Page
        from accredit.signins.summary import WINDOWS

        with self.log() as events:
            page = events.summaries(tenant_id, query, WINDOWS[window])
        return Page([summary.write(each) for each in page.things], page.after)

    async def preview(self, tenant_id: UUID, **policies: Any) -> list[dict[str, Any]]:  # noqa: ANN401  by name
        """Return the credentials that a tenant would refuse with other policies."""
        from accredit.administer import tenants
        from accredit.administer.preview import broken, errors
        from accredit.cli import names
        from accredit.interop.graph.parts import written

        would = await tenants.proposed(self.by, tenant_id, **policies)
        async with self.reading() as store:
            held = await names.everything(store.credentials, tenant_id=tenant_id)
            owners = {each.id: each for each in await names.everything(store.applications, tenant_id=tenant_id)}
            wrong = {each.id: await errors(self.by, store, would, each) for each in held}
        found: list[PolicyFinding] = []
        with self.log() as log:
            used = log.uses_of(tenant_id, {each.app_id for each in owners.values()})
            for each in held:
                of = owners[each.application_id]
                use = used.get(of.app_id, {}).get(each.id)
                last = log.by_id(use.last_id) if use is not None and use.last_id is not None else None
                found += broken(would, of, each, use.last_at if use is not None else None, last, wrong[each.id])
        return [written(each) for each in found]

    async def migration(self, tenant: Tenant, application: Application | None) -> list[dict[str, Any]]:
        """Return where credentials stand on the way to GitHub's subjects with ids."""
        from accredit.cli.migration_here import rows

        async with self.reading() as store:
            with self.log() as log:
                return await rows(store, log, tenant, application, self.now)

    @property
    def reason(self) -> str:
        """Why errors that lint finds are accepted."""
        return self.by.override

    def override(self, reason: str) -> None:
        """Accept, from now on, what lint calls an error."""
        self.by = replace(self.by, override=reason)

    async def rehearsed(
        self,
        application: Application,
        which: UUID | None = None,
        **members: Any,  # noqa: ANN401  by name
    ) -> FederatedCredential:
        """Return the credential that would be added, or ``which`` as it would be changed."""
        from accredit.administer import credentials
        from accredit.administer.rehearsing import rehearsed

        if which is not None:
            return await rehearsed(self.by, lambda by: credentials.update(by, application.id, which, **members))
        return await rehearsed(self.by, lambda by: credentials.add(by, application.id, **members))

    async def replayed(
        self,
        application: Application,
        before: FederatedCredential | None,
        after: FederatedCredential | None,
        since: datetime,
    ) -> dict[str, Any]:
        """Return what a change of one credential would have meant for past sign-ins."""
        from accredit.cli.replayed_here import replayed_here

        async with self.reading() as store:
            tenant = await store.tenants.get(application.tenant_id)
            held = await store.credentials.find(application_id=application.id)
        with self.log() as log:
            return replayed_here(log.since(tenant.id, application.app_id, since), held, before, after, tenant)

    def fetched(self, records: Sequence[Issuer], wanted: KeyReference, base: str) -> Fetched:
        """Fetch the keys of issuers from here."""
        from accredit.app.online import fetched

        folder = self.local.folder
        ca = (folder.path / "ca.pem").read_text("utf-8") if folder.emulator else ""
        return fetched(records, wanted, self.session.settings(), emulator=folder.emulator, base=base, ca=ca)

    def _key_watch(self) -> KeyWatching:
        from accredit.app.online import beside

        return beside(self.session.settings(), self.local.folder, base=self.local.base)

    def run(self, story: Coroutine[Any, Any, None]) -> None:
        """Run a command to its end. A local store never suspends, so no event loop is needed."""
        self.local.run(story)


class _Bound:
    """The functions of one noun of ``administer``, made by whoever runs the command, imported when one is called."""

    def __init__(self, noun: str, here: Here) -> None:
        self._noun = noun
        self._here = here

    def __getattr__(self, verb: str) -> Any:  # noqa: ANN401  typed by the protocol that it is cast to
        noun = import_module(f"accredit.administer.{self._noun}")
        return functools.partial(getattr(noun, verb), self._here.by)


def user() -> str:
    """Return the name of whoever runs the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a user database
        return str(os.getuid())
