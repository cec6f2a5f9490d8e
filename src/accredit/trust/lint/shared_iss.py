"""FIC-SHARED-ISS: an issuer that all customers of a platform have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-SHARED-ISS",
    level="info",
    title="An issuer of everybody",
    why="All customers of the platform have this issuer. That a token is genuine says nothing about whose it is: the"
    " subject, or the expression, is the only boundary. The audience is none, since whoever asks chooses it.",
    remedy="Nothing needs to be done, as long as the subject says whose it is.",
    quiet=True,
)


def check(linted: Linted) -> Iterator[Finding]:
    """Say that the rest has to hold alone."""
    if linted.shared and linted.preset is not None:
        said = f"Every customer of {linted.preset.title} has the issuer {linted.trust.issuer}."
        yield RULE.finding(linted, "issuer", said)
