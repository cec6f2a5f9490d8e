"""FIC-NAME-ONLY: a name is trusted that somebody else can have tomorrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.facts import PARTS
from accredit.trust.lint.model import Rule
from accredit.trust.lint.words import equals, part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Branch, Linted, Part
    from accredit.trust.lint.model import Finding, Level

RULE: Final = Rule(
    id="FIC-NAME-ONLY",
    level="warn",
    title="Pinned by a name only",
    why="Names can be given up and taken by others; ids cannot. Whoever gets the name gets the trust with it.",
    remedy="Pin the id as well.",
    before="repo:o/r:environment:p",
    after="repo:o@1/r@2:environment:p",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Find each part of the platform that has an id, and is known by its name."""
    for of in PARTS:
        if not (linted.ids(of) or _forms(linted, of)):
            continue
        for branch in linted.branches:
            if branch.pins(of) == "name":
                yield _finding(linted, branch, of)


def _finding(linted: Linted, branch: Branch, of: Part) -> Finding:
    name, span = _named(linted, branch, of)
    word = part(linted, of)
    message = f"The {word}{f' {name}' if name else ''} is pinned by its name only, not by its id."
    level: Level = RULE.level
    why = RULE.why
    if _kept_out(branch, of):
        level = "info"
        why = "The id of what belongs to it is pinned, so that a namesake gets nothing; it may still be transferred."
    elif not _avoidable(linted, of):
        level = "info"
        why += " Entra ID has no way to demand the id for this issuer."
    return RULE.finding(
        linted,
        linted.member,
        message,
        branch=branch,
        level=level,
        why=why,
        remedy=_remedy(linted, branch, of),
        example=_example(linted, branch) or RULE.example,
        at=span,
    )


def _named(linted: Linted, branch: Branch, of: Part) -> tuple[str, tuple[int, int] | None]:
    """Return the name that pins, and where it is written."""
    subject = branch.parts
    for name, value in subject.values.items() if subject else ():
        if subject and (segment := subject.segment(name)).of == of and segment.cls == "name":
            return value, linted.at(branch, name)
    for path, only, atom in branch.exact():
        row = linted.preset.claim(path) if linted.preset else None
        learnt = linted.preset.learn.get(path[0]) if linted.preset else None
        if row is not None and row.cls == "name" and (row.of == of or (learnt,) in linted.ids(of)):
            return str(only), (atom.start, atom.end)
    return "", None


def _kept_out(branch: Branch, of: Part) -> bool:
    return any(branch.pins(each) == "id" for each in PARTS[PARTS.index(of) + 1 :])


def _forms(linted: Linted, of: Part) -> bool:
    """Whether a subject of the platform may have the id in it."""
    forms = linted.preset.subject_forms if linted.preset else ()
    return any(each.of == of and each.cls == "id" for form in forms for each in form.segments.values())


def _avoidable(linted: Linted, of: Part) -> bool:
    return _forms(linted, of) or any(map(linted.usable, linted.ids(of)))


def _remedy(linted: Linted, branch: Branch, of: Part) -> str:
    clauses = [
        f"and {equals(each, '…')}"
        for one in PARTS
        if one == of or branch.pins(one) == "name"
        for each in [*filter(linted.usable, linted.ids(one))][:1]
    ]
    said: list[str] = []
    if _forms(linted, of) and not branch.atoms:
        said.append("trust the subject that has the ids in it")
    if any(map(linted.usable, linted.ids(of))):
        clause = f"`{' '.join(clauses)}`"
        said.append(f"add {clause}" if branch.atoms else f"use an expression with {clause}")
    if not said:
        return f"Keep the {part(linted, of)} under your control; delete the credential before you give the name up."
    text = ", or ".join(said)
    return f"{text[0].upper()}{text[1:]}."


def _example(linted: Linted, branch: Branch) -> str:
    """Return the subject of GitHub with the places where its ids belong."""
    subject = branch.parts
    if subject is None or not linted.is_of("github_actions") or subject.form.name != "legacy" or branch.subject is None:
        return ""
    owner, repo, context = (subject.values.get(each, "") for each in ("owner", "repo", "context"))
    return f"{branch.subject} → repo:{owner}@OWNER_ID/{repo}@REPOSITORY_ID:{context}"
