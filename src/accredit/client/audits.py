"""The records of changes over Graph (``auditLogs/directoryAudits``), asked as a store's are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.interop.graph import audit
from accredit.interop.odata.writing import write_filter
from accredit.query import Page

if TYPE_CHECKING:
    from uuid import UUID

    from accredit.client.graph import Graph
    from accredit.query import Query
    from accredit.signins import Audit

AUDITS: Final = "/auditLogs/directoryAudits"
LARGEST_PAGE: Final = 999


class Audits:
    """Reads the records of the token's tenant."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def search(self, query: Query, *, tenant_id: UUID) -> Page[Audit]:
        """Return a page of the records that meet ``query``, the newest first. It ends at a link."""
        if query.after is not None:
            page = self._graph.at(query.after[1])
        else:
            asked = {"top": str(min(query.limit, LARGEST_PAGE))}
            if query.condition is not None:
                asked["filter"] = write_filter(query.condition)
            page = self._graph.get(AUDITS, **asked)
        link = page.get("@odata.nextLink")
        found = [audit.read(each, tenant_id) for each in page.get("value", ())]
        return Page(found, None if link is None else (None, str(link)))
