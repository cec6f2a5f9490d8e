"""Owners of an application: the service principals that may change it with the narrowest right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.web.portal.pages import application_parts as parts
from accredit.web.portal.pages import owned
from accredit.web.portal.route import Route

if TYPE_CHECKING:
    from starlette.responses import Response

    from accredit.directory import Application
    from accredit.web.portal.visit import Visit

_PATH: Final = f"{parts.PATH}/owners"


async def listed(visit: Visit) -> Response:
    """Show them."""
    of = await parts.found(visit)
    return await owned.listed(visit, of, _around(visit, of))


async def add(visit: Visit) -> Response:
    """Add one."""
    of = await parts.found(visit)
    return await owned.add(visit, of, _around(visit, of))


async def ask(visit: Visit) -> Response:
    """Show what a removal means."""
    of = await parts.found(visit)
    return await owned.ask(visit, of, _around(visit, of))


async def remove(visit: Visit) -> Response:
    """Remove one."""
    of = await parts.found(visit)
    return await owned.remove(visit, of, _around(visit, of))


def _around(visit: Visit, of: Application) -> dict[str, object]:
    return {**parts.around(visit, of, "owners"), "head": "parts/application.html"}


ROUTES: Final = (
    Route("GET", _PATH, listed, "reader"),
    Route("POST", _PATH, add, "admin"),
    Route("GET", f"{_PATH}/{{owner}}/remove", ask, "admin"),
    Route("POST", f"{_PATH}/{{owner}}/remove", remove, "admin"),
)
