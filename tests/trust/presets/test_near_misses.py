"""Tokens that match what a form gives, and those that nearly do, each with its reason: GitHub, GitLab, Kubernetes."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from accredit.explain import explain
from accredit.trust import MultiAudience, choose, presets
from accredit.trust.presets import catalogue
from tests.forge import AUDIENCE, NOW
from tests.support.every import every
from tests.support.trusting import trusted
from tests.trust.presets.platforms import NOTHING, OWN, SAMPLES, held, token

GITHUB = "https://token.actions.githubusercontent.com"
IDS = {"org": "octo-org", "org_id": "123456", "repo": "octo-repo", "repo_id": "456789"}
NAMES = {"org": "octo-org", "repo": "octo-repo"}
REUSED = "octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main"
SERVER = {"hostname": "github.example.com", **NAMES}
PROJECT = {"group": "my-group", "project": "my-project"}
CLUSTER = "https://kubernetes.example.test:6443"
EKS = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
AKS = "https://westeurope.oic.prod-aks.azure.com/11111111-2222-4333-8444-555555555555/66666666-7777-4888-8999-000000000000/"
GKE = "https://container.googleapis.com/v1/projects/my-project/locations/europe-west1/clusters/prod"
OTHER = "https://issuer.example.test"
ACCOUNT = {"namespace": "default", "service_account": "wl"}
UID = "16a4507c-6d0e-4b0a-9a51-1c2d3e4f5a6b"
RECREATED = SAMPLES["kubernetes_recreated_account"]["claims"]["kubernetes.io"]


class Form(NamedTuple):
    """A form, and the sample of the platform that matches what it gives; ``changes`` are to the sample."""

    preset: str
    mode: str | None
    values: dict[str, str]
    sample: str
    changes: Mapping[str, Any] = NOTHING


FORMS = {
    "environment": Form("github_actions", None, IDS | {"value": "Production"}, "github_immutable_environment"),
    "environment with a colon": Form(
        "github_actions", None, IDS | {"value": "Production:EastUS"}, "github_environment_with_colon"
    ),
    "branch": Form("github_actions", None, IDS | {"entity": "branch", "value": "main"}, "github_immutable_branch"),
    "tag": Form("github_actions", None, IDS | {"entity": "tag", "value": "v1.2.3"}, "github_immutable_tag"),
    "pull requests": Form("github_actions", None, IDS | {"entity": "pull_request"}, "github_immutable_pull_request"),
    "environment by names": Form(
        "github_actions", "legacy", NAMES | {"value": "Production"}, "github_legacy_environment"
    ),
    "branch by names": Form(
        "github_actions", "legacy", NAMES | {"entity": "branch", "value": "main"}, "github_legacy_branch"
    ),
    "enterprise": Form(
        "github_actions", None, IDS | {"value": "Production", "enterprise": "octocat-inc"}, "github_enterprise_issuer"
    ),
    "folder": Form(
        "github_actions",
        "branches",
        IDS | {"folder": "release"},
        "github_immutable_branch",
        {"sub": "repo:octo-org@123456/octo-repo@456789:ref:refs/heads/release/1.2"},
    ),
    "folder by names": Form(
        "github_actions",
        "branches_legacy",
        NAMES | {"repo_id": "456789", "folder": "release"},
        "github_legacy_branch",
        {"sub": "repo:octo-org/octo-repo:ref:refs/heads/release/1.2"},
    ),
    "reusable workflow": Form(
        "github_actions",
        "workflow",
        IDS | {"value": "Production", "workflow": REUSED},
        "github_immutable_environment",
    ),
    "server": Form("github_enterprise_server", None, SERVER | {"entity": "branch", "value": "main"}, "ghes_branch"),
    "server with an id": Form(
        "github_enterprise_server",
        "pinned",
        SERVER | {"entity": "branch", "value": "main", "repo_id": SAMPLES["ghes_branch"]["claims"]["repository_id"]},
        "ghes_branch",
    ),
    "project's branch": Form("gitlab", None, PROJECT | {"ref": "main"}, "gitlab"),
    "project's branch with its id": Form("gitlab", "pinned", PROJECT | {"ref": "main", "project_id": "20"}, "gitlab"),
    "every branch of a project": Form("gitlab", "any_ref", PROJECT | {"project_id": "20"}, "gitlab"),
    "protected branches": Form("gitlab", "protected", PROJECT | {"project_id": "20"}, "gitlab"),
    "protected branches, one environment": Form(
        "gitlab",
        "protected",
        PROJECT | {"project_id": "20", "environment": "production"},
        "gitlab_environment",
    ),
    "account": Form("kubernetes", None, ACCOUNT | {"cluster_issuer": CLUSTER}, "kubernetes"),
    "account of a pod": Form("kubernetes", None, ACCOUNT | {"cluster_issuer": CLUSTER}, "kubernetes_pod_bound"),
    "account with its uid": Form(
        "kubernetes", "uid", ACCOUNT | {"cluster_issuer": CLUSTER, "uid": UID}, "kubernetes_pod_bound"
    ),
    "EKS": Form("kubernetes", None, ACCOUNT | {"flavour": "eks", "cluster_issuer": EKS}, "eks"),
    "AKS": Form("kubernetes", None, ACCOUNT | {"flavour": "aks", "cluster_issuer": AKS}, "aks"),
    "GKE": Form("kubernetes", None, ACCOUNT | {"flavour": "gke", "cluster_issuer": GKE}, "gke"),
    "any issuer": Form(
        "other",
        None,
        {"issuer": OTHER, "subject": "service-42"},
        "vault",
        {"iss": OTHER, "sub": "service-42", "aud": AUDIENCE},
    ),
}


class Miss(NamedTuple):
    """What makes a token miss, one thing at a time: a change of the token, or of what is held."""

    form: str
    cause: str
    says: tuple[str, ...]  # in the sentence, or in what is proposed
    token: Mapping[str, Any] = NOTHING
    held: Mapping[str, str] = NOTHING
    multi_audience: MultiAudience = "contained"


def repo(context="environment:Production", owner="octo-org@123456", name="octo-repo@456789"):
    return {"sub": f"repo:{owner}/{name}:{context}"}


MISSES = {
    "github: a branch for an environment": Miss(
        "environment", "ENTITY_TYPE", ("main", "Production"), repo("ref:refs/heads/main")
    ),
    "github: another case": Miss(
        "environment", "CASE", ("`production`", "`Production`"), repo("environment:production")
    ),
    "github: names for ids": Miss("environment", "GENERATION", ("older",), repo(owner="octo-org", name="octo-repo")),
    "github: ids for names": Miss("environment by names", "GENERATION", ("newer", "@123456"), repo()),
    "github: made again under the same name": Miss(
        "environment", "ID_CHANGED", ("456789", "987654"), repo(name="octo-repo@987654")
    ),
    "github: renamed": Miss("environment", "NAME_CHANGED", ("new-name",), repo(name="new-name@456789")),
    "github: another environment": Miss(
        "environment", "SEGMENT(environment)", ("Staging",), repo("environment:Staging")
    ),
    "github: nobody asked for an audience": Miss(
        "environment", "AUD_DEFAULT", ("GitHub's default", "audience"), {"aud": "https://github.com/octo-org"}
    ),
    "github: a slash too many": Miss("environment", "SLASH", (f"`{GITHUB}`",), held={"issuer": GITHUB + "/"}),
    "github: an enterprise's own issuer": Miss(
        "environment", "TENANT_PATH", ("octocat-inc",), {"iss": f"{GITHUB}/octocat-inc"}
    ),
    "github: another folder": Miss("folder", "CLAUSE(1)", ("hotfix",), repo("ref:refs/heads/hotfix/1")),
    "github: made again, in an expression": Miss(
        "folder by names", "ID_CHANGED", ("987654",), {"repository_id": "987654"}
    ),
    "github: another workflow": Miss(
        "reusable workflow", "CLAUSE(3)", ("job_workflow_ref",), {"job_workflow_ref": REUSED.replace("oidc", "other")}
    ),
    "github: a customised subject": Miss(
        "environment",
        "TEMPLATE",
        ("customised",),
        {"sub": "repository_owner_id:123456:repository_id:456789:ref:refs/heads/main"},
    ),
    "server: a tag for a branch": Miss(
        "server", "ENTITY_TYPE", ("main",), {"sub": "repo:octo-org/octo-repo:ref:refs/tags/v1"}
    ),
    "server: github.com's token": Miss("server", "OTHER_INSTANCE", ("github.example.com",), {"iss": GITHUB}),
    "server: another case": Miss("server", "CASE", ("Main",), {"sub": "repo:octo-org/octo-repo:ref:refs/heads/Main"}),
    "server: another branch": Miss(
        "server", "SEGMENT(branch)", ("dev",), {"sub": "repo:octo-org/octo-repo:ref:refs/heads/dev"}
    ),
    "server: the issuer of its page": Miss(
        "server",
        "DISCOVERY_SUFFIX",
        ("`https://github.example.com/_services/token`",),
        held={"issuer": "https://github.example.com/_services/token/.well-known/openid-configuration"},
    ),
    "server: made again under the same name": Miss(
        "server with an id", "ID_CHANGED", ("repository_id",), {"repository_id": "999"}
    ),
    "gitlab: another branch": Miss(
        "project's branch",
        "SEGMENT(ref)",
        ("fix",),
        {"sub": "project_path:my-group/my-project:ref_type:branch:ref:fix"},
    ),
    "gitlab: a tag": Miss(
        "project's branch",
        "SEGMENT(ref_type)",
        ("tag",),
        {"sub": "project_path:my-group/my-project:ref_type:tag:ref:main"},
    ),
    "gitlab: a fork's merge request": Miss(
        "project's branch",
        "SEGMENT(group)",
        ("someone",),
        {"sub": "project_path:someone/my-project:ref_type:branch:ref:main"},
    ),
    "gitlab: another case": Miss(
        "project's branch", "CASE", ("My-Group",), {"sub": "project_path:My-Group/my-project:ref_type:branch:ref:main"}
    ),
    "gitlab: an instance of one's own": Miss(
        "project's branch", "OTHER_INSTANCE", ("gitlab.example.com",), {"iss": "https://gitlab.example.com"}
    ),
    "gitlab: a slash too many": Miss(
        "project's branch", "SLASH", ("`https://gitlab.com`",), held={"issuer": "https://gitlab.com/"}
    ),
    "gitlab: a second audience": Miss(
        "project's branch",
        "AUD_EXTRA",
        ("https://vault.example.com",),
        {"aud": [AUDIENCE, "https://vault.example.com"]},
        multi_audience="refuse",
    ),
    "gitlab: made again under the same path": Miss(
        "project's branch with its id", "ID_CHANGED", ("project_id",), {"project_id": "21"}
    ),
    "gitlab: not protected": Miss("protected branches", "CLAUSE(3)", ("ref_protected",), {"ref_protected": "false"}),
    "gitlab: no environment": Miss(
        "protected branches, one environment", "CLAIM_MISSING(environment)", ("environment",), {"environment": ...}
    ),
    "kubernetes: another namespace": Miss(
        "account", "SEGMENT(namespace)", ("prod",), {"sub": "system:serviceaccount:prod:wl"}
    ),
    "kubernetes: another account": Miss(
        "account", "SEGMENT(service_account)", ("other",), {"sub": "system:serviceaccount:default:other"}
    ),
    "kubernetes: the cluster's own audience": Miss(
        "account", "AUD_DEFAULT", ("Project a token", AUDIENCE), {"aud": ["https://kubernetes.default.svc"]}
    ),
    "kubernetes: made again under the same name": Miss(
        "account with its uid", "ID_CHANGED", ("uid",), {"kubernetes.io": RECREATED}
    ),
    "kubernetes: another cluster of EKS": Miss(
        "EKS", "TENANT_PATH", ("0123456789ABCDEF0123456789ABCDEF",), {"iss": EKS.replace("0123", "FFFF")}
    ),
    "kubernetes: AKS without its slash": Miss("AKS", "SLASH", (f"`{AKS}`",), held={"issuer": AKS[:-1]}),
    "kubernetes: the API server of AKS": Miss(
        "AKS", "API_SERVER", (f"`{AKS}`",), held={"issuer": "https://c-1.hcp.westeurope.azmk8s.io:443"}
    ),
    "kubernetes: a token kept in a secret": Miss(
        "account", "LEGACY_TOKEN", ("projected",), {"iss": "kubernetes/serviceaccount"}
    ),
    "other: another case": Miss("any issuer", "CASE", ("`Service-42`", "`service-42`"), {"sub": "Service-42"}),
    "other: a slash too many": Miss(
        "any issuer", "SLASH", (f"Set the issuer to `{OTHER}`",), held={"issuer": f"{OTHER}/"}
    ),
    "other: the scheme": Miss("any issuer", "SCHEME", (f"`{OTHER}`",), held={"issuer": "http://issuer.example.test"}),
    "other: another audience": Miss("any issuer", "DIFFERENT", ("api://other", AUDIENCE), {"aud": "api://other"}),
    "other: another subject": Miss("any issuer", "DIFFERENT", ("`job`", "`service-42`"), {"sub": "job"}),
    "other: a pattern in a subject": Miss("any issuer", "LITERAL_STAR", ("expression",), held={"subject": "service-*"}),
}


def rendered(form):
    return presets.render(presets.preset(form.preset), form.values, mode=form.mode, audience=AUDIENCE)


def shown(form, **changes):
    return token(form.sample, **{**form.changes, **changes})


@every("case", FORMS)
def test_a_sample_of_the_platform_matches_its_form(case):
    form = FORMS[case]
    stored = held(rendered(form))
    assert choose(shown(form), trusted(stored)) == (stored,)


@every("case", MISSES)
def test_a_near_miss_gets_its_cause_and_its_remedy(case):
    miss = MISSES[case]
    form = FORMS[miss.form]
    trust = trusted(held(rendered(form), **miss.held), multi_audience=miss.multi_audience)
    found = explain(shown(form, **miss.token), trust, client="deploy-bot", now=NOW, own=OWN)
    everything = "\n".join([found.sentence, *(f"{each.text}\n{each.after}" for each in found.edits)])
    assert (found.outcome, found.cause) == ("refused", miss.cause), everything
    for words in miss.says:
        assert words in everything, everything


def test_every_preset_here_has_five_near_misses_and_every_mode_of_it_a_token():
    misses = Counter(FORMS[each.form].preset for each in MISSES.values())
    mine = {each.preset for each in FORMS.values()}
    assert (
        mine == misses.keys() == {"github_actions", "github_enterprise_server", "gitlab", "kubernetes", catalogue.OTHER}
    )
    assert min(misses.values()) >= 5
    for name in mine:
        preset = presets.preset(name)
        assert preset.standing == "proven"
        assert {each.mode or preset.modes[0].id for each in FORMS.values() if each.preset == name} == {
            each.id for each in preset.modes
        }
