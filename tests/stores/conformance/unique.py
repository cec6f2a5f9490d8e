"""What is unique stays unique, and the refusal says what is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from accredit.directory import Application, Registration
from accredit.errors import (
    ASSIGNMENT_EXISTS,
    IDENTIFIER_TAKEN,
    NAME_TAKEN,
    PRINCIPAL_EXISTS,
    TRUST_EXISTS,
    VALUE_TAKEN,
    Row,
)
from accredit.trust.expression import parse
from tests.stores import made
from tests.stores.conformance.store import Store, World, case, found, put_up, read, refused, world

if TYPE_CHECKING:
    from collections.abc import Iterator


def unique_name(here: World, name: str) -> Application:
    return made.application(here.tenant, registration=Registration(unique_name=name))


def collisions(here: World) -> Iterator[tuple[str, str, Any, Row]]:
    yield "a key", "tenants", made.tenant(id=here.tenant.id), VALUE_TAKEN
    yield "a domain", "tenants", made.tenant(domains=("x.test", *here.tenant.domains)), VALUE_TAKEN
    yield "an application's id", "applications", made.application(here.tenant, id=here.app.id), VALUE_TAKEN
    yield "an appId", "applications", made.application(here.tenant, app_id=here.app.app_id), VALUE_TAKEN
    uri = here.app.identifier_uris[0].upper().replace("API://", "Api://").replace("/ORDERS", "/orders/")
    yield "an identifier", "applications", made.application(here.tenant, identifier_uris=("x:y", uri)), IDENTIFIER_TAKEN
    names = ("https://GRAPH.example/",)
    yield "another's name", "applications", made.application(here.tenant, identifier_uris=names), IDENTIFIER_TAKEN
    api = made.well_known(here.tenant, made.new_id(), names=here.app.identifier_uris)
    yield "an application's identifier", "principals", api, IDENTIFIER_TAKEN
    yield "a service principal", "principals", made.principal(here.app), PRINCIPAL_EXISTS
    yield "an issuer's id", "issuers", made.issuer(here.tenant, id=here.issuer.id), VALUE_TAKEN
    same = {"subject": here.credential.subject}
    yield "a name", "credentials", made.credential(here.app, here.issuer, name=here.credential.name), NAME_TAKEN
    yield "the trust", "credentials", made.credential(here.app, here.issuer, **same), TRUST_EXISTS
    yield "the expression", "credentials", made.by_expression(here.app, here.issuer), TRUST_EXISTS
    yield "the grant", "assignments", made.assignment(here.principal, here.resource), ASSIGNMENT_EXISTS
    yield "a unique name", "applications", unique_name(here, "deploy-BOT"), VALUE_TAKEN
    yield "an owner", "ownerships", made.ownership(here.principal, here.app), VALUE_TAKEN
    yield "a consent", "delegated_grants", made.delegated_grant(here.principal, here.resource), ASSIGNMENT_EXISTS
    yield "a role's id", "role_assignments", made.role_assignment(here.principal, id=here.others[4].id), VALUE_TAKEN
    given = {"value": here.others[5].value, "role": "admin"}
    yield "a role's people", "role_mappings", made.role_mapping(here.tenant, **given), ASSIGNMENT_EXISTS
    yield "a kid", "signing_keys", made.signing_key(kid=here.others[1].kid), VALUE_TAKEN


@case("what is taken is refused by its own row, when added, and nothing is changed by it")
async def what_is_taken_is_refused_by_its(store: Store) -> None:
    here = await put_up(store.registry, world())
    for what, shelf, value, row in collisions(here):
        before = await found(store.registry, shelf)
        async with store.registry.transaction() as change:
            with refused(row):
                await getattr(change, shelf).add(value)
            assert list(await getattr(change, shelf).find()) == before, what
        assert await found(store.another, shelf) == before, what
        assert store.heard[-1][1] == frozenset(), what


def changed_to(here: World) -> dict[str, tuple[str, Any, dict[str, Any], Row]]:
    app, credential = made.application(here.tenant), made.credential(here.app, here.issuer)
    expression = {"subject": None, "expression": here.expression.expression}
    return {
        "a domain": ("tenants", made.tenant(), {"domains": here.tenant.domains}, VALUE_TAKEN),
        "an appId": ("applications", app, {"app_id": here.app.app_id}, VALUE_TAKEN),
        "an identifier": ("applications", app, {"identifier_uris": here.app.identifier_uris}, IDENTIFIER_TAKEN),
        "a name": ("credentials", credential, {"name": here.credential.name}, NAME_TAKEN),
        "the trust": ("credentials", credential, {"subject": here.credential.subject}, TRUST_EXISTS),
        "the expression": ("credentials", credential, expression, TRUST_EXISTS),
    }


@case("what is taken is refused by its own row, when something is changed to it, and nothing is changed by that")
async def changed_to_what_is_taken(store: Store) -> None:
    here = await put_up(store.registry, world())
    for shelf, value, wanted, row in changed_to(here).values():
        async with store.registry.transaction() as change:
            if not await getattr(change, shelf).find(id=value.id):
                await getattr(change, shelf).add(value)
        async with store.registry.transaction() as change:
            with refused(row):
                await getattr(change, shelf).put(msgspec.structs.replace(value, **wanted))
        assert await read(store.another, shelf, value.id) == value


@case("the refusals name what is taken")
async def the_refusals_name_what_is_taken(store: Store) -> None:
    here = await put_up(store.registry, world())
    named: dict[str, dict[str, str]] = {
        "a domain": {"property": "domains"},
        "an appId": {"property": "appId"},
        "an identifier": {"property": "identifierUris"},
        "a unique name": {"property": "uniqueName"},
        "an owner": {"property": "owners"},
        "an application's identifier": {"property": "servicePrincipalNames"},
        "a service principal": {"client": str(here.app.app_id)},
        "a name": {"name": here.credential.name},
        "a kid": {"property": "kid"},
    }
    for what, shelf, value, row in collisions(here):
        if what in named:
            with refused(row, **named[what]):
                async with store.registry.transaction() as change:
                    await getattr(change, shelf).add(value)


@case("what is unique is unique within its tenant or application only; two issuer records may share a URL")
async def what_is_unique_is_unique_within_its(store: Store) -> None:
    here, there = world(), world()
    await put_up(store.registry, here)
    await put_up(store.registry, there)
    twin = made.application(here.tenant)
    second = made.issuer(here.tenant, here.issuer.url)
    async with store.registry.transaction() as change:
        await change.applications.add(made.application(there.tenant, app_id=here.app.app_id))
        await change.applications.add(twin)
        await change.issuers.add(second)
        await change.credentials.add(made.credential(twin, here.issuer, name=here.credential.name))
        await change.credentials.add(made.credential(twin, second, subject=here.credential.subject))
        await change.credentials.add(made.credential(here.app, second, subject=here.credential.subject))
        await change.credentials.add(made.by_expression(here.app, second))
        await change.applications.add(unique_name(there, "another"))
        await change.applications.add(unique_name(here, "another"))
        await change.role_mappings.add(made.role_mapping(there.tenant, value=here.others[5].value))
        await change.role_mappings.add(made.role_mapping(None, value=here.others[5].value, role="instance"))
        await change.ownerships.add(made.ownership(here.principal, here.resource))
        await change.ownerships.add(made.ownership(here.resource, here.app))
        for user in (made.new_id(), made.new_id()):
            one = {"consent_type": "Principal", "user_id": user}
            await change.delegated_grants.add(made.delegated_grant(here.principal, here.resource, **one))
    records = await found(store.another, "issuers", tenant_id=here.tenant.id, url=here.issuer.url)
    assert records == [here.issuer, second]


@case("expressions are compared whole, however long they are, and found by their text")
async def long_expressions(store: Store) -> None:
    here = await put_up(store.registry, world())
    texts = [f"claims['sub'] eq '{'x' * 3_000}{end}'" for end in "ab"]
    async with store.registry.transaction() as change:
        for text in texts:
            await change.credentials.add(made.credential(here.app, here.issuer, expression=parse(text, 1)))
        with refused(TRUST_EXISTS):
            await change.credentials.add(made.credential(here.app, here.issuer, expression=parse(texts[1], 1)))
    for text in texts:
        (each,) = await found(store.another, "credentials", application_id=here.app.id, expression=text)
        assert each.expression == parse(text, 1)


@case("an application may give up an identifier and another may take it, in one change")
async def an_application_may_give_up_an_identifier(store: Store) -> None:
    tenant = made.tenant()
    old, new = (made.application(tenant, identifier_uris=uris) for uris in (("api://a", "api://b"), ()))
    async with store.registry.transaction() as change:
        await change.tenants.add(tenant)
        await change.applications.add(old)
        await change.applications.add(new)
    async with store.registry.transaction() as change:
        old = await change.applications.put(msgspec.structs.replace(old, identifier_uris=("api://b", "api://b/")))
        await change.applications.put(msgspec.structs.replace(new, identifier_uris=("api://A",)))
        await change.applications.put(old)
    async with store.another.reading() as view:
        assert await view.named(tenant.id, "api://A/") == new.app_id
        assert await view.named(tenant.id, "API://b") == old.app_id
        assert await view.named(tenant.id, "api://c") is None


@case("an appId names its application or service principal in its tenant only")
async def an_appid_names_its_application_or_service(store: Store) -> None:
    here = await put_up(store.registry, world())
    async with store.registry.transaction() as change:
        await change.applications.add(lonely := made.application(here.tenant))
    async with store.another.reading() as view:
        for app_id in (here.app.app_id, here.resource.app_id, lonely.app_id):
            assert await view.named(here.tenant.id, str(app_id).upper()) == app_id
            assert await view.named(made.new_id(), str(app_id)) is None
        assert await view.named(here.tenant.id, str(here.app.id)) is None
        assert await view.named(here.tenant.id, "https://graph.example/") == here.resource.app_id
