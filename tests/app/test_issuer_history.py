"""What fetches of an issuer showed: kept in a store, bounded, told when it drifts, and read again after a restart."""

import asyncio
import json
from contextlib import closing

import pytest
import structlog

from accredit.administer import issuers
from accredit.app import issuer_news
from accredit.app.issuer_news import News
from accredit.errors import STORE_DAMAGED, STORE_UNLIKE, Refused
from accredit.issuers import KeyReference, jwks
from accredit.issuers.drift import KINDS
from accredit.issuers.history import Document, Visited, difference
from accredit.outbound.kept import MISSED
from accredit.stores import issuer_history
from accredit.stores.health import Damage
from accredit.stores.issuer_history import IssuerHistory
from accredit.stores.sqlite import connect
from tests.app.watched import jwk, ward
from tests.outbound.rig import server

pytestmark = pytest.mark.anyio

THUMB = 43  # characters of a thumbprint


def untold(drift):
    raise AssertionError(drift)


async def test_what_a_fetch_shows_is_kept(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record()
        await at.fetch(record)
        first = at.at[0]
        known = at.side.watch.history(record)
        (key,) = known.keys
        assert (key.kid, key.alg, key.kty, key.size, key.source) == (jwk()["kid"], "RS256", "RSA", 2_048, "discovery")
        assert len(key.thumbprint) == THUMB
        assert (key.first_seen, key.last_seen, key.gone_at) == (first, first, None)
        assert sorted((each.kind, each.fetched_at) for each in known.snapshots) == [
            ("discovery", first),
            ("jwks", first),
        ]
        (run,) = known.runs
        assert (run.result, run.reason, run.since, run.until, run.fetches) == ("ok", "", first, first, 1)
        documents = {each.kind: at.side.watch.document(record, each.digest) for each in known.snapshots}
        assert json.loads(documents["discovery"])["issuer"] == at.url
        assert json.loads(documents["jwks"])["keys"] == [dict(jwk())]
        assert at.side.watch.document(record, "0" * 64) is None
        assert await at.drifts() == []


async def test_what_is_as_it_was_is_written_once_an_hour(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record()
        for _ in range(8):  # ten minutes lie between two of them
            await at.fetch(record)
        (run,) = at.side.watch.history(record).runs
        assert run.fetches == 2
        assert (run.until - run.since).total_seconds() == 3_600


ROTATIONS = {
    "one key more": ((0, 1), [("key_added", "info", [1])]),
    "one key less": ((), []),
    "another key under its id": (("same",), [("same_kid_new_key", "critical", [0]), ("all_replaced", "warn", [0])]),
    "other keys altogether": ((2,), [("all_replaced", "warn", [2])]),
}


@pytest.mark.parametrize("how", ROTATIONS)
async def test_keys_that_come_and_go_are_told(how, tmp_path):
    after, told = ROTATIONS[how]
    async with ward(tmp_path) as at:
        record = await at.record()
        at.publish("", jwk(0), *([jwk(3)] if how == "one key less" else []))
        await at.fetch(record)
        if "same" in after:
            at.publish("", {**jwk(1), "kid": jwk()["kid"]})
        else:
            at.publish("", *(jwk(each) for each in after or (0,)))
        await at.fetch(record)
        said = sorted(await at.drifts(), key=lambda each: str(each["level"]))
        if how == "one key less":
            assert [(each["kind"], each["kids"]) for each in said] == [("key_removed", [jwk(3)["kid"]])]
            gone = at.side.watch.history(record).keys[-1]
            assert (gone.kid, gone.gone_at) == (jwk(3)["kid"], at.at[0])
            return
        assert [(each["kind"], each["level"]) for each in said] == [(kind, level) for kind, level, _ in told]
        assert [each["kids"] for each in said] == [[jwk(number)["kid"] for number in kids] for _, _, kids in told]
        (record_of,) = {each.targets[0].id for each in await at.audits("Issuer drift")}
        assert record_of == record.id
        assert {each.actor.kind for each in await at.audits("Issuer drift")} == {"system"}


async def test_a_key_that_comes_back_is_there_since_it_came_first(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record()
        for keys in ((0, 1), (0,), (0, 1)):
            at.publish("", *map(jwk, keys))
            await at.fetch(record)
        back = next(each for each in at.side.watch.history(record).keys if each.kid == jwk(1)["kid"])
        assert (back.gone_at, back.last_seen) == (None, at.at[0])
        assert back.first_seen < at.at[0]
        assert [each["kind"] for each in await at.drifts()] == ["key_removed", "key_added"]


async def test_a_key_that_must_not_be_there_is_told_from_the_first_fetch_on(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record()
        at.publish("private_key_published")
        await at.fetch(record)
        await at.fetch(record)  # it is still there
        (told,) = await at.drifts()
        assert (told["kind"], told["level"], told["kids"]) == ("private_key_published", "critical", [jwk()["kid"]])
        assert at.side.news.drift == {"private_key_published": 1}


async def test_two_keys_of_one_id_are_told(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record()
        at.publish("", jwk(1), jwk(0), {**jwk(2), "kid": jwk()["kid"]})
        await at.fetch(record)
        (told,) = await at.drifts()
        assert (told["kind"], told["kids"]) == ("same_kid_new_key", [jwk()["kid"]])


async def test_a_key_for_an_algorithm_that_the_record_does_not_list_is_told(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record(algorithms=("RS256",))
        await at.fetch(record)
        at.publish("", jwk(), {**jwk(1), "alg": "RS512"})
        await at.fetch(record)
        (told,) = await at.drifts()
        assert (told["kind"], told["kids"]) == ("alg_change", [jwk(1)["kid"]])


async def test_what_an_administrator_changes_is_no_drift(tmp_path):
    async with ward(tmp_path) as at:
        at.publish("", jwk(), {**jwk(1), "alg": "RS512"})
        record = await at.record()
        await at.fetch(record)
        record = await issuers.update(at.by, record.id, algorithms=("RS256",))
        await at.fetch(record)
        assert await at.drifts() == []
        assert at.side.watch.history(record).keys[-1].gone_at == at.at[0]


async def test_a_key_that_another_issuer_of_the_tenant_publishes_is_told(tmp_path):
    async with ward(tmp_path) as at:
        first, second = await at.record(), await at.record(url=f"{at.url}/b", jwks_url=f"{at.url}/keys")
        await at.fetch(first)
        await at.fetch(second)
        (told,) = await at.drifts()
        assert (told["kind"], told["kids"], told["shown"]) == ("shared_key", [jwk()["kid"]], at.url)
        assert at.side.watch.sharing(first, [at.side.watch.history(first).keys[0].thumbprint]) == {
            at.side.watch.history(first).keys[0].thumbprint: (f"{at.url}/b",)
        }


async def test_another_host_of_the_keys_is_told_where_it_is_accepted(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record()
        await at.fetch(record)
        at.publish("jwks_other_host")
        await at.fetch(record)
        (told,) = await at.drifts()
        assert (told["kind"], told["shown"]) == ("jwks_host_change", "127.0.0.1")
        (before,) = (
            json.loads(each.before)
            for each in (await at.audits("Issuer drift"))[0].targets[0].modified
            if each.name == "shown"
        )
        assert before == "localhost"
        assert at.side.watch.state(record).health == "ok"


FAILURES = {
    "extended": ("jwks_other_host", "jwks_host_change", "jwks_host"),
    "entra": ("wrong_issuer", "issuer_mismatch", "issuer_mismatch"),
}


@pytest.mark.parametrize("portability", FAILURES)
async def test_a_document_that_is_discarded_is_told_once(portability, tmp_path):
    outage, kind, result = FAILURES[portability]
    async with ward(tmp_path, portability=portability) as at:
        record = await at.record()
        await at.fetch(record)
        at.publish(outage)
        for _ in range(3):
            await at.fetch(record)
        (told,) = await at.drifts()
        assert (told["kind"], told["level"]) == (kind, "critical")
        newest, first = at.side.watch.history(record).runs
        assert (newest.result, first.result) == (result, "ok")
        state = at.side.watch.state(record)
        assert (state.health, state.failed_at) == ("failing", at.at[0])
        assert state.failure == newest.reason
        at.publish()
        await at.fetch(record)
        at.publish(outage)
        await at.fetch(record)
        assert len(await at.drifts()) == 2


async def test_a_certificate_that_is_not_accepted_any_more_is_told(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record()
        await at.fetch(record)
        record = await issuers.update(at.by, record.id, ca_bundle=server("other.test").ca)
        await at.fetch(record)
        (told,) = await at.drifts()
        assert (told["kind"], told["level"]) == ("ca_failure", "critical")
        assert "the certificate is not accepted" in told["shown"]


async def test_an_issuer_that_never_answered_rightly_does_not_drift(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record()
        for outage in ("wrong_issuer", "status_500", "down", "html_200", "jwks_metadata_ip"):
            at.publish(outage)
            await at.fetch(record)
        assert await at.drifts() == []
        runs = [each.result for each in at.side.watch.history(record).runs]
        assert runs == ["address", "document", "connect", "status", "issuer_mismatch"]


async def test_uploaded_keys_are_history_too_and_are_stale_when_tokens_name_others(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record(uploaded=json.dumps({"keys": [jwk(1)]}))
        for _ in range(MISSED + 1):
            keys = await at.side.keys.of(record, KeyReference(alg="RS256", kid="other\x1b"))
            assert [each.kid for each in keys.keys] == [jwk(1)["kid"]]
        await asyncio.to_thread(at.side.news.write)
        (told,) = await at.drifts()
        assert (told["kind"], told["level"]) == ("upload_stale", "warn")
        assert "other" in told["shown"]
        assert "\x1b" not in told["shown"]
        known = at.side.watch.history(record)
        assert [(each.kid, each.source) for each in known.keys] == [(jwk(1)["kid"], "uploaded")]
        assert [each.result for each in known.runs] == ["upload_stale", "ok"]
        state = at.side.watch.state(record)
        assert (state.health, state.keys, state.fresh, state.next_at) == ("ok", 1, True, None)


async def test_two_tokens_in_ten_minutes_do_not_make_an_upload_stale(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record(uploaded=json.dumps({"keys": [jwk(1)]}))
        for _ in range(2 * MISSED):
            await at.side.keys.of(record, KeyReference(alg="RS256", kid="other"))
            at.advance(minutes=6)
        await asyncio.to_thread(at.side.news.write)
        assert await at.drifts() == []


async def test_a_restart_remembers_how_a_record_stood(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record()
        await at.fetch(record)
        fetched = at.at[0]
        at.publish("down")
        await at.fetch(record)
        failed = at.at[0]
        after = await issuers.drop_keys(at.by, record.id)  # as little is in memory as after a restart
        state = at.side.watch.state(after)
        assert (state.fetched_at, state.failed_at, state.keys, state.fresh) == (fetched, failed, None, False)
        assert (state.health, "closed before" in state.failure) == ("failing", True)
        with pytest.raises(Refused):
            await at.side.keys.of(after, KeyReference(alg="RS256", kid="one"))
        assert at.side.watch.state(after).fetched_at == fetched  # in memory there is a failure only


async def test_nothing_is_known_of_a_record_that_was_never_asked_for(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record()
        assert at.side.watch.state(record).health == "unknown"
        assert at.side.watch.history(record) == at.side.watch.history(record).__class__()


async def test_history_goes_with_its_record(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record()
        await at.fetch(record)
        await issuers.delete(at.by, record.id)
        assert at.side.watch.history(record).keys == ()
        at.publish("", jwk(1))
        at.advance(hours=2)
        at.side.news.heard(Visited(issuer=record, result="ok"))
        at.side.news.write()
        assert at.side.watch.history(record).runs == ()


async def test_history_is_bounded(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record()
        with closing(IssuerHistory(at.database)) as store:
            for number in range(issuer_history.RUNS + 5):
                found = Visited(issuer=record, result="dns" if number % 2 else "connect", reason="r")
                store.write(found, at.at[0], told=untold)
            assert len(store.of(record).runs) == issuer_history.RUNS


async def test_documents_that_change_every_time_are_kept_to_a_number_and_a_size(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record()
        with closing(IssuerHistory(at.database)) as store:

            def write(*lengths):
                for length in lengths:
                    at.advance(minutes=1)
                    body = json.dumps({"keys": [{**jwk(), "x": "x" * length}]}).encode()
                    keys = jwks.parse(body, record)
                    found = Visited(issuer=record, result="ok", keys=keys, documents=(Document("jwks", body),))
                    store.write(found, at.at[0], told=untold)
                return store.of(record).snapshots

            shots = write(*range(issuer_history.SNAPSHOTS + 3))
            assert (len(shots), shots[0].last_seen) == (issuer_history.SNAPSHOTS, at.at[0])
            shots = write(*range(500_000, 500_007))
            assert sum(each.octets for each in shots) <= issuer_history.OCTETS
            assert (len(shots), shots[0].last_seen) == (4, at.at[0])


async def test_of_what_waits_to_be_written_the_newest_stands(tmp_path, monkeypatch):
    monkeypatch.setattr(issuer_news, "MOST_WAITING", 2)
    monkeypatch.setattr(issuer_news, "MOST_KNOWN", 1)
    async with ward(tmp_path) as at:
        records = [await at.record(url=f"{at.url}/{number}") for number in range(3)]
        for each in (*records, records[2]):
            at.side.news.heard(Visited(issuer=each, result="dns"))
        at.side.news.write()
        assert [len(at.side.watch.history(each).runs) for each in records] == [0, 1, 1]


async def test_a_clock_that_goes_back_mixes_up_nothing(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record()
        for number in range(3):
            at.publish("", jwk(number))
            await at.fetch(record)
            at.at[0] = at.at[0].replace(year=at.at[0].year - 1)
        known = at.side.watch.history(record)
        assert [each.kid for each in known.keys if each.gone_at is None] == [jwk(2)["kid"]]
        assert len(known.keys) == 3


async def test_what_cannot_be_written_is_said_and_costs_nobody_a_sign_in(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record()
        damage = Damage("it is")
        news = News(IssuerHistory(tmp_path / "x.db", damage), lambda: at.at[0], structlog.get_logger())
        news.heard(Visited(issuer=record, result="ok"))
        with pytest.raises(Refused) as caught:
            news.write()
        assert caught.value.row is STORE_DAMAGED


async def test_what_cannot_be_read_is_refused(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record()
        with closing(connect(at.database)) as other:
            other.execute("DROP TABLE issuer_fetches")
        with pytest.raises(Refused) as caught:
            at.side.watch.history(record)
        assert caught.value.row is STORE_UNLIKE
        with pytest.raises(Refused) as caught:
            at.side.news.store.write(Visited(issuer=record, result="dns"), at.at[0], told=untold)
        assert caught.value.row is STORE_UNLIKE


async def test_the_metric_names_every_kind(tmp_path):
    async with ward(tmp_path) as at:
        (family,) = at.side.news.collect()
        assert {each.labels["kind"]: each.value for each in family.samples} == dict.fromkeys(KINDS, 0)


def test_two_documents_are_compared_member_by_member():
    old, new = b'{"keys":[{"kid":"a"}]}', b'{"keys":[{"kid":"b"}]}'
    assert [each for each in difference(old, new) if each.startswith(("-  ", "+  "))] == [
        '-   "kid": "a"',
        '+   "kid": "b"',
    ]
    assert difference(b"not json", b"no json")[-1] == "+no json"
    assert len(difference(b"[" + b"1," * 5_000 + b"1]", b"[]")) == 1
