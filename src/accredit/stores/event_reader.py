"""Reading the sign-in log, from whatever process, beside a running server or without one.

Pages go by key, never by offset: an event that arrives meanwhile moves nothing.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final, Self

from accredit.signins.usage import HOUR
from accredit.stores import event_counts, event_uses, sqlite
from accredit.stores.encoding import micros
from accredit.stores.event_index import newest
from accredit.stores.event_row import CLAIMS, event_of
from accredit.stores.event_search import search
from accredit.stores.event_summary import summaries

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import datetime, timedelta
    from pathlib import Path
    from types import TracebackType
    from uuid import UUID

    from accredit.query import Page, Query
    from accredit.signins import Event
    from accredit.signins.summary import Summary
    from accredit.signins.usage import HourCount, Use

PAGE: Final = 50  # events
AT_ONCE: Final = 500  # of many events that are looked through

_END: Final = (2**62, 2**62)  # later than every time, behind every place
_NEWEST: Final = f"SELECT body, {CLAIMS} FROM ({newest('body, claims')}) ORDER BY at DESC, seq DESC"  # noqa: S608


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
        self.close()

    def close(self) -> None:
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
            return [event_of(*each) for each in cursor]

    def since(self, tenant_id: UUID, app_id: UUID, instant: datetime) -> Iterator[Event]:
        """Yield an application's events down to an instant, newest first; between pages nothing is held open."""
        page = self.last(tenant_id, app_id, limit=AT_ONCE)
        while page:
            for each in page:
                if each.at < instant:
                    return
                yield each
            page = self.last(tenant_id, app_id, before=page[-1], limit=AT_ONCE)

    def search(self, tenant_id: UUID, query: Query) -> Page[Event]:
        """Return a page of a tenant's events that meet a condition; see ``accredit.ports.Searched``."""
        return search(self._connection, tenant_id, query)

    def by_id(self, event_id: UUID) -> Event | None:
        """Return the event of a request (its trace id, ``uti`` in another spelling); ``None`` when there is none."""
        found = self._events("id = ?", "id", (event_id.bytes,), 1)
        return found[0] if found else None

    def summaries(self, tenant_id: UUID, query: Query, length: timedelta) -> Page[Summary]:
        """Return a page of what a tenant's windows saw; see ``accredit.web.signin_log``."""
        return summaries(self._connection, tenant_id, query, length)

    def hours(
        self,
        tenant_id: UUID,
        since: datetime,
        until: datetime,
        *,
        app_id: UUID | None = None,
        apart: bool = True,
        step: timedelta = HOUR,
    ) -> list[HourCount]:
        """Return a tenant's attempts by the hour, oldest first; see ``accredit.web.signin_log``.

        ``apart``: what they were for is told apart, and credentials of one application. A plain chart is quicker, and
        so is one of fewer ``step``s: whole hours, a day at most.
        """
        return event_counts.hours(self._connection, tenant_id, since, until, app_id, apart=apart, step=step // HOUR)

    def uses(self, tenant_id: UUID, app_id: UUID) -> dict[UUID, Use]:
        """Return what came of each credential, secret and certificate of an application that was ever presented."""
        return event_uses.uses(self._connection, tenant_id, app_id)

    def uses_of(self, tenant_id: UUID, app_ids: Collection[UUID]) -> Mapping[UUID, Mapping[UUID, Use]]:
        """Return the same of many applications, by application; those that were never used are absent."""
        return event_uses.uses_of(self._connection, tenant_id, app_ids)

    def _of_tenant(self, tenant_id: UUID, before: Event | None, limit: int) -> list[Event]:
        seq = _END[1] if before is None else self._place(before)
        return self._events("tenant_id = ? AND seq < ?", "seq DESC", (tenant_id.bytes, seq), limit)

    def _place(self, event: Event) -> int:
        """Return the place of an event in the order of arrival; 0 when retention has deleted it."""
        found = self._connection.execute("SELECT seq FROM signins WHERE id = ?", (event.id.bytes,)).fetchone()
        return 0 if found is None else int(found[0])

    def _events(self, where: str, order: str, parameters: Iterable[bytes | int], limit: int) -> list[Event]:
        query = f"SELECT body, {CLAIMS} FROM signins WHERE {where} ORDER BY {order} LIMIT ?"  # noqa: S608  constants of this file
        with closing(self._connection.execute(query, (*parameters, limit))) as cursor:
            return [event_of(*each) for each in cursor]
