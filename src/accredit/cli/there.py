"""An authority at a URL as a place to act in: read and changed over its API, as whoever is signed in to it.

Rule 1: what proves who somebody is, is read when a token is needed and not before; it is never printed.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import click

from accredit import client
from accredit.app.marks import own_issuers
from accredit.cli import inputs, profiles
from accredit.cli.failures import Said
from accredit.cli.words import accredit, followed, option
from accredit.client.http import TIMEOUT
from accredit.errors import AUTHORITY_UNREACHABLE, PRIVILEGES_MISSING, SIGN_IN_NEEDED, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager, AbstractContextManager
    from datetime import datetime
    from uuid import UUID

    from accredit.app.online import Fetched
    from accredit.cli.place import Log
    from accredit.cli.profiles import Profile
    from accredit.cli.session import Session
    from accredit.client import Authority, Evidence
    from accredit.client.evidence import Asked
    from accredit.directory import Application, Tenant
    from accredit.interop.graph.activity import Trusted
    from accredit.issuers import Issuer, KeyReference, OwnIssuers
    from accredit.ports import Transaction
    from accredit.query import Page, Query
    from accredit.signins.summary import Window
    from accredit.signins.usage import Use
    from accredit.trust import FederatedCredential

_ROLE: Final = r"[A-Za-z]\w*(?:\.\w+)+"
_NEEDED: Final = re.compile(rf"\bneeds? (?:the role )?({_ROLE}(?: and {_ROLE})*)", re.ASCII)


class There:
    """An authority, as whoever is signed in there sees and changes it."""

    def __init__(self, session: Session, profile: Profile, authority: Authority) -> None:
        self.session = session
        self.profile = profile
        self.authority = authority
        self.tenants = authority.tenants
        self.applications = authority.applications
        self.credentials = authority.credentials
        self.evidence = authority.evidence
        self.principals = authority.principals
        self.permissions = authority.permissions
        self.issuers = authority.issuers

    @property
    def url(self) -> str:
        """Where tokens are asked for."""
        return self.authority.url

    @cached_property
    def emulator(self) -> bool:
        """Whether it is an emulator."""
        return self.authority.is_emulator()

    @cached_property
    def own_issuers(self) -> OwnIssuers:
        """The issuers that are never believed there, as far as its address says."""
        return own_issuers((self.authority.url,), (), emulator=self.emulator)

    @property
    def now(self) -> datetime:
        """The current instant, aware UTC, as this machine has it."""
        return self.authority.now

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a view of its directory."""
        return self.authority.reading()  # type: ignore[return-value]  # as much of a transaction as commands read

    def log(self) -> AbstractContextManager[Log]:
        """Open its sign-in log."""
        return nullcontext(self.authority.log)

    def uses(self, tenant_id: UUID, app_id: UUID) -> Mapping[UUID, Use] | None:
        """Return what came of what an application signs in with; ``None``: who asks may not know."""
        try:
            return self.authority.log.uses(tenant_id, app_id)
        except Refused as refused:
            if refused.row is not PRIVILEGES_MISSING:
                raise
            self.session.remark("When they were last used is not known: reading the log needs AuditLog.Read.All.")
            return None

    async def trusted(self, store: Transaction, application: Application) -> Sequence[Trusted]:  # noqa: ARG002  the log
        """Return the federated credentials of an application, as the log names them: it needs no right to read them."""
        return self.authority.log.trusted(application.app_id)

    def summaries(self, tenant_id: UUID, query: Query, window: Window) -> Page[dict[str, Any]]:  # noqa: ARG002  the token's
        """Return a page of what windows saw that is alike, newest first."""
        return self.authority.log.summaries(query, window)

    @property
    def reason(self) -> str:
        """Why errors that lint finds are accepted."""
        return self.authority.reason

    def override(self, reason: str) -> None:
        """Accept, from now on, what lint calls an error."""
        self.authority.override(reason)

    async def rehearsed(
        self,
        application: Application,
        which: UUID | None = None,
        **members: Any,  # noqa: ANN401  by name
    ) -> FederatedCredential:
        """Return the credential that would be: judged here, on what the authority says that it has."""
        from accredit.cli.dry_run import rehearsed_apart

        async with self.reading() as store:
            return await rehearsed_apart(store, self, application, which, **members)

    async def replayed(
        self,
        application: Application,
        before: FederatedCredential | None,
        after: FederatedCredential | None,
        since: datetime,
    ) -> dict[str, Any]:
        """Return what a change of one credential would have meant for past sign-ins."""
        return self.authority.log.replayed(application.id, before, after, since)

    async def preview(self, tenant_id: UUID, **policies: Any) -> list[dict[str, Any]]:  # noqa: ANN401  by name
        """Return the credentials that a tenant would refuse with other policies."""
        return await self.authority.tenants.preview(tenant_id, **policies)

    async def migration(self, tenant: Tenant, application: Application | None) -> list[dict[str, Any]]:  # noqa: ARG002
        """Return where credentials stand on the way to GitHub's subjects with ids."""
        return self.authority.log.migration(None if application is None else application.app_id)

    def fetched(self, records: Sequence[Issuer], wanted: KeyReference, base: str) -> Fetched:
        """Fetch the keys of issuers from here, where the authority would fetch them from where it is."""
        from accredit.app.online import fetched
        from accredit.config import Settings

        ca = inputs.text_file(self.profile.ca_file) if self.profile.ca_file else ""
        url = base or self.authority.url
        return fetched(records, wanted, Settings(), emulator=self.emulator, base=url, ca=ca)

    def run(self, story: Coroutine[Any, Any, None]) -> None:
        """Run a command to its end. The client waits where it stands, so no event loop is needed."""
        finish(story)


def finish(story: Coroutine[Any, Any, None]) -> None:
    """Run a command to its end: a coroutine over ports that never suspend, so that asking it once is all it takes."""
    try:
        story.send(None)
    except StopIteration:
        return
    story.close()
    raise RuntimeError("a command waited for something")


@contextmanager
def there(session: Session, profile: Profile, tried: Evidence | None = None) -> Iterator[There]:
    """Open the authority of a profile, in the tenant that the command names.

    ``tried``: what proves who somebody is, in place of what the profile says; nothing that is kept counts then.
    """
    tenant = session.tenant or profile.tenant
    usual = tried is None and tenant == profile.tenant
    held = _kept(profile) if usual else ""
    if profile.kind == "token":
        held = os.environ.get(profile.source.removeprefix("env:"), "") if profile.source else held
    if session.verbose:
        session.note(f"authority {profile.url}")
    with (
        _signed_in_there(profile if tried is None else None),
        client.connect(
            profile.url,
            client_id=profile.client_id,
            evidence=tried or evidence(session, profile),
            tenant=tenant,
            ca_file=profile.ca_file or None,
            token=held,
            timeout=session.timeout or TIMEOUT,
            keep=lambda token: profiles.keep_token(profile, token.value) if usual else None,
        ) as authority,
    ):
        session.where = f"at {authority.url}"
        try:
            yield There(session, profile, authority)
        except Refused as refused:
            if fix := _granting(session, authority, refused):
                raise Said(refused, fix=fix) from refused
            raise


@contextmanager
def _signed_in_there(profile: Profile | None) -> Iterator[None]:
    """Say of an authority that cannot be reached why a command went there at all: nobody may have typed its address."""
    try:
        yield
    except Refused as refused:
        if refused.row is not AUTHORITY_UNREACHABLE or profile is None or not profile.name:
            raise
        fix = (
            f"{refused.row.advice} You are signed in there by profile {profile.name}; to act elsewhere: "
            f"--profile NAME, --local, or {accredit('logout', profile.name)}."
        )
        raise Said(refused, fix=fix) from refused


def _granting(session: Session, authority: Authority, refused: Refused) -> str:
    """Return the commands that grant the caller what it lacks, the least that suffices; empty where that is not it."""
    found = _NEEDED.search(refused.detail) if refused.row is PRIVILEGES_MISSING else None
    if found is None:
        return ""
    token = authority.token
    lacking = [each for each in found[1].split(" and ") if each not in token.roles]
    words = ("permission", "grant", token.app_id, "Microsoft Graph")
    tenant = option("--tenant", session.typed_tenant)
    commands = " && ".join(followed(accredit(*words, each), *tenant) for each in lacking)
    return commands and f"Somebody who may grant it does: {commands}"


def _kept(profile: Profile) -> str:
    """Return the access token that is kept for a profile; empty when there is none that can be read."""
    with suppress(Refused):
        return client.AccessToken.read(profiles.token(profile)).value
    return ""


def evidence(session: Session, profile: Profile) -> Evidence | None:
    """Return what proves who somebody is, read where the profile says; ``None``: nothing is at hand."""
    if profile.kind == "token" or not profile.client_id:
        return None
    if profile.kind == "federated":
        return client.FederatedToken(lambda: _federated(session, profile)) if profile.source else None
    if profile.kind == "certificate":
        path = profile.source.removeprefix("@")
        return _Late(lambda: client.ClientCertificate.of_pem(inputs.file(path), path))
    at_hand = bool(profile.secret) or profile.source.startswith("@") or any(map(os.environ.get, _variables(profile)))
    return _Late(lambda: client.ClientSecret(profile.secret or secret(session, profile)), at_hand)


def _federated(session: Session, profile: Profile) -> str:
    """Read the token that a profile names. What is wrong with it is said of the profile, which nobody typed now."""
    try:
        return inputs.token(profile.source, session)
    except (Refused, Said) as error:
        refused = error.refused if isinstance(error, Said) else error
        where = f"{profile.source.removeprefix('@')}, the token of profile {profile.name}"
        fix = "Have the platform write its token there, or sign in with another: accredit login URL --federated-token."
        raise Said(refused, where, fix) from error


def secret(session: Session, profile: Profile) -> str:
    """Read a secret: from where the profile says, from the environment, or from whoever sits at the terminal."""
    if profile.source.startswith("@"):
        return inputs.text_file(profile.source[1:], most=inputs.LONGEST_SECRET).strip()
    for name in _variables(profile):
        if found := os.environ.get(name):
            return found.strip()
    if not session.can_ask:
        variable = profile.source.removeprefix("env:")
        lacking = f"variable {variable} is not set" if variable else f"the secret of {profile.client_id} is not at hand"
        raise Refused(SIGN_IN_NEEDED, url=profile.url, reason=f"{lacking}, and nobody can be asked here")
    return str(click.prompt(f"Secret of {profile.client_id} at {profile.url}", hide_input=True, err=True)).strip()


def _variables(profile: Profile) -> tuple[str, ...]:
    """Return the variables that may hold a secret."""
    return (profile.source.removeprefix("env:"), "ACCREDIT_CLIENT_SECRET")


@dataclass(frozen=True, slots=True)
class _Late:
    """Evidence that is made when it is needed."""

    make: Callable[[], Evidence]
    at_hand: bool = True

    def form(self, asked: Asked) -> Mapping[str, str]:
        """Return the members of the form."""
        return self.make().form(asked)
