"""FIC-SELF: the authority is to trust itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-SELF",
    level="error",
    title="The authority's own issuer",
    why="An authority cannot federate with itself: with one of its own tokens, anybody's, one would get another. It"
    " is stored, as in Entra ID, and refused whenever it is used (AADSTS700222).",
    remedy="Delete the credential. Who has a token of this authority asks for the next one with the credential that"
    " the first was given for.",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Tell it where the authority's own issuers are known."""
    own, issuer = linted.context.own, linted.trust.issuer
    if own is not None and (issuer in own or own.emulators(issuer, None)):
        yield RULE.finding(linted, "issuer", f"{issuer} is an issuer of this authority, or of an emulator of it.")
