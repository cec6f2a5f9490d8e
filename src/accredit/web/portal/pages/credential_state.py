"""What becomes of one credential: disabled, enabled again, deleted; each shown with what it means before it is done."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from accredit.administer import credentials
from accredit.errors import Refused
from accredit.trust.written import WrittenTrust
from accredit.web.portal import same
from accredit.web.portal.credential_preview import terraform
from accredit.web.portal.pages import application_parts, credential_parts
from accredit.web.portal.problems import problems_of
from accredit.web.portal.route import Route
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from accredit.directory import Application
    from accredit.trust import FederatedCredential
    from accredit.web.portal.same import Same
    from accredit.web.portal.visit import Visit


async def ask(verb: str, visit: Visit) -> Response:
    """Show what would happen."""
    application = await application_parts.found(visit)
    return await _shown(visit, application, await credential_parts.found(visit, application), verb, {})


async def switch(verb: str, visit: Visit) -> Response:
    """Disable it, or enable it again."""
    application = await application_parts.found(visit)
    credential = await credential_parts.found(visit, application)
    form = await visit.form()
    by = visit.by if verb == "disable" else credential_parts.overriding(visit, form.get("reason", ""))
    try:
        await credentials.update(by, application.id, credential.id, enabled=verb == "enable")
    except Refused as refused:
        return await _shown(visit, application, credential, verb, problems_of(refused, {}))
    return visit.done("applications", application.id, "credentials")


async def delete(visit: Visit) -> Response:
    """Delete it, if its name was typed."""
    application = await application_parts.found(visit)
    credential = await credential_parts.found(visit, application)
    if (await visit.form()).text("name") != credential.name:
        problems = {"name": _("This is not its name; nothing was deleted.")}
        return await _shown(visit, application, credential, "delete", problems)
    await credentials.delete(visit.by, application.id, credential.id)
    return visit.done("applications", application.id, "credentials")


async def _shown(
    visit: Visit, application: Application, credential: FederatedCredential, verb: str, problems: Mapping[str, str]
) -> Response:
    return await visit.page(
        "credential_state.html",
        status=422 if problems else 200,
        **credential_parts.beside(visit, application),
        credential=credential,
        verb=verb,
        use=await credential_parts.used(visit, application, credential.id),
        log=visit.url("sign-ins", credential=credential.id),
        problems=problems,
        same=_same(visit, application, credential, verb),
    )


def _same(visit: Visit, application: Application, credential: FederatedCredential, verb: str) -> Same:
    path = f"applications/{application.id}/federatedIdentityCredentials/{credential.id}"
    if verb == "delete":
        trust = WrittenTrust.of(credential, application.display_name)
        return same.Same(
            command=visit.command("credential", "delete", application.app_id, credential.name),
            graph=same.graph("DELETE", f"/v1.0/{path}"),
            terraform=terraform(trust, destroy=True),
        )
    flag = {"enabled" if verb == "enable" else "disabled": True}
    return same.Same(
        command=visit.command("credential", "update", application.app_id, credential.name, **flag),
        graph=same.graph("PATCH", f"/beta/{path}", {"accredit": {"enabled": verb == "enable"}}),
    )


ROUTES: Final = (
    Route("GET", f"{credential_parts.PATH}/disable", partial(ask, "disable"), "operator"),
    Route("POST", f"{credential_parts.PATH}/disable", partial(switch, "disable"), "operator"),
    Route("GET", f"{credential_parts.PATH}/enable", partial(ask, "enable"), "admin"),
    Route("POST", f"{credential_parts.PATH}/enable", partial(switch, "enable"), "admin"),
    Route("GET", f"{credential_parts.PATH}/delete", partial(ask, "delete"), "admin"),
    Route("POST", f"{credential_parts.PATH}/delete", delete, "admin"),
)
