"""Owners of an application or of a service principal: shown, added, let go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from accredit.administer import owners
from accredit.directory import Application, read_guid
from accredit.errors import NOT_FOUND, Refused
from accredit.interop.files import azuread
from accredit.web.portal import same
from accredit.web.portal.pages.named import Unclear, principal_named
from accredit.web.portal.problems import problems_of
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from accredit.administer.evidence import Holder
    from accredit.directory import ServicePrincipal
    from accredit.web.portal.visit import Visit

    Around: TypeAlias = Mapping[str, Any]

_FIELD: Final = "owner"


async def listed(visit: Visit, of: Holder, around: Around, *, typed: str = "", problem: str = "") -> Response:
    """Show who owns it, and ask for another owner."""
    async with visit.reading() as store:
        held = await owners.read(store, of)
    problems = {_FIELD: problem} if problem else {}
    values = {"of": of, "rows": held, "typed": typed, "problems": problems, "base": _base(visit, of)}
    return await visit.page(
        "owners.html", status=422 if problem else 200, **around, **values, same=_adding(visit, of, typed or "OWNER_ID")
    )


async def add(visit: Visit, of: Holder, around: Around) -> Response:
    """Make somebody an owner."""
    typed = (await visit.form()).text(_FIELD)
    try:
        async with visit.reading() as store:
            owner = await principal_named(store, of.tenant_id, typed)
        await owners.add(visit.by, of, owner.id)
    except Unclear as unclear:
        return await listed(visit, of, around, typed=typed, problem=str(unclear))
    except Refused as refused:
        return await listed(visit, of, around, typed=typed, problem="".join(problems_of(refused, {}).values()))
    return visit.done(*_parts(of))


async def ask(visit: Visit, of: Holder, around: Around, problem: str = "") -> Response:
    """Show who would own it no more."""
    owner = await _owner(visit, of)
    async with visit.reading() as store:
        left = len(await owners.read(store, of)) - 1
    path = f"/v1.0/{_collection(of)}/{of.id}/owners/{owner.id}/$ref"
    values = {"of": of, "owner": owner, "left": left, "problems": {"name": problem} if problem else {}}
    return await visit.page(
        "owner_remove.html",
        status=422 if problem else 200,
        **around,
        **values,
        base=_base(visit, of),
        same=same.Same(graph=same.graph("DELETE", path)),
    )


async def remove(visit: Visit, of: Holder, around: Around) -> Response:
    """Let an owner go, if the name was typed."""
    owner = await _owner(visit, of)
    if (await visit.form()).text("name") != owner.display_name.strip():
        return await ask(visit, of, around, _("This is not its name; nothing was removed."))
    await owners.remove(visit.by, of, owner.id)
    return visit.done(*_parts(of))


async def _owner(visit: Visit, of: Holder) -> ServicePrincipal:
    guid = read_guid(visit.request.path_params["owner"])
    async with visit.reading() as store:
        for each in await owners.read(store, of):
            if each.id == guid:
                return each
    raise Refused(NOT_FOUND, detail=_("It is no owner, or not any more."))


def _collection(of: Holder) -> str:
    return "applications" if isinstance(of, Application) else "servicePrincipals"


def _parts(of: Holder) -> tuple[object, ...]:
    return ("applications" if isinstance(of, Application) else "enterprise-apps", of.id, "owners")


def _base(visit: Visit, of: Holder) -> str:
    return visit.url(*_parts(of))


def _adding(visit: Visit, of: Holder, owner: str) -> same.Same:
    reference = f"{visit.portal.authority.base}/v1.0/directoryObjects/{owner}"
    path = f"/v1.0/{_collection(of)}/{of.id}/owners/$ref"
    if isinstance(of, Application):
        terraform = azuread.resource(
            "azuread_application_owner",
            f"{of.display_name} {owner}",
            {"application_id": f"/applications/{of.id}", "owner_object_id": owner},
        )
    else:
        terraform = azuread.resource(
            azuread.PRINCIPAL, of.display_name, {"client_id": str(of.app_id), "owners": [owner]}
        )
    return same.Same(graph=same.graph("POST", path, {"@odata.id": reference}), terraform=terraform)
