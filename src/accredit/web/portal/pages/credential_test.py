"""Test with a token: would it sign this application in, by this credential or by any; and if not, exactly why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.web.portal import same
from accredit.web.portal.pages import application_parts, credential_parts
from accredit.web.portal.pasted import paste
from accredit.web.portal.route import Route
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from starlette.responses import Response

    from accredit.directory import Application
    from accredit.trust import FederatedCredential
    from accredit.web.portal.visit import Visit

MOST: Final = 2_000  # credentials of an application that a token is held against


async def ask_all(visit: Visit) -> Response:
    """Ask for a token, to be held against everything that an application trusts."""
    return await _shown(visit, await application_parts.found(visit), None)


async def ask_one(visit: Visit) -> Response:
    """Ask for a token, to be held against one credential."""
    application = await application_parts.found(visit)
    return await _shown(visit, application, await credential_parts.found(visit, application))


async def _shown(visit: Visit, application: Application, credential: FederatedCredential | None) -> Response:
    token, online, pasted = "", False, None
    if visit.request.method == "POST":
        form = await visit.form()
        token, online = form.text("token"), form.text("online") == "yes"
    if token:
        async with visit.reading() as store:
            every = (await store.credentials.find(application_id=application.id))[:MOST]
        held = every if credential is None else [credential]
        pasted = await paste(visit, application, token, held, online=online, elsewhere=credential is None)
    tail = ("test",) if credential is None else (credential.id, "test")
    empty = visit.request.method == "POST" and not token
    return await visit.page(
        "credential_test.html",
        status=422 if empty else 200,
        **credential_parts.beside(visit, application),
        credential=credential,
        action=credential_parts.url(visit, application, *tail),
        pasted=pasted,
        online=online,
        problems={"token": _("Paste a token first.")} if empty else {},
        same=same.Same(
            command=visit.command("explain", "@token", app=application.app_id, online=online),
            graph=same.graph(
                "POST",
                "/beta/accredit.explain",
                {"token": "…", "applicationId": str(application.id), "online": online},
            ),
        ),
    )


ROUTES: Final = (
    Route("GET", f"{application_parts.PATH}/credentials/test", ask_all, "reader"),
    Route("POST", f"{application_parts.PATH}/credentials/test", ask_all, "reader"),
    Route("GET", f"{credential_parts.PATH}/test", ask_one, "reader"),
    Route("POST", f"{credential_parts.PATH}/test", ask_one, "reader"),
)
