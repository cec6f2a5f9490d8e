"""How far the log was taken elsewhere: the cursor of an export, its lease, what grows and what is gone."""

from contextlib import closing
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from accredit.stores import exports, sqlite
from accredit.stores.batches import Batch
from accredit.stores.event_row import REPLACE, event_of, row
from accredit.stores.exports import OTLP, ExportCursor, NotOurs, standings
from accredit.stores.quota import Quota
from accredit.stores.sqlite_events import Caps
from tests.stores.attempts import START, Moving, everything, granted, opened, proven, refused

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path):
    return tmp_path / "accredit.db"


@pytest.fixture
def cursor(path):
    """Made when it is asked for: the database is there by then."""
    made = []

    def make(holder=b"first"):
        made.append(ExportCursor(path, OTLP, holder))
        return made[-1]

    yield make
    for each in made:
        each.close()


def taken(cursor, now=START, most=100):
    """Confirm everything there is; return the portions."""
    portions = []
    while (portion := cursor.next(now, most)) is not None:
        portions.append(portion)
        cursor.confirm(portion, now)
    return portions


def ids(portions):
    return [event.id for each in portions for event in each.events]


async def test_everything_comes_once_in_the_order_in_which_it_arrived(path, cursor):
    async with opened(path) as log:
        sent = [await granted(log, START + timedelta(seconds=n)) for n in range(10)]
        ours = cursor()
        ours.take(START)
        assert ours.standing().behind == 10
        portions = taken(ours, most=3)
        assert ids(portions) == sent
        assert [len(each.events) for each in portions] == [3, 3, 3, 1]
        assert portions[0].events == everything(path)[:3]
        later = await granted(log, START)
        assert (ours.standing().behind, ours.standing().oldest) == (1, START)
        assert ids(taken(ours)) == [later]
        assert (ours.standing().behind, ours.standing().oldest, ours.standing().lost) == (0, None, 0)


async def test_what_was_not_confirmed_comes_again_to_the_next_process_too(path, cursor):
    async with opened(path) as log:
        sent = [await granted(log) for _ in range(4)]
        ours = cursor()
        ours.take(START)
        ours.confirm(ours.next(START, 1), START)
        assert ids([ours.next(START, 2)]) == ids([ours.next(START, 2)]) == sent[1:3]
        ours.close()
        after = START + exports.LEASE
        theirs = cursor(b"second")
        theirs.take(after)
        assert ids(taken(theirs, after)) == sent[1:]


@pytest.mark.parametrize(
    ("moves", "free"),
    [
        pytest.param(exports.LEASE - timedelta(microseconds=1), False, id="a moment before the lease ends"),
        pytest.param(exports.LEASE, True, id="when it ends"),
        pytest.param(timedelta(0), False, id="at once"),
        pytest.param(timedelta(days=-1), True, id="when the clock was set back by more than any lease lasts"),
    ],
)
async def test_a_lease_keeps_others_out_until_it_ends(path, cursor, moves, free):
    async with opened(path) as log:
        await granted(log)
        first, second = cursor(), cursor(b"second")
        first.take(START)
        portion = first.next(START, 10)
        if free:
            second.take(START + moves)
            with pytest.raises(NotOurs):  # what it sent comes twice, and the place is the other one's to move
                first.confirm(portion, START + moves)
            assert ids(taken(second, START + moves)) == [each.id for each in everything(path)]
        else:
            with pytest.raises(NotOurs):
                second.take(START + moves)
            first.confirm(portion, START + moves)
        assert standings(path)[OTLP].behind == 0 if not free else True


async def test_a_lease_that_is_given_back_is_free_at_once(path, cursor):
    async with opened(path):
        first, second = cursor(), cursor(b"second")
        first.take(START)
        with pytest.raises(NotOurs):
            second.release()
        first.release()
        second.take(START)
        assert standings(path)[OTLP].holder == b"second"


async def test_an_aggregate_comes_again_with_every_count_until_its_window_is_over(path, cursor):
    clock = Moving()
    async with opened(path, clock, quota=Quota(full=1)) as log:
        ours = cursor()
        ours.take(START)
        for _ in range(3):
            await refused(log, clock.now)
        await log.close()
        first = taken(ours)
        assert [each.count for portion in first for each in portion.events] == [1, 2]
        kept = first[-1].next_state.growing
        assert [each.count for each in kept] == [2]
        assert taken(ours, START + timedelta(seconds=90)) == []  # nothing has grown
        grow(path, kept[0].seq, 7)
        (again,) = taken(ours, START + timedelta(seconds=180))
        assert [(each.count, each.id) for each in again.events] == [(7, UUID(bytes=kept[0].id))]
        assert again.next_seq == first[-1].next_seq
        grow(path, kept[0].seq, 9)
        ended = START + exports.GROWS
        (last,) = taken(ours, ended)
        assert [each.count for each in last.events] == [9]
        assert last.next_state.growing == ()
        grow(path, kept[0].seq, 11)
        assert taken(ours, ended + timedelta(minutes=5)) == []


def grow(path, seq, count):
    """Write an aggregate again as the log does: in its place, with its new count."""
    with closing(sqlite.connect(path)) as other:
        (body,) = other.execute("SELECT body FROM signins WHERE seq = ?", (seq,)).fetchone()
        other.execute(REPLACE, row(msgspec.structs.replace(event_of(body), count=count)))


async def test_more_aggregates_than_one_portion_holds_all_come(path, cursor):
    async with opened(path, quota=Quota(full=0)) as log:
        for network in range(5):
            await refused(log, address=f"192.0.{network}.7")
        await log.close()
        ours = cursor()
        ours.take(START)
        kept = taken(ours)[-1].next_state.growing
        assert len(kept) == 5
        for each in kept:
            grow(path, each.seq, 4)
        portions = taken(ours, START + timedelta(minutes=2), most=2)
        assert [len(each.events) for each in portions] == [2, 2, 1]
        assert {each.count for portion in portions for each in portion.events} == {4}


async def test_what_retention_deleted_before_it_was_confirmed_is_a_gap(path, cursor):
    async with opened(path) as log:
        sent = [await granted(log, START + timedelta(seconds=n)) for n in range(10)]
        ours = cursor()
        ours.take(START)
        ours.confirm(ours.next(START, 2), START)
        delete(path, "seq BETWEEN 3 AND 5 OR seq = 8")
        assert ours.standing().lost == 3
        portions = taken(ours)
        assert ids(portions) == [*sent[5:7], *sent[8:]]
        gaps = [each.gap for each in portions if each.gap is not None]
        second = timedelta(seconds=1)
        assert [(each.count, each.after, each.before) for each in gaps] == [
            (3, START + second, START + 5 * second),
            (1, START + 6 * second, START + 8 * second),
        ]
        assert ours.standing().lost == 0


async def test_a_log_of_which_nothing_is_left_is_a_gap_too(path, cursor):
    async with opened(path) as log:
        for _ in range(3):
            await granted(log)
        ours = cursor()
        ours.take(START)
        log.sink.close(5)
    async with opened(path, Moving(START + timedelta(days=40)), caps=Caps(age=timedelta(days=30))) as log:
        log.sink.write(_tend(log), lambda: None)
        log.sink.close(5)
        assert everything(path) == []
        assert ours.standing().lost == 3
        (portion,) = taken(ours)
        assert (portion.gap.count, portion.gap.after, portion.gap.before) == (3, None, None)
        assert ours.standing().lost == 0


def _tend(log):
    return Batch([], [], tend=True, probe=False)


def delete(path, where):
    with closing(sqlite.connect(path)) as other:
        other.execute(f"DELETE FROM signins WHERE {where}")  # noqa: S608  the tests' own words


async def test_age_alone_deletes_nothing_that_waits_to_be_exported(path, cursor):
    async with opened(path) as log:
        for _ in range(5):
            await granted(log)
        ours = cursor()
        ours.take(START)
        ours.confirm(ours.next(START, 2), START)
    caps = Caps(age=timedelta(days=30), export=OTLP)
    async with opened(path, Moving(START + timedelta(days=40)), caps=caps) as log:
        log.sink.write(_tend(log), lambda: None)
        log.sink.close(5)
    assert len(everything(path)) == 3


async def test_the_cap_deletes_what_waits_to_be_exported(path, cursor):
    async with opened(path) as log:
        for _ in range(5):
            await granted(log)
    async with opened(path, caps=Caps(rows=2, export=OTLP)) as log:
        log.sink.write(_tend(log), lambda: None)
        log.sink.close(5)
    assert len(everything(path)) == 2
    ours = cursor()
    ours.take(START)
    assert ours.standing().lost == 3


async def test_a_portion_is_no_heavier_than_a_request_may_be(path, cursor, monkeypatch):
    async with opened(path) as log:
        for _ in range(4):
            await granted(log)
        ours = cursor()
        ours.take(START)
        monkeypatch.setattr(exports, "HEAVIEST", 1)
        assert [len(each.events) for each in taken(ours)] == [1, 1, 1, 1]


async def test_what_another_version_left_beside_the_place_is_no_obstacle(path, cursor):
    async with opened(path) as log:
        sent = [await granted(log) for _ in range(2)]
        with closing(sqlite.connect(path)) as other:
            other.execute("INSERT INTO exports (name, seq, pending) VALUES (?, 1, ?)", (OTLP, b"\xc1"))
        ours = cursor()
        ours.take(START)
        assert ids(taken(ours)) == sent[1:]


async def test_confirming_does_not_wait_for_the_disk_and_leaves_the_journal_to_the_writer(path, cursor):
    async with opened(path):
        connection = cursor()._connection  # noqa: SLF001  what the other connection must not pay for
        assert connection.execute("PRAGMA synchronous").fetchone() == (1,)
        assert connection.execute("PRAGMA wal_autocheckpoint").fetchone() == (0,)


async def test_proven_refusals_are_no_aggregates(path, cursor):
    async with opened(path) as log:
        await refused(log, why=proven())
        ours = cursor()
        ours.take(START)
        (portion,) = taken(ours)
        assert portion.next_state.growing == ()
