"""FIC-NOT-PORTABLE: what an export to Entra ID leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust import expression as language
from accredit.trust.credential import MOST
from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.issuers.record import Issuer
    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding, Path

RULE: Final = Rule(
    id="FIC-NOT-PORTABLE",
    level="info",
    title="Entra ID does not take this",
    why="The tenant allows more than Entra ID does. An export to Entra ID leaves this credential out and says so.",
    remedy="Nothing, as long as it need not hold in Entra ID; else what is named here is to be changed.",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Tell it in a tenant of extended portability, all reasons at once."""
    if linted.context.portability != "extended":
        return
    trust, expression = linted.trust, linted.expression
    reasons = [*language.not_portable(expression, trust.issuer)] if expression else []
    reasons += _keys(trust.record) if trust.record else []
    if len(linted.context.before) >= MOST:
        reasons.append(
            f"It is credential {len(linted.context.before) + 1} of its application, and Entra ID allows {MOST}."
        )
    if reasons:
        path: Path = "claimsMatchingExpression" if expression else "record"
        yield RULE.finding(linted, path, f"Entra ID would refuse this: {'; '.join(reasons)}.")


def _keys(record: Issuer) -> list[str]:
    """Say what Entra ID could not do with the issuer's keys."""
    said = {
        f"the issuer's keys are {record.key_source.replace('_', ' ')}, not found by discovery": (
            record.key_source != "discovery"
        ),
        "the issuer's certificate is of a certificate authority of its own": record.ca_bundle is not None,
        "the issuer is in a private network": bool(record.networks),
        f"tokens may be signed with {', '.join(record.algorithms)}, or name no key": not record.portable,
    }
    return [reason for reason, holds in said.items() if holds]
