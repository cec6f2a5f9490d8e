"""Under which circumstances a job has a subject of GitHub: its last part, after owner and repository."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from accredit.trust.lint import subjects
from accredit.trust.lint.customised import pairs

if TYPE_CHECKING:
    from accredit.trust.lint.facts import Branch, Linted

GITHUB: Final = ("github_actions", "github_enterprise_server")
HEADS: Final = "ref:refs/heads/"
PULL_REQUEST: Final = "pull_request"
_SEGMENT: Final = "context"
_END: Final = re.compile(r":(environment:[^:]+|ref:refs/[^:]+|pull_request)\Z")
"""No value has a colon of its own (GitHub writes %3A), so that whatever ends so has these circumstances."""


class Context(NamedTuple):
    """``environment:…``, ``ref:refs/…`` or ``pull_request``; of a pattern only how it begins."""

    text: str
    exact: bool


def context(linted: Linted, branch: Branch) -> Context | None:
    """Return the circumstances that a branch demands; ``None``: it is not GitHub's, or says nothing of them."""
    if not linted.is_of(*GITHUB):
        return None
    if branch.subject_pattern is not None and (found := _END.search(subjects.ending(branch.subject_pattern))):
        return Context(found[1], exact=True)
    if composed := _composed(branch):
        return Context(composed, exact=True)
    for subject in branch.subjects:
        if _SEGMENT in subject.values:
            return Context(subject.values[_SEGMENT], exact=True)
        if _SEGMENT in subject.open:
            return Context(subject.open[_SEGMENT], exact=False)
    return None


def _composed(branch: Branch) -> str:
    """Return the circumstances that a composed subject names; empty if it names none."""
    if branch.preset is None or branch.subject is None:
        return ""
    named = dict(pairs(branch.preset, branch.subjects, branch.subject, whole=True))
    told = (f"{name}:{named[name,]}" for name in ("environment", "ref") if (name,) in named)
    return next(told, "")


def guarded(branch: Branch) -> bool:
    """Whether a claim says that the job runs in one environment."""
    return branch.demands(("environment",)) is not None
