"""FIC-EXPR-UNALLOWED: an expression that Entra ID does not take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.expression.allowed import allowances
from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-EXPR-UNALLOWED",
    level="error",
    title="An expression that Entra ID refuses",
    why="Entra ID takes expressions for github.com, GitLab and HCP Terraform only, in version 1 of the language,"
    " over a few claims of each; it refuses all others when they are saved.",
    remedy="Trust an exact subject, or let the tenant's portability be extended.",
    before="claims['event_name'] eq 'push'",
    after="claims['sub'] eq 'repo:octo-org@1/octo-repo@2:ref:refs/heads/main' and claims['repository_id'] eq '2'",
    refused=True,
)


def check(linted: Linted) -> Iterator[Finding]:
    """Tell it where Entra's rules hold, once; of a stored one another rule speaks."""
    if linted.context.portability == "entra" and linted.trust.created_at is None and (why := unallowed(linted)):
        said, at = why
        yield RULE.finding(linted, "claimsMatchingExpression", said, at=at)


def unallowed(linted: Linted) -> tuple[str, tuple[int, int] | None] | None:
    """Say what Entra ID does not take, and where it stands; ``None``: it takes the expression."""
    expression, issuer = linted.expression, linted.trust.issuer
    if expression is None:
        return None
    if expression.language_version != 1:
        return f"The expression is written in version {expression.language_version} of the language.", None
    allowance = next((each for each in allowances() if each.covers(issuer)), None)
    if allowance is None:
        return f"Entra ID takes no expression for the issuer {issuer}.", None
    for atom in expression.atoms:
        if atom.operator not in allowance.claims.get(atom.claim, ()):
            said = f"Of tokens of {issuer} Entra ID does not compare {atom.claim} with {atom.operator}."
            return said, (atom.start, atom.end)
    return None
