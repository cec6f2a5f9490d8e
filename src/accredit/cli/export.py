"""``accredit export``: what applications trust, written for Microsoft Entra ID and its tools, or for a file of ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from accredit.cli import names
from accredit.cli.credential_shown import form_of
from accredit.cli.desk import on_desk
from accredit.cli.failures import Said
from accredit.cli.grammar import command
from accredit.errors import OUTPUT_UNWRITABLE, Refused

if TYPE_CHECKING:
    from accredit.cli.desk import Desk
    from accredit.interop.files import Form
    from accredit.trust.written import WrittenTrust

FORMS = ("json", "yaml", "graph", "az", "bicep", "arm", "terraform")


@command("export")
@click.option("-a", "--app", "application", metavar="APP", help="What this application trusts.")
@click.option("--all", "everything", is_flag=True, help="What every application of the tenant trusts.")
@click.option("--to", "form", type=click.Choice(FORMS), required=True, help="The form: json and yaml hold everything.")
@click.option("--output-file", "path", metavar="FILE", help="Where to, if not standard output.")
@click.option("--force", is_flag=True, help="Write over a file that exists.")
@on_desk
async def export(
    desk: Desk, application: str | None, everything: bool, form: Form, path: str | None, force: bool
) -> None:
    """Write what applications trust for Microsoft Entra ID, Terraform, Bicep, or a file.

    json and yaml are ours and hold everything. The others (graph, az, bicep, arm, terraform) hold what Microsoft Entra
    ID takes; what it would refuse, or could only say more broadly, is left out and told.
    """
    from accredit.interop import files

    if (application is None) != everything:
        raise click.UsageError("say what to export: -a APP, or --all")
    document = files.write(await _trusts(desk, application), form)
    if path is None:
        desk.session.say(document.text.removesuffix("\n"))
    else:
        _put(Path(path), document.text, force=force)
        desk.session.remark(f"Wrote {path}.")
    for note in document.notes:
        desk.session.warn(note)


async def _trusts(desk: Desk, wanted: str | None) -> list[WrittenTrust]:
    """Return what is trusted, in an order that does not change: by application, then by name."""
    from accredit.trust.written import WrittenTrust

    found: list[WrittenTrust] = []
    async with desk.reading() as store:
        tenant = await names.tenant(store, desk.session.tenant)
        if wanted is None:
            applications = await names.everything(store.applications, tenant_id=tenant.id)
        else:
            applications = [await names.application(store, tenant, wanted)]
        shown = [each.display_name for each in applications]
        for each in applications:  # two of one name are told apart
            called = each.display_name if shown.count(each.display_name) == 1 else str(each.app_id)
            for held in await store.credentials.find(application_id=each.id):
                form = form_of(held)
                label = None if form is None else form.preset.label
                found.append(replace(WrittenTrust.of(held, called), preset=label))
    return sorted(found, key=lambda each: (each.application.casefold(), each.application, each.name))


def _put(path: Path, text: str, *, force: bool) -> None:
    try:
        with path.open("w" if force else "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError as error:
        refused = Refused(OUTPUT_UNWRITABLE, what=path, reason="it is there already")
        raise Said(refused, fix="Name another file, or write over this one with --force.") from error
    except OSError as error:
        raise Refused(OUTPUT_UNWRITABLE, what=path, reason=error.strerror or error) from error
