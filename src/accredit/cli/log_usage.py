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
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from accredit.cli.desk import Desk
    from accredit.cli.place import Trusted
    from accredit.directory import Application, Certificate, Secret, ServicePrincipal
    from accredit.signins.usage import Use

    Json = dict[str, Any]

MOST: Final = 1_000  # applications that are looked at where nothing else is said
_KINDS: Final = {"federatedIdentityCredential": "federated", "clientSecret": "secret", "certificate": "certificate"}


COLUMNS: Final = (
    Column("Application", "appDisplayName"),
    Column("Kind", "credentialType", lambda row: _KINDS[row["credentialType"]]),
    Column("Name", "name"),
    replace(LAST_USED, below=True),
    Column("From", "lastUsedAddress", below=True),
    Column("Granted", "granted", lambda row: f"{row['granted']:,}"),
    Column("Refused", "refused", lambda row: f"{row['refused']:,}"),
    Column("ID", "id", below=True),
    *(Column(each, each, wide=True) for each in ("appId", "lastUsedRequestId", "createdDateTime", "endDateTime")),
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
                keys = _keys(each, *await store.principals.find(tenant_id=tenant.id, app_id=each.app_id))
                if held or keys:
                    rows += _rows(each, held, keys, log.uses(tenant.id, each.app_id))
    if len(found) > most:
        desk.session.warn(f"only {most} applications were looked at, and there are more: --most N, or name one: --app")
    rows = [each for each in rows if not never or each["lastUsed"] is None]
    rows = [each for each in rows if before is None or _since(each, now) < before]
    rows.sort(key=lambda row: (row["appDisplayName"].casefold(), row["appId"]))
    desk.session.show(rows, COLUMNS)


def _keys(*owners: Application | ServicePrincipal) -> list[tuple[str, Secret | Certificate]]:
    """Return the secrets and certificates of an application and of its service principal, secrets first."""
    secrets: list[tuple[str, Secret | Certificate]] = [("clientSecret", each) for one in owners for each in one.secrets]
    return [*secrets, *(("certificate", each) for one in owners for each in one.certificates)]


def _rows(
    of: Application,
    held: Sequence[Trusted],
    keys: Sequence[tuple[str, Secret | Certificate]],
    uses: Mapping[UUID, Use],
) -> Iterator[Json]:
    """Yield what an application may sign in with: credentials by name, then secrets, then certificates."""
    app = {"appId": str(of.app_id), "appDisplayName": of.display_name}
    for each in sorted(held, key=lambda one: (one.name.casefold(), one.name)):
        dates = {"createdDateTime": shapes.instant(each.created_at), "endDateTime": None}
        yield _row(app, "federatedIdentityCredential", each.id, each.name, uses) | dates
    for kind, key in keys:
        dates = {"createdDateTime": shapes.instant(key.starts_at), "endDateTime": shapes.instant(key.ends_at)}
        yield _row(app, kind, key.key_id, key.display_name, uses) | dates


def _row(app: Json, kind: str, key: UUID, name: str | None, uses: Mapping[UUID, Use]) -> Json:
    return {**app, "credentialType": kind, "id": str(key), "name": name, **used(uses.get(key))}


def used(use: Use | None) -> Json:
    """Write what came of something."""
    return {
        "lastUsed": None if use is None else shapes.instant(use.last_at),
        "lastUsedAddress": (None if use is None else use.last_address) or None,
        "lastUsedRequestId": str(use.last_id) if use is not None and use.last_id else None,
        "granted": 0 if use is None else use.grants,
        "refused": 0 if use is None else use.refusals,
    }


def _since(row: Json, now: datetime) -> datetime:
    """Return since when something is unused: its last use, or when it was made."""
    return inputs.moment(row["lastUsed"] or row["createdDateTime"], now) or now
