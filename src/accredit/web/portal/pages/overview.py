"""Overview: what the exchanges of a tenant come to, why sign-ins failed, what needs attention, issuers, changes.

Rule 1: two cards follow the log, every 30 seconds where there is a script; nothing else moves.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from accredit.interop import help as told
from accredit.query import Query
from accredit.signins import words
from accredit.web.portal import charts
from accredit.web.portal.pages import attention, audits, issuer_parts
from accredit.web.portal.route import Route
from accredit.web.portal.words import _, machine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from accredit.signins.usage import HourCount
    from accredit.web.portal.charts import Chart
    from accredit.web.portal.visit import Visit

CARDS: Final = ("exchanges", "failures")
MOST_CODES: Final = 6
MOST_ISSUERS: Final = 8
MOST_CHANGES: Final = 8
USUAL: Final = "24h"


class Span(NamedTuple):
    """A time that can be looked at: so many bars of so long."""

    words: str
    bars: int
    step: timedelta
    label: str  # of a bar, for strftime


SPANS: Final = {
    "24h": Span(_("24 hours"), 24, timedelta(hours=1), "%H:%M"),
    "7d": Span(_("7 days"), 28, timedelta(hours=6), "%b %d, %H:%M"),
    "30d": Span(_("30 days"), 30, timedelta(days=1), "%b %d"),
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Why(NamedTuple):
    """A code that sign-ins were refused with. ``width``: of its bar."""

    number: int
    meaning: str
    times: int
    width: float
    url: str


async def overview(visit: Visit) -> Response:
    """Show the whole of it, or one of the cards that follow the log; to a tenant without applications, how to begin."""
    if visit.partial and visit.query("card") in CARDS:
        return await visit.page(f"parts/{visit.query('card')}.html", **await _counted(visit))
    async with visit.reading() as store:
        looked = await attention.look(visit, store)
        recent = (await store.audits.search(Query(limit=MOST_CHANGES), tenant_id=visit.tenant.id)).things
        if not looked.applications:
            return await visit.page("first_steps.html", recent=[audits.row(each) for each in recent])
        page = await store.issuers.search(Query(limit=attention.MOST), tenant_id=visit.tenant.id)
        keys = await store.signing_keys.find()
    watched = [(each, issuer_parts.state(visit, each)) for each in page.things]
    watched.sort(key=lambda each: each[1].health != "failing")
    return await visit.page(
        "overview.html",
        **await _counted(visit),
        notices=await attention.notices(visit, looked, keys, watched),
        whole=looked.whole,
        looked=len(looked.applications),
        issuers=watched[:MOST_ISSUERS],
        more_issuers=len(watched) > MOST_ISSUERS,
        recent=[audits.row(each) for each in recent],
    )


async def _counted(visit: Visit) -> dict[str, Any]:
    name = visit.query("span") if visit.query("span") in SPANS else USUAL
    span = SPANS[name]
    since = visit.now - (visit.now - _EPOCH) % span.step - span.step * (span.bars - 1)
    counts = await visit.portal.log.hours(visit.tenant.id, since, visit.now, apart=False, step=span.step)
    return {
        "span": name,
        "spans": [(visit.url(span=each), SPANS[each].words, each == name) for each in SPANS],
        "chart": _chart(visit, span, since, counts),
        "why": _why(visit, name, counts),
    }


def _chart(visit: Visit, span: Span, since: datetime, counts: Sequence[HourCount]) -> Chart:
    granted, refused = Counter[int](), Counter[int]()
    for each in counts:
        (refused if each.code else granted)[(each.hour - since) // span.step] += each.count
    numbers = []
    for place in range(span.bars):
        begins = since + span.step * place
        url = visit.url("sign-ins", **{"from": machine(begins), "to": machine(begins + span.step)})
        numbers.append(charts.Number(begins.strftime(span.label), granted[place], refused[place], url))
    return charts.bars(numbers)


def _why(visit: Visit, span: str, counts: Sequence[HourCount]) -> list[Why]:
    found = Counter[int]()
    for each in counts:
        if each.code:
            found[each.code] += each.count
    most = max(found.values(), default=0)
    return [
        Why(code, _called(code), count, charts.share(count, most), visit.url("sign-ins", code=code, time=span))
        for code, count in sorted(found.items(), key=lambda each: (-each[1], each[0]))[:MOST_CODES]
    ]


def _called(code: int) -> str:
    """Return what a code is called in a few words; where it has several names, what it says."""
    rows = words.rows(code)
    return told.title(rows[0]) if len(rows) == 1 else words.meaning(code)


ROUTES: Final = (Route("GET", "/{tenant}", overview, "reader"),)
