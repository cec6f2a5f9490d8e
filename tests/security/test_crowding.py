"""What an application may do to the directory API, and tokens are issued and others are answered all the same.

Latencies are bounded loosely, and whoever is held up by something else is asked again: what is told apart is seconds
every time from milliseconds.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import uuid4

import pytest

from accredit.app import directory_api, seed
from accredit.directory import Application, Ownership, ServicePrincipal
from tests.ops.servers import until
from tests.security.test_directory_api import an_application, batch, call, part, refused, secret_token
from tests.support.every import every

pytestmark = pytest.mark.slow
HELD_UP = 0.4  # seconds that a token may wait for whatever else is going on
ATTEMPTS = 5  # a machine that is busy holds it up, too, but not every time
APPLICATIONS = 300
OWNERS = 20
PARENTHESES = "(" * 4_000 + "a eq 1" + ")" * 4_000


@pytest.fixture(scope="module", autouse=True)
def warm(server):
    """The first call of all puts the API together."""
    assert call(server, "GET", "/v1.0/applications?$filter=id%20eq%20'x'", secret_token(server)).status_code == 200


@pytest.fixture(scope="module")
def nobody(server):
    """The token of an application without any role."""
    return secret_token(server, *an_application(server))


@pytest.fixture(scope="module")
def reader(server):
    return secret_token(server, *an_application(server, "Application.Read.All"))


@pytest.fixture(scope="module")
def crowd(server):
    """300 applications with the same 20 owners."""

    async def fill(by):
        now, tenant = datetime.now(UTC), seed.TENANT_ID
        async with by.registry.transaction() as change:

            async def application(name):
                made = Application(id=uuid4(), tenant_id=tenant, app_id=uuid4(), display_name=name, created_at=now)
                return await change.applications.add(made)

            owners = []
            for at in range(OWNERS):
                of = await application(f"owner {at}")
                made = ServicePrincipal(
                    id=uuid4(),
                    tenant_id=tenant,
                    app_id=of.app_id,
                    display_name=of.display_name,
                    created_at=now,
                    application_id=of.id,
                    owner_tenant_id=tenant,
                )
                owners.append(await change.principals.add(made))
            for at in range(APPLICATIONS):
                of = await application(f"crowd {at}")
                for owner in owners:
                    held = Ownership(
                        id=uuid4(), tenant_id=tenant, owner_id=owner.id, created_at=now, application_id=of.id
                    )
                    await change.ownerships.add(held)

    server.administer(fill)


def held_up(server, attack):
    """What an attack answered, and the longest time that a token took meanwhile, at best of some attempts."""
    times = []
    for _ in range(ATTEMPTS):
        answer, longest = attacked(server, attack)
        times.append(longest)
        if longest < HELD_UP:
            break
    return answer, min(times)


def attacked(server, attack):
    taken = []
    with ThreadPoolExecutor(1) as attacker:
        attacking = attacker.submit(attack)
        while not attacking.done() or not taken:
            begun = time.perf_counter()
            secret_token(server)
            taken.append(time.perf_counter() - begun)
    return attacking.result(), max(taken)


def filtered(text):
    return f"?$filter={quote(text, safe='()')}"


INNER = [part(at, f"/me?$filter={PARENTHESES}") for at in range(20)]
NOBODYS = {
    "twenty filters of 8 KB at /me": lambda server, token: batch(
        server, token, *(part(at, f"/me{filtered(PARENTHESES)}") for at in range(20))
    ),
    "a batch of batches": lambda server, token: batch(
        server,
        token,
        *(
            part(at, "%24batch", "POST", headers={"content-type": "application/json"}, body={"requests": INNER})
            for at in range(6)
        ),
    ),
}


@pytest.mark.parametrize("attack", NOBODYS.values(), ids=NOBODYS)
def test_who_may_do_nothing_holds_up_nobody(server, nobody, attack):
    answer, longest = held_up(server, lambda: attack(server, nobody))
    refused(answer, 400)
    assert longest < HELD_UP


READERS = {
    "a page with owners": lambda server, token: call(
        server, "GET", "/v1.0/applications?$top=999&$expand=owners", token
    ),
    "five of them": lambda server, token: batch(
        server, token, *(part(at, "/applications?$top=999&$expand=owners") for at in range(5))
    ),
    "twenty long pages": lambda server, token: batch(
        server, token, *(part(at, "/applications?$top=999") for at in range(20))
    ),
}


@pytest.mark.usefixtures("crowd")
@every("attack", READERS.values(), ids=READERS)
def test_who_reads_much_holds_up_nobody(server, reader, attack):
    answer, longest = held_up(server, lambda: attack(server, reader))
    assert answer.status_code == 200
    assert len(answer.content) < 12 * 1_048_576
    assert longest < HELD_UP


@contextmanager
def slow_bodies(server, token, count):
    """Requests whose bodies do not come."""
    head = (
        f"POST /v1.0/$batch HTTP/1.1\r\nHost: {server.host}\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{"
    )
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(server.connect()).sendall(head.encode())
        yield


def test_bodies_that_do_not_come_keep_nobody_out(server, nobody, reader):
    with slow_bodies(server, nobody, 3 * directory_api.ON_THEIR_WAY[-1]):
        until(lambda: batch(server, nobody, part(1)).status_code == 429)
        assert call(server, "GET", "/v1.0/applications?$top=1", reader).status_code == 200
        assert batch(server, reader, part(1)).status_code == 200
        own = batch(server, nobody, part(1))
        assert own.status_code == 429
        assert "of this application" in own.json()["error"]["innerError"]["accredit"]
        assert secret_token(server)
    until(lambda: batch(server, nobody, part(1)).status_code == 200)
