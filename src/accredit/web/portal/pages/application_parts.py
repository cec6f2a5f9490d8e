"""What all pages about one application begin with: the application, where it stands, and its tabs.

``return await visit.page("thing.html", **around(visit, application, "credentials"), ...)``, and in the template
``{% include "parts/application.html" %}`` in the place of a heading.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from accredit.directory import read_guid
from accredit.errors import NOT_FOUND, Refused
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from uuid import UUID

    from accredit.directory import Application, ServicePrincipal
    from accredit.ports import Transaction
    from accredit.web.portal.visit import Visit

PATH: Final = "/{tenant}/applications/{application}"
_PARAMETER: Final = "application"


async def found(visit: Visit) -> Application:
    """Return the application in the path, by its object id or client id. 404 for one that is not in this tenant."""
    async with visit.reading() as store:
        return await find(store, visit)


async def find(store: Transaction, visit: Visit) -> Application:
    """Return the application in the path, from a view that is open already."""
    named = read_guid(visit.request.path_params[_PARAMETER])
    if named is not None:
        for where in ({"id": named}, {"app_id": named}):
            for each in await store.applications.find(tenant_id=visit.tenant.id, **where):
                return each
    raise Refused(NOT_FOUND, detail="There is no such application in this tenant; it may have been deleted.")


async def principal(store: Transaction, of: Application) -> ServicePrincipal | None:
    """Return the application's presence in its tenant; ``None``: it has none, so that it cannot sign in."""
    held = await store.principals.find(tenant_id=of.tenant_id, app_id=of.app_id)
    return held[0] if held else None


def url(visit: Visit, of: Application | UUID, *parts: object, **query: object) -> str:
    """Return the address of a page of an application."""
    return visit.url("applications", getattr(of, "id", of), *parts, **query)


def around(visit: Visit, of: Application, tab: str) -> dict[str, Any]:
    """Return what ``parts/application.html`` shows. ``tab``: the last part of the tab's path; "" for the overview."""
    tabs = (
        ("", _("Overview")),
        ("credentials", _("Certificates & secrets")),
        ("permissions", _("API permissions")),
        ("roles", _("App roles")),
        ("owners", _("Owners")),
        ("sign-ins", _("Sign-ins")),
        ("manifest", _("Manifest")),
    )
    return {
        "application": of,
        "crumbs": ((visit.url("applications"), _("Applications")), (url(visit, of), of.display_name)),
        "tabs": [(_tab(visit, of, part), text, part == tab) for part, text in tabs],
    }


def _tab(visit: Visit, of: Application, part: str) -> str:
    if part == "sign-ins":  # the log itself, of this application alone
        return visit.url(part, application=of.app_id)
    return url(visit, of, *([part] if part else []))
