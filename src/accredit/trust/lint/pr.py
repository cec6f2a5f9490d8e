"""FIC-PR: code that nobody has looked at yet can sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.contexts import GITHUB, PULL_REQUEST, context, guarded
from accredit.trust.lint.facts import SUB
from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Branch, Linted
    from accredit.trust.lint.model import Finding

EVENTS: Final = ("pull_request_target", "workflow_run")
_MERGE_REQUEST: Final = "merge_request_event"
_SEMAPHORE: Final = "pull-request"

RULE: Final = Rule(
    id="FIC-PR",
    level="warn",
    title="Pull requests can sign in",
    why="A pull request brings code, or a title and branch names, that nobody has approved, and its jobs run before"
    " anybody has.",
    remedy="Demand an environment with required reviewers, and trust that.",
    before="repo:o@1/r@2:pull_request",
    after="repo:o@1/r@2:environment:preview",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Find branches through which jobs of pull requests pass on purpose."""
    for branch in linted.branches:
        said = _github(linted, branch) or _gitlab(linted, branch) or _semaphore(linted, branch)
        if said:
            atom = branch.atom(("event_name",)) or branch.atom(("pipeline_source",)) or branch.atom(SUB)
            at = (atom.start, atom.end) if atom else linted.at(branch, "context")
            yield RULE.finding(linted, linted.member, said, branch=branch, at=at)


def _github(linted: Linted, branch: Branch) -> str:
    if not linted.is_of(*GITHUB) or guarded(branch):
        return ""
    found = context(linted, branch)
    if found is not None and found.text.startswith(PULL_REQUEST):
        whose = branch.subject or "The pattern"
        return f"{whose} is the subject of every pull request of the repository, whoever opened it."
    event = branch.demands(("event_name",))
    environment = found is not None and found.text.startswith("environment:")
    if event in EVENTS and not environment:
        return f"The event {event} is accepted: it runs with the rights of the repository and the input of strangers."
    return ""


def _gitlab(linted: Linted, branch: Branch) -> str:
    if linted.is_of("gitlab") and branch.demands(("pipeline_source",)) == _MERGE_REQUEST:
        return f"The pipeline source {_MERGE_REQUEST} is accepted: merge requests that nobody has approved."
    return ""


def _semaphore(linted: Linted, branch: Branch) -> str:
    subject = branch.parts
    if not linted.is_of("semaphore") or subject is None:
        return ""
    kind = subject.values.get("ref_type")
    if kind == _SEMAPHORE:
        return f"The ref type {_SEMAPHORE} is accepted: jobs of every pull request."
    if "ref_type" in subject.open:
        return "The ref type is left open: jobs of pull requests pass as those of branches do."
    return ""
