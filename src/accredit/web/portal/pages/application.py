"""One application at a glance: its ids, what it is as a client and as an API, and how each client signs in as it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.administer.standing import standing
from accredit.interop.clients import client, exports
from accredit.web.portal.pages import application_parts as parts
from accredit.web.portal.pages.application_snippets import CLIENTS, Snippet, of_preset
from accredit.web.portal.pages.usage import usage_of
from accredit.web.portal.route import Route
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from accredit.administer.standing import Standing
    from accredit.directory import Application
    from accredit.trust import FederatedCredential
    from accredit.web.portal.visit import Visit

_GRAPH: Final = "00000003-0000-0000-c000-000000000000"


async def overview(visit: Visit) -> Response:
    """Show one application, and the snippet of the client that is asked for."""
    async with visit.reading() as store:
        application = await parts.find(store, visit)
        principal = await parts.principal(store, application)
        trusted = await store.credentials.find(application_id=application.id)
        held = await standing(store, application)
    chosen = visit.query("client") if visit.query("client") in CLIENTS else next(iter(CLIENTS))
    return await visit.page(
        "application.html",
        **parts.around(visit, application, ""),
        principal=principal,
        trusted=trusted,
        held=[each for each in held if each.granted],
        waiting=[each for each in held if each.grantable],
        usage=await usage_of(visit, application.app_id),
        clients=[(parts.url(visit, application, client=key), _(text), key == chosen) for key, text in CLIENTS.items()],
        snippet=_snippet(visit, application, chosen, trusted, held),
    )


def _snippet(
    visit: Visit,
    of: Application,
    chosen: str,
    trusted: Sequence[FederatedCredential],
    held: Sequence[Standing],
) -> Snippet:
    """Return what is pasted for a client, with this application's ids in it."""
    values = {
        "url": visit.portal.authority.base,
        "tenant": str(visit.tenant.id),
        "client_id": str(of.app_id),
        "scope": _scope(held),
    }
    if (preset := of_preset(chosen, trusted, values)) is not None:
        return preset
    told = client("azure-identity" if chosen == "environment" else chosen, values)
    variables = "\n".join(exports(told.variables))
    if chosen == "environment":
        return Snippet(variables, (), (), "")
    text = "\n\n".join(each for each in (variables, told.sample.strip()) if each)
    return Snippet(text, told.steps if not told.sample else (), told.traps, "")


def _scope(held: Sequence[Standing]) -> str:
    """Return what a sample asks for: an API of the tenant's own on which it has a role, else Microsoft Graph."""
    granted = [each.key.api for each in held if each.granted and each.key.kind == "Role"]
    own = next((each for each in granted if each != _GRAPH), None)
    return f"{own}/.default" if own else ""


ROUTES: Final = (Route("GET", parts.PATH, overview, "reader"),)
