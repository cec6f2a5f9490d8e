"""The checks of an exchange in the order in which it makes them, and how far an attempt came, read from its event.

Rule 1: the order is that of ``accredit.exchange``: a test asks the exchange itself with every refusal that it has.
Rule 2: what came after the first check that failed was not made; what an event cannot tell is not said to have held.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.signins.event import Event

Result = Literal["pass", "fail", "skip"]

_FIRST: Final = ("form", "tenant", "application", "scope")
_LAST: Final = ("resource", "roles")
_FEDERATED: Final = ("readable", "trusted", "keys", "signature", "times", "policy")
ORDER: Final[Mapping[str, tuple[str, ...]]] = {
    "none": (*_FIRST, "evidence", *_LAST),
    "clientSecret": (*_FIRST, "secret", *_LAST),
    "certificate": (*_FIRST, "readable", "key", "audience", "times", *_LAST),
    "clientAssertion": (*_FIRST, "readable", "key", "audience", "times", *_LAST),
    "federatedIdentityCredential": (*_FIRST, *_FEDERATED, *_LAST, "replay"),
}
"""The names of the checks, by kind of evidence."""
_FAILED: Final[Mapping[int, str]] = {
    **dict.fromkeys((7000112, 700025), "application"),
    **dict.fromkeys((70011, 1002012, 900144), "scope"),
    **dict.fromkeys((7000215, 7000222), "secret"),
    **dict.fromkeys((50027, 5002727), "readable"),
    **dict.fromkeys((70025, 700211, 700212, 700213, 7002131, 7002138, 700222), "trusted"),
    **dict.fromkeys((5002738, 5002723, 5002730, 90061, 7000272, 700238), "keys"),
    700027: "signature",
    **dict.fromkeys((700024, 70023), "times"),
    500011: "resource",
    501051: "roles",
}
_OF_ITS_OWN: Final[Mapping[int, str]] = {  # of an assertion that the application signed
    **dict.fromkeys((700021, 5002723, 5002730, 5002738, 700027), "key"),
    700023: "audience",
}
_UNREAD: Final = frozenset({90014, 5002723, 5002738})  # of the header or the claims, where nothing could be read
_CLAIM: Final = 90014
_LIFETIME: Final = 70023  # of the record, unless the event names a policy
_OF_TENANT: Final = frozenset({700238, 5002738, 70023})  # of what is proven: a policy refused it
_ON_REFUSAL: Final = frozenset({"policy", "replay"})  # what most have none of is shown where it refused
_SIGNATURE: Final = 700027


class CheckMade(msgspec.Struct, frozen=True):
    """One check, and what came of it."""

    name: str
    result: Result


def checks(of: Event) -> tuple[CheckMade, ...]:
    """Return every check of an attempt, in order. Those of a grant passed; after the first that failed none was made.

    What a tenant allows, and whether an assertion was used before, is among them where it refused.
    """
    failed = _failed(of)
    order = tuple(name for name in ORDER[of.evidence] if name == failed or name not in _ON_REFUSAL)
    if of.code and failed not in order:
        passed = _known(of)
        return tuple(CheckMade(name, "pass" if name in passed else "skip") for name in order)
    at = order.index(failed) if of.code else len(order)
    return tuple(CheckMade(name, "pass" if n < at else "fail" if n == at else "skip") for n, name in enumerate(order))


def _failed(of: Event) -> str:
    """Name the check that a refusal came from; ``""`` where it came from none, as when something broke."""
    if of.code in _UNREAD and not of.digest:
        return "readable"
    if of.code == _CLAIM:
        return "trusted"  # the subject, which is missed after issuer and audience were found
    if of.proof == "proven" and of.evidence == "federatedIdentityCredential":
        if of.code == _SIGNATURE:
            return "replay"
        if of.code in _OF_TENANT and (of.policies or of.code != _LIFETIME):
            return "policy"
    own = _OF_ITS_OWN.get(of.code) if of.evidence == "certificate" else None
    return own or _FAILED.get(of.code, "")


def _known(of: Event) -> frozenset[str]:
    """Name the checks that must have passed, by what the event has."""
    found = {"form", "tenant", "application"}
    if of.wanted:
        found.add("scope")
    if of.digest:
        found.add("readable")
    if of.credential_id is not None:
        found.add("trusted")
    if of.proof == "proven":
        found |= {"secret", "key", "audience", "trusted", "keys", "signature", "times"}
    if of.resource_app_id is not None:
        found.add("resource")
    return frozenset(found)


__all__ = ["ORDER", "CheckMade", "Result", "checks"]
