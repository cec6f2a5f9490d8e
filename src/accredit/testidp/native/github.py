"""GitHub Actions: a job asks the address in its environment, with the token beside it (GitHub's OIDC reference)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.testidp.native import Asked, Environment, Job, Native, json_answer, text_answer

if TYPE_CHECKING:
    from accredit.testidp.outages import Answer

ROUTE: Final = "/_token"
_OWNER: Final = "https://github.com/"
_CONTEXT: Final = {
    "GITHUB_REPOSITORY": "repository",
    "GITHUB_REPOSITORY_ID": "repository_id",
    "GITHUB_REPOSITORY_OWNER": "repository_owner",
    "GITHUB_REPOSITORY_OWNER_ID": "repository_owner_id",
    "GITHUB_REF": "ref",
    "GITHUB_REF_TYPE": "ref_type",
    "GITHUB_SHA": "sha",
    "GITHUB_EVENT_NAME": "event_name",
    "GITHUB_RUN_ID": "run_id",
    "GITHUB_RUN_NUMBER": "run_number",
    "GITHUB_RUN_ATTEMPT": "run_attempt",
    "GITHUB_WORKFLOW": "workflow",
    "GITHUB_WORKFLOW_REF": "workflow_ref",
    "GITHUB_ACTOR": "actor",
    "GITHUB_ACTOR_ID": "actor_id",
}


class GitHub(Native):
    """github.com and GitHub Enterprise Server."""

    dialects = ("github", "ghes")

    def answer(self, asked: Asked) -> Answer | None:
        """``GET …/_token?api-version=2.0&audience=…``: ``{"value": token, "count": its length}``."""
        if asked.path != ROUTE:
            return None
        if asked.method != "GET":
            return text_answer("The requested resource does not support this method.", 405, allow="GET")
        job = self.jobs.of(asked.bearer, *self.dialects)
        if job is None:  # as without the permission ``id-token: write``
            return text_answer("The token is not valid for this request.", 403)
        audience = asked.one("audience") or self._own_audience(job)
        token = self.jobs.mint(job, params={"audience": audience}).token
        return json_answer({"value": token, "count": len(token)})

    def _own_audience(self, job: Job) -> str:
        """Return the audience that the platform takes when the job names none: the owner's address."""
        return _OWNER + str(self.jobs.mint(job).claims.get("repository_owner", ""))

    def environment(self, job: Job) -> Environment:
        claims = self.jobs.mint(job).claims
        context = {variable: str(claims[claim]) for variable, claim in _CONTEXT.items() if claim in claims}
        return Environment(
            {
                "CI": "true",
                "GITHUB_ACTIONS": "true",
                **context,
                "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.jobs.address(job)}{ROUTE}?api-version=2.0",
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN": job.secret,
            }
        )
