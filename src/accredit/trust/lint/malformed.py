"""FIC-MALFORMED: what is written is no credential yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.errors import Refused
from accredit.trust import credential
from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding, Path

RULE: Final = Rule(
    id="FIC-MALFORMED",
    level="error",
    title="It cannot be saved",
    why="A credential has a name, one issuer, one audience, and either a subject or an expression, each within its"
    " limits. What is written here is refused when it is saved.",
    remedy="Correct what is named.",
    refused=True,
)


def check(linted: Linted) -> Iterator[Finding]:
    """Tell the first reason for which it is refused, in the words of the refusal."""
    trust = linted.trust
    try:
        credential.read(
            name=trust.name,
            issuer=trust.issuer,
            subject=trust.subject,
            expression=trust.expression,
            audiences=trust.audiences,
            description=trust.description,
            language_version=trust.language_version,
            portable=False,
            loopback_http=linted.context.emulator,
            opaque_issuer=trust.record is not None and trust.record.key_source == "uploaded",
        )
    except Refused as refused:
        yield RULE.finding(linted, _path(linted), _said(refused), remedy=refused.row.advice or RULE.remedy)


def _said(refused: Refused) -> str:
    """Return the refusal as a sentence, without what Entra ID wraps around the reason."""
    if "reason" in refused.fields:
        return f"The expression cannot be read. {refused.fields['reason'].rstrip('.')}."
    return f"{refused.message.rstrip('.')}: {refused.detail}." if refused.detail else refused.message


def _path(linted: Linted) -> Path:
    """Return the member that is refused, as far as the trust tells it."""
    trust = linted.trust
    if linted.syntax is not None:
        return "claimsMatchingExpression"
    if len(trust.audiences) != 1:
        return "audiences"
    return "subject" if bool(trust.subject) == bool(trust.expression) else "issuer"
