"""Audit: who changed what in the directory, with all that differs, and what that did to trust.

Rule 1: by the name that somebody had then no index finds a record: so many records are looked at for one page, and the
page says so where that was not all.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from accredit.directory import read_guid
from accredit.errors import OBJECT_NOT_FOUND, Refused
from accredit.explain.effect import effect
from accredit.query import And, Compare, Or, Query, StartsWith, fold
from accredit.query import Any as AnyOf
from accredit.signins.difference import differences
from accredit.web.portal import log_times, same
from accredit.web.portal.pages import sign_ins
from accredit.web.portal.route import Route
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from starlette.responses import Response

    from accredit.ports import Transaction
    from accredit.query import Condition, Cursor
    from accredit.signins import Audit, Target
    from accredit.signins.difference import Difference
    from accredit.web.portal.log_times import Time
    from accredit.web.portal.visit import Visit

PAGE: Final = 50
MOST_LOOKED: Final = 1_000  # records, for one page
LISTED: Final = 3  # changed things that a row names
UNFIT: Final = 422
_HEAD: Final = 2  # the property, and the element of it, that differences stand under
_AT: Final = "activityDateTime"
_ACTIVITY: Final = "activityDisplayName"
_FOUND: Final = "accredit.findings"  # what lint said of a change: no part of it
_PAGES: Final = {"Application": "applications", "ServicePrincipal": "enterprise-apps", "Issuer": "issuers"}
_KINDS: Final = {
    "local": _("at the command line of the authority's host"),
    "application": _("application"),
    "person": _("signed in to the portal"),
    "system": _("the authority itself"),
}


class Asked(NamedTuple):
    """What an address asks for."""

    activity: str
    actor: str
    target: str
    correlation: str
    time: Time
    problems: dict[str, str]


class Row(NamedTuple):
    """One record of the list. ``changed``: what differs, in a few words."""

    record: Audit
    who: str
    trust: str
    changed: Sequence[str]
    more: int


class Found(NamedTuple):
    """A page of records; ``short``: it ended because enough was looked at."""

    records: Sequence[Audit]
    after: Cursor | None = None
    short: bool = False


async def audits(visit: Visit) -> Response:
    """Show a page of the changes that are asked for, the newest first."""
    if (tidy := sign_ins.tidied(visit)) is not None:
        return visit.go(tidy)
    asked = _read(visit)
    found = Found(())
    if not asked.problems:
        async with visit.reading() as store:
            terms = [*_terms(asked), *await _of_target(visit, store, asked)]
            if not asked.problems:
                condition = And(tuple(terms)) if len(terms) > 1 else terms[0] if terms else None
                found = await look(visit, store, condition, asked.actor)
    return await visit.page(
        "audits.html",
        status=UNFIT if asked.problems else 200,
        tabs=sign_ins.tabs(visit, "audit"),
        asked=asked,
        spans=log_times.options(),
        rows=[row(each) for each in found.records],
        short=found.short,
        following=visit.following(found.after, None) if found.after else None,
    )


async def audit(visit: Visit) -> Response:
    """Show one change: who made it, when, from where, and every value that differs."""
    key = read_guid(visit.request.path_params["audit"])
    query = Query(condition=Compare("id", "eq", str(key)), limit=1)
    async with visit.reading() as store:
        found = (await store.audits.search(query, tenant_id=visit.tenant.id)).things if key else ()
    if not found:
        detail = _("This tenant has no record of a change with this id.")
        raise Refused(OBJECT_NOT_FOUND, id=visit.request.path_params["audit"], detail=detail)
    record = found[0]
    return await visit.page(
        "audit.html",
        record=record,
        who=who(record),
        trust=effect(record),
        groups=groups(differences(record)),
        targets=[(each, target_url(visit, each)) for each in record.targets],
        command=visit.command("audit", "show", record.id),
        graph=same.graph("GET", f"/v1.0/auditLogs/directoryAudits/{record.id}"),
    )


async def look(
    visit: Visit, store: Transaction, condition: Condition | None, actor: str = "", tenant_id: object = ...
) -> Found:
    """Return a page of records, by the beginning of the name of who made the change if that is asked for."""
    rows: list[Audit] = []
    after, looked = visit.after(None), 0
    while len(rows) < PAGE and looked < MOST_LOOKED:
        query = Query(condition=condition, after=after, limit=PAGE)
        tenant = visit.tenant.id if tenant_id is ... else tenant_id
        page = await store.audits.search(query, tenant_id=tenant)
        looked += len(page.things)
        rows += [each for each in page.things if fold(each.actor.name).startswith(fold(actor))]
        after = page.after
        if after is None:
            break
    return Found(rows, after, short=after is not None and len(rows) < PAGE)


def row(of: Audit) -> Row:
    """Return a record as a list shows it."""
    changed = list(_changed(of))
    return Row(of, who(of), effect(of) or "", changed[:LISTED], max(0, len(changed) - LISTED))


def who(of: Audit) -> str:
    """Say what made a change."""
    return _KINDS[of.actor.kind]


def groups(found: Sequence[Difference]) -> list[tuple[str, list[tuple[str, Difference]]]]:
    """Return differences under the property and the element that they belong to, each with the rest of its path."""
    return [
        (" / ".join(head), [(" / ".join(each.path[_HEAD:]), each) for each in rows])
        for head, rows in groupby(found, key=lambda each: each.path[:_HEAD])
    ]


def target_url(visit: Visit, of: Target) -> str:
    """Return where a changed thing is shown; empty where there is no page of it. It may be gone."""
    part = _PAGES.get(of.kind)
    return visit.url(part, of.id) if part else ""


def _changed(of: Audit) -> Iterator[str]:
    """Yield what differs, in few words. Of what is new or gone as a whole, its activity says it."""
    found = [each for each in differences(of) if each.path[0] != _FOUND]
    if of.operation in {"Add", "Delete"} and len({each.kind for each in found}) == 1 and len(found) > LISTED:
        return
    signs = {"added": "+", "removed": "−", "changed": "±"}  # noqa: RUF001  a minus sign as broad as the plus
    for path, rows in groupby(found, key=lambda each: each.path[:_HEAD]):
        some = list(rows)
        kinds = {each.kind for each in some}
        sign = signs[kinds.pop()] if len(kinds) == 1 else signs["changed"]
        members = ", ".join(dict.fromkeys(each.path[-1] for each in some if len(each.path) > _HEAD))
        yield f"{sign} {path[-1]}: {members}" if members and sign == signs["changed"] else f"{sign} {path[-1]}"


def _read(visit: Visit) -> Asked:
    problems: dict[str, str] = {}
    correlation = visit.query("correlation")
    if correlation and read_guid(correlation) is None:
        problems["correlation"] = _("This is no id: 32 hexadecimal digits with dashes between them.")
    time = log_times.read(visit.request.query_params, visit.now, usual="30d")
    texts = {name: visit.query(name) for name in ("activity", "actor", "target")}
    return Asked(**texts, correlation=correlation, time=time, problems={**problems, **time.problems})


def _terms(asked: Asked) -> Iterator[Condition]:
    if asked.time.since is not None:
        yield Compare(_AT, "ge", asked.time.since)
    if asked.time.until is not None:
        yield Compare(_AT, "lt", asked.time.until)
    if asked.activity:
        yield StartsWith(_ACTIVITY, asked.activity.replace(" - ", " – "))  # noqa: RUF001  as Entra ID writes it
    if asked.correlation:
        yield Compare("correlationId", "eq", asked.correlation.lower())


async def _of_target(visit: Visit, store: Transaction, asked: Asked) -> list[Condition]:
    """Ask for what was changed, by its id, or by the name of an application, whose service principal is meant too."""
    if not asked.target:
        return []
    key = read_guid(asked.target)
    ids = [key] if key is not None else []
    if key is None:
        named = Query(condition=Compare("displayName", "eq", asked.target), limit=2)
        for shelf in (store.applications, store.principals):
            ids += [each.id for each in (await shelf.search(named, tenant_id=visit.tenant.id)).things]
    if not ids:
        asked.problems["target"] = _("Nothing is called so now. What is gone is found by its object id.")
        return []
    terms = [AnyOf("targetResources/id", Compare("", "eq", str(each))) for each in dict.fromkeys(ids)]
    return [Or(tuple(terms))] if len(terms) > 1 else [terms[0]]


ROUTES: Final = (
    Route("GET", "/{tenant}/sign-ins/audit", audits, "reader"),
    Route("GET", "/{tenant}/sign-ins/audit/{audit}", audit, "reader"),
)
