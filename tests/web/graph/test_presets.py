"""Presets over the directory API: listed, shown, and a form that is filled in."""

import pytest

from accredit.app import seed
from accredit.trust import presets
from tests.support.every import every
from tests.web.graph.callers import Graph
from tests.web.graph.trusting import refused

BASE = "https://localhost:8443"
PRESETS = "/beta/accredit.presets"
GITHUB = {"org": "octo-org", "org_id": "123456", "repo": "octo-repo", "repo_id": "456789", "value": "staging"}
KUBERNETES = {
    "cluster_issuer": "https://cluster.example",
    "namespace": "prod",
    "service_account": "web",
    "uid": "16a4507c-9d0f-4a39-8a30-4bf0ddbe0b2c",
}


@pytest.fixture(scope="module")
def admin(graph: Graph) -> str:
    return graph.admin()


def test_presets_are_listed_to_choose_from(graph, admin):
    listed = graph.ask("GET", PRESETS + "?$count=true", admin).json
    assert listed["@odata.context"] == f"{BASE}/beta/$metadata#accredit.presets"
    assert listed["@odata.count"] == len(presets.ids())
    assert [each["id"] for each in listed["value"]] == list(presets.ids())
    assert listed["value"][0].keys() == {
        *("id", "version", "title", "summary", "aliases", "tier", "standing", "docsUrl", "verifiedDate")
    }
    proven = graph.ask("GET", f"{PRESETS}?$filter=standing%20eq%20'proven'&$select=id", admin).json["value"]
    assert [each["id"] for each in proven] == [
        each for each in presets.ids() if presets.preset(each).standing == "proven"
    ]


@every("path", ["/github_actions", "/github", "('github_actions')", "(id='github_actions')"])
def test_a_preset_is_shown_by_its_id_or_an_alias(graph, admin, path):
    shown = graph.ask("GET", PRESETS + path, admin).json
    preset = presets.preset("github_actions")
    assert (shown["id"], shown["version"]) == (preset.id, preset.version)
    assert [each["name"] for each in shown["fields"]] == [each.name for each in preset.fields]
    assert shown["modes"][0]["subject"] == preset.modes[0].subject
    assert [each["path"] for each in shown["claims"]] == [list(each.path) for each in preset.claims]
    assert {each["class"] for each in shown["claims"]} == {each.cls for each in preset.claims}


def test_a_preset_that_is_not_there(graph, admin):
    status, code, message = refused(graph.ask("GET", f"{PRESETS}/githb", admin))[:3]
    assert (status, code) == (404, "Request_ResourceNotFound")
    assert "did you mean github_actions" in message


def test_a_preset_by_something_else(graph, admin):
    assert graph.ask("GET", f"{PRESETS}(title='x')", admin).status == 404


def test_there_are_none_in_v1(graph, admin):
    assert graph.ask("GET", "/v1.0/accredit.presets", admin).status == 404


def test_a_form_becomes_the_body_of_a_credential(own):
    """What is rendered can be posted as it stands; what is pasted names tenant, client and this authority."""
    admin = own.admin()
    asked = {"fields": GITHUB, "clientId": str(seed.WORKLOAD_ID)}
    made = own.ask("POST", f"{PRESETS}/github/render", admin, asked)
    assert made.status == 200, made.body
    assert made.json["mode"] == "immutable"
    assert made.json["credential"] == {
        "name": "github_actions-staging",
        "issuer": "https://token.actions.githubusercontent.com",
        "subject": "repo:octo-org@123456/octo-repo@456789:environment:staging",
        "claimsMatchingExpression": None,
        "audiences": ["api://AzureADTokenExchange"],
    }
    assert made.json["fields"] == {**GITHUB, "entity": "environment"}
    (snippet,) = made.json["snippets"]
    assert str(seed.TENANT_ID) in snippet["text"]
    assert str(seed.WORKLOAD_ID) in snippet["text"]
    path = f"/beta/applications(appId='{seed.WORKLOAD_ID}')/federatedIdentityCredentials"
    assert own.ask("POST", path, admin, made.json["credential"]).status == 201


def test_a_form_with_an_expression_and_an_audience(graph, admin):
    asked = {"fields": KUBERNETES, "mode": "uid", "audience": "api://x"}
    made = graph.ask("POST", f"{PRESETS}/kubernetes/render", admin, asked).json["credential"]
    assert made["claimsMatchingExpression"]["languageVersion"] == 2
    assert made["subject"] is None
    assert made["audiences"] == ["api://x"]


def test_a_value_that_is_taken_with_a_warning(graph, admin):
    made = graph.ask("POST", f"{PRESETS}/google/render", admin, {"fields": {"sa_unique_id": "123"}}).json
    assert f"{BASE}/{seed.TENANT_ID}/oauth2/v2.0/token" in made["snippets"][0]["text"]
    assert [each["field"] for each in made["warnings"]] == ["sa_unique_id"]


def test_what_is_wrong_in_a_form_is_told_field_by_field(graph, admin):
    answer = graph.ask("POST", f"{PRESETS}/github/render", admin, {"fields": {**GITHUB, "org_id": "x", "repo": "a b"}})
    assert answer.status == 400
    details = {each["target"]: each["message"] for each in answer.json["error"]["details"]}
    assert details.keys() == {"fields/org_id", "fields/repo"}
    assert all(details.values())


@every("body", [{"fields": {"org": 1}}, {"fields": []}, {"form": {}}, {"mode": 1}, {"clientId": "; rm"}])
def test_a_form_that_is_none(graph, admin, body):
    assert graph.ask("POST", f"{PRESETS}/github/render", admin, body).status == 400


def test_nobody_sees_them_without_a_role(graph):
    token = graph.caller("AuditLog.Read.All").token
    assert graph.ask("GET", PRESETS, token).status == 403
