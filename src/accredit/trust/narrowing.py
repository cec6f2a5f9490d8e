"""Does a change of a credential only ever take something away? Who may not widen trust may still narrow it.

Rule 1: yes means proven: no token passes afterwards that did not pass before, whatever the tenant's own settings are.
What cannot be proven here widens.
Rule 2: a credential that does not count is judged as if it did, so that whoever enables it enables what it was.
Rule 3: an expression is judged by its branches: each that is left must lie within one that was there.
Rule 4: another issuer record is another signer, even under the same URL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from accredit.trust.credential import FederatedCredential, MultiAudience
from accredit.trust.expression import Atom, Budget, Cause
from accredit.trust.expression.evaluation import compare, same

if TYPE_CHECKING:
    from accredit.trust.expression import Branch
    from accredit.trust.expression.glob import Glob
    from accredit.trust.expression.tree import Scalar

SUBJECT: Final = "sub"
_SHUTTING_OUT: Final = ("ne", "not in")
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
    """Whether every branch of ``after`` is within one branch of ``before``."""
    old, new = _branches(before), _branches(after)
    asked = [*{id(atom): atom for branch in new for atom in branch}.values()]
    numbers = {id(atom): 1 << n for n, atom in enumerate(asked)}
    # For each atom of before, as bits: the atoms of after that imply it. 64 branches share at most some hundred atoms.
    implying = {
        id(atom): sum(numbers[id(each)] for each in asked if _implies(each, atom))
        for atom in {id(atom): atom for branch in old for atom in branch}.values()
    }
    demands = [[implying[id(atom)] for atom in branch] for branch in old]
    held = (sum({numbers[id(atom)] for atom in branch}) for branch in new)
    return all(any(all(bits & each for each in demanded) for demanded in demands) for bits in held)


def _branches(credential: FederatedCredential) -> tuple[Branch, ...]:
    if credential.expression is not None:
        return credential.expression.branches()
    return ((Atom((SUBJECT,), "eq", credential.subject or "", None, 0, 0),),)


def _implies(atom: Atom, other: Atom) -> bool:
    """Whether ``other`` holds wherever ``atom`` does. No is not proof of the contrary."""
    if other.operator == "exists":  # whatever holds of a value, or of one within, proves that there is one
        return atom.path[: len(other.path)] == other.path
    if atom.path != other.path:
        return False
    if atom.operator == "eq":
        return compare(other, atom.operand, Budget()) is Cause.OK
    if atom.glob is not None:
        return _pattern_implies(atom.glob, other)
    if atom.operator in _SHUTTING_OUT and other.operator in _SHUTTING_OUT:
        return _shuts_out(_values(atom), _values(other))
    return atom.operator == other.operator and same(atom.operand, other.operand)


def _pattern_implies(pattern: Glob, other: Atom) -> bool:
    """Whether ``other`` holds for every text that fits."""
    if other.glob is not None:
        return other.glob.covers(pattern)
    if other.operator not in _SHUTTING_OUT:
        return False
    texts = [each for each in _values(other) if isinstance(each, str)]
    return bool(texts) and not any(map(pattern.matches, texts))


def _shuts_out(more: tuple[Scalar, ...], fewer: tuple[Scalar, ...]) -> bool:
    """Whether all that is shut out by ``fewer`` is shut out by ``more``, whose types all pass."""
    types = set(map(type, fewer))
    return all(type(each) in types for each in more) and all(any(same(each, one) for one in more) for each in fewer)


def _values(atom: Atom) -> tuple[Scalar, ...]:
    return atom.operand if isinstance(atom.operand, tuple) else () if atom.operand is None else (atom.operand,)
