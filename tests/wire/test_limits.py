"""Who fails too often, and who does not: the token endpoint with the limits of production and a clock that is moved."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from accredit.app import seed
from accredit.outbound.at_hand import KeysAtHand
from accredit.web.front import Front
from accredit.web.limits import Allowance, Failures, Patience
from accredit.web.token import LARGEST_BODY
from tests.support.every import every
from tests.wire.authority import ADMIN, FORM, ORDERS_SCOPE, TOKEN_PATH, Answer, Wire

ALLOWED = 3


@dataclass
class Limited:
    """An emulator whose senders may fail three times, and once a second from then on."""

    wire: Wire
    front: Front
    now: float = 0.0

    def ask(self, **changed: Any) -> Answer:
        body = urlencode({name: value for name, value in self.wire.form(**changed).items() if value is not None})
        return self.wire.ask("POST", TOKEN_PATH, body.encode(), {"content-type": FORM}, application=self.front)

    def refused(self, **changed: Any) -> int | None:
        return self.ask(**changed).code

    def exhaust(self) -> None:
        """Fail until nothing is left."""
        wrong = self.wire.mint(branch="main")
        assert [self.refused(client_assertion=wrong) for _ in range(ALLOWED)] == [700213] * ALLOWED


@pytest.fixture
def limited(emulator: Wire) -> Iterator[Limited]:
    front = emulator.runtime.front
    assert isinstance(front, Front)
    made = Limited(emulator, front)
    failures = Failures(lambda: made.now, by_client=Allowance(60, ALLOWED), by_address=Allowance(600, 600))
    patience = Patience(failures, KeysAtHand(emulator.runtime.authority.keys))
    made.front = replace(front, tokens=replace(front.tokens, patience=patience))
    return made


def test_over_the_limit_only_proof_helps(limited: Limited) -> None:
    limited.exhaust()
    answer = limited.ask(client_assertion=limited.wire.mint(branch="main"))
    assert (answer.status, answer.code, answer.headers["retry-after"]) == (429, 90055, "1")
    assert limited.ask().status == 200


def test_an_issuer_that_cannot_be_reached_locks_nobody_out(limited: Limited) -> None:
    issuer = seed.marked("issuer github")

    async def change(**changed: Any) -> None:
        async with limited.wire.runtime.registry.transaction() as store:
            await store.issuers.put(msgspec.structs.replace(await store.issuers.get(issuer), **changed))

    keys = limited.wire.ask("GET", "/idp/github/.well-known/jwks").body.decode()
    limited.wire.run(change, key_source="discovery", jwks=None)
    assert [limited.refused() for _ in range(3 * ALLOWED)] == [90061] * (3 * ALLOWED)
    limited.wire.run(change, key_source="uploaded", jwks=keys)
    assert limited.ask().status == 200
    assert limited.refused(client_assertion=limited.wire.mint(branch="main")) == 700213, "nothing was counted"


PROVEN: dict[str, tuple[dict[str, Any], dict[str, Any], int]] = {  # claims, form, code
    "an unknown resource": ({}, {"scope": "api://other/.default"}, 500011),
    "an expired token": ({"iat": 1795438000, "nbf": 1795437400, "exp": 1795442099}, {}, 700024),
    "a token that lives too long": ({"exp": 1795442400 + 90_001}, {}, 70023),
}


@pytest.mark.parametrize("sentence", PROVEN)
def test_over_the_limit_a_proven_sender_gets_his_own_refusal(sentence: str, limited: Limited) -> None:
    overrides, form, code = PROVEN[sentence]
    limited.exhaust()
    assertion = limited.wire.mint(overrides=overrides) if overrides else limited.wire.mint()
    assert limited.refused(client_assertion=assertion, **form) == code


def test_proven_refusals_are_not_counted(limited: Limited) -> None:
    assert {limited.refused(scope="api://other/.default") for _ in range(3 * ALLOWED)} == {500011}
    limited.exhaust()


def test_a_proven_secret_that_may_do_nothing_is_not_held_to_the_limit_either(limited: Limited) -> None:
    form = {"client_assertion": None, "client_assertion_type": None, "client_id": ADMIN, "scope": ORDERS_SCOPE}
    for _ in range(ALLOWED):
        assert limited.refused(client_secret="wrong", **form) == 7000215
    assert limited.refused(client_secret="wrong", **form) == 90055
    right = {**form, "scope": "api://other/.default"}
    assert limited.refused(client_secret=seed.ADMIN_SECRET, **right) == 500011


def test_what_was_answered_429_is_not_counted_again(limited: Limited) -> None:
    limited.exhaust()
    wrong = limited.wire.mint(branch="main")
    assert {limited.refused(client_assertion=wrong) for _ in range(50)} == {90055}
    limited.now += 1.0
    assert limited.refused(client_assertion=wrong) == 700213, "a second later one failure is judged in full again"
    assert limited.refused(client_assertion=wrong) == 90055


@every("announced", [True, False], ids=["its length announced", "its length not announced"])
@every(("more", "status"), [(0, 200), (1, 413)], ids=["as large as allowed", "one byte larger"])
def test_a_body(more: int, status: int, announced: bool, shared: Wire) -> None:  # noqa: FBT001  two cases
    body = urlencode({name: value for name, value in shared.form().items() if value}) + "&padding="
    body += "a" * (LARGEST_BODY + more - len(body))
    headers = {"content-type": FORM} | ({} if announced else {"content-length": ""})
    answer = shared.ask("POST", TOKEN_PATH, body.encode(), headers)
    assert answer.status == status


def test_a_second_authorization_header_is_refused(shared: Wire) -> None:
    told: list[Any] = []
    body = urlencode({"grant_type": "client_credentials", "scope": ORDERS_SCOPE}).encode()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        told.append(message)

    twice = [(b"authorization", b"Bearer x"), (b"authorization", b"Basic eDp5")]
    headers = [(b"host", b"localhost:8443"), (b"content-type", FORM.encode()), *twice]
    scope = {"type": "http", "method": "POST", "path": TOKEN_PATH, "query_string": b"", "headers": headers}
    shared.run(shared.runtime.front, scope, receive, send)
    said = msgspec.json.decode(told[1]["body"])
    assert said["error_codes"] == [90023]
    assert "the Authorization header was sent more than once" in said["error_description"]
