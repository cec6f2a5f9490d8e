"""What a test may do to the authority: every control changes what its name says, on the wire, and reset ends it all."""

import base64
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from accredit.administer import credentials
from accredit.app import seed
from accredit.app.asked import LARGEST_ALL, MOST, NOT_KEPT
from accredit.app.clock import SettableClock
from accredit.app.provoking import MOST_PLANNED, MOST_TIMES
from accredit.errors import CATALOGUE, Refused, masked
from accredit.tokens.claims import EARLY
from tests.wire.authority import ADMIN, NOW, TENANT, TOKEN_PATH, WORKLOAD, wire

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with wire(tmp_path_factory.mktemp("provoked") / "data", explain_to_caller=True) as made:
        yield made


@pytest.fixture
def emulator(shared):
    """The emulator of this module, as if nobody had touched it."""
    shared.runtime.provoking.reset()
    shared.clock.at = NOW
    return shared


@pytest.fixture
def provoking(emulator):
    return emulator.runtime.provoking


def ask(emulator, **changed):
    return emulator.post(emulator.form(**changed))


def answered(emulator, times=1):
    """Status, code and Retry-After of so many requests."""
    answers = [ask(emulator) for _ in range(times)]
    return [(each.status, each.code if each.status != 200 else 0, each.headers.get("retry-after")) for each in answers]


def latest(emulator):
    """The sign-ins, the one that was last by the machine's clock first: the emulator's was moved to and fro."""
    return sorted(emulator.events(), key=lambda each: each.id.int, reverse=True)


GRANTED = (200, 0, None)


def control(emulator, name, body=None, **headers):
    sent = {
        "content-type": "application/json",
        "authorization": f"Bearer {emulator.runtime.control_token}",
        **{each.replace("_", "-"): value for each, value in headers.items()},
    }
    return emulator.ask("POST", f"/idp/_{name}", json.dumps(body or {}).encode(), sent)


PLANS = {  # a control and its body; what the next requests get
    "one error": ("next", {"error": "AADSTS700024"}, [(401, 700024, None), GRANTED]),
    "a bare number": ("next", {"error": "700024"}, [(401, 700024, None), GRANTED]),
    "an error, some times": ("next", {"error": "AADSTS90033", "times": 2}, [(503, 90033, "1")] * 2 + [GRANTED]),
    "an error with another status": ("next", {"error": "AADSTS90033", "status": 500}, [(500, 90033, None), GRANTED]),
    "its own status": ("next", {"error": "AADSTS700024", "status": 401}, [(401, 700024, None), GRANTED]),
    "an error that says when to come again": (
        "next",
        {"error": "AADSTS90033", "retry_after": 7},
        [(503, 90033, "7"), GRANTED],
    ),
    "an error that nothing here answers with": ("next", {"error": "AADSTS53003"}, [(400, 53003, None), GRANTED]),
    "an error until reset": ("next", {"error": "AADSTS7000272", "times": None}, [(401, 7000272, None)] * 3),
    "throttled": ("throttle", {}, [(429, 90055, "1"), GRANTED]),
    "throttled for longer": ("throttle", {"retry_after": 30, "times": 2}, [(429, 90055, "30")] * 2 + [GRANTED]),
    "throttled without a pause": ("throttle", {"retry_after": 0}, [(429, 90055, "0"), GRANTED]),
    "unavailable": ("throttle", {"status": 503, "retry_after": 3}, [(503, 90033, "3"), GRANTED]),
    "somebody else": ("next", {"error": "AADSTS700024", "client_id": ADMIN}, [GRANTED]),
    "this one": ("next", {"error": "AADSTS700024", "client_id": WORKLOAD.upper()}, [(401, 700024, None), GRANTED]),
}


def test_the_next_requests_get_what_was_planned(emulator, provoking):
    wrong = {}
    for sentence, (name, body, expected) in PLANS.items():
        provoking.reset()
        told = control(emulator, name, body)
        found = answered(emulator, len(expected))
        if told.status != 200 or found != expected:
            wrong[sentence] = (told.body, found)
    assert wrong == {}


def test_python_and_the_control_api_are_the_same_thing(emulator, provoking):
    provoking.next_response("AADSTS700024")
    provoking.next_response(90033, times=1, status=500)
    provoking.throttle(429, retry_after=5)
    assert provoking.planned == 3
    assert answered(emulator, 4) == [(401, 700024, None), (500, 90033, None), (429, 90055, "5"), GRANTED]
    assert control(emulator, "throttle").json == {"planned": 1}


def test_every_code_of_the_token_endpoint_can_be_provoked(emulator, provoking):
    rows = [row for row in CATALOGUE.values() if row.family == "sts"]
    for row in rows:
        provoking.next_response(row.label)
        answer = ask(emulator)
        said = answer.json
        assert said["error_codes"] == [row.code]
        assert said["error_description"].startswith(f"{row.label}: ")
        assert said.get("accredit_explain") is None
    assert len(rows) > 60


def test_a_request_that_is_not_in_order_uses_nothing_up(emulator, provoking):
    provoking.next_response("AADSTS700024")
    assert ask(emulator, scope=None).code == 900144
    assert answered(emulator, 2) == [(401, 700024, None), GRANTED]


def test_what_is_provoked_is_in_the_sign_in_log(emulator, provoking):
    provoking.next_response("AADSTS700213", times=2)
    ask(emulator)
    ask(emulator, client_assertion=None, client_assertion_type=None, client_secret="wrong")
    secret, assertion = latest(emulator)[:2]
    assert (assertion.code, assertion.detail, assertion.issuer) == (
        700213,
        "a test asked for this refusal",
        seed.GITHUB,
    )
    assert (secret.code, secret.evidence, secret.issuer) == (700213, "clientSecret", "")


def test_a_stranger_is_refused_as_planned_too(emulator, provoking):
    provoking.next_response("AADSTS700213", times=2)
    before = {each.id for each in emulator.events()}
    assert ask(emulator, client_id="11111111-2222-3333-4444-555555555555").code == 700213
    assert emulator.post(emulator.form(client_assertion="no.t.oken")).code == 700213
    assert len({each.id for each in emulator.events()} - before) == 1, "no application, no event"


def test_an_ordinary_refusal_is_explained_to_its_caller_all_the_same(emulator):
    answer = ask(emulator, client_assertion=emulator.mint(environment="staging"))
    assert answer.json["accredit_explain"]["cause"] == "SEGMENT(environment)"


def test_a_new_credential_is_seen_when_the_delay_is_over(emulator, provoking):
    provoking.clock.advance(seconds=1)
    assert control(emulator, "delay", {"seconds": 60}).json == {"seconds": 60}
    assert answered(emulator) == [GRANTED], "what was there before is no news"
    application = seed.marked("application deploy-bot")
    subject = f"{seed.SUBJECT.rpartition(':')[0]}:late"
    emulator.run(credentials.add, emulator.administrator, application, name="late", issuer=seed.GITHUB, subject=subject)

    def late():
        answer = ask(emulator, client_assertion=emulator.mint(environment="late"))
        return answer.code if answer.status != 200 else 0

    refused = ask(emulator, client_assertion=emulator.mint(environment="late")).json
    assert refused["accredit_explain"]["cause"] == "SEGMENT(environment)", "what is not seen is not explained either"
    assert late() == 700213
    provoking.clock.advance(seconds=59)
    assert late() == 700213
    provoking.clock.advance(seconds=1)
    assert late() == 0
    provoking.propagation_delay(3_600)
    assert late() == 700213, "the delay is longer, from the same moment on"
    provoking.propagation_delay(0)
    assert late() == 0
    provoking.propagation_delay(3_600)
    assert late() == 0, "it is no news any more"


def test_late_news_concern_credentials_only(emulator, provoking):
    provoking.clock.set(NOW - HOUR)
    provoking.propagation_delay(86_400)
    assert ask(emulator).code == 70025, "the only credential was made an hour later"
    provoking.clock.set(NOW)
    answer = emulator.post(
        {
            "grant_type": "client_credentials",
            "client_id": ADMIN,
            "client_secret": seed.ADMIN_SECRET,
            "scope": "https://graph.microsoft.com/.default",
        }
    )
    assert answer.status == 200


def test_the_clock_moves_whatever_asks_what_time_it_is(emulator, provoking):
    token = emulator.mint()
    assert control(emulator, "clock", {"advance": 900}).json == {
        "now": (NOW + timedelta(minutes=15)).isoformat(),
        "frozen": False,
        "offset": 900.0,
    }
    refused = ask(emulator, client_assertion=token)
    assert refused.code == 700024
    assert refused.json["timestamp"] == "2026-11-23 14:15:00Z"
    assert answered(emulator) == [GRANTED], "the test issuers have the same clock"
    assert latest(emulator)[0].at == NOW + timedelta(minutes=15)


INSTANTS = ("2000-06-01T00:00:00Z", "2019-02-03T04:05:06+01:00", "2031-12-31T23:59:59", "2900-01-01T00:00:00Z")


def test_tokens_are_issued_at_any_instant(tmp_path):
    with wire(tmp_path / "data") as emulator:  # its log has events of years to come
        issued_at_any_instant(emulator)


def issued_at_any_instant(emulator):
    for instant in INSTANTS:
        told = control(emulator, "clock", {"set": instant, "freeze": True}).json
        at = datetime.fromisoformat(instant)
        assert datetime.fromisoformat(told["now"]) == (at if at.tzinfo else at.replace(tzinfo=UTC))
        answer = ask(emulator)
        assert answer.status == 200, (instant, answer.body)
        claims = json.loads(base64.urlsafe_b64decode(answer.json["access_token"].split(".")[1] + "=="))
        assert claims["iat"] + EARLY == int(datetime.fromisoformat(told["now"]).timestamp())
        assert emulator.ask("GET", f"/{TENANT}/discovery/v2.0/keys").json["keys"]


def test_the_machines_clock_goes_on_unless_it_is_frozen(emulator, provoking):
    clock = provoking.clock
    clock.set("2027-01-01T00:00:00Z")
    emulator.clock.advance(seconds=5)
    assert clock() == datetime(2027, 1, 1, 0, 0, 5, tzinfo=UTC)
    clock.freeze()
    emulator.clock.advance(seconds=5)
    assert clock() == datetime(2027, 1, 1, 0, 0, 5, tzinfo=UTC)
    assert clock.frozen
    clock.advance(days=1, hours=1, minutes=1, seconds=1)
    clock.advance()
    assert clock() == datetime(2027, 1, 2, 1, 1, 6, tzinfo=UTC)
    clock.set(datetime(2028, 1, 1, tzinfo=UTC))
    assert clock.frozen, "one that stands still goes on standing where it is put"
    control(emulator, "clock", {"freeze": False})
    emulator.clock.advance(seconds=5)
    assert clock() == datetime(2028, 1, 1, 0, 0, 5, tzinfo=UTC)
    clock.freeze("2029-01-01")
    assert control(emulator, "clock", {"reset": True}).json == {
        "now": emulator.clock.at.isoformat(),
        "frozen": False,
        "offset": 0.0,
    }


def test_seconds_only_grow():
    clock = SettableClock()
    began = clock.seconds()
    clock.advance(hours=1)
    assert 3_600 <= clock.seconds() - began < 3_660
    clock.set(clock() - HOUR)
    assert 3_600 <= clock.seconds() - began < 3_660
    clock.set(clock() + HOUR)
    assert 7_200 <= clock.seconds() - began < 7_260
    clock.reset()
    assert 7_200 <= clock.seconds() - began < 7_260


ASSERTION = "client_assertion"


def test_requests_are_recorded_without_their_secrets(emulator, provoking):
    token = emulator.mint()
    headers = {"user-agent": "workload/1", "client-request-id": "8f3e6c1a-2b4d-4e5f-9a70-1c2d3e4f5a6b"}
    emulator.post(emulator.form(client_assertion=token), headers=headers)
    emulator.post(emulator.form(client_assertion=token, password="hunter2", x=token))
    ask(emulator, client_assertion=None, client_secret="hunter2", client_id=ADMIN)
    basic = {"authorization": "Basic " + base64.b64encode(f"{ADMIN}:hunter2".encode()).decode()}
    emulator.post({"grant_type": "client_credentials"}, headers=basic)
    emulator.post({}, "/contoso.test/oauth2/token")
    first, second, third, fourth, fifth = provoking.requests
    assert (first.status, first.error, first.tenant, first.version) == (200, "", TENANT, 2)
    assert (first.user_agent, first.correlation_id) == ("workload/1", headers["client-request-id"])
    assert (first.at, first.client_id) == (NOW, WORKLOAD)
    assert first.assertion.claims["sub"] == seed.SUBJECT
    assert first.assertion.header["alg"] == "RS256"
    assert first.form["scope"] == "api://orders/.default"
    assert first.form[ASSERTION] == NOT_KEPT
    assert second.assertion.sha256 == first.assertion.sha256
    assert (second.form["password"], second.form["x"]) == (NOT_KEPT, NOT_KEPT)
    assert (third.status, third.error, third.assertion) == (401, "AADSTS7000215", None)
    assert (fourth.client_id, fourth.error) == (ADMIN, "AADSTS900144")
    assert (fifth.tenant, fifth.version, fifth.client_id) == ("contoso.test", 1, "")
    told = control(emulator, "requests").body.decode()
    assert "hunter2" not in told
    assert token.rpartition(".")[2] not in told
    assert token not in repr(provoking.requests)


def test_what_cannot_be_read_is_recorded_as_far_as_it_can(emulator, provoking):
    inner = emulator.mint()
    ask(emulator, client_assertion=emulator.mint(overrides={"note": inner, "list": [inner], "n": 1}))
    ask(emulator, client_assertion="no token")
    ask(emulator, client_assertion=emulator.mint(faults=["payload_array"]))
    emulator.ask("POST", TOKEN_PATH, b"%ff=1&a=b&a=c", {"content-type": "application/x-www-form-urlencoded"})
    emulator.post({"grant_type": "x"}, headers={"authorization": "Basic !"})
    emulator.ask("GET", TOKEN_PATH)
    emulator.post({"grant_type": "y" * 200_000})
    emulator.ask("GET", "/metadata/endpoints")
    nested, text, listed, broken, _, got, large = provoking.requests
    said = nested.assertion.claims
    assert (said["note"], said["list"], said["n"]) == (masked(inner), [masked(inner)], 1)
    assert inner not in repr(nested)
    assert (text.assertion.header, text.assertion.claims, text.error) == ({}, {}, "AADSTS50027")
    assert (listed.assertion.header["alg"], listed.assertion.claims) == ("RS256", {})
    assert (broken.form, broken.error) == ({}, "AADSTS90023")
    assert (got.status, got.form, got.error) == (400, {}, "AADSTS900561")
    assert large.form == {}


def test_recorded_requests_are_bounded_and_can_be_narrowed(emulator, provoking):
    for _ in range(3):
        ask(emulator)
    ask(emulator, client_id=ADMIN)
    found = control(emulator, "requests", {"client_id": WORKLOAD.upper(), "limit": 2}).json["requests"]
    assert [each["client_id"] for each in found] == [WORKLOAD] * 2
    assert control(emulator, "requests", {"limit": 0}).json == {"requests": []}
    assert len(control(emulator, "requests", {"clear": True}).json["requests"]) == 4
    assert provoking.requests == ()
    for _ in range(MOST + 5):
        emulator.post({})
    assert len(provoking.requests) == MOST


def test_what_is_recorded_is_bounded_in_size_too(emulator, provoking):
    token = emulator.mint(overrides={"much": ["x" * 4_000] * 12})
    ask(emulator, client_assertion=token)
    assert provoking.requests[0].assertion.claims["much"][0] == "x" * 4_000
    for _ in range(LARGEST_ALL // len(token) + 1):
        ask(emulator, client_assertion=token)
    assert 50 < len(provoking.requests) <= LARGEST_ALL // len(token)
    assert len(control(emulator, "requests").body) < 2 * LARGEST_ALL, "what a command reads at once"


def test_a_secret_that_slipped_into_the_name_of_a_field_is_not_kept(emulator, provoking):
    for body in (b"client_id=x&client_secret%3Dhunter2~A=", b"client_id=x&hunter2~A", b"client_id=x&Hunter2A=1"):
        emulator.ask("POST", TOKEN_PATH, body, {"content-type": "application/x-www-form-urlencoded"})
    assert [set(each.form) for each in provoking.requests] == [{"client_id", NOT_KEPT}] * 3
    assert "unter2" not in repr(provoking.requests)


def test_reset_ends_everything(emulator, provoking):
    issuer = emulator.runtime.test_issuer
    issuer.down("github", "status_500")
    issuer.platform("github", "another").outage = issuer.platform("github").outage
    provoking.next_response("AADSTS700024", times=None)
    provoking.propagation_delay(3_600)
    ask(emulator)
    provoking.clock.freeze("2030-01-01")
    assert control(emulator, "reset").json == {}
    assert provoking.requests == ()
    assert (provoking.planned, provoking.delay, provoking.clock()) == (0, 0.0, NOW)
    assert issuer.platform("github").outage is None
    assert issuer.platform("github", "another").outage is None
    assert answered(emulator) == [GRANTED]


REFUSED = {  # a control, a body; what the sentence says
    "no error": ("next", {}, "error"),
    "an error that nobody knows": ("next", {"error": "AADSTS1"}, "no refusal has the code AADSTS1"),
    "an error of the directory": ("next", {"error": "Request_BadRequest"}, "no refusal has the code"),
    "a number as an error": ("next", {"error": 700024}, "error"),
    "never": ("next", {"error": "700024", "times": 0}, f"1 to {MOST_TIMES}"),
    "too often": ("throttle", {"times": MOST_TIMES + 1}, f"1 to {MOST_TIMES}"),
    "a status that is none": ("next", {"error": "700024", "status": 200}, "400 to 599"),
    "throttled with 400": ("throttle", {"status": 400}, "429 or 503"),
    "come again in the past": ("throttle", {"retry_after": -1}, "0 to 86400 seconds"),
    "a slip": ("throttle", {"retry-after": 1}, "retry-after"),
    "a delay without its length": ("delay", {}, "seconds"),
    "a negative delay": ("delay", {"seconds": -1}, "0 to 86400 seconds"),
    "an endless delay": ("delay", {"seconds": 1e9}, "0 to 86400 seconds"),
    "a clock that is advanced backwards": ("clock", {"advance": -1}, "goes forward"),
    "a clock beyond its end": ("clock", {"advance": 1e12}, "2000 to 2999"),
    "a clock beyond all numbers": ("clock", {"advance": 1e300}, "2000 to 2999"),
    "a clock before its beginning": ("clock", {"set": "1999-12-31"}, "2000 to 2999"),
    "a clock before all times": ("clock", {"set": "0001-01-01T00:00:00+14:00"}, "2000 to 2999"),
    "a clock after all times": ("clock", {"set": "9999-12-31T23:59:59-14:00"}, "2000 to 2999"),
    "no instant": ("clock", {"set": "tomorrow"}, "it must be an instant such as"),
    "two wishes": ("clock", {"advance": 1, "reset": True}, "exclude each other"),
    "a reset with a wish": ("reset", {"clock": True}, "clock"),
    "requests of a number": ("requests", {"client_id": 5}, "client_id"),
}


def test_what_cannot_be_meant_is_refused_in_words(emulator, provoking):
    wrong = {}
    for sentence, (name, body, said) in REFUSED.items():
        answer = control(emulator, name, body)
        if (answer.status, answer.json["code"]) != (400, "ACC1003") or said not in answer.json["error_description"]:
            wrong[sentence] = answer.body
    assert wrong == {}
    assert (provoking.planned, provoking.delay, provoking.clock()) == (0, 0.0, NOW)


def test_the_plan_is_bounded(provoking):
    for _ in range(MOST_PLANNED):
        provoking.throttle()
    with pytest.raises(Refused, match=f"it holds {MOST_PLANNED} refusals already"):
        provoking.throttle()


CONTROLS = ("next", "throttle", "delay", "clock", "requests", "reset")


def test_no_stranger_and_no_page_controls_anything(emulator):
    for name in CONTROLS:
        path = f"/idp/_{name}"
        assert control(emulator, name, authorization="").status == 401
        assert control(emulator, name, authorization="Bearer guessed").status == 401
        assert control(emulator, name, sec_fetch_site="cross-site").status == 403
        assert control(emulator, name, sec_fetch_site="same-site").status == 403
        assert control(emulator, name, content_type="text/plain").status == 415
        assert control(emulator, name, host="evil.example").status == 421
        assert emulator.ask("GET", path).status == 405
        assert emulator.ask("OPTIONS", path, headers={"origin": "https://evil.example"}).status == 405
        answer = control(emulator, name, {"error": "AADSTS700024", "seconds": 0} if name == "next" else {})
        assert not [each for each in answer.headers if each.startswith("access-control")]


def test_a_clock_of_its_own_for_each_emulator(tmp_path, emulator, provoking):
    with wire(tmp_path / "data") as other:
        provoking.clock.advance(hours=1)
        assert other.runtime.provoking.clock() == NOW
        assert other.runtime.authority.clock is other.runtime.provoking.clock
        assert UUID(TENANT) == seed.TENANT_ID
