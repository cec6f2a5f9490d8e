"""FIC-ENT-SLUG: the issuer of a GitHub enterprise, by a name that can be given up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-ENT-SLUG",
    level="warn",
    title="An enterprise by its name",
    why="An enterprise that is renamed or closed gives its name up, and any other customer may take it at once, with"
    " the issuer that is made of it.",
    remedy="Trust an immutable subject, which has the ids of owner and repository in it, or add"
    " `and claims['enterprise_id'] eq '…'` (extended portability).",
    before="repo:o/r:environment:p",
    after="repo:o@1/r@2:environment:p",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Find enterprise issuers where no id is demanded."""
    preset = linted.preset
    if preset is None or not linted.is_of("github_actions"):
        return
    found = re.fullmatch(preset.issuer.match, linted.trust.issuer)
    slug = found.groupdict().get("enterprise") if found else None
    if slug is None or all(branch.pins("tenant") == "id" for branch in linted.branches):
        return
    said = f"The issuer belongs to whoever has the enterprise name {slug}, and no id is demanded beside it."
    yield RULE.finding(linted, "issuer", said)
