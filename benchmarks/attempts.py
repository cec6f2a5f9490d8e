"""Attempts to sign in, made by throwing dice: most are granted, the others are refused as workloads usually are.

Each goes through the product's own form, its matching and its refusals, so that its event is what the product makes.
"""

from __future__ import annotations

from bisect import bisect
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol
from uuid import UUID

from accredit import errors, trust
from accredit.directory import KnownSecret
from accredit.errors import Refused
from accredit.signins import Sender, SignIn, network
from accredit.stores.quota import Tally

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from accredit.signins import Event
    from benchmarks.population import Member, Population

REFUSED: Final = 0.04  # of all attempts
WITH_SECRET: Final = 0.08
AGGREGATES: Final = 0.15  # of the refusals that nobody has proven
PROVEN: Final = 0.7  # of the tokens that are not trusted: their issuer is registered, and its keys hold
_VERSION_7: Final = 0x7 << 76 | 0b10 << 62
_SPARED: Final = ~(0xF << 76 | 0b11 << 62)


class Attempts:
    """Makes attempts of a population, one after the other."""

    def __init__(self, of: Population, dice: Random) -> None:
        self._of = of
        self._dice = dice

    def event(self, at: datetime) -> Event:
        """Make what is kept of an attempt that begins at this time, or of several that are only counted."""
        refusal, member = self._chosen()
        if refusal is None:
            return self._granted(member, at)
        event = self._refused(member, at, refusal)
        if event.proof == "proven" or self._dice.random() >= AGGREGATES:
            return event
        return self._aggregate(event, member, refusal)

    def single(self, at: datetime) -> Event:
        """Make one attempt, which the log has not counted yet."""
        refusal, member = self._chosen()
        return self._granted(member, at) if refusal is None else self._refused(member, at, refusal)

    def _chosen(self) -> tuple[Refusal | None, Member]:
        dice, weights = self._dice, self._of.weights
        member = self._of.member(bisect(weights, dice.random() * weights[-1]))
        return dice.choices(REFUSALS, SHARES)[0] if dice.random() < REFUSED else None, member

    def _granted(self, member: Member, at: datetime) -> Event:
        signin = self._form(member, at)
        _grant(signin, member, self._dice)
        return signin.event(None, self._duration())

    def _form(self, member: Member, at: datetime) -> SignIn:
        dice = self._dice
        trace = trace_id(at, dice)
        correlation = UUID(int=dice.getrandbits(128), version=4) if member.own_correlation else trace
        sender = Sender(trace, correlation, dice.choice(member.addresses), member.agent)
        return SignIn(at, sender, self._of.tenant, member.client)

    def _duration(self) -> float:
        return self._dice.expovariate(1 / 0.9) + 0.25  # milliseconds

    def _refused(self, member: Member, at: datetime, refusal: Refusal) -> Event:
        signin = self._form(member, at)
        signin.wanted = member.resources[0].names[0]
        try:
            refusal(signin, member, self._dice)
        except Refused as refused:
            return signin.event(refused, self._duration())
        raise AssertionError(refusal)

    def _aggregate(self, first: Event, member: Member, refusal: Refusal) -> Event:
        """Count further refusals beside the first one, as the log does beyond its quota."""
        tally, at = Tally(network(first.address)), first.at
        tally.add(first, 10)
        for _ in range(self._dice.randrange(1, 20)):
            at += timedelta(seconds=self._dice.randrange(1, 30))
            tally.add(self._refused(member, at, refusal), 10)
        counted = tally.event
        assert counted is not None
        return counted


def trace_id(at: datetime, dice: Random) -> UUID:
    """An id of a request, of the shape that the product's have: they rise with the time."""
    moment = int(at.timestamp() * 1_000) << 80
    return UUID(int=(moment | dice.getrandbits(72) << 8) & _SPARED | _VERSION_7)


def _grant(signin: SignIn, member: Member, dice: Random) -> None:
    if dice.random() < WITH_SECRET:
        signin.evidence, signin.proof = "clientSecret", KnownSecret(member.secret_id)
    else:
        _proven(signin, member, signin.at, dice)
    resource = dice.choice(member.resources)
    signin.wanted, signin.resource, signin.roles = resource.names[0], resource, (resource.roles[0].value,)


def _proven(signin: SignIn, member: Member, at: datetime, dice: Random) -> None:
    """A token that is trusted, of this time. The first credentials are used most, the last of several never."""
    of = int(dice.random() ** 2 * max(1, len(member.credentials) - 1))
    signin.evidence, signin.proof_state = "federatedIdentityCredential", "proven"
    signin.presented = member.presented(of, at, dice)
    signin.trusted, signin.credential = member.trusted, member.credentials[of]


class Refusal(Protocol):
    """Fills in a form and raises ``Refused``."""

    def __call__(self, signin: SignIn, member: Member, dice: Random) -> None: ...


def _untrusted(signin: SignIn, member: Member, dice: Random, **other: object) -> None:
    """Present a token that says something else than what is trusted."""
    signin.evidence, signin.trusted = "federatedIdentityCredential", member.trusted
    signin.presented = member.presented(0, signin.at, dice, **other)
    signin.matched = trust.match(member.trusted, signin.presented)
    signin.proof_state = "proven" if dice.random() < PROVEN else "unknown"
    trust.choose(member.client.display_name, signin.matched)


def _subject(signin: SignIn, member: Member, dice: Random) -> None:
    name = member.client.display_name
    _untrusted(signin, member, dice, subject=member.subject(0).replace(name, f"{name}-fork-{dice.randrange(30)}"))


def _audience(signin: SignIn, member: Member, dice: Random) -> None:
    _untrusted(signin, member, dice, audiences=("https://github.com/octo-org",))


def _issuer(signin: SignIn, member: Member, dice: Random) -> None:
    _untrusted(signin, member, dice, issuer=f"https://issuer-{dice.randrange(30)}.example.test")


def _expired(signin: SignIn, member: Member, dice: Random) -> None:
    then = signin.at - timedelta(hours=1)
    _proven(signin, member, then, dice)
    raise Refused(errors.NOT_IN_TIME, now=signin.at, valid_from=then, expires=then + timedelta(minutes=10))


def _forged(signin: SignIn, member: Member, dice: Random) -> None:
    _proven(signin, member, signin.at, dice)
    raise Refused(errors.SIGNATURE_INVALID)


def _no_role(signin: SignIn, member: Member, dice: Random) -> None:
    _grant(signin, member, dice)
    signin.roles, resource = (), member.resources[0]
    signin.resource, signin.wanted = resource, resource.names[0]
    raise Refused(
        errors.ROLE_NOT_ASSIGNED,
        client=member.client.app_id,
        name=member.client.display_name,
        resource=resource.app_id,
        resource_name=resource.display_name,
    )


def _wrong_secret(signin: SignIn, member: Member, dice: Random) -> None:  # noqa: ARG001  a refusal like the others
    signin.evidence = "clientSecret"
    raise Refused(errors.SECRET_INVALID, client=member.client.app_id)


def _old_secret(signin: SignIn, member: Member, dice: Random) -> None:  # noqa: ARG001  a refusal like the others
    signin.evidence = "clientSecret"
    raise Refused(errors.SECRET_EXPIRED, client=member.client.app_id)


_SHARES: Final[dict[Refusal, int]] = {
    _subject: 45,
    _audience: 12,
    _issuer: 10,
    _expired: 15,
    _forged: 4,
    _no_role: 6,
    _wrong_secret: 4,
    _old_secret: 4,
}
REFUSALS: Final = tuple(_SHARES)
SHARES: Final = tuple(_SHARES.values())
