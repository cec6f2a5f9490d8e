"""A new application: its name is all that it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.administer import applications
from accredit.errors import Refused
from accredit.interop.files import azuread
from accredit.interop.files.azuread import Raw
from accredit.web.portal import same
from accredit.web.portal.problems import problems_of
from accredit.web.portal.route import Route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from accredit.web.portal.visit import Visit

_PATH: Final = "/{tenant}/applications/new"
_FIELDS: Final = {"displayName": "name"}


async def form(visit: Visit) -> Response:
    """Ask for the name."""
    return await _shown(visit, visit.query("name"))


async def create(visit: Visit) -> Response:
    """Create the application and its service principal."""
    name = (await visit.form()).text("name")
    try:
        made = await applications.create(visit.by, visit.tenant.id, display_name=name)
    except Refused as refused:
        return await _shown(visit, name, problems_of(refused, _FIELDS))
    return visit.done("applications", made.id)


async def _shown(visit: Visit, name: str, problems: Mapping[str, str] | None = None) -> Response:
    values = {"name": name, "problems": problems or {}, "same": _same(visit, name or "NAME")}
    return await visit.page("application_new.html", status=422 if problems else 200, **values)


def _same(visit: Visit, name: str) -> same.Same:
    label = azuread.label(name)
    return same.Same(
        command=visit.command("app", "create", name),
        graph="\n\n".join(
            (
                same.graph("POST", "/v1.0/applications", {"displayName": name}),
                same.graph("POST", "/v1.0/servicePrincipals", {"appId": "APP_ID"}),
            )
        ),
        terraform=azuread.resource(azuread.APPLICATION, name, {"display_name": name})
        + "\n"
        + azuread.resource(azuread.PRINCIPAL, name, {"client_id": Raw(f"{azuread.APPLICATION}.{label}.client_id")}),
    )


ROUTES: Final = (Route("GET", _PATH, form, "admin"), Route("POST", _PATH, create, "admin"))
