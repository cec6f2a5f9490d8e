"""FIC-CONFUSABLE: letters that look like others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.confusables import fold, oddities
from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.confusables import Oddity
    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-CONFUSABLE",
    level="warn",
    title="Letters that look like others",
    why="Values are compared by their characters, not by how they look: a look-alike never matches, and what is not"
    " seen is not found by reading.",
    remedy="Type the value again, or take it from a token.",
    before="rеpo:octo-org/octo-repo (Cyrillic е)",  # noqa: RUF001  the point of it
    after="repo:octo-org/octo-repo",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Tell the first that misleads, else the first outside ASCII, of each member."""
    for path, text in linted.trust.texts:
        if found := oddities(text):
            first = next((each for each in found if each.misleads), found[0])
            more = f" There are {len(found)} such characters." if len(found) > 1 else ""
            yield RULE.finding(
                linted,
                path,
                f"Character {first.at + 1} is {first.name}, {_seems(first)}.{more}",
                at=(first.at, first.at + 1),
                edit={path: fold(text)} if fold(text).isascii() and path != "claimsMatchingExpression" else None,
            )


def _seems(odd: Oddity) -> str:
    if not odd.misleads:
        return "which tokens may also write in another form"
    return f"which looks like {odd.meant!r}" if odd.meant else "which is not seen at all"
