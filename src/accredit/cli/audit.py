"""``accredit audit``: who changed what in the directory, and what that did to trust."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypedDict, Unpack

import click
from msgspec.structs import replace

from accredit.cli import audit_shown, inputs, names, shapes
from accredit.cli.desk import on_desk
from accredit.cli.failures import Said
from accredit.cli.grammar import group
from accredit.cli.log_filters import joined, period
from accredit.errors import OBJECT_NOT_FOUND, Refused
from accredit.query import Any as AnyOf
from accredit.query import Compare, Or, Query, StartsWith, fold

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from accredit.cli.desk import Desk
    from accredit.directory import Tenant
    from accredit.ports import Transaction
    from accredit.query import Condition
    from accredit.signins import Audit

MOST: Final = 100_000  # records printed by one command
PAGE: Final = 500  # records asked for at once
_AT: Final = "activityDateTime"
_ACTIVITY: Final = "activityDisplayName"
_TARGET: Final = "targetResources/id"
_ACTOR: Final = "initiatedBy/app/appId"


class Asked(TypedDict):
    """What the options of the list hold, as they were given."""

    application: str | None
    about: str | None
    activity: str | None
    actor: str | None
    widened: bool
    since: str | None
    until: str | None
    correlation: str | None
    odata: str | None


@group("audit")
def audit() -> None:
    """Changes of the directory: who changed which trust, when, and from what to what."""


@audit.command("list")
@click.option("-a", "--app", "application", metavar="APP", help="Changes of one application and its service principal.")
@click.option("--object", "about", metavar="ID", help="Changes of what has this object id, also if it is gone.")
@click.option("--activity", metavar="TEXT", help='Of this kind ("Add application"); a trailing * stands for anything.')
@click.option("--actor", metavar="WHO", help="Made by this application (name, client id) or user of the command line.")
@click.option("--widened", is_flag=True, help="Those only that let more sign in, or do more.")
@click.option("--since", metavar="TIME", help="Not before: 30min, 2h, 7d ago, or an ISO time (UTC).")
@click.option("--until", metavar="TIME", help="Not after: the same.")
@click.option("--correlation", metavar="ID", help="Those of one correlation id.")
@click.option("--filter", "odata", metavar="ODATA", help="And what this $filter of Microsoft Graph says.")
@click.option("-n", "--limit", type=click.IntRange(1, MOST), default=20, help="At most so many (default: 20).")
@on_desk
async def list_changes(desk: Desk, limit: int, **asked: Unpack[Asked]) -> None:
    """List the newest changes first."""
    plain = [*_period(asked, desk.now), *_plain(asked)]
    rows: list[dict[str, Any]] = []
    async with desk.reading() as store:
        tenant = await names.tenant(store, desk.session.tenant)
        terms = [*plain, *await _objects(desk, store, tenant, asked)]
        query: Query | None = Query(condition=joined(terms), limit=min(limit, PAGE))
        while query is not None and len(rows) < limit:
            page = await store.audits.search(query, tenant_id=tenant.id)
            rows += [shape for each in page.things if _meets(shape := shapes.audit(each), asked)]
            query = None if page.after is None else replace(query, after=page.after)
    desk.session.show(rows[:limit], audit_shown.COLUMNS)


@audit.command("show")
@click.argument("record", metavar="AUDIT_ID")
@on_desk
async def show(desk: Desk, record: str) -> None:
    """Show one change: who made it, when, from where, and what differs."""
    key = inputs.key_id(record)
    async with desk.reading() as store:
        tenant = await names.tenant(store, desk.session.tenant)
        query = Query(condition=Compare("id", "eq", str(key)), limit=1)
        found = (await store.audits.search(query, tenant_id=tenant.id)).things
    if not found:
        raise Refused(OBJECT_NOT_FOUND, id=record, detail="The tenant has no record of a change with this id.")
    _show(desk, found[0])


def _show(desk: Desk, of: Audit) -> None:
    session, shape = desk.session, shapes.audit(of)
    people = session.output == "table" and not session.query
    if people:
        session.say(audit_shown.headline(shape, session.ink))
    session.show(shape, audit_shown.DETAILS)
    if people:
        for line in audit_shown.changed(of, session.style):
            session.say(line)


def _meets(shape: dict[str, Any], asked: Asked) -> bool:
    """Whether a change meets what no index knows: what it did to trust, and the name that its actor had then."""
    if asked["widened"] and shape["trust"] != "widened":
        return False
    actor = asked["actor"]
    return actor is None or names.uuid(actor) is not None or fold(audit_shown.who(shape)) == fold(actor)


def _period(asked: Asked, now: datetime) -> Iterator[Condition]:
    since, until = period(asked["since"], asked["until"], now)
    if since is not None:
        yield Compare(_AT, "ge", since)
    if until is not None:
        yield Compare(_AT, "le", until)


def _plain(asked: Asked) -> Iterator[Condition]:
    """Yield what needs nothing from the directory."""
    if (activity := asked["activity"]) is not None:
        activity = activity.replace(" - ", " – ")  # noqa: RUF001  as Entra ID writes it; keyboards have no such dash
        begun = activity.endswith("*")
        yield StartsWith(_ACTIVITY, activity[:-1]) if begun else Compare(_ACTIVITY, "eq", activity)
    if asked["actor"] is not None and (key := names.uuid(asked["actor"])) is not None:
        yield Compare(_ACTOR, "eq", str(key))
    if asked["correlation"] is not None:
        yield Compare("correlationId", "eq", str(inputs.key_id(asked["correlation"], "--correlation")))
    if asked["about"] is not None:
        yield _about(str(inputs.key_id(asked["about"], "--object")))
    if asked["odata"] is not None:
        from accredit.interop.odata.filtering import read_filter

        yield read_filter(asked["odata"], kind="DirectoryAudit")


async def _objects(desk: Desk, store: Transaction, tenant: Tenant, asked: Asked) -> list[Condition]:
    """Return what is asked by the name of an application: its own changes, and those of its service principal."""
    if (wanted := asked["application"]) is None:
        return []
    try:
        found = await names.application(store, tenant, wanted)
    except Said as said:
        key = names.uuid(wanted)
        if key is None or said.refused.row is not OBJECT_NOT_FOUND:
            raise
        desk.session.remark(
            f"No application has the id {wanted} now; what was changed of an object of this id follows."
        )
        return [_about(str(key))]
    held = await store.principals.find(tenant_id=tenant.id, app_id=found.app_id)
    terms = [_about(str(each)) for each in (found.id, *(each.id for each in held))]
    return [Or(tuple(terms))] if len(terms) > 1 else terms


def _about(object_id: str) -> Condition:
    return AnyOf(_TARGET, Compare("", "eq", object_id))
