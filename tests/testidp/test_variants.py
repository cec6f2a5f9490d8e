"""What parameters make of the tokens of CI platforms, orchestrators and identity providers: the ways that differ."""

from typing import Any

import pytest

from accredit.errors import Refused
from accredit.testidp.dialect import find
from accredit.testidp.filling import Given
from tests.forge import AT

ABSENT = object()
ORG, PIPELINE = "00000005-1111-4222-8333-000000000005", "00000006-1111-4222-8333-000000000006"

# Each: dialect, parameters, and what some claims are then.
ROWS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "Buildkite: an organization's id, as asked for": (
        "buildkite",
        {"organization_id": "o-1"},
        {"organization_id": "o-1"},
    ),
    "Buildkite: no id is there unasked": ("buildkite", {}, {"organization_id": ABSENT, "pipeline_id": ABSENT}),
    "Buildkite: the organization is the subject": (
        "buildkite",
        {"subject_claim": "organization_id"},
        {"sub": ORG, "organization_id": ORG, "pipeline_id": ABSENT},
    ),
    "Buildkite: the pipeline is the subject, by its own id": (
        "buildkite",
        {"subject_claim": "pipeline_id", "pipeline_id": "p-1"},
        {"sub": "p-1", "pipeline_id": "p-1"},
    ),
    "Buildkite: a step with a key": (
        "buildkite",
        {"step_key": "deploy", "build_number": "7"},
        {
            "sub": "organization:acme-inc:pipeline:p:ref:refs/heads/main"
            ":commit:53ffe2b1a6c54d0b9c1f2f0a1b7d6e3c4a5f9088:step:deploy",
            "step_key": "deploy",
            "build_number": 7,
        },
    ),
    "CircleCI: somebody started it again with SSH": (
        "circleci",
        {"ssh_rerun": True},
        {"oidc.circleci.com/ssh-rerun": True},
    ),
    "CircleCI: another organization is another issuer and audience": (
        "circleci",
        {"org_id": "o-1"},
        {"iss": "https://oidc.circleci.com/org/o-1", "aud": "o-1", "oidc.circleci.com/org-id": "o-1"},
    ),
    "CircleCI: contexts are a list": (
        "circleci",
        {"context_ids": "c-1"},
        {"oidc.circleci.com/context-ids": ["c-1"]},
    ),
    "Bitbucket: a step that deploys nothing": (
        "bitbucket",
        {"environment_uuid": None, "repository_uuid": "r", "step_uuid": "s"},
        {"sub": "{r}:{s}", "deploymentEnvironmentUuid": ABSENT, "repositoryUuid": "{r}"},
    ),
    "Bitbucket: audiences of one's own": ("bitbucket", {"audience": ["a", "b"]}, {"aud": ["a", "b"]}),
    "Spacelift: a module of another account": (
        "spacelift",
        {"account": "acme", "caller": "module", "caller_id": "vpc", "run_type": "TESTING", "scope": "read"},
        {
            "iss": "https://acme.app.spacelift.io",
            "aud": "acme.app.spacelift.io",
            "sub": "space:legacy:module:vpc:run_type:TESTING:scope:read",
        },
    ),
    "Octopus: every part of a subject, in order": (
        "octopus",
        {
            "type": "deployment",
            "account": "a",
            "target": "t",
            "tenant": "c",
            "runbook": "r",
            "url": "https://octopus.corp.test/x",
        },
        {
            "iss": "https://octopus.corp.test/x",
            "sub": "space:default:project:web:runbook:r:tenant:c:environment:production"
            ":target:t:account:a:type:deployment",
        },
    ),
    "Octopus: the space alone": ("octopus", {"project": None, "environment": None}, {"sub": "space:default"}),
    "Vercel: the issuer of everybody": (
        "vercel",
        {"issuer_form": "global", "environment": "preview"},
        {"iss": "https://oidc.vercel.com", "scope": "owner:acme:project:shop:environment:preview"},
    ),
    "Fly: another Machine, ids as numbers": (
        "fly",
        {"org": "corp", "app": "api", "machine_id": "d1", "app_id": 5, "audience": "https://x.example"},
        {"iss": "https://oidc.fly.io/corp", "sub": "corp:api:d1", "app_id": "5", "aud": "https://x.example"},
    ),
    "Jenkins: a job in a folder": (
        "jenkins",
        {"url": "https://ci.corp.test", "job": "team/job/deploy", "build_number": 7},
        {"iss": "https://ci.corp.test/oidc", "sub": "https://ci.corp.test/job/team/job/deploy/", "build_number": 7},
    ),
    "Semaphore: a tag": (
        "semaphore",
        {"tag": "v1"},
        {
            "sub": "org:acme:project:0000001d-1111-4222-8333-00000000001d:repo:shop:ref_type:tag:ref:refs/tags/v1",
            "branch": "",
            "tag": "v1",
            "pr": "",
            "trg": "acme:shop:tag:v1",
        },
    ),
    "Semaphore: a pull request names the branch that it goes to": (
        "semaphore",
        {"pull_request": 12, "repository": "corp/api"},
        {
            "sub": "org:acme:project:0000001d-1111-4222-8333-00000000001d:repo:api"
            ":ref_type:pull-request:ref:refs/pull/12/merge",
            "branch": "main",
            "pr": "12",
            "pr_branch": "feature/x",
            "tag": "",
            "repo_slug": "corp/api",
        },
    ),
    "Nomad: aud is a list, whatever was asked": ("nomad", {"audience": ["a", "b"]}, {"aud": ["a", "b"]}),
    "Vault: a namespace is in the issuer": (
        "vault",
        {"namespace": "team", "url": "https://bao.corp.test"},
        {"iss": "https://bao.corp.test/v1/team/identity/oidc", "namespace": "team"},
    ),
    "Keycloak: one audience is no list": (
        "keycloak",
        {"audience": ["api://x"], "host": "sso.corp.test:8443", "client": "ci"},
        {
            "iss": "https://sso.corp.test:8443/realms/build",
            "aud": "api://x",
            "preferred_username": "service-account-ci",
        },
    ),
    "Auth0: scopes, and a domain of its own": (
        "auth0",
        {"scope": "deploy:run", "domain": "login.corp.test"},
        {"iss": "https://login.corp.test/", "scope": "deploy:run", "client_id": ABSENT, "jti": ABSENT},
    ),
    "Auth0: RFC 9068 has no azp": ("auth0", {"profile": "rfc9068"}, {"azp": ABSENT, "gty": ABSENT}),
    "Okta: another authorization server": (
        "okta",
        {"server": "aus1", "scopes": ["a", "b"], "audience": "api://x"},
        {"iss": "https://acme.okta.com/oauth2/aus1", "scp": ["a", "b"], "aud": "api://x", "ver": 1},
    ),
    "Pulumi: an audience of one's own comes from another issuer": (
        "pulumi",
        {"audience": "api://x", "operation": "preview"},
        {
            "iss": "https://api.pulumi.com/oidc/v2",
            "aud": "api://x",
            "sub": "pulumi:deploy:org:acme:project:web:stack:prod:operation:preview:scope:write",
        },
    ),
    "Cognito: no audience, whatever the scope": ("cognito", {"scope": None}, {"aud": ABSENT, "scope": ABSENT}),
}


def claims_of(dialect: str, params: dict[str, Any]) -> dict[str, object]:
    """What a token with these parameters claims, but for its dates. Nothing is signed."""
    given = Given(f"https://localhost:8443/idp/{dialect}", "a-jti", AT)
    return find(dialect).fill(params, given).claims


def test_tokens_follow_their_parameters() -> None:
    wrong = {}
    for name, (dialect, params, expected) in ROWS.items():
        claims = claims_of(dialect, params)
        found = {each: claims.get(each, ABSENT) for each in expected}
        if found != expected:
            wrong[name] = found
    assert wrong == {}


NOT_CHOSEN = ("spacelift", "semaphore", "env0", "codefresh", "cloudflare_access", "cognito")


def test_an_audience_that_a_platform_fixes_cannot_be_chosen() -> None:
    for name in NOT_CHOSEN:
        with pytest.raises(Refused, match=r"params\.audience"):
            claims_of(name, {"audience": "api://x"})


def test_the_key_of_a_role_may_be_of_any_kind() -> None:
    given = Given("https://localhost:8443/idp/vault", "a-jti", AT)
    assert [find("vault").fill(each, given).algorithm for each in ({}, {"algorithm": "ES512"})] == ["RS256", "ES512"]
    assert find("nomad").fill({"algorithm": "EdDSA"}, given).algorithm == "EdDSA"
