"""How near each credential came: a score from 0 to 100, and the reason for the first difference.

Rule 1: the order agrees with the refusal: whoever passed more checks stands higher, so the first one is the one that
the refusal is about. The score orders those that got equally far.
"""

from __future__ import annotations

from heapq import nlargest
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from accredit.explain import clause, github, grammar
from accredit.explain.causes import Cause, difference
from accredit.explain.detectors import find
from accredit.explain.model import LONGEST_SENTENCE, Comparison, Near
from accredit.signins import kept
from accredit.signins.difference import alike
from accredit.trust.expression import Budget, evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accredit.assertions import Presented
    from accredit.trust import Check, Verdict

SHOWN: Final = 5
CONSIDERED: Final = 2_000  # credentials of an application whose values are compared: those that got furthest
WORDED: Final = 100  # of them, whose difference is put into words: those that got furthest and begin most alike
_EQUAL: Final = {"iss": 40, "aud": 20, "sub": 40}
_NEAR: Final = {"iss": 30, "aud": 12, "sub": 36}
_RESEMBLING: Final = 30  # the most that a subject scores for beginning alike


def rank(verdicts: Sequence[Verdict], presented: Presented, *, traced: int = SHOWN) -> list[Near]:
    """Put verdicts that failed into words, the nearest first. Of the first ``traced`` expressions every clause is told.

    What all expressions together may cost is bounded as that of one request, and a trace costs no more than that.
    """
    failed = sorted((each for each in verdicts if not each.passed), key=lambda each: -each.reached)[:CONSIDERED]
    budget = Budget()  # the nearest are asked first
    ordered = nlargest(WORDED, failed, key=lambda each: (each.reached, resemblance(each)))
    found = [(each, near(asked(each, presented, budget), presented)) for each in ordered]
    found.sort(key=lambda pair: (-pair[0].reached, pair[1].cause != "CASE", -pair[1].score, pair[1].name))
    return [_traced(near, of, presented) if n < traced else near for n, (of, near) in enumerate(found)]


def _traced(near: Near, of: Verdict, presented: Presented) -> Near:
    """Say which clause of an expression does not hold, where that is the first difference."""
    expression = of.credential.expression
    if expression is None or near.cause != clause.UNTOLD.id:
        return near
    told = clause.why(expression, presented)
    return replace(near, cause=told.id, sentence=kept(told.sentence, LONGEST_SENTENCE), edits=told.edits)


def resemblance(verdict: Verdict) -> int:
    """Return with how many characters the values of the first check that failed begin alike, whatever their case."""
    missed = verdict.checks[verdict.reached]
    return alike(missed.expected.casefold(), missed.presented.casefold())


def asked(verdict: Verdict, presented: Presented, budget: Budget | None = None) -> Verdict:
    """Make the check that the exchange spares itself: an expression where issuer or audience differ already."""
    last, expression = verdict.checks[-1], verdict.credential.expression
    if last.asked or expression is None:
        return verdict
    made = replace(last, passed=evaluate(expression, presented.claims, budget), asked=True)
    return replace(verdict, checks=(*verdict.checks[:-1], made))


def near(verdict: Verdict, presented: Presented) -> Near:
    """Put one verdict into words: the cause is that of its first difference."""
    causes = {each.claim: find(verdict.credential, each, presented) for each in verdict.checks if not each.passed}
    first = next(iter(causes.values()))
    return Near(
        credential_id=verdict.credential.id,
        name=verdict.credential.name,
        state="enforced",
        score=sum(_score(each, causes.get(each.claim), presented) for each in verdict.checks),
        cause=first.id,
        sentence=kept(first.sentence, LONGEST_SENTENCE),
        comparisons=compare(verdict),
        edits=first.edits,
    )


def compare(verdict: Verdict) -> tuple[Comparison, ...]:
    """Return the checks of a verdict with the place where each value parts from the other."""
    return tuple(
        Comparison(
            claim=each.claim,
            expected=kept(each.expected),
            presented=kept(each.presented),
            passed=each.passed,
            difference=None if each.passed else difference(each.expected, each.presented),
        )
        for each in verdict.checks
    )


def _score(check: Check, cause: Cause | None, presented: Presented) -> int:
    if cause is None:
        return _EQUAL[check.claim]
    if check.claim != "sub":
        return _NEAR[check.claim] if cause.near else 0
    share = _share(check, presented)
    if share is not None:
        return min(_NEAR["sub"], round(_EQUAL["sub"] * share))
    if cause.near:
        return _NEAR["sub"]
    longer, parted = max(len(check.expected), len(check.presented)), difference(check.expected, check.presented)
    same = parted.character - 1 if parted else longer  # equal texts: an expression that reads like a subject
    return min(_RESEMBLING, _EQUAL["sub"] * same // longer)


def _share(check: Check, presented: Presented) -> float | None:
    """Return which share of a subject's parts is equal, where a grammar reads both sides."""
    mine, theirs = github.read(check.expected), github.read(check.presented)
    if mine and theirs:
        return mine.share(theirs)
    return grammar.alike(check, presented)
