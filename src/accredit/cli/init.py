"""``accredit init``: a data directory for production, made once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import click

from accredit.cli import shapes
from accredit.cli.desk import refuse_elsewhere
from accredit.cli.grammar import command
from accredit.cli.output import Column
from accredit.cli.session import Session, pass_session
from accredit.cli.words import accredit

if TYPE_CHECKING:
    from accredit.config import Settings
    from accredit.issuers import Portability

DETAILS: Final = (
    Column("data directory", "dataDirectory"),
    Column("database", "database"),
    Column("master key", "masterKeyFile"),
    Column("tenant", "tenant.displayName"),
    Column("tenant id", "tenant.id"),
    Column("portability", "tenant.portability"),
)


@command("init")
@click.option("--domain", "domains", multiple=True, required=True, help="A DNS name of the first tenant; repeatable.")
@click.option("--name", "display_name", help="Name of the tenant; its domain if not given.")
@click.option(
    "--portability",
    type=click.Choice(["entra", "extended"]),
    default="extended",
    help="Accept only what Entra ID accepts (entra), or also more algorithms and claims (extended, the default).",
)
@click.option(
    "--well-known", "enable", multiple=True, help="Enable one of Microsoft's APIs in it, by key, such as graph."
)
@click.option(
    "--public-url",
    help="What clients use: https://host[:port]. It is not kept: serve needs it too.",
)
@pass_session
def init(
    session: Session,
    domains: tuple[str, ...],
    display_name: str | None,
    portability: Portability,
    enable: tuple[str, ...],
    public_url: str | None,
) -> None:
    """Make a data directory: database, master key, signing keys, the first tenant. Nothing is ever overwritten."""
    from accredit.app.initialise import initialise

    refuse_elsewhere(session)
    settings = session.settings(public_url=public_url)
    made = initialise(
        settings, display_name=display_name or domains[0], domains=domains, portability=portability, enable=enable
    )
    shape = {
        "dataDirectory": str(made.folder.path),
        "database": str(made.folder.database),
        "masterKeyFile": str(made.folder.master_key_file),
        "tenant": shapes.tenant(made.tenant),
        "portalLink": made.link,
    }
    session.show(shape, DETAILS)
    session.remark("Keep the master key out of every backup: with it and the database anybody signs as you.")
    session.remark("This signs in to the portal, once, within 15 minutes (accredit admin link makes another one):")
    session.note(made.link)
    where = ("--data", str(made.folder.path)) if session.data else ()
    session.note("Next, an application, and the server:")
    session.note("  " + accredit("app", "create", "NAME", *where))
    session.note("  " + accredit("serve", *where, *_public_url(settings)))


def _public_url(settings: Settings) -> tuple[str, ...]:
    """Return the option without which ``serve`` refuses, where no setting that stays says it."""
    if os.environ.get("ACCREDIT_PUBLIC_URL"):
        return ()
    return ("--public-url", settings.public_url or "https://HOST")
