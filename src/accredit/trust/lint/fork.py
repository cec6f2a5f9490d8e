"""FIC-FORK: on GitLab the claims of a merge request name the fork."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Branch, Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-FORK",
    level="warn",
    title="Merge requests of forks",
    why="In a pipeline of a merge request from a fork, project and namespace name the fork, not the project that runs"
    " the job: its ref is whatever the fork calls it.",
    remedy="Add `and claims['ref_protected'] eq 'true'` (extended portability), or trust one protected branch by its"
    " exact subject. Where the instance sends job_project_id, pin that as well.",
    after="… and claims['ref_protected'] eq 'true'",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Find credentials of GitLab that accept a ref which nobody protects."""
    if not linted.is_of("gitlab"):
        return
    for branch in linted.branches:
        if not _settled(branch):
            said = "Pipelines of merge requests can pass: no exact branch or tag, and nothing demands a protected one."
            yield RULE.finding(linted, linted.member, said, branch=branch, at=linted.at(branch, "ref"))


def _settled(branch: Branch) -> bool:
    if branch.demands(("ref_protected",)) == "true" or branch.demands(("job_project_id",)) is not None:
        return True
    source = branch.demands(("pipeline_source",))
    if source is not None and source != "merge_request_event":
        return True
    subject = branch.parts
    if subject is None:
        return branch.subject is not None  # an exact subject of another form: nothing is known of its ref
    return "ref" in subject.values or subject.values.get("ref_type") == "tag"
