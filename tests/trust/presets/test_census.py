"""Our presets beside a census of issuers that others wrote: what they say otherwise is known, with the reason.

A difference is somebody's mistake, or a platform that changed: it is looked into, and then mended here or listed. The
census never changes a preset by itself.
"""

import re

import cloudarq_issuers

from accredit.trust import presets
from tests.support.every import every

EXAMPLES = {  # of what the census has in angle brackets
    "workspace": "octo-team",
    "organization_id": "11111111-2222-4333-8444-555555555555",
    "enterpriseSlug": "octo-enterprise",
    "ACCOUNT_ID": "Abc_123",
    "organization": "octo-org",
    "account": "octo-org",
    "region": "westeurope",
    "cluster_oidc_id": "0123456789ABCDEF0123456789ABCDEF",
    "tenant_id": "11111111-2222-4333-8444-555555555555",
    "cluster_uuid": "66666666-7777-4888-8999-000000000000",
    "team-name": "octo-team",
    "project": "octo-project",
    "location": "europe-west1",
    "cluster": "octo",
    "cluster-name": "octo",
    "instance-host": "git.example.com",
    "tenant_uuid": "11111111-2222-4333-8444-555555555555",
}
HOSTED = {  # by organizations themselves, at any address: the issuer alone does not say which platform it is
    "GitHub Enterprise Server (self-hosted)": "github_enterprise_server",
    "GitLab self-managed": "gitlab",
    "Jenkins (OpenID Connect Provider plugin)": "jenkins",
    "Terraform Enterprise (self-hosted)": "terraform",
    "HashiCorp Vault (as an OIDC provider)": "vault",
    "SPIFFE / SPIRE (OIDC Discovery Provider)": "spiffe",
    "Microsoft (Azure DevOps)": "azure_devops",  # its issuer is not verified there
}
CONTROL = {"workload": "chosen", "issuer": "fixed", "relying_party": "operator"}
_UID = "kubernetes.io.serviceaccount.uid"
_BITBUCKET = "deploymentEnvironmentUuid repositoryUuid workspaceUuid"
_NO_AWS = "the census lists what a trust policy of AWS can ask for, and that is no nested claim"
_CLUSTER = "a pod asks its cluster for any audience; the census says which one the cloud that is signed in to accepts"
KNOWN = {  # what is compared: what differs, and why that stays as it is
    ("AWS (outbound identity federation)", "ids"): (
        "- -> https://sts.amazonaws.com/.aws_account https://sts.amazonaws.com/.org_id",
        "AWS documents both in its object of claims; the census has top-level claims only",
    ),
    ("Amazon EKS (Kubernetes service account issuer / IRSA)", "audience"): ("operator -> chosen", _CLUSTER),
    ("Amazon EKS (Kubernetes service account issuer / IRSA)", "ids"): (f"- -> {_UID}", _NO_AWS),
    ("Azure Kubernetes Service (AKS workload identity)", "audience"): ("operator -> chosen", _CLUSTER),
    ("Azure Kubernetes Service (AKS workload identity)", "ids"): (f"- -> {_UID}", _NO_AWS),
    ("Google Kubernetes Engine (GKE)", "ids"): (f"- -> {_UID}", _NO_AWS),
    ("Bitbucket Pipelines", "ids"): (
        f"environment_uuid repository_uuid step_uuid workspace_uuid -> {_BITBUCKET}",
        "tokens spell them in camel case; the census names what they hold",
    ),
    ("CircleCI", "ids"): (
        "- -> oidc.circleci.com/context-ids",
        "a list of ids, documented; the census has single ones",
    ),
    ("Cursor", "preset"): ("https://api2.cursor.sh/cloud-agent/identity", "an older document; no tokens come from it"),
    ("GitHub Enterprise Server (self-hosted)", "ids"): (
        "- -> actor_id enterprise_id environment_node_id repository_id repository_owner_id",
        "its tokens have them as claims; only its subjects have none, which is what the census looks at",
    ),
    ("GitLab self-managed", "ids"): ("- -> job_namespace_id job_project_id", "newer than the census"),
    ("GitLab.com", "ids"): (
        "runner_id -> job_namespace_id job_project_id",
        "a runner is a machine, whose id says nothing of the project; the others are newer than the census",
    ),
    ("Google (accounts.google.com)", "ids"): (
        "- -> azp google.compute_engine.project_number",
        "azp of a service account is its sub; the project's number is in tokens of virtual machines, nested",
    ),
    ("HashiCorp Vault (as an OIDC provider)", "ids"): ("- -> sub", "of identity tokens, whose subject is the entity"),
    ("Harness", "preset"): ("unverified", "a second entry, about which nothing is verified"),
    ("Microsoft (Azure DevOps)", "audience"): (
        "operator -> fixed",
        "Azure DevOps asks for one audience always; the census means the list that Entra ID keeps",
    ),
    ("Microsoft Entra ID", "audience"): (
        "operator -> chosen",
        "a managed identity is asked for a token for a resource",
    ),
    ("Microsoft Entra ID", "ids"): ("- -> appid azp sub", "of a managed identity sub is oid, and both apps its own"),
    ("Semaphore", "ids"): ("project_id -> org_id prj_id", "Semaphore documents these names"),
    ("Spacelift", "ids"): ("callerId -> -", "the id of a stack is made of its name, which may be given again"),
    ("env0", "ids"): ("- -> environmentId organizationId projectId", "env0 documents them"),
    **{
        (name, "preset"): (issuer, why)
        for name, issuer, why in (
            ("AWS STS (sts.amazonaws.com)", "not an OIDC issuer", "an audience"),
            ("Amazon Cognito identity pools", "cognito-identity.amazonaws.com", "its tokens are for AWS"),
            ("Codeberg (Forgejo)", "unverified", "nothing about it is verified"),
            ("Facebook", "graph.facebook.com", "signs people in"),
            ("Gitea / Forgejo Actions", "https://<instance-host>", "nothing about it is verified"),
            ("Login with Amazon", "www.amazon.com", "signs people in"),
        )
    },
}


def issuer_of(entry):
    """Return an issuer as the census has it, with an example for each part that differs; ``""`` where it has none."""
    found = next((each for each in (entry.get("issuer"), entry.get("issuer_pattern")) if each and "://" in each), "")
    return re.sub("<([^>]+)>", lambda part: EXAMPLES[part[1]], found)


def preset_of(entry):
    name = HOSTED.get(entry["name"])
    issuer = "" if name else issuer_of(entry)
    return presets.preset(name) if name else presets.recognise(issuer) if issuer else None


def ids_that_differ(entry, preset):
    """Return what is an id there and not here, and the reverse; ids of a single run count as agreed."""
    theirs, ours = set(entry["immutable_id_claims"]), {".".join(each.path): each.cls for each in preset.claims}
    lacking = sorted(each for each in theirs if ours.get(each) not in {"id", "run"})
    beyond = sorted(each for each, cls in ours.items() if cls == "id" and each not in theirs)
    return f"{' '.join(lacking) or '-'} -> {' '.join(beyond) or '-'}" if lacking or beyond else ""


def differences():
    """Return what differs, by whose and what it is: what the census has, and behind the arrow what our preset has."""
    found = {}
    for entry in cloudarq_issuers.issuers():
        name, preset = entry["name"], preset_of(entry)
        if preset is None:
            found[name, "preset"] = entry.get("issuer") or entry["issuer_pattern"]
            continue
        control = CONTROL.get(entry["aud_controlled_by"], preset.audience.control)
        if control != preset.audience.control:
            found[name, "audience"] = f"{control} -> {preset.audience.control}"
        if entry.get("immutable_id_claims") is not None and (ids := ids_that_differ(entry, preset)):
            found[name, "ids"] = ids
    return found


def test_what_our_presets_say_otherwise_than_the_census_is_known():
    assert differences() == {each: what for each, (what, _) in KNOWN.items()}


def test_most_of_what_is_compared_is_the_same():
    entries = cloudarq_issuers.issuers()
    alike = [each["name"] for each in entries if not any(name == each["name"] for name, _ in KNOWN)]
    assert len(alike) > len(entries) // 3, alike


@every("name", presets.ids())
def test_an_issuer_that_the_census_knows_as_shared_is_shared_here(name):
    preset = presets.preset(name)
    for issuer in preset.issuer.canonical:
        entry, _ = cloudarq_issuers.match(issuer) or ({}, "")
        if entry.get("tenancy_model") == "shared":
            assert preset.issuer.shared, issuer
