"""Does an application trust what a token claims? The only comparison in the code base.

Rule 1: ``evaluate`` is the only place that compares, and words the comparison; the index of ``Trusted`` agrees with it.
Rule 2: this file trusts no signature; it runs before any key is fetched. It may choose a credential and nothing else.
Rule 3: issuer, subject and audience are equal by code points or they are not equal: no folding, no trimming, no slash.
Rule 4: a miss is graded over all verdicts, because 7002131 and 7002138 depend on the set, not on who got furthest.
Rule 5: an expression is asked at most once for a token, and never for an issuer or an audience that the token does not
name: whoever sends unsigned tokens decides what they claim, not how much work they cause.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from accredit.errors import (
    AUDIENCE_NOT_TRUSTED,
    CLAIM_MISSING,
    CREDENTIALS_NONE,
    ISSUER_NOT_TRUSTED,
    NO_SUBJECT_OR_EXPRESSION,
    SUBJECT_CASE_DIFFERS,
    SUBJECT_NOT_TRUSTED,
    Refused,
    Row,
)
from accredit.trust.credential import FederatedCredential, MultiAudience
from accredit.trust.expression import Budget
from accredit.trust.expression import evaluate as holds
from accredit.trust.match_set import MOST_ISSUERS, Wanted, wanted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from uuid import UUID

    from accredit.assertions import Presented

MOST_CANDIDATES: Final = 4  # records that share one issuer string and are tried for one token


class Check(msgspec.Struct, frozen=True, gc=False):
    """One comparison of a verdict: what the credential expects, what the token presents."""

    claim: str
    expected: str
    presented: str
    passed: bool
    refusal: Row
    asked: bool = True  # an expression is not, where issuer or audience differ; what was not asked counts as not passed


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """One credential against one token: its checks in the order in which a mismatch is graded."""

    credential: FederatedCredential
    checks: tuple[Check, ...]

    @property
    def reached(self) -> int:
        """How many checks passed before the first that failed."""
        return next((n for n, check in enumerate(self.checks) if not check.passed), len(self.checks))

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)


class Match(msgspec.Struct, frozen=True):
    """The credentials that match; if there are none, the verdict on every credential instead."""

    credentials: tuple[FederatedCredential, ...]
    verdicts: tuple[Verdict, ...] = ()


class Trusted:
    """All that one application trusts, compiled once per change: a token that matches never needs a verdict."""

    __slots__ = ("_expressions", "_subjects", "_wanted", "credentials", "multi_audience")

    def __init__(self, credentials: Iterable[FederatedCredential], *, multi_audience: MultiAudience) -> None:
        enabled = sorted((each for each in credentials if each.enabled), key=lambda each: each.seniority)
        self.credentials: tuple[FederatedCredential, ...] = tuple(enabled)
        self.multi_audience = multi_audience
        subjects: dict[tuple[str, str, str | None], tuple[FederatedCredential, ...]] = {}
        expressions: dict[tuple[str, str], tuple[FederatedCredential, ...]] = {}
        for each in self.credentials:
            if each.expression is None:
                subject_key = (each.issuer.url, each.audience, each.subject)
                subjects[subject_key] = (*subjects.get(subject_key, ()), each)
            else:
                expression_key = (each.issuer.url, each.audience)
                expressions[expression_key] = (*expressions.get(expression_key, ()), each)
        self._wanted: dict[str, Wanted] = {}
        self._subjects: Mapping[tuple[str, str, str | None], tuple[FederatedCredential, ...]] = subjects
        self._expressions: Mapping[tuple[str, str], tuple[FederatedCredential, ...]] = expressions

    def find(self, presented: Presented) -> Iterator[FederatedCredential]:
        """Yield the credentials that match: those with a plain subject first, each kind by age."""
        issuer, audiences = presented.issuer, presented.audiences
        distinct = audiences if len(audiences) == 1 else dict.fromkeys(audiences)  # a list may name one audience twice
        for audience in distinct:
            for each in self._subjects.get((issuer, audience, presented.subject or ""), ()):
                if audience_accepted(each, audiences, self.multi_audience):
                    yield each
        if not self._expressions:
            return
        budget = Budget()
        for each in self._asked(issuer, tuple(distinct)):
            if audience_accepted(each, audiences, self.multi_audience) and _true(each, presented, budget):
                yield each

    def wanted(self, issuer: str) -> Wanted:
        """Return which claims of an issuer's tokens are kept."""
        if (found := self._wanted.get(issuer)) is None:
            found = wanted(issuer, self.credentials)
            own = any(each.issuer.url == issuer for each in self.credentials)
            if own or len(self._wanted) < MOST_ISSUERS:  # strangers name as many as they like
                self._wanted[issuer] = found
        return found

    def _asked(self, issuer: str, audiences: tuple[str, ...]) -> Sequence[FederatedCredential]:
        """Return the expressions that a token is held against, in the order of ``judge``: they share one budget."""
        if len(audiences) == 1:
            return self._expressions.get((issuer, audiences[0]), ())
        found = (each for audience in audiences for each in self._expressions.get((issuer, audience), ()))
        return sorted(found, key=lambda each: each.seniority)


def match(trusted: Trusted, presented: Presented) -> Match:
    """By index when something matches (no verdict is made); else the verdict on every credential."""
    found = tuple(trusted.find(presented))
    # After a miss every expression that may be asked was, and none holds: the verdicts need no second look at them.
    return Match(found) if found else Match((), judge(trusted, presented, Budget(spent=True)))


def choose(client: str, matched: Match) -> tuple[FederatedCredential, ...]:
    """The candidates in order, at most one per issuer record; none at all is refused, graded over all verdicts."""
    if not matched.credentials:
        raise grade(client, matched.verdicts)
    if len(matched.credentials) == 1:
        return matched.credentials
    first: dict[UUID, FederatedCredential] = {}
    for credential in sorted(matched.credentials, key=lambda each: each.seniority):
        first.setdefault(credential.issuer.id, credential)
    return tuple(first.values())[:MOST_CANDIDATES]


def judge(trusted: Trusted, presented: Presented, budget: Budget | None = None) -> tuple[Verdict, ...]:
    """Return the verdict on every enabled credential, in order of seniority. One work budget serves them all."""
    budget = Budget() if budget is None else budget
    return tuple(evaluate(each, presented, trusted.multi_audience, budget) for each in trusted.credentials)


def evaluate(
    credential: FederatedCredential, presented: Presented, multi_audience: MultiAudience, budget: Budget | None = None
) -> Verdict:
    """Compare one credential with one token; an expression is asked only where issuer and audience passed."""
    issuer, subject = credential.issuer.url, presented.subject or ""
    named = presented.issuer == issuer
    meant = audience_accepted(credential, presented.audiences, multi_audience)
    asked = True
    if credential.expression is None:
        expected, last = credential.subject or "", subject == credential.subject
    else:
        expected, asked = credential.expression.text, named and meant
        last = asked and _true(credential, presented, budget)
    checks = (
        Check("iss", issuer, presented.issuer, named, ISSUER_NOT_TRUSTED),
        Check("aud", credential.audience, ", ".join(presented.audiences), meant, AUDIENCE_NOT_TRUSTED),
        Check("sub", expected, subject, last, SUBJECT_NOT_TRUSTED, asked),
    )
    return Verdict(credential, checks)


def audience_accepted(credential: FederatedCredential, audiences: Sequence[str], multi_audience: MultiAudience) -> bool:
    """Whether the token's audiences hold the credential's one, and nothing that its rule for several forbids."""
    if len(audiences) == 1:
        return audiences[0] == credential.audience
    rule = credential.multi_audience or multi_audience
    if rule == "refuse" or credential.audience not in audiences:
        return False
    return rule == "contained" or all(
        each == credential.audience or each in credential.listed_audiences for each in audiences
    )


def grade(client: str, verdicts: Sequence[Verdict]) -> Refused:
    """Name the miss. How far anyone got says 700211, 700212 or 700213; *which* subject refusal, the whole set says."""
    if not verdicts:
        return Refused(CREDENTIALS_NONE, client=client)
    furthest = max(verdict.reached for verdict in verdicts)
    nearest = [verdict for verdict in verdicts if verdict.reached == furthest]
    missed = nearest[0].checks[furthest]
    row = missed.refusal
    if row is SUBJECT_NOT_TRUSTED:
        if not missed.presented:
            return Refused(CLAIM_MISSING, claim="sub")  # the parser lets an absent subject through
        folded = missed.presented.casefold()  # once: strangers decide how long it is
        if any(_differs_by_case(verdict, folded) for verdict in nearest):
            row = SUBJECT_CASE_DIFFERS
        elif any(verdict.credential.expression for verdict in verdicts):
            row = NO_SUBJECT_OR_EXPRESSION
    return Refused(row, presented=missed.presented)


def _differs_by_case(verdict: Verdict, folded: str) -> bool:
    return verdict.credential.expression is None and verdict.checks[-1].expected.casefold() == folded


def _true(credential: FederatedCredential, presented: Presented, budget: Budget | None) -> bool:
    return credential.expression is not None and holds(credential.expression, presented.claims, budget)
