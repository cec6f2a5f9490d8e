"""What an application is called, as a client and as an API, and which tokens it receives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from accredit.administer import applications
from accredit.errors import Refused
from accredit.interop.files import azuread
from accredit.interop.graph import application as wire
from accredit.web.portal import same
from accredit.web.portal.pages import application_parts as parts
from accredit.web.portal.problems import problems_of
from accredit.web.portal.route import Route
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from accredit.directory import Application
    from accredit.web.portal.visit import Form, Visit

_PATH: Final = f"{parts.PATH}/edit"
_FIELDS: Final = {
    "displayName": "name",
    "description": "description",
    "identifierUris": "identifier_uris",
    "requestedAccessTokenVersion": "token_version",
    "tokenLifetime": "token_lifetime",
}
_VERSIONS: Final[dict[str, int | None]] = {"": None, "1": 1, "2": 2}


async def form(visit: Visit) -> Response:
    """Show what it is called."""
    application = await parts.found(visit)
    return await _shown(visit, application, _typed(application), {})


async def update(visit: Visit) -> Response:
    """Change what differs."""
    application, sent = await parts.found(visit), await visit.form()
    typed = {name: sent.text(name) for name in _FIELDS.values()}
    problems = _unreadable(sent)
    if not problems:
        try:
            await applications.update(visit.by, application.id, **_members(sent))
        except Refused as refused:
            problems = problems_of(refused, _FIELDS)
    if problems:
        return await _shown(visit, application, typed, problems)
    return visit.done("applications", application.id)


async def _shown(
    visit: Visit, application: Application, typed: Mapping[str, str], problems: Mapping[str, str]
) -> Response:
    return await visit.page(
        "application_edit.html",
        status=422 if problems else 200,
        **parts.around(visit, application, ""),
        typed=typed,
        problems=problems,
        versions=(("", _("as the API's default: 1")), ("1", "1"), ("2", "2")),
        same=_same(visit, application, typed) if not problems else None,
    )


def _typed(of: Application) -> dict[str, str]:
    return {
        "name": of.display_name,
        "description": of.description or "",
        "identifier_uris": "\n".join(of.identifier_uris),
        "token_version": str(of.token_version or ""),
        "token_lifetime": str(of.token_lifetime or ""),
    }


def _unreadable(sent: Form) -> dict[str, str]:
    """Return what is no value at all of a field; the rest is the directory's to judge."""
    problems = {}
    if sent.text("token_version") not in _VERSIONS:
        problems["token_version"] = _("1 or 2, or nothing.")
    life = sent.text("token_lifetime")
    if life and not (life.isascii() and life.isdigit() and len(life) < len("1000000")):
        problems["token_lifetime"] = _("A number of seconds, or nothing.")
    return problems


def _members(sent: Mapping[str, str] | Form) -> dict[str, Any]:
    life = sent.get("token_lifetime", "").strip()
    return {
        "display_name": sent.get("name", "").strip(),
        "description": sent.get("description", "").strip() or None,
        "identifier_uris": tuple(sent.get("identifier_uris", "").split()),
        "token_version": _VERSIONS[sent.get("token_version", "").strip()],
        "token_lifetime": int(life) if life else None,
    }


def _same(visit: Visit, of: Application, typed: Mapping[str, str]) -> same.Same:
    members = _members(typed)
    beta = wire.write(replace(of, **members), visit.tenant, beta=True)
    body = {name: beta[name] for name in ("displayName", "description", "identifierUris", "api")}
    body["api"] = {"requestedAccessTokenVersion": beta["api"]["requestedAccessTokenVersion"]}
    if of.token_lifetime != members["token_lifetime"]:
        body["accredit"] = beta["accredit"]
    return same.Same(
        command=visit.command(
            "app",
            "update",
            of.app_id,
            name=members["display_name"],
            description=members["description"],
            identifier_uri=members["identifier_uris"],
            token_version=members["token_version"],
            token_lifetime=members["token_lifetime"],
        ),
        graph=same.graph("PATCH", f"/{'beta' if 'accredit' in body else 'v1.0'}/applications/{of.id}", body),
        terraform=azuread.resource(
            azuread.APPLICATION,
            members["display_name"],
            {
                "display_name": members["display_name"],
                "description": members["description"],
                "identifier_uris": members["identifier_uris"],
            },
        ),
    )


ROUTES: Final = (Route("GET", _PATH, form, "admin"), Route("POST", _PATH, update, "admin"))
