"""The sign-in log with 10^5 events: it answers what plain Python answers over the same events, by way of its indexes.

How fast that is, no test says: ``make bench BENCH=B9`` does.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random

import pytest

from accredit.query import And, Compare, Order, Query
from accredit.stores import event_search, fresh
from accredit.stores.batches import Batch, Entry
from accredit.stores.event_counts import OF_USES, SUMS
from accredit.stores.event_index import EventIndex
from accredit.stores.event_reader import EventReader
from accredit.stores.sqlite import connect
from accredit.stores.sqlite_events import SqliteSink
from benchmarks import synthetic
from benchmarks.asked import TENANT, Known, Questions
from benchmarks.synthetic import CHUNK, KEPT, Plan
from tests.stores.attempts import of_correlation

ROWS = 100_000
PLAN = Plan(ROWS, datetime(2026, 9, 1, 7, 30, tzinfo=UTC), applications=2_000)
DAY = timedelta(days=1)
CODE, CREATED = "status/errorCode", "createdDateTime"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.xdist_group("log_at_scale")]  # made once


class Log:
    """The log, and all of its events in the order in which they stand there."""

    def __init__(self, path):
        self.path = path
        fresh.create(path)
        synthetic.write(path, PLAN)
        self.events = []
        for chunk in PLAN.chunks:
            made = list(PLAN.events(chunk))
            self.events += [each for each in made if each.count == 1] + [each for each in made if each.count > 1]

    def of(self, app_id):
        """An application's events, newest first, as the log orders them."""
        found = [(each.at, place, each) for place, each in enumerate(self.events) if each.app_id == app_id]
        return [each for _, _, each in sorted(found, key=lambda it: it[:2], reverse=True)]


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return Log(tmp_path_factory.mktemp("scale") / "accredit.db")


@pytest.fixture
def reader(log):
    with EventReader(log.path) as opened:
        yield opened


@pytest.fixture(scope="module")
def applications(log):
    """Some that sign in often, and some that do not."""
    counted = [app_id for app_id, _ in Counter(each.app_id for each in log.events).most_common()]
    return counted[:3] + counted[len(counted) // 2 :][:3] + counted[-3:]


def all_pages(reader, query):
    found, following = [], query
    for _ in range(1_000):
        page = reader.search(TENANT, following)
        found += page.things
        if page.after is None:
            return found
        following = Query(condition=query.condition, order=query.order, after=page.after, limit=query.limit)
    raise AssertionError("the pages do not end")


def test_the_same_plan_makes_the_same_events_and_another_seed_others(log):
    chunk = 3
    again = list(PLAN.events(chunk))
    stored = log.events[chunk * CHUNK : (chunk + 1) * CHUNK]
    assert sorted(again, key=lambda each: each.id) == sorted(stored, key=lambda each: each.id)
    other = Plan(ROWS, PLAN.until, applications=PLAN.applications, seed=10)
    assert next(other.events(0)) != next(PLAN.events(0))


def test_there_is_of_everything_as_much_as_there_should_be(log):
    codes = Counter(each.code for each in log.events)
    assert 0.95 < codes[0] / ROWS < 0.97
    assert codes.keys() >= {0, 700211, 700212, 700213, 7002131, 700024, 700027, 501051, 7000215, 7000222}
    assert {each.evidence for each in log.events} >= {"clientSecret", "federatedIdentityCredential"}
    assert any(each.count > 1 for each in log.events)
    assert any(each.clause and each.claims for each in log.events)
    assert all(
        each.verdicts for each in log.events if each.code in (700211, 700212, 700213, 7002131) and each.count == 1
    )
    assert 0.2 < sum(each.correlation_id != each.id for each in log.events) / ROWS < 0.6
    times = [each.at for each in log.events]
    assert PLAN.until - 91 * DAY < min(times) < PLAN.until - 89 * DAY
    assert PLAN.until - DAY < max(times) <= PLAN.until


TABLES = "signins", "claim_sets", "signins_by_application", "signins_by_minute", *SUMS, *OF_USES


def contents(path):
    """All that a log consists of, once its index has come to the end of it."""
    with closing(connect(path)) as connection:
        EventIndex(connection).come_to_end()
        return {table: sorted(connection.execute(f"SELECT * FROM {table}"), key=repr) for table in TABLES}  # noqa: S608


def test_it_is_octet_for_octet_what_a_server_writes(tmp_path):
    plan = Plan(CHUNK + 1_000, PLAN.until, applications=50)
    many, few = tmp_path / "many.db", tmp_path / "few.db"
    for path in (many, few):
        fresh.create(path)
    synthetic.write(many, plan)
    sink, done = SqliteSink(few, lambda: plan.until, caps=KEPT), threading.Event()
    sink.open()
    for chunk in plan.chunks:
        events = list(plan.events(chunk))
        single = iter([Entry(each, None, None) for each in events if each.count == 1])
        while some := list(islice(single, 256)):
            sink.write(Batch(some), lambda: None)
        sink.write(Batch((), [each for each in events if each.count > 1]), lambda: None)
    sink.write(Batch(), done.set)
    assert done.wait(60)
    sink.close(10)
    made, expected = contents(many), contents(few)
    for table in TABLES:
        assert made[table] == expected[table], table
    assert len(made["signins"]) == plan.rows


def test_the_last_ones_of_an_application(log, reader, applications):
    for app_id in applications:
        of = log.of(app_id)
        assert reader.last(TENANT, app_id, limit=50) == of[:50]
        if len(of) > 60:
            assert reader.last(TENANT, app_id, before=of[9], limit=50) == of[10:60]
    assert reader.last(TENANT, limit=50) == log.events[:-51:-1]


def test_by_request_and_by_correlation(log, reader):
    own = [each for each in log.events if each.correlation_id != each.id]
    for each in log.events[::1_999] + own[::999]:
        assert reader.by_id(each.id) == each
        assert of_correlation(reader, TENANT, each.correlation_id) == [each]


def test_the_hours_of_the_tenant(log, reader):
    since, until = PLAN.until.replace(minute=0) - 30 * DAY, PLAN.until.replace(minute=0) - 20 * DAY
    expected = Counter()
    for each in log.events:
        if since <= each.at < until:
            hour = each.at.replace(minute=0, second=0, microsecond=0)
            expected[hour, each.code, each.resource_app_id] += each.count
    found = reader.hours(TENANT, since, until)
    plain = reader.hours(TENANT, since, until, apart=False)
    assert sum(each.count for each in plain) == sum(expected.values()) > 0
    assert {(each.hour, each.code, each.resource_app_id): each.count for each in found} == expected
    assert [each.hour for each in found] == sorted(each.hour for each in found)


def test_the_hours_of_an_application(log, reader, applications):
    since, until = PLAN.until.replace(minute=0) - 60 * DAY, PLAN.until + DAY
    for app_id in applications:
        expected = Counter()
        for each in log.of(app_id):
            if since <= each.at < until:
                hour = each.at.replace(minute=0, second=0, microsecond=0)
                expected[hour, each.code, each.credential_id or each.key_id, each.resource_app_id] += each.count
        found = reader.hours(TENANT, since, until, app_id=app_id)
        assert {(one.hour, one.code, one.credential_id, one.resource_app_id): one.count for one in found} == expected


def test_the_use_of_credentials(log, reader, applications):
    for app_id in applications:
        expected = {}
        for each in reversed(log.of(app_id)):
            if key := each.credential_id or each.key_id:
                grants, refusals, newest = expected.get(key, (0, 0, None))
                granted = each.code == 0
                counts = (grants + granted * each.count, refusals + (not granted) * each.count)
                expected[key] = (*counts, each if granted else newest)
        found = reader.uses(TENANT, app_id)
        assert found.keys() == expected.keys()
        for key, (grants, refusals, newest) in expected.items():
            of = found[key]
            assert (of.grants, of.refusals) == (grants, refusals)
            assert (of.last_at, of.last_id, of.last_address) == (
                (newest.at, newest.id, newest.address) if newest else (None, None, "")
            )


FAILED = Compare(CODE, "ne", 0)
HOUR = PLAN.until.replace(minute=0) - 40 * DAY
SEARCHES = {
    "failures": (FAILED, lambda each: each.code),
    "one code": (Compare(CODE, "eq", 7000222), lambda each: each.code == 7000222),
    "other codes": (Compare(CODE, "gt", 700213), lambda each: each.code > 700213),
    "grants": (Compare(CODE, "eq", 0), lambda each: not each.code),
    "a day": (
        And((Compare(CREATED, "ge", HOUR), Compare(CREATED, "lt", HOUR + DAY))),
        lambda each: HOUR <= each.at < HOUR + DAY,
    ),
    "failures of a day": (
        And((FAILED, Compare(CREATED, "ge", HOUR), Compare(CREATED, "lt", HOUR + DAY))),
        lambda each: each.code and HOUR <= each.at < HOUR + DAY,
    ),
    "failures with a secret": (
        And((FAILED, Compare("clientCredentialType", "eq", "clientSecret"))),
        lambda each: each.code and each.evidence == "clientSecret",
    ),
}


@pytest.mark.parametrize(("condition", "meets"), SEARCHES.values(), ids=SEARCHES)
def test_pages_through_the_log(log, reader, condition, meets):
    expected = [each for each in log.events if meets(each)]
    assert expected
    assert all_pages(reader, Query(condition=condition, limit=1_000)) == expected[::-1]
    assert all_pages(reader, Query(condition=condition, order=Order(CREATED), limit=1_000)) == expected


@pytest.mark.parametrize(("condition", "meets"), [SEARCHES["failures"], SEARCHES["failures with a secret"]])
def test_pages_that_take_too_long_are_short_and_go_on(log, reader, condition, meets, monkeypatch):
    monkeypatch.setattr(event_search, "MOST_TIME", 0.0)
    query = Query(condition=condition, limit=1_000)
    first = reader.search(TENANT, query)
    assert 0 < len(first.things) < 1_000
    assert first.after
    assert all_pages(reader, query) == [each for each in log.events if meets(each)][::-1]


def test_pages_of_an_applications_failures(log, reader, applications):
    for app_id in applications:
        condition = And((FAILED, Compare("appId", "eq", str(app_id))))
        assert all_pages(reader, Query(condition=condition, limit=50)) == [each for each in log.of(app_id) if each.code]


BY_ID, BY_CORRELATION, FAILURES = "sqlite_autoindex_signins_1", "ix_signins_correlation", "ix_signins_failures"
BY_APPLICATION = "e USING PRIMARY KEY (day=? AND app_id=? AND"
HOURS, USED, TOTALS, MINUTES = "signin_hours", "signin_uses", "signin_totals", "signins_by_minute"
AHEAD = "signins_ahead"
INDEXES = {
    "last_50": {BY_APPLICATION, AHEAD},
    "last_50_of_all": set(),
    "request": {BY_ID},
    "correlation": {BY_ID, BY_CORRELATION},
    "usage": {USED, AHEAD},
    "page": set(),
    "page_deep": set(),
    "page_of_failures": {FAILURES},
    "page_of_failures_deep": {FAILURES},
    "page_of_failures_in_an_hour": {MINUTES, FAILURES},
    "page_of_one_code": {FAILURES},
    "page_of_application_failures": {BY_APPLICATION, FAILURES},
    "chart_of_a_day": {TOTALS},
    "chart_of_a_week": {TOTALS},
    "chart_of_a_month": {TOTALS},
    "chart_of_an_application": {HOURS, AHEAD},
    "chart_of_its_credentials": {HOURS, AHEAD},
}
"""What each kind of question goes by, besides the places in the log themselves."""
STORED = re.compile(r"\b(?:signins|signin_)\w*|claim_sets")
ONE_ROW = "SCAN signins_indexed"
ENDS = "SELECT coalesce((SELECT min(seq) FROM signins)"  # SQLite calls it a scan, and reads one row at each end


@pytest.mark.parametrize("kind", INDEXES)
def test_questions_go_by_the_indexes(log, kind):
    """Every statement that a question makes is explained: none looks through a whole table or index."""
    questions = Questions(Known(PLAN, Random(3), 2))  # noqa: S311  the same ones every time
    kinds = questions.kinds() | questions.charts()
    assert kinds.keys() == INDEXES.keys()
    asked = []
    with EventReader(log.path) as opened:
        opened._connection.set_trace_callback(asked.append)  # noqa: SLF001  what it really asks
        kinds[kind](opened)
    plans = [step for statement in asked if "SELECT" in statement for step in explained(log.path, statement)]
    assert plans
    through = [step for step in plans if step.startswith("SCAN") and STORED.search(step) and step != ONE_ROW]
    assert through == []
    used = {index for index in set().union(*INDEXES.values()) if any(goes_by(step, index) for step in plans)}
    assert used == INDEXES[kind]


def explained(path, statement):
    """The steps that SQLite takes; for the ends of the log, of which it reads one row each, none."""
    if statement.startswith(ENDS):
        return []
    with closing(sqlite3.connect(path)) as connection:
        return [step for _, _, _, step in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]


def goes_by(step, index):
    return step.startswith("SEARCH") and index in step
