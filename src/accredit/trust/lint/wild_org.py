"""FIC-WILD-ORG: whoever is a customer of the platform can sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.facts import PARTS, SUB
from accredit.trust.lint.model import Rule
from accredit.trust.lint.words import equals, part
from accredit.trust.lint.workflow_only import only_workflow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Branch, Linted, Part
    from accredit.trust.lint.model import Finding, Level

RULE: Final = Rule(
    id="FIC-WILD-ORG",
    level="error",
    title="Any customer of the platform",
    why="Every customer of the platform has tokens of this issuer. Where nothing says whose they must be, anybody with"
    " an account there can write a job that signs in.",
    remedy="Pin the owner by name and by id.",
    before="sub matches 'repo:*/app:*'",
    after="sub matches 'repo:octo-org@123456/app@9:**'",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Demand that the customer is pinned: by its issuer, its subject or a claim."""
    wanted = _wanted(linted)
    if wanted is None or (linted.bound and not linted.shared):
        return
    for branch in linted.branches:
        if branch.pins(wanted) is None and _matters(linted, branch, wanted) and not only_workflow(branch):
            yield _finding(linted, branch, wanted)


def _wanted(linted: Linted) -> Part | None:
    """Return the greatest part that subjects of the platform speak of, or else its claims."""
    said = (each for each in PARTS if linted.says(each))
    return next(said, None) or next((each for each in PARTS if linted.knows(each)), None)


def _matters(linted: Linted, branch: Branch, wanted: Part) -> bool:
    if linted.shared:  # an exact subject that no account has lets nobody in
        return wanted == "tenant" or branch.subject is None or branch.parts is not None
    return wanted == "tenant" and any(each.segment(name).of == wanted for each in branch.subjects for name in each.open)


def _finding(linted: Linted, branch: Branch, wanted: Part) -> Finding:
    word, smaller = part(linted, wanted), _smaller(branch, wanted)
    begins = branch.begins
    if branch.subject is not None:
        said = f"the subject {branch.subject} does not say whose it is: it names no {word}"
    elif branch.subject_pattern is not None:
        said = f"the pattern {branch.subject_pattern.pattern} fits subjects of any {word}"
        said += f" that begin with {begins}" if begins.rpartition(":")[2] else ""
    else:
        said = f"no condition says which {word} a token must come from"
    ids = linted.ids(wanted)
    remedy = f"Pin the {word}: begin the pattern with its name and id" if branch.subjects else f"Pin the {word}"
    remedy += f", or add `and {equals(ids[0], '…')}`." if ids else "."
    example = "" if linted.is_of("github_actions") or not ids else f"… → … and {equals(ids[0], '…')}"
    message = f"{said[0].upper()}{said[1:]}."
    why = (
        f"The id of the {part(linted, smaller)} keeps strangers out, but not a new {word}: when it is transferred, "
        "whoever has it then can sign in."
        if smaller
        else ""
    )
    level: Level = "warn" if smaller and not linted.shared else "error"  # a pin answers for its own part only
    return RULE.finding(
        linted,
        linted.member,
        message,
        level=level,
        why=why,
        remedy=remedy,
        example=example,
        at=_at(branch),
        branch=branch,
    )


def _smaller(branch: Branch, wanted: Part) -> Part | None:
    """Return a smaller part that is pinned by an id of its own."""
    return next((each for each in PARTS[PARTS.index(wanted) + 1 :] if branch.pins(each) == "id"), None)


def _at(branch: Branch) -> tuple[int, int] | None:
    atom = branch.atom(SUB)
    return (atom.start, atom.end) if atom else None
