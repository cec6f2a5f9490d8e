import io
import json
from uuid import UUID

from accredit import observe
from accredit.errors import SUBJECT_NOT_TRUSTED, TRANSIENT, Refused
from accredit.signins import Sender
from tests.support.every import every

JWT = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ3b3JrbG9hZCJ9.c2lnbmF0dXJlLW9mLWEtdG9rZW4"
SENDER = Sender(UUID(int=1), UUID(int=2), "203.0.113.5")

SURVIVES = [
    "container.googleapis.com",
    "oidc.eks.eu-west-1.amazonaws.com",
    "octo-org.octo-repo.production",
    "https://token.actions.githubusercontent.com",
    "repo:octo-org@123456/octo-repo@456789:environment:production",
]


@every("text", SURVIVES)
def test_names_with_dots_survive(text: str) -> None:
    assert observe.scrub(text) == text


@every(
    "text",
    [JWT, f"token {JWT} end", f"Bearer {JWT}", "Bearer abcdefghijklmnop", f"client_assertion={JWT}&x=1"],
)
def test_tokens_do_not(text: str) -> None:
    scrubbed = observe.scrub(text)
    assert "eyJzdWIi" not in scrubbed
    assert "abcdefghijklmnop" not in scrubbed
    assert "masked" in scrubbed


def test_secrets_in_forms_do_not_survive() -> None:
    assert "hunter2" not in observe.scrub("client_secret=hunter2hunter2&x=1 Authorization: Basic aHVudGVyMjpodW50ZXIy")


def test_a_log_line_is_json_without_tokens_wherever_they_stand() -> None:
    stream = io.StringIO()
    log = observe.logger(stream=stream, as_json=True)
    log.warning(
        "broken", exc_info=ValueError(JWT), token=JWT, deep={"a": [JWT]}, other=(JWT,), thing=ValueError(JWT), n=1
    )
    line = stream.getvalue()
    assert "eyJzdWIi" not in line
    assert json.loads(line)["event"] == "broken"
    assert json.loads(line)["n"] == 1


def test_a_flood_of_refusals_is_logged_up_to_a_number_and_then_counted() -> None:
    now = [0.0]
    stream = io.StringIO()
    journal = observe.Journal(observe.logger(stream=stream, as_json=True), lambda: now[0])
    for _ in range(observe.MOST_REFUSALS_LOGGED + 7):
        journal.refused(SENDER, Refused(SUBJECT_NOT_TRUSTED, presented="x"), {})
    assert len(stream.getvalue().splitlines()) == observe.MOST_REFUSALS_LOGGED
    now[0] = 1.0
    journal.refused(SENDER, Refused(TRANSIENT), {"evidence": "secret"})
    counted, ours = [json.loads(line) for line in stream.getvalue().splitlines()[-2:]]
    assert counted["count"] == 7
    assert (ours["level"], ours["code"], ours["evidence"]) == ("error", "AADSTS90033", "secret")


def test_a_terminal_gets_lines_for_people() -> None:
    stream = io.StringIO()
    observe.logger(stream=stream, as_json=False).info("hello", x=1)
    assert "hello" in stream.getvalue()
    assert "{" not in stream.getvalue()


def test_metrics_count_and_print() -> None:
    metrics = observe.Metrics()
    metrics.exchanges.count("", "refused", "700213", "assertion", 0.001)
    metrics.exchanges.count("", "refused", "700213", "assertion", 0.001)
    metrics.exchanges.count("t", "granted", "0", "assertion", 0.001)
    text = metrics.text().decode()
    assert 'accredit_exchanges_total{code="700213",evidence="assertion",result="refused",tenant=""} 2.0' in text
    assert 'accredit_exchange_duration_seconds_bucket{le="0.001",result="refused"} 2.0' in text
    assert 'accredit_exchange_duration_seconds_count{result="granted"} 1.0' in text
    assert "accredit_build_info" in text
