"""What a code or a rule means: for each row of the catalogue and each rule of lint, whose move it is and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.errors import CATALOGUE, NOT_FOUND, Refused
from accredit.interop import help as told
from accredit.web.portal import same
from accredit.web.portal.route import Route
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from starlette.responses import Response

    from accredit.errors import Row
    from accredit.web.portal.visit import Visit

FAMILIES: Final = {
    "sts": _("Refusals of the token endpoint (AADSTS)"),
    "graph": _("Refusals of the directory API"),
    "local": _("Our own: input, configuration, store (ACC)"),
}
_LEVELS: Final = {
    "error": _("It can never match, or lets strangers in."),
    "warn": _("It is wider than it looks."),
    "info": _("It is worth knowing."),
}


async def topics(visit: Visit) -> Response:
    """List every code and every rule."""
    wanted = visit.query("q").casefold()
    codes = [
        (title, [each for each in _codes(family) if _meant(wanted, each.label, told.title(each), each.template)])
        for family, title in FAMILIES.items()
    ]
    rules = [each for each in told.rules() if _meant(wanted, each.id, each.title, each.why)]
    return await visit.page("helping.html", q=visit.query("q"), codes=codes, rules=rules, titled=told.title)


async def topic(visit: Visit) -> Response:
    """Explain one code, all its texts, or one rule. 404 for what is neither."""
    wanted = visit.request.path_params["code"]
    rows, rule = told.rows(wanted), told.rule(wanted)
    if not rows and rule is None:
        detail = _("There is no such code or rule. Help has a list of all of them.")
        raise Refused(NOT_FOUND, detail=detail)
    return await visit.page(
        "help_topic.html",
        wanted=rule.id if rule else rows[0].label,
        rows=rows,
        rule=rule,
        titled=told.title,
        moves=told.MOVES,
        sources=told.SOURCES,
        levels=_LEVELS,
        command=same.command("help", rule.id if rule else rows[0].label),
    )


def _codes(family: str) -> list[Row]:
    """Return the first row of each code of a family, in the order of the codes."""
    found: dict[str, Row] = {}
    for each in CATALOGUE.values():
        if each.family == family:
            found.setdefault(each.label, each)
    return sorted(found.values(), key=lambda row: (isinstance(row.code, str), str(row.code)))


def _meant(wanted: str, *texts: str) -> bool:
    return any(wanted in each.casefold() for each in texts)


ROUTES: Final = (
    Route("GET", "/help", topics, "session"),
    Route("GET", "/help/{code}", topic, "session"),
)
