"""Platforms that are proven: what their forms render to, and tokens that nearly match, each with its reason.

``GOLDENS`` pairs a form with a sample token of the platform (``tests/data/sample-claims.json``, written independently
of the presets). ``MISSES`` changes the token or what is held, one thing at a time.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace

from accredit.explain import Explanation, explain
from accredit.issuers import OwnIssuers
from accredit.trust import FederatedCredential, MultiAudience, presets
from accredit.trust import expression as language
from tests.forge import AT, AUDIENCE, NOW
from tests.support.trusting import credential, presented, record, trusted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.assertions import Presented
    from accredit.trust.presets.rendering import Rendered

SAMPLES = json.loads((Path(__file__).parents[2] / "data/sample-claims.json").read_text("utf-8"))["samples"]
OWN = OwnIssuers(["https://localhost:8443"])


class Golden(NamedTuple):
    """A form, the sample that matches it, and what it renders to."""

    preset: str
    mode: str | None
    sample: str
    form: dict[str, str]
    issuer: str
    said: str  # the subject, or the expression
    language_version: int = 0  # 0: a plain subject
    audience: str = AUDIENCE
    name: str = ""


NOTHING: Mapping[str, Any] = {}


class Miss(NamedTuple):
    """A token that is refused: ``token`` and ``held`` change a golden; ``says`` stands in what people are told."""

    golden: str
    cause: str
    says: tuple[str, ...]
    token: Mapping[str, Any] = NOTHING
    held: Mapping[str, str] = NOTHING
    multi_audience: MultiAudience = "contained"


AWS = "https://1ad2c3b4-5e6f-4a7b-8c9d-0e1f2a3b4c5d.tokens.sts.global.api.aws"
OTHER_AWS = "https://9ad2c3b4-5e6f-4a7b-8c9d-0e1f2a3b4c5d.tokens.sts.global.api.aws"
ORG, PROJECT = "00000007-1111-4222-8333-000000000007", "00000008-1111-4222-8333-000000000008"
CIRCLE = f"https://oidc.circleci.com/org/{ORG}"
WORKSPACE, REPOSITORY = "00000014-1111-4222-8333-000000000014", "00000015-1111-4222-8333-000000000015"
ENVIRONMENT = "00000016-1111-4222-8333-000000000016"
BITBUCKET = "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"
BITBUCKET_AUDIENCE = f"ari:cloud:bitbucket::workspace/{WORKSPACE}"
BUILDKITE_ORG, PIPELINE = "00000005-1111-4222-8333-000000000005", "00000006-1111-4222-8333-000000000006"
ADO_ORG = "00000019-1111-4222-8333-000000000019"
ENTRA = "https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555/v2.0"
ENTRA_SUBJECT = (
    "/eid1/c/pub/t/AAAAAAAAAAAAAAAAAAAAAA/a/BBBBBBBBBBBBBBBBBBBBBB/sc/00000019-1111-4222-8333-000000000019/"
    "0000001a-1111-4222-8333-00000000001a"
)
RUN = "organization:my-org:project:Default Project:workspace:prod:run_phase"
CIRCLE_FORM = {"org_id": ORG, "project_id": PROJECT}
BITBUCKET_FORM = {
    "workspace": "acme",
    "workspace_uuid": WORKSPACE,
    "repository_uuid": REPOSITORY,
    "environment_uuid": ENVIRONMENT,
}
TERRAFORM_FORM = {"organization": "my-org", "project": "Default Project", "workspace": "prod"}

GOLDENS: dict[str, Golden] = {
    "a role of AWS": Golden(
        "aws_outbound",
        None,
        "aws_role_rs256",
        {"issuer": AWS, "account": "123456789012", "name": "DataProcessingRole"},
        AWS,
        "arn:aws:iam::123456789012:role/DataProcessingRole",
        name="aws_outbound-DataProcessingRole",
    ),
    "a role of AWS with a path": Golden(
        "aws_outbound",
        None,
        "aws_role_with_path",
        {"issuer": AWS, "account": "123456789012", "path": "service/ci", "name": "DataProcessingRole"},
        AWS,
        "arn:aws:iam::123456789012:role/service/ci/DataProcessingRole",
        name="aws_outbound-DataProcessingRole",
    ),
    "a user of AWS": Golden(
        "aws_outbound",
        None,
        "aws_user",
        {"issuer": AWS, "account": "123456789012", "principal": "user", "name": "ci-user"},
        AWS,
        "arn:aws:iam::123456789012:user/ci-user",
        name="aws_outbound-ci-user",
    ),
    "a service account of Google Cloud": Golden(
        "google_cloud",
        None,
        "google_full",
        {"sa_unique_id": "112233445566778899000", "sa_email": "wl@my-project.iam.gserviceaccount.com"},
        "https://accounts.google.com",
        "112233445566778899000",
        name="google_cloud-wl-my-project-iam-gserviceaccount-com",
    ),
    "a SPIFFE id": Golden(
        "spiffe",
        None,
        "spiffe",
        {"issuer": "https://oidc.example.org", "spiffe_id": "spiffe://example.org/ns/prod/sa/api"},
        "https://oidc.example.org",
        "spiffe://example.org/ns/prod/sa/api",
        name="spiffe-spiffe-example-org-ns-prod-sa-api",
    ),
    "the apply of a workspace": Golden(
        "terraform",
        None,
        "terraform_apply",
        TERRAFORM_FORM,
        "https://app.terraform.io",
        f"{RUN}:apply",
        name="terraform-prod",
    ),
    "the plan of a workspace": Golden(
        "terraform",
        "exact",
        "terraform_plan",
        TERRAFORM_FORM | {"run_phase": "plan"},
        "https://app.terraform.io",
        f"{RUN}:plan",
        name="terraform-prod",
    ),
    "any phase of a workspace": Golden(
        "terraform",
        "any_phase",
        "terraform_plan",
        TERRAFORM_FORM,
        "https://app.terraform.io",
        f"claims['sub'] matches '{RUN}:*'",
        1,
        name="terraform-prod",
    ),
    "the apply of a workspace, by ids": Golden(
        "terraform",
        "ids",
        "terraform_apply",
        TERRAFORM_FORM | {"organization_id": "org-GRNbCjYNpBB6NEBy", "workspace_id": "ws-4oaFiBrH6UeKxZ5a"},
        "https://app.terraform.io",
        f"claims['sub'] eq '{RUN}:apply' and claims['terraform_organization_id'] eq 'org-GRNbCjYNpBB6NEBy' "
        "and claims['terraform_workspace_id'] eq 'ws-4oaFiBrH6UeKxZ5a'",
        2,
        name="terraform-prod",
    ),
    "a service connection with the old issuer": Golden(
        "azure_devops",
        None,
        "azure_devops_legacy",
        {
            "organization_id": ADO_ORG,
            "organization": "contoso",
            "project": "payments",
            "connection": "prod-connection",
        },
        f"https://vstoken.dev.azure.com/{ADO_ORG}",
        "sc://contoso/payments/prod-connection",
        name="azure_devops-prod-connection",
    ),
    "a service connection with the Entra issuer": Golden(
        "azure_devops",
        None,
        "azure_devops_entra",
        {"generation": "entra", "entra_issuer": ENTRA, "entra_subject": ENTRA_SUBJECT},
        ENTRA,
        ENTRA_SUBJECT,
        name="azure_devops-entra",
    ),
    "a repository and environment of Bitbucket": Golden(
        "bitbucket",
        None,
        "bitbucket",
        BITBUCKET_FORM,
        BITBUCKET,
        f"claims['repositoryUuid'] eq '{{{REPOSITORY}}}' and claims['workspaceUuid'] eq '{{{WORKSPACE}}}' "
        f"and claims['deploymentEnvironmentUuid'] eq '{{{ENVIRONMENT}}}'",
        2,
        audience=BITBUCKET_AUDIENCE,
        name=f"bitbucket-acme-{REPOSITORY}",
    ),
    "the beginning of a subject of Bitbucket": Golden(
        "bitbucket",
        "subject",
        "bitbucket",
        BITBUCKET_FORM,
        BITBUCKET,
        f"claims['sub'] matches '{{{REPOSITORY}}}:{{{ENVIRONMENT}}}:*' "
        f"and claims['workspaceUuid'] eq '{{{WORKSPACE}}}'",
        2,
        audience=BITBUCKET_AUDIENCE,
        name=f"bitbucket-acme-{REPOSITORY}",
    ),
    "a branch in CircleCI": Golden(
        "circleci",
        None,
        "circleci_v1",
        CIRCLE_FORM | {"vcs_ref": "refs/heads/main"},
        CIRCLE,
        f"claims['oidc.circleci.com/org-id'] eq '{ORG}' and claims['oidc.circleci.com/project-id'] eq '{PROJECT}' "
        "and claims['oidc.circleci.com/vcs-ref'] eq 'refs/heads/main' "
        "and claims['oidc.circleci.com/ssh-rerun'] eq false",
        2,
        audience=ORG,
        name=f"circleci-{PROJECT}",
    ),
    "a project in CircleCI, with its repository": Golden(
        "circleci",
        "project",
        "circleci_v2",
        CIRCLE_FORM | {"vcs_origin": "github.com/o/r"},
        CIRCLE,
        f"claims['oidc.circleci.com/org-id'] eq '{ORG}' and claims['oidc.circleci.com/project-id'] eq '{PROJECT}' "
        "and claims['oidc.circleci.com/vcs-origin'] eq 'github.com/o/r' "
        "and claims['oidc.circleci.com/ssh-rerun'] eq false",
        2,
        audience=ORG,
        name=f"circleci-{PROJECT}",
    ),
    "a branch in CircleCI, from the root issuer": Golden(
        "circleci",
        None,
        "circleci_root_issuer",
        CIRCLE_FORM | {"vcs_ref": "refs/heads/main", "issuer_form": "root"},
        "https://oidc.circleci.com",
        f"claims['oidc.circleci.com/org-id'] eq '{ORG}' and claims['oidc.circleci.com/project-id'] eq '{PROJECT}' "
        "and claims['oidc.circleci.com/vcs-ref'] eq 'refs/heads/main' "
        "and claims['oidc.circleci.com/ssh-rerun'] eq false",
        2,
        name=f"circleci-{PROJECT}",
    ),
    "a branch in Buildkite": Golden(
        "buildkite",
        None,
        "buildkite_with_ids",
        {
            "organization": "acme-inc",
            "organization_id": BUILDKITE_ORG,
            "pipeline": "p",
            "pipeline_id": PIPELINE,
            "branch": "main",
        },
        "https://agent.buildkite.com",
        f"claims['organization_id'] eq '{BUILDKITE_ORG}' and claims['pipeline_id'] eq '{PIPELINE}' "
        "and claims['build_branch'] eq 'main'",
        2,
        name="buildkite-acme-inc-p",
    ),
    "every job of a pipeline in Buildkite": Golden(
        "buildkite",
        "pipeline",
        "buildkite_with_ids",
        {"organization_id": BUILDKITE_ORG, "pipeline_id": PIPELINE},
        "https://agent.buildkite.com",
        f"claims['organization_id'] eq '{BUILDKITE_ORG}' and claims['pipeline_id'] eq '{PIPELINE}'",
        2,
        name=f"buildkite-{PIPELINE}",
    ),
}

# Asked with --subject-claim pipeline_id --claim organization_id: no sample has both
SUBJECT_CLAIM = Golden(
    "buildkite",
    "subject",
    "buildkite_subject_pipeline_id",
    {"organization_id": BUILDKITE_ORG, "pipeline_id": PIPELINE},
    "https://agent.buildkite.com",
    f"claims['sub'] eq '{PIPELINE}' and claims['organization_id'] eq '{BUILDKITE_ORG}'",
    2,
    name=f"buildkite-{PIPELINE}",
)

STEP = f"{{{REPOSITORY}}}:{{{ENVIRONMENT}}}"
SENTINEL_UUID = "0000ffff-1111-4222-8333-00000000ffff"
JOB = "organization:acme-inc:pipeline:p:ref:refs/heads/main:commit"
ROLE = "arn:aws:iam::123456789012:role"

MISSES: dict[str, Miss] = {
    # AWS
    "aws_outbound: the session of the role was pasted": Miss(
        "a role of AWS",
        "ARN_SESSION",
        (f"Set the subject to `{ROLE}/DataProcessingRole`",),
        held={"subject": "arn:aws:sts::123456789012:assumed-role/DataProcessingRole/i-0abc"},
    ),
    "aws_outbound: the issuer of another account": Miss(
        "a role of AWS", "TENANT_PATH", ("1ad2c3b4", "9ad2c3b4"), {"iss": OTHER_AWS}
    ),
    "aws_outbound: another role": Miss(
        "a role of AWS", "SEGMENT(name)", ("OtherRole", "Add a credential"), {"sub": f"{ROLE}/OtherRole"}
    ),
    "aws_outbound: the role in other case": Miss(
        "a role of AWS", "CASE", ("dataprocessingrole",), {"sub": f"{ROLE}/dataprocessingrole"}
    ),
    "aws_outbound: a second audience": Miss(
        "a role of AWS",
        "AUD_EXTRA",
        ("https://other.example", "Request that one audience alone"),
        {"aud": [AUDIENCE, "https://other.example"]},
        multi_audience="refuse",
    ),
    # Google Cloud
    "google_cloud: the e-mail address": Miss(
        "a service account of Google Cloud",
        "EMAIL_SUB",
        ("`112233445566778899000`", "Set the subject"),
        held={"subject": "wl@my-project.iam.gserviceaccount.com"},
    ),
    "google_cloud: a slash too many": Miss(
        "a service account of Google Cloud",
        "SLASH",
        ("Set the issuer to `https://accounts.google.com`",),
        held={"issuer": "https://accounts.google.com/"},
    ),
    "google_cloud: another account": Miss(
        "a service account of Google Cloud",
        "SEGMENT(unique_id)",
        ("998877665544332211000", "Add a credential"),
        {"sub": "998877665544332211000"},
    ),
    "google_cloud: the audience in other case": Miss(
        "a service account of Google Cloud", "AUD_CASE", ("azureadtokenexchange",), {"aud": AUDIENCE.lower()}
    ),
    "google_cloud: the audience of another cloud": Miss(
        "a service account of Google Cloud",
        "AUD_CLOUD",
        ("identity?audience=api://AzureADTokenExchange",),
        {"aud": f"{AUDIENCE}USGov"},
    ),
    # SPIFFE
    "spiffe: another workload": Miss(
        "a SPIFFE id",
        "SEGMENT(path)",
        ("/ns/prod/sa/web", "Add a credential"),
        {"sub": "spiffe://example.org/ns/prod/sa/web"},
    ),
    "spiffe: another trust domain": Miss(
        "a SPIFFE id", "SEGMENT(trust_domain)", ("other.example",), {"sub": "spiffe://other.example/ns/prod/sa/api"}
    ),
    "spiffe: a slash that the tokens have": Miss(
        "a SPIFFE id", "SLASH", ("Set the issuer to `https://oidc.example.org/`",), {"iss": "https://oidc.example.org/"}
    ),
    "spiffe: the port that goes without saying": Miss(
        "a SPIFFE id", "PORT", ("443",), held={"issuer": "https://oidc.example.org:443"}
    ),
    "spiffe: a second audience": Miss(
        "a SPIFFE id",
        "AUD_EXTRA",
        ("https://other.example",),
        {"aud": [AUDIENCE, "https://other.example"]},
        multi_audience="refuse",
    ),
    # Terraform
    "terraform: a plan": Miss(
        "the apply of a workspace", "SEGMENT(run_phase)", ("`plan`", "application"), {"sub": f"{RUN}:plan"}
    ),
    "terraform: another workspace": Miss(
        "the apply of a workspace",
        "SEGMENT(workspace)",
        ("`staging`", "Add a credential"),
        {"sub": f"{RUN}:apply".replace(":prod:", ":staging:")},
    ),
    "terraform: the audience of a provider integration": Miss(
        "the apply of a workspace",
        "AUD_DEFAULT",
        ("TFC_WORKLOAD_IDENTITY_AUDIENCE", AUDIENCE),
        {"aud": "azure.workload.identity"},
    ),
    "terraform: the instance in Europe": Miss(
        "the apply of a workspace",
        "OTHER_INSTANCE",
        ("app.eu.terraform.io", "another workspace"),
        {"iss": "https://app.eu.terraform.io"},
    ),
    "terraform: the project in other case": Miss(
        "the apply of a workspace",
        "CASE",
        ("`Default` in the credential",),
        {"sub": f"{RUN}:apply".replace("Default", "default")},
    ),
    "terraform: a workspace of the same name, made again": Miss(
        "the apply of a workspace, by ids",
        "ID_CHANGED",
        ("ws-AAAAAAAAAAAAAAAA", "an administrator has to confirm"),
        {"terraform_workspace_id": "ws-AAAAAAAAAAAAAAAA"},
    ),
    # Azure DevOps
    "azure_devops: the connection has moved to the Entra issuer": Miss(
        "a service connection with the old issuer",
        "ISSUER_MOVED",
        ("2027-07-01", "Add a credential for the new issuer"),
        {"iss": ENTRA, "sub": ENTRA_SUBJECT},
    ),
    "azure_devops: another connection": Miss(
        "a service connection with the old issuer",
        "SEGMENT(connection)",
        ("`test-connection`", "Add a credential"),
        {"sub": "sc://contoso/payments/test-connection"},
    ),
    "azure_devops: another project": Miss(
        "a service connection with the old issuer",
        "SEGMENT(project)",
        ("`orders`",),
        {"sub": "sc://contoso/orders/prod-connection"},
    ),
    "azure_devops: another organization": Miss(
        "a service connection with the old issuer",
        "TENANT_PATH",
        (SENTINEL_UUID,),
        {"iss": f"https://vstoken.dev.azure.com/{SENTINEL_UUID}"},
    ),
    "azure_devops: the project in other case": Miss(
        "a service connection with the old issuer",
        "CASE",
        ("Payments",),
        {"sub": "sc://contoso/Payments/prod-connection"},
    ),
    "azure_devops: an audience of one's own": Miss(
        "a service connection with the old issuer",
        "AUD_FIXED",
        (f"Set the credential's audience to `{AUDIENCE}`",),
        held={"audience": "api://contoso"},
    ),
    # Bitbucket
    "bitbucket: another repository": Miss(
        "a repository and environment of Bitbucket",
        "CLAUSE(1)",
        (SENTINEL_UUID, REPOSITORY),
        {"repositoryUuid": f"{{{SENTINEL_UUID}}}"},
    ),
    "bitbucket: another workspace": Miss(
        "a repository and environment of Bitbucket",
        "TENANT_PATH",
        ("other",),
        {"iss": BITBUCKET.replace("/acme/", "/other/")},
    ),
    "bitbucket: a step without a deployment": Miss(
        "a repository and environment of Bitbucket",
        "CLAIM_MISSING(deploymentEnvironmentUuid)",
        ("deploymentEnvironmentUuid",),
        {"deploymentEnvironmentUuid": ...},
    ),
    "bitbucket: nobody asked for an audience": Miss(
        "a repository and environment of Bitbucket",
        "AUD_DEFAULT",
        (f"oidc: audiences: [{AUDIENCE}]",),
        held={"audience": AUDIENCE},
    ),
    "bitbucket: the subject of an earlier step": Miss(
        "a repository and environment of Bitbucket",
        "PER_RUN",
        ("expression", f"claims['repositoryUuid'] eq '{{{REPOSITORY}}}'"),
        held={"subject": f"{STEP}:{{{SENTINEL_UUID}}}"},
    ),
    "bitbucket: another environment": Miss(
        "the beginning of a subject of Bitbucket",
        "CLAUSE(1)",
        (SENTINEL_UUID,),
        {"sub": f"{{{REPOSITORY}}}:{{{SENTINEL_UUID}}}:{{{SENTINEL_UUID}}}"},
    ),
    # CircleCI
    "circleci: another branch": Miss(
        "a branch in CircleCI",
        "CLAUSE(3)",
        ("refs/heads/feature", "refs/heads/main"),
        {"oidc.circleci.com/vcs-ref": "refs/heads/feature"},
    ),
    "circleci: started again with SSH": Miss(
        "a branch in CircleCI", "CLAUSE(4)", ("ssh-rerun",), {"oidc.circleci.com/ssh-rerun": True}
    ),
    "circleci: nobody asked for an audience": Miss(
        "a branch in CircleCI", "AUD_DEFAULT", ("circleci run oidc get", AUDIENCE), held={"audience": AUDIENCE}
    ),
    "circleci: the root issuer": Miss(
        "a branch in CircleCI", "TENANT_PATH", (ORG,), {"iss": "https://oidc.circleci.com"}
    ),
    "circleci: the subject of somebody else": Miss(
        "a branch in CircleCI",
        "PERSON",
        ("expression", f"claims['oidc.circleci.com/project-id'] eq '{PROJECT}'"),
        held={"subject": f"org/{ORG}/project/{PROJECT}/user/{SENTINEL_UUID}"},
    ),
    "circleci: a pipeline that a webhook started": Miss(
        "a branch in CircleCI",
        "CLAIM_MISSING(oidc.circleci.com/vcs-ref)",
        ("oidc.circleci.com/vcs-ref",),
        {"oidc.circleci.com/vcs-ref": ...},
    ),
    # Buildkite
    "buildkite: the ids were not asked for": Miss(
        "a branch in Buildkite",
        "CLAIM_MISSING(organization_id)",
        ("--claim organization_id",),
        {"organization_id": ..., "pipeline_id": ...},
    ),
    "buildkite: another branch": Miss(
        "a branch in Buildkite", "CLAUSE(3)", ("`feature`", "'main'"), {"build_branch": "feature"}
    ),
    "buildkite: the subject of an earlier commit": Miss(
        "a branch in Buildkite",
        "PER_RUN",
        ("expression", f"claims['organization_id'] eq '{BUILDKITE_ORG}' and claims['pipeline_id'] eq '{PIPELINE}'"),
        held={"subject": f"{JOB}:0000000000000000000000000000000000000000:step:"},
    ),
    "buildkite: nobody asked for an audience": Miss(
        "a branch in Buildkite",
        "AUD_DEFAULT",
        (f"buildkite-agent oidc request-token --audience {AUDIENCE}",),
        {"aud": "https://buildkite.com/acme-inc"},
    ),
    "buildkite: another organization": Miss(
        "a branch in Buildkite", "CLAUSE(1)", (SENTINEL_UUID,), {"organization_id": SENTINEL_UUID}
    ),
}


def rendered(golden: Golden) -> Rendered:
    """What the golden's form renders to."""
    return presets.render(presets.preset(golden.preset), golden.form, mode=golden.mode, audience=golden.audience)


def held(trust: Rendered, **changes: str) -> FederatedCredential:
    """The credential that is stored for a trust; a subject in ``changes`` takes the place of an expression."""
    audience, issuer = changes.get("audience", trust.audience), changes.get("issuer", trust.issuer)
    stored = credential(1, changes.get("subject", trust.subject), issuer=record(1, issuer), audience=audience)
    if stored.subject is not None or trust.expression is None:
        return stored
    return replace(stored, subject=None, expression=language.parse(trust.expression, trust.language_version))


def token(sample: str, **changes: Any) -> Presented:
    """A token with a sample's header, claims and times; a claim that is ``...`` is left out."""
    row = SAMPLES[sample]
    absent = dict.fromkeys(("sub", "aud", "iss", "jti", "iat", "nbf", "exp"), ...)
    times = {name: AT + seconds for name, seconds in row["times"].items()}
    return presented(extended=True, header=row["header"], **{**absent, **row["claims"], **times, **changes})


def told(miss: Miss) -> Explanation:
    """What people are told of a miss."""
    golden = GOLDENS[miss.golden]
    shown = token(golden.sample, **miss.token)
    trust = trusted(held(rendered(golden), **miss.held), multi_audience=miss.multi_audience)
    return explain(shown, trust, client="deploy-bot", now=NOW, own=OWN)
