"""FIC-PLACEHOLDER: text of a template that nobody filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.model import Rule
from accredit.trust.placeholders import find

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-PLACEHOLDER",
    level="error",
    title="A template that nobody filled in",
    why="What stands here is an example's text; tokens have a value in its place, so nothing matches.",
    remedy="Write the value that your tokens have; `accredit explain TOKEN` shows it.",
    before="repo:<org>/<repo>:environment:production",
    after="repo:octo-org/octo-repo:environment:production",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Tell the first place of each member, and how many more there are."""
    for path, text in linted.trust.texts:
        if found := find(text):
            first = found[0]
            more = f", and {len(found) - 1} more" if len(found) > 1 else ""
            said = f"{first.text} in {text} looks like text to be filled in{more}."
            yield RULE.finding(linted, path, said, at=(first.start, first.end))
