"""The arithmetic of the benchmarks, on small inputs. How fast anything is, no test says."""

import json
import os
import socket
import threading
import time
from contextlib import contextmanager
from urllib.parse import unquote

import pytest
from joserfc.errors import BadSignatureError

from accredit import config
from accredit.app import seed
from accredit.app.folder import find
from accredit.app.local import local
from benchmarks import crowd, limits, load, minting, oracle, upstream
from benchmarks.directory import CREDENTIALS, RESOURCES, Contents, client_id, subject
from benchmarks.figures import Figure, Target, rounded, spread
from benchmarks.machine import Tree, free_port, listening, pinned, refuse_other_listeners
from benchmarks.product import Product, uploaded

CORE = min(os.sched_getaffinity(0))
COSTS = limits.Costs(sign_rs256=800e-6, verify_rs256=30e-6, sign_es256=40e-6, verify_es256=90e-6)

HOLDS = {
    "at least, above": (Target(">=", 0.75, 0.8), 0.76, True, False),
    "at least, exactly": (Target(">=", 0.75, 0.8), 0.75, True, False),
    "at least, below by less than is printed": (Target(">=", 0.75, 0.8), 0.74999, False, False),
    "at least, at the goal": (Target(">=", 0.75, 0.8), 0.8, True, True),
    "at most, below": (Target("<=", 0.3, 0.2), 0.1, True, True),
    "at most, exactly": (Target("<=", 0.3, 0.2), 0.3, True, False),
    "at most, above": (Target("<=", 0.3, 0.2), 0.30001, False, False),
}


@pytest.mark.parametrize(("target", "value", "holds", "reached"), HOLDS.values(), ids=HOLDS)
def test_a_target_holds_and_is_reached(target, value, holds, reached):
    assert (target.holds(value), target.reached(value)) == (holds, reached)


def test_the_last_line_is_one_json_object():
    figure = Figure("B1", 0.8123, Target(">=", 0.75, 0.8), details={"rounds": 5})
    assert json.loads(figure.as_json()) == {
        "bench": "B1",
        "value": 0.812,
        "must": ">=0.75",
        "goal": ">=0.8",
        "ok": True,
        "rounds": 5,
    }


def test_a_figure_holds_only_when_every_part_of_it_does():
    figure = Figure("B3", 1.6, Target(">=", 1.5, 1.8), further={"es256": (2.9, Target(">=", 3.0, 4.0))})
    said = json.loads(figure.as_json())
    assert said["ok"] is False
    assert said["es256"] == {"value": 2.9, "must": ">=3", "goal": ">=4", "ok": False}
    assert figure.sentence() == "B3: 1.6 (must >= 1.5: yes, goal 1.8: no); es256 2.9 (must >= 3: NO, goal 4: no)"


def test_spread_is_the_width_over_the_median():
    assert spread([90.0, 100.0, 120.0]) == 0.3


def test_figures_are_rounded_to_three_digits():
    assert [rounded(each) for each in (0.123456, 12.3456, 1234.56)] == [0.123, 12.3, 1235.0]


def test_the_limit_of_an_exchange_is_one_verification_and_one_signature():
    assert COSTS.exchange("RS256") == pytest.approx(830e-6)
    assert COSTS.exchange("ES256") == pytest.approx(70e-6)


def test_the_limit_between_two_measurements_is_their_mean():
    after = limits.Costs(sign_rs256=900e-6, verify_rs256=30e-6, sign_es256=40e-6, verify_es256=90e-6)
    assert limits.between(COSTS, after).sign_rs256 == pytest.approx(850e-6)


def test_the_limit_is_measured_in_cpu_seconds():
    measured = limits.measured(CORE)
    assert 0 < measured.verify_rs256 < measured.sign_rs256 < 0.1


def test_cpu_time_is_that_of_the_process_and_its_ended_children():
    tree = Tree(os.getpid())
    begun, own = tree.cpu(), time.process_time()
    while time.process_time() - own < 0.05:
        pass
    assert 0.05 <= tree.cpu() - begun < 5


def test_a_core_is_given_back():
    before = os.sched_getaffinity(0)
    with pinned(CORE):
        assert os.sched_getaffinity(0) == {CORE}
    assert os.sched_getaffinity(0) == before


def test_a_port_has_to_be_one_listeners_own():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert [each.address for each in listening(port)] == ["127.0.0.1"]
        refuse_other_listeners(port, Tree(os.getpid()))
        with pytest.raises(SystemExit):
            refuse_other_listeners(port, Tree(os.getppid() + 10_000_000))
    with pytest.raises(SystemExit):
        refuse_other_listeners(free_port(), Tree(os.getpid()))


def test_a_crowd_is_what_the_product_would_have_written(tmp_path):
    path = tmp_path / "data"
    settings = config.read({}, secrets=None, profile="emulator", data=str(path))
    crowd.fill(find(settings), 20)
    with local(settings) as opened:

        async def read():
            async with opened.registry.reading() as store:
                return [
                    (
                        await store.applications.find(tenant_id=seed.TENANT_ID, app_id=crowd.app_id(number)),
                        await store.principals.find(tenant_id=seed.TENANT_ID, app_id=crowd.app_id(number)),
                        await store.named(seed.TENANT_ID, crowd.identifier(number)),
                    )
                    for number in range(20)
                ]

        found = opened.run(read())
    for number, ((application,), (principal,), owner) in enumerate(found):
        assert application.display_name == principal.display_name == crowd.name(number)
        assert application.identifier_uris == (crowd.identifier(number),)
        assert principal.application_id == application.id
        assert owner == application.app_id == principal.app_id == crowd.app_id(number)
    assert len({application.app_roles[0].id for (application,), _, _ in found}) == 20


MINUTES = {
    "none": ([], 0),
    "two of one issuer in a minute": ([("a", 0.0), ("a", 59.9)], 2),
    "a minute apart": ([("a", 0.0), ("a", 60.0)], 1),
    "of two issuers": ([("a", 0.0), ("b", 1.0)], 1),
    "in the middle": ([("a", 0.0), ("a", 100.0), ("a", 110.0), ("a", 159.0), ("a", 161.0)], 3),
}


@pytest.mark.parametrize(("fetches", "most"), MINUTES.values(), ids=MINUTES)
def test_fetches_are_counted_in_any_minute(fetches, most):
    assert upstream.most_within(fetches, 60.0) == most


def answered(algorithm: str, *claims: dict[str, str]) -> tuple[list[bytes], dict[str, list[dict[str, str]]]]:
    key = minting.Key.new("k")
    tokens = [key.sign({**each, "exp": int(time.time()) + 60}) for each in claims]
    return [json.dumps({"access_token": token}).encode() for token in tokens], {"keys": [key.jwk()]}


def test_samples_are_believed_when_they_verify():
    samples, keys = answered("RS256", {"aud": "x", "jti": "1"}, {"aud": "x", "jti": "2"})
    oracle.refuse_unverified(samples, keys, algorithm="RS256", expected={"aud": "x"})


def test_samples_are_refused_for_another_claim_or_when_two_are_alike():
    samples, keys = answered("RS256", {"aud": "x"})
    with pytest.raises(SystemExit, match="aud"):
        oracle.refuse_unverified(samples, keys, algorithm="RS256", expected={"aud": "y"})
    with pytest.raises(SystemExit, match="1 different"):
        oracle.refuse_unverified(samples * 2, keys, algorithm="RS256", expected={})
    with pytest.raises(SystemExit, match="0 different"):
        oracle.refuse_unverified([], keys, algorithm="RS256", expected={})


def test_a_forged_assertion_does_not_verify():
    key = minting.Key.new("k")
    sample = json.dumps({"access_token": minting.forged("k", {"exp": int(time.time()) + 60})}).encode()
    with pytest.raises(BadSignatureError):
        oracle.refuse_unverified([sample], {"keys": [key.jwk()]}, algorithm="RS256", expected={})


def test_requests_name_every_application_and_no_assertion_twice():
    key = minting.Key.new("k")
    product = Product(0, Tree(0), Contents(3, [uploaded(key)]), [key])
    requests = product.requests("ES256", 7)
    forms = [dict(pair.split("=") for pair in each.partition(b"\r\n\r\n")[2].decode().split("&")) for each in requests]
    assert [form["client_id"] for form in forms] == [str(client_id(number % 3)) for number in range(7)]
    assert len({form["client_assertion"] for form in forms}) == 7
    assert {unquote(form["scope"]) for form in forms} == {RESOURCES["ES256"] + "/.default"}
    assert len({product.place(number) for number in range(3 * CREDENTIALS)}) == 3 * CREDENTIALS
    assert product.claims(1, 2)["sub"] == subject(1, 2)


@contextmanager
def answering(answer: bytes):
    """A server that answers every request on every connection with the same bytes."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        with connection:
            while connection.recv(65_536):
                connection.sendall(answer)

    def accept() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(5)


REQUEST = minting.request("h", "/", "a=b")


def test_every_request_is_answered_once():
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}") as port:
        run = load.saturating(CORE, port, [REQUEST] * 20, connections=4, sources=["127.0.0.2", "127.0.0.3"])
    assert (run.completed, dict(run.statuses), len(run.latencies)) == (20, {200: 20}, 20)
    assert set(run.samples) == {b"{}"}
    run.refuse_other_than(200, what="a run")
    with pytest.raises(SystemExit, match="a run: expected"):
        run.refuse_other_than(401, what="a run")


def test_requests_arrive_when_they_are_due():
    traffic = load.Traffic([REQUEST] * 5, [0.0, 0.01, 0.02, 0.03, 0.05])
    with answering(b"HTTP/1.1 401 No\r\ncontent-length: 1\r\n\r\nx") as port:
        first, second = load.arriving(CORE, port, traffic, load.Traffic([REQUEST], [0.0]), connections=2)
    assert (first.completed, second.completed, first.others) == (5, 1, [b"x"] * 3)
    assert first.seconds >= 0.04


def test_an_answer_without_a_length_ends_the_run():
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    with answering(answer) as port, pytest.raises(load.Lost, match="without a length"):
        load.saturating(CORE, port, [REQUEST])
