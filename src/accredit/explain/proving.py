"""Is the claim true? The steps of the exchange that come after matching, each made where it can be, and in words.

Rule 1: order and rows are the exchange's: own issuer, algorithm, key, signature, time, lifetime, and what the
tenant allows, if it says.
Rule 2: nothing is fetched here. Keys are given; where they are not, the step is skipped and says so.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from accredit.assertions import refuse_algorithm, signed_by
from accredit.assertions.times import refuse_long_lived, refuse_untimely
from accredit.errors import Refused
from accredit.explain.demands import demanded, used_once
from accredit.explain.model import Step
from accredit.issuers import KeySet, refuse_own
from accredit.issuers.record import MAX_LIFETIME, MAX_SKEW

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from accredit.assertions import Presented
    from accredit.directory import Tenant
    from accredit.explain.model import StepId
    from accredit.issuers import Issuer, OwnIssuers
    from accredit.trust import FederatedCredential

    Keys = Mapping[UUID, KeySet | Refused]
    """Keys at hand, by the id of the issuer record; or why they could not be had."""

    Tried = tuple[Step, Refused | None]

_MINUTE: Final = 60
_HOUR: Final = 3_600
_DAY: Final = 86_400


PROOF: Final[frozenset[StepId]] = frozenset({"self", "algorithm", "signature", "time", "lifetime"})
"""The steps by which a token is true. What the tenant demands beyond that chooses no credential, nor does replay."""


def prove(
    presented: Presented,
    record: Issuer | None,
    keys: Keys,
    own: OwnIssuers,
    now: datetime,
    tenant: Tenant | None = None,
    credential: FederatedCredential | None = None,
) -> list[Tried]:
    """Make every step that can be made. ``record``: of the credential that matches or comes nearest; maybe none."""
    skew = record.skew if record else MAX_SKEW
    longest = record.max_lifetime if record else MAX_LIFETIME
    left = presented.expires - now.timestamp()
    return [
        _step("self", "Foreign issuer", "", partial(refuse_own, presented.issuer, own, presented.key.kid)),
        _algorithm(presented, record),
        _signature(presented, record, keys, now),
        _timely(left, skew, partial(refuse_untimely, presented, skew, now)),
        _step("lifetime", "Lifetime", "", partial(refuse_long_lived, presented, longest, now)),
        *demanded(presented, tenant, credential, now),
        *used_once(record),
    ]


def proves(tried: Sequence[Tried]) -> bool:
    """Whether the steps make a token true, as the exchange asks of each candidate before it settles on one."""
    return all(step.status == "pass" for step, _ in tried if step.id in PROOF)


def _algorithm(presented: Presented, record: Issuer | None) -> Tried:
    if record is None:
        return _skipped("algorithm", "Algorithm", "not reached: no issuer record is meant")
    return _step("algorithm", "Algorithm", presented.key.alg, partial(refuse_algorithm, presented.key, record))


def _signature(presented: Presented, record: Issuer | None, keys: Keys, now: datetime) -> Tried:
    found = keys.get(record.id) if record else None
    if record is None or found is None or (isinstance(found, KeySet) and not found.keys and record.fetches):
        return _skipped("signature", "Signature", "not checked: no keys of the issuer at hand")

    def signed() -> None:
        if isinstance(found, Refused):
            raise found
        signed_by(presented, record, found, now)

    return _step("signature", "Signature", f"key {presented.key.kid}" if presented.key.kid else "", signed)


def _step(step: StepId, label: str, detail: str, attempt: Callable[[], object]) -> Tried:
    try:
        attempt()
    except Refused as error:
        return Step(id=step, label=label, status="fail", detail=error.detail, code=error.row.label), error
    return Step(id=step, label=label, status="pass", detail=detail), None


def _timely(left: float, skew: int, attempt: Callable[[], object]) -> Tried:
    """Make the step of the times. ``left``: seconds until the token expires, or since, below 0."""
    step, error = _step("time", "Not expired", f"{span(left)} left", attempt)
    if error is None or left > -skew:
        return step, error
    return replace(step, detail=f"expired {span(left)} ago; {span(skew)} are tolerated"), error


def _skipped(step: StepId, label: str, why: str) -> Tried:
    return Step(id=step, label=label, status="skip", detail=why), None


def span(seconds: float) -> str:
    """Say a length of time in at most two units."""
    whole = int(abs(seconds))
    for unit, name, small, less in ((_DAY, "d", _HOUR, "h"), (_HOUR, "h", _MINUTE, "min"), (_MINUTE, "min", 1, "s")):
        if whole >= unit:
            rest = whole % unit // small
            return f"{whole // unit} {name}" + (f" {rest} {less}" if rest else "")
    return f"{whole} s"
