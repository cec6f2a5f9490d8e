"""One trust, seen as the rules see it: read, recognised, and taken apart into the ways in which a token can pass.

Rule 1: a trust is as weak as its weakest branch. An expression has a branch for each way through its ``or`` and each
element of its ``in``; a plain subject has one.
Rule 2: only an exact value pins, and only the segment that it is about: the id of an owner does not answer for the
repository, nor the id of a person for anything. ``exists``, ``ne`` and ``not in`` pin nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from accredit.errors import Refused
from accredit.trust import expression as language
from accredit.trust import presets
from accredit.trust.expression.allowed import allowances
from accredit.trust.expression.tree import Scalar
from accredit.trust.lint import near, subjects
from accredit.trust.lint.customised import pairs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.expression import Atom, Expression
    from accredit.trust.expression.glob import Glob
    from accredit.trust.lint.context import Context, Path
    from accredit.trust.lint.subjects import Subject
    from accredit.trust.presets import Preset
    from accredit.trust.written import WrittenTrust

Part = Literal["tenant", "project", "account"]
Pin = Literal["id", "name"]

PARTS: Final[tuple[Part, ...]] = ("tenant", "project", "account")
SUB: Final = ("sub",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One way in which a token can pass: all of its atoms hold."""

    preset: Preset | None
    atoms: tuple[Atom, ...] = ()  # none: a plain subject
    subject: str | None = None  # the exact ``sub`` that is demanded
    subject_pattern: Glob | None = None  # the pattern that ``sub`` must fit, where no exact one is demanded
    subjects: tuple[Subject, ...] = ()  # the exact subject by its form, or the pattern by each form that it may have

    @property
    def parts(self) -> Subject | None:
        """The subject, or what of it the pattern leaves no choice in, by the first form that fits."""
        return self.subjects[0] if self.subjects else None

    @property
    def begins(self) -> str:
        """The literal text with which ``sub`` must begin: all of an exact one, empty where it may be anything."""
        if self.subject is None:
            return subjects.beginning(self.subject_pattern) if self.subject_pattern is not None else ""
        return self.subject

    def pins(self, of: Part) -> Pin | None:
        """Return how firmly a part of the platform is pinned; an id beats a name."""
        found = {*self._by_subject(of), *self._by_claims(of)}
        return "id" if "id" in found else "name" if "name" in found else None

    def demands(self, path: tuple[str, ...]) -> Scalar | None:
        """Return the exact value that a claim must have; ``None``: it may have several."""
        if path == SUB and self.subject is not None:
            return self.subject
        return next((value for at, value, _ in self.exact() if at == path), None)

    def names(self, path: tuple[str, ...]) -> bool:
        """Whether anything at all is said about a claim."""
        return (path == SUB and not self.atoms) or any(each.path == path for each in self.atoms)

    def atom(self, path: tuple[str, ...]) -> Atom | None:
        """Return the first atom about a claim."""
        return next((each for each in self.atoms if each.path == path), None)

    def exact(self) -> Iterator[tuple[tuple[str, ...], Scalar, Atom]]:
        """Yield every claim that must have one value: its path, the value, and the atom that says so."""
        for atom in self.atoms:
            if atom.operator == "eq" and isinstance(atom.operand, Scalar):
                yield atom.path, atom.operand, atom
            elif atom.glob is not None and (only := subjects.literal(atom.glob)) is not None:
                yield atom.path, only, atom

    def _by_subject(self, of: Part) -> Iterator[Pin]:
        """Of a pattern that may have several forms, what each of those that speak of this part pins."""
        telling = [each for each in self.subjects if any(part.of == of for part in each.form.segments.values())]
        pinned = [_pinned(each, of) for each in telling]
        if pinned and all(pinned):
            yield "id" if all(each == "id" for each in pinned) else "name"
        if self.preset is not None:
            whole = self.subject is not None
            for path, value in pairs(self.preset, self.subjects, self.begins, whole=whole):
                yield from self._of_claim(path, of, value)

    def _by_claims(self, of: Part) -> Iterator[Pin]:
        for path, value, _ in self.exact():
            if path != SUB:
                yield from self._of_claim(path, of, value)
        for atom in self.atoms:
            if atom.glob is not None and atom.path != SUB and "/" in (begins := subjects.beginning(atom.glob)):
                yield from self._of_path(atom.path, of, begins)

    def _of_claim(self, path: tuple[str, ...], of: Part, value: Scalar) -> Iterator[Pin]:
        about, pin = self._about(path)
        if about == of and pin is not None:
            yield pin
        elif isinstance(value, str) and "/" in value:
            yield from self._of_path(path, of, value)

    def _of_path(self, path: tuple[str, ...], of: Part, begins: str) -> Iterator[Pin]:
        """The name of a project that is a path begins with that of its owner."""
        about, pin = self._about(path)
        if of == "tenant" and pin == "name" and about in {"tenant", "project"} and not begins.startswith("/"):
            yield "name"

    def _about(self, path: tuple[str, ...]) -> tuple[str | None, Pin | None]:
        """Return what a claim is the id or the name of."""
        row = self.preset.claim(path) if self.preset else None
        if self.preset is None or row is None:
            return None, None
        if row.cls == "id":
            return row.of, "id"
        if row.cls != "name":
            return None, None
        learnt = self.preset.claim((self.preset.learn.get(path[0], ""),)) if len(path) == 1 else None
        return row.of or (learnt.of if learnt else None), "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Linted:
    """A trust, with all that can be known about it without asking anybody."""

    trust: WrittenTrust
    context: Context
    preset: Preset | None  # of the platform whose issuer this is; ``None``: nobody's that is known
    syntax: Refused | None = None  # why the expression is none
    expression: Expression | None = None
    branches: tuple[Branch, ...] = ()  # none: there is neither a subject nor an expression that can be read

    @property
    def member(self) -> Path:
        """The member that says who is trusted."""
        return "claimsMatchingExpression" if self.trust.expression else "subject"

    @property
    def extended(self) -> bool:
        """Whether more than Entra ID has may be used."""
        return self.context.portability == "extended"

    @property
    def shared(self) -> bool:
        """Whether every customer of the platform has this issuer."""
        preset = self.preset
        return preset is not None and preset.issuer.shared and self.trust.issuer in preset.issuer.canonical

    @property
    def bound(self) -> bool:
        """Whether the issuer itself names the customer, and no other customer's tokens can have it."""
        group = self.preset.issuer.tenant_group if self.preset else ""
        if self.preset is None or not group or self.preset.issuer.shared_keys:
            return False
        found = re.fullmatch(self.preset.issuer.match, self.trust.issuer)
        return found is not None and found.groupdict().get(group) is not None

    def is_of(self, *ids: str) -> bool:
        """Whether the platform is one of these."""
        return self.preset is not None and self.preset.id in ids

    def heeds(self, rule: str) -> bool:
        """Whether the platform's preset names a rule, without FIC-, as one that matters there."""
        return self.preset is not None and rule in self.preset.lint

    def usable(self, path: tuple[str, ...]) -> bool:
        """Whether an expression for this issuer may demand a claim exactly."""
        if self.extended:
            return True
        rows = [each for each in allowances() if each.covers(self.trust.issuer)]
        return len(path) == 1 and any("eq" in each.claims.get(path[0], ()) for each in rows)

    def ids(self, of: Part) -> tuple[tuple[str, ...], ...]:
        """Return the claims that are ids of a part of the platform; first those that may be demanded, and the usual."""
        preset = self.preset
        if preset is None:
            return ()
        found = [each.path for each in preset.claims if each.cls == "id" and each.of == of]
        learnt = preset.learn.values()
        return tuple(sorted(found, key=lambda each: (not self.usable(each), each[0] not in learnt)))

    def says(self, of: Part) -> bool:
        """Whether subjects of the platform say something of a part of it."""
        forms = self.preset.subject_forms if self.preset else ()
        return any(part.of == of for form in forms for part in form.segments.values())

    def knows(self, of: Part) -> bool:
        """Whether claims or subjects of the platform say something of a part of it."""
        return self.says(of) or any(each.of == of for each in (self.preset.claims if self.preset else ()))

    def at(self, branch: Branch, segment: str) -> tuple[int, int] | None:
        """Return where a segment of the subject is written: in a plain subject, or the atom of an expression."""
        if branch.atoms:
            atom = branch.atom(SUB)
            return (atom.start, atom.end) if atom else None
        return branch.parts.spans.get(segment) if branch.parts else None


def read(trust: WrittenTrust, context: Context) -> Linted:
    """See a trust as the rules see it."""
    syntax: Refused | None = None
    expression: Expression | None = None
    if trust.expression:
        try:
            expression = language.parse(trust.expression, trust.language_version)
        except Refused as refused:
            syntax = refused
    preset = recognise(trust, expression)
    return Linted(
        trust=trust,
        context=context,
        preset=preset,
        syntax=syntax,
        expression=expression,
        branches=tuple(_branches(preset, trust, expression)),
    )


def recognise(trust: WrittenTrust, expression: Expression | None) -> Preset | None:
    """Return whose issuer it is, or would be without a slip of the pen; or who alone writes such subjects."""
    if known := presets.recognise(trust.issuer) or presets.recognise(near.meant(trust.issuer)):
        return known
    found = (presets.recognise(trust.issuer, each) for each in _samples(trust, expression))
    return next((each for each in found if each is not None), None)


def _samples(trust: WrittenTrust, expression: Expression | None) -> Iterator[str]:
    """Yield subjects that the trust accepts."""
    if expression is None:
        yield trust.subject or ""
    for atom in expression.atoms if expression else ():
        if atom.path == SUB and atom.glob is not None:
            yield from subjects.samples(atom.glob)
        elif atom.path == SUB and isinstance(atom.operand, str):
            yield atom.operand


def _branches(preset: Preset | None, trust: WrittenTrust, expression: Expression | None) -> Iterator[Branch]:
    if expression is not None:
        for atoms in expression.branches():
            yield _branch(preset, atoms)
    elif trust.subject and not trust.expression:
        yield Branch(preset=preset, subject=trust.subject, subjects=_exact(preset, trust.subject))


def _branch(preset: Preset | None, atoms: tuple[Atom, ...]) -> Branch:
    plain = Branch(preset=preset, atoms=atoms)
    subject = next((value for path, value, _ in plain.exact() if path == SUB and isinstance(value, str)), None)
    if subject is not None:
        return Branch(preset=preset, atoms=atoms, subject=subject, subjects=_exact(preset, subject))
    pattern = next((each.glob for each in atoms if each.path == SUB and each.glob is not None), None)
    found = subjects.pattern(preset, pattern) if preset is not None and pattern is not None else ()
    return Branch(preset=preset, atoms=atoms, subject_pattern=pattern, subjects=found)


def _exact(preset: Preset | None, subject: str) -> tuple[Subject, ...]:
    found = subjects.exact(preset, subject) if preset else None
    return (found,) if found else ()


def _pinned(subject: Subject, of: Part) -> Pin | None:
    found = {part.cls for name in subject.values if (part := subject.segment(name)).of == of}
    if "id" in found:
        return "id"
    rooted = of == "tenant" and any(subject.segment(name).of == of for name in subject.rooted)
    return "name" if "name" in found or rooted else None
