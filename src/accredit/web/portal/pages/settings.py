"""The tenant: what it is called, and how much of Entra ID it is.

Rule 1: a domain is the authority's name for a tenant, and all tenants share them: only who administers the instance
changes them. Nobody else is told which are taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from accredit.administer import tenants
from accredit.errors import PRIVILEGES_MISSING, Refused
from accredit.web.portal import same
from accredit.web.portal.pages.settings_parts import PART, around
from accredit.web.portal.problems import problems_of
from accredit.web.portal.route import Route
from accredit.web.portal.visit import Form, tenant_name
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from accredit.directory import Tenant
    from accredit.web.portal.visit import Visit

FIELDS: Final = {
    "displayName": "name",
    "domains": "domains",
    "portability": "portability",
    "multiAudience": "multi_audience",
    "trustChanges": "trust_changes",
    "tokenLifetime": "token_lifetime",
}
_GRAPH: Final = {member: wire for wire, member in FIELDS.items()}
LONGEST: Final = 9  # digits of a number of seconds


async def show(visit: Visit) -> Response:
    """Show the tenant."""
    return await _shown(visit, _typed(visit.tenant), {})


async def update(visit: Visit) -> Response:
    """Change what differs. Its address follows its first domain."""
    sent, problems = await visit.form(), dict[str, str]()
    if "domains" in sent and members(sent, {})["domains"] != _wanted(visit, sent, {})["domains"]:
        raise Refused(PRIVILEGES_MISSING, detail="It needs the role of an instance administrator.")
    changes = _changed(visit.tenant, _wanted(visit, sent, problems))
    if not problems:
        try:
            after = await tenants.update(visit.by, visit.tenant.id, **changes)
        except Refused as refused:
            problems = problems_of(refused, FIELDS)
        else:
            answer = visit.done(PART)
            before, now = f"/{tenant_name(visit.tenant)}/", f"/{tenant_name(after)}/"
            answer.headers["location"] = answer.headers["location"].replace(before, now, 1)
            return answer
    return await _shown(visit, sent, problems)


def members(sent: Mapping[str, str], problems: dict[str, str]) -> dict[str, Any]:
    """Return what a form says of a tenant; what cannot be read is a problem of its field."""
    life = sent.get("token_lifetime", "").strip()
    if not (life.isascii() and life.isdigit() and len(life) <= LONGEST):
        problems["token_lifetime"] = _("A whole number of seconds.")
        life = "0"
    return {
        "display_name": sent.get("name", "").strip(),
        "domains": tuple(each.lower() for each in sent.get("domains", "").split()),
        "portability": sent.get("portability", ""),
        "multi_audience": sent.get("multi_audience", "") or None,
        "trust_changes": sent.get("trust_changes", "") or None,
        "token_lifetime": int(life),
    }


def _wanted(visit: Visit, sent: Mapping[str, str], problems: dict[str, str]) -> dict[str, Any]:
    """Return what a form says of this tenant, with its own domains unless the visitor may change them."""
    wanted = members(sent, problems)
    return wanted if visit.may("instance") else {**wanted, "domains": visit.tenant.domains}


def choices() -> dict[str, Any]:
    """Return what the lists of the form offer."""
    return {
        "portabilities": (
            ("entra", _("entra: exactly what Entra ID accepts")),
            ("extended", _("extended: also what only this authority does")),
        ),
        "audiences": (
            ("", _("as the portability says")),
            ("contained", _("contained: one of them is enough")),
            ("listed", _("listed: every one must be listed")),
            ("refuse", _("refuse: one audience only")),
        ),
        "changes_of_trust": (
            ("", _("as the profile says")),
            ("entra", _("entra: owners may write credentials freely")),
            ("owner_may_narrow", _("owner_may_narrow: owners may narrow trust only")),
        ),
    }


def _typed(of: Tenant) -> dict[str, str]:
    return {
        "name": of.display_name,
        "domains": "\n".join(of.domains),
        "portability": of.portability,
        "multi_audience": of.multi_audience or "",
        "trust_changes": of.trust_changes or "",
        "token_lifetime": str(of.token_lifetime),
    }


def _changed(of: Tenant, wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wanted.items() if value != getattr(of, name)}


async def _shown(visit: Visit, typed: Mapping[str, str], problems: Mapping[str, str]) -> Response:
    of = visit.tenant
    changes = _changed(of, _wanted(visit, typed, {})) if isinstance(typed, Form) else {"display_name": of.display_name}
    return await visit.page(
        "settings.html",
        status=422 if problems else 200,
        **around(visit, ""),
        **choices(),
        typed=typed,
        problems=problems,
        same=same.Same(
            command=same.command(
                "tenant",
                "update",
                tenant_name(of),
                name=changes.get("display_name"),
                domain=changes.get("domains"),
                portability=changes.get("portability"),
                multi_audience=changes.get("multi_audience"),
                token_lifetime=changes.get("token_lifetime"),
                trust_changes=changes.get("trust_changes"),
            ),
            graph=same.graph("PATCH", "/beta/accredit.tenant", {_graph(name): each for name, each in changes.items()}),
        ),
    )


def _graph(member: str) -> str:
    return _GRAPH.get(member, "displayName")


ROUTES: Final = (
    Route("GET", "/{tenant}/settings", show, "reader"),
    Route("POST", "/{tenant}/settings", update, "admin"),
)
