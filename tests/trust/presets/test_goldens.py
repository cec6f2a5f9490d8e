"""What the forms of five presets give, to the character, and what is said where they cannot be used."""

import re

import pytest

from accredit.errors import PRESET_FORM
from accredit.trust import presets
from accredit.trust.presets import FormError, Rendered
from tests.support.every import every

DEFAULT = "api://AzureADTokenExchange"
GITHUB = "https://token.actions.githubusercontent.com"
IDS = {"org": "octo-org", "org_id": "123456", "repo": "octo-repo", "repo_id": "456789"}
NAMES = {"org": "octo-org", "repo": "octo-repo"}
REUSED = "octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main"
SERVER = {"hostname": "github.example.com", "org": "octo-org", "repo": "octo-repo"}
BRANCHES = "project_path:my-group/my-project:ref_type:branch:ref:"
PROJECT = {"group": "my-group", "project": "my-project"}
EKS = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
AKS = "https://westeurope.oic.prod-aks.azure.com/11111111-2222-4333-8444-555555555555/66666666-7777-4888-8999-000000000000/"
GKE = "https://container.googleapis.com/v1/projects/my-project/locations/europe-west1/clusters/prod"
ACCOUNT = {"namespace": "prod", "service_account": "api"}
UID = "16a4507c-6d0e-4b0a-9a51-1c2d3e4f5a6b"

# preset, mode, fields: issuer, subject or expression, name
GOLDEN = {
    "an environment, by ids": (
        ("github_actions", None, IDS | {"value": "Production"}),
        (GITHUB, "repo:octo-org@123456/octo-repo@456789:environment:Production", "github_actions-Production"),
    ),
    "an environment with a colon": (
        ("github", "immutable", IDS | {"value": "Production:EastUS"}),
        (
            GITHUB,
            "repo:octo-org@123456/octo-repo@456789:environment:Production%3AEastUS",
            "github_actions-Production-EastUS",
        ),
    ),
    "a branch, by ids": (
        ("github_actions", None, IDS | {"entity": "branch", "value": "main"}),
        (GITHUB, "repo:octo-org@123456/octo-repo@456789:ref:refs/heads/main", "github_actions-main"),
    ),
    "a tag, by ids": (
        ("github_actions", None, IDS | {"entity": "tag", "value": "v1.2.3"}),
        (GITHUB, "repo:octo-org@123456/octo-repo@456789:ref:refs/tags/v1.2.3", "github_actions-v1-2-3"),
    ),
    "pull requests, by ids": (
        ("github_actions", None, IDS | {"entity": "pull_request"}),
        (GITHUB, "repo:octo-org@123456/octo-repo@456789:pull_request", "github_actions-pull-request"),
    ),
    "an environment, by names": (
        ("github_actions", "legacy", NAMES | {"value": "Production"}),
        (GITHUB, "repo:octo-org/octo-repo:environment:Production", "github_actions-Production"),
    ),
    "an enterprise's own issuer": (
        ("github_actions", None, IDS | {"value": "Production", "enterprise": "octocat-inc"}),
        (
            f"{GITHUB}/octocat-inc",
            "repo:octo-org@123456/octo-repo@456789:environment:Production",
            "github_actions-Production",
        ),
    ),
    "GHE.com": (
        ("github_actions", None, IDS | {"value": "p", "subdomain": "octocorp"}),
        (
            "https://token.actions.octocorp.ghe.com",
            "repo:octo-org@123456/octo-repo@456789:environment:p",
            "github_actions-p",
        ),
    ),
    "GHE.com, an enterprise's own issuer": (
        ("github_actions", None, IDS | {"value": "p", "subdomain": "octocorp", "enterprise": "e"}),
        (
            "https://token.actions.octocorp.ghe.com/e",
            "repo:octo-org@123456/octo-repo@456789:environment:p",
            "github_actions-p",
        ),
    ),
    "a folder of branches": (
        ("github_actions", "branches", IDS | {"folder": "release"}),
        (
            GITHUB,
            (
                1,
                (
                    "claims['sub'] matches 'repo:octo-org@123456/octo-repo@456789:ref:refs/heads/release/*' "
                    "and claims['repository_id'] eq '456789'"
                ),
            ),
            "github_actions-release",
        ),
    ),
    "a folder of branches, of one workflow": (
        ("github_actions", "branches_legacy", NAMES | {"repo_id": "456789", "folder": "release", "workflow": REUSED}),
        (
            GITHUB,
            (
                1,
                (
                    "claims['sub'] matches 'repo:octo-org/octo-repo:ref:refs/heads/release/*' "
                    f"and claims['repository_id'] eq '456789' and claims['job_workflow_ref'] eq '{REUSED}'"
                ),
            ),
            "github_actions-release",
        ),
    ),
    "a quote in an environment": (
        ("github_actions", "workflow", IDS | {"value": "it's", "workflow": REUSED}),
        (
            GITHUB,
            (
                1,
                (
                    "claims['sub'] eq 'repo:octo-org@123456/octo-repo@456789:environment:it''s' "
                    f"and claims['repository_id'] eq '456789' and claims['job_workflow_ref'] eq '{REUSED}'"
                ),
            ),
            "github_actions-it-s",
        ),
    ),
    "a server's environment": (
        ("ghes", None, SERVER | {"value": "production"}),
        (
            "https://github.example.com/_services/token",
            "repo:octo-org/octo-repo:environment:production",
            "github_enterprise_server-octo-repo-production",
        ),
    ),
    "a server at another port, with the repository's id": (
        (
            "ghes",
            "pinned",
            SERVER | {"hostname": "git.example:8443", "entity": "branch", "value": "main", "repo_id": "7"},
        ),
        (
            "https://git.example:8443/_services/token",
            (2, "claims['sub'] eq 'repo:octo-org/octo-repo:ref:refs/heads/main' and claims['repository_id'] eq '7'"),
            "github_enterprise_server-octo-repo-main",
        ),
    ),
    "a branch on gitlab.com": (
        ("gitlab", None, PROJECT | {"ref": "main"}),
        ("https://gitlab.com", "project_path:my-group/my-project:ref_type:branch:ref:main", "gitlab-my-project-main"),
    ),
    "a tag on a GitLab with port and path": (
        (
            "gitlab",
            None,
            {"host": "git.example:8443/gitlab", "group": "a/b", "project": "c", "ref_type": "tag", "ref": "v1"},
        ),
        ("https://git.example:8443/gitlab", "project_path:a/b/c:ref_type:tag:ref:v1", "gitlab-c-v1"),
    ),
    "a branch, with the project's id": (
        ("gitlab", "pinned", PROJECT | {"ref": "main", "project_id": "20"}),
        (
            "https://gitlab.com",
            (1, f"claims['sub'] eq '{BRANCHES}main' and claims['project_id'] eq '20'"),
            "gitlab-my-project-main",
        ),
    ),
    "every branch of a project": (
        ("gitlab", "any_ref", PROJECT | {"project_id": "20"}),
        (
            "https://gitlab.com",
            (1, f"claims['sub'] matches '{BRANCHES}*' and claims['project_id'] eq '20'"),
            "gitlab-my-project-branch",
        ),
    ),
    "protected branches of a project, for one environment": (
        ("gitlab", "protected", PROJECT | {"project_id": "20", "environment": "production"}),
        (
            "https://gitlab.com",
            (
                2,
                (
                    f"claims['sub'] matches '{BRANCHES}**' and claims['project_id'] eq '20' and "
                    "claims['ref_protected'] eq 'true' and claims['environment'] eq 'production'"
                ),
            ),
            "gitlab-my-project-production",
        ),
    ),
    "a service account on EKS": (
        ("eks", None, ACCOUNT | {"flavour": "eks", "cluster_issuer": EKS}),
        (EKS, "system:serviceaccount:prod:api", "kubernetes-prod-api"),
    ),
    "a service account on AKS": (
        ("aks", None, ACCOUNT | {"flavour": "aks", "cluster_issuer": AKS}),
        (AKS, "system:serviceaccount:prod:api", "kubernetes-prod-api"),
    ),
    "a service account on GKE": (
        ("gke", None, ACCOUNT | {"flavour": "gke", "cluster_issuer": GKE}),
        (GKE, "system:serviceaccount:prod:api", "kubernetes-prod-api"),
    ),
    "a service account on OpenShift": (
        ("openshift", None, ACCOUNT | {"flavour": "openshift", "cluster_issuer": "https://oidc.example/ocp"}),
        ("https://oidc.example/ocp", "system:serviceaccount:prod:api", "kubernetes-prod-api"),
    ),
    "a service account by its uid": (
        ("kubernetes", "uid", ACCOUNT | {"cluster_issuer": "https://[::1]:6443", "uid": UID}),
        (
            "https://[::1]:6443",
            (
                2,
                (
                    "claims['sub'] eq 'system:serviceaccount:prod:api' and "
                    f"claims['kubernetes.io']['serviceaccount']['uid'] eq '{UID}'"
                ),
            ),
            "kubernetes-prod-api",
        ),
    ),
    "any issuer": (
        ("other", None, {"issuer": "https://issuer.example/", "subject": "job 42"}),
        ("https://issuer.example/", "job 42", "other-job-42"),
    ),
}


@every("case", GOLDEN)
def test_the_form_gives(case):
    (name, mode, values), (issuer, demanded, called) = GOLDEN[case]
    found = presets.render(presets.preset(name), values, mode=mode)
    expected = (None, *demanded[::-1]) if isinstance(demanded, tuple) else (demanded, None, 1)
    assert (found.issuer, found.audience, found.name) == (issuer, DEFAULT, called)
    assert (found.subject, found.expression, found.language_version) == expected
    assert found.values.items() >= values.items()
    assert found.preset == f"{presets.preset(name).id}@1"


@every("case", GOLDEN)
def test_the_form_is_read_from_what_it_gave(case):
    (name, mode, values), _ = GOLDEN[case]
    preset = presets.preset(name)
    made = presets.render(preset, values, mode=mode)
    found = presets.read(made.issuer, made.subject, made.expression, made.language_version, preset=preset.id)
    assert (found.preset, found.mode) == (preset, made.mode)
    assert {each: text for each, text in found.values.items() if each != "flavour"} == {
        each: text for each, text in made.values.items() if each != "flavour"
    }
    if preset.issuer.match and re.fullmatch(preset.issuer.match, made.issuer):
        assert presets.recognise(made.issuer) is preset
        assert presets.read(made.issuer, made.subject, made.expression, made.language_version) == found


NOT_READ = {
    "a subject of no form": (GITHUB, "anything", None, 1),
    "a wildcard in a subject": (GITHUB, "repo:octo-org@1/*@2:environment:p", None, 1),
    "another order of clauses": (
        GITHUB,
        None,
        "claims['repository_id'] eq '4' and claims['sub'] matches 'repo:o@1/r@4:ref:refs/heads/a/*'",
        1,
    ),
    "or": (GITHUB, None, "claims['sub'] eq 'a' or claims['repository_id'] eq '4'", 2),
    "two ids that differ": (
        GITHUB,
        None,
        "claims['sub'] matches 'repo:o@1/r@4:ref:refs/heads/a/*' and claims['repository_id'] eq '5'",
        1,
    ),
    "no expression at all": (GITHUB, None, "nonsense", 1),
    "an unknown issuer": ("https://issuer.example", "anything", None, 1),
    "an issuer that is too long": ("https://" + "i" * 600, "anything", None, 1),
    "a branch that Git does not have": (GITHUB, "repo:o@1/r@2:ref:refs/heads/a b", None, 1),
}


@every("case", NOT_READ)
def test_what_no_form_gives_is_read_as_none(case):
    assert presets.read(*NOT_READ[case]) is None


def test_white_space_of_an_expression_is_nobodys():
    text = "claims['sub']  eq 'repo:o/r:environment:p'\n and claims['repository_id'] eq '7'"
    found = presets.read("https://git.example/_services/token", None, text, 2)
    assert (found.preset.id, found.mode, found.values["repo_id"]) == ("github_enterprise_server", "pinned", "7")
    assert presets.read("https://git.example/_services/token", None, text.replace("'7'", "7"), 2) is None


def test_a_platform_of_ones_own_is_told_by_its_subject():
    assert presets.recognise("https://git.example") is None
    assert presets.recognise("https://git.example", "project_path:a/b:ref_type:branch:ref:main").id == "gitlab"
    assert presets.recognise("https://cluster.example:6443", "system:serviceaccount:a:b").id == "kubernetes"
    found = presets.read("https://git.example", "project_path:a/b:ref_type:branch:ref:main", None)
    assert (found.preset.id, found.values["host"]) == ("gitlab", "git.example")


# preset, mode, fields, audience: the fields that are named, with a part of what is said
FORMS = {
    "nothing is filled in": (
        ("github_actions", None, {}, None),
        {
            "org": "needed",
            "org_id": "For example: 123456",
            "repo": "needed",
            "repo_id": "gh api repos",
            "value": "needed",
        },
    ),
    "a blank at the end": (("github", None, IDS | {"value": "p "}, None), {"value": "white space at an end"}),
    "a look-alike letter": (
        ("github", None, IDS | {"value": "\u0440rod"}, None),
        {"value": "Character 1 is “\u0440” (U+0440)"},
    ),
    "an invisible character": (
        ("github", None, IDS | {"value": "pr\u200bod"}, None),
        {"value": "Character 3 is an invisible character (U+200B). Remove it."},
    ),
    "a control character": (("other", None, {"issuer": "https://i\x00.e", "subject": "s"}, None), {"issuer": "U+0000"}),
    "a field that does not exist": (
        ("github", None, IDS | {"value": "p", "branch": "main"}, None),
        {"branch": "no such field"},
    ),
    "a mode that does not exist": (("github", "magic", IDS, None), {"mode": "there are: immutable, legacy, branches"}),
    "a choice that does not exist": (
        ("github", None, IDS | {"entity": "pull-request"}, None),
        {"entity": "one of environment, branch"},
    ),
    "a template's text": (("github", None, IDS | {"org": "<org>", "value": "p"}, None), {"org": "text of a template"}),
    "owner and repository in one": (
        ("github", None, IDS | {"repo": "octo-org/octo-repo", "value": "p"}, None),
        {"repo": "Only the repository"},
    ),
    "a ref in full": (
        ("github", None, IDS | {"entity": "branch", "value": "refs/heads/main"}, None),
        {"value": "Without refs/heads/"},
    ),
    "a tag in full": (
        ("ghes", None, SERVER | {"entity": "tag", "value": "refs/tags/v1"}, None),
        {"value": "Without refs/tags/"},
    ),
    "a pattern of branches": (
        ("github", None, IDS | {"entity": "branch", "value": "release/*"}, None),
        {"value": "choose the mode for a folder"},
    ),
    "an encoded colon": (("github", None, IDS | {"value": "a%3Ab"}, None), {"value": "Type a colon as a colon"}),
    "an id that is a name": (
        ("github", None, IDS | {"org_id": "octo-org", "value": "p"}, None),
        {"org_id": "“octo-org” is not taken. The owner's number"},
    ),
    "ids that the mode does not compare": (
        ("github", "legacy", NAMES | {"repo_id": "7", "value": "p"}, None),
        {"repo_id": "no part in “This repository, by its name”"},
    ),
    "a value for pull requests": (
        ("github", None, IDS | {"entity": "pull_request", "value": "p"}, None),
        {"value": "no part in"},
    ),
    "a name that is too long": (
        ("github", None, IDS | {"repo": "r" * 101, "value": "p"}, None),
        {"repo": "It has 101 characters; 100 are the most"},
    ),
    "several at once": (
        ("github", None, IDS | {"org": "a b", "repo": ".", "value": "p\n"}, None),
        {"org": "“a b” is not taken", "repo": "No repository has this name", "value": "white space"},
    ),
    "a host with its scheme": (
        ("ghes", None, SERVER | {"hostname": "https://git.example", "value": "p"}, None),
        {"hostname": "without https://"},
    ),
    "GitHub's own host": (
        ("ghes", None, SERVER | {"hostname": "github.com", "value": "p"}, None),
        {"hostname": "choose the preset github_actions"},
    ),
    "a GitLab with a slash": (
        ("gitlab", None, PROJECT | {"host": "git.example/", "ref": "main"}, None),
        {"host": "Without the slash"},
    ),
    "a GitLab in capitals": (
        ("gitlab", None, PROJECT | {"host": "Git.Example", "ref": "main"}, None),
        {"host": "in lower case"},
    ),
    "a wildcard for a group": (
        ("gitlab", None, PROJECT | {"group": "*", "ref": "main"}, None),
        {"group": "a wildcard"},
    ),
    "a project with its group": (
        ("gitlab", None, PROJECT | {"project": "g/p", "ref": "main"}, None),
        {"project": "Only the project"},
    ),
    "AKS without the slash": (
        ("aks", None, ACCOUNT | {"cluster_issuer": AKS[:-1]}, None),
        {"cluster_issuer": "ends in a slash"},
    ),
    "EKS with a slash": (
        ("eks", None, ACCOUNT | {"cluster_issuer": EKS + "/"}, None),
        {"cluster_issuer": "does not end in a slash"},
    ),
    "another cloud's issuer": (
        ("aks", None, ACCOUNT | {"flavour": "aks", "cluster_issuer": EKS}, None),
        {"cluster_issuer": "An issuer of AKS looks like"},
    ),
    "not an issuer of EKS": (
        ("eks", None, ACCOUNT | {"flavour": "eks", "cluster_issuer": GKE}, None),
        {"cluster_issuer": "An issuer of EKS looks like"},
    ),
    "not an issuer of GKE": (
        ("gke", None, ACCOUNT | {"flavour": "gke", "cluster_issuer": EKS}, None),
        {"cluster_issuer": "An issuer of GKE looks like"},
    ),
    "the API server": (
        ("aks", None, ACCOUNT | {"cluster_issuer": "https://x.hcp.westeurope.azmk8s.io:443"}, None),
        {"cluster_issuer": "address of the API server"},
    ),
    "the discovery document": (
        ("kubernetes", None, ACCOUNT | {"cluster_issuer": f"{EKS}/.well-known/openid-configuration"}, None),
        {"cluster_issuer": "leave out everything from /.well-known on"},
    ),
    "a token kept in a secret": (
        ("kubernetes", None, ACCOUNT | {"cluster_issuer": "kubernetes/serviceaccount"}, None),
        {"cluster_issuer": "never expire"},
    ),
    "a whole subject": (
        (
            "kubernetes",
            None,
            {"cluster_issuer": EKS, "namespace": "a", "service_account": "system:serviceaccount:a:b"},
            None,
        ),
        {"service_account": "Only the name"},
    ),
    "every account": (
        ("kubernetes", None, ACCOUNT | {"cluster_issuer": EKS, "service_account": "*"}, None),
        {"service_account": "named in full"},
    ),
    "no uid": (("kubernetes", "uid", ACCOUNT | {"cluster_issuer": EKS}, None), {"uid": "kubectl get serviceaccount"}),
    "an audience with a blank": (("github", None, IDS | {"value": "p"}, "api://x "), {"audience": "white space"}),
    "an audience that is too long": (
        ("github", None, IDS | {"value": "p"}, "a" * 601),
        {"audience": "It would have 601 characters"},
    ),
    "a subject that is too long": (
        ("gitlab", None, {"group": "/".join(["g" * 190] * 2), "project": "p" * 200, "ref": "r" * 100}, None),
        {"subject": "600 are the most"},
    ),
    "an issuer with a query": (
        ("other", None, {"issuer": "https://i.example?x", "subject": "s"}, None),
        {"issuer": "no question mark"},
    ),
    "an issuer with a user": (
        ("other", None, {"issuer": "https://u@i.example", "subject": "s"}, None),
        {"issuer": "no user name"},
    ),
}


@every("case", FORMS)
def test_what_is_wrong_with_a_form(case):
    (name, mode, values, audience), said = FORMS[case]
    with pytest.raises(FormError) as refused:
        presets.render(presets.preset(name), values, mode=mode, audience=audience)
    found = {each.field: each.message for each in refused.value.findings}
    assert found.keys() == said.keys(), found
    for field, words in said.items():
        assert words in found[field]
        assert found[field].endswith((".", "?", "!"))
    assert refused.value.row is PRESET_FORM
    assert all(each in str(refused.value) for each in said)


WARNINGS = {
    "pull requests": (("github", None, IDS | {"entity": "pull_request"}), {"entity"}),
    "a branch": (("github", None, IDS | {"entity": "branch", "value": "main"}), {"entity"}),
    "an enterprise's slug": (("github", None, IDS | {"value": "p", "enterprise": "e"}), {"enterprise"}),
    "an environment": (("github", None, IDS | {"value": "p"}), set()),
    "the namespace's default account": (
        ("k8s", None, ACCOUNT | {"cluster_issuer": EKS, "service_account": "default"}),
        {"service_account"},
    ),
    "every cluster's issuer": (
        ("k8s", None, ACCOUNT | {"cluster_issuer": "https://kubernetes.default.svc"}),
        {"cluster_issuer"},
    ),
    "a star in a subject": (("other", None, {"issuer": "https://i.example", "subject": "a*"}), {"subject"}),
    "no URL": (("other", None, {"issuer": "urn:issuer", "subject": "a"}), {"issuer"}),
}


@every("case", WARNINGS)
def test_what_is_told_of_a_form_that_is_taken(case):
    (name, mode, values), fields = WARNINGS[case]
    assert {each.field for each in presets.render(presets.preset(name), values, mode=mode).warnings} == fields


NAMED = {
    "nobody has it": ("a-b", (), "a-b"),
    "somebody has it": ("a-b", ("a-b",), "a-b-2"),
    "two have it": ("a-b", ("a-b", "a-b-2"), "a-b-3"),
    "a long one": ("a" * 120, ("a" * 120,), "a" * 118 + "-2"),
}


@every("case", NAMED)
def test_a_name_that_is_free(case):
    name, taken, expected = NAMED[case]
    assert presets.free_name(name, taken) == expected


def test_the_name_of_a_credential_fits():
    made = presets.render(presets.preset("github"), IDS | {"value": "e" * 200})
    assert isinstance(made, Rendered)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{2,119}", made.name)
    assert len(made.name) == 120


DEFAULTS = {
    "GitHub's": ("github", "https://github.com/octo-org", True),
    "ours": ("github", DEFAULT, False),
    "the cluster's": ("k8s", "https://kubernetes.default.svc", True),
    "none": ("gitlab", "https://gitlab.com", False),
}


@every("case", DEFAULTS)
def test_the_audience_when_nobody_asks(case):
    name, audience, expected = DEFAULTS[case]
    assert presets.preset(name).is_default_audience(audience) is expected
