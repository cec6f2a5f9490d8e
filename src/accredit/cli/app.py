"""``accredit app``: applications, as clients that ask for tokens and as APIs that are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from accredit.cli import names, shapes
from accredit.cli.desk import on_desk
from accredit.cli.grammar import group
from accredit.cli.output import Column
from accredit.cli.words import accredit, counted, option, options

if TYPE_CHECKING:
    from collections.abc import Callable

    from accredit.cli.desk import Desk
    from accredit.directory import Application

COLUMNS: Final = (
    Column("Name", "displayName"),
    Column("Application (client) ID", "appId"),
    Column("Identifier URIs", "identifierUris", below=True),
)
DETAILS: Final = (
    Column("name", "displayName"),
    Column("appId", "appId"),
    Column("id", "id"),
    Column("description", "description"),
    Column("identifier URIs", "identifierUris"),
    Column("token version", "api.requestedAccessTokenVersion"),
    Column("tokens signed with", "signingAlgorithm"),
    Column("token lifetime (s)", "tokenLifetime"),
    Column("public client", "isFallbackPublicClient"),
    Column("disabled", "isDisabled"),
    Column("created", "createdDateTime"),
)
ROLES: Final = (
    Column("Value", "value"),
    Column("Role ID", "id", below=True),
    Column("Name", "displayName"),
    Column("Enabled", "isEnabled"),
)
_FLAGS: Final = {"public": "--public/--no-public", "disabled": "--disabled/--enabled"}


@group("app")
def app() -> None:
    """Applications: clients that ask for tokens, and APIs that are asked for."""


@app.command("list")
@on_desk
async def list_applications(desk: Desk) -> None:
    """List the applications."""
    async with desk.reading() as store:
        tenant = await names.tenant(store, desk.session.tenant)
        found = await names.everything(store.applications, tenant_id=tenant.id)
    found.sort(key=lambda each: (each.display_name.casefold(), each.app_id))
    desk.session.show([shapes.application(each) for each in found], COLUMNS)


@app.command("show")
@click.argument("application", metavar="APP")
@on_desk
async def show(desk: Desk, application: str) -> None:
    """Show one application, by name, client id or object id."""
    found = await desk.application(application)
    desk.session.show(shapes.application(found), DETAILS)


@app.command("create")
@click.argument("name", metavar="NAME")
@click.option("--description", help="What it is for.")
@click.option("--identifier-uri", "identifier_uris", multiple=True, help="A name as an API, such as api://orders.")
@click.option("--token-version", type=click.IntRange(1, 2), help="Version of the tokens that it receives as an API.")
@click.option("--signing-algorithm", type=click.Choice(["RS256", "ES256"]), help="How those tokens are signed.")
@click.option("--no-sp", is_flag=True, help="Create no service principal yet.")
@on_desk
async def create(desk: Desk, name: str, no_sp: bool, **members: Any) -> None:  # noqa: ANN401
    """Create an application and its service principal."""
    tenant = await desk.tenant()
    given = {key: value for key, value in members.items() if value is not None}
    made = await desk.place.applications.create(tenant.id, display_name=name, with_principal=not no_sp, **given)
    desk.session.show(shapes.application(made), DETAILS)
    desk.session.done(f"Created application {made.display_name} {made.app_id}", accredit("app", "delete", made.app_id))
    async with desk.reading() as store:
        same = len(await store.applications.find(tenant_id=tenant.id, display_name=made.display_name)) - 1
    if same:
        text = f"{counted(same, 'other application')} of this name exist{'s' if same == 1 else ''}"
        desk.session.remark(f"{text}: commands tell them apart by their ids only.")


@app.command("update")
@click.argument("application", metavar="APP")
@click.option("--name", "display_name", help="Another name.")
@click.option("--description", help="What it is for.")
@click.option(
    "--identifier-uri", "identifier_uris", multiple=True, help="The names as an API from now on, all of them."
)
@click.option("--token-version", type=click.IntRange(1, 2), help="Version of the tokens that it receives as an API.")
@click.option("--signing-algorithm", type=click.Choice(["RS256", "ES256"]), help="How those tokens are signed.")
@click.option("--token-lifetime", type=int, help="Seconds that its access tokens live.")
@click.option(_FLAGS["public"], default=None, help="Whether it is a public client, which may present no secret.")
@click.option(_FLAGS["disabled"], default=None, help="Whether it may get tokens at all.")
@on_desk
async def update(desk: Desk, application: str, identifier_uris: tuple[str, ...], **members: Any) -> None:  # noqa: ANN401
    """Change an application."""
    changes = {key: value for key, value in members.items() if value is not None}
    if identifier_uris:
        changes["identifier_uris"] = tuple(each for each in identifier_uris if each)
    if not changes:
        raise click.UsageError("nothing to change was given")
    before = await desk.application(application)
    after = await desk.place.applications.update(before.id, **changes)
    desk.session.show(shapes.application(after), DETAILS)
    undo = accredit("app", "update", after.app_id, *(word for key in changes for word in _back(before, key)))
    desk.session.done(f"Updated application {after.display_name}", undo)


@app.command("delete")
@click.argument("application", metavar="APP")
@on_desk
async def delete(desk: Desk, application: str) -> None:
    """Delete an application with its credentials and its service principal."""
    found = await desk.application(application)
    async with desk.reading() as store:
        held = len(await store.credentials.find(application_id=found.id))
    question = f"Delete application {found.display_name} ({found.app_id}) with {counted(held, 'federated credential')}?"
    desk.session.confirm(question)
    await desk.place.applications.delete(found.id)
    desk.session.done(f"Deleted application {found.display_name} {found.app_id}; this cannot be undone.")


@app.group("role")
def role() -> None:
    """Permissions that an API offers to applications."""


@role.command("list")
@click.argument("application", metavar="APP")
@on_desk
async def list_roles(desk: Desk, application: str) -> None:
    """List the app roles of an application."""
    found = await desk.application(application)
    desk.session.show([shapes.app_role(each) for each in found.app_roles], ROLES)


@role.command("add")
@click.argument("application", metavar="APP")
@click.argument("value", metavar="VALUE")
@click.option("--name", "display_name", default="", help="Name for people; VALUE if not given.")
@click.option("--description", default="", help="What the role allows.")
@on_desk
async def add_role(desk: Desk, application: str, value: str, display_name: str, description: str) -> None:
    """Offer a permission; VALUE is what stands in the claim roles."""
    found = await desk.application(application)
    made = await desk.place.applications.add_role(
        found.id, value=value, display_name=display_name, description=description
    )
    desk.session.show(shapes.app_role(made), ROLES)
    undo = [accredit("app", "role", verb, application, value) for verb in ("disable", "remove")]
    desk.session.done(f"Created app role {value} {made.id}", *undo)


@role.command("enable")
@click.argument("application", metavar="APP")
@click.argument("value", metavar="VALUE")
@on_desk
async def enable_role(desk: Desk, application: str, value: str) -> None:
    """Let an app role be granted and stand in tokens again."""
    await _switch(desk, application, value, "enable")


@role.command("disable")
@click.argument("application", metavar="APP")
@click.argument("value", metavar="VALUE")
@on_desk
async def disable_role(desk: Desk, application: str, value: str) -> None:
    """Keep an app role out of tokens; its grants stay."""
    await _switch(desk, application, value, "disable")


@role.command("remove")
@click.argument("application", metavar="APP")
@click.argument("value", metavar="VALUE")
@on_desk
async def remove_role(desk: Desk, application: str, value: str) -> None:
    """Remove a disabled app role, with every grant of it."""
    found = await desk.application(application)
    desk.session.confirm(f"Remove app role {value} of {found.display_name}, and every grant of it?")
    await desk.place.applications.remove_role(found.id, names.app_role(found, value).id)
    desk.session.done(f"Removed app role {value}", accredit("app", "role", "add", application, value))


async def _switch(desk: Desk, application: str, value: str, verb: str) -> None:
    found = await desk.application(application)
    role = names.app_role(found, value)
    after = await desk.place.applications.enable_role(found.id, role.id, enabled=verb == "enable")
    desk.session.show(shapes.app_role(after), ROLES)
    desk.switched(verb, f"app role {after.value}", ("app", "role"), application, value)


def _back(before: Application, key: str) -> tuple[str, ...]:
    """Return the option that puts a member back."""
    value = getattr(before, key)
    flags: dict[str, Callable[[], tuple[str, ...]]] = {
        "public": lambda: ("--public" if value else "--no-public",),
        "disabled": lambda: ("--disabled" if value else "--enabled",),
        "identifier_uris": lambda: options("--identifier-uri", value),
        "display_name": lambda: ("--name", value),
    }
    return flags[key]() if key in flags else option(f"--{key.replace('_', '-')}", value)
