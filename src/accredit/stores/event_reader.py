"""Reading the sign-in log, from whatever process, beside a running server or without one.

Pages go by key, never by offset: an event that arrives meanwhile moves nothing.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final, Self
from uuid import UUID

import msgspec

from accredit.signins import Event
from accredit.stores import sqlite
from accredit.stores.encoding import instant, micros

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

PAGE: Final = 50  # events
MOST_OF_ONE_CORRELATION: Final = 1_000  # events: the caller chooses that id, and may choose the same one always
MOST_LOOKED_AT: Final = 100_000  # events of an application, for the use of its credentials

_decode = msgspec.json.Decoder(Event).decode


class EventReader:
    """Reads events of the file at ``path``; nothing can be written through it. Use it as a context manager.

    Raises ``Refused`` (STORE_MISSING, STORE_BUSY) as ``sqlite.connect`` does.
    """

    def __init__(self, path: Path) -> None:
        self._connection = sqlite.connect(path)
        self._connection.execute("PRAGMA query_only = ON")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def last(
        self, tenant_id: UUID, app_id: UUID | None = None, *, before: Event | None = None, limit: int = PAGE
    ) -> list[Event]:
        """Return the newest events of a tenant, or of one application in it, newest first; or those ``before`` one.

        An application's stand in the order of their time; a tenant's in the order in which they arrived in the log.
        """
        if app_id is None:
            return self._of_tenant(tenant_id, before, limit)
        where, parameters = "tenant_id = ? AND app_id = ?", (str(tenant_id), str(app_id))
        if before is None:
            return self._events(where, "at DESC, id DESC", parameters, limit)
        where += " AND (at, id) < (?, ?)"
        return self._events(where, "at DESC, id DESC", (*parameters, micros(before.at), str(before.id)), limit)

    def by_id(self, event_id: UUID) -> Event | None:
        """Return the event of a request (its trace id, ``uti`` in another spelling); ``None`` when there is none."""
        found = self._events("id = ?", "id", (str(event_id),), 1)
        return found[0] if found else None

    def by_correlation(self, tenant_id: UUID, correlation_id: UUID) -> list[Event]:
        """Return the events of one correlation id, which callers choose, oldest first; at most 1,000."""
        parameters = (str(correlation_id), str(tenant_id))
        return self._events("correlation_id = ? AND tenant_id = ?", "at, id", parameters, MOST_OF_ONE_CORRELATION)

    def last_used(self, tenant_id: UUID, app_id: UUID) -> dict[UUID, datetime]:
        """Return when each federated credential last signed the application in, among its newest 100,000 events."""
        query = (
            "SELECT credential_id, MAX(at) FROM (SELECT credential_id, at, code FROM signins"
            " WHERE tenant_id = ? AND app_id = ? ORDER BY at DESC LIMIT ?)"
            " WHERE code = 0 AND credential_id IS NOT NULL GROUP BY credential_id"
        )
        with closing(self._connection.execute(query, (str(tenant_id), str(app_id), MOST_LOOKED_AT))) as cursor:
            return {UUID(credential_id): instant(at) for credential_id, at in cursor}

    def _of_tenant(self, tenant_id: UUID, before: Event | None, limit: int) -> list[Event]:
        if before is None:
            return self._events("+tenant_id = ?", "rowid DESC", (str(tenant_id),), limit)
        # Found by the order of arrival: "+" keeps the index of applications out, after which all would be sorted.
        # An event that retention has deleted has nothing before it.
        where = "+tenant_id = ? AND rowid < (SELECT rowid FROM signins WHERE id = ?)"
        return self._events(where, "rowid DESC", (str(tenant_id), str(before.id)), limit)

    def _events(self, where: str, order: str, parameters: Iterable[str | int], limit: int) -> list[Event]:
        query = f"SELECT body FROM signins WHERE {where} ORDER BY {order} LIMIT ?"  # noqa: S608  constants of this file
        with closing(self._connection.execute(query, (*parameters, limit))) as cursor:
            return [_decode(body) for (body,) in cursor]
