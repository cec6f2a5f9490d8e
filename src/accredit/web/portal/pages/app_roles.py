"""App roles: what an application offers as an API to other applications."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from accredit.administer import applications
from accredit.directory import AppRole, read_guid
from accredit.errors import NOT_FOUND, Refused
from accredit.interop.files import azuread
from accredit.interop.graph import application as wire
from accredit.query import Query
from accredit.web.portal import same
from accredit.web.portal.pages import application_parts as parts
from accredit.web.portal.problems import problems_of
from accredit.web.portal.route import Route
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from starlette.responses import Response

    from accredit.directory import Application
    from accredit.ports import Transaction
    from accredit.web.portal.visit import Visit

_PATH: Final = f"{parts.PATH}/roles"
_FIELDS: Final = {"value": "value", "displayName": "name", "description": "description"}
_NEW: Final = "00000000-0000-0000-0000-00000000000a"  # stands for the id that somebody chooses
MOST_COUNTED: Final = 50  # roles whose grants are counted: one question each


async def listed(visit: Visit) -> Response:
    """Show the roles that it offers, and how often each is granted."""
    async with visit.reading() as store:
        application = await parts.find(store, visit)
        granted = await _granted(store, application, application.app_roles[:MOST_COUNTED])
    return await visit.page(
        "app_roles.html",
        **parts.around(visit, application, "roles"),
        rows=[(each, granted.get(each.id)) for each in application.app_roles],
    )


async def form(visit: Visit) -> Response:
    """Ask what a new role is."""
    return await _new(visit, await parts.found(visit), {}, {})


async def add(visit: Visit) -> Response:
    """Offer it."""
    application, sent = await parts.found(visit), await visit.form()
    typed = {name: sent.text(name) for name in _FIELDS.values()}
    try:
        await applications.add_role(
            visit.by,
            application.id,
            value=typed["value"],
            display_name=typed["name"],
            description=typed["description"],
        )
    except Refused as refused:
        return await _new(visit, application, typed, problems_of(refused, _FIELDS))
    return visit.done("applications", application.id, "roles")


async def switch(enabled: bool, visit: Visit) -> Response:  # noqa: FBT001  the state that is asked for
    """Enable or disable it: what is disabled stands in no token."""
    application, role = await _both(visit)
    await applications.enable_role(visit.by, application.id, role.id, enabled=enabled)
    return visit.done("applications", application.id, "roles")


async def ask(visit: Visit) -> Response:
    """Show what a removal would take."""
    return await _going(visit, *await _both(visit), {})


async def remove(visit: Visit) -> Response:
    """Remove it, if its name was typed."""
    application, role = await _both(visit)
    if (await visit.form()).text("name") != (role.value or str(role.id)):
        return await _going(visit, application, role, {"name": _("This is not its name; nothing was removed.")})
    try:
        await applications.remove_role(visit.by, application.id, role.id)
    except Refused as refused:
        return await _going(visit, application, role, problems_of(refused, {}))
    return visit.done("applications", application.id, "roles")


async def _both(visit: Visit) -> tuple[Application, AppRole]:
    application, guid = await parts.found(visit), read_guid(visit.request.path_params["role"])
    for each in application.app_roles:
        if each.id == guid:
            return application, each
    raise Refused(NOT_FOUND, detail=_("There is no such app role; it may have been removed."))


async def _granted(store: Transaction, of: Application, roles: Sequence[AppRole]) -> Mapping[UUID, int]:
    principal = await parts.principal(store, of)
    counting = Query(limit=0, counted=True)
    found = {}
    for each in roles if principal else ():
        page = await store.assignments.search(counting, resource_id=principal.id, role_id=each.id)  # type: ignore[union-attr]
        found[each.id] = page.count or 0
    return found


async def _new(
    visit: Visit, application: Application, typed: Mapping[str, str], problems: Mapping[str, str]
) -> Response:
    shown = {name: typed.get(name, "") for name in _FIELDS.values()}
    return await visit.page(
        "app_role_new.html",
        status=422 if problems else 200,
        **parts.around(visit, application, "roles"),
        typed=shown,
        problems=problems,
        same=_adding(visit, application, shown),
    )


async def _going(visit: Visit, application: Application, role: AppRole, problems: Mapping[str, str]) -> Response:
    async with visit.reading() as store:
        granted = (await _granted(store, application, (role,))).get(role.id, 0)
    kept = tuple(each for each in application.app_roles if each.id != role.id)
    return await visit.page(
        "app_role_remove.html",
        status=422 if problems else 200,
        **parts.around(visit, application, "roles"),
        role=role,
        granted=granted,
        problems=problems,
        same=same.Same(
            command=visit.command("app", "role", "remove", application.app_id, role.value or role.id),
            graph=_patch(visit, application, kept),
        ),
    )


def _adding(visit: Visit, of: Application, typed: Mapping[str, str]) -> same.Same:
    value = typed["value"] or "VALUE"
    name, description = typed["name"] or value, typed["description"]
    made = AppRole(id=read_guid(_NEW), value=value, display_name=name, description=description)  # type: ignore[arg-type]
    return same.Same(
        command=visit.command(
            "app", "role", "add", of.app_id, value, name=typed["name"] or None, description=description or None
        ),
        graph=_patch(visit, of, (*of.app_roles, made)),
        terraform=azuread.resource(
            "azuread_application_app_role",
            value,
            {
                "application_id": f"/applications/{of.id}",
                "role_id": _NEW,
                "allowed_member_types": ["Application"],
                "value": value,
                "display_name": name,
                "description": description or name,
            },
        ),
    )


def _patch(visit: Visit, of: Application, roles: tuple[AppRole, ...]) -> str:
    written = wire.write(replace(of, app_roles=roles), visit.tenant, beta=False)["appRoles"]
    return same.graph("PATCH", f"/v1.0/applications/{of.id}", {"appRoles": written})


ROUTES: Final = (
    Route("GET", _PATH, listed, "reader"),
    Route("GET", f"{_PATH}/new", form, "admin"),
    Route("POST", f"{_PATH}/new", add, "admin"),
    Route("POST", f"{_PATH}/{{role}}/disable", partial(switch, False), "admin"),  # noqa: FBT003  the state
    Route("POST", f"{_PATH}/{{role}}/enable", partial(switch, True), "admin"),  # noqa: FBT003
    Route("GET", f"{_PATH}/{{role}}/remove", ask, "admin"),
    Route("POST", f"{_PATH}/{{role}}/remove", remove, "admin"),
)
