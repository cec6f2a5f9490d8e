"""What came of the credentials of applications, as it was counted, and what has come since."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final
from uuid import UUID

from accredit.signins.usage import Use
from accredit.stores.encoding import instant
from accredit.stores.event_counts import CREDENTIAL, ahead_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Mapping

_USES: Final = (
    "SELECT app_id, credential, max(last_at), last_address, last_id, sum(grants), sum(refusals) FROM ("  # noqa: S608
    "SELECT app_id, credential, last_at, last_address, last_id, grants, refusals FROM signin_uses"
    " WHERE tenant_id = :tenant AND app_id {apps}"
    f" UNION ALL SELECT app_id, {CREDENTIAL} AS credential, iif(code = 0, at, NULL), address, id,"
    f" iif(code = 0, count, 0), iif(code = 0, 0, count) FROM {ahead_of('uses', '{apps}')}"
    " CROSS JOIN signins USING (seq) WHERE tenant_id = :tenant)"
    " WHERE credential <> zeroblob(16) GROUP BY app_id, credential"
)
_USES_OF_ONE: Final = _USES.format(apps="= :app")
_AT_ONCE: Final = 250  # applications that one statement asks for


def uses(connection: sqlite3.Connection, tenant_id: UUID, app_id: UUID) -> dict[UUID, Use]:
    """Return what came of an application's credentials, secrets and certificates; unused ones are absent."""
    return _used(connection, _USES_OF_ONE, {"tenant": tenant_id.bytes, "app": app_id.bytes}).get(app_id, {})


def uses_of(connection: sqlite3.Connection, tenant_id: UUID, app_ids: Collection[UUID]) -> dict[UUID, dict[UUID, Use]]:
    """Return the same of many applications, by application; those that were never used are absent."""
    found, rest = dict[UUID, dict[UUID, Use]](), sorted(app_ids)
    while rest:
        some, rest = rest[:_AT_ONCE], rest[_AT_ONCE:]
        values: dict[str, object] = {f"a{place}": each.bytes for place, each in enumerate(some)}
        apps = f"IN ({', '.join(f':{each}' for each in values)})"
        statement = _USES.format(apps=apps)
        found |= _used(connection, statement, {**values, "tenant": tenant_id.bytes})
    return found


def _used(connection: sqlite3.Connection, statement: str, values: Mapping[str, object]) -> dict[UUID, dict[UUID, Use]]:
    found = dict[UUID, dict[UUID, Use]]()
    with closing(connection.execute(statement, values)) as cursor:
        for app_id, key, at, address, id_, grants, refusals in cursor:
            use = Use(grants=grants, refusals=refusals)
            if at is not None:
                use = Use(instant(at), address, UUID(bytes=id_), grants, refusals)
            found.setdefault(UUID(bytes=app_id), {})[UUID(bytes=key)] = use
    return found
