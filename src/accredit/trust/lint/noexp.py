"""FIC-NOEXP: tokens that never expire, and that are always refused for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-NOEXP",
    level="error",
    title="Tokens without an end",
    why="A token without `exp` never expires. It is always refused (AADSTS90014), so the credential lets nobody in.",
    remedy="Have the platform limit the token's life: a `ttl` in Nomad, a projected token in Kubernetes.",
    before='ttl = "0s"',
    after='ttl = "1h"',
)
_LEGACY: Final = "kubernetes/serviceaccount"  # the issuer in tokens that Kubernetes keeps as secrets


def check(linted: Linted) -> Iterator[Finding]:
    """Tell what is certain as an error, and that a platform may do so as worth knowing."""
    preset = linted.preset
    if linted.trust.issuer == _LEGACY:
        yield RULE.finding(
            linted,
            "issuer",
            f"{_LEGACY} issues the tokens that Kubernetes keeps as secrets; they have neither an end nor an audience.",
            remedy="Project a token with an audience and expirationSeconds, and trust the cluster's issuer.",
            example=f"{_LEGACY} → the value of --service-account-issuer",
        )
    elif linted.context.without_exp:
        yield RULE.finding(linted, "issuer", f"{linted.trust.issuer} sent tokens without `exp`.")
    elif preset is not None and not preset.expectations.exp_required:
        said = f"Tokens of {preset.title} have no `exp` unless their life is limited there."
        yield RULE.finding(linted, "issuer", said, level="info")
