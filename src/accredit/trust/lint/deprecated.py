"""FIC-DEPRECATED: an issuer that ends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-DEPRECATED",
    level="warn",
    title="An issuer that ends",
    why="The platform replaces this issuer by another one: from then on no token has it, and what trusts only this"
    " one lets nobody in.",
    remedy="Add a credential for the new issuer, with the subject that tokens have there, and delete this one when"
    " it is no longer used.",
    before="https://vstoken.dev.azure.com/…",
    after="https://login.microsoftonline.com/…/v2.0",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Tell since when, and until when it is sent."""
    preset, issuer = linted.preset, linted.trust.issuer
    for each in preset.issuer.deprecated if preset else ():
        if re.fullmatch(each.match, issuer):
            since = f" since {each.since}" if each.since else ""
            ends = f" and ends on {each.ends}" if each.ends else ""
            yield RULE.finding(
                linted,
                "issuer",
                f"The issuer {issuer} is an old one{since}{ends}.",
                remedy=f"{RULE.remedy} The new one: {each.instead.rstrip('.')}." if each.instead else RULE.remedy,
            )
