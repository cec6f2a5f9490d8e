"""FIC-LIMIT-20: more credentials than Entra ID allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.credential import MOST
from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-LIMIT-20",
    level="error",
    title="More than 20 credentials",
    why="Entra ID allows 20 federated credentials on one application and refuses the next.",
    remedy="Say the same with an expression, or give some of the workloads an application of their own.",
    refused=True,
)


def check(linted: Linted) -> Iterator[Finding]:
    """Tell it of each that is too many, where Entra's rules hold."""
    if linted.context.portability == "entra" and len(linted.context.before) >= MOST:
        said = f"It is credential {len(linted.context.before) + 1} of the application; {MOST} are allowed."
        yield RULE.finding(linted, "record", said)
