"""``accredit certificate``: certificates whose keys sign an application's own assertions."""

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
    Column("Thumbprint (SHA-1)", "customKeyIdentifier", below=True),
    Column("Ends", "endDateTime"),
)


@group("certificate")
def certificate() -> None:
    """Certificates that an application signs its own assertions with."""


@certificate.command("list")
@click.argument("application", metavar="APP")
@on_desk
async def list_certificates(desk: Desk, application: str) -> None:
    """List the certificates of an application."""
    found = await desk.application(application)
    uses = desk.uses(found) if found.certificates else {}
    rows = [shapes.certificate(each) | shapes.last_used(uses.get(each.key_id)) for each in found.certificates]
    desk.session.show(rows, (*COLUMNS, LAST_USED))


@certificate.command("add")
@click.argument("application", metavar="APP")
@click.argument("file", metavar="FILE")
@click.option("--name", "display_name", help="What it is for.")
@on_desk
async def add(desk: Desk, application: str, file: str, display_name: str | None) -> None:
    """Register a certificate (PEM or DER; - reads standard input). Of its file only the certificate is kept."""
    data = inputs.file(file)
    found = await desk.application(application)
    made = await desk.place.evidence.add_certificate(found.id, data, display_name=display_name)
    desk.session.show(shapes.certificate(made), COLUMNS)
    undo = accredit("certificate", "remove", application, made.key_id)
    desk.session.done(f"Registered certificate {made.thumbprint} {made.key_id}", undo)


@certificate.command("remove")
@click.argument("application", metavar="APP")
@click.argument("key_id", metavar="KEY_ID")
@on_desk
async def remove(desk: Desk, application: str, key_id: str) -> None:
    """Remove a certificate, by key id or thumbprint."""
    found = await desk.application(application)
    by_thumbprint = [each.key_id for each in found.certificates if each.thumbprint == key_id.upper()]
    wanted = by_thumbprint[0] if by_thumbprint else inputs.key_id(key_id)
    desk.session.confirm(f"Remove certificate {key_id} of {found.display_name}?")
    await desk.place.evidence.remove_certificate(found.id, wanted)
    again = accredit("certificate", "add", application, "FILE", *desk.session.told)
    desk.session.done(f"Removed certificate {wanted}; with its file, the next line registers it again.")
    desk.session.note(again)
