"""One machine over the port of the directory: whatever is done, every store does what the simplest model does.

The model is a dict for each shelf. The stores are driven side by side with it, and must agree with it on every answer
and on every refusal; a snapshot over each of them must never show anything but what the model says now.
"""

import asyncio
import tempfile
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test

from accredit.errors import Refused
from accredit.query import Query
from accredit.stores.fresh import create
from accredit.stores.lookup import RegistryLookup, SqliteLookup
from accredit.stores.memory import MemoryRegistry
from accredit.stores.snapshot import Snapshot
from accredit.stores.sqlite import SqliteRegistry
from tests.stores import made
from tests.stores.conformance.store import SHELVES

NAMES = st.sampled_from(["api://a", "api://a/", "API://A", "api://b", "https://x.example/p"])
LABELS = st.sampled_from(["one", "two", "three"])
REFERRING = ("tenant_id", "application_id", "principal_id", "resource_id", "owner_id", "client_id")
DOMAINS = st.sampled_from(["a.test", "b.test", "c.test"])


class Undone(Exception):
    """Raised inside a change to have it undone."""


class Directories(RuleBasedStateMachine):
    """Things are made, changed, removed, or nearly so, in two stores at once."""

    things = Bundle("things")

    def __init__(self):
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "accredit.db"
        create(path)
        memory = MemoryRegistry()
        self.lookup = SqliteLookup(path)
        self.snapshots = [Snapshot(RegistryLookup(memory)), Snapshot(self.lookup)]
        memory.changed = self.snapshots[0].apply
        self.sql = SqliteRegistry(path, self.snapshots[1].apply)
        self.elsewhere = SqliteRegistry(path)
        self.stores = [memory, self.sql]
        self.model = {shelf: {} for shelf in SHELVES[:-1]}
        self.tenants, self.apps, self.principals, self.issuers = {}, {}, {}, {}

    def teardown(self):
        self.sql.close()
        self.elsewhere.close()
        self.lookup.close()
        self.runner.close()
        self.folder.cleanup()

    def both(self, act, *, undone=False):
        """Do the same in each store; return what came of it, which must be the same."""
        outcomes = [self.runner.run(attempt(store, act, undone=undone)) for store in self.stores]
        first, second = outcomes
        assert shape(first) == shape(second)
        return first

    def add(self, shelf, value):
        outcome = self.both(lambda change: getattr(change, shelf).add(value))
        if not isinstance(outcome, Refused):
            self.model[shelf][value.id] = value
        return (shelf, value.id)

    @rule(target=things, domains=st.lists(DOMAINS, max_size=2))
    def add_tenant(self, domains):
        return self.add("tenants", made.tenant(domains=tuple(domains)))

    @rule(target=things, of=things, names=st.lists(NAMES, max_size=2), label=LABELS)
    def add_application(self, of, names, label):
        tenant = self.any_of("tenants", of)
        return self.add("applications", made.application(tenant, identifier_uris=tuple(names), display_name=label))

    @rule(target=things, of=things, names=st.lists(NAMES, max_size=1), own=st.booleans())
    def add_principal(self, of, names, own):
        app = self.any_of("applications", of)
        made_of = made.principal(app) if own else made.well_known(self.any_of("tenants", of), app.app_id)
        return self.add("principals", msgspec.structs.replace(made_of, names=tuple(names)))

    @rule(target=things, of=things)
    def add_issuer(self, of):
        return self.add("issuers", made.issuer(self.any_of("tenants", of)))

    @rule(target=things, of=things, by=things, name=LABELS, subject=LABELS, expression=st.booleans())
    def add_credential(self, of, by, name, subject, expression):
        app, issuer = self.any_of("applications", of), self.any_of("issuers", by)
        given = {"name": name} if expression else {"name": name, "subject": subject}
        make = made.by_expression if expression else made.credential
        return self.add("credentials", make(app, issuer, **given))

    @rule(target=things, who=things, on=things)
    def add_assignment(self, who, on):
        return self.add("assignments", made.assignment(self.any_of("principals", who), self.any_of("principals", on)))

    @rule(target=things, who=things, of=things, app=st.booleans())
    def add_ownership(self, who, of, app):
        owned = self.any_of("applications" if app else "principals", of)
        return self.add("ownerships", made.ownership(self.any_of("principals", who), owned))

    @rule(target=things, who=things, on=things)
    def add_delegated_grant(self, who, on):
        grant = made.delegated_grant(self.any_of("principals", who), self.any_of("principals", on))
        return self.add("delegated_grants", grant)

    @rule(target=things, who=things)
    def add_role_assignment(self, who):
        return self.add("role_assignments", made.role_assignment(self.any_of("principals", who)))

    @rule(thing=things, names=st.lists(NAMES, max_size=2), label=LABELS, stale=st.booleans(), flag=st.booleans())
    def change(self, thing, names, label, stale, flag):
        shelf, key = thing
        if key not in self.model[shelf]:
            return
        value = self.model[shelf][key]
        wanted = {
            "tenants": {"display_name": label, "multi_audience": "listed" if flag else None},
            "applications": {"identifier_uris": tuple(names), "display_name": label, "disabled": flag},
            "principals": {"names": tuple(names[:1]), "enabled": flag},
            "issuers": {"blocked": flag},
            "credentials": {"name": label, "enabled": flag},
            "assignments": {"role_id": made.READER.id if flag else key},
            "ownerships": {"owner_id": value.owner_id if flag else key} if shelf == "ownerships" else {},
            "delegated_grants": {"scope": label},
            "role_assignments": {"scope": label},
        }[shelf]
        changed = msgspec.structs.replace(value, **wanted, revision=value.revision - stale)
        outcome = self.both(lambda change: getattr(change, shelf).put(changed))
        assert not stale or isinstance(outcome, Refused)
        if not isinstance(outcome, Refused):
            assert outcome.revision == value.revision + 1
            self.model[shelf][key] = outcome
            if shelf == "issuers":
                self.follow_issuer(outcome)

    @rule(thing=consumes(things), undone=st.booleans())
    def remove(self, thing, undone):
        shelf, key = thing
        if key not in self.model[shelf]:
            return
        value = self.model[shelf][key]
        outcome = self.both(lambda change: getattr(change, shelf).remove(value), undone=undone)
        if outcome is None and not undone:
            self.take(shelf, key)

    @rule(thing=things)
    def change_elsewhere(self, thing):
        """Another process changes an application; this one hears of it when it refreshes."""
        shelf, key = thing
        if shelf != "credentials" or key not in self.model[shelf]:
            return
        value = msgspec.structs.replace(self.model[shelf][key], enabled=not self.model[shelf][key].enabled)
        self.runner.run(attempt(self.stores[0], lambda change: change.credentials.put(value)))
        self.model[shelf][key] = self.runner.run(attempt(self.elsewhere, lambda change: change.credentials.put(value)))
        self.runner.run(self.snapshots[1].refresh())

    def any_of(self, shelf, thing):
        """The thing itself when it is of this shelf, else one of the shelf's, else one that was never stored."""
        found = self.model[shelf]
        if thing[0] == shelf and thing[1] in found:
            return found[thing[1]]
        if found:
            return found[sorted(found)[thing[1].int % len(found)]]
        tenant = next(iter(self.model["tenants"].values()), None) or made.tenant(id=UUID(int=7))
        app = made.application(tenant, id=UUID(int=8))
        never_stored = {"tenants": tenant, "applications": app, "issuers": made.issuer(tenant, id=UUID(int=9))}
        return never_stored.get(shelf) or made.principal(app, id=UUID(int=10))

    def follow_issuer(self, issuer):
        for key, each in self.model["credentials"].items():
            if each.issuer.id == issuer.id:
                self.model["credentials"][key] = msgspec.structs.replace(each, issuer=issuer)

    def take(self, shelf, key):
        """Remove from the model, with all that hangs on it."""
        self.model[shelf].pop(key)
        for other, values in self.model.items():
            hanging = [
                each.id for each in values.values() if key in {getattr(each, member, None) for member in REFERRING}
            ]
            for each in hanging:
                if each in values:
                    self.take(other, each)

    @invariant()
    def stores_hold_what_the_model_holds(self):
        for store in self.stores:
            for shelf, values in self.model.items():
                held = self.runner.run(page(store, shelf))
                assert held == [values[key] for key in sorted(values)]

    @invariant()
    def snapshots_show_what_the_model_holds(self):
        for snapshot in self.snapshots:
            self.runner.run(self.ask(snapshot))

    async def ask(self, snapshot):
        by_app = {(each.tenant_id, each.app_id): each for each in self.model["principals"].values()}
        for tenant in self.model["tenants"].values():
            assert await snapshot.tenant(tenant.id, "") == tenant
            for domain in tenant.domains:
                assert await snapshot.tenant(domain, "") == tenant
        for app in self.model["applications"].values():
            tenant, principal = self.model["tenants"][app.tenant_id], by_app.get((app.tenant_id, app.app_id))
            if principal is None:
                with pytest.raises(Refused):
                    await snapshot.client(tenant, str(app.app_id))
                continue
            client = await snapshot.client(tenant, str(app.app_id))
            assert (client.application, client.principal) == (app, principal)
            mine = {each for each in self.model["credentials"].values() if each.application_id == app.id}
            trusted = await snapshot.trusted(client)
            assert {each.id for each in trusted.credentials} == {each.id for each in mine if each.enabled}
            assert all(self.model["credentials"][each.id] == each for each in trusted.credentials)
            assert trusted.multi_audience == tenant.several_audiences
            await self.ask_resources(snapshot, client, tenant)

    async def ask_resources(self, snapshot, client, tenant):
        for api in self.model["principals"].values():
            if api.tenant_id != tenant.id:
                continue
            app = self.model["applications"].get(api.application_id)
            if not api.enabled or (app is not None and app.disabled):
                with pytest.raises(Refused):
                    await snapshot.resource(tenant, str(api.app_id))
                continue
            names = (*(app.identifier_uris if app else ()), *api.names)
            for wanted in (str(api.app_id), *names):
                resource = await snapshot.resource(tenant, wanted)
                assert (resource.principal_id, resource.names) == (api.id, names)
                granted = [
                    each
                    for each in self.model["assignments"].values()
                    if (each.principal_id, each.resource_id) == (client.principal.id, api.id)
                ]
                assert (await snapshot.held(client, resource)).assigned == bool(granted)


def fail(undone):
    if undone:
        raise Undone


async def attempt(store, act, *, undone=False):
    """Do one thing in one change; return its answer or its refusal. ``undone``: the change fails after it."""
    answer = None
    try:
        async with store.transaction() as change:
            answer = await act(change)
            fail(undone)
    except Refused as refused:
        return refused
    except Undone:
        return answer
    return answer


async def page(store, shelf):
    async with store.reading() as view:
        return (await getattr(view, shelf).search(Query(limit=1_000))).things


def shape(outcome):
    return (outcome.row.name, dict(outcome.fields)) if isinstance(outcome, Refused) else outcome


@pytest.mark.timeout(300)  # a law of many steps on real files; what it takes depends on the disk
def test_every_store_does_what_the_model_does():
    run_state_machine_as_test(Directories, settings=settings(stateful_step_count=40))
