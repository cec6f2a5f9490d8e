"""Deleting an issuer that no credential names: what goes with it, and its URL typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.administer import issuers
from accredit.errors import ISSUER_IN_USE, Refused
from accredit.web.portal import same
from accredit.web.portal.pages import issuer_parts as parts
from accredit.web.portal.problems import problems_of
from accredit.web.portal.route import Route
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from accredit.issuers import Issuer
    from accredit.web.portal.visit import Visit

_PATH: Final = f"{parts.PATH}/delete"


async def ask(visit: Visit) -> Response:
    """Show what would go."""
    return await _shown(visit, await parts.found(visit), {})


async def delete(visit: Visit) -> Response:
    """Delete it, if its URL was typed."""
    issuer = await parts.found(visit)
    if (await visit.form()).text("name") != issuer.url:
        return await _shown(visit, issuer, {"name": _("This is not its URL; nothing was deleted.")})
    try:
        await issuers.delete(visit.by, issuer.id)
    except Refused as refused:
        if refused.row is not ISSUER_IN_USE:
            raise
        return await _shown(visit, issuer, problems_of(refused, {}))
    return visit.done("issuers")


async def _shown(visit: Visit, issuer: Issuer, problems: Mapping[str, str]) -> Response:
    return await visit.page(
        "issuer_delete.html",
        status=422 if problems else 200,
        **await parts.around(visit, issuer, ""),
        problems=problems,
        same=same.Same(
            command=visit.command("issuer", "delete", issuer.url),
            graph=same.graph("DELETE", f"/beta/accredit.issuers/{issuer.id}"),
        ),
    )


ROUTES: Final = (Route("GET", _PATH, ask, "admin"), Route("POST", _PATH, delete, "admin"))
