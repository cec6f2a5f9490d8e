"""Test issuer: a token of any platform, right or wrong in a named way, and what comes of it. Emulator only.

Rule 1: a token that was minted here is shown: it is a test's. The access token that it is exchanged for is not.
Rule 2: nothing that was typed is lost, whatever button was pressed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from accredit.errors import Refused
from accredit.query import Order, Query
from accredit.web.portal.bench import TOOL
from accredit.web.portal.pages import test_issuer_asked as asking
from accredit.web.portal.pages import test_issuer_explained as explaining
from accredit.web.portal.route import Route
from accredit.web.portal.visit import Form
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from accredit.web.portal.bench import Bench, Dialect, Exchanged, Minted
    from accredit.web.portal.pages.test_issuer_asked import Asked, Decoded
    from accredit.web.portal.visit import Visit

PART: Final = "test-issuer"
FIRST: Final = "github"
MOST_LISTED: Final = 50  # applications that the field offers; every other one can be typed
LONGEST_TOKEN: Final = 65_536  # characters
_BY_NAME: Final = Order("displayName")


class Outcome(NamedTuple):
    """What came of a button."""

    minted: Minted | None = None
    token: str = ""  # the one that is on the page
    exchanged: Exchanged | None = None
    explanation: Mapping[str, Any] | None = None


def bench(visit: Visit) -> Bench:
    """Return what stands behind these pages."""
    found: Bench = visit.portal.tools[TOOL]
    return found


def around(visit: Visit, tab: str) -> dict[str, Any]:
    """Return what ``parts/bench.html`` shows. ``tab``: the last part of its path; "" for the first."""
    tabs = (("", _("Mint a token")), ("issuers", _("Issuers' faults and keys")), ("authority", _("Clock and answers")))
    return {
        "tabs": [(visit.url(PART, *([part] if part else [])), text, part == tab) for part, text in tabs],
        "standing": bench(visit).standing(),
    }


async def show(visit: Visit) -> Response:
    """Show the form of a dialect; what the address says is filled in."""
    form = Form(visit.request.query_params.multi_items())
    return await _page(visit, form, asking.read(form, _dialect(visit, form)), Outcome())


async def preview(visit: Visit) -> Response:
    """Show what the token would say, beside the form."""
    form = await visit.form()
    asked = asking.read(form, _dialect(visit, form))
    minted, problems = _minted(visit, asked)
    return await visit.page("parts/decoded.html", minted=_decoded(minted), problems=problems)


async def mint(visit: Visit) -> Response:
    """Mint a token, and use it where that was asked for: explain it, exchange it, or both the token that is there."""
    form = await visit.form()
    asked = asking.read(form, _dialect(visit, form))
    what, problems = form.text("do", "mint"), dict(asked.problems)
    minted, token = None, form.text("token")[:LONGEST_TOKEN]
    if what in {"mint", "mint-exchange", "mint-explain"} or not token:
        minted, problems = _minted(visit, asked)
        token = "" if minted is None else minted.token
    outcome = Outcome(minted, token)
    if token and what != "mint" and (client := await _client(visit, form, problems)):
        outcome = await _used(visit, form, outcome, client, what.rpartition("-")[2])
    status = 422 if problems else 200
    return await _page(visit, form, asked._replace(problems=problems), outcome, status)


async def _used(visit: Visit, form: Form, outcome: Outcome, client: str, what: str) -> Outcome:
    """Exchange or explain the token that is on the page."""
    if what == "exchange":
        done = await bench(visit).exchange(visit.who, visit.tenant, client, form.text("scope"), outcome.token)
        return outcome._replace(exchanged=done, explanation=done.explanation)
    return outcome._replace(explanation=await explaining.of_token(visit, client, outcome.token))


def _minted(visit: Visit, asked: Asked) -> tuple[Minted | None, dict[str, str]]:
    """Mint, unless the form cannot be read; what is wrong is said at its field."""
    problems = dict(asked.problems)
    if problems:
        return None, problems
    try:
        return bench(visit).mint(asked.request), {}
    except Refused as refused:
        return None, asking.problem(refused)


async def _client(visit: Visit, form: Form, problems: dict[str, str]) -> str:
    """Return the client id of the application that was typed; "", with a problem, for one that there is not."""
    typed = form.text("application")
    if not typed:
        problems["application"] = _("Say which application presents the token.")
        return ""
    if found := asking.client_id(typed):
        return found
    async with visit.reading() as store:
        named = await asking.by_name(store, visit.tenant.id, typed)
    if len(named) == 1:
        return str(named[0].app_id)
    problems["application"] = (
        _("Several applications have this name: give the Application (client) ID.")
        if named
        else _("No application of this tenant has this name.")
    )
    return ""


def _dialect(visit: Visit, form: Form) -> Dialect:
    return bench(visit).dialect(form.text("dialect") or FIRST)


async def _page(visit: Visit, form: Form, asked: Asked, outcome: Outcome, status: int = 200) -> Response:
    tool, dialect = bench(visit), _dialect(visit, form)
    shown, done = outcome.minted, outcome.exchanged
    if shown is None and not outcome.token and not asked.problems:
        shown, _problems = _minted(visit, asked)
    return await visit.page(
        "test_issuer.html",
        status=status,
        **around(visit, ""),
        dialects=tool.dialects(),
        dialect=dialect,
        faults=tool.faults(),
        form=form,
        chosen=frozenset(form.all("fault")),
        problems=asked.problems,
        outcome=outcome,
        shown=_decoded(shown),
        access=None if done is None else asking.decoded(done.header, done.claims),
        samples=[(each, each) for each in dialect.samples],
        command=asking.command(asked.request, visit.portal.authority.base),
        request=asking.as_json(asked.request),
        **await _offered(visit),
    )


def _decoded(minted: Minted | None) -> Decoded | None:
    return None if minted is None else asking.decoded(minted.header, minted.claims)


async def _offered(visit: Visit) -> dict[str, Any]:
    """Return what the fields of application and scope offer, and begin with; any other can be typed."""
    async with visit.reading() as store:
        query = Query(order=_BY_NAME, limit=MOST_LISTED)
        found = (await store.applications.search(query, tenant_id=visit.tenant.id)).things
        trusting = (await store.credentials.search(Query(limit=1), tenant_id=visit.tenant.id)).things
        first = [await store.applications.get(each.application_id) for each in trusting]
    scopes = [f"{uri.removesuffix('/')}/.default" for each in found for uri in each.identifier_uris]
    scopes.append("https://graph.microsoft.com/.default")
    return {
        "applications": [(str(each.app_id), each.display_name) for each in found],
        "scopes": [(each, "") for each in scopes],
        "usual": {"application": first[0].display_name if first else "", "scope": scopes[0]},
    }


ROUTES: Final = (
    Route("GET", "/{tenant}/test-issuer", show, "reader"),
    Route("POST", "/{tenant}/test-issuer/preview", preview, "reader"),
    Route("POST", "/{tenant}/test-issuer", mint, "operator"),
)
