"""The manifest: an application as Microsoft Graph writes it, read, changed, and looked at before it is saved.

Rule 1: it is PATCH: what is left out stays as it is.
Rule 2: saved is what was shown, onto what it was compared with: an application that somebody changed since is compared
again first.
"""

from __future__ import annotations

import asyncio
from difflib import unified_diff
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec.structs import replace

from accredit.administer import applications
from accredit.errors import CHANGED_MEANWHILE, Refused
from accredit.interop.graph import application as wire
from accredit.issuers import strictjson
from accredit.web.portal import same
from accredit.web.portal.pages import application_parts as parts
from accredit.web.portal.problems import problems_of
from accredit.web.portal.route import Route
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.responses import Response

    from accredit.directory import Application, Tenant
    from accredit.interop.graph.application import Changes
    from accredit.web.portal.visit import Visit

DEEPEST: Final = 12  # containers in containers
MOST_VALUES: Final = 16_000
_PATH: Final = f"{parts.PATH}/manifest"
_FIELD: Final = "manifest"
_LISTS: Final = {"certificates": "keyCredentials", "secrets": "passwordCredentials"}


async def show(visit: Visit) -> Response:
    """Show it."""
    application = await parts.found(visit)
    return await _shown(visit, application, _text(_json(visit.tenant, application)), "")


async def review(visit: Visit) -> Response:
    """Show what saving what was typed would change."""
    application, typed = await parts.found(visit), (await visit.form()).text(_FIELD)
    return await _reviewed(visit, application, typed)


async def save(visit: Visit) -> Response:
    """Save what was reviewed."""
    application, sent = await parts.found(visit), await visit.form()
    typed, revision = sent.text(_FIELD), sent.text("revision")
    try:
        body = _read(typed)

        def read(before: Application, tenant: Tenant) -> Changes:
            _refuse_other(before, revision)
            return wire.changes(body, before, tenant, beta=True)

        await applications.amend(visit.by, application.id, read)
    except Refused as refused:
        if refused.row is CHANGED_MEANWHILE:
            return await _reviewed(visit, application, typed, _("It was changed since. This is what would change now."))
        return await _shown(visit, application, typed, _problem(refused))
    except ValueError as error:
        return await _shown(visit, application, typed, str(error))
    return visit.done("applications", application.id, "manifest")


async def _reviewed(visit: Visit, application: Application, typed: str, note: str = "") -> Response:
    try:
        body = _read(typed)
        changes = wire.changes(body, application, visit.tenant, beta=True)
    except Refused as refused:
        return await _shown(visit, application, typed, _problem(refused))
    except ValueError as error:
        return await _shown(visit, application, typed, str(error))
    before = _json(visit.tenant, application)
    after = _after(visit.tenant, application, changes, body)
    differing = {name: value for name, value in after.items() if value != before[name]}
    lines = await asyncio.to_thread(_difference, _text(before), _text(after))  # of a long one it takes a while
    return await visit.page(
        "manifest_review.html",
        **parts.around(visit, application, "manifest"),
        typed=typed,
        note=note,
        lines=lines,
        same=same.Same(graph=same.graph("PATCH", f"/beta/applications/{application.id}", differing)),
    )


async def _shown(visit: Visit, application: Application, typed: str, problem: str) -> Response:
    problems = {_FIELD: problem} if problem else {}
    values = {"typed": typed, "problems": problems, "rows": min(40, typed.count("\n") + 2)}
    return await visit.page(
        "manifest.html",
        status=422 if problem else 200,
        **parts.around(visit, application, "manifest"),
        **values,
        same=same.Same(
            command=visit.command("app", "show", application.app_id, output="json"),
            graph=same.graph("GET", f"/beta/applications/{application.id}"),
        ),
    )


def _read(typed: str) -> dict[str, Any]:
    """Read what was typed. ``ValueError``, in words, for what is no JSON object."""
    try:
        found = strictjson.loads(typed.encode("utf-8", "strict"), depth=DEEPEST, members=MOST_VALUES)
    except ValueError as error:
        raise ValueError(_("This cannot be read as JSON: {}.").format(error)) from None
    if not isinstance(found, dict):
        raise ValueError(_("A manifest is one JSON object."))  # noqa: TRY004  whoever typed it reads this
    return {name: value for name, value in found.items() if not name.startswith("@odata.")}


def _refuse_other(of: Application, revision: str) -> None:
    if str(of.revision) != revision:
        raise Refused(CHANGED_MEANWHILE)


def _json(tenant: Tenant, of: Application) -> dict[str, Any]:
    return wire.write(of, tenant, beta=True)


def _after(tenant: Tenant, of: Application, changes: Changes, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the application as it would be written; of secrets and certificates, what was typed."""
    members = {name: value for name, value in changes.items() if name not in _LISTS}
    after = _json(tenant, replace(of, **members))
    return after | {name: body[name] for key, name in _LISTS.items() if key in changes}


def _text(of: Mapping[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(of), indent=2).decode()


def _difference(before: str, after: str) -> Sequence[tuple[str, str]]:
    """Return the lines that differ, with some around them: ``+``, ``-``, `` ``, or ``@`` where some are left out."""
    lines = list(unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=3))[2:]
    return [(each[:1], each[1:] if not each.startswith("@@") else "") for each in lines]


def _problem(refused: Refused) -> str:
    """Return what is wrong, and with which member."""
    said = "".join(problems_of(refused, {}).values())
    member = refused.fields.get("property", "")
    return f"{member}: {said}" if member else said


ROUTES: Final = (
    Route("GET", _PATH, show, "reader"),
    Route("POST", f"{_PATH}/review", review, "admin"),
    Route("POST", _PATH, save, "admin"),
)
