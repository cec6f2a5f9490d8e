"""Probing an issuer: every step on the way to its keys, with what was found and what to do about it.

Rule 1: resolved addresses and certificates are told to Admins only: they say how the network here is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.administer import probing
from accredit.errors import Refused
from accredit.web.portal import same
from accredit.web.portal.pages import issuer_parts as parts
from accredit.web.portal.problems import GENERAL, problems_of
from accredit.web.portal.route import Route

if TYPE_CHECKING:
    from starlette.responses import Response

    from accredit.issuers import Issuer
    from accredit.issuers.probe import Probe
    from accredit.web.portal.visit import Visit


async def ask(visit: Visit) -> Response:
    """Show what a probe does, and the button."""
    return await _shown(visit, await parts.found(visit), None, "")


async def probe(visit: Visit) -> Response:
    """Visit the issuer, and show what each step found."""
    issuer = await parts.found(visit)
    try:
        found = await probing.probe(visit.by, visit.portal.key_watch, visit.tenant.id, issuer_id=issuer.id)
    except Refused as refused:
        return await _shown(visit, issuer, None, problems_of(refused, {})[GENERAL], refused.row.status)
    return await _shown(visit, issuer, found, "")


async def _shown(visit: Visit, issuer: Issuer, found: Probe | None, problem: str, status: int = 200) -> Response:
    return await visit.page(
        "issuer_probe.html",
        status=status,
        **await parts.around(visit, issuer, "probe"),
        found=found,
        problem=problem,
        same=same.Same(
            command=visit.command("issuer", "check", issuer.url),
            graph=same.graph("POST", f"/beta/accredit.issuers/{issuer.id}/probe"),
        ),
    )


ROUTES: Final = (
    Route("GET", f"{parts.PATH}/probe", ask, "reader"),
    Route("POST", f"{parts.PATH}/probe", probe, "admin"),
)
