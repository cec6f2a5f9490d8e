"""Platforms whose jobs are given their token: it lies in a variable when the job starts, and no other one comes.

Each row says which variables, from the token's claims and the job's parameters (documentation of each platform).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from accredit.testidp.native import Environment, Job, Jobs, Native

if TYPE_CHECKING:
    from accredit.testidp.mint import Minted

Row = Callable[[Job, "Minted", Jobs], Mapping[str, object]]
ID_TOKEN: Final = "ID_TOKEN"  # noqa: S105  the name of a variable


def _gitlab(job: Job, minted: Minted, _: Jobs) -> Mapping[str, object]:
    """``id_tokens`` of a job have the names that it gives them: a plain one, and the one that PyPI's id looks for."""
    said = minted.claims
    audience = said.get("aud")
    first = str(audience[0] if isinstance(audience, list) and audience else audience)
    return {
        "CI": "true",
        "GITLAB_CI": "true",
        "CI_SERVER_URL": job.value("issuer"),
        "CI_PROJECT_PATH": said.get("project_path"),
        "CI_PROJECT_ID": said.get("project_id"),
        "CI_COMMIT_REF_NAME": said.get("ref"),
        "CI_PIPELINE_SOURCE": said.get("pipeline_source"),
        ID_TOKEN: minted.token,
        named_after(first): minted.token,
    }


def named_after(audience: str) -> str:
    """Return the variable in which PyPI's id looks for a token of GitLab that is for ``audience``."""
    return re.sub(r"[^A-Z0-9_]|^[^A-Z_]", "_", audience.upper()) + "_ID_TOKEN"


def _terraform(_: Job, minted: Minted, __: Jobs) -> Mapping[str, object]:
    said = minted.claims
    return {
        "TFC_RUN_ID": said.get("terraform_run_id"),
        "TFC_WORKSPACE_NAME": said.get("terraform_workspace_name"),
        "TFC_WORKLOAD_IDENTITY_AUDIENCE": said.get("aud"),
        "TFC_WORKLOAD_IDENTITY_TOKEN": minted.token,
    }


def _circleci(job: Job, minted: Minted, jobs: Jobs) -> Mapping[str, object]:
    """Both forms of the subject are in every job."""
    return {
        "CI": "true",
        "CIRCLECI": "true",
        "CIRCLE_ORGANIZATION_ID": job.value("org_id"),
        "CIRCLE_PROJECT_ID": job.value("project_id"),
        "CIRCLE_OIDC_TOKEN": jobs.mint(job, params={"version": "v1"}).token,
        "CIRCLE_OIDC_TOKEN_V2": minted.token if job.value("version") == "v2" else _second(job, jobs),
    }


def _second(job: Job, jobs: Jobs) -> str:
    return jobs.mint(job, params={"version": "v2"}).token


def _bitbucket(_: Job, minted: Minted, __: Jobs) -> Mapping[str, object]:
    said = minted.claims
    return {
        "CI": "true",
        "BITBUCKET_BUILD_NUMBER": "1",
        "BITBUCKET_REPO_UUID": said.get("repositoryUuid"),
        "BITBUCKET_STEP_UUID": said.get("stepUuid"),
        "BITBUCKET_BRANCH": said.get("branchName"),
        "BITBUCKET_STEP_OIDC_TOKEN": minted.token,
    }


def _semaphore(_: Job, minted: Minted, __: Jobs) -> Mapping[str, object]:
    said = minted.claims
    ids = {"SEMAPHORE_PROJECT_ID": said.get("prj_id"), "SEMAPHORE_JOB_ID": said.get("job_id")}
    return {"CI": "true", "SEMAPHORE": "true", **ids, "SEMAPHORE_OIDC_TOKEN": minted.token}


def _spacelift(_: Job, minted: Minted, __: Jobs) -> Mapping[str, object]:
    return {"TF_VAR_spacelift_run_id": minted.claims.get("runId"), "SPACELIFT_OIDC_TOKEN": minted.token}


def _env0(_: Job, minted: Minted, __: Jobs) -> Mapping[str, object]:
    said = minted.claims
    ids = {"ENV0_ENVIRONMENT_ID": said.get("environmentId"), "ENV0_PROJECT_ID": said.get("projectId")}
    return {**ids, "ENV0_ORGANIZATION_ID": said.get("organizationId"), "ENV0_OIDC_TOKEN": minted.token}


def _vercel(_: Job, minted: Minted, __: Jobs) -> Mapping[str, object]:
    return {"VERCEL": "1", "VERCEL_ENV": minted.claims.get("environment"), "VERCEL_OIDC_TOKEN": minted.token}


def _jenkins(job: Job, minted: Minted, _: Jobs) -> Mapping[str, object]:
    """``withCredentials`` names the variable; the plugin's documentation calls it so."""
    return {
        "JENKINS_URL": f"{job.value('url')}/",
        "JOB_NAME": job.value("job"),
        "BUILD_NUMBER": minted.claims.get("build_number"),
        ID_TOKEN: minted.token,
    }


def _codefresh(_: Job, minted: Minted, __: Jobs) -> Mapping[str, object]:
    """The step that obtains a token exports it."""
    return {"CF_ACCOUNT": minted.claims.get("account_name"), ID_TOKEN: minted.token}


def _nomad(job: Job, minted: Minted, _: Jobs) -> Mapping[str, object]:
    """``identity`` blocks with ``env = true``: the variable has the identity's name."""
    return {
        "NOMAD_REGION": job.value("region"),
        "NOMAD_NAMESPACE": job.value("namespace"),
        "NOMAD_TASK_NAME": job.value("task"),
        f"NOMAD_TOKEN_{job.value('identity')}": minted.token,
    }


ROWS: Final[Mapping[str, Row]] = {
    "gitlab": _gitlab,
    "terraform": _terraform,
    "circleci": _circleci,
    "bitbucket": _bitbucket,
    "semaphore": _semaphore,
    "spacelift": _spacelift,
    "env0": _env0,
    "vercel": _vercel,
    "jenkins": _jenkins,
    "codefresh": _codefresh,
    "nomad": _nomad,
}


class Variables(Native):
    """All of them."""

    dialects = tuple(ROWS)

    def environment(self, job: Job) -> Environment:
        """The token in its variable, and what tells the platform."""
        found = ROWS[job.dialect](job, self.jobs.mint(job), self.jobs)
        return Environment({name: str(value) for name, value in found.items() if value is not None})
