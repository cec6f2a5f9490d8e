"""FIC-ARN-SESSION: an AWS session is trusted where tokens name the role."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Branch, Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-ARN-SESSION",
    level="error",
    title="The subject is a session, not a role",
    why="AWS writes the ARN of the role into `sub`, never that of the session which asks for the token: what is"
    " trusted here never comes.",
    remedy="Take the role's own ARN, with its path: aws iam get-role --role-name ROLE --query Role.Arn.",
    before="arn:aws:sts::123456789012:assumed-role/Deploy/session",
    after="arn:aws:iam::123456789012:role/Deploy",
)
_SESSION: Final = re.compile(
    r"(?P<arn>arn:[a-z-]+):(?:sts|iam):(?P<region>[^:]*):(?P<account>[^:]*):assumed-role/(?P<role>[^/]+).*"
)


def check(linted: Linted) -> Iterator[Finding]:
    """Tell it of exact subjects and of patterns."""
    for subject in dict.fromkeys(each.subject or _pattern(each) for each in linted.branches):
        if subject.startswith("arn:") and ":assumed-role/" in subject:
            found = _SESSION.fullmatch(subject)
            role = f"{found['arn']}:iam::{found['account']}:role/{found['role']}" if found else RULE.after
            yield RULE.finding(
                linted,
                linted.member,
                f"The subject {subject} is a session's; tokens say {role} (with the role's path after role/, if any).",
                example=f"{subject} → {role}",
            )


def _pattern(branch: Branch) -> str:
    return branch.subject_pattern.pattern if branch.subject_pattern else ""
