"""``accredit logs``: every sign-in attempt, granted or refused."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, Unpack

import click

from accredit.cli import shapes
from accredit.cli.desk import on_desk
from accredit.cli.grammar import group
from accredit.cli.log_export import export
from accredit.cli.log_filters import CREATED, Asked, condition, filters
from accredit.cli.log_group import NAMES, show_groups
from accredit.cli.log_pages import COLUMNS, PAGE, or_none, pages_of
from accredit.cli.log_stats import stats
from accredit.cli.log_tail import tail
from accredit.cli.log_usage import usage
from accredit.cli.sign_in import show
from accredit.query import Order, Query

if TYPE_CHECKING:
    from accredit.cli.desk import Desk

MOST: Final = 100_000  # events printed by one command


@group("logs")
def logs() -> None:
    """Sign-ins, granted or refused, and why: every attempt whose application is known."""


logs.add_command(show)
logs.add_command(tail)
logs.add_command(stats)
logs.add_command(usage)
logs.add_command(export)


@logs.command("list")
@filters
@click.option("-n", "--limit", type=click.IntRange(1, MOST), default=20, help="At most so many (default: 20).")
@click.option(
    "--group",
    is_flag=False,
    flag_value="1d",
    type=click.Choice(list(NAMES)),
    help="Show what is alike in an hour, six or a day (1d if not said) as one row.",
)
@on_desk
async def list_events(desk: Desk, limit: int, group: str | None, **asked: Unpack[Asked]) -> None:
    """List the newest sign-ins first."""
    if group is not None:
        await show_groups(desk, group, limit, asked)
        return
    tenant, wanted = await condition(desk, asked)
    order = Order(CREATED) if asked["correlation"] is not None else None
    with desk.place.log() as log:
        pages = pages_of(partial(log.search, tenant.id), Query(condition=wanted, order=order, limit=PAGE), limit)
        shown = ([shapes.event(each) for each in page] for page in pages)
        desk.session.show_pages(or_none(desk.session, shown), COLUMNS)
