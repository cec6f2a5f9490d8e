"""``accredit migration``: from trust in the names of GitHub's repositories to trust in their ids, one step at a time.

Rule 1: every step adds, or can be undone. What deletes is ``accredit credential delete``, and nothing here calls it.
Rule 2: what is said of a credential is what the directory API says of it, wherever the command acts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from accredit.cli import inputs, names, shapes
from accredit.cli.credential_shown import show_credential
from accredit.cli.desk import Desk, on_desk, opened
from accredit.cli.grammar import group
from accredit.cli.judged import accept_errors, overridable, tell_findings
from accredit.cli.output import Column, at
from accredit.cli.session import Session
from accredit.cli.words import accredit
from accredit.errors import INPUT_INVALID, MIGRATION_NOT_NOW, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from accredit.directory import Application
    from accredit.explain.migration import Migration
    from accredit.interop.files import Form
    from accredit.trust import FederatedCredential
    from accredit.trust.written import WrittenTrust

    Json = dict[str, Any]

FORMS: Final = ("graph", "az", "bicep", "arm", "terraform")


def _used(row: Json, of: Json) -> str:
    """Return when something was last used; of what a file says nobody knows."""
    return str(of["lastSignInDateTime"] or ("never" if row["id"] else ""))


COLUMNS: Final = (
    Column("Application", "appDisplayName"),
    Column("Credential", "federatedCredentialName"),
    Column("State", "state"),
    Column("Last used", "lastSignInDateTime", lambda row: _used(row, row), below=True),
    Column("Twin", "twin.name", lambda row: at(row, "twin.name") or at(row, "plan.name"), below=True),
    Column(
        "Twin last used", "twin.lastSignInDateTime", lambda row: row["twin"] and _used(row, row["twin"]), below=True
    ),
    Column("Next", "nextStep", below=True),
    Column("Cause", "cause", wide=True),
)
_TO: Final = click.option(
    "--to", "form", type=click.Choice(FORMS), help="Print the twins for Microsoft Entra ID, and change nothing."
)


@group("migration")
def migration() -> None:
    """Move trust in GitHub's repositories from their names to their ids."""


@migration.command("list")
@click.option("-a", "--app", "application", metavar="APP", help="What this application trusts, by name or id.")
@click.option("--all", "everywhere", is_flag=True, help="What every application of the tenant trusts (the default).")
@click.option(
    "-f",
    "--file",
    "path",
    metavar="FILE",
    help="What a file says: accredit export, az, Graph, Terraform or ARM JSON; - is standard input.",
)
@click.option(
    "--ids",
    "typed",
    multiple=True,
    metavar="OWNER/REPO=ID/ID",
    help="With --file: the ids of owner and repository; or OWNER=ID. Repeatable.",
)
@_TO
def list_migrations(
    application: str | None, everywhere: bool, path: str | None, typed: tuple[str, ...], form: Form | None
) -> None:
    """List what names a repository of GitHub by its names, how far each is, and what to do next."""
    session = click.get_current_context().ensure_object(Session)
    if (application is not None) + everywhere + (path is not None) > 1:
        raise click.UsageError("-a APP, --all and -f FILE say different things; give one of them")
    if typed and path is None:
        raise click.UsageError(
            "--ids goes with --file; elsewhere: accredit migration twin APP CREDENTIAL --owner-id ID"
        )
    if path is not None:
        rows = _of_file(session, path, typed)
    else:
        rows = []
        with opened(session) as place:
            place.run(_of_store(Desk(session, place), application, rows))
    rows.sort(key=lambda row: (row["appDisplayName"].casefold(), row["appId"] or "", row["federatedCredentialName"]))
    if form is None:
        session.show(rows, COLUMNS)
        return
    from accredit.cli.migration_file import planned

    _write(session, [planned(row) for row in rows if row["plan"] is not None], form)


@migration.command("twin")
@click.argument("application", metavar="APP")
@click.argument("name", metavar="CREDENTIAL")
@click.option("--owner-id", metavar="ID", help="The id of the owner: gh api users/OWNER --jq .id")
@click.option("--repository-id", metavar="ID", help="The id of the repository: gh api repos/OWNER/REPO --jq .id")
@click.option("--dry-run", is_flag=True, help="Judge it, and change nothing.")
@_TO
@overridable
@on_desk
async def twin(
    desk: Desk,
    *,
    application: str,
    name: str,
    owner_id: str | None,
    repository_id: str | None,
    dry_run: bool,
    form: Form | None,
    override: str | None,
) -> None:
    """Add the credential with ids beside the one with names. Both sign in from then on.

    The ids are those that proven sign-ins of this credential told, unless they are given.
    """
    from accredit.explain.twinning import members, ways

    accept_errors(desk, override)
    found, held, row = await _row(desk, application, name, "A twin")
    async with desk.reading() as store:
        every = await store.credentials.find(application_id=found.id)
        tenant = await store.tenants.get(found.tenant_id)
    typed = _ids(held, row, owner_id, repository_id)
    way = next(each for each in ways(every, found, tenant, held, typed, desk.now) if each.held.id == held.id)
    plan = _plan(held, row, way)
    if form is not None:
        _write(desk.session, [plan], form)
        return
    make = desk.place.rehearsed(found, **members(plan, held)) if dry_run else None
    made = await make if make is not None else await desk.place.credentials.add(found.id, **members(plan, held))
    shown = shapes.credential(made)
    show_credential(desk, found, made, shown | ({"id": None, "createdDateTime": None} if dry_run else {}))
    await tell_findings(desk, made)
    desk.session.remark(f"It accepts, of what {held.name} accepts, only what has these ids.")
    if dry_run:
        desk.session.remark(f"Nothing was changed. {made.name} could be added as it stands.")
    else:
        desk.session.done(f"Created {made.name} {made.id}", accredit("credential", "delete", application, made.name))


@migration.command("retire")
@click.argument("application", metavar="APP")
@click.argument("name", metavar="CREDENTIAL")
@click.option("--after", metavar="TIME", default="14d", show_default=True, help="Not used for so long.")
@click.option("--force", is_flag=True, help="Now, whoever still uses it.")
@on_desk
async def retire(desk: Desk, application: str, name: str, after: str, force: bool) -> None:
    """Disable the credential with names, once its twin was used and it was not.

    Its tokens are refused from then on, and accredit explain says why. It is deleted later: accredit credential delete.
    """
    found, held, row = await _row(desk, application, name, "Retiring")
    if why := _not_yet(desk, row, after):
        if not force or not held.enabled:
            _refuse("Retiring", held.name, why)
        desk.session.warn(f"{why}. Whoever presents such a token is refused from now on.")
    await desk.place.credentials.update(found.id, held.id, enabled=False)
    desk.session.done(f"Disabled {held.name} {held.id}", accredit("migration", "undo", application, held.name))


@migration.command("undo")
@click.argument("application", metavar="APP")
@click.argument("name", metavar="CREDENTIAL")
@overridable
@on_desk
async def undo(desk: Desk, application: str, name: str, override: str | None) -> None:
    """Enable a credential again that was retired."""
    accept_errors(desk, override)
    found, held, _ = await _row(desk, application, name, "Undoing")
    if held.enabled:
        _refuse("Undoing", held.name, "it is enabled")
    await desk.place.credentials.update(found.id, held.id, enabled=True)
    command = accredit("migration", "retire", application, held.name, "--force")
    desk.session.done(f"Enabled {held.name} {held.id}", command)


async def _of_store(desk: Desk, wanted: str | None, rows: list[Json]) -> None:
    async with desk.reading() as store:
        tenant = await store.tenants.get((await names.tenant(store, desk.session.tenant)).id)
        found = None if wanted is None else await names.application(store, tenant, wanted)
    rows += await desk.place.migration(tenant, found)


def _of_file(session: Session, path: str, typed: Sequence[str]) -> list[Json]:
    from accredit.cli.migration_file import rows
    from accredit.explain.repository_ids import typed_in

    try:
        known = typed_in(typed)
    except ValueError as error:
        reason = "not OWNER/REPO=ID/ID or OWNER=ID, where an id is a number"
        raise Refused(INPUT_INVALID, what=f"--ids {error}", reason=reason) from error
    return rows(session, path, known)


async def _row(desk: Desk, application: str, name: str, what: str) -> tuple[Application, FederatedCredential, Json]:
    """Find a credential, and what is said of it or of its twin. ``MIGRATION_NOT_NOW`` where nothing is."""
    async with desk.reading() as store:
        tenant = await store.tenants.get((await names.tenant(store, desk.session.tenant)).id)
        found = await names.application(store, tenant, application)
        held = await names.credential(store, found, name)
    rows = await desk.place.migration(tenant, found)
    meant = [each for each in rows if str(held.id) in (each["id"], at(each, "twin.id") if what == "Undoing" else None)]
    if not meant:
        _refuse(what, held.name, "it does not name a repository of GitHub by its names")
    return found, held, meant[0]


def _ids(held: FederatedCredential, row: Mapping[str, Any], *typed: str | None) -> Mapping[str, Any]:
    """Return the ids that are known and those that were typed, which must not contradict them."""
    from accredit.explain import twin as twins
    from accredit.explain.repository_ids import typed_in
    from accredit.trust.written import WrittenTrust

    reading = twins.read(WrittenTrust.of(held))
    if row["cause"] == "ID_CHANGED" or reading is None or reading.named is None:
        return {}
    learnt = (row["ids"]["repositoryOwnerId"], row["ids"]["repositoryId"])
    known = []
    for option, one, other in zip(("--owner-id", "--repository-id"), typed, learnt, strict=True):
        if one is not None and other is not None and one != other:
            _refuse("A twin", held.name, f"{option} says {one}, and {reading.named} was seen with {other} (ID_CHANGED)")
        known.append(one or other)
    if reading.named.repository is None:
        known = known[:1]
    if None in known:
        return {}
    text = f"{reading.named}={'/'.join(map(str, known))}"
    try:
        return typed_in([text])
    except ValueError as error:
        raise Refused(INPUT_INVALID, what=text, reason="an id of GitHub's is a number") from error


def _plan(held: FederatedCredential, row: Mapping[str, Any], way: Migration) -> WrittenTrust:
    """Return the twin that can be added now. ``MIGRATION_NOT_NOW``."""
    if row["cause"] == "ID_CHANGED":
        _refuse("A twin", held.name, row["nextStep"])
    if way.twin is not None:
        _refuse("A twin", held.name, f"it has one, {way.twin.trust.name}")
    if way.plan is None or way.cause:
        _refuse("A twin", held.name, way.next)
    return way.plan


def _not_yet(desk: Desk, row: Mapping[str, Any], after: str) -> str:
    """Return why a credential is not retired; ``""``: it may be."""
    other, since = row["twin"], inputs.moment(row["quietSinceDateTime"], desk.now)
    limit = inputs.moment(after, desk.now, "--after")
    if row["state"] == "retired":
        return "it is disabled already"
    if other is None or not other["isEnabled"]:
        return "it has no twin that is enabled"
    if other["lastSignInDateTime"] is None:
        return f"its twin {other['name']} was never used"
    if row["cause"] == "ID_CHANGED":
        return str(row["nextStep"])
    if since is None or limit is None or since > limit:
        used = row["lastSignInDateTime"] or "never"
        made = other["createdDateTime"]
        return f"it was last used {used}, its twin was made {made}, and both have to be {after} ago"
    return ""


def _write(session: Session, trusts: Sequence[WrittenTrust], form: Form) -> None:
    from accredit.interop import files

    document = files.write(trusts, form)
    session.say(document.text.removesuffix("\n"))
    for note in document.notes:
        session.warn(note)
    session.remark("It adds, and deletes nothing: delete what it takes the place of when it is used no more.")


def _refuse(what: str, name: str, reason: str) -> NoReturn:
    raise Refused(MIGRATION_NOT_NOW, what=what, credential=name, reason=reason.removesuffix("."))
