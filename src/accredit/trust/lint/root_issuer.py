"""FIC-ROOT-ISSUER: the issuer of all, where each customer could have its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.model import Rule
from accredit.trust.lint.words import equals, part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-ROOT-ISSUER",
    level="warn",
    title="The issuer of all customers",
    why="The platform gives each customer an issuer of its own, and this one to all of them.",
    remedy="Trust the issuer of your organization, or add a condition on its id.",
    before="https://oidc.circleci.com",
    after="https://oidc.circleci.com/org/(organization id)",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Find the issuer of all without an id of a customer or project."""
    preset = linted.preset
    if preset is None or not linted.shared or not preset.issuer.tenant_group or not linted.heeds("ROOT-ISSUER"):
        return
    if linted.branches and all("id" in {each.pins("tenant"), each.pins("project")} for each in linted.branches):
        return
    word, ids = part(linted, "tenant"), linted.ids("tenant")
    remedy = f"Trust the issuer of your {word}, or add `and {equals(ids[0], '…')}`." if ids else RULE.remedy
    said = f"{linted.trust.issuer} is the issuer of every {word} of {preset.title}, and no id of one is demanded."
    yield RULE.finding(linted, "issuer", said, remedy=remedy)
