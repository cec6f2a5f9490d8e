"""Searching the sign-in log: what is found is what plain Python finds, page by page."""

import asyncio
import re
from base64 import b64encode
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from accredit.errors import QUERY_SYNTAX, QUERY_UNSUPPORTED, Refused
from accredit.interop.odata import read_filter
from accredit.query import ITSELF, And, Any, Compare, Not, OneOf, Or, Order, Query, StartsWith, matches
from accredit.stores import event_index, event_search, fresh
from accredit.stores.event_pages import EventPages
from accredit.stores.event_questions import SIGNINS
from accredit.stores.event_reader import EventReader
from accredit.stores.event_row import INSERT, event_of, row
from accredit.stores.properties import nothing
from accredit.stores.sqlite import connect
from tests.stores.attempts import CLIENT, RESOURCE, START, TENANT, client, credential, granted, opened, refused
from tests.support.every import every

SHARED = UUID(int=0xC0 << 64)  # a correlation id of several events
KEY = UUID(int=0xCE << 64)  # of a certificate
SHOWN = UUID(int=0x1D << 64)  # of one event
DIGEST = sha256(bytes([2])).hexdigest()  # of the assertion of two events
NEWEST = Order("createdDateTime", descending=True)
OLDEST = Order("createdDateTime")


def some_events(kinds):
    """Events of three applications and two tenants, out of order in time, some at the same one."""
    made = []
    for number in range(60):
        who = client(number % 3)
        of = kinds[number % 2]
        at = START + timedelta(seconds=(number * 7) % 20, microseconds=number * 16_000)
        id_ = SHOWN if number == 8 else uuid4()
        made.append(
            replace(
                of,
                id=id_,
                at=at,
                tenant_id=TENANT.id if number % 7 else UUID(int=0x7F),
                app_id=who.app_id,
                app_name=who.display_name,
                correlation_id=SHARED if number % 5 == 0 else id_ if number % 2 else uuid4(),
                address=["192.0.2.7", "2001:db8::A", ""][number % 3],
                user_agent="Python/3.11" if number % 4 else "",
                credential_id=credential().id if number % 4 == 0 else None,
                credential_name="production" if number % 4 == 0 else "",
                key_id=KEY if number % 6 == 1 else None,
                proof=["proven", "unproven", "unknown"][number % 3],
                digest=sha256(bytes([number // 2])).hexdigest() if number % 3 else "",
                resource_app_id=RESOURCE.app_id if number % 2 == 0 else None,
            )
        )
    return made


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    found = tmp_path_factory.mktemp("log") / "accredit.db"

    async def two():
        async with opened(found.with_name("model.db")) as log:
            ids = await granted(log), await refused(log)
        with EventReader(found.with_name("model.db")) as reader:
            return [reader.by_id(each) for each in ids]

    events = some_events(asyncio.run(two()))
    fresh.create(found)
    connection = connect(found)
    connection.executemany(INSERT, [row(each) for each in events[:40]])
    index = event_index.EventIndex(connection)
    index.come_to_end()  # the rest stands behind what is indexed
    connection.executemany(INSERT, [row(each) for each in events[40:]])
    connection.close()
    return found


@pytest.fixture(scope="module")
def stored(path):
    """All events of the tenant with their places in the order of arrival."""
    with EventReader(path) as reader:
        return {event.id: (number, event) for number, event in enumerate(reader.last(TENANT.id, limit=100)[::-1])}


@pytest.fixture(params=["wide", "narrow"])
def windows(request, monkeypatch):
    if request.param == "narrow":
        monkeypatch.setattr(event_search, "_WINDOW", 7)
        monkeypatch.setattr(event_search, "_SPARSER", 1)


IDS = [
    str(CLIENT.app_id),
    str(client(2).app_id).upper(),
    str(SHARED),
    str(credential().id),
    str(RESOURCE.app_id),
    str(KEY),
    str(SHOWN).upper(),
    "",
    "x",
]
TOKEN = b64encode(str(SHOWN).encode()).decode()
TEXTS = ["deploy-bot-1", "Deploy-Bot-2", "192.0.2.7", "2001:DB8::a", "python/3.11", "", "notApplied", "Production"]
TEXTS += ["Proven", DIGEST, DIGEST.upper(), TOKEN, TOKEN.lower(), "https://token.actions.githubusercontent.com", "="]
BEGINNINGS = ["deploy", "DEPLOY-BOT-0", "192", "z", "", "2001:DB8", str(client(1).principal.id)[:-1], DIGEST[:5]]
EQUAL = st.sampled_from(["eq", "ne"])
ORDERED = st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"])
TIMES = st.integers(-2, 23).map(lambda n: START + timedelta(seconds=n)) | st.just(START + timedelta(seconds=7.5))


def leaves():
    of_type = {}
    for name, each in SIGNINS.properties.items():
        of_type.setdefault(getattr(each, "type", type(each).__name__), []).append(name)
    return st.one_of(
        st.builds(Compare, st.sampled_from(of_type["id"]), EQUAL, st.sampled_from([*IDS, None])),
        st.builds(Compare, st.sampled_from(of_type["text"]), ORDERED, st.sampled_from(TEXTS)),
        st.builds(Compare, st.sampled_from(of_type["text"]), EQUAL, st.sampled_from([*TEXTS, None])),
        st.builds(Compare, st.just("createdDateTime"), ORDERED, TIMES),
        st.builds(Compare, st.just("status/errorCode"), ORDERED, st.sampled_from([0, 1, 700213, 2**40])),
        st.builds(OneOf, st.sampled_from(of_type["id"]), st.tuples(st.sampled_from(IDS), st.sampled_from(IDS))),
        st.builds(StartsWith, st.sampled_from(of_type["text"]), st.sampled_from(BEGINNINGS)),
        st.builds(Compare, st.just("conditionalAccessStatus"), EQUAL, st.sampled_from(["notApplied", "success"])),
        st.builds(
            Any,
            st.just("signInEventTypes"),
            st.none() | st.builds(Compare, st.just(ITSELF), EQUAL, st.sampled_from(["servicePrincipal", "user"])),
        ),
    )


def conditions():
    return st.recursive(
        leaves(),
        lambda inner: (
            st.builds(Not, inner)
            | st.builds(lambda a, b: And((a, b)), inner, inner)
            | st.builds(lambda a, b: Or((a, b)), inner, inner)
        ),
        max_leaves=4,
    )


def everything(reader, condition, order, limit):
    """Follow the pages to the end."""
    found, after = [], None
    for _ in range(500):
        page = reader.search(TENANT.id, Query(condition=condition, order=order, after=after, limit=limit))
        assert len(page.things) <= limit
        found += page.things
        after = page.after
        if after is None:
            return found
    raise AssertionError("the pages do not end")


def asks_for(condition, name):
    terms = condition.terms if isinstance(condition, And) else (condition,)
    return any(asks_for(each, name) if isinstance(each, And) else _names(each, name) for each in terms)


def _names(condition, name):
    if not isinstance(condition, Compare) or condition.operator != "eq" or not isinstance(condition.value, str):
        return False
    if condition.name == "uniqueTokenIdentifier":
        return name == "id" and condition.value == TOKEN
    names = {"originalRequestId": "id"}
    return names.get(condition.name, condition.name) == name and len(condition.value) == 36


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    condition=st.none() | conditions(),
    order=st.sampled_from([None, NEWEST, OLDEST]),
    limit=st.sampled_from([1, 2, 5, 100]),
)
def test_what_is_found_is_what_plain_python_finds(path, stored, windows, condition, order, limit):
    with EventReader(path) as reader:
        found = everything(reader, condition, order, limit)
    meet = [
        (number, event)
        for number, event in stored.values()
        if condition is None or matches(condition, SIGNINS.reader(event, nothing))
    ]
    by_time = asks_for(condition, "appId") and not (asks_for(condition, "id") or asks_for(condition, "correlationId"))
    if order is OLDEST:
        expected = sorted(meet, key=lambda each: each[0])
    elif by_time:
        expected = sorted(meet, key=lambda each: (each[1].at, each[0]), reverse=True)
    else:
        expected = sorted(meet, key=lambda each: each[0], reverse=True)
    assert [each.id for each in found] == [each.id for _, each in expected]


FILTERS = {
    "what programs send": (
        (
            "(signInEventTypes/any(t: t eq 'servicePrincipal')) and appId eq '{app}'"
            " and createdDateTime ge 2026-03-01T12:00:10Z"
        ),
        lambda event: event.app_id == CLIENT.app_id and event.at >= START + timedelta(seconds=10),
    ),
    "no type of event but others": ("signInEventTypes/any(t: t ne 'servicePrincipal')", lambda _: False),
    "a code": ("status/errorCode eq 700213", lambda event: event.code == 700213),
    "the second in which it happened": (
        "createdDateTime eq 2026-03-01T12:00:14Z",
        lambda event: event.at.replace(microsecond=0) == START + timedelta(seconds=14),
    ),
    "an address in capitals": ("ipAddress eq '2001:DB8::A'", lambda event: event.address == "2001:db8::A"),
    "no credential": ("federatedCredentialId eq ''", lambda event: event.credential_id is None),
    "no resource": ("resourceId eq null", lambda event: event.resource_app_id is None),
    "the beginning of an address": ("startsWith(ipAddress,'2001:DB8:')", lambda event: ":" in event.address),
    "a certificate": (f"servicePrincipalCredentialKeyId eq '{KEY}'", lambda event: event.key_id == KEY),
    "an assertion that somebody holds": (
        f"accredit/assertion/sha256 eq '{DIGEST}'",
        lambda event: event.digest == DIGEST,
    ),
    "an application's, by the assertion": (
        f"appId eq '{{app}}' and accredit/assertion/sha256 eq '{DIGEST.upper()}'",
        lambda event: event.app_id == CLIENT.app_id and event.digest == DIGEST,
    ),
    "an application's, by proof": (
        "appId eq '{app}' and accredit/proof eq 'proven'",
        lambda event: event.app_id == CLIENT.app_id and event.proof == "proven",
    ),
    "a credential or a certificate": (
        f"appId eq '{{app}}' and (federatedCredentialId eq '{KEY}' or servicePrincipalCredentialKeyId eq '{KEY}')",
        lambda event: event.app_id == CLIENT.app_id and event.key_id == KEY,
    ),
    "one of which some cannot be": (
        "ipAddress eq '192.0.2.7' or conditionalAccessStatus eq 'success'",
        lambda event: event.address == "192.0.2.7",
    ),
    "one of which nothing can be": (
        (
            "(appId eq '{app}' and conditionalAccessStatus eq 'success')"
            " or (status/errorCode eq 0 and signInEventTypes/any(t: t eq 'user'))"
        ),
        lambda _: False,
    ),
    "no assertion": ("accredit/assertion/issuer eq null", lambda event: not event.digest),
    "a name": ("accredit/federatedCredentialName eq 'Production'", lambda event: bool(event.credential_name)),
    "a token that was issued": (f"uniqueTokenIdentifier eq '{TOKEN}'", lambda event: event.id == SHOWN),
    "what is no token": ("uniqueTokenIdentifier eq '='", lambda _: False),
    "no code but this": ("status/errorCode ne 700213", lambda event: event.code != 700213),
}


@pytest.mark.parametrize("text", FILTERS)
def test_filters_as_they_are_sent(path, stored, windows, text):
    filter_, meets = FILTERS[text]
    condition = read_filter(filter_.format(app=CLIENT.app_id), kind="SignIn")
    with EventReader(path) as reader:
        found = everything(reader, condition, None, 4)
    assert {each.id for each in found} == {event.id for _, event in stored.values() if meets(event)}


def test_names_are_read_in_any_case(path):
    asked, order = Compare("APPID", "eq", str(CLIENT.app_id)), Order("createddatetime", descending=True)
    with EventReader(path) as reader:
        plain = reader.search(TENANT.id, Query(condition=OF_APP, limit=2))
        assert len(plain.things) == 2
        assert reader.search(TENANT.id, Query(condition=asked, order=order, limit=2)) == plain


UNSUPPORTED = {
    "a property that there is none of": Query(condition=Compare("location", "eq", "x"), limit=1),
    "a code that is a text": Query(condition=Compare("status/errorCode", "eq", "0"), limit=1),
    "a code that is true": Query(condition=Compare("status/errorCode", "eq", True), limit=1),
    "the beginning of an id": Query(condition=StartsWith("appId", "a"), limit=1),
    "an order by anything but time": Query(order=Order("appId"), limit=1),
}


@every("query", UNSUPPORTED.values(), ids=UNSUPPORTED.keys())
def test_what_cannot_be_asked(path, query):
    with EventReader(path) as reader, pytest.raises(Refused) as caught:
        reader.search(TENANT.id, query)
    assert caught.value.row is QUERY_UNSUPPORTED


OF_APP = Compare("appId", "eq", str(CLIENT.app_id))
STRANGE = {
    "no number": (None, (None, "x")),
    "a number that is too great": (None, (None, "9" * 30)),
    "a negative one": (None, (None, "-1")),
    "a time in a list by arrival": (None, (START, "1")),
    "none in a list by time": (OF_APP, (None, "1")),
    "a text in a list by time": (OF_APP, ("x", "1")),
}


@every("row", STRANGE.values(), ids=STRANGE.keys())
def test_a_place_that_is_none(path, row):
    condition, after = row
    with EventReader(path) as reader, pytest.raises(Refused) as caught:
        reader.search(TENANT.id, Query(condition=condition, after=after, limit=1))
    assert caught.value.row is QUERY_SYNTAX


RARE = {
    "through the log": (Compare("userAgent", "eq", "rare"), "MOST_READ", 3),
    "through the log by a column": (Compare("federatedCredentialId", "eq", str(UUID(int=1))), "MOST_ROWS", 10),
    "through the refusals": (Compare("status/errorCode", "eq", 1), "MOST_ROWS", 10),
    "an application's": (And((OF_APP, Compare("status/errorCode", "eq", 1))), "MOST_ROWS", 10),
    "of a correlation id": (
        And((Compare("correlationId", "eq", str(SHARED)), Compare("userAgent", "eq", "rare"))),
        "MOST_READ",
        3,
    ),
}


@pytest.mark.parametrize("what", RARE)
def test_a_page_ends_where_enough_was_looked_at_and_says_where_to_go_on(path, what, monkeypatch):
    condition, bound, most = RARE[what]
    monkeypatch.setattr(event_search, bound, most)
    monkeypatch.setattr(event_search, "_WINDOW", 4)
    monkeypatch.setattr(event_search, "_ENTRIES", 4)
    monkeypatch.setattr(event_search, "_SPARSER", 1)
    with EventReader(path) as reader:
        first = reader.search(TENANT.id, Query(condition=condition, limit=2))
        assert (first.things, first.after is None) == ((), False)
        assert everything(reader, condition, None, 2) == []


@pytest.mark.parametrize("order", [None, OLDEST], ids=["newest", "oldest"])
def test_an_empty_log(tmp_path, order):
    fresh.create(tmp_path / "accredit.db")
    with EventReader(tmp_path / "accredit.db") as reader:
        for condition in (None, OF_APP, Compare("createdDateTime", "ge", START)):
            assert reader.search(TENANT.id, Query(condition=condition, order=order, limit=9)).things == ()


def test_a_log_that_is_indexed_to_its_end(tmp_path, stored):
    fresh.create(tmp_path / "accredit.db")
    connection = connect(tmp_path / "accredit.db")
    events = [event for _, event in stored.values()]
    connection.executemany(INSERT, [row(each) for each in events])
    event_index.EventIndex(connection).come_to_end()
    connection.close()
    with EventReader(tmp_path / "accredit.db") as reader:
        for condition in (None, Compare("createdDateTime", "ge", START)):
            assert len(everything(reader, condition, None, 7)) == len(events)
        assert everything(reader, Compare("createdDateTime", "lt", START), None, 7) == []


PLANS = {
    "all": (None, None),
    "oldest first": (None, OLDEST),
    "failures": (Compare("status/errorCode", "ne", 0), None),
    "an application's": (OF_APP, None),
    "an application's, oldest first": (OF_APP, OLDEST),
    "of a correlation id": (Compare("correlationId", "eq", str(SHARED)), None),
    "one": (Compare("id", "eq", str(SHARED)), None),
    "recent": (Compare("createdDateTime", "ge", START + timedelta(seconds=19)), None),
}


@every("what", PLANS)
def test_no_question_reads_the_whole_log(path, what):
    condition, order = PLANS[what]
    with EventReader(path) as reader:
        connection, asked = reader._connection, []  # noqa: SLF001  the plan of what is really asked
        connection.set_trace_callback(asked.append)
        reader.search(TENANT.id, Query(condition=condition, order=order, limit=2))
        connection.set_trace_callback(None)
        statements = [each for each in asked if each.startswith("SELECT")]
        plan = [step[3] for each in statements for step in connection.execute(f"EXPLAIN QUERY PLAN {each}")]
    assert statements
    assert [
        step for step in plan if re.match("SCAN (signins|e|s)\\b(?!.*COVERING|_indexed|_by_application)", step)
    ] == []
    assert [
        step for step in plan if "TEMP B-TREE" in step and what in ("all", "oldest first", "failures", "recent")
    ] == []


def opened_files(folder):
    """Count the files of a folder that this process has open."""
    opened = (each.readlink() for each in Path("/proc/self/fd").iterdir() if each.exists())
    return sum(each.is_relative_to(folder) for each in opened)


@pytest.mark.anyio
async def test_what_was_answered_is_in_the_log_at_once(tmp_path):
    pages = EventPages(tmp_path / "accredit.db")
    async with opened(tmp_path / "accredit.db") as log:
        for condition in (None, OF_APP):
            trace = await granted(log)
            page = await pages.search(Query(condition=condition, limit=1), tenant_id=TENANT.id)
            assert [each.id for each in page.things] == [trace]
    pages.close()


@pytest.mark.anyio
async def test_a_log_without_its_table_is_no_damage(tmp_path):
    fresh.create(tmp_path / "accredit.db")
    connection = connect(tmp_path / "accredit.db")
    connection.execute("DROP TABLE signins")
    connection.close()
    with pytest.raises(Refused, match=r"ACC4008.*no such table"):
        await EventPages(tmp_path / "accredit.db").search(Query(limit=1), tenant_id=TENANT.id)


@pytest.mark.anyio
async def test_questions_one_after_another_share_a_reader_until_one_fails(tmp_path):
    fresh.create(tmp_path / "accredit.db")
    pages = EventPages(tmp_path / "accredit.db")
    before = opened_files(tmp_path)
    for _ in range(3):
        await pages.search(Query(limit=1), tenant_id=TENANT.id)
    kept = opened_files(tmp_path)
    with connect(tmp_path / "accredit.db") as connection:
        connection.execute("ALTER TABLE signins RENAME TO moved")
        with pytest.raises(Refused, match="no such table"):
            await pages.search(Query(limit=1), tenant_id=TENANT.id)
        connection.execute("ALTER TABLE moved RENAME TO signins")
    connection.close()
    failed = opened_files(tmp_path)
    await pages.search(Query(limit=1), tenant_id=TENANT.id)
    pages.close()
    assert (before, kept > 0, failed, opened_files(tmp_path)) == (0, True, 0, 0)


def test_an_event_that_was_read_is_the_one_that_was_written(stored):
    for _, event in stored.values():
        assert event_of(row(event)[-1]) == event
