"""Roles that a service principal holds, and those of its own that others hold: both ends of app role assignments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from accredit.administer import permissions
from accredit.administer.standing import api_of
from accredit.directory import DEFAULT_ACCESS, read_guid
from accredit.errors import NOT_FOUND, Refused
from accredit.interop.graph import opaque
from accredit.query import Query
from accredit.web.portal import same
from accredit.web.portal.pages import enterprise_parts as parts
from accredit.web.portal.pages.named import principal_in_path
from accredit.web.portal.pages.permissions_used import used_roles
from accredit.web.portal.route import Route
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from starlette.responses import Response

    from accredit.administer.standing import Api
    from accredit.directory import Assignment, ServicePrincipal
    from accredit.ports import Transaction
    from accredit.web.portal.visit import Visit

PAGE: Final = 50
_REVOKE: Final = f"{parts.PATH}/assignments/{{assignment}}/revoke"


class Row(NamedTuple):
    """One assignment, with both its ends."""

    of: Assignment
    holder: ServicePrincipal
    api: Api
    value: str


async def held(visit: Visit) -> Response:
    """Show what it holds."""
    return await _listed(visit, "held")


async def given(visit: Visit) -> Response:
    """Show who holds its roles."""
    return await _listed(visit, "given")


async def ask(visit: Visit) -> Response:
    """Show what would be taken away, and when it was last used."""
    of, row = await _one(visit)
    return await _asked(visit, of, row, {})


async def revoke(visit: Visit) -> Response:
    """Take it away, if its name was typed."""
    of, row = await _one(visit)
    if (await visit.form()).text("name") != row.value:
        return await _asked(visit, of, row, {"name": _("This is not its name; nothing was revoked.")})
    await permissions.remove(visit.by, row.of.id)
    return visit.done("enterprise-apps", of.id, "held" if row.holder.id == of.id else "given")


async def _listed(visit: Visit, side: str) -> Response:
    async with visit.reading() as store:
        of = await principal_in_path(store, visit)
        where = {"principal_id" if side == "held" else "resource_id": of.id}
        page = await store.assignments.search(Query(after=visit.after(None), limit=PAGE), **where)
        rows = await _rows(store, page.things)
    return await visit.page(
        "enterprise_roles.html",
        **parts.around(visit, of, side),
        side=side,
        rows=rows,
        following=visit.following(page.after, None),
    )


async def _one(visit: Visit) -> tuple[ServicePrincipal, Row]:
    guid = read_guid(visit.request.path_params["assignment"])
    async with visit.reading() as store:
        of = await principal_in_path(store, visit)
        found = await store.assignments.find(id=guid, tenant_id=of.tenant_id) if guid else ()
        rows = await _rows(store, [each for each in found if of.id in (each.principal_id, each.resource_id)])
    if not rows:
        raise Refused(NOT_FOUND, detail=_("There is no such assignment, or not any more."))
    return of, rows[0]


async def _rows(store: Transaction, of: Sequence[Assignment]) -> list[Row]:
    ends: dict[UUID, ServicePrincipal] = {}
    apis: dict[UUID, Api] = {}
    rows = []
    for each in of:
        for id_ in (each.principal_id, each.resource_id):
            if id_ not in ends:
                ends[id_] = await store.principals.get(id_)
        if each.resource_id not in apis:
            apis[each.resource_id] = await api_of(store, ends[each.resource_id])
        api = apis[each.resource_id]
        rows.append(Row(each, ends[each.principal_id], api, _value(api, each.role_id)))
    return rows


def _value(api: Api, role_id: UUID) -> str:
    if role_id == DEFAULT_ACCESS:
        return _("Default access")
    role = api.roles.get(role_id)
    return (role.value if role else "") or str(role_id)


async def _asked(visit: Visit, of: ServicePrincipal, row: Row, problems: Mapping[str, str]) -> Response:
    role = (row.api.app_id, row.value)
    used = await used_roles(visit, row.holder.app_id, {role})
    path = f"/v1.0/servicePrincipals/{row.holder.id}/appRoleAssignments/{opaque.write(row.of.id)}"
    named = row.of.role_id if row.of.role_id == DEFAULT_ACCESS else row.value
    return await visit.page(
        "enterprise_revoke.html",
        status=422 if problems else 200,
        **parts.around(visit, of, "held" if row.holder.id == of.id else "given"),
        row=row,
        last=used.last.get(role),
        since=used.since,
        problems=problems,
        same=same.Same(
            command=visit.command("permission", "revoke", row.holder.app_id, row.api.app_id, named),
            graph=same.graph("DELETE", path),
        ),
    )


ROUTES: Final = (
    Route("GET", f"{parts.PATH}/held", held, "reader"),
    Route("GET", f"{parts.PATH}/given", given, "reader"),
    Route("GET", _REVOKE, ask, "admin"),
    Route("POST", _REVOKE, revoke, "admin"),
)
