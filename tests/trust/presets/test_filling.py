"""The trust that is proposed for a token: it matches that token, and is no wider than the platform's safe default."""

import json

import pytest

from accredit.trust import choose, presets
from tests.support.trusting import trusted
from tests.trust.presets.platforms import AT, SAMPLES, held, token

UNFILLED = {
    "github_custom_template_workflow": "its template names no repository",
    "github_custom_template_ids": "its template is an organization's own",
    "gitlab_short_subject": "it names no ref",
    "buildkite": "it does not say the ids",
    "buildkite_subject_pipeline_id": "it does not say the organization's id",
    "kubernetes_legacy_secret": "it has no audience, and its issuer is no address",
    "spiffe_without_iss": "it has no issuer",
    "octopus": "its subject has no environment",
    "cognito_access": "no trust can be made with it",
}
MODES = {  # platforms whose exact subject is never seen again, and what is proposed there
    "buildkite_with_ids": ("buildkite@1", "branch"),
    "circleci_v1": ("circleci@1", "branch"),
    "bitbucket": ("bitbucket@1", "ids"),
    "fly": ("fly@1", "app"),
    "env0": ("env0@1", "ids"),
    "cloudflare_access_service": ("cloudflare_access@1", "service_token"),
}


def filled(name, **claims):
    said = {**SAMPLES[name]["claims"], **claims}
    heard = said.get("aud") or ""
    return presets.fill(said, heard if isinstance(heard, str) else heard[0])


def test_what_is_proposed_matches_the_token_that_it_was_made_from():
    wrong = []
    for name in SAMPLES:
        found = filled(name)
        if (found is None) != (name in UNFILLED):
            wrong.append(f"{name}: {found}")
        elif found is not None:
            stored = held(found)
            shown = token(name, exp=AT + 300)  # one has none, and nothing trusts that
            if choose(shown, trusted(stored)) != (stored,):
                wrong.append(f"{name}: {found.issuer} {found.subject or found.expression}")
    assert not wrong, "\n".join(wrong)


def test_what_has_no_exact_subject_is_proposed_by_its_ids():
    assert {name: (found.preset, found.mode) for name in MODES if (found := filled(name))} == MODES


REFUSED = {
    "no issuer": {"iss": None},
    "an issuer that is a number": {"iss": 7},
    "a subject that is a list": {"sub": ["a"]},
    "an issuer of nobody": {"iss": "https://nobody.example"},
    "no such subject": {"sub": "everybody"},
}


def test_what_cannot_be_filled_in_is_not_proposed():
    wrong = [row for row, claims in REFUSED.items() if filled("github_immutable_branch", **claims) is not None]
    assert not wrong


@pytest.mark.parametrize(
    ("name", "claims"),
    [
        ("circleci_v1", {"oidc.circleci.com/ssh-rerun": True}),
        ("env0", {"projectId": 7}),
        ("fly", {"sub": "one-part"}),
        ("fly", {"sub": ""}),
    ],
    ids=json.dumps,
)
def test_a_condition_that_the_token_does_not_meet_is_not_proposed(name, claims):
    assert filled(name, **claims) is None


def test_a_condition_that_may_be_left_out_is():
    found = filled("bitbucket", deploymentEnvironmentUuid=None)
    assert found is not None
    assert "deploymentEnvironment" not in found.expression
