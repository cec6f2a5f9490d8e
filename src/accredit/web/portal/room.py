"""The portal's room: who may open what, pages for what is refused, and the files that pages refer to.

Rule 1: nothing of a page is looked at before it is known who asks, and whether they may.
Rule 2: of a tenant in which somebody has no role nothing is told, not even that it exists.
Rule 3: whoever asks has a share of the places, and all who are not signed in have one together. What is sent slowly
has no place while it is on its way.
Rule 4: whatever goes wrong is a page, in the words of the refusal; what is broken is told to the journal only.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route as Served

from accredit.directory import read_tenant
from accredit.directory.people import NOBODY
from accredit.errors import GRAPH_BROKEN, GRAPH_THROTTLED, NOT_FOUND, PRIVILEGES_MISSING, Refused
from accredit.web.places import Counted
from accredit.web.portal import federated, signin
from accredit.web.portal.csrf import SameOrigin
from accredit.web.portal.headers import SecurityHeaders
from accredit.web.portal.pages import (
    add_credential,
    admin_sign_ins,
    app_roles,
    application,
    application_delete,
    application_edit,
    application_new,
    application_owners,
    application_switch,
    applications,
    attempt,
    audits,
    credential_state,
    credential_test,
    credential_twin,
    credentials,
    enterprise_app,
    enterprise_apps,
    enterprise_roles,
    helping,
    issuer,
    issuer_delete,
    issuer_edit,
    issuer_history,
    issuer_keys,
    issuer_probe,
    issuers,
    manifest,
    overview,
    permission_add,
    permission_consent,
    permission_remove,
    permissions,
    searching,
    secrets,
    settings,
    settings_about,
    settings_administrators,
    settings_export,
    settings_keys,
    settings_policy,
    settings_server,
    settings_tenants,
    sign_ins,
    test_issuer,
    test_issuer_authority,
    test_issuer_issuers,
    theme,
    welcome,
)
from accredit.web.portal.paths import ROOT
from accredit.web.portal.visit import Visit, address

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from starlette.requests import Request

    from accredit.directory import Tenant
    from accredit.directory.people import Session
    from accredit.web.answers import Receive, Scope, Send
    from accredit.web.portal.portal import Portal
    from accredit.web.portal.route import Route

ROUTES: Final[tuple[Route, ...]] = (
    *signin.ROUTES,
    *federated.ROUTES,
    *theme.ROUTES,
    *welcome.ROUTES,
    *helping.ROUTES,
    *searching.ROUTES,
    *sign_ins.ROUTES,
    *admin_sign_ins.ROUTES,
    *audits.ROUTES,
    *attempt.ROUTES,  # after those of its neighbours, whose paths it would take
    *applications.ROUTES,
    *application_new.ROUTES,  # before those of one application, whose paths would take it
    *application.ROUTES,
    *application_edit.ROUTES,
    *application_switch.ROUTES,
    *application_delete.ROUTES,
    *credentials.ROUTES,
    *add_credential.ROUTES,
    *credential_test.ROUTES,
    *credential_state.ROUTES,
    *credential_twin.ROUTES,
    *secrets.ROUTES,
    *permissions.ROUTES,
    *permission_add.ROUTES,
    *permission_consent.ROUTES,
    *permission_remove.ROUTES,
    *app_roles.ROUTES,
    *application_owners.ROUTES,
    *manifest.ROUTES,
    *enterprise_apps.ROUTES,
    *enterprise_app.ROUTES,
    *enterprise_roles.ROUTES,
    *issuers.ROUTES,
    *issuer_edit.ROUTES,  # before those of one issuer, whose paths would take it
    *issuer.ROUTES,
    *issuer_history.ROUTES,
    *issuer_probe.ROUTES,
    *issuer_keys.ROUTES,
    *issuer_delete.ROUTES,
    *overview.ROUTES,  # last: its path would take theirs
    *settings.ROUTES,
    *settings_about.ROUTES,
    *settings_administrators.ROUTES,
    *settings_export.ROUTES,
    *settings_keys.ROUTES,
    *settings_policy.ROUTES,
    *settings_server.ROUTES,
    *settings_tenants.ROUTES,
)
"""Everything that is served: what the page modules export, put together."""
EMULATOR_ROUTES: Final[tuple[Route, ...]] = (
    *test_issuer.ROUTES,
    *test_issuer_issuers.ROUTES,
    *test_issuer_authority.ROUTES,
)
"""What an emulator serves besides."""

_MISSING: Final = {
    "operator": "the role Operator or Admin in this tenant",
    "admin": "the role Admin in this tenant",
    "instance": "the role of an instance administrator",
}
UNDER_WAY: Final = 32  # requests at once
_OF_ONE: Final = 8  # requests at once of a session, or of all who have none; a browser makes six
_AGAIN: Final = 1  # seconds until there may be a place
_FOREVER: Final = "public, max-age=31536000, immutable"  # the address of a file changes with it


class Room:
    """Serves the portal of one authority below ``/portal``."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.places = Counted(UNDER_WAY, "requests are under way")
        self._application = Starlette(
            routes=[*self._routes(), Served(f"{ROOT}/static/{{name}}", self._static, methods=["GET"])],
            middleware=[
                Middleware(SecurityHeaders, strict_transport=portal.strict_transport),
                Middleware(SameOrigin, origin=portal.authority.base),
            ],
            exception_handlers={404: self._nowhere, 405: self._nowhere},
        )
        # A page has one address. A redirect to it would name our scheme as the proxy speaks to us: http.
        self._application.router.redirect_slashes = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._application(scope, receive, send)

    def _routes(self) -> Sequence[Served]:
        by_path = defaultdict[str, dict[str, "Route"]](dict)
        for each in (*ROUTES, *(EMULATOR_ROUTES if self.portal.emulator else ())):
            by_path[each.path][each.method] = each
        return [
            Served(f"{ROOT}{path}", self._endpoint(methods), methods=list(methods)) for path, methods in by_path.items()
        ]

    def _endpoint(self, methods: Mapping[str, Route]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            route = methods["GET" if request.method == "HEAD" else request.method]
            who = self.portal.senders.read(request.scope, dict(request.scope["headers"]), {})
            visit = Visit(request=request, portal=self.portal, who=who, access=NOBODY, needs=route.needs)
            try:
                session = await self.portal.keeper.of(request)
                with self._place(session):
                    visit = await self._known(visit, route, session)
                if visit.session is None and route.needs != "nobody":
                    return _sign_in(visit)
                if not visit.may(route.needs):
                    raise Refused(PRIVILEGES_MISSING, detail=f"It needs {_MISSING[route.needs]}.")  # noqa: TRY301
                if request.method == "POST":
                    await visit.form()  # kept for the handler
                with self._place(session):
                    return await route.handler(visit)
            except Refused as refused:
                return await _refused(visit, refused)
            except Exception as error:  # noqa: BLE001  the one place where an error of our own becomes a page
                self.portal.broken(who, error)
                return await _refused(visit, Refused(GRAPH_BROKEN))

        return endpoint

    def _place(self, session: Session | None) -> AbstractContextManager[None]:
        if session is None:
            return self.places.held(("", _OF_ONE, " of those who are not signed in"))
        return self.places.held((session.id, _OF_ONE, " of this session"))

    async def _known(self, visit: Visit, route: Route, session: Session | None) -> Visit:
        """Say who asks, and in which tenant. ``NOT_FOUND`` for one in which they have no role."""
        portal, request = self.portal, visit.request
        if session is None:
            return visit
        async with visit.reading() as store:
            mappings = await store.role_mappings.find()
        access = session.access(mappings)
        session = await portal.keeper.renewed(request, session, access)
        if session is None:
            return visit
        visit = replace(visit, access=access, session=session)
        if route.of_tenant:
            visit = replace(visit, of=await self._tenant(visit, request.path_params["tenant"]))
        return visit

    async def _tenant(self, visit: Visit, name: str) -> Tenant:
        try:
            tenant = await self.portal.authority.directory.tenant(read_tenant(name), "")
        except Refused:
            raise Refused(NOT_FOUND) from None
        if visit.access.role(tenant.id) is None:
            raise Refused(NOT_FOUND)
        return tenant

    async def _static(self, request: Request) -> Response:
        found = self.portal.renderer.files.get(request.path_params["name"])
        if found is None:
            return PlainTextResponse("There is no such file.", 404)
        body, media_type = found
        return Response(body, media_type=media_type, headers={"cache-control": _FOREVER})

    async def _nowhere(self, request: Request, _: Exception) -> Response:
        who = self.portal.senders.read(request.scope, dict(request.scope["headers"]), {})
        visit = Visit(request=request, portal=self.portal, who=who, access=NOBODY, needs="nobody")
        return await _refused(visit, Refused(NOT_FOUND))


def _sign_in(visit: Visit) -> Response:
    """Lead to where people sign in, and back afterwards where that is safe."""
    if visit.partial:  # a redirect would put that page into this one
        return PlainTextResponse("", 401, headers={"HX-Redirect": address("sign-in")})
    asked = visit.request.url
    path = asked.path + (f"?{asked.query}" if asked.query else "")
    return RedirectResponse(address("sign-in", next=path if visit.request.method == "GET" else None), 303)


async def _refused(visit: Visit, refused: Refused) -> Response:
    if refused.row is GRAPH_THROTTLED:
        return await _throttled(visit, refused)
    status = 404 if refused.row is NOT_FOUND else max(refused.row.status, 400)
    return await visit.page("refused.html", status=status, refused=refused, trace=visit.who.trace)


async def _throttled(visit: Visit, refused: Refused) -> Response:
    """Say to come again; to a part of a page in one line, which costs next to nothing."""
    if visit.partial:
        answer: Response = PlainTextResponse(refused.message, refused.row.status)
    else:
        answer = await visit.page("refused.html", status=refused.row.status, refused=refused, trace=visit.who.trace)
    answer.headers["retry-after"] = str(_AGAIN)
    return answer


__all__ = ["ROUTES", "Room"]
