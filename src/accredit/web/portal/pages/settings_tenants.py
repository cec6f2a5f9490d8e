"""The tenants of this instance: made and deleted by who administers the instance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.administer import tenants
from accredit.directory import TOKEN_LIFETIME, read_guid
from accredit.errors import NOT_FOUND, Refused
from accredit.query import Query
from accredit.web.portal import same
from accredit.web.portal.pages.settings import FIELDS, choices, members
from accredit.web.portal.pages.settings_parts import INSTANCE, around, done, here
from accredit.web.portal.problems import problems_of
from accredit.web.portal.route import Route
from accredit.web.portal.visit import Form, address, tenant_name
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from accredit.directory import Tenant
    from accredit.web.portal.visit import Visit

PAGE: Final = 50
_PATH: Final = "/{tenant}/settings/tenants"


async def listed(visit: Visit) -> Response:
    """Show a page of the tenants."""
    async with visit.reading() as store:
        page = await store.tenants.search(Query(after=visit.after(None), limit=PAGE))
    rows = [(each, address(tenant_name(each)), visit.access.role(each.id)) for each in page.things]
    return await visit.page(
        "settings_tenants.html",
        **around(visit, "tenants"),
        rows=rows,
        made=await _made(visit),
        following=visit.following(page.after, None),
    )


async def _made(visit: Visit) -> Mapping[str, str]:
    """Return the tenant that was just made, and the command that lets the first person in; empty where there is none.

    Roles are given in a tenant, by its Admins: of a new one nobody is, and only the host can give the first.
    """
    guid = read_guid(visit.query("made"))
    if guid is None:
        return {}
    async with visit.reading() as store:
        try:
            of = await store.tenants.get(guid)
        except Refused:
            return {}
    if visit.access.role(of.id) is not None:
        return {}
    let_in = same.command("admin", "add", claim="sub", value="VALUE", role="admin", tenant=tenant_name(of))
    return {"name": of.display_name, "command": let_in}


async def new(visit: Visit) -> Response:
    """Show the form of a new tenant."""
    return await _new(visit, {"portability": "entra", "token_lifetime": str(TOKEN_LIFETIME)}, {})


async def create(visit: Visit) -> Response:
    """Make it."""
    sent, problems = await visit.form(), dict[str, str]()
    wanted = members(sent, problems)
    if not problems:
        try:
            made = await tenants.create(visit.by, **wanted)
        except Refused as refused:
            problems = problems_of(refused, FIELDS)
        else:
            return done(visit, "tenants", said="tenant-made", made=made.id)
    return await _new(visit, sent, problems)


async def ask(visit: Visit) -> Response:
    """Show what would go."""
    return await _delete(visit, await _named(visit), {})


async def delete(visit: Visit) -> Response:
    """Delete it with everything in it, if its name was typed."""
    of = await _named(visit)
    if (await visit.form()).text("name") != tenant_name(of):
        return await _delete(visit, of, {"name": _("This is not what is to be typed; nothing was deleted.")})
    await tenants.delete(visit.by, of.id)
    if of == visit.of:
        return visit.go(address("tenants"))
    return done(visit, "tenants", said="tenant-deleted")


async def _named(visit: Visit) -> Tenant:
    guid = read_guid(visit.request.path_params["which"])
    if guid is None:
        raise Refused(NOT_FOUND)
    async with visit.reading() as store:
        return await store.tenants.get(guid)


async def _new(visit: Visit, typed: Mapping[str, str], problems: Mapping[str, str]) -> Response:
    wanted = members(typed, {}) if isinstance(typed, Form) else {}
    return await visit.page(
        "settings_tenant_new.html",
        status=422 if problems else 200,
        **around(visit, "tenants"),
        **choices(),
        typed=typed,
        problems=problems,
        same=same.Same(
            command=same.command(
                "tenant",
                "create",
                wanted.get("display_name") or "NAME",
                domain=wanted.get("domains") or "example.com",
                portability=wanted.get("portability"),
                multi_audience=wanted.get("multi_audience"),
                token_lifetime=wanted.get("token_lifetime"),
                trust_changes=wanted.get("trust_changes"),
            )
        ),
    )


async def _delete(visit: Visit, of: Tenant, problems: Mapping[str, str]) -> Response:
    async with visit.reading() as store:
        shelves = (
            (_("applications"), store.applications),
            (_("federated credentials"), store.credentials),
            (_("issuers"), store.issuers),
            (_("service principals"), store.principals),
        )
        counts = []
        for name, shelf in shelves:
            page = await shelf.search(Query(limit=0, counted=True), tenant_id=of.id)
            counts.append(f"{page.count or 0} {name}")
    last = await _last(visit, of)
    return await visit.page(
        "settings_confirm.html",
        status=422 if problems else 200,
        **around(visit, "tenants"),
        title=_("Delete the tenant {}").format(of.display_name),
        says=[
            _("With it go {}.").format(", ".join(counts)),
            _("Its last sign-in: {}.").format(last),
            _("Its sign-ins and audit records stay. Nothing else can be brought back."),
        ],
        name=tenant_name(of),
        button=_("Delete"),
        back=here(visit, "tenants"),
        problems=problems,
        same=same.Same(command=same.command("tenant", "delete", tenant_name(of))),
    )


async def _last(visit: Visit, of: Tenant) -> str:
    found = (await visit.portal.log.search(Query(limit=1), tenant_id=of.id)).things
    return f"{found[0].at:%Y-%m-%d %H:%M:%S} UTC" if found else _("never")


ROUTES: Final = tuple(
    Route(method, f"{path}{rest}", handler, "instance")
    for path in (f"/{INSTANCE}/tenants", _PATH)
    for method, rest, handler in (
        ("GET", "", listed),
        ("GET", "/new", new),
        ("POST", "/new", create),
        ("GET", "/{which}/delete", ask),
        ("POST", "/{which}/delete", delete),
    )
)
