"""One authority, as one client uses it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from accredit.client import changes
from accredit.client.issuers import Issuers
from accredit.client.log import Log
from accredit.client.shelves import TENANT, View
from accredit.errors import PRIVILEGES_MISSING, Refused
from accredit.interop.graph import organization

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime
    from uuid import UUID

    from accredit.client.graph import Graph
    from accredit.client.tokens import AccessToken


MARK: Final = "acc7ed17"  # the ids of an emulator's first tenant and applications begin so


class Authority:
    """Its directory to read, its directory to change, its sign-in log. Nothing in here needs an event loop."""

    def __init__(self, graph: Graph, new_id: Callable[[], UUID]) -> None:
        self.graph = graph
        self.log = Log(graph)
        self.tenants = changes.Tenants(graph)
        self.applications = changes.Applications(graph, new_id)
        self.credentials = changes.Credentials(graph)
        self.evidence = changes.Evidence(graph)
        self.principals = changes.Principals(graph)
        self.permissions = changes.Permissions(graph)
        self.issuers = Issuers(graph)

    @property
    def url(self) -> str:
        """Its address."""
        return self.graph.http.url

    @property
    def token(self) -> AccessToken:
        """The token that calls bear; asked for when there is none."""
        return self.graph.token

    @property
    def now(self) -> datetime:
        """The current instant, aware UTC, as this machine has it."""
        return self.graph.tokens.clock()

    @property
    def reason(self) -> str:
        """Why errors that lint finds in trust are accepted; empty: they are not."""
        return self.graph.reason

    def override(self, reason: str) -> None:
        """Accept them from now on, where the tenant takes none."""
        self.graph.reason = reason

    def is_emulator(self) -> bool:
        """Whether it is an emulator. It says so to whoever may read the tenant's settings; others see its mark."""
        try:
            return organization.read(self.graph.get(f"/{TENANT}"))[1]
        except Refused as refused:
            if refused.row is not PRIVILEGES_MISSING:
                raise
            return str(self.token.tenant_id).startswith(MARK)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[View]:
        """Open a view of the directory: what is read once in it stays as it was."""
        yield View(self.graph)
