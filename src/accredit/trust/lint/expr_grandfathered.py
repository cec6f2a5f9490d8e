"""FIC-EXPR-GRANDFATHERED: a stored expression that could not be saved today."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint import expr_required, expr_unallowed
from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-EXPR-GRANDFATHERED",
    level="info",
    title="A stored expression that breaks today's rules",
    why="It was stored before the rules were what they are. It works until somebody edits it: then it is refused.",
    remedy="Rewrite it, while there is time to try it out.",
    before="claims['sub'] matches 'repo:o/*'",
    after="claims['sub'] matches 'repo:o/*' and claims['repository_owner_id'] eq '1'",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Tell which of today's rules it breaks, where Entra's hold."""
    if linted.context.portability != "entra" or linted.trust.created_at is None:
        return
    why = expr_unallowed.unallowed(linted)
    broken = [why[0]] if why else []
    broken += [f"It does not demand {' or '.join(sorted(each))}." for each in expr_required.missing(linted)]
    if broken:
        said = f"The expression could not be saved today: {' '.join(broken)}"
        yield RULE.finding(linted, "claimsMatchingExpression", said)
