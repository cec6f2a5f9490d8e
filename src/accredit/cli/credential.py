"""``accredit credential``: what an application trusts (federated identity credentials)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import click

from accredit.cli import failures, inputs, names, shapes
from accredit.cli.desk import UploadedKeys, on_desk
from accredit.cli.failures import Ended
from accredit.cli.grammar import group
from accredit.cli.output import LAST_USED, Column, at
from accredit.cli.words import accredit, option
from accredit.errors import INPUT_INVALID, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from accredit.assertions import Presented
    from accredit.cli.desk import Desk
    from accredit.directory import Application, Tenant
    from accredit.trust import FederatedCredential

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
DETAILS: Final = (
    Column("name", "name"),
    Column("id", "id"),
    Column("issuer", "issuer"),
    Column("subject", "subject"),
    Column("expression", "claimsMatchingExpression.value"),
    Column("audience", "audiences"),
    Column("description", "description"),
    Column("enabled", "isEnabled"),
    Column("last used", "lastSignInDateTime"),
    Column("created", "createdDateTime"),
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
@on_desk
async def show(desk: Desk, application: str, name: str) -> None:
    """Show one credential, by name or id."""
    async with desk.reading() as store:
        tenant = await names.tenant(store, desk.session.tenant)
        found = await names.application(store, tenant, application)
        held = await names.credential(store, found, name)
    desk.session.show(shapes.credential(held, desk.uses(found).get(held.id)), DETAILS)


def _members(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say what is trusted."""
    for add in (
        click.option("--description", help="What it is for."),
        click.option("--audience", help="The audience, exactly (default: api://AzureADTokenExchange)."),
        click.option(
            "--expression", help="A claims matching expression. A credential needs a subject or an expression."
        ),
        click.option("--subject", help="The subject, exactly as tokens carry it; or give --expression."),
        click.option("--issuer", help="The issuer, exactly as tokens carry it. A credential needs one."),
    ):
        function = add(function)
    return function


@credential.command("add")
@click.argument("application", metavar="APP")
@click.option("--name", metavar="NAME", help="Name of the credential; it cannot be changed later.")
@_members
@click.option(
    "--from-token",
    "from_token",
    metavar="TOKEN",
    help="Copy issuer, subject and audience of a token (-, @FILE, env:NAME).",
)
@click.option("--unproven", is_flag=True, help="With --from-token: nobody has proven who sent it, and you know that.")
@click.option("--dry-run", is_flag=True, help="Judge it, and change nothing.")
@on_desk
async def add(
    desk: Desk, application: str, from_token: str | None, unproven: bool, dry_run: bool, **members: str | None
) -> None:
    """Trust tokens of an issuer for a subject, or for an expression over their claims."""
    async with desk.reading() as store:
        tenant = await names.tenant(store, desk.session.tenant)
        found = await names.application(store, tenant, application)
    if from_token is not None:
        members = await _copied(desk, tenant, members, from_token, unproven=unproven)
    name = members.pop("name") or _named(members)
    audience = members.pop("audience")
    made = await _added(desk, found, name, members, audience, dry_run=dry_run)
    shown = shapes.credential(made)
    desk.session.show({**shown, "id": None, "createdDateTime": None} if dry_run else shown, DETAILS)
    _remark(desk, made)
    if dry_run:
        desk.session.remark(f"Nothing was changed. {made.name} could be added as it stands.")
    else:
        desk.session.done(f"Created {made.name} {made.id}", accredit("credential", "delete", application, made.name))


@credential.command("update")
@click.argument("application", metavar="APP")
@click.argument("name", metavar="NAME")
@_members
@on_desk
async def update(desk: Desk, application: str, name: str, audience: str | None, **members: str | None) -> None:
    """Change what a credential trusts. A subject takes the place of an expression, and the reverse."""
    changes: dict[str, Any] = {key: value for key, value in members.items() if value is not None}
    if audience is not None:
        changes["audiences"] = (audience,)
    if not changes:
        raise click.UsageError("nothing to change was given")
    async with desk.reading() as store:
        tenant = await names.tenant(store, desk.session.tenant)
        found = await names.application(store, tenant, application)
        before = await names.credential(store, found, name)
    after = await desk.place.credentials.update(found.id, before.id, **changes)
    desk.session.show(shapes.credential(after), DETAILS)
    _remark(desk, after)
    undo = accredit("credential", "update", application, before.name, *_trusting(before, described=True))
    desk.session.done(f"Updated {after.name} {after.id}", undo)


@credential.command("delete")
@click.argument("application", metavar="APP")
@click.argument("name", metavar="NAME")
@on_desk
async def delete(desk: Desk, application: str, name: str) -> None:
    """Trust it no more; holds for the next request."""
    async with desk.reading() as store:
        tenant = await names.tenant(store, desk.session.tenant)
        found = await names.application(store, tenant, application)
        held = await names.credential(store, found, name)
    use = desk.uses(found).get(held.id)
    used = use and shapes.instant(use.last_at)
    when = f"last used {used}" if used else "never used, as far as the log reaches back"
    desk.session.confirm(f"Delete {held.name} of {found.display_name}, {when}?")
    await desk.place.credentials.delete(found.id, held.id)
    undo = accredit("credential", "add", application, "--name", held.name, *_trusting(held))
    desk.session.done(f"Deleted {held.name} {held.id}", undo)


async def _added(
    desk: Desk, found: Application, name: str, members: Mapping[str, str | None], audience: str | None, *, dry_run: bool
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


async def _copied(
    desk: Desk, tenant: Tenant, members: Mapping[str, str | None], given: str, *, unproven: bool
) -> dict[str, str | None]:
    """Return the members with those of a token. What nobody has proven must be typed as well."""
    from accredit import assertions, exchange

    async with desk.reading() as store:
        tenant = await store.tenants.get(tenant.id)
    policy = assertions.ENTRA if tenant.portability == "entra" else assertions.EXTENDED
    try:
        presented = assertions.parse(inputs.token(given, desk.session), policy)
    except Refused as refused:  # no exchange was refused: the value of an option is not right
        failure = failures.of_refused(refused, "accredit credential add --from-token")
        raise Ended(replace(failure, exit=failures.USAGE)) from refused
    async with desk.reading() as store:
        records = await store.issuers.find(tenant_id=tenant.id, url=presented.issuer)
    proof = exchange.state_of_proof(presented, records, UploadedKeys(), desk.now)
    if proof != "proven":
        _confirm_typed(desk, members, presented, unproven=unproven)
    if len(presented.audiences) != 1 and members["audience"] is None:
        reason = f"the token has the audiences {', '.join(presented.audiences)}; say which one: --audience"
        raise Refused(INPUT_INVALID, what="--from-token", reason=reason)
    copied = {"issuer": presented.issuer, "audience": members["audience"] or presented.audiences[0]}
    return {**members, **copied, "subject": None if members["expression"] else presented.subject}


def _confirm_typed(desk: Desk, members: Mapping[str, str | None], presented: Presented, *, unproven: bool) -> None:
    """Trust nobody on his own word: whoever adds him types issuer and subject, as options or when asked."""
    session, subject = desk.session, presented.subject or ""
    if not unproven:
        reason = (
            "nobody has proven who sent this token, because the keys of its issuer are not at hand here; "
            "repeat with --unproven, and type --issuer and --subject as you expect them"
        )
        raise Refused(INPUT_INVALID, what="--from-token", reason=reason)
    session.warn("nobody has proven who sent this token")
    for name, said in (("issuer", presented.issuer), ("subject", subject)):
        typed = members[name]
        if typed is None and session.can_ask:
            typed = click.prompt(f"Type the {name} that you expect", err=True)
        if typed != said:
            reason = "it was not typed" if typed is None else f"the token says {said}, you typed {typed}"
            raise Refused(INPUT_INVALID, what=f"--{name}", reason=reason)


def _named(members: Mapping[str, str | None]) -> str:
    """Make a name from issuer and subject, for whoever gave none."""
    import re

    from accredit.trust.credential import NAME

    host = (members.get("issuer") or "").partition("://")[2].partition("/")[0]
    end = (members.get("subject") or "expression").rpartition(":")[2]
    made = re.sub(r"[^A-Za-z0-9]+", "-", f"{host}-{end}").strip("-")[:120]
    if host and NAME.fullmatch(made):
        return made
    raise click.UsageError("a name is needed: --name NAME")


def _trusting(held: FederatedCredential, *, described: bool = False) -> tuple[str, ...]:
    """Return the options that say what a credential trusts."""
    expression = held.expression
    return (
        "--issuer",
        held.issuer.url,
        *(("--expression", expression.text) if expression else ("--subject", held.subject or "")),
        "--audience",
        held.audience,
        *(("--description", held.description or "") if described else option("--description", held.description)),
    )


def _remark(desk: Desk, made: FederatedCredential) -> None:
    from accredit import administer

    for sentence in administer.credentials.remarks(made, desk.place.own_issuers):
        desk.session.warn(sentence)
