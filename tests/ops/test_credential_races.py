"""Two who add a credential of one name at once: one has it, the other is told; whichever way each of them comes."""

import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from threading import Barrier
from time import sleep

import pytest

from accredit.administer import applications, credentials
from accredit.app import seed
from accredit.errors import NAME_TAKEN, Refused
from accredit.signins import Actor

pytestmark = pytest.mark.slow
GITHUB = str(seed.GITHUB)
AUDIENCE = "api://AzureADTokenExchange"
ROUNDS = 10
AT_ONCE = 6
SOMEBODY = Actor(name="test", kind="local")
_numbers = count()


class Racing:
    """An application of one test, and a client of the directory API."""

    def __init__(self, emulator):
        self.emulator = emulator
        self.application = emulator.administer(
            lambda by: applications.create(by, seed.TENANT_ID, display_name=f"racing-{next(_numbers)}")
        )
        self.path = f"{emulator.url}/v1.0/applications/{self.application.id}/federatedIdentityCredentials"
        form = {
            "grant_type": "client_credentials",
            "client_id": str(seed.ADMIN_ID),
            "client_secret": seed.ADMIN_SECRET,
            "scope": "https://graph.microsoft.com/.default",
        }
        token = emulator.http.post(emulator.token_endpoint(), data=form).json()["access_token"]
        self.headers = {"authorization": f"Bearer {token}"}

    def add(self, name, subject):
        body = {"name": name, "issuer": GITHUB, "subject": subject, "audiences": [AUDIENCE]}
        return self.emulator.http.post(self.path, json=body, headers=self.headers).status_code

    def put(self, name, subject):
        body = {"issuer": GITHUB, "subject": subject, "audiences": [AUDIENCE]}
        headers = {**self.headers, "prefer": "create-if-missing"}
        return self.emulator.http.patch(f"{self.path}(name='{name}')", json=body, headers=headers).status_code

    def add_beside(self, store, name, subject):
        """Add it in the store itself, which is open in this process, not in the server's."""
        try:
            store.run(
                credentials.add(
                    store.administrator(SOMEBODY), self.application.id, name=name, issuer=GITHUB, subject=subject
                )
            )
        except Refused as refused:
            return refused.row.status if refused.row is NAME_TAKEN else refused.row
        return 201

    def names(self):
        shown = self.emulator.http.get(self.path, headers=self.headers).json()["value"]
        return sorted(each["name"] for each in shown)


@pytest.fixture
def racing(emulator):
    return Racing(emulator)


def at_once(*calls):
    """Make the calls in threads that set off together; their answers, in order."""
    line = Barrier(len(calls))

    def start(call):
        line.wait(10)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(start, calls))


def test_of_clients_that_add_one_name_one_gets_201_and_all_others_409(racing):
    for n in range(ROUNDS):
        told = at_once(*(partial(racing.add, f"round-{n}", f"{n} {m}") for m in range(AT_ONCE)))
        assert Counter(told) == {201: 1, 409: AT_ONCE - 1}
    assert racing.names() == sorted(f"round-{n}" for n in range(ROUNDS))


def test_of_clients_that_put_one_name_one_adds_it_and_all_others_change_it(racing):
    for n in range(ROUNDS):
        told = at_once(*(partial(racing.put, f"round-{n}", f"{n} {m}") for m in range(AT_ONCE)))
        assert Counter(told) == {201: 1, 204: AT_ONCE - 1}
    assert racing.names() == sorted(f"round-{n}" for n in range(ROUNDS))


def test_no_rush_leads_beyond_twenty(racing):
    told = Counter[int]()
    for start in range(0, 30, AT_ONCE):
        told += Counter(at_once(*(partial(racing.add, f"name-{m}", f"s{m}") for m in range(start, start + AT_ONCE))))
    assert told == {201: 20, 400: 10}
    assert len(racing.names()) == 20


def test_the_server_and_another_process_add_one_name_once(racing):
    with racing.emulator.store() as store:
        for n in range(ROUNDS):
            name = f"round-{n}"
            # The store of this process belongs to this thread.
            with ThreadPoolExecutor(1) as pool:
                sent = pool.submit(racing.add, name, f"{n} graph")
                sleep(n * 0.0004)  # from less than a call takes to more
                here = racing.add_beside(store, name, f"{n} here")
                there = sent.result(20)
            assert {here, there} == {201, 409}
    assert racing.names() == sorted(f"round-{n}" for n in range(ROUNDS))


def test_the_server_and_the_command_line_add_one_name_once(racing):
    for n in range(3):
        name = f"round-{n}"
        command = ("credential", "add", str(racing.application.app_id), "--name", name, "--issuer", GITHUB)
        where = ("--data", str(racing.emulator.data), "--tenant", str(racing.application.tenant_id))
        began = subprocess.Popen(
            (sys.executable, "-m", "accredit", *command, "--subject", f"{n} here", *where),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        sleep(0.2 + n * 0.2)  # about what the command takes to start
        there = racing.add(name, f"{n} graph")
        _, said = began.communicate(timeout=60)
        assert (there, began.returncode == 0) in {(201, False), (409, True)}, said
        assert there == 409 or b"already exists" in said
    assert racing.names() == ["round-0", "round-1", "round-2"]
