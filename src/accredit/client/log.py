"""The sign-in log over Graph (``auditLogs/signIns``), with everything that the authority keeps of an event."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from accredit.client.graph import segment
from accredit.errors import OBJECT_NOT_FOUND, PRIVILEGES_MISSING, Refused
from accredit.interop.graph import signin
from accredit.interop.odata.writing import write_filter
from accredit.query import And, Compare, Page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from accredit.client.graph import Graph, Json
    from accredit.query import Query
    from accredit.signins import Event

SIGN_INS: Final = "/auditLogs/signIns"
LARGEST_PAGE: Final = 1_000  # events
EVERYTHING: Final = "accredit.explain"  # what Graph has no member for is shown to whoever prefers that
MOST_LOOKED_AT: Final = 2  # pages, for the use of one credential; each is as much of the log as the server looks at


class Log:
    """Reads events of the token's tenant."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def search(self, tenant_id: UUID, query: Query) -> Page[Event]:  # noqa: ARG002  the token's
        """Return a page of the events that meet ``query``, newest first or in its order. It ends at a link."""
        if query.after is not None:
            page = self._graph.at(query.after[1], prefer=EVERYTHING)
        else:
            asked = {"top": str(min(query.limit, LARGEST_PAGE))}
            if query.condition is not None:
                asked["filter"] = write_filter(query.condition)
            if query.order is not None:
                asked["orderby"] = f"{query.order.name} {'desc' if query.order.descending else 'asc'}"
            page = self._graph.get(SIGN_INS, prefer=EVERYTHING, **asked)
        link = page.get("@odata.nextLink")
        return Page([self._event(each) for each in page.get("value", ())], None if link is None else (None, str(link)))

    def by_id(self, event_id: UUID) -> Event | None:
        """Return the event of a request; ``None`` when there is none."""
        try:
            return self._event(self._graph.get(f"{SIGN_INS}/{segment(event_id)}", prefer=EVERYTHING))
        except Refused as refused:
            if refused.row is not OBJECT_NOT_FOUND:
                raise
            return None

    def last_used(self, app_id: UUID, credentials: Sequence[UUID]) -> Mapping[UUID, datetime] | None:
        """Return when each credential last signed the application in; ``None``: the caller may not read the log."""
        try:
            found = self._graph.together([_granted(app_id, each) for each in credentials])
        except Refused as refused:
            if refused.row is not PRIVILEGES_MISSING:
                raise
            return None
        newest = ((each, self._first(page)) for each, page in zip(credentials, found, strict=True))
        return {each: datetime.fromisoformat(row["createdDateTime"]) for each, row in newest if row is not None}

    def _first(self, page: Json) -> Json | None:
        """Return the first row that a page, or one that follows it, has."""
        pages = islice(self._graph.following(page), MOST_LOOKED_AT)
        return next((each for rows in pages for each in rows), None)

    def _event(self, json: Json) -> Event:
        return signin.read(json, self._graph.token.tenant_id)


def _granted(app_id: UUID, credential_id: UUID) -> str:
    """Return where the newest sign-in by a credential stands."""
    terms = (
        Compare("appId", "eq", str(app_id)),
        Compare("federatedCredentialId", "eq", str(credential_id)),
        Compare("status/errorCode", "eq", 0),
    )
    return f"{SIGN_INS}?$top=1&$filter={quote(write_filter(And(terms)), safe='')}"
