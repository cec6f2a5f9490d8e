"""What would have happened: past sign-ins, held against what an application trusts and against what it would trust.

Rule 1: only matching is tried again: no signature, no time, no policy and no role.
Rule 2: only proven sign-ins say who would pass or fail. What nobody has proven is counted apart and argues for nothing.
Rule 3: what an event does not tell for certain is unknown, and never a pass. The comparisons are those of the exchange.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

import msgspec

from accredit.explain.recalled import Recalled, matched
from accredit.trust import FederatedCredential

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from accredit.signins import Event
    from accredit.trust import MultiAudience

Outcome = Literal[
    "stillPasses", "newlyPasses", "newlyFails", "changesCredential", "wouldMatchUnproven", "unknown", "unaffected"
]
MOST: Final = 1_000_000  # events of one replay
MOST_SECONDS: Final = 60.0
MOST_SUBJECTS: Final = 10  # of an outcome that are told
_MOST_TOLD_APART: Final = 10_000  # subjects of an outcome; what comes after them is counted without a name
_MOST_REMEMBERED: Final = 50_000  # different sign-ins
_LOOKED_AT_AFTER: Final = 500  # events
NEW: Final = UUID(int=2**128 - 1)  # the id of what would be added: behind all that there are
SAID: Final = "Only matching was replayed: no signature, time, policy or role."


class Seen(msgspec.Struct, frozen=True, rename="camel"):
    """A subject among the most frequent of an outcome."""

    subject: str
    count: int
    first: datetime
    last: datetime


class Counted(msgspec.Struct, frozen=True, rename="camel"):
    """The attempts of one outcome; an event that stands for many counts as many."""

    outcome: Outcome
    count: int = 0
    first: datetime | None = None
    last: datetime | None = None
    subjects: tuple[Seen, ...] = ()


class Use(msgspec.Struct, frozen=True, rename="camel"):
    """How many proven attempts a credential matches, and would match."""

    id: UUID
    name: str
    before: int
    after: int


class Replayed(msgspec.Struct, frozen=True, rename="camel"):
    """What is told of a replay."""

    outcomes: tuple[Counted, ...]
    credentials: tuple[Use, ...]  # those whose counts differ, and those that are changed
    examined: int  # attempts with a token of an issuer
    oldest: datetime | None  # that were examined
    sampled: bool  # not all: the newest
    note: str = SAID

    def count(self, outcome: Outcome) -> int:
        """How many attempts came out so."""
        return next(each.count for each in self.outcomes if each.outcome == outcome)

    @property
    def decisive(self) -> bool:
        """Whether somebody would pass who does not, or the reverse."""
        return bool(self.count("newlyPasses") or self.count("newlyFails"))


@dataclass(slots=True)
class _Tally:
    """Counts of one subject, or of all."""

    count: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def add(self, event: Event) -> None:
        self.count += event.count
        last = event.last_at or event.at
        self.first = event.at if self.first is None else min(self.first, event.at)
        self.last = last if self.last is None else max(self.last, last)


@dataclass(slots=True)
class _Class:
    whole: _Tally = field(default_factory=_Tally)
    subjects: dict[str, _Tally] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        self.whole.add(event)
        subject = event.subject or ""
        if subject and (subject in self.subjects or len(self.subjects) < _MOST_TOLD_APART):
            self.subjects.setdefault(subject, _Tally()).add(event)

    def told(self, outcome: Outcome) -> Counted:
        most = sorted(self.subjects.items(), key=lambda each: (-each[1].count, each[0]))[:MOST_SUBJECTS]
        seen = tuple(Seen(name, of.count, of.first, of.last) for name, of in most if of.first and of.last)
        return Counted(outcome, self.whole.count, self.whole.first, self.whole.last, seen)


class Side(msgspec.Struct, frozen=True):
    """What one configuration makes of a sign-in: the credential that matches for certain, and whether one may."""

    credential: FederatedCredential | None
    maybe: bool

    @property
    def passes(self) -> bool | None:
        """``None``: nobody knows."""
        return True if self.credential is not None else None if self.maybe else False


@dataclass(slots=True)
class _Configuration:
    """What is trusted, by issuer, in the order in which credentials are chosen."""

    credentials: tuple[FederatedCredential, ...]
    rule: MultiAudience

    @classmethod
    def of(cls, credentials: Iterable[FederatedCredential], rule: MultiAudience) -> _Configuration:
        enabled = sorted((each for each in credentials if each.enabled), key=lambda each: each.seniority)
        return cls(tuple(enabled), rule)

    def side(self, of: Recalled) -> Side:
        maybe = False
        for each in self.credentials:
            holds = matched(each, of, self.rule)
            if holds:
                return Side(each, maybe)
            maybe = maybe or holds is None
        return Side(None, maybe)


class _Replay:
    """A replay under way."""

    def __init__(
        self, before: Sequence[FederatedCredential], after: Sequence[FederatedCredential], rule: MultiAudience
    ) -> None:
        self.before, self.after = _Configuration.of(before, rule), _Configuration.of(after, rule)
        were, will = self.before.credentials, self.after.credentials
        touched = (*(each for each in were if each not in will), *(each for each in will if each not in were))
        self.touched = _Configuration(touched, rule)
        self.classes: dict[Outcome, _Class] = {each: _Class() for each in Outcome.__args__}  # type: ignore[attr-defined]
        self.uses: dict[UUID, list[int]] = {each.id: [0, 0] for each in touched}
        self.known: dict[Recalled, tuple[Outcome, Outcome, Side, Side]] = {}
        self.examined = 0
        self.oldest: datetime | None = None

    def add(self, event: Event) -> None:
        of = Recalled.of(event)
        proven, unproven, before, after = self.known.get(of) or self._judge(of)
        self.classes[proven if event.proof == "proven" else unproven].add(event)
        self.examined += event.count
        self.oldest = event.at if self.oldest is None else min(self.oldest, event.at)
        if event.proof == "proven":
            for at, side in enumerate((before, after)):
                if side.credential is not None:
                    self.uses.setdefault(side.credential.id, [0, 0])[at] += event.count

    def _judge(self, of: Recalled) -> tuple[Outcome, Outcome, Side, Side]:
        before, after = self.before.side(of), self.after.side(of)
        if before.passes is None and after.passes is None and self.touched.side(of).passes is False:
            found: tuple[Outcome, Outcome] = ("unaffected", "unaffected")
        elif before.passes is None or after.passes is None:
            found = ("unknown", "unknown")
        else:
            found = _known(before, after)
        if len(self.known) >= _MOST_REMEMBERED:
            self.known.clear()
        self.known[of] = (*found, before, after)
        return self.known[of]

    def told(self, *, sampled: bool) -> Replayed:
        names = {each.id: each.name for each in (*self.after.credentials, *self.before.credentials)}
        touched = {each.id for each in self.touched.credentials}
        uses = tuple(
            Use(key, names[key], *counts) for key, counts in self.uses.items() if key in touched or len({*counts}) > 1
        )
        outcomes = tuple(of.told(outcome) for outcome, of in self.classes.items())
        ordered = tuple(sorted(uses, key=lambda each: (each.name, each.id)))
        return Replayed(outcomes, ordered, self.examined, self.oldest, sampled)


def _known(before: Side, after: Side) -> tuple[Outcome, Outcome]:
    """Return the outcome of what is known on both sides: of a proven sign-in, and of one that nobody has proven."""
    if before.credential is None or after.credential is None:
        if before.credential is not None:
            return "newlyFails", "unaffected"
        return ("unaffected", "unaffected") if after.credential is None else ("newlyPasses", "wouldMatchUnproven")
    other = before.credential.id != after.credential.id and not (before.maybe or after.maybe)
    return "changesCredential" if other else "stillPasses", "unaffected"


def replay(
    events: Iterable[Event],
    before: Sequence[FederatedCredential],
    after: Sequence[FederatedCredential],
    rule: MultiAudience,
    *,
    most: int = MOST,
    enough: Callable[[], bool] = lambda: False,
) -> Replayed:
    """Hold sign-ins, newest first, against the credentials that an application has and those that it would have.

    ``rule``: the tenant's, for tokens with several audiences. After ``most`` events, or once ``enough`` says so, the
    rest is left out and the answer says that it is a sample.
    """
    under_way = _Replay(before, after, rule)
    for looked, event in enumerate(events):
        if looked >= most or (looked and looked % _LOOKED_AT_AFTER == 0 and enough()):
            return under_way.told(sampled=True)
        if event.issuer or (event.count > 1 and event.evidence == "federatedIdentityCredential"):
            under_way.add(event)
    return under_way.told(sampled=False)


__all__ = ["MOST", "MOST_SECONDS", "NEW", "Counted", "Outcome", "Replayed", "Seen", "Use", "replay"]
