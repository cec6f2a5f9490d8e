"""What a tenant demands of all trust: set and previewed over the directory API, obeyed by the next request."""

import pytest

from accredit.administer import credentials, issuers, tenants
from accredit.app import seed
from tests.support.every import every
from tests.web.graph.callers import Graph
from tests.web.graph.trusting import AUDIENCE, GITHUB, Trusting, refused

TENANT = "/beta/accredit.tenant"
PREVIEW = f"{TENANT}/preview"
BY_NAME = "repo:octo-org/octo-repo:environment:production"
OTHER = "https://idp.example"
LOGS, READ = "AuditLog.Read.All", "Application.Read.All"


def previewed(graph: Graph, token: str, query: str = "", **body: object) -> list[dict[str, object]]:
    answer = graph.ask("POST", PREVIEW + query, token, body)
    assert answer.status == 200, answer.body
    return answer.json["value"]


def told(rows):
    """What the rows say; in the order of names, for theirs is that of ids."""
    return sorted((row["federatedCredentialName"], row["policy"], row["isEnforced"], row["isNoted"]) for row in rows)


@pytest.fixture
def named(own: Graph) -> Graph:
    """An authority whose application also trusts by names, and was signed in to in both ways."""
    keys = own.wire.ask("GET", "/idp/github/.well-known/jwks").body.decode()
    own.wire.run(issuers.upload, own.wire.administrator, seed.marked("issuer github"), keys)
    own.wire.run(
        credentials.add,
        own.wire.administrator,
        seed.marked("application deploy-bot"),
        name="by-name",
        issuer=seed.GITHUB,
        subject=BY_NAME,
        audiences=(AUDIENCE,),
    )
    assert own.wire.post(own.wire.form()).status == 200
    return own


def legacy(graph: Graph) -> int:
    token = graph.wire.mint(overrides={"sub": BY_NAME})
    return graph.wire.post(graph.wire.form(client_assertion=token)).status


def test_who_would_break_is_told_before_anything_is_refused(named):
    admin = named.admin()
    assert legacy(named) == 200
    (row,) = previewed(named, admin, immutableIds="enforce")
    assert told([row]) == [("by-name", "immutableIds", True, False)]
    assert row["appDisplayName"] == "deploy-bot"
    assert row["lastSignInDateTime"] is not None
    assert row["reason"] == "credential by-name does not pin the id of the tenant and project"
    assert named.ask("GET", TENANT, admin).json["immutableIds"] == "off", "nothing was changed"
    assert legacy(named) == 200
    assert named.ask("PATCH", TENANT, admin, {"immutableIds": "enforce"}).status == 204
    assert legacy(named) == 401
    assert named.wire.post(named.wire.form()).status == 200


def test_what_could_not_be_saved_any_more_is_told_before_lint_blocks(named):
    named.wire.run(
        credentials.add,
        named.wire.administrator,
        seed.marked("application deploy-bot"),
        name="slash",
        issuer=f"{GITHUB}/",
        subject=BY_NAME,
        audiences=(AUDIENCE,),
    )
    admin = named.admin()
    (row,) = previewed(named, admin, lint="block")
    assert told([row]) == [("slash", "lint", True, False)]
    assert str(row["reason"]).startswith("FIC-SLASH: ")
    assert previewed(named, admin, lint="warn") == []


def test_in_audit_nothing_is_refused_and_the_preview_says_what_was_noted(named):
    admin = named.admin()
    body = {"immutableIds": "audit", "allowedIssuers": [OTHER], "allowedIssuersMode": "audit"}
    assert told(previewed(named, admin, **body)) == [
        ("by-name", "allowedIssuers", False, False),
        ("by-name", "immutableIds", False, False),
        (seed.CREDENTIAL, "allowedIssuers", False, False),
    ]
    assert named.ask("PATCH", TENANT, admin, body).status == 204
    assert legacy(named) == 200
    assert named.wire.events()[0].policies == ("allowedIssuers", "immutableIds")
    assert told(previewed(named, admin)) == [
        ("by-name", "allowedIssuers", False, True),
        ("by-name", "immutableIds", False, True),
        (seed.CREDENTIAL, "allowedIssuers", False, False),
    ]
    enforced = previewed(named, admin, immutableIds="enforce", allowedIssuersMode="enforce")
    assert {each["isEnforced"] for each in enforced} == {True}


def test_what_only_a_token_tells_is_judged_by_the_one_used_last(named):
    admin = named.admin()
    limits = {"maxAssertionLifetime": 60, "allowedAlgorithms": ["RS512"]}
    rows = previewed(named, admin, **limits)
    assert told(rows) == [
        (seed.CREDENTIAL, "allowedAlgorithms", True, False),
        (seed.CREDENTIAL, "maxAssertionLifetime", True, False),
    ], "by-name was never used, and its record may sign with RS512"
    assert {str(each["reason"]).rpartition(" the limit")[2] for each in rows} == {
        "the tenant's list of algorithms",
        " is 60 s of the tenant's policy",
    }
    assert previewed(named, admin, maxAssertionLifetime=86_400, allowedAlgorithms=["RS256"]) == []


def test_an_assertion_that_was_used_again_is_among_what_was_noted(named):
    named.wire.run(issuers.update, named.wire.administrator, seed.marked("issuer github"), replay="observe")
    form = named.wire.form()
    for _ in range(3):
        named.wire.clock.advance(seconds=1)
        assert named.wire.post(form).status == 200
    (row,) = previewed(named, named.admin())
    assert told([row]) == [(seed.CREDENTIAL, "replay", False, True)]
    assert str(row["reason"]).startswith("the assertion of its newest sign-in was used 2 times before, first from")


def test_it_is_told_page_by_page_with_the_same_body(named):
    token, found, query = named.caller(LOGS, READ).token, [], "?$top=1"
    for _ in range(10):
        answer = named.ask("POST", PREVIEW + query, token, {"allowedIssuers": [OTHER]}).json
        found += answer["value"]
        if "@odata.nextLink" not in answer:
            break
        query = "?" + answer["@odata.nextLink"].partition("?")[2]
    assert sorted(each["federatedCredentialName"] for each in found) == ["by-name", seed.CREDENTIAL]


def test_what_is_another_tenants_is_not_told(own):
    run, by = own.wire.run, own.wire.administrator
    run(tenants.create, by, display_name="Other", domains=("other.test",))
    rows = previewed(own, own.admin(), allowedIssuers=[OTHER])
    assert {each["appDisplayName"] for each in rows} == {"deploy-bot"}


REFUSED = {
    "a policy that there is none of": ({"vault": "x"}, "vault"),
    "another setting": ({"displayName": "x"}, "displayName"),
    "a list that allows nothing": ({"allowedAlgorithms": []}, "allowedAlgorithms"),
    "an algorithm that no record may list": ({"allowedAlgorithms": ["HS256"]}, "allowedAlgorithms"),
    "a life of no length": ({"maxAssertionLifetime": 0}, "maxAssertionLifetime"),
    "a mode that there is none of": ({"immutableIds": "sometimes"}, "immutableIds"),
}


@every("sentence", REFUSED)
@every("path", [("POST", PREVIEW), ("PATCH", TENANT)])
def test_refused_is(graph: Graph, sentence, path):
    body, name = REFUSED[sentence]
    method, where = path
    if sentence == "another setting" and method == "PATCH":
        body = {"displayName": 1}
    status, code, message = refused(graph.ask(method, where, graph.admin(), body))[:3]
    assert (status, code) == (400, "Request_BadRequest")
    assert name in message


@every("roles", [(LOGS,), (READ,), (READ, "Organization.Read.All")])
def test_who_may_not_read_the_log_and_the_applications_is_told_nothing(graph: Graph, roles):
    assert graph.ask("POST", PREVIEW, graph.caller(*roles).token, {}).status == 403


def test_trust_by_names_is_refused_when_it_is_saved_where_ids_are_demanded(own):
    assert own.ask("PATCH", TENANT, own.admin(), {"immutableIds": "enforce"}).status == 204
    trusting = Trusting(own)
    status, code, message = refused(trusting.add())[:3]
    assert (status, code) == (400, "InvalidFederatedIdentityCredentialValue")
    assert "FederatedIdentityCredential.Subject value" in message
    assert trusting.add(issuer=GITHUB, subject="repo:o@1/r@2:environment:prod").status == 201
