"""``accredit admin``: who may use the portal, who is signed in there, and the link that always signs in."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from accredit.cli import names, shapes
from accredit.cli.desk import on_host
from accredit.cli.grammar import group
from accredit.cli.output import Column
from accredit.cli.words import accredit, counted, option
from accredit.directory.people import MAPPED_ROLES
from accredit.errors import INPUT_INVALID, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accredit.cli.desk import HostDesk
    from accredit.directory.people import RoleMapping, Session
    from accredit.stores.portal_sessions import PortalSessions

COLUMNS: Final = (
    Column("Role", "role"),
    Column("Tenant", "tenantId", lambda shape: shape["tenantId"] or "the instance"),
    Column("Claim", "claim"),
    Column("Value", "value", below=True),
    Column("Issuer", "issuer", below=True),
    Column("ID", "id", below=True),
)
SESSIONS: Final = (
    Column("Session", "id"),
    Column("Name", "displayName"),
    Column("By", "signInMethod"),
    Column("Signed in", "createdDateTime"),
    Column("Last seen", "lastSeenDateTime"),
    Column("Address", "ipAddress"),
    Column("Subject", "subject", below=True),
)
INSTANCE: Final = "instance"


@group("admin")
def admin() -> None:
    """People who use the portal: their roles, their sessions, and one-time links."""


@admin.command("list")
@on_host
async def list_mappings(desk: HostDesk) -> None:
    """List whose claims give which role. With --tenant, of that tenant and of the instance."""
    from accredit.administer import people

    async with desk.reading() as store:
        wanted = (await names.tenant(store, desk.session.tenant)).id if desk.session.tenant else None
        found = await people.read(store, wanted)
    desk.session.show([_mapping(each) for each in found], COLUMNS)


@admin.command("add")
@click.option("--claim", required=True, help="A claim of the provider's ID tokens: sub, groups, roles, ...")
@click.option("--value", required=True, help="The value that gives the role: a person's sub, a group's id.")
@click.option("--role", required=True, type=click.Choice(MAPPED_ROLES), help="In one tenant; instance belongs to none.")
@click.option("--issuer", help="The provider's issuer; portal.oidc.issuer if not given.")
@on_host
async def add(desk: HostDesk, claim: str, value: str, role: str, issuer: str | None) -> None:
    """Give a role to whoever has a value in a claim, from their next request on."""
    from accredit.administer import people

    provider = issuer or desk.session.settings().portal.oidc.issuer
    if not provider:
        reason = "it is needed where the setting portal.oidc.issuer is not given either"
        raise Refused(INPUT_INVALID, what="--issuer", reason=reason)
    tenant_id = None if role == INSTANCE else (await desk.tenant()).id
    made = await people.add(desk.here.by, tenant_id=tenant_id, issuer=provider, claim=claim, value=value, role=role)
    desk.session.show(_mapping(made), COLUMNS)
    desk.session.done(f"{role}: whoever has {claim} = {value}", accredit("admin", "remove", made.id))


@admin.command("remove")
@click.argument("mapping", metavar="ID")
@on_host
async def remove(desk: HostDesk, mapping: str) -> None:
    """Take a role away again. Who has no other is signed out with their next request."""
    from accredit.administer import people

    async with desk.reading() as store:
        known = {str(each.id): each for each in await people.read(store)}
    if mapping not in known:
        raise names.absent(mapping, "mapping has this id", [*known], accredit("admin", "list"))
    found = known[mapping]
    desk.session.confirm(f"Take the role {found.role} from whoever has {found.claim} = {found.value}?")
    await people.remove(desk.here.by, found.id)
    again = ("--issuer", found.issuer, "--claim", found.claim, "--value", found.value, "--role", found.role)
    desk.session.done(
        f"Removed {found.id}", accredit("admin", "add", *again, *option("--tenant", found.tenant_id or ""))
    )


@admin.command("link")
@on_host
async def link(desk: HostDesk) -> None:
    """Make a link that signs in once, within 15 minutes, with every right."""
    from accredit.administer import people
    from accredit.app.portal_links import MINUTES, make_link

    base = desk.here.url
    await people.link_made(desk.here.by, MINUTES)
    made = await make_link(desk.here.local.folder, base)
    if desk.session.output == "table" and not desk.session.query:
        desk.session.say(made)  # in one piece
    else:
        desk.session.show({"link": made, "minutes": MINUTES})
    desk.session.remark(f"Whoever opens it first, within {MINUTES} minutes, is signed in with every right.")
    if not base:
        desk.session.note("It is a path below the public URL, which no setting says here (ACCREDIT_PUBLIC_URL).")


@admin.command("sessions")
@on_host
async def sessions(desk: HostDesk) -> None:
    """List who is signed in to the portal."""
    with closing(_sessions(desk)) as kept:
        found = await _alive(desk, kept)
    desk.session.show([_session(each) for each in found], SESSIONS)


@admin.command("sign-out")
@click.argument("session", required=False, metavar="[SESSION]")
@click.option("--all", "everybody", is_flag=True, help="End every session.")
@on_host
async def sign_out(desk: HostDesk, session: str | None, everybody: bool) -> None:
    """End a session, or all of them, at once."""
    from accredit.administer import people

    if everybody is (session is not None):
        raise Refused(INPUT_INVALID, what="SESSION", reason="name one (accredit admin sessions lists them), or --all")
    with closing(_sessions(desk)) as kept:
        alive = await _alive(desk, kept)
        found = [each for each in alive if everybody or each.name == session]
        if session is not None and not found:
            known = [each.name for each in alive]
            raise names.absent(session, "session is called this", known, accredit("admin", "sessions"))
        for each in found:
            await kept.remove(each.id)
            await people.ended(desk.here.by, each.person, each.name)
    desk.session.done(f"Ended {counted(len(found), 'session')}; this cannot be undone.")


def _sessions(desk: HostDesk) -> PortalSessions:
    from accredit.stores.portal_sessions import PortalSessions

    return PortalSessions(desk.here.local.folder.database)


async def _alive(desk: HostDesk, kept: PortalSessions) -> Sequence[Session]:
    """Return the sessions that are not over."""
    from accredit.web.portal.session import Limits

    wanted = desk.session.settings().portal
    limits = Limits(timedelta(minutes=wanted.idle_minutes), timedelta(hours=wanted.absolute_hours))
    return [each for each in await kept.all() if not limits.ended(each, desk.now)]


def _mapping(of: RoleMapping) -> dict[str, Any]:
    return {
        "id": str(of.id),
        "tenantId": None if of.tenant_id is None else str(of.tenant_id),
        "role": of.role,
        "issuer": of.issuer,
        "claim": of.claim,
        "value": of.value,
        "createdDateTime": shapes.instant(of.created_at),
    }


def _session(of: Session) -> dict[str, Any]:
    return {
        "id": of.name,
        "displayName": of.person.name,
        "signInMethod": of.person.how,
        "issuer": of.person.issuer or None,
        "subject": of.person.subject or None,
        "createdDateTime": shapes.instant(of.made_at),
        "lastSeenDateTime": shapes.instant(of.seen_at),
        "ipAddress": of.address,
        "userAgent": of.agent,
    }
