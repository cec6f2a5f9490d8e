"""FIC-EXACT-NEVER: an exact subject on a platform where every run has another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.by_claims import clauses, edit
from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-EXACT-NEVER",
    level="error",
    title="A subject that comes once",
    why="The subject has a part that is new in every run, so that an exact one matches once at most, and no job that is"
    " still to come.",
    remedy="Use an expression over the ids that stay. Entra ID allows none for this platform: it takes a tenant with"
    " extended portability.",
    before="{repository}:{step}",
    after="claims['repositoryUuid'] eq '{repository}'",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Find exact subjects of a form that has a part of the run."""
    for branch in linted.branches:
        subject = branch.parts
        if branch.subject is None or subject is None or subject.form.exact != "never":
            continue
        runs = [name for name in subject.values if subject.segment(name).cls == "run"]
        part = f"{runs[0]} {subject.values[runs[0]]}" if runs else "a part of it"
        said = f"The subject {branch.subject} never comes again: {part} is new in every run."
        text = clauses(subject)
        yield RULE.finding(
            linted,
            linted.member,
            said,
            branch=branch,
            example=f"{branch.subject} → {text}" if text else "",
            edit=edit(text) if text and linted.extended and not branch.atoms else None,
            at=linted.at(branch, runs[0]) if runs else None,
        )
