"""What many events have in common is stored once, and read back everywhere."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from accredit.query import And, Compare, Query
from accredit.signins import SignIn
from accredit.stores import event_index, sqlite
from accredit.stores.event_reader import EventReader
from accredit.stores.event_row import CLAIMS, COLUMNS, ClaimSets, event_of, row
from tests.stores.attempts import CLIENT, START, TENANT, fill_in_grant, of_correlation, opened, sender
from tests.support.every import every

pytestmark = pytest.mark.anyio
SECRET = UUID(int=0x5EC)
PAIRS = (("ref", "refs/heads/main"), ("environment", "production"))
CLAUSE = "claims['ref'] eq 'refs/heads/main'"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "accredit.db"


def event(at=START, claims=PAIRS, clause=CLAUSE):
    signin = SignIn(at, sender(), TENANT, CLIENT)
    fill_in_grant(signin)
    told = {"claims": claims, "clause": clause, "claim_kinds": "s" * len(claims), "claims_lacking": ()}
    return replace(signin.event(None, 1.0), **told)


def column(of, name):
    return row(of)[COLUMNS.replace(" ", "").split(",").index(name)]


def stored(path):
    with closing(sqlite.connect(path)) as connection:
        return connection.execute("SELECT id, day FROM claim_sets ORDER BY day, id").fetchall()


def test_an_event_without_claims_refers_to_nothing():
    plain = event(claims=(), clause="")
    assert column(plain, "claims") is None
    assert event_of(column(plain, "body")) == plain
    assert ClaimSets().missing([plain]) == []


@every(("claims", "clause"), [(PAIRS, CLAUSE), (PAIRS, ""), ((), CLAUSE)])
def test_an_event_is_what_it_was_when_its_claims_are_put_back(claims, clause):
    whole = event(claims=claims, clause=clause)
    ((id_, day, body),) = ClaimSets().missing([whole])
    assert (id_, day) == (column(whole, "claims"), (START.toordinal() - 719_163))
    bare = column(whole, "body")
    assert event_of(bare, body) == whole
    assert event_of(bare) == replace(whole, claims=(), clause="", claim_kinds="")
    assert len(bare) < len(column(event(claims=(), clause=""), "body")) + 1


def test_what_was_looked_for_and_not_there_is_put_back():
    whole = replace(event(claims=(), clause=""), claims_lacking=("environment",))
    ((_, _, body),) = ClaimSets().missing([whole])
    assert event_of(column(whole, "body"), body) == whole


def test_a_set_of_an_older_version_says_nothing_of_types():
    found = event_of(column(event(), "body"), msgspec.msgpack.encode([PAIRS, CLAUSE]))
    assert (found.claims, found.clause, found.claim_kinds, found.claims_lacking) == (PAIRS, CLAUSE, "", ())


def test_a_set_is_asked_for_once_a_day_and_again_when_it_was_not_stored():
    sets, one, later = ClaimSets(), event(), event(START + timedelta(days=1))
    assert len(sets.missing([one, one, event()])) == 1
    sets.settle(stored=False)
    assert len(sets.missing([one])) == 1
    sets.settle(stored=True)
    assert sets.missing([one]) == []
    assert len(sets.missing([later, one, event(claims=())])) == 2


def test_what_is_known_is_bounded(monkeypatch):
    monkeypatch.setattr("accredit.stores.event_row._MOST_KNOWN", 3)
    sets = ClaimSets()
    for n in range(10):
        sets.missing([event(claims=(("n", str(n)),))])
        sets.settle(stored=True)
        assert len(sets._known) <= 3  # noqa: SLF001


@pytest.mark.parametrize("behind", [1, event_index.BEHIND])
async def test_every_way_of_reading_puts_them_back(path, behind, monkeypatch):
    monkeypatch.setattr(event_index, "BEHIND", behind)
    async with opened(path) as log:
        sent = [event(START + timedelta(seconds=n), claims=(("n", str(n // 2)),)) for n in range(4)]
        sent.append(event(START + timedelta(days=1), claims=(), clause=""))
        for each in sent:
            await log.record(each, None)
        newest = sent[::-1]
        with EventReader(path) as reader:
            assert reader.last(TENANT.id) == reader.last(TENANT.id, CLIENT.app_id) == newest
            assert [reader.by_id(each.id) for each in sent] == sent
            assert of_correlation(reader, TENANT.id, sent[0].correlation_id) == sent[:1]
            for condition in (
                None,
                Compare("appId", "eq", str(CLIENT.app_id)),
                And((Compare("appId", "eq", str(CLIENT.app_id)), Compare("status/errorCode", "eq", 0))),
            ):
                assert list(reader.search(TENANT.id, Query(condition=condition, limit=9)).things) == newest
            for name, value in (("id", sent[0].id), ("correlationId", sent[0].correlation_id)):
                found = reader.search(TENANT.id, Query(condition=Compare(name, "eq", str(value)), limit=9))
                assert list(found.things) == sent[:1]
    assert len(stored(path)) == 2


async def test_a_set_is_kept_with_the_last_day_on_which_it_was_used(path):
    async with opened(path) as log:
        for days in (0, 2, 1):
            await log.record(event(START + timedelta(days=days)), None)
    async with opened(path) as log:
        await log.record(event(START + timedelta(days=1)), None)
    ((_, day),) = stored(path)
    assert day == (START + timedelta(days=2)).toordinal() - 719_163


async def test_claims_that_are_gone_leave_the_rest_of_the_event(path):
    whole = event()
    async with opened(path) as log:
        await log.record(whole, None)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("DELETE FROM claim_sets")
    with EventReader(path) as reader:
        assert reader.by_id(whole.id) == replace(whole, claims=(), clause="", claim_kinds="")
    assert "claim_sets" in CLAIMS


async def test_the_secret_or_certificate_has_a_column(path):
    async with opened(path) as log:
        await log.record(replace(event(), key_id=SECRET, credential_id=None), None)
        await log.record(replace(event(), key_id=None), None)
    with closing(sqlite.connect(path)) as connection:
        assert connection.execute("SELECT key_id FROM signins ORDER BY seq").fetchall() == [(SECRET.bytes,), (None,)]
