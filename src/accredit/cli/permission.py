"""``accredit permission``: app roles that applications hold on APIs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from accredit.cli import names, shapes
from accredit.cli.desk import on_desk
from accredit.cli.grammar import group
from accredit.cli.output import Column
from accredit.cli.words import accredit

if TYPE_CHECKING:
    from uuid import UUID

    from accredit.cli.desk import Desk
    from accredit.directory import ServicePrincipal

COLUMNS: Final = (
    Column("API", "resourceDisplayName"),
    Column("Role", "appRoleValue"),
    Column("Role ID", "appRoleId", below=True),
)


@group("permission")
def permission() -> None:
    """App roles that applications hold on APIs."""


@permission.command("list")
@click.argument("application", metavar="APP")
@on_desk
async def list_permissions(desk: Desk, application: str) -> None:
    """List what an application has been granted."""
    from accredit.administer import permissions

    shown = []
    async with desk.reading() as store:
        tenant = await names.tenant(store, desk.session.tenant)
        holder = await names.principal(store, tenant, application)
        for each in await store.assignments.find(principal_id=holder.id):
            api = await store.principals.get(each.resource_id)
            offered = await permissions.roles(store, api)
            value = next((role.value for role in offered if role.id == each.role_id), "")
            shown.append(shapes.assignment(each, holder, api, value))
    shown.sort(key=lambda each: (each["resourceDisplayName"], each["appRoleValue"]))
    desk.session.show(shown, COLUMNS)


@permission.command("grant")
@click.argument("application", metavar="APP")
@click.argument("api", metavar="API")
@click.argument("role", metavar="ROLE")
@on_desk
async def grant(desk: Desk, application: str, api: str, role: str) -> None:
    """Grant the app role ROLE of API (a name, an id, or such as api://orders) to an application."""
    holder, resource, role_id = await _meant(desk, application, api, role)
    made = await desk.place.permissions.grant(holder.id, resource.id, role_id)
    desk.session.show(shapes.assignment(made, holder, resource, "" if names.uuid(role) else role), COLUMNS)
    undo = accredit("permission", "revoke", application, api, role)
    desk.session.done(f"Granted {role} of {resource.display_name} to {holder.display_name} {made.id}", undo)


@permission.command("revoke")
@click.argument("application", metavar="APP")
@click.argument("api", metavar="API")
@click.argument("role", metavar="ROLE")
@on_desk
async def revoke(desk: Desk, application: str, api: str, role: str) -> None:
    """Take an app role away; tokens that bear it live on until they expire."""
    holder, resource, role_id = await _meant(desk, application, api, role)
    desk.session.confirm(f"Revoke {role} of {resource.display_name} from {holder.display_name}?")
    await desk.place.permissions.revoke(holder.id, resource.id, role_id)
    undo = accredit("permission", "grant", application, api, role)
    desk.session.done(f"Revoked {role} of {resource.display_name} from {holder.display_name}", undo)


async def _meant(desk: Desk, application: str, api: str, role: str) -> tuple[ServicePrincipal, ServicePrincipal, UUID]:
    async with desk.reading() as store:
        tenant = await names.tenant(store, desk.session.tenant)
        holder = await names.principal(store, tenant, application)
        resource = await names.principal(store, tenant, api)
        return holder, resource, await names.role_id(store, resource, role)
