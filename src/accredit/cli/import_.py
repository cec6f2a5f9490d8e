"""``accredit import``: what a document says is trusted, held against what an application trusts, and what lacks added.

Rule 1: a document is a stranger's proposal: it is read with limits and planned; nothing changes without ``--apply``.
Rule 2: nothing is ever changed or taken away: what has the same name and trusts something else is told, and stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click
from msgspec.structs import replace

from accredit.cli import inputs, names
from accredit.cli.desk import on_desk
from accredit.cli.grammar import command
from accredit.cli.judged import tell_findings
from accredit.cli.output import Column
from accredit.cli.words import accredit, counted
from accredit.errors import INPUT_INVALID, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from accredit.cli.desk import Desk
    from accredit.trust import FederatedCredential
    from accredit.trust.written import WrittenTrust

COLUMNS: Final = (
    Column("Plan", "plan"),
    Column("Name", "name"),
    Column("Subject or expression", "trusts", below=True),
    Column("Issuer", "issuer", below=True),
)
_SAID: Final = ("issuer", "subject", "expression", "language_version", "audiences", "description", "enabled")
_SAID_BESIDE: Final = ("multi_audience", "listed_audiences")


@command("import")
@click.option("--from", "path", metavar="FILE", required=True, help="What to read; - is standard input.")
@click.option("-a", "--app", "application", metavar="APP", required=True, help="The application that is to trust it.")
@click.option("--of", "of", metavar="NAME", help="Only what this application of the document trusts.")
@click.option(
    "--apply", "apply", is_flag=True, help="Add what lacks. Without it the plan is shown, and nothing changes."
)
@on_desk
async def import_trusts(desk: Desk, *, path: str, application: str, of: str | None, apply: bool) -> None:
    """Hold what a document trusts against an application, and add what lacks.

    They are compared by name, and nothing changes without --apply. What has the name of a credential that trusts
    something else is told, and never changed. Read are exports of Microsoft Entra ID (az, Graph JSON), Terraform plans,
    ARM templates, and accredit export.
    """
    from accredit.interop.files import LARGEST, read

    document = read(inputs.text_file(path, most=LARGEST), path)
    trusts = _meant(document.trusts, of, path)
    async with desk.reading() as store:
        tenant = await names.tenant(store, desk.session.tenant)
        found = await names.application(store, tenant, application)
        held = {each.name: each for each in await store.credentials.find(application_id=found.id)}
    for note in document.notes:
        desk.session.warn(note)
    planned = [(_plan(each, held.get(each.name)), each) for each in trusts]
    lacking = [each for plan, each in planned if plan == "add"]
    if not apply:
        for each in lacking:
            await tell_findings(desk, await desk.place.rehearsed(found, **_members(each)), named=True)
    desk.session.show([_row(plan, each) for plan, each in planned], COLUMNS)
    if not apply:
        then = f"--apply adds {counted(len(lacking), 'credential')}" if lacking else "Nothing lacks that could be added"
        desk.session.remark(f"Nothing was changed. {then}.")
        return
    for each in lacking:
        made = await desk.place.credentials.add(found.id, **_members(each))
        await tell_findings(desk, made, named=True)
        desk.session.done(f"Created {made.name} {made.id}", accredit("credential", "delete", application, made.name))


def _meant(trusts: Sequence[WrittenTrust], of: str | None, path: str) -> list[WrittenTrust]:
    """Return the trusts of the application that is meant. ``INPUT_INVALID`` where that is not one."""
    named = sorted({each.application for each in trusts})
    if of is None and len(named) > 1:
        reason = f"it tells of several applications; say which one: --of NAME ({', '.join(named)})"
        raise Refused(INPUT_INVALID, what=path, reason=reason)
    if of is not None and of not in named:
        raise Refused(
            INPUT_INVALID, what=path, reason=f"it tells of no application {of} (there are: {', '.join(named)})"
        )
    meant = [each for each in trusts if of is None or each.application == of]
    if twice := next(_repeated(meant), None):
        raise Refused(INPUT_INVALID, what=path, reason=f"two of its trusts have the name {twice}")
    return meant


def _repeated(trusts: Sequence[WrittenTrust]) -> Iterator[str]:
    seen: set[str] = set()
    for each in trusts:
        if each.name in seen:
            yield each.name
        seen.add(each.name)


def _plan(wanted: WrittenTrust, held: FederatedCredential | None) -> str:
    """Return what is to be done: add, keep, or nothing, for what has the name trusts something else."""
    from accredit.trust.written import WrittenTrust

    if held is None:
        return "add"
    here = WrittenTrust.of(held)
    known = (*_SAID, *_SAID_BESIDE)
    same = all((getattr(here, name) or None) == (getattr(wanted, name) or None) for name in known)
    return "keep" if same else "differs"


def _members(of: WrittenTrust) -> Mapping[str, Any]:
    """Return the arguments that add a trust; what is as it usually is, is not said."""
    usual = replace(of, enabled=True, multi_audience=None, listed_audiences=(), language_version=1, description=None)
    return {
        "name": of.name,
        **{name: getattr(of, name) for name in ("issuer", "subject", "expression", "audiences")},
        **{
            name: getattr(of, name)
            for name in ("description", "language_version", "enabled", *_SAID_BESIDE)
            if getattr(of, name) != getattr(usual, name)
        },
    }


def _row(plan: str, of: WrittenTrust) -> dict[str, Any]:
    return {
        "plan": plan,
        "name": of.name,
        "trusts": of.subject or of.expression,
        "issuer": of.issuer,
        "source": of.source,
    }
