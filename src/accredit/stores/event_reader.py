"""Reading the sign-in log, from whatever process, beside a running server or without one.

Pages go by key, never by offset: an event that arrives meanwhile moves nothing.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self
from uuid import UUID

from accredit.stores import sqlite
from accredit.stores.encoding import instant, micros
from accredit.stores.event_index import newest
from accredit.stores.event_row import event_of
from accredit.stores.event_search import search
from accredit.stores.health import Damage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

    from accredit.query import Page, Query
    from accredit.signins import Event

PAGE: Final = 50  # events
MOST_OF_ONE_CORRELATION: Final = 1_000  # events: the caller chooses that id, and may choose the same one always
MOST_LOOKED_AT: Final = 100_000  # events of an application, for the use of its credentials

_END: Final = (2**62, 2**62)  # later than every time, behind every place
_NEWEST: Final = newest("body")
_LAST_USED: Final = (
    f"SELECT credential_id, MAX(at) FROM ({newest('credential_id, code')})"  # noqa: S608  constants
    " WHERE code = 0 AND credential_id IS NOT NULL GROUP BY credential_id"
)


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
        at, seq = _END if before is None else (micros(before.at), self._place(before))
        page = {"tenant": tenant_id.bytes, "app": app_id.bytes, "at": at, "seq": seq, "limit": limit}
        with closing(self._connection.execute(_NEWEST, page)) as cursor:
            return [event_of(body) for _, _, body in cursor]

    def search(self, tenant_id: UUID, query: Query) -> Page[Event]:
        """Return a page of a tenant's events that meet a condition; see ``accredit.ports.Searched``."""
        return search(self._connection, tenant_id, query)

    def by_id(self, event_id: UUID) -> Event | None:
        """Return the event of a request (its trace id, ``uti`` in another spelling); ``None`` when there is none."""
        found = self._events("id = ?", "id", (event_id.bytes,), 1)
        return found[0] if found else None

    def by_correlation(self, tenant_id: UUID, correlation_id: UUID) -> list[Event]:
        """Return the events of one correlation id, which callers choose, oldest first; at most 1,000."""
        where = "(correlation_id = ? OR (id = ? AND correlation_id IS NULL)) AND tenant_id = ?"
        parameters = (correlation_id.bytes, correlation_id.bytes, tenant_id.bytes)
        return self._events(where, "at, seq", parameters, MOST_OF_ONE_CORRELATION)

    def last_used(self, tenant_id: UUID, app_id: UUID) -> dict[UUID, datetime]:
        """Return when each federated credential last signed the application in, among its newest 100,000 events."""
        at, seq = _END
        page = {"tenant": tenant_id.bytes, "app": app_id.bytes, "at": at, "seq": seq, "limit": MOST_LOOKED_AT}
        with closing(self._connection.execute(_LAST_USED, page)) as cursor:
            return {UUID(bytes=credential_id): instant(at) for credential_id, at in cursor}

    def _of_tenant(self, tenant_id: UUID, before: Event | None, limit: int) -> list[Event]:
        seq = _END[1] if before is None else self._place(before)
        return self._events("tenant_id = ? AND seq < ?", "seq DESC", (tenant_id.bytes, seq), limit)

    def _place(self, event: Event) -> int:
        """Return the place of an event in the order of arrival; 0 when retention has deleted it."""
        found = self._connection.execute("SELECT seq FROM signins WHERE id = ?", (event.id.bytes,)).fetchone()
        return 0 if found is None else int(found[0])

    def _events(self, where: str, order: str, parameters: Iterable[bytes | int], limit: int) -> list[Event]:
        query = f"SELECT body FROM signins WHERE {where} ORDER BY {order} LIMIT ?"  # noqa: S608  constants of this file
        with closing(self._connection.execute(query, (*parameters, limit))) as cursor:
            return [event_of(body) for (body,) in cursor]


@dataclass(frozen=True, slots=True)
class EventPages:
    """The port ``Searched`` over the file at ``path``.

    Each question has a thread and a connection of its own: looking through a log takes longer than an answer may wait.
    """

    path: Path
    damage: Damage = field(default_factory=Damage)

    async def search(self, query: Query, **where: object) -> Page[Event]:
        return await asyncio.to_thread(self._page, query, UUID(str(where["tenant_id"])))

    def _page(self, query: Query, tenant_id: UUID) -> Page[Event]:
        try:
            with EventReader(self.path) as reader:
                return reader.search(tenant_id, query)
        except sqlite3.Error as error:
            self.damage.note(error)
            raise sqlite.reason_of(error) from error
