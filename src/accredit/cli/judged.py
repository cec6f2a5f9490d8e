"""What lint says of a credential that was just saved, and how somebody saves one in spite of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from accredit.cli.lint_shown import alike

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


async def tell_findings(desk: Desk, made: FederatedCredential, *, named: bool = False) -> None:
    """Say what lint and the tenant's policies find in what was saved, or would be. ``named``: it is one of several."""
    from accredit.administer import credentials, linting
    from accredit.trust.lint import RULES

    async with desk.reading() as store:
        tenant = await store.tenants.get(made.tenant_id)
        found = await linting.findings(store, made, own=desk.place.own_issuers, emulator=desk.place.emulator)
    of = f"{made.name}: " if named else ""
    quiet = {each.id for each in RULES if each.quiet}
    for same in alike(each for each in found if each.rule not in quiet):
        messages = " ".join(each.message for each in same)
        if same[0].level == "info":
            desk.session.remark(f"{of}{same[0].rule}: {messages}")
        else:
            remedies = " ".join(dict.fromkeys(each.remedy for each in same))
            level = " (error)" if same[0].level == "error" else ""
            desk.session.warn(f"{of}{same[0].rule}{level}: {messages} {remedies}")
    for sentence in credentials.noted(tenant, made):
        desk.session.warn(f"{of}{sentence}")
