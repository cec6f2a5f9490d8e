"""Each proven platform: what its form renders to, what it refuses, the token that matches, and those that nearly do."""

import json
from collections import Counter

import pytest

from accredit.errors import PRESET_FORM
from accredit.trust import choose, presets
from accredit.trust import expression as language
from accredit.trust.presets.form import FormError
from accredit.trust.presets.not_issuers import not_an_issuer
from tests.support.every import every
from tests.support.trusting import trusted
from tests.trust.presets import platforms
from tests.trust.presets.platforms import GOLDENS, MISSES, SAMPLES, SUBJECT_CLAIM, held, rendered, token

MINE = {"aws_outbound", "google_cloud", "spiffe", "terraform", "azure_devops", "bitbucket", "circleci", "buildkite"}


@every("case", GOLDENS)
def test_the_form_renders_to(case):
    golden = GOLDENS[case]
    found = rendered(golden)
    assert (found.issuer, found.subject or found.expression) == (golden.issuer, golden.said)
    assert (found.subject is None) == bool(golden.language_version)
    assert found.language_version == (golden.language_version or 1)
    assert found.audience == golden.audience
    assert found.name == golden.name


@every("case", GOLDENS)
def test_a_sample_of_the_platform_matches(case):
    golden = GOLDENS[case]
    stored, shown = held(rendered(golden)), token(golden.sample)
    assert choose(shown, trusted(stored)) == (stored,)


def test_a_token_whose_subject_is_the_pipeline_matches_with_its_organization():
    found = rendered(SUBJECT_CLAIM)
    assert found.expression == SUBJECT_CLAIM.said
    shown = token(SUBJECT_CLAIM.sample, organization_id=platforms.BUILDKITE_ORG)
    assert choose(shown, trusted(held(found))) == (held(found),)


@every("case", GOLDENS)
def test_the_trust_shows_as_its_form_again(case):
    golden = GOLDENS[case]
    found = rendered(golden)
    read = presets.read(found.issuer, found.subject, found.expression, found.language_version, audience=found.audience)
    assert read is not None
    assert (read.preset.id, read.mode) == (golden.preset, found.mode)
    assert {name: text for name, text in golden.form.items() if name in read.values}.items() <= read.values.items()


AUDIENCES = {
    "what everybody uses, where the workload chooses": ("aws_outbound", None, "api://AzureADTokenExchange"),
    "one of one's own": ("buildkite", "api://accredit/contoso", "api://accredit/contoso"),
    "what the platform always sends": ("azure_devops", None, "api://AzureADTokenExchange"),
}


@every("case", AUDIENCES)
def test_the_audience(case):
    name, asked, expected = AUDIENCES[case]
    golden = next(each for each in GOLDENS.values() if each.preset == name)
    assert presets.render(presets.preset(name), golden.form, mode=golden.mode, audience=asked).audience == expected


# preset, golden, what is typed instead, the field that is told of, words of what is told
REFUSED = {
    "aws: an issuer with a slash": ("a role of AWS", {"issuer": f"{platforms.AWS}/"}, "issuer", "no slash at the end"),
    "aws: eleven digits": ("a role of AWS", {"account": "12345678901"}, "account", "12 digits"),
    "aws: a whole ARN": ("a role of AWS", {"name": f"{platforms.ROLE}/R"}, "name", "As in IAM"),
    "aws: a session": ("a role of AWS", {"principal": "assumed-role"}, "principal", "role, user"),
    "google: an e-mail address": (
        "a service account of Google Cloud",
        {"sa_unique_id": "a@b.c"},
        "sa_unique_id",
        "Digits",
    ),
    "google: nothing": ("a service account of Google Cloud", {"sa_unique_id": ""}, "sa_unique_id", "needed"),
    "spiffe: a trust domain only": ("a SPIFFE id", {"spiffe_id": "spiffe://example.org"}, "spiffe_id", "never only"),
    "spiffe: an issuer without TLS": ("a SPIFFE id", {"issuer": "http://oidc.example.org"}, "issuer", "jwt_issuer"),
    "terraform: a wildcard": (
        "any phase of a workspace",
        {"workspace": "prod-*"},
        "workspace",
        "name of the workspace",
    ),
    "terraform: a blank at the end": ("the apply of a workspace", {"project": "Default "}, "project", "white space"),
    "terraform: an id without its mode": (
        "the apply of a workspace",
        {"workspace_id": "ws-4oaFiBrH6UeKxZ5a"},
        "workspace_id",
        "by names and ids",
    ),
    "terraform: ids are lacking": ("the apply of a workspace, by ids", {"workspace_id": ""}, "workspace_id", "ws-"),
    "azure devops: no organization id": (
        "a service connection with the old issuer",
        {"organization_id": ""},
        "organization_id",
        "GUID",
    ),
    "azure devops: a slash in a name": (
        "a service connection with the old issuer",
        {"project": "pay/ments"},
        "project",
        "name of the project",
    ),
    "azure devops: another subject than the Entra issuer's": (
        "a service connection with the Entra issuer",
        {"entra_subject": "sc://contoso/payments/prod"},
        "entra_subject",
        "Paste",
    ),
    "bitbucket: braces": (
        "a repository and environment of Bitbucket",
        {"repository_uuid": f"{{{platforms.REPOSITORY}}}"},
        "repository_uuid",
        "Leave the braces away",
    ),
    "bitbucket: the environment is lacking": (
        "the beginning of a subject of Bitbucket",
        {"environment_uuid": ""},
        "environment_uuid",
        "needed",
    ),
    "circleci: a branch by its name": ("a branch in CircleCI", {"vcs_ref": "main"}, "vcs_ref", "refs/heads/<branch>"),
    "circleci: an id in capitals": ("a branch in CircleCI", {"org_id": "ABCD"}, "org_id", "Organization settings"),
    "buildkite: a reference": (
        "a branch in Buildkite",
        {"branch": "refs/heads/main"},
        "branch",
        "Leave `refs/heads/` away",
    ),
    "buildkite: slugs for ids": (
        "a branch in Buildkite",
        {"pipeline_id": "my-pipeline"},
        "pipeline_id",
        "Pipeline UUID",
    ),
}


@every("case", REFUSED)
def test_the_form_says_what_is_wrong(case):
    name, typed, field, words = REFUSED[case]
    golden = GOLDENS[name]
    with pytest.raises(FormError) as refused:
        presets.render(presets.preset(golden.preset), golden.form | typed, mode=golden.mode, audience=golden.audience)
    assert refused.value.row is PRESET_FORM
    assert [each.field for each in refused.value.findings] == [field]
    assert words in refused.value.findings[0].message


def test_a_fixed_audience_cannot_be_another():
    golden = GOLDENS["a service connection with the old issuer"]
    with pytest.raises(FormError, match="nothing else would ever match"):
        presets.render(presets.preset(golden.preset), golden.form, audience="api://contoso")


def test_an_id_of_google_with_another_count_of_digits_is_told():
    found = presets.render(presets.preset("google"), {"sa_unique_id": "11223344556677889900"})
    assert [each.field for each in found.warnings] == ["sa_unique_id"]


@every("case", MISSES)
def test_a_near_miss_gets_its_cause_and_its_remedy(case):
    miss = MISSES[case]
    found = platforms.told(miss)
    assert found.outcome == "refused"
    assert found.cause == miss.cause, found.sentence
    everything = "\n".join([found.sentence, *(f"{each.text}\n{each.after}" for each in found.edits)])
    for words in miss.says:
        assert words in everything, everything


def test_every_platform_that_is_proven_here_has_its_goldens_refusals_and_five_near_misses():
    misses = Counter(name.partition(":")[0] for name in MISSES)
    refusals = Counter(GOLDENS[name].preset for name, *_ in REFUSED.values())
    assert {each.preset for each in GOLDENS.values()} == MINE == misses.keys() == refusals.keys()
    assert min(misses.values()) >= 5
    assert min(refusals.values()) >= 2
    assert all(presets.preset(each).standing == "proven" for each in MINE)
    assert all(GOLDENS[miss.golden].preset == name.partition(":")[0] for name, miss in MISSES.items())


UNPROVEN = {
    "spacelift": ("spacelift", None, {"account": "demo", "space": "legacy", "caller_id": "infra"}),
    "octopus": (
        "octopus",
        None,
        {"issuer": "https://octopus.example.test", "space": "default", "project": "web", "environment": "production"},
    ),
    "vercel": ("vercel", None, {"team": "acme", "project": "shop"}),
    "fly": ("fly", None, {"org": "acme", "app": "shop"}),
    "cloudflare_access_service": (
        "cloudflare_access",
        None,
        {"team": "acme", "aud_tag": "a" * 64, "common_name": "ci.access"},
    ),
    "jenkins": (
        "jenkins",
        None,
        {"issuer": "https://jenkins.example.test/oidc", "job_url": "https://jenkins.example.test/job/deploy/"},
    ),
    "semaphore": (
        "semaphore",
        None,
        {"org": "acme", "project_id": "0000001d-1111-4222-8333-00000000001d", "repo": "shop", "ref": "refs/heads/main"},
    ),
    "env0": (
        "env0",
        None,
        {
            "organization_id": "00000022-1111-4222-8333-000000000022",
            "project_id": "00000023-1111-4222-8333-000000000023",
            "environment_id": "00000024-1111-4222-8333-000000000024",
        },
    ),
    "nomad": (
        "nomad",
        None,
        {"issuer": "https://nomad.example.test", "job": "example", "group": "web", "task": "web", "identity": "entra"},
    ),
    "vault": (
        "openbao",
        None,
        {
            "issuer": "https://vault.example.test:8200/v1/identity/oidc",
            "entity_id": "00000028-1111-4222-8333-000000000028",
            "role_client_id": "q2Ab3cDe4FgH5iJk6LmN7oPq8R",
        },
    ),
    "keycloak": (
        "keycloak",
        None,
        {"host": "sso.example.test", "realm": "build", "user_id": "00000029-1111-4222-8333-000000000029"},
    ),
    "auth0_classic": (
        "auth0",
        None,
        {"domain": "acme.eu.auth0.com", "auth0_client_id": "AbCdEfGhIjKlMnOpQrStUvWxYz012345"},
    ),
    "auth0_rfc9068": (
        "auth0",
        None,
        {"domain": "acme.eu.auth0.com", "auth0_client_id": "AbCdEfGhIjKlMnOpQrStUvWxYz012345"},
    ),
    "okta": ("okta", None, {"domain": "acme.okta.com", "okta_client_id": "0oa1a2b3c4d5e6f7g8h9"}),
    "managed_identity_v2": (
        "managed_identity",
        None,
        {
            "tenant_id": "11111111-2222-4333-8444-555555555555",
            "principal_id": "0000002c-1111-4222-8333-00000000002c",
        },
    ),
    "managed_identity_v1": (
        "managed_identity",
        None,
        {
            "tenant_id": "11111111-2222-4333-8444-555555555555",
            "principal_id": "0000002c-1111-4222-8333-00000000002c",
            "token_version": "v1",
        },
    ),
    "pulumi_deployments": ("pulumi", None, {"org": "acme", "project": "web", "stack": "prod"}),
    "codefresh": ("codefresh", None, {"account_id": "64f0aa", "pipeline_id": "64f0bb", "scm_ref": "main"}),
    "scalr": ("scalr", None, {"account_id": "acc-1", "workspace_id": "ws-1"}),
}


@every("sample", UNPROVEN)
def test_a_sample_of_a_platform_that_is_not_proven_matches_all_the_same(sample):
    name, mode, form = UNPROVEN[sample]
    preset = presets.preset(name)
    said = SAMPLES[sample]["claims"]["aud"]
    chosen = None if preset.audience.control == "fixed" else said if isinstance(said, str) else said[0]
    stored = held(presets.render(preset, form, mode=mode, audience=chosen))
    assert preset.standing == "unproven"
    assert sample in preset.samples
    assert choose(token(sample), trusted(stored)) == (stored,)


def test_every_sample_of_a_platform_that_is_not_proven_is_held_against_its_preset():
    known = {
        name
        for each in presets.ids()
        if presets.preset(each).standing == "unproven"
        for name in presets.preset(each).samples
    }
    # Nomad's has no exp and Cognito's no aud, so no form can be for them
    assert known - UNPROVEN.keys() == {"nomad_without_exp", "cognito_access"}


def test_cognito_says_why_it_is_not_supported():
    preset = presets.preset("cognito")
    with pytest.raises(FormError, match="carry no `aud`"):
        presets.render(preset, {"region": "eu-west-1", "pool": "eu-west-1_AbCdEfGhI", "app_client_id": "5f3k1q0n2m"})


def test_an_iam_policy_demands_audience_algorithm_and_life_and_allows_no_tags():
    found = presets.snippets(presets.preset("aws"), rendered(GOLDENS["a role of AWS"]))
    (policy,) = (json.loads(each.text) for each in found if each.schema == "iam-policy")
    (statement,) = policy["Statement"]
    assert statement["Action"] == "sts:GetWebIdentityToken"
    assert statement["Condition"] == {
        "ForAllValues:StringEquals": {"sts:IdentityTokenAudience": ["api://AzureADTokenExchange"]},
        "Null": {"sts:IdentityTokenAudience": "false"},
        "StringEquals": {"sts:SigningAlgorithm": "RS256"},
        "NumericLessThanEquals": {"sts:DurationSeconds": "300"},
    }


SNIPPETS = {
    "a branch asks for the ids": ("a branch in Buildkite", "--claim organization_id --claim pipeline_id"),
    "the organization's issuer is not asked for": ("a branch in CircleCI", "circleci run oidc get --claims"),
    "the root issuer is asked for": ("a branch in CircleCI, from the root issuer", "get --root-issuer --claims"),
    "an audience is named in the step": ("a repository and environment of Bitbucket", platforms.BITBUCKET_AUDIENCE),
    "the workspace asks for the audience": ("the apply of a workspace", '"TFC_WORKLOAD_IDENTITY_AUDIENCE"'),
    "the connection's token is asked for": ("a service connection with the old issuer", "serviceConnectionId="),
    "the metadata server is asked": ("a service account of Google Cloud", "Metadata-Flavor: Google"),
    "the server has an issuer": ("a SPIFFE id", 'jwt_issuer = "https://oidc.example.org"'),
}


@every("case", SNIPPETS)
def test_what_is_pasted_at_the_platform(case):
    name, words = SNIPPETS[case]
    golden = GOLDENS[name]
    found = presets.snippets(
        presets.preset(golden.preset), rendered(golden), client_id="11111111-0000-0000-0000-000000000000"
    )
    texts = "\n".join(each.text for each in found)
    assert words in texts
    assert "11111111-0000-0000-0000-000000000000" in texts
    assert "«" not in texts


def test_the_subject_claim_is_asked_for():
    (found,) = presets.snippets(presets.preset("buildkite"), rendered(SUBJECT_CLAIM))
    assert "--subject-claim pipeline_id --claim organization_id" in found.text
    assert "--claim pipeline_id" not in found.text.replace("--subject-claim", "")


NOT_ISSUERS = {
    "AWS STS by its address": ("https://sts.amazonaws.com", "aws_outbound"),
    "AWS STS by its audience": ("sts.amazonaws.com", "aws_outbound"),
    "AWS STS by its name": ("AWS STS", "aws_outbound"),
    "Doppler by its name": ("doppler", "issues none"),
    "Doppler by its address": ("https://api.doppler.com/v3/auth/oidc", "issues none"),
}


@every("case", NOT_ISSUERS)
def test_what_is_no_issuer_says_why(case):
    name, says = NOT_ISSUERS[case]
    assert says in (not_an_issuer(name) or "")


@every("name", ["https://accounts.google.com", "https://doppler.com.example", "x" * 601, ""])
def test_nothing_is_known_against_others(name):
    assert not_an_issuer(name) is None


def test_expressions_of_the_goldens_are_of_the_language_that_they_say():
    for golden in GOLDENS.values():
        if golden.language_version:
            assert language.parse(golden.said, golden.language_version).language_version == golden.language_version
