"""FIC-ENTRA-ISSUER: tokens of Microsoft Entra ID are to be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.issuers import url
from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-ENTRA-ISSUER",
    level="error",
    title="An issuer of Microsoft Entra ID",
    why="A credential with such an issuer is stored, and refused whenever it is used (AADSTS700222): it lets nobody"
    " in.",
    remedy="Trust the platform on which the workload runs, by that platform's own issuer.",
    before="https://login.microsoftonline.com/…/v2.0",
    after="https://vstoken.dev.azure.com/…",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Tell it of every host of Entra ID's, in every cloud."""
    if url.is_entra(linted.trust.issuer):
        yield RULE.finding(linted, "issuer", f"{linted.trust.issuer} is an issuer of Microsoft Entra ID.")
