"""What an explanation needs of a directory, asked for within bounds: how much is stored decides nothing of the cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.explain.actions import LOOKED_THROUGH, trusting
from accredit.explain.ranking import CONSIDERED, resemblance
from accredit.query import Query
from accredit.trust import Trusted, evaluate
from accredit.trust.expression import Budget

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from accredit.assertions import Presented
    from accredit.issuers import Issuer
    from accredit.ports import Transaction
    from accredit.trust import FederatedCredential, MultiAudience, Verdict

MOST_RECORDS: Final = 4  # of one issuer string
MOST_APPLICATIONS: Final = 5  # that are explained where none is named
_PAGE: Final = 500  # credentials read at once


async def records(store: Transaction, tenant_id: UUID, presented: Presented) -> Sequence[Issuer]:
    """Return the issuer records that a token's issuer has."""
    return (await store.issuers.find(tenant_id=tenant_id, url=presented.issuer))[:MOST_RECORDS]


async def elsewhere(
    store: Transaction,
    named: Sequence[Issuer],
    presented: Presented,
    rule: MultiAudience,
    but: UUID,
) -> tuple[str, ...]:
    """Return the names of a few other applications than ``but`` that trust a token."""
    held: dict[UUID, list[FederatedCredential]] = {}
    for record in named:
        for each in await _some(store, LOOKED_THROUGH, tenant_id=record.tenant_id, issuer_id=record.id):
            if each.application_id != but:
                held.setdefault(each.application_id, []).append(each)
    found = trusting([*held.items()], presented, rule)
    return tuple([(await store.applications.get(each)).display_name for each in found])


async def applications(
    store: Transaction, tenant_id: UUID, presented: Presented, named: Sequence[Issuer], rule: MultiAudience
) -> tuple[UUID, ...]:
    """Return the applications of a tenant that come nearest to trusting a token, the nearest first."""
    looked: dict[UUID, FederatedCredential] = {}
    for where in ({"tenant_id": tenant_id, "issuer_id": each.id} for each in named):
        looked |= {each.id: each for each in await _some(store, CONSIDERED, **where)}
    if len(looked) < CONSIDERED:
        looked |= {each.id: each for each in await _some(store, CONSIDERED - len(looked), tenant_id=tenant_id)}
    budget = Budget()
    best: dict[UUID, tuple[int, int]] = {}
    for each in Trusted(looked.values(), multi_audience=rule).credentials[:CONSIDERED]:
        near = _near(evaluate(each, presented, rule, budget))
        best[each.application_id] = max(near, best.get(each.application_id, (0, 0)))
    ranked = sorted(best, key=lambda each: (best[each], str(each)), reverse=True)
    return tuple(ranked[:MOST_APPLICATIONS])


def _near(verdict: Verdict) -> tuple[int, int]:
    return (verdict.reached, 0 if verdict.passed else resemblance(verdict))


async def _some(store: Transaction, most: int, **where: object) -> list[FederatedCredential]:
    """Return the first ``most`` credentials that ``where`` describes."""
    found: list[FederatedCredential] = []
    query: Query | None = Query(limit=min(_PAGE, most))
    while query is not None and len(found) < most:
        page = await store.credentials.search(query, **where)
        found += page.things
        query = None if page.after is None else Query(after=page.after, limit=min(_PAGE, most - len(found)))
    return found
