"""What lint says of a credential that was just saved, and how somebody saves one in spite of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from accredit.cli.desk import Desk
    from accredit.trust import FederatedCredential

LONGEST: Final = 600  # characters of a reason

overridable = click.option(
    "--override",
    metavar="REASON",
    help="Save it in spite of errors that lint finds, where the tenant takes none; the reason is recorded.",
)


def accept_errors(desk: Desk, reason: str | None) -> None:
    """Have what is saved from now on saved in spite of errors, if a reason was given."""
    if reason is None:
        return
    if not reason.strip() or not reason.isprintable() or len(reason) > LONGEST:
        raise click.UsageError(f"--override takes a reason: 1 to {LONGEST} characters on one line")
    desk.place.override(reason)


async def tell_findings(desk: Desk, made: FederatedCredential) -> None:
    """Say what lint and the tenant's policies find in what was saved, or would be."""
    from accredit.administer import credentials, linting

    async with desk.reading() as store:
        tenant = await store.tenants.get(made.tenant_id)
        found = await linting.findings(store, made, own=desk.place.own_issuers, emulator=desk.place.emulator)
    for each in found:
        if each.level == "info":
            desk.session.remark(f"{each.rule}: {each.message}")
        else:
            desk.session.warn(f"{each.rule}: {each.message} {each.remedy}")
    for sentence in credentials.noted(tenant, made):
        desk.session.warn(sentence)
