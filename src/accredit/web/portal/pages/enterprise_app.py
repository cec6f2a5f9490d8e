"""One service principal: what it is, whether it is enabled, whether it demands an assignment; and its owners."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from accredit.administer import principals
from accredit.administer.standing import api_of
from accredit.interop.files import azuread
from accredit.query import Query
from accredit.web.portal import same
from accredit.web.portal.pages import enterprise_parts as parts
from accredit.web.portal.pages import owned
from accredit.web.portal.pages.named import principal_in_path
from accredit.web.portal.pages.usage import usage_of
from accredit.web.portal.route import Route
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from typing import TypeAlias

    from starlette.responses import Response

    from accredit.directory import ServicePrincipal
    from accredit.web.portal.route import Handler
    from accredit.web.portal.visit import Visit

    Part: TypeAlias = Callable[[Visit, ServicePrincipal, Mapping[str, Any]], Awaitable[Response]]

_COUNTING: Final = Query(limit=0, counted=True)


async def overview(visit: Visit) -> Response:
    """Show it."""
    async with visit.reading() as store:
        of = await principal_in_path(store, visit)
        application = None if of.application_id is None else await store.applications.get(of.application_id)
        held = (await store.assignments.search(_COUNTING, principal_id=of.id)).count
        given = (await store.assignments.search(_COUNTING, resource_id=of.id)).count
        offered = await api_of(store, of)
    return await visit.page(
        "enterprise_app.html",
        **parts.around(visit, of, ""),
        application=application,
        names=application.identifier_uris if application else of.names,
        held=held,
        given=given,
        roles=len(offered.roles),
        usage=await usage_of(visit, of.app_id),
    )


async def ask(enabled: bool, visit: Visit) -> Response:  # noqa: FBT001  the state that is asked for
    """Show what that would mean."""
    of = await parts.found(visit)
    verb = "enable" if enabled else "disable"
    return await visit.page(
        "switch.html",
        crumbs=parts.around(visit, of, "")["crumbs"],
        name=of.display_name,
        disabled=not enabled,
        action=parts.url(visit, of, verb),
        back=parts.url(visit, of),
        usage=await usage_of(visit, of.app_id),
        meaning=_("Whoever it trusts signs in as it again, and tokens for it are issued, from the next request on.")
        if enabled
        else _("It gets no tokens, and nobody gets one for it, from the next request on. Tokens that exist live on."),
        same=same.Same(
            command=visit.command("sp", verb, of.app_id),
            graph=same.graph("PATCH", f"/v1.0/servicePrincipals/{of.id}", {"accountEnabled": enabled}),
            terraform=azuread.resource(
                azuread.PRINCIPAL, of.display_name, {"client_id": str(of.app_id), "account_enabled": enabled}
            ),
        ),
    )


async def switch(enabled: bool, visit: Visit) -> Response:  # noqa: FBT001  the state that is asked for
    """Enable or disable it."""
    of = await parts.found(visit)
    await principals.update(visit.by, of.id, enabled=enabled)
    return visit.done("enterprise-apps", of.id)


async def demand(required: bool, visit: Visit) -> Response:  # noqa: FBT001  the state that is asked for
    """Let it demand an assignment from whoever asks for a token to it, or let it be."""
    of = await parts.found(visit)
    await principals.update(visit.by, of.id, assignment_required=required)
    return visit.done("enterprise-apps", of.id)


def _owners(part: Part) -> Handler:
    async def handle(visit: Visit) -> Response:
        of = await parts.found(visit)
        return await part(visit, of, {**parts.around(visit, of, "owners"), "head": "parts/enterprise.html"})

    return handle


ROUTES: Final = (
    Route("GET", parts.PATH, overview, "reader"),
    Route("GET", f"{parts.PATH}/disable", partial(ask, False), "operator"),  # noqa: FBT003  the state
    Route("POST", f"{parts.PATH}/disable", partial(switch, False), "operator"),  # noqa: FBT003
    Route("GET", f"{parts.PATH}/enable", partial(ask, True), "admin"),  # noqa: FBT003
    Route("POST", f"{parts.PATH}/enable", partial(switch, True), "admin"),  # noqa: FBT003
    Route("POST", f"{parts.PATH}/demand", partial(demand, True), "admin"),  # noqa: FBT003
    Route("POST", f"{parts.PATH}/let", partial(demand, False), "admin"),  # noqa: FBT003
    Route("GET", f"{parts.PATH}/owners", _owners(owned.listed), "reader"),
    Route("POST", f"{parts.PATH}/owners", _owners(owned.add), "admin"),
    Route("GET", f"{parts.PATH}/owners/{{owner}}/remove", _owners(owned.ask), "admin"),
    Route("POST", f"{parts.PATH}/owners/{{owner}}/remove", _owners(owned.remove), "admin"),
)
