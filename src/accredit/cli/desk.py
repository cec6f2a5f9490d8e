"""The store of this machine, opened for one command: what is read, who changes it, and where the result goes."""

from __future__ import annotations

import functools
import getpass
import os
from typing import TYPE_CHECKING, Any, Final

import click

from accredit.cli import names
from accredit.cli.session import Session
from accredit.cli.words import accredit

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from accredit.administer import Administrator
    from accredit.app.local import Local
    from accredit.directory import Application, Tenant
    from accredit.issuers import Issuer, KeyReference, KeySet
    from accredit.ports import Transaction
    from accredit.stores.event_reader import EventReader

    Story = Callable[..., Coroutine[Any, Any, None]]

_BACK: Final = {"enable": "disable", "disable": "enable", "block": "unblock", "unblock": "block"}


class Desk:
    """What a command that acts on the store works with."""

    def __init__(self, session: Session, local: Local) -> None:
        self.session = session
        self.local = local

    @functools.cached_property
    def by(self) -> Administrator:
        """Whoever runs this command."""
        from accredit.signins import Actor

        return self.local.administrator(Actor(name=_user(), kind="local", id=str(os.getuid())))

    @property
    def now(self) -> datetime:
        """The current instant, aware UTC."""
        return self.by.clock()

    def events(self) -> EventReader:
        """Open the sign-in log for reading; a context manager."""
        return self.local.events()

    async def tenant(self) -> Tenant:
        """Find the tenant that was named, or the only one."""
        async with self.reading() as store:
            return await names.tenant(store, self.session.tenant)

    async def application(self, wanted: str) -> Application:
        """Find an application of the tenant."""
        async with self.reading() as store:
            return await names.application(store, await names.tenant(store, self.session.tenant), wanted)

    def switched(self, verb: str, what: str, noun: Sequence[str], *which: object) -> None:
        """Say that something was switched, and with which command of its ``noun`` it is switched back."""
        past = verb.capitalize() + ("d" if verb.endswith("e") else "ed")
        self.session.done(f"{past} {what}", accredit(*noun, _BACK[verb], *which))

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a consistent view of the store."""
        return self.local.registry.reading()


class UploadedKeys:
    """The keys that a command has at hand: those that administrators uploaded. Nothing is ever fetched."""

    def at_hand(self, issuer: Issuer) -> KeySet:
        """Return the uploaded key set, or an empty one."""
        from accredit.issuers import EMPTY, jwks

        return EMPTY if issuer.jwks is None else jwks.parse(issuer.jwks, issuer, uploaded=True)

    async def of(self, issuer: Issuer, wanted: KeyReference) -> KeySet:  # noqa: ARG002  the port's signature
        """Return the same: a command has no network."""
        return self.at_hand(issuer)


def on_store(story: Story) -> Callable[..., None]:
    """Decorate the coroutine of a command: it gets a ``Desk`` before its own parameters."""

    @functools.wraps(story)
    def run(**given: Any) -> None:  # noqa: ANN401  click passes whatever the options hold
        session = click.get_current_context().ensure_object(Session)
        with session.local() as local:
            local.run(story(Desk(session, local), **given))

    return run


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a user database
        return str(os.getuid())
