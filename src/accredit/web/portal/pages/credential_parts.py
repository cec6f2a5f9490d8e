"""What the pages about one credential begin with: itself, when it was last used, and where its tabs lead."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from accredit.directory import read_guid
from accredit.errors import NOT_FOUND, Refused
from accredit.signins.usage import Use
from accredit.web.acting import LONGEST_REASON
from accredit.web.portal.pages import application_parts
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from accredit.administer import Administrator
    from accredit.directory import Application
    from accredit.trust import FederatedCredential
    from accredit.web.portal.visit import Visit

PATH: Final = f"{application_parts.PATH}/credentials/{{credential}}"


async def found(visit: Visit, of: Application, wanted: str = "") -> FederatedCredential:
    """Return the credential in the path, or the one whose id is given. 404."""
    guid = read_guid(wanted or visit.request.path_params["credential"])
    if guid is not None:
        async with visit.reading() as store:
            for each in await store.credentials.find(application_id=of.id, id=guid):
                return each
    raise Refused(NOT_FOUND, detail=_("There is no such credential; it may have been deleted."))


async def uses(visit: Visit, of: Application) -> Mapping[UUID, Use]:
    """Return what came of everything that an application signs in with."""
    used = await visit.portal.log.uses(visit.tenant.id, (of.app_id,))
    return used.get(of.app_id, {})


async def used(visit: Visit, of: Application, which: UUID) -> Use:
    """Return what came of one credential, secret or certificate."""
    return (await uses(visit, of)).get(which, Use())


def url(visit: Visit, of: Application, *parts: object, **query: object) -> str:
    """Return an address below what an application signs in with."""
    return application_parts.url(visit, of, "credentials", *parts, **query)


def around(visit: Visit, of: Application, tab: str) -> dict[str, Any]:
    """Return what ``parts/credentials.html`` shows. ``tab``: "", secrets or certificates."""
    limit = visit.tenant.portability == "entra"
    tabs = (
        ("", _("Federated credentials")),
        ("secrets", _("Client secrets ({})").format(len(of.secrets))),
        ("certificates", _("Certificates ({})").format(len(of.certificates))),
    )
    return {
        **application_parts.around(visit, of, "credentials"),
        "kinds": [(url(visit, of, *([part] if part else [])), text, part == tab) for part, text in tabs],
        "limited": limit,
    }


def beside(visit: Visit, of: Application) -> dict[str, Any]:
    """Return the way back from a page about one of them."""
    found = application_parts.around(visit, of, "credentials")
    back = url(visit, of)
    return {**found, "crumbs": (*found["crumbs"], (back, _("Certificates & secrets"))), "back": back}


def overriding(visit: Visit, reason: str) -> Administrator:
    """Return the person, with the reason why an error that lint finds is accepted."""
    return replace(visit.by, override=" ".join(reason.split())[:LONGEST_REASON])
