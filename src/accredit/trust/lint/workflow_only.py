"""FIC-WORKFLOW-ONLY: a reusable workflow is trusted, whoever calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.customised import keys
from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Branch, Linted
    from accredit.trust.lint.model import Finding

CLAIM: Final = "job_workflow_ref"
RULE: Final = Rule(
    id="FIC-WORKFLOW-ONLY",
    level="error",
    title="A workflow, whoever calls it",
    why="A reusable workflow can be called from any repository that may read it: a public one from everywhere. The"
    " caller chooses its inputs, and with them what it does.",
    remedy="Pin the caller as well: add `and claims['repository_owner_id'] eq '…'`, or its `repository_id`.",
    before="job_workflow_ref matches 'o/r/.github/workflows/deploy.yml@*'",
    after="job_workflow_ref matches 'o/r/.github/workflows/deploy.yml@*' and claims['repository_owner_id'] eq '1'",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Find branches that know the workflow and not the caller."""
    for branch in linted.branches:
        if only_workflow(branch):
            atom = branch.atom((CLAIM,))
            at = (atom.start, atom.end) if atom else None
            message = f"{CLAIM} is all that is checked; no repository or owner is, that calls it."
            yield RULE.finding(linted, linted.member, message, branch=branch, at=at)


def only_workflow(branch: Branch) -> bool:
    """Whether the workflow is demanded, and nothing of the repository that calls it."""
    composed = branch.preset is not None and any(each.form.name == "customised" for each in branch.subjects)
    named = branch.names((CLAIM,)) or (
        composed and branch.preset is not None and CLAIM in keys(branch.preset, branch.begins)
    )
    return named and branch.pins("tenant") is None and branch.pins("project") is None
