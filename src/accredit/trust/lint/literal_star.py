"""FIC-LITERAL-STAR: a wildcard where none counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.expression import condition
from accredit.trust.expression.glob import ESCAPE
from accredit.trust.lint.by_claims import edit
from accredit.trust.lint.facts import SUB
from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-LITERAL-STAR",
    level="warn",
    title="A wildcard that is a character",
    why="A subject is compared as it stands: * and ? are ordinary characters in it, and no token has them there.",
    remedy="Use an expression, whose `matches` has wildcards, and demand an id beside it.",
    before="subject: repo:o@1/r@2:ref:refs/heads/*",
    after="claims['sub'] matches 'repo:o@1/r@2:ref:refs/heads/**' and claims['repository_id'] eq '2'",
)
_LONGEST: Final = 600  # characters of a pattern


def check(linted: Linted) -> Iterator[Finding]:
    """Find stars and question marks in plain subjects."""
    subject = linted.trust.subject or ""
    at = next((at for at, character in enumerate(subject) if character in "*?"), None)
    if at is None or linted.trust.expression:
        return
    said = f"The subject {subject} is compared as it stands: {subject[at]} is an ordinary character in it."
    yield RULE.finding(linted, "subject", said, edit=_edit(linted, subject), at=(at, at + 1))


def _edit(linted: Linted, subject: str) -> Mapping[str, str] | None:
    """Return the pattern that was probably meant, where it may be stored: ``*`` at the end is anything."""
    if not linted.extended or ESCAPE in subject or "**" in subject or len(subject) >= _LONGEST:
        return None
    pattern = f"{subject}*" if subject.endswith("*") else subject
    return edit(condition(SUB, "matches", pattern))
