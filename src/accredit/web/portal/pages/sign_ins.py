"""Service principal sign-ins: every attempt, or those that are alike as one row, with all filters in the address.

Rule 1: a page takes no more of the server than a moment. One that has not found enough by then says that it looked so
far only, and goes on where somebody wants that.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from accredit.errors import QUERY_UNSUPPORTED, Refused
from accredit.query import Query
from accredit.signins import Event, words
from accredit.signins.summary import WINDOWS
from accredit.web.portal import log_filters, log_times
from accredit.web.portal.route import Route
from accredit.web.portal.words import _, machine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from starlette.responses import Response

    from accredit.query import Cursor
    from accredit.signins.summary import Summary
    from accredit.web.portal.log_filters import Filters
    from accredit.web.portal.visit import Visit

PAGE: Final = 50
PATIENCE: Final = 0.05  # seconds, after which no further question is asked for one page
QUESTIONS: Final = 4
UNFIT: Final = 422
WIDER: Final = ("24h", "7d", "30d", "all")


class Row(NamedTuple):
    """One attempt, or several that are alike. ``url``: to it, or to each of them."""

    event: Event
    number: int
    url: str
    called: str  # what it was refused for, in a few words
    evidence: str


class Found(NamedTuple):
    """A page of the log. ``more``: something may follow; ``short``: not all of what the page has room for was found."""

    rows: Sequence[Row]
    more: Cursor | None = None
    short: bool = False
    note: str = ""


async def sign_ins(visit: Visit) -> Response:
    """Show a page of the sign-ins that are asked for."""
    if (tidy := tidied(visit)) is not None:
        return visit.go(tidy)
    asked = log_filters.read(visit)
    found = Found(()) if asked.problems else await look(visit, asked)
    values: dict[str, Any] = {
        "asked": asked,
        "found": found,
        "following": visit.following(found.more, None) if found.more else None,
        "tail": asked.address(visit) if asked.tail else "",
        "wider": [] if asked.time.span not in WIDER else _wider(visit, asked),
    }
    if visit.partial:
        return await visit.page("parts/sign_ins.html", **values)
    return await visit.page(
        "sign_ins.html",
        status=UNFIT if asked.problems else 200,
        tabs=tabs(visit, "sign-ins"),
        labels=log_filters.LABELS,
        spans=log_times.options(),
        more=[each for each in log_filters.LABELS if each not in ("status", "application")],
        **values,
    )


def tabs(visit: Visit, here: str) -> list[tuple[str, str, bool]]:
    """Return the tabs of the logs. ``here``: the end of the path of one."""
    parts = (
        (("sign-ins",), _("Service principal sign-ins")),
        (("sign-ins", "admin"), _("Admin sign-ins")),
        (("sign-ins", "audit"), _("Audit")),
    )
    return [(visit.url(*path), text, path[-1] == here) for path, text in parts]


def tidied(visit: Visit) -> str | None:
    """Return the address without the fields of a form that were left empty; ``None`` where it is tidy already."""
    asked = visit.request.query_params
    kept = {name: value for name, value in asked.items() if value.strip()}
    if visit.partial or len(kept) == len(asked):
        return None
    path = visit.request.url.path
    return f"{path}?{visit.url(**kept).partition('?')[2]}" if kept else path


async def look(visit: Visit, asked: Filters) -> Found:
    """Return a page of what is asked for."""
    wanted = await log_filters.condition(visit, asked)
    query = Query(condition=wanted, after=visit.after(None), limit=PAGE)
    if not asked.together:
        return await _events(visit, query)
    length = WINDOWS[asked.window(visit.now)]
    try:
        return await _groups(visit, asked, query, length)
    except Refused as refused:
        if refused.row is not QUERY_UNSUPPORTED:
            raise
    return Found((), note=_("More happened in this time than can be grouped at once. Name an application, or ungroup."))


async def _events(visit: Visit, query: Query) -> Found:
    rows, after, ends = list[Row](), query.after, time.monotonic() + PATIENCE
    for _number in range(QUESTIONS):
        page = await visit.portal.log.search(
            Query(condition=query.condition, after=after, limit=PAGE - len(rows)), tenant_id=visit.tenant.id
        )
        rows += [_row(visit, each) for each in page.things]
        after = page.after
        if after is None or len(rows) >= PAGE or time.monotonic() > ends:
            break
    return Found(rows, after, short=after is not None and len(rows) < PAGE)


async def _groups(visit: Visit, asked: Filters, query: Query, length: timedelta) -> Found:
    rows, after, ends = list[Row](), query.after, time.monotonic() + PATIENCE
    for _number in range(QUESTIONS):
        wanted = Query(condition=query.condition, after=after, limit=PAGE - len(rows))
        page = await visit.portal.log.summaries(visit.tenant.id, wanted, length)
        rows += [_group(visit, asked, each, length) for each in page.things]
        after = page.after
        if after is None or len(rows) >= PAGE or time.monotonic() > ends:
            break
    return Found(rows, after, short=after is not None and len(rows) < PAGE)


def _row(visit: Visit, of: Event) -> Row:
    called = words.named(of.code, of.failure)
    return Row(of, of.count, visit.url("sign-ins", of.id), called, words.evidence(of.evidence))


def _group(visit: Visit, asked: Filters, of: Summary, length: timedelta) -> Row:
    """Return several attempts as one row, which leads to each of them; one alone leads to itself."""
    row = _row(visit, of.first)
    if of.count == 1:
        return row
    first = of.first
    alike = {
        **asked.given,
        "application": str(first.app_id),
        "address": first.address,
        "from": machine(of.window),
        "to": machine(of.window + length),
        "group": "off",
    }
    alike.pop("status", None)
    result = {"code": str(first.code)} if first.code else {"status": "granted"}
    resource = {"resource": str(first.resource_app_id)} if first.resource_app_id else {}
    return row._replace(number=of.count, url=visit.url("sign-ins", **{**alike, **result, **resource}))


def _wider(visit: Visit, asked: Filters) -> list[tuple[str, str]]:
    """Return longer times to look at, with their words."""
    names = WIDER[WIDER.index(asked.time.span) + 1 :]
    options = dict(log_times.options())
    return [(asked.address(visit, time=each), options[each]) for each in names]


ROUTES: Final = (Route("GET", "/{tenant}/sign-ins", sign_ins, "reader"),)
