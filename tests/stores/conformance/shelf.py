"""One shelf: what is put on it is what is found there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from accredit.errors import (
    CHANGED_MEANWHILE,
    OBJECT_NOT_FOUND,
)
from accredit.query import Query
from tests.stores import made
from tests.stores.conformance.store import SHELVES, Store, case, found, key, put_up, read, refused, world


@case("what is added is read back equal, to the microsecond and the byte, by another reader too")
async def what_is_added_is_read_back_equal(store: Store) -> None:
    here = await put_up(store.registry, world())
    for registry in (store.registry, store.another):
        for shelf, value in here.everything.items():
            assert await read(registry, shelf, key(value)) == value
        assert await read(registry, "credentials", here.expression.id) == here.expression
        assert (await read(registry, "tenants", here.tenant.id)).created_at.tzinfo is not None


@case("an absence is Request_ResourceNotFound with the id, on every shelf, read or written")
async def an_absence_is_requestresourcenotfound_with_the_id(store: Store) -> None:
    here = world()
    await put_up(store.registry, world(here.tenant))
    for shelf, value in (here.everything | {"tenants": made.tenant()}).items():
        with refused(OBJECT_NOT_FOUND, id=str(key(value))):
            await read(store.registry, shelf, key(value))
        for verb in ("put", "remove"):
            with refused(OBJECT_NOT_FOUND, id=str(key(value))):
                async with store.registry.transaction() as change:
                    await getattr(getattr(change, shelf), verb)(value)


@case("put replaces a thing and raises its revision, once each time")
async def put_replaces_a_thing_and_raises_its(store: Store) -> None:
    here = await put_up(store.registry, world())
    for shelf, value in reversed(here.everything.items()):
        async with store.registry.transaction() as change:
            once = await getattr(change, shelf).put(value)
            twice = await getattr(change, shelf).put(once)
        assert (once.revision, twice.revision) == (value.revision + 1, value.revision + 2)
        assert twice == msgspec.structs.replace(value, revision=value.revision + 2)
        assert await read(store.another, shelf, key(value)) == twice


@case("put and remove of what somebody else changed are Request_ConcurrencyViolation, and change nothing")
async def put_and_remove_of_what_somebody_else(store: Store) -> None:
    here = await put_up(store.registry, world())
    for shelf, value in reversed(here.everything.items()):
        async with store.another.transaction() as change:
            newer = await getattr(change, shelf).put(value)
        for verb in ("put", "remove"):
            with refused(CHANGED_MEANWHILE):
                async with store.registry.transaction() as change:
                    await getattr(getattr(change, shelf), verb)(value)
        assert await read(store.registry, shelf, key(value)) == newer


@case("remove takes a thing off, and what was unique about it is free again")
async def remove_takes_a_thing_off_and_what(store: Store) -> None:
    here = await put_up(store.registry, world())
    for shelf in reversed(SHELVES):
        value = here.everything[shelf]
        if shelf in {"issuers", "applications"}:
            async with store.registry.transaction() as change:
                for each in await change.credentials.find(application_id=here.app.id):
                    await change.credentials.remove(each)
        async with store.registry.transaction() as change:
            await getattr(change, shelf).remove(value)
        with refused(OBJECT_NOT_FOUND):
            await read(store.another, shelf, key(value))
    await put_up(store.registry, here)


@case("find gives those that equal every member that is asked for, oldest first")
async def find_gives_those_that_equal_every_member(store: Store) -> None:
    tenant, other = made.tenant(), made.tenant()
    apps = [made.application(tenant, display_name=name) for name in "cabba"]
    foreign = made.application(other, display_name="a")
    async with store.registry.transaction() as change:
        for each in (tenant, other):
            await change.tenants.add(each)
        for app in (*apps[:2], foreign, *apps[2:]):
            await change.applications.add(app)
    async with store.registry.transaction() as change:
        apps[0] = await change.applications.put(apps[0])  # a change makes nothing younger
    assert await found(store.another, "applications", tenant_id=tenant.id) == apps
    assert await found(store.another, "applications", tenant_id=tenant.id, display_name="a") == [apps[1], apps[4]]
    assert await found(store.another, "applications", display_name="a") == [apps[1], foreign, apps[4]]
    assert await found(store.another, "applications", app_id=foreign.app_id) == [foreign]
    assert await found(store.another, "applications", id=apps[3].id) == [apps[3]]
    assert await found(store.another, "applications", tenant_id=other.id, display_name="b") == []


@case("find asks for None where there is none, and for the id of an issuer and the text of an expression")
async def find_asks_for_none_where_there_is(store: Store) -> None:
    here = await put_up(store.registry, world())
    assert await found(store.registry, "principals", application_id=None) == [here.resource]
    assert await found(store.registry, "credentials", subject=None) == [here.expression]
    assert await found(store.registry, "credentials", expression=made.EXPRESSION) == [here.expression]
    assert await found(store.registry, "credentials", issuer_id=here.issuer.id, name=here.credential.name) == [
        here.credential
    ]


@case("a tenant is found by any of its domains, and an application by an identifier's key in its tenant")
async def a_tenant_is_found_by_any_of(store: Store) -> None:
    tenant = made.tenant(domains=("contoso.test", "contoso.onmicrosoft.com"))
    app = made.application(tenant, identifier_uris=("api://orders",))
    async with store.registry.transaction() as change:
        await change.tenants.add(tenant)
        await change.applications.add(app)
    assert await found(store.registry, "tenants", domain="contoso.onmicrosoft.com") == [tenant]
    assert await found(store.registry, "tenants", domain="contoso.example") == []
    assert await found(store.registry, "applications", tenant_id=tenant.id, key="api://orders") == [app]
    assert await found(store.registry, "applications", tenant_id=made.new_id(), key="api://orders") == []


@case("a question that no index answers is a mistake of ours")
async def a_question_that_no_index_answers_is(store: Store) -> None:
    with pytest.raises(TypeError, match="public"):
        await found(store.registry, "applications", public=True)
    with pytest.raises(TypeError, match="issuer"):
        async with store.registry.reading() as view:
            await view.credentials.search(Query(limit=1), issuer="x")


@case("pages are in the order of keys, without gap or repetition, also when things come and go between them")
async def pages_are_in_the_order_of_keys(store: Store) -> None:
    tenant, other = made.tenant(), made.tenant()
    apps = sorted((made.application(tenant) for _ in range(7)), key=lambda each: each.id)
    async with store.registry.transaction() as change:
        for each in (tenant, other):
            await change.tenants.add(each)
        for app in (*apps[::2], made.application(other), *apps[1::2]):
            await change.applications.add(app)
    for limit in (1, 2, 6, 7, 8):
        seen, after = list[Any](), None
        for _ in range(9):
            async with store.another.reading() as view:
                page = await view.applications.search(Query(after=after, limit=limit), tenant_id=tenant.id)
            seen.extend(page.things)
            if (after := page.after) is None:
                break
            assert len(page.things) == limit
        assert seen == apps
    async with store.registry.transaction() as change:
        await change.applications.remove(apps[2])
    async with store.another.reading() as view:
        page = await view.applications.search(Query(after=(None, str(apps[2].id)), limit=2), tenant_id=tenant.id)
        assert (page.things, page.after) == (apps[3:5], (None, str(apps[4].id)))
        page = await view.applications.search(Query(after=(None, str(apps[6].id)), limit=2), tenant_id=tenant.id)
        assert (list(page.things), page.after, page.count) == ([], None, None)
        page = await view.applications.search(Query(limit=7, counted=True))
        assert (len(page.things), page.after, page.count) == (7, None, 7)


@case("signing keys are paged by kid, in the order of code points")
async def signing_keys_are_paged_by_kid_in(store: Store) -> None:
    kids = ["a", "B", "é", "Z", "\U0001f511", "\uff5a", "aa"]
    async with store.registry.transaction() as change:
        for kid in kids:
            await change.signing_keys.add(made.signing_key(kid=kid))
    async with store.another.reading() as view:
        page = await view.signing_keys.search(Query(limit=9))
        assert [each.kid for each in page.things] == sorted(kids)
        page = await view.signing_keys.search(Query(after=(None, "Z"), limit=2))
        assert [each.kid for each in page.things] == ["a", "aa"]
        assert page.after == (None, "aa")


@case("times come back as the same instant in UTC, at the ends of what there is and from any zone")
async def times_come_back_as_the_same_instant(store: Store) -> None:
    times = [
        datetime(1, 1, 1, 0, 0, 0, 1, UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999999, UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=timezone(timedelta(hours=5, minutes=45))),
        datetime(9999, 12, 31, 23, 59, 59, 999999, UTC),
    ]
    tenants = [made.tenant(created_at=at) for at in times]
    async with store.registry.transaction() as change:
        for each in tenants:
            await change.tenants.add(each)
            await change.audit(made.audit(each, at=each.created_at))
    back = await found(store.another, "tenants")
    assert [each.created_at for each in back] == times
    assert all(each.created_at.utcoffset() is not None for each in back)
