"""``accredit lint``: what is trusted too broadly, by mistake or in vain, and how to mend it.

Rule 1: files are judged without an authority, a store or a network.
Rule 2: the answer is no (3) exactly when a finding is told; which are told, ``--level`` says.
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any, Final

import click

from accredit.cli import failures, inputs, names
from accredit.cli.desk import Desk, opened
from accredit.cli.failures import Answered
from accredit.cli.grammar import command
from accredit.cli.output import visible
from accredit.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from accredit.directory import Application, Tenant
    from accredit.issuers import Portability
    from accredit.ports import Transaction
    from accredit.trust.lint import Context, Finding, Level
    from accredit.trust.lint.context import Cloud
    from accredit.trust.written import WrittenTrust

LEVELS: Final = ("error", "warn", "info")
FORMATS: Final = ("text", "json", "sarif", "github")
_GIVEN: Final = "-a APP, --all and -f FILE say different things; give one of them"


@command("lint")
@click.option("-a", "--app", "application", metavar="APP", help="What this application trusts, by name or id.")
@click.option("--all", "everywhere", is_flag=True, help="What every application of the tenant trusts (the default).")
@click.option(
    "-f",
    "--file",
    "files",
    multiple=True,
    metavar="FILE",
    help="What a file says: accredit export, az, Graph, Terraform or ARM JSON; - is standard input. Repeatable.",
)
@click.option(
    "--level",
    type=click.Choice(LEVELS),
    default="warn",
    show_default=True,
    help="Tell findings of this level and graver ones.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="text; json; sarif, for code scanning; github, for the log of a workflow.",
)
@click.option(
    "--portability",
    type=click.Choice(("entra", "extended")),
    help="Judge as a tenant that has this (default: the tenant's own; of files, entra).",
)
@click.option("--cloud", type=click.Choice(("public", "usgov", "china")), default="public", help="Microsoft's cloud.")
def lint(
    application: str | None,
    everywhere: bool,
    files: tuple[str, ...],
    level: Level,
    form: str | None,
    portability: Portability | None,
    cloud: Cloud,
) -> None:
    """Find trust that is too broad, mistaken or forgotten.

    Stored trust is judged where commands act; files are judged without any authority.

    Exit code 0: nothing of the level or graver was found; 3: something was, and is told.
    """
    session = click.get_current_context().ensure_object(Session)
    if (application is not None) + everywhere + bool(files) > 1:
        raise click.UsageError(_GIVEN)
    judged = functools.partial(_context, portability=portability, cloud=cloud)
    found = _of_files(session, files, judged) if files else _of_store(session, application, judged)
    _print(session, found, level, form)


class Found:
    """What was judged, and what there is to say of it."""

    def __init__(self) -> None:
        self.credentials = 0
        self.findings: list[Finding] = []
        self.stored = False

    def judge(self, trusts: Sequence[WrittenTrust], context: Context) -> None:
        """Judge some more."""
        from accredit.trust.lint import lint as judge

        self.credentials += len(trusts)
        self.findings += judge(trusts, context)


def _context(portability: Portability | None, cloud: Cloud, **known: Any) -> Context:  # noqa: ANN401  members by name
    from accredit.trust.lint import Context

    return Context(**{**known, **({"portability": portability} if portability else {}), "cloud": cloud})


def _of_files(session: Session, files: Sequence[str], context: functools.partial[Context]) -> Found:
    from accredit.interop.files import LARGEST, read
    from accredit.interop.findings import STDIN

    found = Found()
    for each in files:
        text = inputs.text_file(each, most=LARGEST)
        configuration = read(text, STDIN if each == "-" else each)
        for note in configuration.notes:
            session.remark(note)
        found.judge(configuration.trusts, context())  # what has no application belongs together in one file only
    return found


def _of_store(session: Session, wanted: str | None, context: functools.partial[Context]) -> Found:
    found = Found()
    found.stored = True
    with opened(session) as place:
        place.run(_judge_stored(Desk(session, place), wanted, context, found))
    return found


async def _judge_stored(desk: Desk, wanted: str | None, context: functools.partial[Context], found: Found) -> None:
    from accredit.trust.lint.seen import uploaded

    async with desk.reading() as store:
        tenant = await store.tenants.get((await names.tenant(store, desk.session.tenant)).id)
        if wanted is None:
            asked = await names.everything(store.applications, tenant_id=tenant.id)
        else:
            asked = [await names.application(store, tenant, wanted)]
        seen = uploaded(await names.everything(store.issuers, tenant_id=tenant.id))
        for each in sorted(asked, key=lambda one: one.display_name.casefold()):
            await _judge_one(desk, store, tenant, each, functools.partial(context, seen=seen), found)


async def _judge_one(
    desk: Desk,
    store: Transaction,
    tenant: Tenant,
    application: Application,
    context: functools.partial[Context],
    found: Found,
) -> None:
    from msgspec.structs import replace

    from accredit.trust.written import WrittenTrust

    held = await store.credentials.find(application_id=application.id)
    if not held:
        return
    uses = desk.place.uses(application.tenant_id, application.app_id)
    known = context(
        portability=tenant.portability,
        several_audiences=tenant.several_audiences,
        own=desk.place.own_issuers,
        emulator=desk.place.emulator,
        now=None if uses is None else desk.now,  # without uses nobody knows what is forgotten
    )
    trusts = []
    for each in sorted(held, key=lambda one: one.seniority[1:]):
        use = uses.get(each.id) if uses else None
        written = WrittenTrust.of(each, application.display_name)
        trusts.append(replace(written, last_used_at=use.last_at) if use else written)
    found.judge(trusts, known)


def _print(session: Session, found: Found, level: Level, form: str | None) -> None:
    told = [each for each in found.findings if LEVELS.index(each.level) <= LEVELS.index(level)]
    shaped = session.output != "table" or bool(session.query)
    if form is None:
        form = "json" if shaped else "text"
    elif shaped and form != "json":
        raise click.UsageError(f"--format {form} is a form of its own; leave out -o and -q")
    for piece in _drawn(session, found, told, form):
        session.say(piece)
    if told:
        raise Answered(failures.NO)


def _drawn(session: Session, found: Found, told: Sequence[Finding], form: str) -> Iterator[str]:
    if form == "json":
        from accredit.interop.findings import write

        rows = [write(each) for each in told]
        if session.output == "table" and not session.query:
            yield visible(json.dumps(rows, indent=2, ensure_ascii=False))
        else:
            session.show(rows)
    elif form == "sarif":
        from accredit import __version__
        from accredit.interop import sarif
        from accredit.trust.lint import RULES

        yield visible(json.dumps(sarif.write(told, RULES, __version__), indent=2, ensure_ascii=False))
    elif form == "github":
        from accredit.interop import annotations

        yield from annotations.write(told).splitlines()
    else:
        from accredit.cli.lint_shown import report

        yield from report(told, found.findings, found.credentials, session.ink, stored=found.stored)
