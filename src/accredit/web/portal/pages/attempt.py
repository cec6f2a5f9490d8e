"""One sign-in: who, what, how, and why it ended so; and what may be done about it.

Rule 1: a refused token is a message from a stranger. Only where a key that is registered has proven who sent it
does this page lead to a change of trust, and fill anything in. Of all other events it says that anyone can send
such a token, and has no link to such a page.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from accredit.directory import read_guid
from accredit.errors import OBJECT_NOT_FOUND, Refused
from accredit.explain.suggestion import suggest
from accredit.interop.graph import signin
from accredit.query import Compare, Query
from accredit.signins import checks, hashed, words
from accredit.signins.difference import pieces
from accredit.web.portal import same
from accredit.web.portal.pages import application_parts, sign_ins
from accredit.web.portal.route import Route
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from starlette.responses import Response

    from accredit.directory import Application, ServicePrincipal
    from accredit.explain import Suggestion
    from accredit.explain.suggestion import Trust
    from accredit.signins import Event, VerdictKept
    from accredit.signins.difference import Piece
    from accredit.trust import FederatedCredential
    from accredit.web.portal.visit import Visit

_CLAIMS: Final = {"iss": _("issuer"), "aud": _("audience"), "sub": _("subject")}
_INDENT: Final = 2


class Compared(NamedTuple):
    """One comparison of a credential with the token, and where they differ."""

    name: str
    passed: bool
    expected: Sequence[Piece]
    presented: Sequence[Piece]


class Judged(NamedTuple):
    """One credential that the token was compared with. ``url``: to it, where it still exists."""

    verdict: VerdictKept
    checks: Sequence[Compared]
    url: str
    difference: str


class Known(NamedTuple):
    """What of an event is still in the directory."""

    application: Application | None
    principal: ServicePrincipal | None
    held: Sequence[FederatedCredential]
    issuer: UUID | None


class Move(NamedTuple):
    """What a person may do about a refusal. ``add`` and ``edit``: addresses, of proven events alone."""

    sentence: str
    warnings: Sequence[str] = ()
    add: str = ""
    edit: str = ""
    edits: str = ""  # the name of the credential that is edited
    stranger: bool = False
    trust: Trust | None = None  # what would have matched


async def attempt(visit: Visit) -> Response:
    """Show one sign-in."""
    event = await find(visit, visit.request.path_params["request"])
    known = await _known(visit, event)
    return await visit.page(
        "attempt.html",
        event=event,
        known=known,
        tabs=sign_ins.tabs(visit, "sign-ins"),
        headline=_headline(event),
        checks=checks(event),
        judged=[_judged(visit, known, each, event) for each in event.verdicts],
        credential=_credential(visit, known, event.credential_id),
        facts={"lifetime": signin.lifetime(event), "token": hashed(event.token_id), "clause": signin.clause(event)},
        evidence=words.evidence(event.evidence),
        proof=words.proof(event),
        move=_move(visit, event, known),
        json=_json(event),
        command=visit.command("logs", "show", event.id),
        graph=same.graph("GET", f"/beta/auditLogs/signIns/{event.id}"),
    )


async def find(visit: Visit, request_id: str) -> Event:
    """Return the sign-in of a request. 404 for one that the tenant's log does not have."""
    key = read_guid(request_id)
    if key is not None:
        query = Query(condition=Compare("id", "eq", str(key)), limit=1)
        for each in (await visit.portal.log.search(query, tenant_id=visit.tenant.id)).things:
            return each
    detail = _("The log of this tenant has no sign-in with this request id, or not any more.")
    raise Refused(OBJECT_NOT_FOUND, id=request_id, detail=detail)


async def _known(visit: Visit, event: Event) -> Known:
    async with visit.reading() as store:
        tenant = visit.tenant.id
        applications = await store.applications.find(tenant_id=tenant, app_id=event.app_id)
        principals = await store.principals.find(tenant_id=tenant, app_id=event.app_id)
        held = await store.credentials.find(application_id=applications[0].id) if applications else ()
        issuers = await store.issuers.find(tenant_id=tenant, url=event.issuer) if event.issuer else ()
    record = next((each.id for each in issuers if event.issuer_id in (None, each.id)), None)
    return Known(applications[0] if applications else None, principals[0] if principals else None, held, record)


def _headline(event: Event) -> tuple[str, str]:
    """Return what an attempt is called in its heading, and how its code is called in words."""
    if not event.code:
        return _("Granted"), ""
    return words.code(event.code), words.named(event.code, event.failure)


def _judged(visit: Visit, known: Known, verdict: VerdictKept, event: Event) -> Judged:
    compared = []
    for each in verdict.checks:
        expected, presented = pieces(each.expected, each.presented)
        compared.append(Compared(_CLAIMS[each.claim], each.passed, expected, presented))
    difference = event.nearest if verdict is event.verdicts[0] else ""
    return Judged(verdict, compared, _credential(visit, known, verdict.credential_id), difference)


def _credential(visit: Visit, known: Known, id_: UUID | None) -> str:
    """Return where a credential is shown; empty where it is gone."""
    if known.application is None or all(each.id != id_ for each in known.held):
        return ""
    return application_parts.url(visit, known.application, "credentials")


def _move(visit: Visit, event: Event, known: Known) -> Move | None:
    """Return what may be done about a refusal; ``None`` where nothing was refused."""
    if not event.code:
        return None
    if event.proof != "proven":
        return Move("", stranger=True) if event.digest or event.count > 1 else None
    if known.application is None:
        return Move(_("The application is no more: nothing can be changed."))
    found = suggest(event, known.held, visit.tenant.several_audiences)
    if found.action not in ("add", "update") or not visit.may("admin"):
        return Move(_sentence(visit, found), found.warnings)
    edited = _edited(event, known, found)
    page = partial(application_parts.url, visit, known.application, "credentials")
    return Move(
        found.sentence,
        found.warnings,
        add=page("new", event=event.id) if found.action == "add" else "",
        edit=page(edited.id, "edit", event=event.id) if edited else "",
        edits=edited.name if edited else "",
        trust=found.trust,
    )


def _edited(event: Event, known: Known, found: Suggestion) -> FederatedCredential | None:
    """Return the credential that is changed: the one whose audience differs, else the nearest."""
    if found.action == "update" and found.trust is not None:
        return next((each for each in known.held if each.name == found.trust.name), None)
    near = event.verdicts[0].credential_id if event.verdicts else None
    return next((each for each in known.held if each.id == near), None)


def _sentence(visit: Visit, found: Suggestion) -> str:
    if found.action in ("add", "update") and not visit.may("admin"):
        return _("A credential would have matched this token. It takes the role Admin to add or change one.")
    return found.sentence


def _json(event: Event) -> str:
    return msgspec.json.format(msgspec.json.encode(signin.write(event)), indent=_INDENT).decode()


ROUTES: Final = (Route("GET", "/{tenant}/sign-ins/{request}", attempt, "reader"),)
