"""FIC-NOT-ISSUER: what takes tokens is named where somebody who makes them belongs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.model import Rule
from accredit.trust.presets.not_issuers import not_an_issuer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-NOT-ISSUER",
    level="error",
    title="No issuer at all",
    why="Nobody makes tokens of this issuer for workloads: it takes those of others. The credential matches nothing.",
    remedy="Trust the platform on which the workload runs, by the issuer that its tokens have.",
    before="https://sts.amazonaws.com",
    after="https://….tokens.sts.global.api.aws",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Tell it with what is known of the address."""
    if reason := not_an_issuer(linted.trust.issuer):
        yield RULE.finding(linted, "issuer", f"{linted.trust.issuer} is no issuer. {reason}")
