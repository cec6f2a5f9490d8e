"""Changes: whole or not at all, seen by whoever looks next, announced to whoever remembers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
import pytest

from accredit.stores.encoding import EMITTED_ISSUERS, SIGNING_KEYS
from tests.stores import made
from tests.stores.conformance.store import Store, case, found, put_up, read, world

if TYPE_CHECKING:
    from uuid import UUID


@case("an exception leaves nothing of the change, of what it announced, or of its audit record")
async def an_exception_leaves_nothing_of_the_change(store: Store) -> None:
    here = await put_up(store.registry, world())
    before, version = len(store.heard), (await store.registry.changes(0))[0]

    async def half() -> None:
        async with store.registry.transaction() as change:
            await change.applications.add(app := made.application(here.tenant, identifier_uris=("api://half",)))
            await change.principals.add(made.principal(app))
            await change.tenants.put(here.tenant)
            await change.credentials.remove(here.credential)
            await change.emit(["https://half.example/"])
            await change.audit(made.audit(here.tenant))
            assert await change.named(here.tenant.id, "api://half") == app.app_id
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await half()
    for shelf, value in here.everything.items():
        assert value in await found(store.another, shelf)
    assert await found(store.another, "applications") == [here.app]
    assert await found(store.another, "applications", tenant_id=here.tenant.id) == [here.app]
    assert await found(store.another, "credentials", application_id=here.app.id) == [here.credential, here.expression]
    assert len(store.heard) == before
    assert (await store.another.changes(0))[0] == version
    async with store.another.transaction() as change:
        assert await change.named(here.tenant.id, "api://half") is None
        assert await change.emit([]) == frozenset()
        await change.applications.add(made.application(here.tenant, identifier_uris=("api://half",)))


@case("a change is seen by its own transaction at once, by a view that was open never, by the next one always")
async def a_change_is_seen_by_its_own(store: Store) -> None:
    here = await put_up(store.registry, world())
    async with store.another.reading() as early, store.another.reading() as old:
        assert await old.applications.find() == [here.app]
        async with store.registry.transaction() as change:
            await change.applications.remove(here.app)
            assert list(await change.applications.find()) == []
            assert list(await old.applications.find()) == [here.app]
            assert list(await old.applications.find(tenant_id=here.tenant.id)) == [here.app]
        assert list(await old.applications.find()) == [here.app]
        assert await old.named(here.tenant.id, here.app.identifier_uris[0]) == here.app.app_id
        assert await early.applications.find() == [here.app]  # open is open, even before the first question
    assert await found(store.another, "applications") == []


@case("a view cannot be written to")
async def a_view_cannot_be_written_to(store: Store) -> None:
    here = await put_up(store.registry, world())
    async with store.registry.reading() as view:
        for shelf, value in here.everything.items():
            for verb in ("add", "put", "remove"):
                with pytest.raises(RuntimeError, match="view"):
                    await getattr(getattr(view, shelf), verb)(value)
        with pytest.raises(RuntimeError, match="view"):
            await view.audit(made.audit(here.tenant))
        with pytest.raises(RuntimeError, match="view"):
            await view.emit(["https://x.example"])


@case("two writers of one registry wait for each other, even where one is slow")
async def two_writers_of_one_registry_wait_for(store: Store) -> None:
    tenant = made.tenant()
    async with store.registry.transaction() as change:
        await change.tenants.add(tenant)

    async def raise_lifetime() -> None:
        async with store.registry.transaction() as change:
            mine = await change.tenants.get(tenant.id)
            await asyncio.sleep(0)
            await change.tenants.put(msgspec.structs.replace(mine, token_lifetime=mine.token_lifetime + 1))

    await asyncio.gather(*(raise_lifetime() for _ in range(20)))
    now = await read(store.another, "tenants", tenant.id)
    assert (now.token_lifetime, now.revision) == (tenant.token_lifetime + 20, 21)


@case("every change announces the next version and what it touched, before it is acknowledged")
async def every_change_announces_the_next_version_and(store: Store) -> None:
    here = await put_up(store.registry, world())
    assignment, signing, *_ = here.others
    touched: dict[str, set[UUID]] = {
        "tenants": {here.tenant.id},
        "applications": {here.app.id},
        "principals": {here.principal.id},
        "issuers": {here.issuer.id},
        "credentials": {here.app.id},
        "assignments": {assignment.principal_id, assignment.resource_id},
        "ownerships": set(),
        "delegated_grants": set(),
        "role_assignments": set(),
        "signing_keys": {SIGNING_KEYS},
    }
    version, _ = await store.another.changes(0)
    for shelf, keys in touched.items():
        async with store.registry.transaction() as change:
            await getattr(change, shelf).put(here.everything[shelf])
        version += 1
        assert store.heard[-1] == (version, frozenset(keys))
        assert await store.another.changes(version - 1) == (version, frozenset(keys))
        assert await store.another.changes(version) == (version, frozenset())
    assert await store.another.changes(version - 5) == (version, frozenset({SIGNING_KEYS} | touched["assignments"]))
    assert signing.kid


@case("the issuer strings that were ever emitted only grow, and are announced when they do")
async def the_issuer_strings_that_were_ever_emitted(store: Store) -> None:
    for strings in (["https://a/", "https://a/"], ["https://a/", "https://b/v2.0"], ["https://b/v2.0"], []):
        async with store.registry.transaction() as change:
            await change.emit(strings)
    async with store.another.reading() as view:
        assert await view.emit([]) == {"https://a/", "https://b/v2.0"}
    assert [keys for _, keys in store.heard] == [{EMITTED_ISSUERS}, {EMITTED_ISSUERS}, set(), set()]
