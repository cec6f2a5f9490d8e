"""What a command works with: the place where it acts, what it finds there, and where the result goes."""

from __future__ import annotations

import functools
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import click

from accredit.cli import names, profiles
from accredit.cli.failures import Said
from accredit.cli.session import Session
from accredit.cli.words import accredit
from accredit.errors import HOST_ONLY, STORE_MISSING, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime
    from uuid import UUID

    from accredit.cli.here import Here
    from accredit.cli.place import Place
    from accredit.directory import Application, Tenant
    from accredit.issuers import Issuer, KeyReference, KeySet
    from accredit.ports import Transaction
    from accredit.signins.usage import Use

    Story = Callable[..., Coroutine[Any, Any, None]]

_BACK: Final = {"enable": "disable", "disable": "enable", "block": "unblock", "unblock": "block"}


class Desk:
    """What a command that acts on a directory works with."""

    def __init__(self, session: Session, place: Place) -> None:
        self.session = session
        self.place = place

    @property
    def now(self) -> datetime:
        """The current instant, aware UTC."""
        return self.place.now

    async def tenant(self) -> Tenant:
        """Find the tenant that was named, or the only one. Of a tenant elsewhere only the id is sure."""
        async with self.reading() as store:
            return await names.tenant(store, self.session.tenant)

    async def application(self, wanted: str) -> Application:
        """Find an application of the tenant."""
        async with self.reading() as store:
            return await names.application(store, await names.tenant(store, self.session.tenant), wanted)

    def uses(self, of: Application) -> Mapping[UUID, Use]:
        """Return what came of what an application signs in with; nothing, where who asks may not know."""
        return self.place.uses(of.tenant_id, of.app_id) or {}

    def switched(self, verb: str, what: str, noun: Sequence[str], *which: object) -> None:
        """Say that something was switched, and with which command of its ``noun`` it is switched back."""
        past = verb.capitalize() + ("d" if verb.endswith("e") else "ed")
        self.session.done(f"{past} {what}", accredit(*noun, _BACK[verb], *which))

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a view of the directory: of the store a consistent one."""
        return self.place.reading()


class HostDesk(Desk):
    """A desk on the authority's own host, for what concerns the whole instance."""

    def __init__(self, session: Session, here: Here) -> None:
        super().__init__(session, here)
        self.here = here


class UploadedKeys:
    """The keys that a command has at hand: those that administrators uploaded. Nothing is ever fetched."""

    def at_hand(self, issuer: Issuer) -> KeySet:
        """Return the uploaded key set, or an empty one."""
        from accredit.issuers import EMPTY, jwks

        return EMPTY if issuer.jwks is None else jwks.parse(issuer.jwks, issuer, uploaded=True)

    async def of(self, issuer: Issuer, wanted: KeyReference) -> KeySet:  # noqa: ARG002  the port's signature
        """Return the same: a command has no network."""
        return self.at_hand(issuer)


@contextmanager
def opened(session: Session) -> Iterator[Place]:
    """Open where a command acts: an authority at a URL, where one is chosen; else the store on this machine."""
    if (profile := profiles.chosen(session)) is None:
        from accredit.cli.here import Here

        try:
            with session.local() as local:
                yield Here(session, local)
        except Refused as refused:
            raise _signed_in_nowhere(refused) from refused
    else:
        from accredit.cli.there import there

        with there(session, profile) as place:
            yield place


def _signed_in_nowhere(refused: Refused) -> Exception:
    """Return a refusal with what else may have been meant where there is no store: an authority at a URL."""
    if refused.row is not STORE_MISSING:
        return refused
    known = ", ".join(each.name for each in profiles.every())
    elsewhere = f"act at an authority: --profile NAME (there are: {known})" if known else "sign in: accredit login URL"
    return Said(refused, fix=f"{refused.row.advice} Or {elsewhere}.")


def refuse_elsewhere(session: Session) -> None:
    """Refuse what only the authority's host can do, where another one is chosen. ``HOST_ONLY``."""
    if (profile := profiles.chosen(session)) is not None:
        raise Refused(HOST_ONLY, url=profile.url)


def on_desk(story: Story) -> Callable[..., None]:
    """Decorate the coroutine of a command: it gets a ``Desk`` before its own parameters, wherever that stands."""

    @functools.wraps(story)
    def run(**given: Any) -> None:  # noqa: ANN401  click passes whatever the options hold
        session = click.get_current_context().ensure_object(Session)
        with opened(session) as place:
            place.run(story(Desk(session, place), **given))

    return run


def on_host(story: Story) -> Callable[..., None]:
    """Decorate the coroutine of a command that only the authority's host can run: it gets a ``HostDesk``."""

    @functools.wraps(story)
    def run(**given: Any) -> None:  # noqa: ANN401  click passes whatever the options hold
        from accredit.cli.here import Here

        session = click.get_current_context().ensure_object(Session)
        refuse_elsewhere(session)
        with session.local() as local:
            here = Here(session, local)
            here.run(story(HostDesk(session, here), **given))

    return run
