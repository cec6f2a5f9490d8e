"""Attempts are counted by the hour: whatever the log grows, forgets or is opened by, as a plain list would say."""

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from accredit.directory import KnownSecret
from accredit.errors import Refused
from accredit.signins.usage import HourCount, Use
from accredit.stores import event_index
from accredit.stores.event_reader import EventPages, EventReader
from accredit.stores.quota import Quota
from tests.stores.attempts import (
    CLIENT,
    RESOURCE,
    START,
    TENANT,
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
            assert reader.use(TENANT.id, CLIENT.app_id, FIRST) is None
            sent = {n: await granted(log, START + timedelta(minutes=n), address=f"192.0.2.{n}") for n in (0, 70, 1)}
            await refused(log, START + timedelta(hours=9))
            secret = await by_secret(log, START)
            expected = {
                FIRST: Use(START + timedelta(minutes=70), "192.0.2.70", sent[70], grants=3, refusals=0),
                SECRET: Use(START, "2001:db8::1", secret, grants=1, refusals=0),
            }
            assert reader.uses(TENANT.id, CLIENT.app_id) == expected
            for key, use in expected.items():
                assert reader.use(TENANT.id, CLIENT.app_id, key) == use
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
    assert await pages.uses(TENANT.id, CLIENT.app_id) != {}


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
