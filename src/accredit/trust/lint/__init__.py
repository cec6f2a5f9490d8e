"""Over-broad, mistaken and forgotten trust: one rule per file, each a pure function of one trust and what is known.

``lint`` judges any trust, stored or written, readable or not. It fetches nothing and raises nothing.

The rules, some fifty files, are loaded when they are first used: policies and suggestions ask for the facts alone.
"""

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.context import Context, Path
from accredit.trust.lint.facts import Branch, Linted
from accredit.trust.lint.model import LEVELS, Finding, Level, Rule

if TYPE_CHECKING:
    from accredit.trust.lint.rules import MODULES, RULES, lint

_OF_RULES: Final = frozenset({"MODULES", "RULES", "lint"})

__all__ = ["LEVELS", "MODULES", "RULES", "Branch", "Context", "Finding", "Level", "Linted", "Path", "Rule", "lint"]


def __getattr__(name: str) -> object:
    if name not in _OF_RULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from accredit.trust.lint import rules  # noqa: PLC0415  see above

    found: object = getattr(rules, name)
    globals()[name] = found  # found without this function from now on
    return found
