"""Deleting an application: what goes with it, when it was last used, and its name typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from accredit.administer import applications
from accredit.interop.files import azuread
from accredit.query import Query
from accredit.web.portal import same
from accredit.web.portal.pages import application_parts as parts
from accredit.web.portal.pages.usage import usage_of
from accredit.web.portal.route import Route
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from accredit.directory import Application, Assignment
    from accredit.ports import Searched, Transaction
    from accredit.web.portal.visit import Visit

_PATH: Final = f"{parts.PATH}/delete"


class Going(NamedTuple):
    """How much goes with an application."""

    credentials: int
    secrets: int
    certificates: int
    held: int  # roles that it holds
    given: int  # roles of its own that others hold
    roles: int


async def ask(visit: Visit) -> Response:
    """Show what would go."""
    return await _shown(visit, await parts.found(visit), {})


async def delete(visit: Visit) -> Response:
    """Delete it, if its name was typed."""
    application = await parts.found(visit)
    if (await visit.form()).text("name") != application.display_name.strip():
        return await _shown(visit, application, {"name": _("This is not its name; nothing was deleted.")})
    await applications.delete(visit.by, application.id)
    return visit.done("applications")


async def _shown(visit: Visit, application: Application, problems: Mapping[str, str]) -> Response:
    async with visit.reading() as store:
        going = await _going(store, application)
    return await visit.page(
        "application_delete.html",
        status=422 if problems else 200,
        **parts.around(visit, application, ""),
        going=going,
        usage=await usage_of(visit, application.app_id),
        problems=problems,
        same=same.Same(
            command=visit.command("app", "delete", application.app_id),
            graph=same.graph("DELETE", f"/v1.0/applications/{application.id}"),
            terraform=f"terraform destroy -target {azuread.APPLICATION}.{azuread.label(application.display_name)}",
        ),
    )


async def _going(store: Transaction, of: Application) -> Going:
    trusted = await store.credentials.find(application_id=of.id)
    principal = await parts.principal(store, of)
    held = given = 0
    if principal is not None:
        held = await _number(store.assignments, principal_id=principal.id)
        given = await _number(store.assignments, resource_id=principal.id)
    return Going(len(trusted), len(of.secrets), len(of.certificates), held, given, len(of.app_roles))


async def _number(shelf: Searched[Assignment], **where: object) -> int:
    return (await shelf.search(Query(limit=0, counted=True), **where)).count or 0


ROUTES: Final = (Route("GET", _PATH, ask, "admin"), Route("POST", _PATH, delete, "admin"))
