"""Why a token would be refused, asked of a running authority: what every face that explains one asks the same way.

Rule 1: the token is looked at and forgotten. What is said of it went through the filter that sign-in events go through.
Rule 2: ``online`` fetches keys of registered issuers only, as often as a sign-in does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit import assertions, exchange
from accredit import explain as explaining
from accredit.errors import Refused
from accredit.issuers import refuse_own
from accredit.trust import Trusted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from accredit.assertions import Presented
    from accredit.directory import Tenant
    from accredit.explain import Explanation
    from accredit.issuers import Issuer, KeySet
    from accredit.ports import Authority
    from accredit.trust import FederatedCredential

LONGEST: Final = 65_536  # characters of a token


async def keys(
    authority: Authority, presented: Presented, named: Sequence[Issuer], *, online: bool
) -> Mapping[UUID, KeySet | Refused]:
    """Return the keys at hand; with ``online`` after as much fetching as the exchange would do."""
    found: dict[UUID, KeySet | Refused] = {}
    for record in named:
        try:
            if online:
                refuse_own(presented.issuer, authority.own_issuers, presented.key.kid)
                assertions.refuse_algorithm(presented.key, record)
                await authority.keys.of(record, presented.key)
        except Refused as refused:
            found[record.id] = refused
        if (at_hand := authority.keys.at_hand(record)).keys:
            found[record.id] = at_hand
    return found


def explained(
    authority: Authority,
    tenant: Tenant,
    presented: Presented,
    *,
    client: str,
    credentials: Sequence[FederatedCredential],
    named: Sequence[Issuer],
    keys: Mapping[UUID, KeySet | Refused],
    elsewhere: tuple[str, ...] = (),
) -> Explanation:
    """Explain a token for an application (its display name) that trusts ``credentials``, disabled ones among them.

    ``named``: the issuer records that the token's issuer has.
    """
    now = authority.clock()
    return explaining.explain(
        presented,
        Trusted(credentials, multi_audience=tenant.several_audiences),
        client=client,
        now=now,
        own=authority.own_issuers,
        keys=keys,
        proof=exchange.state_of_proof(presented, named, authority.keys, now),
        disabled=[each for each in credentials if not each.enabled],
        tenant=tenant,
        elsewhere=elsewhere,
    )
