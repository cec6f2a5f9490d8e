"""``accredit logs usage``: when each credential, secret and certificate last signed an application in, and from where.

Rule 1: what is counted is kept longer than the log. What was never used since says ``never``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import click

from accredit.cli import inputs, names, shapes
from accredit.cli.desk import on_desk
from accredit.cli.grammar import command
from accredit.cli.output import LAST_USED, Column

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from uuid import UUID

    from accredit.cli.desk import Desk
    from accredit.directory import Application
    from accredit.interop.graph.activity import Registered, Trusted
    from accredit.signins.usage import Use

    Json = dict[str, Any]

MOST: Final = 1_000  # applications that are looked at where nothing else is said
_KINDS: Final = {"federatedIdentityCredential": "federated", "clientSecret": "secret", "certificate": "certificate"}


COLUMNS: Final = (
    Column("Application", "appDisplayName"),
    Column("Kind", "credentialType", lambda row: _KINDS[row["credentialType"]]),
    Column("Name", "name"),
    replace(LAST_USED, below=True),
    Column("From", "lastSignInIpAddress", below=True),
    Column("Granted", "grants", lambda row: f"{row['grants']:,}"),
    Column("Refused", "refusals", lambda row: f"{row['refusals']:,}"),
    Column("ID", "id", below=True),
    *(Column(each, each, wide=True) for each in ("appId", "lastSignInRequestId", "createdDateTime", "endDateTime")),
)


@command("usage")
@click.option("-a", "--app", "application", metavar="APP", help="What one application signs in with.")
@click.option(
    "--unused", metavar="TIME", help="What was not used, and not made, for so long: 90d, or since an ISO time."
)
@click.option("--never", is_flag=True, help="What was never used.")
@click.option("--most", type=click.IntRange(1), default=MOST, help=f"Look at so many applications (default: {MOST}).")
@on_desk
async def usage(desk: Desk, application: str | None, unused: str | None, never: bool, most: int) -> None:
    """Show when each credential, secret and certificate was last used, from where, and how often."""
    from accredit.interop.graph.activity import registered

    now = desk.now
    before = inputs.moment(unused, now, "--unused")
    rows: list[Json] = []
    async with desk.reading() as store:
        tenant = await names.tenant(store, desk.session.tenant)
        if application is not None:
            found = [await names.application(store, tenant, application)]
        else:
            found = await names.everything(store.applications, most=most + 1, tenant_id=tenant.id)
        with desk.place.log() as log:
            for each in found[:most]:
                held = await desk.place.trusted(store, each)
                principals = await store.principals.find(tenant_id=tenant.id, app_id=each.app_id)
                keys = list(registered(each, principals[0] if principals else None))
                if held or keys:
                    rows += _rows(each, held, keys, log.uses(tenant.id, each.app_id))
    if len(found) > most:
        desk.session.warn(f"only {most} applications were looked at, and there are more: --most N, or name one: --app")
    rows = [each for each in rows if not never or each["lastSignInDateTime"] is None]
    rows = [each for each in rows if before is None or _since(each, now) < before]
    rows.sort(key=lambda row: (row["appDisplayName"].casefold(), row["appId"]))
    desk.session.show(rows, COLUMNS)


def _rows(
    of: Application, held: Iterable[Trusted], keys: Iterable[Registered], uses: Mapping[UUID, Use]
) -> Iterator[Json]:
    """Yield what an application may sign in with: credentials by name, then secrets, then certificates."""
    for each in sorted(held, key=lambda one: (one.name.casefold(), one.name)):
        yield _row(of, each, uses.get(each.id), None)
    for key in sorted(keys, key=lambda one: one.type == "certificate"):
        yield _row(of, key, uses.get(key.key.key_id), key.key.ends_at)


def _row(of: Application, which: Trusted | Registered, use: Use | None, ends_at: datetime | None) -> Json:
    """Write what the directory API writes, and what a list needs besides."""
    from accredit.interop.graph.activity import write_usage
    from accredit.signins.usage import Use

    written = write_usage(of, which, use or Use())
    return {"appDisplayName": of.display_name, **written, "endDateTime": shapes.instant(ends_at)}


def _since(row: Json, now: datetime) -> datetime:
    """Return since when something is unused: its last use, or when it was made."""
    return inputs.moment(row["lastSignInDateTime"] or row["createdDateTime"], now) or now
