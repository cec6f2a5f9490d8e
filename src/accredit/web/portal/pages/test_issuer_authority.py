"""What a test does to the emulator itself: its clock, its next answers, late news, and all of it undone. Emulator only.

Rule 1: these are the bodies of the control API: what it refuses is refused here, in its words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from accredit.errors import CATALOGUE, Refused
from accredit.web.portal.pages.test_issuer import PART, around, bench
from accredit.web.portal.route import Route
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from accredit.web.portal.bench import Control
    from accredit.web.portal.visit import Form, Visit

_UNITS: Final = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400}
_FIELDS: Final = {"next": "error", "throttle": "status", "delay": "seconds", "advance": "amount", "set": "set"}
"""Where it is shown that what a button does was refused."""
_FOREVER: Final = "forever"


async def show(visit: Visit) -> Response:
    """Show how the authority stands, and what can be done to it."""
    return await _page(visit, {}, {})


async def act(visit: Visit) -> Response:
    """Do one of it."""
    form = await visit.form()
    problems: dict[str, str] = {}
    what, body = _body(form, problems)
    if not problems:
        try:
            bench(visit).control(what, body)
        except Refused as refused:
            problems[_FIELDS.get(form.text("do"), "")] = refused.message
    if problems:
        return await _page(visit, form, problems, 422)
    return visit.go(visit.url(PART, "authority"))


def _body(form: Form, problems: dict[str, str]) -> tuple[Control, Mapping[str, Any]]:
    """Return which control is asked for, and its body."""
    what = form.text("do")
    if what == "next":
        return "next", {"error": form.text("error"), "times": _times(form, problems), **_of(form)}
    if what == "throttle":
        seconds = _number(form, "retry_after", problems)
        status = 503 if form.text("status") == "503" else 429
        return "throttle", {"status": status, "retry_after": seconds or 0, "times": _times(form, problems), **_of(form)}
    if what == "delay":
        return "delay", {"seconds": _number(form, "seconds", problems) or 0}
    if what == "reset":
        return "reset", {}
    return "clock", _clock(what, form, problems)


def _clock(what: str, form: Form, problems: dict[str, str]) -> Mapping[str, Any]:
    if what == "advance":
        amount = _number(form, "amount", problems) or 0
        return {"advance": amount * _UNITS.get(form.text("unit"), 1)}
    if what == "set":
        return {"set": form.text("set")}
    if what in {"freeze", "unfreeze"}:
        return {"freeze": what == "freeze"}
    if what == "machine":
        return {"reset": True}
    problems[""] = _("No button of this page says that.")
    return {}


def _number(form: Form, name: str, problems: dict[str, str]) -> int | None:
    try:
        return int(form.text(name))
    except ValueError:
        problems[name] = _("It must be a whole number.")
        return None


def _times(form: Form, problems: dict[str, str]) -> int | None:
    return None if form.text("times") == _FOREVER else _number(form, "times", problems)


def _of(form: Form) -> Mapping[str, str]:
    return {"client_id": form.text("client_id")} if form.text("client_id") else {}


async def _page(visit: Visit, typed: Mapping[str, str], problems: Mapping[str, str], status: int = 200) -> Response:
    rows = {row.label: row for row in CATALOGUE.values() if row.family == "sts" and row.template != "unknown"}
    return await visit.page(
        "test_issuer_authority.html",
        status=status,
        typed=typed,
        problems=problems,
        codes=[(label, row.template) for label, row in sorted(rows.items())],
        units=[(each, _(each)) for each in _UNITS],
        **around(visit, "authority"),
    )


ROUTES: Final = (
    Route("GET", "/{tenant}/test-issuer/authority", show, "reader"),
    Route("POST", "/{tenant}/test-issuer/authority", act, "operator"),
)
