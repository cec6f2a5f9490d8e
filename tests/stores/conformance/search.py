"""Searching: what may be asked, what is refused, and pages while things come and go."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from accredit.directory import Registration
from accredit.errors import QUERY_UNSUPPORTED
from accredit.query import ITSELF, And, Compare, Not, OneOf, Or, Order, Query, StartsWith
from accredit.query import Any as AnyOf
from tests.stores import made
from tests.stores.conformance.store import Store, case, found, put_up, refused, world

if TYPE_CHECKING:
    from accredit.ports import Shelf
    from accredit.query import Condition

REFUSED: dict[str, tuple[str, Condition, str]] = {
    "a property that nobody knows": ("applications", Compare("description", "eq", "x"), "description"),
    "one of another kind": ("credentials", Compare("displayName", "eq", "x"), "displayName"),
    "one beside a known one": ("applications", Or((Compare("id", "eq", "x"), Compare("x", "eq", "y"))), "x"),
    "one within a negation": ("applications", Not(And((Compare("x", "eq", "y"), StartsWith("displayName", "a")))), "x"),
    "an order of ids": ("applications", Compare("appId", "ge", "x"), "appId"),
    "a prefix of an id": ("principals", StartsWith("appId", "x"), "appId"),
    "an order of flags": ("principals", Compare("accountEnabled", "gt", False), "accountEnabled"),
    "a prefix of a time": ("applications", StartsWith("createdDateTime", "2026"), "createdDateTime"),
    "text for a flag": ("applications", Compare("isDisabled", "eq", "true"), "isDisabled"),
    "text for a time": ("applications", Compare("createdDateTime", "ge", "2026"), "createdDateTime"),
    "a time without a zone": ("assignments", Compare("createdDateTime", "ge", datetime(2026, 1, 1)), "createdDateTime"),  # noqa: DTZ001
    "a number for a text": ("applications", OneOf("displayName", ("x", 5)), "displayName"),
    "more than nothing": ("applications", Compare("displayName", "gt", None), "displayName"),
    "a collection as one value": ("applications", Compare("tags", "eq", "x"), "tags"),
    "one value as a collection": ("applications", AnyOf("displayName"), "displayName"),
    "a property of an element": ("applications", AnyOf("tags", Compare("x", "eq", "y")), "x"),
    "an element outside of a collection": ("applications", Compare(ITSELF, "eq", "y"), ""),
    "a collection of an element": ("applications", AnyOf("tags", AnyOf("tags")), "tags"),
    "a number for an element": ("applications", AnyOf("tags", Compare(ITSELF, "eq", 5)), "tags"),
    "anything of a kind that is not searched": ("tenants", Compare("id", "eq", "x"), "id"),
}
NO_ORDER: dict[str, tuple[str, Query, str]] = {
    "by a property that nobody knows": ("applications", Query(order=Order("x"), limit=1), "x"),
    "by a collection": ("applications", Query(order=Order("tags"), limit=1), "tags"),
    "by a flag": ("applications", Query(order=Order("isDisabled"), limit=1), "isDisabled"),
    "by what all have in common": (
        "principals",
        Query(order=Order("servicePrincipalType"), limit=1),
        "servicePrincipalType",
    ),
    "after a value of another type": (
        "applications",
        Query(order=Order("displayName"), after=(5, str(made.new_id())), limit=1),
        "displayName",
    ),
    "after no id": ("applications", Query(order=Order("id"), after=("x", str(made.new_id())), limit=1), "id"),
    "after a value without an order": ("applications", Query(after=("x", str(made.new_id())), limit=1), "id"),
    "after a key that is none": ("applications", Query(after=(None, "x"), limit=1), "id"),
}
KINDS = {
    "applications": "Application",
    "principals": "ServicePrincipal",
    "credentials": "FederatedIdentityCredential",
    "assignments": "AppRoleAssignment",
}


async def number(shelf: Shelf[Any], condition: Condition | None, **where: object) -> int | None:
    """How many there are."""
    page = await shelf.search(Query(condition=condition, limit=0, counted=True), **where)
    assert not page.things
    assert page.after is None
    return page.count


@case("what nobody can answer is Request_UnsupportedQuery with the property and the kind, before anything is read")
async def what_nobody_can_answer(store: Store) -> None:
    for shelf, condition, name in REFUSED.values():
        async with store.registry.transaction() as change, store.another.reading() as view:
            for each in (change, view):
                fields = {"property": name} | ({"kind": KINDS[shelf]} if shelf in KINDS else {})
                with refused(QUERY_UNSUPPORTED, **fields):
                    await getattr(each, shelf).search(Query(condition=condition, limit=1))
                with refused(QUERY_UNSUPPORTED, **fields):
                    await getattr(each, shelf).search(Query(condition=condition, limit=0, counted=True))


@case("an order that nobody knows, and a place that is none in it, are Request_UnsupportedQuery")
async def an_order_that_nobody_knows(store: Store) -> None:
    for shelf, query, name in NO_ORDER.values():
        async with store.registry.transaction() as change, store.another.reading() as view:
            for each in (change, view):
                with refused(QUERY_UNSUPPORTED, property=name, kind=KINDS[shelf]):
                    await getattr(each, shelf).search(query)
    async with store.registry.transaction() as change, store.another.reading() as view:
        for each in (change, view):
            for query in (Query(condition=AnyOf("id"), limit=1), Query(order=Order("result"), limit=1)):
                with refused(QUERY_UNSUPPORTED, kind="DirectoryAudit"):
                    await each.audits.search(query, tenant_id=made.new_id())


@case("a search asks within what equals the members, and a member that no index knows is a mistake of ours")
async def a_search_asks_within(store: Store) -> None:
    here, there = await put_up(store.registry, world()), await put_up(store.registry, world())
    named = Query(condition=Compare("displayName", "eq", "DEPLOY-bot"), limit=9)
    async with store.another.reading() as view:
        assert (await view.applications.search(named, tenant_id=here.tenant.id)).things == [here.app]
        assert {each.id for each in (await view.applications.search(named)).things} == {here.app.id, there.app.id}
        assert await number(view.applications, named.condition) == 2
        assert await number(view.applications, None, tenant_id=made.new_id()) == 0
        assert (await view.ownerships.search(Query(limit=9), application_id=here.app.id)).things == [here.others[2]]
        assert await number(view.credentials, None, application_id=here.app.id) == 2
        identifier = here.app.identifier_uris[0].upper().replace("API://", "api://")
        asked = Query(condition=AnyOf("servicePrincipalNames", Compare(ITSELF, "eq", identifier)), limit=9)
        assert (await view.principals.search(asked)).things == [here.principal]
    assert await found(store.another, "applications", unique_name="DEPLOY-bot", tenant_id=there.tenant.id) == [
        there.app
    ]


@case("what a service principal is called follows its application at once, within the same change too")
async def names_follow_the_application(store: Store) -> None:
    here = await put_up(store.registry, world())
    new = Query(condition=AnyOf("servicePrincipalNames", Compare(ITSELF, "eq", "API://New")), limit=9)
    old = Query(condition=AnyOf("servicePrincipalNames", Compare(ITSELF, "eq", here.app.identifier_uris[0])), limit=9)
    async with store.registry.transaction() as change:
        await change.applications.put(msgspec.structs.replace(here.app, identifier_uris=("api://new",)))
        assert (await change.principals.search(new, tenant_id=here.tenant.id)).things == [here.principal]
        assert not (await change.principals.search(old, tenant_id=here.tenant.id)).things
    async with store.another.reading() as view:
        assert (await view.principals.search(new)).things == [here.principal]
        assert await number(view.principals, old.condition) == 0


@case("a changed thing is found by what it is now, a removed one by nothing")
async def a_changed_thing_is_found_by_what_it_is_now(store: Store) -> None:
    here = await put_up(store.registry, world())
    tagged = AnyOf("tags", Compare(ITSELF, "eq", "HIDEAPP"))
    async with store.another.reading() as view:
        assert await number(view.applications, tagged) == 1
    async with store.registry.transaction() as change:
        registration = Registration(unique_name="other", tags=("new",))
        newer = await change.applications.put(msgspec.structs.replace(here.app, registration=registration))
    async with store.another.reading() as view:
        assert await number(view.applications, tagged) == 0
        assert await number(view.applications, AnyOf("tags", StartsWith(ITSELF, "N"))) == 1
        assert await number(view.applications, Compare("uniqueName", "eq", "deploy-bot")) == 0
    async with store.registry.transaction() as change:
        await change.applications.remove(newer)
    async with store.another.reading() as view:
        for condition in (None, AnyOf("tags"), AnyOf("identifierUris")):
            assert await number(view.applications, condition) == 0
        assert await number(view.ownerships, None) == await number(view.delegated_grants, None) == 0


@case("pages show everything that stays exactly once, in order, while other things come and go")
async def pages_while_things_come_and_go(store: Store) -> None:
    tenant = made.tenant()
    names = ["b", "A", "ß", "ss", "a", "", "B", "z", "\U0001f511"] * 3
    stay, go = [[made.application(tenant, display_name=name) for name in names] for _ in range(2)]
    async with store.registry.transaction() as change:
        await change.tenants.add(tenant)
        for each in (*stay, *go):
            await change.applications.add(each)
    for order in (None, Order("displayName"), Order("displayName", descending=True), Order("uniqueName")):
        seen, after, more = list[Any](), None, True
        for n in range(len(names) * 3):
            async with store.another.reading() as view:
                query = Query(order=order, after=after, limit=4)
                page = await view.applications.search(query, tenant_id=tenant.id)
            seen.extend(page.things)
            after = page.after
            if not (more := after is not None):
                break
            assert len(page.things) == 4
            last = page.things[-1]
            go = await shuffled(store, go, last, names[n % len(names)])
        assert not more
        assert len({each.id for each in seen}) == len(seen)
        staying = {each.id for each in stay}
        assert {each.id for each in seen} >= staying
        by_name = [each for each in seen if each.id in staying]
        folded = [each.display_name.casefold() for each in by_name]
        if order and order.name == "displayName":
            assert folded == sorted(folded, reverse=order.descending)
        else:
            assert by_name == sorted(by_name, key=lambda each: each.id)


async def shuffled(store: Store, go: list[Any], last: Any, name: str) -> list[Any]:
    """Remove two of those that go, the last one seen among them if it is one; add two others."""
    first = [each for each in go if each.id == last.id] or go[:1]
    gone = [*first, *[each for each in go if each not in first][:1]]
    tenant = made.tenant(id=last.tenant_id)
    new = [made.application(tenant, display_name=each) for each in (name, name.upper())]
    async with store.registry.transaction() as change:
        for each in gone:
            await change.applications.remove(each)
        for each in new:
            await change.applications.add(each)
    return [*(each for each in go if each not in gone), *new]


@case("names of properties are read in any case, in conditions, orders and places; what is refused keeps its own")
async def names_in_any_case(store: Store) -> None:
    tenant = made.tenant()
    things = [made.application(tenant, display_name=each) for each in ("b", "a", "c")]
    async with store.registry.transaction() as change:
        await change.tenants.add(tenant)
        for each in things:
            await change.applications.add(each)
        await change.audit(made.audit(tenant))
    wanted = And((Or((StartsWith("DISPLAYNAME", "a"), Not(OneOf("displayname", ("x", "c"))))), Not(AnyOf("TAGS"))))
    query = Query(condition=wanted, order=Order("DisplayName"), limit=1)
    async with store.registry.transaction() as change, store.another.reading() as view:
        for transaction in (change, view):
            first = await transaction.applications.search(query, tenant_id=tenant.id)
            assert first.after == ("a", str(things[1].id))
            rest = await transaction.applications.search(
                msgspec.structs.replace(query, after=first.after), tenant_id=tenant.id
            )
            assert [*first.things, *rest.things] == [things[1], things[0]]
            recorded = Query(
                condition=Compare("CATEGORY", "eq", "applicationmanagement"), order=Order("activitydatetime"), limit=1
            )
            assert len((await transaction.audits.search(recorded, tenant_id=tenant.id)).things) == 1
            with refused(QUERY_UNSUPPORTED, property="Nothing", kind="Application"):
                await transaction.applications.search(Query(condition=Compare("Nothing", "eq", "x"), limit=1))


@case("what was changed is read newest first, a tenant's only, and within the change that writes it")
async def what_was_changed_is_read_newest_first(store: Store) -> None:
    tenant, other = made.tenant(), made.tenant()
    times = [datetime(2026, 3, day, tzinfo=UTC) for day in (3, 1, 2, 2)]
    records = [made.audit(tenant, at=at, activity=f"Update {n}") for n, at in enumerate(times)]
    newest = sorted(records, key=lambda each: (each.at, each.id), reverse=True)
    async with store.registry.transaction() as change:
        await change.tenants.add(tenant)
        of_all = made.audit(None, activity="Rotate key")
        for each in (*records, made.audit(other), of_all):
            await change.audit(each)
        assert (await change.audits.search(Query(limit=9), tenant_id=tenant.id)).things == newest
    async with store.another.reading() as view:
        first = await view.audits.search(Query(limit=2), tenant_id=tenant.id)
        assert first.after == (newest[1].at, str(newest[1].id))
        rest = await view.audits.search(Query(after=first.after, limit=9, counted=True), tenant_id=tenant.id)
        assert [*first.things, *rest.things] == newest
        assert (rest.after, rest.count) == (None, len(newest))
        one = Compare("correlationId", "eq", str(records[1].correlation_id).upper())
        assert (await view.audits.search(Query(condition=one, limit=9), tenant_id=tenant.id)).things == [records[1]]
        by_name = Query(limit=9, order=Order("activityDisplayName"))
        assert (await view.audits.search(by_name, tenant_id=tenant.id)).things == records
        assert len((await view.audits.search(Query(limit=9), tenant_id=other.id)).things) == 1
        for what, found in (("Rotate key", [of_all]), ("Update 1", [])):
            of_instance = Query(condition=OneOf("activityDisplayName", (what, "Nothing")), limit=9)
            assert (await view.audits.search(of_instance, tenant_id=None)).things == found
