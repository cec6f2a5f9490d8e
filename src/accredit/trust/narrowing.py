"""Does a change of a credential only ever take something away? Who may not widen trust may still narrow it.

Rule 1: yes means proven: no token passes afterwards that did not pass before, whatever the tenant's own settings are.
What cannot be proven here widens.
Rule 2: a credential that does not count is judged as if it did, so that whoever enables it enables what it was.
Rule 3: another issuer record is another signer, even under the same URL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from accredit.trust.credential import FederatedCredential, MultiAudience
from accredit.trust.expression import LONGEST_VALUE, Equals

if TYPE_CHECKING:
    from accredit.trust.expression import Clause, Expression

SUBJECT: Final = "sub"
_RULES: Final[tuple[MultiAudience, ...]] = get_args(MultiAudience)


def narrows(before: FederatedCredential, after: FederatedCredential) -> bool:
    """Whether everything that ``after`` accepts was accepted by ``before``."""
    return (
        after.enabled <= before.enabled
        and after.issuer.id == before.issuer.id
        and after.audience == before.audience
        and all(_audiences_narrow(before, after, rule) for rule in _RULES)
        and _claims_narrow(before, after)
    )


def _audiences_narrow(before: FederatedCredential, after: FederatedCredential, tenants: MultiAudience) -> bool:
    """Whether it holds for tokens of several audiences, when the tenant's rule is ``tenants``."""
    old, new = before.multi_audience or tenants, after.multi_audience or tenants
    if new == "refuse" or old == "contained":
        return True
    return old == new and {*after.listed_audiences} <= {*before.listed_audiences, before.audience}


def _claims_narrow(before: FederatedCredential, after: FederatedCredential) -> bool:
    if before.expression is None:
        return _demands(after, before.subject or "")
    if after.expression is None:  # any other claim may be anything from now on
        subject = Equals(SUBJECT, after.subject or "", 0, 0)
        return all(_implies(subject, each) for each in before.expression.clauses)
    return all(_implied(after.expression, each) for each in before.expression.clauses)


def _demands(credential: FederatedCredential, subject: str) -> bool:
    """Whether every token that passes has exactly this subject."""
    if credential.expression is None:
        return credential.subject == subject
    return any(
        isinstance(each, Equals) and (each.claim, each.operand) == (SUBJECT, subject)
        for each in credential.expression.clauses
    )


def _implied(expression: Expression, clause: Clause) -> bool:
    return any(_implies(each, clause) for each in expression.clauses)


def _implies(clause: Clause, other: Clause) -> bool:
    """Whether ``other`` holds wherever ``clause`` does."""
    if clause.claim != other.claim:
        return False
    if isinstance(other, Equals):
        return isinstance(clause, Equals) and clause.operand == other.operand
    if isinstance(clause, Equals):
        return len(clause.operand) <= LONGEST_VALUE and other.glob.matches(clause.operand)
    return other.glob.covers(clause.glob)
