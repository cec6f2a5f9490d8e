"""What refers to what: nothing into the void, nothing into another tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from accredit.errors import (
    CHANGED_MEANWHILE,
    OBJECT_NOT_FOUND,
)
from accredit.trust.expression import parse
from tests.stores import made
from tests.stores.conformance.store import SHELVES, Store, World, case, found, put_up, read, refused, world

if TYPE_CHECKING:
    from uuid import UUID


@case("what refers to something that is not there is refused with its id")
async def what_refers_to_something_that_is_not(store: Store) -> None:
    here = await put_up(store.registry, world())
    nowhere, gone = made.tenant(), made.application(here.tenant)
    unknown = made.principal(here.app)
    orphans: list[tuple[str, Any, UUID]] = [
        ("applications", made.application(nowhere), nowhere.id),
        ("principals", made.principal(gone), gone.id),
        ("issuers", made.issuer(nowhere), nowhere.id),
        ("credentials", made.credential(gone, here.issuer), gone.id),
        ("credentials", made.credential(here.app, absent := made.issuer(here.tenant)), absent.id),
        ("assignments", made.assignment(unknown, here.resource), unknown.id),
        ("assignments", made.assignment(here.principal, unknown), unknown.id),
        ("ownerships", made.ownership(unknown, here.app), unknown.id),
        ("ownerships", made.ownership(here.principal, unknown), unknown.id),
        ("ownerships", made.ownership(here.principal, gone), gone.id),
        ("delegated_grants", made.delegated_grant(unknown, here.resource), unknown.id),
        ("delegated_grants", made.delegated_grant(here.principal, unknown), unknown.id),
        ("role_assignments", made.role_assignment(unknown), unknown.id),
    ]
    for shelf, value, parent in orphans:
        with refused(OBJECT_NOT_FOUND, id=str(parent)):
            async with store.registry.transaction() as change:
                await getattr(change, shelf).add(value)


@case("nothing refers to anything of another tenant, not even where every id exists")
async def nothing_refers_to_anything_of_another_tenant(store: Store) -> None:
    here, there = await put_up(store.registry, world()), await put_up(store.registry, world())
    moved = {"tenant_id": there.tenant.id}
    crossing: list[tuple[str, Any]] = [
        ("principals", made.principal(here.app, **moved)),
        ("credentials", made.credential(here.app, here.issuer, **moved)),
        ("credentials", made.credential(here.app, there.issuer)),
        ("assignments", made.assignment(here.principal, there.resource)),
        ("assignments", made.assignment(here.principal, here.resource, role_id=made.new_id(), **moved)),
        ("ownerships", made.ownership(here.principal, there.app)),
        ("ownerships", made.ownership(here.principal, there.resource)),
        ("delegated_grants", made.delegated_grant(here.principal, there.resource)),
        ("role_assignments", made.role_assignment(here.principal, **moved)),
    ]
    for shelf, value in crossing:
        with refused(OBJECT_NOT_FOUND):
            async with store.registry.transaction() as change:
                await getattr(change, shelf).add(value)
    for shelf, value in here.everything.items():
        if hasattr(value, "tenant_id"):
            for verb in ("put", "remove"):
                with refused(CHANGED_MEANWHILE):
                    async with store.registry.transaction() as change:
                        await getattr(getattr(change, shelf), verb)(msgspec.structs.replace(value, **moved))
            assert await found(store.another, shelf, tenant_id=here.tenant.id, id=value.id) == [value]
            assert await found(store.another, shelf, tenant_id=there.tenant.id, id=value.id) == []


@case("a removed application takes its service principal, credentials and grants along, and nobody else's")
async def a_removed_application_takes_its_service_principal(store: Store) -> None:
    here = await put_up(store.registry, world())
    neighbour = made.application(here.tenant)
    principal, credential = made.principal(neighbour), made.credential(neighbour, here.issuer)
    async with store.registry.transaction() as change:
        await change.applications.add(neighbour)
        await change.principals.add(principal)
        await change.credentials.add(credential)
        await change.assignments.add(granted := made.assignment(principal, here.resource))
        await change.assignments.add(made.assignment(principal, here.principal))
    async with store.registry.transaction() as change:
        await change.applications.remove(here.app)
    assert await found(store.another, "applications") == [neighbour]
    assert await found(store.another, "principals") == [here.resource, principal]
    assert await found(store.another, "credentials") == [credential]
    assert await found(store.another, "assignments") == [granted]
    assert await found(store.another, "issuers") == [here.issuer]
    assert {here.app.id, here.principal.id} <= store.heard[-1][1]
    async with store.another.reading() as view:
        assert await view.named(here.tenant.id, here.app.identifier_uris[0]) is None


@case("a removed tenant takes all of its things along, and nothing of another tenant")
async def a_removed_tenant_takes_all_of_its(store: Store) -> None:
    here, there = await put_up(store.registry, world()), await put_up(store.registry, world())
    async with store.registry.transaction() as change:
        await change.tenants.remove(here.tenant)
    kept = there.everything
    for shelf in SHELVES[:-1]:
        siblings: dict[str, list[object]] = {"principals": [there.resource], "credentials": [there.expression]}
        also = siblings.get(shelf, [])
        assert await found(store.another, shelf) == [kept[shelf], *also]
    gone = {here.tenant.id, here.app.id, here.principal.id, here.resource.id, here.issuer.id}
    assert gone <= store.heard[-1][1]
    await put_up(store.registry, msgspec_world(here))


def msgspec_world(here: World) -> World:
    """The same world with a new signing key: those belong to no tenant."""
    return World(
        here.tenant,
        here.app,
        here.principal,
        here.resource,
        here.issuer,
        here.credential,
        here.expression,
        (here.others[0], made.signing_key(), *here.others[2:]),
    )


@case("an issuer record that a credential names is not removed")
async def an_issuer_record_that_a_credential_names(store: Store) -> None:
    here = await put_up(store.registry, world())
    with refused(CHANGED_MEANWHILE):
        async with store.registry.transaction() as change:
            await change.issuers.remove(here.issuer)
    assert await read(store.another, "issuers", here.issuer.id) == here.issuer
    assert len(await found(store.another, "credentials", issuer_id=here.issuer.id)) == 2


@case("a credential is read with its issuer record as it is now, and all of one record share it")
async def a_credential_is_read_with_its_issuer(store: Store) -> None:
    here = await put_up(store.registry, world())
    async with store.registry.transaction() as change:
        newer = await change.issuers.put(msgspec.structs.replace(here.issuer, max_lifetime=600))
        first, second = await change.credentials.find(application_id=here.app.id)
        assert first.issuer == newer
        await change.credentials.put(msgspec.structs.replace(here.credential, enabled=False))
    first, second = await found(store.another, "credentials", application_id=here.app.id)
    assert first.issuer is second.issuer
    assert first.issuer == newer
    assert (first.revision, first.enabled) == (2, False)
    assert second.expression == parse(made.EXPRESSION, 1)
