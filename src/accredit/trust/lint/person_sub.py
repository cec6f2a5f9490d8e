"""FIC-PERSON-SUB: a subject with the id of whoever started the job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.by_claims import clauses, edit
from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-PERSON-SUB",
    level="warn",
    title="A person in the subject",
    why="It is the id of whoever started the job. When somebody else starts it, or a schedule does, the subject is"
    " another one and the sign-in is refused.",
    remedy="Use an expression over the id of the project (extended portability).",
    before="org/U/project/P/user/U",
    after="claims['oidc.circleci.com/project-id'] eq 'P'",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Find exact subjects of a form that names a person."""
    for branch in linted.branches:
        subject = branch.parts
        if branch.subject is None or subject is None or subject.form.exact != "person":
            continue
        people = [name for name in subject.values if subject.segment(name).cls == "person"]
        who = subject.values[people[0]] if people else "a person"
        said = f"Only jobs that {who} starts can sign in: the subject has that person in it."
        text = clauses(subject)
        yield RULE.finding(
            linted,
            linted.member,
            said,
            branch=branch,
            example=f"{branch.subject} → {text}" if text else "",
            edit=edit(text) if text and linted.extended and not branch.atoms else None,
            at=linted.at(branch, people[0]) if people else None,
        )
