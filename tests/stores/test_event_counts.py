"""Attempts are counted by the hour: whatever the log grows, forgets or is opened by, as a plain list would say."""

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from accredit.directory import KnownSecret
from accredit.errors import Refused
from accredit.signins import Event
from accredit.signins.usage import HourCount, Use
from accredit.stores import event_index, event_uses, fresh, retention
from accredit.stores.batches import Batch, Entry
from accredit.stores.event_pages import EventPages
from accredit.stores.event_reader import EventReader
from accredit.stores.health import Damage
from accredit.stores.quota import Quota
from accredit.stores.sqlite_events import Caps, Reserve, _Writer
from tests.stores.attempts import (
    CLIENT,
    RESOURCE,
    START,
    TENANT,
    Moving,
    client,
    credential,
    fill_in_grant,
    granted,
    opened,
    proven,
    refused,
    sender,
)

pytestmark = pytest.mark.anyio
SECRET = UUID(int=0x5EC)
FIRST = credential().id


@pytest.fixture
def path(tmp_path):
    return tmp_path / "accredit.db"


@pytest.fixture(params=[1, 3, event_index.BEHIND], autouse=True)
def behind(request, monkeypatch):
    """How far the counts are behind the log at most: they are the same whatever that is."""
    monkeypatch.setattr(event_index, "BEHIND", request.param)


async def by_secret(log, at):
    came_from = sender("2001:db8::1")
    async with log.attempt(at, came_from, TENANT, CLIENT) as signin:
        signin.proof = KnownSecret(SECRET)
    return came_from.trace


async def test_the_use_of_a_credential_is_its_newest_grant_and_how_many_there_were(path):
    async with opened(path) as log:
        with EventReader(path) as reader:
            assert reader.uses(TENANT.id, CLIENT.app_id) == {}
            sent = {n: await granted(log, START + timedelta(minutes=n), address=f"192.0.2.{n}") for n in (0, 70, 1)}
            await refused(log, START + timedelta(hours=9))
            secret = await by_secret(log, START)
            expected = {
                FIRST: Use(START + timedelta(minutes=70), "192.0.2.70", sent[70], grants=3, refusals=0),
                SECRET: Use(START, "2001:db8::1", secret, grants=1, refusals=0),
            }
            assert reader.uses(TENANT.id, CLIENT.app_id) == expected
            assert reader.uses(TENANT.id, client(2).app_id) == reader.uses(uuid4(), CLIENT.app_id) == {}


async def test_what_was_only_refused_was_never_used(path):
    async with opened(path) as log:
        with suppress(Refused):
            async with log.attempt(START, sender(), TENANT, CLIENT) as signin:
                fill_in_grant(signin)
                raise proven()
        with EventReader(path) as reader:
            assert reader.uses(TENANT.id, CLIENT.app_id) == {FIRST: Use(refusals=1)}


async def test_hours_are_those_that_touch_the_time_asked_for(path):
    async with opened(path) as log:
        for minutes in (0, 59, 60, 61, 180):
            await granted(log, START + timedelta(minutes=minutes))
        pages = EventPages(path)
    hour = timedelta(hours=1)

    async def asked(since, until, app_id=None):
        return [
            (round((each.hour - START) / hour), each.count)
            for each in await pages.hours(TENANT.id, START + since * hour, START + until * hour, app_id=app_id)
        ]

    for app_id in (None, CLIENT.app_id):
        assert await asked(0, 4, app_id) == [(0, 2), (1, 2), (3, 1)]
        assert await asked(0, 3, app_id) == [(0, 2), (1, 2)]
        assert await asked(0.99, 1, app_id) == [(0, 2)]
        assert await asked(1, 1.01, app_id) == [(1, 2)]
        assert await asked(4, 9, app_id) == []
    assert await asked(0, 4, client(2).app_id) == []
    assert await pages.uses(TENANT.id, (CLIENT.app_id,)) != {}
    pages.close()


@pytest.mark.parametrize("at_once", [1, 2, 250])
async def test_uses_of_many_applications_are_those_of_each(path, monkeypatch, at_once):
    monkeypatch.setattr(event_uses, "_AT_ONCE", at_once)
    async with opened(path) as log:
        for n in (0, 1, 1, 3):
            await granted(log, START, client(n))
        apps = [client(n).app_id for n in range(5)]
        with EventReader(path) as reader:
            each = {app_id: reader.uses(TENANT.id, app_id) for app_id in apps}
            assert reader.uses_of(TENANT.id, apps) == {key: used for key, used in each.items() if used}
            assert [sum(use.grants for use in each[app_id].values()) for app_id in apps] == [1, 2, 0, 1, 0]
            assert reader.uses_of(uuid4(), apps) == reader.uses_of(TENANT.id, ()) == {}


async def test_an_application_has_its_credentials_told_apart_and_a_tenant_its_resources(path):
    async with opened(path) as log:
        await granted(log)
        await by_secret(log, START)
        await refused(log)
        await granted(log, who=client(2))
        with EventReader(path) as reader:
            end = START + timedelta(hours=1)
            assert reader.hours(TENANT.id, START, end) == [
                HourCount(START, 0, 1, None, None),
                HourCount(START, 0, 2, None, RESOURCE.app_id),
                HourCount(START, 700213, 1, None, None),
            ]
            assert reader.hours(TENANT.id, START, end, app_id=CLIENT.app_id) == [
                HourCount(START, 0, 1, FIRST, RESOURCE.app_id),
                HourCount(START, 0, 1, SECRET, None),
                HourCount(START, 700213, 1, None, None),
            ]


async def test_an_event_that_stands_for_many_counts_as_many_as_it_has_come_to(path):
    async with opened(path, quota=Quota(full=1)) as log:
        for n in range(7):
            await refused(log, START + timedelta(seconds=n))
            log._due = True  # noqa: SLF001  what happens once a second: the count is written
            await granted(log, START)
            with EventReader(path) as reader:
                for app_id in (None, CLIENT.app_id):
                    counted = Counter()
                    for each in reader.hours(TENANT.id, START, START + timedelta(hours=1), app_id=app_id):
                        counted[each.code] += each.count
                    assert counted[0] == n + 1
                    assert n <= counted[700213] <= n + 1, "the last one may not be written yet"
    with EventReader(path) as reader:
        assert sum(each.count for each in reader.hours(TENANT.id, START, START + timedelta(hours=1))) == 14


# ── whatever happens to a log, a plain list of all that was ever written says the same ───────────────────────────────

APPS, CREDENTIALS, RESOURCES = (tuple(UUID(int=base + n) for n in range(2)) for base in (0xA00, 0xC0, 0x4E0))
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ("grant", "secret", "refusal", "several", "several", "follow", "quiet", "restart", "later", "old")
        ),
        st.integers(0, 1),  # which of two processes
        st.integers(0, 2**10),
    ),
    max_size=40,
)


def in_order(count):
    return count.hour, count.code, str(count.credential_id or ""), str(count.resource_app_id or "")


class Story:
    """Two processes that write one log, and what a list of all events would say."""

    def __init__(self, path):
        fresh.create(path)
        self.path = path
        self.clock = Moving()
        self.written = {}
        self.growing = None
        self.writers = [self.writer(), self.writer()]

    def writer(self):
        return _Writer(self.path, self.clock, Caps(age=timedelta(days=1)), Reserve(0, 0), Damage())

    def event(self, chosen, **known):
        at = self.clock() + timedelta(minutes=chosen % 50)
        return Event(
            id=uuid4(),
            at=at,
            tenant_id=TENANT.id,
            app_id=APPS[chosen & 1],
            app_name="",
            principal_id=APPS[0],
            correlation_id=uuid4(),
            address=f"192.0.2.{chosen % 200}",
            resource_app_id=(None, *RESOURCES)[chosen // 2 % 3],
            **known,
        )

    def store(self, which, event, *, several=False):
        batch = Batch(aggregates=[event]) if several else Batch([Entry(event, None, None)])
        self.writers[which].store(batch)
        assert batch.failure == ""
        self.writers[which].follow(1)
        self.written[event.id] = event

    def take(self, step):
        name, which, chosen = step
        credential = CREDENTIALS[chosen // 8 % 2]
        if name == "grant":
            self.store(which, self.event(chosen, credential_id=credential, claims=(("n", str(chosen % 3)),)))
        elif name == "secret":
            self.store(which, self.event(chosen, key_id=credential))
        elif name == "refusal":
            self.store(which, self.event(chosen, code=700213, credential_id=(None, credential)[chosen & 1]))
        elif name == "several":
            if self.growing is None:
                self.growing = which, self.event(chosen, code=50013)
            which, event = self.growing
            self.growing = which, replace(event, count=event.count + chosen)
            self.store(which, self.growing[1], several=True)
        elif name == "restart":
            self.writers[which].close()
            self.writers[which] = self.writer()
        else:
            self.pass_time(name, which, chosen)

    def pass_time(self, name, which, chosen):
        writer = self.writers[which]
        if name == "follow":
            writer.follow(100)
        elif name == "quiet":
            writer.follow(0)
        else:
            self.growing = None  # a window has ended long before
            self.clock.forward(hours=3 if name == "later" else 30)
            for _ in range(1 + chosen % 4):
                writer.tend(0)

    def expected(self):
        hours, totals, uses = Counter(), Counter(), {}
        for each in self.written.values():
            hour = each.at.replace(minute=0, second=0, microsecond=0)
            credential = each.credential_id or each.key_id
            hours[each.app_id, hour, each.code, credential, each.resource_app_id] += each.count
            totals[hour, each.code, each.resource_app_id] += each.count
            if credential is not None:
                uses.setdefault((each.app_id, credential), []).append(each)
        return hours, totals, {key: self.use(events) for key, events in uses.items()}

    @staticmethod
    def use(events):
        grants = [each for each in events if each.code == 0]
        newest = max((each.at for each in grants), default=None)
        return newest, len(grants), len(events) - len(grants)

    def found(self):
        begin, end = START, self.clock() + timedelta(hours=2)
        with EventReader(self.path) as reader:
            hours = Counter(
                {
                    (app, each.hour, each.code, each.credential_id, each.resource_app_id): each.count
                    for app in APPS
                    for each in reader.hours(TENANT.id, begin, end, app_id=app)
                }
            )
            for app in (None, *APPS):
                told = reader.hours(TENANT.id, begin, end, app_id=app)
                assert told == sorted(told, key=in_order)
            totals = Counter(
                {
                    (each.hour, each.code, each.resource_app_id): each.count
                    for each in reader.hours(TENANT.id, begin, end)
                }
            )
            uses = {(app, key): use for app in APPS for key, use in reader.uses(TENANT.id, app).items()}
            for some in ((begin, end), (begin + timedelta(hours=5), end), (end - timedelta(hours=3), end)):
                self.check_plain(reader, *some)
        return hours, totals, uses

    @staticmethod
    def check_plain(reader, begin, end):
        """A plain chart is the sum of one that tells apart, in the same order."""
        for app in (None, *APPS):
            sums = Counter()
            for each in reader.hours(TENANT.id, begin, end, app_id=app):
                sums[each.hour, each.code] += each.count
            plain = reader.hours(TENANT.id, begin, end, app_id=app, apart=False)
            assert plain == [HourCount(*key, n) for key, n in sorted(sums.items())]
            days = Counter()
            for (hour, code), n in sums.items():
                days[hour.replace(hour=0), code] += n
            daily = reader.hours(TENANT.id, begin, end, app_id=app, apart=False, step=timedelta(days=1))
            assert daily == [HourCount(*key, n) for key, n in sorted(days.items())]

    def check(self):
        hours, totals, uses = self.found()
        told = {key: (use.last_at, use.grants, use.refusals) for key, use in uses.items()}
        assert (hours, totals, told) == self.expected()
        for use in uses.values():
            if use.last_id is not None:
                newest = self.written[use.last_id]
                assert (newest.at, newest.address, newest.code) == (use.last_at, use.last_address, 0)

    def close(self):
        for each in self.writers:
            each.close()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_figures_are_those_of_a_plain_list_of_all_that_was_ever_written(tmp_path_factory, behind, steps):
    story = Story(tmp_path_factory.mktemp("log") / "accredit.db")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(retention, "PIECE", 3)
        patched.setattr(retention, "SLICE", 4)
        patched.setattr(event_index, "QUIET", 1)
        try:
            for number, step in enumerate(steps):
                story.take(step)
                if number % 5 == 0:
                    story.check()
            story.check()
        finally:
            story.close()
