"""Every rule, and how trusts are judged by them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from msgspec import structs

from accredit.trust.lint import (
    alg,
    arn_session,
    aud_as,
    aud_cloud,
    aud_default,
    aud_fixed,
    branch_event,
    caller_claim,
    confusable,
    dangling,
    default_sa,
    deprecated,
    dup,
    email_sub,
    ent_slug,
    entra_issuer,
    exact_never,
    expr_dead,
    expr_grandfathered,
    expr_quote,
    expr_required,
    expr_type,
    expr_unallowed,
    facts,
    fork,
    generation,
    instance_id,
    k8s_shared,
    life,
    limit_20,
    literal_star,
    malformed,
    multi_aud,
    name_only,
    noexp,
    not_issuer,
    not_portable,
    person_sub,
    placeholder,
    pr,
    preset_host,
    private_iss,
    ref_wild,
    root_issuer,
    self,
    shared_iss,
    shared_key,
    slash,
    template,
    wild_id,
    wild_org,
    wild_segment,
    workflow_only,
)
from accredit.trust.lint.context import Context
from accredit.trust.lint.model import LEVELS, Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accredit.trust.written import WrittenTrust

# The order in which they are told within a level: what lets strangers in, what can never match, what is merely wide.
MODULES: Final = (
    slash,
    self,
    entra_issuer,
    not_issuer,
    k8s_shared,
    wild_org,
    workflow_only,
    wild_id,
    caller_claim,
    exact_never,
    noexp,
    placeholder,
    malformed,
    email_sub,
    arn_session,
    dup,
    limit_20,
    expr_required,
    expr_unallowed,
    expr_type,
    expr_dead,
    wild_segment,
    name_only,
    ref_wild,
    pr,
    branch_event,
    fork,
    ent_slug,
    shared_key,
    root_issuer,
    person_sub,
    literal_star,
    generation,
    confusable,
    aud_fixed,
    aud_cloud,
    aud_as,
    aud_default,
    multi_aud,
    life,
    alg,
    deprecated,
    private_iss,
    default_sa,
    preset_host,
    dangling,
    shared_iss,
    template,
    instance_id,
    expr_quote,
    expr_grandfathered,
    not_portable,
)
RULES: Final[tuple[Rule, ...]] = tuple(each.RULE for each in MODULES)


def lint(trusts: Sequence[WrittenTrust], context: Context | None = None) -> tuple[Finding, ...]:
    """Return what is to be said of trusts: in their order, and of each the gravest first."""
    base = context or Context()
    together: dict[str, list[WrittenTrust]] = {}
    for trust in trusts:
        together.setdefault(trust.application, []).append(trust)
    found: list[Finding] = []
    told: Counter[str] = Counter()
    for trust in trusts:
        others = together[trust.application]
        at = told[trust.application]
        told[trust.application] += 1
        found += _findings(trust, base.about(trust, (*others[:at], *others[at + 1 :]), at))
    return tuple(found)


def _findings(trust: WrittenTrust, context: Context) -> list[Finding]:
    """Return each finding once, however many ways through an expression have it."""
    linted = facts.read(trust, context)
    every: dict[tuple[str, str, str, str], Finding] = {}
    for found in (found for each in MODULES for found in each.check(linted)):
        key = (found.rule, found.level, found.path, found.message)
        before = every.get(key, found)
        every[key] = structs.replace(before, ways=tuple(sorted({*before.ways, *found.ways})))
    worded = (_worded(each, len(linted.branches)) for each in every.values())
    return sorted(worded, key=lambda each: LEVELS.index(each.level))


def _worded(finding: Finding, ways: int) -> Finding:
    """Say in which ways through an expression it holds, where it does not hold in all."""
    if len(finding.ways) in {0, ways}:
        return structs.replace(finding, ways=())
    told = [str(each) for each in finding.ways]
    which = f"In way {told[0]}" if len(told) == 1 else f"In ways {', '.join(told[:-1])} and {told[-1]}"
    return structs.replace(finding, message=f"{which} of {ways} through the expression: {finding.message}")
