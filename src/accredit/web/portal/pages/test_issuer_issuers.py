"""The test issuers themselves: how their documents are wrong, and their keys. Emulator only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.errors import Refused
from accredit.web.portal.pages.test_issuer import FIRST, PART, around, bench
from accredit.web.portal.pages.test_issuer_asked import problem
from accredit.web.portal.route import Route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from accredit.web.portal.visit import Visit

HONEST: Final = ""


async def show(visit: Visit) -> Response:
    """Show one issuer: its addresses, its keys, and every way in which its documents can be wrong."""
    return await _page(visit, visit.query("dialect") or FIRST, visit.query("instance"), {})


async def outage(visit: Visit) -> Response:
    """Make an issuer's documents wrong in the way that was chosen, or right again."""
    form = await visit.form()
    name, instance = form.text("dialect") or FIRST, form.text("instance")
    try:
        bench(visit).down(name, instance, form.text("outage") or None)
    except Refused as refused:
        return await _page(visit, name, instance, problem(refused))
    return visit.go(visit.url(PART, "issuers", dialect=name, instance=instance))


async def rotate(visit: Visit) -> Response:
    """Let new keys sign from now on."""
    form = await visit.form()
    name, instance = form.text("dialect") or FIRST, form.text("instance")
    bench(visit).rotate(name, instance, keep_previous=form.text("keep") != "no")
    return visit.go(visit.url(PART, "issuers", dialect=name, instance=instance))


async def _page(visit: Visit, name: str, instance: str, problems: Mapping[str, str]) -> Response:
    tool = bench(visit)
    return await visit.page(
        "test_issuer_issuers.html",
        status=422 if problems else 200,
        dialects=tool.dialects(),
        issuing=tool.issuing(name, instance),
        outages=tool.outages(),
        problems=problems,
        **around(visit, "issuers"),
    )


ROUTES: Final = (
    Route("GET", "/{tenant}/test-issuer/issuers", show, "reader"),
    Route("POST", "/{tenant}/test-issuer/issuers/outage", outage, "operator"),
    Route("POST", "/{tenant}/test-issuer/issuers/rotate", rotate, "operator"),
)
