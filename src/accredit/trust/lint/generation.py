"""FIC-GENERATION: the platform writes this subject in another form by now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-GENERATION",
    level="warn",
    title="Another generation of subjects",
    why="GitHub writes the subjects of a repository with the ids of owner and repository, or without them, never both."
    " Its tokens were seen in the other form, so that the next run will not match.",
    remedy="Add a credential with the subject as the tokens have it, and delete this one when it is used no more.",
    before="repo:o/r:environment:p",
    after="repo:o@1/r@2:environment:p",
)
_GENERATIONS: Final = frozenset({"immutable", "legacy"})


def check(linted: Linted) -> Iterator[Finding]:
    """Compare with the forms that tokens of the same repository were seen to have."""
    seen = linted.context.subject_generations & _GENERATIONS
    for branch in linted.branches if seen else ():
        subject = branch.parts
        if subject is not None and subject.form.name in _GENERATIONS - seen:
            said = f"{branch.subject or 'The pattern'} is of the {subject.form.name} form; tokens have the other one."
            yield RULE.finding(linted, linted.member, said, branch=branch)
