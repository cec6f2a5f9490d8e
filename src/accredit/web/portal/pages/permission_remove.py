"""Taking back one permission: from what an application holds, or from what it asks for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, Literal, cast

from msgspec.structs import replace

from accredit.administer import consent
from accredit.administer.standing import Key, standing
from accredit.directory import read_guid
from accredit.errors import NOT_FOUND, Refused
from accredit.interop.graph import application as wire
from accredit.interop.graph import opaque
from accredit.web.portal import same
from accredit.web.portal.pages import application_parts as parts
from accredit.web.portal.pages.permissions import described
from accredit.web.portal.pages.permissions_used import used_roles
from accredit.web.portal.route import Route
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    from starlette.responses import Response

    from accredit.administer.standing import Kind, Standing
    from accredit.directory import Application
    from accredit.web.portal.visit import Visit

    What: TypeAlias = Literal["revoke", "remove"]

_PATH: Final = f"{parts.PATH}/permissions/{{api}}/{{kind}}/{{permission}}"


async def ask(what: What, visit: Visit) -> Response:
    """Show what would be taken back, and when it was last used."""
    return await _shown(what, visit, *await _both(what, visit), {})


async def take(what: What, visit: Visit) -> Response:
    """Take it back; a grant, if its name was typed."""
    application, of = await _both(what, visit)
    if what == "remove":
        await consent.forget(visit.by, application.id, of.key)
    elif (await visit.form()).text("name") != of.value:
        return await _shown(what, visit, application, of, {"name": _("This is not its name; nothing was revoked.")})
    else:
        await consent.revoke(visit.by, application.id, of.key)
    return visit.done("applications", application.id, "permissions")


async def _both(what: What, visit: Visit) -> tuple[Application, Standing]:
    asked = visit.request.path_params
    guid = read_guid(asked["permission"])
    async with visit.reading() as store:
        application = await parts.find(store, visit)
        found = await standing(store, application)
    for each in found:
        there = each.granted if what == "revoke" else each.configured
        if there and guid is not None and each.key == Key(asked["api"], cast("Kind", asked["kind"]), guid):
            return application, each
    raise Refused(NOT_FOUND, detail=_("It is not there, or not there any more."))


async def _shown(
    what: What, visit: Visit, application: Application, of: Standing, problems: Mapping[str, str]
) -> Response:
    role = (of.key.api, of.value)
    used = await used_roles(visit, application.app_id, {role} if of.assignment else ())
    return await visit.page(
        "permission_remove.html",
        status=422 if problems else 200,
        **parts.around(visit, application, "permissions"),
        what=what,
        of=of,
        description=described(of),
        last=used.last.get(role),
        since=used.since,
        action=parts.url(visit, application, "permissions", *of.key, what),
        problems=problems,
        same=_revoking(visit, application, of) if what == "revoke" else _removing(visit, application, of),
    )


def _revoking(visit: Visit, application: Application, of: Standing) -> same.Same:
    if of.assignment is not None:
        path = (
            f"/v1.0/servicePrincipals/{of.assignment.principal_id}/appRoleAssignments/{opaque.write(of.assignment.id)}"
        )
        command = visit.command("permission", "revoke", application.app_id, of.key.api, of.value)
        return same.Same(command=command, graph=same.graph("DELETE", path))
    id_ = opaque.write(of.grant.id) if of.grant else ""
    return same.Same(graph=same.graph("DELETE", f"/v1.0/oauth2PermissionGrants/{id_}"))


def _removing(visit: Visit, application: Application, of: Standing) -> same.Same:
    after = replace(application, registration=consent.unwished(application.registration, of.key))
    written = wire.write(after, visit.tenant, beta=False)["requiredResourceAccess"]
    return same.Same(
        graph=same.graph("PATCH", f"/v1.0/applications/{application.id}", {"requiredResourceAccess": written})
    )


ROUTES: Final = (
    Route("GET", f"{_PATH}/revoke", partial(ask, "revoke"), "admin"),
    Route("POST", f"{_PATH}/revoke", partial(take, "revoke"), "admin"),
    Route("GET", f"{_PATH}/remove", partial(ask, "remove"), "admin"),
    Route("POST", f"{_PATH}/remove", partial(take, "remove"), "admin"),
)
