"""FIC-WILD-ID: a wildcard where an id should be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.expression import place
from accredit.trust.lint.facts import PARTS, SUB
from accredit.trust.lint.model import Rule
from accredit.trust.lint.words import part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Branch, Linted, Part
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-WILD-ID",
    level="error",
    title="A wildcard inside an id",
    why="An id pins because it is one number that is never given again. With a wildcard in it, it is any of many, and"
    " the name beside it can be somebody else's tomorrow.",
    remedy="Write the id out.",
    before="sub matches 'repo:o@*/r@*:environment:p'",
    after="sub matches 'repo:o@1/r@2:environment:p'",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Find ids with wildcards that no other condition writes out."""
    for branch in linted.branches:
        for of in PARTS:
            if branch.pins(of) != "id":  # else the id is written out, here or in another condition
                yield from _in_subject(linted, branch, of)
                yield from _in_claims(linted, branch, of)


def _in_subject(linted: Linted, branch: Branch, of: Part) -> Iterator[Finding]:
    pattern, subject = branch.subject_pattern, branch.parts
    if pattern is None or subject is None:
        return
    for name in subject.wild:
        segment = subject.segment(name)
        if segment.cls == "id" and segment.of == of:
            said = f"{pattern.pattern} has a wildcard where the id of the {part(linted, of)} stands."
            yield RULE.finding(linted, linted.member, said, branch=branch, at=linted.at(branch, name))


def _in_claims(linted: Linted, branch: Branch, of: Part) -> Iterator[Finding]:
    for atom in branch.atoms:
        row = linted.preset.claim(atom.path) if linted.preset and atom.path != SUB else None
        if row is None or atom.glob is None or row.cls != "id" or row.of != of:
            continue
        said = f"{place(atom.path)} is the id of the {part(linted, of)}, and {atom.glob.pattern} is not one id."
        yield RULE.finding(linted, linted.member, said, branch=branch, at=(atom.start, atom.end))
