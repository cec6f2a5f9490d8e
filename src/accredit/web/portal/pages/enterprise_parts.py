"""What all pages about one service principal begin with: where it stands, and its tabs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from accredit.web.portal.pages.named import principal_in_path
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from accredit.directory import ServicePrincipal
    from accredit.web.portal.visit import Visit

PATH: Final = "/{tenant}/enterprise-apps/{principal}"


async def found(visit: Visit) -> ServicePrincipal:
    """Return the service principal in the path. 404 for one that is not in this tenant."""
    async with visit.reading() as store:
        return await principal_in_path(store, visit)


def url(visit: Visit, of: ServicePrincipal, *parts: object, **query: object) -> str:
    """Return the address of a page of a service principal."""
    return visit.url("enterprise-apps", of.id, *parts, **query)


def around(visit: Visit, of: ServicePrincipal, tab: str) -> dict[str, Any]:
    """Return what ``parts/enterprise.html`` shows. ``tab``: the last part of the tab's path; "" for the overview."""
    tabs = [
        (url(visit, of), _("Overview"), not tab),
        (url(visit, of, "held"), _("Permissions"), tab == "held"),
        (url(visit, of, "given"), _("Assigned to"), tab == "given"),
        (url(visit, of, "owners"), _("Owners"), tab == "owners"),
        (visit.url("sign-ins", application=of.app_id), _("Sign-ins"), False),
    ]
    return {
        "principal": of,
        "crumbs": ((visit.url("enterprise-apps"), _("Enterprise apps")), (url(visit, of), of.display_name)),
        "tabs": tabs,
    }
