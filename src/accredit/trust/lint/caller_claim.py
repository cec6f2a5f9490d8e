"""FIC-CALLER-CLAIM: a condition that whoever is to be judged fills in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.expression import place
from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding
    from accredit.trust.presets import Claim

RULE: Final = Rule(
    id="FIC-CALLER-CLAIM",
    level="error",
    title="A claim that the caller writes",
    why="The workload, or whoever opens a pull request, chooses this value: it holds whenever they want it to.",
    remedy="Drop the condition, or demand a claim that the platform sets.",
    before="claims['https://sts.amazonaws.com/']['request_tags']['team'] eq 'a'",
    after="claims['https://sts.amazonaws.com/']['principal_tags']['team'] eq 'a'",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Find conditions on such claims."""
    for atom in linted.expression.atoms if linted.expression else ():
        row = _row(linted, atom.path)
        if row is not None and row.cls == "chosen":
            instead = " Tags of the principal are set by an administrator." if "request_tags" in atom.path else ""
            said = f"{place(atom.path)} is chosen by whoever asks for the token: the condition keeps nobody out."
            remedy = RULE.remedy + instead
            yield RULE.finding(linted, "claimsMatchingExpression", said, remedy=remedy, at=(atom.start, atom.end))


def _row(linted: Linted, path: tuple[str, ...]) -> Claim | None:
    """Return what the ledger says of a claim, or of the object that it is in."""
    preset = linted.preset
    if preset is None:
        return None
    return next((row for size in range(len(path), 0, -1) if (row := preset.claim(path[:size])) is not None), None)
