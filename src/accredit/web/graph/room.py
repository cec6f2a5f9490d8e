"""The room of Microsoft Graph: every route that is served."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accredit.web.graph.route import Route

ROUTES: tuple[Route, ...] = ()
"""What every resource module exports, put together."""
