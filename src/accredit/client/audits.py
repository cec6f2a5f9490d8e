"""The records of changes over Graph (``auditLogs/directoryAudits``), asked as a store's are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.interop.graph import audit
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
        page = self._graph.search(AUDITS, query, largest=LARGEST_PAGE)
        return Page([audit.read(each, tenant_id) for each in page.things], page.after)
