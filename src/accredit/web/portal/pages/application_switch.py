"""Letting an application get no tokens, and letting it get them again."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from accredit.administer import applications
from accredit.web.portal import same
from accredit.web.portal.pages import application_parts as parts
from accredit.web.portal.pages.usage import usage_of
from accredit.web.portal.route import Route
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from starlette.responses import Response

    from accredit.web.portal.visit import Visit


async def ask(disabled: bool, visit: Visit) -> Response:  # noqa: FBT001  the state that is asked for
    """Show what that would mean."""
    application = await parts.found(visit)
    flag = {"disabled" if disabled else "enabled": True}
    return await visit.page(
        "switch.html",
        crumbs=parts.around(visit, application, "")["crumbs"],
        name=application.display_name,
        disabled=disabled,
        action=parts.url(visit, application, "disable" if disabled else "enable"),
        back=parts.url(visit, application),
        usage=await usage_of(visit, application.app_id),
        meaning=_("It gets no tokens, and nobody gets one for it, from the next request on. Tokens that exist live on.")
        if disabled
        else _("Whoever it trusts signs in as it again, and tokens for it are issued, from the next request on."),
        same=same.Same(
            command=visit.command("app", "update", application.app_id, **flag),
            graph=same.graph("PATCH", f"/v1.0/applications/{application.id}", {"isDisabled": disabled}),
        ),
    )


async def switch(disabled: bool, visit: Visit) -> Response:  # noqa: FBT001  the state that is asked for
    """Disable or enable it."""
    application = await parts.found(visit)
    await applications.update(visit.by, application.id, disabled=disabled)
    return visit.done("applications", application.id)


ROUTES: Final = (
    Route("GET", f"{parts.PATH}/disable", partial(ask, True), "operator"),  # noqa: FBT003  as above
    Route("POST", f"{parts.PATH}/disable", partial(switch, True), "operator"),  # noqa: FBT003
    Route("GET", f"{parts.PATH}/enable", partial(ask, False), "admin"),  # noqa: FBT003
    Route("POST", f"{parts.PATH}/enable", partial(switch, False), "admin"),  # noqa: FBT003
)
