"""One trust, seen as the rules see it: read, recognised, and taken apart into the ways in which a token can pass.

Rule 1: a trust is as weak as its weakest branch. An expression has a branch for each way through its ``or`` and each
element of its ``in``; a plain subject has one.
Rule 2: only an exact value pins, and only the segment that it is about: the id of an owner does not answer for the
repository, nor the id of a person for anything. ``exists``, ``ne`` and ``not in`` pin nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from accredit.errors import Refused
from accredit.trust import expression as language
from accredit.trust import presets

if TYPE_CHECKING:
    from accredit.trust.expression import Atom, Expression
    from accredit.trust.expression.glob import Glob
    from accredit.trust.lint.context import Context
    from accredit.trust.presets import Preset, SubjectParts
    from accredit.trust.written import WrittenTrust

Scalar = str | int | bool
Part = Literal["tenant", "project", "account"]
Pin = Literal["id", "name"]

SUB: tuple[str, ...] = ("sub",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One way in which a token can pass: all of its atoms hold."""

    preset: Preset | None
    atoms: tuple[Atom, ...] = ()  # none: a plain subject
    subject: str | None = None  # the exact ``sub`` that is demanded
    subject_pattern: Glob | None = None  # the pattern that ``sub`` must fit, where no exact one is demanded
    parts: SubjectParts | None = None  # of the subject; of a pattern only the segments that it leaves no choice in

    def pins(self, of: Part) -> Pin | None:
        """Return how firmly a part of the platform is pinned; an id beats a name."""
        raise NotImplementedError

    def demands(self, path: tuple[str, ...]) -> Scalar | None:
        """Return the exact value that a claim must have; ``None``: it may have several."""
        if path == SUB and self.subject is not None:
            return self.subject
        found = (each.operand for each in self.atoms if each.path == path and each.operator == "eq")
        return next((each for each in found if isinstance(each, Scalar)), None)

    def names(self, path: tuple[str, ...]) -> bool:
        """Whether anything at all is said about a claim."""
        return (path == SUB and not self.atoms) or any(each.path == path for each in self.atoms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Linted:
    """A trust, with all that can be known about it without asking anybody."""

    trust: WrittenTrust
    context: Context
    preset: Preset | None  # of the platform whose issuer this is; ``None``: nobody's that is known
    syntax: Refused | None = None  # why the expression is none
    expression: Expression | None = None
    branches: tuple[Branch, ...] = ()  # none: there is neither a subject nor an expression that can be read
