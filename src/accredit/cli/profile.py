"""``accredit profile``: the authorities that somebody signed in at, and which of them commands act at."""

from __future__ import annotations

from typing import Any, Final

import click

from accredit.cli import profiles
from accredit.cli.grammar import group
from accredit.cli.output import Column
from accredit.cli.profiles import ANY_TENANT
from accredit.cli.session import Session, pass_session
from accredit.cli.words import accredit

COLUMNS: Final = (
    Column("Name", "name"),
    Column("Current", "isCurrent"),
    Column("Authority", "url"),
    Column("Application (client) ID", "appId", below=True),
    Column("Tenant", "tenantId", below=True),
)


@group("profile")
def profile() -> None:
    """Authorities that you signed in at, and which of them commands act at."""


@profile.command("list")
@pass_session
def list_profiles(session: Session) -> None:
    """List the authorities that accredit login wrote down."""
    known, current = profiles.every(), profiles.current()
    session.show([_shape(each, isCurrent=each == current) for each in known], COLUMNS)


@profile.command("use")
@click.argument("name", metavar="NAME")
@pass_session
def use(session: Session, name: str) -> None:
    """Let commands act at this authority from now on, where nothing else is said."""
    before, found = profiles.current(), profiles.named(name)
    profiles.save(found)
    session.remark(f"Commands act at {found.url} from now on, as {found.client_id}")
    if rival := profiles.rival(found):
        session.warn(rival)
    if before is not None and before != found:
        session.undo(accredit("profile", "use", before.name))


def _shape(of: profiles.Profile, **more: object) -> dict[str, Any]:
    tenant = None if of.tenant == ANY_TENANT else of.tenant
    return {"name": of.name, **more, "url": of.url, "appId": of.client_id, "tenantId": tenant, "kind": of.kind}
