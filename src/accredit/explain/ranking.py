"""How near each credential came: a score from 0 to 100, and the reason for the first difference.

Rule 1: the order agrees with the refusal: whoever passed more checks stands higher, so the first one is the one that
the refusal is about. The score orders those that got equally far.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from accredit.explain import audience, issuer, subject
from accredit.explain.causes import Cause, case, difference, different, white_space
from accredit.explain.model import LONGEST_SENTENCE, Comparison, Near
from accredit.signins import kept
from accredit.trust.expression import trace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from accredit.assertions import Presented
    from accredit.explain.model import State
    from accredit.trust import Check, FederatedCredential, Verdict

    Detect = Callable[[FederatedCredential, Check, Presented], Cause | None]

SHOWN: Final = 5
CONSIDERED: Final = 2_000  # credentials whose difference is put into words
_DETECTORS: Final[dict[str, tuple[Detect, ...]]] = {
    "iss": (issuer.slash, issuer.double_slash, issuer.discovery, white_space, case),
    "aud": (audience.default_audience, audience.extra_audiences, white_space, case),
    "sub": (
        subject.absent,
        subject.clause,
        white_space,
        case,
        subject.generation,
        subject.id_changed,
        subject.entity_type,
        subject.literal_star,
    ),
}
_EQUAL: Final = {"iss": 40, "aud": 20, "sub": 40}
_NEAR: Final = {"iss": 30, "aud": 12, "sub": 36}
_RESEMBLING: Final = 30  # the most that a subject scores for beginning alike


def rank(verdicts: Sequence[Verdict], presented: Presented, state: State = "enforced") -> list[Near]:
    """Put verdicts that failed into words, the nearest first."""
    failed = (asked(verdict, presented) for verdict in verdicts[:CONSIDERED] if not verdict.passed)
    found = [(verdict, near(verdict, presented, state)) for verdict in failed]
    found.sort(key=lambda pair: (-pair[0].reached, pair[1].cause != "CASE", -pair[1].score, pair[1].name))
    return [each for _, each in found]


def asked(verdict: Verdict, presented: Presented) -> Verdict:
    """Make the check that the exchange spares itself: an expression where issuer or audience differ already."""
    last, expression = verdict.checks[-1], verdict.credential.expression
    if last.asked or expression is None:
        return verdict
    made = replace(last, passed=trace(expression, presented.claims).result, asked=True)
    return replace(verdict, checks=(*verdict.checks[:-1], made))


def near(verdict: Verdict, presented: Presented, state: State) -> Near:
    """Put one verdict into words: the cause is that of its first difference."""
    causes = {each.claim: find(verdict.credential, each, presented) for each in verdict.checks if not each.passed}
    first = next(iter(causes.values()))
    return Near(
        credential_id=verdict.credential.id,
        name=verdict.credential.name,
        state=state,
        score=sum(_score(each, causes.get(each.claim)) for each in verdict.checks),
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


def find(credential: FederatedCredential, check: Check, presented: Presented) -> Cause:
    """Name the reason why ``check`` failed: the first that fits."""
    for detect in _DETECTORS[check.claim]:
        if cause := detect(credential, check, presented):
            return cause
    return different(credential, check, presented)


def _score(check: Check, cause: Cause | None) -> int:
    if cause is None:
        return _EQUAL[check.claim]
    if cause.near:
        return _NEAR[check.claim]
    if check.claim != "sub":
        return 0
    longer, parted = max(len(check.expected), len(check.presented)), difference(check.expected, check.presented)
    alike = parted.character - 1 if parted else longer  # equal texts: an expression that reads like a subject
    return min(_RESEMBLING, _EQUAL["sub"] * alike // longer)
