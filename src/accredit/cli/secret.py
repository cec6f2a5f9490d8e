"""``accredit secret``: client secrets, to begin with and to migrate from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from accredit.cli import inputs, shapes
from accredit.cli.desk import on_desk
from accredit.cli.grammar import group
from accredit.cli.output import LAST_USED, Column
from accredit.cli.words import accredit

if TYPE_CHECKING:
    from accredit.cli.desk import Desk

COLUMNS: Final = (
    Column("Key ID", "keyId", below=True),
    Column("Name", "displayName"),
    Column("Hint", "hint"),
    Column("Ends", "endDateTime"),
)
MADE: Final = (
    Column("keyId", "keyId"),
    Column("name", "displayName"),
    Column("ends", "endDateTime"),
    Column("secret", "secretText"),
)


@group("secret")
def secret() -> None:
    """Client secrets. A federated credential needs none, and never expires."""


@secret.command("list")
@click.argument("application", metavar="APP")
@on_desk
async def list_secrets(desk: Desk, application: str) -> None:
    """List the secrets of an application, without their values."""
    found = await desk.application(application)
    uses = desk.uses(found) if found.secrets else {}
    rows = [shapes.secret(each) | shapes.last_used(uses.get(each.key_id)) for each in found.secrets]
    desk.session.show(rows, (*COLUMNS, LAST_USED))


@secret.command("add")
@click.argument("application", metavar="APP")
@click.option("--name", "display_name", help="What it is for.")
@click.option("--end", help="When it ends: 90d, 12h, 1y or an ISO date; in two years if not given.")
@on_desk
async def add(desk: Desk, application: str, display_name: str | None, end: str | None) -> None:
    """Make a secret and print it, this once."""
    found = await desk.application(application)
    ends_at = inputs.end(end, desk.now)
    made = await desk.place.evidence.add_secret(found.id, display_name=display_name, ends_at=ends_at)
    desk.session.show({**shapes.secret(made.secret), "secretText": made.value}, MADE)
    desk.session.note("The secret is shown this once; nobody can read it again.")
    undo = accredit("secret", "remove", application, made.secret.key_id)
    desk.session.done(f"Created secret {made.secret.key_id}", undo)


@secret.command("remove")
@click.argument("application", metavar="APP")
@click.argument("key_id", metavar="KEY_ID")
@on_desk
async def remove(desk: Desk, application: str, key_id: str) -> None:
    """Remove a secret; it opens nothing from the next request on."""
    found = await desk.application(application)
    wanted = inputs.key_id(key_id)
    desk.session.confirm(f"Remove secret {wanted} of {found.display_name}?")
    await desk.place.evidence.remove_secret(found.id, wanted)
    again = accredit("secret", "add", application, *desk.session.told)
    desk.session.done(f"Removed secret {wanted}; the next line makes a new one.")
    desk.session.note(again)
