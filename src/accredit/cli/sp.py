"""``accredit sp``: service principals, an application's presence in a tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from accredit.cli import names, shapes
from accredit.cli.desk import on_desk
from accredit.cli.grammar import group
from accredit.cli.output import Column
from accredit.cli.words import accredit

if TYPE_CHECKING:
    from accredit.cli.desk import Desk
    from accredit.directory import Application, ServicePrincipal
    from accredit.ports import Transaction

COLUMNS: Final = (
    Column("Name", "displayName"),
    Column("Application (client) ID", "appId", below=True),
    Column("Enabled", "accountEnabled"),
    Column("Other names", "servicePrincipalNames", lambda shape: shape["servicePrincipalNames"][1:], below=True),
)
DETAILS: Final = (
    Column("name", "displayName"),
    Column("appId", "appId"),
    Column("id", "id"),
    Column("enabled", "accountEnabled"),
    Column("assignment required", "appRoleAssignmentRequired"),
    Column("names", "servicePrincipalNames"),
    Column("owner tenant", "appOwnerOrganizationId"),
    Column("created", "createdDateTime"),
)


@group("sp")
def sp() -> None:
    """Service principals: who may hold roles in a tenant, and whose roles."""


@sp.command("list")
@on_desk
async def list_principals(desk: Desk) -> None:
    """List the service principals."""
    async with desk.reading() as store:
        tenant = await names.tenant(store, desk.session.tenant)
        found = await names.everything(store.principals, tenant_id=tenant.id)
        found.sort(key=lambda each: (each.display_name.casefold(), each.app_id))
        registered = {each.id: each for each in await names.everything(store.applications, tenant_id=tenant.id)}
        shown = [_written(each, registered.get(each.application_id) if each.application_id else None) for each in found]
    desk.session.show(shown, COLUMNS)


@sp.command("show")
@click.argument("principal", metavar="SP")
@on_desk
async def show(desk: Desk, principal: str) -> None:
    """Show one service principal, by name, client id, object id or a name of its API."""
    async with desk.reading() as store:
        tenant = await names.tenant(store, desk.session.tenant)
        shown = await _shape(store, await names.principal(store, tenant, principal))
    desk.session.show(shown, DETAILS)


@sp.command("create")
@click.argument("application", metavar="APP")
@on_desk
async def create(desk: Desk, application: str) -> None:
    """Create the service principal of an application, or of one of Microsoft's by its client id or key."""
    from accredit.directory import wellknown

    async with desk.reading() as store:
        tenant = await names.tenant(store, desk.session.tenant)
        known = wellknown.principals()
        ids = {each.app_id for each in known.values()}
        if application in known:
            app_id = known[application].app_id
        elif (key := names.uuid(application)) in ids and key is not None:
            app_id = key
        else:
            app_id = (await names.application(store, tenant, application)).app_id
    made = await desk.place.principals.create(tenant.id, app_id)
    async with desk.reading() as store:
        shown = await _shape(store, made)
    desk.session.show(shown, DETAILS)
    desk.session.done(
        f"Created service principal {made.display_name} {made.id}", accredit("sp", "disable", made.app_id)
    )


@sp.command("enable")
@click.argument("principal", metavar="SP")
@on_desk
async def enable(desk: Desk, principal: str) -> None:
    """Let it get tokens, and be asked for, again."""
    await _switch(desk, principal, "enable")


@sp.command("disable")
@click.argument("principal", metavar="SP")
@on_desk
async def disable(desk: Desk, principal: str) -> None:
    """Let it get no tokens; holds for the next request."""
    await _switch(desk, principal, "disable")


async def _switch(desk: Desk, wanted: str, verb: str) -> None:
    async with desk.reading() as store:
        tenant = await names.tenant(store, desk.session.tenant)
        found = await names.principal(store, tenant, wanted)
    after = await desk.place.principals.update(found.id, enabled=verb == "enable")
    async with desk.reading() as store:
        shown = await _shape(store, after)
    desk.session.show(shown, DETAILS)
    desk.switched(verb, f"service principal {after.display_name}", ("sp",), after.app_id)


async def _shape(store: Transaction, of: ServicePrincipal) -> dict[str, object]:
    """Write a service principal with the names and roles that are in force."""
    return _written(of, None if of.application_id is None else await store.applications.get(of.application_id))


def _written(of: ServicePrincipal, application: Application | None) -> dict[str, object]:
    if application is None:
        return shapes.principal(of, of.names, of.app_roles)
    return shapes.principal(of, application.identifier_uris, application.app_roles)
