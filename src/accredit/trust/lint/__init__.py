"""Over-broad, mistaken and forgotten trust: one rule per file, each a pure function of one trust and what is known.

``lint`` judges any trust, stored or written, readable or not. It fetches nothing and raises nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from accredit.trust.lint import facts
from accredit.trust.lint.context import Context
from accredit.trust.lint.facts import Branch, Linted
from accredit.trust.lint.model import LEVELS, Finding, Level, Path, Rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accredit.trust.written import WrittenTrust

__all__ = ["LEVELS", "MODULES", "RULES", "Branch", "Context", "Finding", "Level", "Linted", "Path", "Rule", "lint"]

# The order in which they are told within a level.
MODULES: Final = (
)
RULES: Final[tuple[Rule, ...]] = tuple(each.RULE for each in MODULES)


def lint(trusts: Sequence[WrittenTrust], context: Context | None = None) -> tuple[Finding, ...]:
    """Return what is to be said of trusts: in their order, and of each the gravest first."""
    base = context or Context()
    found: list[Finding] = []
    for trust in trusts:
        found += _findings(trust, replace(base, siblings=(*base.siblings, *_siblings(trust, trusts))))
    return tuple(found)


def _siblings(trust: WrittenTrust, among: Sequence[WrittenTrust]) -> tuple[WrittenTrust, ...]:
    return tuple(each for each in among if each is not trust and each.application == trust.application)


def _findings(trust: WrittenTrust, context: Context) -> list[Finding]:
    linted = facts.read(trust, context)
    found = [finding for each in MODULES for finding in each.check(linted)]
    return sorted(found, key=lambda each: LEVELS.index(each.level))
