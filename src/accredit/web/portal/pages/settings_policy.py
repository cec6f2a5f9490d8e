"""What the tenant demands of all trust, and which credentials would break when it demands more.

Rule 1: a preview stores nothing, and looks at so many credentials and no more: one that comes to that end says so.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from accredit.administer import tenants
from accredit.administer.issuers import ALGORITHMS
from accredit.errors import Refused
from accredit.query import Query
from accredit.web.portal import same
from accredit.web.portal.pages.settings import LONGEST
from accredit.web.portal.pages.settings_parts import PART, around
from accredit.web.portal.problems import problems_of
from accredit.web.portal.route import Route
from accredit.web.portal.visit import Form, tenant_name
from accredit.web.portal.words import _
from accredit.web.previewing import findings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.responses import Response

    from accredit.directory import Tenant
    from accredit.interop.graph.preview import PolicyFinding
    from accredit.query import Cursor
    from accredit.web.portal.visit import Visit

FIELDS: Final = {
    "allowedIssuers": "allowed_issuers",
    "allowedIssuersMode": "allowed_issuers_mode",
    "allowedAlgorithms": "allowed_algorithms",
    "maxAssertionLifetime": "max_assertion_lifetime",
    "immutableIds": "immutable_ids",
    "lint": "lint",
}
_GRAPH: Final = {member: wire for wire, member in FIELDS.items()}
LOOKED_AT: Final = 500  # credentials of one preview
AT_ONCE: Final = 25  # between which others have their turn
MOST_SHOWN: Final = 50  # findings
MODES: Final = (("audit", _("audit: noted in the sign-in log")), ("enforce", _("enforce: refused")))


class Previewed(NamedTuple):
    """Which credentials would break."""

    found: Sequence[PolicyFinding]
    looked_at: int
    more: bool  # there are credentials that were not looked at


async def show(visit: Visit) -> Response:
    """Show the policies."""
    return await _shown(visit, _typed(visit.tenant), visit.tenant.allowed_algorithms, {})


async def preview(visit: Visit) -> Response:
    """Show which credentials the policies of the form would refuse."""
    sent, problems = await visit.form(), dict[str, str]()
    found, wanted = None, _members(sent, visit.tenant, problems)
    if not problems:
        try:
            would = await tenants.proposed(visit.by, visit.tenant.id, **wanted)
            found = await previewed(visit, would)
        except Refused as refused:
            problems = problems_of(refused, FIELDS)
    return await _shown(visit, sent, wanted["allowed_algorithms"], problems, found)


async def update(visit: Visit) -> Response:
    """Change what differs."""
    sent, problems = await visit.form(), dict[str, str]()
    wanted = _members(sent, visit.tenant, problems)
    if not problems:
        try:
            await tenants.update(visit.by, visit.tenant.id, **_changed(visit.tenant, wanted))
        except Refused as refused:
            problems = problems_of(refused, FIELDS)
        else:
            return visit.done(PART, "policy")
    return await _shown(visit, sent, wanted["allowed_algorithms"], problems)


async def previewed(visit: Visit, would: Tenant) -> Previewed:
    """Judge the credentials of a tenant by the policies that it would have."""
    found: list[PolicyFinding] = []
    looked, after = 0, None
    async with visit.reading() as store:
        while looked < LOOKED_AT:
            page = await store.credentials.search(Query(after=after, limit=AT_ONCE), tenant_id=would.id)
            held = [(each, await store.applications.get(each.application_id)) for each in page.things]
            found += await findings(visit.by, visit.portal.log, store, would, held)
            looked, after = looked + len(page.things), page.after
            if after is None:
                break
            await asyncio.sleep(0)
    last: Cursor | None = after
    return Previewed(found, looked, last is not None)


def _members(sent: Form, tenant: Tenant, problems: dict[str, str]) -> dict[str, Any]:
    life, chosen = sent.text("max_assertion_lifetime"), sent.all("allowed_algorithms")
    if life and not (life.isascii() and life.isdigit() and len(life) <= LONGEST):
        problems["max_assertion_lifetime"] = _("A whole number of seconds, or nothing.")
        life = ""
    every = len(chosen) == len(ALGORITHMS[tenant.portability])
    return {
        "allowed_issuers": tuple(sent.get("allowed_issuers", "").split()) or None,
        "allowed_issuers_mode": sent.text("allowed_issuers_mode", "enforce"),
        "allowed_algorithms": None if every else chosen,
        "max_assertion_lifetime": int(life) if life else None,
        "immutable_ids": sent.text("immutable_ids", "off"),
        "lint": sent.text("lint", "warn"),
    }


def _changed(of: Tenant, wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wanted.items() if value != getattr(of, name)}


def _typed(of: Tenant) -> dict[str, str]:
    return {
        "allowed_issuers": "\n".join(of.allowed_issuers or ()),
        "allowed_issuers_mode": of.allowed_issuers_mode,
        "max_assertion_lifetime": str(of.max_assertion_lifetime or ""),
        "immutable_ids": of.immutable_ids,
        "lint": of.lint,
    }


async def _shown(
    visit: Visit,
    typed: Mapping[str, str],
    chosen: Sequence[str] | None,
    problems: Mapping[str, str],
    found: Previewed | None = None,
) -> Response:
    of, every = visit.tenant, ALGORITHMS[visit.tenant.portability]
    changes = _changed(of, _members(typed, of, {})) if isinstance(typed, Form) else {}
    return await visit.page(
        "settings_policy.html",
        status=422 if problems else 200,
        **around(visit, "policy"),
        typed=typed,
        algorithms=every,
        chosen=every if chosen is None else chosen,
        problems=problems,
        found=found,
        most=MOST_SHOWN,
        modes=MODES,
        ids=(("off", _("off: nobody asks")), *MODES),
        lints=(("warn", _("warn: an error is told")), ("block", _("block: a change with an error is refused"))),
        same=_same(of, changes or {"lint": of.lint}),
    )


def _same(of: Tenant, changes: Mapping[str, Any]) -> same.Same:
    issuers, algorithms = changes.get("allowed_issuers", ""), changes.get("allowed_algorithms", "")
    life = changes.get("max_assertion_lifetime", "")
    return same.Same(
        command=same.command(
            "tenant",
            "update",
            tenant_name(of),
            allow_issuer=issuers or None,
            allow_any_issuer=issuers is None,
            allowed_issuers_mode=changes.get("allowed_issuers_mode"),
            allow_algorithm=algorithms or None,
            allow_any_algorithm=algorithms is None,
            max_assertion_lifetime="0" if life is None else life,
            immutable_ids=changes.get("immutable_ids"),
            lint=changes.get("lint"),
        ),
        graph=same.graph("PATCH", "/beta/accredit.tenant", {_GRAPH[name]: each for name, each in changes.items()}),
    )


ROUTES: Final = (
    Route("GET", "/{tenant}/settings/policy", show, "reader"),
    Route("POST", "/{tenant}/settings/policy/preview", preview, "reader"),
    Route("POST", "/{tenant}/settings/policy", update, "admin"),
)
