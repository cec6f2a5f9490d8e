"""``auditLogs``: who signed in, and who changed what; newest first.

Rule 1: service principals' sign-ins are beta's. v1.0 shows them as Entra ID's does where the tenant does as Entra ID
does: none without a filter, and without the members that v1.0 has not.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from accredit.directory import read_guid
from accredit.errors import GRAPH_PATH_UNKNOWN, OBJECT_NOT_FOUND, PROPERTY_INVALID, QUERY_UNSUPPORTED, Refused
from accredit.interop.graph import audit, signin, summary
from accredit.query import Compare, Query, fold
from accredit.signins.summary import WINDOWS
from accredit.web.graph.answers import collection, entity, number
from accredit.web.graph.listing import none, refuse_other
from accredit.web.graph.pages import PAGE, Rows, counted, next_link, page
from accredit.web.graph.route import Route, in_beta

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accredit.signins import Event
    from accredit.signins.summary import Summary, Window
    from accredit.web.graph.answers import Answer
    from accredit.web.graph.call import Call

SIGNINS: Final = "auditLogs/signIns"
SUMMARIZED: Final = "auditLogs/getSummarizedServicePrincipalSignIns"
AUDITS: Final = "auditLogs/directoryAudits"
MOST: Final = 1_000  # on one page, and where the caller does not say how many sign-ins
COUNTED: Final = 10_000  # sign-ins at most; what has more is refused
PATIENCE: Final = 2.0  # seconds that counting takes at most
EXPLAIN: Final = "accredit.explain"  # a preference: tell what Graph has no member for
_AUDITED: Final = "activityDateTime"
_WINDOW: Final = "aggregationWindow"


async def sign_ins(call: Call) -> Answer:
    """List the sign-ins of the tenant."""
    refuse_other(call, "SignIn", "expand")
    asked = call.options
    if _as_entra(call) and asked.condition is None:
        return none(call, SIGNINS)
    query = Query(condition=asked.condition, order=asked.orderby, after=asked.skiptoken, limit=asked.top or MOST)
    found = await call.log.search(query, tenant_id=call.caller.tenant.id)
    following = None if found.after is None else next_link(call, found.after)
    rows = Rows(call)

    async def write(some: Sequence[Event]) -> list[dict[str, Any]]:
        return [_written(call, each) for each in some]

    await rows.add(found.things, write)
    count = await _number(call) if asked.count else None
    return collection(call, SIGNINS, rows.written, next=following, count=count)


async def number_of_sign_ins(call: Call) -> Answer:
    """Say how many sign-ins meet the filter."""
    refuse_other(call, "SignIn", "expand")
    return number(0 if _as_entra(call) and call.options.condition is None else await _number(call))


async def sign_in(call: Call) -> Answer:
    """Show one sign-in, by the id of its request."""
    guid = read_guid(call.keys[0].value)
    query = Query(condition=Compare("id", "eq", str(guid)), limit=1)
    found = (await call.log.search(query, tenant_id=call.caller.tenant.id)).things if guid else ()
    if not found:
        raise Refused(OBJECT_NOT_FOUND, id=call.keys[0].value)
    return entity(call, f"{SIGNINS}/$entity", _written(call, found[0]))


async def summarized(call: Call) -> Answer:
    """List how often each window saw sign-ins that are alike, the newest first."""
    refuse_other(call, summary.KIND, "orderby", "expand", "count")
    asked = call.options
    query = Query(condition=asked.condition, after=asked.skiptoken, limit=asked.top or PAGE)
    length = WINDOWS[_window(call)]
    found = await call.log.summaries(call.caller.tenant.id, query, length)
    rows = Rows(call)

    async def write(some: Sequence[Summary]) -> list[dict[str, Any]]:
        return [summary.write(each) for each in some]

    await rows.add(found.things, write)
    following = None if found.after is None else next_link(call, found.after)
    return collection(call, "Collection(microsoft.graph.summarizedSignIn)", rows.written, next=following)


async def audits(call: Call) -> Answer:
    """List the changes of the tenant's directory."""
    asked = call.options
    refuse_other(call, "DirectoryAudit", "expand")
    if asked.orderby is not None and fold(asked.orderby.name) != fold(_AUDITED):
        refuse_other(call, "DirectoryAudit", "orderby")
    return await page(call, AUDITS, lambda store: store.audits, audit.write)


async def number_of_audits(call: Call) -> Answer:
    """Say how many changes meet the filter."""
    refuse_other(call, "DirectoryAudit", "expand")
    return await counted(call, lambda store: store.audits)


async def one_audit(call: Call) -> Answer:
    """Show one change, by its id."""
    guid = read_guid(call.keys[0].value)
    query = Query(condition=Compare("id", "eq", str(guid)), limit=1)
    async with call.by.registry.reading() as store:
        found = (await store.audits.search(query, tenant_id=call.caller.tenant.id)).things if guid else ()
    if not found:
        raise Refused(OBJECT_NOT_FOUND, id=call.keys[0].value)
    return entity(call, f"{AUDITS}/$entity", audit.write(found[0]))


async def _number(call: Call) -> int:
    """Return how many sign-ins meet the filter. It is refused (400) where they are too many, or take too long."""
    count, query = 0, Query(condition=call.options.condition, limit=MOST)
    ends = time.monotonic() + PATIENCE
    while count <= COUNTED and time.monotonic() < ends:
        found = await call.log.search(query, tenant_id=call.caller.tenant.id)
        count += len(found.things)
        if found.after is None:
            return count
        query = replace(query, after=found.after)
    why = f"there are more than {COUNTED}" if count > COUNTED else "they are too many to look through"
    detail = f"{why}: ask for a shorter time"
    raise Refused(QUERY_UNSUPPORTED, property="$count", kind="SignIn", detail=detail)


def _window(call: Call) -> Window:
    """Return the window that the function is called with."""
    key = call.keys[0]
    if fold(key.name or "") != fold(_WINDOW):
        raise Refused(GRAPH_PATH_UNKNOWN, segment=key.name or key.value)
    for each in WINDOWS:
        if each == fold(key.value):
            return each
    raise Refused(PROPERTY_INVALID, property=_WINDOW, kind=summary.KIND, detail=f"windows are {', '.join(WINDOWS)}")


def _as_entra(call: Call) -> bool:
    return not call.beta and call.caller.tenant.portability == "entra"


def _written(call: Call, of: Event) -> dict[str, Any]:
    explained = call.beta and (call.options.selects(signin.OURS) or EXPLAIN in call.prefer)
    written = signin.write(of, explained=explained)
    if _as_entra(call):
        return {name: value for name, value in written.items() if name not in signin.BETA_ONLY}
    return written


ROUTES: Final = (
    Route("GET", SIGNINS, sign_ins, greatest_top=MOST),
    Route("GET", f"{SIGNINS}/$count", number_of_sign_ins),
    Route("GET", f"{SIGNINS}/{{}}", sign_in),
    in_beta("GET", f"{SUMMARIZED}/{{}}", summarized, greatest_top=MOST),
    Route("GET", AUDITS, audits),
    Route("GET", f"{AUDITS}/$count", number_of_audits),
    Route("GET", f"{AUDITS}/{{}}", one_audit),
)
