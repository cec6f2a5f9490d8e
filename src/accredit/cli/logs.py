"""``accredit logs``: every sign-in attempt, granted or refused."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import click

from accredit.cli import inputs, names, shapes
from accredit.cli.desk import on_desk
from accredit.cli.grammar import group
from accredit.cli.output import Column
from accredit.cli.sign_in import code, how, show

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from accredit.cli.desk import Desk
    from accredit.cli.place import Log
    from accredit.signins import Event


def _result(shape: dict[str, Any]) -> str:
    """Say in one word how it ended; an aggregate says how often."""
    number = shape["status"]["errorCode"]
    times = f" ({shape['count']} times)" if shape["count"] > 1 else ""
    return ("granted" if number == 0 else code(number)) + times


COLUMNS: Final = (
    Column("When", "createdDateTime"),
    Column("Application", "appDisplayName"),
    Column("Result", "status.errorCode", _result),
    Column("How", "clientCredentialType", how),
    Column("Request ID", "id", below=True),
)
MOST: Final = 10_000  # events printed by one command


@group("logs")
def logs() -> None:
    """Sign-ins, granted or refused, and why: every attempt whose application is known."""


logs.add_command(show)


@logs.command("list")
@click.option("-a", "--app", "application", metavar="APP", help="Those of one application.")
@click.option("--failed", is_flag=True, help="Refused ones only.")
@click.option("--correlation", metavar="ID", help="Those of one correlation id, oldest first.")
@click.option("-n", "--limit", type=click.IntRange(1, MOST), default=20, help="At most so many (default: 20).")
@on_desk
async def list_events(desk: Desk, application: str | None, failed: bool, correlation: str | None, limit: int) -> None:
    """List the newest sign-ins first."""
    async with desk.reading() as store:
        tenant = await names.tenant(store, desk.session.tenant)
        app_id = (await names.application(store, tenant, application)).app_id if application else None
    wanted = inputs.key_id(correlation) if correlation is not None else None
    with desk.place.log() as events:
        every = iter(events.by_correlation(tenant.id, wanted)) if wanted else _newest(events, tenant.id, app_id)
        found = islice((each for each in every if (app_id in (None, each.app_id)) and (each.code or not failed)), limit)
        desk.session.show([shapes.event(each) for each in found], COLUMNS)


def _newest(events: Log, tenant_id: UUID, app_id: UUID | None) -> Iterator[Event]:
    """Yield the events of a tenant, or of one application in it, newest first, page by page."""
    page = events.last(tenant_id, app_id)
    while page:
        yield from page
        page = events.last(tenant_id, app_id, before=page[-1])
