"""FIC-DEFAULT-SA: the service account that every pod has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Branch, Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-DEFAULT-SA",
    level="warn",
    title="The service account of all pods",
    why="Every pod of the namespace that names no service account runs under `default`: all of them may sign in.",
    remedy="Give the workload a service account of its own and trust that one.",
    before="system:serviceaccount:prod:default",
    after="system:serviceaccount:prod:api",
)
_DEFAULT: Final = re.compile(r"system:serviceaccount:[^:]+:default")


def check(linted: Linted) -> Iterator[Finding]:
    """Tell it of exact subjects and of patterns that end in it."""
    for subject in dict.fromkeys(each.subject or _pattern(each) for each in linted.branches):
        if _DEFAULT.fullmatch(subject):
            namespace = subject.split(":")[2]
            yield RULE.finding(
                linted,
                linted.member,
                f"{subject} is the account of every pod in the namespace {namespace} that names no other.",
                example=f"{subject} → {subject.removesuffix('default')}api",
            )


def _pattern(branch: Branch) -> str:
    return branch.subject_pattern.pattern if branch.subject_pattern else ""
