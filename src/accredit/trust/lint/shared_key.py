"""FIC-SHARED-KEY: the issuer names one customer, and the keys are everybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.model import Rule
from accredit.trust.lint.words import equals, part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-SHARED-KEY",
    level="warn",
    title="Keys that others have as well",
    why="The address of the issuer looks like one customer's own, but its keys sign for others too. The address alone"
    " is no boundary.",
    remedy="Pin the customer by a claim as well.",
    after="… and claims['oidc.circleci.com/org-id'] eq '…'",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Tell it of platforms that do so, and of issuers that were seen to."""
    preset, issuer = linted.preset, linted.trust.issuer
    if preset is not None and preset.issuer.shared_keys and not linted.shared:
        if all(branch.pins("tenant") == "id" for branch in linted.branches):
            return
        ids = linted.ids("tenant")
        remedy = f"Add `and {equals(ids[0], '…')}`." if ids else RULE.remedy
        said = f"{preset.title} signs for every {part(linted, 'tenant')} with the keys of {issuer}."
        yield RULE.finding(linted, "issuer", said, remedy=remedy)
    elif linted.context.shared_thumbprints and not linted.shared:
        keys = ", ".join(sorted(linted.context.shared_thumbprints))
        said = f"A key of {issuer} is also that of another issuer ({keys})."
        yield RULE.finding(linted, "issuer", said)
