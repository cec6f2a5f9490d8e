"""What lint finds, over the directory API: in what is saved, in what is held, in what a caller shows."""

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from urllib.parse import quote
from uuid import UUID

import msgspec
import pytest

from accredit.administer import credentials, tenants
from accredit.app import seed
from tests.web.graph.callers import Graph
from tests.web.graph.trusting import A_W, AUDIENCE, GITHUB, Trusting, audited, refused

OVERRIDE = "Accredit.Lint.Override"
GOOD = "repo:o@1/r@2:environment:prod"
LINT = "/beta/accredit.lint"
BLOCKED = "The trust breaks rules that the tenant enforces: FIC-SLASH."


@pytest.fixture
def trusting(graph: Graph) -> Trusting:
    return Trusting(graph)


def blocking(own: Graph) -> None:
    own.wire.run(tenants.update, own.wire.administrator, seed.TENANT_ID, lint="block")


def findings(trusting: Trusting, token: str | None = None) -> list[dict[str, object]]:
    path = f"/beta/applications/{trusting.application.id}/accredit.findings"
    answer = trusting.graph.ask("GET", path, token or trusting.token)
    assert answer.status == 200, answer.body
    found: list[dict[str, object]] = answer.json["value"]
    return found


def recorded(own: Graph, trusting: Trusting) -> dict[str, object]:
    """What the record of the one change of what an application trusts says, by name."""
    (record,) = [
        each
        for each in audited(own)
        if (each.activity, each.targets[0].id) == (credentials.ACTIVITY, trusting.application.id)
    ]
    return {each.name: msgspec.json.decode(each.after) for each in record.targets[0].modified}


def test_what_is_saved_is_answered_as_ever_with_its_findings_in_a_header(trusting: Trusting) -> None:
    made = trusting.add()
    assert (made.status, "findings" in str(made.json)) == (201, False)
    assert made.headers["accredit-findings"] == (
        "FIC-NAME-ONLY;level=warn, FIC-NAME-ONLY;level=warn, FIC-SHARED-ISS;level=info"
    )
    changed = trusting.ask("PATCH", "/gh-prod", {"subject": GOOD})
    assert (changed.status, changed.headers["accredit-findings"]) == (204, "FIC-SHARED-ISS;level=info")
    assert "accredit-findings" not in trusting.ask("GET", "/gh-prod").headers
    assert "accredit-findings" not in trusting.ask("DELETE", "/gh-prod").headers
    assert "accredit-findings" not in trusting.add(issuer="https://idp.example.com", subject="x").headers


def test_the_record_of_a_change_names_the_rules(own: Graph) -> None:
    trusting = Trusting(own)
    trusting.add(issuer=f"{GITHUB}/", subject=GOOD)
    shown = recorded(own, trusting)
    assert shown["accredit.findings"] == ["FIC-SLASH"]
    assert "accredit.override" not in shown


def test_an_error_is_refused_where_the_tenant_takes_none_with_each_of_them(own: Graph) -> None:
    blocking(own)
    trusting = Trusting(own)
    answer = trusting.add(issuer=f"{GITHUB}/", subject=GOOD)
    assert refused(answer) == (400, "InvalidFederatedIdentityCredentialValue", BLOCKED)
    (detail,) = answer.json["error"]["details"]
    assert (detail["code"], detail["target"]) == ("FIC-SLASH", "issuer")
    assert "a slash too many" in detail["message"]
    assert trusting.stored() == []
    assert trusting.add().status == 201, "a warning is no error"
    changed = trusting.ask("PATCH", "/gh-prod", {"issuer": f"{GITHUB}/"})
    assert refused(changed)[2] == BLOCKED
    assert trusting.stored()[0].issuer.url == GITHUB


def test_whoever_overrides_says_why_and_the_record_says_it_too(own: Graph) -> None:
    blocking(own)
    reason = "Umzug am Montag: 100 % größer"
    plain, may = own.caller(A_W), own.caller(A_W, OVERRIDE)
    trusting = Trusting(own, token=plain.token)
    body = {"name": "gh-prod", "issuer": f"{GITHUB}/", "subject": GOOD, "audiences": [AUDIENCE]}
    headers = {"accredit-override": quote(reason)}
    denied = trusting.ask("POST", body=body, headers=headers)
    assert denied.status == 403
    assert OVERRIDE in denied.json["error"]["innerError"]["accredit"]
    assert trusting.ask("POST", body=body, headers=headers, token=may.token).status == 201
    shown = recorded(own, trusting)
    assert (shown["accredit.findings"], shown["accredit.override"]) == (["FIC-SLASH"], reason)


@pytest.mark.parametrize("reason", ["", "%20", "%0A%09", "\u00a0"])
def test_who_says_nothing_overrides_nothing(own: Graph, reason: str) -> None:
    blocking(own)
    trusting = Trusting(own, token=own.caller(A_W, OVERRIDE).token)
    body = {"name": "gh-prod", "issuer": f"{GITHUB}/", "subject": GOOD, "audiences": [AUDIENCE]}
    headers = {"accredit-override": quote(reason, safe="%")}
    assert trusting.ask("POST", body=body, headers=headers).status == 400


def test_a_part_of_a_batch_overrides_for_itself(own: Graph) -> None:
    blocking(own)
    trusting = Trusting(own, token=own.caller(A_W, OVERRIDE).token)
    part = {
        "method": "POST",
        "url": f"/applications/{trusting.application.id}/federatedIdentityCredentials",
        "body": {"name": "gh-prod", "issuer": f"{GITHUB}/", "subject": GOOD, "audiences": [AUDIENCE]},
        "headers": {"content-type": "application/json"},
    }
    named = {**part, "headers": {**part["headers"], "Accredit-Override": "moving"}}  # type: ignore[dict-item]
    answer = own.ask("POST", "/v1.0/$batch", trusting.token, {"requests": [{**part, "id": "1"}, {**named, "id": "2"}]})
    assert {each["id"]: each["status"] for each in answer.json["responses"]} == {"1": 400, "2": 201}


def test_what_narrows_is_saved_whatever_lint_says(own: Graph) -> None:
    trusting = Trusting(own)
    trusting.add(issuer=f"{GITHUB}/", subject=GOOD)
    blocking(own)
    assert trusting.ask("PATCH", "/gh-prod", {"description": "to be mended"}).status == 204


def test_what_an_application_trusts_is_judged(trusting: Trusting) -> None:
    assert findings(trusting) == []
    trusting.add(issuer=f"{GITHUB}/", subject=GOOD)
    (slash,) = findings(trusting)
    assert (slash["rule"], slash["level"], slash["application"], slash["credential"]) == (
        "FIC-SLASH", "error", "trusting", "gh-prod",
    )  # fmt: skip
    assert slash["edit"] == {"issuer": GITHUB}


def test_keys_at_hand_and_what_came_of_a_trust_are_known_to_who_may_know(own: Graph) -> None:
    trusting = Trusting(own)
    assert trusting.add(issuer="https://idp.example.com", subject="x").status == 201
    own.wire.clock.advance(days=100)
    plain, reading = (own.new_caller(A_W, *more).token for more in ((), ("AuditLog.Read.All",)))
    assert findings(trusting, plain) == []
    (dangling,) = findings(trusting, reading)
    assert (dangling["rule"], "never used since it was made" in str(dangling["message"])) == ("FIC-DANGLING", True)


def test_applications_are_named_and_credentials_shown(trusting: Trusting) -> None:
    trusting.add(issuer=f"{GITHUB}/", subject=GOOD)
    graph, application = trusting.graph, trusting.application
    shown = {"name": "shown", "issuer": GITHUB, "subject": "repo:o/*", "audiences": [AUDIENCE]}

    def ask(**body: object) -> set[tuple[object, object]]:
        answer = graph.ask("POST", LINT, trusting.token, body)
        assert answer.status == 200, answer.body
        assert answer.json["@odata.context"].endswith("/beta/$metadata#accredit.lint")
        return {(each["credential"], each["rule"]) for each in answer.json["value"]}

    held = {("gh-prod", "FIC-SLASH")}
    assert ask(applications=[str(application.id)]) == held
    assert ask(applications=[str(application.app_id)]) == held
    assert ("shown", "FIC-LITERAL-STAR") in ask(credentials=[shown])
    assert ask(credentials=[shown], applications=[str(application.id)]) > held
    assert ask() == ask(credentials=[], applications=[]) == set()
    expression = {"value": "claims['ref'] eq 'x'", "languageVersion": 1}
    other = {**shown, "subject": None, "claimsMatchingExpression": expression}
    assert ("shown", "FIC-NOT-PORTABLE") in ask(credentials=[other], portability="extended")
    assert ("shown", "FIC-EXPR-REQUIRED") in ask(credentials=[other], portability="entra")


WRONG = {
    "a member that nobody knows": {"subjects": []},
    "credentials that are no list": {"credentials": {}},
    "a portability that there is not": {"credentials": [], "portability": "some"},
    "applications that are no list": {"applications": "x"},
    "an application that is no text": {"applications": [1]},
    "too many applications": {"applications": ["x"] * 101},
    "credentials that are none": {"credentials": [1]},
}


@pytest.mark.parametrize("sentence", WRONG)
def test_a_body_that_asks_something_else_is_refused(sentence: str, trusting: Trusting) -> None:
    answer = trusting.graph.ask("POST", LINT, trusting.token, WRONG[sentence])
    assert answer.status == 400, answer.body


def test_what_is_not_there_is_404(trusting: Trusting) -> None:
    graph, token = trusting.graph, trusting.token
    assert graph.ask("POST", LINT, token, {"applications": ["nobody"]}).status == 404
    assert graph.ask("POST", LINT, token, {"applications": [str(UUID(int=5))]}).status == 404
    assert graph.ask("POST", "/v1.0/accredit.lint", token, {}).status == 404
    assert graph.ask("GET", f"/v1.0/applications/{trusting.application.id}/accredit.findings", token).status == 404


def test_who_may_not_read_what_is_trusted_may_not_read_what_is_wrong_with_it(graph: Graph) -> None:
    reader = graph.caller("Application.Read.All")
    assert graph.ask("POST", LINT, reader.token, {}).status == 403


HOSTILE = " and ".join(
    [f"claims['{name}'] in ['1', '2', '3', '4', '5', '6', '7', '8']" for name in "ab"]
    + [f"claims['c{n}'] matches '{'**a' * 15}{n}'" for n in range(28)]
)


def test_credentials_that_are_shown_are_so_many_at_most(trusting: Trusting) -> None:
    shown = [{"name": f"n{n}", "issuer": GITHUB, "subject": GOOD, "audiences": [AUDIENCE]} for n in range(101)]
    assert refused(trusting.graph.ask("POST", LINT, trusting.token, {"credentials": shown}))[0] == 400
    assert trusting.graph.ask("POST", LINT, trusting.token, {"credentials": shown[:100]}).status == 200


def test_what_takes_long_to_judge_lets_others_be_answered(own: Graph, trusting: Trusting) -> None:
    matching = {"value": HOSTILE, "languageVersion": 2}
    one = {"issuer": "https://gitlab.com", "claimsMatchingExpression": matching, "audiences": [AUDIENCE]}
    shown = [one | {"name": f"n{n}"} for n in range(20)]

    async def waited(judged: Future[Any]) -> float:
        longest = 0.0
        while not judged.done():
            begun = asyncio.get_running_loop().time()
            await asyncio.sleep(0.001)
            longest = max(longest, asyncio.get_running_loop().time() - begun)
        return longest

    with ThreadPoolExecutor(1) as threads:
        judged = threads.submit(trusting.graph.ask, "POST", LINT, trusting.token, {"credentials": shown})
        longest = own.wire.run(waited, judged)
    assert judged.result().status == 200
    assert longest < 0.5  # seconds; all of them take longer
