"""FIC-EXPR-REQUIRED: an expression without what Entra ID demands of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.expression.allowed import allowances
from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.expression import Atom
    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-EXPR-REQUIRED",
    level="error",
    title="An expression without subject or id",
    why="Since July 2026 Entra ID refuses expressions for GitHub and GitLab that do not name `sub` and an id: a name"
    " alone can be taken over by whoever registers it next.",
    remedy="Add the missing clause.",
    before="claims['sub'] matches 'repo:o/*'",
    after="claims['sub'] matches 'repo:o/*' and claims['repository_owner_id'] eq '1'",
    refused=True,
)
_DEMANDS: Final = frozenset({"eq", "in", "matches"})


def check(linted: Linted) -> Iterator[Finding]:
    """Tell it as an error where Entra's rules hold, else as a warning; of a stored one another rule speaks."""
    portable = linted.context.portability == "entra"
    if portable and linted.trust.created_at is not None:
        return
    for group in missing(linted):
        yield RULE.finding(
            linted,
            "claimsMatchingExpression",
            f"The expression does not demand {' or '.join(sorted(group))} in every case.",
            level=None if portable else "warn",
            remedy=f"Add a clause for {' or '.join(sorted(group))}.",
        )


def missing(linted: Linted) -> tuple[frozenset[str], ...]:
    """Return the groups of claims of which some branch names none; only where an id is among what is demanded."""
    groups = next((each.must_contain for each in allowances() if each.covers(linted.trust.issuer)), ())
    if linted.expression is None or len(groups) < 2:  # noqa: PLR2004  the subject alone: the issuer's tokens have no such id
        return ()
    named = [_named(branch.atoms) for branch in linted.branches]
    return tuple(group for group in groups if any(not names & group for names in named))


def _named(atoms: tuple[Atom, ...]) -> frozenset[str]:
    return frozenset(each.claim for each in atoms if each.operator in _DEMANDS)
