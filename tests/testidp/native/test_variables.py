"""Tokens that lie in a variable when a job starts."""

import pytest

from accredit.testidp.native.variables import ROWS, named_after
from tests.testidp.native.asking import begun, platforms
from tests.testidp.workbench import Parts

TOKENS = {
    "gitlab": ("ID_TOKEN", "API___AZUREADTOKENEXCHANGE_ID_TOKEN"),
    "terraform": ("TFC_WORKLOAD_IDENTITY_TOKEN",),
    "circleci": ("CIRCLE_OIDC_TOKEN", "CIRCLE_OIDC_TOKEN_V2"),
    "bitbucket": ("BITBUCKET_STEP_OIDC_TOKEN",),
    "semaphore": ("SEMAPHORE_OIDC_TOKEN",),
    "spacelift": ("SPACELIFT_OIDC_TOKEN",),
    "env0": ("ENV0_OIDC_TOKEN",),
    "vercel": ("VERCEL_OIDC_TOKEN",),
    "jenkins": ("ID_TOKEN",),
    "codefresh": ("ID_TOKEN",),
    "nomad": (),
}


@pytest.fixture(scope="module")
def natives():
    return platforms()


def test_every_platform_is_examined():
    assert {*TOKENS} == {*ROWS}


@pytest.mark.parametrize("dialect", ROWS)
def test_the_token_is_the_platforms(natives, dialect):
    variables = begun(natives, dialect)
    held = {name for name, value in variables.items() if value.count(".") == 2 and value.startswith("ey")}
    assert held >= {*TOKENS[dialect]}
    assert held
    issuer = natives.jobs.issuer.platform(dialect).issuer
    assert {Parts.of(variables[name]).claims["iss"] for name in held} == {issuer}


def test_both_forms_of_circleci_are_there_whichever_the_job_was_begun_with(natives):
    for version in ("v1", "v2"):
        variables = begun(natives, "circleci", params={"version": version})
        subjects = [Parts.of(variables[name]).claims["sub"] for name in TOKENS["circleci"]]
        assert ["/vcs-ref/" in each for each in subjects] == [False, True]


def test_an_identity_of_nomad_names_its_variable(natives):
    variables = begun(natives, "nomad", params={"identity": "entra"})
    assert Parts.of(variables["NOMAD_TOKEN_entra"]).claims["sub"].endswith(":entra")


def test_gitlab_names_its_variable_after_the_audience(natives):
    assert named_after("https://x.example/a") == "HTTPS___X_EXAMPLE_A_ID_TOKEN"
    assert named_after("1x") == "_X_ID_TOKEN"
    variables = begun(natives, "gitlab", params={"audience": ["sigstore", "b"]})
    assert Parts.of(variables["SIGSTORE_ID_TOKEN"]).claims["aud"] == ["sigstore", "b"]


def test_what_is_not_there_has_no_variable(natives):
    assert "TFC_WORKSPACE_NAME" in begun(natives, "terraform")
    assert "CI_COMMIT_REF_NAME" not in begun(natives, "gitlab", overrides={"ref": None})
