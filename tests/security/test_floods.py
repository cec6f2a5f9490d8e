"""Floods: of unknown keys, of issuers that hang, of failures from one address, of names that nobody registered."""

import asyncio
import socket
import ssl
import threading
import time
import tracemalloc
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urlencode
from uuid import uuid4

import httpx2
import pytest

from accredit.administer import applications, credentials
from accredit.app import seed
from accredit.issuers import freshness
from accredit.outbound import IssuerKeys
from accredit.outbound.answer import Fetched
from accredit.web.limits import MOST_SENDERS, Failures
from tests import forge
from tests.ops.conftest import PROXIES, tenant_of
from tests.ops.servers import initialise, serving
from tests.ops.test_lifecycle import TENANT, mint, workload_form
from tests.ops.workloads import employ
from tests.support.recorder import silent


@contextmanager
def hanging():
    """A listener that accepts and never answers; yields its port and the list of its visitors."""
    visitors = []
    with socket.create_server(("127.0.0.1", 0), backlog=300) as listening:

        def accept():
            try:
                while True:
                    visitors.append(listening.accept()[0])
            except OSError:
                pass

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield listening.getsockname()[1], visitors
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            for each in visitors:
                each.close()


def trusting(url):
    """A change that registers a new application which trusts ``url``; its client id."""

    async def register(by):
        made = await applications.create(by, seed.TENANT_ID, display_name=f"trusts {url}")
        await credentials.add(by, made.id, name="hanging", issuer=url, subject="me")
        return str(made.app_id)

    return register


@pytest.mark.slow
def test_an_issuer_that_hangs_holds_up_nobody_else_and_gives_the_places_back(server):
    with hanging() as (port, visitors):
        url = f"http://127.0.0.1:{port}"
        client = server.administer(trusting(url))
        now = int(time.time())
        stuck = forge.token(forge.claims(iss=url, sub="me", iat=now, nbf=now, exp=now + 300))
        others = [mint(server) for _ in range(3)]
        assert server.token(TENANT, workload_form(others[0])).status_code == 200

        async def flood():
            context = ssl.create_default_context(cafile=server.ready["ca_file"])
            limits = httpx2.Limits(max_connections=260)
            options = {"base_url": server.ready["url"], "verify": context, "trust_env": False, "timeout": 40}
            path = f"/{TENANT}/oauth2/v2.0/token"
            async with httpx2.AsyncClient(limits=limits, **options) as http:
                form = workload_form(stuck, client_id=client)
                waiting = [asyncio.create_task(http.post(path, data=form)) for _ in range(200)]
                while not visitors:  # noqa: ASYNC110  another thread's list
                    await asyncio.sleep(0.01)
                taken, started = [], time.perf_counter()
                for number in range(60):
                    begun = time.perf_counter()
                    answer = await http.post(path, data=workload_form(others[number % 3]))
                    taken.append(time.perf_counter() - begun)
                    assert answer.status_code == 200, answer.text
                stuck_answers = await asyncio.gather(*waiting)
            return taken, time.perf_counter() - started, stuck_answers

        taken, longest, answers = asyncio.run(flood())
        assert sorted(taken)[-4] < longest / 4, "who asks for something else waits as long as for the issuer that hangs"
        assert {each.json()["error_codes"][0] for each in answers} <= {90061, 90055}
        assert sum(each.json()["error_codes"] == [90061] for each in answers) > 100
        assert len(visitors) <= 4  # single flight: one fetch, tried again once, not one for each request
    for _ in range(80):  # more than there are places
        assert server.token(TENANT, workload_form(others[0])).status_code == 200


@pytest.mark.slow
def test_an_issuer_that_nobody_registered_is_never_visited(server):
    with silent() as address:
        for url in (f"http://127.0.0.1:{address.port}", f"https://localhost:{address.port}"):
            for _ in range(5):
                token = forge.token(forge.claims(iss=url, iat=int(time.time()), exp=int(time.time()) + 300))
                assert server.token(TENANT, workload_form(token)).json()["error_codes"] == [700211]
        # Registered, but by an application that is not addressed.
        url = f"http://127.0.0.1:{address.port}"
        server.administer(trusting(url))
        token = forge.token(forge.claims(iss=url, sub="me", iat=int(time.time()), exp=int(time.time()) + 300))
        assert server.token(TENANT, workload_form(token)).json()["error_codes"] == [700211]
        assert address.visits == 0


class Counting:
    """A fetcher that answers honestly and counts."""

    def __init__(self, url):
        self.visits = []
        self._documents = {
            f"{url}/.well-known/openid-configuration": forge.compact_json({"issuer": url, "jwks_uri": f"{url}/keys"}),
            f"{url}/keys": forge.jwks(forge.jwk(forge.key_for("RS256"), kid="key-1", alg="RS256")),
        }

    async def get(self, url, **_):
        self.visits.append(url)
        return Fetched(self._documents[url], {})


@pytest.mark.slow
def test_ten_thousand_unknown_key_ids_cost_one_fetch_for_each_cool_down(authority):
    """Through the exchange, with the limits of production and a clock that a test moves."""
    url = "https://ci.example"
    fetcher, seconds = Counting(url), [1_000.0]
    keys = IssuerKeys(fetcher, freshness.PRODUCTION, clock=lambda: seconds[0], jitter=lambda: 0.0)

    async def register():
        by = authority.administrator
        application = seed.marked("application deploy-bot")
        await credentials.add(by, application, name="flooded", issuer=url, subject="me")

    authority.run(register)
    endpoint = authority.runtime.front.tokens
    flooded = replace(
        authority.runtime.front, tokens=replace(endpoint, authority=replace(endpoint.authority, keys=keys))
    )
    claims = forge.claims(iss=url, sub="me")

    def ask(kid):
        token = forge.assemble({"alg": "RS256", "kid": kid, "typ": "JWT"}, claims, bytes(256))
        body = urlencode(authority.form(client_assertion=token)).encode()
        path = f"/{TENANT}/oauth2/v2.0/token"
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return authority.ask("POST", path, body, headers, application=flooded)

    assert ask("key-1").code == 700027
    cooldown = freshness.PRODUCTION.unknown_kid_cooldown
    begun = len(fetcher.visits)
    rounds = 4
    for _ in range(rounds):
        seconds[0] += cooldown + 1
        for _ in range(10_000 // rounds):
            assert ask(str(uuid4())).code == 7000272
    assert len(fetcher.visits) - begun <= 2 * (rounds + 1)  # discovery and key set
    assert ask("key-1").code == 700027  # good keys were not driven out


def test_counters_of_failures_stay_small_whatever_a_client_id_is():
    failures = Failures(lambda: 0.0)
    tracemalloc.start()
    try:
        for number in range(3_000):
            failures.count("192.0.2.1", f"{number}" + "x" * 100_000)
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert used < 4_000_000
    assert failures.exceeded("192.0.2.1", "anybody")
    for number in range(MOST_SENDERS + 10):
        failures.count(f"198.51.{number // 256 % 256}.{number % 256}", str(number))
    assert len(failures._buckets) <= MOST_SENDERS  # noqa: SLF001


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_an_address_over_its_limit_is_judged_still_and_proof_passes(tmp_path):
    initialise(tmp_path, "--portability", "extended")
    with serving(tmp_path, emulator=False, **PROXIES) as server:
        work = employ(server, tenant_of(server))
        attacker, victim = {"x-forwarded-for": "198.51.100.66"}, {"x-forwarded-for": "198.51.100.7"}
        forged = forge.token({"iss": work.issuer.url, "sub": "x", "aud": "y", "exp": int(time.time()) + 60})
        seen = []
        for _ in range(320):
            answer = work.ask(forged, **attacker)
            seen.append(answer.status_code)
            if answer.status_code == 429:
                assert int(answer.headers["retry-after"]) >= 1
        assert seen[:100] == [401] * 100
        assert seen[-1] == 429
        begun, seen = time.monotonic(), []
        for _ in range(20):
            assert work.ask(**attacker).status_code == 200  # who proves himself passes, also from there
            seen.append(work.ask(forged, **attacker).status_code)
        assert seen.count(429) >= len(seen) - 1 - (time.monotonic() - begun)  # one a second is judged again
        assert work.ask(**victim).status_code == 200  # and nobody else is locked out of that client
        assert work.ask(forged, **victim).status_code == 401
        near, far = {"x-forwarded-for": "2001:db8::1"}, {"x-forwarded-for": "2001:db8:0:1::1"}
        for number in range(130):
            work.ask(forged, **{"x-forwarded-for": f"2001:db8::{number:x}"})
        assert work.ask(forged, **near).status_code == 429  # a subscriber has many addresses, and one limit
        assert work.ask(forged, **far).status_code == 401


@pytest.mark.slow
def test_refusals_that_prove_nothing_leave_few_rows(server):
    client = server.administer(trusting("https://nobody.example"))
    form = workload_form(forge.token(forge.claims(iss="https://elsewhere.example")), client_id=client)
    for _ in range(120):
        assert server.token(TENANT, form).status_code == 401
    time.sleep(1.5)  # counts are written once a second
    with server.store() as store, store.events() as log:
        rows = [each for each in log.last(seed.TENANT_ID, limit=1_000) if str(each.app_id) == client]
    assert len(rows) <= 21
    assert sum(each.count for each in rows) == 120
