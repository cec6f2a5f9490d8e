"""The keys of registered issuers: when they are fetched, how long they serve, and what a flood does."""

import asyncio
import contextlib
import json
from collections import Counter
from dataclasses import replace
from uuid import UUID

import pytest

from accredit.errors import ISSUER_UNREACHABLE, KEY_NOT_FOUND, Refused
from accredit.issuers import EMPTY, KeyReference
from accredit.issuers.freshness import EMULATOR, PRODUCTION
from accredit.outbound import Fetcher, IssuerKeys, OwnCa, Unreachable, emulator
from accredit.outbound.answer import Fetched
from accredit.outbound.keys import LOOK_EVERY, MAX_REFRESHES
from tests.outbound.rig import ANYWHERE_LOCAL, HERE, HOST, issuer, key_set, server, site

pytestmark = pytest.mark.anyio

URL = "https://issuer.test"
GOOD = server(HOST)
ONE = KeyReference(alg="ES256", kid="one")
TWO = KeyReference(alg="ES256", kid="two")
DISCOVERY = "https://issuer.test/.well-known/openid-configuration"


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now


class Documents:
    """A ``Fetches`` that answers from memory: published documents by URL, failures, and a gate that can be shut."""

    def __init__(self):
        self.published = {}
        self.headers = {}
        self.gets = Counter()
        self.gate = asyncio.Event()
        self.gate.set()
        self.publish("one")

    def publish(self, *kids, url=URL):
        self.published[f"{url}/.well-known/openid-configuration"] = json.dumps(
            {"issuer": url, "jwks_uri": f"{url}/keys"}
        ).encode()
        self.published[f"{url}/keys"] = key_set(*kids)

    def fail(self, failure, url=URL):
        self.published[f"{url}/keys"] = failure

    async def get(self, url, *, issuer, within=None):  # noqa: ARG002  the port's names
        self.gets[url] += 1
        await self.gate.wait()
        await asyncio.sleep(0)
        found = self.published[url]
        if isinstance(found, Exception):
            raise found
        return Fetched(found, self.headers)

    @property
    def fetches(self):
        return self.gets[f"{URL}/keys"]


def keys(fetcher, clock, limits=PRODUCTION, **more):
    return IssuerKeys(fetcher, limits, clock=clock, jitter=lambda: 0.0, **more)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def documents():
    return Documents()


def figures(port):
    """What was counted for the one issuer that the port was asked for."""
    (found,) = port.standings()
    return found.figures


async def refused(answer):
    with pytest.raises(Refused) as found:
        await answer
    return found.value


def down():
    return Unreachable("connect", "refused")


def denied():
    return Unreachable("status", "403", answered=True)


# ── the first fetch, and what is kept ────────────────────────────────────────────────────────────────────────────────


async def test_keys_are_fetched_once_and_kept(clock, documents):
    port, record = keys(documents, clock), issuer(URL)
    assert port.at_hand(record) is EMPTY
    assert not documents.gets, "nothing is fetched for keys at hand"
    found = await port.of(record, ONE)
    assert [each.kid for each in found.keys] == ["one"]
    assert await port.of(record, ONE) is found
    assert port.at_hand(record) is found
    assert documents.gets == {DISCOVERY: 1, f"{URL}/keys": 1}


async def test_a_hundred_requests_cause_one_fetch_over_real_sockets():
    async with site(GOOD) as peer:
        record = issuer(peer.url, ca_bundle=GOOD.ca)
        peer.publish(peer.url, "one")
        limits = replace(PRODUCTION, waiters=256)
        fetcher = Fetcher(limits, ANYWHERE_LOCAL, user_agent="accredit/0", resolve=HERE)
        port = keys(fetcher, Clock(), limits)
        found = await asyncio.gather(*(port.of(record, ONE) for _ in range(100)))
        assert peer.paths() == ["/.well-known/openid-configuration", "/keys"]
        counted = figures(port)
    assert all(each is found[0] for each in found)
    assert (counted.fetches, counted.ended) == (1, 1)
    assert counted.octets == sum(len(peer.answers[path].split(b"\r\n\r\n", 1)[1]) for path in peer.paths())


async def test_a_separate_key_url_needs_no_discovery(clock, documents):
    record = issuer(URL, key_source="jwks_url", jwks_url=f"{URL}/keys")
    await keys(documents, clock).of(record, ONE)
    assert documents.gets == {f"{URL}/keys": 1}


async def test_what_is_kept_belongs_to_tenant_record_and_revision(clock, documents):
    port = keys(documents, clock)
    first = issuer(URL)
    others = {
        "another tenant": issuer(URL, tenant_id=UUID(int=9)),
        "another record": issuer(URL, id=UUID(int=9)),
        "another revision": issuer(URL, revision=2),
    }
    await port.of(first, ONE)
    for count, (name, other) in enumerate(others.items(), start=2):
        assert port.at_hand(other) is EMPTY, name
        await port.of(other, ONE)
        assert documents.fetches == count, name
    assert port.at_hand(first) is EMPTY, "the former revision is forgotten"


async def test_an_old_revision_does_not_push_out_the_new_one(clock, documents):
    port = keys(documents, clock)
    await port.of(issuer(URL, revision=2), ONE)
    await port.of(issuer(URL, revision=1), ONE)
    assert port.at_hand(issuer(URL, revision=2)) is not EMPTY


async def test_the_number_of_records_is_bounded(clock, documents):
    port = keys(documents, clock, replace(PRODUCTION, records=2))
    records = [issuer(URL, id=UUID(int=number)) for number in (1, 2, 3)]
    await port.of(records[0], ONE)
    await port.of(records[1], ONE)
    await port.of(records[0], ONE)
    await port.of(records[2], ONE)
    assert [port.at_hand(each) is not EMPTY for each in records] == [True, False, True]
    assert len(port.records()) == 2


async def test_a_record_that_changed_or_is_gone_is_not_fetched_for_until_somebody_asks(clock, documents):
    port, record = keys(documents, clock), issuer(URL)
    await port.of(record, ONE)
    clock.now += PRODUCTION.fresh_for * PRODUCTION.refresh_at
    port.forget({UUID(int=77), record.id})
    port.refresh_due()
    assert not any(each.flight for each in port.records())
    assert figures(port).fetches == 1
    (standing,) = port.standings()
    assert (standing.keys, standing.age) == (None, None), "no age of keys that nobody uses"
    await port.of(record, ONE)
    assert [each.flight is not None for each in port.records()] == [True]
    await port.close()


async def test_whoever_decides_again_with_a_record_that_was_just_made_fetches_once(clock, documents):
    port = keys(documents, clock)
    await port.of(issuer(URL), ONE)
    port.forget({issuer(URL).id})
    assert port.at_hand(issuer(URL)).find(ONE)
    await port.of(issuer(URL), ONE)
    assert documents.fetches == 1


async def test_one_number_of_a_revision_in_two_histories_of_the_store_is_not_one_record(clock, documents):
    """A database that was restored counts on from an older revision: the number was given to something else before."""
    port = keys(documents, clock)
    before, after = issuer(URL, revision=2), issuer(URL, revision=2, allowed_jwks_hosts=("keys.test",))
    await port.of(before, ONE)
    port.forget({before.id})
    assert port.at_hand(after) is EMPTY
    documents.publish("two")
    assert (await refused(port.of(after, ONE))).row in (ISSUER_UNREACHABLE, KEY_NOT_FOUND)
    assert port.at_hand(before) is EMPTY


async def test_what_was_forgotten_is_the_first_to_go(clock, documents):
    port = keys(documents, clock, replace(PRODUCTION, records=2))
    records = [issuer(URL, id=UUID(int=number)) for number in (1, 2, 3)]
    await port.of(records[0], ONE)
    await port.of(records[1], ONE)
    port.forget({records[1].id})
    await port.of(records[2], ONE)
    assert [port.at_hand(each) is not EMPTY for each in records] == [True, False, True]


# ── uploaded keys ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_uploaded_keys_never_fetch_and_are_read_once(clock, documents, monkeypatch):
    port = keys(documents, clock)
    record = issuer("kubernetes/serviceaccount", key_source="uploaded", jwks=key_set("one").decode())
    found = port.at_hand(record)
    assert [each.kid for each in found.keys] == ["one"]
    assert await port.of(record, ONE) is found
    assert await port.of(record, TWO) is found, "whether the key is there is for the proof to say"
    assert await port.of(record, ONE) is found
    clock.now += 10 * 86_400
    assert await port.of(record, ONE) is found
    assert not documents.gets


async def test_uploaded_keys_that_are_none_are_refused(clock, documents):
    port, record = keys(documents, clock), issuer(URL, key_source="uploaded", jwks='{"keys":[]}')
    assert port.at_hand(record) is EMPTY
    answer = await refused(port.of(record, ONE))
    assert answer.row is ISSUER_UNREACHABLE
    assert answer.detail.startswith("jwks: no usable key")


# ── freshness ────────────────────────────────────────────────────────────────────────────────────────────────────────

# keys of production: fresh for 3600 s, then 3600 s while the issuer is down, 900 s when it said no
STALE = {
    "just before freshness ends": (3_599, down, True, False),
    "when freshness has ended": (3_600.25, down, True, True),
    "just before the bound": (7_199, down, True, True),
    "at the bound": (7_200, down, True, True),
    "after the bound": (7_201, down, False, None),
    "an hour and a second of outage": (7_201 + 3_600, down, False, None),
    "the issuer said no, just before the bound": (4_499, denied, True, True),
    "the issuer said no, at the bound": (4_500, denied, True, True),
    "the issuer said no, after the bound": (4_501, denied, False, None),
}


@pytest.mark.parametrize(("age", "failure", "serves", "stale"), STALE.values(), ids=STALE)
async def test_old_keys_serve(age, failure, serves, stale, clock, documents):
    port, record = keys(documents, clock), issuer(URL)
    await port.of(record, ONE)
    fetched_at = clock.now
    documents.fail(failure())
    clock.now = fetched_at + age
    if not serves:
        answer = await refused(port.of(record, ONE))
        assert answer.row is ISSUER_UNREACHABLE
        assert port.at_hand(record) is EMPTY
        return
    found = await port.of(record, ONE)
    assert found.find(ONE)
    assert found.stale_for == max(0, age - 3_600), "the keys themselves say so"
    await asyncio.sleep(0.01)  # a fetch in the background ends
    assert documents.fetches == 2
    assert figures(port).stale == (1 if stale else 0)
    assert port.at_hand(record).find(ONE)
    assert port.at_hand(record).stale_for == found.stale_for
    documents.publish("one")
    clock.now += 400  # the back-off is over
    assert (await port.of(record, ONE)).stale_for == 0, "fresh again"


async def test_the_emulator_serves_no_old_keys(clock, documents):
    port, record = keys(documents, clock, EMULATOR), issuer(URL)
    await port.of(record, ONE)
    documents.fail(down())
    clock.now += 301
    assert (await refused(port.of(record, ONE))).row is ISSUER_UNREACHABLE


async def test_a_key_that_is_gone_is_gone_at_once(clock, documents):
    port, record = keys(documents, clock), issuer(URL)
    await port.of(record, ONE)
    documents.publish("two")
    clock.now += 3_601
    assert (await refused(port.of(record, ONE))).row is KEY_NOT_FOUND
    assert [each.kid for each in port.at_hand(record).keys] == ["two"]


BROKEN = {
    "keys that cannot be read": (b"<html>", "jwks: "),
    "no keys": (b'{"keys":[]}', "jwks: no usable key"),
    "keys that are denied": (denied(), "jwks: status: 403 although discovery is readable (Kubernetes: "),
    "keys that cannot be reached": (down(), "jwks: connect: refused"),
}


@pytest.mark.parametrize(("document", "detail"), BROKEN.values(), ids=BROKEN)
async def test_keys_are_replaced_by_complete_success_only(document, detail, clock, documents):
    port, record = keys(documents, clock), issuer(URL)
    before = await port.of(record, ONE)
    documents.published[f"{URL}/keys"] = document
    clock.now += 61
    answer = await refused(port.of(record, TWO))
    assert answer.row is ISSUER_UNREACHABLE
    assert answer.detail.startswith(detail)
    assert port.at_hand(record) is before
    assert await port.of(record, ONE) is before


WRONG_DISCOVERY = {
    "another issuer": (b'{"issuer":"https://evil.test","jwks_uri":"https://issuer.test/keys"}', "discovery: the docu"),
    "a slash too much": (b'{"issuer":"https://issuer.test/","jwks_uri":"https://issuer.test/keys"}', "discovery: "),
    "no jwks_uri": (b'{"issuer":"https://issuer.test"}', "discovery: the document has no jwks_uri"),
    "a strange jwks_uri": (b'{"issuer":"https://issuer.test","jwks_uri":"https://ok@evil"}', "discovery: jwks_uri"),
    "a page": (b"<html></html>", "discovery: "),
    "nothing": (b"", "discovery: "),
    "no answer": (down(), "discovery: connect: refused"),
}  # fmt: skip


@pytest.mark.parametrize(("document", "detail"), WRONG_DISCOVERY.values(), ids=WRONG_DISCOVERY)
async def test_discovery_that_is_wrong_ends_the_fetch(document, detail, clock, documents):
    documents.published[DISCOVERY] = document
    answer = await refused(keys(documents, clock).of(issuer(URL), ONE))
    assert answer.row is ISSUER_UNREACHABLE
    assert answer.detail.startswith(detail)
    assert documents.gets == {DISCOVERY: 1}


async def test_a_jwks_uri_on_a_private_host_is_judged_again():
    async with site(GOOD) as peer:
        peer.publish(peer.url, "one")
        metadata = {"issuer": peer.url, "jwks_uri": "https://169.254.169.254/keys"}
        body = json.dumps(metadata).encode()
        peer.answers["/.well-known/openid-configuration"] = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (
            len(body), body,
        )  # fmt: skip
        fetcher = Fetcher(PRODUCTION, ANYWHERE_LOCAL, user_agent="accredit/0", resolve=HERE)
        answer = await refused(keys(fetcher, Clock()).of(issuer(peer.url, ca_bundle=GOOD.ca), ONE))
    assert answer.detail.startswith("jwks: address: 169.254.169.254")


MAX_AGE = {"a year": ("max-age=31536000", 3_600), "five minutes": ("max-age=300", 300), "none": (None, 3_600)}


@pytest.mark.parametrize(("header", "fresh"), MAX_AGE.values(), ids=MAX_AGE)
async def test_max_age_only_shortens(header, fresh, clock, documents):
    documents.headers = {} if header is None else {"cache-control": header}
    port, record = keys(documents, clock), issuer(URL)
    await port.of(record, ONE)
    documents.gate.clear()  # what is fetched in the background does not arrive
    clock.now += fresh - 1
    await port.of(record, ONE)
    assert documents.fetches == 1
    clock.now += 1
    waiting = asyncio.create_task(port.of(record, ONE))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    documents.gate.set()
    await waiting
    assert documents.fetches == 2


# ── failures and back-off ────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_failed_record_is_asked_again_later_and_later(clock, documents):
    port, record = keys(documents, clock), issuer(URL)
    documents.fail(down())
    asked = []
    for second in range(400):
        before = documents.fetches
        assert (await refused(port.of(record, ONE))).row is ISSUER_UNREACHABLE
        if documents.fetches > before:
            asked.append(second)
        clock.now += 1
    assert asked == [0, 5, 15, 35, 75, 155, 315]
    (standing,) = port.standings()
    assert (standing.up, standing.keys, standing.age) == (False, 0, None)
    assert standing.figures.failures == {"connect": 7}


async def test_a_defect_is_loud_and_the_next_request_tries_again(clock, documents):
    port, record = keys(documents, clock), issuer(URL)
    documents.fail(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await port.of(record, ONE)
    documents.publish("one")
    assert (await port.of(record, ONE)).find(ONE)


# ── unknown kids ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_ten_thousand_random_kids_cause_one_fetch_for_each_cool_down(clock, documents):
    port, record = keys(documents, clock), issuer(URL)
    await port.of(record, ONE)
    for number in range(10_000):
        clock.now += 60 / 10_000
        answer = await refused(port.of(record, KeyReference(alg="ES256", kid=f"random-{number}")))
        assert answer.row is KEY_NOT_FOUND
    assert documents.fetches == 2, "the first, and one after the cool-down of 60 s"
    assert (await port.of(record, ONE)).find(ONE), "unknown kids evict no key"
    assert documents.fetches == 2


async def test_a_new_key_is_found_by_its_first_token(clock, documents):
    port, record = keys(documents, clock), issuer(URL)
    await port.of(record, ONE)
    documents.publish("one", "two")
    clock.now += 59
    answer = await refused(port.of(record, TWO))
    assert answer.row is KEY_NOT_FOUND
    assert answer.detail.startswith("KEY_COOLDOWN: ")
    assert " in 1 s " in answer.detail
    clock.now += 1
    assert (await port.of(record, TWO)).find(TWO)
    assert documents.fetches == 2


async def test_a_first_fetch_without_the_key_is_the_only_one(clock, documents):
    answer = await refused(keys(documents, clock).of(issuer(URL), TWO))
    assert answer.row is KEY_NOT_FOUND
    assert answer.fields == {"key": "two", "issuer": URL}
    assert answer.detail.startswith("KEY_UNKNOWN: ")
    assert documents.fetches == 1


async def test_the_emulator_remembers_an_unknown_kid_for_a_second(clock, documents):
    port, record = keys(documents, clock, EMULATOR), issuer(URL)
    await refused(port.of(record, TWO))
    clock.now += 0.999
    await refused(port.of(record, TWO))
    assert documents.fetches == 1
    clock.now += 0.001
    await refused(port.of(record, TWO))
    assert documents.fetches == 2
    documents.publish("two")
    clock.now += 0.5
    other = KeyReference(alg="ES256", kid="three")
    await refused(port.of(record, other))
    assert documents.fetches == 3
    assert (await port.of(record, TWO)).find(TWO), "a fetch for another kid brought it"
    assert documents.fetches == 3


async def test_what_is_remembered_of_unknown_kids_is_bounded(clock, documents):
    limits = replace(EMULATOR, negative_for=1_000.0, negative_per_record=3, negative_in_all=4)
    port = keys(documents, clock, limits)
    kept = []
    for record in (issuer(URL), issuer(URL, id=UUID(int=2))):
        await port.of(record, ONE)
        kept.append(next(each for each in port.records() if each.issuer is record))
        for number in range(5):
            kept[-1].remember_absent(KeyReference(alg="ES256", kid=f"{number}"), clock.now, limits)
        assert kept[-1].absent == 3
    await refused(port.of(kept[1].issuer, TWO))
    assert [each.absent for each in kept] == [3, 1], "a fetch forgets what was unknown before it"
    for number in range(5):
        kept[1].remember_absent(KeyReference(alg="ES256", kid=f"{number}"), clock.now, limits)
    port._bound_absent()  # noqa: SLF001  the bound itself
    assert sum(each.absent for each in kept) <= 4


async def test_an_issuer_that_fails_when_asked_for_a_new_key_is_not_asked_again_at_once(clock, documents):
    port, record = keys(documents, clock), issuer(URL)
    await port.of(record, ONE)
    documents.fail(down())
    clock.now += 61
    assert (await refused(port.of(record, TWO))).row is ISSUER_UNREACHABLE
    answer = await refused(port.of(record, TWO))
    assert answer.row is KEY_NOT_FOUND, "never accepted from old keys, never fetched in the back-off"
    assert "KEY_COOLDOWN" in answer.detail
    assert documents.fetches == 2
    assert (await port.of(record, ONE)).find(ONE)


async def test_a_header_without_a_key_reference_means_every_key(clock, documents):
    port, record = keys(documents, clock), issuer(URL, require_kid=False)
    assert (await port.of(record, KeyReference(alg="ES256"))).keys
    assert (await refused(port.of(record, KeyReference(alg="RS256")))).row is KEY_NOT_FOUND
    assert documents.fetches == 1


async def test_a_key_that_is_not_used_causes_no_fetch(clock, documents):
    weak = {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "weak"}
    documents.published[f"{URL}/keys"] = json.dumps({"keys": [*json.loads(key_set("one"))["keys"], weak]}).encode()
    port, record = keys(documents, clock), issuer(URL)
    await port.of(record, ONE)
    clock.now += 61
    found = await port.of(record, KeyReference(alg="ES256", kid="weak"))
    assert found.dropped_as(KeyReference(alg="ES256", kid="weak")) is not None
    assert documents.fetches == 1


# ── waiting ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_waiting_request_gives_its_place_back(clock, documents):
    places = 0

    @contextlib.contextmanager
    def while_waiting():
        nonlocal places
        places += 1
        yield
        places -= 1

    port, record = keys(documents, clock, while_waiting=while_waiting), issuer(URL)
    documents.gate.clear()
    waiting = [asyncio.create_task(port.of(record, ONE)) for _ in range(5)]
    await asyncio.sleep(0.01)
    assert places == 5
    documents.gate.set()
    await asyncio.gather(*waiting)
    assert places == 0
    await port.of(record, ONE)
    assert places == 0, "keys at hand wait for nobody"


@pytest.mark.parametrize(("count", "turned_away"), [(64, 0), (65, 1), (100, 36)])
async def test_those_who_wait_for_one_issuer_are_counted(count, turned_away, clock, documents):
    port, record = keys(documents, clock), issuer(URL)
    documents.gate.clear()
    waiting = [asyncio.create_task(port.of(record, ONE)) for _ in range(count)]
    await asyncio.sleep(0.01)
    done = [each for each in waiting if each.done()]
    assert len(done) == turned_away
    for each in done:
        assert isinstance(each.exception(), Unreachable)
        assert each.exception().detail == "wait: 64 requests wait for this issuer already"
    documents.gate.set()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert documents.fetches == 1
    assert figures(port).turned_away == turned_away


async def test_a_hanging_issuer_holds_up_no_other(clock):
    async with site(GOOD) as hanging, site(GOOD) as other:
        other.publish(other.url, "one")

        async def hang(writer):
            await asyncio.sleep(30)

        hanging.answers["/.well-known/openid-configuration"] = hang
        limits = replace(PRODUCTION, fetch_within=2.0, wait=2.0)
        fetcher = Fetcher(limits, ANYWHERE_LOCAL, user_agent="accredit/0", resolve=HERE)
        port = keys(fetcher, asyncio.get_running_loop().time, limits)
        slow_record = issuer(hanging.url, ca_bundle=GOOD.ca, id=UUID(int=77))
        slow = [
            asyncio.create_task(port.of(issuer(hanging.url, ca_bundle=GOOD.ca, id=UUID(int=number)), ONE))
            for number in range(20)
        ]
        flood = [asyncio.create_task(port.of(slow_record, ONE)) for _ in range(1_000)]
        await asyncio.sleep(0.05)
        assert sum(each.done() for each in flood) == 1_000 - limits.waiters, "the others are answered at once"
        began = asyncio.get_running_loop().time()
        assert (await port.of(issuer(other.url, ca_bundle=GOOD.ca, id=UUID(int=99)), ONE)).find(ONE)
        assert asyncio.get_running_loop().time() - began < 1
        assert not any(each.done() for each in slow)
        for each in slow:
            answer = await refused(each)
            assert answer.detail == "discovery: time: not done within 2 s, while reading the answer"
        told = await asyncio.gather(*flood, return_exceptions=True)
        assert {each.row for each in told} == {ISSUER_UNREACHABLE}
        assert len([path for path in hanging.paths() if path]) == 21


async def test_a_request_that_gives_up_does_not_stop_the_fetch(clock, documents):
    port, record = keys(documents, clock), issuer(URL)
    documents.gate.clear()
    gone, waiting = (asyncio.create_task(port.of(record, ONE)) for _ in range(2))
    await asyncio.sleep(0.01)
    gone.cancel()
    await asyncio.sleep(0)
    documents.gate.set()
    assert (await waiting).find(ONE)
    assert documents.fetches == 1


async def test_when_old_keys_may_serve_the_wait_is_short(clock, documents):
    limits = replace(PRODUCTION, wait_when_stale=0.05)
    port, record = keys(documents, clock, limits), issuer(URL)
    await port.of(record, ONE)
    documents.fail(down())
    clock.now += 3_601
    await port.of(record, ONE)
    documents.gate.clear()  # from now on it hangs
    clock.now += 6
    assert (await port.of(record, ONE)).find(ONE)
    assert figures(port).stale == 2
    answer = await refused(port.of(record, TWO))
    assert answer.row is ISSUER_UNREACHABLE
    assert "still being fetched" in answer.detail
    await port.close()


# ── in the background ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_keys_in_use_are_fetched_again_before_they_grow_old(clock, documents):
    port, record = keys(documents, clock), issuer(URL)
    await port.of(record, ONE)
    clock.now += 0.8 * 3_600 - 1
    await port.of(record, ONE)
    assert documents.fetches == 1
    clock.now += 1
    await port.of(record, ONE)
    await asyncio.sleep(0.01)
    assert documents.fetches == 2
    assert port.standings()[0].age == 0


async def test_keys_of_quiet_records_are_fetched_again_for_a_day(clock, documents):
    port, record = keys(documents, clock), issuer(URL)
    await port.of(record, ONE)
    fetched = []
    for _ in range(26 * 60):
        clock.now += 60
        port.refresh_due()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        fetched.append(documents.fetches)
    assert fetched[-1] == 1 + 86_400 // 2_880
    assert fetched[-1] == fetched[24 * 60], "unused for a day: asked no more"


async def test_fetches_in_the_background_are_bounded(clock, documents):
    port = keys(documents, clock)
    for number in range(MAX_REFRESHES + 5):
        await port.of(issuer(URL, id=UUID(int=number)), ONE)
    documents.gate.clear()
    clock.now += 3_000
    for _ in range(2):
        port.refresh_due()
        await asyncio.sleep(0.01)
    assert sum(each.flight is not None for each in port.records()) == MAX_REFRESHES
    await port.close()


async def test_the_loop_in_the_background_ends_with_its_fetches(clock, documents, monkeypatch):
    monkeypatch.setattr("accredit.outbound.keys.LOOK_EVERY", 0.001)
    assert LOOK_EVERY < 60
    port, record = keys(documents, clock), issuer(URL)
    await port.of(record, ONE)
    documents.gate.clear()
    clock.now += 3_000
    running = asyncio.create_task(port.keep_fresh())
    await asyncio.sleep(0.02)
    assert documents.gets[DISCOVERY] == 2
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert all(each.flight is None for each in port.records())


# ── the emulator's own ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_an_override_answers_for_a_real_issuer_that_still_has_its_own_name(clock):
    real = "https://token.actions.githubusercontent.com"
    async with site(GOOD) as peer:
        base = f"{peer.url}/idp/github"
        rules = emulator(overrides={real: base}, own_ca=OwnCa(frozenset({HOST}), GOOD.ca))
        fetcher = Fetcher(EMULATOR, rules, user_agent="accredit/0", resolve=HERE)
        port = keys(fetcher, clock, EMULATOR)
        peer.publish(real, "one")
        peer.answers["/idp/github/.well-known/openid-configuration"] = peer.answers["/.well-known/openid-configuration"]
        assert (await port.of(issuer(real), ONE)).find(ONE)
        peer.publish(base, "one")
        peer.answers["/idp/github/.well-known/openid-configuration"] = peer.answers["/.well-known/openid-configuration"]
        answer = await refused(port.of(issuer(real, id=UUID(int=2)), ONE))
    assert answer.detail == f"discovery: the document says '{base}', the record '{real}'"


# ── figures ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_figures_only_rise_whatever_becomes_of_the_records(clock, documents):
    port, other = keys(documents, clock), "https://other.test"
    documents.publish("one", "two", url=other)
    first, second = issuer(URL), issuer(URL, id=UUID(int=2))
    for record in (first, second, issuer(other, id=UUID(int=3))):
        await port.of(record, ONE)
        clock.now += 7
    standings = {each.url: each for each in port.standings()}
    assert (standings[URL].figures.fetches, standings[URL].keys, standings[URL].age) == (2, 1, 21)
    assert (standings[other].up, standings[other].keys, standings[other].age) == (True, 2, 7)
    port.forget({first.id, second.id, UUID(int=3)})
    standings = {each.url: each for each in port.standings()}
    assert (standings[URL].figures.fetches, standings[URL].keys, standings[URL].age) == (2, None, None)
    await port.of(issuer(URL, revision=2), ONE)
    assert {each.url: each.figures.fetches for each in port.standings()} == {URL: 3, other: 1}


async def test_figures_of_as_many_issuers_are_kept_as_records(clock, documents):
    port = keys(documents, clock, replace(PRODUCTION, records=2))
    for number in range(4):
        uploaded = {"key_source": "uploaded", "jwks": key_set("one").decode()}
        assert port.at_hand(issuer(f"https://{number}.test", id=UUID(int=number), **uploaded)).find(ONE)
    assert [each.url for each in port.standings()] == ["https://2.test", "https://3.test"]


async def test_what_requests_wait_for_an_issuer_is_measured(clock, documents):
    port, record = keys(documents, clock), issuer(URL)
    documents.gate.clear()
    waiting = [asyncio.create_task(port.of(record, ONE)) for _ in range(3)]
    await asyncio.sleep(0.01)
    clock.now += 2
    documents.gate.set()
    await asyncio.gather(*waiting)
    await port.of(record, ONE)
    assert (figures(port).waits, figures(port).waited) == (3, 6)
    assert (figures(port).ended, figures(port).seconds) == (1, 2)
