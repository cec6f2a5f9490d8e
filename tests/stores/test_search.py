"""What is asked of a store is answered as the condition says in plain Python: in memory, in a view and in a change."""

import asyncio
import re
from contextlib import asynccontextmanager, closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accredit.directory import PrincipalRegistration, Registration
from accredit.query import ITSELF, And, Compare, Not, OneOf, Or, Order, Query, StartsWith, comparable, matches
from accredit.query import Any as AnyOf
from accredit.signins import Actor, Target
from accredit.stores import aside, searching
from accredit.stores.fresh import create
from accredit.stores.kinds import KINDS
from accredit.stores.memory import MemoryRegistry
from accredit.stores.sqlite import SqliteRegistry, connect
from tests.stores import made, questions
from tests.stores.questions import IDS, TEXTS, TIMES

TAGS = st.lists(TEXTS, max_size=3).map(tuple)


@st.composite
def directories(draw):
    """Two tenants' things, as they are put on their shelves; what an index refuses is left out."""
    tenants = [made.tenant(), made.tenant()]
    things = {"tenants": tenants, "issuers": [], "applications": [], "principals": [], "audits": []}
    things |= {"credentials": [], "assignments": [], "delegated_grants": [], "role_assignments": []}
    for _ in range(draw(st.integers(1, 6))):
        registration = Registration(
            unique_name=draw(st.none() | TEXTS.map(lambda text: f"{text}{made.new_id()}")),
            tags=draw(TAGS),
            sign_in_audience=draw(st.sampled_from(["AzureADMyOrg", "azureadmultipleorgs"])),
        )
        app = made.application(
            tenants[draw(st.integers(0, 5)) // 5],
            display_name=draw(TEXTS),
            created_at=draw(TIMES),
            disabled=draw(st.booleans()),
            public=draw(st.booleans()),
            identifier_uris=tuple(f"{uri}{made.new_id()}" for uri in draw(TAGS)),
            registration=registration,
        )
        things["applications"].append(app)
        carried = PrincipalRegistration(alternative_names=draw(TAGS), tags=draw(TAGS))
        given = {"display_name": draw(TEXTS), "created_at": draw(TIMES), "registration": carried}
        given |= {"enabled": draw(st.booleans()), "assignment_required": draw(st.booleans())}
        things["principals"].append(made.principal(app, **given))
        foreign = {"owner_tenant_id": draw(st.none() | IDS), "names": (f"https://{made.new_id()}",)}
        things["principals"].append(made.well_known(tenants[0], made.new_id(), **given | foreign))
    related(draw, things)
    return things


def related(draw, things):
    home = things["tenants"][0]
    principals = [each for each in things["principals"] if each.tenant_id == home.id]
    apps = [each for each in things["applications"] if each.tenant_id == home.id]
    issuers = things["issuers"] = [made.issuer(home, f"https://{draw(TEXTS)}") for _ in range(2)]
    for app in apps:
        for issuer in issuers:
            make = made.by_expression if draw(st.booleans()) else made.credential
            things["credentials"].append(make(app, issuer, name=f"{draw(TEXTS)}{made.new_id()}"))
    one = st.sampled_from(principals)
    for _ in range(draw(st.integers(0, 4))):
        at, role = draw(TIMES), made.new_id()
        things["assignments"].append(made.assignment(draw(one), draw(one), role_id=role, created_at=at))
        user = {"consent_type": "Principal", "user_id": made.new_id()} if draw(st.booleans()) else {}
        if user or not things["delegated_grants"]:
            things["delegated_grants"].append(made.delegated_grant(draw(one), draw(one), scope=draw(TEXTS), **user))
        things["role_assignments"].append(made.role_assignment(draw(one), scope=draw(TEXTS)))
        of = draw(st.sampled_from([*things["tenants"], None]))
        correlation = draw(IDS)
        given = {"operation": draw(st.sampled_from(["Add", "Update", "Delete"])), "correlation_id": correlation}
        given["actor"] = Actor(name="a", app_id=draw(st.just("") | IDS.map(str)))
        given["targets"] = tuple(Target(id=each, kind="X", name="x") for each in draw(st.lists(IDS, max_size=3)))
        things["audits"].append(made.audit(of, at=draw(TIMES), activity=draw(TEXTS), **given))


async def filled(registry, things):
    async with registry.transaction() as change:
        for shelf, values in things.items():
            for each in values:
                await (change.audit(each) if shelf == "audits" else getattr(change, shelf).add(each))


def plain(shelf, value, things):
    if shelf == "principals":
        owner = [each for each in things["applications"] if each.id == value.application_id]
        return questions.principal(value, owner[0] if owner else None)
    return questions.READ[shelf](value)


def expected(shelf, query, things, **where):
    """What a page must hold, by the plain meaning of the condition and the order."""
    rows = [(plain(shelf, each, things), each) for each in things[shelf]]
    rows = [row for row in rows if all(getattr(row[1], name) == wanted for name, wanted in where.items())]
    if query.condition is not None:
        rows = [row for row in rows if matches(query.condition, row[0].__getitem__)]
    if query.order is None and shelf == "audits":
        return [each for _, each in sorted(rows, key=lambda row: (row[0]["activityDateTime"], row[0]["id"]))][::-1]

    def rank(row):
        value = row[0][query.order.name] if query.order else None
        return value is not None, comparable(value), row[0]["id"]

    ordered = [each for _, each in sorted(rows, key=rank)]
    return ordered[::-1] if query.order and query.order.descending else ordered


class Stores:
    """The stores that are asked the same, and what is put into all of them for a while."""

    def __init__(self, folder):
        create(folder / "accredit.db")
        self.memory, self.file = MemoryRegistry(), SqliteRegistry(folder / "accredit.db")

    @asynccontextmanager
    async def holding(self, things):
        """Memory; the file as it is viewed; the file inside a change."""
        for registry in (self.memory, self.file):
            await filled(registry, things)
        async with self.memory.reading() as one, self.file.reading() as two, self.file.transaction() as three:
            yield [one, two, three]
        for registry in (self.memory, self.file):
            async with registry.transaction() as change:
                for each in things["tenants"]:
                    await change.tenants.remove(each)


def search(view, shelf, query, tenant):
    if shelf == "audits":
        return view.audits.search(query, tenant_id=tenant)
    return getattr(view, shelf).search(query, tenant_id=tenant)


async def paged(view, shelf, query, tenant, things):
    """Walk through all pages, from each to the next as a caller does."""
    seen, after = [], None
    for _ in range(100):
        asked = Query(condition=query.condition, order=query.order, after=after, limit=query.limit)
        page = await search(view, shelf, asked, tenant)
        seen.extend(page.things)
        if page.after is None:
            return seen
        assert len(page.things) == query.limit
        last = plain(shelf, page.things[-1], things)
        named = query.order.name if query.order else "activityDateTime" if shelf == "audits" else None
        after = page.after
        assert after == (last[named] if named else None, last["id"])
    raise AssertionError("there is no end to it")


WAYS = {
    "what few have is gathered": (searching.FEW, aside.STEPS),
    "rows are walked through, aside": (0, 0),
    "some are gathered": (1, 0),
}


@pytest.mark.timeout(300)  # a law over a real file
@pytest.mark.parametrize(("few", "steps"), WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("shelf", questions.FORMS)
def test_every_store_answers_what_the_condition_says(shelf, few, steps, tmp_path, monkeypatch):
    monkeypatch.setattr(searching, "FEW", few)
    monkeypatch.setattr(aside, "STEPS", steps)
    monkeypatch.setattr(aside, "_LOOKED_AT_AFTER", 1)
    stores = Stores(tmp_path)

    @settings(max_examples=25, deadline=None)
    @given(things=directories(), data=st.data())
    def law(things, data):
        wanted = st.builds(
            Query,
            condition=st.none() | questions.conditions(shelf, known(shelf, things)),
            order=questions.orders(shelf),
            limit=st.integers(1, 9),
        )
        asyncio.run(agree(stores, shelf, things, data.draw(st.lists(wanted, min_size=1, max_size=8))))

    law()
    stores.file.close()


def known(shelf, things):
    """The values that are there, by the name of the property."""
    found = {}
    for value in things[shelf]:
        for name, each in plain(shelf, value, things).items():
            values = each if isinstance(each, tuple) else (each,)
            found.setdefault(name, []).extend(one for one in values if one is not None)
    return found


async def agree(stores, shelf, things, wanted):
    tenant = things["tenants"][0].id
    async with stores.holding(things) as views:
        for query in wanted:
            right = expected(shelf, query, things, tenant_id=tenant)
            for view in views:
                assert await paged(view, shelf, query, tenant, things) == right
                counting = Query(condition=query.condition, limit=0, counted=True)
                assert (await search(view, shelf, counting, tenant)).count == len(right)


URI = AnyOf("identifierUris", Compare(ITSELF, "eq", "api://x"))
NAME = AnyOf("servicePrincipalNames", Compare(ITSELF, "eq", "api://x"))
TAG = AnyOf("tags", Compare(ITSELF, "eq", "x"))
ONE = Compare("appId", "eq", str(made.new_id()))
SOME = OneOf("appId", tuple(str(made.new_id()) for _ in range(15)))
BEGINS = StartsWith("displayName", "x")
SINCE = Compare("createdDateTime", "ge", made.AT)
BY_NAME, BY_AGE = Order("displayName"), Order("createdDateTime", descending=True)
LATER = (None, str(made.new_id()))
PLANS = {
    "a page of all": ("applications", Query(limit=9), ["tenant_id=?"]),
    "the next page of all": ("applications", Query(after=LATER, limit=9), ["tenant_id=? AND id>?"]),
    "one by its appId": ("applications", Query(condition=ONE, limit=9), ["tenant_id=? AND app_id=?"]),
    "some by their appId": ("principals", Query(condition=SOME, limit=9), ["tenant_id=? AND app_id=?"]),
    "some by their appId, by name": (
        "principals",
        Query(condition=SOME, order=BY_NAME, limit=9),
        ["tenant_id=? AND app_id=?", "tenant_id=? AND id=?"],
    ),
    "one by its unique name": (
        "applications",
        Query(condition=Compare("uniqueName", "eq", "x"), limit=9),
        ["unique_name=?"],
    ),
    "one by an identifier": (
        "applications",
        Query(condition=URI, order=BY_NAME, limit=9),
        ["tenant_id=? AND property=? AND folded=?", "tenant_id=? AND id=?"],
    ),
    "one by what it is called": (
        "principals",
        Query(condition=NAME, limit=9),
        ["tenant_id=? AND property=? AND folded=?", "tenant_id=? AND application_id=?"],
    ),
    "one or another": (
        "applications",
        Query(condition=Or((BEGINS, ONE, And((TAG, Compare("isDisabled", "eq", True))))), order=BY_NAME, limit=9),
        ["display_name_folded>? AND display_name_folded<?", "app_id=?", "tenant_id=? AND property=? AND folded=?"],
    ),
    "some by how their name begins": (
        "applications",
        Query(condition=BEGINS, limit=9),
        ["display_name_folded>? AND display_name_folded<?"],
    ),
    "those of a time": (
        "principals",
        Query(condition=And((SINCE, Compare("createdDateTime", "lt", made.AT))), limit=9),
        ["created_at>? AND created_at<?"],
    ),
    "all by time": ("principals", Query(order=BY_AGE, after=(made.AT, LATER[1]), limit=9), ["created_at<?"]),
    "all by name": ("applications", Query(order=BY_NAME, after=("x", LATER[1]), limit=9), ["display_name_folded>?"]),
    "those that lack a tag": ("applications", Query(condition=Not(TAG), limit=9), ["folded=? AND owner_id=?"]),
    "whom a resource admits": (
        "assignments",
        Query(condition=Compare("resourceId", "eq", LATER[1]), limit=9),
        ["tenant_id=? AND resource_id=?"],
    ),
}


def plans(shelf, query, path, found=1):
    """The steps of every statement that a page takes. ``found``: what an index is said to give."""
    with closing(connect(path)) as connection:
        steps = []

        async def ask(statement):
            asked, values = searching.plain(statement)
            steps.append([row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {asked}", values)])
            return [found]

        kind = next(each for each in KINDS if each.table == shelf)
        asyncio.run(searching.search(kind, query, {"tenant_id": made.new_id()}, ask))
    return steps


@pytest.mark.parametrize("sentence", PLANS)
def test_what_is_asked_often_is_answered_by_an_index(sentence, tmp_path):
    shelf, query, wanted = PLANS[sentence]
    create(tmp_path / "accredit.db")
    steps = [step for each in plans(shelf, query, tmp_path / "accredit.db") for step in each]
    for each in wanted:
        assert any(each in step for step in steps), steps
    own = [step for step in steps if step.startswith("SCAN") and not re.fullmatch(r"SCAN anon_\w+|SCAN \(sub.*", step)]
    assert own == []  # what is scanned is what an index gave


ONE_TARGET = AnyOf("targetResources/id", Compare(ITSELF, "eq", str(made.new_id())))
RECORDS = {
    "the record of an id": Compare("id", "eq", str(made.new_id())),
    "the records of one object": ONE_TARGET,
    "the records of two objects": Or(
        (ONE_TARGET, AnyOf("targetResources/id", Compare(ITSELF, "eq", str(made.new_id()))))
    ),
    "the records of one correlation id": Compare("correlationId", "eq", str(made.new_id())),
}


@pytest.mark.parametrize("condition", RECORDS.values(), ids=RECORDS.keys())
def test_of_few_records_only_those_are_looked_at(condition, tmp_path):
    create(tmp_path / "accredit.db")
    query = Query(condition=condition, order=Order("activityDateTime", descending=True), limit=20)
    with closing(connect(tmp_path / "accredit.db")) as connection:
        steps = []

        async def ask(statement):
            asked, values = searching.plain(statement)
            steps.extend(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {asked}", values))
            return [0]

        asyncio.run(searching.audits(query, made.new_id(), ask))
    assert any("SEARCH audits USING INDEX sqlite_autoindex_audits_1 (id=?)" in each for each in steps), steps
    assert [each for each in steps if each.startswith("S") and "(tenant_id=?)" in each] == []


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("condition", [None, StartsWith("displayName", "x"), Not(TAG), TAG])
def test_a_page_by_name_is_read_from_the_index_in_order(condition, descending, tmp_path):
    create(tmp_path / "accredit.db")
    order = Order("displayName", descending=descending)
    query = Query(condition=condition, order=order, after=("x", str(made.new_id())), limit=100)
    *_, page = plans("applications", query, tmp_path / "accredit.db", found=searching.FEW + 1)
    assert "ix_applications_tenant_id_display_name_folded_id (tenant_id=? AND display_name_folded" in page[0]
    assert not [step for step in page if "ORDER BY" in step]  # nothing is sorted
