"""Add a permission: an API, its application permissions, a look at what will be configured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from accredit.administer import consent
from accredit.administer.standing import Key, api, api_of, wishes
from accredit.directory import read_guid
from accredit.errors import NOT_FOUND, Refused
from accredit.interop.files import azuread
from accredit.interop.graph import application as wire
from accredit.query import Order, Query
from accredit.web.portal import same
from accredit.web.portal.pages import application_parts as parts
from accredit.web.portal.pages.named import begins
from accredit.web.portal.problems import GENERAL
from accredit.web.portal.route import Route
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from starlette.responses import Response

    from accredit.administer.standing import Api
    from accredit.directory import Application, AppRole
    from accredit.web.portal.visit import Visit

PAGE: Final = 25
MOST: Final = 200  # permissions that are added at once: a form has so many fields
_PATH: Final = f"{parts.PATH}/permissions/add"
_BY_NAME: Final = Order("displayName")


async def apis(visit: Visit) -> Response:
    """Show the APIs that there are."""
    name = visit.query("name")
    async with visit.reading() as store:
        application = await parts.find(store, visit)
        query = Query(condition=begins(name), order=_BY_NAME, after=visit.after(_BY_NAME), limit=PAGE)
        page = await store.principals.search(query, tenant_id=visit.tenant.id)
        found = [await api_of(store, each) for each in page.things]
    return await visit.page(
        "permission_add.html",
        **parts.around(visit, application, "permissions"),
        rows=[(each, len(_roles(each))) for each in found],
        name=name,
        following=visit.following(page.after, _BY_NAME),
    )


async def roles(visit: Visit) -> Response:
    """Show the application permissions of one."""
    application, of = await _both(visit)
    return await _choice(visit, application, of, {})


async def review(visit: Visit) -> Response:
    """Show what would be configured."""
    application, of = await _both(visit)
    chosen = _chosen(of, visit.request.query_params.getlist("role"))
    if problems := _problems(chosen):
        return await _choice(visit, application, of, problems)
    keys = [Key(of.app_id, "Role", each.id) for each in chosen]
    known = set(wishes(application.registration))
    return await visit.page(
        "permission_review.html",
        **parts.around(visit, application, "permissions"),
        api=of,
        chosen=[(each, key in known) for each, key in zip(chosen, keys, strict=True)],
        same=_same(visit, application, of, keys),
    )


async def add(visit: Visit) -> Response:
    """Configure them."""
    application, of = await _both(visit)
    chosen = _chosen(of, (await visit.form()).all("role"))
    if problems := _problems(chosen):
        return await _choice(visit, application, of, problems)
    await consent.configure(visit.by, application.id, of.app_id, [("Role", each.id) for each in chosen])
    return visit.done("applications", application.id, "permissions")


async def _both(visit: Visit) -> tuple[Application, Api]:
    guid = read_guid(visit.request.path_params["api"])
    async with visit.reading() as store:
        application = await parts.find(store, visit)
        of = await api(store, visit.tenant.id, str(guid)) if guid else None
    if of is None or not (of.principal or of.roles):
        raise Refused(NOT_FOUND, detail=_("There is no such API in this tenant."))
    return application, of


async def _choice(visit: Visit, application: Application, of: Api, problems: Mapping[str, str]) -> Response:
    wanted, known = visit.query("q").casefold(), set(wishes(application.registration))
    shown = [each for each in _roles(of) if wanted in f"{each.value} {each.display_name} {each.description}".casefold()]
    return await visit.page(
        "permission_roles.html",
        status=422 if problems else 200,
        **parts.around(visit, application, "permissions"),
        api=of,
        q=visit.query("q"),
        rows=[(each, Key(of.app_id, "Role", each.id) in known) for each in shown],
        problems=problems,
    )


def _roles(of: Api) -> list[AppRole]:
    """Return what can be granted to applications, by value."""
    offered = (each for each in of.roles.values() if each.enabled and "Application" in each.member_types)
    return sorted(offered, key=lambda each: each.value.casefold())


def _chosen(of: Api, ids: Sequence[str]) -> list[AppRole]:
    wanted: set[UUID | None] = {read_guid(each) for each in ids}
    return [each for each in _roles(of) if each.id in wanted]


def _problems(chosen: Sequence[AppRole]) -> dict[str, str]:
    if not chosen:
        return {GENERAL: _("Choose at least one permission.")}
    return {GENERAL: _("That are too many at once.")} if len(chosen) > MOST else {}


def _same(visit: Visit, application: Application, of: Api, keys: Sequence[Key]) -> same.Same:
    after = replace(application, registration=consent.wished(application.registration, keys))
    written = wire.write(after, visit.tenant, beta=False)
    return same.Same(
        graph=same.graph(
            "PATCH",
            f"/v1.0/applications/{application.id}",
            {"requiredResourceAccess": written["requiredResourceAccess"]},
        ),
        terraform=azuread.resource(
            "azuread_application_api_access",
            f"{application.display_name} {of.name}",
            {
                "application_id": f"/applications/{application.id}",
                "api_client_id": of.app_id,
                "role_ids": [str(each.id) for each in keys],
            },
        ),
    )


ROUTES: Final = (
    Route("GET", _PATH, apis, "admin"),
    Route("GET", f"{_PATH}/{{api}}", roles, "admin"),
    Route("GET", f"{_PATH}/{{api}}/review", review, "admin"),
    Route("POST", f"{_PATH}/{{api}}", add, "admin"),
)
