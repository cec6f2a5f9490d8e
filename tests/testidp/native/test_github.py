"""GitHub's request URL, as its toolkit asks it."""

import json

import pytest

from tests.testidp.native.asking import asked, begun, platforms
from tests.testidp.workbench import BASE, Parts


@pytest.fixture(scope="module")
def natives():
    return platforms()


def ask(natives, variables, dialect="github", method="GET", **query):
    bearer = {"authorization": f"bearer {variables['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"}
    return natives.of_issuer(dialect, asked("/_token", method, bearer, **query))


def test_it_answers_the_token_and_its_length(natives):
    variables = begun(natives, "github")
    assert variables["ACTIONS_ID_TOKEN_REQUEST_URL"] == f"{BASE}/idp/github/_token?api-version=2.0"
    answer = ask(natives, variables, audience="api://x")
    said = json.loads(answer.body)
    assert (answer.status, said["count"]) == (200, len(said["value"]))
    assert dict(answer.headers)["cache-control"] == "no-store"
    assert Parts.of(said["value"]).claims["aud"] == "api://x"


def test_who_names_no_audience_gets_the_owners(natives):
    variables = begun(natives, "github", params={"repository": "acme/shop"})
    for query in ({}, {"audience": ""}):
        claims = Parts.of(json.loads(ask(natives, variables, **query).body)["value"]).claims
        assert claims["aud"] == "https://github.com/acme"


def test_a_job_knows_where_it_runs(natives):
    variables = begun(natives, "github", params={"repository": "acme/shop", "tag": "v1"})
    told = {name: variables[name] for name in ("GITHUB_REPOSITORY", "GITHUB_REF", "GITHUB_REF_TYPE", "GITHUB_ACTIONS")}
    assert told == {
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_REF": "refs/tags/v1",
        "GITHUB_REF_TYPE": "tag",
        "GITHUB_ACTIONS": "true",
    }


def test_a_server_of_its_own_answers_for_its_own_jobs(natives):
    variables = begun(natives, "ghes")
    answer = ask(natives, variables, "ghes")
    assert Parts.of(json.loads(answer.body)["value"]).claims["iss"] == natives.jobs.issuer.platform("ghes").issuer


def test_it_refuses(natives):
    github, vault = begun(natives, "github"), begun(natives, "vault")
    wrong = {
        "a wrong token": ({**github, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x"}, "GET", 403),
        "no token": ({**github, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": ""}, "GET", 403),
        "another platform's": ({**github, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": vault["VAULT_TOKEN"]}, "GET", 403),
        "another method": (github, "POST", 405),
    }
    found = {name: ask(natives, variables, method=method) for name, (variables, method, _) in wrong.items()}
    assert {name: each.status for name, each in found.items()} == {name: row[2] for name, row in wrong.items()}
    assert all(each.content_type.startswith("text/plain") for each in found.values())
