"""How often, and what came of each credential: figures that Microsoft Graph has no report for, in beta.

Rule 1: an hour counts where it overlaps the time that is asked for: what is counted by the hour cannot be cut.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from accredit.directory import read_guid
from accredit.errors import QUERY_SYNTAX, QUERY_UNSUPPORTED, Refused
from accredit.interop.graph import activity
from accredit.interop.graph.activity import Registered
from accredit.query import Compare, conjuncts, fold
from accredit.signins.usage import HourCount, Use
from accredit.web.graph.answers import collection
from accredit.web.graph.listing import few, named_app, refuse_other, refuse_unknown
from accredit.web.graph.pages import next_link
from accredit.web.graph.route import in_beta

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.directory import Application
    from accredit.ports import Transaction
    from accredit.trust import FederatedCredential
    from accredit.web.graph.answers import Answer
    from accredit.web.graph.call import Call

USAGE: Final = "accredit/credentialUsage"
HOURS: Final = "accredit/signInHours"
MOST: Final = 1_000  # numbers on a page
NARROWEST: Final = timedelta(days=31)  # whose hours one question reads; more, where there were few
QUESTIONS: Final = 24  # for one page
_CREATED: Final = "createddatetime"
_APP: Final = "appid"
_ASKED: Final = (_CREATED, _APP)
_DAY: Final = timedelta(days=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NOTHING: Final = timedelta(0)
_SHOWN: Final = timedelta(seconds=1)  # a time is asked for as it is shown: in whole seconds
_BOUNDS: Final[Mapping[str, tuple[timedelta | None, timedelta | None]]] = {
    "ge": (_NOTHING, None),
    "gt": (_NOTHING, None),
    "eq": (_NOTHING, _SHOWN),
    "le": (None, _SHOWN),
    "lt": (None, _NOTHING),
}
"""Whether a comparison says when a time begins, and by how much it ends later."""
_KEY: Final = re.compile(r"(-1|[0-9]{1,9})\|([0-9a-f-]{36}|)\|([0-9a-f-]{36}|)", re.ASCII)

Place: TypeAlias = tuple[datetime, int, str, str]
"""An hour, and what is told apart in it: result, credential, resource."""


async def usage(call: Call) -> Answer:
    """List what came of every credential, secret and certificate of the one application that the filter names."""
    refuse_unknown(call, activity.USAGE, activity.ASKED_OF_USAGE)
    app_id = named_app(call)
    if app_id is None:
        raise Refused(
            QUERY_UNSUPPORTED, property="appId", kind=activity.USAGE, detail="name one: $filter=appId eq 'ID'"
        )
    async with call.by.registry.reading() as store:
        found = await store.applications.find(tenant_id=call.caller.tenant.id, app_id=read_guid(app_id))
        held = await _held(call, store, found[0]) if found else []
    rows, asked = list[dict[str, Any]](), dict[str, dict[str, Any]]()
    for application in found:
        used = await call.log.uses(application.tenant_id, (application.app_id,))
        uses = used.get(application.app_id, {})
        for each in held:
            use = uses.get(each.key.key_id if isinstance(each, Registered) else each.id, Use())
            row = activity.write_usage(application, each, use)
            at = None if use.last_at is None else use.last_at.replace(microsecond=0)
            asked[row["id"]] = {**row, "lastSignInDateTime": at}
            rows.append(row)
    rows.sort(key=lambda row: str(row["id"]))
    return few(call, USAGE, activity.USAGE, rows, lambda row: asked[row["id"]])


async def hours(call: Call) -> Answer:
    """List how many attempts ended in which way, by the hour, oldest first: of the last day, if no time is named."""
    refuse_other(call, activity.HOUR, "orderby", "expand", "search", "count")
    since, until = _times(call)
    app_id, most = named_app(call), call.options.top or MOST
    app = None if app_id is None else read_guid(app_id)
    nobody = app_id is not None and app is None
    passed, rows, slice_ = _passed(call), list[HourCount](), NARROWEST
    at = max(since, passed[0])
    for _ in range(0 if nobody else QUESTIONS):
        if at >= until or len(rows) > most:
            break
        some = await call.log.hours(call.caller.tenant.id, at, min(at + slice_, until), app_id=app)
        rows += [each for each in some if _place(each) > passed]
        at, slice_ = at + slice_, slice_ * 2 if len(some) < most else NARROWEST
    shown = rows[:most]
    last = _place(shown[-1]) if len(rows) > most else (at, -1, "", "") if at < until and not nobody else None
    following = None if last is None else next_link(call, (last[0], "|".join(map(str, last[1:]))))
    return collection(call, HOURS, [activity.write_hour(each) for each in shown], next=following)


async def _held(call: Call, store: Transaction, of: Application) -> list[FederatedCredential | Registered]:
    """Return all that an application can prove itself with."""
    tenant_id = call.caller.tenant.id
    principals = await store.principals.find(tenant_id=tenant_id, app_id=of.app_id)
    trusted = await store.credentials.find(tenant_id=tenant_id, application_id=of.id)
    return [*trusted, *activity.registered(of, principals[0] if principals else None)]


def _times(call: Call) -> tuple[datetime, datetime]:
    """Return the time that the filter means, begun hours included; its end is outside."""
    now = call.by.clock()
    since, until, named = None, now + _DAY, list[str]()
    for each in conjuncts(call.options.condition):
        if not isinstance(each, Compare) or fold(each.name) not in _ASKED:
            raise _unsupported(getattr(each, "name", "$filter"))
        named.append(fold(each.name))
        if isinstance(each.value, datetime) and named[-1] == _CREATED and each.operator in _BOUNDS:
            begins, ends = _BOUNDS[each.operator]
            since = since if begins is None else max(each.value, since or each.value)
            until = until if ends is None or each.value >= until else min(each.value + ends, until)
        elif named[-1] == _CREATED or not isinstance(each.value, str) or each.operator != "eq" or named.count(_APP) > 1:
            raise _unsupported(each.name)
    until = max(until, _EPOCH + _DAY)
    begun = max(until - _DAY if since is None else since, _EPOCH)
    return begun.replace(minute=0, second=0, microsecond=0), until


def _unsupported(name: str) -> Refused:
    return Refused(
        QUERY_UNSUPPORTED,
        property=name,
        kind=activity.HOUR,
        detail="the filter may say createdDateTime ge, gt, le, lt, eq and appId eq, with and between",
    )


def _place(of: HourCount) -> Place:
    return of.hour, of.code, str(of.credential_id or ""), str(of.resource_app_id or "")


def _passed(call: Call) -> Place:
    """Return what the page comes after."""
    if call.options.skiptoken is None:
        return _EPOCH, -1, "", ""
    at, key = call.options.skiptoken
    found = _KEY.fullmatch(key)
    if not isinstance(at, datetime) or found is None or at < _EPOCH:
        raise Refused(QUERY_SYNTAX, option="skiptoken", reason="it belongs to another list")
    return at, int(found[1]), found[2], found[3]


ROUTES: Final = (
    in_beta("GET", USAGE, usage),
    in_beta("GET", HOURS, hours, greatest_top=MOST),
)
