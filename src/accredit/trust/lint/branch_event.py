"""FIC-BRANCH-EVENT: the subject of a branch is also that of events which strangers cause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.contexts import HEADS, context, guarded
from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-BRANCH-EVENT",
    level="warn",
    title="A branch, whatever the event",
    why="Workflows on pull_request_target, workflow_run and issue_comment run on the default branch and have its"
    " subject, with input from strangers: one such workflow with a mistake in it is enough.",
    remedy="Trust an environment with required reviewers instead; or, with extended portability, demand the event:"
    " `and claims['event_name'] in ['push', 'workflow_dispatch']`.",
    before="repo:o@1/r@2:ref:refs/heads/main",
    after="repo:o@1/r@2:environment:production",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Find branches of a repository without an environment or an event."""
    for branch in linted.branches:
        found = context(linted, branch)
        if found is None or not found.text.startswith(HEADS) or guarded(branch) or branch.names(("event_name",)):
            continue
        name = found.text.removeprefix(HEADS)
        which = f"branch {name}" if found.exact else f"branches that begin with {name}" if name else "branches"
        said = f"The subject of {which} is trusted, and it is the same whatever event started the job."
        yield RULE.finding(linted, linted.member, said, branch=branch, at=linted.at(branch, "context"))
