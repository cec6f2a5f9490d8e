"""When what was last used: ``reports`` of Microsoft Graph, in beta.

Rule 1: a page looks at so much of the directory and no more; one that comes to that end says where to go on. What has
no pages is refused there.
Rule 2: what is told is what the sign-in log has counted, which outlives its events. What only an event knows is told as
long as the event is there.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from msgspec.structs import replace

from accredit.directory import read_guid
from accredit.errors import OBJECT_NOT_FOUND, QUERY_SYNTAX, QUERY_UNSUPPORTED, Refused
from accredit.interop.graph import activity
from accredit.interop.graph.activity import Last
from accredit.query import And, Compare, Query
from accredit.web.graph.answers import collection, entity
from accredit.web.graph.listing import meets, named_app, refuse_other, refuse_unknown
from accredit.web.graph.pages import PAGE, Rows, next_link
from accredit.web.graph.route import in_beta

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from accredit.directory import Application, ServicePrincipal
    from accredit.interop.graph.activity import Registered
    from accredit.interop.odata import Cursor
    from accredit.ports import Transaction
    from accredit.signins.usage import Use
    from accredit.web.graph.answers import Answer
    from accredit.web.graph.call import Call

    Used: TypeAlias = Mapping[UUID, Mapping[UUID, Use]]

CREDENTIALS: Final = "reports/appCredentialSignInActivities"
PRINCIPALS: Final = "reports/servicePrincipalSignInActivities"
READ_AT_ONCE: Final = 25  # applications, each with its service principal; or service principals
MOST_LOOKED_AT: Final = 2_000  # applications, or service principals, for one page
QUESTIONS: Final = 24  # of the log, for the newest grant of an hour
RESOURCES: Final = timedelta(days=30)  # how far back is looked for who was asked for as a resource
_NOWHERE: Final = "00000000-0000-0000-0000-000000000000"  # before every object
_HOUR: Final = timedelta(hours=1)


@dataclass(slots=True)
class _Found:
    """What a page shows, and where to go on."""

    things: list[Any] = field(default_factory=list)
    after: Cursor | None = None


async def credentials(call: Call) -> Answer:
    """List the secrets and certificates of the tenant's applications with their last use; what was never used, too."""
    refuse_other(call, activity.CREDENTIAL, "orderby", "expand", "search", "count")
    refuse_unknown(call, activity.CREDENTIAL, activity.ASKED_OF_CREDENTIALS)
    async with call.by.registry.reading() as store:
        found = await _credentials(call, store)
    rows = Rows(call)
    used = await call.log.uses(call.caller.tenant.id, {each.application.app_id for each in found.things})

    async def write(some: Sequence[Registered]) -> list[dict[str, Any]]:
        return [await _credential(call, each, used) for each in some]

    await rows.add(found.things, write)
    following = None if found.after is None else next_link(call, found.after)
    return collection(call, CREDENTIALS, rows.written, next=following)


async def credential(call: Call) -> Answer:
    """Show the last use of one secret or certificate; 400 where it is not found among so many applications."""
    id_ = call.keys[0].value
    if activity.read_credential_id(id_) is None:
        raise Refused(OBJECT_NOT_FOUND, id=id_)
    looked = 0
    async with call.by.registry.reading() as store:
        async for application in _all(call, store):
            if looked == MOST_LOOKED_AT:
                detail = f"more than {MOST_LOOKED_AT} applications would be looked at: filter the list by it, and appId"
                raise Refused(QUERY_UNSUPPORTED, property="id", kind=activity.CREDENTIAL, detail=detail)
            looked += 1
            for each in await _registered(call, store, application):
                if each.id == id_:
                    used = await call.log.uses(call.caller.tenant.id, (application.app_id,))
                    return entity(call, f"{CREDENTIALS}/$entity", await _credential(call, each, used))
    raise Refused(OBJECT_NOT_FOUND, id=id_)


async def principals(call: Call) -> Answer:
    """List the tenant's service principals with their last use, as clients and as resources."""
    refuse_other(call, activity.PRINCIPAL, "orderby", "expand", "search", "count")
    refuse_unknown(call, activity.PRINCIPAL, activity.ASKED_OF_PRINCIPALS)
    async with call.by.registry.reading() as store:
        found = await _principals(call, store)
    rows, asked_for = Rows(call), await _asked_for(call) if found.things else {}
    used = await call.log.uses(call.caller.tenant.id, {each.app_id for each in found.things})

    async def write(some: Sequence[ServicePrincipal]) -> list[dict[str, Any]]:
        return [await _principal(call, each.app_id, used, asked_for) for each in some]

    await rows.add(found.things, write)
    following = None if found.after is None else next_link(call, found.after)
    return collection(call, PRINCIPALS, rows.written, next=following)


async def principal(call: Call) -> Answer:
    """Show the last use of one service principal."""
    app_id = activity.read_principal_id(call.keys[0].value)
    async with call.by.registry.reading() as store:
        held = [] if app_id is None else await store.principals.find(tenant_id=call.caller.tenant.id, app_id=app_id)
    if app_id is None or not held:
        raise Refused(OBJECT_NOT_FOUND, id=call.keys[0].value)
    used = await call.log.uses(call.caller.tenant.id, (app_id,))
    return entity(call, f"{PRINCIPALS}/$entity", await _principal(call, app_id, used, await _asked_for(call)))


async def _credentials(call: Call, store: Transaction) -> _Found:
    """Find a page of secrets and certificates. It ends within an application, after one of its keys."""
    found, looked, most = _Found(), 0, call.options.top or PAGE
    before, after = _within(call)
    async for application in _all(call, store, before):
        for each in await _registered(call, store, application):
            key = f"{each.origin} {each.key.key_id}"
            if key <= after or not meets(call, activity.CREDENTIAL, each.asked()):
                continue
            if len(found.things) == most:
                return found
            found.things.append(each)
            found.after = (None, f"{before} {key}")
        before, after, looked = str(application.id), "", looked + 1
        if looked == MOST_LOOKED_AT:
            found.after = (None, f"{before} ")
            return found
    found.after = None
    return found


def _within(call: Call) -> tuple[str, str]:
    """Return after which application the page begins, and after which key of the next one."""
    if call.options.skiptoken is None:
        return _NOWHERE, ""
    before, space, key = call.options.skiptoken[1].partition(" ")
    if read_guid(before) is None or before != before.lower() or not space:
        raise Refused(QUERY_SYNTAX, option="skiptoken", reason="it belongs to another list")
    return before, key


async def _all(call: Call, store: Transaction, before: str = _NOWHERE) -> AsyncIterator[Application]:
    """Yield the tenant's applications in a lasting order; the one that the filter names, if it names one."""
    wanted = named_app(call)
    narrowed = None if wanted is None else Compare("appId", "eq", wanted)
    after: Cursor | None = (None, before)
    while after is not None:
        query = Query(condition=narrowed, after=after, limit=READ_AT_ONCE)
        page = await store.applications.search(query, tenant_id=call.caller.tenant.id)
        for each in page.things:
            yield each
        after = page.after
        await asyncio.sleep(0)


async def _registered(call: Call, store: Transaction, of: Application) -> list[Registered]:
    held = await store.principals.find(tenant_id=call.caller.tenant.id, app_id=of.app_id)
    return list(activity.registered(of, held[0] if held else None))


async def _credential(call: Call, of: Registered, used: Used) -> dict[str, Any]:
    use = used.get(of.application.app_id, {}).get(of.key.key_id)
    return activity.write_credential(of, None if use is None else await _last(call, use))


async def _last(call: Call, use: Use) -> Last | None:
    """Return the newest grant; for what resource it was, only its event says."""
    last = activity.newest((use,))
    return None if last is None else replace(last, resource_app_id=await _resource(call, last.id))


async def _resource(call: Call, id_: UUID) -> UUID | None:
    query = Query(condition=Compare("id", "eq", str(id_)), limit=1)
    events = (await call.log.search(query, tenant_id=call.caller.tenant.id)).things
    return events[0].resource_app_id if events else None


async def _principals(call: Call, store: Transaction) -> _Found:
    found, most, wanted = _Found(), call.options.top or PAGE, named_app(call)
    narrowed = None if wanted is None else Compare("appId", "eq", wanted)
    after, looked = call.options.skiptoken, 0
    while len(found.things) < most and looked < MOST_LOOKED_AT:
        limit = min(most - len(found.things), READ_AT_ONCE)
        query = Query(condition=narrowed, after=after, limit=limit)
        page = await store.principals.search(query, tenant_id=call.caller.tenant.id)
        for each in page.things:
            row = {"id": activity.principal_id(each.app_id), "appId": str(each.app_id)}
            if meets(call, activity.PRINCIPAL, row):
                found.things.append(each)
        after, looked = page.after, looked + len(page.things)
        if after is None:
            break
        await asyncio.sleep(0)
    found.after = after
    return found


async def _principal(call: Call, app_id: UUID, used: Used, asked_for: Mapping[UUID, datetime]) -> dict[str, Any]:
    as_client = activity.newest(used.get(app_id, {}).values())
    as_resource = await _as_resource(call, app_id, asked_for[app_id]) if app_id in asked_for else None
    return activity.write_principal(app_id, as_client, as_resource)


async def _asked_for(call: Call) -> Mapping[UUID, datetime]:
    """Return the hour in which each resource was last granted a token, of those that were asked for lately."""
    now = call.by.clock()
    hours = await call.log.hours(call.caller.tenant.id, now - RESOURCES, now + _HOUR)
    return {each.resource_app_id: each.hour for each in hours if each.code == 0 and each.resource_app_id is not None}


async def _as_resource(call: Call, app_id: UUID, hour: datetime) -> Last | None:
    """Return the newest grant of an hour for a resource; ``None``: the log does not hold it any more."""
    terms = (
        Compare("resourceId", "eq", str(app_id)),
        Compare("status/errorCode", "eq", 0),
        Compare("createdDateTime", "ge", hour),
        Compare("createdDateTime", "lt", hour + _HOUR),
    )
    after = None
    for _ in range(QUESTIONS):
        query = Query(condition=And(terms), after=after, limit=1)
        found = await call.log.search(query, tenant_id=call.caller.tenant.id)
        if found.things:
            return Last(found.things[0].at, found.things[0].id)
        after = found.after
        if after is None:
            break
    return None


ROUTES: Final = (
    in_beta("GET", CREDENTIALS, credentials),
    in_beta("GET", f"{CREDENTIALS}/{{}}", credential),
    in_beta("GET", PRINCIPALS, principals),
    in_beta("GET", f"{PRINCIPALS}/{{}}", principal),
)
