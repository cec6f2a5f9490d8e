"""From names to ids, over the directory API: the whole way of one credential, in the clock's time."""

import pytest

from accredit.administer import applications, credentials, findings, tenants
from accredit.app import seed
from tests.web.graph.callers import Graph
from tests.web.graph.trusting import AUDIENCE, GITHUB
from tests.wire.authority import upload_github

PATH = "/beta/accredit.migration"
OLD = "repo:octo-org/octo-repo:environment:staging"
NEW = "repo:octo-org@123456/octo-repo@456789:environment:staging"
WRITE, LOGS, OWNED = "Application.ReadWrite.All", "AuditLog.Read.All", "Application.ReadWrite.OwnedBy"


class Story:
    """One application that trusts a repository by its names, and the jobs of that repository."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.application = seed.marked("application deploy-bot")
        upload_github(graph.wire)
        self.trust("staging", OLD, description="Deploys to staging")

    def trust(self, name, subject, **members):
        return self.graph.wire.run(
            credentials.add,
            self.graph.wire.administrator,
            self.application,
            **{"name": name, "issuer": GITHUB, "subject": subject, "audiences": (AUDIENCE,), **members},
        )

    def job(self, subject, **claims):
        """Run a job; return the code of what it got."""
        self.graph.wire.clock.advance(seconds=1)
        token = self.graph.wire.mint(environment="staging", overrides={"sub": subject, **claims})
        answer = self.graph.wire.post(self.graph.wire.form(client_assertion=token))
        return token if answer.status == 200 else answer.code

    def admin(self):
        return self.graph.caller(WRITE, LOGS)

    def ask(self, method, path, body=None):
        caller = self.admin()
        token = self.graph.token(str(caller.application.app_id), caller.secret)  # the clock has moved
        return self.graph.ask(method, path, token, body)

    def rows(self, query=""):
        answer = self.ask("GET", PATH + query)
        assert answer.status == 200, answer.body
        return answer.json["value"]

    @property
    def row(self):
        (found,) = self.rows()
        return found

    def change(self, **ours):
        path = f"/beta/applications/{self.application}/federatedIdentityCredentials/staging"
        assert self.ask("PATCH", path, {"accredit": ours}).status == 204

    def pass_time(self, **time):
        self.graph.wire.clock.advance(**time)


@pytest.fixture
def story(own: Graph) -> Story:
    return Story(own)


def test_from_names_to_ids(story):
    assert (story.row["state"], story.row["cause"], story.row["plan"]) == ("found", "IDS_UNKNOWN", None)
    assert isinstance(story.job(OLD), str)
    planned = story.row
    assert (planned["state"], planned["cause"], planned["effect"]) == ("twinPlanned", None, "narrower")
    assert planned["ids"] == {"repositoryOwnerId": "123456", "repositoryId": "456789"}
    assert planned["plan"] == {
        "name": "staging-immutable",
        "issuer": GITHUB,
        "subject": NEW,
        "claimsMatchingExpression": None,
        "audiences": [AUDIENCE],
        "description": "Deploys to staging",
        "accredit": {
            "multiAudience": None,
            "listedAudiences": [],
            "issuerRecordId": planned["plan"]["accredit"]["issuerRecordId"],
        },
    }
    assert story.job(NEW) == 700213
    added = story.ask("POST", f"/beta/applications/{story.application}/federatedIdentityCredentials", planned["plan"])
    assert added.status == 201, added.body
    assert (story.row["state"], story.row["plan"]) == ("twinActive", None)
    assert isinstance(story.job(OLD), str), "both are trusted"
    assert isinstance(story.job(NEW), str)
    observed = story.row
    assert (observed["state"], observed["twin"]["name"]) == ("observed", "staging-immutable")
    assert observed["quietSinceDateTime"] == observed["lastSignInDateTime"]
    story.pass_time(days=14)
    assert isinstance(story.job(NEW), str)
    assert story.row["state"] == "retirable"
    story.change(enabled=False)
    retired = story.row
    assert (retired["state"], retired["nextStep"][:16]) == ("retired", "Delete it after ")
    assert retired["disabledDateTime"] is not None
    assert story.job(OLD) == 700213
    story.pass_time(days=7)
    assert story.row["nextStep"] == "Delete it."
    story.change(enabled=True)
    assert isinstance(story.job(OLD), str)
    assert story.row["state"] == "observed", "it was used again"


def test_a_twin_is_no_wider_in_what_graph_does_not_know(story):
    assert isinstance(story.job(OLD), str)
    rules = {"multiAudience": "listed", "listedAudiences": ["https://other.example"]}
    story.change(**rules)
    path = f"/beta/applications/{story.application}/federatedIdentityCredentials"
    old = story.ask("GET", f"{path}/staging").json["accredit"]
    added = story.ask("POST", path, story.row["plan"])
    assert added.status == 201, added.body
    made = story.ask("GET", f"{path}/{added.json['id']}").json["accredit"]
    assert {name: made[name] for name in rules} == rules
    assert made["issuerRecordId"] == old["issuerRecordId"]


def test_a_token_of_the_old_generation_is_explained_after_it_was_retired(story):
    story.trust("staging-immutable", NEW)
    story.change(enabled=False)
    token = story.graph.wire.mint(environment="staging", overrides={"sub": OLD})
    (told,) = story.ask(
        "POST", "/beta/accredit.explain", {"token": token, "applicationId": str(story.application)}
    ).json["value"]
    assert told["outcome"] == "refused"
    (near, *_) = told["near"]
    assert (near["name"], near["cause"]) == ("staging", "GENERATION")
    assert [(each["target"], each["kind"]) for each in near["edits"]] == [
        ("workload", "request"),
        ("credential", "enable"),
    ]


@pytest.mark.parametrize(("name", "subject"), [("other", NEW + "-2"), ("template", "repository_owner:octo-org")])
def test_what_is_disabled_and_has_no_twin_is_only_disabled(story, name, subject):
    story.trust(name, subject)
    path = f"/beta/applications/{story.application}/federatedIdentityCredentials/"
    for each, said in (("staging", OLD), (name, subject)):
        assert story.ask("PATCH", path + each, {"accredit": {"enabled": False}}).status == 204
        token = story.graph.wire.mint(environment="staging", overrides={"sub": said})
        body = {"token": token, "applicationId": str(story.application)}
        (told,) = story.ask("POST", "/beta/accredit.explain", body).json["value"]
        assert (told["near"][0]["name"], told["near"][0]["cause"]) == (each, "STATE")


def test_a_repository_that_was_made_again_stops_it(story):
    assert isinstance(story.job(OLD), str)
    assert story.job(NEW.replace("456789", "987654"), repository_id="987654") == 700213
    assert (story.row["state"], story.row["cause"], story.row["plan"]) == ("found", "ID_CHANGED", None)


def test_what_nobody_has_proven_teaches_nothing(story):
    forged = story.graph.wire.mint(environment="staging", overrides={"sub": OLD}, faults=["bad_signature"])
    assert story.graph.wire.post(story.graph.wire.form(client_assertion=forged)).status == 401
    assert story.row["cause"] == "IDS_UNKNOWN"


def test_an_application_is_asked_for_alone(story):
    run, by = story.graph.wire.run, story.graph.wire.administrator
    other = run(applications.create, by, seed.TENANT_ID, display_name="other")
    run(credentials.add, by, other.id, name="staging", issuer=GITHUB, subject=OLD, audiences=(AUDIENCE,))
    assert sorted(row["appDisplayName"] for row in story.rows()) == ["deploy-bot", "other"]
    (row,) = story.rows(f"?$filter=appId eq '{other.app_id}'")
    assert (row["appId"], row["applicationId"]) == (str(other.app_id), str(other.id))
    assert story.rows("?$filter=appId eq 'none'") == []
    assert story.rows(f"?$filter=appId eq '{other.app_id}' or appId eq '{seed.WORKLOAD_ID}'") == []
    first = story.ask("GET", PATH + "?$top=1").json
    found, link = first["value"], first.get("@odata.nextLink")
    for _ in range(50):
        if link is None:
            break
        page = story.ask("GET", PATH + "?" + link.partition("?")[2]).json
        found, link = found + page["value"], page.get("@odata.nextLink")
    assert (len(found), link) == (2, None)
    run(tenants.create, by, display_name="Other", domains=("other.test",))
    assert len(story.rows()) == 2


@pytest.mark.parametrize("query", ["?$filter=state eq 'found'", "?$orderby=state", "?$search=x", "?$count=true"])
def test_what_is_not_asked_for_is_refused(story, query):
    assert story.ask("GET", PATH + query).status == 400


@pytest.mark.parametrize("roles", [(WRITE,), (LOGS,), (OWNED, LOGS), ("Application.Read.All", LOGS)])
def test_who_may_not_read_both_is_told_nothing(story, roles):
    assert story.graph.ask("GET", PATH, story.graph.caller(*roles).token).status == 403
    assert story.graph.ask("GET", "/v1.0/accredit.migration", story.admin().token).status == 404


def test_when_it_was_disabled_is_the_last_time(story):
    story.trust("staging-immutable", NEW)
    times = []
    for enabled in (False, True, False):
        story.pass_time(hours=1)
        times.append(story.graph.wire.clock())
        story.change(enabled=enabled, multiAudience="refuse")
    assert story.row["disabledDateTime"] == times[2].strftime("%Y-%m-%dT%H:%M:%SZ")
    story.pass_time(hours=1)
    story.change(multiAudience=None)
    assert story.row["disabledDateTime"] == times[2].strftime("%Y-%m-%dT%H:%M:%SZ"), "another change is none of it"


def test_a_record_of_another_version_says_nothing(story, monkeypatch):
    story.change(enabled=False)
    assert story.row["disabledDateTime"] is not None
    monkeypatch.setattr(findings, "as_json", lambda _: '{"of": "another version"}')
    story.change(multiAudience="refuse")
    assert story.row["disabledDateTime"] is not None
