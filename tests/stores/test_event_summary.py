"""Summing up the sign-in log: what a window saw is what plain Python counts, page by page, while more arrives."""

import sqlite3
from collections import defaultdict
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from accredit.errors import QUERY_SYNTAX, QUERY_UNSUPPORTED, Refused
from accredit.interop.odata import read_filter
from accredit.query import And, Compare, Not, Or, Order, Query, StartsWith, matches
from accredit.signins import Event
from accredit.signins.summary import WINDOWS, Summary
from accredit.stores import event_index, event_summary, fresh
from accredit.stores.event_pages import EventPages
from accredit.stores.event_questions import SUMMARIES
from accredit.stores.event_reader import EventReader
from accredit.stores.event_row import INSERT, row
from accredit.stores.properties import nothing
from accredit.stores.sqlite import connect
from tests.stores.attempts import RESOURCE, START, TENANT, client
from tests.support.every import every

ONE = Event(
    id=UUID(int=1),
    at=START,
    tenant_id=TENANT.id,
    app_id=client(1).app_id,
    app_name="deploy-bot-1",
    principal_id=client(1).principal.id,
    correlation_id=UUID(int=2),
    address="192.0.2.7",
    user_agent="Python/3.11",
    evidence="federatedIdentityCredential",
)
DAY = WINDOWS["d1"]
OTHER = UUID(int=0x7F)
MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)


def some_events():
    """Attempts of four days, out of order in time, most of them like others."""
    made = []
    for number in range(90):
        who = client(number % 3)
        at = MIDNIGHT + timedelta(hours=(number * 10) % 77, minutes=number % 4, microseconds=number)
        made.append(
            replace(
                ONE,
                id=uuid4(),
                at=at,
                tenant_id=OTHER if number % 9 == 0 else TENANT.id,
                app_id=who.app_id,
                app_name=who.display_name,
                principal_id=who.principal.id,
                address=["192.0.2.7", "2001:db8::A"][number % 5 == 0],
                code=[0, 700213][number % 4 == 0],
                resource_app_id=RESOURCE.app_id if number % 2 else None,
                count=3 if number % 8 == 0 else 1,
            )
        )
    return made


@pytest.fixture(scope="module")
def events():
    return some_events()


@pytest.fixture(scope="module")
def path(tmp_path_factory, events):
    found = tmp_path_factory.mktemp("log") / "accredit.db"
    fresh.create(found)
    connection = connect(found)
    connection.executemany(INSERT, [row(each) for each in events[:60]])
    event_index.EventIndex(connection).come_to_end()  # the rest stands behind what is indexed
    connection.executemany(INSERT, [row(each) for each in events[60:]])
    connection.close()
    return found


def floor(at, length):
    return at - (at - MIDNIGHT) % length


def told(events, length, condition=None):
    """What plain Python sums up."""
    alike = defaultdict(list)
    for seq, each in enumerate(events):
        if each.tenant_id == TENANT.id:
            key = floor(each.at, length), each.app_id, each.code, each.address, each.resource_app_id
            alike[key].append((seq, each))
    found = []
    for (window, *_), some in alike.items():
        count = sum(each.count for _, each in some)
        found.append((window, some[0][0], Summary(window, some[0][1], min(each.at for _, each in some), count)))
    found.sort(key=lambda each: each[:2], reverse=True)
    return [each for _, _, each in found if condition is None or matches(condition, SUMMARIES.reader(each, nothing))]


def everything(reader, length, condition=None, limit=100):
    found, after = [], None
    for _ in range(100):
        page = reader.summaries(TENANT.id, Query(condition=condition, after=after, limit=limit), length)
        assert len(page.things) <= limit
        found += page.things
        after = page.after
        if after is None:
            return found
    raise AssertionError("the pages do not end")


@every("limit", [2, 7, 500])
@every("window", WINDOWS)
def test_pages_meet(path, events, window, limit):
    with EventReader(path) as reader:
        found = everything(reader, WINDOWS[window], limit=limit)
    assert found == told(events, WINDOWS[window])
    assert sum(each.count for each in found) == sum(each.count for each in events if each.tenant_id == TENANT.id)


@pytest.mark.parametrize(
    "bound",
    [
        ("MOST_READ", 2),
        ("MOST_STEPS", 1),
        ("MOST_ROWS", 60),
        ("MOST_TIME", -1),
        ("MOST_LOOKED", 30),
        ("_WIDEST", 1),
        ("_MANY", 0),
        ("_DEARER", 0),
        ("_DEARER", 1_000),
    ],
)
@pytest.mark.parametrize("window", WINDOWS)
def test_a_page_that_comes_to_the_end_of_what_is_looked_at_says_where_to_go_on(
    path, events, window, bound, monkeypatch
):
    monkeypatch.setattr(event_summary, *bound)
    with EventReader(path) as reader:
        assert everything(reader, WINDOWS[window], limit=9) == told(events, WINDOWS[window])
        rare = Compare("signInCount", "gt", 1_000)
        assert everything(reader, WINDOWS[window], rare, limit=9) == []


def test_windows_that_hold_too_much_together_are_summed_up_one_by_one(path, events, monkeypatch):
    monkeypatch.setattr(event_summary, "MOST_ROWS", 8)
    with EventReader(path) as reader:
        assert everything(reader, WINDOWS["h1"]) == told(events, WINDOWS["h1"])


def test_a_window_with_too_much_in_it_is_refused(path, monkeypatch):
    monkeypatch.setattr(event_summary, "MOST_ROWS", 3)
    with EventReader(path) as reader, pytest.raises(Refused) as caught:
        everything(reader, DAY)
    assert caught.value.row is QUERY_UNSUPPORTED
    assert "shorter" in caught.value.detail


@pytest.fixture(scope="module")
def crowded(tmp_path_factory):
    """A log with little of one tenant among much of another."""
    path = tmp_path_factory.mktemp("log") / "accredit.db"
    fresh.create(path)
    with closing(connect(path)) as connection:
        ours = [replace(ONE, id=uuid4(), tenant_id=TENANT.id, at=MIDNIGHT + timedelta(hours=n)) for n in range(20)]
        spread = [MIDNIGHT + timedelta(seconds=12 * n) for n in range(6_000)]
        others = (replace(ONE, id=uuid4(), at=at, tenant_id=OTHER, app_id=client(2).app_id) for at in spread)
        made = sorted([*ours, *others], key=lambda each: each.at)
        connection.executemany(INSERT, [row(each) for each in made])
        event_index.EventIndex(connection).come_to_end()
    return path, ours


@pytest.mark.parametrize("window", WINDOWS)
def test_a_tenant_with_little_does_not_read_the_log_of_others(crowded, monkeypatch, window):
    path, ours = crowded
    monkeypatch.setattr(event_summary, "LONGEST", -1)  # whatever takes a tick is given up
    monkeypatch.setattr(event_summary, "_OFTEN", 10_000)
    with EventReader(path) as reader:
        assert everything(reader, WINDOWS[window]) == told(ours, WINDOWS[window])
        monkeypatch.setattr(event_summary, "_DEARER", 100_000)  # so that what others do is read
        with pytest.raises(Refused) as caught:
            everything(reader, DAY)
        assert caught.value.row is QUERY_UNSUPPORTED
        assert "too long" in caught.value.detail


def test_what_there_is_no_time_for_any_more_is_left_to_the_next_page(path, events, monkeypatch):
    summing, steps = event_summary._Summing, []  # noqa: SLF001
    step = summing._step  # noqa: SLF001

    def interrupted(self):
        steps.append(self)
        if len(steps) % 2 == 0 and steps[-2] is self:
            raise ended
        return step(self)

    with closing(connect(path)) as connection:
        connection.set_progress_handler(lambda: True, 1)
        with pytest.raises(sqlite3.OperationalError) as caught:
            connection.execute("SELECT count(*) FROM signins").fetchone()
    ended = caught.value
    monkeypatch.setattr(event_summary, "_WIDEST", 1)
    monkeypatch.setattr(summing, "_step", interrupted)
    with EventReader(path) as reader:
        assert everything(reader, WINDOWS["h6"]) == told(events, WINDOWS["h6"])
    assert len(steps) > 4
    monkeypatch.setattr(summing, "_step", lambda self: self.connection.execute("SELECT nothing"))
    with EventReader(path) as reader, pytest.raises(sqlite3.OperationalError):
        everything(reader, WINDOWS["h6"])


IDS = [str(client(1).app_id), str(client(2).app_id).upper(), str(RESOURCE.app_id), "", "x"]
TEXTS = ["deploy-bot-1", "192.0.2.7", "2001:DB8::a", str(client(1).principal.id), "notApplied", "none", ""]
ORDERED = st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"])
TIMES = st.integers(-30, 110).map(lambda n: MIDNIGHT + timedelta(hours=n)) | st.sampled_from(
    [datetime(1960, 1, 1, tzinfo=UTC), datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]
)


def conditions():
    of_type = defaultdict(list)
    for name, each in SUMMARIES.properties.items():
        of_type[getattr(each, "type", "text")].append(name)
    leaves = st.one_of(
        st.builds(Compare, st.sampled_from(of_type["id"]), st.sampled_from(["eq", "ne"]), st.sampled_from(IDS)),
        st.builds(Compare, st.sampled_from(of_type["text"]), ORDERED, st.sampled_from(TEXTS)),
        st.builds(StartsWith, st.sampled_from(of_type["text"]), st.sampled_from(["deploy", "192", "2001:DB8", ""])),
        st.builds(Compare, st.just("aggregationDateTime"), ORDERED, TIMES),
        st.builds(Compare, st.sampled_from(of_type["number"]), ORDERED, st.sampled_from([0, 1, 3, 700213])),
    )
    return st.recursive(
        leaves,
        lambda inner: (
            st.builds(Not, inner)
            | st.builds(lambda a, b: And((a, b)), inner, inner)
            | st.builds(lambda a, b: Or((a, b)), inner, inner)
        ),
        max_leaves=4,
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(condition=conditions(), window=st.sampled_from(list(WINDOWS)), limit=st.sampled_from([4, 100]))
def test_what_is_found_is_what_plain_python_finds(path, events, condition, window, limit):
    with EventReader(path) as reader:
        assert everything(reader, WINDOWS[window], condition, limit) == told(events, WINDOWS[window], condition)


FILTERS = {
    "an application": ("appId eq '{app}'", lambda each: each.first.app_id == client(1).app_id),
    "refusals": ("status/errorCode ne 0", lambda each: each.first.code != 0),
    "an address": ("startswith(ipAddress,'2001:')", lambda each: ":" in each.first.address),
    "a day": (
        "aggregationDateTime ge 2026-03-02T00:00:00Z and aggregationDateTime lt 2026-03-03T00:00:00Z",
        lambda each: each.window == MIDNIGHT + DAY,
    ),
    "often": ("signInCount ge 4", lambda each: each.count >= 4),
    "what is of nobody else": ("tenantId eq '{tenant}' and managedServiceIdentity/msiType eq 'none'", lambda _: True),
    "agents": ("agent/agentType ne 'notAgentic'", lambda _: False),
}


@every("text", FILTERS)
def test_filters_as_they_are_sent(path, events, text):
    filter_, meets = FILTERS[text]
    condition = read_filter(filter_.format(app=client(1).app_id, tenant=TENANT.id), kind="SummarizedSignIn")
    expected = [each for each in told(events, DAY) if meets(each)]
    with EventReader(path) as reader:
        assert everything(reader, DAY, condition, 4) == expected


def test_one_is_found_by_its_id(path, events):
    wanted = told(events, DAY)[5]
    with EventReader(path) as reader:
        assert everything(reader, DAY, Compare("id", "eq", str(wanted.first.id))) == [wanted]
        of_another_tenant = next(each for each in events if each.tenant_id == OTHER)
        for nobody in (of_another_tenant.id, uuid4()):
            assert everything(reader, DAY, Compare("id", "eq", str(nobody))) == []


def test_what_is_there_keeps_its_place_while_more_arrives(tmp_path, events):
    path = tmp_path / "accredit.db"
    fresh.create(path)
    connection = connect(path)
    connection.executemany(INSERT, [row(each) for each in events])
    expected = told(events, DAY)
    more = [replace(each, id=uuid4()) for each in events[50:]]  # like those that are there
    new = [replace(ONE, id=uuid4(), at=events[0].at, tenant_id=TENANT.id, address=f"198.51.100.{n}") for n in range(9)]
    with EventReader(path) as reader:
        first = reader.summaries(TENANT.id, Query(limit=3), DAY)
        connection.executemany(INSERT, [row(each) for each in [*more, *new]])
        rest, after = [], first.after
        while after is not None:
            page = reader.summaries(TENANT.id, Query(limit=3, after=after), DAY)
            rest += page.things
            after = page.after
    connection.close()
    old = {each.first.id for each in expected}
    assert [each.first.id for each in [*first.things, *rest] if each.first.id in old] == [
        each.first.id for each in expected
    ]


UNSUPPORTED = {
    "a property that there is none of": Query(condition=Compare("location", "eq", "x"), limit=1),
    "a number that is a text": Query(condition=Compare("signInCount", "eq", "0"), limit=1),
    "the beginning of an id": Query(condition=StartsWith("appId", "a"), limit=1),
    "an order": Query(order=Order("appId"), limit=1),
    "another order": Query(order=Order("aggregationDateTime"), limit=1),
}


@every("query", UNSUPPORTED.values(), ids=UNSUPPORTED.keys())
def test_what_cannot_be_asked(path, query):
    with EventReader(path) as reader, pytest.raises(Refused) as caught:
        reader.summaries(TENANT.id, query, DAY)
    assert caught.value.row is QUERY_UNSUPPORTED


@every("after", [(None, "1"), ("x", "1"), (START, "x"), (START, "9" * 30), (START, "-1")])
def test_a_place_that_is_none(path, after):
    with EventReader(path) as reader, pytest.raises(Refused) as caught:
        reader.summaries(TENANT.id, Query(after=after, limit=1), DAY)
    assert caught.value.row is QUERY_SYNTAX


@pytest.mark.anyio
async def test_an_empty_log(tmp_path):
    fresh.create(tmp_path / "accredit.db")
    pages = EventPages(tmp_path / "accredit.db")
    for condition in (None, Compare("appId", "eq", str(client(1).app_id)), Compare("id", "eq", str(uuid4()))):
        page = await pages.summaries(TENANT.id, Query(condition=condition, limit=9), DAY)
        assert (page.things, page.after) == ((), None)
    pages.close()


def test_no_question_reads_the_whole_log(path):
    with EventReader(path) as reader:
        connection, asked = reader._connection, []  # noqa: SLF001  the plan of what is really asked
        for condition in (None, Compare("appId", "eq", str(client(1).app_id))):
            connection.set_trace_callback(asked.append)
            reader.summaries(TENANT.id, Query(condition=condition, limit=2), DAY)
            connection.set_trace_callback(None)
        statements = [each for each in asked if each.startswith("SELECT")]
        plan = [step[3] for each in statements for step in connection.execute(f"EXPLAIN QUERY PLAN {each}")]
    assert statements
    assert [
        step for step in plan if step.startswith("SCAN") and "signins_indexed" not in step and "signin" in step
    ] == []
