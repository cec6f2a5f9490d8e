"""A probe of an issuer over real connections: every way in which an issuer can be wrong is found at its step."""

import json
import ssl
from dataclasses import replace
from datetime import timedelta

import pytest

from accredit.administer import issuers, probing, tenants
from accredit.errors import GRAPH_THROTTLED, OBJECT_NOT_FOUND, PROPERTY_INVALID, Refused
from accredit.issuers import KeyReference
from accredit.issuers.probe import TITLES
from accredit.outbound import PRODUCTION
from accredit.testidp.outages import OUTAGES
from tests.app.watched import LOCAL, ids, jwk, steps, ward
from tests.outbound.rig import ok, resolving, server

pytestmark = pytest.mark.anyio

RBAC = "system:service-account-issuer-discovery"
# What an outage leads to: steps that fail, steps that warn, and what the first of them says, value or remedy.
FOUND: dict[str, tuple[str, str, str]] = {
    "down": ("P7", "", "closed before an answer"),
    "timeout": ("P7", "", "It took too long"),
    "slow_drip": ("P7", "", "while reading the answer"),
    "status_500": ("P7", "", "trouble of its own"),
    "status_404": ("P7", "", "--jwks-url"),
    "status_429": ("P7", "", "429"),
    "status_403_jwks": ("P11", "", RBAC),
    "status_400_jwks": ("P11", "", "AWS"),
    "html_200": ("P8", "", "a page for people (HTML)"),
    "wrong_issuer": ("P9", "", "HOST_ALIAS"),
    "issuer_slash": ("P9", "", "SLASH"),
    "missing_jwks_uri": ("P10", "", "no jwks_uri"),
    "jwks_other_host": ("", "", ""),
    "jwks_http": ("P11", "", "closed before an answer"),
    "jwks_metadata_ip": ("P10", "", "169.254.169.254"),
    "redirect_same_host": ("P7", "", "302 to"),
    "redirect_cross_host": ("P7", "", "127.0.0.1"),
    "redirect_metadata_ip": ("P7", "", "169.254.169.254"),
    "huge_discovery": ("P7", "", "524288"),
    "huge_jwks": ("P11", "", "524288"),
    "gzip_bomb": ("P7", "", "gzip"),
    "empty_jwks": ("P12", "", "0 of 0 usable"),
    "too_many_keys": ("", "P12", "100 of 100 usable"),
    "oct_key": ("P12", "", "KP-01"),
    "private_key_published": ("P12", "P14", "A private key is published"),
    "rsa_1024": ("P12", "", "KP-02"),
    "rsa_e1": ("P12", "", "KP-03"),
    "rsa_e3": ("P12", "", "KP-03"),
    "roca_key": ("P12", "", "KP-04"),
    "off_curve_point": ("P12", "", "KP-05"),
    "alg_mismatch": ("P12", "", "KP-09"),
    "use_enc": ("P12", "", "KP-07"),
    "key_ops_sign": ("P12", "", "KP-08"),
    "b64_bad_n": ("P12", "", "KP-12"),
    "dup_kid": ("P12", "P14", "KP-10"),
    "same_kid_new_key": ("", "", ""),
    "rotate_all": ("", "", ""),
    "mixed_garbage_key": ("", "P12", "KP-15"),
    "no_cache_headers": ("", "", ""),
    "cache_forever": ("", "", ""),
}


async def test_every_outage_is_found_at_its_step(tmp_path):
    assert {*FOUND} == {each for each in OUTAGES if not each.startswith("tls_")}
    wrong = {}
    async with ward(tmp_path) as at:
        for name, (failing, warning, said) in FOUND.items():
            at.publish(name)
            found = await at.probe(url=at.url)
            told = " ".join(f"{each.value} {each.remedy} {' '.join(each.details)}" for each in found.steps[:-1])
            fails, warns = (
                ids(found, "fail").removesuffix("P16").strip(),
                ids(found, "warn").removesuffix("P16").strip(),
            )
            if (fails, warns) != (failing, warning) or said not in told:
                wrong[name] = (fails, warns, told)
    assert wrong == {}


async def test_an_honest_issuer_passes_every_step_with_its_time(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record()
        found = await at.probe(issuer_id=record.id)
        assert [each.id for each in found.steps] == [*TITLES]
        assert (found.verdict, found.issuer, found.issuer_id) == ("usable", at.url, record.id)
        assert ids(found, "pass") == "P1 P2 P3 P4 P5 P6 P7 P8 P9 P10 P11 P12 P13 P16"
        told = steps(found)
        assert told["P3"].value == "127.0.0.1"
        assert told["P5"].value == f"127.0.0.1 port {at.site.port}"
        assert told["P6"].value.startswith("TLSv1.3, certificate of CN=accredit development CA")
        assert any(each.startswith("SHA-256 of its public key: ") for each in told["P6"].details)
        assert told["P9"].value == at.url
        assert told["P12"].value == "1 of 1 usable"
        assert told["P14"].value == "no keys were fetched before"
        assert told["P16"].value == "usable; keys are fetched again 4 min after each fetch"
        assert all(each.milliseconds is not None for each in found.steps if each.id in ("P3", "P5", "P6", "P7", "P11"))
        (key,) = found.keys
        assert (key.kid, key.kty, key.size, key.algorithms) == (jwk()["kid"], "RSA", 2_048, ("RS256",))


async def test_a_probe_is_recorded_keeps_nothing_and_ends_a_back_off(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record()
        at.publish("status_500")
        with pytest.raises(Refused):
            await at.side.keys.of(record, KeyReference(alg="RS256", kid="one"))
        assert at.side.keys.kept(record).state.retry_at > at.seconds[0]
        at.publish()
        found = await probing.probe(at.by, at.side.watch, at.tenant.id, issuer_id=record.id)
        assert found.verdict == "usable"
        assert at.side.keys.kept(record).state.retry_at <= at.seconds[0]
        assert not at.side.keys.at_hand(record).keys
        assert at.side.watch.history(record).snapshots == ()
        (audit,) = await at.audits("Probe issuer")
        (target,) = audit.targets
        assert (audit.operation, audit.actor.name, target.id, target.name) == ("Probe", "ada", record.id, at.url)


async def test_six_a_minute_and_tenant_are_enough(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record()

        async def probe():
            return await probing.probe(at.by, at.side.watch, at.tenant.id, issuer_id=record.id)

        for _ in range(probing.MOST):
            await probe()
            at.advance(seconds=1)
        visits = len(at.site.heads)
        with pytest.raises(Refused) as caught:
            await probe()
        assert (caught.value.row, caught.value.retry_after) == (GRAPH_THROTTLED, 54)
        assert len(at.site.heads) == visits
        at.advance(seconds=54)
        await probe()
        assert len(await at.audits("Probe issuer")) == probing.MOST + 1


TLS = {
    "it has expired": ({"tls": server("localhost", age=40)}, "expired", "renew it"),
    "it is for another name": ({"tls": server("other.test")}, "ame", "for other names"),
    "its CA is not known": ({"tls": server("localhost", "127.0.0.1", age=1)}, "issuer certificate", "--ca-bundle"),
    "its TLS is old": ({"tls": server("localhost", tls=ssl.TLSVersion.TLSv1_1)}, "", "TLS 1.2"),
    "it has no TLS": ({"tls": None}, "", "TLS 1.2"),
}


@pytest.mark.parametrize("why", TLS)
async def test_a_certificate_that_is_not_accepted_says_why(why, tmp_path):
    options, value, remedy = TLS[why]
    async with ward(tmp_path, **options) as at:
        ca = LOCAL.ca if "known" in why or options["tls"] is None else options["tls"].ca
        record = await at.record(ca_bundle=ca)
        found = steps(await at.probe(issuer_id=record.id))
        assert (found["P5"].status, found["P6"].status, found["P7"].status) == ("pass", "fail", "skip")
        assert value in found["P6"].value
        assert remedy in found["P6"].remedy


async def test_a_certificate_that_ends_soon_is_a_warning(tmp_path):
    tls = server("localhost", age=20)
    async with ward(tmp_path, tls=tls) as at:
        record = await at.record(ca_bundle=tls.ca)
        found = await at.probe(issuer_id=record.id)
        assert (found.verdict, ids(found, "warn")) == ("warnings", "P6 P16")
        assert "9 days left" in steps(found)["P6"].value


PLACES = {
    "no such name": ("https://nobody.test", "P3", "no such host", "upload the keys"),
    "a private address": ("https://inside.test", "P4", "10.0.3.4 is private", "--network CIDR"),
    "a metadata address": ("https://metadata.test", "P4", "never connected to", ""),
    "a port that is not opted in to": ("https://localhost:9999", "P4", "port 9999", "--port"),
    "nobody listens": ("https://localhost:6443", "P5", "port 6443", "Nothing answers there"),
}


@pytest.mark.parametrize("place", PLACES)
async def test_a_place_that_cannot_be_visited_says_why(place, tmp_path):
    url, step, value, remedy = PLACES[place]
    resolve = resolving(
        localhost=["127.0.0.1"], inside_test=["10.0.3.4"], metadata_test=["169.254.169.254", "10.0.3.4"]
    )
    rules = replace(PRODUCTION, loopback=True)
    async with ward(tmp_path, resolve=resolve, rules=rules) as at:
        found = steps(await at.probe(url=url))
        assert found[step].status == "fail"
        assert value in found[step].value
        assert remedy in found[step].remedy
        assert found["P11"].status == "skip"


GRAMMAR = {
    "no URL": ("issuer.example", "not an absolute https URL", "skip"),
    "http": ("http://issuer.example", "it must be https", "fail"),
    "a query": ("https://issuer.example?x=1", "it has a query", "fail"),
    "user and password": ("https://a:b@issuer.example", "userinfo", "skip"),
    "the address of the document": (
        "https://issuer.example/.well-known/openid-configuration",
        "it is the address of the discovery document",
        "fail",
    ),
}


@pytest.mark.parametrize("wrong", GRAMMAR)
async def test_what_is_no_issuer_is_told_and_the_rest_is_done_if_it_can_be(wrong, tmp_path):
    url, value, then = GRAMMAR[wrong]
    async with ward(tmp_path) as at:
        found = await at.probe(url=url)
        told = steps(found)
        assert told["P1"].status == "fail"
        assert value in told["P1"].value
        assert "fail" in {told[each].status for each in ("P3", "P4")} if then == "fail" else told["P4"].status == "skip"
        assert (found.verdict, found.issuer_id) == ("not_usable", None)
        if "document" in wrong:
            assert told["P1"].remedy.endswith(": https://issuer.example")


async def test_policy_is_a_step_of_its_own(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record()
        assert steps(await at.probe(url="https://login.microsoftonline.com/x/v2.0"))["P2"].status == "fail"
        await issuers.block(at.by, record.id)
        found = steps(await at.probe(issuer_id=record.id))
        assert (found["P2"].status, found["P12"].status) == ("fail", "pass")
        assert f"accredit issuer unblock {record.id}" in found["P2"].remedy


async def test_what_the_tenant_does_not_allow_is_told(tmp_path):
    async with ward(tmp_path) as at:
        for mode, status in (("enforce", "fail"), ("audit", "warn")):
            await tenants.update(
                at.by, at.tenant.id, allowed_issuers=("https://other.example",), allowed_issuers_mode=mode
            )
            told = steps(await at.probe(url=at.url))["P2"]
            assert (told.status, told.value) == (status, "the tenant does not allow this issuer")
        await tenants.update(at.by, at.tenant.id, allowed_issuers=None)
        record = await at.record()
        await tenants.update(at.by, at.tenant.id, allowed_algorithms=("RS256",))
        told = steps(await at.probe(issuer_id=record.id))["P2"]
        assert (told.status, told.value) == ("warn", "the tenant does not allow RS384, RS512")


async def test_keys_that_are_no_key_set(tmp_path):
    async with ward(tmp_path) as at:
        at.site.answers["/keys"] = ok(b'{"keys": {}}')
        found = await at.probe(url=at.url)
        assert (ids(found, "fail"), ids(found, "skip")) == ("P12 P16", "P13 P14")
        assert steps(found)["P16"].remedy == steps(found)["P12"].remedy


async def test_a_probe_is_compared_with_what_was_fetched_last(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record()
        await at.fetch(record)
        assert steps(await at.probe(issuer_id=record.id))["P14"].value == "the same keys as at the last fetch"
        at.publish("", jwk(), jwk(1))
        told = steps(await at.probe(issuer_id=record.id))["P14"]
        assert (told.status, told.value) == ("pass", "key_added")
        assert jwk(1)["kid"] in told.details[0]
        at.publish("same_kid_new_key")
        told = steps(await at.probe(issuer_id=record.id))["P14"]
        assert (told.status, told.value) == ("warn", "same_kid_new_key, all_replaced")
        assert "block it" in told.remedy


async def test_keys_at_another_host_are_for_an_administrator_to_allow(tmp_path):
    async with ward(tmp_path, portability="extended") as at:
        record = await at.record()
        at.publish("jwks_other_host")
        found = steps(await at.probe(issuer_id=record.id))
        assert (found["P10"].status, found["P11"].status) == ("fail", "skip")
        assert "--jwks-host 127.0.0.1" in found["P10"].remedy
        await issuers.update(at.by, record.id, allowed_jwks_hosts=("127.0.0.1",))
        assert (await at.probe(issuer_id=record.id)).verdict == "usable"


async def test_a_record_that_says_where_its_keys_are_is_not_asked_for_discovery(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record(jwks_url=f"{at.url}/keys")
        found = await at.probe(issuer_id=record.id)
        assert (found.verdict, ids(found, "skip")) == ("usable", "P7 P8 P9 P14")
        assert at.site.paths() == ["/keys"]
        at.publish("status_404")
        assert "--jwks-url" in steps(await at.probe(issuer_id=record.id))["P11"].remedy


async def test_uploaded_keys_are_judged_without_a_visit(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record(uploaded=json.dumps({"keys": [jwk()]}))
        found = await at.probe(issuer_id=record.id)
        assert (found.verdict, ids(found, "skip")) == ("usable", "P3 P4 P5 P6 P7 P8 P9 P10 P11 P14")
        assert at.site.heads == []


async def test_what_is_not_there_or_not_fetched_is_refused(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record(uploaded='{"keys":[' + json.dumps(jwk()) + "]}")
        with pytest.raises(Refused) as caught:
            await at.probe(issuer_id=at.tenant.id)
        assert caught.value.row is OBJECT_NOT_FOUND
        for verb in (probing.fetch_now(at.by, at.side.watch, record.id), issuers.drop_keys(at.by, record.id)):
            with pytest.raises(Refused) as caught:
                await verb
            assert caught.value.row is PROPERTY_INVALID


async def test_a_refused_answer_is_quoted_escaped_and_no_longer_than_512_octets(tmp_path):
    async with ward(tmp_path) as at:
        body = b'{"error": "Invalid tenant ID\x1b[31m"}' + b"x" * 2_000
        at.site.answers["/keys"] = b"HTTP/1.1 400 Bad Request\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
        found = steps(await at.probe(url=at.url))["P11"]
        (quoted,) = (each for each in found.details if each.startswith("answer: "))
        assert "Invalid tenant ID" in quoted
        assert "\x1b" not in quoted
        assert len(quoted) <= 512 + len("answer: ''")


async def test_a_fetch_that_is_asked_for_does_not_wait_until_it_is_due(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record()
        at.publish("status_500")
        failed = await probing.fetch_now(at.by, at.side.watch, record.id)
        assert (failed.health, failed.fetched_at, failed.keys) == ("failing", None, None)
        assert failed.failure == "discovery: status: 500"
        assert failed.next_at == at.at[0] + timedelta(seconds=at.side.keys.kept(record).state.retry_at - at.seconds[0])
        at.publish()
        state = await probing.fetch_now(at.by, at.side.watch, record.id)
        assert (state.health, state.fetched_at, state.keys, state.fresh) == ("ok", at.at[0], 1, True)
        assert [each.targets[0].name for each in await at.audits("Fetch issuer keys")] == [at.url, at.url]


async def test_dropped_keys_are_fetched_before_anything_is_proven_by_them(tmp_path):
    async with ward(tmp_path) as at:
        record = await at.record()
        wanted = KeyReference(alg="RS256", kid=jwk()["kid"])
        await at.side.keys.of(record, wanted)
        after = await issuers.drop_keys(at.by, record.id)
        assert not at.side.keys.at_hand(after).keys
        at.publish("rotate_all")
        with pytest.raises(Refused):
            await at.side.keys.of(after, wanted)
        assert len(await at.audits("Drop issuer keys")) == 1
