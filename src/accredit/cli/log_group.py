"""``accredit logs list --group``: sign-ins that are alike as one row, as the page of Entra ID shows them.

Alike are those of one application with one result, from one address, for one API, within one hour, six, or a day (UTC).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from accredit.cli.log_filters import WINDOW, condition
from accredit.cli.log_pages import PAGE, or_none, outcome, pages_of
from accredit.cli.output import Column
from accredit.query import Query
from accredit.signins.summary import WINDOWS

if TYPE_CHECKING:
    from accredit.cli.desk import Desk
    from accredit.cli.log_filters import Asked
    from accredit.signins.summary import Window

NAMES: Final[dict[str, Window]] = {"1h": "h1", "6h": "h6", "1d": "d1"}
_APART: Final = ("credential", "issuer", "subject", "correlation", "request", "proof")
"""Options that ask for what those in one row need not have in common."""
COLUMNS: Final = (
    Column("From", WINDOW),
    Column("Application", "appDisplayName"),
    Column("Result", "status.errorCode", lambda row: outcome({**row, "count": 1})),
    Column("API", "resourceDisplayName", below=True),
    Column("Address", "ipAddress", below=True),
    Column("Count", "signInCount", lambda row: f"{row['signInCount']:,}"),
    Column("First", "firstSignInDateTime", wide=True),
    Column("First request", "id", below=True),
    Column("appId", "appId", wide=True),
    Column("resourceId", "resourceId", wide=True),
    Column("failureReason", "status.failureReason", wide=True),
)
_KEPT: Final = (
    *("id", WINDOW, "firstSignInDateTime", "signInCount", "appId", "appDisplayName", "servicePrincipalId"),
    *("resourceId", "resourceDisplayName", "ipAddress", "status"),
)


async def show_groups(desk: Desk, named: str, limit: int, asked: Asked) -> None:
    """Print rows of sign-ins that are alike, the newest first."""
    if apart := [each for each in _APART if asked[each] is not None]:
        raise click.UsageError(f"--{apart[0]} is nothing that sign-ins in one row have in common: leave --group out")
    window = NAMES[named]
    tenant, wanted = await condition(desk, asked, WINDOWS[window])
    query = Query(condition=wanted, limit=PAGE)
    pages = pages_of(lambda each: desk.place.summaries(tenant.id, each, window), query, limit)
    shown = ([{name: each[name] for name in _KEPT} for each in page] for page in pages)
    desk.session.show_pages(or_none(desk.session, shown), COLUMNS)
