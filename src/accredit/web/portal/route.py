"""What is served where, and to whom: each page module exports its rows, ``room`` puts them together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.responses import Response

    from accredit.web.portal.visit import Needs, Visit

    Handler: TypeAlias = Callable[[Visit], Awaitable[Response]]


class Route(NamedTuple):
    """One call. ``path`` is below ``/portal``; ``{tenant}`` in it is the domain or the id of a tenant."""

    method: str
    path: str
    handler: Handler
    needs: Needs

    @property
    def of_tenant(self) -> bool:
        """Whether the path names a tenant."""
        return self.path.startswith("/{tenant}")
