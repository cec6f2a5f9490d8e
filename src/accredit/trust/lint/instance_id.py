"""FIC-INSTANCE-ID: an id that counts within one installation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-INSTANCE-ID",
    level="info",
    title="An id of one installation",
    why="Ids are counters of the installation: the same number is another project on another one. Together with the"
    " issuer they pin, alone they do not.",
    remedy="Keep issuer and id together: when the installation moves, look the id up again.",
)
_NUMBERED: Final = frozenset({"tenant", "project"})


def check(linted: Linted) -> Iterator[Finding]:
    """Tell which of the platform's numbers are named, where an organization runs the platform itself."""
    preset, issuer = linted.preset, linted.trust.issuer
    if preset is None or RULE.id.removeprefix("FIC-") not in preset.lint or issuer in preset.issuer.canonical:
        return
    for path in dict.fromkeys(
        atom.path for branch in linted.branches for atom in branch.atoms if atom.operator == "eq"
    ):
        claim = preset.claim(path)
        if claim is not None and claim.cls == "id" and claim.of in _NUMBERED:
            said = f"{'.'.join(path)} is a counter of {issuer}: elsewhere the same number is something else."
            yield RULE.finding(linted, "claimsMatchingExpression", said)
