"""FIC-LIFE: tokens that live for longer than an hour."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-LIFE",
    level="warn",
    title="Tokens that live long",
    why="Whoever finds such a token, in a log or in a cache, can sign in with it for as long as it lives.",
    remedy="Have the platform make tokens of an hour at most, or limit what the issuer's record accepts.",
    before="expirationSeconds: 86400",
    after="expirationSeconds: 3600",
)
_LONG: Final = 3600  # seconds


def check(linted: Linted) -> Iterator[Finding]:
    """Tell what was seen; else what the platform is known for, unless the issuer's record takes no such token."""
    record, seen, preset = linted.trust.record, linted.context.observed_lifetime, linted.preset
    limit = record.max_lifetime if record else None
    if seen is not None:
        if limit is not None and seen > limit:
            said = (
                f"A token lived for {_span(seen)}; the issuer's record accepts {_span(limit)} at most and refuses it."
            )
            yield RULE.finding(linted, "record", said)
        elif seen > _LONG:
            yield RULE.finding(linted, "issuer", f"A token of this issuer lived for {_span(seen)}.")
        return
    usual = preset.expectations.max_lifetime if preset else None
    if preset and usual and usual > _LONG and (limit is None or limit > _LONG):
        yield RULE.finding(linted, "issuer", f"Tokens of {preset.title} live for up to {_span(usual)}.")


def _span(seconds: int) -> str:
    return str(timedelta(seconds=seconds)) + " h" if seconds < 86_400 else f"{seconds / 86_400:g} days"  # noqa: PLR2004
