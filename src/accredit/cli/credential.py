"""``accredit credential``: what an application trusts (federated identity credentials)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from accredit.cli import names, shapes
from accredit.cli.credential_shown import show_credential
from accredit.cli.desk import on_desk
from accredit.cli.from_token import copied
from accredit.cli.grammar import group
from accredit.cli.judged import accept_errors, overridable, tell_findings
from accredit.cli.output import LAST_USED, Column, at
from accredit.cli.preset_form import PresetVerb, members_of, rendered_form
from accredit.cli.replayed import refuse_replay, replaces_the_rest, replayable, tell_replay
from accredit.cli.words import accredit, option

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from accredit.cli.desk import Desk
    from accredit.directory import Application
    from accredit.trust import FederatedCredential
    from accredit.trust.expression import Expression

COLUMNS: Final = (
    Column("Name", "name"),
    Column(
        "Subject or expression",
        "subject",
        lambda shape: shape["subject"] or at(shape, "claimsMatchingExpression.value"),
        below=True,
    ),
    Column("Issuer", "issuer", below=True),
    LAST_USED,
)


@group("credential")
def credential() -> None:
    """Federated identity credentials: whose tokens sign an application in."""


@credential.command("list")
@click.argument("application", metavar="APP")
@on_desk
async def list_credentials(desk: Desk, application: str) -> None:
    """List what an application trusts."""
    async with desk.reading() as store:
        tenant = await names.tenant(store, desk.session.tenant)
        found = await names.application(store, tenant, application)
        held = await store.credentials.find(application_id=found.id)
    held = sorted(held, key=lambda each: (each.name.casefold(), each.name))
    uses = desk.uses(found)
    desk.session.show([shapes.credential(each, uses.get(each.id)) for each in held], COLUMNS)


@credential.command("show")
@click.argument("application", metavar="APP")
@click.argument("name", metavar="NAME")
@click.option("--snippets", is_flag=True, help="Also print what is pasted at the platform.")
@on_desk
async def show(desk: Desk, application: str, name: str, snippets: bool) -> None:
    """Show one credential, by name or id; the form of a preset, if one is trusted so."""
    async with desk.reading() as store:
        tenant = await names.tenant(store, desk.session.tenant)
        found = await names.application(store, tenant, application)
        held = await names.credential(store, found, name)
    shown = shapes.credential(held, desk.uses(found).get(held.id))
    show_credential(desk, found, held, shown, snippets=snippets)


def _members(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say what is trusted."""
    for add in (
        overridable,
        click.option("--description", help="What it is for."),
        click.option("--audience", help="The audience, exactly (default: api://AzureADTokenExchange)."),
        click.option(
            "--language-version",
            type=click.Choice(["1", "2", "cel"]),
            help="Language of the expression: 1 is Entra ID's (the default), 2 has or, in, nested claims and more, cel "
            "is translated to 2.",
        ),
        click.option(
            "--expression", help="A claims matching expression. A credential needs a subject or an expression."
        ),
        click.option("--subject", help="The subject, exactly as tokens carry it; or give --expression."),
        click.option("--issuer", help="The issuer, exactly as tokens carry it. A credential needs one."),
    ):
        function = add(function)
    return function


@credential.command("add", cls=PresetVerb)
@click.argument("application", metavar="APP")
@click.option("--name", metavar="NAME", help="Name of the credential; it cannot be changed later.")
@_members
@click.option(
    "--preset", metavar="ID", help="The platform (accredit preset list); with --help, the fields of its form."
)
@click.option("--mode", metavar="MODE", help="With --preset: how it is trusted, if not by its safe default.")
@click.option("--field", "pairs", multiple=True, metavar="NAME=VALUE", help="With --preset: a field of its form.")
@click.option(
    "--from-token",
    "from_token",
    metavar="TOKEN",
    help="Copy issuer, subject and audience of a token (-, @FILE, env:NAME).",
)
@click.option("--unproven", is_flag=True, help="With --from-token: nobody has proven who sent it, and you know that.")
@replayable
@on_desk
async def add(
    desk: Desk,
    *,
    application: str,
    language_version: str | None,
    from_token: str | None,
    unproven: bool,
    dry_run: bool,
    since: str | None,
    preset: str | None,
    mode: str | None,
    pairs: tuple[str, ...],
    override: str | None,
    **members: str | None,
) -> None:
    """Trust tokens of an issuer for a subject, or for an expression over their claims.

    With --preset a form is filled in, an option for each field, and issuer, subject and audience follow from it.
    """
    accept_errors(desk, override)
    refuse_replay(since, desk.now, dry_run=dry_run)
    rendered = rendered_form(preset, mode, pairs, {**members, "token": from_token})
    version = _version(desk, language_version, members)
    async with desk.reading() as store:
        tenant = await names.tenant(store, desk.session.tenant)
        found = await names.application(store, tenant, application)
        taken = {each.name for each in await store.credentials.find(application_id=found.id)} if rendered else set()
    if from_token is not None:
        members = await copied(desk, tenant, members, from_token, unproven=unproven)
    if rendered is not None:
        members, version = members_of(rendered, members, taken), {"language_version": rendered.language_version}
    name = members.pop("name") or _named(members)
    audience = members.pop("audience")
    made = await _added(desk, found, name, {**members, **version}, audience, dry_run=dry_run)
    shown = shapes.credential(made)
    shown |= {"id": None, "createdDateTime": None} if dry_run else {}
    if not replaces_the_rest(desk, since):
        show_credential(desk, found, made, shown, snippets=dry_run and rendered is not None)
    for each in rendered.warnings if rendered is not None else ():
        desk.session.warn(f"{each.field}: {each.message}")
    await tell_findings(desk, made)
    if dry_run:
        desk.session.remark(f"Nothing was changed. {made.name} could be added as it stands.")
        await tell_replay(desk, found, None, made, since)
    else:
        desk.session.done(f"Created {made.name} {made.id}", accredit("credential", "delete", application, made.name))


@credential.command("update")
@click.argument("application", metavar="APP")
@click.argument("name", metavar="NAME")
@_members
@click.option("--enabled/--disabled", default=None, help="Whether it counts; a disabled one is kept.")
@replayable
@on_desk
async def update(
    desk: Desk,
    *,
    application: str,
    name: str,
    audience: str | None,
    enabled: bool | None,
    language_version: str | None,
    override: str | None,
    dry_run: bool,
    since: str | None,
    **members: str | None,
) -> None:
    """Change what a credential trusts. A subject takes the place of an expression, and the reverse.

    An expression that takes the place of another is in its language, unless --language-version says otherwise.
    """
    accept_errors(desk, override)
    refuse_replay(since, desk.now, dry_run=dry_run)
    changes: dict[str, Any] = {key: value for key, value in members.items() if value is not None}
    if audience is not None:
        changes["audiences"] = (audience,)
    if enabled is not None:
        changes["enabled"] = enabled
    if not changes and language_version is None:
        raise click.UsageError("nothing to change was given")
    async with desk.reading() as store:
        tenant = await names.tenant(store, desk.session.tenant)
        found = await names.application(store, tenant, application)
        before = await names.credential(store, found, name)
    held = before.expression
    if held is not None and (language_version or members["expression"]):
        changes = {"expression": held.text, "language_version": held.language_version} | changes
    changes |= _version(desk, language_version, changes)
    made = desk.place.rehearsed(found, before.id, **changes) if dry_run else None
    after = await (made or desk.place.credentials.update(found.id, before.id, **changes))
    if not replaces_the_rest(desk, since):
        show_credential(desk, found, after, shapes.credential(after))
    await tell_findings(desk, after)
    if dry_run:
        desk.session.remark(f"Nothing was changed. {after.name} could be changed to this.")
        await tell_replay(desk, found, before, after, since)
        return
    switched = ("--enabled" if before.enabled else "--disabled",) if before.enabled is not after.enabled else ()
    was = (*_trusting(before, described=True, after=after.expression), *switched)
    undo = accredit("credential", "update", application, before.name, *was)
    desk.session.done(f"Updated {after.name} {after.id}", undo)


@credential.command("delete")
@click.argument("application", metavar="APP")
@click.argument("name", metavar="NAME")
@replayable
@on_desk
async def delete(desk: Desk, application: str, name: str, *, dry_run: bool, since: str | None) -> None:
    """Trust it no more; holds for the next request."""
    refuse_replay(since, desk.now, dry_run=dry_run)
    async with desk.reading() as store:
        tenant = await names.tenant(store, desk.session.tenant)
        found = await names.application(store, tenant, application)
        held = await names.credential(store, found, name)
    if dry_run:
        desk.session.remark(f"Nothing was changed. {held.name} of {found.display_name} would be deleted.")
        await tell_replay(desk, found, held, None, since)
        return
    use = desk.uses(found).get(held.id)
    used = use and shapes.instant(use.last_at)
    when = f"last used {used}" if used else "never used, as far as the log reaches back"
    desk.session.confirm(f"Delete {held.name} of {found.display_name}, {when}?")
    await desk.place.credentials.delete(found.id, held.id)
    undo = accredit("credential", "add", application, "--name", held.name, *_trusting(held))
    desk.session.done(f"Deleted {held.name} {held.id}", undo)


def _version(desk: Desk, given: str | None, members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the language version as a member, if it was given; it says something of an expression only."""
    if given is None:
        return {}
    if not members.get("expression"):
        raise click.UsageError("--language-version says how an expression is read: --expression EXPRESSION")
    if given != "cel":
        return {"language_version": int(given)}
    from accredit.trust.expression import cel

    found = cel.read(members["expression"])
    for note in found.notes:
        desk.session.remark(f"Translated from CEL, {note}.")
    return {"expression": found.expression.text, "language_version": 2}


async def _added(
    desk: Desk, found: Application, name: str, members: Mapping[str, Any], audience: str | None, *, dry_run: bool
) -> FederatedCredential:
    from accredit.trust import DEFAULT_AUDIENCE

    given: dict[str, Any] = {
        **members,
        "name": name,
        "audiences": (DEFAULT_AUDIENCE if audience is None else audience,),
    }
    if not dry_run:
        return await desk.place.credentials.add(found.id, **given)
    return await desk.place.rehearsed(found, **given)


def _named(members: Mapping[str, str | None]) -> str:
    """Make a name from issuer and subject, for whoever gave none."""
    from accredit.trust import proposed_name

    if made := proposed_name(members.get("issuer") or "", members.get("subject")):
        return made
    raise click.UsageError("a name is needed: --name NAME")


def _trusting(
    held: FederatedCredential, *, described: bool = False, after: Expression | None = None
) -> tuple[str, ...]:
    """Return the options that say what a credential trusts; ``after`` is the expression whose place they take."""
    expression = held.expression
    usual = after.language_version if after else 1
    version = expression.language_version if expression else usual
    return (
        "--issuer",
        held.issuer.url,
        *(("--expression", expression.text) if expression else ("--subject", held.subject or "")),
        *(("--language-version", str(version)) if version != usual else ()),
        "--audience",
        held.audience,
        *(("--description", held.description or "") if described else option("--description", held.description)),
    )
