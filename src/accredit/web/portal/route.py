"""What is served where, and to whom: each page module exports its rows, ``room`` puts them together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.responses import Response

    from accredit.web.portal.visit import Visit

    Handler: TypeAlias = Callable[[Visit], Awaitable[Response]]

Needs = Literal["nobody", "session", "reader", "operator", "admin", "instance"]
"""``nobody``: who is not signed in, too; ``session``: whoever is; the rest: a role in the tenant or in the instance."""
ROOT: Final = "/portal"


class Route(NamedTuple):
    """One call. ``path`` is below ``ROOT``; ``{tenant}`` in it is the domain or the id of a tenant."""

    method: str
    path: str
    handler: Handler
    needs: Needs

    @property
    def of_tenant(self) -> bool:
        """Whether the path names a tenant."""
        return self.path.startswith("/{tenant}")
