"""FIC-WILD-SEGMENT: names that begin alike are not the same owner's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.facts import PARTS
from accredit.trust.lint.model import Rule
from accredit.trust.lint.words import part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Branch, Linted, Part
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-WILD-SEGMENT",
    level="warn",
    title="A wildcard inside a name",
    why="Whoever may create something with a fitting name is trusted from then on, and nobody is asked.",
    remedy="Write the names out: one credential for each.",
    before="repo:o@1/app-*",
    after="repo:o@1/app-web@7:environment:production",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Find wildcards in names of what the platform's customers create."""
    for branch in linted.branches:
        pattern, subject = branch.subject_pattern, branch.parts
        if pattern is None or subject is None:
            continue
        for name in subject.wild:
            segment = subject.segment(name)
            of = next((each for each in PARTS if each == segment.of), None)
            if of and segment.cls == "name" and _open(linted, branch, of, name):
                begins = subject.open[name]
                said = f"{pattern.pattern} accepts every {part(linted, of)}"
                said += f" whose name begins with {begins}." if begins else f"{_within(branch, of)}."
                yield RULE.finding(linted, linted.member, said, branch=branch, at=linted.at(branch, name))


def _open(linted: Linted, branch: Branch, of: Part, name: str) -> bool:
    """Whether the name is left open, and no more is to be said of it: a whole customer left open is FIC-WILD-ORG."""
    if branch.pins(of) == "id":
        return False
    subject = branch.parts
    rooted = subject is not None and name in subject.rooted
    return of != "tenant" or rooted or linted.bound


def _within(branch: Branch, of: Part) -> str:
    subject = branch.parts
    values = subject.values if subject else {}
    owners = [values[name] for name in values if subject and subject.segment(name).of == "tenant"]
    return f" of {owners[0]}" if owners and of != "tenant" else ""
