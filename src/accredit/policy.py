"""What a tenant demands of everything that its applications trust, besides that it is true.

Rule 1: of a token nothing is asked here before it is proven: a stranger never hears what a tenant demands.
Rule 2: a policy in audit mode refuses nothing; the event of a sign-in that it would have refused names it.
Rule 3: one table judges what is saved, what would be refused (no token, or the one used last) and what is presented.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from accredit.assertions.times import life, refuse_life
from accredit.errors import ALGORITHM_NOT_ALLOWED, FEDERATION_FORBIDDEN, IDS_DEMANDED, Refused
from accredit.trust.naming import unpinned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from accredit.assertions import Presented
    from accredit.directory import Tenant
    from accredit.trust import FederatedCredential

    Rule = Callable[["Tenant", str, "FederatedCredential | None", "Shown | None"], Refused | None]

Name = Literal["allowedIssuers", "allowedAlgorithms", "maxAssertionLifetime", "immutableIds"]
REPLAY: Final = "replay"
"""Stands beside the names of policies in an event: an assertion that only an issuer record lets pass once more."""


class Shown(msgspec.Struct, frozen=True, gc=False):
    """What is judged of a token."""

    algorithm: str
    lifetime: float | None  # seconds; None: not known

    @classmethod
    def of(cls, presented: Presented, now: datetime) -> Shown:
        """Read it off a token."""
        return cls(presented.key.alg, life(presented, now))


@dataclass(frozen=True, slots=True)
class Breach:
    """One policy that something breaks: the refusal that it is, where the policy is enforced."""

    policy: Name
    enforced: bool
    refused: Refused


def breaches(
    tenant: Tenant, credential: FederatedCredential, presented: Presented, now: datetime
) -> tuple[Breach, ...]:
    """Return what a proven token breaks of what the tenant demands, in the order in which it is refused."""
    if not tenant.judges_tokens:
        return ()
    return tuple(judged(tenant, presented.issuer, credential, Shown.of(presented, now)))


def judged(
    tenant: Tenant, issuer: str, credential: FederatedCredential | None, shown: Shown | None
) -> Iterator[Breach]:
    """Yield what breaks a policy of the tenant, as far as it is known: an issuer, a credential, a token of theirs."""
    for name, rule in RULES.items():
        mode = mode_of(tenant, name)
        if mode != "off" and (refused := rule(tenant, issuer, credential, shown)) is not None:
            refused.policy = name
            yield Breach(name, mode == "enforce", refused)


def refuse(found: Sequence[Breach]) -> None:
    """Raise the first refusal that is enforced: 700238 5002738 70023."""
    for each in found:
        if each.enforced:
            raise each.refused


def mode_of(tenant: Tenant, policy: Name) -> Literal["off", "audit", "enforce"]:
    """Return what a policy does in a tenant."""
    if policy == "immutableIds":
        return tenant.immutable_ids
    if policy == "allowedIssuers":
        return "off" if tenant.allowed_issuers is None else tenant.allowed_issuers_mode
    limit = tenant.allowed_algorithms if policy == "allowedAlgorithms" else tenant.max_assertion_lifetime
    return "off" if limit is None else "enforce"


def _issuer(tenant: Tenant, issuer: str, *_: object) -> Refused | None:
    if tenant.allows(issuer):
        return None
    return Refused(FEDERATION_FORBIDDEN, detail="the issuer is not one that the tenant allows")


def _algorithm(tenant: Tenant, _: str, credential: FederatedCredential | None, shown: Shown | None) -> Refused | None:
    """Judge the token, or without one what the record may accept: it is refused where nothing is left of that."""
    allowed = tenant.allowed_algorithms or ()
    listed = credential.issuer.algorithms if credential is not None else ()
    used = (shown.algorithm,) if shown is not None else listed
    if not used or set(used) & set(allowed):
        return None
    return Refused(
        ALGORITHM_NOT_ALLOWED,
        alg=", ".join(used),
        allowed=",".join(allowed),
        detail="the tenant's list of algorithms",
    )


def _lifetime(tenant: Tenant, _: str, __: FederatedCredential | None, shown: Shown | None) -> Refused | None:
    if shown is None or shown.lifetime is None or tenant.max_assertion_lifetime is None:
        return None
    try:
        refuse_life(shown.lifetime, tenant.max_assertion_lifetime)
    except Refused as error:
        return Refused(error.row, **error.fields, detail=f"{error.detail} of the tenant's policy")
    return None


def _ids(_: Tenant, __: str, credential: FederatedCredential | None, ___: Shown | None) -> Refused | None:
    if credential is None:
        return None
    missing = unpinned(credential.issuer.url, credential.subject, credential.expression)
    if not missing:
        return None
    what = " and ".join(missing)
    return Refused(IDS_DEMANDED, detail=f"credential {credential.name} does not pin the id of the {what}")


RULES: Final[dict[Name, Rule]] = {
    "allowedIssuers": _issuer,
    "allowedAlgorithms": _algorithm,
    "maxAssertionLifetime": _lifetime,
    "immutableIds": _ids,
}
"""Every policy, in the order in which a token is judged."""

__all__ = ["REPLAY", "RULES", "Breach", "Name", "Shown", "breaches", "judged", "mode_of", "refuse"]
