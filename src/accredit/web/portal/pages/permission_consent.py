"""Grant admin consent: exactly what changes, and then that and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from accredit.administer import consent
from accredit.administer.standing import Key, standing
from accredit.directory import read_guid
from accredit.errors import CHANGED_MEANWHILE, Refused
from accredit.interop.files import azuread
from accredit.web.portal import same
from accredit.web.portal.pages import application_parts as parts
from accredit.web.portal.pages.permissions import described
from accredit.web.portal.problems import GENERAL
from accredit.web.portal.route import Route
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.responses import Response

    from accredit.administer.standing import Kind, Standing
    from accredit.directory import Application, ServicePrincipal
    from accredit.web.portal.visit import Visit

_PATH: Final = f"{parts.PATH}/permissions/consent"
_KINDS: Final = ("Role", "Scope")
_MEMBERS: Final = 3  # of a key


async def ask(visit: Visit) -> Response:
    """Show what would be granted."""
    return await _shown(visit, {})


async def grant(visit: Visit) -> Response:
    """Grant what was shown, all of it or nothing."""
    application = await parts.found(visit)
    sent = (await visit.form()).all("shown")
    try:
        keys = [_key(each) for each in sent]
        await consent.grant(visit.by, application.id, keys)
    except Refused as refused:
        if refused.row is not CHANGED_MEANWHILE:
            raise
        changed = _("What is configured has changed since: nothing was granted. Look at it again.")
        return await _shown(visit, {GENERAL: changed})
    return visit.done("applications", application.id, "permissions")


async def _shown(visit: Visit, problems: Mapping[str, str]) -> Response:
    async with visit.reading() as store:
        application = await parts.find(store, visit)
        principal = await parts.principal(store, application)
        found = await standing(store, application)
    granted = [each for each in found if each.grantable]
    absent = {each.key.api: each.api.name for each in granted if each.api.principal is None}
    return await visit.page(
        "permission_consent.html",
        status=409 if problems else 200,
        **parts.around(visit, application, "permissions"),
        rows=[(each, described(each), " ".join(map(str, each.key))) for each in granted],
        without=[each for each in found if each.configured and not each.granted and not each.grantable],
        made=[*([] if principal else [application.display_name]), *absent.values()],
        problems=problems,
        same=_same(visit, application, principal, granted),
    )


def _key(text: str) -> Key:
    """Read a permission as the form names it; one that is none names nothing that is configured."""
    found = text.split(" ")
    guid = read_guid(found[-1])
    if len(found) != _MEMBERS or found[1] not in _KINDS or guid is None:
        raise Refused(CHANGED_MEANWHILE)
    return Key(found[0], cast("Kind", found[1]), guid)


def _same(visit: Visit, of: Application, principal: ServicePrincipal | None, granted: Sequence[Standing]) -> same.Same:
    client = str(principal.id) if principal else "PRINCIPAL_ID"
    roles = [each for each in granted if each.key.kind == "Role"]
    commands = [visit.command("permission", "grant", of.app_id, each.key.api, each.value) for each in roles]
    requests, resources = list[str](), list[str]()
    for each in granted:
        resource = str(each.api.principal.id) if each.api.principal else "RESOURCE_ID"
        if each.key.kind == "Scope":
            body = {"clientId": client, "consentType": "AllPrincipals", "resourceId": resource, "scope": each.value}
            requests.append(same.graph("POST", "/v1.0/oauth2PermissionGrants", body))
            continue
        body = {"principalId": client, "resourceId": resource, "appRoleId": str(each.key.id)}
        requests.append(same.graph("POST", f"/v1.0/servicePrincipals/{client}/appRoleAssignments", body))
        members = {"app_role_id": body["appRoleId"], "principal_object_id": client, "resource_object_id": resource}
        resources.append(azuread.resource("azuread_app_role_assignment", f"{of.display_name} {each.value}", members))
    return same.Same("\n".join(commands), "\n\n".join(requests), "\n".join(resources))


ROUTES: Final = (Route("GET", _PATH, ask, "admin"), Route("POST", _PATH, grant, "admin"))
