"""The snapshot: what it answers, when it asks again, and that it never asks twice for what has not changed."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import msgspec
import pytest

from accredit.directory import ORGANIZATIONS, Certificate, Held
from accredit.errors import (
    CLIENT_UNKNOWN,
    MASTER_KEY,
    PRINCIPAL_MISSING,
    RESOURCE_UNKNOWN,
    STORE_BUSY,
    TENANT_MALFORMED,
    TENANT_UNKNOWN,
    TRANSIENT,
    Refused,
)
from accredit.stores.fresh import create
from accredit.stores.lookup import RegistryLookup, SqliteLookup
from accredit.stores.memory import MemoryRegistry
from accredit.stores.snapshot import Snapshot
from accredit.stores.sqlite import SqliteRegistry
from tests.forge import certificate as signed_certificate
from tests.stores import made
from tests.stores.conformance.store import put_up, refused, world

GRAPH = made.new_id()
BASE = "https://localhost:8443"


class Counting:
    """A look-up that counts its questions, and can be told what to do before it answers."""

    def __init__(self, lookup):
        self.lookup, self.asked = lookup, []
        self.before = None

    def __getattr__(self, name):
        async def ask(*arguments):
            self.asked.append(name)
            if self.before is not None:
                await self.before(name)
            return await getattr(self.lookup, name)(*arguments)

        return ask


@asynccontextmanager
async def in_memory(_path, **limits):
    registry = MemoryRegistry()
    lookup = Counting(RegistryLookup(registry))
    snapshot = Snapshot(lookup, derived={BASE: GRAPH}, **limits)
    registry.changed = snapshot.apply
    yield snapshot, registry, registry, lookup


@asynccontextmanager
async def in_sqlite(path, **limits):
    create(path)
    asking = SqliteLookup(path)
    lookup = Counting(asking)
    snapshot = Snapshot(lookup, derived={BASE: GRAPH}, **limits)
    registry, elsewhere = SqliteRegistry(path, snapshot.apply), SqliteRegistry(path)
    yield snapshot, registry, elsewhere, lookup
    for each in (asking, registry, elsewhere):
        each.close()


STORES = {"memory": in_memory, "sqlite": in_sqlite}


@pytest.fixture(params=STORES)
def opened(request, tmp_path):
    return lambda **limits: STORES[request.param](tmp_path / "accredit.db", **limits)


async def everything(snapshot, here):
    """Ask every question of the port once."""
    tenant = await snapshot.tenant(here.tenant.id, "")
    client = await snapshot.client(tenant, str(here.app.app_id))
    resource = await snapshot.resource(tenant, here.resource.names[0])
    return (
        tenant,
        await snapshot.tenant(here.tenant.domains[0], ""),
        await snapshot.tenant(ORGANIZATIONS, str(here.app.app_id)),
        client,
        await snapshot.trusted(client),
        resource,
        await snapshot.held(client, resource),
    )


def run(story):
    asyncio.run(story)


def test_it_answers_every_question_and_then_never_asks_again(opened):
    async def story():
        async with opened() as (snapshot, registry, _, lookup):
            here = await put_up(registry, world())
            first = await everything(snapshot, here)
            tenant, by_domain, at_home, client, trusted, resource, held = first
            assert tenant == by_domain == at_home == here.tenant
            assert (client.application, client.principal) == (here.app, here.principal)
            assert trusted.credentials == (here.credential,)  # the other one is not enabled
            assert trusted.multi_audience == "contained"
            assert (resource.principal_id, resource.names) == (here.resource.id, here.resource.names)
            assert (resource.token_version, resource.signing_algorithm) == (1, "RS256")
            assert held == Held(("Orders.Read.All",), assigned=True)
            lookup.asked.clear()
            for _ in range(3):
                again = await everything(snapshot, here)
                assert all(old is new for old, new in zip(first, again, strict=True))
            assert lookup.asked == []

    run(story())


def test_every_spelling_of_an_id_and_of_an_identifier_finds_the_same_value(opened):
    async def story():
        async with opened() as (snapshot, registry, _, _):
            here = await put_up(registry, world())
            app_id = str(here.app.app_id)
            assert await snapshot.client(here.tenant, app_id) is await snapshot.client(here.tenant, app_id.upper())
            name, guid = here.resource.names[0], str(here.resource.app_id)
            spellings = [name, name + "/", name.upper(), guid, guid.upper(), guid + "/"]
            found = [await snapshot.resource(here.tenant, each) for each in spellings]
            assert all(each is found[0] for each in found)
            for other in (name + "//", name + "/x", name + ":443", " " + name, guid.replace("-", ""), f"{{{guid}}}"):
                with refused(RESOURCE_UNKNOWN, resource=other, tenant="Contoso"):
                    await snapshot.resource(here.tenant, other)

    run(story())


def test_an_application_is_its_own_resource_with_what_its_registration_says(opened):
    async def story():
        async with opened() as (snapshot, registry, _, _):
            tenant = made.tenant(portability="extended")
            app = made.application(
                tenant, identifier_uris=("api://orders",), token_version=2, signing_algorithm="ES256"
            )
            app = msgspec.structs.replace(app, app_roles=(made.READER,))
            async with registry.transaction() as change:
                await change.tenants.add(tenant)
                await change.applications.add(app)
                await change.principals.add(principal := made.principal(app, assignment_required=True))
            resource = await snapshot.resource(tenant, "api://orders/")
            client = await snapshot.client(tenant, str(app.app_id))
            assert (resource.app_id, resource.principal_id) == (app.app_id, principal.id)
            assert (resource.names, resource.roles) == (("api://orders",), (made.READER,))
            assert (resource.token_version, resource.signing_algorithm) == (2, "ES256")
            assert resource.assignment_required
            assert await snapshot.held(client, resource) == Held((), assigned=False)
            assert (await snapshot.trusted(client)).multi_audience == "refuse"
            async with registry.transaction() as change:
                await change.assignments.add(made.assignment(principal, principal))
            assert await snapshot.held(client, resource) == Held(("Orders.Read.All",), assigned=True)
            off = msgspec.structs.replace(made.READER, enabled=False)
            async with registry.transaction() as change:
                await change.applications.put(msgspec.structs.replace(app, app_roles=(off,)))
            resource = await snapshot.resource(tenant, "api://orders/")
            assert await snapshot.held(client, resource) == Held((), assigned=True)

    run(story())


def test_identifiers_derived_from_the_public_address_hold_in_every_tenant_with_and_without_port(opened):
    async def story():
        async with opened() as (snapshot, registry, _, _):
            here = world()
            graph = made.well_known(here.tenant, GRAPH, token_version=2)
            thief = made.application(here.tenant, identifier_uris=(BASE, "https://localhost"))
            await put_up(registry, here)
            async with registry.transaction() as change:
                await change.principals.add(graph)
                await change.applications.add(thief)
                await change.principals.add(made.principal(thief))
            for each in (BASE, BASE + "/", "https://LOCALHOST:8443", "https://localhost", "https://localhost/"):
                assert (await snapshot.resource(here.tenant, each)).principal_id == graph.id, each
            for other in ("https://localhost:443", "https://localhost:8443/x", "http://localhost:8443"):
                with refused(RESOURCE_UNKNOWN):
                    await snapshot.resource(here.tenant, other)
            with refused(RESOURCE_UNKNOWN):
                await snapshot.resource(made.tenant(), BASE)

    run(story())


def test_absences_are_the_rows_of_the_port(opened):
    async def story():
        async with opened() as (snapshot, registry, _, _):
            here = await put_up(registry, world())
            async with registry.transaction() as change:
                await change.applications.add(alone := made.application(here.tenant))
            unknown = made.new_id()
            app_id = str(here.app.app_id)
            with refused(TENANT_UNKNOWN, tenant=str(unknown)):
                await snapshot.tenant(unknown, app_id)
            with refused(TENANT_MALFORMED, tenant="nobody.test"):
                await snapshot.tenant("nobody.test", app_id)
            for name in (str(unknown), "", "not an id", app_id.replace("-", ""), f"{{{app_id}}}", "api://orders"):
                with refused(CLIENT_UNKNOWN, client=name, tenant="Contoso"):
                    await snapshot.client(here.tenant, name)
                with refused(CLIENT_UNKNOWN, client=name, tenant="organizations"):
                    await snapshot.tenant(ORGANIZATIONS, name)
            with refused(PRINCIPAL_MISSING, client=str(alone.app_id), tenant=str(here.tenant.id)):
                await snapshot.client(here.tenant, str(alone.app_id))
            with refused(CLIENT_UNKNOWN):  # a well-known API is no application of the tenant
                await snapshot.client(here.tenant, str(here.resource.app_id))
            for wanted in ("api://nothing", str(unknown), str(alone.app_id), ""):
                with refused(RESOURCE_UNKNOWN, resource=wanted, tenant="Contoso"):
                    await snapshot.resource(here.tenant, wanted)

    run(story())


def test_tenants_do_not_see_each_other(opened):
    async def story():
        async with opened() as (snapshot, registry, _, _):
            here, there = await put_up(registry, world()), await put_up(registry, world())
            with refused(CLIENT_UNKNOWN):
                await snapshot.client(there.tenant, str(here.app.app_id))
            with refused(RESOURCE_UNKNOWN):
                await snapshot.resource(there.tenant, here.app.identifier_uris[0])
            mine = await snapshot.issuers(here.tenant, made.GITHUB)
            assert (list(mine), list(await snapshot.issuers(there.tenant, made.GITHUB))) == (
                [here.issuer],
                [there.issuer],
            )
            ours = await snapshot.resource(here.tenant, here.resource.names[0])
            theirs = await snapshot.resource(there.tenant, here.resource.names[0])
            assert (ours.principal_id, theirs.principal_id) == (here.resource.id, there.resource.id)
            twin = made.application(there.tenant, app_id=here.app.app_id)
            async with registry.transaction() as change:
                await change.applications.add(twin)
                await change.principals.add(made.principal(twin))
            assert (await snapshot.client(there.tenant, str(twin.app_id))).application == twin
            assert (await snapshot.client(here.tenant, str(twin.app_id))).application == here.app
            assert await snapshot.tenant(ORGANIZATIONS, str(twin.app_id)) == here.tenant  # the older registration

    run(story())


def test_a_disabled_resource_is_not_found(opened):
    async def story():
        async with opened() as (snapshot, registry, _, _):
            here = await put_up(registry, world())
            wanted, own = here.resource.names[0], here.app.identifier_uris[0]
            await snapshot.resource(here.tenant, wanted)
            await snapshot.resource(here.tenant, own)
            async with registry.transaction() as change:
                await change.principals.put(msgspec.structs.replace(here.resource, enabled=False))
                await change.applications.put(msgspec.structs.replace(here.app, disabled=True))
            for each in (wanted, own):
                with refused(RESOURCE_UNKNOWN, resource=each):
                    await snapshot.resource(here.tenant, each)
            client = await snapshot.client(here.tenant, str(here.app.app_id))  # says itself that it is disabled
            assert client.application.disabled

    run(story())


def test_registered_certificates_become_keys_and_one_that_cannot_be_trusted_becomes_none(opened):
    async def story():
        der = signed_certificate().der
        times = {"starts_at": made.AT, "ends_at": made.AT + timedelta(days=1)}
        good = Certificate(key_id=made.new_id(), der=der, thumbprint="AB", **times)
        broken = Certificate(key_id=made.new_id(), der=b"\x30\x00", thumbprint="CD", **times)
        async with opened() as (snapshot, registry, _, _):
            tenant = made.tenant()
            async with registry.transaction() as change:
                await change.tenants.add(tenant)
                await change.applications.add(app := made.application(tenant, certificates=(broken, good)))
                await change.principals.add(made.principal(app))
            client = await snapshot.client(tenant, str(app.app_id))
            assert [key.key_id for key in client.keys] == [good.key_id]

    run(story())


def changes(here):
    """Every kind of change: what is done, and which questions are then answered differently."""
    replace = msgspec.structs.replace
    extra = made.credential(here.app, here.issuer)
    other_role = made.AppRole(id=made.new_id(), value="Orders.Write.All", display_name="Write orders")
    assignment = here.others[0]

    async def enable(change):
        await change.credentials.put(replace(here.expression, enabled=True))

    return {
        "a tenant is renamed": (lambda c: c.tenants.put(replace(here.tenant, display_name="New")), "tenant"),
        "the rule for several audiences changes": (
            lambda c: c.tenants.put(replace(here.tenant, multi_audience="refuse")),
            "tenant trusted",
        ),
        "an application is disabled": (lambda c: c.applications.put(replace(here.app, disabled=True)), "client"),
        "its service principal is disabled": (
            lambda c: c.principals.put(replace(here.principal, enabled=False)),
            "client",
        ),
        "a credential is added": (lambda c: c.credentials.add(extra), "trusted"),
        "a credential is removed": (lambda c: c.credentials.remove(here.credential), "trusted"),
        "a credential is disabled": (lambda c: c.credentials.put(replace(here.credential, enabled=False)), "trusted"),
        "a credential is enabled": (enable, "trusted"),
        "an issuer is narrowed": (lambda c: c.issuers.put(replace(here.issuer, blocked=True)), "trusted"),
        "a role is granted": (
            lambda c: c.assignments.add(made.assignment(here.principal, here.resource, role_id=other_role.id)),
            "",
        ),
        "a grant is taken back": (lambda c: c.assignments.remove(assignment), "held"),
        "a resource demands assignments": (
            lambda c: c.principals.put(replace(here.resource, assignment_required=True)),
            "resource",
        ),
        "a role is disabled": (
            lambda c: c.principals.put(replace(here.resource, app_roles=(replace(made.READER, enabled=False),))),
            "resource held",
        ),
    }


QUESTIONS = ("tenant", "domain", "home", "client", "trusted", "resource", "held")


def answered(answers):
    tenant, domain, home, client, trusted, resource, held = answers
    shown = (tenant, domain, home, (client.application, client.principal))
    return dict(zip(QUESTIONS, (*shown, (trusted.credentials, trusted.multi_audience), resource, held), strict=True))


@pytest.mark.parametrize("what", changes(world()))
def test_a_change_here_holds_for_the_next_question(opened, what):
    async def story():
        async with opened() as (snapshot, registry, _, _):
            here = await put_up(registry, world())
            before = answered(await everything(snapshot, here))
            act, differs = changes(here)[what]
            async with registry.transaction() as change:
                await act(change)
            assert snapshot.version == 2
            after = answered(await everything(snapshot, here))
            fresh = Snapshot(snapshot._lookup, derived={BASE: GRAPH})  # noqa: SLF001  one that remembers nothing
            assert after == answered(await everything(fresh, here))
            for question in differs.split():
                assert after[question] != before[question], question

    run(story())


@pytest.mark.parametrize("what", changes(world()))
def test_a_change_elsewhere_holds_after_refresh_and_costs_only_what_it_touched(tmp_path, what):
    async def story():
        async with in_sqlite(tmp_path / "accredit.db") as (snapshot, registry, elsewhere, lookup):
            here, other = await put_up(registry, world()), await put_up(registry, world())
            before = answered(await everything(snapshot, here))
            await everything(snapshot, other)
            act, differs = changes(here)[what]
            async with elsewhere.transaction() as change:
                await act(change)
            assert answered(await everything(snapshot, here)) == before
            await snapshot.refresh()
            assert snapshot.version == 3
            lookup.asked.clear()
            await everything(snapshot, other)
            assert lookup.asked == []
            after = answered(await everything(snapshot, here))
            fresh = Snapshot(lookup.lookup, derived={BASE: GRAPH})
            assert after == answered(await everything(fresh, here))
            assert all(after[question] != before[question] for question in differs.split())

    run(story())


def test_what_was_absent_is_asked_for_again_without_refresh(tmp_path):
    async def story():
        async with in_sqlite(tmp_path / "accredit.db") as (snapshot, _, elsewhere, _):
            here = world()
            app_id, wanted = str(here.app.app_id), here.resource.names[0]
            with refused(TENANT_UNKNOWN):
                await snapshot.tenant(here.tenant.id, app_id)
            with refused(CLIENT_UNKNOWN):
                await snapshot.client(here.tenant, app_id)
            with refused(RESOURCE_UNKNOWN):
                await snapshot.resource(here.tenant, wanted)
            await put_up(elsewhere, here)
            await everything(snapshot, here)

    run(story())


def test_what_is_removed_is_gone_with_all_that_hung_on_it(opened):
    async def story():
        async with opened() as (snapshot, registry, _, _):
            here, there = await put_up(registry, world()), await put_up(registry, world())
            await everything(snapshot, here)
            await everything(snapshot, there)
            async with registry.transaction() as change:
                await change.tenants.remove(here.tenant)
            for question in (
                snapshot.tenant(here.tenant.id, ""),
                snapshot.tenant(here.tenant.domains[0], ""),
                snapshot.tenant(ORGANIZATIONS, str(here.app.app_id)),
                snapshot.client(here.tenant, str(here.app.app_id)),
                snapshot.resource(here.tenant, here.resource.names[0]),
            ):
                with pytest.raises(Refused):
                    await question
            await everything(snapshot, there)

    run(story())


def test_an_identifier_that_moves_to_another_application_is_followed(opened):
    async def story():
        async with opened() as (snapshot, registry, _, _):
            tenant = made.tenant()
            old, new = made.application(tenant, identifier_uris=("api://a",)), made.application(tenant)
            async with registry.transaction() as change:
                await change.tenants.add(tenant)
                for each in (old, new):
                    await change.applications.add(each)
                    await change.principals.add(made.principal(each))
            assert (await snapshot.resource(tenant, "api://a")).app_id == old.app_id
            async with registry.transaction() as change:
                await change.applications.put(msgspec.structs.replace(old, identifier_uris=()))
                await change.applications.put(msgspec.structs.replace(new, identifier_uris=("api://a",)))
            assert (await snapshot.resource(tenant, "api://a")).app_id == new.app_id

    run(story())


def test_it_keeps_no_more_than_it_may_and_forgets_what_was_longest_unused(opened):
    async def story():
        async with opened(applications=3, resources=2, tenants=1) as (snapshot, registry, _, lookup):
            tenant = made.tenant()
            apps = [made.application(tenant, identifier_uris=(f"api://{n}",)) for n in range(6)]
            async with registry.transaction() as change:
                await change.tenants.add(tenant)
                for app in apps:
                    await change.applications.add(app)
                    await change.principals.add(made.principal(app))

            async def use(*numbers):
                lookup.asked.clear()
                for number in numbers:
                    client = await snapshot.client(tenant, str(apps[number].app_id))
                    await snapshot.trusted(client)
                    await snapshot.held(client, await snapshot.resource(tenant, f"api://{number}"))
                return lookup.asked.count("credentials"), lookup.asked.count("owner")

            assert await use(*range(6)) == (6, 6)
            assert all(len(cache) <= 3 for cache in snapshot._all)  # noqa: SLF001  the bound is what is tested
            assert await use(3, 5) == (0, 1)  # applications 3, 4, 5 are kept, resources 4 and 5; now 4, 3, 5 and 3, 5
            assert await use(0) == (1, 1)  # application 4 makes room, and resource 3
            assert await use(5, 3) == (0, 1)
            assert await use(4) == (1, 1)
            async with registry.transaction() as change:
                for app in apps:
                    await change.applications.put(app)
            assert [len(cache) for cache in snapshot._all[1:5]] == [0] * 4  # noqa: SLF001

    run(story())


def test_what_is_read_while_a_change_arrives_is_read_again(tmp_path):
    async def story():
        async with in_sqlite(tmp_path / "accredit.db") as (snapshot, registry, _, lookup):
            here = await put_up(registry, world())
            client = await snapshot.client(here.tenant, str(here.app.app_id))
            left = [msgspec.structs.replace(here.credential, enabled=False)]

            async def narrow(name):
                if name == "principal" and left:
                    async with registry.transaction() as change:
                        await change.credentials.put(left.pop())

            await snapshot.trusted(client)
            lookup.before = narrow
            async with registry.transaction() as change:
                await change.principals.put(here.principal)
            lookup.asked.clear()
            again = await snapshot.client(here.tenant, str(here.app.app_id))
            assert lookup.asked == ["application", "principal"] * 2
            assert (await snapshot.trusted(again)).credentials == ()

            async def always(_name):
                async with registry.transaction() as change:
                    await change.tenants.put(await change.tenants.get(here.tenant.id))

            lookup.before = always
            with refused(TRANSIENT):
                await snapshot.resource(here.tenant, here.resource.names[0])

    run(story())


def test_a_change_elsewhere_between_two_of_ours_is_not_skipped(tmp_path):
    async def story():
        async with in_sqlite(tmp_path / "accredit.db") as (snapshot, registry, elsewhere, _):
            here = await put_up(registry, world())
            client = await snapshot.client(here.tenant, str(here.app.app_id))
            await snapshot.trusted(client)
            async with elsewhere.transaction() as change:
                await change.credentials.remove(here.credential)
            async with registry.transaction() as change:
                await change.tenants.put(here.tenant)
            assert snapshot.version == 1  # behind, so that whoever compares sees it
            await snapshot.refresh()
            assert snapshot.version == 3
            assert (await snapshot.trusted(client)).credentials == ()

    run(story())


def test_refresh_forgets_everything_when_more_changed_than_is_remembered(tmp_path, monkeypatch):
    async def story():
        async with in_sqlite(tmp_path / "accredit.db") as (snapshot, registry, elsewhere, lookup):
            here = await put_up(registry, world())
            await everything(snapshot, here)
            tenant = here.tenant
            for _ in range(4):
                async with elsewhere.transaction() as change:
                    tenant = await change.tenants.put(tenant)
            monkeypatch.setattr("accredit.stores.lookup.CHANGES_KEPT", 3)
            await snapshot.refresh()
            assert snapshot.version == 5
            assert all(len(cache) == 0 for cache in snapshot._all)  # noqa: SLF001
            await everything(snapshot, here)
            snapshot.version = 9  # as if the database had been restored from a backup
            await snapshot.refresh()
            assert snapshot.version == 5
            assert all(len(cache) == 0 for cache in snapshot._all)  # noqa: SLF001
            assert lookup.asked[-1] == "changes"

    run(story())


@pytest.mark.parametrize("error", [Refused(MASTER_KEY, reason="does not open"), ValueError("x")], ids=["told", "fault"])
def test_until_everybody_has_followed_a_change_nothing_that_is_decided_counts_as_current(tmp_path, error):
    async def story():
        path = tmp_path / "accredit.db"
        create(path)
        broken, heard, lookup = [], [], SqliteLookup(path)

        def follow(changed):
            heard.append(changed)
            if broken:
                raise error

        snapshot = Snapshot(lookup, heard=follow)
        here, elsewhere = SqliteRegistry(path, snapshot.apply), SqliteRegistry(path)
        tenant = made.tenant()
        async with here.transaction() as change:
            await change.tenants.add(tenant)
        assert (snapshot.version, snapshot.failure) == (1, "")
        broken.append(True)
        async with here.transaction() as change:  # it is stored, so it is acknowledged
            tenant = await change.tenants.put(tenant)
        assert snapshot.version == 1
        assert snapshot.failure
        async with elsewhere.transaction() as change:
            await change.tenants.put(tenant)
        for _ in range(2):
            with refused(TRANSIENT):
                await snapshot.refresh()
            assert snapshot.version == 1
            assert snapshot.failure
            assert heard[-1] == {tenant.id}
        broken.clear()
        await snapshot.refresh()
        assert (snapshot.version, snapshot.failure, heard[-1]) == (3, "", {tenant.id})
        snapshot.version = 9  # the database was restored from a backup
        await snapshot.refresh()
        assert (snapshot.version, heard[-1]) == (3, None)
        for each in (lookup, here, elsewhere):
            each.close()

    run(story())


def test_a_store_that_cannot_be_read_is_a_transient_error(opened):
    async def story():
        async with opened() as (snapshot, registry, _, lookup):
            here = await put_up(registry, world())
            client = await snapshot.client(here.tenant, str(here.app.app_id))

            async def busy(_name):
                raise Refused(STORE_BUSY, reason="disk I/O error")

            lookup.before = busy
            for question in (
                snapshot.tenant(here.tenant.id, ""),
                snapshot.trusted(client),
                snapshot.issuers(here.tenant, made.GITHUB),
                snapshot.refresh(),
            ):
                with refused(TRANSIENT) as caught:
                    await question
                assert "disk I/O error" in caught.value.detail

    run(story())


def test_a_closed_file_is_a_busy_store(tmp_path):
    create(tmp_path / "accredit.db")
    lookup = SqliteLookup(tmp_path / "accredit.db")
    lookup.close()
    with refused(STORE_BUSY):
        asyncio.run(lookup.changes(0))


def test_other_identifiers_than_addresses_and_addresses_without_port_are_derived_as_they_are():
    derived = {"api://own": GRAPH, "https://login.example": GRAPH, "https://[::1]:8443/arm": GRAPH}
    snapshot = Snapshot(RegistryLookup(MemoryRegistry()), derived=derived)
    assert set(snapshot._derived) == {*derived, "https://[::1]/arm"}  # noqa: SLF001


def test_both_ways_of_asking_a_database_answer_alike(tmp_path):
    async def story():
        create(tmp_path / "accredit.db")
        registry, raw = SqliteRegistry(tmp_path / "accredit.db"), SqliteLookup(tmp_path / "accredit.db")
        general = RegistryLookup(registry)
        here, there = await put_up(registry, world()), await put_up(registry, world())
        ids = (here.tenant.id, there.tenant.id, here.app.app_id, here.resource.app_id, made.new_id())
        questions = [("changes", (since,)) for since in range(3)]
        questions += [(name, (each,)) for name in ("tenant", "home") for each in ids]
        questions += [("tenant_of", (each,)) for each in (*here.tenant.domains, "absent.test")]
        questions += [(name, (of, each)) for name in ("application", "principal") for of in ids for each in ids]
        questions += [("credentials", (each,)) for each in (here.app, there.app, made.application(here.tenant))]
        questions += [("issuers", (of, url)) for of in ids for url in (made.GITHUB, "https://absent")]
        keys = (here.app.identifier_uris[0], here.resource.names[0], "api://absent")
        questions += [("owner", (of, each)) for of in ids for each in keys]
        questions += [
            ("roles", (of, here.principal.id, each.id)) for of in ids for each in (here.resource, here.principal)
        ]
        for name, arguments in questions:
            answers = [await getattr(lookup, name)(*arguments) for lookup in (raw, general)]
            assert answers[0] == answers[1], (name, arguments)
        raw.close()
        registry.close()

    asyncio.run(story())


def test_issuer_records_are_shared_while_they_are_the_same_and_forgotten_when_they_are_too_many(tmp_path, monkeypatch):
    async def story():
        create(tmp_path / "accredit.db")
        registry, raw = SqliteRegistry(tmp_path / "accredit.db"), SqliteLookup(tmp_path / "accredit.db")
        here = await put_up(registry, world())
        first = await raw.credentials(here.app)
        assert first[0].issuer is first[1].issuer
        assert (await raw.issuers(here.tenant.id, made.GITHUB))[0] is first[0].issuer
        async with registry.transaction() as change:
            await change.issuers.put(here.issuer)
        second = await raw.credentials(here.app)
        assert second[0].issuer.revision == 2
        monkeypatch.setattr("accredit.stores.lookup._MOST_ISSUERS", 1)
        await put_up(registry, there := world())
        await raw.credentials(there.app)
        assert len(raw._known) == 1  # noqa: SLF001
        raw.close()
        registry.close()

    asyncio.run(story())
